import { afterAll, beforeAll, expect, it } from "vitest";
import { cli, makeFolder, password, removeFolder, serve, type Server } from "./server";
import { open, settled, signedIn } from "./browser";
import { tile } from "./wizard";

// Figures that refresh themselves, on a store of their own, since something is entered.

let folder: string;
let server: Server;
beforeAll(async () => {
  folder = makeFolder();
  cli(folder, "demo", "--dealers", "1", "--months", "3");
  server = await serve(folder, { DEALPACE_ADMIN_PASSWORD: password });
});
afterAll(async () => {
  await server.stop();
  removeFolder(folder);
});

it("an order of somebody else shows on an open dashboard by itself, and nothing flickers", async () => {
  const { page, context, complaints } = await signedIn({ language: "en" }, server.url);
  const session = (await (await context.request.get("/api/v1/session")).json()) as { csrf: string; today: string };
  const org = (await (await context.request.get("/api/v1/org")).json()) as { dealers: { code: string; staff: { name: string }[] }[] };
  await open(page, `/dashboard?period=${session.today.slice(0, 7)}`);
  const before = await tile(page, "Main figures", "Orders");
  // Whatever happens to the tiles meanwhile, they are never empty.
  await page.evaluate(() => {
    const region = document.querySelector('section[aria-label="Main figures"], [role="region"][aria-label="Main figures"]')!;
    const figures = () => region.querySelectorAll("[data-value]").length;
    const least = { figures: figures() };
    Object.assign(window, { least });
    new MutationObserver(() => void (least.figures = Math.min(least.figures, figures()))).observe(region, { childList: true, subtree: true, characterData: true });
  });
  const shown = await page.evaluate(() => (window as unknown as { least: { figures: number } }).least.figures);

  const dealer = org.dealers[0]!;
  // The first comes before the page listens, the second while it does.
  for (const n of [1, 2]) {
    const answer = await context.request.post("/api/v1/events", {
      headers: { "x-csrf-token": session.csrf, origin: server.url, "Idempotency-Key": `order-${n}` },
      data: { events: [{ event: "deal", at: session.today, dealer: dealer.code, staff: dealer.staff[0]!.name, lead: `E2E-${n}`, key: `e2e-${n}`, amount: 150_000 }] },
    });
    expect(answer.status(), await answer.text()).toBe(200);
    await expect.poll(() => tile(page, "Main figures", "Orders"), { timeout: 15_000 }).toBe((before ?? 0) + n);
  }
  await settled(page);
  expect(await page.evaluate(() => (window as unknown as { least: { figures: number } }).least.figures)).toBe(shown);
  expect(complaints).toEqual([]);
  await context.close();
});
