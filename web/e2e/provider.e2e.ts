import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { authenticator } from "./authenticator";
import { inside, open, signedIn, visit, type Visit } from "./browser";
import { startProvider, type Provider } from "./provider";
import { cli, makeFolder, removeFolder, serve, type Server } from "./server";

// Signing in by the button of a provider, as people and their administrator live it.

let folder = "";
let server: Server;
let provider: Provider;
beforeAll(async () => {
  folder = makeFolder();
  provider = await startProvider();
  cli(folder, "init");
  writeFileSync(join(folder, "secret"), provider.secret, { mode: 0o600 });
  writeFileSync(join(folder, "provider.toml"), `issuer = "${provider.issuer}"\nclient_id = "dealpace"\nsecret_file = "secret"\n`);
  server = await serve(folder);
  cli(folder, "user", "add", "ana@example.com", "--name", "Ana Li", "--role", "admin");
});
afterAll(async () => {
  await server.stop();
  await provider.stop();
  removeFolder(folder);
});

const button = (page: Page) => page.getByRole("button", { name: "Sign in with your company account" });
/** What the pages complain of, but for the way to the provider, which is meant to leave. */
const complaints = (made: Visit) => made.complaints.filter((line) => !line.startsWith(`request: ${provider.issuer}`));
const ana = { sub: "00u-ana", email: "ana@example.com", email_verified: true };

it("has no button where there is no provider", async () => {
  const made = await visit({ language: "en" });
  await made.page.goto("/");
  await made.page.getByLabel("Account", { exact: true }).waitFor();
  expect(await made.page.getByText("or with a password").count()).toBe(0);
  await made.context.close();
});

it("leads there and back to the page that was asked for, which is whole at once", { timeout: 60_000 }, async () => {
  provider.claims = ana;
  const made = await visit({ language: "en" }, server.url);
  const { page } = made;
  await page.goto("/admin/accounts?q=ana");
  await button(page).click();
  await page.getByRole("heading", { name: "Company sign-in" }).waitFor();
  await page.getByRole("link", { name: "Allow" }).click();
  // No sign-in page in between, no password to be changed.
  await page.getByRole("heading", { level: 1, name: "Accounts" }).waitFor();
  expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe("/admin/accounts?q=ana");
  const cookies = await made.context.cookies(server.url);
  expect(cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite }))).toEqual([{ name: "dealpace", httpOnly: true, sameSite: "Lax" }]);
  // The way is over: going back to it ends on the sign-in page of nobody, and the session stays.
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "Accounts" }).waitFor();
  expect(complaints(made)).toEqual([]);
  await made.context.close();
});

it("says in both languages why nobody was let in, once", { timeout: 60_000 }, async () => {
  provider.claims = { sub: "00u-eve", email: "eve@example.com", email_verified: true };
  const made = await visit({ language: "en", width: 390 }, server.url);
  const { page } = made;
  await page.goto("/explore");
  await button(page).click();
  await page.getByRole("link", { name: "Allow" }).click();
  await page.getByRole("alert").getByText("there is no account for it").waitFor();
  await page.getByText("中文").click();
  await page.getByRole("alert").getByText("没有对应的账号").waitFor();
  await page.getByText("English", { exact: true }).click();
  await button(page).click();
  await page.getByRole("link", { name: "Deny" }).click();
  await page.getByRole("alert").getByText("has not let you in").waitFor();
  expect(new URL(page.url()).pathname).toBe("/explore");
  await page.reload();
  await button(page).waitFor();
  expect(await page.getByRole("alert").count()).toBe(0);
  expect(complaints(made)).toEqual([]);
  await made.context.close();
});

it("asks for the second factor of this house, which is set up without a password", { timeout: 90_000 }, async () => {
  provider.claims = ana;
  const made = await visit({ language: "en" }, server.url);
  const { page } = made;
  const walk = async () => {
    await page.goto("/security");
    await button(page).click();
    await page.getByRole("link", { name: "Allow" }).click();
  };
  await walk();
  await page.getByRole("button", { name: "Set it up" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Next" }).click();
  // The provider may have let through whoever sat there: it is to ask first.
  await dialog.getByText("must have asked who you are within the last 15 minutes").waitFor();
  provider.claims = { ...ana, auth_time: 1_700_000_000 };
  await dialog.getByRole("button", { name: "Sign in again" }).click();
  await page.getByRole("link", { name: "Allow" }).click();
  await page.getByText("does not say that it has just asked who you are").waitFor();
  provider.claims = ana;
  await page.getByRole("button", { name: "Set it up" }).click();
  await dialog.getByRole("button", { name: "Next" }).click();
  await dialog.getByRole("button", { name: "Sign in again" }).click();
  await page.getByRole("link", { name: "Allow" }).click();
  await page.getByRole("heading", { level: 1, name: "Sign-in and security" }).waitFor();
  await page.getByRole("button", { name: "Set it up" }).click();
  await dialog.getByRole("button", { name: "Next" }).click();
  const secret = await page.locator("[data-secret]").first().innerText();
  await page.getByLabel("Code that the app shows").fill(authenticator(secret));
  await page.getByRole("button", { name: "Turn it on" }).click();
  await page.getByRole("button", { name: "Kept safe, go on" }).click();
  await made.context.clearCookies();

  await walk();
  await page.getByText("your authenticator app shows for ana@example.com").waitFor();
  expect(await button(page).count()).toBe(0);
  await page.reload();
  await page.getByLabel("Code", { exact: true }).fill(authenticator(secret, Date.now() + 30_000));
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Sign-in and security" }).waitFor();
  expect(complaints(made)).toEqual([]);
  await made.context.close();
  cli(folder, "user", "second-factor-reset", "ana@example.com");
});

it("brings somebody in again whose session has ended, in another tab, and nothing of the page is lost", { timeout: 60_000 }, async () => {
  provider.claims = ana;
  const made = await visit({ language: "en" }, server.url);
  const { page } = made;
  await page.goto("/admin/accounts");
  await button(page).click();
  await page.getByRole("link", { name: "Allow" }).click();
  await page.getByRole("button", { name: "Add an account" }).click();
  await page.getByRole("dialog").getByLabel("Login").fill("half-written");
  cli(folder, "user", "sessions", "ana@example.com", "--kill");
  await page.waitForTimeout(5_500); // a server believes a session for five seconds
  await page.getByRole("dialog").getByRole("button", { name: "Add", exact: true }).click();
  const other = made.context.waitForEvent("page");
  await page.getByRole("button", { name: "Sign in with your company account" }).click();
  const tab = await other;
  await tab.getByRole("link", { name: "Allow" }).click();
  await inside(tab);
  await tab.close();
  await page.bringToFront();
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  // What was under way goes on by itself.
  await page.getByText("One-time password of “half-written”").waitFor();
  expect(complaints(made)).toEqual([]);
  await made.context.close();
});

it("shows an administrator who is bound, and lets him remove it", { timeout: 60_000 }, async () => {
  const made = await signedIn({ language: "en" }, server.url);
  const { page } = made;
  await open(page, "/admin/accounts");
  const row = page.getByRole("row").filter({ hasText: "ana@example.com" });
  await row.getByText("provider", { exact: true }).waitFor();
  await row.getByRole("button").click();
  await page.getByRole("menuitem", { name: "Remove the provider binding" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove the provider binding" }).click();
  await page.getByText("Provider binding of “Ana Li” removed").waitFor();
  expect(await row.getByText("provider", { exact: true }).count()).toBe(0);
  await open(page, "/admin/audit");
  await page.getByText("Removed a provider binding").first().waitFor();
  await page.getByText("Bound to the sign-in provider").first().waitFor();
  expect(complaints(made)).toEqual([]);
  await made.context.close();
});
