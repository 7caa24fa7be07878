// The line above a conversation: who it is, how the ticket stands, and what can be done with it.
import { assign, claim, giveBack, possible, resolve, snooze } from "/assets/desk/actions.js";
import { byId, icon, iconButton, make } from "/assets/desk/dom.js";
import { on, openTicket } from "/assets/desk/store.js";
import { customerId, customerName, holder, isMine, mood, personName, pressing, waitingSince } from "/assets/desk/tickets.js";
import { moment, span, until } from "/assets/desk/time.js";
import { code, language, t } from "/assets/desk/words.js";
import { moodChip } from "/assets/desk/queue.js";

let drawn = "";

/** Builds the line; `back` leaves the conversation on a small screen, `panel` shows the side panel there. */
let views = { back() {}, panel() {} };
export function startHead(goBack, showPanel) {
  views = { back: goBack, panel: showPanel };
  on("open", drawHead);
}

export function drawHead() {
  const ticket = openTicket();
  if (!ticket) {
    drawn = "";
    return;
  }
  const { id, status, agent, assignee, state, snoozed_until: end, identity } = ticket;
  const signature = JSON.stringify([id, status, agent, assignee, state, end, identity, mood(ticket), customerName(ticket), personName(holder(ticket)), possible(ticket), language()]);
  if (signature === drawn) return;
  drawn = signature;
  byId("talk-head").replaceChildren(
    iconButton("back", t("back"), views.back, { class: "icon-button back" }),
    make("div", { class: "title" },
      make("h2", {}, customerName(ticket), customerId(ticket) ? icon("shield") : null),
      make("p", { class: "dim" }, make("span", { class: `status ${ticket.status}` }, code("status", ticket.status)), standing(ticket), make("span", { id: "head-clock" }))),
    moodOf(ticket),
    make("div", { class: "actions" }, ...buttons(ticket)),
    iconButton("info", t("panel.show"), views.panel, { class: "icon-button info" }),
  );
  tickHead();
}

function moodOf(ticket) {
  const feeling = mood(ticket);
  return feeling ? moodChip(feeling) : null;
}

function standing(ticket) {
  const who = holder(ticket);
  if (ticket.snoozed_until && until(ticket.snoozed_until) > 0) return ` · ${t("head.snoozed", moment(ticket.snoozed_until))}`;
  if (who) return ` · ${isMine(ticket) ? t("head.mine") : t("head.theirs", personName(who))}`;
  return ticket.status === "open" ? "" : ` · ${code("state", ticket.state)}`;
}

function buttons(ticket) {
  const can = possible(ticket);
  const button = (name, key, run, look = "", sign = null) => make("button", { type: "button", class: `act ${look}`, "data-test": name, title: `${t(`act.${name}`)} (${key})`, onclick: run }, sign ? icon(sign) : null, make("span", {}, t(`act.${name}`)), make("kbd", { "aria-hidden": "true" }, key));
  return [
    can.assign || can.transfer ? make("button", { type: "button", class: "act quiet", "data-test": "assign", title: t(can.transfer ? "act.transfer" : "act.assign"), onclick: assign }, icon("swap"), make("span", {}, t(can.transfer ? "act.transfer" : "act.assign"))) : null,
    can.snooze ? button("snooze", "s", snooze, "quiet", "clock") : null,
    can.return ? button("return", "b", giveBack, "quiet", "giveback") : null,
    can.resolve ? button("resolve", "e", resolve, "primary", "check") : null,
    can.claim ? (ticket.status === "snoozed" ? button("wake", "c", () => claim(ticket.id), "quiet", "undo") : button("claim", "c", () => claim(ticket.id), "primary")) : null,
  ].filter(Boolean);
}

/** The clock beside the state goes on without drawing the line again. */
export function tickHead() {
  const ticket = openTicket();
  const box = byId("head-clock");
  if (!ticket || !box) return;
  const since = waitingSince(ticket);
  const press = pressing(ticket);
  const waits = since ? ` · ${t("head.waits", span(-until(since)))}` : "";
  const due = press ? ` · ${t(`clock.${press.kind}`)} ${press.text}` : "";
  if (box.textContent === waits + due) return;
  box.replaceChildren(waits, make("span", { "data-level": press?.level ?? "fine" }, due));
}
