import { describe, expect, it } from "vitest";
import { cellKey, fill, isChanged, kEmptyGrid, move, parseFigure, pasteAt, redo, shownText, type, undo } from "./grid";

const stored = (key: string) => (key === "a\n1" ? "10" : "");
const a1 = cellKey("a", "1");
const b1 = cellKey("b", "1");

describe("the readings grid", () => {
  it("shows what is stored until something is typed over it", () => {
    expect(shownText(kEmptyGrid, stored, a1)).toBe("10");
    const state = type(kEmptyGrid, stored, [{ key: a1, text: " 12 " }]);
    expect(shownText(state, stored, a1)).toBe("12");
    expect(isChanged(state, a1)).toBe(true);
  });
  it("counts nothing as changed that was typed back", () => {
    const once = type(kEmptyGrid, stored, [{ key: a1, text: "12" }]);
    const back = type(once, stored, [{ key: a1, text: "10" }]);
    expect(back.typed.size).toBe(0);
    expect(undo(back).typed.get(a1)).toBe("12");
  });
  it("undoes a pasted block in one step, and does it again", () => {
    const pasted = type(kEmptyGrid, stored, [
      { key: a1, text: "1" },
      { key: b1, text: "2" },
    ]);
    const undone = undo(pasted);
    expect(undone.typed.size).toBe(0);
    const again = redo(undone);
    expect([again.typed.get(a1), again.typed.get(b1)]).toEqual(["1", "2"]);
    expect(undo(kEmptyGrid)).toBe(kEmptyGrid);
    expect(redo(pasted)).toBe(pasted);
  });
  it("forgets what was undone once something else is typed", () => {
    const first = type(kEmptyGrid, stored, [{ key: a1, text: "1" }]);
    const other = type(undo(first), stored, [{ key: b1, text: "2" }]);
    expect(redo(other)).toBe(other);
  });
  it("makes no step of what changes nothing", () => {
    expect(type(kEmptyGrid, stored, [{ key: a1, text: "10" }])).toBe(kEmptyGrid);
  });

  it("pastes a block from the corner and cuts it at the edge", () => {
    const at = { row: 1, column: 1 };
    const cells = pasteAt([["1", "2"], ["3", "4"]], { anchor: at, head: at }, { rows: 2, columns: 3 });
    expect(cells).toEqual([
      { position: { row: 1, column: 1 }, text: "1" },
      { position: { row: 1, column: 2 }, text: "2" },
    ]);
  });
  it("fills the selection with a single copied cell", () => {
    const cells = pasteAt([["7"]], { anchor: { row: 1, column: 0 }, head: { row: 0, column: 1 } }, { rows: 3, columns: 3 });
    expect(cells).toHaveLength(4);
  });
  it("fills down and right from the first row or column", () => {
    const selection = { anchor: { row: 0, column: 0 }, head: { row: 2, column: 0 } };
    expect(fill(selection, "down", () => "x").map((c) => c.position.row)).toEqual([1, 2]);
    expect(fill(selection, "right", () => "x")).toEqual([]);
  });
  it("goes through rows with Tab and stops at the ends", () => {
    const size = { rows: 2, columns: 2 };
    expect(move({ row: 0, column: 1 }, "Tab", size)).toEqual({ row: 1, column: 0 });
    expect(move({ row: 1, column: 1 }, "Tab", size)).toEqual({ row: 1, column: 1 });
    expect(move({ row: 0, column: 0 }, "Tab", size, { shift: true })).toEqual({ row: 0, column: 0 });
    expect(move({ row: 0, column: 0 }, "ArrowDown", size, { ctrl: true })).toEqual({ row: 1, column: 0 });
    expect(move({ row: 1, column: 0 }, "Enter", size, { shift: true })).toEqual({ row: 0, column: 0 });
  });
});

describe("a typed figure", () => {
  it.each([
    ["1,234.50", "1234.5"],
    ["１２３", "123"],
    ["−5", "-5"],
    ["(5)", "-5"],
    ["（1,000）", "-1000"],
    ["12%", "0.12"],
    ["0.5%", "0.005"],
    ["3.5万", "35000"],
    ["3.5万元", "35000"],
    ["1.2亿", "120000000"],
    ["¥ 100", "100"],
    [".5", "0.5"],
    ["007", "7"],
    ["-0", "0"],
    ["9007199254740993", "9007199254740993"],
  ])("%s is %s", (text, value) => expect(parseFigure(text)).toBe(value));
  it.each(["", "—", "abc", "1.2.3", "1e5", "-", "%"])("%s is none", (text) => expect(parseFigure(text)).toBeNull());
});
