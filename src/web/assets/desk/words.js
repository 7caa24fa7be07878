// All words of the desk in the language that is set; a browser's own language until an agent chooses one.
import en from "/assets/desk/words-en.js";
import zh from "/assets/desk/words-zh.js";
import { setting } from "/assets/desk/settings.js";

const LANGUAGES = { "zh-CN": zh, en };

/** The language of the page. */
export function language() {
  const chosen = setting("language");
  if (chosen in LANGUAGES) return chosen;
  return /^zh\b/i.test(navigator.language) ? "zh-CN" : "en";
}

/** The words for a key; some take values. */
export function t(key, ...values) {
  const words = LANGUAGES[language()][key] ?? zh[key] ?? key;
  return typeof words === "function" ? words(...values) : words;
}

/** What the API says in a code, in words: `code("emotion", "angry")`. A code this page does not know is shown as it is. */
export function code(kind, value) {
  if (value === null || value === undefined) return "";
  return LANGUAGES[language()].codes[kind]?.[value] ?? zh.codes[kind]?.[value] ?? String(value);
}

/** Fills in the words of what stands in the page's source. */
export function translate(root) {
  document.documentElement.lang = language();
  for (const element of root.querySelectorAll("[data-word]")) element.textContent = t(element.dataset.word);
  for (const element of root.querySelectorAll("[data-word-placeholder]")) element.placeholder = t(element.dataset.wordPlaceholder);
  for (const element of root.querySelectorAll("[data-word-label]")) {
    element.setAttribute("aria-label", t(element.dataset.wordLabel));
    if (element.matches("button")) element.title = t(element.dataset.wordLabel);
  }
}
