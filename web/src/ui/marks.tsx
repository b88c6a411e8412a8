import { useId, type ReactNode } from "react";
import { useLanguage, useTexts } from "@/i18n";
import { formatNumber, judge, kMinus, type Better, type ChangeText } from "./format";
import { classes, useWidth } from "./hooks";
import styles from "./marks.module.css";
import { uiTexts } from "./texts";

// Small drawings of our own, without the chart library: they are there with the first paint. Each says in words what
// it shows; colour never stands alone.

export interface DeltaProps {
  change: ChangeText | null | undefined;
  better: Better;
  // versus: against another period, coloured as the setting 涨跌配色 has it; target: always by better or worse
  kind?: "versus" | "target";
  note?: ReactNode; // 同比
  tag?: boolean; // on a tinted ground, as in tables
}
export function Delta({ change, better, kind = "versus", note, tag }: DeltaProps) {
  const t = useTexts(uiTexts);
  if (!change) return null;
  const { direction, text } = change;
  return (
    <span className={classes(styles.delta, kind === "versus" && styles.versus, styles[direction], styles[judge(direction, better)], tag && styles.deltaTag)}>
      <Arrow direction={direction} />
      <span className="sr-only">{t(direction)} </span>
      <span>{text}</span>
      {note && <span className={styles.deltaNote}>{note}</span>}
    </span>
  );
}
function Arrow({ direction }: { direction: "up" | "down" | "same" }) {
  if (direction === "same") {
    return (
      <svg width="9" height="8" viewBox="0 0 9 8" aria-hidden className={styles.arrow}>
        <rect y="1.5" width="9" height="1.6" />
        <rect y="5" width="9" height="1.6" />
      </svg>
    );
  }
  return (
    <svg width="9" height="8" viewBox="0 0 9 8" aria-hidden className={styles.arrow}>
      <path d={direction === "up" ? "M4.5 0 L9 8 H0 Z" : "M4.5 8 L0 0 H9 Z"} />
    </svg>
  );
}

// ---- Sparkline ----

type Series = readonly (number | null | undefined)[];

export interface SparklineProps {
  values: Series;
  versus?: Series; // last year: grey, thin
  label: string; // what it shows, in words
  width?: number;
  height?: number;
  partial?: boolean; // the last piece is not over: its stretch is dashed, its dot open
}
export function Sparkline({ values, versus, label, width = 72, height = 24, partial = false }: SparklineProps) {
  const all = [...values, ...(versus ?? [])].filter((value): value is number => value != null && Number.isFinite(value));
  if (all.length === 0) return <svg width={width} height={height} role="img" aria-label={label} className={styles.spark} />;
  const low = Math.min(...all);
  const high = Math.max(...all);
  const pad = 3;
  const x = (index: number, count: number) => pad + (count <= 1 ? (width - 2 * pad) / 2 : (index / (count - 1)) * (width - 2 * pad));
  const y = (value: number) => (high === low ? height / 2 : height - pad - ((value - low) / (high - low)) * (height - 2 * pad));
  const lastIndex = values.findLastIndex((value) => value != null);
  const solid = partial && lastIndex > 0 ? values.map((value, i) => (i === lastIndex ? null : value)) : values;
  const before = partial ? values.slice(0, lastIndex).findLastIndex((value) => value != null) : -1;
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label} className={styles.spark}>
      {versus && <path d={linePath(versus, x, y)} className={styles.sparkVersus} />}
      <path d={linePath(solid, x, y)} className={styles.sparkLine} />
      {before >= 0 && <path d={`M${x(before, values.length)} ${y(values[before]!)} L${x(lastIndex, values.length)} ${y(values[lastIndex]!)}`} className={classes(styles.sparkLine, styles.dashed)} />}
      {lastIndex >= 0 && <circle cx={x(lastIndex, values.length)} cy={y(values[lastIndex]!)} r="2.2" className={partial ? styles.dotOpen : styles.dot} />}
    </svg>
  );
}
// Gaps stay gaps.
function linePath(values: Series, x: (i: number, n: number) => number, y: (v: number) => number): string {
  let path = "";
  let pen = false;
  values.forEach((value, i) => {
    if (value == null || !Number.isFinite(value)) {
      pen = false;
      return;
    }
    path += `${pen ? "L" : "M"}${x(i, values.length).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = true;
  });
  return path;
}

// ---- Interval with dot ----

export interface IntervalDotProps {
  value: number | null | undefined;
  low: number | null | undefined;
  high: number | null | undefined;
  reference?: number | null; // the tick: the whole store, the target
  scale: readonly [number, number]; // the same for all rows of a table
  format: (value: number) => string;
  tone?: "accent" | "good" | "bad" | "muted";
  width?: number;
}
export function IntervalDot({ value, low, high, reference, scale, format, tone = "accent", width = 70 }: IntervalDotProps) {
  const t = useTexts(uiTexts);
  const height = 18;
  const [from, to] = scale;
  const x = (v: number) => 4 + (Math.min(1, Math.max(0, (v - from) / (to - from || 1))) * (width - 8));
  const words = [
    value != null && low != null && high != null ? t("intervalText", { value: format(value), low: format(low), high: format(high) }) : "",
    reference != null ? t("reference", { value: format(reference) }) : "",
  ]
    .filter(Boolean)
    .join("; ");
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={words} className={classes(styles.interval, styles[`tone_${tone}`])}>
      <line x1="2" x2={width - 2} y1="9" y2="9" className={styles.rail} />
      {low != null && high != null && <line x1={x(low)} x2={Math.max(x(high), x(low) + 1)} y1="9" y2="9" className={styles.span} />}
      {reference != null && <line x1={x(reference)} x2={x(reference)} y1="2" y2="16" className={styles.tick} />}
      {value != null && <circle cx={x(value)} cy="9" r="3.8" className={styles.point} />}
    </svg>
  );
}

// ---- Bullet ----

export interface BulletBarProps {
  value: number | null | undefined;
  max: number; // the right end: the target, or 1 for a share
  tick?: number | null; // where we should be by now; the plan
  tone?: "good" | "bad" | "accent" | "mid";
  colour?: string; // of a category, instead of the tone
  label: string;
  height?: number;
}
export function BulletBar({ value, max, tick, tone = "accent", colour, label, height = 5 }: BulletBarProps) {
  const share = (v: number) => `${max > 0 ? Math.min(1, Math.max(0, v / max)) * 100 : 0}%`;
  return (
    <span className={styles.bullet} role="img" aria-label={label} style={{ height }}>
      {value != null && <span className={classes(styles.bulletFill, styles[`fill_${tone}`])} style={{ width: share(value), ...(colour ? { background: colour } : {}) }} />}
      {tick != null && <span className={styles.bulletTick} style={{ left: share(tick) }} />}
    </span>
  );
}

// ---- Conversion bars ----

export interface ConversionStep {
  id: string;
  label: string;
  count: number;
  missing?: number | null; // of the step before, not here
  lost?: number | null;
  open?: number | null;
  rate?: ReactNode; // 88.0 %; a Figure
  delta?: ReactNode; // ▼ 2.0 点
  onOpen?: () => void; // the records of this step
}
// Where customers drop out: solid passed, hatched lost, pale still open. Bars begin at 0 and share one scale.
export function ConversionBars({ steps, rateTitle, deltaTitle }: { steps: ConversionStep[]; rateTitle?: ReactNode; deltaTitle?: ReactNode }) {
  const t = useTexts(uiTexts);
  const language = useLanguage();
  const hatch = useId();
  const [host, width] = useWidth<HTMLSpanElement>();
  const max = Math.max(1, ...steps.map((step) => step.count + (step.lost ?? 0) + (step.open ?? 0)));
  const legend = language === "zh" ? "实色=通过，斜纹=战败，浅色=仍在跟进" : "solid passed · hatched lost · pale open";
  return (
    <div className={styles.bars} role="table">
      <div className={styles.barHead} role="row">
        <span role="columnheader">
          <span className="sr-only">{t("stage")}</span>
        </span>
        <span role="columnheader">{legend}</span>
        <span role="columnheader" className={styles.barRate}>
          {rateTitle}
        </span>
        <span role="columnheader" className={styles.barDelta}>
          {deltaTitle}
        </span>
      </div>
      {steps.map((step, index) => {
        const share = (n: number) => (n / max) * 100;
        const passed = share(step.count);
        const lost = share(step.lost ?? 0);
        const open = share(step.open ?? 0);
        const end = passed + lost + open;
        const number = formatNumber(step.count, { places: 3, trim: true });
        // A bar too short for its number has it beside.
        const inside = (passed / 100) * (width || 240) >= number.length * 8 + 14;
        const words = [t("passed", { n: number }), step.lost != null ? t("lost", { n: formatNumber(step.lost) }) : "", step.open != null ? t("open", { n: formatNumber(step.open) }) : ""].filter(Boolean).join(", ");
        const note = step.missing != null && step.missing > 0 ? `${kMinus}${formatNumber(step.missing)}${step.lost ? ` · ${t("lost", { n: formatNumber(step.lost) })}` : ""}` : "";
        const drawing = (
          <>
            <svg className={styles.barDrawing} height="22" aria-hidden>
              <defs>
                <pattern id={hatch} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                  <rect width="5" height="5" className={styles.hatchGround} />
                  <rect width="1.3" height="5" className={styles.hatch} />
                </pattern>
              </defs>
              <rect width={`${end}%`} height="22" rx="3" className={styles.barOpen} />
              {lost > 0 && <rect x={`${passed}%`} width={`${lost}%`} height="22" fill={`url(#${hatch})`} />}
              <rect width={`${Math.max(passed, step.count > 0 ? 0.4 : 0)}%`} height="22" rx="3" className={styles.barPassed} />
            </svg>
            <span className={classes(styles.barNumber, inside ? styles.barInside : styles.barOutside)} style={inside ? undefined : { left: `calc(${end}% + 6px)` }} aria-hidden>
              {number}
              {!inside && note && <span className={styles.barNote}>{note}</span>}
            </span>
            {inside && note && (
              <span className={styles.barNoteAt} style={{ left: `calc(${end}% + 8px)` }} aria-hidden>
                {note}
              </span>
            )}
          </>
        );
        return (
          <div key={step.id} className={styles.barRow} role="row">
            <span className={styles.barLabel} role="rowheader">
              {step.label}
            </span>
            <span role="cell" className={styles.barCell}>
              {step.onOpen ? (
                <button type="button" className={styles.barButton} onClick={step.onOpen}>
                  <span className="sr-only">{`${step.label}: ${words}`}</span>
                  <span ref={index === 0 ? host : undefined} className={styles.barStage}>
                    {drawing}
                  </span>
                </button>
              ) : (
                <span className={styles.barButton}>
                  <span className="sr-only">{words}</span>
                  <span ref={index === 0 ? host : undefined} className={styles.barStage}>
                    {drawing}
                  </span>
                </span>
              )}
            </span>
            <span role="cell" className={styles.barRate}>
              {step.rate ?? (index === 0 ? <span className={styles.barBase}>{t("base")}</span> : "—")}
            </span>
            <span role="cell" className={styles.barDelta}>
              {step.delta}
            </span>
          </div>
        );
      })}
    </div>
  );
}
