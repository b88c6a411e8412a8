import type { Schemas } from "@/api";

// The record of a customer: its four groups (FM06), and what becomes of it when two people change it at once. Pure.

export type Kind = Schemas["CustomerKind"];
export type CustomerRecord = Schemas["CustomerRecord"];
export type FieldId = keyof CustomerRecord;
export type Group = "basic" | "background" | "traits" | "purchase";
export const kGroups: readonly Group[] = ["basic", "background", "traits", "purchase"];

export interface RecordField {
  id: FieldId;
  group: Group;
  of?: Kind; // of both where absent
  masked?: true; // answers hold stars instead
  required?: true;
  long?: true;
}
export const kFields: readonly RecordField[] = [
  { id: "name", group: "basic", masked: true, required: true },
  { id: "phone", group: "basic", masked: true, required: true },
  { id: "phone2", group: "basic", masked: true },
  { id: "sex", group: "basic", of: "person" },
  { id: "birthday", group: "basic", of: "person", masked: true },
  { id: "contact", group: "basic", of: "company", masked: true },
  { id: "position", group: "basic", of: "company" },
  { id: "address", group: "basic", masked: true },
  { id: "plate", group: "basic", masked: true },
  { id: "vin", group: "basic", masked: true },
  { id: "occupation", group: "background", of: "person" },
  { id: "family", group: "background", of: "person", long: true },
  { id: "income", group: "background", of: "person" },
  { id: "industry", group: "background", of: "company" },
  { id: "size", group: "background", of: "company" },
  { id: "current_car", group: "background" },
  { id: "interests", group: "traits", of: "person", long: true },
  { id: "concerns", group: "traits", long: true },
  { id: "decision_role", group: "traits" },
  { id: "use", group: "purchase" },
  { id: "payment", group: "purchase" },
  { id: "rivals", group: "purchase" },
];
export function fieldsOf(kind: Kind, group?: Group): RecordField[] {
  return kFields.filter((field) => (field.of === undefined || field.of === kind) && (group === undefined || field.group === group));
}

// ---- Completeness ----

export type Completeness = Schemas["Customer"]["completeness"];
export function shareOf(part: { filled: number; of: number } | undefined): number {
  return part && part.of > 0 ? part.filled / part.of : 0;
}
export function wholeOf(completeness: Completeness): { filled: number; of: number } {
  let filled = 0;
  let of = 0;
  for (const group of kGroups) {
    filled += completeness[group]?.filled ?? 0;
    of += completeness[group]?.of ?? 0;
  }
  return { filled, of };
}

// ---- Changing ----

// What is typed, by field; an empty text takes the field out, an absent one leaves it.
export type Typed = Partial<Record<FieldId, string>>;

// What of it is a change of `base`. A masked field begins empty, since nobody knows what is behind its stars: whatever
// stands in it is a change.
export function changesOf(base: CustomerRecord, typed: Typed): Typed {
  const changes: Typed = {};
  for (const field of kFields) {
    const text = typed[field.id]?.trim();
    if (text === undefined) continue;
    const before = base[field.id] ?? "";
    if (field.masked && text !== "" ? true : text !== before) changes[field.id] = text;
  }
  return changes;
}

export interface Difference {
  field: FieldId;
  theirs: string | null; // changed meanwhile; null: only I changed it
  mine: string | null; // null: only they changed it
  clash: boolean; // both did, to different ends
}
// The record as it was when I began, as it is now, and what I want: field by field where anything differs.
export function differencesOf(base: CustomerRecord, now: CustomerRecord, mine: Typed): Difference[] {
  return kFields.flatMap(({ id }) => {
    const before = base[id] ?? "";
    const after = now[id] ?? "";
    const theirs = before !== after ? after : null;
    const own = mine[id] ?? null;
    if (theirs === null && own === null) return [];
    return [{ field: id, theirs, mine: own, clash: theirs !== null && own !== null && theirs !== own }];
  });
}
// What is still to be sent once it is decided whose version holds where both changed a field.
export function keptOf(differences: readonly Difference[], takeTheirs: ReadonlySet<FieldId>): Typed {
  const kept: Typed = {};
  for (const { field, mine } of differences) if (mine !== null && !takeTheirs.has(field)) kept[field] = mine;
  return kept;
}

// The letter in the circle before a name.
export function initialOf(name: string | undefined): string {
  return [...(name ?? "")].find((c) => c !== "*" && c.trim() !== "")?.toUpperCase() ?? "·";
}
