// What happened to a ticket between its messages: from the audit for those who may read it, else from what the ticket says
// of itself and what changed while the page looked on.
import { callIfThere, session } from "/assets/desk/api.js";
import { changed, on, openTicket, state } from "/assets/desk/store.js";
import { personName } from "/assets/desk/tickets.js";
import { code, t } from "/assets/desk/words.js";

/** Moves that say something to whoever reads the conversation; messages and notes stand in it themselves. */
const TOLD = new Set(["claim", "return", "resolve", "snooze", "wake", "pass_on", "release", "assign", "raise_ticket", "reopen", "leave_for_later", "offer_call_back", "fall_back"]);
/** Ticket id to `{stand, entries}`: the audit, and how the ticket stood when it was read. */
const audits = new Map();

/** Reads the audit of the open ticket whenever the ticket has moved. */
export function startHistory() {
  on("open", () => {
    const ticket = openTicket();
    if (ticket) readAudit(ticket).catch(() => {});
  });
}

async function readAudit(ticket) {
  if (session.me?.role !== "lead" && session.me?.role !== "admin") return;
  const stand = [ticket.status, ticket.agent, ticket.assignee, ticket.priority, ticket.snoozed_until].join();
  if (audits.get(ticket.id)?.stand === stand) return;
  audits.set(ticket.id, { stand, entries: audits.get(ticket.id)?.entries ?? null });
  const answer = await callIfThere("audit", "GET", `/api/v1/audit?subject=${encodeURIComponent(ticket.id)}&limit=100`);
  if (!answer) return;
  audits.set(ticket.id, { stand, entries: answer.entries.filter((entry) => TOLD.has(entry.action)) });
  changed("open");
}

/** The lines of a ticket: `{at, text}`. */
export function systemLines(ticket) {
  const lines = [{ at: ticket.opened_at, text: t("line.opened", code("reason", ticket.reason), code("detail", ticket.detail)) }];
  const known = audits.get(ticket.id)?.entries;
  if (known) lines.push(...known.map((entry) => ({ at: entry.at, text: t(`line.${entry.action}`, personName(entry.actor), personName(entry.detail)), before: entry.action === "claim" })));
  else lines.push(...seen(ticket));
  const { rating } = ticket;
  if (rating) lines.push({ at: rating.at, text: t("line.rated", "★".repeat(rating.score), rating.text ?? "") });
  // Somebody takes a ticket before the first word, which may carry the same second.
  return lines.map((line) => (line.before ? { ...line, at: new Date(Date.parse(line.at) - 1).toISOString() } : line));
}

function seen(ticket) {
  const changes = state.changes.get(ticket.id) ?? [];
  const lines = changes.map(({ at, kind, agent }) => ({ at, text: t(`line.${kind}`, personName(agent), "") }));
  const first = ticket.history.find((message) => message.author === "staff" && Date.parse(message.at) >= Date.parse(ticket.opened_at));
  if (first && !changes.some((line) => line.kind === "claim")) lines.push({ at: first.at, text: t("line.claim", personName(first.name ?? ticket.agent)), before: true });
  return lines;
}
