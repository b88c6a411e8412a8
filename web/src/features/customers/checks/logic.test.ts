import { describe, expect, it } from "vitest";
import { monthsUntil, standingOf } from "./logic";

const person = (more: object) => ({ owner: "1", files: 10, sample: 5, drawn: 5, true: 0, false: 0, unverifiable: 0, ...more });

describe("spot checks", () => {
  it("count accuracy among what could be verified", () => {
    const standing = standingOf([person({ true: 3, false: 1, unverifiable: 1 }), person({ files: 2, sample: 2, drawn: 2 })]);
    expect(standing).toMatchObject({ files: 12, sample: 7, drawn: 7, checked: 5, isTrue: 3, isFalse: 1, accuracy: 0.75 });
  });
  it("have no accuracy while nothing is verified", () => {
    expect(standingOf([person({ unverifiable: 2 })]).accuracy).toBeNull();
    expect(standingOf([]).accuracy).toBeNull();
  });
  it("go back over the turn of the year", () => {
    expect(monthsUntil("2026-02-14", 4)).toEqual(["2026-02", "2026-01", "2025-12", "2025-11"]);
  });
});
