// The keyboard: one key for what is done a hundred times a day, and the sheet that lists them.
import { claim, giveBack, possible, resolve, snooze } from "/assets/desk/actions.js";
import { switchTo } from "/assets/desk/composer.js";
import { make } from "/assets/desk/dom.js";
import { focusSearch, move, openCursor } from "/assets/desk/queue.js";
import { openTicket } from "/assets/desk/store.js";
import { t } from "/assets/desk/words.js";

const withTicket = (name, run) => () => {
  const ticket = openTicket();
  if (ticket && possible(ticket)[name]) run(ticket);
};

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  c: withTicket("claim", (ticket) => claim(ticket.id)),
  r: () => switchTo("reply"),
  n: () => switchTo("note"),
  e: withTicket("resolve", resolve),
  b: withTicket("return", giveBack),
  s: withTicket("snooze", snooze),
  "/": focusSearch,
  "?": showHelp,
};

const SHEET = [
  ["help.queue", [["j", "keys.next"], ["k", "keys.previous"], ["Enter", "keys.open"], ["/", "keys.search"]]],
  ["help.ticket", [["c", "act.claim"], ["r", "keys.reply"], ["n", "keys.note"], ["s", "act.snooze"], ["b", "act.return"], ["e", "act.resolve"]]],
  ["help.writing", [["Enter", "keys.send"], ["Shift Enter", "keys.line"], ["/", "keys.phrase"], ["Esc", "keys.leave"]]],
];

/** Listens for keys; none while somebody writes, while a dialog is open, or with Ctrl, Alt or Meta. */
export function startKeys(ready) {
  document.addEventListener("keydown", (event) => {
    if (!ready() || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]") || event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    const run = Object.hasOwn(KEYS, event.key) ? KEYS[event.key] : null;
    // On a row Enter is the row's own click; elsewhere on nothing it opens the row of the cursor.
    if (event.key === "Enter" && event.target === document.body) return openCursor();
    if (!run) return;
    event.preventDefault();
    run();
  });
}

/** The sheet of keys. */
export function showHelp() {
  const dialog = make("dialog", { class: "ask help", "data-test": "help", "aria-label": t("help.title") },
    make("h2", {}, t("help.title")),
    make("div", { class: "sheet" }, ...SHEET.map(([title, keys]) => make("section", {}, make("h3", {}, t(title)), make("dl", {}, ...keys.flatMap(([key, word]) => [make("dt", {}, ...key.split(" ").map((one) => make("kbd", {}, one))), make("dd", {}, t(word))]))))),
    make("footer", {}, make("button", { type: "button", class: "primary", onclick: () => dialog.close() }, t("close"))));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector("button").focus();
}
