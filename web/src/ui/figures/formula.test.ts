import { describe, expect, it } from "vitest";
import { formulaParts } from "./formula";

describe("a formula with its names", () => {
  const known = {
    kpi: (id: string) => (["close_rate", "teamwork"].includes(id) ? {} : undefined),
    measure: (id: string) => (/_cnt$/.test(id) ? {} : undefined),
    functions: ["target", "closing", "mean"],
  };
  const parts = (formula: string) => formulaParts(formula, known).filter(({ kind }) => kind !== "text").map(({ text, kind }) => `${kind}:${text}`);
  it("links measures and KPIs, not members in brackets", () => {
    expect(parts("traffic_cnt[source=deal_cnt] / close_rate")).toEqual(["measure:traffic_cnt", "kpi:close_rate"]);
    expect(parts("x / target(deal_cnt)")).toEqual(["function:target", "measure:deal_cnt"]);
  });
  it("an item of a rating is no KPI of that name", () => {
    expect(parts("(mean(teamwork) + teamwork) / 2")).toEqual(["function:mean", "kpi:teamwork"]);
  });
  it("loses no character", () => {
    const formula = "ceil(target(deal_cnt) / (mean(teamwork) * prior(close_rate[source=a])))";
    expect(formulaParts(formula, known).map(({ text }) => text).join("")).toBe(formula);
  });
});
