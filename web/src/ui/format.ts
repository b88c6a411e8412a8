import type { Language } from "@/i18n";

// Numbers and dates as people read them. Pure.
//
// A value comes as a JSON number. Its shortest decimal text is what the server wrote, so all rounding is done on that
// text: half away from zero, nothing lost to binary fractions (0.145 is 14.5 %, shown 15 %). Nothing here decides what
// a figure means; that is the catalogue's unit.

export type Unit =
  | "count"
  | "money"
  | "percent"
  | "ratio"
  | "day"
  | "hour"
  | "score"
  | "points"
  | "times"
  | "percent_points";
export type Value = number | null | undefined;

export const kNoValue = "—";
export const kMinus = "\u2212";

interface Decimal {
  negative: boolean;
  digits: bigint; // value = digits × 10^-scale
  scale: number;
}

function decimal(value: number): Decimal {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value));
  if (!match) throw new RangeError(`no finite number: ${value}`);
  const [, sign, whole, fraction = "", exponent = "0"] = match;
  let digits = BigInt(whole! + fraction);
  let scale = fraction.length - Number(exponent);
  if (scale < 0) {
    digits *= 10n ** BigInt(-scale);
    scale = 0;
  }
  return { negative: sign === "-" && digits !== 0n, digits, scale };
}

// The value × 10^shift with exactly `places` decimals, as digits and a point only; rounded half away from zero.
function rounded(value: number, places: number, shift = 0): { negative: boolean; text: string } {
  const { negative, digits, scale } = decimal(value);
  const drop = scale - shift - places;
  let whole: bigint;
  if (drop <= 0) {
    whole = digits * 10n ** BigInt(-drop);
  } else {
    const unit = 10n ** BigInt(drop);
    whole = digits / unit;
    if ((digits % unit) * 2n >= unit) whole += 1n;
  }
  const padded = whole.toString().padStart(places + 1, "0");
  const text = places === 0 ? padded : `${padded.slice(0, -places)}.${padded.slice(-places)}`;
  return { negative: negative && whole !== 0n, text };
}

function grouped(text: string): string {
  const [whole, fraction] = text.split(".");
  const head = whole!.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? head : `${head}.${fraction}`;
}

function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

export interface NumberOptions {
  places?: number;
  trim?: boolean; // trailing zeros of the fraction go
  sign?: "auto" | "always" | "never";
  shift?: number; // shown × 10^shift
}

// A plain number: grouped, U+2212 as minus, — for no value.
export function formatNumber(value: Value, { places = 0, trim = false, sign = "auto", shift = 0 }: NumberOptions = {}): string {
  if (value == null || !Number.isFinite(value)) return kNoValue;
  const { negative, text } = rounded(value, places, shift);
  const body = grouped(trim ? trimmed(text) : text);
  const zero = !/[1-9]/.test(text);
  const mark = sign === "never" ? "" : negative ? kMinus : sign === "always" && !zero ? "+" : "";
  return mark + body;
}

// How many decimals a unit has in a table, and in a tile.
const kPlaces: Record<Unit, { table: number; tile: number; trim?: boolean }> = {
  count: { table: 3, tile: 3, trim: true }, // whole, but goods are sold by weight too
  money: { table: 2, tile: 2 },
  percent: { table: 0, tile: 1 },
  percent_points: { table: 1, tile: 1 },
  ratio: { table: 2, tile: 2 },
  times: { table: 2, tile: 2 },
  day: { table: 1, tile: 1 },
  hour: { table: 1, tile: 1 },
  score: { table: 1, tile: 1 },
  points: { table: 1, tile: 1 },
};

// A figure in a table: the unit stands in the header, except the % sign. `places` overrides the unit's decimals.
export function formatFigure(value: Value, unit: Unit, { places, sign }: Pick<NumberOptions, "places" | "sign"> = {}): string {
  if (value == null || !Number.isFinite(value)) return kNoValue;
  const rule = kPlaces[unit];
  const shift = unit === "percent" || unit === "percent_points" ? 2 : 0;
  const text = formatNumber(value, { places: places ?? rule.table, trim: rule.trim === true && places === undefined, shift, ...(sign ? { sign } : {}) });
  return unit === "percent" ? `${text}%` : text;
}

export interface TileText {
  prefix: string; // ¥
  number: string; // 8.89
  suffix: string; // M, 万元, %
}

// Three significant digits of a large number in units of `steps` (10^exponent and its sign).
function scaled(value: number, steps: readonly { exponent: number; suffix: string }[], from: number): { number: string; suffix: string } | null {
  const size = Math.abs(value);
  if (size < from) return null;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!;
    const last = i === steps.length - 1;
    if (size < 10 ** step.exponent && !last) continue;
    const inUnits = size / 10 ** step.exponent;
    for (let places = inUnits < 10 ? 2 : inUnits < 100 ? 1 : 0; ; places--) {
      const text = rounded(value, places, -step.exponent).text;
      const limit = i > 0 ? 10 ** (steps[i - 1]!.exponent - step.exponent) : Infinity;
      // 999.96 K rounds into the next unit; 9.996 loses a place.
      if (Number(text) >= limit) return scaled(Math.sign(value) * 10 ** steps[i - 1]!.exponent, steps, from);
      if (places > 0 && trimmed(text).length < text.length && text.replace(/\D/g, "").length > 3) continue;
      return { number: (value < 0 ? kMinus : "") + grouped(text), suffix: step.suffix };
    }
  }
  return null;
}

const kChinese = [
  { exponent: 8, suffix: "亿" },
  { exponent: 4, suffix: "万" },
] as const;
const kEnglish = [
  { exponent: 9, suffix: "B" },
  { exponent: 6, suffix: "M" },
  { exponent: 3, suffix: "K" },
] as const;

// A figure in a tile: 889 万元 / ¥8.89M, 72.1 %. `noun` is the unit of a count where it has one (台).
export function formatTile(value: Value, unit: Unit, language: Language, noun = ""): TileText {
  if (value == null || !Number.isFinite(value)) return { prefix: "", number: kNoValue, suffix: "" };
  const zh = language === "zh";
  switch (unit) {
    case "money": {
      const big = scaled(value, zh ? kChinese : kEnglish, 10_000);
      const number = big?.number ?? formatNumber(value, { places: 0 });
      return zh
        ? { prefix: "", number, suffix: `${big?.suffix ?? ""}元` }
        : { prefix: "¥", number, suffix: big?.suffix ?? "" };
    }
    case "count": {
      const big = scaled(value, zh ? kChinese : kEnglish, 1_000_000);
      if (big) return { prefix: "", number: big.number, suffix: big.suffix + noun };
      return { prefix: "", number: formatNumber(value, { places: 3, trim: true }), suffix: noun };
    }
    case "percent":
      return { prefix: "", number: formatNumber(value, { places: 1, shift: 2 }), suffix: "%" };
    case "percent_points":
      return { prefix: "", number: formatNumber(value, { places: 1, shift: 2 }), suffix: zh ? "点" : "pp" };
    case "day":
      return { prefix: "", number: formatNumber(value, { places: 1 }), suffix: zh ? "天" : "d" };
    case "hour":
      return { prefix: "", number: formatNumber(value, { places: 1 }), suffix: zh ? "小时" : "h" };
    case "score":
    case "points":
      return { prefix: "", number: formatNumber(value, { places: 1 }), suffix: zh ? "分" : "" };
    case "times":
      return { prefix: "", number: formatNumber(value, { places: 2 }), suffix: zh ? "次" : "×" };
    default:
      return { prefix: "", number: formatNumber(value, { places: kPlaces[unit].tile }), suffix: "" };
  }
}

// The same in one word: for sentences and narrow notes.
export function formatShort(value: Value, unit: Unit, language: Language, noun = ""): string {
  const { prefix, number, suffix } = formatTile(value, unit, language, noun);
  const gap = suffix && suffix !== "%" && (language === "zh" || ["pp", "d", "h"].includes(suffix)) ? " " : "";
  if (number.startsWith(kMinus) && prefix) return `${kMinus}${prefix}${number.slice(1)}${suffix}`;
  return `${prefix}${number}${gap}${suffix}`;
}

export type Direction = "up" | "down" | "same";
export interface ChangeText {
  direction: Direction;
  text: string; // without sign: the arrow says it
}

// A change of a figure: points for a rate (2.3 点 / 2.3 pp), else the difference in the figure's own unit. A change that
// shows as zero is "same".
export function formatChange(change: Value, unit: Unit, language: Language, noun = ""): ChangeText | null {
  if (change == null || !Number.isFinite(change)) return null;
  const text = formatShort(Math.abs(change), unit === "percent" ? "percent_points" : unit, language, noun);
  return { direction: directionOf(change, text), text };
}

// A change relative to what it is compared with, as on tiles: 7.8 %. Nothing where that is zero or missing.
export function formatRelative(value: Value, versus: Value): ChangeText | null {
  if (value == null || versus == null || versus === 0) return null;
  const change = (value - versus) / Math.abs(versus);
  if (!Number.isFinite(change)) return null;
  const text = formatNumber(Math.abs(change), { places: 1, shift: 2 }) + "%";
  return { direction: directionOf(change, text), text };
}

function directionOf(change: number, text: string): Direction {
  return !/[1-9]/.test(text) ? "same" : change > 0 ? "up" : "down";
}

export type Better = "higher" | "lower" | "none";
// What a move means: colour follows this, the arrow only the direction.
export function judge(direction: Direction, better: Better): "good" | "bad" | "neutral" {
  if (direction === "same" || better === "none") return "neutral";
  return (direction === "up") === (better === "higher") ? "good" : "bad";
}

// How much a rate of n cases may be said of: nothing, counts only, greyed with its interval, or as it is.
export type Sample = "none" | "counts" | "small" | "ok";
export function sampleOf(n: Value): Sample {
  if (n == null || n <= 0) return "none";
  return n < 5 ? "counts" : n < 20 ? "small" : "ok";
}

// ---- Days and instants ----

const kMonths = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;
const kWeekdays = { zh: ["周日", "周一", "周二", "周三", "周四", "周五", "周六"], en: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] } as const;

export function monthName(month: number, language: Language): string {
  return language === "zh" ? `${month}月` : kMonths[month - 1]!;
}
export function weekdayName(weekday: number, language: Language): string {
  return kWeekdays[language][weekday]!;
}

// "2026-10-20" → 10-20 / 20 Oct; with the year 2026-10-20 / 20 Oct 2026.
export function formatDay(iso: string | null | undefined, language: Language, { year = false } = {}): string {
  const match = iso ? /^(\d{4})-(\d\d)-(\d\d)/.exec(iso) : null;
  if (!match) return kNoValue;
  const [, y, m, d] = match;
  if (language === "zh") return year ? `${y}-${m}-${d}` : `${m}-${d}`;
  return `${Number(d)} ${kMonths[Number(m) - 1]}${year ? ` ${y}` : ""}`;
}

// An instant in the time of this device: 10-20 10:30 / 20 Oct 10:30.
export function formatInstant(iso: string | null | undefined, language: Language, { year = false, seconds = false } = {}): string {
  if (!iso) return kNoValue;
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return kNoValue;
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${formatDay(day, language, { year })} ${two(at.getHours())}:${two(at.getMinutes())}${seconds ? `:${two(at.getSeconds())}` : ""}`;
}

// Two days: 10-01 至 10-20 / 1–20 Oct.
export function formatDays(from: string, to: string, language: Language, options: { year?: boolean } = {}): string {
  if (from === to) return formatDay(from, language, options);
  if (language === "zh") return `${formatDay(from, language, options)} 至 ${formatDay(to, language, options)}`;
  if (from.slice(0, 7) === to.slice(0, 7)) return `${Number(from.slice(8))}–${formatDay(to, language, options)}`;
  return `${formatDay(from, language, options)} – ${formatDay(to, language, options)}`;
}

// 418 KB
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${formatNumber(bytes / 1000)} KB`;
  return `${formatNumber(bytes / 1_000_000, { places: 1 })} MB`;
}
