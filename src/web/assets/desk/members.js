// The accounts of those who work here. Admins only; the server checks it again.
import { call, callIfThere, session } from "/assets/desk/api.js";
import { ask } from "/assets/desk/dialog.js";
import { byId, face, icon, make, toast } from "/assets/desk/dom.js";
import { newPasswordField } from "/assets/desk/password.js";
import { moment } from "/assets/desk/time.js";
import { code, t } from "/assets/desk/words.js";

const ROLES = ["agent", "lead", "admin"];
let staff = null;

/** Whether this page is for the one who is logged in, and there on this server. */
export async function loadMembers() {
  if (session.me?.role !== "admin") return false;
  try {
    staff = (await callIfThere("members", "GET", "/api/v1/staff"))?.staff ?? null;
  } catch (error) {
    if (error.status !== 403) throw error;
    staff = null;
  }
  return staff !== null;
}

export async function showMembers() {
  if (!staff) drawMembers();
  try {
    await loadMembers();
  } finally {
    drawMembers();
  }
}

export function drawMembers() {
  const rows = staff ?? [];
  byId("page-members").replaceChildren(
    make("header", { class: "page-head" }, make("div", {}, make("h1", {}, t("members.title")), make("p", { class: "dim" }, t("members.text"))), make("button", { type: "button", class: "primary", "data-test": "member-add", onclick: add }, t("members.add"))),
    rows.length ? make("div", { class: "table" }, make("table", {}, make("thead", {}, make("tr", {}, ...["name", "role", "state", "lastLogin", "do"].map((key) => make("th", { scope: "col" }, t(`members.${key}`))))), make("tbody", {}, ...rows.map(row)))) : make("div", { class: "blank small" }, icon("people"), make("p", {}, t("members.none"))),
  );
}

function row(one) {
  const self = one.name === session.me?.name;
  const button = (word, run) => make("button", { type: "button", class: "link", onclick: run }, t(word));
  return make("tr", { "data-test": "member", "data-name": one.name, class: one.active ? null : "off" },
    make("th", { scope: "row" }, make("span", { class: "who" }, face(one.display_name), make("span", {}, make("b", {}, one.display_name, self ? make("span", { class: "dim" }, ` ${t("members.you")}`) : null), make("small", { class: "dim" }, one.name)))),
    make("td", {}, code("role", one.role)),
    make("td", {}, make("span", { class: one.active ? "state on" : "state" }, t(one.active ? "members.active" : "members.inactive"))),
    make("td", { class: "dim" }, one.last_login_at ? moment(one.last_login_at) : t("members.never")),
    make("td", { class: "doing" }, button("members.change", () => change(one)), button("members.password", () => password(one)), self ? null : button(one.active ? "members.disable" : "members.enable", () => activate(one))));
}

async function save(method, path, body, done) {
  try {
    await call(method, path, body);
    toast(done);
  } catch (error) {
    toast(error.status === 0 ? t("error.network") : [error.message, error.hint].filter(Boolean).join(t("semicolon")), "bad");
  }
  await showMembers().catch(() => {});
}

const pathOf = (one) => `/api/v1/staff/${encodeURIComponent(one.name)}`;
const roleField = (value) => ({ name: "role", label: t("members.role"), type: "select", options: ROLES.map((role) => [role, code("role", role)]), value });

async function add() {
  const fields = [
    { name: "name", label: t("members.account"), type: "text", required: true, hint: t("members.accountHint") },
    { name: "display_name", label: t("members.displayName"), type: "text", required: true },
    roleField("agent"), newPasswordField(),
  ];
  const answer = await ask({ title: t("members.add"), fields, confirm: t("members.add") });
  if (answer) await save("POST", "/api/v1/staff", answer, t("members.added", answer.display_name));
}

async function change(one) {
  const answer = await ask({ title: t("members.change"), fields: [{ name: "display_name", label: t("members.displayName"), type: "text", required: true, value: one.display_name }, roleField(one.role)], confirm: t("members.save") });
  if (answer) await save("PATCH", pathOf(one), answer, t("members.saved"));
}

async function password(one) {
  const answer = await ask({ title: t("members.passwordOf", one.display_name), fields: [newPasswordField()], confirm: t("members.save") });
  if (answer) await save("PATCH", pathOf(one), answer, t("members.saved"));
}

async function activate(one) {
  const answer = one.active ? await ask({ title: t("members.disableOf", one.display_name), text: t("members.disableText"), confirm: t("members.disable"), danger: true }) : {};
  if (answer) await save("PATCH", pathOf(one), { active: !one.active }, t("members.saved"));
}
