import { describe, expect, it } from "vitest";
import { civil, dayNumber, formatIso, formatPeriod, isoWeek, isPartial, next, parseIso, parsePeriod, parseTyped, periodLabel, periodOf, periodShortLabel, preset, previous, toDateLabel, unitAt, unitsOfYear, weekday, yearAgo } from "./period";

const days = (text: string) => {
  const period = parsePeriod(text);
  return period && `${formatIso(period.from)} ${formatIso(period.to)}`;
};
const today = dayNumber(2026, 10, 20); // a Tuesday

describe("reading", () => {
  it.each([
    ["2026", "2026-01-01 2026-12-31"],
    ["2026H1", "2026-01-01 2026-06-30"],
    ["2026H2", "2026-07-01 2026-12-31"],
    ["2026Q4", "2026-10-01 2026-12-31"],
    ["2026-10", "2026-10-01 2026-10-31"],
    ["2024-02", "2024-02-01 2024-02-29"],
    ["2026-W43", "2026-10-19 2026-10-25"],
    ["2026-W01", "2025-12-29 2026-01-04"],
    ["2026-W53", "2026-12-28 2027-01-03"],
    ["2026-10-07", "2026-10-07 2026-10-07"],
    ["2026-04..2026-09", "2026-04-01 2026-09-30"],
    ["2026-10-07..2026Q4", "2026-10-07 2026-12-31"],
    ["0099", "0099-01-01 0099-12-31"],
  ])("%s", (text, expected) => expect(days(text)).toBe(expected));

  it.each(["", "26", "2026-13", "2026-00", "2026-02-30", "2025-W53", "2026-W00", "2026Q5", "2026H3", "2026-9", "2026..", "2026-10..2026-09", "2026..2026-01-01..2027", "0000", "x"])("%s is no period", (text) =>
    expect(parsePeriod(text)).toBeNull(),
  );

  it("and writing agree, in the shortest form", () => {
    for (const text of ["2026", "2026H1", "2026Q4", "2026-10", "2026-W43", "2026-10-07", "2026-04..2026-09", "2025-11..2026-10", "2026-10-07..2026-10-20"]) expect(formatPeriod(parsePeriod(text)!)).toBe(text === "2026-04..2026-09" ? "2026-04..2026-09" : text);
    expect(formatPeriod(parsePeriod("2026-01..2026-12")!)).toBe("2026");
    expect(formatPeriod(parsePeriod("2026-10-01..2026-10-31")!)).toBe("2026-10");
    expect(formatPeriod(parsePeriod("2026-10-19..2026-10-25")!)).toBe("2026-W43");
  });
});

describe("stepping", () => {
  it.each([
    ["2026", "2025", "2027"],
    ["2026H1", "2025H2", "2026H2"],
    ["2026Q1", "2025Q4", "2026Q2"],
    ["2026-01", "2025-12", "2026-02"],
    ["2026-W01", "2025-W52", "2026-W02"],
    ["2027-W01", "2026-W53", "2027-W02"],
    ["2024-03-01", "2024-02-29", "2024-03-02"],
    ["2026-04..2026-08", "2025-11..2026-03", "2026-09..2027-01"],
    ["2026-10-07..2026-10-09", "2026-10-04..2026-10-06", "2026-10-10..2026-10-12"],
  ])("%s", (text, before, after) => {
    const period = parsePeriod(text)!;
    expect(formatPeriod(previous(period))).toBe(before);
    expect(formatPeriod(next(period))).toBe(after);
    expect(formatPeriod(next(previous(period)))).toBe(text);
  });

  it.each([
    ["2026-10", "2025-10"],
    ["2026-W53", "2025-W52"],
    ["2024-02", "2023-02"],
    ["2025-02", "2024-02"],
    ["2024-02-29", "2023-02-28"],
    ["2026-10-01..2026-10-20", "2025-10-01..2025-10-20"],
  ])("%s a year ago is %s", (text, expected) => expect(formatPeriod(yearAgo(parsePeriod(text)!))).toBe(expected));
});

describe("words", () => {
  it.each([
    ["2026", "2026年", "2026"],
    ["2026H1", "2026年上半年", "H1 2026"],
    ["2026Q3", "2026年3季度", "Q3 2026"],
    ["2026-10", "2026年10月", "Oct 2026"],
    ["2026-W43", "2026年 W43", "W43 2026"],
    ["2026-10-20", "2026-10-20 周二", "Tue 20 Oct 2026"],
    ["2026-04..2026-08", "2026年4–8月", "Apr – Aug 2026"],
    ["2025-11..2026-10", "2025年11月–2026年10月", "Nov 2025 – Oct 2026"],
    ["2026-10-01..2026-10-20", "2026-10-01 至 2026-10-20", "1 Oct 2026 – 20 Oct 2026"],
  ])("%s", (text, zh, en) => {
    expect(periodLabel(parsePeriod(text)!, "zh")).toBe(zh);
    expect(periodLabel(parsePeriod(text)!, "en")).toBe(en);
  });

  it("leave out this year where there is little room", () => {
    expect(periodShortLabel(parsePeriod("2026-10")!, "zh", today)).toBe("10月");
    expect(periodShortLabel(parsePeriod("2026-10")!, "en", today)).toBe("Oct");
    expect(periodShortLabel(parsePeriod("2025-10")!, "en", today)).toBe("Oct 2025");
    expect(periodShortLabel(parsePeriod("2026-10-20")!, "zh", today)).toBe("10-20 周二");
  });

  it("say until when a period under way is shown", () => {
    expect(toDateLabel(parsePeriod("2026-10")!, "zh", today)).toBe("截至 10-20");
    expect(toDateLabel(parsePeriod("2026-10")!, "en", today)).toBe("to 20 Oct");
    expect(toDateLabel(parsePeriod("2026-09")!, "zh", today)).toBe("");
    expect(toDateLabel(parsePeriod("2026-11")!, "zh", today)).toBe("");
    expect(isPartial(parsePeriod("2026-10-20")!, today)).toBe(false);
    expect(isPartial(parsePeriod("2026-10-01..2026-10-20")!, today)).toBe(false);
  });
});

it("presets", () => {
  const text = (id: Parameters<typeof preset>[0]) => formatPeriod(preset(id, today));
  expect(text("today")).toBe("2026-10-20");
  expect(text("this-week")).toBe("2026-W43");
  expect(text("this-month")).toBe("2026-10");
  expect(text("last-month")).toBe("2026-09");
  expect(text("this-quarter")).toBe("2026Q4");
  expect(text("this-year")).toBe("2026");
  expect(text("last-12-months")).toBe("2025-11..2026-10");
  expect(formatPeriod(preset("last-12-months", dayNumber(2026, 12, 31)))).toBe("2026");
});

it.each([
  ["2026-10", "2026-10"],
  ["2026/10", "2026-10"],
  ["2026-9", "2026-09"],
  ["q3", "2026Q3"],
  ["Q4 2025", "2025Q4"],
  ["2025年3季度", "2025Q3"],
  ["9月", "2026-09"],
  ["11月", "2025-11"],
  ["2025年10月", "2025-10"],
  ["oct", "2026-10"],
  ["December", "2025-12"],
  ["oct 2024", "2024-10"],
  ["w43", "2026-W43"],
  ["w5", "2026-W05"],
  ["h1", "2026H1"],
  ["上月", "2026-09"],
  ["last month", "2026-09"],
  ["去年", "2025"],
  ["yesterday", "2026-10-19"],
  ["2026-10-01 至 2026-10-07", "2026-10-01..2026-10-07"],
])("%s is understood as typed", (typed, expected) => expect(formatPeriod(parseTyped(typed, today)!)).toBe(expected));
it.each(["", "城西店", "close rate", "13月", "w60"])("“%s” is no period to anybody", (typed) => expect(parseTyped(typed, today)).toBeNull());

describe("the calendar", () => {
  it("counts days from 1970 and back, leap years included", () => {
    expect(dayNumber(1970, 1, 1)).toBe(0);
    for (const iso of ["1999-12-31", "2000-02-29", "2024-02-29", "2026-10-20", "0001-01-01"]) expect(formatIso(parseIso(iso)!)).toBe(iso);
    expect(civil(dayNumber(2024, 2, 28) + 1)).toEqual({ year: 2024, month: 2, day: 29 });
    expect(weekday(today)).toBe(2);
  });
  it("numbers weeks as ISO 8601 does", () => {
    expect(isoWeek(dayNumber(2027, 1, 3))).toEqual({ year: 2026, week: 53 });
    expect(isoWeek(dayNumber(2025, 12, 29))).toEqual({ year: 2026, week: 1 });
  });
  it("finds the unit of a stretch of days", () => {
    expect(periodOf(unitAt(today, "quarter").from, unitAt(today, "quarter").to).kind).toBe("quarter");
    expect(periodOf(today, today + 1).kind).toBe("range");
    expect(unitsOfYear(2026, "week")).toHaveLength(53);
    expect(unitsOfYear(2025, "week")).toHaveLength(52);
    expect(unitsOfYear(2026, "quarter").map(formatPeriod)).toEqual(["2026Q1", "2026Q2", "2026Q3", "2026Q4"]);
  });
});
