import type { Catalog, Kpi } from "@/api";

// Finding a KPI by what people call it, in either language, or by what its formula names. Pure.

export interface Filters {
  q: string;
  group: string;
  unit: string;
  own: boolean;
}

function words(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}

// 0: not found; the greater the better. Every word must be found somewhere.
export function scoreOf(kpi: Kpi, query: string): number {
  const asked = words(query);
  if (asked.length === 0) return 1;
  const id = kpi.id.toLowerCase();
  const names = [kpi.name.en, kpi.name.zh, ...(kpi.also ?? [])].map((name) => name.toLowerCase());
  const formula = kpi.formula.toLowerCase();
  const meaning = `${kpi.meaning?.en ?? ""}\n${kpi.meaning?.zh ?? ""}`.toLowerCase();
  let total = 0;
  for (const word of asked) {
    let best = 0;
    if (id === word || names.includes(word)) best = 100;
    else if (id.startsWith(word) || names.some((name) => name.startsWith(word))) best = 60;
    else if (id.includes(word) || names.some((name) => name.includes(word))) best = 40;
    else if (formula.split(/[^a-z0-9_]+/).includes(word)) best = 25;
    else if (formula.includes(word)) best = 15;
    else if (meaning.includes(word)) best = 5;
    if (best === 0) return 0;
    total += best;
  }
  return total;
}

export function findKpis(catalog: Catalog, { q, group, unit, own }: Filters): Kpi[] {
  const found = catalog.kpis
    .map((kpi, i) => ({ kpi, i, score: (group && kpi.group !== group) || (unit && kpi.unit !== unit) || (own && !kpi.own) ? 0 : scoreOf(kpi, q) }))
    .filter(({ score }) => score > 0);
  // Without words the catalogue's own order, which follows the sales process.
  if (words(q).length > 0) found.sort((a, b) => b.score - a.score || a.i - b.i);
  return found.map(({ kpi }) => kpi);
}

// The formula cut into names that link to something and the text between.
export interface FormulaPart {
  text: string;
  kind: "text" | "kpi" | "measure" | "function";
}
export function formulaParts(formula: string, known: { kpi: (id: string) => unknown; measure: (id: string) => unknown; functions: readonly string[] }): FormulaPart[] {
  const parts: FormulaPart[] = [];
  const add = (text: string, kind: FormulaPart["kind"]) => {
    const last = parts[parts.length - 1];
    if (kind === "text" && last?.kind === "text") last.text += text;
    else if (text) parts.push({ text, kind });
  };
  let bracket = 0;
  let last = 0;
  for (const match of formula.matchAll(/[A-Za-z_][A-Za-z0-9_]*|[[\]]/g)) {
    if (match.index < last) continue; // already taken with a function before it
    add(formula.slice(last, match.index), "text");
    last = match.index + match[0].length;
    const word = match[0];
    if (word === "[" || word === "]") {
      bracket += word === "[" ? 1 : -1;
      add(word, "text");
    } else if (bracket > 0) {
      // Dimensions and members, not measures of the same name.
      add(word, "text");
    } else if (/^\s*\(/.test(formula.slice(last))) {
      // mean(x) and scorecard(x) name items of their own; the item after them is no KPI.
      add(word, known.functions.includes(word) || !known.kpi(word) ? "function" : "kpi");
      if (["mean", "done", "scorecard"].includes(word)) {
        const close = formula.indexOf(")", last);
        if (close > 0 && !formula.slice(last, close).includes("[")) {
          const inner = /^\s*\(\s*[A-Za-z_][A-Za-z0-9_]*/.exec(formula.slice(last));
          if (inner) {
            add(inner[0], "text");
            last += inner[0].length;
          }
        }
      }
    } else if (known.kpi(word)) add(word, "kpi");
    else if (known.measure(word)) add(word, "measure");
    else add(word, "text");
  }
  add(formula.slice(last), "text");
  return parts;
}
