import type { Language } from "@/i18n";

// Periods as the server reads them: 2026, 2026H1, 2026Q4, 2026-10, 2026-W43, 2026-10-07, or A..B of these, both ends
// included. Weeks begin on Monday and carry ISO numbers. Pure: today is always told.

export type Grain = "year" | "half" | "quarter" | "month" | "week" | "day";
// Days since 1970-01-01.
export type DayNumber = number;

export interface Period {
  // What unit of the calendar it is; "range" when it is none.
  kind: Grain | "range";
  from: DayNumber;
  to: DayNumber;
}

// ---- Days ----

export function dayNumber(year: number, month: number, day: number): DayNumber {
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  return Math.round(at.getTime() / 86_400_000);
}
export function civil(day: DayNumber): { year: number; month: number; day: number } {
  const at = new Date(day * 86_400_000);
  return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() };
}
export function daysInMonth(year: number, month: number): number {
  return dayNumber(month === 12 ? year + 1 : year, month === 12 ? 1 : month + 1, 1) - dayNumber(year, month, 1);
}
// Sunday is 0.
export function weekday(day: DayNumber): number {
  return (((day + 4) % 7) + 7) % 7;
}
const two = (n: number) => String(n).padStart(2, "0");
const four = (n: number) => String(n).padStart(4, "0");

export function formatIso(day: DayNumber): string {
  const { year, month, day: d } = civil(day);
  return `${four(year)}-${two(month)}-${two(d)}`;
}
export function parseIso(text: string): DayNumber | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!match) return null;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  return dayNumber(year, month, day);
}
// The same day `months` later, clipped to the month's last day.
export function addMonths(day: DayNumber, months: number): DayNumber {
  const { year, month, day: d } = civil(day);
  const index = year * 12 + (month - 1) + months;
  const y = Math.floor(index / 12);
  const m = index - y * 12 + 1;
  return dayNumber(y, m, Math.min(d, daysInMonth(y, m)));
}
// Today on this device; the server's business day (session) is better where it is known.
export function localToday(): DayNumber {
  const now = new Date();
  return dayNumber(now.getFullYear(), now.getMonth() + 1, now.getDate());
}

// ---- Units ----

function firstWeek(year: number): DayNumber {
  // The week with 4 January.
  const fourth = dayNumber(year, 1, 4);
  return fourth - ((weekday(fourth) + 6) % 7);
}
export function isoWeek(day: DayNumber): { year: number; week: number } {
  const monday = day - ((weekday(day) + 6) % 7);
  const year = civil(monday + 3).year;
  return { year, week: (monday - firstWeek(year)) / 7 + 1 };
}
function weeksIn(year: number): number {
  return (firstWeek(year + 1) - firstWeek(year)) / 7;
}

const kMonthsOf: Record<"year" | "half" | "quarter" | "month", number> = { year: 12, half: 6, quarter: 3, month: 1 };

// The unit of that grain in which the day lies.
export function unitAt(day: DayNumber, grain: Grain): Period {
  if (grain === "day") return { kind: "day", from: day, to: day };
  if (grain === "week") {
    const monday = day - ((weekday(day) + 6) % 7);
    return { kind: "week", from: monday, to: monday + 6 };
  }
  const { year, month } = civil(day);
  const size = kMonthsOf[grain];
  const first = Math.floor((month - 1) / size) * size + 1;
  const from = dayNumber(year, first, 1);
  return { kind: grain, from, to: addMonths(from, size) - 1 };
}

function parseUnit(text: string): Period | null {
  let match;
  if ((match = /^(\d{4})$/.exec(text))) {
    const year = Number(match[1]);
    return year < 1 ? null : unitAt(dayNumber(year, 1, 1), "year");
  }
  if ((match = /^(\d{4})H([12])$/.exec(text))) return unitAt(dayNumber(Number(match[1]), match[2] === "1" ? 1 : 7, 1), "half");
  if ((match = /^(\d{4})Q([1-4])$/.exec(text))) return unitAt(dayNumber(Number(match[1]), Number(match[2]) * 3 - 2, 1), "quarter");
  if ((match = /^(\d{4})-W(\d\d)$/.exec(text))) {
    const year = Number(match[1]);
    const week = Number(match[2]);
    if (week < 1 || week > weeksIn(year)) return null;
    return unitAt(firstWeek(year) + (week - 1) * 7, "week");
  }
  if ((match = /^(\d{4})-(\d\d)$/.exec(text))) {
    const month = Number(match[2]);
    return month < 1 || month > 12 ? null : unitAt(dayNumber(Number(match[1]), month, 1), "month");
  }
  const day = parseIso(text);
  return day === null ? null : unitAt(day, "day");
}

// The calendar unit that these days are, else a range.
export function periodOf(from: DayNumber, to: DayNumber): Period {
  for (const grain of ["day", "week", "month", "quarter", "half", "year"] as const) {
    const unit = unitAt(from, grain);
    if (unit.from === from && unit.to === to) return unit;
  }
  return { kind: "range", from, to };
}

// Nothing for what is no period, also where the later end comes first.
export function parsePeriod(text: string): Period | null {
  const parts = text.trim().toUpperCase().split("..");
  if (parts.length > 2) return null;
  const first = parseUnit(parts[0]!);
  if (!first || parts.length === 1) return first;
  const last = parseUnit(parts[1]!);
  if (!last || first.from > last.to) return null;
  return periodOf(first.from, last.to);
}

function wholeMonths(period: Period): number {
  const from = civil(period.from);
  const after = civil(period.to + 1);
  if (from.day !== 1 || after.day !== 1) return 0;
  return after.year * 12 + after.month - (from.year * 12 + from.month);
}

// Back to text, in the shortest form: what stands in the URL and goes to the server.
export function formatPeriod(period: Period): string {
  const { year, month } = civil(period.from);
  switch (period.kind) {
    case "year":
      return four(year);
    case "half":
      return `${four(year)}H${month === 1 ? 1 : 2}`;
    case "quarter":
      return `${four(year)}Q${(month + 2) / 3}`;
    case "month":
      return `${four(year)}-${two(month)}`;
    case "week": {
      const week = isoWeek(period.from);
      return `${four(week.year)}-W${two(week.week)}`;
    }
    case "day":
      return formatIso(period.from);
    case "range":
      return wholeMonths(period) > 0
        ? `${formatIso(period.from).slice(0, 7)}..${formatIso(period.to).slice(0, 7)}`
        : `${formatIso(period.from)}..${formatIso(period.to)}`;
  }
}

// The neighbour: a unit's next unit, whole months by as many months, else by as many days.
export function step(period: Period, by: -1 | 1): Period {
  if (period.kind !== "range") return unitAt(by > 0 ? period.to + 1 : period.from - 1, period.kind);
  const months = wholeMonths(period);
  if (months > 0) {
    const from = addMonths(period.from, by * months);
    return periodOf(from, addMonths(from, months) - 1);
  }
  const days = period.to - period.from + 1;
  return periodOf(period.from + by * days, period.to + by * days);
}
export const previous = (period: Period) => step(period, -1);
export const next = (period: Period) => step(period, 1);

// The same period of last year, as the server compares: a week by its number (53 becomes 52), else the same dates.
export function yearAgo(period: Period): Period {
  if (period.kind === "week") {
    const { year, week } = isoWeek(period.from);
    return unitAt(firstWeek(year - 1) + (Math.min(week, weeksIn(year - 1)) - 1) * 7, "week");
  }
  const from = addMonths(period.from, -12);
  const months = wholeMonths(period);
  return months > 0 ? periodOf(from, addMonths(from, months) - 1) : periodOf(from, addMonths(period.to, -12));
}

// Under way: begun, and not over before the end of today. Such a period is shown "to" today.
export function isPartial(period: Period, today: DayNumber): boolean {
  return period.from <= today && today < period.to;
}

// ---- Words ----

const kMonthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const kWeekdayNames = { zh: ["周日", "周一", "周二", "周三", "周四", "周五", "周六"], en: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] };

function dayLabel(day: DayNumber, language: Language): string {
  const { year, month, day: d } = civil(day);
  return language === "zh" ? `${four(year)}-${two(month)}-${two(d)}` : `${d} ${kMonthNames[month - 1]} ${year}`;
}

// 2026年10月 / Oct 2026; 2026年 W43 / W43 2026; 2026年4–9月 / Apr – Sep 2026.
export function periodLabel(period: Period, language: Language): string {
  const { year, month } = civil(period.from);
  const zh = language === "zh";
  switch (period.kind) {
    case "year":
      return zh ? `${year}年` : `${year}`;
    case "half":
      return zh ? `${year}年${month === 1 ? "上" : "下"}半年` : `H${month === 1 ? 1 : 2} ${year}`;
    case "quarter":
      return zh ? `${year}年${(month + 2) / 3}季度` : `Q${(month + 2) / 3} ${year}`;
    case "month":
      return zh ? `${year}年${month}月` : `${kMonthNames[month - 1]} ${year}`;
    case "week": {
      const week = isoWeek(period.from);
      return zh ? `${week.year}年 W${two(week.week)}` : `W${two(week.week)} ${week.year}`;
    }
    case "day": {
      const name = kWeekdayNames[language][weekday(period.from)];
      return zh ? `${dayLabel(period.from, language)} ${name}` : `${name} ${dayLabel(period.from, language)}`;
    }
    case "range": {
      if (wholeMonths(period) > 0) {
        const end = civil(period.to);
        if (zh) return end.year === year ? `${year}年${month}–${end.month}月` : `${year}年${month}月–${end.year}年${end.month}月`;
        return end.year === year
          ? `${kMonthNames[month - 1]} – ${kMonthNames[end.month - 1]} ${year}`
          : `${kMonthNames[month - 1]} ${year} – ${kMonthNames[end.month - 1]} ${end.year}`;
      }
      return zh
        ? `${dayLabel(period.from, language)} 至 ${dayLabel(period.to, language)}`
        : `${dayLabel(period.from, language)} – ${dayLabel(period.to, language)}`;
    }
  }
}

// For narrow places: 10月 / Oct where the year is this one.
export function periodShortLabel(period: Period, language: Language, today: DayNumber): string {
  const full = periodLabel(period, language);
  if (civil(period.from).year !== civil(today).year || period.kind === "year" || period.kind === "range") return full;
  const { year } = civil(period.from);
  if (language === "zh") return full.replace(new RegExp(`^${year}[年-] ?`), "");
  return full.replace(new RegExp(` ${year}$`), "");
}

// What a period under way is marked with: 截至 10-20 / to 20 Oct. Empty for one that is over or still to come.
export function toDateLabel(period: Period, language: Language, today: DayNumber): string {
  if (!isPartial(period, today)) return "";
  const { month, day } = civil(today);
  return language === "zh" ? `截至 ${two(month)}-${two(day)}` : `to ${day} ${kMonthNames[month - 1]}`;
}

// ---- Choices ----

export type Preset = "today" | "this-week" | "this-month" | "last-month" | "this-quarter" | "this-year" | "last-12-months";
export function preset(id: Preset, today: DayNumber): Period {
  switch (id) {
    case "today":
      return unitAt(today, "day");
    case "this-week":
      return unitAt(today, "week");
    case "this-month":
      return unitAt(today, "month");
    case "last-month":
      return previous(unitAt(today, "month"));
    case "this-quarter":
      return unitAt(today, "quarter");
    case "this-year":
      return unitAt(today, "year");
    case "last-12-months": {
      const month = unitAt(today, "month");
      return periodOf(addMonths(month.from, -11), month.to);
    }
  }
}
export const kPresets: readonly Preset[] = ["today", "this-week", "this-month", "last-month", "this-quarter", "this-year", "last-12-months"];

// The units of one year, for the picker.
export function unitsOfYear(year: number, grain: "half" | "quarter" | "month" | "week"): Period[] {
  if (grain === "week") {
    return Array.from({ length: weeksIn(year) }, (_, i) => unitAt(firstWeek(year) + i * 7, "week"));
  }
  const size = kMonthsOf[grain];
  return Array.from({ length: 12 / size }, (_, i) => unitAt(dayNumber(year, i * size + 1, 1), grain));
}

// What somebody types: any period text; Q3, H1, W43, 10月, 2026年10月, Oct, Oct 2026, 上月, last month … Without a year
// it is the latest such period that has begun.
export function parseTyped(text: string, today: DayNumber): Period | null {
  const typed = text.trim();
  const exact = parsePeriod(typed.replaceAll("/", "-").replace(/\s+至\s+|\s+to\s+/i, ".."));
  if (exact) return exact;
  const words: Record<string, Preset> = {
    今天: "today", today: "today", 本周: "this-week", "this week": "this-week", 本月: "this-month", "this month": "this-month",
    上月: "last-month", 上个月: "last-month", "last month": "last-month", 本季: "this-quarter", 本季度: "this-quarter",
    "this quarter": "this-quarter", 今年: "this-year", 本年: "this-year", "this year": "this-year", 近12个月: "last-12-months",
    "last 12 months": "last-12-months",
  };
  const lower = typed.toLowerCase();
  if (words[lower]) return preset(words[lower], today);
  if (lower === "去年" || lower === "last year") return previous(unitAt(today, "year"));
  if (lower === "昨天" || lower === "yesterday") return unitAt(today - 1, "day");
  if (lower === "上周" || lower === "last week") return previous(unitAt(today, "week"));

  const thisYear = civil(today).year;
  const begun = (at: (year: number) => Period | null): Period | null => {
    const now = at(thisYear);
    return now && now.from <= today ? now : at(thisYear - 1);
  };
  const yearOr = (year: string | undefined, at: (year: number) => Period | null) => (year ? at(Number(year)) : begun(at));
  let match;
  if ((match = /^(?:(\d{4})年?\s*)?([1-9]|1[0-2])月$/.exec(typed))) {
    return yearOr(match[1], (year) => parsePeriod(`${four(year)}-${two(Number(match![2]))}`));
  }
  if ((match = /^(\d{4})-([1-9])$/.exec(typed))) return parsePeriod(`${match[1]}-0${match[2]}`);
  if ((match = /^(?:(\d{4})年?\s*)?(?:q([1-4])|([1-4])季度)(?:\s+(\d{4}))?$/.exec(lower))) {
    return yearOr(match[1] ?? match[4], (year) => parsePeriod(`${four(year)}Q${match![2] ?? match![3]}`));
  }
  if ((match = /^(?:(\d{4})\s*)?h([12])(?:\s+(\d{4}))?$/.exec(lower))) {
    return yearOr(match[1] ?? match[3], (year) => parsePeriod(`${four(year)}H${match![2]}`));
  }
  if ((match = /^(?:(\d{4})年?[\s-]*)?w(\d{1,2})(?:\s+(\d{4}))?$/.exec(lower))) {
    return yearOr(match[1] ?? match[3], (year) => parsePeriod(`${four(year)}-W${two(Number(match![2]))}`));
  }
  if ((match = /^([a-z]{3})[a-z]*(?:\s+(\d{4}))?$/.exec(lower))) {
    const month = kMonthNames.findIndex((name) => name.toLowerCase() === match![1]) + 1;
    if (month > 0) return yearOr(match[2], (year) => parsePeriod(`${four(year)}-${two(month)}`));
  }
  if ((match = /^(\d{4})年$/.exec(typed))) return parsePeriod(match[1]!);
  return null;
}
