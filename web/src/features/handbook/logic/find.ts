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
