// What all browser tests share: the browser, a page that tells its errors, the server's doors, waiting.
import { after, before } from "node:test";
import { chromium } from "playwright-core";

export const BASE = process.env.WARMDESK_URL;
export const KEY = process.env.WARMDESK_KEY;
export const SHOP_PORT = Number(process.env.SHOP_PORT);
if (!BASE || !KEY) throw new Error("run these tests by tests/browser/run");

let browser = null;

/** Opens the browser for the tests of a file. */
export function useBrowser() {
  before(async () => { browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] }); });
  after(async () => { await browser?.close(); });
}

/** A page of its own, as in a browser of its own, which collects the errors of its scripts. */
export async function newPage(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: "zh-CN", timezoneId: "Asia/Shanghai", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.scriptErrors = [];
  page.on("pageerror", (error) => page.scriptErrors.push(String(error.stack ?? error)));
  return page;
}

/** Asks a server; staff's calls carry the key. */
export async function ask(method, path, { body, token = KEY, base = BASE } = {}) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(base + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const answer = await response.json().catch(() => null);
  return { status: response.status, answer, absent: response.status === 405 || answer?.error?.code === "route_not_found" };
}

/** A product of the shop that is there, and may be recommended to anybody. */
export async function stocked(base = BASE) {
  const { demo } = await (await fetch(`${base}/demo.json`)).json();
  return (demo.products.find((product) => product.stock > 0 && !product.title.includes("奶粉")) ?? demo.products[0]).id;
}

const found = new Map();
/** Whether this server has a door. A test of one that is absent is skipped, and says so. */
export async function hasDoor(path) {
  if (!found.has(path)) found.set(path, !(await ask("POST", path, { body: {} })).absent);
  return found.get(path);
}

/** Skips a test whose door is absent: `if (await lacks(t, "pictures", "/api/v1/pictures")) return;` */
export async function lacks(t, name, path) {
  if (await hasDoor(path)) return false;
  t.skip(`this server has no door for ${name} (POST ${path})`);
  return true;
}

/** Waits until something holds, and gives it. */
export async function until(what, check, milliseconds = 20_000) {
  const end = Date.now() + milliseconds;
  let last;
  do {
    try {
      last = await check();
      if (last) return last;
    } catch (error) { last = error; }
    await new Promise((resolve) => setTimeout(resolve, 25));
  } while (Date.now() < end);
  throw new Error(`${what}: not within ${milliseconds} ms (last: ${last instanceof Error ? last.message : JSON.stringify(last)})`);
}

/** Markup that would do something if a page took it for more than text. */
export const MARKUP = `<img src=x onerror="window.harmed=1"><script>window.harmed=1</script><b>粗</b>`;

/** Whether a page has taken text for markup. */
export const harmed = (page) => page.evaluate(() => window.harmed === 1);
