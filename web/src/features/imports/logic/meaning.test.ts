import { describe, expect, it } from "vitest";
import { choices, chosen, dateColumns, keyOf, looksLikeDate, meaningLabel, withMeaning } from "./meaning";
import type { Catalog, ImportColumn } from "./types";

const name = (zh: string, en: string) => ({ zh, en });
const catalog = {
  kpis: [], measures: [], stages: [], lists: [], grains: [], functions: [],
  dimensions: [{ id: "source", name: name("来源", "Source") }],
  events: [
    { id: "captured", name: name("留档", "Captured"), amount: null },
    { id: "test_drive", name: name("试乘试驾", "Test drive"), amount: null },
    { id: "deal", name: name("成交", "Deal"), amount: "money" },
    { id: "open_opportunity", name: name("在谈", "Open"), recordable: false },
  ],
} as unknown as Catalog;
const column = (c: string, meaning: ImportColumn["meaning"], samples: string[] = []): ImportColumn => ({ column: c, samples, meaning, sure: "recognised" });

const columns = [
  column("来店日期", { role: "event_at", event: "captured" }, ["2026/9/17 10:24"]),
  column("试驾", { role: "event_flag", event: "test_drive", at: "来店日期" }, ["是"]),
  column("成交价(万)", { role: "amount", event: "deal", scale: 10000 }, ["18.98"]),
  column("登记号", { role: "field", field: "lead", key: true }, ["LD-1"]),
  column("签约日", { role: "none" }, ["2026-09-24"]),
];

describe("the meanings offered", () => {
  const list = choices(catalog, "events", columns, "zh");
  it("are grouped: fields, dates, flags, amounts, not imported", () => {
    expect(new Set(list.map((c) => c.group))).toEqual(new Set(["fields", "dates", "flags", "amounts", "counts", "long", "none"]));
  });
  it("leave out what nobody can record, and amounts of events that have none", () => {
    expect(list.some((c) => c.key.endsWith(":open_opportunity"))).toBe(false);
    expect(list.filter((c) => c.group === "amounts").map((c) => c.key)).toEqual(["amount:deal"]);
  });
  it("are found by their names in both languages and by id", () => {
    const deal = list.find((c) => c.key === "event_at:deal")!;
    expect(deal.words).toContain("成交");
    expect(deal.words).toContain("date: deal");
    expect(new Set(list.map((c) => c.key)).size).toBe(list.length);
  });
  it("of a readings file are measure, date, value and its dimensions", () => {
    const readings = choices(catalog, "readings", [], "en").map((c) => c.key);
    expect(readings).toContain("measure");
    expect(readings).toContain("field:dealer");
    expect(readings.some((k) => k.startsWith("event"))).toBe(false);
  });
});

describe("a chosen meaning", () => {
  it("is named with its event and scale", () => {
    expect(meaningLabel(catalog, columns[2]!.meaning, "zh")).toBe("金额：成交 × 10,000");
    expect(meaningLabel(catalog, { role: "field", field: "source" }, "en")).toBe("Source");
    expect(meaningLabel(catalog, { role: "field", field: "unheard" }, "en")).toBe("unheard");
  });
  it("takes a flag's date from the other flags, else from the first date column", () => {
    expect(chosen("event_flag:deal", { role: "none" }, columns, "签约日")).toEqual({ role: "event_flag", event: "deal", at: "来店日期" });
    expect(chosen("event_flag:deal", { role: "none" }, [columns[4]!, column("x", { role: "none" })], "x").at).toBe("签约日");
  });
  it("keeps the key mark always, and the scale while it stays a figure", () => {
    expect(chosen("count:deal", { role: "amount", event: "deal", scale: 10000 }, columns, "成交价(万)").scale).toBe(10000);
    expect(chosen("field:model", { role: "amount", scale: 10000, key: true }, columns, "成交价(万)")).toEqual({ role: "field", field: "model", key: true });
  });
  it("reads back from its key", () => {
    for (const c of choices(catalog, "events", columns, "zh")) expect(keyOf(chosen(c.key, { role: "none" }, columns, "z"))).toBe(c.key);
  });
  it("is taken from the column that had it, when only one can; others are not touched", () => {
    expect(withMeaning(columns, "签约日", { role: "field", field: "lead" })).toEqual([
      { column: "签约日", meaning: { role: "field", field: "lead" } },
      { column: "登记号", meaning: { role: "none", key: true } },
    ]);
    expect(withMeaning(columns, "签约日", { role: "event_at", event: "captured" })).toHaveLength(1);
    // A field of one event stands beside the row's.
    expect(withMeaning(columns, "签约日", { role: "field", field: "lead", event: "deal" })).toHaveLength(1);
  });
});

describe("date columns", () => {
  it("are those that mean a date, then those that look like one", () => {
    expect(dateColumns(columns)).toEqual(["来店日期", "签约日"]);
  });
  it.each(["2026-09-17", "2026/9/17 10:24", "2026年9月17日", "9/17/2026", "20260917", "9月17日"])("%s looks like one", (t) => expect(looksLikeDate(t)).toBe(true));
  it.each(["18.98", "LD-1", "13812345678", "是"])("%s does not", (t) => expect(looksLikeDate(t)).toBe(false));
});
