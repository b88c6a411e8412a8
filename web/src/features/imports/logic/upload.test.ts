import { describe, expect, it } from "vitest";
import { kMaxBytes, pastedFile, refusalOf, rowCount } from "./upload";

describe("a file to upload", () => {
  it.each([
    ["a.xlsx", 10, null],
    ["来店登记.csv", kMaxBytes, null],
    ["no ending", 10, null],
    ["a.csv", 0, "empty"],
    ["a.csv", kMaxBytes + 1, "too_large"],
    ["old.XLS", 10, "old_excel"],
    ["a.pdf", 10, "not_a_table"],
  ])("%s of %i bytes: %s", (name, size, refusal) => expect(refusalOf({ name, size })).toBe(refusal));
});

describe("a paste", () => {
  it("of cells is a file, of a word none", async () => {
    const file = pastedFile("a\tb\r\n1\t2\r\n", "p.tsv");
    expect(await file?.text()).toBe("a\tb\n1\t2\n");
    expect(pastedFile("hello", "p.tsv")).toBeNull();
  });
  it("says how many rows it has", () => expect(rowCount("a\tb\r\n1\t2\r\n\r\n")).toBe(2));
});
