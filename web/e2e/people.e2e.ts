import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { open, settled, signedIn, visit } from "./browser";

// A list of people becomes accounts with posts; one of them signs in with the password that was handed out.

it("a list is tried, imported without its bad rows, its passwords are downloaded, and it changes nothing a second time", { timeout: 180_000 }, async () => {
  const { page, complaints } = await signedIn({ language: "en" });
  await open(page, "/admin/accounts");
  await page.getByRole("button", { name: "Import people" }).click();
  const list = (bad: boolean) => ({
    name: "people.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(`Account,Full name,Post,E-mail\r\nwu.jia,Wu Jia,Network user,w@x.cn\r\nhe.min,He Min,NW,\r\n${bad ? "a b,Nobody,NW,\r\n" : ""}`),
  });
  await page.locator("input[type=file]").setInputFiles(list(true));
  await page.getByText("new accounts 2, posts given 2").waitFor();
  await page.getByText("Not taken: E-mail").waitFor();
  await page.getByText("“a b” cannot be a login.").waitFor();
  expect(await page.getByRole("button", { name: "Import", exact: true }).count()).toBe(0);
  await page.getByRole("checkbox").click();
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByText("Imported: new accounts 2").waitFor();
  const shown = await page.locator("[data-secret]").allInnerTexts();
  expect(shown).toHaveLength(2);

  // They are not left by mistake.
  await page.getByRole("button", { name: "Back to the accounts" }).click();
  await page.getByText("Have you kept the passwords?").waitFor();
  await page.getByRole("button", { name: "Stay" }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download them (CSV)" }).click()]);
  const file = readFileSync(await download.path(), "utf8");
  expect(file).toContain(`wu.jia,Wu Jia,${shown[0]!}`);
  await page.getByRole("button", { name: "Back to the accounts" }).click();
  await page.getByRole("heading", { level: 1, name: "Accounts" }).waitFor();

  await open(page, "/admin/accounts/import");
  await page.locator("input[type=file]").setInputFiles(list(false));
  await page.getByText("nothing is to be done").waitFor();
  await settled(page);
  expect(complaints).toEqual([]);

  const other = await visit({ language: "en" });
  await other.page.goto("/");
  await other.page.getByLabel("Account", { exact: true }).fill("wu.jia");
  await other.page.getByLabel("Password", { exact: true }).fill(shown[0]!);
  await other.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await other.page.getByRole("heading", { name: "Set your own password" }).waitFor();
  await other.context.close();
});
