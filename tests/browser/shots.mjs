// Writes the pictures of docs/images: node shots.mjs FOLDER. Called by tests/browser/run --shots.
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";
import { Desk } from "./desk.mjs";
import { stocked } from "./harness.mjs";
import { Widget } from "./widget.mjs";

const folder = process.argv[2];
mkdirSync(folder, { recursive: true });
const servers = {
  zh: { url: process.env.WARMDESK_URL, key: process.env.WARMDESK_KEY, locale: "zh-CN" },
  en: { url: process.env.WARMDESK_EN_URL, key: process.env.WARMDESK_EN_KEY, locale: "en-US" },
};
const WORDS = {
  zh: { questions: ["我的订单到哪了", "都好几天没动了，我要投诉"], agent: "您好，我是小林。刚联系了站点，今天晚上八点前给您答复。", answer: "好的，我等您消息", note: "已电话联系武汉站", customer: "cus_1001", product: "P-SB" },
  en: { questions: ["Hello", "I want to talk to a person"], agent: "Hello, this is Lin. I have asked the depot and will answer you before eight tonight.", answer: "Thank you, I will wait", note: "Called the depot in Wuhan", customer: "cus_1001", product: "P-SB" },
};
const DESKTOP = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const settle = (page) => page.waitForTimeout(900);

async function open(server, language, options) {
  const context = await browser.newContext({ ...options, locale: server.locale, timezoneId: "Asia/Shanghai", reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.shot = async (name) => { await settle(page); await page.screenshot({ path: `${folder}/${name}-${language}.png` }); };
  return page;
}

async function visit(server, language, options, address = "") {
  const page = await open(server, language, options);
  await page.goto(`${server.url}/${language === "en" ? "?lang=en" : ""}${address}`);
  await page.locator("#view").locator("*").first().waitFor();
  return { page, widget: new Widget(page) };
}

/** A conversation that a person takes over, seen by the customer and by the agent. */
async function handoff(server, language) {
  const words = WORDS[language];
  const { page, widget } = await visit(server, language, DESKTOP, `#/product/${words.product}`);
  await page.locator("#customer").selectOption(words.customer);
  await widget.open();
  await page.shot("widget-welcome");
  for (const question of words.questions) {
    const before = (await widget.said("assistant")).length;
    await widget.say(question);
    while ((await widget.said("assistant")).length === before) await page.waitForTimeout(50);
    await page.waitForTimeout(400);
  }
  await page.shot("widget-waiting");
  const office = await open(server, language, { viewport: { width: 1440, height: 900 } });
  const desk = new Desk(office);
  await desk.login(server.url, server.key);
  const { conversation } = await widget.session();
  const answer = await fetch(`${server.url}/api/v1/tickets`, { headers: { authorization: `Bearer ${server.key}` } });
  const ticket = (await answer.json()).tickets.find((one) => one.conversation === conversation).id;
  await desk.open(ticket);
  await desk.claim();
  await desk.note(words.note);
  await settle(office);
  await desk.say(words.agent);
  await widget.root.getByText(words.agent).waitFor();
  await widget.say(words.answer);
  await office.getByText(words.answer).first().waitFor();
  await page.shot("widget");
  await settle(office);
  await office.screenshot({ path: `${folder}/desk-${language}.png` });
  const pocket = await open(server, language, PHONE);
  const small = new Desk(pocket);
  await small.login(server.url, server.key);
  await pocket.shot("desk-phone-queue");
  await small.open(ticket);
  await pocket.shot("desk-phone");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.shot("widget-dark");
  await page.emulateMedia({ colorScheme: "light" });
  await desk.resolve();
  await widget.rating.waitFor();
  await widget.rating.getByRole("radio").nth(4).check({ force: true });
  await page.shot("widget-rating");
  for (const one of [page, office, pocket]) await one.context().close();
}

async function telephone(server, language) {
  const words = WORDS[language];
  const { page, widget } = await visit(server, language, PHONE);
  await page.shot("shop-phone");
  await widget.open();
  await widget.say(words.questions[0]);
  while ((await widget.said("assistant")).length === 0) await page.waitForTimeout(50);
  await page.shot("widget-phone");
  await page.context().close();
}

/** What the shop says first, where the server has rules for it. */
async function nudged(server, language) {
  const product = await stocked(server.url);
  const { page, widget } = await visit(server, language, DESKTOP, `#/product/${product}`);
  const start = Date.now() - 6 * 15_000;
  for (let look = 0; look < 6 && (await widget.nudge.count()) === 0; look += 1) {
    await page.evaluate(([product, at]) => window.Warmdesk.track("product_viewed", { product, at }), [product, new Date(start + look * 15_000).toISOString()]);
    await page.waitForTimeout(250);
  }
  if ((await widget.nudge.count()) > 0) await page.shot("widget-nudge");
  else console.log("no picture of what the shop says first: this server says nothing");
  await page.context().close();
}

for (const [language, server] of Object.entries(servers)) {
  if (!server.url) continue;
  for (const step of [handoff, telephone, nudged]) await step(server, language);
}
await browser.close();
console.log(`pictures are in ${folder}`);
