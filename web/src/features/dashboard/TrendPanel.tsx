import type { UseQueryResult } from "@tanstack/react-query";
import { ChartNoAxesColumn, Table2 } from "lucide-react";
import { useState } from "react";
import type { Answer } from "@/api";
import type { ApiError } from "@/api/error";
import { useLanguage, useTexts } from "@/i18n";
import { isPartial, parsePeriod, periodLabel, type DayNumber } from "@/state/period";
import { Delta, ErrorState, formatNumber, formatRelative, IconButton, Panel, Skeleton } from "@/ui";
import { fromFirst, lineOf } from "./logic/model";
import { TrendChart } from "./TrendChart";
import styles from "./dashboard.module.css";
import { dashboardTexts } from "./texts";

// Twelve months of orders, as drawing or as table.
export function TrendPanel({ query, months, chosen, today, onMonth }: { query: UseQueryResult<Answer, ApiError>; months: string[]; chosen: string; today: DayNumber; onMonth: (month: string) => void }) {
  const t = useTexts(dashboardTexts);
  const language = useLanguage();
  const [asTable, setAsTable] = useState(false);
  const values = lineOf(query.data, "deals_count", "month", months, (cell) => cell.value);
  const before = fromFirst(lineOf(query.data, "deals_count", "month", months, (cell) => cell.vs?.value));
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
      {query.error && !query.data ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} small />
      ) : !query.data ? (
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
        <TrendChart months={months} values={values} before={before} chosen={chosen} today={today} onMonth={onMonth} />
      )}
    </Panel>
  );
}
