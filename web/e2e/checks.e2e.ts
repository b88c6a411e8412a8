import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { open, signedIn } from "./browser";
import { addCustomer, headers, shop } from "./customers";

// Spot checks of customer files, from the draw to the figures.

it("files are drawn by lot, gone through field by field, and the figures follow at once", { timeout: 120_000 }, async () => {
  const { page, context, complaints } = await signedIn({ language: "en" });
  const { request } = context;
  const dealer = await shop(request);
  const [one, two] = [dealer.staff[0]!, dealer.staff[1]!];
  // Twelve files of one, three of another: five are drawn of the first, all of the second.
  for (let n = 0; n < 15; n++) {
    await addCustomer(request, dealer, { name: `测试${"甲乙丙丁戊己庚辛壬癸子丑寅卯辰"[n]!}`, phone: `1390000${String(1000 + n)}` }, n < 12 ? one.id : two.id);
  }
  await open(page, `/spot-checks?scope=dealer:${dealer.id}`);
  await page.getByText(/15 files were made, none is drawn yet/).waitFor();
  await page.getByRole("button", { name: "Draw files" }).first().click();
  await page.getByText("8 files drawn.").waitFor();
  const person = (name: string) => page.getByRole("row").filter({ hasText: name });
  const cells = async (name: string) => (await person(name).getByRole("cell").allInnerTexts()).map((text) => text.trim());
  await expect.poll(() => cells(one.name)).toEqual(expect.arrayContaining(["12", "5", "0 / 5"]));
  expect(await cells(two.name)).toEqual(expect.arrayContaining(["3", "0 / 3"]));
  const toCheck = page.getByRole("region", { name: "To check" });
  expect(await toCheck.getByRole("listitem").count()).toBe(8);
  // Once drawn they stay: again, nothing is added.
  await page.getByRole("button", { name: "Draw files" }).first().click();
  await page.getByText("This month’s sample is complete.").waitFor();
  expect(await toCheck.getByRole("listitem").count()).toBe(8);

  const accuracy = async () => {
    const answer = await request.post("/api/v1/kpi/query", { headers: await headers(request), data: { columns: ["profile_accuracy"], by: ["staff"], period: (await today(page)).slice(0, 7), filters: { dealer: [dealer.code] } } });
    expect(answer.status(), await answer.text()).toBe(200);
    const { rows } = (await answer.json()) as { rows: { staff: string; profile_accuracy: { num: number | null; den: number | null } }[] };
    const row = rows.find(({ staff }) => staff === one.name);
    return row ? `${String(row.profile_accuracy.num)} / ${String(row.profile_accuracy.den)}` : "none";
  };
  const known = await accuracy();
  const [num, den] = known === "none" || known.includes("null") ? [0, 0] : known.split(" / ").map(Number);

  /** Says of the first open file of a consultant what its fields are. */
  const check = async (name: string, verdicts: Record<string, string>) => {
    await toCheck.getByRole("listitem").filter({ hasText: name }).first().getByRole("button").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("group", { name: "Name" }).waitFor();
    expect(await dialog.getByRole("button", { name: "Save the result" }).isDisabled(), "nothing is said yet").toBe(true);
    // Masked until it is shown for a reason.
    expect(await dialog.getByRole("group", { name: "Phone", exact: true }).innerText()).toContain("*");
    await dialog.getByRole("button", { name: "Show in full" }).click();
    await dialog.getByText(/1390000\d{4}/).waitFor();
    for (const [field, verdict] of Object.entries(verdicts)) {
      await dialog.getByRole("group", { name: field, exact: true }).getByRole("radio", { name: verdict, exact: true }).click();
    }
    await dialog.getByRole("button", { name: "Save the result" }).click();
    await dialog.waitFor({ state: "detached" });
  };
  await check(one.name, { Name: "True", Phone: "True" });
  await expect.poll(() => cells(one.name)).toEqual(expect.arrayContaining(["1 / 5", "100%"]));
  expect(await accuracy()).toBe(`${num! + 1} / ${den! + 1}`);
  await check(one.name, { Name: "True", Phone: "False" });
  await expect.poll(() => cells(one.name)).toEqual(expect.arrayContaining(["2 / 5", "50%"]));
  expect(await accuracy()).toBe(`${num! + 1} / ${den! + 2}`);
  // Nothing could be verified: checked, and neither true nor false.
  await check(one.name, { Name: "Unverifiable", Phone: "Unverifiable" });
  await expect.poll(() => cells(one.name)).toEqual(expect.arrayContaining(["3 / 5", "50%"]));
  expect(await accuracy()).toBe(`${num! + 1} / ${den! + 2}`);

  // The customer calls back: the false one was true after all, and the figure follows.
  const done = page.getByRole("region", { name: "Checked" });
  await done.getByRole("listitem").filter({ hasText: "False" }).getByRole("button").click();
  await page.getByRole("dialog").getByRole("group", { name: "Phone", exact: true }).getByRole("radio", { name: "True", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Save the result" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await expect.poll(() => cells(one.name)).toEqual(expect.arrayContaining(["3 / 5", "100%"]));
  expect(await accuracy()).toBe(`${num! + 2} / ${den! + 2}`);

  // Once all of the sample are checked and too few are true, somebody is to coach her; who does says so with a note.
  expect(await page.getByRole("region", { name: "Coaching tasks" }).count(), "two are not checked yet").toBe(0);
  await check(one.name, { Name: "True", Phone: "False" });
  await check(one.name, { Name: "True", Phone: "True" });
  const coaching = page.getByRole("region", { name: "Coaching tasks" });
  await coaching.getByText("75%").waitFor();
  expect(await coaching.getByRole("listitem").innerText()).toContain("False: Phone");
  await coaching.getByRole("button", { name: "Close" }).click();
  const closing = page.getByRole("dialog");
  expect(await closing.getByRole("button", { name: "Close the task" }).isDisabled(), "there is no note yet").toBe(true);
  await closing.getByLabel("Note").fill("Phones are read back to the customer from now on.");
  await closing.getByRole("button", { name: "Close the task" }).click();
  await closing.waitFor({ state: "detached" });
  await coaching.getByText("No coaching task is open.").waitFor();
  await coaching.getByRole("radio", { name: /Done/ }).click();
  await coaching.getByText("Phones are read back to the customer from now on.").waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

async function today(page: Page): Promise<string> {
  return ((await (await page.context().request.get("/api/v1/session")).json()) as { today: string }).today;
}
