import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { settled } from "./browser";

// What the tests of imports do and read on the pages of the import.

/** Chooses a file by the button that is called so; the list of its columns, by its name, once it is there. */
export async function upload(page: Page, button: string, file: string | { name: string; mimeType: string; buffer: Buffer }, list: string): Promise<Locator> {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: button, exact: true }).click();
  await (await chooser).setFiles(file);
  await page.waitForURL(/\/import\/\d+/);
  const columns = page.getByRole("list", { name: list, exact: true });
  await columns.waitFor();
  await settled(page);
  return columns;
}

/** A tile of the dry run or the result, by its name: the number of rows. */
export async function rows(page: Page, name: string): Promise<number> {
  const tile = page.locator("dl > div").filter({ has: page.locator("dt").getByText(name, { exact: true }) });
  return Number(await tile.locator("dd[data-value]").getAttribute("data-value"));
}

/** The figures that an import moves, by measure, as the page has them. */
export async function moved(section: Locator): Promise<Record<string, number>> {
  await section.waitFor();
  return section.evaluate((element) =>
    Object.fromEntries([...element.querySelectorAll<HTMLElement>("[data-measure]")].map((figure) => [figure.dataset.measure!, Number(figure.dataset.value)])),
  );
}

/** The exact number of a tile of the dashboard; null where it has no value. */
export async function tile(page: Page, region: string, name: string): Promise<number | null> {
  const text = await page.getByRole("region", { name: region }).getByRole("button", { name: new RegExp(`^${name}[:：]`) }).getAttribute("data-value");
  return text === null || text === "null" ? null : Number(text);
}

/** The rows of the exploration's table: the name at the front and the exact values. The last is the total. */
export async function grid(page: Page): Promise<{ name: string; values: (number | null)[] }[]> {
  return page.getByRole("grid").evaluate((table) =>
    [...table.querySelectorAll("tbody tr, tfoot tr")].map((row) => ({
      name: row.querySelector("th, td")?.textContent?.trim() ?? "",
      values: [...row.querySelectorAll<HTMLElement>("[data-value]")].map((cell) => (cell.dataset.value === "null" ? null : Number(cell.dataset.value))),
    })),
  );
}

/**
 * Notes every bar of progress that appears from now on, however shortly: its name, and how far it says it is. Returns
 * what was noted.
 */
export async function watchProgress(page: Page): Promise<() => Promise<{ name: string; shares: number[] }[]>> {
  await page.evaluate(() => {
    const seen = new Map<string, number[]>();
    const look = () => {
      for (const bar of document.querySelectorAll('[role="progressbar"]')) {
        const shares = seen.get(bar.getAttribute("aria-label") ?? "") ?? [];
        const now = Number(bar.getAttribute("aria-valuenow") ?? 0);
        if (shares.at(-1) !== now) shares.push(now);
        seen.set(bar.getAttribute("aria-label") ?? "", shares);
      }
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
    (window as unknown as { seenProgress: typeof seen }).seenProgress = seen;
  });
  return () => page.evaluate(() => [...(window as unknown as { seenProgress: Map<string, number[]> }).seenProgress].map(([name, shares]) => ({ name, shares })));
}

/** Presses a button of the dialog that asks, and waits until it has gone. */
export async function answer(page: Page, button: string | RegExp): Promise<void> {
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: button }).click();
  await dialog.waitFor({ state: "detached" });
}

/** That a share only ever grows. */
export function expectGrowing(shares: number[]): void {
  expect([...shares].sort((a, b) => a - b)).toEqual(shares);
}
