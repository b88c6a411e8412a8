import type { APIRequestContext, Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { demo } from "./demo";

// Customers that tests of pages need, made by the API, and what several tests do on the pages of customers.

export interface Shop {
  id: string;
  code: string;
  name: string;
  /** Who may have customers. */
  staff: { id: string; name: string }[];
}

/** The headers of somebody who changes something. */
export async function headers(request: APIRequestContext): Promise<Record<string, string>> {
  const { csrf } = (await (await request.get("/api/v1/session")).json()) as { csrf: string };
  return { "x-csrf-token": csrf, origin: (await demo()).url };
}

/** The first dealer of the demo network. */
export async function shop(request: APIRequestContext): Promise<Shop> {
  const org = (await (await request.get("/api/v1/org")).json()) as { dealers: (Shop & { staff: { id: string; name: string; left?: string | null }[] })[] };
  const dealer = org.dealers[0]!;
  return { ...dealer, staff: dealer.staff.filter(({ left }) => !left) };
}

/** A customer with a lead that is open; its id. */
export async function addCustomer(request: APIRequestContext, dealer: Shop, record: Record<string, string>, owner = dealer.staff[0]!.id): Promise<string> {
  const made = await request.post(`/api/v1/customers?dealer=${dealer.id}`, {
    headers: await headers(request),
    data: { kind: "person", record, owner, lead: { source: "walk_by", access_form: "visit" } },
  });
  expect(made.status(), await made.text()).toBe(201);
  return ((await made.json()) as { id: string }).id;
}

export const customerPage = (dealer: Shop, id: string) => `/customers/${id}?scope=dealer:${dealer.id}`;
export const panel = (page: Page, title: string): Locator => page.getByRole("region", { name: title, exact: true });

/** Chooses from a list of the dialog that is open. */
export async function choose(page: Page, label: string, option: string): Promise<void> {
  await page.getByRole("dialog").getByRole("combobox", { name: label }).click();
  await page.getByRole("option", { name: option, exact: true }).click();
}

/** Presses a button of the dialog, which goes. */
export async function press(page: Page, button: string): Promise<void> {
  await page.getByRole("dialog").getByRole("button", { name: button, exact: true }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
}
