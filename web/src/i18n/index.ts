import i18next from "i18next";
import { createElement, Fragment, useCallback, type ReactNode } from "react";
import { initReactI18next, useTranslation } from "react-i18next";
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

const bundles: { ns: string; entries: Record<string, Text> }[] = [];

function register(ns: string, entries: Record<string, Text>) {
  const zh: Record<string, string> = {};
  const en: Record<string, string> = {};
  for (const [key, text] of Object.entries(entries)) {
    zh[key] = text.zh;
    if (typeof text.en === "string") {
      en[key] = text.en;
    } else {
      // Without `count` the bare key is asked for.
      en[key] = text.en.other;
      en[`${key}_one`] = text.en.one;
      en[`${key}_other`] = text.en.other;
    }
  }
  i18next.addResourceBundle("zh", ns, zh, true, true);
  i18next.addResourceBundle("en", ns, en, true, true);
}

export function defineTexts<Key extends string>(ns: string, entries: Record<Key, Text>): Texts<Key> {
  if (i18next.isInitialized) register(ns, entries);
  else bundles.push({ ns, entries });
  return { ns, entries };
}

export function useTexts<Key extends string>(texts: Texts<Key>): Translate<Key> {
  const { t } = useTranslation(texts.ns);
  return useCallback((key, values) => t(key as string, values ?? {}) as string, [t]);
}

// Outside components: in the language of now.
export function text<Key extends string>(texts: Texts<Key>, key: Key, values?: Values): string {
  const say = i18next.t as unknown as (key: string, values: object) => string;
  return say(key, { ns: texts.ns, ...values });
}

export function useLanguage(): Language {
  const { i18n } = useTranslation();
  return i18n.language === "en" ? "en" : "zh";
}
export function currentLanguage(): Language {
  return i18next.language === "en" ? "en" : "zh";
}

// A text in two languages as the server gives it.
export interface Bilingual {
  zh?: string | null | undefined;
  en?: string | null | undefined;
}
export function pick(value: Bilingual | null | undefined, language: Language): string {
  if (!value) return "";
  return (language === "zh" ? value.zh || value.en : value.en || value.zh) ?? "";
}

// The page's language: what was chosen here before, else the browser's, Chinese where unsure (public/theme.js has
// decided that already).
function startLanguage(): Language {
  const chosen = settings.get("language");
  if (chosen === "zh" || chosen === "en") return chosen;
  return document.documentElement.lang === "en" ? "en" : "zh";
}

export function setLanguage(language: Language) {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  settings.set("language", language);
  void i18next.changeLanguage(language);
}

void i18next.use(initReactI18next).init({
  lng: startLanguage(),
  fallbackLng: false,
  resources: {},
  defaultNS: "app",
  keySeparator: false,
  nsSeparator: false,
  initAsync: false,
  interpolation: { escapeValue: false, prefix: "{", suffix: "}" },
  react: { useSuspense: false },
});
document.documentElement.lang = i18next.language === "en" ? "en" : "zh-CN";
for (const { ns, entries } of bundles.splice(0)) register(ns, entries);

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
