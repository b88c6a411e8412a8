import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Download, Ellipsis } from "lucide-react";
import { lazy, memo, Suspense, useCallback, useDeferredValue, useMemo, useState } from "react";
import { download, useCatalog, useKpi, type Cell, type Question, type Schemas } from "@/api";
import type { ApiError } from "@/api/error";
import { pick, useLanguage, useTexts } from "@/i18n";
import { Link, usePageActions } from "@/state/page";
import { addMonths, formatPeriod, parsePeriod, periodLabel, periodOf, toDateLabel, unitAt, type DayNumber } from "@/state/period";
import { useToday } from "@/state/today";
import { parseScope, useView } from "@/state/view";
import { Button, classes, EmptyState, ErrorState, IconButton, Menu, PageHead, Panel, useLatestWhen, type Unit } from "@/ui";
import type { OpenFigure } from "@/ui/figures/FigureSheet";
import { RichText } from "@/ui/richText";
import { SavedViews, useDefaultView } from "@/ui/views/SavedViews";
import { tableQuestion, useAnswer, useFindings, usePrefetchNeighbours, useSuccess, type OpenFigureOf, type TableQuestion } from "./data";
import { FindingsPanel } from "./FindingsPanel";
import { FunnelPanel } from "./FunnelPanel";
import { dashboardQuestions, isEmpty, kTiles, lastMonthWithData, type DashboardQuestions } from "./logic/model";
import { SourcesPanel } from "./SourcesPanel";
import { kSuccessKpi, SuccessPanel } from "./SuccessPanel";
import { Tiles } from "./Tiles";
import { TrendPanel } from "./TrendPanel";
import styles from "./dashboard.module.css";
import { dashboardTexts } from "./texts";

const FigureSheet = lazy(async () => ({ default: (await import("@/ui/figures/FigureSheet")).FigureSheet }));

const kKeys: readonly string[] = [];

// Where the scope stands in the period, in one sentence, six figures, and the five tables that a sales manager asks
// for next. Everything on it opens.
export default function DashboardPage() {
  const t = useTexts(dashboardTexts);
  const language = useLanguage();
  const today = useToday();
  const view = useView();
  const catalog = useCatalog();
  const client = useQueryClient();
  useDefaultView("dashboard", kKeys);
  usePrefetchNeighbours(view, today);

  const questions = useMemo(() => dashboardQuestions(view, today), [view, today]);
  const table = useMemo(() => tableQuestion(view, today), [view, today]);
  const yearAgo = useAnswer(questions.yearAgo);

  const label = periodLabel(view.period, language);
  const to = toDateLabel(view.period, language, today);
  const basis = view.basis === "period" ? t("periodBasis") : [t("cohortBasis"), view.within ? t("within", { n: view.within }) : ""].filter(Boolean).join(" · ");

  // ---- A figure opened ----
  const [figure, setFigure] = useState<OpenFigure | null>(null);
  const [opened, setOpened] = useState(false);
  const open = useCallback(
    (question: Question, column: string, cell: Cell, unit: Unit, title: string, more: Partial<OpenFigure> = {}) => {
      setOpened(true);
      setFigure({ question, column, row: null, cell, unit, title, where: [label, to].filter(Boolean).join(" "), ...more });
    },
    [label, to],
  );
  const base = useMemo(() => ({ ...questions.yearAgo, vs: view.vs }), [questions, view.vs]);
  const openSuccess = useCallback(
    (column: string, by: string, row: Schemas["SuccessRow"] | null, cell: Cell, title: string) =>
      open({ ...base, columns: [column], by: [by], ids: true }, column, cell, catalog.kpi(column) ? "percent" : "count", title, {
        row: row ? { [by]: row.id ?? null } : null,
        where: [row ? catalog.dimLabel(by, row.name) : t("total"), label, to].filter(Boolean).join(" · "),
        explore: { to: "/explore", search: { v: column, row: by } },
      }),
    [open, base, catalog, t, label, to],
  );
  const setScope = useCallback((scope: string) => view.set({ scope: parseScope(scope) }), [view]);

  // The tiles come first, at the start and when the period changes; the tables follow, dimmed until then, so that on a
  // slow device nobody waits for all of them to see the first.
  const shown = useMemo(() => ({ view, questions, table, base, basis, to, open, openSuccess, setScope }), [view, questions, table, base, basis, to, open, openSuccess, setScope]);
  const later = useDeferredValue(useLatestWhen(!yearAgo.isPlaceholderData || yearAgo.isError, shown));
  const below = useDeferredValue(yearAgo.data !== undefined);
  const success = useSuccess(below ? later.table : null);
  const findings = useFindings(below ? later.table : null);

  // ---- Export ----
  const exporting = useMutation<void, ApiError, { question: Question; title: string }>({
    mutationFn: ({ question, title }) => download("/api/v1/kpi/export", { method: "POST", body: { question: { ...question, ids: false }, format: "xlsx", title }, name: "dashboard.xlsx" }),
  });
  const successColumns = [...(success.data?.steps ?? []).map((step) => step.conversion ?? step.measure), kSuccessKpi];
  const exports = [
    { id: "tiles", label: t("exportTiles"), run: () => exporting.mutate({ question: { ...base, columns: [...kTiles], by: [] }, title: t("title") }) },
    ...(success.data ? [{ id: "success", label: t("exportSuccess"), run: () => exporting.mutate({ question: { ...base, columns: successColumns, by: [success.data.by] }, title: t("success") }) }] : []),
    { id: "trend", label: t("exportTrend"), run: () => exporting.mutate({ question: questions.trend, title: t("trend") }) },
    { id: "sources", label: t("exportSources"), run: () => exporting.mutate({ question: questions.source, title: t("sources") }) },
  ];
  usePageActions(exports.map((item) => ({ ...item, label: `${t("export")}: ${item.label}` })));

  const empty = !yearAgo.isPlaceholderData && isEmpty(yearAgo.data);
  const headline = findings.data && !empty ? pick(findings.data.headline, language) : "";
  const unrecorded = (yearAgo.data?.unrecorded_events ?? []).map(catalog.name);

  return (
    <div className={styles.page}>
      <PageHead
        title={t("title")}
        result={headline && <span title={findings.data?.provisional ? t("provisional") : undefined}><RichText text={headline} /></span>}
        actions={
          <>
            <SavedViews page="dashboard" keys={kKeys} suggestion={`${t("title")} · ${label}`} />
            <Menu
              trigger={
                <Button icon={Download} busy={exporting.isPending}>
                  {t("export")}
                </Button>
              }
              items={exports}
            />
            <Menu
              trigger={<IconButton bordered label={t("more")} icon={Ellipsis} tip={false} />}
              items={[
                { id: "print", label: t("print"), run: () => window.print() },
                { id: "refresh", label: t("refresh"), run: () => void client.invalidateQueries({ predicate: ({ queryKey }) => ["kpi", "table", "findings"].includes(String(queryKey[0])) }) },
              ]}
            />
          </>
        }
      />
      {exporting.error && <ErrorState error={exporting.error} safe={t("safe")} onRetry={() => exporting.mutate(exporting.variables!)} small />}
      {yearAgo.error && !yearAgo.data ? (
        <Panel>
          <ErrorState error={yearAgo.error} safe={t("safe")} onRetry={() => void client.refetchQueries({ predicate: ({ state }) => state.status === "error" })} />
        </Panel>
      ) : empty ? (
        <Nothing question={questions.trend} label={label} />
      ) : (
        <>
          <Tiles questions={questions} view={view} today={today} onOpen={open} />
          {below && (
            <div className={classes(styles.panels, later !== shown && styles.dim)}>
              <Panels {...later} today={today} />
            </div>
          )}
          {unrecorded.length > 0 && <p className={styles.note}>{t("unrecorded", { names: unrecorded.join("、") })}</p>}
        </>
      )}
      <Suspense>{opened && <FigureSheet figure={figure} onClose={() => setFigure(null)} />}</Suspense>
    </div>
  );
}

interface PanelsProps {
  view: ReturnType<typeof useView>;
  questions: DashboardQuestions;
  table: TableQuestion;
  base: Question;
  basis: string;
  to: string;
  today: DayNumber;
  open: OpenFigureOf;
  openSuccess: Parameters<typeof SuccessPanel>[0]["onOpen"];
  setScope: (scope: string) => void;
}
const Panels = memo(function Panels({ view, questions, table, base, basis, to, today, open, openSuccess, setScope }: PanelsProps) {
  return (
    <>
      <div className={styles.second}>
        <FunnelPanel question={table} base={base} basis={basis} to={to} onOpen={open} />
        <SuccessPanel question={table} onScope={setScope} onOpen={openSuccess} />
      </div>
      <div className={styles.third}>
        <TrendPanel question={questions.trend} view={view} today={today} />
        <SourcesPanel question={questions.source} forms={questions.accessForm} onOpen={open} />
        <FindingsPanel question={table} view={view} />
      </div>
    </>
  );
});

// ---- Nothing in the period ----

function Nothing({ question, label }: { question: Question; label: string }) {
  const t = useTexts(dashboardTexts);
  const language = useLanguage();
  const view = useView();
  const today = useToday();
  const end = unitAt(Math.min(view.period.to, today), "month");
  const { data: months } = useKpi({ ...question, columns: ["traffic_count", "deals_count"], period: formatPeriod(periodOf(addMonths(end.from, -59), end.to)), vs: "none" });
  const last = parsePeriod(lastMonthWithData(months, end.to) ?? "");
  return (
    <Panel>
      <EmptyState
        why={t("empty", { period: label })}
        action={
          <span className={styles.emptyActions}>
            {last && (
              <Button kind="primary" onClick={() => view.set({ period: last })}>
                {t("toLast", { period: periodLabel(last, language) })}
              </Button>
            )}
            <Link to="/import">{t("toImport")}</Link>
          </span>
        }
      />
    </Panel>
  );
}
