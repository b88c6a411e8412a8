import type { RawSearch, SearchPatch } from "@/state/view";

// A saved view is a piece of URL: the page's own parameters and those of the top bar. Its period only where it was
// chosen to be kept. Pure.

export type SavedState = Record<string, unknown>;
export const kViewKeys = ["scope", "basis", "within", "vs"] as const;

const listOf = (value: unknown): string[] => (Array.isArray(value) ? value : [value]).map(String);

// Whether two states show the same, whatever the order of keys; a period counts only where both have one.
export function sameView(a: SavedState, b: SavedState): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const key of keys) {
    const [x, y] = [a[key], b[key]];
    if (key === "period" && (x === undefined || y === undefined)) continue;
    if (x === undefined || y === undefined) return false;
    if (JSON.stringify(listOf(x)) !== JSON.stringify(listOf(y))) return false;
  }
  return true;
}

// What the URL has of these keys, as a view keeps it.
export function stateOf(search: RawSearch, keys: readonly string[]): SavedState {
  return Object.fromEntries([...kViewKeys, ...keys].flatMap((key) => (search[key] === undefined ? [] : [[key, search[key]]])));
}

// The change of the URL that shows a saved view: keys it does not have go back to their defaults, the period stays.
export function loadPatch(state: SavedState, keys: readonly string[]): SearchPatch {
  const patch: SearchPatch = {};
  for (const key of [...kViewKeys, ...keys, "period"]) {
    const value = state[key];
    if (value === undefined || value === null) {
      if (key !== "period") patch[key] = undefined;
    } else patch[key] = Array.isArray(value) ? value.map(String) : String(value);
  }
  return patch;
}
