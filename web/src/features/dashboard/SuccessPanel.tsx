import { memo, useDeferredValue, useMemo } from "react";
import { useCatalog, type Cell, type Schemas } from "@/api";
import { useLanguage, useTexts, type Translate } from "@/i18n";
import { classes, DataTable, ErrorState, Figure, formatChange, formatFigure, formatNumber, IntervalDot, Panel, sampleOf, Skeleton, SmallSampleTag, type Column } from "@/ui";
import { useSuccess, type TableQuestion } from "./data";
import { drillScope } from "./logic/model";
import styles from "./dashboard.module.css";
import { dashboardTexts } from "./texts";

type Row = Schemas["SuccessRow"];
export const kSuccessKpi = "sales_success_rate";

// Success step by step, by consultant or the level below: rates with their counts, the weakest step where it is no
// chance, the rate of all with its interval. Few cases are shown and not judged.
export const SuccessPanel = memo(function SuccessPanel({ question, onScope, onOpen }: { question: TableQuestion; onScope: (scope: string) => void; onOpen: (column: string, by: string, row: Row | null, cell: Cell, name: string) => void }) {
  const t = useTexts(dashboardTexts);
  const language = useLanguage();
  const catalog = useCatalog();
  const query = useSuccess(question);
  const table = useDeferredValue(query.data);
  const nameOf = useMemo(() => (row: Row) => catalog.dimLabel(table?.by ?? "", row.name), [catalog, table?.by]);
  const scale = useMemo((): [number, number] => {
    const highs = (table ? [...table.rows.filter((row) => row.sample === "ok"), table.total] : []).map((row) => row.interval?.high ?? row.success.value ?? 0);
    return [0, Math.min(1, Math.max(0.1, ...highs) * 1.04)];
  }, [table]);

  const columns = useMemo((): Column<Row>[] => {
    if (!table) return [];
    const percent = (value: number) => formatFigure(value, "percent");
    const step = (row: Row, i: number, total = false) => {
      const { count, conversion } = row.steps[i]!;
      const { stage, measure, conversion: kpi, name } = table.steps[i]!;
      const said = stageName(t, stage, catalog.text(name));
      const title = `${total ? t("total") : nameOf(row)} · ${said}`;
      if (i === 0 || !kpi) return <Figure cell={{ value: count }} unit="count" title={title} label={said} onOpen={() => onOpen(measure, table.by, total ? null : row, { value: count }, said)} />;
      const weak = !total && row.weakest?.step === i && row.weakest.clear === true;
      const gap = weak ? formatChange(row.weakest!.gap, "percent", language)?.text : undefined;
      return (
        <span className={classes(styles.step, weak && styles.weakest)} key={stage}>
          {weak && <span aria-hidden>▼ </span>}
          {weak && <span className="sr-only">{t("weakest", { gap: gap ?? "" })}: </span>}
          <Figure
            cell={conversion}
            unit="percent"
            title={title}
            judgeSample
            numName={catalog.name(measure)}
            denName={catalog.name(table.steps[i - 1]!.measure)}
            {...(weak ? { note: t("weakest", { gap: gap ?? "" }) } : {})}
            onOpen={() => onOpen(kpi, table.by, total ? null : row, conversion, catalog.name(kpi))}
          />
          {sampleOf(conversion.den) !== "counts" && <span className={styles.stepCount}>{formatNumber(count, { places: 1, trim: true })}</span>}
        </span>
      );
    };
    const interval = (row: Row, total = false) => (
      <span className={styles.interval}>
        {row.sample !== "counts" && row.sample !== "none" && (
          <IntervalDot value={row.success.value} low={row.interval?.low} high={row.interval?.high} reference={total ? null : (table.total.success.value ?? null)} scale={scale} format={percent} tone={row.sample === "small" ? "muted" : "accent"} width={language === "en" ? 44 : 60} />
        )}
        <Figure cell={row.success} unit="percent" title={total ? t("total") : nameOf(row)} judgeSample numName={catalog.name(table.steps[table.steps.length - 1]!.measure)} denName={catalog.name(table.steps[0]!.measure)} onOpen={() => onOpen(kSuccessKpi, table.by, total ? null : row, row.success, t("success"))} />
      </span>
    );
    return [
      {
        id: "name",
        header: catalog.dim(table.by),
        fixed: true,
        sort: (row) => nameOf(row),
        cell: (row) => {
          const scope = drillScope(table.by, row.id);
          const name = nameOf(row);
          return (
            <span className={styles.who}>
              {scope ? (
                <button type="button" className={styles.drill} onClick={() => onScope(scope)} title={t("drill", { name })}>
                  {name}
                </button>
              ) : (
                name
              )}
              {row.dealer_name && <span className={styles.quiet}>{row.dealer_name}</span>}
              {(row.sample === "small" || row.sample === "counts") && <SmallSampleTag />}
            </span>
          );
        },
      },
      ...table.steps.map(
        (item, i): Column<Row> => ({
          id: item.stage,
          header: `${i === 0 ? "" : "→ "}${stageName(t, item.stage, catalog.text(item.name))}`,
          align: "right",
          figure: i === 0 || item.stage === "S6",
          sort: (row) => (i === 0 ? row.steps[0]!.count : row.steps[i]!.conversion.value),
          cell: (row) => step(row, i),
          total: step(table.total, i, true),
        }),
      ),
      {
        id: "success",
        header: t("successRate"),
        align: "right",
        figure: true,
        // Few cases have no rank: they stand after the others.
        sort: (row) => (row.sample === "ok" ? row.success.value : row.success.value == null ? null : row.success.value - 10),
        cell: (row) => interval(row),
        total: interval(table.total, true),
      },
    ];
  }, [table, catalog, nameOf, t, language, onOpen, onScope, scale]);

  // Drawn once for each answer, not again when the panel is dimmed.
  const drawn = useMemo(
    () =>
      table && (
        <DataTable
          id="dashboard.success"
          caption={t("success")}
          columns={columns}
          rows={table.rows}
          rowKey={(row, i) => row.id ?? `none-${i}`}
          defaultSort={[{ id: "success", desc: true }]}
          totalLabel={t("total")}
          rowTone={(row) => (row.sample === "ok" ? undefined : "muted")}
          maxHeight={322}
        />
      ),
    [table, columns, t],
  );

  return (
    <Panel className={styles.success} title={t("success")} note={table && t("by", { dim: language === "zh" ? catalog.dim(table.by) : catalog.dim(table.by).toLowerCase() })} flush dim={query.isPlaceholderData}>
      {query.error && !table ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} small />
      ) : !table ? (
        <div className={styles.pad}>
          <Skeleton lines={9} height={22} />
        </div>
      ) : (
        drawn
      )}
    </Panel>
  );
});

// The six milestones in short words, as they are said; another stage by its name.
export function stageName(t: Translate<keyof typeof dashboardTexts.entries>, stage: string, name: string): string {
  const key = `stage.${stage}`;
  return key in dashboardTexts.entries ? t(key as "stage.S2") : name;
}
