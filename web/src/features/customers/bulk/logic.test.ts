import { expect, test } from "vitest";
import { changeOf, countsOf, runOf, undoOf, type Outcome } from "./logic";

const row = (more: Partial<Outcome>): Outcome => ({ customer: "1", lead: "L", version: 3, outcome: "change", by: null, ...more });

test("a change is tried only once it is whole", () => {
  const draft = { what: "grade" as const, expected: "", grade: "high", why: " ", channels: [], reason: "" };
  expect(changeOf(draft)).toBeNull();
  expect(changeOf({ ...draft, why: " has the money " })).toEqual({ what: "lead", set: { grade: "high", grade_why: "has the money" } });
  expect(changeOf({ ...draft, grade: "" })).toEqual({ what: "lead", set: { grade: "", grade_why: "" } });
  expect(changeOf({ ...draft, what: "expected" })).toBeNull();
  expect(changeOf({ ...draft, what: "expected", expected: "2026-12-01" })).toEqual({ what: "lead", set: { expected: "2026-12-01" } });
  expect(changeOf({ ...draft, what: "contact", channels: ["sms", "all"], reason: "asked" })).toEqual({ what: "contact", channels: ["all"], reason: "asked" });
});

test("only those that change are sent, in the version that was seen", () => {
  const tried = [row({}), row({ customer: "2", outcome: "same" }), row({ customer: "3", outcome: "no_lead", lead: null })];
  expect(runOf(tried)).toEqual([{ customer: "1", lead: "L", version: 3 }]);
  expect(countsOf(tried)).toMatchObject({ change: 1, same: 1, no_lead: 1, conflict: 0 });
});

test("taking back gives each what it had, and leaves what was not changed", () => {
  const done = [row({ version: 4, before: { expected: "" } }), row({ customer: "2", outcome: "conflict" })];
  expect(undoOf({ what: "lead", set: { expected: "2026-12-01" } }, done)).toEqual([{ customer: "1", lead: "L", version: 4, set: { expected: "" } }]);
  expect(undoOf({ what: "contact", channels: ["all"], reason: "asked" }, [row({ version: 1, channels: ["all"] })])).toEqual([{ customer: "1", version: 1, channels: ["all"] }]);
});
