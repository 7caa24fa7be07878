// The widget as a customer uses it. Playwright looks into the shadow root by itself.

export class Widget {
  constructor(page) {
    this.page = page;
    this.root = page.locator("warmdesk-chat");
    this.launcher = this.root.locator(".launch");
    this.panel = this.root.locator(".panel");
    this.log = this.root.locator(".log");
    this.input = this.root.locator(".write textarea");
    this.line = this.root.locator(".line");
    this.person = this.root.locator(".person");
    this.closer = this.root.locator("header .round");
    this.cards = this.root.locator(".log > .cards .card");
    this.unread = this.root.locator(".count");
    this.nudge = this.root.locator(".nudge");
    this.rating = this.root.locator(".rate");
    this.typing = this.root.locator(".typing");
    this.file = this.root.locator("input[type=file]");
    this.picks = this.root.locator(".pick");
    this.alert = this.root.locator(".alert");
    this.shots = this.root.locator(".row .shot img");
  }

  async open() {
    if (await this.launcher.isVisible()) await this.launcher.click();
    await this.panel.waitFor();
  }

  async say(text) {
    await this.input.fill(text);
    await this.input.press("Enter");
  }

  /** What stands in the log: who said what, in order, and whether it is still on its way. */
  rows() {
    return this.root.evaluate((host) => [...host.shadowRoot.querySelectorAll(".row:not([hidden])")].map((row) => ({
      author: [...row.classList].find((name) => ["customer", "assistant", "staff"].includes(name)) ?? "",
      text: row.querySelector(".bubble")?.textContent ?? "",
      pending: row.classList.contains("pending"),
    })).filter(({ author, text }) => author && text));
  }

  async said(author) { return (await this.rows()).filter((row) => row.author === author).map((row) => row.text); }

  /** The conversation and its token, as the widget keeps them. */
  session() {
    return this.page.evaluate(() => {
      for (const place of [sessionStorage, localStorage]) {
        const name = Object.keys(place).find((key) => key.startsWith("warmdesk ") && key.endsWith(" session"));
        if (name) return JSON.parse(place.getItem(name));
      }
      return null;
    });
  }
}
