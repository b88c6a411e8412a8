import { chromium, type Browser, type BrowserContext, type Page, type Request } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { demo } from "./demo";
import { password } from "./server";

// A real browser, driven as a person would.

export interface Look {
  language?: "zh" | "en";
  theme?: "light" | "dark";
  width?: number;
  height?: number;
}

export interface Visit {
  page: Page;
  context: BrowserContext;
  /** Errors of the console and of scripts, and requests that left the server. */
  complaints: string[];
}

let browser: Browser | undefined;
/** Requests that wait for their answer, but for streams, which end with the page. */
const waiting = new WeakMap<Page, Set<Request>>();

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});
afterAll(async () => {
  await browser?.close();
});

/** A fresh profile, at the demo network unless another server is named. Whatever the page complains of, or asks of another host, is collected. */
export async function visit(look: Look = {}, at?: string): Promise<Visit> {
  if (!browser) throw new Error("no browser");
  const url = at ?? (await demo()).url;
  const language = look.language ?? "zh";
  const width = look.width ?? 1440;
  const context = await browser.newContext({
    baseURL: url,
    locale: language === "zh" ? "zh-CN" : "en-GB",
    timezoneId: "Asia/Shanghai",
    colorScheme: look.theme ?? "light",
    reducedMotion: "reduce",
    viewport: { width, height: look.height ?? (width < 600 ? 844 : 900) },
    hasTouch: width < 600,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`script: ${error.message}`));
  page.on("console", (message) => {
    // The browser reports answers of 4xx by itself; the tests look at those where they expect them.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      complaints.push(`console: ${message.text()}`);
    }
  });
  const requests = new Set<Request>();
  waiting.set(page, requests);
  page.on("requestfinished", (request) => requests.delete(request));
  page.on("requestfailed", (request) => requests.delete(request));
  page.on("framenavigated", (frame) => {
    if (frame === page.mainFrame()) requests.clear();
  });
  page.on("request", (request) => {
    // These go on for as long as something does, or the page is open.
    const events = /\/api\/v1\/(imports\/\d+\/progress|changes)(\?|$)/.test(request.url());
    if (!events) requests.add(request);
    const to = new URL(request.url());
    if (to.protocol.startsWith("http") && to.origin !== new URL(url).origin) complaints.push(`request: ${request.url()}`);
  });
  return { page, context, complaints };
}

/** A fresh profile that is signed in as the administrator, by the API, so that tests of pages begin at their page. */
export async function signedIn(look: Look = {}, at?: string): Promise<Visit> {
  const url = at ?? (await demo()).url;
  const made = await visit(look, url);
  const answer = await made.context.request.post("/api/v1/session", {
    data: { login: "admin", password },
    headers: { origin: url },
  });
  expect(answer.status(), await answer.text()).toBe(200);
  const { csrf } = (await answer.json()) as { csrf: string };
  await made.context.request.patch("/api/v1/session/preferences", {
    data: { language: look.language ?? "zh" },
    headers: { "x-csrf-token": csrf, origin: url },
  });
  return made;
}

/** Waits until who signed in is inside: the page of signing in has a title too, but not the navigation. */
export async function inside(page: Page): Promise<void> {
  await page.getByRole("navigation", { name: /^(主导航|Main navigation)$/ }).waitFor();
  await page.getByRole("heading", { level: 1 }).waitFor();
}

/** Goes to a page and waits until nothing loads any more. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await settled(page);
}

/** Waits until all requests are answered, for a moment, and nothing says that it is loading. */
export async function settled(page: Page): Promise<void> {
  const requests = waiting.get(page);
  const until = Date.now() + 20_000;
  for (let quiet = 0; quiet < 3; ) {
    if (Date.now() > until) {
      throw new Error(`${page.url()} does not settle: ${[...(requests ?? [])].map((request) => request.url()).join(", ")}`);
    }
    const busy = (requests?.size ?? 0) > 0 || (await page.evaluate(() => document.querySelector('[aria-busy="true"]') !== null));
    quiet = busy ? 0 : quiet + 1;
    await page.waitForTimeout(50);
  }
}
