import { createElement, Fragment, useSyncExternalStore, type ReactNode } from "react";
import { settings } from "@/state/settings";

// Words of the screen, in both languages side by side:
//
//   const texts = defineTexts("dashboard", {
//     title: { zh: "销售看板", en: "Sales dashboard" },
//     rows: { zh: "{count} 行", en: { one: "{count} row", other: "{count} rows" } },
//   });
//   const t = useTexts(texts);   t("rows", { count: 3 })
//
// A key that does not exist, or a text that lacks a language, does not compile. `{name}` stands for a value. Numbers
// in values are already formatted (ui/format); `count` only chooses the English plural, so give the shown text under
// another name where it needs grouping.

export type Language = "zh" | "en";
export interface Text {
  zh: string;
  en: string | { one: string; other: string };
}
export interface Texts<Key extends string> {
  ns: string;
  entries: Record<Key, Text>;
}
export type Values = Record<string, string | number>;
export type Translate<Key extends string> = (key: Key, values?: Values) => string;

export function defineTexts<Key extends string>(ns: string, entries: Record<Key, Text>): Texts<Key> {
  return { ns, entries };
}

const kPlural = new Intl.PluralRules("en");
function say(text: Text, language: Language, values?: Values): string {
  const chosen = text[language];
  const pattern = typeof chosen === "string" ? chosen : values?.count === undefined ? chosen.other : kPlural.select(Number(values.count)) === "one" ? chosen.one : chosen.other;
  // What is put in is not looked through again.
  return values ? pattern.replace(/\{(\w+)\}/g, (mark, name: string) => String(values[name] ?? mark)) : pattern;
}

// One function for the texts of a feature and a language, whoever asks: hundreds of figures on a page share it.
const translators = new WeakMap<object, Partial<Record<Language, Translate<string>>>>();
function translator<Key extends string>(texts: Texts<Key>, language: Language): Translate<Key> {
  const known: Partial<Record<Language, Translate<Key>>> = translators.get(texts) ?? {};
  translators.set(texts, known as Partial<Record<Language, Translate<string>>>);
  return (known[language] ??= (key, values) => say(texts.entries[key], language, values));
}

export function useTexts<Key extends string>(texts: Texts<Key>): Translate<Key> {
  return translator(texts, useLanguage());
}

// Outside components: in the language of now.
export function text<Key extends string>(texts: Texts<Key>, key: Key, values?: Values): string {
  return translator(texts, currentLanguage())(key, values);
}

// The page's language: what was chosen here before, else the browser's, Chinese where unsure (public/start.js has
// decided that already).
function startLanguage(): Language {
  const chosen = settings.get("language");
  if (chosen === "zh" || chosen === "en") return chosen;
  return document.documentElement.lang === "en" ? "en" : "zh";
}

let language: Language = startLanguage();
const listeners = new Set<() => void>();
const onLanguage = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};
export function currentLanguage(): Language {
  return language;
}
export function useLanguage(): Language {
  return useSyncExternalStore(onLanguage, currentLanguage);
}
export function setLanguage(chosen: Language) {
  language = chosen;
  document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
  settings.set("language", chosen);
  for (const listener of listeners) listener();
}
document.documentElement.lang = language === "zh" ? "zh-CN" : "en";

// A text in two languages as the server gives it.
export interface Bilingual {
  zh?: string | null | undefined;
  en?: string | null | undefined;
}
export function pick(value: Bilingual | null | undefined, language: Language): string {
  if (!value) return "";
  return (language === "zh" ? value.zh || value.en : value.en || value.zh) ?? "";
}

// Sentences with emphasised words, as the server's RichText and our own texts write them: **word** is strong,
// **-word** bad, **+word** good. Everything else stays text.
const kMark = /\*\*([-+]?)(.+?)\*\*/gs;
export function rich(marked: string): ReactNode {
  const parts: ReactNode[] = [];
  let last = 0;
  for (const match of marked.matchAll(kMark)) {
    const [whole, sign, inner] = match;
    if (match.index > last) parts.push(marked.slice(last, match.index));
    const className = sign === "-" ? "bad" : sign === "+" ? "good" : undefined;
    parts.push(createElement("b", { className }, inner));
    last = match.index + whole.length;
  }
  if (last < marked.length) parts.push(marked.slice(last));
  return createElement(Fragment, null, ...parts);
}
// The same without the marks: for titles, labels and text alternatives.
export function unmarked(marked: string): string {
  return marked.replace(kMark, "$2");
}
// A name that stands inside a marked text, where it happens to hold marks itself.
export function plain(value: string): string {
  return value.replaceAll("**", "∗∗");
}
