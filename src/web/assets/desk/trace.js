// Why the assistant said a sentence: its goal, where it comes from, what it rests on, and what was not let out.
import { make } from "/assets/desk/dom.js";
import { note, refusedFor, tierReason, whyNot } from "/assets/desk/traced.js";
import { code, t } from "/assets/desk/words.js";

/** Messages whose trace is open, with the sentence that was chosen. */
const explained = new Map();

export const isExplained = (id) => explained.has(id);
export const chosenSentence = (id) => explained.get(id) ?? null;

/** Opens or closes the trace of a message; another sentence of an open one is shown instead. */
export function toggle(id, sentence = null) {
  if (explained.has(id) && (sentence === null || explained.get(id) === sentence)) explained.delete(id);
  else explained.set(id, sentence);
}

/**
 * The text of a message in its sentences, each of which can be clicked. Keyboards and screen readers use the button
 * beside the author's name, so that a long answer is no long row of stops.
 */
export function sentences(message, choose) {
  const parts = message.trace.sentences ?? [];
  const nodes = [];
  let rest = message.text;
  for (const [place, { text }] of parts.entries()) {
    const at = rest.indexOf(text);
    if (at < 0) return message.text;
    if (at > 0) nodes.push(rest.slice(0, at));
    const chosen = chosenSentence(message.id) === place;
    nodes.push(make("span", { class: chosen ? "sentence chosen" : "sentence", "data-test": "sentence", "data-by": parts[place].by, title: t("trace.show"), onclick: () => pick(choose, place) }, text));
    rest = rest.slice(at + text.length);
  }
  return rest ? [...nodes, rest] : nodes;
}

/** A click that ends a selection of text is no question. */
function pick(choose, place) {
  if (getSelection()?.isCollapsed !== false) choose(place);
}

/** The whole explanation of a message. */
export function trace(message) {
  const { trace: why } = message;
  const chosen = chosenSentence(message.id);
  const facts = new Map((why.evidence ?? []).map((fact) => [fact.id, fact]));
  const used = new Set((why.sentences ?? []).flatMap((sentence) => sentence.evidence));
  const unused = [...facts.values()].filter((fact) => !used.has(fact.id));
  return make("section", { class: "trace", "data-test": "trace", "aria-label": t("trace.title") },
    overview(why),
    make("ol", { class: "sentences" }, ...(why.sentences ?? []).map((sentence, place) => sentenceRow(sentence, facts, place === chosen))),
    refusals(why.refused ?? []),
    ...notes(why),
    unused.length ? make("details", { class: "more" }, make("summary", {}, t("trace.unused", unused.length)), ...unused.map(factRow)) : null,
  );
}

function overview(why) {
  const scenario = why.scenario;
  const rows = [
    scenario ? [t("trace.scenario"), `${scenario.name} · ${Math.round(scenario.confidence * 100)}%`] : null,
    [t("trace.tier"), [code("tier", why.tier), ...(why.tier_why ?? []).map(tierReason).filter(Boolean)].join(t("semicolon"))],
    why.question ? [t("trace.question"), why.question] : null,
    why.timing?.total_ms ? [t("trace.time"), timing(why.timing)] : null,
  ].filter(Boolean);
  return make("dl", {}, ...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

function timing(spent) {
  const model = spent.model ? t("trace.model", spent.model.prompt_tokens, spent.model.generated_tokens) : t("trace.noModel");
  return `${Math.round(spent.total_ms)} ms · ${model}`;
}

function sentenceRow(sentence, facts, chosen) {
  const evidence = sentence.evidence.map((id) => facts.get(id) ?? { id, title: id, text: "" });
  return make("li", { class: chosen ? "chosen" : null },
    make("p", {}, sentence.text),
    make("p", { class: "marks" }, make("span", { class: "chip goal" }, code("goal", sentence.goal)), make("span", { class: "chip" }, code("by", sentence.by))),
    ...(evidence.length ? evidence.map(factRow) : [make("p", { class: "dim" }, t("trace.noEvidence"))]),
  );
}

/** A fact by its name; what it says opens below. */
function factRow(fact) {
  return make("details", { class: "fact" },
    make("summary", {}, make("span", {}, fact.title || fact.id), make("code", {}, fact.id)),
    make("p", { class: "text" }, fact.text || t("trace.noText")),
    fact.why ? make("p", { class: "dim" }, t("trace.because", fact.why)) : null,
  );
}

function refusals(refused) {
  if (!refused.length) return null;
  return make("div", { class: "refused" }, make("h4", {}, t("trace.refused")), ...refused.map(refusal));
}

/** A draft the guard did not let out, with its reason. */
export function refusal(one) {
  return make("div", { class: "refusal" }, make("p", {}, make("del", {}, one.draft)), make("p", { class: "dim" }, t("trace.refusedFor", code("refusal", one.reason), refusedFor(one.detail ?? ""))));
}

/** What else the program notes: in words of the page, and folded what is only there in English. */
function notes(why) {
  const unmet = (why.goals ?? []).filter((goal) => goal.why_not);
  const lines = [...(why.notes ?? []).map(note), ...unmet.map(whyNot)].filter((line) => line !== null);
  const untold = [
    ...(why.tier_why ?? []).filter((line) => tierReason(line) === null),
    ...(why.notes ?? []).filter((line) => note(line) === null),
    ...unmet.filter((goal) => whyNot(goal) === null).map((goal) => `${goal.goal}: ${goal.why_not}`),
  ];
  const list = (texts, attributes = {}) => make("ul", { class: "dim lines", ...attributes }, ...texts.map((text) => make("li", {}, text)));
  return [
    lines.length ? list(lines) : null,
    untold.length ? make("details", { class: "more", "data-test": "trace-technical" }, make("summary", {}, t("trace.technical")), list(untold, { lang: "en" })) : null,
  ];
}
