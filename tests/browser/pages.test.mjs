// The widget and the demo page as things on a page: markup stays text, small, by keyboard, on a telephone, on another's page.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { Desk } from "./desk.mjs";
import { ask, BASE, harmed, KEY, MARKUP, newPage, SHOP_PORT, until, useBrowser } from "./harness.mjs";
import { Widget } from "./widget.mjs";

useBrowser();

test("the widget is one file of less than 20 kB as it is sent", async (t) => {
  const source = await (await fetch(`${BASE}/widget.js`)).text();
  const size = gzipSync(source, { level: 9 }).length;
  t.diagnostic(`the widget has ${source.length} characters, ${size} bytes compressed`);
  assert.ok(size < 20_000, `${size} bytes`);
  assert.ok(!/^\s*import\s/m.test(source) && !/\bimport\(/.test(source), "it loads nothing else");
});

test("markup is text on both sides", async () => {
  const [shop, office] = [await newPage(), await newPage()];
  const [widget, desk] = [new Widget(shop), new Desk(office)];
  await desk.login(BASE, KEY);
  await shop.goto(`${BASE}/`);
  await widget.open();
  await widget.say(`转人工 ${MARKUP}`);
  await until("the state", async () => await widget.person.isHidden());
  const { conversation } = await widget.session();
  const ticket = (await ask("GET", "/api/v1/tickets?limit=500")).answer.tickets.find((one) => one.conversation === conversation);
  await until("the ticket", async () => (await desk.tickets()).includes(ticket.id));
  await desk.open(ticket.id);
  await desk.claim();
  await desk.say(`您好 ${MARKUP}`);
  await desk.note(`备注 ${MARKUP}`);
  await until("the reply", async () => (await widget.said("staff")).includes(`您好 ${MARKUP}`));
  assert.deepEqual(await widget.said("customer"), [`转人工 ${MARKUP}`]);
  await until("the desk shows it", () => desk.shows(`转人工 ${MARKUP}`));
  await until("the note", async () => (await desk.notes.allTextContents()).some((text) => text.includes(MARKUP)));
  await office.locator("[data-test=search]").fill(MARKUP);
  await office.waitForTimeout(500);
  assert.deepEqual([await harmed(shop), await harmed(office)], [false, false]);
  assert.deepEqual([shop.scriptErrors, office.scriptErrors], [[], []]);
  await ask("POST", `/api/v1/tickets/${ticket.id}/resolve`);
});

test("everything goes by keyboard", async () => {
  const page = await newPage();
  const widget = new Widget(page);
  await page.goto(`${BASE}/`);
  await widget.launcher.focus();
  await page.keyboard.press("Enter");
  await widget.panel.waitFor();
  const focused = () => widget.root.evaluate((host) => host.shadowRoot.activeElement?.className || host.shadowRoot.activeElement?.tagName || "");
  await until("the field has the focus", async () => (await focused()) === "TEXTAREA");
  await page.keyboard.type("在吗");
  await page.keyboard.press("Enter");
  await until("an answer", async () => (await widget.said("assistant")).length > 0);
  for (let step = 0; step < 12; step += 1) {
    await page.keyboard.press("Tab");
    assert.ok(await focused(), "Tab stays in the open panel");
  }
  for (let step = 0; step < 12; step += 1) {
    await page.keyboard.press("Shift+Tab");
    assert.ok(await focused(), "Shift+Tab stays in the open panel");
  }
  await widget.person.focus();
  await page.keyboard.press("Enter");
  await until("a person is asked for", async () => await widget.person.isHidden());
  await page.keyboard.press("Escape");
  await until("closed", () => widget.panel.isHidden());
  assert.match(await focused(), /launch/, "the focus goes back to where it was");
  assert.deepEqual(page.scriptErrors, []);
});

test("a screen reader is told what everything is", async () => {
  const page = await newPage();
  const widget = new Widget(page);
  await page.goto(`${BASE}/`);
  await widget.open();
  assert.equal(await widget.panel.getAttribute("role"), "dialog");
  assert.deepEqual([await widget.log.getAttribute("role"), await widget.log.getAttribute("aria-live")], ["log", "polite"]);
  const nameless = await widget.root.evaluate((host) => [...host.shadowRoot.querySelectorAll("button,textarea,input:not([type=file])")]
    .filter((one) => one.getClientRects().length && !(one.ariaLabel || one.textContent.trim())).map((one) => one.outerHTML));
  assert.deepEqual(nameless, []);
});

test("colours can be read, whatever a shop's colour is", async () => {
  const page = await newPage();
  await page.goto(`${BASE}/`);
  await page.locator("warmdesk-chat .hello .card").first().waitFor({ state: "attached" });
  for (const theme of ["light", "dark"]) {
    for (const color of ["#bf4e2a", "#ffe14d", "#00e0c6", "navy", "#ff2442", "rgb(255, 255, 255)", "#111"]) {
      const ratios = await page.evaluate(([theme, color]) => {
        const chat = document.querySelector("warmdesk-chat");
        chat.setAttribute("theme", theme); chat.setAttribute("color", color); chat.show(false);
        const root = chat.shadowRoot;
        const rgb = (text) => text.match(/[\d.]+/g).map(Number);
        const over = (front, back) => [0, 1, 2].map((i) => front[i] * (front[3] ?? 1) + back[i] * (1 - (front[3] ?? 1)));
        const light = (c) => c.slice(0, 3).map((n) => n / 255).map((n) => (n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4)).reduce((sum, n, i) => sum + n * [0.2126, 0.7152, 0.0722][i], 0);
        const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
        const style = (selector) => getComputedStyle(root.querySelector(selector));
        const panel = rgb(style(".panel").backgroundColor);
        const badge = style(".badge"); const send = style(".face"); const line = style(".line"); const card = style(".hello .card");
        return {
          badge: ratio(rgb(badge.color), over(rgb(badge.backgroundColor), panel)), face: ratio(rgb(send.color), rgb(send.backgroundColor)),
          line: ratio(rgb(line.color), rgb(line.backgroundColor)), card: ratio(rgb(card.color), panel), text: ratio(rgb(style(".who b").color), panel),
        };
      }, [theme, color]);
      for (const [part, ratio] of Object.entries(ratios)) assert.ok(ratio >= (part === "face" ? 3 : 4.5), `${theme} ${color} ${part}: ${ratio.toFixed(2)}`);
    }
  }
});

test("on a telephone the chat has the whole screen", async () => {
  const page = await newPage({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  const widget = new Widget(page);
  await page.goto(`${BASE}/`);
  await page.locator("#view").locator("*").first().waitFor();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page does not move sideways");
  await widget.open();
  // It slides in.
  await until("the panel stands still", async () => (await widget.panel.boundingBox())?.y === 0);
  const box = await widget.panel.boundingBox();
  assert.deepEqual([box.x, box.y, box.width, box.height].map(Math.round), [0, 0, 390, 844]);
  await widget.say("在吗");
  await until("an answer", async () => (await widget.said("assistant")).length > 0);
  await widget.closer.click();
  await widget.launcher.waitFor();
});

test("one tag puts it on a shop's own page", async (t) => {
  const signed = await (await fetch(`${BASE}/demo.json`)).json();
  const { id, signature } = signed.demo.customers[0];
  const html = `<!doctype html><html lang="en"><title>Shop</title><body><h1>A shop</h1>
    <script>(window.Warmdesk ??= []).push(["identify", () => Promise.resolve({ customer: "${id}", signature: "${signature}" })]);</script>
    <script type="module" src="${BASE}/widget.js" data-heading="Corner shop" data-color="#146b5d" data-starters="我的订单到哪了"></script></body></html>`;
  const server = createServer((_, answer) => { answer.setHeader("content-type", "text/html; charset=utf-8"); answer.end(html); });
  await new Promise((resolve) => server.listen(SHOP_PORT, "127.0.0.1", resolve));
  t.after(() => { server.closeAllConnections(); server.close(); });
  const page = await newPage();
  const widget = new Widget(page);
  await page.goto(`http://127.0.0.1:${SHOP_PORT}/`);
  await widget.open();
  assert.equal(await widget.root.locator("header b").textContent(), "Corner shop");
  assert.deepEqual(await widget.root.locator(".hello .card").allTextContents(), ["我的订单到哪了"]);
  await widget.say("我的订单到哪了");
  await until("an answer", async () => (await widget.said("assistant")).length > 0);
  assert.match(await widget.line.textContent(), /AI assistant/, "English, as the page is");
  const { conversation } = await widget.session();
  assert.equal((await ask("GET", `/api/v1/conversations/${conversation}`)).answer.customer, id, "the customer is known by the signature");
  assert.deepEqual(page.scriptErrors, []);
});
