import { describe, expect, it } from "vitest";
import { formatCells, formatCsv, looksLikeCells, parseCells } from "./clipboard";

describe("cells copied from a spreadsheet", () => {
  it("are rows of cells, the trailing empty line aside", () => {
    expect(parseCells("a\tb\r\nc\t\r\n")).toEqual([
      ["a", "b"],
      ["c", ""],
    ]);
  });
  it("keep line breaks, tabs and quotation marks inside quoted cells", () => {
    expect(parseCells('"one\ntwo"\t"say ""hi"""\t"a\tb"\nx\ty\tz')).toEqual([
      ["one\ntwo", 'say "hi"', "a\tb"],
      ["x", "y", "z"],
    ]);
  });
  it("keep quotation marks that are not the format's", () => {
    expect(parseCells('19" rim\tx\n"Lion" red\ty')).toEqual([
      ['19" rim', "x"],
      ['"Lion" red', "y"],
    ]);
  });
  it("keep an empty first cell and an empty quoted last cell", () => {
    expect(parseCells('\tb\n""')).toEqual([["", "b"]]);
    expect(parseCells('x\t""')).toEqual([["x", ""]]);
  });
  it("are split at another separator only where every line has it and none has tabs", () => {
    expect(parseCells("S1,张三\nS2,李四", ["，", ","])).toEqual([
      ["S1", "张三"],
      ["S2", "李四"],
    ]);
    expect(parseCells("S1，张三，一组\nS2，李四，二组", ["，", ","])).toEqual([
      ["S1", "张三", "一组"],
      ["S2", "李四", "二组"],
    ]);
    expect(parseCells("S1, Zhang\nS2", [","])).toEqual([["S1, Zhang"], ["S2"]]);
  });
  it("come back the same", () => {
    const rows = [
      ["a\nb", 'c"d', "e\tf"],
      ["1", "", "2"],
    ];
    expect(parseCells(formatCells(rows))).toEqual(rows);
  });
  it("are told from a word", () => {
    expect(looksLikeCells("hello")).toBe(false);
    expect(looksLikeCells("a\tb")).toBe(true);
    expect(looksLikeCells("a\nb")).toBe(true);
    expect(looksLikeCells("\n\n")).toBe(false);
  });
});

describe("CSV", () => {
  it("quotes what needs it and disarms formulas, numbers aside", () => {
    expect(formatCsv([["a,b", 'c"d', "=1+1", "-3.5", "-x"]])).toBe('\u{FEFF}"a,b","c""d",\'=1+1,-3.5,\'-x\r\n');
  });
});
