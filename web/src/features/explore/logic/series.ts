import type { Better, Unit } from "@/ui/format";
import { cellSample, type Pivot, type PivotRow } from "./pivot";

// Which rows a chart draws strongly: what was pinned, then the best and the weakest. Everything else stays a pale line.

export type Role = "pinned" | "best" | "weakest" | "plain";
export interface Series {
  row: PivotRow;
  role: Role;
  points: (number | null)[];
}

export const kMostStrong = 8;
export const kMostPale = 60;

export interface Choice {
  strong: Series[];
  pale: Series[];
  left: number; // rows not drawn at all
}

// The points of one value over the columns. A sum over nothing is 0 where `fill` says so, else there is a gap; a rate of
// fewer than five cases is no point either.
function pointsOf(row: PivotRow, of: number, unit: Unit, fill: boolean): (number | null)[] {
  return (row.cells[of] ?? []).map((cell) => (cell === null ? (fill ? 0 : null) : cellSample(cell, unit) === "counts" ? null : (cell.value ?? null)));
}

// Ranked are only rows whose total rests on enough cases: nobody is best or weakest by luck.
export function chooseSeries(table: Pivot, rows: readonly PivotRow[], { of, pins, better, fill }: { of: number; pins: readonly string[]; better: Better; fill: boolean }): Choice {
  const unit = table.values[of]?.unit ?? "count";
  const series = (row: PivotRow, role: Role): Series => ({ row, role, points: pointsOf(row, of, unit, fill) });
  // Few enough to name them all.
  if (rows.length <= 4) return { strong: rows.map((row) => series(row, pins.includes(row.key) ? "pinned" : "plain")), pale: [], left: 0 };

  const strong: Series[] = [];
  for (const key of pins) {
    const row = rows.find((candidate) => candidate.key === key);
    if (row && strong.length < kMostStrong - 2) strong.push(series(row, "pinned"));
  }
  const ranked = rows
    .filter((row) => row.totals[of]?.value != null && cellSample(row.totals[of]!, unit) === "ok")
    .sort((a, b) => b.totals[of]!.value! - a.totals[of]!.value!);
  if (ranked.length >= 2) {
    const [high, low] = [ranked[0]!, ranked[ranked.length - 1]!];
    const [best, weakest] = better === "lower" ? [low, high] : [high, low];
    if (high.totals[of]!.value !== low.totals[of]!.value) {
      for (const [row, role] of [[best, "best"], [weakest, "weakest"]] as const) {
        if (!strong.some((other) => other.row.key === row.key)) strong.push(series(row, better === "none" ? "plain" : role));
      }
    }
  }
  const rest = rows.filter((row) => !strong.some((other) => other.row.key === row.key));
  return { strong, pale: rest.slice(0, kMostPale).map((row) => series(row, "plain")), left: Math.max(0, rest.length - kMostPale) };
}

// A range for the axis of a line chart with some air, on round numbers. Bars begin at 0; lines may not.
export function niceRange(values: readonly (number | null)[], fromZero: boolean): { min: number; max: number; step: number } {
  const known = values.filter((value): value is number => value !== null);
  let low = Math.min(...known, ...(fromZero || known.length === 0 ? [0] : []));
  let high = Math.max(...known, ...(fromZero || known.length === 0 ? [0] : []));
  if (high === low) {
    const half = Math.abs(high) / 2 || 0.5;
    [low, high] = fromZero ? [Math.min(0, low), Math.max(0, high) || 1] : [low - half, high + half];
  }
  const air = fromZero ? 0 : (high - low) * 0.08;
  const rough = (high + air - (low - air)) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((size) => size * power >= rough - 1e-12) ?? 10) * power;
  const min = Math.floor((low - air) / step + 1e-9) * step;
  const max = Math.ceil((high + air) / step - 1e-9) * step;
  return { min: low >= 0 ? Math.max(0, min) : min, max, step };
}
