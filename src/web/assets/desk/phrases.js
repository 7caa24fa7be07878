// Quick phrases: `/code` in the field opens them; what the ticket knows is filled in, what it does not know stays visible.
import { callIfThere, session } from "/assets/desk/api.js";
import { make } from "/assets/desk/dom.js";
import { customerName } from "/assets/desk/tickets.js";
import { moment } from "/assets/desk/time.js";

const MOST = 8;
let phrases = [];
let list = null;
let chosen = 0;
let offered = [];

/** Reads the phrases; a server without them has none. */
export async function loadPhrases() {
  phrases = (await callIfThere("phrases", "GET", "/api/v1/phrases"))?.phrases ?? [];
}

export const hasPhrases = () => phrases.length > 0;

/** Attaches the list to a field. `fill(text)` replaces the code that was typed. */
export function attach(field, box) {
  list = box;
  field.setAttribute("aria-controls", box.id);
}

/** The code being typed at the end of what stands before the cursor, without its slash; null if none is. */
export function codeAt(field) {
  const before = field.value.slice(0, field.selectionStart);
  return /(?:^|\s)\/([^\s/]*)$/.exec(before)?.[1] ?? null;
}

/** Shows what fits the code being typed. */
export function offer(field, ticket, put) {
  const typed = codeAt(field);
  if (typed === null || !phrases.length) return hide(field);
  const words = typed.toLowerCase();
  const fits = (phrase) => [phrase.code, phrase.title, ...(phrase.tags ?? [])].some((text) => text?.toLowerCase().includes(words));
  const rank = (phrase) => (phrase.code.toLowerCase().startsWith(words) ? 0 : 1);
  offered = phrases.filter(fits).sort((a, b) => rank(a) - rank(b)).slice(0, MOST);
  if (!offered.length) return hide(field);
  chosen = Math.min(chosen, offered.length - 1);
  list.hidden = false;
  list.replaceChildren(...offered.map((phrase, place) => option(phrase, place, ticket, () => put(fill(phrase.text, ticket)))));
  field.setAttribute("aria-expanded", "true");
  field.setAttribute("aria-activedescendant", `phrase-${chosen}`);
}

function option(phrase, place, ticket, take) {
  const item = make("li", { id: `phrase-${place}`, role: "option", "data-test": "phrase", "data-code": phrase.code, "aria-selected": String(place === chosen) },
    make("span", { class: "line" }, make("code", {}, `/${phrase.code}`), make("b", {}, phrase.title)),
    make("span", { class: "dim" }, fill(phrase.text, ticket)));
  // Before the click, so that the field keeps its cursor.
  item.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    take();
  });
  return item;
}

export function hide(field) {
  chosen = 0;
  offered = [];
  list.hidden = true;
  list.replaceChildren();
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

/** Keys while the list is open. Gives whether the key was used. */
export function key(event, field, ticket, put) {
  if (list.hidden) return false;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    chosen = (chosen + (event.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length;
    offer(field, ticket, put);
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
  } else if (event.key === "Enter" || event.key === "Tab") {
    put(fill(offered[chosen].text, ticket));
  } else if (event.key === "Escape") {
    hide(field);
    event.stopPropagation();
  } else {
    return false;
  }
  event.preventDefault();
  return true;
}

/** Puts the values of the ticket into a phrase. A slot nothing is known for stays, for the agent to fill. */
export function fill(text, ticket) {
  const values = slots(ticket);
  return text.replace(/\{\{\s*(\w+)\s*\}\}/g, (slot, name) => values[name] || slot);
}

function slots(ticket) {
  const order = ticket.orders?.find((fact) => fact.id.startsWith("order:"))?.id.slice("order:".length);
  const owed = ticket.promises?.filter((promise) => promise.state === "open" || promise.state === "renegotiated").map((promise) => promise.due).sort()[0];
  const named = ticket.customer_name ?? ticket.customer?.name;
  return { customer: named ? customerName(ticket) : "", order, agent: session.me?.display_name, due: moment(owed ?? ticket.clocks?.resolution?.due ?? ticket.due) };
}

/** Slots that are still empty, so that none is sent to a customer by mistake. */
export const emptySlots = (text) => [...text.matchAll(/\{\{\s*\w+\s*\}\}/g)].map(([slot]) => slot);

