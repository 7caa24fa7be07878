// What one browser remembers: language, look, alerts, which parts of the side panel are folded.

const NAME = "warmdesk desk settings";
const DEFAULTS = { language: null, theme: "auto", sound: true, soundMine: true, title: true, folded: { tried: true, evidence: true }, mode: "account" };
const listeners = new Set();
let values = { ...DEFAULTS, ...read() };

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(NAME));
    return kept && typeof kept === "object" ? kept : {};
  } catch {
    // Storage may be forbidden or its content broken; then the defaults hold.
    return {};
  }
}

export const setting = (name) => values[name];

/** Changes one setting, keeps it, and tells those who follow. */
export function set(name, value) {
  values = { ...values, [name]: value };
  try {
    localStorage.setItem(NAME, JSON.stringify(values));
  } catch {
    // It holds until the page is closed.
  }
  for (const listener of listeners) listener(name, value);
}

export function onSetting(run) {
  listeners.add(run);
}

/** Follows the look that was chosen; `auto` is the system's. */
export function applyTheme() {
  document.documentElement.dataset.theme = values.theme;
}
