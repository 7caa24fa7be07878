// The side panel: everything an agent has to know so that the customer repeats nothing. Each part is drawn again only
// when what it shows has changed.
import { byId, face, icon, iconButton, keyed, make } from "/assets/desk/dom.js";
import { jump } from "/assets/desk/conversation.js";
import { put, switchTo } from "/assets/desk/composer.js";
import { curve } from "/assets/desk/emotion.js";
import { actionLine, factCard, flowCard, promiseLine } from "/assets/desk/facts.js";
import { possible, setTags } from "/assets/desk/actions.js";
import { set, setting } from "/assets/desk/settings.js";
import { on, openTicket, state } from "/assets/desk/store.js";
import { clocks, customerId, customerName, isActive, isHeld, mood, personName } from "/assets/desk/tickets.js";
import { refusal } from "/assets/desk/trace.js";
import { moment } from "/assets/desk/time.js";
import { code, language, t } from "/assets/desk/words.js";
import { moodChip } from "/assets/desk/queue.js";

/** Parts in their order: what each needs of the ticket, and how it is drawn. Nothing to show hides the part. */
const PARTS = [
  { name: "customer", plain: true, data: (ticket) => [ticket.identity, ticket.customer_name, ticket.customer, related(ticket).map((one) => [one.id, one.status]), ticket.reopens], draw: customerPart },
  { name: "why", plain: true, data: (ticket) => [ticket.reason, ticket.detail, ticket.wish, ticket.mode, ticket.opened_at, ticket.wait, ticket.escalation], draw: whyPart },
  { name: "clocks", plain: true, data: (ticket) => clocks(ticket).map(({ kind, due, met, level }) => [kind, due, met, level]), draw: clocksPart },
  { name: "next", data: (ticket) => [nextStep(ticket), isActive(ticket) ? ticket.suggestions : [], isHeld(ticket)], draw: nextPart },
  { name: "emotion", data: (ticket) => ticket.emotion, draw: (ticket) => (ticket.emotion.length ? [curve(ticket.emotion, jump)] : []), aside: (ticket) => (mood(ticket) ? moodChip(mood(ticket)) : null) },
  { name: "promises", data: (ticket) => ticket.promises, draw: (ticket) => ticket.promises.map(promiseLine) },
  { name: "actions", data: (ticket) => ticket.actions, draw: (ticket) => ticket.actions.map(actionLine) },
  { name: "flows", data: (ticket) => ticket.flows, draw: (ticket) => ticket.flows.map(flowCard) },
  { name: "orders", data: (ticket) => ticket.orders, draw: (ticket) => ticket.orders.map(factCard) },
  { name: "summary", data: (ticket) => ticket.summary, draw: (ticket) => [make("ol", { class: "happened" }, ...ticket.summary.map(summaryLine))].filter(() => ticket.summary.length) },
  { name: "products", data: (ticket) => ticket.products, draw: (ticket) => ticket.products.map(factCard) },
  { name: "tags", data: (ticket) => ("tags" in ticket ? ["tags", ...ticket.tags] : []), draw: tagsPart },
  { name: "notes", data: (ticket) => ["notes", ...ticket.notes], draw: notesPart, count: (ticket) => ticket.notes.length },
  { name: "tried", data: (ticket) => ticket.tried, draw: (ticket) => ticket.tried.map((text) => make("p", { class: "said" }, text)), count: (ticket) => ticket.tried.length },
  { name: "evidence", data: (ticket) => ticket.evidence, draw: (ticket) => ticket.evidence.map(factCard), count: (ticket) => ticket.evidence.length },
  { name: "blocked", data: (ticket) => ticket.blocked, draw: (ticket) => ticket.blocked.map(refusal), count: (ticket) => ticket.blocked.length },
  { name: "late", data: (ticket) => ticket.late, draw: (ticket) => ticket.late.map((text) => make("p", { class: "said" }, text)), count: (ticket) => ticket.late.length },
  { name: "rating", data: (ticket) => (ticket.rating ? [ticket.rating] : []), draw: ratingPart },
];

/** Builds the panel; `open(id)` is called for another ticket of the same customer. */
let openOther = () => {};
export function startPanel(open, close) {
  openOther = open;
  byId("panel").append(
    make("div", { class: "panel-bar" }, iconButton("back", t("back"), close, { class: "icon-button back", "data-word-label": "back" }), make("h2", { "data-word": "panel.title" }, t("panel.title"))),
    make("div", { class: "parts", id: "parts" }),
  );
  on("open", drawPanel);
}

export function drawPanel() {
  const ticket = openTicket();
  byId("panel").classList.toggle("empty", !ticket);
  if (!ticket) return keyed(byId("parts"), []);
  const words = language();
  keyed(byId("parts"), PARTS.flatMap((part) => {
    const data = part.data(ticket) ?? [];
    if (!data.length) return [];
    return [{ key: `${ticket.id} ${part.name}`, signature: JSON.stringify([data, words]), create: () => shell(part), fill: (element) => fill(element, part, ticket) }];
  }));
}

function shell(part) {
  if (part.plain) return make("section", { class: `part part-${part.name}`, "data-test": "section", "data-section": part.name });
  const body = make("details", { class: `part part-${part.name}`, "data-test": "section", "data-section": part.name });
  body.open = !setting("folded")[part.name];
  body.addEventListener("toggle", () => {
    if (body.open === !setting("folded")[part.name]) return;
    set("folded", { ...setting("folded"), [part.name]: !body.open });
  });
  return body;
}

function fill(element, part, ticket) {
  const content = part.draw(ticket).filter(Boolean);
  element.hidden = !content.length;
  const count = part.count?.(ticket);
  const heading = part.plain ? null : make("summary", {}, icon("chevron"), make("h3", {}, t(`part.${part.name}`)), count ? make("span", { class: "count" }, String(count)) : null, part.aside?.(ticket) ?? null);
  element.replaceChildren(...[heading, ...content].filter(Boolean));
}

/** Other tickets of the same conversation or the same proven customer. */
function related(ticket) {
  const id = customerId(ticket);
  return [...state.tickets.values()].filter((other) => other.id !== ticket.id && (other.conversation === ticket.conversation || (id && customerId(other) === id)));
}

function customerPart(ticket) {
  const id = customerId(ticket);
  const others = related(ticket);
  const back = ticket.reopens ? make("button", { type: "button", class: "link", onclick: () => openOther(ticket.reopens) }, t("customer.reopened")) : null;
  return [
    make("div", { class: "who" }, face(customerName(ticket), "large"),
      make("div", {}, make("b", {}, customerName(ticket)),
        make("span", { class: id ? "proof proven" : "proof" }, id ? icon("shield") : icon("person"), id ? t("customer.verified", id) : t("customer.anonymous")))),
    back,
    others.length ? make("p", { class: "others" }, t("customer.others"), " ", ...others.slice(0, 4).map((other) => make("button", { type: "button", class: "link", onclick: () => openOther(other.id) }, `${code("reason", other.reason)} · ${code("status", other.status)}`))) : null,
  ];
}

function whyPart(ticket) {
  const detail = code("detail", ticket.detail);
  return [
    make("p", { class: "reason" }, make("b", {}, code("reason", ticket.reason)), detail ? ` · ${detail}` : "", make("span", { class: "dim" }, ` ${moment(ticket.opened_at)}`)),
    ticket.wish ? make("blockquote", { "aria-label": t("part.wish") }, ticket.wish) : null,
    ticket.wait ? make("p", { class: "dim" }, t("wait.told", ticket.wait.ahead, ticket.wait.minutes)) : null,
    ticket.escalation && ticket.escalation !== "nobody" ? make("p", {}, make("span", { class: "chip high" }, code("escalation", ticket.escalation))) : null,
  ];
}

function clocksPart(ticket) {
  const rows = clocks(ticket);
  return [make("dl", { class: "clocks" }, ...rows.map((one) => make("div", { "data-level": one.level }, make("dt", {}, t(`clock.${one.kind}`)), make("dd", { "data-due": one.met ? null : one.due }, one.text), make("dd", { class: "dim" }, t("clock.by", moment(one.due))))))];
}

/** Clocks of the panel go on without drawing it again. */
export function tickPanel() {
  const ticket = openTicket();
  if (!ticket) return;
  const rows = byId("parts").querySelectorAll(".clocks > div");
  for (const [place, one] of clocks(ticket).entries()) {
    const value = rows[place]?.children[1];
    if (value && value.textContent !== one.text) value.textContent = one.text;
    if (rows[place]) rows[place].dataset.level = one.level;
  }
}

/** A server may say it as a text or with its kind. */
const nextStep = (ticket) => ticket.next_step?.text ?? ticket.next_step ?? null;

function nextPart(ticket) {
  const step = nextStep(ticket);
  const texts = isActive(ticket) ? ticket.suggestions ?? [] : [];
  const writes = isHeld(ticket);
  return [
    step ? make("p", { class: "next-step", "data-test": "next-step" }, step) : null,
    ...texts.map((text) => make("button", { type: "button", class: "suggestion", "data-test": "suggestion", disabled: !writes, title: writes ? t("suggest.put") : t("suggest.claimFirst"), onclick: () => put(text) }, icon("spark"), make("span", {}, text))),
  ].filter(Boolean);
}

function summaryLine(line) {
  const links = line.messages.map((id, index) => make("button", { type: "button", class: "link", "data-test": "summary-link", "aria-label": t("summary.jump", line.text), onclick: () => jump(id) }, line.messages.length > 1 ? t("summary.source", index + 1) : t("summary.sourceOne")));
  return make("li", {}, make("span", {}, line.text), " ", ...links);
}

function tagsPart(ticket) {
  const canEdit = possible(ticket).tags;
  const input = make("input", { type: "text", maxlength: "40", placeholder: t("tags.add"), "aria-label": t("tags.add"), "data-test": "tag-input", list: "known-tags" });
  input.addEventListener("keydown", (event) => {
    const tag = input.value.trim();
    if (event.key !== "Enter" || event.isComposing || !tag) return;
    event.preventDefault();
    input.value = "";
    if (!ticket.tags.includes(tag)) setTags(ticket, [...ticket.tags, tag]);
  });
  const chips = ticket.tags.map((tag) => make("span", { class: "chip tag", "data-test": "tag" }, tag, canEdit ? iconButton("close", t("tags.remove", tag), () => setTags(ticket, ticket.tags.filter((other) => other !== tag))) : null));
  return [make("div", { class: "tags" }, ...chips, canEdit ? input : null)];
}

function notesPart(ticket) {
  const notes = ticket.notes.map((note) => make("div", { class: "note", "data-test": "note" }, make("p", {}, note.text), make("p", { class: "dim" }, `${personName(note.agent)} · ${moment(note.at)}`)));
  return [...notes, make("button", { type: "button", class: "link", onclick: () => switchTo("note") }, t("note.write"))];
}

function ratingPart({ rating }) {
  return [make("p", { class: "stars", "aria-label": t("rating.of", rating.score) }, "★".repeat(rating.score) + "☆".repeat(5 - rating.score)), rating.text ? make("blockquote", {}, rating.text) : null].filter(Boolean);
}

