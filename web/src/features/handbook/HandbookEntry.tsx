import { ExternalLink } from "lucide-react";
import { useState } from "react";
import { cellOf, useCatalog, useKpi, type Kpi, type Question } from "@/api";
import { useLanguage, useTexts } from "@/i18n";
import { Link } from "@/state/page";
import { addMonths, formatPeriod, isPartial, periodLabel, periodOf, toDateLabel, unitAt } from "@/state/period";
import { useToday } from "@/state/today";
import { questionOf, useView } from "@/state/view";
import { Delta, ErrorState, Figure, formatChange, formatFigure, Panel, Skeleton, Sparkline, Tag, type Unit } from "@/ui";
import { FigureSheet, type OpenFigure } from "@/ui/figures/FigureSheet";
import { FormulaWords } from "@/ui/figures/FormulaWords";
import styles from "./handbook.module.css";
import { handbookTexts } from "./texts";

// One KPI: what it is now, what it means, and everything that it hangs together with.
export function HandbookEntry({ kpi, keep }: { kpi: Kpi; keep: Record<string, string | undefined> }) {
  const t = useTexts(handbookTexts);
  const catalog = useCatalog();
  const words = (ids: readonly string[] | undefined) =>
    (ids ?? []).map((id) =>
      catalog.kpi(id) ? (
        <Link key={id} to="/handbook/$kpi" params={{ kpi: id }} search={keep}>
          {catalog.name(id)}
        </Link>
      ) : (
        <span key={id}>{id}</span>
      ),
    );
  const stages = (catalog.raw?.stages ?? []).filter((stage) => kpi.stages?.includes(stage.id));
  const family = kpi.family ? (catalog.raw?.kpis ?? []).filter((other) => other.family === kpi.family && other.id !== kpi.id).map((other) => other.id) : [];
  const group = catalog.raw?.groups?.find(({ id }) => id === kpi.group);
  const listed = (items: string[]) => items.filter(Boolean).join(" · ");

  return (
    <article className={styles.page} aria-label={catalog.text(kpi.name)}>
      <Panel>
        <header className={styles.head}>
          <h2>{catalog.text(kpi.name)}</h2>
          {kpi.own && <Tag tone="accent">{t("ownTag")}</Tag>}
          <span className={styles.also}>{listed([group ? catalog.text(group.name) : "", t(`unit.${kpi.unit as Unit}`), t(kpi.better === "none" ? "neither" : kpi.better)])}</span>
        </header>
        {kpi.parametric ? <p className={styles.also}>{t("parametric", { example: `${kpi.id}(sales_amt)` })}</p> : <Live kpi={kpi} />}
      </Panel>
      <Panel>
        <dl className={styles.items}>
          <dt>{t("formula")}</dt>
          <dd>
            <span className={styles.formula}>
              <FormulaWords formula={kpi.formula} />
            </span>
          </dd>
          {catalog.text(kpi.meaning) && (
            <>
              <dt>{t("meaning")}</dt>
              <dd>{catalog.text(kpi.meaning)}</dd>
            </>
          )}
          {catalog.text(kpi.beware) && (
            <>
              <dt>{t("beware")}</dt>
              <dd>{catalog.text(kpi.beware)}</dd>
            </>
          )}
          {catalog.text(kpi.benchmark) && (
            <>
              <dt>{t("benchmark")}</dt>
              <dd>{catalog.text(kpi.benchmark)}</dd>
            </>
          )}
          {(kpi.slices?.length ?? 0) > 0 && (
            <>
              <dt>{t("slices")}</dt>
              <dd className={styles.chips}>
                {kpi.slices!.map((dim) => (
                  <Link key={dim} to="/explore" search={{ v: kpi.id, row: dim, col: "" }}>
                    {catalog.dim(dim)}
                  </Link>
                ))}
              </dd>
            </>
          )}
          {(kpi.cadence?.length ?? 0) > 0 && (
            <>
              <dt>{t("cadence")}</dt>
              <dd>{listed(kpi.cadence!.map((every) => t(`cadence.${every as "day"}`)))}</dd>
            </>
          )}
          {kpi.basis && (
            <>
              <dt>{t("basis")}</dt>
              <dd>{t(kpi.basis === "cohort" ? "cohort" : "period")}</dd>
            </>
          )}
          {stages.length > 0 && (
            <>
              <dt>{t("stages")}</dt>
              <dd>{listed(stages.map((stage) => catalog.text(stage.name)))}</dd>
            </>
          )}
          {(kpi.used_by?.length ?? 0) > 0 && (
            <>
              <dt>{t("usedBy")}</dt>
              <dd className={styles.chips}>{words(kpi.used_by)}</dd>
            </>
          )}
          {(kpi.see_also?.length ?? 0) > 0 && (
            <>
              <dt>{t("seeAlso")}</dt>
              <dd className={styles.chips}>{words(kpi.see_also)}</dd>
            </>
          )}
          {family.length > 0 && (
            <>
              <dt>{t("family")}</dt>
              <dd className={styles.chips}>{words(family)}</dd>
            </>
          )}
          {(kpi.also?.length ?? 0) > 0 && (
            <>
              <dt>{t("also")}</dt>
              <dd>{listed(kpi.also!)}</dd>
            </>
          )}
          {kpi.source && (
            <>
              <dt>{t("source")}</dt>
              <dd>{kpi.source}</dd>
            </>
          )}
          <dt>{t("id")}</dt>
          <dd className="code">{kpi.id}</dd>
        </dl>
      </Panel>
    </article>
  );
}

function Live({ kpi }: { kpi: Kpi }) {
  const t = useTexts(handbookTexts);
  const language = useLanguage();
  const catalog = useCatalog();
  const today = useToday();
  const view = useView();
  const [open, setOpen] = useState<OpenFigure | null>(null);
  const unit = kpi.unit as Unit;
  const end = unitAt(Math.min(view.period.to, Math.max(today, view.period.from)), "month");
  const months = periodOf(addMonths(end.from, -11), end.to);
  const question: Question = { ...questionOf(view), columns: [kpi.id], to_date: isPartial(view.period, today), ids: false };
  const now = useKpi(question);
  const line = useKpi({ ...question, period: formatPeriod(months), by: ["month"], vs: "year-ago", to_date: false });
  if (now.error) return <ErrorState error={now.error} onRetry={() => void now.refetch()} small />;
  if (!now.data) return <Skeleton height={64} />;
  const cell = cellOf(now.data.total, kpi.id);
  const points = new Map((line.data?.rows ?? []).map((row) => [row.month, cellOf(row, kpi.id)]));
  const names = Array.from({ length: 12 }, (_, i) => formatPeriod(unitAt(addMonths(end.from, i - 11), "month")));
  const values = names.map((month) => points.get(month)?.value ?? null);
  const before = names.map((month) => points.get(month)?.vs?.value ?? null);
  const change = view.vs === "none" ? null : formatChange(cell.change, unit, language);
  const label = [periodLabel(view.period, language), toDateLabel(view.period, language, today)].filter(Boolean).join(" ");
  const explore = { to: "/explore", search: { v: kpi.id } };
  return (
    <div className={styles.live}>
      <div className={styles.figure} data-value={cell.value ?? "null"} data-num={cell.num ?? undefined} data-den={cell.den ?? undefined}>
        <span className={styles.label}>{label}</span>
        <Figure
          cell={cell}
          unit={unit}
          place="tile"
          judgeSample
          title={catalog.text(kpi.name)}
          definition={catalog.text(kpi.meaning)}
          cutoff={now.data.cutoff}
          label={catalog.text(kpi.name)}
          onOpen={() => setOpen({ question, column: kpi.id, row: null, cell, unit, title: catalog.text(kpi.name), where: label, cutoff: now.data!.cutoff, explore })}
        />
        <span className={styles.changes}>
          {cell.value == null ? <span className={styles.also}>{t("noValue")}</span> : change && <Delta change={change} better={kpi.better} note={view.vs === "previous" ? t("vsPrevious") : view.vs === "year-ago" ? t("vsYear") : undefined} />}
        </span>
      </div>
      <div className={styles.figure}>
        <span className={styles.label}>{t("trend")}</span>
        <Sparkline values={values} versus={before} width={220} height={48} partial={isPartial(end, today)} label={`${t("trend")}: ${values.map((value) => formatFigure(value, unit)).join(", ")}`} />
      </div>
      <Link {...explore} className={styles.open}>
        <ExternalLink size={14} aria-hidden /> {t("explore")}
      </Link>
      <FigureSheet figure={open} onClose={() => setOpen(null)} />
    </div>
  );
}
