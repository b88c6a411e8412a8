import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { authenticator as app } from "./authenticator";
import { inside, open, visit } from "./browser";
import { cli, makeFolder, password, removeFolder, serve, type Server } from "./server";

// A second factor from setting it up to losing it, as a person and his administrator live it.

/** A code is good once: the next one is a step later, which the server takes early. */
const next = (secret: string) => app(secret, Date.now() + 30_000);

let folder = "";
let server: Server;
beforeAll(async () => {
  folder = makeFolder();
  cli(folder, "init");
  server = await serve(folder);
});
afterAll(async () => {
  await server.stop();
  removeFolder(folder);
});

async function signIn(page: Page, login: string, secret: string) {
  await page.goto("/");
  await page.getByLabel("Account", { exact: true }).fill(login);
  await page.getByLabel("Password", { exact: true }).fill(secret);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}
const shownSecret = (page: Page) => page.locator("[data-secret]").first().innerText();
const recoveryCodes = (page: Page) => page.getByRole("list", { name: "Recovery codes" }).getByRole("listitem").allInnerTexts();

it("is set up, asked for, replaced by a recovery code, turned off, demanded, and reset by an administrator", { timeout: 240_000 }, async () => {
  const admin = await visit({ language: "en" }, server.url);
  const { page } = admin;
  await signIn(page, "admin", password);
  await inside(page);

  // Set up.
  await page.getByRole("button", { name: /admin/i }).first().click();
  await page.getByRole("menuitem", { name: "Sign-in and security" }).click();
  await page.getByText("signs in by password alone").waitFor();
  await page.getByRole("button", { name: "Set it up" }).click();
  await page.getByLabel("Current password").fill(password);
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("img", { name: "QR code for the authenticator app" }).waitFor();
  const secret = await shownSecret(page);
  const field = page.getByLabel("Code that the app shows");
  await field.fill("000000");
  await page.getByRole("button", { name: "Turn it on" }).click();
  await page.getByText("This code is wrong").waitFor();
  // As a Chinese keyboard may write them.
  await field.fill([...app(secret)].map((digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0)).join(""));
  await page.getByRole("button", { name: "Turn it on" }).click();
  await page.getByText("Shown this once.").waitFor();
  const codes = await recoveryCodes(page);
  expect(codes).toHaveLength(10);
  await page.keyboard.press("Escape");
  expect(await recoveryCodes(page)).toEqual(codes);
  await page.getByRole("button", { name: "Kept safe, go on" }).click();
  await page.getByText("signs in by password and a code").waitFor();
  await page.getByText("10 recovery codes are left.").waitFor();

  // Asked for, in another browser.
  const other = await visit({ language: "en", width: 390 }, server.url);
  await signIn(other.page, "admin", password);
  const code = other.page.getByLabel("Code", { exact: true });
  await code.fill("000000");
  await other.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await other.page.getByText("This code is wrong").waitFor();
  await code.fill(next(secret));
  await other.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await inside(other.page);
  expect(other.complaints).toEqual([]);
  await other.context.close();

  // Without the phone.
  const lost = await visit({ language: "en" }, server.url);
  await signIn(lost.page, "admin", password);
  await lost.page.getByRole("button", { name: "No phone? Use a recovery code" }).click();
  await lost.page.getByLabel("Recovery code").fill(codes[0]!.toUpperCase());
  await lost.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await inside(lost.page);
  await open(lost.page, "/security");
  await lost.page.getByText("9 recovery codes are left.").waitFor();
  await lost.context.close();

  // Turned off, by password and code.
  await page.getByRole("button", { name: "Turn it off" }).click();
  await page.getByLabel("Current password").fill(password);
  await page.getByLabel("Code, or a recovery code").fill(codes[1]!);
  await page.getByRole("dialog").getByRole("button", { name: "Turn it off" }).click();
  await page.getByText("signs in by password alone").waitFor();

  // Demanded: whoever has none is led to it, the administrator first.
  await open(page, "/admin/accounts");
  await page.getByRole("switch").click();
  await page.getByText("1 administrator has none yet.").waitFor();
  await page.getByRole("button", { name: "Demand it" }).click();
  await page.getByText("The network demands it of your account.").waitFor();
  await page.goto("/admin/accounts");
  await page.getByRole("heading", { name: "Set up a second factor" }).waitFor();
  await page.getByLabel("Current password").fill(password);
  await page.getByRole("button", { name: "Next" }).click();
  const second = await shownSecret(page);
  await page.getByLabel("Code that the app shows").fill(app(second));
  await page.getByRole("button", { name: "Turn it on" }).click();
  await page.getByRole("button", { name: "Kept safe, go on" }).click();
  await page.getByRole("heading", { level: 1, name: "Accounts" }).waitFor();
  expect(admin.complaints).toEqual([]);

  // All lost: the machine's administrator resets it, or another one of the network.
  const fresh = JSON.parse(cli(folder, "user", "add", "bob", "--role", "admin", "--format", "json")) as { password: string };
  cli(folder, "user", "second-factor-reset", "admin");
  await page.reload();
  await signIn(page, "admin", password);
  await page.getByRole("heading", { name: "Set up a second factor" }).waitFor();
  expect(fresh.password).not.toBe("");
  await admin.context.close();
});
