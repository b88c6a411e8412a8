import { readFileSync } from "node:fs";
import { strFromU8, unzipSync } from "fflate";
import type { APIRequestContext, Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import { open, settled, signedIn, visit, type Visit } from "./browser";
import { demo } from "./demo";
import { grid, tile } from "./wizard";

// What a manager does in the morning, in English, on the demo network.

let origin = "";
beforeAll(async () => {
  origin = (await demo()).url;
});

/** The month before the present one: a whole month of the demo network, whatever the day. */
async function lastMonth(request: APIRequestContext): Promise<{ month: string; before: string }> {
  const { today } = (await (await request.get("/api/v1/session")).json()) as { today: string };
  const back = (n: number) => new Date(Date.UTC(Number(today.slice(0, 4)), Number(today.slice(5, 7)) - 1 - n, 1)).toISOString().slice(0, 7);
  return { month: back(1), before: back(2) };
}
async function headers(request: APIRequestContext): Promise<Record<string, string>> {
  const { csrf } = (await (await request.get("/api/v1/session")).json()) as { csrf: string };
  return { "x-csrf-token": csrf, origin };
}
const search = (page: Page, key: string) => new URL(page.url()).searchParams.getAll(key);
const path = (page: Page) => new URL(page.url()).pathname;

/** Waits for a parameter of the address: null when it shall not be there. */
async function waitForSearch(page: Page, key: string, value: string | null): Promise<void> {
  await page.waitForURL((url) => url.searchParams.get(key) === value);
  await settled(page);
}
function expectQuiet({ complaints }: Visit): void {
  expect(complaints).toEqual([]);
}

it("a tile opens its definition and as many records as it says", async () => {
  const made = await signedIn({ language: "en" });
  const { page } = made;
  const { month } = await lastMonth(made.context.request);
  await open(page, `/dashboard?period=${month}`);
  const orders = await tile(page, "Main figures", "Orders");
  expect(orders).toBeGreaterThan(50);

  await page.getByRole("region", { name: "Main figures" }).getByRole("button", { name: /^Orders:/ }).click();
  const sheet = page.getByRole("dialog", { name: "Orders" });
  await sheet.getByRole("tab", { name: "Definition", selected: true }).waitFor();
  expect(await sheet.locator("[data-value]").first().getAttribute("data-value")).toBe(String(orders));
  await sheet.getByRole("term").filter({ hasText: /^Formula$/ }).waitFor();
  await sheet.getByRole("term").filter({ hasText: /^Meaning$/ }).waitFor();

  await sheet.getByRole("button", { name: "Records" }).click();
  await sheet.getByText(`${orders!.toLocaleString("en-US")} entries`, { exact: true }).waitFor();
  const more = sheet.getByRole("button", { name: /^Show \d+ more$/ });
  const records = sheet.getByRole("region", { name: "Records" }).locator("tbody").getByRole("row");
  while ((await more.count()) > 0) {
    const shown = await records.count();
    await more.click();
    await expect.poll(() => records.count()).toBeGreaterThan(shown);
  }
  const counts = await records.locator("td[data-value]").evaluateAll((cells) => cells.map((cell) => Number((cell as HTMLElement).dataset.value)));
  expect(counts).toHaveLength(orders!);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(orders);
  expectQuiet(made);
  await made.context.close();
});

it("a dealer of the success table becomes the scope, back returns, the arrows step through time", async () => {
  const made = await signedIn({ language: "en" });
  const { page } = made;
  const { month, before } = await lastMonth(made.context.request);
  await open(page, `/dashboard?period=${month}`);
  const network = await tile(page, "Main figures", "Orders");
  const table = page.getByRole("table", { name: "Sales success" });
  await table.getByRole("columnheader", { name: "Dealer" }).waitFor();
  const first = table.locator("tbody").getByRole("row").first().getByRole("button").first();
  const name = (await first.textContent())!;
  await first.click();
  await page.waitForURL((url) => /^dealer:\d+$/.test(url.searchParams.get("scope") ?? ""));
  await settled(page);
  await page.getByRole("region", { name: "Scope and period" }).getByRole("button", { name: new RegExp(`^Scope: .*${name}$`) }).waitFor();
  const dealer = await tile(page, "Main figures", "Orders");
  expect(dealer).toBeGreaterThan(0);
  expect(dealer).toBeLessThan(network!);
  await table.getByRole("columnheader", { name: "Consultant" }).waitFor();

  await page.goBack();
  await waitForSearch(page, "scope", null);
  expect(await tile(page, "Main figures", "Orders")).toBe(network);

  await page.getByRole("button", { name: "Earlier [" }).click();
  await waitForSearch(page, "period", before);
  const earlier = await tile(page, "Main figures", "Orders");
  const { rows } = (await (
    await made.context.request.post("/api/v1/kpi/query", { headers: await headers(made.context.request), data: { columns: ["deals_count"], by: ["month"], period: `${before}..${month}` } })
  ).json()) as { rows: { month: string; deals_count: { value: number } }[] };
  expect(rows.map((row) => [row.month, row.deals_count.value])).toEqual([
    [before, earlier],
    [month, network],
  ]);
  await page.getByRole("button", { name: "Later ]" }).click();
  await waitForSearch(page, "period", month);
  expect(await tile(page, "Main figures", "Orders")).toBe(network);
  expectQuiet(made);
  await made.context.close();
});

it("an exploration is put together, saved, opened again, exported and deleted", async () => {
  const made = await signedIn({ language: "en" });
  const { page } = made;
  const { month } = await lastMonth(made.context.request);
  await open(page, `/explore?v=deals_count&row=dealer&col=&vs=none&chart=table&period=${month}`);
  const all = (await grid(page)).at(-1)!.values[0]!;

  // A value more, by its name.
  const find = page.getByRole("combobox", { name: /^Find a KPI or measure/ });
  await find.fill("close rate");
  await page.getByRole("option", { name: /^Close rate\b/ }).first().waitFor();
  await find.press("Enter");
  await page.waitForURL((url) => url.searchParams.getAll("v").length === 2);
  expect(search(page, "v")).toEqual(["deals_count", "close_rate"]);

  // Only one source.
  await page.getByRole("button", { name: "Add a filter" }).click();
  await page.getByRole("menuitem", { name: "Source", exact: true }).click();
  await page.getByRole("checkbox", { name: "Referral" }).click();
  await waitForSearch(page, "f", "source:referral");
  await page.keyboard.press("Escape");
  const filtered = await grid(page);
  const total = filtered.at(-1)!;
  expect(total.values[0]).toBeGreaterThan(0);
  expect(total.values[0]).toBeLessThan(all);
  expect(filtered.slice(0, -1).reduce((sum, row) => sum + (row.values[0] ?? 0), 0), "the rows add up to the total").toBe(total.values[0]);

  // What is seen is what the file has.
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export", exact: true }).click();
  await page.getByRole("menuitem", { name: "Excel, with definitions" }).click();
  const file = await download;
  expect(file.suggestedFilename()).toMatch(/\.xlsx$/);
  const parts = unzipSync(readFileSync((await file.path())!));
  const sheet = strFromU8(parts["xl/worksheets/sheet1.xml"]!);
  const numbers = [...sheet.matchAll(/<v>([-\d.eE+]+)<\/v>/g)].map((value) => Number(value[1]));
  for (const row of filtered) expect(numbers, row.name).toContain(row.values[0]);
  expect(Object.keys(parts), "a second sheet: the definitions").toContain("xl/worksheets/sheet2.xml");

  // Saved, and found again after the page has been left.
  const name = "Referrals by dealer";
  await page.getByRole("button", { name: "Save view" }).click();
  const views = page.getByRole("dialog", { name: "Views" });
  await views.getByRole("textbox", { name: "Save as a new view" }).fill(name);
  await views.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  await page.reload();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  await open(page, `/explore?v=traffic_count&row=source&period=${month}`);
  await page.getByRole("button", { name: "Save view" }).click();
  await views.getByRole("button", { name: new RegExp(`^${name}`) }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  expect([search(page, "v"), search(page, "f"), search(page, "row")]).toEqual([["deals_count", "close_rate"], ["source:referral"], ["dealer"]]);
  await settled(page);
  expect((await grid(page)).at(-1)).toEqual(total);

  await page.getByRole("button", { name: "Save view" }).click();
  await views.getByRole("button", { name: `Actions for “${name}”` }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByText(`“${name}” deleted`).waitFor();
  await page.reload();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await settled(page);
  await page.getByRole("button", { name: "Save view" }).click();
  await views.getByRole("textbox", { name: "Save as a new view" }).waitFor();
  expect(await views.getByRole("button", { name: new RegExp(`^${name}`) }).count()).toBe(0);
  expectQuiet(made);
  await made.context.close();
});

it("a slip in a formula is shown where it is, and a right one becomes a value", async () => {
  const made = await signedIn({ language: "en" });
  const { page } = made;
  const { month } = await lastMonth(made.context.request);
  await open(page, `/explore?v=deals_count&row=dealer&col=&vs=none&chart=table&period=${month}`);
  const formula = page.getByRole("textbox", { name: "Formula" });
  await formula.fill("deal_cnt / td_cnnt");
  const shelf = page.getByRole("region", { name: "Formula" });
  await shelf.getByRole("alert").waitFor();
  expect(await formula.getAttribute("aria-invalid")).toBe("true");
  expect(await shelf.getByRole("alert").locator("mark").textContent()).toBe("td_cnnt");
  expect(await shelf.getByRole("alert").textContent()).toContain("td_cnt");
  expect(await shelf.getByRole("button", { name: "Use this formula" }).isDisabled()).toBe(true);

  await formula.fill("deal_cnt / td_cnt");
  await shelf.getByText("The formula works").waitFor();
  await shelf.getByRole("button", { name: "Use this formula" }).click();
  await waitForSearch(page, "v", "deal_cnt / td_cnt");
  const total = (await grid(page)).at(-1)!.values[0]!;
  const { total: asked } = (await (
    await made.context.request.post("/api/v1/kpi/query", { headers: await headers(made.context.request), data: { columns: ["r=deal_cnt/td_cnt"], period: month } })
  ).json()) as { total: { r: { value: number } } };
  expect(total).toBe(asked.r.value);
  expectQuiet(made);
  await made.context.close();
});

it("the handbook finds a KPI by its name in either language and says what it is now", async () => {
  const made = await signedIn({ language: "en" });
  const { page } = made;
  const { month } = await lastMonth(made.context.request);
  await open(page, `/handbook?period=${month}`);
  const list = page.getByRole("navigation", { name: "List of KPIs" });
  const box = list.getByRole("searchbox");
  const { total } = (await (
    await made.context.request.post("/api/v1/kpi/query", { headers: await headers(made.context.request), data: { columns: ["close_rate"], period: month } })
  ).json()) as { total: { close_rate: { value: number; num: number; den: number } } };
  for (const words of ["close rate", "成交率"]) {
    await box.fill(words);
    const found = list.getByRole("link", { name: /^Close rate\s*close_rate$/ });
    await found.click();
    const entry = page.getByRole("article", { name: "Close rate" });
    const figure = entry.getByRole("button", { name: /^Close rate:/ });
    await figure.waitFor();
    expect([await figure.getAttribute("data-value"), await figure.getAttribute("data-num"), await figure.getAttribute("data-den")], words).toEqual(
      [total.close_rate.value, total.close_rate.num, total.close_rate.den].map(String),
    );
    await page.goBack();
    await page.waitForURL((url) => url.pathname === "/handbook");
  }
  await box.fill("no such thing");
  await page.getByText("Nothing found for “no such thing”.").waitFor();
  expectQuiet(made);
  await made.context.close();
});

it("keys: Ctrl K goes to a page, G E and [ work, and none of them while typing", async () => {
  const made = await signedIn({ language: "en" });
  const { page } = made;
  const { month, before } = await lastMonth(made.context.request);
  await open(page, `/dashboard?period=${month}`);
  await page.keyboard.press("Control+K");
  const palette = page.getByRole("dialog", { name: "Command palette" });
  await palette.getByRole("combobox").fill("handb");
  await palette.getByRole("option", { name: /^KPI handbook/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/handbook");
  await page.getByRole("heading", { level: 1, name: "KPI handbook" }).waitFor();
  expect(search(page, "period"), "the period comes along").toEqual([month]);

  await page.keyboard.press("g");
  await page.keyboard.press("e");
  await page.waitForURL((url) => url.pathname === "/explore");
  await page.keyboard.press("[");
  await waitForSearch(page, "period", before);
  await page.keyboard.press("]");
  await waitForSearch(page, "period", month);

  const find = page.getByRole("combobox", { name: /^Find a KPI or measure/ });
  await find.click();
  await page.keyboard.type("gh[]s?");
  expect(await find.inputValue()).toBe("gh[]s?");
  await settled(page);
  expect(path(page)).toBe("/explore");
  expect(search(page, "period")).toEqual([month]);
  expect(await page.getByRole("dialog").count()).toBe(0);
  expectQuiet(made);
  await made.context.close();
});

it("two people rename the same region: the second is told and decides", async () => {
  const made = await signedIn({ language: "en" });
  const { page } = made;
  const added = await made.context.request.post("/api/v1/org/regions", { headers: await headers(made.context.request), data: { code: "E2E", name: "Test region" } });
  expect(added.status(), await added.text()).toBe(201);
  const { id } = (await added.json()) as { id: string };
  const other = await signedIn({ language: "en" });
  const dialog = (at: Page) => at.getByRole("dialog");
  for (const at of [page, other.page]) {
    await open(at, `/admin/org?node=region:${id}`);
    await at.getByRole("button", { name: "Rename" }).click();
    await dialog(at).getByRole("textbox", { name: /^Name/ }).waitFor();
  }
  await dialog(page).getByRole("textbox", { name: /^Name/ }).fill("North of the river");
  await dialog(page).getByRole("button", { name: "Save", exact: true }).click();
  await dialog(page).waitFor({ state: "detached" });

  const box = dialog(other.page);
  await box.getByRole("textbox", { name: /^Name/ }).fill("South of the river");
  await box.getByRole("button", { name: "Save", exact: true }).click();
  await box.getByText(/The organisation was changed after you opened this\./).waitFor();
  expect(await box.getByRole("textbox", { name: /^Name/ }).inputValue(), "what was typed is still there").toBe("South of the river");
  const named = async () => ((await (await made.context.request.get("/api/v1/org")).json()) as { regions: { id: string; name: string }[] }).regions.find((region) => region.id === id)?.name;
  expect(await named(), "nothing was overwritten").toBe("North of the river");
  await box.getByRole("button", { name: "Use mine" }).click();
  await box.waitFor({ state: "detached" });
  expect(await named()).toBe("South of the river");
  await other.page.getByRole("heading", { level: 2, name: "South of the river" }).waitFor();
  expectQuiet(made);
  expectQuiet(other);
  await made.context.close();
  await other.context.close();
});

/** Somebody new with that post, on a page of his own. */
async function member(login: string, name: string, post: Record<string, string>) {
  const admin = await signedIn({ language: "en" });
  const made = await admin.context.request.post("/api/v1/accounts", { headers: await headers(admin.context.request), data: { login, name, role: "member" } });
  expect(made.status(), await made.text()).toBe(201);
  const { account, password: once } = (await made.json()) as { account: { id: string }; password: string };
  const { id } = account;
  const given = await admin.context.request.post(`/api/v1/accounts/${id}/posts`, { headers: await headers(admin.context.request), data: post });
  expect(given.status(), await given.text()).toBe(201);
  const visitor = await visit({ language: "en" });
  const request = visitor.context.request;
  const first = await request.post("/api/v1/session", { headers: { origin }, data: { login, password: once } });
  expect(first.status()).toBe(200);
  const { csrf } = (await first.json()) as { csrf: string };
  const changed = await request.post("/api/v1/session/password", { headers: { "x-csrf-token": csrf, origin }, data: { current: once, new: "bamboo lantern over water" } });
  expect(changed.status(), await changed.text()).toBe(200);
  return { visitor, admin, id };
}

it("whoever sees a part of the network reads its name, not the network's", async () => {
  const { context } = await signedIn({ language: "en" });
  const org = (await (await context.request.get("/api/v1/org")).json()) as { dealers: { id: string; name: string; region: string }[] };
  const dealer = org.dealers[0]!;
  for (const [login, post, name] of [
    ["shop.manager", { role: "GM", dealer: dealer.id }, dealer.name],
    ["region.manager", { role: "NW", region: dealer.region }, "My dealers"],
  ] as const) {
    const { visitor, admin } = await member(login, login, post);
    await open(visitor.page, "/dashboard");
    await visitor.page.getByRole("button", { name: "Scope:" }).getByText(name, { exact: true }).waitFor();
    expect(await visitor.page.getByText("Whole network").count(), login).toBe(0);
    expectQuiet(visitor);
    await visitor.context.close();
    await admin.context.close();
  }
});

it("a member sees no page of administrators, and the interface refuses what they alone may do", async () => {
  const { visitor, admin, id } = await member("wang.fang", "Wang Fang", { role: "NW" });
  const { page } = visitor;
  const { request } = visitor.context;

  await open(page, "/dashboard");
  const rail = page.getByRole("navigation", { name: "Main navigation" });
  await rail.getByRole("link", { name: "Explore" }).waitFor();
  for (const [name, where] of [
    ["Accounts", "/admin/accounts"],
    ["Organisation", "/admin/org"],
    ["Own KPIs", "/admin/kpis"],
  ] as const) {
    expect(await rail.getByRole("link", { name }).count(), name).toBe(0);
    await page.goto(where);
    await page.getByText("This page is for administrators.").waitFor();
  }
  expect(await page.getByText("wang.fang").count()).toBe(0);
  await page.keyboard.press("Control+K");
  await page.getByRole("dialog", { name: "Command palette" }).getByRole("combobox").fill("accounts");
  await page.getByText(/^Nothing found\./).waitFor();

  const mine = await headers(request);
  const refused: [string, string, object?][] = [
    ["GET", "/accounts"],
    ["POST", "/accounts", { login: "eve", role: "admin" }],
    ["PATCH", `/accounts/${id}`, { role: "admin" }],
    ["POST", `/accounts/${id}/reset-password`],
    ["POST", "/org/regions", { code: "X1" }],
    ["POST", "/org/dealers", { code: "X1" }],
    ["POST", "/catalog/own-kpis", { id: "x1", formula: "deal_cnt" }],
  ];
  for (const [method, where, data] of refused) {
    const answer = await request.fetch(`/api/v1${where}`, { method, headers: { ...mine, "if-match": '"1"' }, ...(data ? { data } : {}) });
    expect(answer.status(), `${method} ${where}`).toBe(403);
    expect(answer.headers()["content-type"]).toContain("application/problem+json");
  }
  const accounts = (await (await admin.context.request.get("/api/v1/accounts")).json()) as { accounts: { login: string; role: string }[] };
  expect(accounts.accounts.filter(({ login }) => login === "wang.fang" || login === "eve")).toMatchObject([{ login: "wang.fang", role: "member" }]);
  expectQuiet(visitor);
  await visitor.context.close();
  await admin.context.close();
});
