import { describe, expect, it } from "vitest";
import { formatBytes, formatChange, formatDay, formatDays, formatFigure, formatNumber, formatRelative, formatShort, formatTile, judge, sampleOf, type Unit } from "./format";

const tile = (value: number | null, unit: Unit, language: "zh" | "en", noun = "") => {
  const { prefix, number, suffix } = formatTile(value, unit, language, noun);
  return [prefix, number, suffix].filter(Boolean).join("|");
};

describe("numbers", () => {
  it("are grouped, with U+2212 as minus and a dash for no value", () => {
    expect(formatNumber(1234567)).toBe("1,234,567");
    expect(formatNumber(-1234.5, { places: 1 })).toBe("−1,234.5");
    expect(formatNumber(999)).toBe("999");
    expect(formatNumber(1000)).toBe("1,000");
    expect(formatNumber(null)).toBe("—");
    expect(formatNumber(undefined)).toBe("—");
    expect(formatNumber(NaN)).toBe("—");
    expect(formatNumber(Infinity)).toBe("—");
  });

  it("round half away from zero on the decimal text, not on binary fractions", () => {
    expect(formatNumber(62.5)).toBe("63");
    expect(formatNumber(-62.5)).toBe("−63");
    expect(formatNumber(0.285, { places: 2 })).toBe("0.29");
    expect(formatNumber(1.005, { places: 2 })).toBe("1.01");
    expect(formatNumber(2.675, { places: 2 })).toBe("2.68");
    expect(formatNumber(0.145, { shift: 2 })).toBe("15");
    expect(formatNumber(0.2849, { shift: 2 })).toBe("28");
  });

  it("lose no digit of large or tiny values", () => {
    expect(formatNumber(9007199254740991)).toBe("9,007,199,254,740,991");
    expect(formatNumber(123456789012.34, { places: 2 })).toBe("123,456,789,012.34");
    expect(formatNumber(1e21)).toBe("1,000,000,000,000,000,000,000");
    expect(formatNumber(1.5e-7, { places: 8 })).toBe("0.00000015");
    expect(formatNumber(5e-7, { places: 6 })).toBe("0.000001");
  });

  it("never show a minus before zero", () => {
    expect(formatNumber(-0.4)).toBe("0");
    expect(formatNumber(-0)).toBe("0");
    expect(formatNumber(0.2, { sign: "always" })).toBe("0");
    expect(formatNumber(3, { sign: "always" })).toBe("+3");
    expect(formatNumber(-3, { sign: "never" })).toBe("3");
  });
});

describe("figures of a table", () => {
  it("follow the unit", () => {
    expect(formatFigure(0.72093, "percent")).toBe("72%");
    expect(formatFigure(0.72093, "percent", { places: 1 })).toBe("72.1%");
    expect(formatFigure(8891500, "money")).toBe("8,891,500.00");
    expect(formatFigure(301, "count")).toBe("301");
    expect(formatFigure(1.25, "count")).toBe("1.25");
    expect(formatFigure(100, "count")).toBe("100");
    expect(formatFigure(1200, "count")).toBe("1,200");
    expect(formatFigure(12.35, "day")).toBe("12.4");
    expect(formatFigure(1.5, "ratio")).toBe("1.50");
    expect(formatFigure(0.023, "percent_points")).toBe("2.3");
    expect(formatFigure(1.204, "percent")).toBe("120%");
    expect(formatFigure(null, "percent")).toBe("—");
  });
});

describe("figures of a tile", () => {
  it("shorten money to 万 and 亿 in Chinese, K and M in English", () => {
    expect(tile(8891500, "money", "zh")).toBe("889|万元");
    expect(tile(8891500, "money", "en")).toBe("¥|8.89|M");
    expect(tile(17760000, "money", "zh")).toBe("1,776|万元");
    expect(tile(17760000, "money", "en")).toBe("¥|17.8|M");
    expect(tile(189800, "money", "zh")).toBe("19.0|万元");
    expect(tile(1234567890, "money", "zh")).toBe("12.3|亿元");
    expect(tile(9999, "money", "zh")).toBe("9,999|元");
    expect(tile(-2210000, "money", "zh")).toBe("−221|万元");
    expect(tile(25000, "money", "en")).toBe("¥|25.0|K");
  });

  it("move into the next unit when rounding reaches it", () => {
    expect(tile(99_999_999, "money", "zh")).toBe("1.00|亿元");
    expect(tile(999_960, "money", "en")).toBe("¥|1.00|M");
    expect(tile(999_400, "money", "en")).toBe("¥|999|K");
    expect(tile(99_960, "money", "zh")).toBe("10.0|万元");
    expect(tile(999_600, "money", "zh")).toBe("100|万元");
  });

  it("keep counts whole until a million", () => {
    expect(tile(55, "count", "zh", "台")).toBe("55|台");
    expect(tile(612480, "count", "en")).toBe("612,480");
    expect(tile(1_234_567, "count", "zh", "批")).toBe("123|万批");
    expect(tile(1_234_567, "count", "en")).toBe("1.23|M");
  });

  it("show rates with one decimal", () => {
    expect(tile(0.721, "percent", "zh")).toBe("72.1|%");
    expect(tile(0.7205, "percent", "en")).toBe("72.1|%");
    expect(tile(null, "percent", "zh")).toBe("—");
    expect(formatShort(0.25, "percent", "zh")).toBe("25.0%");
    expect(formatShort(17760000, "money", "zh")).toBe("1,776 万元");
    expect(formatShort(-17760000, "money", "en")).toBe("−¥17.8M");
  });
});

describe("changes", () => {
  it("of a rate are points, without a sign: the arrow has it", () => {
    expect(formatChange(0.023, "percent", "zh")).toEqual({ direction: "up", text: "2.3 点" });
    expect(formatChange(-0.014, "percent", "en")).toEqual({ direction: "down", text: "1.4 pp" });
    expect(formatChange(-5, "count", "zh", "台")).toEqual({ direction: "down", text: "5 台" });
    expect(formatChange(-2210000, "money", "zh")).toEqual({ direction: "down", text: "221 万元" });
    expect(formatChange(null, "count", "zh")).toBeNull();
  });
  it("that show as zero are none", () => {
    expect(formatChange(0.0004, "percent", "zh")).toEqual({ direction: "same", text: "0.0 点" });
    expect(formatChange(-0, "count", "zh")).toEqual({ direction: "same", text: "0" });
  });
  it("against another period are relative, where there is something to compare with", () => {
    expect(formatRelative(55, 51)).toEqual({ direction: "up", text: "7.8%" });
    expect(formatRelative(90, 100)).toEqual({ direction: "down", text: "10.0%" });
    expect(formatRelative(1, 0)).toBeNull();
    expect(formatRelative(null, 3)).toBeNull();
    expect(formatRelative(-50, -100)).toEqual({ direction: "up", text: "50.0%" });
  });
  it("are good or bad by the KPI's direction, not by the arrow", () => {
    expect(judge("up", "higher")).toBe("good");
    expect(judge("up", "lower")).toBe("bad");
    expect(judge("down", "lower")).toBe("good");
    expect(judge("up", "none")).toBe("neutral");
    expect(judge("same", "higher")).toBe("neutral");
  });
});

it("few cases are not judged: below 5 counts only, below 20 grey", () => {
  expect([null, 0, 4, 5, 19, 20].map(sampleOf)).toEqual(["none", "none", "counts", "small", "small", "ok"]);
});

describe("days", () => {
  it("are short, with the year on wish", () => {
    expect(formatDay("2026-10-20", "zh")).toBe("10-20");
    expect(formatDay("2026-10-20", "en")).toBe("20 Oct");
    expect(formatDay("2026-10-07", "zh", { year: true })).toBe("2026-10-07");
    expect(formatDay("2026-10-07", "en", { year: true })).toBe("7 Oct 2026");
    expect(formatDay(null, "zh")).toBe("—");
  });
  it("from and to", () => {
    expect(formatDays("2026-10-01", "2026-10-20", "zh")).toBe("10-01 至 10-20");
    expect(formatDays("2026-10-01", "2026-10-20", "en")).toBe("1–20 Oct");
    expect(formatDays("2026-09-28", "2026-10-20", "en")).toBe("28 Sep – 20 Oct");
    expect(formatDays("2026-10-01", "2026-10-01", "en")).toBe("1 Oct");
  });
});

it("sizes of files", () => {
  expect([12, 418_000, 5_250_000].map(formatBytes)).toEqual(["12 B", "418 KB", "5.3 MB"]);
});
