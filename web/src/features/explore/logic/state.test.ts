import { describe, expect, it } from "vitest";
import { parseScope, parseSearch, parseView, stringifySearch, type RawSearch } from "@/state/view";
import { dayNumber, parsePeriod } from "@/state/period";
import { below, fittingGrain, move, parseState, questionsOf, stateParams, valueParts, wholeQuestion } from "./state";

const today = dayNumber(2026, 11, 24);
const at = (text: string) => {
  const raw = parseSearch(text);
  const view = parseView(raw, today);
  return { raw, view, state: parseState(raw, view) };
};
const written = (state: ReturnType<typeof at>["state"]): RawSearch => parseSearch(stringifySearch(stateParams(state)));

describe("the URL of explore", () => {
  it("without parameters: close rate by the level below, cut to fit the period", () => {
    expect(at("").state).toMatchObject({ values: ["close_rate"], rows: ["dealer"], col: "week", chart: "line" });
    expect(at("scope=dealer:7&period=2026").state).toMatchObject({ rows: ["staff"], col: "month" });
    expect(below(parseScope("staff:3"))).toBe("source");
  });
  it("an empty parameter means none, not the default", () => {
    expect(at("v=&row=&col=").state).toMatchObject({ values: [], rows: [], col: null });
  });
  it("what is written reads the same", () => {
    const { state, view } = at("v=close_rate&v=win=deal_cnt/lead_cnt&row=dealer&row=source&col=quarter&f=source:referral&f=source:walk_by&f=channel:&sort=-col:2026Q3@1&chart=bar&pin=a&pin=b&of=1");
    expect(state.filters).toEqual({ source: ["referral", "walk_by"], channel: [] });
    expect(parseState(written(state), view)).toEqual(state);
    const none = { ...state, values: [], rows: [], col: null, of: 0 };
    expect(parseState(written(none), view)).toEqual(none);
  });
  it("nonsense becomes the default", () => {
    expect(at("chart=pie&sort=sideways&of=9&col=fortnight").state).toMatchObject({ chart: "line", sort: null, of: 0, col: null });
  });
  it("a member may hold colons and what looks like a parameter", () => {
    const { state, view } = at("f=" + encodeURIComponent("model:A:B&v=x"));
    expect(state.filters).toEqual({ model: ["A:B&v=x"] });
    expect(parseState(written(state), view).filters).toEqual(state.filters);
  });
});

describe("values", () => {
  it("a name is what stands before the first =", () => {
    expect(valueParts("win = deal_cnt/lead_cnt")).toMatchObject({ name: "win", formula: "deal_cnt/lead_cnt", named: true });
    expect(valueParts("traffic_cnt[source=referral]")).toMatchObject({ formula: "traffic_cnt[source=referral]", named: false });
    expect(valueParts("成交=deal_cnt[source=referral]/lead_cnt")).toMatchObject({ name: "成交", formula: "deal_cnt[source=referral]/lead_cnt" });
  });
  it("moves within the list and never out of it", () => {
    expect(move(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
    expect(move(["a", "b", "c"], 2, -5)).toEqual(["c", "a", "b"]);
    expect(move(["a", "b", "c"], 0, 9)).toEqual(["b", "c", "a"]);
    expect(move(["a"], 3, 0)).toEqual(["a"]);
  });
});

describe("questions", () => {
  it("asks rows with the comparison, cells and columns beside them", () => {
    const { state, view } = at("period=2026-11&row=dealer&col=week&v=close_rate&vs=previous");
    const questions = questionsOf(state, view, today)!;
    expect(questions.rows).toMatchObject({ by: ["dealer"], vs: "previous", to_date: true, ids: true });
    expect(questions.cells).toMatchObject({ by: ["dealer", "week"], vs: "none" });
    expect(questions.cols).toMatchObject({ by: ["week"], vs: "previous" });
    expect(wholeQuestion(state, view, today)).toMatchObject({ by: ["dealer", "week"], vs: "previous" });
  });
  it("a period that is over is asked whole", () => {
    const { state, view } = at("period=2026-10&row=dealer&col=");
    expect(questionsOf(state, view, today)).toMatchObject({ rows: { to_date: false }, cells: null, cols: null });
  });
  it("without values there is nothing to ask", () => {
    const { state, view } = at("v=");
    expect(questionsOf(state, view, today)).toBeNull();
  });
});

describe("grains that fit", () => {
  it.each([
    ["2026-11-24", "day"],
    ["2026-W43", "day"],
    ["2026-11", "week"],
    ["2026Q4", "month"],
    ["2025..2026", "month"],
    ["2022..2026", "quarter"],
    ["2010..2026", "year"],
  ])("%s by %s", (period, grain) => expect(fittingGrain(parsePeriod(period)!)).toBe(grain));
});
