// What an agent wrote and the server may not have yet: drafts by ticket, and messages on their way.
//
// A message is sent once. Each carries an id of its own, by which a server can tell a repetition, as browsers repeat a
// request by themselves when a connection that was in use breaks. Where an answer got lost it is not known whether the message
// arrived, so that before it is sent again the conversation is read and searched for it.
import { call } from "/assets/desk/api.js";
import { changed, reload, state } from "/assets/desk/store.js";
import { t } from "/assets/desk/words.js";

const NAME = "warmdesk desk outbox";
const kept = { drafts: {}, pending: [], ...read() };
let afterSending = () => {};
let giveBack = () => {};

function read() {
  try {
    const found = JSON.parse(sessionStorage.getItem(NAME)) ?? {};
    // What was on its way when the page went may have arrived.
    for (const entry of found.pending ?? []) Object.assign(entry, { state: "failed", unsure: true });
    return found;
  } catch {
    return {};
  }
}

function keep() {
  try {
    sessionStorage.setItem(NAME, JSON.stringify(kept));
  } catch {
    // It holds until the page is closed.
  }
}

/** `sent(ticket, answer)` is called for each message that arrived, `back(ticket, text)` for one that is taken back. */
export function onSent(sent, back) {
  afterSending = sent;
  giveBack = back;
}

export const draft = (ticket, mode) => kept.drafts[`${ticket} ${mode}`] ?? "";

export function keepDraft(ticket, mode, text) {
  if (text) kept.drafts[`${ticket} ${mode}`] = text;
  else delete kept.drafts[`${ticket} ${mode}`];
  keep();
}

export const pendingOf = (ticket) => kept.pending.filter((entry) => entry.ticket === ticket);

/** Puts a message on its way. Messages of one ticket go one after the other. */
export function send(ticket, text) {
  const after = state.details.get(ticket)?.history.at(-1)?.id ?? null;
  kept.pending.push({ id: newId(), ticket, text, after, state: "waiting", unsure: false });
  keep();
  changed("open");
  work(ticket);
}

/** Whether a message that the server tells of is one of this page's own. */
export const isOurs = (ticket, message) => delivered.has(message) || pendingOf(ticket).some((entry) => entry.state === "sending");

export function retry(id) {
  const entry = kept.pending.find((one) => one.id === id);
  if (!entry) return;
  entry.state = "waiting";
  changed("open");
  work(entry.ticket);
}

/** Takes a message back that was not sent; its text goes into the field again. */
export function discard(id) {
  const entry = kept.pending.find((one) => one.id === id);
  if (!entry) return;
  remove(entry);
  giveBack(entry.ticket, entry.text);
}

/** Tries again what failed for lack of a connection or a session. */
export function retryLost() {
  for (const entry of kept.pending) if (entry.state === "failed" && entry.unsure) entry.state = "waiting";
  for (const ticket of new Set(kept.pending.map((entry) => entry.ticket))) work(ticket);
}

/** Says who works here. What somebody else has left in this tab is forgotten, and never sent under another name. */
export function workFor(name) {
  if (kept.of && kept.of !== name) forgetOutbox();
  kept.of = name;
  keep();
}

/** Forgets drafts and messages, when somebody logs out or another person logs in. */
export function forgetOutbox() {
  Object.assign(kept, { drafts: {}, pending: [] });
  keep();
}

const working = new Set();
/** Messages that are known to be ours already: the same words may well be sent twice on purpose. */
const delivered = new Set();
/** Not randomUUID, which a page served without TLS does not have. */
const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

async function work(ticket) {
  if (working.has(ticket)) return;
  working.add(ticket);
  try {
    for (let entry; (entry = pendingOf(ticket)[0])?.state === "waiting";) await attempt(entry);
  } finally {
    working.delete(ticket);
  }
}

async function attempt(entry) {
  entry.state = "sending";
  changed("open");
  try {
    if (entry.unsure && await arrived(entry)) return remove(entry);
    const answer = await call("POST", `/api/v1/tickets/${entry.ticket}/messages`, { id: entry.id, text: entry.text });
    if (answer.message) delivered.add(answer.message.id);
    show(entry, answer.message);
    remove(entry);
    afterSending(entry.ticket, answer);
  } catch (error) {
    entry.state = "failed";
    // With an expired session nothing was done, and after the next login it may go by itself.
    entry.unsure = error.unsure || error.status === 401;
    entry.error = error.status === 0 ? t("error.network") : error.status === 401 ? t("error.expired") : error.message;
    keep();
    changed("open");
  }
}

/** Shows the message at once; the ticket is read again by the event that follows. */
function show(entry, message) {
  const detail = state.details.get(entry.ticket);
  if (!message || !detail || detail.history.some((one) => one.id === message.id)) return;
  state.details.set(entry.ticket, { ...detail, history: [...detail.history, message] });
}

/** Whether the conversation has it already. */
async function arrived(entry) {
  const { history } = await reload(entry.ticket);
  const since = history.slice(history.findIndex((message) => message.id === entry.after) + 1);
  const found = since.find((message) => message.author === "staff" && message.text === entry.text && !delivered.has(message.id));
  if (found) delivered.add(found.id);
  return Boolean(found);
}

function remove(entry) {
  kept.pending = kept.pending.filter((one) => one !== entry);
  keep();
  changed("open");
}
