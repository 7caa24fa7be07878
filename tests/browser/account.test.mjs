// Somebody with an account: the own password is changed on the page, customers read the display name, and the desk speaks Chinese.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Desk } from "./desk.mjs";
import { ask, BASE, newPage, until, useBrowser } from "./harness.mjs";
import { Widget } from "./widget.mjs";

useBrowser();

const FIRST = "correct horse battery";
const SECOND = " 换过的密码 with blanks ";

async function account(display_name) {
  const name = `lin.${Date.now()}`;
  const made = await ask("POST", "/api/v1/staff", { body: { name, display_name, role: "agent", password: FIRST } });
  assert.equal(made.answer.name, name);
  return name;
}

const part = (page, name) => page.locator(`[data-test="${name}"]`);

async function changePassword(page, current, password) {
  const dialog = part(page, "dialog");
  await dialog.locator("input[name=current]").fill(current);
  await dialog.locator("input[name=password]").fill(password);
  await dialog.locator("input[name=again]").fill(password);
  await part(page, "dialog-confirm").click();
}

test("the own password is changed, and other browsers are signed out", async () => {
  const name = await account("小林");
  const [here, elsewhere] = [await newPage(), await newPage()];
  const [desk, other] = [new Desk(here), new Desk(elsewhere)];
  await desk.loginWithAccount(BASE, name, FIRST);
  await other.loginWithAccount(BASE, name, FIRST);
  await part(here, "settings").click();
  await part(here, "own-password").click();
  await changePassword(here, "not the password", SECOND);
  await until("the refusal", () => part(here, "dialog").getByText("当前密码不正确").isVisible());
  await changePassword(here, FIRST, SECOND);
  await until("the change", () => part(here, "toast").getByText("密码已修改").isVisible());
  await part(elsewhere, "login").waitFor();
  await here.reload();
  await desk.queue.waitFor({ state: "attached" });
  assert.ok(await part(here, "login").isHidden(), "the session in which it was changed goes on");
  await other.loginWithAccount(BASE, name, SECOND);
  assert.deepEqual([here.scriptErrors, elsewhere.scriptErrors], [[], []]);
});

test("a customer reads the display name, and the agent a trace in Chinese", async () => {
  const name = await account("林小满");
  const [shop, office] = [await newPage(), await newPage()];
  const [widget, desk] = [new Widget(shop), new Desk(office)];
  await desk.loginWithAccount(BASE, name, FIRST);
  await shop.goto(`${BASE}/`);
  await widget.open();
  await widget.say("你们发货太慢了，转人工");
  const { conversation } = await widget.session();
  const ticket = await until("the ticket", async () => {
    const { answer } = await ask("GET", "/api/v1/tickets?limit=500");
    return answer.tickets.find((one) => one.conversation === conversation);
  });
  await until("the ticket on the desk", async () => (await desk.tickets()).includes(ticket.id));
  await desk.open(ticket.id);
  await part(office, "why").first().click();
  const trace = part(office, "trace");
  await trace.waitFor();
  const open = await trace.evaluate((element) => {
    const copy = element.cloneNode(true);
    copy.querySelectorAll("details, code").forEach((folded) => folded.remove());
    return copy.textContent;
  });
  assert.doesNotMatch(open, /[a-z]{2,} [a-z]{2,}/i, "what is not folded is Chinese");
  await desk.claim();
  await desk.say("您好，我来处理。");
  await until("the reply", async () => (await widget.said("staff")).includes("您好，我来处理。"));
  const { answer } = await ask("GET", `/api/v1/conversations/${conversation}`);
  assert.equal(answer.messages.findLast((one) => one.author === "staff").name, "林小满");
  await until("the name", () => widget.root.evaluate((host) => host.shadowRoot.textContent.includes("林小满")));
  assert.ok(!(await widget.root.evaluate((host) => host.shadowRoot.textContent)).includes(name), "the account's name stays at the desk");
  assert.deepEqual([shop.scriptErrors, office.scriptErrors], [[], []]);
  await ask("POST", `/api/v1/tickets/${ticket.id}/resolve`);
});
