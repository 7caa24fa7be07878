// What the program notes in a trace, in words of the page: its lines are English, and so is a page in English.
import { code, language, t } from "/assets/desk/words.js";

/** A line in words of the page; null if it has none for it. */
function told(line) {
  if (language() === "en") return line;
  const words = code("traced", line);
  return words === line ? null : words;
}

/** A feeling with its strength, as in "angry 0.80". */
function feeling(reason) {
  const [, label, strength] = reason.match(/^(\w+) (\d\.\d\d)$/) ?? [];
  return label ? t("tier.feeling", code("emotion", label), Math.round(strength * 100)) : null;
}

/** How often the customer has come with the same matter. */
function contact(reason) {
  const [, times] = reason.match(/^the same matter for the (\d+)th time: a person$/) ?? [];
  return times ? t("tier.times", times) : null;
}

/** Why the tier is what it is; null for a line without words. */
export function tierReason(line) {
  const [, points, reason] = line.match(/^(?:([+-]\d+) )?(.*)$/s);
  const words = feeling(reason) ?? contact(reason) ?? told(reason);
  return words !== null && points ? t("tier.points", points, words) : words;
}

/** Why the reply took the way it took; null for a line without words. */
export function note(line) {
  const [, full] = line.match(/^(\w+) found no room$/) ?? [];
  if (full) return t("trace.noRoom", code("goal", full));
  const [, unmet, why] = line.match(/^(\w+) was not met: (.*)$/s) ?? [];
  if (!unmet) return told(line);
  const words = told(why);
  return words === null ? null : t("trace.unmet", code("goal", unmet), words);
}

/** Why no sentence serves a goal; null for a reason without words. */
export function whyNot({ goal, why_not: why }) {
  const words = told(why);
  return words === null ? null : `${code("goal", goal)}${t("colon")}${words}`;
}

/** What a refused draft said wrongly: a phrase of the program, mostly with the words of the draft before it. */
export function refusedFor(detail) {
  const [, said, phrase] = detail.match(/^(.+?):? ((?:[a-z'-]+ ?)+)$/s) ?? [];
  const words = phrase ? told(phrase) : null;
  return told(detail) ?? (words === null ? detail : `${said}${t("colon")}${words}`);
}
