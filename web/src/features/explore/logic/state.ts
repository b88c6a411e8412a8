import type { Question } from "@/api";
import { many, one } from "@/state/page";
import { isPartial, type DayNumber, type Period } from "@/state/period";
import { questionOf, type RawSearch, type Scope, type SearchPatch, type View } from "@/state/view";

// What is explored, as the URL has it beside scope, period, basis and comparison. Pure.
//
//   v=close_rate&v=win=deal_cnt/lead_cnt   values, in order: a KPI, a measure or a (named) formula
//   row=dealer  col=month                  what makes rows; the time grain that becomes columns
//   f=source:referral  f=channel:          only these members; a dimension without member: set at all
//   sort=-total  chart=line  pin=…  of=1   how it is shown
//
// A key that is absent means the default of the view; one that is there and empty means none.

export const kGrains = ["day", "week", "month", "quarter", "year"] as const;
export type Grain = (typeof kGrains)[number];
export const kCharts = ["line", "bar", "heat", "table"] as const;
export type ChartKind = (typeof kCharts)[number];

// What the rows are sorted by: a row dimension, a column, the total or the change; of which value.
export interface Sort {
  key: string; // "total", "change", "row:<dim>", "col:<member>"
  of: number; // position in values
  down: boolean;
}

export interface ExploreState {
  values: string[];
  rows: string[];
  col: Grain | null;
  filters: Record<string, string[]>;
  sort: Sort | null;
  chart: ChartKind;
  pins: string[]; // row keys
  of: number; // the value that the chart shows
}

export const kKeys = ["v", "row", "col", "f", "sort", "chart", "pin", "of"] as const;

export function isGrain(text: string): text is Grain {
  return (kGrains as readonly string[]).includes(text);
}

// The level below a scope.
export function below(scope: Scope): string {
  switch (scope.kind) {
    case "network":
      return "dealer";
    case "region":
      return "dealer";
    case "dealer":
    case "team":
      return "staff";
    case "staff":
      return "source";
  }
}

// A grain that cuts the period into a handful of columns.
export function fittingGrain(period: Period): Grain {
  const days = period.to - period.from + 1;
  if (days <= 14) return "day";
  if (days <= 62) return "week";
  if (days <= 800) return "month";
  return days <= 2200 ? "quarter" : "year";
}

function parseSort(text: string | undefined): Sort | null {
  const match = /^(-?)(total|change|row:[a-z_]+|col:[0-9A-Z-]+)(?:@(\d+))?$/.exec(text ?? "");
  return match ? { down: match[1] === "-", key: match[2]!, of: Number(match[3] ?? 0) } : null;
}
export function formatSort(sort: Sort): string {
  return `${sort.down ? "-" : ""}${sort.key}${sort.of ? `@${sort.of}` : ""}`;
}

export function parseState(raw: RawSearch, view: { scope: Scope; period: Period }): ExploreState {
  const list = (key: string) => (raw[key] === undefined ? null : many(raw[key]).filter((item) => item !== ""));
  const filters: Record<string, string[]> = {};
  for (const item of many(raw.f)) {
    const at = item.indexOf(":");
    if (at < 1) continue;
    const members = (filters[item.slice(0, at)] ??= []);
    const member = item.slice(at + 1);
    if (member !== "" && !members.includes(member)) members.push(member);
  }
  const values = [...new Set(list("v") ?? ["close_rate"])];
  const col = raw.col === undefined ? fittingGrain(view.period) : one(raw.col)!;
  const of = Number(one(raw.of));
  const chart = one(raw.chart) as ChartKind;
  return {
    values,
    rows: [...new Set(list("row") ?? [below(view.scope)])].filter((dim) => dim !== col),
    col: isGrain(col) ? col : null,
    filters,
    sort: parseSort(one(raw.sort)),
    chart: kCharts.includes(chart) ? chart : "line",
    pins: list("pin") ?? [],
    of: Number.isInteger(of) && of > 0 && of < values.length ? of : 0,
  };
}

// The parameters of a state. Lists are always written once something was changed, so that a shared link means the same
// under another scope.
export function stateParams(state: ExploreState): SearchPatch {
  const filters = Object.entries(state.filters).flatMap(([dim, members]) =>
    members.length === 0 ? [`${dim}:`] : members.map((member) => `${dim}:${member}`),
  );
  const written = (items: string[]) => (items.length === 0 ? "" : items);
  return {
    v: written(state.values),
    row: written(state.rows),
    col: state.col ?? "",
    f: filters.length === 0 ? undefined : filters,
    sort: state.sort ? formatSort(state.sort) : undefined,
    chart: state.chart === "line" ? undefined : state.chart,
    pin: state.pins.length === 0 ? undefined : state.pins,
    of: state.of === 0 ? undefined : String(state.of),
  };
}

// ---- Values ----

export interface ValueParts {
  text: string; // as in the URL and in the question
  name: string; // of the answer's column
  formula: string;
  named: boolean;
}

// `name=formula`: the first = outside brackets that is no comparison parts the two.
export function valueParts(text: string): ValueParts {
  const match = /^\s*([A-Za-z_\p{L}][\p{L}\p{N}_ ]*?)\s*=(?!=)\s*(\S[\s\S]*)$/u.exec(text);
  if (match) return { text, name: match[1]!, formula: match[2]!.trim(), named: true };
  return { text, name: text.trim(), formula: text.trim(), named: false };
}

export function move<T>(items: readonly T[], from: number, to: number): T[] {
  if (from < 0 || from >= items.length) return [...items];
  const rest = items.filter((_, i) => i !== from);
  const at = Math.max(0, Math.min(rest.length, to));
  return [...rest.slice(0, at), items[from]!, ...rest.slice(at)];
}

// ---- Questions ----

export interface Questions {
  rows: Question; // by the rows: their totals and the grand total, with the comparison
  cells: Question | null; // by rows and the column grain
  cols: Question | null; // by the column grain alone
}

export function questionsOf(state: ExploreState, view: View, today: DayNumber): Questions | null {
  if (state.values.length === 0) return null;
  const base: Question = {
    ...questionOf(view),
    columns: state.values,
    filters: state.filters,
    ids: true,
    to_date: isPartial(view.period, today),
  };
  return {
    rows: { ...base, by: state.rows },
    cells: state.col && state.rows.length > 0 ? { ...base, by: [...state.rows, state.col], vs: "none" } : null,
    cols: state.col ? { ...base, by: [state.col] } : null,
  };
}

// The question in one piece, for export and the API call: what is seen, rows and columns together.
export function wholeQuestion(state: ExploreState, view: View, today: DayNumber): Question | null {
  const questions = questionsOf(state, view, today);
  if (!questions) return null;
  return { ...questions.rows, by: [...state.rows, ...(state.col ? [state.col] : [])] };
}
