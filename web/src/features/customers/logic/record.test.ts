import { describe, expect, it } from "vitest";
import { changesOf, differencesOf, fieldsOf, initialOf, keptOf, shareOf, wholeOf } from "./record";

describe("the record", () => {
  it("a person has an occupation, a company an industry, both a phone", () => {
    const ids = (kind: "person" | "company") => fieldsOf(kind).map(({ id }) => id);
    expect(ids("person")).toContain("occupation");
    expect(ids("person")).not.toContain("industry");
    expect(ids("company")).toContain("industry");
    expect(ids("company")).not.toContain("sex");
    expect(fieldsOf("company", "background").map(({ id }) => id)).toEqual(["industry", "size", "current_car"]);
  });
  it("completeness of the whole is that of its groups taken together", () => {
    expect(wholeOf({ basic: { filled: 2, of: 5 }, background: { filled: 0, of: 4 }, traits: { filled: 3, of: 3 }, purchase: { filled: 1, of: 6 } })).toEqual({ filled: 6, of: 18 });
    expect(shareOf({ filled: 0, of: 0 })).toBe(0);
    expect(shareOf(undefined)).toBe(0);
  });
  it("the first letter that is no star", () => {
    expect(initialOf("孟**")).toBe("孟");
    expect(initialOf("smith")).toBe("S");
    expect(initialOf("**")).toBe("·");
  });
});

describe("a change", () => {
  const base = { name: "孟**", phone: "138****2071", use: "通勤", payment: "贷款" };
  it("is what differs, without blanks at the ends", () => {
    expect(changesOf(base, { use: " 通勤 ", payment: "全款", rivals: "" })).toEqual({ payment: "全款" });
  });
  it("an emptied field goes, also a masked one", () => {
    expect(changesOf(base, { use: "", phone: "" })).toEqual({ use: "", phone: "" });
    expect(changesOf(base, { plate: "" })).toEqual({});
  });
  it("what is typed over stars is always a change", () => {
    expect(changesOf(base, { name: "孟**", phone: "13812345678" })).toEqual({ name: "孟**", phone: "13812345678" });
  });
});

describe("two change a customer at once", () => {
  const base = { name: "孟**", use: "通勤", payment: "贷款" };
  const now = { name: "孟**", use: "通勤 + 周末", payment: "全款", rivals: "同级电车" };
  const mine = { use: "长途", payment: "全款", concerns: "续航" };
  const differences = differencesOf(base, now, mine);
  it("each field that either touched, and where they clash", () => {
    expect(differences.map(({ field, clash }) => [field, clash])).toEqual([
      ["concerns", false],
      ["use", true],
      ["payment", false],
      ["rivals", false],
    ]);
    expect(differences.find(({ field }) => field === "use")).toEqual({ field: "use", theirs: "通勤 + 周末", mine: "长途", clash: true });
    expect(differences.find(({ field }) => field === "rivals")?.mine).toBeNull();
  });
  it("what I keep is sent, what is theirs stays", () => {
    expect(keptOf(differences, new Set(["use"]))).toEqual({ concerns: "续航", payment: "全款" });
    expect(keptOf(differences, new Set())).toEqual({ concerns: "续航", use: "长途", payment: "全款" });
  });
});
