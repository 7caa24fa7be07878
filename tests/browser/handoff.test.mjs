// The whole life of a handoff, seen from both sides: the customer's widget and the agents' page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Desk } from "./desk.mjs";
import { ask, BASE, hasDoor, KEY, newPage, until, useBrowser } from "./harness.mjs";
import { Widget } from "./widget.mjs";

useBrowser();

test("a handoff from the first question to the customer's return", { timeout: 150_000 }, async (t) => {
  const [shop, office] = [await newPage(), await newPage()];
  const [widget, desk] = [new Widget(shop), new Desk(office)];
  await desk.login(BASE, KEY);
  await shop.goto(`${BASE}/`);
  await shop.locator("#customer").selectOption("cus_1001");
  await widget.open();

  await t.test("the assistant answers, and says that it is one", async () => {
    await widget.say("我的订单到哪了");
    await until("an answer", async () => (await widget.said("assistant")).length > 0);
    assert.match(await widget.root.locator(".badge").textContent(), /AI/);
    assert.ok(await widget.person.isVisible(), "a person can be asked for");
  });

  let ticket = null;
  await t.test("a complaint reaches the open desk, after its approved line", async () => {
    const before = (await widget.said("assistant")).length;
    const known = new Set(await desk.tickets());
    await widget.input.fill("我要投诉你们");
    const asked = performance.now();
    await widget.input.press("Enter");
    ticket = await until("the ticket on the desk", async () => (await desk.tickets()).find((id) => !known.has(id)));
    t.diagnostic(`from the customer's Enter to the ticket on the open desk: ${Math.round(performance.now() - asked)} ms (looked at every 25 ms)`);
    await until("the state", async () => /转人工/.test(await widget.line.textContent()));
    const lines = await until("the approved line", async () => { const said = await widget.said("assistant"); return said.length > before && said; });
    assert.ok(lines.at(-1).length > 8, "the customer is told what happens now");
  });

  await t.test("the agent takes it, and the customer sees that a person is there", async () => {
    await desk.open(ticket);
    assert.ok(await desk.shows("我要投诉你们"), "the customer repeats nothing");
    await desk.claim();
    await until("the state", async () => /正在为您服务/.test(await widget.line.textContent()));
    assert.ok(!/AI/.test(await widget.root.locator(".badge").textContent()), "a person is not called an AI");
  });

  await t.test("each side sees that the other is writing", async (t) => {
    const { conversation } = await widget.session();
    if (!(await hasDoor(`/api/v1/conversations/${conversation}/typing`)) || !(await hasDoor(`/api/v1/tickets/${ticket}/typing`))) return t.skip("this server has no doors for typing");
    await desk.reply.fill("您好，我是");
    await until("the agent's sign at the customer", () => widget.typing.isVisible());
    await widget.input.pressSequentially("嗯");
    await until("the customer's sign at the desk", async () => (await desk.typing.textContent()).trim() !== "");
    await widget.input.fill("");
  });

  await t.test("words go both ways, a note stays inside", async () => {
    await desk.note("先退运费");
    await until("the note", async () => (await desk.notes.allTextContents()).some((text) => text.includes("先退运费")));
    const reply = `您好，我来处理，给您添麻烦了（${String(Date.now()).slice(-5)}）`;
    await desk.say(reply);
    await until("the reply", async () => (await widget.said("staff")).includes(reply));
    await widget.say("好的 谢谢");
    await until("the answer at the desk", () => desk.shows("好的 谢谢"));
    assert.ok(!(await widget.log.textContent()).includes("先退运费"), "a note is never shown to the customer");
    assert.equal((await widget.said("staff")).filter((text) => text === reply).length, 1);
  });

  await t.test("the matter is resolved, and the customer may say how it was", async (t) => {
    await desk.resolve();
    await until("the state", async () => /已结束/.test(await widget.line.textContent()));
    await widget.rating.waitFor();
    const { conversation } = await widget.session();
    if (!(await hasDoor(`/api/v1/conversations/${conversation}/rating`))) return t.skip("this server has no door for ratings");
    await widget.rating.getByRole("radio").nth(3).check({ force: true });
    await widget.rating.getByRole("textbox").fill("处理得挺快");
    await widget.rating.locator("[type=submit]").click();
    await widget.rating.waitFor({ state: "detached" });
    const { rating } = (await ask("GET", `/api/v1/tickets/${ticket}`)).answer;
    if (rating !== undefined) assert.deepEqual([rating.score, rating.text], [4, "处理得挺快"]);
  });

  await t.test("the customer returns, and the assistant goes on", async () => {
    const before = (await widget.said("assistant")).length;
    await widget.say("对了 羽绒服130藏蓝还有货吗");
    await until("an answer", async () => (await widget.said("assistant")).length > before);
    await until("the state", async () => /AI/.test(await widget.line.textContent()));
    await widget.rating.waitFor({ state: "detached" });
  });

  assert.deepEqual([shop.scriptErrors, office.scriptErrors], [[], []]);
});
