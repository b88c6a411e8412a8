import { describe, expect, it } from "vitest";
import type { Catalog, Kpi } from "@/api";
import { findKpis, scoreOf } from "./find";

const kpi = (id: string, en: string, zh: string, formula: string, more: Partial<Kpi> = {}): Kpi => ({ id, name: { en, zh }, formula, unit: "percent", better: "higher", own: false, parametric: false, group: "3.1", ...more });
const kpis = [
  kpi("close_rate", "Close rate", "成交率", "deal_cnt / prospect_cnt", { also: ["签单率"] }),
  kpi("sales_success_rate", "Sales success rate", "销售成功率", "delivered_cnt / first_contact_cnt"),
  kpi("deals_count", "Orders", "成交量", "deal_cnt", { unit: "count" }),
  kpi("win", "Win", "赢单", "deal_cnt / lead_cnt", { own: true, group: "own" }),
];
const catalog = { kpis, groups: [], measures: [], events: [], stages: [], lists: [], roles: [], dimensions: [], grains: [], functions: [] } as Catalog;
const ids = (filters: Partial<Parameters<typeof findKpis>[1]>) => findKpis(catalog, { q: "", group: "", unit: "", own: false, ...filters }).map(({ id }) => id);

describe("finding a KPI", () => {
  it("without words: all, in the catalogue's order", () => expect(ids({})).toEqual(kpis.map(({ id }) => id)));
  it("by either language, an also-name, the id", () => {
    expect(ids({ q: "成交率" })).toEqual(["close_rate"]);
    expect(ids({ q: "签单" })).toEqual(["close_rate"]);
    expect(ids({ q: "CLOSE rate" })[0]).toBe("close_rate");
    expect(ids({ q: "deals_count" })).toEqual(["deals_count"]);
  });
  it("by what the formula names, names first", () => expect(ids({ q: "deal_cnt" })).toEqual(["close_rate", "deals_count", "win"]));
  it("every word must be found", () => {
    expect(ids({ q: "rate nonsense" })).toEqual([]);
    expect(scoreOf(kpis[0]!, "rate 成交")).toBeGreaterThan(0);
  });
  it("filters narrow", () => {
    expect(ids({ own: true })).toEqual(["win"]);
    expect(ids({ unit: "count" })).toEqual(["deals_count"]);
    expect(ids({ group: "3.1", q: "deal" })).toEqual(["deals_count", "close_rate"]);
  });
});
