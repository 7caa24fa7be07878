// The agents' page as an agent uses it. Only this file knows how its parts are found.

const by = (name) => `[data-test="${name}"]`;

export class Desk {
  constructor(page) {
    this.page = page;
    this.queue = page.locator(by("queue"));
    this.messages = page.locator(by("messages"));
    this.typing = page.locator(by("typing"));
    this.reply = page.locator(by("reply"));
    this.notes = page.locator(`${by("note")}, ${by("message")}[data-author="note"]`);
    this.pictures = this.messages.locator(`${by("picture")} img`);
  }

  async login(base, key) {
    await this.page.goto(`${base}/desk`);
    const field = this.page.locator(by("login-key"));
    await this.page.locator(by("login-submit")).waitFor();
    if (!(await field.isVisible())) await this.page.locator(by("login-switch")).click();
    await field.fill(key);
    await this.page.locator(by("login-submit")).click();
    await this.queue.waitFor({ state: "attached" });
    await this.page.locator(by("login")).waitFor({ state: "hidden" });
  }

  async loginWithAccount(base, name, password) {
    await this.page.goto(`${base}/desk`);
    await this.page.locator(by("login-name")).fill(name);
    await this.page.locator(by("login-password")).fill(password);
    await this.page.locator(by("login-submit")).click();
    await this.page.locator(by("login")).waitFor({ state: "hidden" });
    await this.queue.waitFor({ state: "attached" });
  }

  ticket(id) { return this.page.locator(`${by("ticket")}[data-ticket="${id}"]`); }
  tickets() { return this.page.locator(by("ticket")).evaluateAll((rows) => rows.map((row) => row.dataset.ticket)); }

  async open(id) {
    await this.ticket(id).click();
    await this.messages.locator(by("message")).first().waitFor();
  }

  async claim() { await this.#act("claim"); }
  async resolve() { await this.#act("resolve"); }
  async #act(name) {
    await this.page.locator(by(name)).click();
    const confirm = this.page.locator(by("dialog-confirm"));
    await Promise.race([confirm.waitFor(), this.page.locator(by(name)).waitFor({ state: "hidden" })]).catch(() => {});
    if (await confirm.isVisible()) await confirm.click();
  }

  async say(text) { await this.#write("reply", text); }
  async note(text) { await this.#write("note", text); }
  async #write(mode, text) {
    const button = this.page.locator(by(`mode-${mode}`));
    await this.reply.focus();
    if ((await button.getAttribute("aria-selected")) !== "true") await button.click();
    await this.reply.fill(text);
    await this.page.locator(by("send")).click();
  }

  /** Whether the conversation shows this text. */
  shows(text) { return this.messages.getByText(text, { exact: false }).first().isVisible(); }
}
