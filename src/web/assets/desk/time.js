// Moments and spans. Times come in the shop's zone and are shown in it, wherever the agent sits.
import { t } from "/assets/desk/words.js";

const FORM = /^(\d+)-(\d+)-(\d+)T(\d+:\d+)(?::[\d.]+)?(?:Z|([+-])(\d+):(\d+))$/;

/** "10:32" today, "11月29日 10:32" on another day. */
export function moment(text) {
  const parts = split(text);
  if (!parts) return text ?? "";
  return parts.today ? parts.clock : t("time.day", parts.month, parts.day, parts.clock);
}

/** The day alone, as the line between days says it. */
export function day(text) {
  const parts = split(text);
  if (!parts) return "";
  return parts.today ? t("time.today") : t("time.dayOnly", parts.month, parts.day);
}

export const clock = (text) => split(text)?.clock ?? "";

function split(text) {
  const found = FORM.exec(text ?? "");
  if (!found) return null;
  const [, year, month, dayOfMonth, clockTime, sign, hours, minutes] = found;
  const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * (sign === "-" ? -1 : 1);
  const today = new Date(Date.now() + offset * 60_000).toISOString().slice(0, 10) === `${year}-${month}-${dayOfMonth}`;
  return { today, month: Number(month), day: Number(dayOfMonth), clock: clockTime };
}

/** A span in the two largest units that matter: "42 秒", "12 分钟", "3 小时 05 分", "2 天". */
export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 600) return t("time.seconds", whole);
  const minutes = Math.floor(whole / 60);
  if (minutes < 120) return t("time.minutes", minutes);
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? t("time.hours", hours) : t("time.days", Math.floor(hours / 24));
}

/** A countdown: "4:05" below an hour, else as a span. */
export function countdown(seconds) {
  const whole = Math.max(0, Math.floor(Math.abs(seconds)));
  if (whole >= 3600) return span(whole);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Seconds from now until a moment; negative once it is over. */
export const until = (text) => (Date.parse(text) - Date.now()) / 1000;

/** "还有 12 分钟" or "已过 3 分钟". */
export function left(text) {
  const seconds = until(text);
  return seconds < 0 ? t("time.over", span(-seconds)) : t("time.left", span(seconds));
}
