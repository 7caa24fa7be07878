// Questions to the agent: a dialog with a few fields, answered with their values or with null.
import { make } from "/assets/desk/dom.js";
import { t } from "/assets/desk/words.js";

let number = 0;

/**
 * Asks. `fields` are `{name, label, type, value, options, choices, required, hint, only}`; `only: [field, value]` shows a
 * field while another has that value. `lines` are listed below the text. Enter confirms, Escape leaves.
 */
export function ask({ title, text, lines = [], fields = [], confirm, danger = false }) {
  const id = `dialog-${(number += 1)}`;
  const form = make("form", { method: "dialog" },
    make("h2", { id }, title),
    text ? make("p", {}, text) : null,
    lines.length ? make("ul", { class: "lines" }, ...lines.map((line) => make("li", {}, line))) : null,
    ...fields.map((field) => fieldRow(field, id)),
    make("footer", {},
      make("button", { type: "button", "data-test": "dialog-cancel", onclick: () => dialog.close() }, t("cancel")),
      make("button", { type: "submit", class: danger ? "danger" : "primary", "data-test": "dialog-confirm" }, confirm)),
  );
  const dialog = make("dialog", { class: "ask", "data-test": "dialog", "aria-labelledby": id }, form);
  return new Promise((resolve) => {
    let answer = null;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      answer = valuesOf(form, fields);
      dialog.close();
    });
    form.addEventListener("change", () => showOnly(form, fields));
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    document.body.append(dialog);
    showOnly(form, fields);
    dialog.showModal();
    (form.querySelector("input:checked, textarea, input:not([type=radio])") ?? form.querySelector("[type=submit]")).focus();
  });
}

function fieldRow(field, id) {
  const inputId = `${id}-${field.name}`;
  if (field.type === "choices") {
    return make("fieldset", { "data-field": field.name }, make("legend", {}, field.label), ...field.choices.map(([value, label]) => choice(field, value, label)));
  }
  const input = field.type === "textarea"
    ? make("textarea", { id: inputId, name: field.name, rows: "3", maxlength: "2000" })
    : field.type === "select"
      ? make("select", { id: inputId, name: field.name }, ...field.options.map(([value, label]) => make("option", { value }, label)))
      : make("input", { id: inputId, name: field.name, type: field.type, maxlength: field.type === "password" ? "256" : "200", autocomplete: field.autocomplete ?? "off", required: field.required, minlength: field.minlength });
  input.value = field.value ?? (field.type === "select" ? field.options[0][0] : "");
  const list = field.type === "text" && field.options?.length ? make("datalist", { id: `${inputId}-list` }, ...field.options.map(([value, label]) => make("option", { value, label }))) : null;
  if (list) input.setAttribute("list", list.id);
  return make("div", { class: "field", "data-field": field.name }, make("label", { for: inputId }, field.label), input, list, field.hint ? make("p", { class: "dim" }, field.hint) : null);
}

function choice(field, value, label) {
  const input = make("input", { type: "radio", name: field.name, value });
  input.checked = value === field.value;
  return make("label", { class: "choice" }, input, make("span", {}, label));
}

const valuesOf = (form, fields) => Object.fromEntries(fields.map((field) => [field.name, valueOf(form, field)]));

/** What was typed, without blanks around it; those of a password belong to it. */
function valueOf(form, field) {
  const value = new FormData(form).get(field.name) ?? "";
  return field.type === "password" ? value : value.trim();
}

function showOnly(form, fields) {
  const values = valuesOf(form, fields);
  for (const field of fields) {
    if (!field.only) continue;
    const [other, value] = field.only;
    form.querySelector(`[data-field="${field.name}"]`).hidden = values[other] !== value;
  }
}
