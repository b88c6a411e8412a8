// How fast the dashboard of the demo network is there, and how fast it answers, in a real browser, beside the health
// endpoint asked by the same browser. `./dev bench paint`; needs the built program and Debian's chromium.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));
const binary = process.env.DEALPACE_BINARY ?? join(root, "build/release/dealpace");
const password = "Correct-horse-7-battery";
const kRuns = 7;
const kSteps = 24;

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const ms = (number) => `${number.toFixed(0)} ms`;

const data = mkdtempSync(join(tmpdir(), "dealpace-paint-"));
execFileSync(binary, ["--data", data, "demo"], { stdio: "ignore" });
const began = performance.now();
const server = spawn(binary, ["--data", data, "serve", "--port", "0"], {
  env: { ...process.env, DEALPACE_ADMIN_PASSWORD: password },
  stdio: ["ignore", "pipe", "ignore"],
});
const url = await new Promise((done, fail) => {
  createInterface({ input: server.stdout }).on("line", (line) => {
    const found = /https?:\/\/[\d.]+:\d+/.exec(line);
    if (found) done(found[0]);
  });
  server.once("exit", (code) => fail(new Error(`dealpace serve ended with ${code}`)));
});
const listening = performance.now() - began;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  const paints = [];
  let script = 0;
  let first = 0;
  let page;
  let context;
  for (let run = 0; run < kRuns; run++) {
    await context?.close();
    context = await browser.newContext({ baseURL: url, locale: "zh-CN", viewport: { width: 1440, height: 900 } });
    await context.request.post("/api/v1/session", { data: { login: "admin", password }, headers: { origin: url } });
    page = await context.newPage();
    // The browser's own start of a tab is not the page's: it is over before somebody opens an address in it.
    await page.waitForTimeout(1500);
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    let bytes = 0;
    const scripts = new Set();
    session.on("Network.responseReceived", ({ requestId, type }) => type === "Script" && scripts.add(requestId));
    session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      if (scripts.has(requestId)) bytes += encodedDataLength;
    });
    // Painted: the first tile has its figure, and the frame with it is drawn. Watched without asking for frames, which
    // would cost some themselves.
    await page.addInitScript(() => {
      const watch = new MutationObserver(() => {
        if (!document.querySelector("main [data-value]")) return;
        watch.disconnect();
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => (window.paintedAt = performance.now());
          port2.postMessage(0);
        });
      });
      watch.observe(document, { childList: true, subtree: true });
    });
    await page.goto("/dashboard");
    await page.waitForTimeout(2000);
    await page.waitForFunction(() => window.paintedAt !== undefined, undefined, { polling: 1000 });
    const painted = await page.evaluate(() => window.paintedAt);
    if (run === 0) first = painted;
    else paints.push(painted);
    script = bytes;
  }

  // A change of the period: from the key to the changed figure.
  const changes = [];
  for (let step = 0; step < kSteps; step++) {
    const before = await page.locator("main [data-value]").first().getAttribute("data-value");
    const took = await page.evaluate(
      ({ key, before: old }) =>
        new Promise((done) => {
          const start = performance.now();
          const look = () => {
            if (document.querySelector("main [data-value]").getAttribute("data-value") !== old) done(performance.now() - start);
            else if (performance.now() - start > 5000) done(5000);
            else requestAnimationFrame(look);
          };
          document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
          requestAnimationFrame(look);
        }),
      { key: step < kSteps / 2 ? "[" : "]", before },
    );
    changes.push(took);
    await page.waitForTimeout(300);
  }
  const health = await page.evaluate(async () => {
    const times = [];
    for (let i = 0; i < 31; i++) {
      const start = performance.now();
      await (await fetch("/healthz", { cache: "no-store" })).text();
      times.push(performance.now() - start);
    }
    return times;
  });
  const beat = median(health);
  const row = (what, value, limit) =>
    console.log(`${what.padEnd(58)} ${ms(value).padStart(9)}  ${(value / beat).toFixed(1).padStart(7)} x health   ${limit}`);
  console.log(`Demo network, ${kRuns} visits with an empty cache, ${kSteps} changes of the period; medians`);
  row("health endpoint, asked by the page", beat, "");
  row("start of the server until it listens", listening, "");
  row("first dashboard after the start, navigation to figures", first, "");
  row("dashboard, navigation to figures", median(paints), "at most 1000 ms");
  row("change of the period, key to figures", median(changes), "at most 100 ms");
  row("  to one not seen yet", median(changes.slice(0, kSteps / 2)), "");
  row("  back to one seen before", median(changes.slice(kSteps / 2)), "");
  console.log(`script until then, as transferred ${(script / 1000).toFixed(0).padStart(34)} kB                       at most 430 kB`);
} finally {
  await browser.close();
  server.kill("SIGTERM");
  await new Promise((done) => server.once("exit", done));
  rmSync(data, { recursive: true, force: true });
}
