import { describe, expect, it } from "vitest";
import { canUndo, changeFor, changeForAll, isOpen, isRunning, mergedSpellings, rowsToWrite, seenAt, stepOf, tilesOf, translationsOf, withValue } from "./draft";
import type { Import, ImportResult, Org } from "./types";

const result: ImportResult = {
  dry_run: true,
  rows: { read: 4812, taken: 4794, new: 4655, changed: 118, unchanged: 21, empty: 10, refused: 8 },
  entries: { new: 13906, changed: 130, unchanged: 60, removed: 0 },
  translations: [
    { field: "source", cell: "老客户介绍", code: "referral", rows: 120 },
    { field: "source", cell: "朋友推荐", code: "referral", rows: 30 },
  ],
  unknown: [{ field: "staff", cell: "张叁", rows: 2, suggestion: "张三" }],
  period: { from: "2026-01-05", to: "2026-09-28" },
};
const draft: Import = {
  id: "1", kind: "events", file_name: "a.xlsx", state: "checked", created_at: "2026-10-01T00:00:00Z", version: 4, result,
  columns: [
    { column: "成交价", samples: [], meaning: { role: "amount", event: "deal", scale: 10000 }, sure: "confirm" },
    { column: "顾问", samples: [], meaning: { role: "field", field: "staff" }, sure: "recognised" },
  ],
  mapping: { values: { model: { X9: "X7" } } },
};

describe("a draft", () => {
  it("is on the step of its state", () => {
    expect([stepOf("draft"), stepOf("checking"), stepOf("checked"), stepOf("importing"), stepOf("failed")]).toEqual([2, 3, 3, 4, 4]);
    expect(isRunning("undoing")).toBe(true);
    expect(isOpen("checked") && !isOpen("done")).toBe(true);
  });
  it("counts rows, which add up to those read", () => {
    const t = tilesOf(result);
    expect(t.new + t.changed + t.unchanged + t.empty + t.refused).toBe(result.rows.read);
    expect(rowsToWrite(result)).toBe(4773);
  });
  it("counts rows taken as new where a server tells no more", () => {
    expect(tilesOf({ ...result, rows: { read: 5, taken: 4, empty: 1, refused: 0 } })).toMatchObject({ new: 4, changed: 0, unchanged: 0 });
  });
});

describe("a suggestion", () => {
  it("becomes a translation, beside those there are", () => {
    expect(changeFor(draft, { row: 3, code: "x", message: "", cell: "张叁", suggestion: { kind: "translate", field: "staff", from: "张叁", to: "张三" } })).toEqual({
      values: { model: { X9: "X7" }, staff: { 张叁: "张三" } },
    });
  });
  it("becomes the scale of its column, or the permission to add what is missing", () => {
    const change = changeFor(draft, { row: 3, code: "x", message: "", column: "成交价", cell: "189800", suggestion: { kind: "scale", to: "1" } });
    expect(change?.columns?.[0]?.meaning).toEqual({ role: "amount", event: "deal", scale: 1 });
    expect(changeFor(draft, { row: 3, code: "x", message: "", suggestion: { kind: "create" } })).toEqual({ create_missing: true });
  });
  it("that says too little is none", () => {
    expect(changeFor(draft, { row: 3, code: "x", message: "" })).toBeNull();
    expect(changeFor(draft, { row: 3, code: "x", message: "", suggestion: { kind: "translate", to: "a" } })).toBeNull();
    expect(changeFor(draft, { row: 3, code: "x", message: "", column: "nowhere", suggestion: { kind: "scale", to: "1" } })).toBeNull();
  });
  it("is taken for all rows at once, each cell once", () => {
    const s = { kind: "translate" as const, field: "staff", from: "张叁", to: "张三" };
    const all = changeForAll(draft, [
      { row: 204, code: "x", message: "", suggestion: s },
      { row: 205, code: "x", message: "", suggestion: s },
      { row: 206, code: "x", message: "", suggestion: { kind: "create" } },
    ]);
    expect(all).toEqual({ count: 2, change: { values: { model: { X9: "X7" }, staff: { 张叁: "张三" } } } });
    expect(changeForAll(draft, [])).toBeNull();
  });
});

describe("translations", () => {
  it("list what is unknown first, then code lists, then the mapping's own", () => {
    expect(translationsOf(draft).map((t) => [t.origin, t.cell])).toEqual([
      ["unknown", "张叁"],
      ["code", "老客户介绍"],
      ["code", "朋友推荐"],
      ["set", "X9"],
    ]);
  });
  it("do not list twice what the mapping already says", () => {
    const told = { ...draft, mapping: { values: withValue(draft.mapping?.values, "staff", "张叁", "张三") } };
    expect(translationsOf(told).filter((t) => t.cell === "张叁")).toEqual([{ field: "staff", cell: "张叁", code: "张三", rows: 2, origin: "set", suggestion: null }]);
  });
  it("are taken away again without a trace", () => {
    expect(withValue({ model: { X9: "X7" } }, "model", "X9", null)).toEqual({});
  });
  it("name the code with several spellings", () => {
    expect(mergedSpellings(draft)).toEqual({ field: "source", code: "referral", cells: ["老客户介绍", "朋友推荐"] });
  });
});

describe("where the figures are seen", () => {
  const org = { version: 1, regions: [], dealers: [{ id: "7", code: "D1", name: "城西店", time_zone: "", teams: [], staff: [], region_history: [] }] } as Org;
  it("is the months of the days, at the dealer the mapping names", () => {
    expect(seenAt(result, { dealer: "D1" }, org)).toEqual({ scope: "dealer:7", period: "2026-01..2026-09" });
    expect(seenAt({ ...result, period: { from: "2026-02-03", to: "2026-02-27" } }, {}, org)).toEqual({ scope: "network", period: "2026-02" });
    expect(seenAt({ ...result, period: null }, undefined, undefined)).toEqual({ scope: "network", period: null });
  });
});

describe("undoing", () => {
  const until = "2026-10-08T00:00:00Z";
  it("is offered for what is done, until its time is over", () => {
    expect(canUndo({ state: "done", undo_until: until }, Date.parse(until) - 1)).toBe(true);
    expect(canUndo({ state: "done", undo_until: until }, Date.parse(until))).toBe(false);
    expect(canUndo({ state: "undone", undo_until: until }, 0)).toBe(false);
    expect(canUndo({ state: "done", undo_until: null }, 0)).toBe(false);
  });
});
