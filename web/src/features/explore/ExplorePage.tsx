import { useMutation } from "@tanstack/react-query";
import { Code, Download, SlidersHorizontal } from "lucide-react";
import { lazy, Suspense, useCallback, useMemo, useState } from "react";
import { download, useCatalog, useKpi, type Answer } from "@/api";
import type { ApiError } from "@/api/error";
import { useLanguage, useTexts } from "@/i18n";
import { usePageActions, usePageSearch } from "@/state/page";
import { periodLabel, preset } from "@/state/period";
import { useToday } from "@/state/today";
import { useView } from "@/state/view";
import { Button, Dialog, EmptyState, ErrorState, Menu, PageHead, Panel, SegmentedControl, Select, Sheet, Skeleton, Tag, toast, usePhone, copyText } from "@/ui";

import { FigureSheet, type OpenFigure } from "@/ui/figures/FigureSheet";
import { SavedViews, useDefaultView, useShownView } from "@/ui/views/SavedViews";
import { cardOf } from "./card";
import { ChartIcon } from "./ChartIcon";
import { curlText, jsonText } from "./logic/curl";
import { addsUp, pivot, sortRows, type Pivot } from "./logic/pivot";
import { chooseSeries } from "./logic/series";
import { isGrain, kCharts, kKeys, parseState, questionsOf, stateParams, wholeQuestion, type ChartKind, type ExploreState, type Sort } from "./logic/state";
import { PivotTable, type CellPlace } from "./PivotTable";
import { PieceList } from "./PieceList";
import styles from "./explore.module.css";
import { useWords } from "./words";
import { exploreTexts } from "./texts";

const ExploreChart = lazy(() => import("./ExploreChart"));
const kBest: Sort = { key: "total", of: 0, down: true };

// Any KPI, measure or formula by anything, as chart and table. All of it is in the URL.
export default function ExplorePage() {
  const t = useTexts(exploreTexts);
  const language = useLanguage();
  const today = useToday();
  const view = useView();
  const phone = usePhone();
  const catalog = useCatalog();
  const [raw, patch] = usePageSearch((search) => search);
  const state = useMemo(() => parseState(raw, view), [raw, view]);
  const set = useCallback((change: Partial<ExploreState>) => patch(stateParams({ ...state, ...change })), [patch, state]);
  useDefaultView("explore", kKeys);
  const shownView = useShownView("explore", kKeys);

  // ---- The answers, put together once all of one question are there ----
  const questions = useMemo(() => questionsOf(state, view, today), [state, view, today]);
  const rowsAnswer = useKpi(questions?.rows ?? null);
  const cellsAnswer = useKpi(questions?.cells ?? null);
  const colsAnswer = useKpi(questions?.cols ?? null);
  const asked = [
    [questions?.rows, rowsAnswer],
    [questions?.cells, cellsAnswer],
    [questions?.cols, colsAnswer],
  ] as const;
  const settled = questions !== null && asked.every(([question, answer]) => !question || (answer.data !== undefined && !answer.isPlaceholderData));
  const error = asked.map(([question, answer]) => (question ? answer.error : null)).find(Boolean);
  const fresh = useMemo<Shown | null>(
    () =>
      settled
        ? {
            table: pivot({ rows: rowsAnswer.data!, cells: questions.cells ? cellsAnswer.data : undefined, cols: questions.cols ? colsAnswer.data : undefined }, state.rows, state.col),
            answer: rowsAnswer.data!,
            lastYear: questions.cols ? colsAnswer.data : undefined,
            state,
          }
        : null,
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the answers are those of the question
    [settled, rowsAnswer.data, cellsAnswer.data, colsAnswer.data, questions],
  );
  const [kept, setKept] = useState<Shown | null>(null);
  if (fresh && fresh !== kept) setKept(fresh);
  const shown = fresh ?? (error ? null : kept);
  const dim = fresh === null && shown !== null;
  // The rows in sight are those of the answer, while a new question waits for its own.
  const words = useWords(shown?.table.dims ?? state.rows, view.vs, view.scope.kind === "network" || view.scope.kind === "region");

  const title = useMemo(() => {
    if (state.values.length === 0) return t("title");
    const names = state.values.map(words.valueName);
    const values = language === "zh" || names.length < 3 ? names.join(t("titleAnd")) : `${names.slice(0, -1).join(", ")}${t("titleAnd")}${names[names.length - 1]}`;
    const by = [...state.rows, ...(state.col ? [state.col] : [])].map(words.dim);
    if (by.length === 0) return values;
    const list = language === "zh" ? by.join("、") : by.map((name) => name.toLowerCase()).join(" and ");
    return t("titleBy", { values, by: list });
  }, [state, words, language, t]);

  // ---- A figure opened ----
  const [figure, setFigure] = useState<OpenFigure | null>(null);
  const open = (place: CellPlace) => {
    if (!questions || !shown) return;
    const { table } = shown;
    const value = table.values[place.value]!;
    const row = place.row;
    const column = place.column === null ? null : table.columns[place.column]!;
    const cell = column === null ? (row ? row.totals : table.totals)[place.value]! : ((row ? row.cells : table.columnTotals)[place.value]![place.column!] ?? { value: null });
    const key: Record<string, string | null> = {};
    if (row) table.dims.forEach((name, i) => (key[name] = isGrain(name) ? (row.members[i] ?? null) : (row.ids[name] ?? null)));
    if (column !== null && state.col) key[state.col] = column;
    const question = row && column !== null ? questions.cells! : column !== null ? questions.cols! : questions.rows;
    const where = [row ? words.rowLabels(row).map((label) => label.text).join(" · ") : t("total"), column === null ? periodLabel(view.period, language) : words.member(state.col!, column)];
    setFigure({ question, column: value.name, row: Object.keys(key).length > 0 ? key : null, cell, unit: value.unit, title: words.valueName(value.name), where: where.join(" · "), cutoff: shown.answer.cutoff, tab: "records" });
  };

  // ---- Export and copy ----
  const whole = wholeQuestion(state, view, today);
  const exporting = useMutation<void, ApiError, "xlsx" | "csv">({
    mutationFn: (format) => download("/api/v1/kpi/export", { method: "POST", body: { question: { ...whole!, ids: false }, format, title, pivot: state.col }, name: `explore.${format}` }),
  });
  const [byHand, setByHand] = useState<string | null>(null);
  const copy = async (text: string, done: string) => {
    if (await copyText(text)) toast(done, { kind: "good" });
    else setByHand(text);
  };
  const copyCurl = () => whole && void copy(curlText(whole, location.origin), t("copied"));
  const copyJson = () => whole && void copy(jsonText(whole), t("copiedJson"));
  usePageActions(
    whole
      ? [
          { id: "xlsx", label: `${t("export")}: ${t("asExcel")}`, run: () => exporting.mutate("xlsx") },
          { id: "csv", label: `${t("export")}: CSV`, run: () => exporting.mutate("csv") },
          { id: "curl", label: t("copyCurl"), run: copyCurl },
        ]
      : [],
  );

  const [pieces, setPieces] = useState(false);
  const list = <PieceList state={state} set={set} words={words} answer={shown?.answer} table={shown?.table} entries={shown?.answer.entries_read} />;
  const kpi = state.values.length === 1 ? catalog.kpi(state.values[0]!) : undefined;

  return (
    <>
      <PageHead
        title={shownView?.name ?? title}
        documentTitle={`${shownView?.name ?? title} · ${t("title")}`}
        tag={!shownView && state.values.length > 0 ? <Tag>{t("unsaved")}</Tag> : undefined}
        result={
          <>
            {phone && <b className={styles.phoneTitle}>{shownView?.name ?? title}</b>}
            {kpi ? catalog.text(kpi.meaning) : shownView ? title : undefined}
          </>
        }
        actions={
          <>
            <SavedViews page="explore" keys={kKeys} suggestion={shownView?.name ?? title} />
            <Menu
              trigger={
                <Button icon={Download} busy={exporting.isPending} disabled={!whole}>
                  {t("export")}
                </Button>
              }
              items={[
                { id: "xlsx", label: t("asExcel"), run: () => exporting.mutate("xlsx") },
                { id: "csv", label: t("asCsv"), run: () => exporting.mutate("csv") },
                { id: "print", label: t("print"), run: () => window.print() },
              ]}
            />
            <Menu
              trigger={
                <Button icon={Code} disabled={!whole}>
                  {phone ? "API" : t("copyApi")}
                </Button>
              }
              items={[
                { id: "curl", label: t("copyCurl"), run: copyCurl },
                { id: "json", label: t("copyJson"), run: copyJson },
              ]}
            />
          </>
        }
      />
      {exporting.error && <ErrorState error={exporting.error} safe={t("safe")} onRetry={() => exporting.mutate(exporting.variables!)} small />}
      <div className={styles.layout}>
        {phone ? (
          <Button wide icon={SlidersHorizontal} onClick={() => setPieces(true)}>
            {t("showPieces")}
          </Button>
        ) : (
          <aside className={styles.left} aria-label={t("pieces")}>
            {list}
          </aside>
        )}
        <div className={styles.right}>
          {state.values.length === 0 ? (
            <Panel>
              <EmptyState
                why={t("emptyValues")}
                action={
                  <Button kind="primary" onClick={() => set({ values: ["close_rate"] })}>
                    {t("startWith")}
                  </Button>
                }
              />
            </Panel>
          ) : error ? (
            <Panel>
              <ErrorState error={error} safe={t("safe")} onRetry={() => asked.forEach(([question, answer]) => question && void answer.refetch())} />
            </Panel>
          ) : !shown ? (
            <>
              {state.chart === "line" || state.chart === "bar" ? (
                <Panel>
                  <Skeleton height={264} />
                </Panel>
              ) : null}
              <Panel>
                <Skeleton lines={10} height={22} />
              </Panel>
            </>
          ) : (
            <Result key="result" shown={shown} dim={dim} state={state} set={set} words={words} onOpen={open} title={title} clearPeriod={() => view.set({ period: preset("last-12-months", today) })} />
          )}
        </div>
      </div>
      {phone && (
        <Sheet open={pieces} onOpenChange={setPieces} title={t("pieces")}>
          {list}
        </Sheet>
      )}
      <FigureSheet figure={figure} onClose={() => setFigure(null)} />
      <Dialog open={byHand !== null} onOpenChange={(next) => !next && setByHand(null)} title={t("apiCall")} note={t("notCopied")} wide>
        <pre className={styles.byHand}>{byHand}</pre>
      </Dialog>
    </>
  );
}

interface Shown {
  table: Pivot;
  answer: Answer;
  lastYear: Answer | undefined;
  state: ExploreState; // of which the answer is
}

function Result({ shown, dim, state, set, words, onOpen, title, clearPeriod }: { shown: Shown; dim: boolean; state: ExploreState; set: (change: Partial<ExploreState>) => void; words: ReturnType<typeof useWords>; onOpen: (place: CellPlace) => void; title: string; clearPeriod: () => void }) {
  const t = useTexts(exploreTexts);
  const language = useLanguage();
  const catalog = useCatalog();
  const view = useView();
  const { table, answer } = shown;
  const of = Math.min(state.of, table.values.length - 1);
  const sort = state.sort ?? kBest;
  const rows = useMemo(() => sortRows(table, sort, words.member), [table, sort, words]);
  const value = table.values[of]!;
  const fill = addsUp(words.formulaOf(value.formula));
  const choice = useMemo(() => chooseSeries(table, rows, { of, pins: state.pins, better: value.better, fill }), [table, rows, of, state.pins, value.better, fill]);
  const nothing = rows.length === 0 && table.dims.length > 0 && table.totals.every((cell) => !cell.value);
  const filtered = Object.keys(state.filters).length > 0;
  const dims = table.dims.map((name) => (language === "zh" ? words.dim(name) : words.dim(name).toLowerCase())).join(" · ");
  const drawn = state.chart === "line" || state.chart === "bar";

  if (nothing) {
    return (
      <Panel>
        <EmptyState
          why={t(filtered ? "emptyRowsFiltered" : "emptyRows", { period: periodLabel(view.period, language) })}
          action={filtered ? <Button onClick={() => set({ filters: {} })}>{t("clearFilters")}</Button> : <Button onClick={clearPeriod}>{t("lastYearPeriod")}</Button>}
        />
      </Panel>
    );
  }
  const kinds = (
    <SegmentedControl<ChartKind> label={t("chart")} value={state.chart} onChange={(chart) => set({ chart })} options={kCharts.map((kind) => ({ value: kind, label: t(kind), content: <ChartIcon kind={kind} /> }))} />
  );
  const unrecorded = (answer.unrecorded_events ?? []).map(catalog.name);
  const notSet = answer.not_set ?? [];
  return (
    <>
      {drawn ? (
        <Panel
          title={t(state.chart === "bar" ? "bars" : "trend")}
          note={table.dims.length === 0 ? undefined : t(state.chart === "line" && choice.strong.length < rows.length ? "chartNote" : "chartAll", { n: rows.length, dim: dims }) + (state.chart === "line" && choice.left > 0 ? t("chartLeft", { n: choice.left }) : "")}
          dim={dim}
          action={
            <span className={styles.chartActions}>
              {table.values.length > 1 && <Select small label={t("chartValue")} value={String(of)} onChange={(next) => set({ of: Number(next) })} options={table.values.map((item, i) => ({ value: String(i), label: words.valueName(item.name) }))} />}
              {kinds}
            </span>
          }
        >
          <Suspense fallback={<Skeleton height={264} />}>
            <ExploreChart kind={state.chart as "line" | "bar"} table={table} rows={rows} choice={choice} of={of} words={words} lastYear={table.dims.length === 0 ? shown.lastYear : undefined} grain={shown.state.col} onOpen={onOpen} fill={fill} />
          </Suspense>
        </Panel>
      ) : (
        <div className={styles.kindsAlone}>{kinds}</div>
      )}
      <section className={styles.tablePanel} aria-label={title}>
        <PivotTable
          table={table}
          rows={rows}
          sort={sort}
          onSort={(next) => set({ sort: next.key === kBest.key && next.of === 0 && next.down ? null : next })}
          heat={state.chart !== "table"}
          versus={view.vs !== "none"}
          pins={state.pins}
          onPin={rows.length > 4 && state.chart === "line" && table.dims.length > 0 ? (key) => set({ pins: state.pins.includes(key) ? state.pins.filter((pin) => pin !== key) : [...state.pins, key] }) : null}
          onOpen={onOpen}
          card={(place) => cardOf(place, { table, words, t, language, catalog, grain: shown.state.col, period: periodLabel(view.period, language) })}
          words={words}
          title={title}
          dim={dim}
        />
      </section>
      {(unrecorded.length > 0 || notSet.length > 0) && (
        <p className={styles.foot}>
          {unrecorded.length > 0 && t("unrecorded", { names: unrecorded.join("、") })} {notSet.length > 0 && t("notSet", { names: notSet.join("、") })}
        </p>
      )}
    </>
  );
}
