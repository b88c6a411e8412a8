import { readFileSync } from "node:fs";
import type { APIRequestContext, Page } from "playwright-core";
import { expect, it } from "vitest";
import { open, settled, signedIn } from "./browser";
import { addCustomer, choose, customerPage, headers, panel, press, shop } from "./customers";

// What people agree to, and what they ask about their data, as whoever looks after it does it.

interface Consent {
  purpose: string;
  text_version: number;
  way: string;
  given_at: string;
  withdrawn_at?: string | null;
  withdrawn_way?: string | null;
  has_evidence: boolean;
}
interface Terms {
  purposes: { id: string; name: { en: string }; text_version: number; texts: { en: string; zh: string }[] }[];
  requests: { id: string; days: number }[];
}
const json = async <T>(request: APIRequestContext, path: string): Promise<T> => (await (await request.get(path)).json()) as T;
/** A purpose's line on the page of a customer: from its button to the whole of it. */
const purpose = (page: Page, name: string) => panel(page, "Consent").locator("div", { has: page.getByRole("button", { name: new RegExp(`: ${name}$`) }) }).last();
const day = (instant: Date) => new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" }).format(instant);
const inDays = (n: number, from = new Date()) => day(new Date(from.getTime() + n * 86_400_000));
/** A day as the English pages write it. */
const shown = (iso: string) => `${Number(iso.slice(8))} ${["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"][Number(iso.slice(5, 7)) - 1]!} ${iso.slice(0, 4)}`;

it("a consent is given after the text was told, needs evidence where it is sensitive, and is withdrawn; the text stays known", { timeout: 120_000 }, async () => {
  const { page, context, complaints } = await signedIn({ language: "en" });
  const { request } = context;
  const dealer = await shop(request);
  const id = await addCustomer(request, dealer, { name: "孟晓东", phone: "13810000001" });
  const terms = await json<Terms>(request, "/api/v1/privacy/terms");
  const told = (of: string) => terms.purposes.find((one) => one.id === of)!;

  await open(page, customerPage(dealer, id));
  const consent = panel(page, "Consent");
  await consent.getByText("0 in force").waitFor();
  await page.getByRole("button", { name: "Record: Follow-up" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(`What the customer is told (version ${told("follow_up").text_version})`).waitFor();
  await dialog.getByText(told("follow_up").texts.at(-1)!.en).waitFor();
  await choose(page, "How", "signed form");
  await press(page, "Save");
  await consent.getByText("1 in force").waitFor();
  await purpose(page, "Follow-up").getByText("given", { exact: true }).waitFor();
  await purpose(page, "Follow-up").getByText(`${shown(day(new Date()))}, signed form · text ${told("follow_up").text_version}`).waitFor();

  // Financing is sensitive: not without evidence, which is kept but never shown here.
  await page.getByRole("button", { name: "Record: Financing" }).click();
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await dialog.getByText("Sensitive data and sharing need evidence.").waitFor();
  await dialog.getByLabel("Evidence").fill("form 2026-114");
  await press(page, "Save");
  await purpose(page, "Financing").getByText("with evidence").waitFor();
  expect(await page.getByText("form 2026-114").count()).toBe(0);

  await page.getByRole("button", { name: "Withdraw: Follow-up" }).click();
  await dialog.getByText("what was done before stays lawful").waitFor();
  await choose(page, "How", "by phone");
  await press(page, "Withdraw");
  await purpose(page, "Follow-up").getByText("withdrawn", { exact: true }).waitFor();
  await consent.getByText("1 in force").waitFor();
  await consent.getByRole("button", { name: "History (2)" }).click();
  await consent.getByRole("listitem").filter({ hasText: "Follow-up" }).getByText(/text 1 · withdrawn .*, by phone · recorded by admin/).waitFor();

  // Given anew, it is another one beside the old, which says what it said.
  await page.getByRole("button", { name: "Record: Follow-up" }).click();
  await press(page, "Save");
  await consent.getByText("2 in force").waitFor();
  await consent.getByText(/^History|Hide history/).waitFor();
  const { consents } = await json<{ consents: Consent[] }>(request, `/api/v1/customers/${id}/privacy?dealer=${dealer.id}`);
  const followed = consents.filter((one) => one.purpose === "follow_up");
  expect(followed.map(({ way, withdrawn_way, text_version }) => ({ way, withdrawn_way: withdrawn_way ?? null, text_version }))).toEqual(
    expect.arrayContaining([
      { way: "paper", withdrawn_way: "phone", text_version: told("follow_up").text_version },
      { way: "in_person", withdrawn_way: null, text_version: told("follow_up").text_version },
    ]),
  );
  // A text that was never written cannot be agreed to.
  const { version } = await json<{ version: number }>(request, `/api/v1/customers/${id}/privacy?dealer=${dealer.id}`);
  const other = await request.post(`/api/v1/customers/${id}/consents?dealer=${dealer.id}`, {
    headers: { ...(await headers(request)), "if-match": `"${version}"` },
    data: { purpose: "marketing", text_version: 99, way: "in_person" },
  });
  expect(other.status()).toBeGreaterThanOrEqual(400);
  expect(other.status()).toBeLessThan(500);
  expect(complaints).toEqual([]);
  await context.close();
});

it("access: the request has a day, nothing is given before it is certain who asks, and the file holds what is held", { timeout: 120_000 }, async () => {
  const { page, context, complaints } = await signedIn({ language: "en" });
  const { request } = context;
  const dealer = await shop(request);
  const id = await addCustomer(request, dealer, { name: "陈美玲", phone: "13810000002", occupation: "教师" });
  const days = (await json<Terms>(request, "/api/v1/privacy/terms")).requests.find((one) => one.id === "access")!.days;

  await open(page, customerPage(dealer, id));
  await page.getByRole("button", { name: "Record a request" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(`To be done within ${days} days.`).waitFor();
  // It came 40 days ago, and lies there since.
  await dialog.getByLabel("Received").fill(inDays(-40));
  await dialog.getByLabel("What was asked").fill("everything about me");
  await press(page, "Save");

  await open(page, `/privacy?scope=dealer:${dealer.id}`);
  await page.getByText(/1 request is open at .*, 1 overdue\./).waitFor();
  const line = page.getByRole("row").filter({ hasText: "everything about me" });
  await line.getByText(shown(inDays(days - 40))).waitFor();
  await line.getByText("overdue").waitFor();
  expect(await line.getByRole("button", { name: "JSON" }).count()).toBe(0);
  expect(await line.getByRole("button", { name: "Done" }).count()).toBe(0);
  await line.getByRole("button", { name: "Check identity" }).click();
  await choose(page, "How it was checked", "Called back on the known number");
  await press(page, "Check identity");
  await line.getByText("identity checked").waitFor();

  const [file] = await Promise.all([page.waitForEvent("download"), line.getByRole("button", { name: "JSON" }).click()]);
  const given = readFileSync(await file.path(), "utf8");
  for (const held of ["陈美玲", "13810000002", "教师"]) expect(given).toContain(held);
  const [sheet] = await Promise.all([page.waitForEvent("download"), line.getByRole("button", { name: "CSV" }).click()]);
  expect(readFileSync(await sheet.path(), "utf8")).toContain("13810000002");
  await line.getByRole("button", { name: "Done" }).click();
  await press(page, "Done");
  await page.getByText(/No request is open at/).waitFor();
  await page.getByRole("radio", { name: "Closed" }).click();
  await page.getByRole("row").filter({ hasText: "everything about me" }).getByText("done", { exact: true }).waitFor();
  await open(page, "/admin/audit");
  await page.getByText(/personal data/i).first().waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

it("correction: the record is put right and the request closed; another one is refused for a reason", { timeout: 120_000 }, async () => {
  const { page, context, complaints } = await signedIn({ language: "en" });
  const { request } = context;
  const dealer = await shop(request);
  const id = await addCustomer(request, dealer, { name: "刘建国", phone: "13810000003", occupation: "司机" });
  const ask = async (words: string) => {
    await open(page, customerPage(dealer, id));
    await page.getByRole("button", { name: "Record a request" }).click();
    await page.getByRole("dialog").getByRole("radio", { name: "Correction" }).click();
    await page.getByRole("dialog").getByText("To be done within 15 days.").waitFor();
    await page.getByRole("dialog").getByLabel("What was asked").fill(words);
    await press(page, "Save");
  };
  await ask("a teacher, not a driver");
  await open(page, `/privacy?scope=dealer:${dealer.id}`);
  const line = page.getByRole("row").filter({ hasText: "a teacher" });
  await line.getByText(shown(inDays(15))).waitFor();
  expect(await line.getByText("overdue").count()).toBe(0);
  await line.getByRole("button", { name: "Check identity" }).click();
  await choose(page, "How it was checked", "Known in person");
  await press(page, "Check identity");
  await line.getByText("Known in person").waitFor();

  await line.getByRole("link").click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.getByRole("button", { name: /^Edit/ }).first().waitFor();
  for (const edit of await page.getByRole("button", { name: /^Edit/ }).all()) {
    await edit.click();
    const field = page.getByRole("dialog").getByLabel("Occupation");
    if ((await field.count()) === 0) {
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      continue;
    }
    await field.fill("教师");
    await press(page, "Save");
    break;
  }
  await page.getByText("教师").first().waitFor();
  await open(page, `/privacy?scope=dealer:${dealer.id}`);
  await line.getByRole("button", { name: "Done" }).click();
  await press(page, "Done");
  await line.waitFor({ state: "detached" });

  await ask("a dragon, not a teacher");
  await open(page, `/privacy?scope=dealer:${dealer.id}`);
  const other = page.getByRole("row").filter({ hasText: "a dragon" });
  await other.getByRole("button", { name: "Refuse" }).click();
  await choose(page, "Reason", "Asked again without a change");
  await press(page, "Refuse");
  await other.waitFor({ state: "detached" });
  await page.getByRole("radio", { name: "Closed" }).click();
  await other.getByText("refused").waitFor();
  await other.getByText("Asked again without a change").waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

it("erasure: stopped by a legal hold, carried through without it; the data are gone, the figures stay", { timeout: 120_000 }, async () => {
  const { page, context, complaints } = await signedIn({ language: "en" });
  const { request } = context;
  const dealer = await shop(request);
  const id = await addCustomer(request, dealer, { name: "欧阳文博", phone: "13810000004", address: "上海市浦东新区世纪大道 100 号" });
  const figures = async () => {
    const answer = await request.post("/api/v1/kpi/query", { headers: await headers(request), data: { columns: ["prospect_cnt", "profile_completeness"], by: ["staff"], period: inDays(0).slice(0, 7), filters: { dealer: [dealer.code] } } });
    expect(answer.status(), await answer.text()).toBe(200);
    return ((await answer.json()) as { rows: unknown }).rows;
  };
  const before = await figures();
  const found = async (typed: string) => {
    const answer = await request.post(`/api/v1/customers/search?dealer=${dealer.id}`, { headers: await headers(request), data: { text: typed } });
    expect(answer.status(), await answer.text()).toBe(200);
    return ((await answer.json()) as { customers: unknown[] }).customers.length;
  };
  expect([await found("欧阳文博"), await found("13810000004")]).toEqual([1, 1]);

  await open(page, customerPage(dealer, id));
  await page.getByRole("button", { name: "Hold", exact: true }).click();
  await choose(page, "Reason", "Dispute or lawsuit");
  await press(page, "Hold");
  await panel(page, "Consent").getByText("Kept by law").waitFor();
  await page.getByRole("button", { name: "Record a request" }).click();
  await page.getByRole("dialog").getByRole("radio", { name: "Erasure" }).click();
  await page.getByRole("dialog").getByLabel("What was asked").fill("forget me");
  await press(page, "Save");

  await open(page, `/privacy?scope=dealer:${dealer.id}`);
  const line = page.getByRole("row").filter({ hasText: "forget me" });
  await line.getByRole("button", { name: "Check identity" }).click();
  await choose(page, "How it was checked", "Document seen");
  await press(page, "Check identity");
  await line.getByRole("button", { name: "Erase" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("cannot be brought back").waitFor();
  await dialog.getByRole("button", { name: "Erase", exact: true }).click();
  await dialog.getByText(/hold|kept by law/i).last().waitFor();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  const there = await json<{ record: Record<string, string> }>(request, `/api/v1/customers/${id}?dealer=${dealer.id}`);
  expect(there.record.name).toBeTruthy();

  await open(page, customerPage(dealer, id));
  await page.getByRole("button", { name: "Lift", exact: true }).click();
  await press(page, "Lift");
  await open(page, `/privacy?scope=dealer:${dealer.id}`);
  await line.getByRole("button", { name: "Erase" }).click();
  await press(page, "Erase");
  await line.waitFor({ state: "detached" });
  await page.getByRole("radio", { name: "Closed" }).click();
  await settled(page);

  await open(page, customerPage(dealer, id));
  await page.getByText(/The data went on .*Stages, days, channel and dealer stay/).waitFor();
  expect(await page.getByRole("button", { name: /^Edit|Record a request|Record: / }).count()).toBe(0);
  expect(await page.content()).not.toMatch(/欧阳|13810000004|世纪大道/);
  const gone = await (await request.get(`/api/v1/customers/${id}?dealer=${dealer.id}`)).text();
  expect(gone).not.toMatch(/欧|138\*|13810000004|世纪大道/);
  expect([await found("欧阳文博"), await found("13810000004")]).toEqual([0, 0]);
  expect(await figures()).toEqual(before);
  expect(complaints).toEqual([]);
  await context.close();
});
