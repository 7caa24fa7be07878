// The agents' page: the queue, one ticket with its note and conversation, and what an agent does with it.
// Everything customers wrote is put on the page as text nodes only.
import { clean, make, readEvents } from "/widget.js";
import { ACTION_STATES, EMOTIONS, FLOW_PARTIES, FLOW_STATES, PROMISE_STATES, REASONS, REFUSALS } from "/assets/words.js";

const byId = (id) => document.getElementById(id);
const KEY = "warmdesk desk key";
const desk = { key: null, status: "", tickets: [], open: null, lastEvent: null, live: null };

const STATUS = { open: "待接入", claimed: "处理中", returned: "已交还", resolved: "已解决" };
const PRIORITY = { normal: "", high: "优先", urgent: "紧急" };
const STATES = { bot: "AI 在答", waiting: "等待人工", human: "人工接待中", resolved: "已结束" };
/** A first human answer is expected within this time; the list warns before platforms do. */
const WARN_SECONDS = 100;

async function call(method, path, body) {
  const headers = { authorization: `Bearer ${desk.key}`, "content-type": "application/json" };
  const response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const error = new Error(answer.error?.message ?? `HTTP ${response.status}`);
  error.status = response.status;
  error.code = answer.error?.code;
  throw error;
}

// What the agent sees of the queue.

function waited(ticket) {
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(ticket.opened_at)) / 1000));
  if (seconds < 600) return `${seconds} 秒`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${minutes} 分钟` : `${Math.floor(minutes / 60)} 小时`;
}

function isLate(ticket) {
  if (ticket.status !== "open") return false;
  return Date.now() - Date.parse(ticket.opened_at) > WARN_SECONDS * 1000 || Date.now() > Date.parse(ticket.due);
}

function ticketItem(ticket) {
  const chosen = ticket.id === desk.open?.id;
  const head = make(
    "span", { class: "head" },
    make("b", {}, REASONS[ticket.reason] ?? ticket.reason),
    PRIORITY[ticket.priority] ? make("em", { class: `flag ${ticket.priority}` }, PRIORITY[ticket.priority]) : null,
    make("span", { class: isLate(ticket) ? "clock late" : "clock", "data-ticket": ticket.id }, waited(ticket)),
  );
  const foot = make("span", { class: "dim" }, `${STATUS[ticket.status]}${ticket.agent ? ` · ${ticket.agent}` : ""} · ${who(ticket)}`);
  const item = make("button", { type: "button", "aria-current": chosen ? "true" : null }, head, make("span", { class: "wish" }, ticket.wish), foot);
  item.addEventListener("click", () => show(ticket.id));
  return make("li", {}, item);
}

function who(ticket) {
  return ticket.identity.startsWith("verified") ? `会员 ${ticket.identity.slice(8).trim()}` : "访客";
}

function drawQueue() {
  byId("tickets").replaceChildren(
    ...(desk.tickets.length ? desk.tickets.map(ticketItem) : [make("li", { class: "empty" }, "这里没有工单。")]),
  );
  if (desk.status) return;
  const waiting = desk.tickets.filter((ticket) => ticket.status === "open").length;
  byId("counts").textContent = `${waiting} 个等待，${desk.tickets.length - waiting} 个处理中`;
  document.title = waiting ? `(${waiting}) 客服工作台` : "客服工作台";
}

function tick() {
  for (const clock of document.querySelectorAll(".clock")) {
    const ticket = desk.tickets.find((one) => one.id === clock.dataset.ticket);
    if (!ticket) continue;
    clock.textContent = waited(ticket);
    clock.classList.toggle("late", isLate(ticket));
  }
}

async function loadQueue() {
  const query = desk.status ? `?status=${desk.status}` : "";
  desk.tickets = (await call("GET", `/api/v1/tickets${query}`)).tickets;
  drawQueue();
}

// One ticket.

async function show(id) {
  const fresh = desk.open?.id !== id;
  desk.open = await call("GET", `/api/v1/tickets/${id}`);
  byId("empty").hidden = true;
  byId("open").hidden = false;
  if (fresh) byId("warning").hidden = true;
  drawQueue();
  drawTalk();
  drawNote();
}

/** Times come in the shop's zone and are shown in it, wherever the agent sits. */
function time(text) {
  const [, month, day, clock, sign, hours, minutes] = /^\d+-(\d+)-(\d+)T(\d+:\d+):\d+([+-])(\d+):(\d+)$/.exec(text) ?? [];
  if (!clock) return text;
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1);
  const today = new Date(Date.now() + offset * 60000).toISOString().slice(5, 10);
  return today === `${month}-${day}` ? clock : `${Number(month)}月${Number(day)}日 ${clock}`;
}

function messageRow(message) {
  const name = { customer: "顾客", assistant: "AI 客服", staff: message.name ?? "客服" }[message.author];
  const files = message.attachments.map((file) =>
    make("a", { class: "file", href: file.url, target: "_blank", rel: "noopener noreferrer" }, `${file.type}：${file.url}`),
  );
  return make(
    "div", { class: `message ${message.author}`, id: message.id },
    make("span", { class: "dim" }, `${name} ${time(message.at)}`),
    message.text ? make("div", { class: "bubble" }, message.text) : null,
    ...files,
  );
}

function drawTalk() {
  const ticket = desk.open;
  byId("ticket-title").textContent = `${who(ticket)} · ${STATES[ticket.state]}`;
  const list = byId("messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  list.replaceChildren(...ticket.history.map(messageRow));
  if (atEnd) list.scrollTop = list.scrollHeight;
  const action = (text, name, kind = "") => make("button", { type: "button", class: kind, onclick: () => act(name) }, text);
  const mine = ticket.status === "claimed";
  byId("actions").replaceChildren(
    ...(ticket.status === "open" ? [action("接入", "claim", "primary")] : []),
    ...(mine ? [action("交还 AI", "return"), action("解决", "resolve", "primary")] : []),
  );
  byId("reply-form").hidden = !mine;
  byId("suggestions").replaceChildren(
    ...(mine ? ticket.suggestions : []).map((text) =>
      make("button", { type: "button", title: "放进输入框", onclick: () => fill(text) }, text),
    ),
  );
}

function fill(text) {
  byId("reply").value = text;
  byId("reply").focus();
}

function warn(text) {
  byId("warning").textContent = text;
  byId("warning").hidden = !text;
}

async function act(name) {
  try {
    await call("POST", `/api/v1/tickets/${desk.open.id}/${name}`);
    warn("");
  } catch (error) {
    warn(error.message);
  }
  await refresh();
  if (name === "claim") byId("reply").focus();
}

async function reply(event) {
  event.preventDefault();
  const text = clean(byId("reply").value);
  if (!text) return;
  try {
    const sent = await call("POST", `/api/v1/tickets/${desk.open.id}/messages`, { text });
    byId("reply").value = "";
    warn(sent.warnings.length ? `已发送。请留意：${sent.warnings.join("；")}` : "");
  } catch (error) {
    warn(`没有发出去：${error.message}`);
  }
  await refresh();
}

// The note a person reads when taking over.

function section(title, ...content) {
  const filled = content.filter(Boolean);
  return filled.length ? make("section", {}, make("h3", {}, title), ...filled) : null;
}

function jump(id) {
  const row = byId(id);
  row?.scrollIntoView({ block: "center", behavior: "smooth" });
  row?.classList.add("lit");
  setTimeout(() => row?.classList.remove("lit"), 1600);
}

function summaryLine(line) {
  const links = line.messages.map((id, index) => make("button", { type: "button", class: "link", onclick: () => jump(id) }, `原话${index + 1}`));
  return make("p", {}, line.text, " ", ...links);
}

const fact = (one) => make("p", {}, make("b", {}, one.title), make("br"), one.text);

function drawNote() {
  const ticket = desk.open;
  const noteForm = make("form", { class: "noting" }, make("textarea", { rows: "2", maxlength: "10000", placeholder: "写一条内部备注", "aria-label": "内部备注" }), make("button", { type: "submit" }, "记下"));
  noteForm.addEventListener("submit", noted);
  const draft = byId("note").querySelector("textarea")?.value;
  const sections = [
    section("转人工原因", make("p", {}, `${REASONS[ticket.reason] ?? ticket.reason}${ticket.detail ? ` · ${ticket.detail}` : ""}`), make("p", { class: "dim" }, `应在 ${time(ticket.due)} 前回复`)),
    section("顾客想要", ticket.wish ? make("p", { class: "quote" }, ticket.wish) : null),
    section("经过", ...ticket.summary.map(summaryLine)),
    section("情绪", ticket.emotion.length ? make("p", {}, ticket.emotion.map((point) => `${EMOTIONS[point.label] ?? point.label} ${Math.round(point.intensity * 100)}%`).join(" → ")) : null),
    section("订单", ...ticket.orders.map(fact)),
    section("商品", ...ticket.products.map(fact)),
    section("流程", ...ticket.flows.map(flowLine)),
    section("在办的事", ...ticket.actions.map(actionLine)),
    section("承诺", ...ticket.promises.map(promiseLine)),
    section("已经试过", ...ticket.tried.map((text) => make("p", {}, text))),
    section("用过的资料", ...ticket.evidence.map(fact)),
    section("被拦下的回答", ...ticket.blocked.map((refused) => make("p", {}, refused.draft, make("span", { class: "dim" }, `（${REFUSALS[refused.reason] ?? refused.reason}：${refused.detail}）`)))),
    section("没来得及发出的回答", ...ticket.late.map((text) => make("p", {}, text))),
    section("备注", ...ticket.notes.map((note) => make("p", {}, note.text, make("span", { class: "dim" }, ` ${note.agent} ${time(note.at)}`))), noteForm),
  ];
  byId("note").replaceChildren(...sections.filter(Boolean));
  if (draft) noteForm.querySelector("textarea").value = draft;
}

/** An action with its state, its clock while it is open, and what came of it. */
function actionLine(action) {
  const open = ["requested", "confirmed", "running", "overdue"].includes(action.state);
  const who = action.by === "shop_system" ? "店里系统" : "同事";
  const clock = open ? ` · ${left(action.due)}` : "";
  const stop = open ? make("button", { type: "button", class: "link", onclick: () => cancel(action) }, "不用办了") : null;
  return make("p", {}, `${action.kind} · ${ACTION_STATES[action.state] ?? action.state}${clock}`, make("span", { class: "dim" }, ` ${who}${action.result?.text ? `：${action.result.text}` : ""} `), stop);
}

/** Takes an action back; the customer is told by the assistant, or by whoever has the conversation. */
async function cancel(action) {
  if (!confirm(`不再办“${action.kind}”了？会告诉顾客这件事不往下办。`)) return;
  try {
    await call("POST", `/api/v1/actions/${action.id}/cancel`, {});
    warn("");
  } catch (error) {
    warn(`没有取消：${error.message}`);
  }
  await refresh();
}

/** A matter of several steps: where it stands, who is waited for, its clock, and what the customer has answered. */
function flowLine(flow) {
  const waits = flow.waits_for ? ` · 等${FLOW_PARTIES[flow.waits_for] ?? flow.waits_for}` : "";
  const clock = flow.until ? ` · ${left(flow.until)}` : "";
  const stands = flow.state === "open" ? `${flow.at}${waits}${clock}` : FLOW_STATES[flow.state] ?? flow.state;
  const steps = flow.steps.map((step) => make("li", { class: step.passed ? "passed" : step.id === flow.step && flow.state === "open" ? "present" : "" }, step.name, step.answer ? make("span", { class: "dim" }, `：${step.answer}`) : null));
  return make("div", { class: "flow" }, make("p", {}, `${flow.name}：${stands}`, flow.order ? make("span", { class: "dim" }, ` ${flow.order}`) : null), make("ol", {}, ...steps));
}

/** A promise with its state and, while it is owed, its clock. */
function promiseLine(promise) {
  const owed = ["open", "renegotiated"].includes(promise.state);
  const waits = promise.with_person ? " · 到点了，请现在答复" : "";
  return make("p", {}, `${promise.kind}：${time(promise.due)} 前 · ${PROMISE_STATES[promise.state] ?? promise.state}${waits}`, owed ? make("span", { class: "dim" }, ` ${left(promise.due)}`) : null);
}

/** How long it is until a moment, or how long ago it was. */
function left(moment) {
  const minutes = Math.round((new Date(moment) - Date.now()) / 60000);
  const span = Math.abs(minutes) < 60 ? `${Math.abs(minutes)} 分钟` : `${Math.round(Math.abs(minutes) / 6) / 10} 小时`;
  return minutes < 0 ? `已过 ${span}` : `还有 ${span}`;
}

async function noted(event) {
  event.preventDefault();
  const field = event.target.querySelector("textarea");
  const text = clean(field.value);
  if (!text) return;
  try {
    await call("POST", `/api/v1/tickets/${desk.open.id}/notes`, { text });
    field.value = "";
  } catch (error) {
    warn(`备注没有保存：${error.message}`);
  }
  await refresh();
}

// What arrives by itself.

async function refresh() {
  await loadQueue();
  if (desk.open) await show(desk.open.id);
}

let refreshing = null;
/** Several events at once lead to one refresh. */
function soon() {
  refreshing ??= setTimeout(() => {
    refreshing = null;
    refresh().catch(() => {});
  }, 150);
}

function online(yes) {
  byId("live").textContent = yes ? "实时" : "连接断开，重连中";
  byId("live").classList.toggle("off", !yes);
}

async function listen(live) {
  let pause = 1000;
  while (!live.signal.aborted) {
    try {
      const headers = { authorization: `Bearer ${desk.key}` };
      if (desk.lastEvent) headers["last-event-id"] = desk.lastEvent;
      const response = await fetch("/api/v1/desk/stream", { headers, signal: live.signal });
      if (response.status === 401 || response.status === 403) return leave();
      if (!response.ok) throw new Error(String(response.status));
      online(true);
      pause = 1000;
      soon();
      for await (const { id } of readEvents(response)) {
        if (id) desk.lastEvent = id;
        soon();
      }
    } catch {
      if (live.signal.aborted) return;
    }
    online(false);
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, 30000);
  }
}

// Coming and going.

async function enter(key) {
  desk.key = key;
  await loadQueue();
  sessionStorage.setItem(KEY, key);
  byId("login").hidden = true;
  byId("desk").hidden = false;
  desk.live = new AbortController();
  listen(desk.live);
}

function leave() {
  sessionStorage.removeItem(KEY);
  desk.live?.abort();
  location.reload();
}

async function login(event) {
  event.preventDefault();
  byId("login-error").textContent = "";
  try {
    await enter(byId("key").value.trim());
  } catch (error) {
    byId("login-error").textContent = error.code === "missing_scope" ? "这个密钥没有 desk 权限。" : error.status === 401 ? "密钥不正确。" : error.message;
  }
}

function choose(tab) {
  for (const other of document.querySelectorAll("[role=tab]")) other.setAttribute("aria-selected", String(other === tab));
  desk.status = tab.dataset.status;
  loadQueue().catch(() => {});
}

byId("login-form").addEventListener("submit", login);
byId("logout").addEventListener("click", leave);
byId("reply-form").addEventListener("submit", reply);
byId("reply").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) reply(event);
});
for (const tab of document.querySelectorAll("[role=tab]")) tab.addEventListener("click", () => choose(tab));
setInterval(tick, 1000);
const known = sessionStorage.getItem(KEY);
if (known) enter(known).catch(() => sessionStorage.removeItem(KEY));
