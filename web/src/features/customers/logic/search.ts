import { one } from "@/state/page";
import type { RawSearch } from "@/state/view";

// Filters and order as the URL has them. What is typed to find a person is never there: addresses get logged on their
// way. Pure.

export interface ListSearch {
  kind: "" | "person" | "company";
  owner: string;
  before: string; // a day: last changed before it
  sort: "changed" | "created";
}
export interface BoardSearch {
  status: "open" | "suspended";
  owner: string;
  source: string;
  model: string;
  sort: "changed" | "expected" | "amount";
}

function choice<T extends string>(value: string | undefined, choices: readonly T[], otherwise: T): T {
  return choices.find((known) => known === value) ?? otherwise;
}
const id = (value: string | undefined) => (value !== undefined && /^\d{1,19}$/.test(value) ? value : "");

export function readList(raw: RawSearch): ListSearch {
  const before = one(raw.before) ?? "";
  return {
    kind: choice(one(raw.kind), ["", "person", "company"], ""),
    owner: id(one(raw.owner)),
    before: startOfDay(before) ? before : "",
    sort: choice(one(raw.sort), ["changed", "created"], "changed"),
  };
}
export function readBoard(raw: RawSearch): BoardSearch {
  return {
    status: choice(one(raw.status), ["open", "suspended"], "open"),
    owner: id(one(raw.owner)),
    source: one(raw.source) ?? "",
    model: one(raw.model) ?? "",
    sort: choice(one(raw.sort), ["changed", "expected", "amount"], "changed"),
  };
}

// The instant at which a day begins for who looks.
export function startOfDay(day: string): string | undefined {
  if (!/^\d{4}-\d\d-\d\d$/.test(day)) return undefined;
  const date = new Date(`${day}T00:00:00`);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

export function listQuery(dealer: string, search: ListSearch) {
  const before = startOfDay(search.before);
  return {
    dealer,
    sort: search.sort,
    ...(search.kind ? { kind: search.kind } : {}),
    ...(search.owner ? { owner: search.owner } : {}),
    ...(before ? { changed_before: before } : {}),
  };
}
export function boardQuery(dealer: string, search: BoardSearch) {
  return {
    dealer,
    status: search.status,
    ...(search.owner ? { owner: search.owner } : {}),
    ...(search.source ? { source: search.source } : {}),
    ...(search.model ? { model: search.model } : {}),
  };
}

// Whether what is typed is enough to look for: a single character or letter names nobody.
export function enoughToFind(text: string): boolean {
  return [...text.trim()].length >= 2;
}

// Whether a phone is long enough for a look whether it is known already.
export function phoneToCheck(text: string): string | null {
  const digits = text.normalize("NFKC").replace(/[^\d]/g, "");
  return digits.length >= 7 && digits.length <= 17 && !text.includes("*") ? text.trim() : null;
}

// Where an arrow goes in a list of n lines; -1 is none of them, above the first.
export function stepTo(at: number, by: 1 | -1, n: number): number {
  return Math.max(-1, Math.min(n - 1, at + by));
}
