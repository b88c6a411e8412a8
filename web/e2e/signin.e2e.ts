import { expect, it } from "vitest";
import { demo } from "./demo";
import { password } from "./server";
import { open, settled, signedIn, visit } from "./browser";

const bodies = {
  login: { zh: "账户名", en: "Account" },
  password: { zh: "密码", en: "Password" },
  submit: { zh: "登录", en: "Sign in" },
};

it("a wrong password is answered at the form, the right one opens the page that was asked for", async () => {
  const { page, complaints } = await visit({ language: "en" });
  await page.goto("/explore?v=capture_rate");
  await page.getByLabel(bodies.login.en, { exact: true }).fill("admin");
  await page.getByLabel(bodies.password.en, { exact: true }).fill("not the password");
  await page.getByRole("button", { name: bodies.submit.en, exact: true }).click();
  await page.getByText(/do not match|wrong|does not/i).first().waitFor();
  await page.getByLabel(bodies.password.en, { exact: true }).fill(password);
  await page.getByRole("button", { name: bodies.submit.en, exact: true }).click();
  await page.getByRole("table").or(page.getByRole("grid")).first().waitFor();
  expect(new URL(page.url()).pathname).toBe("/explore");
  expect(new URL(page.url()).searchParams.get("v")).toBe("capture_rate");
  expect(complaints).toEqual([]);
});

it("nothing but health, the sign-in page and its files is served to who is not signed in", async () => {
  const { context } = await visit();
  const contract = (await (await (await signedIn()).context.request.get("/api/openapi.json")).json()) as {
    paths: Record<string, Record<string, { security?: unknown[] }>>;
  };
  let asked = 0;
  for (const [path, operations] of Object.entries(contract.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      if (operation.security?.length === 0) continue;
      const url = path.replaceAll(/\{[a-z]+\}/g, "1");
      const answer = await context.request.fetch(url, { method: method.toUpperCase() });
      expect(answer.status(), `${method} ${url}`).toBe(401);
      expect(answer.headers()["content-type"]).toContain("application/problem+json");
      asked++;
    }
  }
  expect(asked).toBeGreaterThan(50);
});

it("the language of the browser, changed by a click, stays after signing in again", async () => {
  const { page, context } = await visit({ language: "zh" });
  await page.goto("/");
  await page.getByRole("button", { name: bodies.submit.zh, exact: true }).waitFor();
  expect(await page.locator("html").getAttribute("lang")).toMatch(/^zh/);
  await page.getByText("English", { exact: true }).click();
  await page.getByRole("button", { name: bodies.submit.en, exact: true }).waitFor();
  expect(await page.locator("html").getAttribute("lang")).toMatch(/^en/);
  await page.reload();
  await page.getByRole("button", { name: bodies.submit.en, exact: true }).waitFor();
  await context.close();
});

it("a one-time password must be changed before anything is shown", async () => {
  const admin = await signedIn();
  const origin = (await demo()).url;
  const { csrf } = (await (await admin.context.request.get("/api/v1/session")).json()) as { csrf: string };
  const made = await admin.context.request.post("/api/v1/accounts", {
    data: { login: "li.na", name: "李娜", role: "member" },
    headers: { "x-csrf-token": csrf, origin },
  });
  expect(made.status(), await made.text()).toBe(201);
  const { password: once, account } = (await made.json()) as { password: string; account: { id: string } };

  const { page, complaints } = await visit({ language: "zh" });
  await page.goto("/dashboard");
  await page.getByLabel(bodies.login.zh, { exact: true }).fill("li.na");
  await page.getByLabel(bodies.password.zh, { exact: true }).fill(once);
  await page.getByRole("button", { name: bodies.submit.zh, exact: true }).click();
  const fields = page.locator('input[autocomplete="new-password"]');
  await fields.first().waitFor();
  const chosen = "bamboo lantern over water";
  for (const field of await fields.all()) await field.fill(chosen);
  const current = page.locator('input[autocomplete="current-password"]');
  if ((await current.count()) > 0) await current.fill(once);
  await page.locator("form button[type=submit]").click();
  // Without a post there is nothing to see yet; with one there is, from the next request on.
  await page.getByText("您的岗位没有这个页面的权限").waitFor();
  const post = await admin.context.request.post(`/api/v1/accounts/${account.id}/posts`, { data: { role: "NW" }, headers: { "x-csrf-token": csrf, origin } });
  expect(post.status(), await post.text()).toBe(201);
  await page.reload();
  await page.getByRole("heading", { level: 1, name: /看板/ }).first().waitFor();
  await settled(page);
  // A member does not see what only administrators may do.
  expect(await page.getByRole("link", { name: "账户", exact: true }).count()).toBe(0);
  expect(complaints).toEqual([]);
});

it("signing out ends the session", async () => {
  const { page, context } = await signedIn({ language: "en" });
  await open(page, "/dashboard");
  await page.getByRole("button", { name: /admin/i }).first().click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("button", { name: bodies.submit.en, exact: true }).waitFor();
  expect((await context.request.get("/api/v1/session")).status()).toBe(401);
});
