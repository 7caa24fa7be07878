// Sounds and the page's title: that somebody waits, for an agent who looks elsewhere.
import { setting } from "/assets/desk/settings.js";
import { counts, on, state } from "/assets/desk/store.js";
import { t } from "/assets/desk/words.js";

/** Two short notes each: a ticket nobody has, a word from a customer of one's own. */
const NOTES = { ticket: [659, 880], message: [587, 587], urgent: [880, 1175] };
const APART_MS = 1500;
let audio = null;
let lastSound = 0;
let flash = null;

/** Browsers let a page sound only after it was touched; until then it is silent and shows all it has to say. */
export function startAlerts() {
  const wake = () => {
    audio ??= new AudioContext();
    if (audio.state === "suspended") audio.resume();
  };
  for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, wake, { once: true });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) calm(); });
  on("queue", drawTitle);
}

/** Tells of a ticket that is new in the queue. */
export function tellTicket(ticket) {
  if (setting("sound")) sound(ticket.priority === "urgent" ? "urgent" : "ticket");
  if (document.hidden && setting("title")) flashTitle(t("alert.ticket"));
}

/** Tells of a message of one's own customer that is not on the screen. */
export function tellMessage() {
  if (setting("soundMine")) sound("message");
  if (document.hidden && setting("title")) flashTitle(t("alert.message"));
}

/** Lets an agent hear what the alert is like. */
export const trySound = () => sound("ticket", true);

function sound(kind, now = false) {
  if (!audio || audio.state !== "running" || (!now && Date.now() - lastSound < APART_MS)) return;
  lastSound = Date.now();
  for (const [place, pitch] of NOTES[kind].entries()) note(pitch, audio.currentTime + place * 0.14);
}

function note(pitch, at) {
  const tone = new OscillatorNode(audio, { type: "sine", frequency: pitch });
  const volume = new GainNode(audio, { gain: 0 });
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(0.12, at + 0.015);
  volume.gain.exponentialRampToValueAtTime(0.0005, at + 0.32);
  tone.connect(volume).connect(audio.destination);
  tone.start(at);
  tone.stop(at + 0.34);
}

/** The title says how many wait, whatever is switched on. */
export function drawTitle() {
  if (flash) return;
  const waiting = state.loaded ? counts().unassigned : 0;
  document.title = waiting ? `(${waiting}) ${t("app.name")}` : t("app.name");
}

function flashTitle(text) {
  if (flash) return;
  let shown = false;
  const plain = document.title;
  flash = setInterval(() => {
    shown = !shown;
    document.title = shown ? `● ${text}` : plain;
  }, 1000);
}

function calm() {
  clearInterval(flash);
  flash = null;
  drawTitle();
}
