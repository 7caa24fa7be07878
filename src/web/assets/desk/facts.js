// Orders, parcels, products, promises, actions and flows as the panel shows them.
import { cancelAction } from "/assets/desk/actions.js";
import { copy, icon, iconButton, make } from "/assets/desk/dom.js";
import { left, moment, until } from "/assets/desk/time.js";
import { code, t } from "/assets/desk/words.js";

const SHOWN_ROWS = 5;
const SHOWN_STOPS = 2;
const RUNNING = ["requested", "confirmed", "running", "overdue"];
/** "2026-11-25 10:36 已发货 …": one stop of a parcel. */
const STOP = /^(\d{4}-)?(\d{2}-\d{2} \d{2}:\d{2})\s+(.+)$/;
/** "实付269.00元": a field whose value needs no colon. */
const AMOUNT = /^([^\d：，]{2,8})(\d[\d.]*元)$/;
/** A field nobody has given words to is of the shop's system, and stands last. */
const RAW = /^[a-z_]+$/;

/** A record: its name, its first fields, and the rest when asked for. A record is one text of fields, in the shop's words. */
export function factCard(fact) {
  const { status, rows, stops } = read(fact);
  const number = fact.id.slice(fact.id.indexOf(":") + 1);
  const hidden = rows.length > SHOWN_ROWS || stops.length > SHOWN_STOPS;
  const body = make("div", { class: "fact-body" });
  const draw = (all) => body.replaceChildren(...[
    rows.length ? make("dl", {}, ...(all ? rows : rows.slice(0, SHOWN_ROWS)).flatMap(field)) : null,
    stops.length ? make("ol", { class: "stops" }, ...(all ? stops : stops.slice(0, SHOWN_STOPS)).map(stop)) : null,
  ].filter(Boolean));
  draw(false);
  const more = hidden ? make("button", { type: "button", class: "link", "aria-expanded": "false" }, t("fact.more")) : null;
  more?.addEventListener("click", () => {
    const all = more.getAttribute("aria-expanded") === "false";
    more.setAttribute("aria-expanded", String(all));
    more.textContent = t(all ? "fact.less" : "fact.more");
    draw(all);
  });
  return make("article", { class: "fact-card" },
    make("header", {}, make("b", {}, fact.title), status ? make("span", { class: "chip" }, status) : null, iconButton("file", t("fact.copy", number), () => copy(number, t("fact.copied", number)))),
    body, more);
}

function read(fact) {
  const stops = [];
  const rows = [];
  let status = "";
  const parts = fact.text.replace(/。$/, "").split(/[；\n]/).map((part) => part.trim()).filter(Boolean);
  for (const [place, part] of parts.entries()) {
    const at = STOP.exec(part);
    const [, name, value] = /^([^：]{1,24})：([\s\S]+)$/.exec(part) ?? [];
    if (at) stops.unshift([at[2], at[3]]);
    // The first part names the record, which the card's title does already; what follows it is how the record stands.
    else if (place === 0 && value && value.length < 14 && fact.title.includes(name)) status = value;
    else if (place === 0 && value && fact.title.startsWith(name)) rows.push(["", value]);
    else if (value) rows.push([name, value]);
    else if (AMOUNT.test(part)) rows.push(AMOUNT.exec(part).slice(1));
    else rows.push(["", part]);
  }
  rows.sort((a, b) => Number(RAW.test(a[0])) - Number(RAW.test(b[0])));
  return { status, rows, stops };
}

const field = ([name, value]) => (name ? [make("dt", {}, name), make("dd", {}, value)] : [make("dd", { class: "whole" }, value)]);
const stop = ([when, what]) => make("li", {}, make("time", {}, when), make("span", {}, what));

/** How loud a moment is that something is due at. */
function level(due) {
  const rest = until(due);
  return rest < 0 ? "late" : rest < 1800 ? "soon" : "fine";
}

/** A promise with its state and, while it is owed, its clock. */
export function promiseLine(promise) {
  const owed = promise.state === "open" || promise.state === "renegotiated";
  return make("div", { class: "work", "data-level": owed ? level(promise.due) : "over" },
    icon(promise.state === "kept" ? "check" : promise.state === "broken" ? "alert" : "clock"),
    make("div", {},
      make("b", {}, code("promiseKind", promise.kind)),
      make("p", {}, t("promise.by", moment(promise.due)), " · ", owed ? make("span", { class: "rest" }, left(promise.due)) : code("promiseState", promise.state)),
      promise.state === "renegotiated" ? make("p", { class: "dim" }, t("promise.moved", moment(promise.first_due))) : null,
      promise.with_person ? make("p", { class: "now" }, t("promise.now")) : null));
}

/** An action with its state, its clock while it is open, and what came of it. */
export function actionLine(action) {
  const running = RUNNING.includes(action.state);
  const args = Object.entries(action.args ?? {}).map(([name, value]) => `${code("argument", name)} ${value}`).join(" · ");
  return make("div", { class: "work", "data-level": running ? level(action.due) : "over" },
    icon(action.state === "done" ? "check" : action.state === "failed" ? "alert" : "box"),
    make("div", {},
      make("b", {}, code("action", action.kind)),
      make("p", {}, code("actionState", action.state), " · ", code("executor", action.by), running ? make("span", { class: "rest" }, ` · ${left(action.due)}`) : null),
      args ? make("p", { class: "dim" }, args) : null,
      action.result?.text ? make("p", { class: "result" }, action.result.text) : null,
      running ? make("button", { type: "button", class: "link", onclick: () => cancelAction(action) }, t("action.stop")) : null));
}

/** A matter of several steps: where it stands, who is waited for, its clock, and what the customer has answered. */
export function flowCard(flow) {
  const open = flow.state === "open";
  const waits = flow.waits_for ? t("flow.waits", code("party", flow.waits_for)) : "";
  return make("div", { class: "flow" },
    make("header", {}, make("b", {}, flow.name), make("span", { class: "chip" }, open ? flow.at : code("flowState", flow.state)), flow.order ? make("span", { class: "dim" }, flow.order) : null),
    open && (waits || flow.until) ? make("p", { "data-level": flow.until ? level(flow.until) : "fine" }, [waits, flow.until ? left(flow.until) : ""].filter(Boolean).join(" · ")) : null,
    make("ol", {}, ...flow.steps.map((step) => make("li", { class: step.passed ? "passed" : step.id === flow.step && open ? "present" : null, "aria-current": step.id === flow.step && open ? "step" : null }, step.name, step.answer ? make("span", { class: "dim" }, `${t("colon")}${step.answer}`) : null))));
}
