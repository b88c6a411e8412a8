import { describe, expect, it } from "vitest";
import { boardQuery, enoughToFind, listQuery, phoneToCheck, readBoard, readList, startOfDay, stepTo } from "./search";

describe("the list's search", () => {
  it("what the URL does not say is the default, and what it says wrongly too", () => {
    expect(readList({})).toEqual({ kind: "", owner: "", before: "", sort: "changed" });
    expect(readList({ kind: "ghost", owner: "12 or 1", before: "2026-99-99", sort: "name" })).toEqual({ kind: "", owner: "", before: "", sort: "changed" });
  });
  it("only what narrows is asked for", () => {
    expect(listQuery("7", readList({}))).toEqual({ dealer: "7", sort: "changed" });
    const query = listQuery("7", readList({ kind: "company", owner: "12", before: "2026-10-20", sort: "created" }));
    expect(query).toEqual({ dealer: "7", sort: "created", kind: "company", owner: "12", changed_before: startOfDay("2026-10-20") });
  });
});

describe("the board's search", () => {
  it("open leads unless the suspended are wanted", () => {
    expect(boardQuery("7", readBoard({}))).toEqual({ dealer: "7", status: "open" });
    expect(boardQuery("7", readBoard({ status: "suspended", model: "E3", source: "referral", owner: "9" }))).toEqual({ dealer: "7", status: "suspended", model: "E3", source: "referral", owner: "9" });
    expect(readBoard({ status: "lost", sort: "amount" })).toMatchObject({ status: "open", sort: "amount" });
  });
});

describe("a phone is checked", () => {
  it("from seven digits on, however it is written", () => {
    expect(phoneToCheck("138123")).toBeNull();
    expect(phoneToCheck(" 138 1234-5678 ")).toBe("138 1234-5678");
    expect(phoneToCheck("１３８１２３４５６７８")).toBe("１３８１２３４５６７８");
  });
  it("not when it is a mask", () => expect(phoneToCheck("138****5678")).toBeNull());
});

it("one character is not enough to look for", () => {
  expect(["", " 吕 ", "w", "吕秀", "lx"].map(enoughToFind)).toEqual([false, false, false, true, true]);
});

it("arrows stay within the list and lead back to the search", () => {
  expect(stepTo(-1, 1, 3)).toBe(0);
  expect(stepTo(2, 1, 3)).toBe(2);
  expect(stepTo(0, -1, 3)).toBe(-1);
  expect(stepTo(-1, 1, 0)).toBe(-1);
});
