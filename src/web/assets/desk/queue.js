// The queue: filters, search, and one row a ticket with everything that decides which one is next.
import { byId, face, icon, keyed, make } from "/assets/desk/dom.js";
import { FILTERS, changed, counts, loadFilter, on, searchServer, state, tags, visible } from "/assets/desk/store.js";
import { customerId, customerName, holder, isActive, isMine, isSnoozed, mood, personName, pressing, waitingSince } from "/assets/desk/tickets.js";
import { clock, moment, span, until } from "/assets/desk/time.js";
import { code, language, t } from "/assets/desk/words.js";

const TRENDS = { rising: "↑", falling: "↓", steady: "" };
let openOne = () => {};
/** The row that j and k are at. */
let cursor = null;
let searchTimer = null;
/** Tickets are replaced when they change and never changed in place, so that each is put into words once. */
const asText = new WeakMap();
/** Clocks of the rows that are looked at; the others need not go. */
const running = new Set();
const looked = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) running.add(target);
    else running.delete(target);
    if (isIntersecting) tickRow(target);
  }
}, { rootMargin: "300px" });

/** Builds the queue; `open(id)` is called for the ticket that was chosen. */
export function startQueue(open) {
  openOne = open;
  byId("search").addEventListener("input", (event) => search(event.target.value.trim()));
  byId("search").addEventListener("keydown", (event) => {
    if (event.key === "Escape") clearSearch();
    if (event.key === "Enter" || event.key === "ArrowDown") move(0, true);
  });
  byId("tickets").addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    }
  });
  on("queue", drawQueue);
  setInterval(tick, 1000);
}

/** Draws filters, tags and rows; unchanged rows stay as they are. */
export function drawQueue() {
  const tickets = visible();
  drawFilters();
  drawTags();
  keyed(byId("tickets"), tickets.map(row));
  if (!tickets.some((ticket) => ticket.id === cursor)) cursor = tickets.some((ticket) => ticket.id === state.openId) ? state.openId : tickets[0]?.id ?? null;
  putStop(cursor);
  drawEmpty(tickets.length);
}

let stop = null;
/** One row is a stop of the Tab key; the arrows and j and k go through the others. */
function putStop(id) {
  const button = rowButton(id);
  if (stop !== button) stop?.setAttribute("tabindex", "-1");
  button?.setAttribute("tabindex", "0");
  stop = button;
}

function drawFilters() {
  const sums = counts();
  const known = new Set(["active", "mine", "unassigned"]);
  const items = FILTERS.map((filter) => ({
    key: filter,
    signature: `${state.filter === filter} ${sums[filter]} ${language()}`,
    create: () => make("button", { type: "button", class: "filter", "data-test": "filter", "data-filter": filter, onclick: () => choose(filter) }),
    fill(button) {
      button.setAttribute("aria-pressed", String(state.filter === filter));
      button.replaceChildren(t(`filter.${filter}`), known.has(filter) || sums[filter] ? make("b", {}, String(sums[filter])) : "");
    },
  }));
  keyed(byId("filters"), items);
  byId("queue-count").textContent = state.loaded ? t("queue.count", counts().unassigned, counts().active - counts().unassigned) : "";
}

function drawTags() {
  const present = tags().slice(0, 12);
  if (state.tag && !present.includes(state.tag)) present.unshift(state.tag);
  byId("tag-filter").hidden = !present.length;
  keyed(byId("tag-filter"), present.map((tag) => ({
    key: tag,
    signature: String(state.tag === tag),
    create: () => make("button", { type: "button", class: "tag", onclick: () => chooseTag(tag) }, tag),
    fill: (button) => button.setAttribute("aria-pressed", String(state.tag === tag)),
  })));
}

function choose(filter) {
  state.filter = filter;
  clearSearch();
  byId("tickets").scrollTop = 0;
  changed("queue");
  loadFilter(filter).catch(() => {});
}

function chooseTag(tag) {
  state.tag = state.tag === tag ? null : tag;
  changed("queue");
}

function search(words) {
  state.search = words;
  state.found = null;
  byId("tickets").scrollTop = 0;
  changed("queue");
  clearTimeout(searchTimer);
  searchTimer = setTimeout(() => searchServer(words).catch(() => {}), 250);
}

function clearSearch() {
  byId("search").value = "";
  if (state.search) search("");
}

// One row.

function row(ticket) {
  const unread = state.unread.has(ticket.id);
  const typing = state.typing.has(ticket.id);
  const current = ticket.id === state.openId;
  const feeling = mood(ticket);
  return {
    key: ticket.id,
    signature: `${textOf(ticket)} ${unread} ${typing} ${current} ${language()} ${isSnoozed(ticket)} ${personName(holder(ticket))}`,
    create() {
      const button = make("button", { type: "button", class: "row", tabindex: "-1", "data-test": "ticket", "data-ticket": ticket.id, onclick: () => openOne(ticket.id) });
      looked.observe(button);
      return make("li", {}, button);
    },
    fill(item) {
      const button = item.firstElementChild;
      button.dataset.emotion = feeling?.label ?? "";
      button.dataset.heat = feeling && feeling.intensity >= 0.7 ? "high" : "";
      button.classList.toggle("unread", unread);
      if (current) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      button.replaceChildren(firstLine(ticket, unread), secondLine(ticket, typing), thirdLine(ticket, feeling));
      tickRow(button);
    },
  };
}

function textOf(ticket) {
  if (!asText.has(ticket)) asText.set(ticket, JSON.stringify(ticket));
  return asText.get(ticket);
}

function firstLine(ticket, unread) {
  const name = make("b", { class: "name" }, customerName(ticket));
  const proven = customerId(ticket) ? icon("shield") : null;
  const fresh = unread ? make("span", { class: "fresh" }, make("span", { class: "sr" }, t("queue.unread"))) : null;
  return make("span", { class: "line" }, fresh, name, proven, make("span", { class: "clock" }));
}

function secondLine(ticket, typing) {
  if (typing) return make("span", { class: "wish writing" }, t("talk.typing"));
  return make("span", { class: "wish" }, ticket.wish || t("queue.noWish"));
}

function thirdLine(ticket, feeling) {
  const chips = [];
  if (feeling) chips.push(moodChip(feeling));
  // A lead who was called says more than the priority that led to it.
  if (ticket.escalation === "lead") chips.push(make("span", { class: "chip urgent" }, code("escalation", "lead")));
  else if (ticket.priority !== "normal") chips.push(make("span", { class: `chip ${ticket.priority}` }, code("priority", ticket.priority)));
  chips.push(make("span", { class: "reason" }, code("reason", ticket.reason)));
  const [tag, ...others] = ticket.tags ?? [];
  if (tag) chips.push(make("span", { class: "chip tag", title: ticket.tags.join(t("comma")) }, others.length ? `${tag} +${others.length}` : tag));
  const who = holder(ticket);
  const has = who ? make("span", { class: `holder ${isMine(ticket) ? "mine" : ""}`, title: personName(who) }, face(personName(who)), make("span", {}, isMine(ticket) ? t("queue.me") : personName(who))) : null;
  return make("span", { class: "line foot" }, ...chips, make("span", { class: "room" }), has);
}

/** A mood as colour, word and direction. */
export function moodChip(feeling) {
  const trend = TRENDS[feeling.trend] ?? "";
  const words = [code("emotion", feeling.label), trend ? t(`trend.${feeling.trend}`) : ""].filter(Boolean).join(t("comma"));
  return make("span", { class: "mood", "data-emotion": feeling.label, title: t("mood.title", words, Math.round(feeling.intensity * 100)) },
    make("i", { "aria-hidden": "true" }), code("emotion", feeling.label), trend ? make("span", { "aria-label": t(`trend.${feeling.trend}`) }, trend) : null);
}

/** What the clock of a row says, and how loud. */
function rowClock(ticket) {
  if (isSnoozed(ticket) && ticket.snoozed_until) return [t("queue.until", moment(ticket.snoozed_until)), "quiet"];
  if (!isActive(ticket)) return [moment(ticket.opened_at), "quiet"];
  const since = waitingSince(ticket);
  const press = pressing(ticket);
  const level = press?.level === "late" || press?.level === "soon" ? press.level : "fine";
  if (since) return [span(-until(since)), level];
  return level === "fine" ? [clock(ticket.opened_at), "quiet"] : [press.text, level];
}

/** Once a second. */
function tick() {
  for (const button of running) {
    if (button.isConnected) tickRow(button);
    else running.delete(button);
  }
}

/** Only a text that changed is written. */
function tickRow(button) {
  const ticket = state.tickets.get(button.dataset.ticket);
  const element = button.querySelector(".clock");
  if (!ticket || !element) return;
  const [text, level] = rowClock(ticket);
  if (element.textContent !== text) element.textContent = text;
  if (element.dataset.level === level) return;
  element.dataset.level = level;
  button.dataset.late = String(level === "late");
  const press = pressing(ticket);
  element.title = press ? t(`clock.${press.kind}`) : "";
}

function drawEmpty(count) {
  const empty = byId("queue-empty");
  empty.hidden = count > 0 || !state.loaded;
  if (empty.hidden) return;
  const searching = state.search || state.tag;
  empty.replaceChildren(
    icon(searching ? "search" : "check"),
    make("h2", {}, searching ? t("empty.searchTitle") : t(`empty.${state.filter}Title`)),
    make("p", {}, searching ? t("empty.searchText") : t(`empty.${state.filter}Text`)),
  );
}

// Moving with the keyboard.

const rowButton = (id) => (id ? byId("tickets").querySelector(`[data-ticket="${CSS.escape(id)}"]`) : null);

/** Moves the cursor; `first` takes the first row. */
export function move(step, first = false) {
  const buttons = [...byId("tickets").querySelectorAll(".row")];
  if (!buttons.length) return;
  const inList = document.activeElement?.closest?.("#tickets");
  const at = buttons.findIndex((button) => button.dataset.ticket === (inList ? cursor : state.openId ?? cursor));
  const next = first || at < 0 ? 0 : Math.min(Math.max(at + step, 0), buttons.length - 1);
  const button = buttons[next];
  cursor = button.dataset.ticket;
  putStop(cursor);
  button.focus();
  button.scrollIntoView({ block: "nearest" });
}

/** Opens the row of the cursor. */
export function openCursor() {
  if (cursor) openOne(cursor);
}

/** Puts the cursor into the search. */
export function focusSearch() {
  byId("search").focus();
  byId("search").select();
}
