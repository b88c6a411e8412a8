import { describe, expect, it } from "vitest";
import { dayNumber, formatPeriod, parsePeriod } from "./period";
import { formatScope, parseScope, parseSearch, parseView, questionOf, sharedOf, stringifySearch, viewParams } from "./view";

const today = dayNumber(2026, 10, 20);

describe("the view in the URL", () => {
  it("defaults to the network, this month, period basis, last year", () => {
    const view = parseView({}, today);
    expect(view.scope).toEqual({ kind: "network", id: "" });
    expect(formatPeriod(view.period)).toBe("2026-10");
    expect([view.basis, view.within, view.vs]).toEqual(["period", null, "year-ago"]);
  });

  it("reads what is there and passes over what it cannot read", () => {
    const view = parseView({ scope: "dealer:17", period: "2026Q3", basis: "cohort", within: "30d", vs: "target" }, today);
    expect(view).toMatchObject({ scope: { kind: "dealer", id: "17" }, basis: "cohort", within: 30, vs: "target" });
    expect(formatPeriod(view.period)).toBe("2026Q3");
    const wrong = parseView({ scope: "dealer:x", period: "2026-13", basis: "both", within: "-3", vs: "mars" }, today);
    expect(wrong).toEqual(parseView({}, today));
  });

  it("takes the first of a parameter that stands there twice", () => {
    expect(parseView({ vs: ["none", "target"] }, today).vs).toBe("none");
  });

  it("does not write defaults, but a period that was chosen", () => {
    expect(viewParams({ scope: { kind: "network", id: "" }, basis: "period", vs: "year-ago", within: null })).toEqual({ scope: undefined, basis: undefined, vs: undefined, within: undefined });
    expect(viewParams({ period: parsePeriod("2026-10")! })).toEqual({ period: "2026-10" });
    expect(viewParams({ scope: { kind: "staff", id: "9" }, within: 30 })).toEqual({ scope: "staff:9", within: "30d" });
  });

  it("becomes the fields of a question; days after the start count on cohort basis only", () => {
    const view = parseView({ scope: "region:3", within: "30d" }, today);
    expect(questionOf(view)).toEqual({ scope: "region:3", period: "2026-10", basis: "period", within: null, vs: "year-ago" });
    expect(questionOf({ ...view, basis: "cohort" }).within).toBe("30d");
  });

  it("stays when moving to another page, without what belongs to this one", () => {
    expect(sharedOf({ scope: "dealer:1", period: "2026", q: "x", by: ["staff", "month"] })).toEqual({ scope: "dealer:1", period: "2026" });
  });
});

it("scopes read and write", () => {
  for (const text of ["network", "region:1", "dealer:913459040594079834", "team:2", "staff:3"]) expect(formatScope(parseScope(text))).toBe(text);
  for (const text of ["", "dealer", "dealer:", "dealer:1;2", "planet:1", undefined]) expect(parseScope(text).kind).toBe("network");
});

it("search is plain text: a year stays a text, lists repeat their name", () => {
  expect(parseSearch("?period=2026&by=staff&by=month&q=a%26b")).toEqual({ period: "2026", by: ["staff", "month"], q: "a&b" });
  expect(stringifySearch({ period: "2026", by: ["staff", "month"], q: undefined, scope: "dealer:1" })).toBe("?period=2026&by=staff&by=month&scope=dealer:1");
  expect(stringifySearch({})).toBe("");
  const odd = { q: "成交 = 100% & “+”", formula: "win=deal_cnt/lead_cnt" };
  expect(parseSearch(stringifySearch(odd))).toEqual(odd);
});
