// The conversation in the middle: messages, notes, what happened between them, what is on its way, who is typing.
import { byId, icon, keyed, make } from "/assets/desk/dom.js";
import { systemLines } from "/assets/desk/history.js";
import { attachment } from "/assets/desk/pictures.js";
import { on, openTicket, state } from "/assets/desk/store.js";
import { customerName, personName } from "/assets/desk/tickets.js";
import { chosenSentence, isExplained, sentences, toggle, trace } from "/assets/desk/trace.js";
import { clock, day, moment } from "/assets/desk/time.js";
import { language, t } from "/assets/desk/words.js";
import { pendingOf, discard, retry } from "/assets/desk/outbox.js";

const NEAR_END = 90;
let shown = null;
let lastCount = 0;

/** Builds the conversation. */
export function startConversation() {
  on("open", () => drawConversation());
  on("typing", drawTyping);
  byId("newer").addEventListener("click", toEnd);
  byId("scroll").addEventListener("scroll", () => {
    if (atEnd()) byId("newer").hidden = true;
  }, { passive: true });
}

/** Draws what changed of the open ticket's conversation. `still` keeps the place that is being read. */
export function drawConversation(still = false) {
  const ticket = openTicket();
  byId("conversation").hidden = !ticket;
  byId("talk-empty").hidden = Boolean(state.openId);
  byId("talk").toggleAttribute("aria-busy", Boolean(state.openId) && !ticket);
  if (!ticket) {
    shown = null;
    return;
  }
  const other = shown !== ticket.id;
  const follow = other || (still !== true && atEnd());
  const log = byId("messages");
  // Opening a ticket must not read out its whole history.
  if (other) log.setAttribute("aria-live", "off");
  const items = entries(ticket);
  keyed(log, items);
  if (follow) toEnd();
  else if (!other && items.length > lastCount) byId("newer").hidden = false;
  if (other) setTimeout(() => log.setAttribute("aria-live", "polite"), 500);
  shown = ticket.id;
  lastCount = items.length;
  drawTyping();
}

/** Messages, notes and system lines by time, with a line before each new day; what is on its way stands last. */
function entries(ticket) {
  const dated = [
    ...ticket.history.map((message) => ({ at: message.at, order: 0, item: messageItem(message, ticket) })),
    ...ticket.notes.map((note, index) => ({ at: note.at, order: 2, item: noteItem(note, index) })),
    ...systemLines(ticket).map((line) => ({ at: line.at, order: 1, item: lineItem(line) })),
  ];
  dated.sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || a.order - b.order);
  const items = [];
  let lastDay = "";
  for (const { at, item } of dated) {
    const today = day(at);
    if (today && today !== lastDay) items.push(dayItem(today, items.length));
    lastDay = today || lastDay;
    items.push(item);
  }
  return [...items, ...pendingOf(ticket.id).map(pendingItem)];
}

function dayItem(text, index) {
  return { key: `day ${text} ${index === 0}`, signature: text, create: () => make("div", { class: "day" }), fill: (element) => element.replaceChildren(make("span", {}, text)) };
}

function messageItem(message, ticket) {
  const open = isExplained(message.id);
  return {
    key: message.id,
    signature: JSON.stringify([message.text, message.attachments, message.choices, open, chosenSentence(message.id), language(), customerName(ticket)]),
    create: () => make("article", { class: `message ${message.author}`, id: message.id, "data-test": "message", "data-author": message.author, "data-id": message.id }),
    fill(element) {
      const who = authorOf(message, ticket);
      element.setAttribute("aria-label", t("talk.said", who, moment(message.at)));
      const why = message.trace ? whyButton(message) : null;
      const body = message.trace ? sentences(message, (place) => explain(message, place)) : message.text;
      element.replaceChildren(...[
        make("header", {}, make("b", {}, who), make("time", { datetime: message.at }, clock(message.at)), why),
        message.text ? make("div", { class: "bubble" }, ...[body].flat()) : null,
        pictures(message),
        choices(message),
        open ? trace(message) : null,
      ].filter(Boolean));
    },
  };
}

function authorOf(message, ticket) {
  if (message.author === "customer") return customerName(ticket);
  if (message.author === "assistant") return t("talk.assistant");
  return personName(message.name) || t("talk.staff");
}

function whyButton(message) {
  const open = isExplained(message.id);
  return make("button", { type: "button", class: "link why", "data-test": "why", "aria-expanded": String(open), onclick: () => explain(message) }, t(open ? "trace.hide" : "trace.show"));
}

function explain(message, sentence = null) {
  toggle(message.id, sentence);
  drawConversation(true);
}

function pictures(message) {
  if (!message.attachments?.length) return null;
  return make("div", { class: "attachments" }, ...message.attachments.map(attachment));
}

/** What the customer could choose from; the desk only shows it. */
function choices(message) {
  if (!message.choices?.length) return null;
  return make("div", { class: "choices", "data-test": "choices", "aria-label": t("talk.choices") }, ...message.choices.map((choice) => make("span", { class: "chip" }, choice.label)));
}

function noteItem(note, index) {
  return {
    key: `note ${note.at} ${index}`,
    signature: note.text + language(),
    create: () => make("article", { class: "message note", "data-test": "message", "data-author": "note" }),
    fill: (element) => element.replaceChildren(
      make("header", {}, icon("note"), make("b", {}, personName(note.agent)), make("span", {}, t("note.private")), make("time", { datetime: note.at }, clock(note.at))),
      make("div", { class: "bubble" }, note.text),
    ),
  };
}

function lineItem(line) {
  return {
    key: `line ${line.at} ${line.text}`, signature: line.text,
    create: () => make("div", { class: "system", "data-test": "system-line" }),
    fill: (element) => element.replaceChildren(make("span", {}, line.text)),
  };
}

function pendingItem(entry) {
  return {
    key: `pending ${entry.id}`,
    signature: entry.state + (entry.error ?? "") + language(),
    create: () => make("article", { class: "message staff pending", "data-test": "pending" }),
    fill(element) {
      element.dataset.state = entry.state;
      const failed = entry.state === "failed";
      element.replaceChildren(
        make("div", { class: "bubble" }, entry.text),
        make("footer", {}, failed ? t("send.failed", entry.error ?? "") : t("send.sending"),
          failed ? make("button", { type: "button", class: "link", "data-test": "retry", onclick: () => retry(entry.id) }, t("send.retry")) : null,
          failed ? make("button", { type: "button", class: "link", onclick: () => discard(entry.id) }, t("send.back")) : null),
      );
    },
  };
}

function drawTyping() {
  const entry = state.openId ? state.typing.get(state.openId) : null;
  const box = byId("typing");
  const follow = atEnd();
  box.replaceChildren(...(entry ? [make("span", { class: "dots", "aria-hidden": "true" }, make("i"), make("i"), make("i")), make("span", {}, t("talk.typing"))] : []));
  if (entry && follow) toEnd();
}

function atEnd() {
  const box = byId("scroll");
  return box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
}

function toEnd() {
  byId("scroll").scrollTop = byId("scroll").scrollHeight;
  byId("newer").hidden = true;
}

/** Shows one message and lights it up, as when a line of the summary points to it. */
export function jump(id) {
  const row = byId(id);
  if (!row) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  row.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
  row.classList.remove("lit");
  requestAnimationFrame(() => row.classList.add("lit"));
  setTimeout(() => row.classList.remove("lit"), 2500);
}
