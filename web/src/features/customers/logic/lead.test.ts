import { describe, expect, it } from "vitest";
import { budgetShown, budgetText, draftOf, fieldOfProblem, inputOf, kNoLead, leadToShow, timelineOf, wantedOf, warmthOf, type Lead } from "./lead";

const lead = (more: Partial<Lead> = {}): Lead => ({
  lead: "L1", customer: "5", attempt: 1, status: "open", stage: "S3", grade: "high", version: 2,
  created_at: "2026-10-06T06:30:00Z", changed_at: "2026-10-06T06:30:00Z", changed_by: "zhang", ...more,
});

describe("a budget", () => {
  it("is written as the server reads it", () => {
    expect(budgetText(150_000, 200_000, "zh")).toBe("15-20万");
    expect(budgetText(185_000, null, "zh")).toBe("18.5万以上");
    expect(budgetText(null, 200_000, "zh")).toBe("20万以内");
    expect(budgetText(null, null, "zh")).toBe("");
    expect(budgetText(150_000, 200_000, "en")).toBe("150000-200000");
    expect(budgetText(300_000, null, "en")).toBe(">= 300000");
  });
  it("and shown in either language", () => {
    expect(budgetShown(150_000, 200_000, "zh")).toBe("15–20 万元");
    expect(budgetShown(150_000, 200_000, "en")).toBe("¥150K–¥200K");
    expect(budgetShown(300_000, null, "en")).toBe("from ¥300K");
  });
});

describe("what is sent of a lead", () => {
  it("of a new one, what is filled in", () => {
    expect(inputOf({ ...kNoLead, source: "walk_by", need: " 后备箱放不下两辆婴儿车 " })).toEqual({ source: "walk_by", need: "后备箱放不下两辆婴儿车" });
  });
  it("of a changed one, what differs; nobody as referrer is null", () => {
    const before = draftOf(lead({ model: "E3", referrer: "9", amount: 200_000, budget_least: 150_000, budget_most: 200_000 }), "zh");
    expect(inputOf(before, before)).toEqual({});
    expect(inputOf({ ...before, model: "", referrer: "", amount: null, budget: "18-22万" }, before)).toEqual({ model: "", referrer: null, amount: 0, budget: "18-22万" });
  });
  it("a grade that follows from the day is not one set by hand", () => {
    expect(draftOf(lead(), "zh").grade).toBe("");
    expect(draftOf(lead({ grade_by_hand: true }), "zh").grade).toBe("high");
  });
});

describe("a problem stands at its field", () => {
  it("by what the server names, else by its kind", () => {
    expect(fieldOfProblem({ code: "number_forbidden", args: { field: "remark" } })).toBe("remark");
    expect(fieldOfProblem({ code: "capture_incomplete", args: { missing: "phone" } })).toBe("phone");
    expect(fieldOfProblem({ code: "need_generic", args: {} })).toBe("need");
    expect(fieldOfProblem({ code: "unknown_member", args: { dimension: "source", name: "x" } })).toBe("source");
    expect(fieldOfProblem({ code: "offline", args: {} })).toBeUndefined();
    expect(fieldOfProblem(null)).toBeUndefined();
  });
});

it("the lead that says most is not over yet", () => {
  expect(leadToShow([lead({ lead: "a", status: "lost" }), lead({ lead: "b", status: "suspended" })])?.lead).toBe("b");
  expect(leadToShow([lead({ lead: "a", status: "lost" }), lead({ lead: "b", status: "won" })])?.lead).toBe("a");
  expect(leadToShow([])).toBeUndefined();
});

it("what is wanted may stand in different leads", () => {
  const wanted = wantedOf([lead({ lead: "a" }), lead({ lead: "b", model: "E3" }), lead({ lead: "c", model: "X7", budget_most: 200_000 })]);
  expect([wanted.model?.lead, wanted.budget?.lead, wanted.expected?.lead]).toEqual(["b", "c", undefined]);
});

it("letters of a manufacturer's scheme count as one of the three grades", () => {
  expect(["H", "B", "C", "N", "high", "low"].map(warmthOf)).toEqual(["high", "high", "medium", "low", "high", "low"]);
});

describe("the timeline", () => {
  it("latest first; what was made in one moment is not also a change", () => {
    const at = "2026-10-06T06:30:00Z";
    const later = "2026-10-19T10:20:00Z";
    const line = timelineOf({ created_at: at, created_by: "zhang", changed_at: at, changed_by: "zhang", leads: [lead({ changed_at: later, changed_by: "li", deal_day: "2026-10-25" })] });
    expect(line.map(({ what }) => what)).toEqual(["deal", "lead_changed", "lead", "captured"]);
    expect(line[1]?.by).toBe("li");
  });
  it("a lost lead's last change is its loss", () => {
    const line = timelineOf({ leads: [lead({ status: "lost", changed_at: "2026-10-19T10:20:00Z" })] });
    expect(line.map(({ what }) => what)).toEqual(["lost", "lead"]);
  });
});
