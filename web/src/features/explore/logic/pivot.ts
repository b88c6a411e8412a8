import { cellOf, type Answer, type Cell } from "@/api";
import { sampleOf, type Better, type Sample, type Unit } from "@/ui/format";
import { formatPeriod, parsePeriod, unitAt, type Period } from "@/state/period";
import type { Grain, Sort } from "./state";

// Answers put together to one table: rows by their totals, columns by time. Totals are the server's own answers (Σ ÷ Σ),
// never sums of what is shown. Pure.

export interface ValueColumn {
  name: string; // key of the answer's cells
  formula: string;
  unit: Unit;
  better: Better;
}
export interface PivotRow {
  key: string;
  members: (string | null)[]; // as answered, one for each row dimension
  ids: Record<string, string | null>;
  cells: (Cell | null)[][]; // value × column; null: no entry at all
  totals: Cell[]; // one for each value, with comparison
  provisional: boolean;
  matureShare: number | null;
}
export interface Pivot {
  dims: string[];
  columns: string[]; // members of the grain, in order of time
  values: ValueColumn[];
  rows: PivotRow[];
  columnTotals: (Cell | null)[][]; // value × column
  totals: Cell[];
  period: { from: string; to: string };
}

type Row = Answer["rows"][number];

function idsOf(row: Row): Record<string, string | null> {
  const ids = row._ids;
  return typeof ids === "object" && ids !== null ? (ids as Record<string, string | null>) : {};
}
const memberOf = (row: Row, dim: string): string | null => (typeof row[dim] === "string" ? row[dim] : null);

// Two people may share a name: where the answer has ids, they make the row.
export function rowKey(row: Row, dims: readonly string[]): string {
  const ids = idsOf(row);
  return dims.map((dim) => ids[dim] ?? (memberOf(row, dim) === null ? "" : `=${memberOf(row, dim)}`)).join("|");
}

// The periods of a grain between two days, also those in which nothing happened.
export function grainColumns(from: string, to: string, grain: Grain, most = 400): string[] {
  const first = parsePeriod(from);
  const last = parsePeriod(to);
  if (!first || !last) return [];
  const out: string[] = [];
  let at: Period = unitAt(first.from, grain);
  while (at.from <= last.to && out.length < most) {
    out.push(formatPeriod(at));
    at = unitAt(at.to + 1, grain);
  }
  return out;
}

export function pivot(answers: { rows: Answer; cells?: Answer | undefined; cols?: Answer | undefined }, dims: string[], grain: Grain | null): Pivot {
  const { rows, cells, cols } = answers;
  const values = rows.columns.map((column) => ({ ...column }));
  const timed = cells ?? cols;
  const seen = new Set<string>();
  if (grain && timed) for (const row of timed.rows) if (memberOf(row, grain) !== null) seen.add(memberOf(row, grain)!);
  let columns: string[] = [];
  if (grain && timed) {
    const sorted = [...seen].sort();
    const period = timed.period;
    columns = grainColumns(period.from, period.to, grain);
    // An open-ended question: only what the entries span.
    if (sorted.length > 0 && columns.length >= 400) columns = sorted;
    for (const member of sorted) if (!columns.includes(member)) columns = sorted;
  }
  const position = new Map(columns.map((member, i) => [member, i]));
  const empty = () => values.map(() => columns.map((): Cell | null => null));

  const byKey = new Map<string, PivotRow>();
  const out: PivotRow[] = [];
  if (dims.length > 0) {
    for (const row of rows.rows) {
      const key = rowKey(row, dims);
      const made: PivotRow = {
        key,
        members: dims.map((dim) => memberOf(row, dim)),
        ids: idsOf(row),
        cells: empty(),
        totals: values.map((value) => cellOf(row, value.name)),
        provisional: row.provisional === true,
        matureShare: typeof row.mature_share === "number" ? row.mature_share : null,
      };
      byKey.set(key, made);
      out.push(made);
    }
  }
  if (grain && cells) {
    for (const row of cells.rows) {
      const made = byKey.get(rowKey(row, dims));
      const at = position.get(memberOf(row, grain) ?? "");
      if (!made || at === undefined) continue;
      values.forEach((value, i) => (made.cells[i]![at] = cellOf(row, value.name)));
    }
  }
  const columnTotals = empty();
  if (grain && cols) {
    for (const row of cols.rows) {
      const at = position.get(memberOf(row, grain) ?? "");
      if (at === undefined) continue;
      values.forEach((value, i) => (columnTotals[i]![at] = cellOf(row, value.name)));
    }
  }
  return { dims, columns, values, rows: out, columnTotals, totals: values.map((value) => cellOf(rows.total, value.name)), period: rows.period };
}

// ---- Order ----

function compare(a: number | null | undefined, b: number | null | undefined, down: boolean): number {
  // What has no value stands last, whichever way.
  if (a == null || b == null) return a == null ? (b == null ? 0 : 1) : -1;
  return down ? b - a : a - b;
}

export function sortRows(table: Pivot, sort: Sort | null, label: (dim: string, member: string | null) => string): PivotRow[] {
  const by = sort ?? { key: "total", of: 0, down: true };
  const of = Math.min(by.of, table.values.length - 1);
  const dim = by.key.startsWith("row:") ? table.dims.indexOf(by.key.slice(4)) : -1;
  const col = by.key.startsWith("col:") ? table.columns.indexOf(by.key.slice(4)) : -1;
  const collator = new Intl.Collator(["zh-CN", "en"], { numeric: true });
  const cellBy = (row: PivotRow): Cell | null | undefined => (col >= 0 ? row.cells[of]?.[col] : row.totals[of]);
  const of1 = (row: PivotRow): number | null | undefined => (by.key === "change" ? row.totals[of]?.change : cellBy(row)?.value);
  // A rate of few cases has no rank: it stands after those that have one.
  const unit = table.values[of]?.unit ?? "count";
  const weak = (row: PivotRow): number => (cellSample(cellBy(row) ?? null, unit) === "ok" ? 0 : 1);
  return table.rows
    .map((row, i) => ({ row, i }))
    .sort((a, b) => {
      let order: number;
      if (dim >= 0) {
        const [x, y] = [a.row.members[dim] ?? null, b.row.members[dim] ?? null];
        order = x === null || y === null ? (x === null ? (y === null ? 0 : 1) : -1) : collator.compare(label(table.dims[dim]!, x), label(table.dims[dim]!, y)) * (by.down ? -1 : 1);
      } else {
        const [x, y] = [of1(a.row), of1(b.row)];
        order = x == null || y == null ? compare(x, y, by.down) : weak(a.row) - weak(b.row) || compare(x, y, by.down);
      }
      return order || a.i - b.i;
    })
    .map(({ row }) => row);
}

// ---- What may be said of a cell ----

// A rate of few cases is shown grey (5 to 19) or as counts only (below 5); other figures as they are.
export function cellSample(cell: Cell | null, unit: Unit): Sample {
  if (unit !== "percent" || cell?.den == null) return "ok";
  return sampleOf(cell.den);
}

// The mean of the rates, which the total is not.
export function meanOfRates(cells: readonly (Cell | null | undefined)[]): { mean: number; n: number } | null {
  const rates = cells.flatMap((cell) => (cell?.value != null && cell.den != null ? [cell.value] : []));
  return rates.length < 2 ? null : { mean: rates.reduce((sum, rate) => sum + rate, 0) / rates.length, n: rates.length };
}

// A formula whose figure over nothing is nothing to see but 0: counts and sums, no balances, rates or operators.
export function addsUp(formula: string): boolean {
  return /^[a-z0-9_ +[\]=,]+$/.test(formula) && !formula.includes("/");
}

// How strongly a cell is tinted, 0 to 1, between the least and the greatest of its value's cells.
export function heatScale(cells: readonly (Cell | null)[]): (value: number | null | undefined) => number {
  const values = cells.flatMap((cell) => (cell?.value != null ? [cell.value] : []));
  const low = Math.min(...values);
  const high = Math.max(...values);
  return (value) => (value == null || !(high > low) ? 0 : 0.08 + 0.92 * ((value - low) / (high - low)));
}
