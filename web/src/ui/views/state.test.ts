import { describe, expect, it } from "vitest";
import { loadPatch, sameView, stateOf } from "./state";

describe("saved views", () => {
  it("are the same by content, not by order; a list of one is that one", () => {
    expect(sameView({ v: ["a"], scope: "dealer:7" }, { scope: "dealer:7", v: "a" })).toBe(true);
    expect(sameView({ v: ["a", "b"] }, { v: ["b", "a"] })).toBe(false);
    expect(sameView({ v: "a", vs: "none" }, { v: "a" })).toBe(false);
  });
  it("a view without a period fits every period", () => {
    expect(sameView({ v: "a", period: "2026-10" }, { v: "a" })).toBe(true);
    expect(sameView({ v: "a", period: "2026-10" }, { v: "a", period: "2026-11" })).toBe(false);
  });
  it("keep the page's parameters and the top bar's, nothing else", () => {
    expect(stateOf({ v: ["a"], scope: "dealer:7", period: "2026-10", q: "x" }, ["v"])).toEqual({ v: ["a"], scope: "dealer:7" });
  });
  it("loading one takes back what it does not have, but not the period", () => {
    expect(loadPatch({ v: ["a", "b"] }, ["v", "row"])).toEqual({ v: ["a", "b"], row: undefined, scope: undefined, basis: undefined, within: undefined, vs: undefined });
    expect(loadPatch({ period: "2026-10" }, [])).toMatchObject({ period: "2026-10" });
  });
});
