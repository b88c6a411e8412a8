import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { open, settled, signedIn } from "./browser";

// A list of customers from an older system: looked at, taken in, mended, taken back; and many changed at once.

interface Org {
  dealers: { id: string; name: string; code: string; staff: { id: string; name: string; code: string; teams: unknown }[] }[];
}

it("a list is previewed, imported, changes nothing a second time, and is taken back but for what was touched", { timeout: 240_000 }, async () => {
  const { page, context, complaints } = await signedIn({ language: "en" });
  const org = (await (await context.request.get("/api/v1/org")).json()) as Org;
  const dealer = org.dealers[0]!;
  const consultant = dealer.staff[0]!;
  const list = (mended: boolean) => ({
    name: "old-crm.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(
      [
        "旧系统客户,,,,",
        "客户姓名,手机号,销售顾问,意向车型,手机号",
        `欧阳测一,139 7700 0001,${consultant.code},Q5,`,
        `欧阳测二,+8613977000002,${consultant.code},,`,
        `欧阳测二,13977000002,${consultant.code},,`,
        mended ? `欧阳测三,13977000003,${consultant.code},,` : `欧阳测三,1.39E+10,${consultant.code},,`,
      ].join("\r\n"),
    ),
  });
  const within = `?scope=dealer:${dealer.id}`;
  await open(page, `/customers${within}`);
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Import customers" }).waitFor();
  const [template] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download template" }).click()]);
  expect(readFileSync(await template.path()).subarray(0, 2).toString()).toBe("PK");

  await page.locator("input[type=file]").setInputFiles(list(false));
  await page.getByText("4 rows: 2 new customers, 0 known ones added to, 1 refused.").waitFor();
  await page.getByText("The spreadsheet has rounded the number", { exact: false }).waitFor();
  await page.getByText("Same as an earlier column").waitFor();
  await page.getByRole("tab", { name: "Repeated 1" }).click();
  await page.getByText("Row 4 of the file has the same phone, plate or VIN.").waitFor();
  const [rest] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download rows not taken" }).click()]);
  expect(readFileSync(await rest.path()).subarray(0, 2).toString()).toBe("PK");
  await page.getByRole("button", { name: "Import 2 rows, skip 2" }).click();
  await page.getByText("2 new customers, 0 added to, 2 leads; 0 unchanged, 1 repeated, 1 refused.").waitFor();
  const address = page.url();

  // Mended and brought again: what is there stays as it is.
  await open(page, `/customers/import${within}`);
  await page.locator("input[type=file]").setInputFiles(list(true));
  await page.getByText("4 rows: 1 new customers, 0 known ones added to, 0 refused.").waitFor();
  await page.getByRole("tab", { name: "Unchanged 2" }).click();
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("heading", { level: 1, name: "Import customers" }).waitFor();

  // Both get a day of purchase together, and lose it again.
  await open(page, `/customers${within}&sort=created`);
  await page.getByRole("button", { name: "Select", exact: true }).click();
  for (const box of (await page.getByRole("checkbox", { name: "Select 欧**" }).all()).slice(0, 2)) await box.click();
  await page.getByText("2 selected").waitFor();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Expected purchase", { exact: true }).fill("2027-03-01");
  await page.getByText("2 will change").waitFor();
  await page.getByRole("button", { name: "Change 2" }).click();
  await page.getByText("2 customers changed.").waitFor();
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await page.getByText("Taken back: 2 are as before.").waitFor();

  // Their leads were touched, so they remain.
  await page.goto(address);
  await page.getByRole("button", { name: "Undo import" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Undo import" }).click();
  await page.getByText("0 rows taken back, 2 remain.").waitFor();
  await page.getByText("The lead was changed, or there are others").first().waitFor();

  // One that nobody has touched goes.
  await open(page, `/customers/import${within}`);
  await page.locator("input[type=file]").setInputFiles({ name: "one.csv", mimeType: "text/csv", buffer: Buffer.from(`Name,Phone,Consultant\r\n欧阳测四,13977000004,${consultant.code}\r\n`) });
  await page.getByRole("button", { name: "Import 1 row" }).click();
  await page.getByText("1 new customers, 0 added to, 1 leads", { exact: false }).waitFor();
  await page.getByRole("button", { name: "Undo import" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Undo import" }).click();
  await page.getByText("1 rows taken back, 0 remain.").waitFor();
  await settled(page);
  expect(complaints).toEqual([]);
});

it("a lead that was imported is verified by telephone, and what was heard can be changed", { timeout: 120_000 }, async () => {
  const { page, context, complaints } = await signedIn({ language: "en" });
  const org = (await (await context.request.get("/api/v1/org")).json()) as Org;
  const dealer = org.dealers[1]!;
  const within = `?scope=dealer:${dealer.id}`;
  await open(page, `/customers/import${within}`);
  await page.locator("input[type=file]").setInputFiles({ name: "hot.csv", mimeType: "text/csv", buffer: Buffer.from(`Name,Phone,Consultant,Expected purchase\r\n欧阳测五,13977000005,${dealer.staff[0]!.code},2020-01-01\r\n`) });
  await page.getByRole("button", { name: "Import 1 row" }).click();
  await page.getByText("1 new customers, 0 added to, 1 leads", { exact: false }).waitFor();

  await open(page, `/verify${within}`);
  const first = page.getByRole("listitem").filter({ hasText: "欧**" });
  await first.getByRole("button", { name: "No answer" }).click();
  await first.getByText("Called once").waitFor();
  await first.getByRole("button", { name: "Show number" }).click();
  await first.getByRole("link", { name: "13977000005" }).waitFor();
  await first.getByRole("button", { name: "Confirmed" }).click();
  await page.getByText("Recorded: Confirmed").waitFor();
  await first.waitFor({ state: "detached" });
  await page.getByText("Verified", { exact: true }).click();
  await first.getByRole("button", { name: "Change" }).click();
  await first.getByRole("button", { name: "Wrong number" }).click();
  await page.getByText("Recorded: Wrong number").waitFor();
  await settled(page);
  expect(complaints).toEqual([]);
});
