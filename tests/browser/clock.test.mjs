// What time brings to a customer's page: the word after a day, after a cart was left, before an order lapses. Each once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, newPage, until, useBrowser } from "./harness.mjs";
import { Widget } from "./widget.mjs";

const BASE = process.env.WARMDESK_CLOCK_URL;
const KEY = process.env.WARMDESK_CLOCK_KEY;
const skip = BASE && KEY ? false : "there is no server whose clock may be moved (WARMDESK_CLOCK_URL)";

useBrowser();

const staff = async (method, path, body) => {
  const { status, answer } = await ask(method, path, { body, token: KEY, base: BASE });
  assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(answer)}`);
  return answer;
};

/** Ten in the morning of a day to come, as no offer is made at night. The time only goes forward: each test has days of its own. */
function morning(days) {
  const day = new Date(Date.now() + 8 * 3_600_000 + days * 86_400_000).toISOString().slice(0, 10);
  return new Date(`${day}T10:00:00+08:00`);
}

/** The demo's shop, visited by a customer, and a clock that server and page share. */
class Visit {
  static async of(customer, start, address = "") {
    const visit = new Visit();
    Object.assign(visit, { customer, start, page: await newPage() });
    visit.widget = new Widget(visit.page);
    await visit.after(0);
    await visit.page.goto(`${BASE}/${address}`);
    await visit.signIn();
    return visit;
  }

  /** Puts the clock so many minutes after the start. */
  async after(minutes) {
    const now = new Date(this.start.getTime() + minutes * 60_000);
    await this.page.clock.setFixedTime(now);
    await staff("POST", "/api/v1/test/clock", { now: now.toISOString() });
  }

  async signIn() {
    await this.page.locator(`#customer option[value="${this.customer}"]`).waitFor({ state: "attached" });
    await this.page.locator("#customer").selectOption(this.customer);
  }

  async reload() {
    await this.page.reload();
    await this.signIn();
  }

  /** What a rule has planned, said or dropped for this customer. */
  async words(rule) {
    const { recent } = await staff("GET", "/api/v1/proactive?days=30");
    return recent.filter((one) => one.rule === rule && one.person === `customer:${this.customer}`);
  }

  /** What pops up, which is one thing, and outside of the closed panel. */
  async popUp() {
    await this.widget.nudge.waitFor();
    assert.equal(await this.widget.nudge.count(), 1);
    assert.ok(await this.widget.panel.isHidden(), "it opens nothing by itself");
    return this.widget.nudge.locator("p").textContent();
  }

  /** Presses a button of what popped up and gives the answer. */
  press(label) {
    return this.answerTo(() => this.widget.nudge.getByRole("button", { name: label, exact: true }).click());
  }

  say(text) {
    return this.answerTo(() => this.widget.say(text));
  }

  /** The messages of the conversation as the server has them. */
  async stored() {
    const { conversation } = await this.widget.session();
    return (await staff("GET", `/api/v1/conversations/${conversation}`)).messages;
  }

  /** The answer to something that the customer does, once it is whole. */
  async answerTo(act) {
    const own = (messages) => messages.filter((message) => message.author === "customer").length;
    const before = own(await this.stored());
    await act();
    let last = "";
    return until("an answer", async () => {
      const messages = await this.stored();
      const { author, text } = messages.at(-1);
      const whole = own(messages) > before && author === "assistant" && text === last;
      last = text;
      return whole && text;
    });
  }
}

const product = async (id) => (await (await fetch(`${BASE}/demo.json`)).json()).demo.products.find((one) => one.id === id);

test("who asked and did not order is asked once, a day later, and the answer knows what was offered", { skip }, async () => {
  const visit = await Visit.of("cus_1010", morning(1), "#/product/P-DJ26");
  const { page, widget } = visit;
  await widget.open();
  await widget.say("这件羽绒服有货吗");
  await until("an answer", async () => (await widget.said("assistant")).length > 0);
  await widget.closer.click();
  await visit.after(31);
  await until("the conversation has come to rest", async () => (await visit.words("consulted_not_ordered")).some((one) => one.state === "planned"));
  assert.equal(await widget.nudge.count(), 0, "a day is not over");
  await visit.after(24 * 60 + 1);
  const offered = await visit.popUp();
  assert.match(offered, /儿童轻暖羽绒服/);
  await visit.reload();
  assert.equal(await visit.popUp(), offered, "it stands there until it is answered or closed");
  await visit.press("有什么优惠");
  const offers = async () => (await widget.rows()).filter((row) => offered.startsWith(row.text)).length;
  assert.equal(await offers(), 1, "it is one message of the conversation");
  const { price, title } = await product("P-DJ26");
  const answer = await visit.say("多少钱");
  assert.ok(answer.includes(title) && answer.includes(price), `"${answer}" is about what was offered`);
  await visit.after(2 * 24 * 60);
  await visit.reload();
  await widget.open();
  await until("the history", async () => (await widget.said("assistant")).length > 3);
  assert.equal(await offers(), 1);
  assert.equal(await widget.nudge.count(), 0, "what was answered does not return");
  assert.deepEqual((await visit.words("consulted_not_ordered")).map((one) => one.state), ["sent"]);
  assert.deepEqual(page.scriptErrors, []);
});

test("a cart that was left is spoken of once, half an hour later, and its button asks about the product", { skip }, async () => {
  const visit = await Visit.of("cus_1017", morning(5), "#/product/P-HAT");
  const { page, widget } = visit;
  await page.locator(".detail .main").click();
  await page.locator("#links a[href='#/cart']").click();
  await page.locator(".pair.end .second").click();
  await until("it is planned", async () => (await visit.words("cart_left")).some((one) => one.state === "planned"));
  await visit.after(29);
  assert.equal(await widget.nudge.count(), 0, "half an hour is not over");
  await visit.after(31);
  const offered = await visit.popUp();
  assert.match(offered, /儿童护耳帽/);
  const answer = await visit.press("有什么优惠");
  assert.ok(answer, "what was offered is answered");
  assert.equal((await visit.stored()).at(-1).trace.question, "这款参不参加活动", "the button says its words");
  await visit.after(24 * 60);
  await page.waitForTimeout(700);
  assert.deepEqual((await visit.words("cart_left")).map((one) => one.state), ["sent"]);
  assert.equal((await visit.stored()).filter((message) => message.text === offered).length, 1);
  assert.deepEqual(page.scriptErrors, []);
});

/** The shop's system tells of an order that is not paid and closes by itself an hour after the start. Gives the order. */
async function place(id, { customer, start }) {
  const order = {
    customer, status: "unpaid", currency: "CNY", total: 49, paid_amount: 0, placed_at: start.toISOString(), close_at: new Date(start.getTime() + 3_600_000).toISOString(),
    items: [{ product: "P-HAT", title: "儿童护耳帽", price: 49, quantity: 1 }],
  };
  await staff("PUT", `/api/v1/orders/${id}`, order);
  await staff("POST", "/api/v1/events", { id: `${id} placed`, type: "order_placed", customer, order: id, at: start.toISOString() });
  return order;
}

test("an order is spoken of once before it lapses, and not at all once it is paid", { skip }, async () => {
  const visit = await Visit.of("cus_1029", morning(8));
  const { page, widget, customer, start } = visit;
  const first = await place("88001", visit);
  await staff("PUT", "/api/v1/orders/88001", { ...first, status: "paid", paid_amount: 49, paid_at: start.toISOString() });
  await staff("POST", "/api/v1/events", { id: "88001 paid", type: "order_paid", customer, order: "88001", at: start.toISOString() });
  assert.match(await visit.popUp(), /儿童护耳帽/, "what was paid is confirmed at once");
  await widget.nudge.getByRole("button", { name: "关闭" }).click();
  await place("88002", visit);
  await visit.after(29);
  assert.equal(await widget.nudge.count(), 0, "there is more than half an hour left");
  await visit.after(31);
  const offered = await visit.popUp();
  assert.match(offered, /儿童护耳帽.*11:00/);
  await visit.reload();
  assert.equal(await visit.popUp(), offered);
  await visit.press("付不了款");
  await visit.after(45);
  await page.waitForTimeout(700);
  assert.deepEqual((await visit.words("unpaid_order")).map((one) => one.state).sort(), ["dropped", "sent"], "of the paid one nothing is said");
  assert.equal((await visit.stored()).filter((message) => message.text === offered).length, 1);
  assert.equal(await widget.nudge.count(), 0);
  assert.deepEqual(page.scriptErrors, []);
});
