// Who works here, and how they are read: tickets hold the names of accounts, people read display names.
import { callIfThere } from "/assets/desk/api.js";

/** Display name and state by the name of the account. */
let known = new Map();
/** Names that were not known even after asking: keys have no display name. */
const strangers = new Set();

/** Asks the server who works here. */
export async function loadColleagues() {
  const found = await callIfThere("colleagues", "GET", "/api/v1/colleagues");
  if (found) known = new Map(found.colleagues.map((one) => [one.name, one]));
}

/** The display name of an account; null of whoever is none. */
export const displayName = (name) => known.get(name)?.display_name ?? null;

/** Those who may get a ticket, as `[name, display name]`. */
export const inUse = () => [...known.values()].filter((one) => one.active).map((one) => [one.name, one.display_name]);

/** Asks again if a name appears that nobody knew: an account was made meanwhile. Whether it is known now. */
export async function meet(name) {
  if (!name || known.has(name) || strangers.has(name)) return false;
  strangers.add(name);
  await loadColleagues();
  return known.has(name);
}
