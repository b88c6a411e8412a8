import type { Org } from "./types";
import { formatPeriod, parseIso, periodOf } from "@/state/period";
import type { Import, ImportChange, ImportResult, RefusedRow, State } from "./types";
import { withMeaning } from "./meaning";

// What the wizard reads off an import, and what it asks the server to change. Pure.

export type Step = 1 | 2 | 3 | 4;
// 1 upload, 2 columns, 3 dry run, 4 import.
export function stepOf(state: State): Step {
  switch (state) {
    case "draft":
      return 2;
    case "checking":
    case "checked":
      return 3;
    default:
      return 4;
  }
}

export function isRunning(state: State): boolean {
  return state === "checking" || state === "importing" || state === "undoing";
}
// Still to be decided upon: columns may change, it may be discarded.
export function isOpen(state: State): boolean {
  return state === "draft" || state === "checking" || state === "checked";
}

export interface Tiles {
  new: number;
  changed: number;
  unchanged: number;
  empty: number;
  refused: number;
}
// Rows, not entries: they add up to the rows read.
export function tilesOf(result: ImportResult): Tiles {
  const { rows } = result;
  const changed = rows.changed ?? 0;
  const unchanged = rows.unchanged ?? 0;
  return { new: rows.new ?? Math.max(0, rows.taken - changed - unchanged), changed, unchanged, empty: rows.empty, refused: rows.refused };
}
// How many rows a run would write: those that are new or different.
export function rowsToWrite(result: ImportResult): number {
  const tiles = tilesOf(result);
  return tiles.new + tiles.changed;
}

export type Values = Record<string, Record<string, string>>;

// One more translation, beside those there are.
export function withValue(values: Values | undefined, field: string, cell: string, code: string | null): Values {
  const next: Values = {};
  for (const [name, cells] of Object.entries(values ?? {})) next[name] = { ...cells };
  const cells = (next[field] ??= {});
  if (code === null) delete cells[cell];
  else cells[cell] = code;
  if (Object.keys(cells).length === 0) delete next[field];
  return next;
}

// What taking a suggestion asks for; nothing where it names too little.
export function changeFor(draft: Import, row: RefusedRow): ImportChange | null {
  const suggestion = row.suggestion;
  if (!suggestion) return null;
  switch (suggestion.kind) {
    case "create":
      return { create_missing: true };
    case "scale": {
      const column = draft.columns?.find((c) => c.column === row.column);
      const scale = Number(suggestion.to ?? "1");
      if (!column || !Number.isFinite(scale)) return null;
      return { columns: withMeaning(draft.columns ?? [], column.column, { ...column.meaning, scale }) };
    }
    case "translate":
    case "date": {
      const { field, to } = suggestion;
      const from = suggestion.from ?? row.cell;
      if (!field || from == null || to == null) return null;
      return { values: withValue(draft.mapping?.values, field, from, to) };
    }
    default:
      return null;
  }
}

// All suggestions at once that only translate: what differs in kind is asked one by one.
export function changeForAll(draft: Import, rows: readonly RefusedRow[]): { change: ImportChange; count: number } | null {
  let values = draft.mapping?.values;
  const seen = new Set<string>();
  let count = 0;
  for (const row of rows) {
    const s = row.suggestion;
    if (!s || (s.kind !== "translate" && s.kind !== "date")) continue;
    const from = s.from ?? row.cell;
    if (!s.field || from == null || s.to == null) continue;
    count++;
    const id = `${s.field}\n${from}`;
    if (seen.has(id)) continue;
    seen.add(id);
    values = withValue(values, s.field, from, s.to);
  }
  return count > 0 && values ? { change: { values }, count } : null;
}

export interface Translation {
  field: string;
  cell: string;
  code: string; // "" where nothing is known
  rows: number | null;
  origin: "set" | "code" | "unknown"; // by this mapping; by the code lists; not at all
  suggestion: string | null;
}
// Cells of the file and what they count as, by field: what needs a word first, then what the code lists translate, then what the mapping says.
export function translationsOf(draft: Import): Translation[] {
  const values: Values = draft.mapping?.values ?? {};
  const list: Translation[] = [];
  const key = (field: string, cell: string) => `${field}\n${cell}`;
  const rows = new Map<string, number>();
  for (const t of draft.result?.translations ?? []) if (t.rows !== undefined) rows.set(key(t.field, t.cell), t.rows);
  for (const u of draft.result?.unknown ?? []) rows.set(key(u.field, u.cell), u.rows);
  for (const u of draft.result?.unknown ?? []) {
    if (values[u.field]?.[u.cell] !== undefined) continue;
    list.push({ field: u.field, cell: u.cell, code: "", rows: u.rows, origin: "unknown", suggestion: u.suggestion ?? null });
  }
  for (const t of draft.result?.translations ?? []) {
    if (values[t.field]?.[t.cell] !== undefined) continue;
    list.push({ field: t.field, cell: t.cell, code: t.code, rows: t.rows ?? null, origin: "code", suggestion: null });
  }
  for (const [field, cells] of Object.entries(values)) {
    for (const [cell, code] of Object.entries(cells)) {
      list.push({ field, cell, code, rows: rows.get(key(field, cell)) ?? null, origin: "set", suggestion: null });
    }
  }
  return list;
}

// Several cells that count as one code, for the note under the columns: the code with the most spellings.
export function mergedSpellings(draft: Import): { code: string; field: string; cells: string[] } | null {
  const groups = new Map<string, { code: string; field: string; cells: string[] }>();
  for (const t of translationsOf(draft)) {
    if (t.code === "") continue;
    const id = `${t.field}\n${t.code}`;
    const group = groups.get(id) ?? { code: t.code, field: t.field, cells: [] };
    group.cells.push(t.cell);
    groups.set(id, group);
  }
  let best: { code: string; field: string; cells: string[] } | null = null;
  for (const group of groups.values()) if (group.cells.length > 1 && (!best || group.cells.length > best.cells.length)) best = group;
  return best;
}

// Where the figures that an import moved are seen: its days, as a period; the one dealer it names, else the network.
export function seenAt(result: ImportResult, constants: Record<string, string> | undefined, org: Org | undefined): { scope: string; period: string | null } {
  const named = constants?.dealer;
  const dealer = named === undefined ? undefined : org?.dealers.find((d) => d.code === named || d.name === named);
  const from = result.period ? parseIso(result.period.from) : null;
  const to = result.period ? parseIso(result.period.to) : null;
  return {
    scope: dealer ? `dealer:${dealer.id}` : "network",
    period: from === null || to === null ? null : formatPeriod(wholeMonths(from, to)),
  };
}

// The calendar months that the days lie in: 3 March to 28 September is asked for as March to September.
function wholeMonths(from: number, to: number) {
  const at = (day: number) => new Date(day * 86_400_000);
  const first = at(from);
  const last = at(to);
  const begin = Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), 1) / 86_400_000;
  const end = Date.UTC(last.getUTCFullYear(), last.getUTCMonth() + 1, 0) / 86_400_000;
  return periodOf(begin, end);
}

// Whether an import may still be undone.
export function canUndo(job: { state: State; undo_until?: string | null }, now: number): boolean {
  return job.state === "done" && job.undo_until != null && Date.parse(job.undo_until) > now;
}
