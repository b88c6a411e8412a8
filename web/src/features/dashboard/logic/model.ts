import type { Answer, Cell, Figure, Question } from "@/api";
import { cellOf } from "@/api";
import { addMonths, formatIso, formatPeriod, isPartial, periodOf, unitAt, type DayNumber, type Grain, type Period } from "@/state/period";
import { questionOf, type View } from "@/state/view";

// What the dashboard asks and how it reads the answers. Pure.

export const kTiles = ["deals_count", "traffic_count", "capture_rate", "test_drive_rate", "close_rate", "sales_amount"] as const;
export type Tile = (typeof kTiles)[number];

const target = (tile: string) => `target(${tile})`;

// The finer grain of a sparkline and the twelve units of it that end with the period (or today, while it runs).
export function sparkGrain(period: Period): Exclude<Grain, "half"> {
  switch (period.kind) {
    case "year":
    case "half":
      return "month";
    case "quarter":
    case "month":
      return "week";
    case "week":
    case "day":
      return "day";
    case "range": {
      const days = period.to - period.from + 1;
      return days > 180 ? "month" : days > 21 ? "week" : "day";
    }
  }
}
export function sparkPeriod(period: Period, today: DayNumber): { grain: Exclude<Grain, "half">; period: Period } {
  const grain = sparkGrain(period);
  let end = unitAt(isPartial(period, today) ? today : period.to, grain);
  // The last unit of the grain that lies in the period, where the period's end cuts one.
  const last = end;
  let first = last;
  for (let i = 1; i < 12; i++) first = unitAt(first.from - 1, grain);
  // A running unit would look like a fall: the line ends with the last whole one.
  if (isPartial(last, today) && grain !== "day") {
    end = unitAt(last.from - 1, grain);
    first = unitAt(first.from - 1, grain);
  }
  return { grain, period: periodOf(first.from, end.to) };
}

// Twelve months that end with the period's last month, or the present one while the period runs.
export function trendMonths(period: Period, today: DayNumber): Period {
  const end = unitAt(Math.min(period.to, Math.max(today, period.from)), "month");
  return periodOf(addMonths(end.from, -11), end.to);
}

export interface DashboardQuestions {
  yearAgo: Question; // the tiles, each against a year ago and against the previous period
  previous: Question;
  targets: Question;
  spark: Question;
  trend: Question;
  source: Question;
  accessForm: Question;
}

export function dashboardQuestions(view: View, today: DayNumber): DashboardQuestions {
  const base = { ...questionOf(view), to_date: false, ids: false };
  const to_date = isPartial(view.period, today);
  const spark = sparkPeriod(view.period, today);
  const tiles = { ...base, columns: [...kTiles], to_date };
  const structure = { ...base, columns: ["traffic_count", "capture_rate", "close_rate", "deals_count"], vs: "year-ago" as const, to_date, ids: true };
  return {
    yearAgo: { ...tiles, vs: "year-ago" },
    previous: { ...tiles, vs: "previous" },
    // Of the whole period: what counts at its end.
    targets: { ...base, columns: kTiles.map(target), vs: "none" },
    spark: { ...base, columns: [...kTiles], period: formatPeriod(spark.period), by: [spark.grain], vs: "year-ago" },
    trend: { ...base, columns: ["deals_count"], period: formatPeriod(trendMonths(view.period, today)), by: ["month"], vs: "year-ago" },
    source: { ...structure, by: ["source"] },
    accessForm: { ...structure, by: ["access_form"] },
  };
}

export function targetOf(answer: Answer | undefined, tile: string): number | null {
  return answer ? (cellOf(answer.total, target(tile)).value ?? null) : null;
}

// Where the period should be today on a straight line through its days; null once it is over or where it has not begun.
// A rate has no pace: it should be at its target all the time.
export function paceOf(goal: number | null, unit: string, period: Period, today: DayNumber): number | null {
  if (goal === null || unit === "percent" || !isPartial(period, today)) return null;
  return (goal * (today - period.from + 1)) / (period.to - period.from + 1);
}

// One value a unit of the grain, in order; what has no row is a gap for a rate and 0 for a sum.
export function lineOf(answer: Answer | undefined, column: string, grain: string, units: readonly string[], pick: (cell: Cell) => number | null | undefined): (number | null)[] {
  if (!answer) return [];
  const unit = answer.columns.find((candidate) => candidate.name === column)?.unit;
  const rows = new Map(answer.rows.map((row) => [row[grain], row]));
  return units.map((name) => {
    const row = rows.get(name);
    if (!row) return unit === "percent" ? null : 0;
    return pick(cellOf(row, column)) ?? null;
  });
}

// Before the first record there is nothing to compare with: zeros at the beginning become gaps.
export function fromFirst(line: (number | null)[]): (number | null)[] {
  const first = line.findIndex((value) => value !== null && value !== 0);
  return line.map((value, i) => (first < 0 || i < first ? null : value));
}

export function unitsOf(period: Period, grain: Grain): string[] {
  const out: string[] = [];
  for (let at = unitAt(period.from, grain); at.from <= period.to && out.length < 400; at = unitAt(at.to + 1, grain)) out.push(formatPeriod(at));
  return out;
}

// Nothing at all happened: the tiles are all 0 or without value.
export function isEmpty(answer: Answer | undefined): boolean {
  return answer !== undefined && kTiles.every((tile) => !cellOf(answer.total, tile).value);
}

// The latest month before the period in which something happened, of an answer by month.
export function lastMonthWithData(answer: Answer | undefined, before: DayNumber): string | null {
  const months = (answer?.rows ?? [])
    .filter((row) => typeof row.month === "string" && (cellOf(row, "traffic_count").value || cellOf(row, "deals_count").value))
    .map((row) => row.month as string)
    .filter((month) => month <= formatIso(before).slice(0, 7))
    .sort();
  return months[months.length - 1] ?? null;
}

// The level below that a row of the success table leads to; a source or model leads nowhere.
export function drillScope(by: string, id: string | null | undefined): string | null {
  return id && ["region", "dealer", "team", "staff"].includes(by) ? `${by}:${id}` : null;
}

// What stands beside a step's bar: those who are missing, and how many of them are lost.
export interface StepShares {
  passed: number;
  lost: number;
  open: number;
}
// Shares of the funnel's first step, never below 0 and never wider than the bar has room for.
export function stepShares(step: { count: number; base?: number | null; lost?: number | null; open?: number | null }, widest: number): StepShares {
  const share = (value: number | null | undefined) => (widest > 0 ? Math.max(0, Math.min(1, (value ?? 0) / widest)) : 0);
  const passed = share(step.count);
  const lost = Math.min(share(step.lost), 1 - passed);
  return { passed, lost, open: Math.min(share(step.open), 1 - passed - lost) };
}

export function shareOf(part: number | null | undefined, whole: number | null | undefined): Figure {
  if (part == null || whole == null) return { value: null };
  return { value: whole === 0 ? null : part / whole, num: part, den: whole };
}
