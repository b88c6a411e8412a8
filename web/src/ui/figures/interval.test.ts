import { describe, expect, it } from "vitest";
import { wilson } from "./interval";

describe("interval of a rate", () => {
  it.each([
    [0, 10, 0, 0.2775],
    [3, 10, 0.1078, 0.6032],
    [45, 200, 0.1726, 0.2877],
    [10, 10, 0.7225, 1],
    [1, 1, 0.2065, 1],
  ])("%d of %d", (x, n, low, high) => {
    const interval = wilson(x, n)!;
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });
  it("none of nothing, and none for more than all", () => {
    expect(wilson(0, 0)).toBeNull();
    expect(wilson(3, 2)).toBeNull();
    expect(wilson(null, 2)).toBeNull();
    expect(wilson(-1, 2)).toBeNull();
  });
});
