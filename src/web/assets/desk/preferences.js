// What an agent sets for this browser: language, look, alerts; and the way out.
import { session } from "/assets/desk/api.js";
import { trySound } from "/assets/desk/alerts.js";
import { face, iconButton, make } from "/assets/desk/dom.js";
import { changeOwnPassword, hasPassword } from "/assets/desk/password.js";
import { set, setting } from "/assets/desk/settings.js";
import { code, language, t } from "/assets/desk/words.js";

/** Shows the settings; `leave` ends the session. */
export function showPreferences(leave) {
  const dialog = make("dialog", { class: "ask preferences", "aria-label": t("settings.title") });
  draw(dialog, leave);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
}

function draw(dialog, leave) {
  const again = (name, value) => {
    set(name, value);
    draw(dialog, leave);
  };
  const me = session.me;
  dialog.replaceChildren(
    make("header", {}, make("h2", {}, t("settings.title")), iconButton("close", t("close"), () => dialog.close())),
    make("div", { class: "who" }, face(me?.display_name ?? "?", "large"), make("div", {}, make("b", {}, me?.display_name ?? t("settings.byKey")), make("span", { class: "dim" }, me?.role ? code("role", me.role) : t("settings.keyOnly")))),
    choice("language", t("settings.language"), [["zh-CN", "中文"], ["en", "English"]], language(), again),
    choice("theme", t("settings.theme"), ["auto", "light", "dark"].map((theme) => [theme, t(`theme.${theme}`)]), setting("theme"), again),
    make("fieldset", {}, make("legend", {}, t("settings.alerts")),
      toggle("sound", t("settings.sound"), again), toggle("soundMine", t("settings.soundMine"), again), toggle("title", t("settings.titleAlert"), again),
      make("button", { type: "button", class: "link", onclick: trySound }, t("settings.try"))),
    make("footer", {},
      hasPassword() ? make("button", { type: "button", "data-test": "own-password", onclick: () => { dialog.close(); changeOwnPassword(); } }, t("password.title")) : null,
      make("button", { type: "button", "data-test": "logout", onclick: () => { dialog.close(); leave(); } }, t("settings.logout"))),
  );
}

function choice(name, label, values, now, change) {
  const buttons = values.map(([value, text]) => make("button", { type: "button", role: "radio", "aria-checked": String(value === now), "data-value": value, onclick: () => change(name, value) }, text));
  return make("div", { class: "choice-row", role: "radiogroup", "aria-label": label, "data-test": `settings-${name}` }, make("span", {}, label), make("div", { class: "segments" }, ...buttons));
}

function toggle(name, label, change) {
  const input = make("input", { type: "checkbox", role: "switch" });
  input.checked = setting(name);
  input.addEventListener("change", () => change(name, input.checked));
  return make("label", { class: "switch" }, make("span", {}, label), input);
}
