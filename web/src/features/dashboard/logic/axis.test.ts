import { describe, expect, it } from "vitest";
import { niceTop } from "./axis";

describe("axis of counts", () => {
  it.each([
    [[0, null], 4, 1],
    [[3], 3, 1],
    [[104, 88], 150, 50],
    [[92], 100, 25],
    [[7], 8, 2],
    [[1302], 1500, 500],
  ])("%j goes to %d by %d", (values, top, step) => expect(niceTop(values)).toEqual({ top, step }));
  it("has whole steps and room for the greatest", () => {
    for (let high = 1; high < 5000; high += 7) {
      const { top, step } = niceTop([high]);
      expect(Number.isInteger(step)).toBe(true);
      expect(top).toBeGreaterThanOrEqual(high);
      expect(top / step).toBeLessThanOrEqual(5);
    }
  });
});
