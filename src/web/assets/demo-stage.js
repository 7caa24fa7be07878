// The stage beside the demo's shop: what was told to the assistant and what it made of it, the time, the shop's own
// system, and why each sentence was said.
import { make } from "/widget.js";
import { LANGUAGE, T } from "/assets/demo-words.js";
import { ACTION_NAMES, EMOTIONS, REFUSALS, SYSTEM_STEPS } from "/assets/words.js";

const byId = (id) => document.getElementById(id);
const LOOK_MILLISECONDS = 2000;
const MOST_LINES = 30;
const stage = { chat: null, key: "", stands: null, zone: undefined, changed: () => {} };

/** The shop's time: once it has been moved it stands still until it is moved again. */
const shopTime = () => stage.stands ?? new Date();
/** A moment as the clocks of the shop show it, wherever the browser is. */
const inShop = (moment, parts) => moment.toLocaleString(LANGUAGE, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: stage.zone, ...parts });
const clockOf = (moment) => inShop(moment, { second: "2-digit" });

/** A zone that this browser knows; without one its own. */
function known(zone) {
  try {
    return zone ? new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone : undefined;
  } catch {
    return undefined;
  }
}

// What is told.

function line(kind, name, text) {
  byId("telling").hidden = false;
  const list = byId("told");
  list.querySelector(".none")?.remove();
  list.prepend(make("li", { class: kind }, make("time", {}, clockOf(shopTime())), make("b", {}, name), make("span", {}, text)));
  while (list.children.length > MOST_LINES) list.lastChild.remove();
}

/** Tells what the customer does on the page, as the widget's owner would. */
export function tell(type, details) {
  line("told", T.events[type] ?? type, details.product ?? "");
  stage.chat.track(type, { ...details, at: shopTime().toISOString() });
}

/** Whether what happens to orders can be reported from here: that needs a key. */
export const canReport = () => stage.key !== "";

/** Reports what happened in the shop, as the shop's own system would. */
export async function report(type, details) {
  const id = crypto.randomUUID();
  await post("/api/v1/events", { id, type, at: shopTime().toISOString(), ...details });
  line("told", T.events[type] ?? type, details.order ?? "");
}

async function post(path, body) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${stage.key}` };
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  throw Object.assign(new Error(answer?.error?.message ?? `HTTP ${response.status}`), { code: answer?.error?.code });
}

// The time.

async function moveClock(hours) {
  try {
    const { now } = await post("/api/v1/test/clock", { now: new Date(shopTime().getTime() + hours * 3600000).toISOString() });
    stage.stands = new Date(now);
    byId("clock-note").textContent = T.clockNote;
  } catch (error) {
    const absent = error.code === "route_not_found";
    byId("clock-note").textContent = absent ? T.clockAbsent : T.clockFailed + error.message;
    if (absent) for (const button of byId("clock").querySelectorAll("button")) button.disabled = true;
  }
  showTime();
}
function showTime() {
  byId("now").textContent = inShop(shopTime(), { month: "short", day: "numeric" });
}

// The key, and what it shows.

function useKey(key) {
  stage.key = key;
  stage.chat.staffKey = key;
  byId("key-state").textContent = key ? T.withKey : T.withoutKey;
  byId("clock-note").textContent = key ? T.clockNote : T.clockKey;
  for (const button of byId("clock").querySelectorAll("button")) button.disabled = !key;
  stage.changed();
}

const GOALS = {
  greet: "招呼", acknowledge: "确认情况", soothe: "安抚", apologize: "致歉", answer: "回答", verify: "核实", collect: "收集",
  verdict: "判定", explain: "解释", alternative: "替代", act: "办理", commit: "承诺", volunteer: "主动告知", recommend: "推荐",
  confirm: "确认", handoff: "转人工", close: "结束",
};
const SOURCES = { wording: "话术", evidence: "资料原文", model: "模型" };
const TIERS = { standard: "标准", proactive: "主动", soothing: "安抚", handoff: "转人工" };
const TRENDS = { rising: "在加重", steady: "平稳", falling: "在缓和" };
const TRACE_STYLE = `
.trace,.why{font-size:12px;color:var(--dim);margin-top:2px;max-width:100%}
.why summary{cursor:pointer}.why dl{margin:4px 0 0;display:grid;grid-template-columns:auto 1fr;gap:2px 8px}
.why dt{white-space:nowrap}.why dd{margin:0;overflow-wrap:anywhere}`;

/** Under each sentence: what it is for, where it comes from, what it rests on. */
function traceSentence({ detail: { sentence, row } }) {
  if (!stage.key) return;
  const parts = [GOALS[sentence.goal] ?? sentence.goal, SOURCES[sentence.by] ?? sentence.by, ...sentence.evidence];
  row.append(make("div", { class: "trace" }, parts.join(" · ")));
}

/** Under the whole reply: scenario, emotion, evidence, what the guard held back, how long it took. */
function traceReply({ detail: { reply, log } }) {
  if (!stage.key || !reply.timing || !reply.sentences.length) return;
  const list = make("dl");
  const say = (name, text) => text && list.append(make("dt", {}, name), make("dd", {}, text));
  const percent = (part) => `${Math.round(part * 100)}%`;
  const { scenario, emotion, timing } = reply;
  if (scenario) say("场景", `${scenario.name}（${scenario.id}，${percent(scenario.confidence)}）`);
  if (emotion) say("情绪", `${EMOTIONS[emotion.label] ?? emotion.label} ${percent(emotion.intensity)}，${TRENDS[emotion.trend]}`);
  say("档位", TIERS[reply.tier] ?? reply.tier);
  for (const fact of reply.evidence) say("依据", `${fact.id}：${fact.text}`);
  for (const refused of reply.guard?.refused ?? []) say("拦下", `${refused.draft}（${REFUSALS[refused.reason] ?? refused.reason}）`);
  const model = timing.model ? `，模型写了 ${timing.model.generated_tokens} 个词元` : "，没有用模型";
  say("用时", `首句 ${timing.first_sentence_ms?.toFixed(1) ?? "–"} 毫秒，全部 ${timing.total_ms.toFixed(0)} 毫秒${model}`);
  log.append(make("details", { class: "row why" }, make("summary", {}, "为什么这样回答"), list));
  log.scrollTop = log.scrollHeight;
}

// The shop's own system.

/** One step: when, what kind, about which action, and in words. */
function systemLine(step, names) {
  const name = names.get(step.about) ?? step.about;
  const text = step.what === "asked" || step.text === name ? name : `${name} · ${step.text}`;
  const words = { 202: "在办，有结果再报", 501: "这件要人来办" };
  return make("li", { class: step.what }, make("time", {}, step.at.slice(11)), make("b", {}, SYSTEM_STEPS[step.what] ?? step.what), make("span", {}, words[step.text] ? `${name} · ${words[step.text]}` : text));
}

/** Shows what it was asked and did, for as long as the panel is open. */
function watchSystem() {
  const panel = byId("system");
  panel.hidden = false;
  let shown = "";
  const look = async () => {
    if (!panel.open) return;
    const log = await fetch("/demo/system.json").then((response) => (response.ok ? response.json() : null)).catch(() => null);
    const now = JSON.stringify(log?.lines.at(-1) ?? null) + (log?.lines.length ?? 0);
    if (!log || now === shown) return;
    shown = now;
    const names = new Map(log.actions.map((action) => [action.id, ACTION_NAMES[action.kind] ?? action.kind]));
    const lines = log.lines.map((step) => systemLine(step, names)).reverse();
    byId("system-lines").replaceChildren(...(lines.length ? lines : [make("li", {}, T.systemNothing)]));
  };
  panel.addEventListener("toggle", look);
  setInterval(look, LOOK_MILLISECONDS);
}

/** Begins; `changed` is called when what the shop may show has changed. */
export function startStage({ chat, system, zone, demo, changed }) {
  Object.assign(stage, { chat, changed, zone: known(zone) });
  if (matchMedia("(max-width:900px)").matches) byId("stage").open = false;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(TRACE_STYLE);
  chat.shadowRoot.adoptedStyleSheets = [...chat.shadowRoot.adoptedStyleSheets, sheet];
  chat.addEventListener("warmdesk-sentence", traceSentence);
  chat.addEventListener("warmdesk-done", traceReply);
  chat.addEventListener("warmdesk-nudge", ({ detail }) => line("nudge", T.nudged, detail.nudge.why ?? detail.nudge.text));
  byId("key-form").addEventListener("submit", (event) => { event.preventDefault(); useKey(byId("key").value.trim()); byId("key").value = ""; });
  for (const button of byId("clock").querySelectorAll("button")) button.addEventListener("click", () => moveClock(Number(button.dataset.hours)));
  byId("clock").hidden = byId("telling").hidden = !demo;
  byId("told").append(make("li", { class: "none" }, T.toldNothing));
  // The key may come in the address's fragment, which no server and no log sees; it does not stay there.
  const given = /^#key=(.+)$/.exec(location.hash)?.[1];
  if (given) history.replaceState(null, "", location.pathname + location.search);
  useKey(given ?? "");
  showTime();
  setInterval(showTime, 10000);
  if (system) watchSystem();
}
