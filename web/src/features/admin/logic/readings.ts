import type { components } from "@/api/schema";
import { cellKey, parseFigure, type CellKey } from "./grid";

// What is stored of the readings, as the grid shows it. Pure.

export type Reading = components["schemas"]["Reading"];
export type ReadingInput = components["schemas"]["ReadingInput"];

const kDims = ["staff", "model", "source", "channel", "customer_type", "reason"] as const;
export function partOf(reading: ReadingInput): string[] {
  return kDims.flatMap((dim) => (reading[dim] ? [reading[dim]] : []));
}

export interface StoredCell {
  text: string;
  reading: Reading;
}
export interface StoredCells {
  cells: Map<CellKey, StoredCell>;
}

// A period's figure stands on its first day and names nothing else: that is the cell. Whatever else there is of the
// month (other days, parts) is not to be typed over here. The list has the latest first; of one day the first counts.
export function storedCells(readings: readonly Reading[], row: (reading: Reading) => string): StoredCells {
  const cells = new Map<CellKey, StoredCell>();
  for (const reading of readings) {
    const key = cellKey(row(reading), reading.at.slice(0, 7));
    if (reading.at.endsWith("-01") && partOf(reading).length === 0) {
      if (!cells.has(key) && reading.value != null) cells.set(key, { text: plainNumber(reading.value), reading });
    }
  }
  return { cells };
}

// What the month comes to, where that is something else than the cell itself says: other readings belong to it.
export function otherSum(sums: ReadonlyMap<CellKey, number>, key: CellKey, stored: (key: CellKey) => string): number | null {
  const sum = sums.get(key);
  if (sum === undefined) return null;
  const text = stored(key);
  return text !== "" && Math.abs(Number(text) - sum) < 5e-7 ? null : sum;
}

// 1e21 and the like never; 0.1 as 0.1.
export function plainNumber(value: number): string {
  const text = String(value);
  return text.includes("e") ? value.toFixed(6).replace(/\.?0+$/, "") : text;
}

export function monthsOf(year: number): string[] {
  return Array.from({ length: 12 }, (_, i) => `${String(year).padStart(4, "0")}-${String(i + 1).padStart(2, "0")}`);
}

export interface Prepared {
  inputs: ReadingInput[];
  keys: CellKey[]; // of the inputs, in the same order
  wrong: CellKey[]; // no numbers
}
// What was typed, ready to send: an empty cell takes its reading back.
export function prepare(typed: ReadonlyMap<CellKey, string>, target: (row: string) => { measure: string; dealer: string }): Prepared {
  const inputs: ReadingInput[] = [];
  const keys: CellKey[] = [];
  const wrong: CellKey[] = [];
  for (const [key, text] of typed) {
    const [row, month] = key.split("\n") as [string, string];
    const figure = text.trim() === "" ? null : parseFigure(text);
    if (text.trim() !== "" && figure === null) {
      wrong.push(key);
      continue;
    }
    inputs.push({ ...target(row), at: `${month}-01`, value: figure === null ? null : Number(figure) });
    keys.push(key);
  }
  return { inputs, keys, wrong };
}
