import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { binary, cli, makeFolder, removeFolder, serve, type Server } from "./server";

// Servers that are killed in the middle of an import and started again: in the end every row is there once. What a row
// becomes is tested elsewhere; here it matters that none is lost and none comes twice.

const kRows = 150_000; // 5,000 are booked at a time, then 50,000
const kTries = 5;

interface Job {
  id: string;
  version: number;
  state: string;
  progress: number | null;
  problem: unknown;
  result: { rows: { read: number; new: number; refused: number }; entries: { new: number } } | null;
}

/** A store with its server, which can be killed and started again. */
class Shop {
  readonly data = makeFolder();
  private server: Server | undefined;
  private token = "";

  async start(): Promise<void> {
    this.server = await serve(this.data);
    this.token ||= /dp_\S+/.exec(cli(this.data, "user", "token", "admin", "--name", "crash", "--scope", "read", "--scope", "write"))![0];
  }
  async kill(): Promise<void> {
    await this.server!.stop("SIGKILL");
  }
  async close(): Promise<void> {
    await this.server?.stop();
    removeFolder(this.data);
  }
  async ask<T>(method: string, path: string, body?: BodyInit, headers: Record<string, string> = {}): Promise<T> {
    const answer = await fetch(`${this.server!.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${this.token}`, ...headers }, ...(body === undefined ? {} : { body }) });
    const text = await answer.text();
    expect(answer.ok, `${method} ${path}: ${String(answer.status)} ${text}`).toBe(true);
    return JSON.parse(text) as T;
  }
  /** Looks at the job until `when` holds. */
  async until(id: string, pauseMs: number, when: (job: Job) => boolean): Promise<Job> {
    for (;;) {
      const job = await this.ask<Job>("GET", `/imports/${id}`);
      if (when(job)) return job;
      await new Promise((done) => setTimeout(done, pauseMs));
    }
  }
  /** The rows in the store, as the command line counts them. */
  booked(): number {
    return Number(cli(this.data, "kpi", "prospect_cnt", "--format", "csv").trim().split("\n").at(-1));
  }
  async verify(): Promise<string> {
    return (await promisify(execFile)(binary, ["--lang", "en", "--data", this.data, "verify"])).stdout;
  }
}

const shops: Shop[] = [];
afterAll(() => Promise.all(shops.map((shop) => shop.close())));

/** An import whose server was killed in the middle of it, once that share was done; the server has been started again. */
async function killedAt(share: number): Promise<{ shop: Shop; id: string }> {
  const lines = ["线索编号,留档日期,顾问,来源"];
  for (let i = 0; i < kRows; i++) lines.push(`L${String(i)},2025-09-${String(1 + (i % 28)).padStart(2, "0")},顾问${String(i % 4)},${i % 3 === 0 ? "路过" : "转介绍"}`);
  const file = lines.join("\n");
  // A busy machine may see the share late and kill when all is booked: then it is tried again with another shop.
  for (let tries = 1; ; tries++) {
    const shop = new Shop();
    shops.push(shop);
    await shop.start();
    const json = { "content-type": "application/json" };
    const { id, version } = await shop.ask<Job>("POST", "/imports?name=leads.csv", file, { "content-type": "application/octet-stream" });
    await shop.ask("PUT", `/imports/${id}`, JSON.stringify({ constants: { dealer: "D1" }, create_missing: true }), { ...json, "if-match": `"${String(version)}"` });
    await shop.ask("POST", `/imports/${id}/run`, "{}", json);
    await shop.until(id, 2, ({ state, progress }) => state !== "importing" || (progress ?? 0) >= share);
    await shop.kill();
    const there = shop.booked();
    expect(there, `at ${String(share)} some are booked`).toBeGreaterThan(0);
    if (there === kRows && tries < kTries) continue;
    expect(there, `at ${String(share)} not all are booked`).toBeLessThan(kRows);
    await shop.start();
    return { shop, id };
  }
}

it("a killed server goes on with the import: early and late in it", { timeout: 300_000 }, async () => {
  // One after the other up to the second start. The hold of a dead server takes its time to run out: of both at once.
  const killed = [await killedAt(0.2), await killedAt(0.6)];
  await Promise.all(
    killed.map(async ({ shop, id }) => {
      const job = await shop.until(id, 250, ({ state }) => state !== "importing");
      expect(job.state, JSON.stringify(job.problem)).toBe("done");
      expect(job.result!.rows).toMatchObject({ read: kRows, new: kRows, refused: 0 });
      expect(job.result!.entries.new).toBe(kRows);
      expect(shop.booked()).toBe(kRows);
      expect(await shop.verify(), "as many entries as rows, and the recount agrees").toMatch(new RegExp(`^Clean: 1 dealers, ${String(kRows)} entries;`));
    }),
  );
});
