import { describe, expect, it } from "vitest";
import { findingsOf, isOverdue, openOf } from "./logic";

describe("coaching tasks", () => {
  it("tell the fields that were false, most often first", () => {
    expect(findingsOf({ findings: { name: 1, phone: 3, address: 1 } })).toEqual([
      ["phone", 3],
      ["address", 1],
      ["name", 1],
    ]);
  });
  it("are overdue the day after, and only while they are open", () => {
    expect(isOverdue({ state: "open", due: "2026-11-25" }, "2026-11-25")).toBe(false);
    expect(isOverdue({ state: "open", due: "2026-11-25" }, "2026-11-26")).toBe(true);
    expect(isOverdue({ state: "done", due: "2026-11-25" }, "2026-12-26")).toBe(false);
  });
  it("say when the first of the open ones is due", () => {
    expect(openOf([{ state: "done", due: "2026-01-01" }])).toEqual({ count: 0, due: undefined });
    expect(
      openOf([
        { state: "open", due: "2026-12-09" },
        { state: "open", due: "2026-11-09" },
      ]),
    ).toEqual({ count: 2, due: "2026-11-09" });
  });
});
