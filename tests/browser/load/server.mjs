// A server of its own for the measurement of the desk: a fresh data folder, the sample shop, and as many signed customers as
// are wanted.
import { execFileSync, spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const SHOP = join(dirname(fileURLToPath(import.meta.url)), "../../shop");
const STARTING_MS = 300_000;
const CLOCK_TICKS = Number(execFileSync("getconf", ["CLK_TCK"]).toString());

/** Open all day, so that a complaint opens a ticket for now; limits that a whole shop behind one address does not reach. */
const SETTINGS = `
[desk]
hours = [{ days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], from = "0:00", to = "24:00" }]
[limits]
messages_per_minute = 100000
requests_per_minute = 1000000
`;

/** Starts a program with the sample shop. Gives what `Shop` knows. */
export async function startShop(program) {
  const folder = mkdtempSync(join(tmpdir(), "warmdesk-load-"));
  const data = join(folder, "data");
  const config = join(folder, "warmdesk.toml");
  writeFileSync(config, SETTINGS);
  execFileSync(program, ["index", SHOP, "--data", data, "--config", config], { stdio: ["ignore", "ignore", "inherit"] });
  const port = await freePort();
  const [key, secret] = [`wdk_${randomBytes(32).toString("hex")}`, randomBytes(32).toString("hex")];
  const env = { ...process.env, WARMDESK_ADMIN_KEY: key, WARMDESK_CUSTOMER_SECRET: secret };
  const server = spawn(program, ["serve", "--data", data, "--config", config, "--port", String(port), "--model", "none", "--log", "warn"], { env, stdio: ["ignore", "ignore", "inherit"] });
  const shop = new Shop(`http://127.0.0.1:${port}`, { key, secret, server, folder });
  await shop.answers();
  return shop;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    }).on("error", reject);
  });
}

/** A running server: its doors, its customers, what it costs. */
export class Shop {
  constructor(url, { key, secret, server, folder }) {
    Object.assign(this, { url, key, secret, server, folder });
  }

  async answers() {
    for (const end = Date.now() + STARTING_MS; Date.now() < end;) {
      if (this.server.exitCode !== null) throw new Error("the server did not start");
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error("the server is not ready after five minutes");
  }

  /** Asks a door and gives its JSON; anything but a success is an error. */
  async ask(method, path, body, token = this.key) {
    const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
    const response = await fetch(this.url + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const answer = await response.json().catch(() => null);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer?.error ?? answer)}`);
    return answer;
  }

  /** Says something as a customer whose id this shop has signed. */
  say(customer, message, conversation) {
    const signature = createHmac("sha256", this.secret).update(customer).digest("hex");
    return this.ask("POST", "/api/v1/chat", { message, conversation, customer: { id: customer, signature } }, null);
  }

  /** Seconds of processor time that the server has used so far. */
  processorSeconds() {
    const fields = readFileSync(`/proc/${this.server.pid}/stat`, "utf8").split(") ")[1].split(" ");
    return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
  }

  /** Megabytes of memory that the server holds. */
  megabytes() {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.server.pid}/status`, "utf8"))[1]) / 1024;
  }

  async stop() {
    const ended = new Promise((resolve) => this.server.once("exit", resolve));
    if (this.server.exitCode === null && this.server.kill("SIGKILL")) await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
