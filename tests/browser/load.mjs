// Measures the agents' page under load: many open tickets, many conversations that go on while one agent works.
//
//   node tests/browser/load.mjs PROGRAM [--tickets 500] [--live 50] [--every 5] [--probes 100] [--assets FOLDER] [--json FILE]
//
// PROGRAM is a built warmdesk; it is started with a fresh data folder, the sample shop and no model. --every: the seconds after
// which each live customer writes again. --probes: how many times each thing is measured. --assets: take the pages from a folder
// (src/web/assets) instead of from the program. CHROMIUM names the browser. It measures and judges nothing, so that it is no test.
import { existsSync, writeFileSync } from "node:fs";
import { resolve as absolute } from "node:path";
import { parseArgs } from "node:util";
import { startShop } from "./load/server.mjs";
import { WatchedDesk } from "./load/watched.mjs";

const COMPLAINTS = ["我要投诉", "你们这也太慢了 我要投诉", "转人工", "东西坏了没人管 我要投诉你们", "找个真人来 别用机器人", "叫你们主管来 我要投诉"];
const TALK = ["好的 我等您", "大概什么时候能有结果", "那个单号我再发您一遍", "不是这个意思", "嗯嗯", "我今天就要用的", "麻烦您快一点", "图片我晚点拍给您", "之前那位同事答应过我的", "可以 就按您说的办"];
const STILL_SECONDS = 15;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { tickets: { type: "string", default: "500" }, live: { type: "string", default: "50" }, every: { type: "string", default: "5" }, probes: { type: "string", default: "100" }, assets: { type: "string" }, json: { type: "string" } },
});
const [wanted, liveCount, every, probes] = ["tickets", "live", "every", "probes"].map((name) => Number(values[name]));
const program = positionals[0] && absolute(positionals[0]);
if (!program || !existsSync(program)) throw new Error("usage: node tests/browser/load.mjs PROGRAM [options]; the head of this file names them");
if (wanted < liveCount + probes) throw new Error(`--tickets: at least ${liveCount + probes}, as many as are live and probed`);

const executable = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const now = () => performance.timeOrigin + performance.now();
const any = (list, index) => list[index % list.length];

/** Opens tickets as customers do; gives `{customer, conversation, ticket}` of each. */
async function seed(shop, count) {
  const opened = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const number = next++;
      const customer = `load_${String(number).padStart(4, "0")}`;
      const { conversation, handoff } = await shop.say(customer, any(COMPLAINTS, number));
      if (!handoff) throw new Error(`"${any(COMPLAINTS, number)}" opened no ticket`);
      opened[number] = { customer, conversation, ticket: handoff.ticket };
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  return opened;
}

/** Lets customers write every few seconds, out of step with each other, until it is stopped. Gives how many messages went out. */
function keepTalking(shop, talkers) {
  let on = true;
  let sent = 0;
  const talk = async ({ customer, conversation }, index) => {
    await pause((index / talkers.length) * every * 1000);
    for (let turn = index; on; turn += 1) {
      const started = Date.now();
      await shop.say(customer, any(TALK, turn), conversation);
      sent += 1;
      await pause(Math.max(0, every * 1000 - (Date.now() - started)));
    }
  };
  const all = Promise.all(talkers.map(talk));
  return async () => { on = false; await all; return sent; };
}

// What is measured, one at a time: each gives the milliseconds from the customer's post to the frame that shows it.

const RESTING_MS = 150;

async function ticketShown(shop, desk, number) {
  const start = now();
  const { handoff } = await shop.say(`new_${number}`, any(COMPLAINTS, 0));
  const took = await desk.shown(`row ${handoff.ticket}`) - start;
  // The queue stays as long as it is.
  await shop.ask("POST", `/api/v1/tickets/${handoff.ticket}/claim`);
  await shop.ask("POST", `/api/v1/tickets/${handoff.ticket}/resolve`);
  return took;
}

async function rowMarked(shop, desk, { customer, conversation, ticket }) {
  const start = now();
  const said = shop.say(customer, "还在吗", conversation);
  const took = await desk.shown(`unread ${ticket}`) - start;
  await said;
  return took;
}

async function bubbleShown(shop, desk, { customer, conversation }, number) {
  const text = `还有一件事要问，第 ${number} 次`;
  const start = now();
  const said = shop.say(customer, text, conversation);
  const took = await desk.shown(`text ${text}`) - start;
  await said;
  return took;
}

/** How long the door gives the whole queue, and how much that is. */
async function wholeQueue(shop) {
  const start = now();
  const text = JSON.stringify(await shop.ask("GET", "/api/v1/tickets?limit=500"));
  return { milliseconds: Math.round(now() - start), kilobytes: Math.round(text.length / 1024) };
}

async function series(count, measure) {
  const taken = [];
  for (let number = 0; number < count; number += 1) {
    taken.push(await measure(number));
    await pause(RESTING_MS);
  }
  return taken;
}

// What comes out.

function spread(taken) {
  const ordered = [...taken].sort((a, b) => a - b);
  const at = (share) => Math.round(ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))]);
  return { count: ordered.length, p50: at(0.5), p95: at(0.95), max: Math.round(ordered.at(-1)) };
}

/** What a stretch of time cost, by the second. */
async function priced(shop, desk, run) {
  const [before, processor, start] = [await desk.costs(), shop.processorSeconds(), now()];
  const result = await run();
  const [after, seconds] = [await desk.costs(), (now() - start) / 1000];
  const share = (name) => Number(((after[name] - before[name]) / seconds).toFixed(4));
  const requests = Object.fromEntries([...after.requests].map(([door, count]) => [door, count - (before.requests.get(door) ?? 0)]).filter(([, count]) => count));
  return {
    result,
    costs: {
      seconds: Math.round(seconds), server: Number(((shop.processorSeconds() - processor) / seconds).toFixed(4)), renderer: share("renderer"), browser: share("browser"),
      script: share("script"), style: share("style"), layout: share("layout"),
      longTasks: after.longTasks - before.longTasks, longTaskMs: Math.round(after.longTaskMs - before.longTaskMs), slowFrames: after.slowFrames - before.slowFrames, requests,
    },
  };
}

async function measure(shop) {
  const tickets = await seed(shop, wanted);
  const live = tickets.slice(0, liveCount);
  const quiet = tickets.slice(liveCount, liveCount + probes);
  for (const { ticket } of [...live, ...quiet]) await shop.ask("POST", `/api/v1/tickets/${ticket}/claim`);
  const desk = await WatchedDesk.open(shop, { executable, assets: values.assets && absolute(values.assets) });
  try {
    const rows = (await desk.desk.tickets()).length;
    await pause(3000);
    const still = await priced(shop, desk, () => pause(STILL_SECONDS * 1000));
    const stop = keepTalking(shop, live);
    await desk.openTicket(live[0].ticket);
    const shown = {};
    const working = await priced(shop, desk, async () => {
      shown.ticket = spread(await series(probes, (number) => ticketShown(shop, desk, number)));
      shown.row = spread(await series(probes, (number) => rowMarked(shop, desk, quiet[number])));
      shown.bubble = spread(await series(probes, (number) => bubbleShown(shop, desk, live[0], number)));
      shown.open = spread(await series(Math.min(40, liveCount - 1), (number) => desk.openTicket(live[number + 1].ticket)));
    });
    const queue = await wholeQueue(shop);
    const messages = await stop();
    return { queue, tickets: rows, live: liveCount, every, messages, shown, still: still.costs, working: working.costs, page: await desk.memory(), server: { megabytes: Math.round(shop.megabytes()) } };
  } finally {
    await desk.close();
  }
}

const SHOWN = { ticket: "a new ticket in the list", row: "the mark of a new message at its row", bubble: "a message in the open conversation", open: "a conversation that is opened (click to messages)" };

function table(report) {
  const { shown, still, working, page } = report;
  const lines = [`${report.tickets} rows, ${report.live} live customers writing every ${report.every} s (${report.messages} messages)`, "", "| from the customer's post to | p50 | p95 | max | of |", "|---|---|---|---|---|"];
  for (const [name, words] of Object.entries(SHOWN)) lines.push(`| ${words} | ${shown[name].p50} ms | ${shown[name].p95} ms | ${shown[name].max} ms | ${shown[name].count} |`);
  lines.push("", "| a second of | nobody writes | everybody writes |", "|---|---|---|");
  for (const name of ["server", "renderer", "browser", "script", "style", "layout"]) lines.push(`| ${name} | ${(still[name] * 1000).toFixed(1)} ms | ${(working[name] * 1000).toFixed(1)} ms |`);
  lines.push("", `long tasks: ${working.longTasks} (${working.longTaskMs} ms in ${working.seconds} s), slow frames: ${working.slowFrames}`, `page: ${page.heapMegabytes.toFixed(1)} MB of script memory, ${page.elements} nodes; server: ${report.server.megabytes} MB`, `the whole queue by GET /api/v1/tickets?limit=500: ${report.queue.milliseconds} ms, ${report.queue.kilobytes} kB`, "", "requests of the page while everybody wrote:");
  for (const [door, count] of Object.entries(working.requests)) lines.push(`  ${count} ${door}`);
  return lines.join("\n");
}

const shop = await startShop(program);
try {
  const report = await measure(shop);
  console.log(table(report));
  if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 1)}\n`);
  else console.log(`\n${JSON.stringify(report)}`);
} finally {
  await shop.stop();
}
