// The desk's page in a browser, watched from the inside: in which frame something was first shown, and what the page costs.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { Desk } from "../desk.mjs";

const PATIENCE_MS = 30_000;

/**
 * Runs in the page. Tells each thing that appears with the moment of the frame that shows it: `row ID` for a row of the queue,
 * `unread ID` for its mark of something new, `text WORDS` for a message of the open conversation.
 */
function watch() {
  const tell = (name) => requestAnimationFrame((frame) => window.shownNow(name, performance.timeOrigin + Math.max(frame, performance.now())));
  const look = (element) => {
    for (const row of element.matches("[data-ticket]") ? [element] : element.querySelectorAll("[data-ticket]")) tell(`row ${row.dataset.ticket}`);
    if (!element.closest("#messages")) return;
    for (const bubble of element.matches(".bubble") ? [element] : element.querySelectorAll(".bubble")) tell(`text ${bubble.textContent}`);
  };
  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "childList") for (const node of addedNodes) { if (node.nodeType === Node.ELEMENT_NODE) look(node); }
      else if (target.matches(".row.unread")) tell(`unread ${target.dataset.ticket}`);
    }
  }).observe(document.getElementById("shell"), { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });
  window.slow = { tasks: [], frames: [] };
  new PerformanceObserver((list) => window.slow.tasks.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: "longtask" });
  if (PerformanceObserver.supportedEntryTypes.includes("long-animation-frame")) {
    new PerformanceObserver((list) => window.slow.frames.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: "long-animation-frame" });
  }
}

/** Serves what the pages load from a folder instead of from the program, so that a change is measured before it is built in. */
async function serveFrom(page, folder) {
  const types = { js: "text/javascript", css: "text/css", svg: "image/svg+xml" };
  await page.route(/\/(assets\/.*|widget\.js)$/, (route) => {
    const path = new URL(route.request().url()).pathname.replace(/^\/(assets\/)?/, "");
    route.fulfill({ body: readFileSync(join(folder, path)), contentType: types[path.split(".").at(-1)] });
  });
}

export class WatchedDesk {
  /** Opens the desk in a browser of its own and logs in. */
  static async open(shop, { executable, assets }) {
    const browser = await chromium.launch({ executablePath: executable, args: ["--no-sandbox"] });
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "zh-CN", timezoneId: "Asia/Shanghai" });
    const page = await context.newPage();
    const watched = new WatchedDesk(browser, page);
    await page.exposeBinding("shownNow", (_, name, at) => watched.#shown(name, at));
    page.on("pageerror", (error) => { throw error; });
    page.on("request", (request) => watched.#asked(request));
    if (assets) await serveFrom(page, assets);
    await watched.desk.login(shop.url, shop.key);
    // Requests that are looked at take longer; from here on none is.
    if (assets) await page.unrouteAll();
    await page.evaluate(watch);
    watched.inside = await context.newCDPSession(page);
    watched.outside = await browser.newBrowserCDPSession();
    await watched.inside.send("Performance.enable");
    return watched;
  }

  constructor(browser, page) {
    Object.assign(this, { browser, page, desk: new Desk(page), seen: new Map(), waiting: new Map(), requests: new Map() });
  }

  #shown(name, at) {
    if (!this.seen.has(name)) this.seen.set(name, at);
    this.waiting.get(name)?.(at);
    this.waiting.delete(name);
  }

  #asked(request) {
    const { pathname } = new URL(request.url());
    if (!pathname.startsWith("/api/")) return;
    const door = `${request.method()} ${pathname.replace(/\/(tkt|conv|act|prm)_[0-9a-f]+/g, "/{id}")}`;
    this.requests.set(door, (this.requests.get(door) ?? 0) + 1);
  }

  /** When the page first showed something; waits for it. */
  shown(name) {
    if (this.seen.has(name)) return this.seen.get(name);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`the desk did not show "${name}" within ${PATIENCE_MS} ms`)), PATIENCE_MS);
      this.waiting.set(name, (at) => { clearTimeout(late); resolve(at); });
    });
  }

  /** Opens a ticket as its address does, and gives the milliseconds until its messages were shown. */
  async openTicket(id) {
    return this.page.evaluate((ticket) => new Promise((resolve) => {
      const start = performance.now();
      const look = () => {
        const messages = document.getElementById("messages");
        if (location.hash.endsWith(ticket) && messages.offsetParent && messages.dataset.was !== messages.firstElementChild?.nextElementSibling?.id && messages.querySelector(".bubble")) return resolve(performance.now() - start);
        requestAnimationFrame(look);
      };
      const messages = document.getElementById("messages");
      messages.dataset.was = messages.firstElementChild?.nextElementSibling?.id ?? "";
      location.hash = `#/t/${ticket}`;
      requestAnimationFrame(look);
    }), id);
  }

  /** Processor seconds and counts up to now, to be subtracted from each other. */
  async costs() {
    const { processInfo } = await this.outside.send("SystemInfo.getProcessInfo");
    const seconds = (type) => processInfo.filter((one) => !type || one.type === type).reduce((sum, one) => sum + one.cpuTime, 0);
    const metrics = Object.fromEntries((await this.inside.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
    const { tasks, frames } = await this.page.evaluate(() => window.slow);
    return {
      renderer: seconds("renderer"), browser: seconds(), script: metrics.ScriptDuration, style: metrics.RecalcStyleDuration, layout: metrics.LayoutDuration,
      longTasks: tasks.length, longTaskMs: tasks.reduce((sum, one) => sum + one, 0), slowFrames: frames.length, requests: new Map(this.requests),
    };
  }

  /** Memory of the page after everything that is not needed any more was let go. */
  async memory() {
    await this.inside.send("HeapProfiler.collectGarbage");
    const metrics = Object.fromEntries((await this.inside.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
    return { heapMegabytes: metrics.JSHeapUsedSize / 1024 / 1024, elements: metrics.Nodes };
  }

  async close() { await this.browser.close(); }
}
