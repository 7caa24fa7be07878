// What the shop says by itself: each rule with what it sent, held back and brought about, and the latest of them.
import { callIfThere } from "/assets/desk/api.js";
import { byId, icon, iconButton, make } from "/assets/desk/dom.js";
import { moment } from "/assets/desk/time.js";
import { code, t } from "/assets/desk/words.js";

let found = null;
let chosenRule = null;
const PERIODS = [7, 30, 90];
let days = PERIODS[0];

/** Reads what there is; false if this server has no such door. */
export async function loadProactive() {
  found = await callIfThere("proactive", "GET", `/api/v1/proactive?days=${days}`);
  return found !== null;
}

/** Reads and draws the page. */
export async function showProactive() {
  if (!found) drawProactive();
  try {
    await loadProactive();
  } finally {
    drawProactive();
  }
}

export function drawProactive() {
  const rules = found?.rules ?? [];
  const recent = (found?.recent ?? []).filter((one) => !chosenRule || one.rule === chosenRule);
  byId("page-proactive").replaceChildren(...[
    make("header", { class: "page-head" }, make("div", {}, make("h1", {}, t("proactive.title")), make("p", { class: "dim" }, t("proactive.text"))), period()),
    rules.length ? totals(rules) : null,
    rules.length ? table(rules) : blank("proactive.noRules"),
    make("section", { class: "recent" }, make("h2", {}, t("proactive.recent"), chosenRule ? make("button", { type: "button", class: "chip", onclick: () => choose(chosenRule) }, `${nameOf(chosenRule)} ×`) : null),
      ...(recent.length ? recent.map(nudge) : [blank("proactive.noRecent")])),
  ].filter(Boolean));
}

/** Which days are counted, and reading them again. */
function period() {
  const buttons = PERIODS.map((one) => make("button", { type: "button", role: "radio", "aria-checked": String(one === days), onclick: () => { days = one; return showProactive(); } }, t("proactive.days", one)));
  return make("div", { class: "period" }, make("div", { class: "segments", role: "radiogroup", "aria-label": t("proactive.period") }, ...buttons), iconButton("undo", t("page.refresh"), showProactive));
}

const blank = (key) => make("div", { class: "blank small" }, icon("spark"), make("p", {}, t(key)));
const nameOf = (id) => found?.rules.find((rule) => rule.id === id)?.name ?? id;
const sum = (rules, name) => rules.reduce((all, rule) => all + (rule[name] ?? 0), 0);
const held = (rule) => Object.values(rule.suppressed ?? {}).reduce((all, count) => all + count, 0);
const share = (part, whole) => (whole ? `${Math.round((part / whole) * 100)}%` : "–");

function choose(rule) {
  chosenRule = chosenRule === rule ? null : rule;
  drawProactive();
}

function totals(rules) {
  const sent = sum(rules, "sent");
  const cards = [
    ["proactive.sent", sent, ""], ["proactive.opened", share(sum(rules, "opened"), sent), sum(rules, "opened")],
    ["proactive.answered", share(sum(rules, "answered"), sent), sum(rules, "answered")], ["proactive.ordered", share(sum(rules, "ordered"), sent), sum(rules, "ordered")],
    ["proactive.held", rules.reduce((all, rule) => all + held(rule), 0), ""], ["proactive.optedOut", sum(rules, "opted_out"), ""],
  ];
  return make("dl", { class: "totals" }, ...cards.map(([key, value, of]) => make("div", {}, make("dt", {}, t(key)), make("dd", {}, String(value), of === "" ? null : make("small", {}, ` ${of}`)))));
}

function table(rules) {
  const heads = ["rule", "sent", "shown", "opened", "answered", "ordered", "lift", "optedOut", "held"].map((key) => make("th", { scope: "col" }, t(`proactive.${key}`)));
  return make("div", { class: "table" }, make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rules.map(ruleRow))));
}

function ruleRow(rule) {
  const number = (value, of) => make("td", { class: "number" }, String(value ?? 0), of === undefined ? null : make("small", {}, share(value ?? 0, of)));
  const name = make("button", { type: "button", class: "link strong", "aria-pressed": String(chosenRule === rule.id), onclick: () => choose(rule.id) }, rule.name ?? rule.id);
  return make("tr", { "data-test": "rule", "data-rule": rule.id },
    make("th", { scope: "row" }, name, make("span", { class: rule.on ? "state on" : "state" }, t(rule.on ? "proactive.on" : "proactive.off"))),
    number(rule.sent), number(rule.shown, rule.sent), number(rule.opened, rule.sent), number(rule.answered, rule.sent), number(rule.ordered, rule.sent),
    make("td", { class: "number" }, ...lift(rule)), number(rule.opted_out), make("td", {}, reasons(rule)));
}

/** How much more often those ordered to whom it was said than those who were held out for comparison. */
function lift({ holdout }) {
  if (!holdout) return ["–"];
  const points = typeof holdout.lift === "number" ? holdout.lift * 100 : null;
  const sign = points !== null && points < 0 ? "−" : "+";
  return [points === null ? "–" : t("proactive.points", `${sign}${Math.abs(points).toFixed(1)}`), make("small", {}, t("proactive.control", holdout.held_out ?? 0, holdout.ordered ?? 0))];
}

function reasons(rule) {
  const entries = Object.entries(rule.suppressed ?? {}).sort((a, b) => b[1] - a[1]);
  if (!entries.length) return make("span", { class: "dim" }, "0");
  return make("details", {}, make("summary", {}, String(held(rule)), make("span", { class: "dim" }, ` ${code("held", entries[0][0])}`)),
    make("ul", {}, ...entries.map(([reason, count]) => make("li", {}, `${code("held", reason)} `, make("b", {}, String(count))))));
}

/** `customer:…` or `visitor:…` as the queue names them. */
function personOf({ person = "", customer = null }) {
  const [kind, ...id] = person.split(":");
  if (customer || kind === "customer") return t("customer.member", customer ?? id.join(":"));
  return t("customer.visitor", id.join(":").slice(-4));
}

function nudge(one) {
  const reason = one.reason ? make("span", { class: "dim" }, code("held", one.reason)) : null;
  return make("article", { class: "nudge", "data-test": "nudge", "data-state": one.state },
    make("header", {}, make("b", {}, nameOf(one.rule)), make("span", { class: "chip" }, code("nudge", one.state)), reason, make("span", { class: "room" }), make("span", { class: "dim" }, personOf(one)), make("time", { class: "dim", datetime: one.at }, moment(one.at))),
    one.text ? make("p", {}, one.text) : null);
}
