// What an agent does with a ticket: take it, give it back, resolve, put off, hand to somebody else, tag.
import { call, session } from "/assets/desk/api.js";
import { displayName, inUse } from "/assets/desk/colleagues.js";
import { toast } from "/assets/desk/dom.js";
import { ask } from "/assets/desk/dialog.js";
import { openTicket, people, reload, state, takeTicket } from "/assets/desk/store.js";
import { holder, isHeld, personName } from "/assets/desk/tickets.js";
import { left, moment } from "/assets/desk/time.js";
import { code, t } from "/assets/desk/words.js";

const RUNNING = ["requested", "confirmed", "running", "overdue"];
const OWED = ["open", "renegotiated"];
let afterClaim = () => {};

export function onClaimed(run) {
  afterClaim = run;
}

/** What can be done with a ticket now. A server that does not send a field has no door for it. */
export function possible(ticket) {
  const held = isHeld(ticket);
  return {
    claim: ticket.status === "open" || (ticket.status === "snoozed" && held),
    return: held,
    resolve: held,
    snooze: "snoozed_until" in ticket && held,
    assign: "assignee" in ticket && ticket.status === "open",
    transfer: "assignee" in ticket && held,
    tags: "tags" in ticket,
  };
}

/** Does something with a ticket and shows how it stands then. Gives whether it was done. */
async function act(id, name, body) {
  try {
    const ticket = await call("POST", `/api/v1/tickets/${id}/${name}`, body);
    if (!session.me && name === "claim" && ticket.agent) session.me = { name: ticket.agent, display_name: ticket.agent, role: null };
    takeTicket(summary(ticket));
    await reload(id).catch(() => {});
    return true;
  } catch (error) {
    if (error.status === 409) await reload(id).catch(() => {});
    const taken = error.status === 409 && holder(state.tickets.get(id) ?? {});
    toast(error.status === 0 ? t("error.network") : name === "claim" && taken ? t("act.taken", personName(taken)) : error.message, "bad");
    return false;
  }
}

/** The doors may answer a whole ticket; the queue keeps a row. */
function summary({ history, notes, ...row }) {
  return row;
}

export async function claim(id) {
  if (await act(id, "claim")) afterClaim(id);
}

export async function giveBack() {
  const ticket = openTicket();
  if (!ticket || !possible(ticket).return) return;
  const fields = [{ name: "note", label: t("return.note"), type: "textarea", hint: t("return.hint") }];
  const answer = await ask({ title: t("return.title"), text: t("return.text"), lines: unfinished(ticket), fields, confirm: t("act.return") });
  if (answer && await act(ticket.id, "return", answer.note ? { note: answer.note } : undefined)) toast(t("return.done"));
}

export async function resolve() {
  const ticket = openTicket();
  if (!ticket || !possible(ticket).resolve) return;
  const open = unfinished(ticket);
  const answer = await ask({ title: t("resolve.title"), text: t(open.length ? "resolve.open" : "resolve.text"), lines: open, confirm: t("act.resolve") });
  if (answer && await act(ticket.id, "resolve")) toast(t("resolve.done"));
}

/** What was promised or begun and is not over. */
function unfinished(ticket) {
  const promises = (ticket.promises ?? []).filter((promise) => OWED.includes(promise.state)).map((promise) => t("open.promise", code("promiseKind", promise.kind), moment(promise.due), left(promise.due)));
  const actions = (ticket.actions ?? []).filter((action) => RUNNING.includes(action.state)).map((action) => t("open.action", code("action", action.kind), code("actionState", action.state)));
  return [...promises, ...actions];
}

export async function snooze() {
  const ticket = openTicket();
  if (!ticket || !possible(ticket).snooze) return;
  const choices = [["15", t("snooze.minutes", 15)], ["60", t("snooze.hours", 1)], ["180", t("snooze.hours", 3)], ["morning", t("snooze.morning")], ["at", t("snooze.at")]];
  const fields = [
    { name: "for", label: t("snooze.for"), type: "choices", choices, value: "60" },
    { name: "at", label: t("snooze.moment"), type: "datetime-local", value: localText(new Date(Date.now() + 3_600_000)), only: ["for", "at"] },
  ];
  const answer = await ask({ title: t("snooze.title"), text: t("snooze.text"), fields, confirm: t("act.snooze") });
  if (!answer) return;
  const end = snoozeEnd(answer);
  if (!end || end <= Date.now()) return toast(t("snooze.past"), "bad");
  if (await act(ticket.id, "snooze", { until: new Date(end).toISOString() })) toast(t("snooze.done"));
}

function snoozeEnd(answer) {
  if (answer.for === "at") return Date.parse(answer.at);
  if (answer.for !== "morning") return Date.now() + Number(answer.for) * 60_000;
  const morning = new Date();
  morning.setDate(morning.getDate() + 1);
  morning.setHours(9, 0, 0, 0);
  return morning.getTime();
}

/** A moment as a field for date and time wants it: the browser's own zone, no seconds. */
function localText(date) {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Gives a ticket to somebody: before it is taken it is assigned, after that it is handed over with a word. */
export async function assign() {
  const ticket = openTicket();
  if (!ticket) return;
  const can = possible(ticket);
  if (!can.assign && !can.transfer) return;
  const known = colleagues();
  const fields = [{ name: "to", label: t("assign.to"), type: "text", options: known, hint: t("assign.empty"), value: can.assign ? holder(ticket) ?? "" : "" }];
  if (can.transfer) fields.push({ name: "group", label: t("assign.group"), type: "text" }, { name: "note", label: t("assign.note"), type: "textarea" });
  const name = can.transfer ? "transfer" : "assign";
  const answer = await ask({ title: t(`${name}.title`), text: t(`${name}.text`), fields, confirm: t(`act.${name}`) });
  if (!answer) return;
  const body = Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, value || null]));
  if (await act(ticket.id, name, body)) toast(t("assign.done", personName(answer.to) || t("assign.nobody")));
}

/** Those a ticket can be given to: whoever has an account in use, and the keys that the queue names. */
function colleagues() {
  const others = people().filter((name) => displayName(name) === null);
  return [...inUse(), ...others.map((name) => [name, name])];
}

export async function setTags(ticket, tags) {
  return act(ticket.id, "tags", { tags });
}

/** Takes an action back; the customer is told by the assistant, or by whoever has the conversation. */
export async function cancelAction(action) {
  const name = code("action", action.kind);
  const answer = await ask({ title: t("cancel.title", name), text: t("cancel.text"), fields: [{ name: "reason", label: t("cancel.reason"), type: "text" }], confirm: t("cancel.confirm"), danger: true });
  if (!answer) return;
  try {
    await call("POST", `/api/v1/actions/${action.id}/cancel`, answer.reason ? { reason: answer.reason } : {});
    toast(t("cancel.done", name));
  } catch (error) {
    toast(t("cancel.failed", error.status === 0 ? t("error.network") : error.message), "bad");
  }
  if (state.openId) await reload(state.openId).catch(() => {});
}
