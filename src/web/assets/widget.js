// The chat widget: <warmdesk-chat>. One file, no dependencies, no build step.
//
// Attributes: server, lang (zh-CN or en), heading, customer, signature, product, order, inline, open.
// Properties: staffKey (answers then come with their traces). Methods: show(), hide(), ask(text), restart().
// Events: warmdesk-state {state, agent}, warmdesk-sentence {sentence, row}, warmdesk-done {reply, log}.
// Whatever anybody writes is put on the page as text nodes only.

const STRINGS = {
  "zh-CN": {
    title: "在线客服", ai: "AI 客服", close: "收起", person: "转人工",
    askPerson: "转人工", placeholder: "请输入您的问题", send: "发送", typing: "正在输入…",
    bot: "AI 客服为您解答，可随时转人工", waiting: "同事还没接手，您可以继续补充，都会附给同事",
    human: (name) => `人工客服${name ? " " + name : ""} 正在为您服务`, resolved: "本次服务已结束，有问题可以继续提问",
    joined: (name) => `人工客服${name ? " " + name : ""} 已接入`, back: "人工服务已结束，AI 客服继续为您服务",
    failed: "消息没有发出去", retry: "重试",
    you: "您", assistant: "AI 客服", staff: "人工客服", log: "聊天记录", choose: "请选择",
  },
  en: {
    title: "Support", ai: "AI assistant", close: "Close", person: "Talk to a person",
    askPerson: "I want to talk to a person", placeholder: "Type your question", send: "Send", typing: "Typing…",
    bot: "An AI assistant answers; ask for a person any time", waiting: "Connecting you to a person, please wait",
    human: (name) => `${name || "A person"} is helping you`, resolved: "This chat is closed; just write to go on",
    joined: (name) => `${name || "A person"} joined`, back: "The AI assistant is with you again",
    failed: "Your message was not sent", retry: "Retry",
    you: "You", assistant: "AI assistant", staff: "Support", log: "Conversation", choose: "Choose one",
  },
};

const STYLE = `
:host{--accent:var(--warmdesk-accent,#bf4e2a);--on:#fff;--bg:#fff;--soft:#f6f3f0;--line:#e6e0db;--text:#26211e;--dim:#6d645e;
--mine:#fbe9e1;font:15px/1.55 system-ui,-apple-system,"PingFang SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif;color:var(--text)}
@media(prefers-color-scheme:dark){:host{--accent:var(--warmdesk-accent,#e07b52);--on:#1d1815;--bg:#211d1b;--soft:#2c2724;--line:#423a35;
--text:#f1ebe6;--dim:#b0a59d;--mine:#4a3026}}
*{box-sizing:border-box}[hidden]{display:none!important}
button{font:inherit;cursor:pointer;border:0;border-radius:999px;color:inherit;background:none}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.launch,.panel{position:fixed;right:20px;bottom:20px;z-index:2147483000}
.launch{padding:12px 20px;background:var(--accent);color:var(--on);
font-weight:600;box-shadow:0 6px 20px #0003}
.panel{width:380px;height:min(620px,calc(100dvh - 40px));display:flex;
flex-direction:column;background:var(--bg);border:1px solid var(--line);border-radius:16px;overflow:hidden;box-shadow:0 12px 40px #0003}
:host([inline]) .panel{position:static;width:100%;height:100%;box-shadow:none}
header{display:flex;align-items:center;gap:10px;padding:12px 14px;border-bottom:1px solid var(--line);background:var(--soft)}
.face{flex:none;width:36px;height:36px;border-radius:50%;background:var(--accent);color:var(--on);display:grid;place-items:center;font-weight:700}
.who{flex:1;min-width:0}.who b{display:flex;gap:8px;align-items:center}
.who small{display:block;color:var(--dim);overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.badge{font-size:11px;font-weight:500;border:1px solid var(--accent);color:var(--accent);border-radius:4px;padding:0 5px;white-space:nowrap}
.tool{padding:4px 12px;border:1px solid var(--line);background:var(--bg);font-size:13px;white-space:nowrap}
.tool:hover{border-color:var(--accent);color:var(--accent)}
.log{flex:1;overflow-y:auto;padding:14px;display:flex;flex-direction:column;gap:8px}
.row{display:flex;flex-direction:column;align-items:flex-start;max-width:86%}
.row.customer{align-self:flex-end;align-items:flex-end}
.bubble{padding:8px 12px;border-radius:4px 14px 14px;background:var(--soft);white-space:pre-wrap;overflow-wrap:anywhere}
.customer .bubble{background:var(--mine);border-radius:14px 4px 14px 14px}
.staff .bubble{background:var(--bg);border:1px solid var(--accent)}
.cards{display:flex;flex-wrap:wrap;gap:6px}.cards .tool{white-space:normal;text-align:left}
.name{font-size:12px;color:var(--dim);margin-bottom:2px}
.note{align-self:center;font-size:12px;color:var(--dim);background:var(--soft);border-radius:999px;padding:2px 12px;text-align:center}
.note.bad{color:#b3261e}.note button{color:var(--accent);text-decoration:underline;padding:0 4px}
.typing{display:flex;gap:4px;padding:12px}.typing i{width:6px;height:6px;border-radius:50%;background:var(--dim);animation:dot 1s infinite}
form{display:flex;gap:8px;align-items:flex-end;padding:10px;border-top:1px solid var(--line)}
textarea{flex:1;resize:none;min-height:40px;max-height:120px;font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);
border-radius:12px;padding:8px 12px;field-sizing:content}
.send{padding:8px 16px;min-height:40px;background:var(--accent);color:var(--on);font-weight:600}.send:disabled{opacity:.45;cursor:default}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@keyframes dot{50%{opacity:.25}}
@media(max-width:480px){:host(:not([inline])) .panel{right:0;bottom:0;width:100%;height:100dvh;border:0;border-radius:0}}
@media(prefers-reduced-motion:reduce){*{animation:none!important}}`;

/** Makes an element with attributes and children; strings become text nodes. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Reads server-sent events from a fetch response: yields {id, event, data} with data parsed. */
export async function* readEvents(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const found = { id: null, event: "message", data: [] };
      for (const line of block.split("\n")) {
        const at = line.indexOf(":");
        if (at < 1) continue;
        const text = line.slice(at + 1).replace(/^ /, "");
        const field = line.slice(0, at);
        if (field === "data") found.data.push(text);
        else if (field in found) found[field] = text;
      }
      if (found.data.length) yield { ...found, data: JSON.parse(found.data.join("\n")) };
    }
  }
}

/** Removes what the server refuses: control characters and halves of characters. */
export function clean(text) {
  const whole = text.toWellFormed ? text.toWellFormed() : text;
  return whole.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, "").trim();
}

const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, "0")).join("");
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Storage may be forbidden in a frame; then the chat lives as long as the page. */
const memory = new Map();
function keep(store, name, value) {
  try {
    if (value === undefined) return JSON.parse(window[store].getItem(name));
    window[store].setItem(name, JSON.stringify(value));
  } catch { if (value === undefined) return memory.get(name) ?? null; memory.set(name, value); }
  return value;
}

class Refused extends Error {
  constructor(status, error) { super(error?.message ?? `HTTP ${status}`); this.status = status; this.code = error?.code; }
}

export class WarmdeskChat extends HTMLElement {
  static observedAttributes = ["customer", "signature", "lang", "heading"];
  #ready = false; #state = "bot"; #agent = null; #turns = 0; #seen = new Set(); #session = null; #opening = null;
  #listener = null; #lastEvent = null; #cards = null;
  staffKey = null;

  connectedCallback() {
    if (!this.#ready) this.#build();
    this.#ready = true;
    if (this.hasAttribute("open") || this.hasAttribute("inline")) this.show(false);
  }
  disconnectedCallback() { this.#listener?.abort(); this.#listener = null; }
  attributeChangedCallback(name, before, after) {
    if (!this.#ready || before === after) return;
    if (name === "lang" || name === "heading") this.#label();
    else queueMicrotask(() => this.restart());
  }

  #get(name) { return this.getAttribute(name); }
  get #t() { return STRINGS[(this.#get("lang") || document.documentElement.lang || "zh").startsWith("en") ? "en" : "zh-CN"]; }
  get #server() { return (this.#get("server") || new URL(import.meta.url).origin).replace(/\/$/, ""); }
  get #store() { return `warmdesk ${this.#server} ${this.#get("customer") || ""}`; }

  /** Opens the panel. */
  show(focus = true) {
    this.panel.hidden = false; this.launch.hidden = true;
    if (focus) this.input.focus();
    this.#open().catch(() => {});
  }
  /** Closes the panel. */
  hide() { if (this.hasAttribute("inline")) return; this.panel.hidden = true; this.launch.hidden = false; this.launch.focus(); }
  /** Says something in the customer's name. */
  ask(text) { this.show(); return this.#send(text); }
  /** Begins again, as when the customer changes. */
  restart() {
    this.#listener?.abort(); this.#listener = null; this.#session = null; this.#opening = null; this.#lastEvent = null;
    this.#seen.clear(); this.log.replaceChildren(); this.#setState("bot");
    if (!this.panel.hidden) this.#open().catch(() => {});
  }

  #build() {
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet(); sheet.replaceSync(STYLE); root.adoptedStyleSheets = [sheet];
    const button = (kind, onclick) => make("button", { class: kind, type: "button", onclick });
    this.launch = button("launch", () => this.show());
    this.face = make("span", { class: "face", "aria-hidden": "true" });
    this.titleText = make("span"); this.badge = make("span", { class: "badge" });
    this.status = make("small", { role: "status" });
    this.person = button("tool", () => this.#send(this.#t.askPerson));
    this.closer = button("tool", () => this.hide());
    this.log = make("div", { class: "log", role: "log", "aria-live": "polite", tabindex: "0" });
    this.input = make("textarea", { rows: "1", maxlength: "10000", enterkeyhint: "send" });
    this.button = make("button", { class: "send", type: "submit" });
    const form = make("form", { onsubmit: (event) => { event.preventDefault(); this.#submit(); } }, this.input, this.button);
    this.input.addEventListener("input", () => { this.button.disabled = !clean(this.input.value); });
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.#submit(); }
    });
    this.panel = make("section", { class: "panel", hidden: true },
      make("header", {}, this.face, make("div", { class: "who" }, make("b", {}, this.titleText, this.badge), this.status), this.person, this.closer),
      this.log, form);
    this.panel.addEventListener("keydown", (event) => { if (event.key === "Escape") this.hide(); });
    this.button.disabled = true;
    root.append(this.launch, this.panel);
    this.closer.hidden = this.hasAttribute("inline");
    this.launch.hidden = this.hasAttribute("inline");
    this.#label();
  }

  #label() {
    const t = this.#t; const title = this.#get("heading") || t.title;
    this.launch.textContent = t.title;
    this.face.textContent = [...title][0]; this.titleText.textContent = title; this.badge.textContent = t.ai;
    this.person.textContent = t.person; this.closer.textContent = t.close; this.button.textContent = t.send;
    this.panel.setAttribute("aria-label", title); this.log.setAttribute("aria-label", t.log);
    this.input.placeholder = t.placeholder; this.input.setAttribute("aria-label", t.placeholder);
    this.#setState(this.#state, this.#agent);
  }

  #setState(state, agent = null) {
    this.#state = state; this.#agent = agent;
    const text = this.#t[state]; this.status.textContent = typeof text === "function" ? text(agent) : text;
    this.badge.hidden = state === "human"; this.person.hidden = state === "waiting" || state === "human";
    this.#tell("state", { state, agent });
  }
  #tell(name, detail) { this.dispatchEvent(new CustomEvent(`warmdesk-${name}`, { detail })); }

  // What the server is asked.

  #headers() {
    const headers = { "content-type": "application/json" };
    if (this.staffKey) headers.authorization = `Bearer ${this.staffKey}`;
    if (this.#session && this.staffKey) headers["x-warmdesk-session"] = this.#session.token;
    else if (this.#session) headers.authorization = `Bearer ${this.#session.token}`;
    return headers;
  }
  async #fetch(path, options = {}) {
    const response = await fetch(this.#server + path, { ...options, headers: { ...this.#headers(), ...options.headers } });
    if (response.ok) return response;
    const body = await response.json().catch(() => null);
    throw new Refused(response.status, body?.error);
  }
  #proof() {
    const id = this.#get("customer");
    return id ? { id, signature: this.#get("signature") } : null;
  }
  /** Opens the session once, shows what was said before, and listens. */
  #open() {
    this.#opening ??= this.#begin().catch((error) => { this.#opening = null; throw error; });
    return this.#opening;
  }
  async #begin() {
    const listener = new AbortController(); this.#listener = listener;
    this.#session = keep("sessionStorage", this.#store);
    let history = null;
    if (this.#session) history = await this.#history().catch(() => null);
    if (!history) {
      this.#session = null;
      const body = { visitor: keep("localStorage", "warmdesk visitor") ?? undefined, customer: this.#proof() };
      this.#session = await (await this.#fetch("/api/v1/session", { method: "POST", body: JSON.stringify(body) })).json();
      keep("sessionStorage", this.#store, this.#session);
      if (!body.customer) keep("localStorage", "warmdesk visitor", this.#session.visitor);
      history = await this.#history().catch(() => null);
    }
    if (listener.signal.aborted) return;
    for (const message of history?.messages ?? []) this.#showMessage(message);
    this.#setState(history?.state ?? "bot");
    this.#listen(listener);
  }
  async #history() { return (await this.#fetch(`/api/v1/conversations/${this.#session.conversation}`)).json(); }

  async #listen(listener) {
    let wait = 1000;
    while (!listener.signal.aborted) {
      try {
        const headers = this.#lastEvent ? { "last-event-id": this.#lastEvent } : {};
        const path = `/api/v1/conversations/${this.#session.conversation}/stream`;
        const response = await this.#fetch(path, { headers, signal: listener.signal });
        wait = 1000;
        for await (const { id, event, data } of readEvents(response)) {
          if (id) this.#lastEvent = id;
          if (event === "message") this.#arrived(data);
          else if (event === "state") this.#changed(data);
        }
      } catch (error) {
        if (listener.signal.aborted) return;
        if (error instanceof Refused && error.status < 500 && error.status !== 429) return;
      }
      await pause(wait); wait = Math.min(wait * 2, 30000);
    }
  }
  #arrived(message) {
    if (message.author === "customer" || (message.author === "assistant" && this.#turns)) return;
    this.#showMessage(message);
  }
  #changed({ state, agent }) {
    if (state === this.#state && agent === this.#agent) return;
    const before = this.#state; this.#setState(state, agent);
    if (state === "human") this.#note(this.#t.joined(agent));
    else if (state === "resolved") this.#note(this.#t.resolved);
    else if (state === "bot" && before !== "bot") this.#note(this.#t.back);
  }

  #submit() {
    const text = clean(this.input.value); if (!text) return;
    this.input.value = ""; this.button.disabled = true; this.input.focus(); this.#send(text);
  }
  async #send(text, id = newId(), shown = null) {
    text = clean(text); if (!text) return;
    const row = shown ?? this.#row("customer", text);
    this.#turns += 1; const typing = this.#state === "bot" || this.#state === "resolved" ? this.#typing() : null;
    try {
      await this.#open();
      await this.#turn({ id, conversation: this.#session.conversation, message: text, context: this.#context(), channel: "widget" }, typing);
    } catch (error) {
      if (error instanceof Refused && error.status === 401) { keep("sessionStorage", this.#store, null); this.#opening = null; }
      const note = this.#note(`${this.#t.failed} `, true);
      note.append(make("button", { type: "button", onclick: () => { note.remove(); this.#send(text, id, row); } }, this.#t.retry));
    } finally { typing?.remove(); this.#turns -= 1; }
  }
  #context() { return { product: this.#get("product"), order: this.#get("order"), page: location.pathname }; }
  async #turn(body, typing) {
    const options = { method: "POST", body: JSON.stringify(body), headers: { accept: "text/event-stream" } };
    const response = await this.#fetch("/api/v1/chat", options);
    for await (const { event, data } of readEvents(response)) {
      if (event === "sentence") this.#sentence(data, typing);
      else if (event === "handoff" && data.mode === "now") this.#setState("waiting");
      else if (event === "done") this.#done(data);
      else if (event === "error") throw new Refused(503, data.error);
    }
  }
  #sentence(sentence, typing) {
    this.#tell("sentence", { sentence, row: this.#row("assistant", sentence.text, null, typing) });
  }
  #done(reply) {
    if (reply.message) this.#seen.add(reply.message);
    this.#offer(reply.choices);
    this.#tell("done", { reply, log: this.log });
  }

  // What stands on the page.

  #row(author, text, name = null, before = null) {
    const t = this.#t; const label = { customer: t.you, staff: name || t.staff }[author] ?? t.assistant;
    this.#cards?.remove(); this.#cards = null;
    const heading = make("span", { class: author === "staff" ? "name" : "sr" }, label);
    const row = make("div", { class: `row ${author}` }, heading, make("div", { class: "bubble" }, text));
    this.#add(row, before); return row;
  }
  #showMessage(message) {
    if (this.#seen.has(message.id)) return; this.#seen.add(message.id);
    const lines = message.author === "assistant" ? message.text.split("\n") : [message.text];
    for (const line of lines.filter(Boolean)) this.#row(message.author, line, message.name);
    for (const file of message.attachments) this.#row(message.author, `📎 ${file.url}`, message.name);
    this.#offer(message.choices);
  }
  /** Cards to choose from; they go as soon as anybody says something else. */
  #offer(choices) {
    if (!choices?.length) return;
    const card = ({ label, say }) => make("button", { class: "tool", type: "button", onclick: () => { this.input.focus(); this.#send(say); } }, label);
    this.#cards = make("div", { class: "cards", role: "group", "aria-label": this.#t.choose }, ...choices.map(card));
    this.#add(this.#cards);
  }
  #note(text, bad = false) { const note = make("div", { class: bad ? "note bad" : "note" }, text); this.#add(note); return note; }
  #typing() {
    const dots = make("div", { class: "row" }, make("div", { class: "bubble typing", "aria-hidden": "true" }, make("i"), make("i"), make("i")),
      make("span", { class: "sr" }, this.#t.typing));
    this.#add(dots); return dots;
  }
  #add(element, before = null) {
    const atEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 80 || element.classList.contains("customer");
    if (before?.isConnected) before.before(element); else this.log.append(element);
    if (atEnd) this.log.scrollTop = this.log.scrollHeight;
  }
}

if (!customElements.get("warmdesk-chat")) customElements.define("warmdesk-chat", WarmdeskChat);
