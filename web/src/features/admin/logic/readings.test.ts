import { describe, expect, it } from "vitest";
import { cellKey } from "./grid";
import { monthsOf, otherSum, plainNumber, prepare, storedCells, type Reading } from "./readings";

const reading = (at: string, value: number, more: Partial<Reading> = {}): Reading => ({ measure: "market_units", dealer: "D1", at, value, ...more });

describe("stored readings", () => {
  it("are cells where they stand on the first of a month and name nothing else", () => {
    const { cells } = storedCells([reading("2026-01-01", 5), reading("2026-01-15", 7), reading("2026-01-01", 3, { model: "X7" }), reading("2026-02-01", 0.1)], (r) => r.dealer);
    expect(cells.get(cellKey("D1", "2026-01"))?.text).toBe("5");
    expect(cells.get(cellKey("D1", "2026-02"))?.text).toBe("0.1");
  });
  it("count as the latest says, of one day", () => {
    const { cells } = storedCells([reading("2026-01-01", 9), reading("2026-01-01", 5)], (r) => r.dealer);
    expect(cells.get(cellKey("D1", "2026-01"))?.text).toBe("9");
  });
  it("come to something else where other readings belong to the month", () => {
    const stored = (key: string) => (key === "a" ? "0.3" : "");
    expect(otherSum(new Map([["a", 0.1 + 0.2]]), "a", stored)).toBeNull();
    expect(otherSum(new Map([["a", 5]]), "a", stored)).toBe(5);
    expect(otherSum(new Map([["b", 5]]), "b", stored)).toBe(5);
    expect(otherSum(new Map(), "b", stored)).toBeNull();
  });
  it("are written without powers of ten", () => {
    expect(plainNumber(2e-6)).toBe("0.000002");
    expect(plainNumber(0.0000001)).toBe("0");
    expect(plainNumber(123456.78)).toBe("123456.78");
  });
});

describe("typed cells", () => {
  it("become readings of the month's first day; an empty one takes back, no number is wrong", () => {
    const typed = new Map([
      [cellKey("D1", "2026-01"), "1,234.5"],
      [cellKey("D1", "2026-02"), ""],
      [cellKey("D2", "2026-01"), "abc"],
    ]);
    expect(prepare(typed, (dealer) => ({ measure: "market_units", dealer }))).toEqual({
      inputs: [
        { measure: "market_units", dealer: "D1", at: "2026-01-01", value: 1234.5 },
        { measure: "market_units", dealer: "D1", at: "2026-02-01", value: null },
      ],
      keys: [cellKey("D1", "2026-01"), cellKey("D1", "2026-02")],
      wrong: [cellKey("D2", "2026-01")],
    });
  });
  it("are of twelve months", () => expect(monthsOf(2026)).toHaveLength(12));
});
