// The field below the conversation: replies to the customer, private notes, phrases, warnings, drafts.
import { call, callIfThere, lacks } from "/assets/desk/api.js";
import { byId, clean, icon, iconButton, make, toast } from "/assets/desk/dom.js";
import { claim } from "/assets/desk/actions.js";
import { draft, keepDraft, onSent, pendingOf, send } from "/assets/desk/outbox.js";
import * as phrases from "/assets/desk/phrases.js";
import { on, openTicket, reload, state } from "/assets/desk/store.js";
import { holder, isHeld, personName } from "/assets/desk/tickets.js";
import { t } from "/assets/desk/words.js";

const LONGEST = 10_000;
const TYPING_EVERY = 3000;
const parts = {};
/** Whose draft stands in the field: a ticket's id and a mode. */
let at = { ticket: null, mode: "reply" };
const warnings = new Map();
let lastTyping = 0;
/** Suggestions the assistant's copy of the ticket had when it was claimed are put into the field once. */
const prefilled = new Set();
/** A message with an empty slot is only sent when Enter is pressed again. */
let confirmedSlots = "";

/** Builds the composer. */
export function startComposer() {
  build();
  onSent(sent, putBack);
  on("open", drawComposer);
}

function build() {
  const form = byId("composer");
  parts.field = make("textarea", { id: "reply", "data-test": "reply", rows: "2", maxlength: String(LONGEST), role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list" });
  parts.list = make("ul", { id: "phrase-list", class: "phrase-list", role: "listbox", hidden: true });
  parts.modes = make("div", { class: "modes", role: "tablist" });
  parts.warning = make("div", { class: "warning", "data-test": "warning", role: "alert", hidden: true });
  parts.banner = make("div", { class: "banner", hidden: true });
  parts.suggestions = make("div", { class: "suggestions", hidden: true });
  parts.phrase = iconButton("slash", "", startPhrase, { "data-test": "phrases" });
  parts.hint = make("span", { class: "dim hint" });
  parts.send = make("button", { type: "submit", class: "primary", "data-test": "send" });
  form.replaceChildren(parts.banner, parts.suggestions, parts.warning, make("div", { class: "box" }, parts.modes, parts.field, parts.list, make("div", { class: "tools" }, parts.phrase, parts.hint, make("span", { class: "room" }), parts.send)));
  phrases.attach(parts.field, parts.list);
  form.addEventListener("submit", submit);
  parts.field.addEventListener("input", typed);
  parts.field.addEventListener("keydown", pressed);
  parts.field.addEventListener("blur", () => phrases.hide(parts.field));
}

/** Draws the composer for the open ticket; what stands in the field is kept with its ticket. */
export function drawComposer() {
  const ticket = openTicket();
  if (!ticket) return;
  const reply = isHeld(ticket);
  const mode = at.ticket === ticket.id && reply ? at.mode : reply ? "reply" : "note";
  if (at.ticket !== ticket.id || at.mode !== mode) setMode(ticket.id, mode);
  parts.modes.replaceChildren(modeButton("reply", mode, !reply), modeButton("note", mode, false));
  parts.modes.setAttribute("aria-label", t("compose.mode"));
  byId("composer").dataset.mode = mode;
  parts.field.setAttribute("aria-label", t(`compose.${mode}`));
  parts.field.placeholder = t(mode === "note" ? "compose.notePlaceholder" : matchMedia("(max-width: 760px)").matches ? "compose.replyShort" : "compose.replyPlaceholder");
  parts.send.replaceChildren(icon(mode === "note" ? "note" : "send"), make("span", {}, t(mode === "note" ? "compose.saveNote" : "compose.send")));
  parts.phrase.hidden = !phrases.hasPhrases() || mode === "note";
  parts.phrase.title = t("phrases.open");
  parts.phrase.setAttribute("aria-label", t("phrases.open"));
  parts.hint.textContent = draft(ticket.id, mode) ? t("compose.draftKept") : "";
  drawBanner(ticket, reply);
  drawSuggestions(ticket, reply && mode === "reply");
  drawWarning(ticket.id);
}

function modeButton(name, mode, disabled) {
  const button = make("button", { type: "button", role: "tab", "data-test": `mode-${name}`, "aria-selected": String(name === mode), onclick: () => switchTo(name) }, t(`compose.${name}`));
  button.disabled = disabled;
  return button;
}

function setMode(ticket, mode) {
  at = { ticket, mode };
  confirmedSlots = "";
  parts.field.value = draft(ticket, mode);
  phrases.hide(parts.field);
}

/** Changes between reply and note and puts the cursor into the field. */
export function switchTo(mode) {
  const ticket = openTicket();
  if (!ticket) return;
  setMode(ticket.id, mode === "reply" && !isHeld(ticket) ? "note" : mode);
  drawComposer();
  parts.field.focus();
  parts.field.setSelectionRange(parts.field.value.length, parts.field.value.length);
}

/** Who has the conversation, if it is not the one at this page. */
function drawBanner(ticket, reply) {
  parts.banner.hidden = reply;
  if (reply) return;
  const who = holder(ticket);
  const free = ticket.status === "open";
  const text = free ? t("compose.unclaimed") : ticket.status === "claimed" || ticket.status === "snoozed" ? t("compose.theirs", personName(who)) : t(`compose.${ticket.status}`);
  const button = free ? make("button", { type: "button", class: "primary small", onclick: () => claim(ticket.id) }, t("act.claim")) : null;
  const key = button ? make("span", { class: "key" }, make("kbd", {}, "c"), ` ${t("act.claim")}`) : null;
  parts.banner.replaceChildren(...[make("span", {}, text), key, button].filter(Boolean));
}

function drawSuggestions(ticket, show) {
  const texts = show && !parts.field.value ? ticket.suggestions ?? [] : [];
  parts.suggestions.hidden = !texts.length;
  parts.suggestions.replaceChildren(...texts.map((text) => make("button", { type: "button", class: "suggestion", "data-test": "suggestion", title: t("suggest.put"), onclick: () => put(text) }, icon("spark"), make("span", {}, text))));
}

function drawWarning(id) {
  const text = warnings.get(id) ?? "";
  parts.warning.hidden = !text;
  if (text) parts.warning.replaceChildren(icon("alert"), make("span", {}, text), iconButton("close", t("close"), () => warn(id, "")));
}

/** Shows a warning at a ticket, or takes it away. */
export function warn(id, text) {
  warnings.set(id, text);
  if (id === state.openId) drawWarning(id);
}

/** Puts a text into the field: a suggestion, a phrase. What stands there already is kept before it. */
export function put(text) {
  const ticket = openTicket();
  if (!ticket) return;
  if (at.mode !== "reply" && isHeld(ticket)) setMode(ticket.id, "reply");
  const before = parts.field.value.trimEnd();
  parts.field.value = before && before !== text ? `${before}\n${text}` : text;
  changedText();
  drawComposer();
  parts.field.focus();
}

/** After claiming, the first sentence is there to be read and sent, if nothing was written. */
export function prefill(id) {
  const ticket = openTicket();
  if (ticket?.id !== id || prefilled.has(id) || !isHeld(ticket)) return;
  prefilled.add(id);
  if (at.mode !== "reply") setMode(id, "reply");
  const first = ticket.suggestions?.[0];
  if (first && !parts.field.value && !pendingOf(id).length) put(first);
  drawComposer();
  parts.field.focus();
}

// Writing.

function changedText() {
  keepDraft(at.ticket, at.mode, parts.field.value);
  confirmedSlots = "";
}

function typed() {
  changedText();
  const ticket = openTicket();
  if (!ticket) return;
  drawSuggestions(ticket, at.mode === "reply" && isHeld(ticket));
  parts.hint.textContent = parts.field.value ? t("compose.draftKept") : "";
  if (at.mode !== "reply") return;
  phrases.offer(parts.field, ticket, putPhrase);
  tellTyping(ticket.id);
}

/** Tells the customer that somebody writes, at most every few seconds. */
function tellTyping(id) {
  if (Date.now() - lastTyping < TYPING_EVERY || lacks("typing") || !parts.field.value) return;
  lastTyping = Date.now();
  callIfThere("typing", "POST", `/api/v1/tickets/${id}/typing`, {}).catch(() => {});
}

function pressed(event) {
  // Safari ends a composition before the Enter that confirmed it; its key code still says what it was.
  if (event.isComposing || event.keyCode === 229) return;
  const ticket = openTicket();
  if (ticket && phrases.key(event, parts.field, ticket, putPhrase)) return;
  if (event.key === "Enter" && !event.shiftKey) submit(event);
  if (event.key === "Escape") parts.field.blur();
}

function startPhrase() {
  const { field } = parts;
  if (phrases.codeAt(field) === null) field.value += !field.value || /\s$/.test(field.value) ? "/" : " /";
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
  typed();
}

/** Replaces the code that was typed by its phrase. */
function putPhrase(text) {
  const { field } = parts;
  const before = field.value.slice(0, field.selectionStart).replace(/\/[^\s/]*$/, "");
  const after = field.value.slice(field.selectionStart);
  field.value = before + text + after;
  field.setSelectionRange(before.length + text.length, before.length + text.length);
  phrases.hide(field);
  changedText();
}

// Sending.

function submit(event) {
  event.preventDefault();
  const ticket = openTicket();
  const text = clean(parts.field.value);
  if (!ticket || !text) return;
  if (at.mode === "note") return saveNote(ticket.id, text);
  if (!isHeld(ticket)) return;
  const empty = phrases.emptySlots(text);
  if (empty.length && confirmedSlots !== text) {
    confirmedSlots = text;
    return warn(ticket.id, t("compose.emptySlots", empty.join(" ")));
  }
  parts.field.value = "";
  changedText();
  warn(ticket.id, "");
  send(ticket.id, text);
  drawComposer();
}

async function saveNote(id, text) {
  parts.send.disabled = true;
  try {
    await call("POST", `/api/v1/tickets/${id}/notes`, { text });
    keepDraft(id, "note", "");
    if (at.ticket === id && at.mode === "note") parts.field.value = "";
    await reload(id);
    toast(t("note.saved"));
  } catch (error) {
    // The text stays in the field and in the draft.
    warn(id, t("note.failed", error.status === 0 ? t("error.network") : error.message));
  } finally {
    parts.send.disabled = false;
  }
}

/** What the server thinks of a reply it has sent: it warns and stops nothing. */
function sent(id, answer) {
  if (answer.warnings?.length) warn(id, t("compose.warnings", answer.warnings.join(t("semicolon"))));
}

function putBack(id, text) {
  const before = draft(id, "reply");
  keepDraft(id, "reply", before ? `${text}\n${before}` : text);
  if (at.ticket === id && at.mode === "reply") setMode(id, "reply");
  drawComposer();
}

