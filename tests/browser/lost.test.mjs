// Nothing is lost and nothing doubled: reloads, a network that goes and comes, a session that is gone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, BASE, newPage, until, useBrowser } from "./harness.mjs";
import { Widget } from "./widget.mjs";

useBrowser();

async function visit() {
  const page = await newPage();
  const widget = new Widget(page);
  await page.goto(`${BASE}/`);
  await widget.open();
  return { page, widget };
}

/** Both the page and the server have each of these messages once, each with an answer. */
async function onceEach(widget, texts) {
  const { conversation } = await widget.session();
  const stored = async () => (await ask("GET", `/api/v1/conversations/${conversation}`)).answer.messages;
  await until("all answers", async () => {
    const messages = await stored();
    return texts.every((text) => messages.some((message) => message.text === text)) && messages.at(-1).author !== "customer";
  });
  // An answer is stored sentence by sentence; it is whole when it has been the same for a while.
  await until("the answers are whole", async () => {
    const before = JSON.stringify(await stored());
    await new Promise((resolve) => setTimeout(resolve, 400));
    return before === JSON.stringify(await stored());
  });
  const messages = await stored();
  assert.deepEqual(messages.filter((message) => message.author === "customer").map((message) => message.text), texts, "the server has each once");
  const lines = messages.flatMap((message) => message.text.split("\n").filter(Boolean).map((text) => [message.author, text]));
  await until("the page shows what the server has", async () => {
    const rows = await widget.rows();
    return rows.length === lines.length && rows.every((row) => !row.pending) && JSON.stringify(rows.map((row) => [row.author, row.text])) === JSON.stringify(lines);
  }).catch(async (error) => assert.deepEqual((await widget.rows()).map((row) => [row.author, row.text]), lines, error.message));
}

test("the conversation stands there after a reload", async () => {
  const { page, widget } = await visit();
  await widget.say("奶粉开封了还能退吗");
  await until("an answer", async () => (await widget.said("assistant")).length > 0);
  await page.reload();
  await widget.open();
  await onceEach(widget, ["奶粉开封了还能退吗"]);
  assert.deepEqual(page.scriptErrors, []);
});

test("a reload while the answer is on its way", async () => {
  const { page, widget } = await visit();
  await page.route("**/api/v1/chat", async (route) => { await route.fetch(); });
  await widget.say("重力球奶瓶能进微波炉吗");
  await until("the server has it", async () => {
    const session = await widget.session();
    return session && (await ask("GET", `/api/v1/conversations/${session.conversation}`)).answer.messages.length > 0;
  });
  await page.unroute("**/api/v1/chat");
  await page.reload();
  await widget.open();
  await onceEach(widget, ["重力球奶瓶能进微波炉吗"]);
});

test("a reload before the server has the message", async () => {
  const { page, widget } = await visit();
  await page.route("**/api/v1/chat", (route) => route.abort());
  await widget.say("3段一次放几勺");
  await until("it waits", async () => (await widget.rows()).some((row) => row.pending));
  await page.unroute("**/api/v1/chat");
  await page.reload();
  await widget.open();
  await onceEach(widget, ["3段一次放几勺"]);
});

test("an answer that was half stored when the page was loaded is shown whole, once", async () => {
  const { page, widget } = await visit();
  await widget.say("3段一次放几勺");
  const { conversation } = await until("a session", () => widget.session());
  // An answer grows sentence by sentence; it is whole once it stays the same.
  let before, same = 0;
  const whole = await until("a whole answer", async () => {
    const last = (await ask("GET", `/api/v1/conversations/${conversation}`)).answer.messages.at(-1);
    same = last?.text === before ? same + 1 : 0;
    before = last?.text;
    return last?.author === "assistant" && last.text.includes("\n") && same >= 5 && last;
  });
  await page.route(`**/conversations/${conversation}`, async (route) => {
    const response = await route.fetch();
    const answer = await response.json();
    answer.messages.at(-1).text = whole.text.split("\n")[0];
    await route.fulfill({ response, json: answer });
  }, { times: 1 });
  await page.route(`**/conversations/${conversation}/stream`, (route) => route.fulfill({ contentType: "text/event-stream", body: `event: message\nid: 100000\ndata: ${JSON.stringify(whole)}\n\n` }), { times: 1 });
  await page.reload();
  await widget.open();
  await until("the whole answer", async () => (await widget.said("assistant")).length >= whole.text.split("\n").length);
  assert.deepEqual(await widget.said("assistant"), whole.text.split("\n"));
});

test("what is written without a network goes out in its order", async () => {
  const { page, widget } = await visit();
  await widget.say("在吗");
  await until("an answer", async () => (await widget.said("assistant")).length > 0);
  await page.context().setOffline(true);
  await until("the line says so", async () => /网络/.test(await widget.line.textContent()));
  await widget.say("羽绒服130藏蓝还有货吗");
  await widget.say("今天下单什么时候发货");
  await until("both wait", async () => (await widget.rows()).filter((row) => row.pending).length === 2);
  await page.context().setOffline(false);
  await until("both arrive", async () => (await widget.rows()).every((row) => !row.pending));
  const { conversation } = await widget.session();
  const messages = await until("both are stored", async () => {
    const own = (await ask("GET", `/api/v1/conversations/${conversation}`)).answer.messages.filter((message) => message.author === "customer");
    return own.length >= 3 && own;
  });
  assert.deepEqual(messages.map((message) => message.text), ["在吗", "羽绒服130藏蓝还有货吗", "今天下单什么时候发货"]);
  const shown = await widget.said("customer");
  assert.deepEqual(shown, ["在吗", "羽绒服130藏蓝还有货吗", "今天下单什么时候发货"]);
});

test("messages in quick succession are each shown once, and so is each answer", async () => {
  const { page, widget } = await visit();
  const texts = ["在吗", "羽绒服130藏蓝", "还有货吗"];
  for (const text of texts) await widget.say(text);
  await until("the page is at rest", async () => {
    const before = JSON.stringify(await widget.rows());
    await page.waitForTimeout(700);
    return before === JSON.stringify(await widget.rows()) && (await widget.rows()).some((row) => row.author === "assistant");
  });
  const live = (await widget.rows()).map((row) => row.text).sort();
  await page.reload();
  await widget.open();
  await onceEach(widget, texts);
  // While it goes on, what was typed stands before the answers; later everything stands in the server's order.
  assert.deepEqual(live, (await widget.rows()).map((row) => row.text).sort());
});

test("two tabs show the same conversation", async () => {
  const { page, widget } = await visit();
  const other = await page.context().newPage();
  const second = new Widget(other);
  await other.goto(`${BASE}/`);
  await second.open();
  await widget.say("3段一次放几勺");
  await until("the other tab shows it", async () => (await second.said("assistant")).length > 0 && (await second.said("customer")).length > 0);
  await second.say("谢谢");
  await until("this tab shows it", async () => (await widget.said("customer")).includes("谢谢"));
  await onceEach(widget, ["3段一次放几勺", "谢谢"]);
  await onceEach(second, ["3段一次放几勺", "谢谢"]);
});

test("what a person writes while the customer is away arrives later, once", async () => {
  const { page, widget } = await visit();
  await widget.say("转人工");
  await until("the state", async () => /转人工/.test(await widget.line.textContent()) && (await widget.person.isHidden()));
  const { conversation } = await widget.session();
  const ticket = (await ask("GET", "/api/v1/tickets?limit=500")).answer.tickets.find((one) => one.conversation === conversation);
  await ask("POST", `/api/v1/tickets/${ticket.id}/claim`);
  await until("the state", async () => /正在为您服务/.test(await widget.line.textContent()));
  await page.context().setOffline(true);
  await until("the line says so", async () => /网络/.test(await widget.line.textContent()));
  for (const text of ["您好", "我看一下", "请稍等"]) await ask("POST", `/api/v1/tickets/${ticket.id}/messages`, { body: { text } });
  await page.context().setOffline(false);
  await until("all three", async () => (await widget.said("staff")).length >= 3);
  await page.reload();
  await widget.open();
  await until("all three", async () => (await widget.said("staff")).length >= 3);
  assert.deepEqual(await widget.said("staff"), ["您好", "我看一下", "请稍等"]);
  await ask("POST", `/api/v1/tickets/${ticket.id}/resolve`);
});

test("what arrives in a closed panel is counted until it is opened", async () => {
  const { page, widget } = await visit();
  await widget.say("转人工");
  await until("the state", async () => await widget.person.isHidden());
  const { conversation } = await widget.session();
  const ticket = (await ask("GET", "/api/v1/tickets?limit=500")).answer.tickets.find((one) => one.conversation === conversation);
  await ask("POST", `/api/v1/tickets/${ticket.id}/claim`);
  await until("a person is there", async () => /正在为您服务/.test(await widget.line.textContent()));
  await widget.closer.click();
  for (const text of ["您好", "请问怎么了"]) await ask("POST", `/api/v1/tickets/${ticket.id}/messages`, { body: { text } });
  await until("two unread", async () => (await widget.unread.textContent()) === "2");
  await page.reload();
  await until("still two", async () => (await widget.unread.textContent()) === "2");
  await widget.open();
  await widget.closer.click();
  assert.ok(await widget.unread.isHidden());
  await ask("POST", `/api/v1/tickets/${ticket.id}/resolve`);
});

test("a session that the server no longer knows is opened anew", async () => {
  const { page, widget } = await visit();
  await widget.say("在吗");
  await until("an answer", async () => (await widget.said("assistant")).length > 0);
  await page.evaluate(() => {
    const name = Object.keys(localStorage).find((key) => key.endsWith(" session"));
    localStorage.setItem(name, JSON.stringify({ ...JSON.parse(localStorage.getItem(name)), token: `sess_${"0".repeat(64)}` }));
  });
  await page.reload();
  await widget.open();
  await widget.say("今天下单什么时候发货");
  await until("an answer", async () => (await widget.rows()).at(-1)?.author === "assistant");
  assert.equal((await widget.said("customer")).filter((text) => text === "今天下单什么时候发货").length, 1);
});
