// The chat widget: <warmdesk-chat>. One file, no dependencies, no build step; docs/widget.md says how a shop's page uses it.
// Whatever anybody writes is put on the page as text nodes only.

const STRINGS = {
  "zh-CN": {
    lang: "zh-CN", title: "在线客服", ai: "AI 助手", close: "关闭", person: "转人工", askPerson: "转人工", send: "发送",
    placeholder: "请输入您的问题", more: "继续补充，都会附给同事", toPerson: "回复同事",
    bot: "AI 助手为您解答，可随时转人工", waiting: "已为您转人工，同事还没接手，可以继续补充",
    human: (name) => `人工客服 ${name} 正在为您服务`, resolved: "本次服务已结束，有问题可以继续提问",
    offline: "网络断开了，您发的消息会在恢复后送达", connecting: "正在重新连接…",
    joined: (name) => `人工客服 ${name} 已接入`, back: "人工服务已结束，AI 助手继续为您服务",
    you: "您", assistant: "AI 助手", staff: "人工客服", log: "聊天记录", choose: "请选择", typing: "正在输入",
    later: "还没送达，会自动重发", retry: "重发", failed: "没有发出去",
    unread: (count) => `在线客服，${count} 条未读消息`, welcome: "有什么可以帮您？",
    attach: "发送图片", remove: "移除图片", picture: "图片",
    badType: "只能发送 JPEG、PNG、WebP 或 GIF 图片", tooLarge: "图片不能超过 5 MB", tooMany: "一次最多发送 6 张图片",
    noPictures: "这里暂时不能发送图片", badUpload: "图片没有传上去，点一下重试",
    rate: "这次服务，您满意吗？", scores: ["很不满意", "不满意", "一般", "满意", "非常满意"], rateText: "想说点什么（选填）",
    rateSend: "提交评价", rateSkip: "暂不评价", rated: "谢谢您的评价", rateFailed: "评价没有提交成功，请稍后再试",
    why: "为什么看到这条", stop: "不再推荐", stopRule: "不再推荐这一类", stopAll: "不再推荐任何内容", nudge: "客服提示",
    reply: "去聊聊",
  },
  en: {
    lang: "en", title: "Support", ai: "AI assistant", close: "Close", person: "Talk to a person", askPerson: "I want to talk to a person",
    send: "Send", placeholder: "Type your question", more: "Add anything; your colleague will see it", toPerson: "Reply",
    bot: "Our AI assistant answers; ask for a person any time", waiting: "Waiting for a person; you can keep adding details",
    human: (name) => `${name || "A person"} is helping you`, resolved: "This chat is closed; just write to go on",
    offline: "You are offline; messages go out once you are back", connecting: "Reconnecting…",
    joined: (name) => `${name || "A person"} joined`, back: "The AI assistant is with you again",
    you: "You", assistant: "AI assistant", staff: "Support", log: "Conversation", choose: "Choose one", typing: "is typing",
    later: "Not delivered yet", retry: "Send again", failed: "Not sent",
    unread: (count) => `Support, ${count} unread`, welcome: "How can we help?",
    attach: "Send a picture", remove: "Remove the picture", picture: "Picture",
    badType: "Only JPEG, PNG, WebP or GIF pictures can be sent", tooLarge: "A picture may have 5 MB at most", tooMany: "At most 6 pictures at once",
    noPictures: "Pictures cannot be sent here", badUpload: "The picture was not uploaded; press to retry",
    rate: "How was this chat?", scores: ["Very bad", "Bad", "Fair", "Good", "Very good"], rateText: "Anything to add? (optional)",
    rateSend: "Send", rateSkip: "Not now", rated: "Thank you for your rating", rateFailed: "The rating was not sent; please try again later",
    why: "Why", stop: "No more of these", stopRule: "No more of this kind", stopAll: "No more suggestions", nudge: "Hint",
    reply: "Let's talk",
  },
};

const ACCENT = "#bf4e2a";
const DARK = `--bg:#211d1b;--soft:#2d2825;--line:#453d38;--text:#f3ede8;--dim:#b5aaa2;--bad:#ff9e92;--ink:var(--ink-dark);--shade:#0009;color-scheme:dark`;
const STYLE = `
:host{all:initial;--bg:#fff;--soft:#f5f2ef;--line:#e5dfda;--text:#26211e;--dim:#6b625c;--bad:#b3261e;--ink:var(--ink-light);--shade:#2b1d141f;
color-scheme:light;font:15px/1.55 system-ui,-apple-system,"PingFang SC","Noto Sans CJK SC","Noto Sans SC","Microsoft YaHei",sans-serif;color:var(--text)}
@media(prefers-color-scheme:dark){:host(:not([theme=light])){${DARK}}}
:host([theme=dark]){${DARK}}
*{box-sizing:border-box}[hidden]{display:none!important}
button:enabled:hover{filter:brightness(.93)}button{font:inherit;cursor:pointer;border:0;padding:0;color:inherit;background:none}
:focus-visible{outline:2px solid var(--ink);outline-offset:2px}
svg{width:20px;height:20px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round;display:block;flex:none}
.launch,.panel,.nudge.out{position:fixed;right:var(--warmdesk-side,20px);bottom:var(--warmdesk-bottom,20px);z-index:2147483000}
:host([position=left]) :is(.launch,.panel,.nudge.out){right:auto;left:var(--warmdesk-side,20px)}
.launch{display:flex;align-items:center;gap:8px;height:52px;padding:0 20px 0 16px;border-radius:26px;background:var(--accent);color:var(--on);
font-weight:600;box-shadow:0 8px 24px var(--shade)}
.launch svg{width:24px;height:24px}
.count{position:absolute;top:-4px;right:-4px;min-width:22px;height:22px;padding:0 6px;border-radius:11px;background:#d3261b;color:#fff;
border:2px solid var(--bg);font-size:12px;line-height:18px;text-align:center}
.panel{width:380px;max-width:calc(100vw - 40px);height:min(600px,calc(100dvh - 40px));display:flex;flex-direction:column;background:var(--bg);
border:1px solid var(--line);border-radius:18px;overflow:hidden;box-shadow:0 16px 48px var(--shade);animation:rise .18s ease-out}
:host([inline]) .panel{position:relative;inset:auto;width:100%;max-width:none;height:100%;box-shadow:none;animation:none}
header{display:flex;align-items:center;gap:10px;padding:12px 10px 12px 14px}
.face{flex:none;width:38px;height:38px;border-radius:50%;background:var(--accent);color:var(--on);display:grid;place-items:center;font-weight:600;font-size:17px}
.who{flex:1;min-width:0}.who b{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;line-height:1.35}
.badge{display:inline-block;font-size:11px;line-height:16px;border-radius:5px;padding:0 6px;background:var(--tint);color:var(--ink)}.staff .bubble{background:var(--tint)}
.tool{padding:6px 14px;border:1px solid var(--line);border-radius:999px;font-size:13px;white-space:nowrap}
.round{width:34px;height:34px;border-radius:50%;display:grid;place-items:center;color:var(--dim);flex:none}
.line{display:flex;align-items:center;gap:8px;padding:6px 14px;border-block:1px solid var(--line);background:var(--soft);font-size:12px;color:var(--dim)}
.line::before{content:"";flex:none;width:7px;height:7px;border-radius:50%;background:var(--ink)}
.line.human::before{background:#2e9e5b}.line.waiting::before{background:#d98a00;animation:dot 1.6s infinite}
.line.off::before{background:var(--bad)}
.log{flex:1;overflow-y:auto;overscroll-behavior:contain;padding:14px;display:flex;flex-direction:column;gap:4px}
.row{display:flex;flex-direction:column;align-items:flex-start;max-width:84%}
.row.first{margin-top:8px}
.row.customer{align-self:flex-end;align-items:flex-end}
.bubble{padding:8px 12px;border-radius:14px;background:var(--soft);white-space:pre-wrap;overflow-wrap:anywhere}
.assistant.first .bubble,.staff.first .bubble{border-top-left-radius:4px}
.customer .bubble{background:var(--accent);color:var(--on)}.customer.first .bubble{border-top-right-radius:4px}
.bubble a{color:var(--ink)}
.name{font-size:12px;color:var(--dim);margin-bottom:3px}
.fate{font-size:12px;color:var(--dim);margin-top:2px}.fate button{color:var(--ink);text-decoration:underline;padding:2px 4px}
.pending .bubble{opacity:.7}
.shot{display:block;border-radius:12px;overflow:hidden;border:1px solid var(--line);background:var(--soft);min-width:72px;min-height:48px}
.shot img{display:block;max-width:200px;max-height:200px}
.cards{display:flex;flex-wrap:wrap;gap:8px;margin-top:6px}
.card{padding:6px 14px;border:1px solid var(--ink);border-radius:999px;color:var(--ink);background:var(--bg);text-align:left;overflow-wrap:anywhere}
.note{align-self:center;font-size:12px;color:var(--dim);padding:6px 14px;text-align:center}
.typing{display:flex;align-items:center;gap:4px;min-height:39px}.typing i:nth-child(2){animation-delay:.2s}.typing i{width:6px;height:6px;border-radius:50%;background:var(--dim);animation:dot 1.2s infinite}
.hello{margin:auto 0;padding:8px 4px;text-align:center;display:grid;gap:6px;justify-items:center}
.hello .face{width:56px;height:56px}.hello svg{width:28px;height:28px}.hello b{font-size:18px;margin-top:8px}.hello p{margin:0;color:var(--dim);max-width:19em}
.hello .cards{justify-content:center;margin-top:14px}
.write{display:flex;gap:4px;align-items:flex-end;margin:0 12px;padding:4px;border:1px solid var(--line);border-radius:22px;background:var(--bg)}
.write:focus-within{border-color:var(--ink)}
textarea{flex:1;min-width:0;resize:none;height:36px;max-height:120px;font:inherit;color:inherit;background:none;border:0;outline:0!important;padding:6px 8px;overflow-y:auto}
textarea::placeholder{color:var(--dim);opacity:1}
.send{width:36px;height:36px;background:var(--accent);color:var(--on)}
.send:disabled{background:var(--soft);color:var(--dim);cursor:default}
.foot{padding:10px 0 calc(12px + env(safe-area-inset-bottom));border-top:1px solid var(--line)}
.alert{margin:0 14px 8px;font-size:12px;color:var(--bad)}
.picks{display:flex;gap:8px;padding:0 14px 10px;flex-wrap:wrap}
.pick{position:relative}.pick img{width:60px;height:60px;border-radius:10px;object-fit:cover;display:block}
.pick.busy img{opacity:.45}.pick.bad img{opacity:.45;outline:2px solid var(--bad)}
.pick .drop{position:absolute;top:-7px;right:-7px;width:22px;height:22px;background:var(--text);color:var(--bg)}
.drop svg{width:12px;stroke-width:3}
.rate{align-self:stretch;margin:12px 0 4px;padding:14px;border:1px solid var(--line);border-radius:16px;display:grid;gap:10px;text-align:center;background:var(--bg)}
.rate fieldset{border:0;margin:0;padding:0;display:grid;gap:8px}.rate legend{padding:0;margin:0 auto 8px;font-weight:600}
.stars{display:flex;justify-content:center;gap:2px}.stars label{position:relative;padding:5px;cursor:pointer;color:var(--line);border-radius:8px}
.stars label.on{color:#e29a00}.stars svg{width:30px;height:30px;fill:currentColor}
.stars input{position:absolute;inset:0;opacity:0;margin:0;cursor:pointer}.stars label:has(:focus-visible){outline:2px solid var(--ink)}
.rate textarea{border:1px solid var(--dim);border-radius:10px;height:60px}
.pair{display:flex;justify-content:center;gap:14px;align-items:center}
.main{padding:6px 14px;border-radius:999px;background:var(--accent);color:var(--on);font-weight:600}.main:disabled{opacity:.45;cursor:default}
.quiet{color:var(--dim);font-size:12px;white-space:nowrap}
.nudge{position:relative;padding:14px;border:1px solid var(--line);border-radius:16px;background:var(--bg);display:grid;gap:8px}
.nudge.out{width:320px;max-width:calc(100vw - 32px);bottom:calc(var(--warmdesk-bottom,20px) + 64px);box-shadow:0 16px 48px var(--shade);animation:rise .18s ease-out}
.log .nudge{align-self:stretch;margin-top:10px}
.nudge .top{display:flex;gap:10px;align-items:flex-start}.nudge .face{width:30px;height:30px}.nudge svg{width:16px}
.nudge p{margin:0;flex:1;min-width:0;overflow-wrap:anywhere;white-space:pre-wrap;padding-top:3px}.nudge .round{margin:-6px -8px 0 -6px}
.nudge small{font-size:12px;color:var(--dim);overflow-wrap:anywhere}
.under{display:flex;justify-content:space-between;gap:8px;align-items:flex-end;border-top:1px solid var(--line);padding-top:8px}
.menu{display:grid;gap:2px;justify-items:end}
.big{position:absolute;inset:0;z-index:3;display:grid;place-items:center;background:var(--bg);padding:16px}.big img{max-width:100%;max-height:100%;object-fit:contain}
.big .round{position:absolute;top:10px;right:10px}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@keyframes dot{50%{opacity:.25}}@keyframes rise{from{opacity:0;transform:translateY(10px)}}
@media(max-width:480px){:host(:not([inline])) .panel{inset:var(--top,0) 0 auto 0!important;width:100%;max-width:none;height:var(--high,100dvh);border:0;border-radius:0}
textarea{font-size:16px}.nudge.out{left:16px!important;right:16px!important;width:auto}.launch{padding:0;width:56px;height:56px;border-radius:50%;justify-content:center}.launch .text{display:none}
}
@media(prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}}
`;

const ICONS = {
  chat: "M4 5.5h16v11H10l-4.5 3.5v-3.5H4z", close: "M6 6l12 12M18 6L6 18", down: "M6 9l6 6 6-6", send: "M5 12h13M12 5.5l6.5 6.5-6.5 6.5",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 2.5-2.5L20 17M15.5 9h.01", star: "M12 3l2.7 5.8 6.3.8-4.6 4.3 1.2 6.3L12 17.1 6.4 20.2l1.2-6.3L3 9.6l6.3-.8z",
  spark: "M12 4l1.8 5.2L19 11l-5.2 1.8L12 18l-1.8-5.2L5 11l5.2-1.8zM18.5 4v3M17 5.5h3",
};

const PICTURE_TYPES = ["image/jpeg", "image/png", "image/webp", "image/gif"];
const PICTURE_BYTES = 5 * 1024 * 1024;
/** As long a side as shows a fault; a larger photograph is made smaller. */
const PICTURE_SIDE = 2400;
const MOST_PICTURES = 6;
const HEAD_MILLISECONDS = 20000;
/** The server says something every 15 seconds; after three times that nobody is there. */
const SILENCE_MILLISECONDS = 45000;
const REST_MILLISECONDS = 20000;
const TYPING_MILLISECONDS = 3000;
const NEW_TIME_MILLISECONDS = 15 * 60000;
const NUDGE_MILLISECONDS = 10 * 60000;
const DAY_MILLISECONDS = 24 * 3600000;
const CLOSED = "warmdesk closed nudges";

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

/** A button; what is no text in it needs a label. */
const press = (kind, onclick, inside, label) => make("button", { class: kind, type: "button", "aria-label": label, title: label, onclick }, inside);

const face = (inside = icon("spark")) => make("span", { class: "face", "aria-hidden": "true" }, inside);

function icon(name) {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  for (const [key, value] of [["viewBox", "0 0 24 24"], ["aria-hidden", "true"]]) svg.setAttribute(key, value);
  path.setAttribute("d", ICONS[name]); svg.append(path);
  return svg;
}

/** Reads server-sent events; `alive` hears every byte. */
export async function* readEvents(response, alive) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    alive?.();
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

/** Where storage is forbidden, the chat lives as long as the page. */
const memory = new Map();
function keep(store, name, value) {
  try {
    if (value === undefined) return JSON.parse(window[store].getItem(name));
    if (value === null) window[store].removeItem(name);
    else window[store].setItem(name, JSON.stringify(value));
  } catch { if (value === undefined) return memory.get(name) ?? null; memory.set(name, value); }
  return value;
}

class Refused extends Error {
  constructor(status, error, after) { super(error?.message ?? `HTTP ${status}`); this.status = status; this.code = error?.code; this.after = after; }
  get absent() { return this.code === "route_not_found" || this.status === 405; }
  get sessionGone() { return this.status === 401 || this.code === "conversation_not_found"; }
  get passing() { return this.status >= 500 || [408, 425, 429].includes(this.status); }
}

/**
 * The line to the server: what is sent, what arrives. It knows nothing of the page and tells everything by `tell`. A message
 * stays in the outbox, over reloads too, until the server has it; its id makes sending it twice harmless. The stream is
 * opened before the history is read, so that nothing falls between the two.
 */
class Line {
  session = null; outbox = []; lastSeen = null;
  #host; #tell; #name = ""; #place = "sessionStorage"; #opening = null; #told = null; #lastEvent = null; #ended = false; #flushing = false; #resting = false;
  #attempt = null; #sleepers = new Set(); #absent = new Set(); #events = [];

  constructor(host, tell) { this.#host = host; this.#tell = (what, data) => { if (!this.#ended) tell(what, data); }; }

  open() { return this.#opening ??= this.#begin().catch((error) => { this.#opening = null; throw error; }); }
  /** Opens it only for who has signed in or was here before. */
  async resume() {
    const proof = await this.#who();
    if (proof?.signature || this.#kept()) await this.open();
  }
  end() { this.#ended = true; this.#attempt?.abort(); this.wake(); }
  forget() { for (const part of ["outbox", "draft", "nudge"]) this.keep(part, null); this.share("session", null); }
  wake() {
    this.#resting = false;
    for (const wake of this.#sleepers) wake();
    this.#sleepers.clear();
  }
  /** Stops listening until woken; browsers allow few open streams. */
  rest() { this.#resting = true; this.#attempt?.abort(); }

  async #who() {
    const proof = await this.#host.proof();
    this.#name = `warmdesk ${this.#host.server} ${proof?.id ?? ""}`;
    this.#place = proof ? "sessionStorage" : "localStorage";
    return proof;
  }
  #kept() {
    const kept = this.share("session");
    return Date.now() - kept?.at < DAY_MILLISECONDS ? kept : null;
  }
  /** Keeps something in this tab; without a value it is read, with null removed. */
  keep(part, value, place = "sessionStorage") { return this.#name ? keep(place, `${this.#name} ${part}`, value) : null; }
  /** Over tabs too, except for a customer, proven in each anew. */
  share(part, value) { return this.keep(part, value, this.#place); }

  async #begin() {
    const proof = await this.#who();
    const written = this.outbox.map(({ id }) => id);
    this.outbox = [...(this.keep("outbox") ?? []).filter(({ id }) => !written.includes(id)), ...this.outbox]; this.#store();
    this.session = this.#kept();
    if (!this.session) await this.#renew(proof);
    if (!proof) keep("localStorage", this.#before, this.session.token);
    const told = new Promise((resolve) => { this.#told = resolve; });
    this.#listen();
    await told;
    this.flush();
  }
  /** The name of the visitor's token, which counts for whoever signs in next. */
  get #before() { return `warmdesk ${this.#host.server} visitor token`; }
  async #renew(proof) {
    const visitor = proof ? undefined : keep("localStorage", "warmdesk visitor") ?? undefined;
    let visitor_token = proof?.signature ? keep("localStorage", this.#before) ?? undefined : undefined;
    this.#lastEvent = null;
    const ask = (body) => this.request("/api/v1/session", { method: "POST", body: { visitor, ...body }, token: "" });
    const answer = await ask({ customer: proof, visitor_token }).catch((error) => {
      if (error.code !== "invalid_signature") throw error;
      console.warn("warmdesk: the signature is wrong");
      visitor_token = undefined;
      return ask({});
    });
    this.session = { ...await answer.json(), at: Date.now() };
    this.share("session", this.session);
    if (visitor_token) keep("localStorage", this.#before, null);
    if (!proof) keep("localStorage", "warmdesk visitor", this.session.visitor);
  }

  #headers(token = this.session?.token) {
    const { staffKey } = this.#host;
    if (!staffKey) return token ? { authorization: `Bearer ${token}` } : {};
    return { authorization: `Bearer ${staffKey}`, ...(token && { "x-warmdesk-session": token }) };
  }
  /** The head has to come in time; what follows may take longer. */
  async request(path, { method = "GET", body, raw, headers = {}, token, control = new AbortController() } = {}) {
    const late = setTimeout(() => control.abort(), raw ? 6 * HEAD_MILLISECONDS : HEAD_MILLISECONDS);
    try {
      const type = raw ? { "content-type": raw.type } : body && { "content-type": "application/json" };
      const sent = { ...this.#headers(token), ...type, ...headers };
      const response = await fetch(this.#host.server + path, { method, body: raw ?? (body && JSON.stringify(body)), signal: control.signal, headers: sent });
      if (response.ok) return response;
      const told = await response.json().catch(() => null);
      throw new Refused(response.status, told?.error, Number(response.headers.get("retry-after")) * 1000);
    } finally { clearTimeout(late); }
  }
  /** Asks at a door that a server may lack: null if it does. */
  async optional(door, options, id = "") {
    if (this.#absent.has(door)) return null;
    await this.open();
    const path = door[0] === "/" ? this.#path(door) : `/api/v1/${door}${id}`;
    try { return await this.request(path, { method: "POST", ...options }); } catch (error) {
      if (!error.absent) throw error;
      this.#absent.add(door); return null;
    }
  }
  #sleep(milliseconds) {
    return new Promise((resolve) => { this.#sleepers.add(resolve); setTimeout(resolve, milliseconds); });
  }

  async #listen() {
    for (let wait = 1000; !this.#ended; wait = Math.min(wait * 2, 30000)) {
      this.#attempt = new AbortController();
      try {
        await this.#hear(this.#attempt, () => { wait = 500; });
      } catch (error) {
        if (error.sessionGone) await this.#begunAnew().catch(() => {});
        else if (error.passing === false) this.#told();
      }
      if (this.#ended) return;
      this.#tell("connected", false);
      await this.#sleep(this.#resting ? 2 ** 31 - 1 : wait);
    }
  }
  async #hear(attempt, begun) {
    const headers = this.#lastEvent ? { "last-event-id": this.#lastEvent } : {};
    const response = await this.request(this.#path("/stream"), { headers, control: attempt });
    if (!this.#lastEvent) await this.sync();
    begun(); this.#told(); this.#tell("connected", true);
    for await (const { id, event, data } of readEvents(response, watch(attempt))) {
      if (id) this.#lastEvent = id;
      this.#tell(event, data);
    }
  }
  /** A new session, whose conversation may be another. */
  async #begunAnew() {
    const { conversation } = this.session;
    await this.#renew(await this.#host.proof());
    if (this.session.conversation !== conversation) this.#tell("restarted");
  }
  async sync() { this.#tell("history", await (await this.request(this.#path())).json()); }
  #path(door = "") { return `/api/v1/conversations/${this.session.conversation}${door}`; }

  send(text, attachments = []) {
    const item = { id: newId(), text, attachments, after: this.lastSeen };
    this.outbox.push(item); this.#store();
    setTimeout(() => this.flush());
    return item;
  }
  resend(item) { if (!this.outbox.includes(item)) { this.outbox.push(item); this.#store(); } this.wake(); this.flush(); }
  drop(item) { this.outbox = this.outbox.filter((other) => other.id !== item.id); this.#store(); }
  #store() { this.keep("outbox", this.outbox); }

  /** Sends the outbox in its order; answers come beside each other. */
  async flush() {
    if (this.#flushing || this.#ended) return;
    this.#flushing = true;
    for (let wait = 1000; this.outbox.length && !this.#ended;) {
      const item = this.outbox[0];
      try {
        await this.open();
        if (this.outbox[0] !== item) continue;
        await this.#post(item);
        wait = 1000;
      } catch (error) {
        if (this.#ended) break;
        if (this.outbox[0] !== item) continue;
        if (error.passing === false && !error.sessionGone) { this.drop(item); this.#tell("refused", item); continue; }
        if (error.sessionGone) await this.#begunAnew().catch(() => {});
        this.#tell("delayed", item);
        await this.#sleep(error.after || wait); wait = Math.min(wait * 2, 30000);
      }
    }
    this.#flushing = false;
  }
  async #post(item) {
    const control = new AbortController();
    const attachments = item.attachments.map(({ url }) => ({ type: "image", url }));
    const body = { id: item.id, conversation: this.session.conversation, message: item.text, context: this.#host.page(), channel: "widget", attachments };
    const response = await this.request("/api/v1/chat", { method: "POST", body, headers: { accept: "text/event-stream" }, control });
    this.drop(item); this.#tell("sent", item);
    this.#answer(item, response, control);
  }
  /** An answer that breaks off arrives with the stream. */
  async #answer(item, response, control) {
    let ended = false;
    try {
      for await (const { event, data } of readEvents(response, watch(control))) {
        if (event === "sentence") this.#tell("sentence", { item, sentence: data });
        else if (event === "handoff" && data.mode === "now") this.#tell("state", { state: "waiting", agent: null });
        else if (event === "done") { ended = true; this.#tell("done", { item, reply: data }); }
        else if (event === "error") break;
      }
    } catch { /* told below */ }
    if (ended) return;
    this.#tell("broken", item);
    this.sync().catch(() => {});
  }

  /** What cannot be told now goes with the next. */
  async track(event) {
    this.#events = [...this.#events, event].slice(-20);
    for (const one of this.#events.splice(0)) {
      try {
        const answer = await this.optional("events", { body: one });
        for (const nudge of (await answer?.json())?.nudges ?? []) this.#tell("nudge", nudge);
      } catch (error) { if (error.passing !== false) this.#events.push(one); }
    }
  }
}

function watch(control) {
  let timer;
  const alive = () => { clearTimeout(timer); timer = setTimeout(() => control.abort(), SILENCE_MILLISECONDS); };
  control.signal.addEventListener("abort", () => clearTimeout(timer));
  alive();
  return alive;
}

// Whatever a shop's colour is, what stands on it and what is written in it can be read.

function channels(color) {
  const probe = make("i"); probe.style.color = color; document.documentElement.append(probe);
  const found = probe.style.color && getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number); probe.remove();
  return found?.length === 3 ? found : null;
}
const light = (rgb) => rgb.reduce((sum, n, i) => sum + [0.21, 0.72, 0.07][i] * (n / 255) ** 2.2, 0.05);
const contrast = (one, other) => Math.max(light(one) / light(other), light(other) / light(one));
function readable(color, ground, towards) {
  let found = color;
  for (let part = 0; part <= 1 && contrast(found, ground) < 4.7; part += 0.06) found = color.map((n, i) => Math.round(n + (towards[i] - n) * part));
  return `rgb(${found})`;
}

export class WarmdeskChat extends HTMLElement {
  static observedAttributes = ["customer", "signature", "lang", "heading", "color", "product", "starters"];
  staffKey = null; identity = null;
  #ready = false; #line = null; #state = "bot"; #agent = null; #online = true; #connected = true; #restarting = false;
  #seen = new Map(); #own = new Map(); #turns = new Map(); #held = new Map(); #cards = null; #unread = 0; #picks = []; #typed = 0;
  #nudge = null; #waitingNudges = []; #typist = null; #restTimer = null; #lastAt = 0; #rate = null; #told = false; #sheet = new CSSStyleSheet(); #left = null;

  connectedCallback() {
    if (!this.#ready) this.#build();
    this.#ready = true;
    this.#begin();
    this.#left = new AbortController();
    const on = (target, name, handler) => target.addEventListener(name, handler, { signal: this.#left.signal });
    on(window, "online", () => { this.#net(true); this.#line.wake(); this.#line.flush(); });
    on(window, "offline", () => { this.#net(false); this.#line.rest(); });
    on(document, "visibilitychange", () => this.#visible());
    on(window.visualViewport ?? window, "resize", () => this.#fit());
    if (this.hasAttribute("open") || this.hasAttribute("inline")) this.show(false);
    this.#viewed();
  }
  disconnectedCallback() { this.#line.end(); this.#left.abort(); }
  attributeChangedCallback(name, before, after) {
    if (!this.#ready || before === after) return;
    if (name === "customer" || name === "signature") this.#soonAgain();
    else if (name === "product") this.#viewed();
    else if (name === "color") this.#paint();
    else this.#label();
  }

  #get(name) { return this.getAttribute(name); }
  get #t() { return STRINGS[(this.#get("lang") || document.documentElement.lang || "zh").toLowerCase().startsWith("en") ? "en" : "zh-CN"]; }
  get server() { return (this.#get("server") || new URL(import.meta.url).origin).replace(/\/$/, ""); }
  get #isOpen() { return !this.panel.hidden; }

  // What a page may call.

  show(focus = true) {
    this.panel.hidden = false; this.launch.hidden = true; this.#fit(); this.#count(0); this.#read();
    if (this.#nudge?.out) this.#placeNudge();
    if (focus) this.#focus();
    this.#scroll(true);
    this.#line.open().catch(() => {});
  }
  /** A telephone's keyboard would cover what is there to read. */
  #focus() { (matchMedia("(pointer:coarse)").matches ? this.panel : this.input).focus(); }
  hide() {
    if (this.hasAttribute("inline")) return;
    this.panel.hidden = true; this.launch.hidden = false; this.launch.focus();
    this.#nextNudge();
  }
  ask(text) { this.show(); this.#say(clean(text)); }
  restart() {
    this.#line.end(); this.#line.forget();
    this.#clear();
    this.#begin();
    if (this.#isOpen) this.#line.open().catch(() => {});
  }
  context(page) {
    for (const name of ["product", "order"]) if (page[name]) this.setAttribute(name, page[name]); else if (name in page) this.removeAttribute(name);
  }
  track(type, details = {}) { return this.#line.track({ id: newId(), type, at: new Date().toISOString(), ...details }); }
  identify(identity) {
    const same = typeof identity !== "function" && JSON.stringify(identity ?? null) === JSON.stringify(this.identity);
    this.identity = identity ?? null;
    if (!same) this.#soonAgain();
  }

  async proof() {
    const told = typeof this.identity === "function" ? await this.identity() : this.identity;
    const id = told?.customer ?? told?.id ?? this.#get("customer");
    return id ? { id: String(id), signature: told ? told.signature : this.#get("signature") } : null;
  }
  page() { return { product: this.#get("product"), order: this.#get("order"), page: location.pathname }; }

  #begin() {
    this.#line = new Line(this, (what, data) => this.#heard[what]?.(data));
    this.#line.resume().catch(() => {});
  }
  /** Several changes at once lead to one new beginning. */
  #soonAgain() {
    if (this.#restarting) return;
    this.#restarting = true;
    queueMicrotask(() => { this.#restarting = false; this.restart(); });
  }
  #clear() {
    for (const part of [this.#seen, this.#own, this.#turns, this.#held]) part.clear();
    this.#cards = null; this.#rate = null; this.#lastAt = 0; this.#dropPicks(); this.#closeNudge(); this.#waitingNudges = [];
    this.#count(0); this.#told = false; this.log.replaceChildren(this.hello, this.dots); this.hello.hidden = false; this.#dots();
    this.#setState("bot");
  }
  #viewed() {
    const product = this.#get("product");
    if (product && this.hasAttribute("track")) this.track("product_viewed", { product });
  }
  #tell(name, detail) { this.dispatchEvent(new CustomEvent(`warmdesk-${name}`, { detail, bubbles: true })); }

  #build() {
    const root = this.attachShadow({ mode: "open" });
    const style = new CSSStyleSheet(); style.replaceSync(STYLE); root.adoptedStyleSheets = [style, this.#sheet];
    this.launchText = make("span", { class: "text" }); this.counter = make("span", { class: "count", hidden: true, "aria-hidden": "true" });
    this.launch = press("launch", () => this.show(), icon("chat")); this.launch.append(this.launchText, this.counter);
    this.launch.ariaHasPopup = "dialog";
    this.face = face(""); 
    this.titleText = make("b", { id: "title" }); this.badge = make("span", { class: "badge" });
    this.status = make("div", { class: "line", role: "status" });
    this.person = press("tool person", () => { this.#focus(); this.#say(this.#t.askPerson); });
    this.closer = press("round", () => this.hide(), icon("down"));
    this.dots = make("div", { class: "row assistant", hidden: true }, make("div", { class: "bubble typing", "aria-hidden": "true" }, make("i"), make("i"), make("i")), make("span", { class: "sr" }));
    this.hello = this.#welcome();
    this.log = make("div", { class: "log", role: "log", "aria-live": "polite", tabindex: "0" }, this.hello, this.dots);
    this.panel = make("section", { class: "panel", role: "dialog", "aria-labelledby": "title", hidden: true, tabindex: "-1" },
      make("header", {}, this.face, make("div", { class: "who" }, this.titleText, this.badge), this.person, this.closer),
      this.status, this.log, this.#composer());
    const given = (event) => {
      const { files, types } = event.dataTransfer ?? event.clipboardData;
      if (this.attach.hidden || !types.includes("Files")) return;
      event.preventDefault(); this.#pick([...files]);
    };
    for (const name of ["dragover", "drop", "paste"]) this.panel.addEventListener(name, given);
    this.panel.addEventListener("keydown", (event) => this.#key(event));
    this.closer.hidden = this.launch.hidden = this.hasAttribute("inline");
    root.append(this.launch, this.panel);
    this.#paint(); this.#label();
  }
  #welcome() {
    this.starters = make("div", { class: "cards" });
    return make("div", { class: "hello" }, face(), make("b"), make("p"), this.starters);
  }
  #composer() {
    this.input = make("textarea", { rows: "1", maxlength: "10000", enterkeyhint: "send" });
    this.button = make("button", { class: "round send", type: "submit", disabled: true }, icon("send"));
    this.file = make("input", { type: "file", accept: PICTURE_TYPES.join(","), multiple: true, hidden: true });
    this.attach = press("round", () => this.file.click(), icon("picture"));
    this.alert = make("p", { class: "alert", role: "alert", hidden: true }); this.picks = make("div", { class: "picks", hidden: true });
    this.file.addEventListener("change", () => { this.#pick([...this.file.files]); this.file.value = ""; });
    this.input.addEventListener("input", () => this.#typing());
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.#submit(); }
    });
    return make("form", { class: "foot", onsubmit: (event) => { event.preventDefault(); this.#submit(); } },
      this.alert, this.picks, make("div", { class: "write" }, this.attach, this.file, this.input, this.button));
  }
  #label() {
    const t = this.#t; const title = this.#get("heading") || t.title;
    const name = (element, text) => { element.ariaLabel = element.title = text; };
    this.launchText.textContent = t.title; this.titleText.textContent = title; this.face.textContent = [...title][0];
    this.badge.textContent = t.ai; this.person.textContent = t.person;
    name(this.closer, t.close); name(this.button, t.send); name(this.attach, t.attach);
    this.log.ariaLabel = t.log; this.dots.lastChild.textContent = `${t.assistant} ${t.typing}`;
    this.hello.children[1].textContent = t.welcome; this.hello.children[2].textContent = t.bot;
    const starters = (this.#get("starters") ?? "").split("|").map(clean).filter(Boolean);
    this.starters.replaceChildren(...starters.map((text) => press("card", () => { this.#focus(); this.#say(text); }, text)));
    this.#count(this.#unread);
    this.#setState(this.#state, this.#agent);
  }
  #paint() {
    const given = this.#get("color") || getComputedStyle(this).getPropertyValue("--warmdesk-accent").trim();
    const color = (given && channels(given)) || channels(ACCENT); const white = [255, 255, 255]; const black = [0, 0, 0];
    const on = contrast(color, white) >= 4.3 ? white : black;
    this.#sheet.replaceSync(`:host{--accent:rgb(${color});--on:rgb(${on});--tint:rgba(${color},.13);--ink-light:${readable(color, [246, 233, 227], black)};--ink-dark:${readable(color, [60, 46, 40], white)}}`);
  }
  /** The panel keeps to what a telephone's keyboard leaves. */
  #fit() {
    const view = window.visualViewport;
    if (view && this.#isOpen) { this.panel.style.setProperty("--high", `${view.height}px`); this.panel.style.setProperty("--top", `${view.offsetTop}px`); }
    this.panel.ariaModal = innerWidth <= 480 ? "true" : null;
  }
    /** Escape closes; Tab goes round in the open panel. */
  #key(event) {
    if (event.key === "Escape" && !event.isComposing) return this.big ? this.#closeBig() : this.hide();
    if (event.key !== "Tab" || this.hasAttribute("inline")) return;
    const inside = [...this.panel.querySelectorAll("button,textarea,input,a[href],[tabindex='0']")].filter((one) => !one.disabled && one.getClientRects().length);
    const [first, last] = [inside[0], inside.at(-1)]; const at = this.shadowRoot.activeElement;
    const target = event.shiftKey && (at === first || at === this.panel) ? last : !event.shiftKey && at === last ? first : null;
    if (target) { event.preventDefault(); target.focus(); }
  }

  #setState(state, agent = null) {
    this.#state = state; this.#agent = agent;
    const t = this.#t; const off = !this.#online ? t.offline : !this.#connected ? t.connecting : null;
    const text = off ?? (typeof t[state] === "function" ? t[state](agent ?? "") : t[state]);
    if (this.status.textContent !== text) this.status.textContent = text;
    this.status.className = `line ${off ? "off" : state}`;
    this.badge.textContent = state === "human" ? t.staff : t.ai;
    this.person.hidden = state === "waiting" || state === "human";
    const ask = { waiting: t.more, human: t.toPerson }[state] ?? t.placeholder;
    this.input.placeholder = this.input.ariaLabel = ask;
    if (state === "human" || state === "waiting") this.#dots();
    this.#tell("state", { state, agent });
  }
  #net(online) { this.#online = online; this.#setState(this.#state, this.#agent); }
  #visible() {
    clearTimeout(this.#restTimer);
    if (!document.hidden) return this.#line.wake();
    const idle = () => !this.#isOpen && this.#state !== "waiting" && this.#state !== "human";
    this.#restTimer = setTimeout(() => { if (idle()) this.#line.rest(); }, REST_MILLISECONDS);
  }

  #heard = {
    connected: (yes) => { this.#connected = yes || document.hidden; this.#setState(this.#state, this.#agent); if (yes) this.#loadDraft(); },
    history: (history) => this.#history(history),
    message: (message) => this.#arrived(message),
    state: (change) => this.#changed(change),
    typing: ({ who, name }) => { if (who === "staff") this.#staffTypes(name); },
    nudge: (nudge) => this.#offered(nudge),
    sent: (item) => { this.#fate(item, null); this.#turn(item); },
    delayed: (item) => this.#fate(item, this.#t.later),
    refused: (item) => this.#fate(item, this.#t.failed),
    sentence: ({ item, sentence }) => {
      const turn = this.#turn(item); const row = this.#row("assistant", sentence.text);
      turn.rows.push(row); this.#tell("sentence", { sentence, row });
    },
    done: ({ item, reply }) => this.#done(item, reply),
    broken: (item) => { for (const row of this.#turns.get(item.id)?.rows ?? []) row.remove(); this.#endTurn(item); },
    restarted: () => { this.#clear(); for (const item of this.#line.outbox) { item.after = null; this.#mine(item); } },
  };

  #history({ id, state, messages }) {
    const first = !this.#told; this.#told = true;
    for (const message of messages) this.#take(message, first);
    if (!this.#turns.size) this.#offer(messages.at(-1)?.choices);
    for (const item of this.#line.outbox) if (!this.#own.has(item.id)) this.#mine(item);
    const name = messages.findLast((message) => message.author === "staff")?.name ?? null;
    const change = { state, agent: state === "human" ? this.#agent ?? name : null };
    if (first) { this.#setState(state, change.agent); this.#countHistory(messages); } else this.#changed(change);
    if (state === "resolved" && name !== null) this.#askRating(id);
    if (!first) return;
    this.#scroll(true);
    const kept = this.#line.keep("nudge");
    if (Date.now() - kept?.kept < NUDGE_MILLISECONDS) this.#offered(kept);
  }
  #arrived(message) {
    if (!this.#take(message) || message.author === "customer") return;
    this.#staffTypes(null, false);
    if (message.name && this.#state === "human") this.#setState("human", message.name);
    if (!this.#isOpen || document.hidden) this.#count(this.#unread + 1);
    // A streamed message does not carry its choices; the history does.
    if (message.author === "assistant") this.#line.sync().catch(() => {});
  }
  #changed({ state, agent }) {
    if (state === this.#state && (agent ?? null) === this.#agent) return;
    const before = this.#state; this.#setState(state, agent ?? null);
    if (state === "human" && before !== "human") this.#note(this.#t.joined(agent ?? ""));
    else if (state === "resolved" && before !== "resolved") { this.#note(this.#t.resolved); if (before === "human") this.#askRating(this.#line.session.conversation); }
    else if (state === "bot" && before === "human") this.#note(this.#t.back);
    if (state === "bot" || state === "waiting") { this.#rate?.remove(); this.#rate = null; }
  }

  #turn(item) {
    if (!this.#turns.has(item.id)) this.#turns.set(item.id, { rows: [] });
    this.#dots();
    return this.#turns.get(item.id);
  }
  #done(item, reply) {
    const { rows } = this.#turn(item); const { message: id, reply: text, choices } = reply;
    if (rows.length && !this.#seen.has(id)) this.#look(id, Infinity);
    else for (const row of rows) row.remove();
    this.#showMessage({ id, author: "assistant", text, attachments: [] });
    if (!this.#isOpen && text) this.#count(this.#unread + 1);
    this.#endTurn(item);
    this.#offer(choices);
    this.#tell("done", { reply, log: this.log });
  }
  #endTurn(item) {
    this.#turns.delete(item.id); this.#dots();
    if (this.#turns.size) return;
    for (const message of [...this.#held.values()]) { this.#held.delete(message.id); this.#arrived(message); }
  }
  #dots() {
    const answering = this.#turns.size > 0 && (this.#state === "bot" || this.#state === "resolved");
    this.dots.className = this.#typist ? "row staff first" : "row assistant first";
    this.dots.hidden = !answering && !this.#typist;
    this.dots.lastChild.textContent = `${this.#typist ?? this.#t.assistant} ${this.#t.typing}`;
    if (!this.dots.hidden) this.#add(this.dots);
  }
  #staffTypes(name, yes = true) {
    clearTimeout(this.staffTimer);
    this.#typist = yes ? name || this.#t.staff : null;
    if (yes) this.staffTimer = setTimeout(() => this.#staffTypes(null, false), 2 * TYPING_MILLISECONDS);
    this.#dots();
  }

  // What the customer does.

  #typing() {
    this.#grow(); this.#line.keep("draft", this.input.value || null);
    if (!this.input.value || this.#state !== "human" || Date.now() - this.#typed < TYPING_MILLISECONDS) return;
    this.#typed = Date.now();
    this.#line.optional("/typing").catch(() => {});
  }
  #loadDraft() {
    const draft = this.#line.keep("draft");
    if (draft && !this.input.value) { this.input.value = draft; this.#grow(); }
  }
  #grow() {
    this.input.style.height = "36px";
    if (this.input.scrollHeight > 40) this.input.style.height = `${Math.min(this.input.scrollHeight, 120)}px`;
    this.button.disabled = (!clean(this.input.value) && !this.#picks.some((pick) => pick.url)) || this.#picks.some((pick) => pick.busy);
  }
  #submit() {
    if (this.button.disabled) return;
    const text = clean(this.input.value); const pictures = this.#picks.filter((pick) => pick.url);
    this.input.value = ""; this.#dropPicks(); this.#typing(); this.#warn(""); this.input.focus();
    this.#say(text, pictures.map(({ url, shown }) => ({ url, shown })));
  }
  #say(text, pictures = []) {
    if (!text && !pictures.length) return;
    const item = this.#line.send(text, pictures.map(({ url }) => ({ url })));
    this.#mine(item, pictures); this.#fate(item, "");
  }
  #mine(item, pictures = item.attachments) {
    this.#time(new Date());
    const row = this.#row("customer", item.text, null, pictures.map(({ url, shown }) => ({ type: "image", url, shown })));
    this.#own.set(item.id, { item, row, bound: false });
  }
  /** Null when an own message has arrived, empty on its way, or why it waits. */
  #fate(item, text) {
    const row = this.#own.get(item.id)?.row; if (!row) return;
    row.querySelector(".fate")?.remove(); row.classList.toggle("pending", text !== null);
    if (!text) return;
    row.append(make("span", { class: "fate" }, text, press("", () => { this.#fate(item, ""); this.#line.resend(item); }, this.#t.retry)));
    this.#scroll(true);
  }
  /** Whether this page has sent a customer's message. */
  #isOwn(message, first) {
    const same = (text, attachments) => text === message.text && attachments.length === message.attachments.length;
    for (const own of this.#own.values()) {
      if (own.bound || !same(own.item.text, own.item.attachments)) continue;
      own.bound = true; this.#line.drop(own.item); this.#fate(own.item, null);
      return true;
    }
    // After a reload, what may not have arrived comes after what was seen before it.
    const sent = first && this.#line.outbox.find((item) => !this.#own.has(item.id) && same(item.text, item.attachments) && (!item.after || this.#seen.has(item.after)));
    if (sent) this.#line.drop(sent);
    return false;
  }

  // Pictures.

  #warn(text) { this.alert.textContent = text; this.alert.hidden = !text; }
  async #pick(files) {
    this.#warn("");
    for (const file of files) {
      if (this.#picks.length >= MOST_PICTURES) return this.#warn(this.#t.tooMany);
      if (!PICTURE_TYPES.includes(file.type)) { this.#warn(this.#t.badType); continue; }
      const small = file.size > PICTURE_BYTES ? await smaller(file).catch(() => file) : file;
      if (small.size > PICTURE_BYTES) { this.#warn(this.#t.tooLarge); continue; }
      const pick = { file: small, shown: await dataUrl(small), url: null, busy: false };
      this.#picks.push(pick); this.#upload(pick);
    }
  }
  async #upload(pick) {
    pick.busy = true; pick.failed = false; this.#drawPicks();
    try {
      const answer = await this.#line.optional("pictures", { raw: pick.file });
      if (!answer) { this.attach.hidden = true; this.#dropPicks(); return this.#warn(this.#t.noPictures); }
      pick.url = (await answer.json()).url;
    } catch (error) {
      pick.failed = true;
      this.#warn(error.status === 413 ? this.#t.tooLarge : [415, 422].includes(error.status) ? this.#t.badType : this.#t.badUpload);
    }
    pick.busy = false; this.#drawPicks();
  }
  #drawPicks() {
    this.picks.hidden = !this.#picks.length;
    this.picks.replaceChildren(...this.#picks.map((pick) => make("div", { class: `pick${pick.busy ? " busy" : ""}${pick.failed ? " bad" : ""}` },
      press("", () => (pick.failed ? this.#upload(pick) : this.#showBig(pick.shown)), make("img", { src: pick.shown, alt: "" }), pick.failed ? this.#t.badUpload : this.#t.picture),
      press("round drop", () => { this.#picks = this.#picks.filter((one) => one !== pick); this.#drawPicks(); this.input.focus(); }, icon("close"), this.#t.remove))));
    this.#grow();
  }
  #dropPicks() { this.#picks = []; this.#drawPicks(); }
  /** Only our own server's pictures are fetched; another's is a link. */
  #picture({ type, url, shown }) {
    const own = /^\/api\/v1\/pictures\/[\w-]+$/.exec(url.startsWith(this.server) ? url.slice(this.server.length) : url);
    if (type !== "image" || (!own && !shown)) return /^https?:\/\//.test(url) ? link(url, make("div", { class: "bubble" }, `📎 ${url}`)) : null;
    const image = make("img", { alt: this.#t.picture }); const frame = press("shot", () => image.src && this.#showBig(image.src), image, this.#t.picture);
    const show = (source) => { image.src = source; image.decode?.().then(() => this.#scroll()).catch(() => {}); };
    if (shown) show(shown);
    else this.#line.request(own[0]).then((answer) => answer.blob()).then((blob) => (PICTURE_TYPES.includes(blob.type) ? dataUrl(blob) : Promise.reject())).then(show).catch(() => frame.replaceChildren(make("span", {}, this.#t.picture)));
    return frame;
  }
  #showBig(source) {
    const before = this.shadowRoot.activeElement;
    const closer = press("round", () => this.#closeBig(), icon("close"), this.#t.close);
    this.big = make("div", { class: "big", role: "dialog", "aria-label": this.#t.picture }, make("img", { src: source, alt: this.#t.picture }), closer);
    this.big.before_ = before; this.panel.append(this.big); closer.focus();
  }
  #closeBig() { const { before_ } = this.big; this.big.remove(); this.big = null; before_?.focus(); }

  // What stands in the log.

  #row(author, text, name = null, files = []) {
    const t = this.#t; const label = { customer: t.you, staff: name || t.staff }[author] ?? t.assistant;
    this.#cards?.remove(); this.#cards = null; this.hello.hidden = true;
    const before = [...this.log.children].findLast((one) => one !== this.dots && one !== this.hello);
    const first = !before?.classList.contains(author) || before.dataset.name !== label;
    const row = make("div", { class: `row ${author}${first ? " first" : ""}`, "data-name": label }, make("span", { class: author === "customer" || !first ? "sr" : "name" }, label), text ? make("div", { class: "bubble" }, ...linked(text)) : null, ...files.map((file) => this.#picture(file)));
    this.#add(row, author === "customer"); return row;
  }
  /** What is said while an answer is made may be that answer and waits. */
  #take(message, first) {
    if (message.author !== "assistant" || !this.#turns.size) return this.#showMessage(message, first);
    this.#held.set(message.id, message);
    return false;
  }
  /** Shows of a message what is not shown yet; more may be written later. */
  #showMessage({ id, author, name, text, attachments, at }, first) {
    const lines = author === "assistant" ? text.split("\n").filter(Boolean) : [text];
    const shown = this.#seen.get(id) ?? 0;
    if (shown >= lines.length) return false;
    this.#look(id, lines.length);
    if (author === "customer" && this.#isOwn({ text, attachments }, first)) return false;
    if (at) this.#time(at);
    for (const line of lines.slice(shown)) this.#row(author, line, name, attachments);
    return true;
  }
  #look(id, lines) {
    if (!id) return;
    this.#seen.set(id, lines); this.#line.lastSeen = id; this.#read();
  }
  #read() { if (this.#isOpen && !document.hidden && this.#line.lastSeen) this.#line.share("read", this.#line.lastSeen); }
  #time(at) {
    const moment = Date.parse(at); const far = moment - this.#lastAt > NEW_TIME_MILLISECONDS;
    this.#lastAt = moment;
    if (far) this.#note(new Date(moment).toLocaleString(this.#t.lang, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false }));
  }
  /** Cards go as soon as anybody says something else. */
  #offer(choices) {
    if (!choices?.length) return;
    this.#cards?.remove();
    this.#cards = this.#choices(choices, (say) => { this.#focus(); this.#say(say); });
    this.#add(this.#cards);
  }
  #choices(choices, answer) {
    return make("div", { class: "cards", role: "group", "aria-label": this.#t.choose }, ...choices.map(({ label, say }) => press("card", () => answer(say), label)));
  }
  #note(text) { this.#add(make("div", { class: "note" }, text)); }
  #add(element, always = false) {
    const atEnd = this.#atEnd() || always;
    if (element === this.dots || this.dots.hidden) this.log.append(element); else this.dots.before(element);
    this.#scroll(atEnd);
  }
  #atEnd() { return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 100; }
  #scroll(yes = this.#atEnd()) { if (yes) this.log.scrollTop = this.log.scrollHeight; }

  #count(unread) {
    this.#unread = unread; this.counter.hidden = !unread; this.counter.textContent = unread;
    this.launch.ariaLabel = unread ? this.#t.unread(unread) : this.#t.title;
  }
  #countHistory(messages) {
    const read = this.#line.share("read");
    const at = messages.findIndex((message) => message.id === read);
    if (at >= 0 && !this.#isOpen) this.#count(messages.slice(at + 1).filter((message) => message.author !== "customer").length);
  }

  #askRating(conversation) {
    const flag = `warmdesk rated ${conversation}`; if (this.#rate || keep("localStorage", flag)) return;
    const t = this.#t; let score = 0; const labels = [];
    const words = make("output", {}, ""); const text = make("textarea", { maxlength: "1000", "aria-label": t.rateText, placeholder: t.rateText, hidden: true });
    const submit = make("button", { class: "main", type: "submit", disabled: true }, t.rateSend);
    const star = (name, index) => {
      const input = make("input", { type: "radio", name: "score", value: String(index + 1), "aria-label": `${index + 1}: ${name}`, onchange: () => {
        score = index + 1; words.textContent = name; submit.disabled = false; text.hidden = false; labels.forEach((label, at) => label.classList.toggle("on", at < score)); this.#scroll(true);
      } });
      labels.push(make("label", {}, input, icon("star"))); return labels[index];
    };
    const close = (said) => { this.#rate?.remove(); this.#rate = null; keep("localStorage", flag, true); if (said) this.#note(said); this.input.focus(); };
    const send = async (event) => {
      event.preventDefault(); submit.disabled = true;
      try {
        const answer = await this.#line.optional("/rating", { body: { score, text: clean(text.value) || undefined } });
        close(answer ? t.rated : null);
      } catch (error) { if (error.status === 409) close(t.rated); else { submit.disabled = false; words.textContent = t.rateFailed; } }
    };
    this.#rate = make("form", { class: "rate", onsubmit: send },
      make("fieldset", {}, make("legend", {}, t.rate), make("div", { class: "stars" }, ...t.scores.map(star)), words), text,
      make("div", { class: "pair" }, press("quiet", () => close(), t.rateSkip), submit));
    this.#add(this.#rate, true);
  }

  // What the shop says first: one thing at a time, and never again what was closed.

  #offered(nudge) {
    if ((keep("localStorage", CLOSED) ?? []).includes(nudge.id) || this.#nudge?.nudge.id === nudge.id || this.#waitingNudges.some(({ id }) => id === nudge.id)) return;
    this.#waitingNudges.push(nudge);
    this.#nextNudge();
  }
  #nextNudge() {
    if (this.#nudge || !this.#waitingNudges.length) return;
    const nudge = this.#waitingNudges.shift();
    this.#nudge = { nudge, out: false, card: null };
    this.#placeNudge();
    if (!nudge.kept) this.#outcome(nudge, "shown");
    this.#line.keep("nudge", { ...nudge, kept: nudge.kept ?? Date.now() });
    this.#tell("nudge", { nudge });
  }
  #placeNudge() {
    const { nudge, card } = this.#nudge; card?.remove();
    this.#nudge.out = !this.#isOpen;
    this.#nudge.card = this.#nudgeCard(nudge, this.#nudge.out);
    if (this.#nudge.out) this.shadowRoot.append(this.#nudge.card);
    else { this.hello.hidden = true; this.#add(this.#nudge.card); }
  }
  #nudgeCard(nudge, out) {
    const t = this.#t;
    const menu = make("div", { class: "menu", hidden: true }, ...[["stop_rule", t.stopRule], ["stop_all", t.stopAll]].map(([outcome, text]) => press("quiet", () => this.#closeNudge(outcome), text)));
    const stop = press("quiet", () => { menu.hidden = false; stop.hidden = true; menu.firstChild.focus(); }, t.stop);
    const card = make("div", { class: `nudge${out ? " out" : ""}`, role: "region", "aria-label": t.nudge },
      make("div", { class: "top" }, face(), make("p", {}, nudge.text), press("round", () => this.#closeNudge("dismissed"), icon("close"), t.close)),
      this.#choices(nudge.choices.length ? nudge.choices : [{ label: t.reply, say: "" }], (say) => this.#openNudge(nudge, say)),
      make("div", { class: "under" }, make("small", {}, `${t.why}：${nudge.why}`), make("div", {}, stop, menu)));
    card.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); this.#closeNudge("dismissed"); } });
    return card;
  }
  #openNudge(nudge, say) {
    this.#outcome(nudge, "opened"); this.#closeNudge(); this.show();
    if (!this.#seen.has(nudge.message)) this.#row("assistant", nudge.text);
    this.#look(nudge.message, Infinity);
    if (say) this.#say(clean(say));
  }
  #closeNudge(outcome = null) {
    if (!this.#nudge) return;
    const { nudge, card, out } = this.#nudge; this.#nudge = null; card.remove();
    this.#line.keep("nudge", null);
    keep("localStorage", CLOSED, [...(keep("localStorage", CLOSED) ?? []), nudge.id].slice(-50));
    this.hello.hidden = this.#seen.size + this.#own.size > 0;
    if (!outcome) return;
    this.#outcome(nudge, outcome); this.#line.share("read", nudge.message);
    if (outcome === "stop_all") this.#waitingNudges = [];
    if (outcome === "stop_rule") this.#waitingNudges = this.#waitingNudges.filter(({ rule }) => rule !== nudge.rule);
    if (out) this.launch.focus(); else this.input.focus();
    setTimeout(() => this.#nextNudge(), 400);
  }
  #outcome(nudge, outcome) { this.#line.optional("nudges/", { body: { outcome } }, encodeURIComponent(nudge.id)).catch(() => {}); }
}

const link = (href, inside) => make("a", { href, target: "_blank", rel: "noopener noreferrer" }, inside);
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"'，。；！？、）】]+)/).map((part, index) => (index % 2 ? link(part, part) : part));
}

function dataUrl(blob) {
  return new Promise((resolve, reject) => { const reader = new FileReader(); reader.onload = () => resolve(reader.result); reader.onerror = reject; reader.readAsDataURL(blob); });
}

/** Also takes the place out of a photograph where it was taken. */
async function smaller(file) {
  const picture = await createImageBitmap(file, { resizeWidth: PICTURE_SIDE, resizeQuality: "high" });
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext("2d").drawImage(picture, 0, 0);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.86 });
}

if (!customElements.get("warmdesk-chat")) customElements.define("warmdesk-chat", WarmdeskChat);

// One tag is enough, unless the page has put the widget there itself.

const tag = [...document.scripts].find((script) => script.src === import.meta.url);
const widget = () => document.querySelector("warmdesk-chat");
const calls = { on: (name, listener) => document.addEventListener(`warmdesk-${name}`, (event) => listener(event.detail)) };
for (const [name, method = name] of [["open", "show"], ["close", "hide"], ["ask"], ["context"], ["track"], ["identify"]]) calls[name] = (...given) => widget()?.[method](...given);

function mount() {
  if (tag && !widget() && tag.dataset.manual === undefined) {
    const chat = document.createElement("warmdesk-chat");
    for (const [name, value] of Object.entries(tag.dataset)) chat.setAttribute(name, value);
    document.body.append(chat);
  }
  const before = Array.isArray(window.Warmdesk) ? window.Warmdesk : [];
  window.Warmdesk = { ...calls, push: ([name, ...rest]) => calls[name]?.(...rest) };
  for (const call of before) window.Warmdesk.push(call);
}
if (document.body) mount(); else document.addEventListener("DOMContentLoaded", mount);
