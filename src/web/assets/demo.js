// The demo page: who is talking, example questions, products to look at. The chat itself is the widget's business.
import { make } from "/widget.js";
import { ACTION_NAMES, EMOTIONS, REFUSALS, SYSTEM_STEPS } from "/assets/words.js";

const byId = (id) => document.getElementById(id);
const chat = byId("chat");
const state = { demo: null, customer: null };

function questions() {
  const own = state.customer?.questions ?? [];
  const list = own.length ? own : (state.demo?.questions ?? ["什么时候发货？", "支持七天无理由退货吗？", "转人工"]);
  byId("questions").replaceChildren(
    ...list.map((text) => make("button", { type: "button", onclick: () => chat.ask(text) }, text)),
  );
}

function talkAs(id) {
  state.customer = state.demo?.customers.find((customer) => customer.id === id) ?? null;
  byId("about").textContent = state.customer?.about ?? "访客看不到任何订单信息。";
  if (state.customer) {
    chat.setAttribute("signature", state.customer.signature);
    chat.setAttribute("customer", state.customer.id);
  } else {
    chat.removeAttribute("signature");
    chat.removeAttribute("customer");
  }
  questions();
}

function lookAt(product, card) {
  const again = chat.getAttribute("product") === product.id;
  for (const other of document.querySelectorAll(".card")) other.setAttribute("aria-pressed", "false");
  if (again) return chat.removeAttribute("product");
  chat.setAttribute("product", product.id);
  card.setAttribute("aria-pressed", "true");
}

function shelf(products) {
  byId("shelf-title").hidden = products.length === 0;
  byId("shelf").replaceChildren(
    ...products.map((product, index) => {
      const card = make(
        "button",
        { class: "card", type: "button", "aria-pressed": "false", title: "正在看这件商品" },
        make("span", { class: `picture tone${index % 5}`, "aria-hidden": "true" }, [...product.title][0] ?? ""),
        make("span", { class: "title" }, product.title),
        make("span", { class: "price" }, `¥${product.price}`),
      );
      card.addEventListener("click", () => lookAt(product, card));
      return card;
    }),
  );
}

function withKey(event) {
  event.preventDefault();
  const key = byId("key").value.trim();
  chat.staffKey = key;
  byId("key").value = "";
  byId("key-state").textContent = key ? "正在使用密钥：每句话下面会显示目标、来源和依据。" : "没有密钥时看到的与顾客一样。";
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
  if (!chat.staffKey) return;
  const parts = [GOALS[sentence.goal] ?? sentence.goal, SOURCES[sentence.by] ?? sentence.by, ...sentence.evidence];
  row.append(make("div", { class: "trace" }, parts.join(" · ")));
}

/** Under the whole reply: scenario, emotion, evidence, what the guard held back, how long it took. */
function traceReply({ detail: { reply, log } }) {
  if (!chat.staffKey || !reply.timing || !reply.sentences.length) return;
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

const LOOK_MILLISECONDS = 2000;

/** One step of the shop's own system: when, what kind, about which action, and in words. */
function systemLine(line, names) {
  const name = names.get(line.about) ?? line.about;
  const text = line.what === "asked" || line.text === name ? name : `${name} · ${line.text}`;
  const words = { 202: "在办，有结果再报", 501: "这件要人来办" };
  return make("li", { class: line.what }, make("time", {}, line.at.slice(11)), make("b", {}, SYSTEM_STEPS[line.what] ?? line.what), make("span", {}, words[line.text] ? `${name} · ${words[line.text]}` : text));
}

/** Shows what the shop's own system was asked and did, for as long as the panel is open. */
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
    const lines = log.lines.map((line) => systemLine(line, names)).reverse();
    byId("system-lines").replaceChildren(...(lines.length ? lines : [make("li", {}, "还没有人找它办事。")]));
  };
  panel.addEventListener("toggle", look);
  setInterval(look, LOOK_MILLISECONDS);
}

function explain() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(TRACE_STYLE);
  chat.shadowRoot.adoptedStyleSheets = [...chat.shadowRoot.adoptedStyleSheets, sheet];
  chat.addEventListener("warmdesk-sentence", traceSentence);
  chat.addEventListener("warmdesk-done", traceReply);
}

async function start() {
  explain();
  byId("key-form").addEventListener("submit", withKey);
  byId("customer").addEventListener("change", (event) => talkAs(event.target.value));
  const config = await fetch("/demo.json").then((response) => response.json()).catch(() => ({ shop: "Warmdesk", demo: null }));
  byId("shop").textContent = config.shop;
  document.title = `${config.shop} · 在线客服`;
  chat.setAttribute("heading", config.shop);
  state.demo = config.demo;
  questions();
  if (!config.demo) return;
  byId("demo-hint").hidden = false;
  byId("identity").hidden = config.demo.customers.length === 0;
  byId("customer").append(
    ...config.demo.customers.map((customer) => make("option", { value: customer.id }, customer.name)),
  );
  talkAs("");
  shelf(config.demo.products);
  if (config.demo.system) watchSystem();
}

start();
