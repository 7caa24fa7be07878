// Elements: making them, icons, lists that are patched in place, short messages. Texts only ever become text nodes.
import { clean, make } from "/widget.js";

export { clean, make };

export const byId = (id) => document.getElementById(id);

/** Paths of the icons on a grid of 24 by 24. */
const ICONS = {
  inbox: "M4 13l2.2-7.2A2 2 0 0 1 8.1 4.4h7.8a2 2 0 0 1 1.9 1.4L20 13v4.6a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2zM4 13h4.5l1.2 2.4h4.6L15.5 13H20",
  spark: "M12 3.500l1.9 5.3 5.3 1.9-5.3 1.900L12 18l-1.9-5.4-5.3-1.9 5.3-1.900zM18.5 16.500v4M16.5 18.500h4",
  people: "M9 11.500a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.8 19.500c.6-3.2 3-5 6.2-5s5.6 1.8 6.2 5M16 5a3.2 3.2 0 0 1 0 6.300M17.5 14.700c2 .6 3.3 2.2 3.7 4.8",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.300a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.600zM9 19.300a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.600z",
  help: "M12 20.500a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM9.7 9.500a2.4 2.4 0 1 1 3.5 2.100c-.8.4-1.2.9-1.2 1.900M12 16.600v.1",
  search: "M11 17.500a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.8 15.800L20 20",
  alert: "M12 4.500l8.5 15h-17zM12 10.500v4M12 17v.1",
  chat: "M5 5h14a1.5 1.5 0 0 1 1.5 1.500v9A1.5 1.5 0 0 1 19 17h-6.500L8 20.500V17H5a1.5 1.5 0 0 1-1.5-1.500v-9A1.5 1.5 0 0 1 5 5zM8 9.500h8M8 12.500h5",
  down: "M12 5v14M6 13l6 6 6-6",
  back: "M19 12H5M11 6l-6 6 6 6",
  info: "M12 20.500a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM12 11v5.500M12 7.800v.1",
  send: "M4.5 12L20 4.5 15.5 20l-3.7-6.300zM11.8 13.700L20 4.5",
  note: "M5 4.500h14v10l-5 5H5zM14 19.500v-5h5M8.5 9h7M8.5 12.500h4",
  slash: "M5 4.500h14a1 1 0 0 1 1 1v13a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1v-13a1 1 0 0 1 1-1zM13.8 8l-3.6 8",
  clock: "M12 20.500a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM12 7.500V12l3 2",
  check: "M5 12.500l4.5 4.500L19 7.5",
  giveback: "M9 6L4.5 10.5 9 15M4.5 10.500H14a5 5 0 0 1 0 10h-3",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20c.8-3.6 3.8-5.5 7.5-5.500s6.7 1.9 7.5 5.5",
  swap: "M7 4.500L3.5 8 7 11.500M3.5 8H17M17 12.500l3.5 3.5-3.5 3.500M20.5 16H7",
  shield: "M12 3.500l7 2.500v5.500c0 4.5-3 7.5-7 9-4-1.5-7-4.5-7-9V6zM9 12l2.2 2.200L15.3 10",
  picture: "M5 5h14a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zM4.5 17l5-5 3.5 3.5 2.5-2.5 4.5 4M15.5 9.500v.1",
  file: "M7 3.500h7l4 4v13H7zM14 3.500v4h4",
  close: "M6 6l12 12M18 6L6 18",
  chevron: "M9 6l6 6-6 6",
  star: "M12 4l2.4 5.1 5.6.7-4.1 3.8 1.1 5.5-5-2.8-5 2.8 1.1-5.500L4 9.800l5.6-.7z",
  undo: "M4.5 12a7.5 7.5 0 1 1 2.3 5.400M4.5 17.500v-5h5",
  tag: "M4 4.500h7.500l8.5 8.5-7 7-9-8.500zM8 8.500v.1",
  box: "M12 3.500l8 4.200v8.600l-8 4.2-8-4.200V7.700zM4 7.700l8 4.3 8-4.300M12 12v8.5",
};

/** An element of SVG with attributes and children. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== undefined) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** An icon that says nothing to a screen reader; the control around it has the words. */
export function icon(name) {
  return svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: ICONS[name] }));
}

/** A button with an icon and words. Without words on the screen its label is read out and shown on hover. */
export function iconButton(name, label, onclick, attributes = {}) {
  const { text, ...others } = attributes;
  const words = text ? make("span", {}, text) : null;
  return make("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...others }, icon(name), words);
}

/**
 * Patches a list in place: `items` are `{key, signature, create, fill}`. An element is filled again only if its signature
 * changed, and moved only if its place changed, so that one event among hundreds of rows costs one row.
 */
export function keyed(container, items) {
  const known = (container.keyedItems ??= new Map());
  const wanted = new Set(items.map((item) => item.key));
  const focused = container.contains(document.activeElement) ? document.activeElement : null;
  for (const [key, entry] of known) {
    if (wanted.has(key)) continue;
    entry.element.remove();
    known.delete(key);
  }
  let place = container.firstElementChild;
  for (const item of items) {
    const entry = known.get(item.key) ?? { element: item.create(), signature: null };
    if (entry.signature !== item.signature) item.fill(entry.element);
    entry.signature = item.signature;
    known.set(item.key, entry);
    if (entry.element === place) {
      place = place.nextElementSibling;
    } else if (place && place.nextElementSibling === entry.element) {
      // One element went further down: moving that one spares moving all that follow it.
      container.append(place);
      place = entry.element.nextElementSibling;
    } else {
      container.insertBefore(entry.element, place);
    }
  }
  if (focused && document.activeElement !== focused && focused.isConnected) focused.focus({ preventScroll: true });
}

/** A short message at the edge of the page that goes away by itself. */
export function toast(text, kind = "plain") {
  const box = make("div", { class: `toast ${kind}`, "data-test": "toast" }, text);
  const shelf = byId("toasts");
  shelf.append(box);
  while (shelf.childElementCount > 3) shelf.firstElementChild.remove();
  setTimeout(() => box.remove(), kind === "bad" ? 8000 : 4000);
}

/** The first letter of a name, as a face. */
export function face(name, kind = "") {
  return make("span", { class: `face ${kind}`, "aria-hidden": "true" }, Array.from(name || "?")[0].toUpperCase());
}

/** Puts text on the clipboard and says so. */
export async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    // A browser may forbid it; the text can still be selected by hand.
  }
}
