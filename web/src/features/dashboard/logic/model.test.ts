import { describe, expect, it } from "vitest";
import type { Answer } from "@/api";
import { dayNumber, formatPeriod, parsePeriod } from "@/state/period";
import { parseSearch, parseView } from "@/state/view";
import { dashboardQuestions, drillScope, fromFirst, isEmpty, lastMonthWithData, lineOf, paceOf, shareOf, sparkPeriod, stepShares, trendMonths, unitsOf } from "./model";

const today = dayNumber(2026, 11, 24);
const view = (text: string) => parseView(parseSearch(text), today);
const spark = (text: string) => {
  const { grain, period } = sparkPeriod(parsePeriod(text)!, today);
  return [grain, unitsOf(period, grain).length, unitsOf(period, grain).at(-1)];
};
const answer = (rows: Answer["rows"], total: Record<string, unknown> = {}): Answer => ({
  period: { from: "2026-01-01", to: "2026-11-24" },
  basis: "period",
  cutoff: "",
  by: ["month"],
  columns: [
    { name: "deals_count", formula: "deals_count", unit: "count", better: "higher" },
    { name: "close_rate", formula: "close_rate", unit: "percent", better: "higher" },
  ],
  rows,
  total,
});

describe("questions", () => {
  it("a running period is asked to date; its target is the whole period's", () => {
    const questions = dashboardQuestions(view("period=2026-11&scope=dealer:7&basis=cohort&within=30d"), today);
    expect(questions.previous).toMatchObject({ to_date: true, vs: "previous", scope: "dealer:7", basis: "cohort", within: "30d" });
    expect(questions.targets).toMatchObject({ period: "2026-11", vs: "none" });
    expect(questions.targets.to_date).toBe(false);
    expect(dashboardQuestions(view("period=2026-10"), today).yearAgo.to_date).toBe(false);
  });
});

describe("sparklines: twelve points of the finer grain, no running one at the end", () => {
  it.each([
    ["2026", ["month", 12, "2026-10"]],
    ["2025", ["month", 12, "2025-12"]],
    ["2026-11", ["week", 12, "2026-W47"]],
    ["2026-10", ["week", 12, "2026-W44"]],
    ["2026-W47", ["day", 12, "2026-11-22"]],
    ["2026-11-24", ["day", 12, "2026-11-24"]],
    ["2026-04..2026-09", ["month", 12, "2026-09"]],
  ])("%s", (text, expected) => expect(spark(text)).toEqual(expected));
});

describe("trend", () => {
  it("ends with the running month, or the period's last", () => {
    expect(formatPeriod(trendMonths(parsePeriod("2026")!, today))).toBe("2025-12..2026-11");
    expect(formatPeriod(trendMonths(parsePeriod("2025Q2")!, today))).toBe("2024-07..2025-06");
  });
  it("a month without row is 0 for a sum and a gap for a rate", () => {
    const months = answer([{ month: "2026-02", deals_count: { value: 3, vs: { value: 4 } }, close_rate: { value: 0.5 } }]);
    expect(lineOf(months, "deals_count", "month", ["2026-01", "2026-02"], (cell) => cell.value)).toEqual([0, 3]);
    expect(lineOf(months, "close_rate", "month", ["2026-01", "2026-02"], (cell) => cell.value)).toEqual([null, 0.5]);
    expect(lineOf(months, "deals_count", "month", ["2026-02"], (cell) => cell.vs?.value)).toEqual([4]);
  });
});

describe("before the first record", () => {
  it("there is no zero to compare with; a zero later is one", () => {
    expect(fromFirst([0, null, 3, 0, 5])).toEqual([null, null, 3, 0, 5]);
    expect(fromFirst([0, 0])).toEqual([null, null]);
  });
});

describe("targets", () => {
  it("24 of 30 days: 80 % of the target should be there", () => {
    expect(paceOf(96, "count", parsePeriod("2026-11")!, today)).toBeCloseTo(76.8, 10);
    expect(paceOf(96, "count", parsePeriod("2026-10")!, today)).toBeNull();
    expect(paceOf(0.75, "percent", parsePeriod("2026-11")!, today)).toBeNull();
    expect(paceOf(null, "count", parsePeriod("2026-11")!, today)).toBeNull();
  });
});

describe("nothing in the period", () => {
  it("is said, and the last month with data found", () => {
    expect(isEmpty(answer([], { deals_count: { value: 0 }, close_rate: { value: null } }))).toBe(true);
    expect(isEmpty(answer([], { deals_count: { value: 1 } }))).toBe(false);
    expect(isEmpty(undefined)).toBe(false);
    const months = answer([{ month: "2026-03", deals_count: { value: 1 } }, { month: "2026-05", deals_count: { value: 0 } }, { month: "2027-01", deals_count: { value: 9 } }]);
    expect(lastMonthWithData(months, today)).toBe("2026-03");
    expect(lastMonthWithData(answer([]), today)).toBeNull();
  });
});

describe("bars", () => {
  it("a step with more than the one before (the period basis allows it) has nothing lost or open", () => {
    expect(stepShares({ count: 12, base: 10, lost: 3, open: 0 }, 12)).toEqual({ passed: 1, lost: 0, open: 0 });
  });
  it("lost and open never go beyond the first step", () => {
    const shares = stepShares({ count: 177, base: 246, lost: 31, open: 38 }, 301);
    expect(shares.passed + shares.lost + shares.open).toBeCloseTo(246 / 301, 10);
    expect(stepShares({ count: 0 }, 0)).toEqual({ passed: 0, lost: 0, open: 0 });
  });
  it("a share of nothing has no value", () => {
    expect(shareOf(3, 0)).toEqual({ value: null, num: 3, den: 0 });
    expect(shareOf(3, 4)).toEqual({ value: 0.75, num: 3, den: 4 });
    expect(shareOf(null, 4)).toEqual({ value: null });
  });
  it("only organisational rows lead further down", () => {
    expect(drillScope("staff", "7")).toBe("staff:7");
    expect(drillScope("source", "7")).toBeNull();
    expect(drillScope("staff", null)).toBeNull();
  });
});
