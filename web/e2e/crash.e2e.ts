import { afterAll, beforeAll, expect, it } from "vitest";
import { cli, makeFolder, removeFolder, serve, type Server } from "./server";

// A server that is killed in the middle of an import, and killed again while it goes on with it: in the end every row
// is there once. What each row becomes is tested elsewhere; here it matters that none is lost and none comes twice.

const kRows = 100_000;

interface Job {
  id: string;
  state: string;
  progress: number | null;
  problem: unknown;
  result: { rows: { read: number; new: number; refused: number }; entries: { new: number } } | null;
}

let data: string;
let server: Server;
let token: string;
beforeAll(async () => {
  data = makeFolder();
  cli(data, "init");
  server = await serve(data);
  token = /dp_\S+/.exec(cli(data, "user", "token", "admin", "--name", "crash", "--scope", "read", "--scope", "write"))![0];
});
afterAll(async () => {
  await server.stop();
  removeFolder(data);
});

async function ask<T>(method: string, path: string, body?: BodyInit, headers: Record<string, string> = {}): Promise<T> {
  const answer = await fetch(`${server.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${token}`, ...headers }, ...(body === undefined ? {} : { body }) });
  const text = await answer.text();
  expect(answer.ok, `${method} ${path}: ${String(answer.status)} ${text}`).toBe(true);
  return JSON.parse(text) as T;
}
const look = (id: string) => ask<Job>("GET", `/imports/${id}`);

/** Looks at the job until `when` holds. */
async function until(id: string, when: (job: Job) => boolean): Promise<Job> {
  for (;;) {
    const job = await look(id);
    if (when(job)) return job;
    await new Promise((done) => setTimeout(done, 5));
  }
}
/** The rows in the store, as the command line counts them. */
const booked = () => Number(cli(data, "kpi", "prospect_cnt", "--format", "csv").trim().split("\n").at(-1));

it("a killed server goes on with the import where it was, twice", { timeout: 300_000 }, async () => {
  const lines = ["线索编号,留档日期,顾问,来源"];
  for (let i = 0; i < kRows; i++) lines.push(`L${String(i)},2025-09-${String(1 + (i % 28)).padStart(2, "0")},顾问${String(i % 4)},${i % 3 === 0 ? "路过" : "转介绍"}`);
  const { id, version } = await ask<Job & { version: number }>("POST", "/imports?name=leads.csv", lines.join("\n"), { "content-type": "application/octet-stream" });
  await ask("PUT", `/imports/${id}`, JSON.stringify({ constants: { dealer: "D1" }, create_missing: true }), { "content-type": "application/json", "if-match": `"${String(version)}"` });
  await ask("POST", `/imports/${id}/run`, "{}", { "content-type": "application/json" });

  let before = 0;
  for (const share of [0.15, 0.55]) {
    const job = await until(id, ({ state, progress }) => state !== "importing" || (progress ?? 0) >= share);
    expect(job.state, `at ${String(share)} it is in the middle`).toBe("importing");
    await server.stop("SIGKILL");
    const there = booked();
    expect(there).toBeGreaterThan(before);
    expect(there).toBeLessThan(kRows);
    before = there;
    server = await serve(data);
  }

  const job = await until(id, ({ state }) => state !== "importing");
  expect(job.state, JSON.stringify(job.problem)).toBe("done");
  expect(job.result!.rows).toMatchObject({ read: kRows, new: kRows, refused: 0 });
  expect(job.result!.entries.new).toBe(kRows);
  expect(booked()).toBe(kRows);
  expect(cli(data, "verify"), "as many entries as rows, and the recount agrees").toMatch(new RegExp(`^Clean: 1 dealers, ${String(kRows)} entries;`));
});
