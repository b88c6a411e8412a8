import { pick, type Language } from "@/i18n";
import type { Catalog, ImportColumn, Kind, Meaning } from "./types";

// What a column can mean, as choices of a list: each has a key, a group and a name. Pure.

// `field:lead`, `event_at:deal`, `none`. What else a meaning says (date column of a flag, scale, key) is kept beside.
export function keyOf(meaning: Meaning): string {
  switch (meaning.role) {
    case "field":
      // A field of one event only stands beside that of the whole row.
      return `field:${meaning.field ?? ""}${meaning.event ? `@${meaning.event}` : ""}`;
    case "event_at":
    case "event_flag":
    case "amount":
    case "count":
      return meaning.event ? `${meaning.role}:${meaning.event}` : meaning.role;
    default:
      return meaning.role;
  }
}

export type Group = "fields" | "dates" | "flags" | "amounts" | "counts" | "long" | "none";
export const kGroups: readonly Group[] = ["long", "fields", "dates", "flags", "amounts", "counts", "none"];

export interface Choice {
  key: string;
  group: Group;
  label: string; // in the list
  words: string; // searched: names in both languages and the id
}

// The fields that an entry has besides event, date and figures, in the order in which people look for them.
const kEventFields = [
  "lead", "staff", "dealer", "source", "access_form", "model", "customer_type", "channel", "campaign", "reason",
  "stage", "team", "region", "attempt",
] as const;
const kReadingFields = ["dealer", "staff", "model", "source", "channel", "customer_type", "campaign", "reason", "team", "region"] as const;

export function fieldsOf(kind: Kind): readonly string[] {
  return kind === "events" ? kEventFields : kReadingFields;
}

// Names that the catalogue does not have, since they are no dimension.
const kFieldNames: Record<string, { zh: string; en: string }> = {
  lead: { zh: "登记号", en: "Lead number" },
  attempt: { zh: "第几次（重启的线索）", en: "Attempt of a re-opened lead" },
  staff: { zh: "顾问", en: "Consultant" },
  dealer: { zh: "经销店", en: "Dealer" },
  event: { zh: "事件", en: "Event" },
  at: { zh: "日期", en: "Date" },
  count: { zh: "数量", en: "Count" },
  amount: { zh: "金额", en: "Amount" },
  value: { zh: "数值", en: "Value" },
  measure: { zh: "指标量", en: "Measure" },
};

export function fieldName(catalog: Catalog | undefined, field: string, language: Language): string {
  const own = kFieldNames[field];
  if (own) return pick(own, language);
  const dimension = catalog?.dimensions.find((d) => d.id === field);
  return dimension ? pick(dimension.name, language) : field;
}
export function eventName(catalog: Catalog | undefined, id: string, language: Language): string {
  const event = catalog?.events.find((e) => e.id === id);
  return event ? pick(event.name, language) : id;
}
export function measureName(catalog: Catalog | undefined, id: string, language: Language): string {
  const measure = catalog?.measures.find((m) => m.id === id);
  return measure ? pick(measure.name, language) : eventName(catalog, id, language);
}

function times(scale: number | undefined): string {
  return scale === undefined || scale === 1 ? "" : ` × ${scale.toLocaleString("en-US")}`;
}

// What a column means, in the words of the chosen control.
export function meaningLabel(catalog: Catalog | undefined, meaning: Meaning, language: Language): string {
  const zh = language === "zh";
  const event = meaning.event ? eventName(catalog, meaning.event, language) : "";
  switch (meaning.role) {
    case "none":
      return zh ? "不导入" : "Not imported";
    case "field": {
      const name = fieldName(catalog, meaning.field ?? "", language);
      return event ? (zh ? `${name}（${event}）` : `${name} (${event})`) : name;
    }
    case "event_at":
      return zh ? `日期：${event}` : `Date: ${event}`;
    case "event_flag":
      return zh ? `事件：${event}` : `Event: ${event}`;
    case "amount":
      return (event ? (zh ? `金额：${event}` : `Amount: ${event}`) : fieldName(catalog, "amount", language)) + times(meaning.scale);
    case "count":
      return (event ? (zh ? `数量：${event}` : `Count: ${event}`) : fieldName(catalog, "count", language)) + times(meaning.scale);
    case "value":
      return fieldName(catalog, "value", language) + times(meaning.scale);
    default:
      return fieldName(catalog, meaning.role, language);
  }
}

// Everything a column may mean. Events that the file records already come first in their group.
export function choices(catalog: Catalog, kind: Kind, columns: readonly ImportColumn[], language: Language): Choice[] {
  const list: Choice[] = [];
  const add = (meaning: Meaning, group: Group, also = "") => {
    const label = meaningLabel(catalog, meaning, language);
    const other = meaningLabel(catalog, meaning, language === "zh" ? "en" : "zh");
    list.push({ key: keyOf(meaning), group, label, words: `${label} ${other} ${also}`.toLowerCase() });
  };
  if (kind === "readings") {
    for (const role of ["measure", "at", "value"] as const) add({ role }, "long", role);
    for (const field of fieldsOf(kind)) add({ role: "field", field }, "fields", field);
    add({ role: "none" }, "none");
    return list;
  }
  const used = new Set(columns.flatMap((c) => (c.meaning.event ? [c.meaning.event] : [])));
  const events = catalog.events.filter((e) => e.recordable !== false);
  const ordered = [...events.filter((e) => used.has(e.id)), ...events.filter((e) => !used.has(e.id))];
  for (const field of fieldsOf(kind)) add({ role: "field", field }, "fields", field);
  for (const event of ordered) add({ role: "event_at", event: event.id }, "dates", event.id);
  for (const event of ordered) add({ role: "event_flag", event: event.id }, "flags", event.id);
  for (const event of ordered) if (event.amount) add({ role: "amount", event: event.id }, "amounts", event.id);
  for (const event of ordered) add({ role: "count", event: event.id }, "counts", event.id);
  for (const role of ["event", "at", "amount", "count"] as const) add({ role }, "long", role);
  add({ role: "none" }, "none");
  return list;
}

// The meaning behind a choice, keeping of the former what still makes sense: the key mark, and the scale while it stays
// a figure. A flag takes the date column that the file's other flags have, else the first date.
export function chosen(key: string, before: Meaning, columns: readonly ImportColumn[], column: string): Meaning {
  const [role, name] = key.split(":") as [Meaning["role"], string | undefined];
  const meaning: Meaning = { role };
  if (role === "field" && name !== undefined) meaning.field = name;
  else if (name !== undefined) meaning.event = name;
  if (role === "event_flag") {
    const at = dateColumns(columns).filter((c) => c !== column);
    const other = columns.find((c) => c.column !== column && c.meaning.role === "event_flag" && c.meaning.at)?.meaning.at;
    const was = before.role === "event_flag" ? before.at : undefined;
    const date = was ?? other ?? at[0];
    if (date !== undefined) meaning.at = date;
  }
  const figure = (r: Meaning["role"]) => r === "amount" || r === "value" || r === "count";
  if (figure(role) && figure(before.role) && before.scale !== undefined) meaning.scale = before.scale;
  if (before.key) meaning.key = true;
  return meaning;
}

// Columns that hold dates: those that mean one first, then those whose samples look like one.
export function dateColumns(columns: readonly ImportColumn[]): string[] {
  const means = columns.filter((c) => c.meaning.role === "event_at" || c.meaning.role === "at");
  const looks = columns.filter((c) => !means.includes(c) && c.samples.length > 0 && c.samples.every(looksLikeDate));
  return [...means, ...looks].map((c) => c.column);
}

export function looksLikeDate(text: string): boolean {
  const t = text.trim();
  // With points only all three parts make a date: 18.98 is a price.
  return (
    /^\d{4}([-/年])\d{1,2}/.test(t) || /^\d{4}\.\d{1,2}\.\d{1,2}/.test(t) || /^\d{1,2}[-/月]\d{1,2}/.test(t) ||
    /^\d{1,2}\.\d{1,2}\.\d{2,4}/.test(t) || /^(19|20)\d{6}$/.test(t)
  );
}

// A column with one meaning changed, as the server takes it: only what changes, so that rules which meanings cannot say
// stay. Of a meaning that only one column can have, the column that had it is left without.
export function withMeaning(columns: readonly ImportColumn[], column: string, meaning: Meaning): { column: string; meaning: Meaning }[] {
  const single = (m: Meaning) =>
    m.role === "field" || m.role === "event" || m.role === "at" || m.role === "measure" || m.role === "value" ? keyOf(m) : null;
  const taken = single(meaning);
  const changed = [{ column, meaning }];
  for (const c of columns) {
    if (c.column === column || taken === null || single(c.meaning) !== taken) continue;
    changed.push({ column: c.column, meaning: c.meaning.key ? { role: "none", key: true } : { role: "none" } });
  }
  return changed;
}
