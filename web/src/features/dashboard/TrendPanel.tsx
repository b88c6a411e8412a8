import { ChartNoAxesColumn, Table2 } from "lucide-react";
import { memo, useDeferredValue, useMemo, useState } from "react";
import type { Question } from "@/api";
import { useLanguage, useTexts } from "@/i18n";
import { formatPeriod, isPartial, parsePeriod, periodLabel, type DayNumber } from "@/state/period";
import type { useView } from "@/state/view";
import { Delta, ErrorState, formatNumber, formatRelative, IconButton, Panel, Skeleton, useLatestWhen } from "@/ui";
import { useAnswer } from "./data";
import { fromFirst, lineOf, trendMonths, unitsOf } from "./logic/model";
import { TrendChart } from "./TrendChart";
import styles from "./dashboard.module.css";
import { dashboardTexts } from "./texts";

// Twelve months of orders, as drawing or as table.
export const TrendPanel = memo(function TrendPanel({ question, view, today }: { question: Question; view: ReturnType<typeof useView>; today: DayNumber }) {
  const t = useTexts(dashboardTexts);
  const language = useLanguage();
  const [asTable, setAsTable] = useState(false);
  const query = useAnswer(question);
  const asked = useMemo(() => unitsOf(trendMonths(view.period, today), "month"), [view.period, today]);
  const fitting = useLatestWhen(!query.isPlaceholderData, asked);
  // The answer and its months go together, also where the drawing comes later.
  const { data, months } = useDeferredValue(useMemo(() => ({ data: query.data, months: fitting }), [query.data, fitting]));
  const onMonth = (month: string) => view.set({ period: parsePeriod(month)! });
  const values = lineOf(data, "deals_count", "month", months, (cell) => cell.value);
  const before = fromFirst(lineOf(data, "deals_count", "month", months, (cell) => cell.vs?.value));
  const lastPeriod = parsePeriod(months[months.length - 1] ?? "");
  const running = lastPeriod !== null && isPartial(lastPeriod, today);
  return (
    <Panel
      className={styles.trendPanel}
      title={t("trend")}
      note={t(running ? "trendNoteTo" : "trendNote")}
      dim={query.isPlaceholderData}
      action={<IconButton small label={asTable ? t("asChart") : t("asTable")} icon={asTable ? ChartNoAxesColumn : Table2} aria-pressed={asTable} onClick={() => setAsTable(!asTable)} />}
    >
      {query.error && !data ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} small />
      ) : !data ? (
        <Skeleton height={232} />
      ) : asTable ? (
        <div className={styles.trendTable}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">{t("month")}</th>
                <th scope="col" className="num">
                  {t("orders")}
                </th>
                <th scope="col" className="num">
                  {t("lastYear")}
                </th>
                <th scope="col" className="num">
                  {t("change")}
                </th>
              </tr>
            </thead>
            <tbody>
              {[...months.keys()].reverse().map((i) => {
                const period = parsePeriod(months[i]!)!;
                return (
                  <tr key={months[i]}>
                    <th scope="row">
                      <button type="button" className={styles.drill} onClick={() => onMonth(months[i]!)}>
                        {periodLabel(period, language)}
                      </button>
                      {isPartial(period, today) && <span className={styles.quiet}> {t("running")}</span>}
                    </th>
                    <td className="num" data-value={values[i] ?? "null"}>
                      {formatNumber(values[i])}
                    </td>
                    <td className="num">{formatNumber(before[i])}</td>
                    <td className="num">{isPartial(period, today) ? "" : <Delta change={formatRelative(values[i], before[i])} better="higher" />}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      ) : (
        <TrendChart months={months} values={values} before={before} chosen={formatPeriod(view.period)} today={today} onMonth={onMonth} />
      )}
    </Panel>
  );
});
