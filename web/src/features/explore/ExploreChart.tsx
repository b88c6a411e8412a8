import * as echarts from "echarts/core";
import { LabelLayout } from "echarts/features";
import { useCallback, useMemo } from "react";
import type { Answer } from "@/api";
import { cellOf } from "@/api";
import { useLanguage, useTexts } from "@/i18n";
import { parsePeriod } from "@/state/period";
import { useToday } from "@/state/today";
import { formatFigure, formatShort, usePhone, type Unit } from "@/ui";
import { Chart, type ChartClick, type ChartTheme } from "@/ui/Chart";
import { cellSample, type Pivot, type PivotRow } from "./logic/pivot";
import { kMostPale, niceRange, type Choice, type Series } from "./logic/series";
import type { Grain } from "./logic/state";
import type { CellPlace } from "./PivotTable";
import styles from "./explore.module.css";
import { columnLabel, type Words } from "./words";
import { exploreTexts } from "./texts";

echarts.use([LabelLayout]);

export interface ExploreChartProps {
  kind: "line" | "bar";
  table: Pivot;
  rows: PivotRow[];
  choice: Choice;
  of: number;
  words: Words;
  lastYear: Answer | undefined; // by the grain, where there are no rows: its comparison is the grey line
  grain: Grain | null;
  fill: boolean;
  onOpen: (place: CellPlace) => void;
}

const kHeight = 264;
const kMostBars = 30;

// The chart of one value: lines over time with the best, the weakest and the pinned strong and named at their end, or
// bars by row with a grey tick for the comparison; bars of few cases are pale.
export default function ExploreChart({ kind, table, rows, choice, of, words, lastYear, grain, fill, onOpen }: ExploreChartProps) {
  const t = useTexts(exploreTexts);
  const language = useLanguage();
  const today = useToday();
  const phone = usePhone();
  const value = table.values[of]!;
  const unit: Unit = value.unit;
  const columns = table.columns;
  const partial = columns.length > 0 && isRunning(columns[columns.length - 1]!, today);
  const total = table.totals[of]!;
  const short = useCallback((figure: number | null | undefined) => (unit === "percent" ? formatFigure(figure, unit, { places: 1 }) : formatShort(figure, unit, language)), [unit, language]);
  const axis = useCallback((figure: number) => (unit === "percent" ? formatFigure(figure, unit, Number.isInteger(Math.round(figure * 1e6) / 1e4) ? {} : { places: 1 }) : formatShort(figure, unit, language)), [unit, language]);
  const name = useCallback((row: PivotRow) => words.rowLabels(row).map((label) => label.text).join(" · "), [words]);
  const timed = table.dims.length === 0;

  const line = useMemo(() => {
    const totals = table.columnTotals[of]!.map((cell) => (cell === null ? (fill ? 0 : null) : (cell.value ?? null)));
    const before = timed && lastYear && grain ? columns.map((column) => cellOf(lastYear.rows.find((row) => row[grain] === column), value.name).vs?.value ?? null) : null;
    const all = [...choice.strong, ...choice.pale].flatMap((series) => series.points);
    return { totals, before: before?.some((point) => point !== null) ? before : null, range: niceRange([...all, ...totals, ...(before ?? [])], unit !== "percent") };
  }, [table, of, fill, timed, lastYear, grain, columns, value.name, choice, unit]);

  const pinned = choice.strong.filter((series) => series.role !== "best" && series.role !== "weakest");
  const lineOption = useCallback(
    (theme: ChartTheme) => {
      const colourOf = (series: Series) => {
        if (series.role === "best") return theme.good;
        if (series.role === "weakest") return theme.bad;
        return theme.categories[pinned.indexOf(series) % theme.categories.length]!;
      };
      const base = { type: "line", emphasis: { disabled: true }, connectNulls: false };
      const strong = choice.strong.map((series) => {
        const colour = colourOf(series);
        return {
          ...base,
          name: name(series.row),
          data: series.points,
          symbol: "circle",
          symbolSize: 6,
          showSymbol: columns.length <= 40,
          z: 5,
          itemStyle: { color: colour },
          lineStyle: { color: colour, width: 2 },
          endLabel: { show: true, formatter: () => clip(name(series.row), phone ? 6 : 12), color: colour, fontSize: 12, fontWeight: 600, distance: 8 },
          labelLayout: { moveOverlap: "shiftY" },
        };
      });
      const pale = choice.pale.slice(0, kMostPale).map((series) => ({ ...base, name: name(series.row), data: series.points, silent: true, symbol: "none", z: 1, lineStyle: { color: theme.line2, width: 1.2 }, tooltip: { show: false } }));
      const dashed = {
        ...base,
        name: timed ? words.valueName(value.name) : t("total"),
        data: line.totals,
        symbol: timed ? "circle" : "none",
        symbolSize: 6,
        z: 4,
        itemStyle: { color: timed ? theme.accent : theme.ink },
        lineStyle: timed ? { color: theme.accent, width: 2 } : { color: theme.ink, width: 1.4, type: "dashed" },
        endLabel: { show: true, formatter: () => (timed ? short(total.value) : phone ? t("total") : t("allOf", { n: rows.length, value: short(total.value) })), color: theme.ink2, fontSize: 12, distance: 8 },
        labelLayout: { moveOverlap: "shiftY" },
      };
      const before = line.before ? [{ ...base, name: words.versus || t("lastYear"), data: line.before, symbol: "none", z: 2, lineStyle: { color: theme.lastYear, width: 1.2 }, endLabel: { show: true, formatter: () => words.versus || t("lastYear"), color: theme.ink3, fontSize: 11, distance: 8 }, labelLayout: { moveOverlap: "shiftY" } }] : [];
      return {
        grid: { left: 4, right: phone ? 84 : 116, top: 12, bottom: 4 },
        xAxis: {
          type: "category",
          boundaryGap: false,
          data: columns.map((column) => columnLabel(column, language, columns)),
          axisTick: { show: false },
          ...(partial ? { axisLabel: { formatter: (label: string, i: number) => (i === columns.length - 1 ? `${label} …` : label) } } : {}),
        },
        yAxis: { type: "value", min: line.range.min, max: line.range.max, interval: line.range.step, axisLabel: { formatter: axis } },
        tooltip: {
          trigger: "axis",
          axisPointer: { type: "line", lineStyle: { color: theme.line2 } },
          formatter: (parts: { dataIndex: number }[]) => {
            const at = parts[0]?.dataIndex ?? 0;
            const lines = choice.strong.map((series) => `${name(series.row)}  ${short(series.points[at])}`);
            return [words.member(grain ?? "month", columns[at] ?? null), ...lines, `${t("total")}  ${short(line.totals[at])}`, ...(line.before ? [`${words.versus || t("lastYear")}  ${short(line.before[at])}`] : [])].join("\n");
          },
        },
        series: [...strong, dashed, ...before, ...pale],
      };
    },
    [choice, pinned, columns, line, language, partial, phone, short, axis, name, t, timed, total.value, rows.length, value.name, words, grain],
  );

  const bars = useMemo(() => {
    if (timed) return { names: columns.map((column) => columnLabel(column, language, columns)), values: line.totals, before: line.before, weak: table.columnTotals[of]!.map((cell) => cellSample(cell, unit) !== "ok") };
    const shown = rows.slice(0, kMostBars);
    const before = shown.map((row) => row.totals[of]!.vs?.value ?? null);
    return { names: shown.map(name), values: shown.map((row) => row.totals[of]!.value ?? null), before: before.some((point) => point !== null) ? before : null, weak: shown.map((row) => cellSample(row.totals[of]!, unit) !== "ok") };
  }, [timed, columns, language, line, rows, of, name, table, unit]);
  const barOption = useCallback(
    (theme: ChartTheme) => {
      const range = niceRange([...bars.values, ...(bars.before ?? [])], true);
      const category = { type: "category", data: bars.names, axisTick: { show: false } };
      const amount = { type: "value", min: range.min, max: range.max, interval: range.step, axisLabel: { formatter: axis } };
      const label = { show: bars.values.length <= kMostBars, position: timed ? "top" : "right", formatter: ({ dataIndex }: { dataIndex: number }) => short(bars.values[dataIndex]), color: theme.ink, fontSize: 12 };
      const bar = { type: "bar", name: words.valueName(value.name), data: bars.values.map((point, i) => (bars.weak[i] ? { value: point, itemStyle: { color: theme.accentMid } } : point)), barMaxWidth: timed ? 28 : 14, itemStyle: { color: theme.bar, borderRadius: timed ? [2, 2, 0, 0] : [0, 2, 2, 0] }, label, emphasis: { disabled: true } };
      const before = bars.before ? [{ type: "scatter", name: words.versus || t("lastYear"), data: bars.before, symbol: "rect", symbolSize: timed ? [18, 2] : [2, 16], itemStyle: { color: theme.lastYear }, silent: true, z: 5 }] : [];
      const reference =
        !timed && unit === "percent" && total.value != null
          ? { markLine: { silent: true, symbol: "none", precision: 12, lineStyle: { color: theme.ink, type: "dashed", width: 1 }, label: { position: "start", formatter: `${t("total")} ${short(total.value)}`, color: theme.ink2, fontSize: 11 }, data: [{ xAxis: total.value }] } }
          : {};
      return {
        grid: { left: 4, right: timed ? 12 : 56, top: timed ? 18 : 18, bottom: 4 },
        xAxis: timed ? category : { ...amount, splitLine: { show: true, lineStyle: { color: theme.line } } },
        yAxis: timed ? amount : { ...category, inverse: true, axisLabel: { width: phone ? 84 : 150, overflow: "truncate", color: theme.ink, fontSize: 12 }, splitLine: { show: false } },
        tooltip: {
          trigger: "axis",
          axisPointer: { type: "none" },
          formatter: (parts: { dataIndex: number }[]) => {
            const at = parts[0]?.dataIndex ?? 0;
            return [bars.names[at], `${words.valueName(value.name)}  ${short(bars.values[at])}`, ...(bars.before ? [`${words.versus || t("lastYear")}  ${short(bars.before[at])}`] : [])].join("\n");
          },
        },
        series: [{ ...bar, ...reference }, ...before],
      };
    },
    [bars, timed, axis, short, words, value.name, t, unit, total.value, phone],
  );

  const onClick = ({ seriesIndex, dataIndex }: ChartClick) => {
    if (kind === "bar") {
      onOpen(timed ? { row: null, value: of, column: dataIndex } : { row: rows[dataIndex] ?? null, value: of, column: null });
      return;
    }
    const series = choice.strong[seriesIndex];
    if (series) onOpen({ row: series.row, value: of, column: dataIndex });
    else if (seriesIndex === choice.strong.length) onOpen({ row: null, value: of, column: dataIndex });
  };

  if (kind === "line" && columns.length < 2) return <p className={styles.noChart}>{t("noChart")}</p>;
  const known = rows.filter((row) => row.totals[of]?.value != null).sort((a, b) => b.totals[of]!.value! - a.totals[of]!.value!);
  const label = t("chartText", {
    value: words.valueName(value.name),
    by: [...table.dims.map(words.dim), ...(kind === "line" && grain ? [words.dim(grain)] : [])].join(language === "zh" ? "、" : ", "),
    best: known[0] ? `${name(known[0])} ${short(known[0].totals[of]!.value)}` : "—",
    weakest: known.length > 1 ? `${name(known[known.length - 1]!)} ${short(known[known.length - 1]!.totals[of]!.value)}` : "—",
    total: short(total.value),
  });
  const height = kind === "line" || timed ? kHeight : Math.max(120, Math.min(rows.length, kMostBars) * 24 + 48);
  return <Chart label={`${label} ${t("showTable")}`} option={kind === "line" ? lineOption : barOption} height={height} onClick={onClick} />;
}

function isRunning(member: string, today: number): boolean {
  const period = parsePeriod(member);
  return period !== null && period.from <= today && today < period.to;
}
function clip(text: string, most: number): string {
  const wide = [...text].reduce((sum, c) => sum + (c > "\u2e80" ? 2 : 1), 0);
  if (wide <= most * 2) return text;
  let out = "";
  let width = 0;
  for (const c of text) {
    width += c > "\u2e80" ? 2 : 1;
    if (width > most * 2 - 1) break;
    out += c;
  }
  return `${out}…`;
}
