import { memo, useDeferredValue } from "react";
import { useCatalog, type Question } from "@/api";
import { useLanguage, useTexts } from "@/i18n";
import { ConversionBars, Delta, ErrorState, Figure, formatChange, formatDays, formatNumber, Panel, sampleOf, Skeleton } from "@/ui";
import { useFunnel, type OpenFigureOf, type TableQuestion } from "./data";
import { stageName } from "./SuccessPanel";
import styles from "./dashboard.module.css";
import { dashboardTexts } from "./texts";

// How many come through from stage to stage: lost, open, and the rate with its change.
export const FunnelPanel = memo(function FunnelPanel({ question, base, basis, to, onOpen }: { question: TableQuestion; base: Question; basis: string; to: string; onOpen: OpenFigureOf }) {
  const t = useTexts(dashboardTexts);
  const language = useLanguage();
  const catalog = useCatalog();
  const funnel = useFunnel(question);
  const data = useDeferredValue(funnel.data);
  const { vs } = base;
  return (
    <Panel className={styles.funnel} title={t("funnel")} note={data && [formatDays(data.period.from, data.period.to, language), basis, ...(to && (vs === "previous" || vs === "year-ago") ? [t("toDate", { with: t(vs === "previous" ? "withPrevious" : "withYear") })] : [])].join(" · ")} dim={funnel.isPlaceholderData}>
      {funnel.error && !data ? (
        <ErrorState error={funnel.error} onRetry={() => void funnel.refetch()} small />
      ) : !data ? (
        <Skeleton lines={6} height={30} />
      ) : (
        <>
          <ConversionBars
            rateTitle={t("rate")}
            deltaTitle={vs === "none" ? undefined : t(vs === "target" ? "vsTarget" : vs === "previous" ? "vsPrevious" : "vsYear")}
            steps={data.steps.map((step, i) => {
              const kpi = step.conversion_kpi;
              const name = stageName(t, step.stage, catalog.text(step.name));
              return {
                id: step.stage,
                label: name,
                count: step.count,
                missing: step.missing ?? null,
                lost: step.lost ?? null,
                open: step.open ?? null,
                onOpen: () => onOpen({ ...base, columns: [step.measure], by: [] }, step.measure, { value: step.count }, "count", catalog.name(step.measure), { tab: "records", explore: { to: "/explore", search: { v: step.measure } } }),
                ...(i > 0 && kpi && step.conversion
                  ? {
                      rate: (
                        <Figure
                          cell={step.conversion}
                          unit="percent"
                          places={1}
                          title={catalog.name(kpi)}
                          numName={catalog.name(step.measure)}
                          denName={catalog.name(data.steps[i - 1]!.measure)}
                          definition={catalog.text(catalog.kpi(kpi)?.meaning)}
                          cutoff={data.cutoff ?? null}
                          judgeSample
                          onOpen={() => onOpen({ ...base, columns: [kpi], by: [] }, kpi, { ...step.conversion!, ...(step.vs ? { vs: step.vs } : {}), change: step.change ?? null }, "percent", catalog.name(kpi), { explore: { to: "/explore", search: { v: kpi } } })}
                        />
                      ),
                    }
                  : {}),
                ...(i > 0 && vs !== "none" ? { delta: <Delta change={formatChange(step.change, "percent", language)} better={sampleOf(step.conversion?.den) === "ok" ? "higher" : "none"} kind={vs === "target" ? "target" : "versus"} /> } : {}),
              };
            })}
          />
          {(data.lost_without_stage ?? 0) > 0 && <p className={styles.note}>{t("lostNoStage", { n: formatNumber(data.lost_without_stage), count: data.lost_without_stage! })}</p>}
        </>
      )}
    </Panel>
  );
});
