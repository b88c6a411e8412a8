import { useMemo } from "react";
import { useCatalog, useOrg } from "@/api";
import { useLanguage, useTexts, type Language } from "@/i18n";
import { civil, formatPeriod, parsePeriod } from "@/state/period";
import type { Versus } from "@/state/view";
import { formatDay, monthName, type Unit } from "@/ui";
import { isGrain, valueParts } from "./logic/state";
import type { PivotRow } from "./logic/pivot";
import { exploreTexts } from "./texts";

// What things are called on the page: values, dimensions, members.

export interface RowLabel {
  text: string;
  note?: string; // the dealer of a person, where several are in sight
}
export interface Words {
  valueName: (column: string) => string;
  // The formula behind a column, with a KPI's own formula put in.
  formulaOf: (formula: string) => string;
  unitNote: (unit: Unit) => string;
  dim: (dim: string) => string;
  member: (dim: string, member: string | null) => string;
  rowLabels: (row: PivotRow) => RowLabel[];
  versus: string;
}

const kUnits: Record<Unit, [string, string]> = {
  count: ["", ""],
  money: ["元", "yuan"],
  percent: ["%", "%"],
  ratio: ["", ""],
  day: ["天", "days"],
  hour: ["小时", "hours"],
  score: ["分", "points"],
  points: ["分", "points"],
  times: ["次", "times"],
  percent_points: ["点", "pp"],
};
export function unitNote(unit: Unit, language: Language): string {
  return kUnits[unit][language === "zh" ? 0 : 1];
}

export function useWords(dims: readonly string[], vs: Versus, manyDealers: boolean): Words {
  const t = useTexts(exploreTexts);
  const language = useLanguage();
  const catalog = useCatalog();
  const { data: org } = useOrg();
  const dealerOf = useMemo(() => {
    const out = new Map<string, string>();
    for (const dealer of org?.dealers ?? []) {
      for (const team of dealer.teams) out.set(`team:${team.id}`, dealer.name);
      for (const person of dealer.staff) out.set(`staff:${person.id}`, dealer.name);
    }
    return out;
  }, [org]);
  return useMemo(() => {
    const member = (dim: string, value: string | null) => (isGrain(dim) && value ? periodText(value, language) : catalog.dimLabel(dim, value));
    return {
      valueName: (column) => {
        const { name, named } = valueParts(column);
        return named ? name : catalog.name(column);
      },
      formulaOf: (formula) => catalog.kpi(formula)?.formula ?? formula,
      unitNote: (unit) => unitNote(unit, language),
      dim: catalog.dim,
      member,
      rowLabels: (row) =>
        dims.map((dim, i) => {
          const id = row.ids[dim];
          const dealer = manyDealers && !dims.includes("dealer") && id ? dealerOf.get(`${dim === "actor" ? "staff" : dim}:${id}`) : undefined;
          return { text: member(dim, row.members[i] ?? null), ...(dealer ? { note: dealer } : {}) };
        }),
      versus: vs === "none" ? "" : t(`vs.${vs}`),
    };
  }, [catalog, dealerOf, dims, language, manyDealers, t, vs]);
}

// A point in time as a row's name.
export function periodText(member: string, language: Language): string {
  const period = parsePeriod(member);
  if (!period) return member;
  const { year, month } = civil(period.from);
  switch (period.kind) {
    case "day":
      return formatDay(member, language, { year: true });
    case "month":
      return language === "zh" ? `${year}年${month}月` : `${monthName(month, language)} ${year}`;
    default:
      return formatPeriod(period);
  }
}

// The head of a column: no more than is needed; the year where several are in sight, at its first column.
export function columnLabel(member: string, language: Language, all: readonly string[]): string {
  const period = parsePeriod(member);
  if (!period) return member;
  const years = new Set(all.map((other) => other.slice(0, 4)));
  const at = all.indexOf(member);
  const newYear = years.size > 1 && (at === 0 || all[at - 1]!.slice(0, 4) !== member.slice(0, 4));
  const { year, month } = civil(period.from);
  switch (period.kind) {
    case "day":
      return formatDay(member, language, { year: newYear });
    case "week":
      return newYear ? member.replace("-W", " W") : member.slice(5);
    case "month":
      if (language === "zh") return newYear ? `${String(year).slice(2)}年${month}月` : `${month}月`;
      return newYear ? `${monthName(month, language)} ${String(year).slice(2)}` : monthName(month, language);
    case "quarter":
      return newYear ? member.replace("Q", " Q") : member.slice(4);
    default:
      return member;
  }
}
