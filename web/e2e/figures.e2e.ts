import { strFromU8, unzipSync } from "fflate";
import { expect, it } from "vitest";
import { open, settled, signedIn } from "./browser";
import { demo } from "./demo";
import { cli } from "./server";

// The same figure everywhere: what the page shows, what the API and the command line answer, and what stands in the
// exported workbook.

const kQuestions = 200;
/** Every so many of them is asked on the page, too, and on the command line, which has to read the whole store in. */
const kEveryPage = 2;
const kEveryCommand = 8;

/** A small generator of numbers, so that a failure can be looked at again. */
function makeRandom(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return {
    pick: <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)]!,
    chance: (share: number) => next() < share,
  };
}

interface Catalog {
  kpis: { id: string; parametric: boolean; formula: string }[];
  measures: { id: string; balance: boolean }[];
}
interface Cell {
  value: number | null;
  num?: number | null;
  den?: number | null;
}
type Row = Record<string, unknown>;
interface Answer {
  by: string[];
  columns: { name: string; unit: string }[];
  rows: Row[];
  total: Row;
}
interface Question {
  columns: string[];
  by?: string[];
  period?: string | null;
  basis?: string;
  within?: string | null;
  filters?: Record<string, string[]>;
  vs?: string;
  to_date?: boolean;
}

/** What was asked, and what was told. */
interface Told {
  question: Question;
  status: number;
  answer: string;
}
interface Recording {
  asked?: Told[];
}

const text = (value: number | null | undefined) => (value === undefined ? "" : String(value));
const line = (row: Row, names: string[]) =>
  names
    .map((name) => {
      const cell = row[name] as Cell;
      return `${text(cell.value)}|${cell.num == null ? "" : text(cell.num)}|${cell.den == null ? "" : text(cell.den)}`;
    })
    .join(" ; ");

/** The arguments of `dealpace kpi` for a question. */
function commandLine(question: Question): string[] {
  const args = ["kpi", question.columns.join(","), "--format", "json"];
  if (question.by?.length) args.push("--by", question.by.join(","));
  if (question.period) args.push("--period", question.period);
  if (question.basis) args.push("--basis", question.basis);
  if (question.within) args.push("--within", question.within);
  if (question.vs && question.vs !== "none") args.push("--vs", question.vs);
  if (question.to_date) args.push("--to-date");
  for (const [dimension, members] of Object.entries(question.filters ?? {})) {
    for (const member of members) args.push(`--${dimension}`, member);
  }
  return args;
}

/** The numbers of the first sheet, row by row. */
function workbookRows(bytes: Uint8Array): number[][] {
  const sheet = strFromU8(unzipSync(bytes)["xl/worksheets/sheet1.xml"]!);
  return [...sheet.matchAll(/<row [^>]*?(?:\/>|>(.*?)<\/row>)/gs)].map((row) =>
    [...(row[1] ?? "").matchAll(/<c r="[A-Z]+\d+"([^>]*?)(?:\/>|>(.*?)<\/c>)/gs)]
      .filter((cell) => !/ t="/.test(cell[1]!) && /<v>/.test(cell[2] ?? ""))
      .map((cell) => Number(/<v>(.*?)<\/v>/.exec(cell[2]!)![1])),
  );
}
/** As a workbook holds it: 16 digits, one more than Excel shows. */
const digits = (value: number) => Number(value.toPrecision(16));

it(`agree on ${String(kQuestions)} random questions, to the last digit`, { timeout: 300_000 }, async () => {
  const { page, context, complaints } = await signedIn({ language: "en" });
  await page.addInitScript(() => {
    const asked: { question: unknown; status: number; answer: string }[] = [];
    Object.assign(window, { asked });
    const original = window.fetch.bind(window);
    window.fetch = async (input, init) => {
      const request = new Request(input, init);
      if (!request.url.endsWith("/api/v1/kpi/query")) return original(request);
      const question: unknown = JSON.parse(await request.clone().text());
      const response = await original(request);
      asked.push({ question, status: response.status, answer: await response.clone().text() });
      return response;
    };
  });
  const { data, url: origin } = await demo();
  const catalog = (await (await context.request.get("/api/v1/catalog")).json()) as Catalog;
  const { csrf } = (await (await context.request.get("/api/v1/session")).json()) as { csrf: string };
  const headers = { "x-csrf-token": csrf, origin };

  const single = catalog.kpis.filter((kpi) => !kpi.parametric).map((kpi) => kpi.id);
  const sums = catalog.measures.filter((measure) => !measure.balance).map((measure) => measure.id);
  const random = makeRandom(20261125);
  const now = (await (await context.request.get("/api/v1/session")).json()) as { today: string };
  const year = Number(now.today.slice(0, 4));
  const periods = [`${String(year)}`, `${String(year)}H1`, `${String(year)}Q2`, `${String(year)}-05`, `${String(year)}-W22`, `${String(year - 1)}-11`, `${String(year)}-03-03..${String(year)}-07-14`];

  /** By the page: the question that it asks, and what it is told. */
  const askPage = async (where: string, wanted: Question): Promise<Told> => {
    await page.evaluate((url) => {
      history.pushState({}, "", url);
      dispatchEvent(new PopStateEvent("popstate"));
    }, where);
    const asked = await page.waitForFunction(
      (key) =>
        (window as unknown as Recording).asked?.find(
          ({ question: q }) => JSON.stringify([q.columns, q.by ?? [], q.period, q.basis, q.within ?? null, q.vs ?? "none", q.filters ?? {}]) === key,
        ),
      JSON.stringify([wanted.columns, wanted.by, wanted.period, wanted.basis, wanted.within, wanted.vs, wanted.filters]),
    );
    return (await asked.jsonValue())!;
  };
  const askDirectly = async (question: Question): Promise<Told> => {
    const told = await context.request.post("/api/v1/kpi/query", { data: question, headers });
    return { question, status: told.status(), answer: await told.text() };
  };

  await open(page, "/explore");
  let compared = 0;
  let figures = 0;
  while (compared < kQuestions) {
    const values = [random.pick([random.pick(single), "close_rate", "deal_cnt"]), random.chance(0.5) ? random.pick(sums) : "share=deal_amt/sales_amt"].filter(
      (value, at, all) => all.indexOf(value) === at,
    );
    const rows = random.chance(0.85) ? [random.pick(["dealer", "region", "team", "staff", "source", "access_form", "model", "channel", "month"] as const)] : [];
    if (rows.length > 0 && random.chance(0.2) && rows[0] !== "source") rows.push("source");
    const search = new URLSearchParams({ period: random.pick(periods), col: "", vs: random.pick(["none", "previous", "year-ago"]) });
    for (const value of values) search.append("v", value);
    if (rows.length === 0) search.append("row", "");
    for (const row of rows) search.append("row", row);
    if (random.chance(0.25)) search.set("f", random.pick(["source:referral", "access_form:visit", "customer_type:new"]));
    if (random.chance(0.25)) {
      search.set("basis", "cohort");
      if (random.chance(0.5)) search.set("within", "30d");
    }
    const where = `/explore?${search.toString()}`;
    const filter = search.get("f")?.split(":");
    const plain: Question = {
      columns: values,
      by: rows,
      period: search.get("period"),
      basis: search.get("basis") ?? "period",
      within: search.get("within"),
      vs: search.get("vs")!,
      filters: filter ? { [filter[0]!]: [filter[1]!] } : {},
    };
    const onPage = compared % kEveryPage === 0;
    const onCommandLine = compared % kEveryCommand === 0;
    const { question, status, answer: told } = await (onPage ? askPage(where, plain) : askDirectly(plain));
    // A balance has no reading on cohort basis, and some KPIs are not for this: the page says so, the others too.
    if (status !== 200) {
      expect(["balance_on_cohort_basis", "unit_mismatch"], `${where}: ${told}`).toContain((JSON.parse(told) as { code: string }).code);
      continue;
    }
    if (onPage) await settled(page);
    const answer = JSON.parse(told) as Answer;
    // Nothing at all: the page says why instead of showing a table.
    if (rows.length > 0 && answer.rows.length === 0) continue;
    const names = answer.columns.map((column) => column.name);

    if (onCommandLine) {
      // The command line.
      const printed = JSON.parse(cli(data, ...commandLine(question))) as Answer;
      const keys = (row: Row) => answer.by.map((name) => String(row[name])).join("|");
      expect(printed.rows.map((row) => `${keys(row)}: ${line(row, names)}`), where).toEqual(answer.rows.map((row) => `${keys(row)}: ${line(row, names)}`));
      expect(line(printed.total, names), where).toBe(line(answer.total, names));
    }

    if (onPage) {
      // The page. Columns of figures have a value; those of changes and trends are compared by the change.
      const grid = await page.locator("table[role=grid]").evaluate((table) =>
        [...table.querySelectorAll<HTMLTableRowElement>("tbody tr, tfoot tr")].map((row) =>
          [...row.querySelectorAll<HTMLElement>("[data-value]")].map((cell) => ({
            value: cell.dataset.value!,
            num: cell.dataset.num ?? "",
            den: cell.dataset.den ?? "",
            shown: cell.innerText.trim(),
          })),
        ),
      );
      const perValue = question.vs && question.vs !== "none" ? 2 : 1;
      const shownRow = (cells: (typeof grid)[number]) => names.map((_, at) => cells[at * perValue]!).map((cell) => `${cell.value}|${cell.num}|${cell.den}`).join(" ; ");
      const shownRows = grid.filter((cells) => cells.length > 0).map(shownRow);
      const expected = answer.rows.map((row) => line(row, names));
      expect(shownRows.pop(), where).toBe(line(answer.total, names));
      if (rows.length > 0 && expected.length < 200) expect([...shownRows].sort(), where).toEqual([...expected].sort());
      // What is readable is the exact value, rounded as far as it is cut.
      for (const cells of grid) {
        names.forEach((_, at) => {
          const cell = cells[at * perValue];
          if (!cell || cell.value === "null" || !/^[\u2212-]?[\d,]+(\.\d+)?%?$/.test(cell.shown)) return;
          const percent = cell.shown.endsWith("%");
          const number = Number(cell.shown.replaceAll(",", "").replace("\u2212", "-").replace("%", ""));
          const places = /\.(\d+)/.exec(cell.shown)?.[1]!.length ?? 0;
          const exact = Number(cell.value) * (percent ? 100 : 1);
          expect(Math.abs(number - exact), `${where}: ${cell.shown} for ${cell.value}`).toBeLessThanOrEqual(0.5 * 10 ** -places * (1 + 1e-9) + 1e-9);
          figures++;
        });
      }
    }

    // The workbook: every number of the answer, in its order.
    const exported = await context.request.post("/api/v1/kpi/export", { data: { question, format: "xlsx" }, headers });
    expect(exported.status(), where).toBe(200);
    const numbersOf = (row: Row) =>
      names.flatMap((name) => {
        const cell = row[name] as Cell;
        return [cell.value, cell.num, cell.den].filter((value): value is number => value != null).map(digits);
      });
    const sheet = workbookRows(await exported.body()).map((row) => row.map(digits));
    const inOrder = [...answer.rows, answer.total].map(numbersOf).filter((row) => row.length > 0);
    let at = 0;
    for (const row of inOrder) {
      // Versus and change stand behind each figure; the figures themselves come in order.
      while (at < sheet.length && !holds(sheet[at]!, row)) at++;
      expect(at, `${where}: the workbook lacks ${row.join(", ")}`).toBeLessThan(sheet.length);
      at++;
    }
    compared++;
  }
  expect(figures).toBeGreaterThan(kQuestions);
  expect(complaints).toEqual([]);
});

/** Whether the numbers stand in the row in this order, others between them. */
function holds(row: number[], numbers: number[]): boolean {
  let at = 0;
  for (const number of row) if (at < numbers.length && number === numbers[at]) at++;
  return at === numbers.length;
}
