import type { CatalogView, Cell } from "@/api";
import type { Language, Translate } from "@/i18n";
import { formatChange, formatFigure, formatNumber, type Unit } from "@/ui";
import { ratioNames } from "@/ui/figures/formula";
import type { CardContent } from "./HoverCard";
import { addsUp, cellSample, meanOfRates, type Pivot } from "./logic/pivot";
import type { Grain } from "./logic/state";
import type { CellPlace } from "./PivotTable";
import type { exploreTexts } from "./texts";
import type { Words } from "./words";

interface Around {
  table: Pivot;
  words: Words;
  t: Translate<keyof typeof exploreTexts.entries>;
  language: Language;
  catalog: CatalogView;
  grain: Grain | null;
  period: string;
}

// What the card of a cell says: what it is made of, what the total is not, and how far it may be trusted.
export function cardOf(place: CellPlace, { table, words, t, language, catalog, grain, period }: Around): CardContent | null {
  const value = table.values[place.value];
  if (!value) return null;
  const cells: readonly (Cell | null)[] = place.row ? place.row.cells[place.value]! : table.columnTotals[place.value]!;
  const cell = place.column === null ? (place.row ? place.row.totals : table.totals)[place.value]! : (cells[place.column] ?? null);
  const who = place.row
    ? words
        .rowLabels(place.row)
        .map((label) => label.text)
        .join(" · ")
    : table.rows.length > 0
      ? t("allRows", { n: table.rows.length, dim: table.dims.map((dim) => (language === "zh" ? words.dim(dim) : words.dim(dim).toLowerCase())).join(" · ") })
      : t("total");
  const when = place.column !== null && grain ? words.member(grain, table.columns[place.column]!) : period;
  const formula = words.formulaOf(value.formula);
  const lines: string[] = [];
  const quiet: string[] = [];
  const name = words.valueName(value.name);
  const full = (figure: number | null | undefined, unit: Unit) => (unit === "percent" ? formatFigure(figure, unit, { places: 1 }) : `${formatFigure(figure, unit)} ${words.unitNote(unit)}`.trim());

  if (cell === null) {
    lines.push(`${name}: ${addsUp(formula) ? formatFigure(0, value.unit) : "—"}`);
    quiet.push(t("noEntry"));
  } else if (cell.den != null) {
    const names = ratioNames(formula);
    const part = (figure: number | null | undefined, id: string | undefined) => `${formatNumber(figure, { places: 2, trim: true })}${id ? ` ${language === "zh" ? catalog.name(id) : lowerFirst(catalog.name(id))}` : ""}`;
    lines.push(`${part(cell.num, names?.[0])} ÷ ${part(cell.den, names?.[1])} = ${full(cell.value, value.unit)}`);
    if (cell.den === 0) quiet.push(t("noValue"));
  } else {
    lines.push(`${name}: ${full(cell.value, value.unit)}`);
  }
  if (cell) {
    const sample = cellSample(cell, value.unit);
    if (sample === "small") quiet.push(t("small"));
    if (sample === "counts") quiet.push(t("countsOnly"));
    const over = place.row ? (place.column === null ? cells : null) : place.column === null ? table.rows.map((row) => row.totals[place.value]!) : table.rows.map((row) => row.cells[place.value]![place.column!] ?? null);
    if (cell.den != null && cell.den > 0 && over) {
      const mean = meanOfRates(over);
      if (mean) quiet.push(t("meanWouldBe", { n: mean.n, mean: full(mean.mean, value.unit) }));
    }
    const change = formatChange(cell.change, value.unit, language);
    if (place.column === null && change && cell.vs) {
      const arrow = change.direction === "up" ? "▲" : change.direction === "down" ? "▼" : "＝";
      quiet.push(`${t("change", { name: words.versus })} ${full(cell.vs.value, value.unit)} ${arrow} ${change.text}`);
    }
  }
  return { title: `${who} · ${when}`, lines, quiet, ...(cell === null ? {} : { hint: t("enterOpens") }) };
}

// A name inside a sentence; abbreviations stay.
function lowerFirst(name: string): string {
  return /^[A-Z][a-z]/.test(name) ? name[0]!.toLowerCase() + name.slice(1) : name;
}
