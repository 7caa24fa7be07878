// What a ticket says about itself, read in one place: fields that an older server does not send are told apart here.
import { session } from "/assets/desk/api.js";
import { displayName } from "/assets/desk/colleagues.js";
import { code, t } from "/assets/desk/words.js";
import { countdown, until } from "/assets/desk/time.js";

const PRIORITIES = { urgent: 0, high: 1, normal: 2 };
/** Without more knowledge, a clock turns amber when less than this is left. */
const SOON_SECONDS = { first: 120, next: 120, resolution: 1800 };

export const isActive = (ticket) => ticket.status === "open" || ticket.status === "claimed";
export const isSnoozed = (ticket) => ticket.status === "snoozed" || (Boolean(ticket.snoozed_until) && until(ticket.snoozed_until) > 0);

/** The person who has it, or is to have it. */
export const holder = (ticket) => ticket.agent ?? ticket.assignee ?? null;

/** How people read a person; the name itself where nothing better is known. */
export const personName = (name) => (name && name === session.me?.name ? session.me.display_name : displayName(name) ?? name) ?? "";

export function isMine(ticket) {
  const me = session.me?.name;
  return Boolean(me) && holder(ticket) === me;
}

/** Whether the one at this page has it. A server that does not know who calls is asked, and refuses what it must. */
export const isHeld = (ticket) => (ticket.status === "claimed" || ticket.status === "snoozed") && (isMine(ticket) || !session.me);

/** The customer's id, if proven. */
export function customerId(ticket) {
  return ticket.identity?.startsWith("verified") ? ticket.identity.slice("verified".length).trim() : null;
}

/** How the customer is called at the desk. */
export function customerName(ticket) {
  const named = ticket.customer_name ?? ticket.customer?.name;
  if (named) return named;
  const id = customerId(ticket);
  return id ? t("customer.member", id) : t("customer.visitor", ticket.conversation.slice(-4));
}

/**
 * The mood now: `{label, intensity, trend}`. The queue may send it as `mood`; a whole ticket has the mood of each message.
 */
export function mood(ticket) {
  if (ticket.mood) return ticket.mood;
  const points = Array.isArray(ticket.emotion) ? ticket.emotion : [];
  const now = points.at(-1);
  if (!now) return null;
  const before = points.at(-2);
  const change = before ? heat(now) - heat(before) : 0;
  return { ...now, trend: change > 0.1 ? "rising" : change < -0.1 ? "falling" : "steady" };
}

const CALM = new Set(["calm", "pleased", "hesitant"]);
/** How far from calm a point is, so that "angry 0.5" stands above "calm 0.9". */
export const heat = (point) => (CALM.has(point.label) ? 0 : point.intensity);

/** Since when somebody waits for a word of ours; null if nobody does. */
export function waitingSince(ticket) {
  if ("waiting_since" in ticket) return ticket.waiting_since;
  return ticket.status === "open" ? ticket.opened_at : null;
}

/** The clocks that run or have run: `{kind, due, met, level, text}`; level is met, fine, soon or late. */
export function clocks(ticket) {
  const given = ticket.clocks ?? { first_response: { due: ticket.due, met_at: ticket.status === "open" ? null : ticket.opened_at } };
  return [
    oneClock("first", given.first_response, ticket.opened_at),
    oneClock("next", given.next_response, ticket.waiting_since),
    oneClock("resolution", given.resolution, ticket.opened_at),
  ].filter(Boolean);
}

function oneClock(kind, entry, since) {
  if (!entry?.due) return null;
  if (entry.met_at) {
    const late = Date.parse(entry.met_at) > Date.parse(entry.due);
    return { kind, due: entry.due, met: entry.met_at, level: late ? "missed" : "met", text: t(late ? "clock.missed" : "clock.met") };
  }
  const rest = until(entry.due);
  const whole = since ? (Date.parse(entry.due) - Date.parse(since)) / 1000 : 0;
  const soon = Math.min(Math.max(whole * 0.25, SOON_SECONDS[kind]), whole > 0 ? whole / 2 : Infinity);
  const level = rest < 0 ? "late" : rest < soon ? "soon" : "fine";
  return { kind, due: entry.due, met: null, level, text: rest < 0 ? t("clock.over", countdown(rest)) : countdown(rest) };
}

/** The clock that presses most: what is late or due first. */
export function pressing(ticket) {
  if (!isActive(ticket)) return null;
  return clocks(ticket).filter((one) => !one.met).sort((a, b) => Date.parse(a.due) - Date.parse(b.due))[0] ?? null;
}

/** Sorts tickets: the most pressing first, those who wait longest before the others; what is over, the newest first. */
export function sorted(tickets) {
  const ranked = tickets.map((ticket) => {
    const active = isActive(ticket);
    const since = waitingSince(ticket);
    const rank = active ? (PRIORITIES[ticket.priority] ?? 2) * 2 + (since ? 0 : 1) : 9;
    const moment = ticket.goes_first ? 0 : Date.parse(since ?? ticket.opened_at);
    return { ticket, rank, moment: active ? moment : -moment };
  });
  ranked.sort((a, b) => a.rank - b.rank || a.moment - b.moment || (a.ticket.id < b.ticket.id ? -1 : 1));
  return ranked.map((entry) => entry.ticket);
}

/** What a search on this page looks through: everything the row knows. */
export function searchable(ticket) {
  const words = [ticket.id, ticket.wish, ticket.identity, customerName(ticket), holder(ticket), code("reason", ticket.reason), ...(ticket.tags ?? [])];
  return words.filter(Boolean).join("\n").toLowerCase();
}
