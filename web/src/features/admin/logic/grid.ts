// The readings grid: what is stored, what was typed over it, and the way back. Pure: every step gives a new state.

export type CellKey = string; // `${row}\n${column}`
export function cellKey(row: string, column: string): CellKey {
  return `${row}\n${column}`;
}

export interface Position {
  row: number;
  column: number;
}
export interface Selection {
  anchor: Position;
  head: Position;
}

// A change by one gesture: cells with their text before and after. Undefined: as stored.
type Step = { key: CellKey; before: string | undefined; after: string | undefined }[];

export interface GridState {
  // What was typed, by cell; only where it differs from what is stored. "" takes the stored value back.
  typed: ReadonlyMap<CellKey, string>;
  past: readonly Step[];
  future: readonly Step[];
}
export const kEmptyGrid: GridState = { typed: new Map(), past: [], future: [] };
const kMaxSteps = 200;

export type Stored = (key: CellKey) => string; // "" where nothing is stored

export function shownText(state: GridState, stored: Stored, key: CellKey): string {
  return state.typed.get(key) ?? stored(key);
}
export function isChanged(state: GridState, key: CellKey): boolean {
  return state.typed.has(key);
}

// Types several cells over at once: one step to undo.
export function type(state: GridState, stored: Stored, cells: readonly { key: CellKey; text: string }[]): GridState {
  const step: Step = [];
  const typed = new Map(state.typed);
  for (const { key, text } of cells) {
    const before = typed.get(key);
    const clean = text.trim();
    const after = clean === stored(key) ? undefined : clean;
    if (before === after) continue;
    step.push({ key, before, after });
    if (after === undefined) typed.delete(key);
    else typed.set(key, after);
  }
  if (step.length === 0) return state;
  return { typed, past: [...state.past, step].slice(-kMaxSteps), future: [] };
}

function play(state: ReadonlyMap<CellKey, string>, step: Step, side: "before" | "after"): Map<CellKey, string> {
  const typed = new Map(state);
  for (const change of step) {
    const text = change[side];
    if (text === undefined) typed.delete(change.key);
    else typed.set(change.key, text);
  }
  return typed;
}
export function undo(state: GridState): GridState {
  const step = state.past[state.past.length - 1];
  if (!step) return state;
  return { typed: play(state.typed, step, "before"), past: state.past.slice(0, -1), future: [step, ...state.future] };
}
export function redo(state: GridState): GridState {
  const step = state.future[0];
  if (!step) return state;
  return { typed: play(state.typed, step, "after"), past: [...state.past, step], future: state.future.slice(1) };
}

export interface Size {
  rows: number;
  columns: number;
}
export function rectangle({ anchor, head }: Selection): { top: number; left: number; bottom: number; right: number } {
  return {
    top: Math.min(anchor.row, head.row),
    left: Math.min(anchor.column, head.column),
    bottom: Math.max(anchor.row, head.row),
    right: Math.max(anchor.column, head.column),
  };
}

// Where a block lands when it is pasted with that selection: from its upper left corner, cut at the edge; a single cell
// fills the whole selection.
export function pasteAt(block: readonly (readonly string[])[], selection: Selection, size: Size): { position: Position; text: string }[] {
  const { top, left, bottom, right } = rectangle(selection);
  const cells: { position: Position; text: string }[] = [];
  if (block.length === 1 && block[0]!.length === 1) {
    for (let row = top; row <= bottom; row++) for (let column = left; column <= right; column++) cells.push({ position: { row, column }, text: block[0]![0]! });
    return cells;
  }
  block.forEach((line, r) =>
    line.forEach((text, c) => {
      const position = { row: top + r, column: left + c };
      if (position.row < size.rows && position.column < size.columns) cells.push({ position, text });
    }),
  );
  return cells;
}

// Fill down (Ctrl D) or right (Ctrl R): the first row or column of the selection over the others.
export function fill(selection: Selection, direction: "down" | "right", text: (at: Position) => string): { position: Position; text: string }[] {
  const { top, left, bottom, right } = rectangle(selection);
  const cells: { position: Position; text: string }[] = [];
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const from = direction === "down" ? { row: top, column } : { row, column: left };
      if (from.row !== row || from.column !== column) cells.push({ position: { row, column }, text: text(from) });
    }
  }
  return cells;
}

// Where a key leads: arrows and Enter by one cell, Tab through the row and on to the next, Ctrl with an arrow to the edge.
export function move(at: Position, key: string, size: Size, { shift = false, ctrl = false } = {}): Position {
  const clamp = (row: number, column: number): Position => ({
    row: Math.max(0, Math.min(size.rows - 1, row)),
    column: Math.max(0, Math.min(size.columns - 1, column)),
  });
  const far = ctrl ? Number.MAX_SAFE_INTEGER : 1;
  switch (key) {
    case "ArrowDown":
      return clamp(at.row + far, at.column);
    case "ArrowUp":
      return clamp(at.row - far, at.column);
    case "ArrowRight":
      return clamp(at.row, at.column + far);
    case "ArrowLeft":
      return clamp(at.row, at.column - far);
    case "Enter":
      return clamp(at.row + (shift ? -1 : 1), at.column);
    case "Tab": {
      const index = at.row * size.columns + at.column + (shift ? -1 : 1);
      if (index < 0 || index >= size.rows * size.columns) return at;
      return { row: Math.floor(index / size.columns), column: index % size.columns };
    }
    case "Home":
      return clamp(ctrl ? 0 : at.row, 0);
    case "End":
      return clamp(ctrl ? size.rows - 1 : at.row, size.columns - 1);
    case "PageDown":
      return clamp(at.row + 15, at.column);
    case "PageUp":
      return clamp(at.row - 15, at.column);
    default:
      return at;
  }
}

// A figure as people type or paste it: 1,234.5; １２３; −5; (5) for −5; 12%; 3.5万; ¥100. Null for no number.
// Decimal text, so that nothing is lost on the way.
export function parseFigure(text: string): string | null {
  let t = text.normalize("NFKC").replace(/[\s,¥￥$€]/g, "").replace(/[\u2212\u2013\u2014\u2010\u2011]/g, "-");
  let negative = false;
  if (/^\(.*\)$/.test(t)) {
    negative = true;
    t = t.slice(1, -1);
  }
  let shift = 0;
  for (const [suffix, by] of [["亿", 8], ["万", 4], ["%", -2], ["元", 0]] as const) {
    if (t.endsWith(suffix)) {
      t = t.slice(0, -suffix.length);
      shift += by;
      if (suffix !== "元") break;
      if (t.endsWith("万")) {
        t = t.slice(0, -1);
        shift += 4;
      } else if (t.endsWith("亿")) {
        t = t.slice(0, -1);
        shift += 8;
      }
    }
  }
  const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(t);
  if (!match || (match[2] === "" && !match[3])) return null;
  if (match[1] === "-") negative = !negative;
  let whole = match[2]!;
  let fraction = match[3] ?? "";
  while (shift > 0) {
    whole += fraction.charAt(0) || "0";
    fraction = fraction.slice(1);
    shift--;
  }
  while (shift < 0) {
    fraction = (whole.slice(-1) || "0") + fraction;
    whole = whole.slice(0, -1);
    shift++;
  }
  whole = whole.replace(/^0+(?=\d)/, "") || "0";
  fraction = fraction.replace(/0+$/, "");
  const value = fraction === "" ? whole : `${whole}.${fraction}`;
  return negative && /[1-9]/.test(value) ? `-${value}` : value;
}
