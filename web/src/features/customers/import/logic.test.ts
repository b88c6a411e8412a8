import { expect, test } from "vitest";
import { choicesOf, doing, firstTab, isDouble, missingOf, share, withColumn } from "./logic";

const counts = { rows: 5, add: 0, change: 0, same: 0, repeated: 0, refused: 0, leads: 0 };

test("a field belongs to one column", () => {
  expect(withColumn(["name", "", "phone"], 1, "phone")).toEqual(["name", "phone", ""]);
  expect(withColumn(["name", "phone"], 1, "")).toEqual(["name", ""]);
  expect(missingOf(["name", ""])).toEqual(["phone"]);
  expect(missingOf(["phone", "name"])).toEqual([]);
});

test("what is refused is looked at first", () => {
  expect(firstTab({ ...counts, add: 4, refused: 1 })).toBe("refused");
  expect(firstTab({ ...counts, change: 2, same: 3 })).toBe("change");
  expect(firstTab({ ...counts, same: 5 })).toBe("same");
  expect(doing({ ...counts, add: 2, change: 1, same: 2 })).toBe(3);
});

test("a second column of one header is named as double", () => {
  const column = (header: string, field: string | null) => ({ header, field, guess: field });
  const list = { columns: [column("电话", "phone"), column("电话", null), column("编号", null)] } as never;
  const known = (header: string) => header;
  expect([0, 1, 2].map((at) => isDouble(list, at, known))).toEqual([false, true, false]);
});

test("how far it is", () => {
  const of = { state: "importing" as const, rows: 200, seen: 50, taken_back: 0, remaining: 0, added: 40, changed: 0 };
  expect(share(of)).toBe(0.25);
  expect(share({ ...of, state: "undoing", taken_back: 10, remaining: 10 })).toBe(0.5);
  expect(share({ ...of, rows: 0 })).toBe(1);
});

test("a list that is no longer kept has no choices", () => {
  expect(choicesOf({ list: null } as never)).toEqual({ columns: [], owner: null, source: null, leads: true, fill: true, consents: [] });
});
