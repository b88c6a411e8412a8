import { BarChart, LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use as register, type ECharts, type EChartsCoreOption } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { ChartLine, Table2 } from "lucide-react";
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useTexts } from "@/i18n";
import { useShownTheme } from "@/state/settings";
import styles from "./Chart.module.css";
import { IconButton } from "./Button";
import { uiTexts } from "./texts";

// The chart library behind one door, so that it stays in chunks of its own: import this file only from what is loaded
// lazily, never through "@/ui". Axes, grid and tip come in the product's look; the option says the rest.

register([BarChart, LineChart, ScatterChart, GridComponent, TooltipComponent, MarkLineComponent, SVGRenderer]);

export interface ChartTheme {
  ink: string;
  ink2: string;
  ink3: string;
  line: string;
  line2: string;
  surface: string;
  accent: string;
  accentMid: string;
  bar: string;
  good: string;
  bad: string;
  warn: string;
  lastYear: string;
  tip: string;
  tipInk: string;
  categories: string[]; // in fixed order; at most six, the rest is "other"
  other: string;
}

function readTheme(): ChartTheme {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: value("ink"),
    ink2: value("ink2"),
    ink3: value("ink3"),
    line: value("line"),
    line2: value("line2"),
    surface: value("surface"),
    accent: value("accent"),
    accentMid: value("accent-mid"),
    bar: value("bar"),
    good: value("good"),
    bad: value("bad"),
    warn: value("warn"),
    lastYear: value("last-year"),
    tip: value("tip"),
    tipInk: value("tip-ink"),
    categories: [1, 2, 3, 4, 5, 6].map((n) => value(`cat${n}`)),
    other: value("cat8"),
  };
}

export interface ChartClick {
  seriesIndex: number;
  seriesName: string;
  dataIndex: number;
  name: string;
}
export interface ChartProps {
  label: string; // one line that says what the chart shows
  option: (theme: ChartTheme) => EChartsCoreOption;
  height: number;
  table?: ReactNode; // the same figures; shown on wish and instead of the drawing to those who cannot see it
  onClick?: (click: ChartClick) => void;
}

type Part = Record<string, unknown>;
function dressed(option: EChartsCoreOption, theme: ChartTheme): EChartsCoreOption {
  const font = getComputedStyle(document.documentElement).fontFamily;
  const axis = (kind: "xAxis" | "yAxis") => {
    const given = option[kind] as Part | Part[] | undefined;
    if (!given) return undefined;
    const dress = (one: Part): Part => ({
      ...one,
      axisLine: { show: kind === "xAxis", lineStyle: { color: theme.line2 }, ...(one.axisLine as Part) },
      axisTick: { show: false, ...(one.axisTick as Part) },
      axisLabel: { color: theme.ink2, fontSize: 11, hideOverlap: true, ...(one.axisLabel as Part) },
      splitLine: { show: kind === "yAxis", lineStyle: { color: theme.line }, ...(one.splitLine as Part) },
    });
    return Array.isArray(given) ? given.map(dress) : dress(given);
  };
  return {
    animation: false,
    color: theme.categories,
    textStyle: { fontFamily: font, color: theme.ink, fontSize: 12 },
    ...option,
    grid: { left: 8, right: 16, top: 12, bottom: 4, containLabel: true, ...(option.grid as Part) },
    ...(option.xAxis ? { xAxis: axis("xAxis") } : {}),
    ...(option.yAxis ? { yAxis: axis("yAxis") } : {}),
    tooltip: {
      // Drawn, not HTML: a name can hold anything.
      renderMode: "richText",
      confine: true,
      backgroundColor: theme.tip,
      borderWidth: 0,
      padding: [8, 12],
      textStyle: { color: theme.tipInk, fontSize: 12, fontFamily: font },
      ...(option.tooltip as Part),
    },
  };
}

export function Chart({ label, option, height, table, onClick }: ChartProps) {
  const t = useTexts(uiTexts);
  const shown = useShownTheme();
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts>(undefined);
  const click = useRef(onClick);
  const [asTable, setAsTable] = useState(false);
   
  const theme = useMemo(readTheme, [shown]);

  useEffect(() => {
    click.current = onClick;
  });
  useEffect(() => {
    if (asTable || !host.current) return;
    const made = init(host.current, undefined, { renderer: "svg" });
    chart.current = made;
    made.on("click", (event) => {
      const { seriesIndex = 0, seriesName = "", dataIndex, name } = event as unknown as ChartClick;
      click.current?.({ seriesIndex, seriesName, dataIndex, name });
    });
    const observer = new ResizeObserver(() => made.resize({ animation: { duration: 0 } }));
    observer.observe(host.current);
    return () => {
      observer.disconnect();
      made.dispose();
      chart.current = undefined;
    };
  }, [asTable]);
  useEffect(() => {
    chart.current?.setOption(dressed(option(theme), theme), { notMerge: true });
  }, [option, theme, asTable]);

  return (
    <figure className={styles.figure}>
      {table && (
        <IconButton small label={asTable ? t("asChart") : t("asTable")} icon={asTable ? ChartLine : Table2} className={styles.toggle} aria-pressed={asTable} onClick={() => setAsTable(!asTable)} />
      )}
      {asTable ? <div className={styles.table}>{table}</div> : <div ref={host} role="img" aria-label={label} style={{ height, cursor: onClick ? "pointer" : undefined }} />}
      <figcaption className="sr-only">{label}</figcaption>
    </figure>
  );
}
