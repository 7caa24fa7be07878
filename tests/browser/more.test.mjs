// What a server of the first days lacks: pictures, and what the shop says first. Skipped where the doors are absent.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { Desk } from "./desk.mjs";
import { ask, BASE, KEY, lacks, newPage, stocked, until, useBrowser } from "./harness.mjs";
import { Widget } from "./widget.mjs";

useBrowser();

/** A small PNG of one colour, built here. */
function png(width = 40, height = 30) {
  const table = Array.from({ length: 256 }, (_, n) => { for (let k = 0; k < 8; k += 1) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1; return n >>> 0; });
  const crc = (bytes) => { let value = 0xffffffff; for (const byte of bytes) value = table[(value ^ byte) & 255] ^ (value >>> 8); return (value ^ 0xffffffff) >>> 0; };
  const part = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data]); const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    size.writeUInt32BE(data.length); sum.writeUInt32BE(crc(body));
    return Buffer.concat([size, body, sum]);
  };
  const head = Buffer.alloc(13); head.writeUInt32BE(width, 0); head.writeUInt32BE(height, 4); head.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, 0xb0)]);
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), part("IHDR", head), part("IDAT", deflateSync(Buffer.concat(Array(height).fill(row)))), part("IEND", Buffer.alloc(0))]);
}

test("a picture is chosen, seen before it is sent, and seen by the agent", async (t) => {
  if (await lacks(t, "pictures", "/api/v1/pictures")) return;
  const [shop, office] = [await newPage(), await newPage()];
  const [widget, desk] = [new Widget(shop), new Desk(office)];
  await desk.login(BASE, KEY);
  await shop.goto(`${BASE}/`);
  await widget.open();
  await widget.file.setInputFiles({ name: "a.svg", mimeType: "image/svg+xml", buffer: Buffer.from("<svg onload='window.harmed=1'/>") });
  await until("it is refused", () => widget.alert.isVisible());
  await widget.file.setInputFiles({ name: "a.gif", mimeType: "image/gif", buffer: Buffer.alloc(5 * 1024 * 1024 + 1) });
  await until("it is too large", async () => /5 MB/.test(await widget.alert.textContent()));
  assert.equal(await widget.picks.count(), 0);
  await widget.file.setInputFiles({ name: "a.png", mimeType: "image/png", buffer: png() });
  await widget.picks.first().waitFor();
  await widget.say("转人工 杯子裂了");
  await until("it stands in the log", async () => (await widget.shots.count()) === 1);
  const { conversation } = await widget.session();
  const ticket = await until("the ticket", async () => (await ask("GET", "/api/v1/tickets?limit=500")).answer.tickets.find((one) => one.conversation === conversation));
  await until("the ticket on the desk", async () => (await desk.tickets()).includes(ticket.id));
  await desk.open(ticket.id);
  await until("the picture on the desk", async () => (await desk.pictures.count()) >= 1);
  await shop.reload();
  await widget.open();
  await until("it stands there after a reload", async () => (await widget.shots.count()) === 1 && (await widget.shots.first().evaluate((image) => image.naturalWidth)) === 40);
  assert.deepEqual([shop.scriptErrors, office.scriptErrors], [[], []]);
  await ask("POST", `/api/v1/tickets/${ticket.id}/claim`);
  await ask("POST", `/api/v1/tickets/${ticket.id}/resolve`);
});

/** Looks at a product again and again, some seconds apart, until the shop says something first. */
async function lookAgain(page, widget) {
  const product = await stocked();
  const start = Date.now() - 6 * 15_000;
  for (let look = 0; look < 6 && (await widget.nudge.count()) === 0; look += 1) {
    await page.evaluate(([product, at]) => window.Warmdesk.track("product_viewed", { product, at }), [product, new Date(start + look * 15_000).toISOString()]);
    await page.waitForTimeout(200);
  }
  await widget.nudge.waitFor();
}

test("what the shop says first is calm, says why, and is closed with one press for good", async (t) => {
  if (await lacks(t, "events", "/api/v1/events")) return;
  const page = await newPage();
  const widget = new Widget(page);
  const outcomes = [];
  page.on("request", (request) => { if (request.url().includes("/api/v1/nudges/")) outcomes.push(JSON.parse(request.postData()).outcome); });
  await page.goto(`${BASE}/`);
  await lookAgain(page, widget);
  assert.equal(await widget.nudge.count(), 1);
  assert.ok(await widget.panel.isHidden(), "it opens nothing by itself");
  assert.match(await widget.nudge.locator("small").textContent(), /为什么看到这条：.+/);
  await page.reload();
  await widget.nudge.waitFor();
  await widget.nudge.getByRole("button", { name: "关闭" }).click();
  assert.equal(await widget.nudge.count(), 0);
  await until("the server is told", async () => outcomes.includes("dismissed"));
  assert.deepEqual(outcomes, ["shown", "dismissed"]);
  await page.reload();
  await page.waitForTimeout(1000);
  assert.equal(await widget.nudge.count(), 0, "what was closed does not return");
  assert.deepEqual(page.scriptErrors, []);
});

test("answering what the shop says first begins a chat", async (t) => {
  if (await lacks(t, "events", "/api/v1/events")) return;
  const page = await newPage();
  const widget = new Widget(page);
  const outcomes = [];
  page.on("request", (request) => { if (request.url().includes("/api/v1/nudges/")) outcomes.push(JSON.parse(request.postData()).outcome); });
  await page.goto(`${BASE}/`);
  await lookAgain(page, widget);
  const offered = await widget.nudge.locator("p").textContent();
  const choice = widget.nudge.locator(".card").first();
  await choice.click();
  await widget.panel.waitFor();
  await until("what was offered stands in the log", async () => (await widget.rows()).some((row) => row.text === offered));
  await until("an answer", async () => (await widget.rows()).at(-1).author === "assistant");
  await until("the server is told", async () => outcomes.includes("opened"));
  assert.equal(await widget.nudge.count(), 0);
  assert.equal((await widget.rows()).filter((row) => row.text === offered).length, 1, "it is one message of the conversation");
});
