// What the page knows: tickets, which one is open, who is typing. Parts follow topics: `queue`, `open`, `typing`, `counts`.
import { call } from "/assets/desk/api.js";
import { holder, isActive, isMine, isSnoozed, mood, searchable, sorted } from "/assets/desk/tickets.js";

const MOST = 500;
/** Whole tickets are large (each sentence has its trace); so many stay at hand. */
const KEPT_DETAILS = 12;

export const FILTERS = ["active", "mine", "unassigned", "snoozed", "returned", "resolved"];
const MATCHES = {
  active: (ticket) => isActive(ticket) && !isSnoozed(ticket),
  mine: (ticket) => isActive(ticket) && !isSnoozed(ticket) && isMine(ticket),
  unassigned: (ticket) => ticket.status === "open" && !isSnoozed(ticket) && !ticket.assignee,
  snoozed: isSnoozed,
  returned: (ticket) => ticket.status === "returned",
  resolved: (ticket) => ticket.status === "resolved",
};

export const state = {
  tickets: new Map(), details: new Map(), openId: null, filter: "active", search: "", tag: null,
  unread: new Set(), typing: new Map(), changes: new Map(), loaded: false, found: null,
};

const listeners = new Map();
const due = new Set();

/** Follows a topic. */
export function on(topic, run) {
  if (!listeners.has(topic)) listeners.set(topic, []);
  listeners.get(topic).push(run);
}

/** Tells a topic's followers, once for everything that happens in the same moment. */
export function changed(topic) {
  if (topic === "queue") sums = null;
  if (due.has(topic)) return;
  due.add(topic);
  setTimeout(() => {
    due.delete(topic);
    for (const run of listeners.get(topic) ?? []) run();
  }, 10);
}

// The queue.

/** Reads the queue again; what is not in it any more goes. */
export async function loadActive() {
  const { tickets } = await call("GET", `/api/v1/tickets?limit=${MOST}`);
  const present = new Set(tickets.map((ticket) => ticket.id));
  for (const [id, ticket] of state.tickets) if (isActive(ticket) && !present.has(id)) state.tickets.delete(id);
  for (const ticket of tickets) remember(ticket);
  state.loaded = true;
  changed("queue");
}

/** Reads the tickets of a filter that the queue does not have. */
export async function loadFilter(filter) {
  if (["active", "mine", "unassigned"].includes(filter)) return;
  const { tickets } = await call("GET", `/api/v1/tickets?status=${filter}&limit=200`);
  for (const ticket of tickets) remember(ticket);
  changed("queue");
}

function remember(ticket) {
  const before = state.tickets.get(ticket.id);
  // The mood is known from a whole ticket even where the queue does not send it.
  state.tickets.set(ticket.id, { ...(before?.mood && !("mood" in ticket) ? { mood: before.mood } : {}), ...ticket });
  return before;
}

/** Asks the server for tickets in whose conversation these words were said; what the rows say is searched at once. */
export async function searchServer(words) {
  state.found = null;
  if (!words) return changed("queue");
  const statuses = ["open", "claimed", "snoozed", "returned", "resolved"];
  const ask = (status) => call("GET", `/api/v1/tickets?status=${status}&q=${encodeURIComponent(words)}&limit=50`).catch(() => ({ tickets: [] }));
  const answers = await Promise.all(statuses.map(ask));
  if (words !== state.search) return;
  const tickets = answers.flatMap((answer) => answer.tickets);
  for (const ticket of tickets) remember(ticket);
  // A server that does not search answers with all it has; one that does sends tags too.
  state.found = tickets.some((ticket) => "tags" in ticket) ? new Set(tickets.map((ticket) => ticket.id)) : null;
  changed("queue");
}

/** The tickets that are shown, in their order. */
export function visible() {
  const words = state.search.toLowerCase();
  const fits = (ticket) => {
    if (state.tag && !ticket.tags?.includes(state.tag)) return false;
    // A search looks everywhere, as somebody who searches does not know where a ticket went.
    if (words) return searchable(ticket).includes(words) || Boolean(state.found?.has(ticket.id));
    return MATCHES[state.filter](ticket);
  };
  return sorted([...state.tickets.values()].filter(fits));
}

let sums = null;
/** How many tickets each filter has; only what is loaded can be counted. */
export function counts() {
  if (sums) return sums;
  sums = Object.fromEntries(FILTERS.map((filter) => [filter, 0]));
  for (const ticket of state.tickets.values()) for (const filter of FILTERS) if (MATCHES[filter](ticket)) sums[filter] += 1;
  return sums;
}

/** The tags in use, the most used first. */
export function tags() {
  const sums = new Map();
  for (const ticket of state.tickets.values()) for (const tag of ticket.tags ?? []) sums.set(tag, (sums.get(tag) ?? 0) + 1);
  return [...sums].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([tag]) => tag);
}

/** The people whose names the page has seen. */
export function people() {
  const names = new Set([...state.tickets.values()].flatMap((ticket) => [ticket.agent, ticket.assignee]).filter(Boolean));
  return [...names].sort();
}

// What arrives.

/** Takes a ticket in as it is now. Gives what changed: `{isNew, before}`. */
export function takeTicket(ticket) {
  const before = remember(ticket);
  if (before && (before.status !== ticket.status || before.agent !== ticket.agent)) noteChange(before, ticket);
  const detail = state.details.get(ticket.id);
  if (detail) state.details.set(ticket.id, { ...detail, ...ticket });
  changed("queue");
  if (ticket.id === state.openId) changed("open");
  return { isNew: !before && ticket.status === "open", before };
}

/** How a ticket came to stand as it does, in the words of the audit. */
const MOVES = { claimed: "claim", snoozed: "snooze", returned: "return", resolved: "resolve", open: "pass_on" };

/** Keeps what changed while the page looked on, for the lines between the messages. */
function noteChange(before, ticket) {
  // Whoever had it was gone.
  const fell = ticket.goes_first && ticket.status === "open";
  const kind = fell ? "fall_back" : MOVES[ticket.status];
  const agent = kind === "pass_on" || fell ? before.agent : holder(ticket) ?? before.agent;
  const line = { at: new Date().toISOString(), kind: before.status === "snoozed" && kind === "claim" ? "wake" : kind, agent };
  state.changes.set(ticket.id, [...(state.changes.get(ticket.id) ?? []), line]);
}

/** Somebody types for a few seconds; a message ends it. */
export function takeTyping(id, name) {
  const entry = state.typing.get(id);
  clearTimeout(entry?.timer);
  const timer = setTimeout(() => endTyping(id), 6000);
  state.typing.set(id, { name, timer });
  changed("typing");
}

export function endTyping(id) {
  clearTimeout(state.typing.get(id)?.timer);
  if (state.typing.delete(id)) changed("typing");
}

// One ticket.

export const openTicket = () => state.details.get(state.openId) ?? null;

/** Opens a ticket: what is at hand at once, then what the server says now. */
export async function open(id) {
  state.openId = id;
  state.unread.delete(id);
  changed("queue");
  changed("open");
  if (id) await reload(id);
}

const reading = new Map();
/** Reads a whole ticket again and gives it. Where two readings overtake each other, the page shows the later one. */
export async function reload(id) {
  const number = (reading.get(id) ?? 0) + 1;
  reading.set(id, number);
  const detail = await call("GET", `/api/v1/tickets/${encodeURIComponent(id)}`);
  if (reading.get(id) !== number) return detail;
  state.details.delete(id);
  state.details.set(id, detail);
  for (const old of state.details.keys()) if (state.details.size > KEPT_DETAILS && old !== state.openId) state.details.delete(old);
  remember(summaryOf(detail));
  changed("queue");
  if (id === state.openId) changed("open");
  return detail;
}

/** What the queue needs of a whole ticket. */
function summaryOf(detail) {
  const { history, summary, evidence, orders, products, tried, blocked, late, actions, promises, flows, notes, suggestions, emotion, ...row } = detail;
  return { ...row, mood: mood(detail) };
}

const soon = new Map();
/** Reads the open ticket again shortly; several events in one moment lead to one reading. */
export function reloadSoon(id) {
  if (soon.has(id)) return;
  soon.set(id, setTimeout(() => {
    soon.delete(id);
    reload(id).catch(() => {});
  }, 80));
}

/** Forgets everything, as when another person logs in. */
export function forget() {
  for (const entry of state.typing.values()) clearTimeout(entry.timer);
  Object.assign(state, {
    tickets: new Map(), details: new Map(), openId: null, search: "", tag: null, found: null, loaded: false,
    unread: new Set(), typing: new Map(), changes: new Map(),
  });
}
