import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { open, settled, signedIn } from "./browser";
import { cli, makeFolder, removeFolder, serve, type Server } from "./server";
import { answer, expectGrowing, grid, moved, rows, tile, upload, watchProgress } from "./wizard";

// A file that somebody published, from upload to its figures, once more, and back: what the command line makes of it
// (tests/integration/real_files_test.cc), through the browser.

const folder = process.env.DEALPACE_TESTDATA ?? "";
const file = join(folder, "real/crm_opportunities/sales_pipeline.csv");
const there = folder !== "" && existsSync(file);
if (!there) console.log("The real CRM file is not imported: DEALPACE_TESTDATA names no folder that has real/crm_opportunities/sales_pipeline.csv.");
const mapping = readFileSync(fileURLToPath(new URL("../../examples/crm_opportunities.toml", import.meta.url)), "utf8");

let data: string;
let server: Server;
beforeAll(async () => {
  if (!there) return;
  data = makeFolder();
  cli(data, "init");
  server = await serve(data);
});
afterAll(async () => {
  if (!there) return;
  await server.stop();
  removeFolder(data);
});

it.skipIf(!there)("a CRM export: mapped, tried, imported, known again, and taken back", async () => {
  const { page, complaints } = await signedIn({ language: "en" }, server.url);
  await open(page, "/import");

  // What the program makes of the headers by itself.
  const columns = await upload(page, "Choose a file", file, "What the columns mean");
  expect(await columns.getByRole("listitem").count()).toBe(8);
  const meaning = (column: string) => columns.getByRole("combobox", { name: `What “${column}” means` }).textContent();
  expect(await meaning("sales_agent")).toBe("Consultant");
  expect(await meaning("product")).toBe("Model");
  expect(await meaning("close_date")).toBe("Not imported");
  await page.getByText("Still missing: Dealer").waitFor();
  expect(await page.getByRole("button", { name: "Dry run", exact: true }).isDisabled()).toBe(true);

  // That a deal is a row whose stage says “Won” is more than columns can say: the engineer's mapping says it.
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: "Mapping (TOML)" }).click();
  await page.getByRole("textbox", { name: "Mapping (TOML)" }).fill(mapping);
  await answer(page, "Use this mapping");
  expect(await meaning("engage_date")).toContain("Captured");
  await page.getByRole("switch", { name: /^Add names that are new/ }).click();
  await settled(page);

  await page.getByRole("button", { name: "Dry run", exact: true }).click();
  await page.getByRole("button", { name: "Import 8,300 rows", exact: true }).waitFor();
  await page.getByText("8,800 rows").first().waitFor();
  expect({ new: await rows(page, "New"), changed: await rows(page, "Changed"), unchanged: await rows(page, "Unchanged"), empty: await rows(page, "Empty"), refused: await rows(page, "Refused") }).toEqual({
    new: 8300,
    changed: 0,
    unchanged: 0,
    empty: 500,
    refused: 0,
  });
  expect(cli(data, "kpi", "prospect_cnt", "--format", "csv").trim().split("\n").at(-1), "nothing is written yet").toMatch(/^"?0"?$/);

  const progress = await watchProgress(page);
  await page.getByRole("button", { name: "Import 8,300 rows", exact: true }).click();
  await page.getByText("8,300 rows imported, none refused.").waitFor();
  const bar = (await progress()).find(({ name }) => name === "Importing sales_pipeline.csv");
  expect(bar, "a bar of progress was shown").toBeDefined();
  expectGrowing(bar!.shares);
  await settled(page);
  expect(await moved(page.getByRole("region", { name: "What you see now" }))).toMatchObject({ prospect_cnt: 8300, deal_cnt: 4238, lost_cnt: 2473 });

  // The figures, where the result leads to.
  await page.getByRole("link", { name: "See them on the dashboard" }).click();
  await page.getByRole("heading", { level: 1, name: "Sales dashboard" }).waitFor();
  await settled(page);
  expect(await tile(page, "Main figures", "Orders")).toBe(4238);
  const period = new URL(page.url()).searchParams.get("period");
  expect(period).toBe("2016-10..2017-12");
  await open(page, "/explore?v=prospect_cnt&v=deal_cnt&v=lost_cnt&v=win=deal_cnt/(deal_cnt%2Blost_cnt)&row=model&col=&vs=none&chart=table&period=2016-10..2017-12");
  const byModel = await grid(page);
  expect(byModel.map(({ name }) => name)).not.toContain("GTXPro");
  expect(byModel.length, "seven models and the total").toBe(8);
  expect(byModel.at(-1)!.values.slice(0, 3)).toEqual([8300, 4238, 2473]);
  expect(byModel.at(-1)!.values[3]).toBeCloseTo(4238 / 6711, 12);
  await open(page, "/explore?v=deal_cnt&v=lost_cnt&row=quarter&col=&vs=none&chart=table&period=2017");
  expect(Object.fromEntries((await grid(page)).map(({ name, values }) => [name, values.slice(0, 2)]))).toEqual({
    "2017Q1": [531, 116],
    "2017Q2": [1254, 778],
    "2017Q3": [1257, 790],
    "2017Q4": [1196, 789],
    Total: [4238, 2473],
  });

  // The same file again is known, and changes nothing.
  await open(page, "/import");
  await upload(page, "Choose a file", file, "What the columns mean");
  expect(await columns.getByText("as last time", { exact: true }).count()).toBeGreaterThan(3);
  expect(await meaning("sales_agent")).toBe("Consultant");
  await page.getByRole("button", { name: "Dry run", exact: true }).click();
  await page.getByText("Nothing to write: all of it was imported before.").waitFor();
  expect({ new: await rows(page, "New"), changed: await rows(page, "Changed"), unchanged: await rows(page, "Unchanged"), empty: await rows(page, "Empty"), refused: await rows(page, "Refused") }).toEqual({
    new: 0,
    changed: 0,
    unchanged: 8300,
    empty: 500,
    refused: 0,
  });
  expect(await page.getByRole("button", { name: /^Import [\d,]+ rows?/ }).count()).toBe(0);

  // Back out of it, from the list of imports.
  await open(page, "/import");
  const line = page.getByRole("row").filter({ hasText: "sales_pipeline.csv" });
  expect(await line.count()).toBe(2);
  await line.filter({ hasText: "Imported" }).getByRole("button", { name: "Actions: sales_pipeline.csv" }).click();
  await page.getByRole("menuitem", { name: "Undo this import" }).click();
  await answer(page, "Undo 8,300 rows");
  await line.filter({ hasText: "Undone" }).waitFor({ timeout: 60_000 });
  await open(page, `/dashboard?period=${period!}`);
  await page.getByText(/^Nothing is recorded for/).waitFor();
  await open(page, "/explore?v=prospect_cnt&v=deal_cnt&row=&col=&vs=none&chart=table&period=2016-10..2017-12");
  expect((await grid(page)).at(-1)!.values).toEqual([0, 0]);
  expect(cli(data, "verify")).toMatch(/^Clean: 1 dealers/);
  expect(complaints).toEqual([]);
});
