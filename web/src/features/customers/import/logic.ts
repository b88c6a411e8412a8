import type { Check, CheckRow, Choices, CustomerImport } from "./data";

// What the pages of lists say of them. Pure.

export const kWhats = ["add", "change", "same", "repeated", "refused"] as const;
export type What = (typeof kWhats)[number];

// What a draft says now, as it is sent.
export function choicesOf(draft: CustomerImport): Required<Choices> {
  const list = draft.list;
  return {
    columns: (list?.columns ?? []).map(({ field }) => field ?? ""),
    owner: list?.owner ?? null,
    source: list?.source ?? null,
    leads: list?.leads ?? true,
    fill: list?.fill ?? true,
    consents: list?.consents ?? [],
  };
}

// The column means that; another one that did means nothing any more.
export function withColumn(columns: readonly string[], at: number, field: string): string[] {
  return columns.map((now, i) => (i === at ? field : field !== "" && now === field ? "" : now));
}

// What both are needed for is still missing.
export function missingOf(columns: readonly string[]): ("name" | "phone")[] {
  return (["name", "phone"] as const).filter((field) => !columns.includes(field));
}

// A column that would have meant something, had an earlier one not.
export function isDouble(list: NonNullable<CustomerImport["list"]>, at: number, known: (header: string) => string): boolean {
  const { field, header } = list.columns[at]!;
  return field === null && list.columns.some((other, i) => i < at && other.field !== null && known(other.header) === known(header));
}

// The tab that is opened first: what somebody should look at.
export function firstTab(counts: Check["counts"]): What {
  if (counts.refused > 0) return "refused";
  return kWhats.find((what) => counts[what] > 0) ?? "add";
}

export function rowsOf(check: Check, what: What): CheckRow[] {
  return check.rows.filter((row) => row.what === what);
}

// Rows that would do something.
export function doing(counts: Check["counts"]): number {
  return counts.add + counts.change;
}

export function share(of: Pick<CustomerImport, "state" | "rows" | "seen" | "taken_back" | "remaining" | "added" | "changed">): number {
  if (of.state === "undoing") {
    const all = of.added + of.changed;
    return all === 0 ? 1 : (of.taken_back + of.remaining) / all;
  }
  return of.rows === 0 ? 1 : of.seen / of.rows;
}
