// The agents' page: logging in, the pages, and what arrives by itself. Everything anybody wrote is put on the page as
// text nodes only.
import { onClaimed } from "/assets/desk/actions.js";
import { drawTitle, startAlerts, tellMessage, tellTicket } from "/assets/desk/alerts.js";
import { loginWithAccount, loginWithKey, logout, onExpired, resume, session } from "/assets/desk/api.js";
import { loadColleagues, meet } from "/assets/desk/colleagues.js";
import { drawComposer, prefill, startComposer } from "/assets/desk/composer.js";
import { drawConversation, startConversation } from "/assets/desk/conversation.js";
import { byId, icon, toast } from "/assets/desk/dom.js";
import { drawHead, startHead, tickHead } from "/assets/desk/head.js";
import { startHistory } from "/assets/desk/history.js";
import { showHelp, startKeys } from "/assets/desk/keys.js";
import { drawMembers, loadMembers, showMembers } from "/assets/desk/members.js";
import { forgetOutbox, isOurs, retryLost, workFor } from "/assets/desk/outbox.js";
import { drawPanel, startPanel, tickPanel } from "/assets/desk/panel.js";
import { loadPhrases } from "/assets/desk/phrases.js";
import { showPreferences } from "/assets/desk/preferences.js";
import { drawProactive, loadProactive, showProactive } from "/assets/desk/proactive.js";
import { drawQueue, startQueue } from "/assets/desk/queue.js";
import { applyTheme, onSetting, set, setting } from "/assets/desk/settings.js";
import { changed, counts, endTyping, forget, loadActive, loadFilter, on, open, reloadSoon, state, takeTicket, takeTyping } from "/assets/desk/store.js";
import { listen } from "/assets/desk/stream.js";
import { holder, isMine } from "/assets/desk/tickets.js";
import { language, t, translate } from "/assets/desk/words.js";

const PAGES = { desk: () => {}, proactive: showProactive, members: showMembers };
let stream = null;
/** Since when nothing has arrived; null while the connection stands. */
let staleSince = null;
/** Whose work is on the page, so that another person does not find it. */
let worker = null;

// Coming and going.

const byKey = () => setting("mode") === "key";

function drawLogin() {
  byId("login-account").hidden = byKey();
  byId("login-by-key").hidden = !byKey();
  byId("login-switch").textContent = t(byKey() ? "login.useAccount" : "login.useKey");
  byId("login-hint").textContent = t(byKey() ? "login.hintKey" : "login.hint");
}

function showLogin(message = "") {
  drawLogin();
  byId("login-error").textContent = message;
  byId("login").hidden = false;
  byId("shell").inert = true;
  (byKey() ? byId("login-key") : byId("login-name")).focus();
}

async function login(event) {
  event.preventDefault();
  byId("login-error").textContent = "";
  byId("login-submit").disabled = true;
  try {
    if (byKey()) await loginWithKey(byId("login-key").value.trim());
    else await loginWithAccount(byId("login-name").value.trim(), byId("login-password").value);
    byId("login-key").value = "";
    byId("login-password").value = "";
    await enter();
  } catch (error) {
    byId("login-error").textContent = loginTrouble(error);
  } finally {
    byId("login-submit").disabled = false;
  }
}

function loginTrouble(error) {
  if (error.code === "missing_scope") return t("login.noScope");
  if (error.status === 401) return t(byKey() ? "login.wrongKey" : "login.wrong");
  if (error.status === 429) return t("login.tooMany", error.retryAfter ?? 60);
  if (error.status === 404 || error.status === 405) return t("login.noAccounts");
  return error.status === 0 ? t("error.network") : error.message;
}

/** Shows the desk. After an expired session the page is as it was left, with what was written. */
async function enter() {
  const name = session.me?.name ?? "key";
  if (worker !== null && worker !== name) forget();
  workFor(name);
  worker = name;
  await Promise.all([loadActive(), loadColleagues().catch(() => {})]);
  byId("login").hidden = true;
  byId("shell").hidden = false;
  byId("shell").inert = false;
  stream?.stop();
  stream = listen({ event: arrived, connected, lost, expired });
  loadPhrases().then(() => changed("open")).catch(() => {});
  loadProactive().then((there) => { tabOf("proactive").hidden = !there; }, () => {});
  loadMembers().then((there) => { tabOf("members").hidden = !there; }, () => {});
  route();
}

/** Draws again what names people. */
function showNames() {
  changed("queue");
  changed("open");
}

function expired() {
  stream?.stop();
  if (byId("login").hidden) showLogin(t("login.expired"));
}

async function leave() {
  stream?.stop();
  await logout();
  worker = null;
  forget();
  forgetOutbox();
  history.replaceState(null, "", location.pathname);
  location.reload();
}

// What arrives by itself.

function arrived(name, data) {
  if (name === "ticket") {
    const { isNew } = takeTicket(data);
    if (isNew) tellTicket(data);
    meet(holder(data)).then((known) => { if (known) showNames(); }).catch(() => {});
    if (data.id === state.openId) reloadSoon(data.id);
  } else if (name === "message") {
    heard(data);
  } else if (name === "typing") {
    const id = data.ticket ?? openOf(data.conversation);
    if (id && data.who !== "staff") takeTyping(id, data.name);
  } else if (name === "rating") {
    if (data.ticket === state.openId) reloadSoon(data.ticket);
  } else if (data.conversation && data.conversation === state.tickets.get(state.openId)?.conversation) {
    reloadSoon(state.openId);
  }
}

function heard({ ticket: id, conversation, message }) {
  endTyping(id);
  const same = conversation === state.tickets.get(state.openId)?.conversation;
  if (same) reloadSoon(state.openId);
  if ((same && !document.hidden) || isOurs(id, message)) return;
  const ticket = state.tickets.get(id);
  if (!ticket) return;
  if (!same) state.unread.add(id);
  if (isMine(ticket)) tellMessage();
  changed("queue");
}

const openOf = (conversation) => [...state.tickets.values()].find((ticket) => ticket.conversation === conversation && ticket.status !== "resolved")?.id;

function connected(again) {
  staleSince = null;
  drawStale();
  // Between reading the queue and listening something may have happened, and another server may have been put in its place.
  loadActive().catch(() => {});
  loadFilter("snoozed").catch(() => {});
  if (again && state.openId) reloadSoon(state.openId);
  retryLost();
}

function lost() {
  staleSince ??= new Date();
  drawStale();
}

function drawStale() {
  byId("stale").hidden = !staleSince;
  if (staleSince) byId("stale-text").textContent = t("stale.text", `${String(staleSince.getHours()).padStart(2, "0")}:${String(staleSince.getMinutes()).padStart(2, "0")}`);
}

// Pages and views. The address says what is shown, so that links and the way back work.

const tabOf = (page) => document.querySelector(`.rail .tab[data-page="${page}"]`);

function route() {
  const [, first, id, view] = location.hash.split("/");
  const page = first in PAGES ? first : "desk";
  document.body.dataset.page = page;
  for (const name of Object.keys(PAGES)) {
    byId(`page-${name}`).hidden = name !== page;
    if (name === page) tabOf(name).setAttribute("aria-current", "page");
    else tabOf(name).removeAttribute("aria-current");
  }
  PAGES[page]()?.catch((error) => toast(error.message, "bad"));
  const ticket = first === "t" ? decodeURIComponent(id ?? "") : null;
  document.body.dataset.view = ticket ? view ?? "talk" : "queue";
  if (page === "desk" && ticket !== state.openId) show(ticket);
}

async function show(id) {
  try {
    await open(id);
  } catch (error) {
    toast(error.status === 404 ? t("talk.gone") : error.status === 0 ? t("error.network") : error.message, "bad");
    if (error.status === 404) location.hash = "#/desk";
  }
}

function go(hash) {
  if (location.hash === hash) route();
  else location.hash = hash;
}

const openTicketPage = (id) => go(`#/t/${encodeURIComponent(id)}`);

/** Shows the side panel where it has no room of its own, or hides it again. */
function togglePanel() {
  const id = encodeURIComponent(state.openId ?? "");
  go(document.body.dataset.view === "panel" ? `#/t/${id}` : `#/t/${id}/panel`);
}

// Words and looks.

function redraw() {
  translate(document.body);
  drawLogin();
  drawStale();
  drawTitle();
  if (!session.me && byId("shell").hidden) return;
  for (const draw of [drawQueue, drawHead, drawConversation, drawComposer, drawPanel, drawProactive, drawMembers]) draw();
}

function drawMe() {
  const name = session.me?.display_name ?? "";
  byId("me").textContent = Array.from(name || "·")[0].toUpperCase();
  byId("me").title = name;
}

function drawCount() {
  drawMe();
  const waiting = counts().unassigned;
  byId("rail-count").hidden = !waiting;
  byId("rail-count").textContent = waiting > 99 ? "99+" : String(waiting);
}

function start() {
  applyTheme();
  for (const place of document.querySelectorAll("[data-icon]")) place.replaceWith(icon(place.dataset.icon));
  startQueue(openTicketPage);
  startHead(() => go("#/desk"), togglePanel);
  startConversation();
  startHistory();
  startComposer();
  startPanel(openTicketPage, togglePanel);
  startAlerts();
  startKeys(() => byId("login").hidden && document.body.dataset.page === "desk");
  onClaimed(prefill);
  onExpired(expired);
  on("queue", drawCount);
  onSetting((name) => (name === "language" ? redraw() : name === "theme" ? applyTheme() : null));
  byId("login-form").addEventListener("submit", login);
  byId("login-switch").addEventListener("click", () => { set("mode", byKey() ? "account" : "key"); showLogin(); });
  byId("login-language").addEventListener("click", () => set("language", language() === "en" ? "zh-CN" : "en"));
  byId("settings-open").addEventListener("click", () => showPreferences(leave));
  byId("help-open").addEventListener("click", showHelp);
  byId("stale-retry").addEventListener("click", () => stream?.retry());
  for (const tab of document.querySelectorAll(".rail .tab[data-page]")) tab.addEventListener("click", () => go(`#/${tab.dataset.page}`));
  addEventListener("hashchange", route);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.body.dataset.view === "panel" && !document.querySelector("dialog[open]")) togglePanel();
  });
  setInterval(() => { tickHead(); tickPanel(); }, 1000);
  redraw();
  resume().then((known) => (known ? enter() : showLogin()), () => showLogin());
}

start();
