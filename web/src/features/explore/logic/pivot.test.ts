import { describe, expect, it } from "vitest";
import type { Answer } from "@/api";
import { addsUp, cellSample, grainColumns, heatScale, meanOfRates, pivot, sortRows } from "./pivot";
import { chooseSeries, niceRange } from "./series";

const rate = (num: number, den: number) => ({ value: den === 0 ? null : num / den, num, den });
const answer = (by: string[], rows: Answer["rows"], total: Record<string, unknown> = {}): Answer => ({
  period: { from: "2026-07-01", to: "2026-09-30" },
  basis: "period",
  cutoff: "2026-11-24T00:00:00.000Z",
  by,
  columns: [{ name: "close_rate", formula: "close_rate", unit: "percent", better: "higher" }],
  rows,
  total,
});
const people = [
  ["7", "王芳", 40, 100],
  ["8", "王芳", 10, 100],
  ["9", "李四", 3, 4],
  ["10", "张三", 30, 100],
  ["11", "赵六", 0, 0],
] as const;
const rows = answer(
  ["staff"],
  people.map(([id, staff, num, den]) => ({ staff, _ids: { staff: id }, close_rate: { ...rate(num, den), change: num / 1000 } })),
  { close_rate: rate(83, 304) },
);
const cells = answer(["staff", "month"], [
  { staff: "王芳", month: "2026-07", _ids: { staff: "8" }, close_rate: rate(1, 20) },
  { staff: "王芳", month: "2026-09", _ids: { staff: "7" }, close_rate: rate(40, 100) },
  { staff: "张三", month: "2026-08", _ids: { staff: "10" }, close_rate: rate(120, 100) },
]);
const cols = answer(["month"], [{ month: "2026-07", close_rate: rate(1, 20) }]);
const table = pivot({ rows, cells, cols }, ["staff"], "month");
const label = (_: string, member: string | null) => member ?? "—";

describe("pivot", () => {
  it("has every month of the period as a column, also one without entries", () => {
    expect(table.columns).toEqual(["2026-07", "2026-08", "2026-09"]);
    expect(table.columnTotals[0]!.map((cell) => cell?.num ?? null)).toEqual([1, null, null]);
  });
  it("keeps two people of one name apart", () => {
    expect(table.rows.map((row) => row.key)).toEqual(["7", "8", "9", "10", "11"]);
    expect(table.rows[0]!.cells[0]!.map((cell) => cell?.num ?? null)).toEqual([null, null, 40]);
    expect(table.rows[1]!.cells[0]!.map((cell) => cell?.num ?? null)).toEqual([1, null, null]);
  });
  it("takes totals from the answer: 83 of 304, not a mean", () => {
    expect(table.totals[0]).toEqual(rate(83, 304));
    const mean = meanOfRates(table.rows.map((row) => row.totals[0]))!;
    expect(mean.n).toBe(4);
    expect(mean.mean).toBeCloseTo(0.3875, 10);
  });
  it("no rows, one row, no columns", () => {
    expect(pivot({ rows: answer(["staff"], []) }, ["staff"], null)).toMatchObject({ rows: [], columns: [], totals: [{ value: null }] });
    expect(pivot({ rows: answer([], [{ close_rate: rate(1, 2) }], { close_rate: rate(1, 2) }), cols }, [], "month")).toMatchObject({ rows: [], columns: ["2026-07", "2026-08", "2026-09"], totals: [rate(1, 2)] });
  });
  it("weeks cross the year", () => {
    expect(grainColumns("2026-12-28", "2027-01-10", "week")).toEqual(["2026-W53", "2027-W01"]);
  });
});

describe("order of rows", () => {
  const keys = (sort: Parameters<typeof sortRows>[1]) => sortRows(table, sort, label).map((row) => row.key);
  it("by total, greatest first; 3 of 4 has no rank and stands after, nothing last", () => expect(keys(null)).toEqual(["7", "10", "8", "9", "11"]));
  it("the other way round they stay behind", () => expect(keys({ key: "total", of: 0, down: false })).toEqual(["8", "10", "7", "9", "11"]));
  it("by a column", () => expect(keys({ key: "col:2026-08", of: 0, down: true })[0]).toBe("10"));
  it("by change", () => expect(keys({ key: "change", of: 0, down: true })[0]).toBe("7"));
  it("by name", () => expect(new Set(keys({ key: "row:staff", of: 0, down: false }).slice(1, 3))).toEqual(new Set(["7", "8"])));
});

describe("samples", () => {
  it("a rate of few cases is not judged; a count always counts", () => {
    expect(cellSample(rate(3, 4), "percent")).toBe("counts");
    expect(cellSample(rate(3, 19), "percent")).toBe("small");
    expect(cellSample(rate(3, 20), "percent")).toBe("ok");
    expect(cellSample(rate(0, 0), "percent")).toBe("none");
    expect(cellSample({ value: 2 }, "count")).toBe("ok");
  });
});

describe("series", () => {
  it("the best and the weakest among those with enough cases; 3 of 4 is not the best", () => {
    const { strong, pale, left } = chooseSeries(table, table.rows, { of: 0, pins: [], better: "higher", fill: false });
    expect(strong.map(({ row, role }) => [row.key, role])).toEqual([["7", "best"], ["8", "weakest"]]);
    expect(pale.map(({ row }) => row.key)).toEqual(["9", "10", "11"]);
    expect(left).toBe(0);
  });
  it("where less is better they change places", () => {
    const { strong } = chooseSeries(table, table.rows, { of: 0, pins: ["10"], better: "lower", fill: false });
    expect(strong.map(({ row, role }) => [row.key, role])).toEqual([["10", "pinned"], ["8", "best"], ["7", "weakest"]]);
  });
  it("up to four are all named; a gap is a gap unless sums fill it", () => {
    const few = table.rows.slice(0, 3);
    expect(chooseSeries(table, few, { of: 0, pins: [], better: "higher", fill: false }).strong).toHaveLength(3);
    expect(chooseSeries(table, few, { of: 0, pins: [], better: "higher", fill: true }).strong[0]!.points).toEqual([0, 0, 0.4]);
    expect(chooseSeries(table, few, { of: 0, pins: [], better: "higher", fill: false }).strong[0]!.points).toEqual([null, null, 0.4]);
  });
  it("a rate of fewer than five cases is a gap, not a peak", () => {
    const row = { ...table.rows[0]!, cells: [[rate(3, 4), rate(3, 5), rate(0, 20)]] };
    expect(chooseSeries(table, [row], { of: 0, pins: [], better: "higher", fill: false }).strong[0]!.points).toEqual([null, 0.6, 0]);
  });
  it("never more than eight strong ones, however many are pinned", () => {
    const many = Array.from({ length: 100 }, (_, i) => ({ ...table.rows[0]!, key: `r${i}`, totals: [rate(i, 200)] }));
    const { strong, pale, left } = chooseSeries(table, many, { of: 0, pins: many.slice(10).map((row) => row.key), better: "higher", fill: false });
    expect(strong.length).toBe(8);
    expect(strong.length + pale.length + left).toBe(100);
  });
});

describe("scales", () => {
  it("sums over nothing are 0 only for what adds up", () => {
    expect(addsUp("deal_cnt")).toBe(true);
    expect(addsUp("traffic_cnt[source=referral]")).toBe(true);
    expect(addsUp("closing(open_cnt)")).toBe(false);
    expect(addsUp("deal_cnt / prospect_cnt")).toBe(false);
  });
  it("equal cells are not tinted; the greatest is", () => {
    expect(heatScale([{ value: 3 }, { value: 3 }])(3)).toBe(0);
    const scale = heatScale([{ value: -1 }, { value: 1 }, null, { value: null }]);
    expect(scale(1)).toBe(1);
    expect(scale(null)).toBe(0);
  });
  it("axes end on round numbers", () => {
    expect(niceRange([0.169, 0.296], false)).toEqual({ min: 0.15000000000000002, max: 0.35000000000000003, step: 0.05 });
    expect(niceRange([3, 92], true)).toMatchObject({ min: 0, max: 100, step: 20 });
    expect(niceRange([-4, 7], true)).toMatchObject({ min: -5, max: 7.5, step: 2.5 });
    expect(niceRange([], true)).toMatchObject({ min: 0 });
    expect(niceRange([5, 5], false).max).toBeGreaterThan(5);
  });
});
