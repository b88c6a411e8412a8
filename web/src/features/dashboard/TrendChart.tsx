import { useId } from "react";
import { useLanguage, useTexts } from "@/i18n";
import { civil, isPartial, parsePeriod, periodLabel, type DayNumber } from "@/state/period";
import { formatNumber, monthName, useWidth } from "@/ui";
import { niceTop } from "./logic/axis";
import styles from "./dashboard.module.css";
import { dashboardTexts } from "./texts";

// Orders by month: bars actual, the running month hatched, last year as a thin grey line. Drawn here and not by the
// chart library, so that it is there with the first paint. A click on a month shows that month.

const kHeight = 232;
const kTop = 20;
const kBottom = 22;
const kLeft = 34;

export interface TrendChartProps {
  months: string[];
  values: (number | null)[];
  before: (number | null)[];
  chosen: string; // the period shown, if it is a month
  today: DayNumber;
  onMonth: (month: string) => void;
}

export function TrendChart({ months, values, before, chosen, today, onMonth }: TrendChartProps) {
  const t = useTexts(dashboardTexts);
  const language = useLanguage();
  const [host, measured] = useWidth<HTMLDivElement>();
  const width = Math.max(260, measured || 420);
  const hatch = useId();
  const { top, step } = niceTop([...values, ...before]);
  const lastBefore = before[before.length - 1];
  const lastText = lastBefore == null ? "" : t("lastYearAt", { n: formatNumber(lastBefore) });
  const right = lastText === "" ? 8 : 12 + [...lastText].reduce((sum, c) => sum + (c > "\u2e80" ? 11 : 6.2), 0);
  const inner = width - kLeft - right;
  const slot = inner / months.length;
  const bar = Math.min(28, slot * 0.62);
  const y = (value: number) => kTop + (1 - value / top) * (kHeight - kTop - kBottom);
  const x = (i: number) => kLeft + slot * (i + 0.5);
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step);
  const line = before.flatMap((value, i) => (value === null ? [] : [[x(i), y(value)] as const]));
  const last = before.length - 1;

  return (
    <div ref={host} className={styles.trend}>
      <svg width={width} height={kHeight} viewBox={`0 0 ${width} ${kHeight}`} role="group" aria-label={t("trendText", { values: months.map((month, i) => `${month} ${values[i] ?? "—"}`).join(", ") })}>
        <defs>
          <pattern id={hatch} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="6" height="6" className={styles.hatchGround} />
            <rect width="2" height="6" className={styles.hatchLine} />
          </pattern>
        </defs>
        {ticks.map((tick) => (
          <g key={tick} aria-hidden>
            <line x1={kLeft} x2={width - right} y1={y(tick)} y2={y(tick)} className={tick === 0 ? styles.axis : styles.gridLine} />
            <text x={kLeft - 6} y={y(tick) + 4} textAnchor="end" className={styles.tick}>
              {formatNumber(tick)}
            </text>
          </g>
        ))}
        {months.map((month, i) => {
          const value = values[i] ?? 0;
          const period = parsePeriod(month);
          const running = period !== null && isPartial(period, today);
          const height = Math.max(value > 0 ? 1 : 0, y(0) - y(value));
          const words = t("showMonth", { month: period ? periodLabel(period, language) : month, n: formatNumber(values[i]), before: formatNumber(before[i]) }) + (running ? ` (${t("running")})` : "");
          return (
            <g key={month} role="button" tabIndex={0} aria-label={words} aria-current={month === chosen ? "true" : undefined} className={styles.month} onClick={() => onMonth(month)} onKeyDown={(event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), onMonth(month))} data-value={values[i] ?? "null"}>
              <title>{words}</title>
              <rect x={x(i) - slot / 2} y={kTop} width={slot} height={kHeight - kTop} className={styles.monthHit} rx="4" />
              <rect x={x(i) - bar / 2} y={y(value)} width={bar} height={height} rx="2" fill={running ? `url(#${hatch})` : undefined} className={running ? styles.barRunning : styles.bar} />
            </g>
          );
        })}
        {line.length > 1 && <polyline points={line.map(([a, b]) => `${a.toFixed(1)},${b.toFixed(1)}`).join(" ")} className={styles.beforeLine} aria-hidden />}
        {line.map(([a, b]) => (
          <circle key={a} cx={a} cy={b} r="2.2" className={styles.beforeDot} aria-hidden />
        ))}
        {months.map((month, i) => {
          const label = monthLabel(month, language);
          return (
            <text key={month} x={x(i)} y={kHeight - 6} textAnchor="middle" className={month === chosen ? styles.monthChosen : styles.tick} aria-hidden>
              {slot < 30 ? label.short : label.full}
            </text>
          );
        })}
        {months.map((month, i) => {
          // The number stands in its bar, else above it, else only in words.
          const period = parsePeriod(month);
          const height = y(0) - y(values[i] ?? 0);
          const text = formatNumber(values[i]);
          const room = text.length * 6.4;
          const inside = !(period && isPartial(period, today)) && room <= bar - 2 && height > 18;
          if (!inside && room > slot - 1) return null;
          return (
            <text key={month} x={x(i)} y={inside ? y(0) - 6 : y(0) - height - 5} textAnchor="middle" className={inside ? styles.barInside : styles.barOutside} aria-hidden>
              {text}
            </text>
          );
        })}
        {lastBefore != null && (
          <text x={x(last) + slot / 2 + 4} y={Math.min(y(lastBefore) + 4, y(0) - 4)} className={styles.tick} aria-hidden>
            {lastText}
          </text>
        )}
      </svg>
    </div>
  );
}

function monthLabel(month: string, language: "zh" | "en"): { full: string; short: string } {
  const period = parsePeriod(month);
  if (!period) return { full: month, short: month };
  const at = civil(period.from);
  const name = monthName(at.month, language);
  return { full: name, short: String(at.month) };
}
