import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ArrowRight, CircleCheck, Download, Ellipsis, Info, TriangleAlert, type LucideIcon } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { cellOf, download, useCatalog, useKpi, type Answer, type Cell, type Question, type Schemas } from "@/api";
import type { ApiError } from "@/api/error";
import { pick, useLanguage, useTexts } from "@/i18n";
import { Link, useGo, usePageActions } from "@/state/page";
import { addMonths, formatPeriod, parsePeriod, periodLabel, periodOf, toDateLabel, unitAt } from "@/state/period";
import { useToday } from "@/state/today";
import { formatScope, parseScope, useView } from "@/state/view";
import { BulletBar, Button, ConversionBars, Delta, EmptyState, ErrorState, Figure, formatChange, formatDays, formatFigure, formatNumber, IconButton, Menu, PageHead, Panel, sampleOf, Skeleton, usePhone, type Unit } from "@/ui";
import { FigureSheet, type OpenFigure } from "@/ui/figures/FigureSheet";
import { plainOf, RichText } from "@/ui/richText";
import { SavedViews, useDefaultView } from "@/ui/views/SavedViews";
import { tableQuestion, useAnswer, useFindings, useFunnel, usePrefetchNeighbours, useSuccess, type Findings } from "./data";
import { dashboardQuestions, isEmpty, kTiles, lastMonthWithData, shareOf, sparkPeriod, trendMonths, unitsOf, type Tile } from "./logic/model";
import { kSuccessKpi, stageName, SuccessPanel } from "./SuccessPanel";
import { Tiles } from "./Tiles";
import { TrendPanel } from "./TrendPanel";
import styles from "./dashboard.module.css";
import { dashboardTexts } from "./texts";

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
  const yearAgo = useAnswer(questions.tiles("year-ago"));
  const previous = useAnswer(questions.tiles("previous"));
  const targets = useAnswer(questions.targets);
  const sparkAnswer = useAnswer(questions.spark);
  const trend = useAnswer(questions.trend);
  const funnel = useFunnel(table);
  const success = useSuccess(table);
  const findings = useFindings(table);
  const spark = useMemo(() => {
    const { grain, period } = sparkPeriod(view.period, today);
    return { grain, units: unitsOf(period, grain) };
  }, [view.period, today]);

  const label = periodLabel(view.period, language);
  const to = toDateLabel(view.period, language, today);
  const basis = view.basis === "period" ? t("periodBasis") : [t("cohortBasis"), view.within ? t("within", { n: view.within }) : ""].filter(Boolean).join(" · ");

  // ---- A figure opened ----
  const [figure, setFigure] = useState<OpenFigure | null>(null);
  const open = useCallback(
    (question: Question, column: string, cell: Cell, unit: Unit, title: string, more: Partial<OpenFigure> = {}) =>
      setFigure({ question, column, row: null, cell, unit, title, where: [label, to].filter(Boolean).join(" "), ...more }),
    [label, to],
  );
  const openTile = (tile: Tile, vs: "previous" | "year-ago") => {
    const answer = vs === "previous" ? previous.data : yearAgo.data;
    if (!answer) return;
    const unit = answer.columns.find(({ name }) => name === tile)?.unit ?? "count";
    open(questions.tiles(vs), tile, cellOf(answer.total, tile), unit, t(tile), { cutoff: answer.cutoff, explore: { to: "/explore", search: { v: tile } } });
  };
  const base = useMemo(() => ({ ...questions.tiles("year-ago"), vs: view.vs }), [questions, view.vs]);
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

  // ---- Export ----
  const exporting = useMutation<void, ApiError, { question: Question; title: string }>({
    mutationFn: ({ question, title }) => download("/api/v1/kpi/export", { method: "POST", body: { question: { ...question, ids: false }, format: "xlsx", title }, name: "dashboard.xlsx" }),
  });
  const successColumns = [...(success.data?.steps ?? []).map((step) => step.conversion ?? step.measure), kSuccessKpi];
  const exports = [
    { id: "tiles", label: t("exportTiles"), run: () => exporting.mutate({ question: { ...base, columns: [...kTiles], by: [] }, title: t("title") }) },
    ...(success.data ? [{ id: "success", label: t("exportSuccess"), run: () => exporting.mutate({ question: { ...base, columns: successColumns, by: [success.data.by] }, title: t("success") }) }] : []),
    { id: "trend", label: t("exportTrend"), run: () => exporting.mutate({ question: questions.trend, title: t("trend") }) },
    { id: "sources", label: t("exportSources"), run: () => exporting.mutate({ question: questions.by("source"), title: t("sources") }) },
  ];
  usePageActions(exports.map((item) => ({ ...item, label: `${t("export")}: ${item.label}` })));

  const dim = yearAgo.isPlaceholderData || previous.isPlaceholderData;
  const empty = !dim && isEmpty(yearAgo.data);
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
          <Tiles previous={previous.data} yearAgo={yearAgo.data} targets={targets.data} spark={{ answer: sparkAnswer.data, ...spark }} vs={view.vs} period={view.period} today={today} dim={dim} onOpen={openTile} />
          <div className={styles.panels}>
          <div className={styles.second}>
            <Panel className={styles.funnel} title={t("funnel")} note={funnel.data && [formatDays(funnel.data.period.from, funnel.data.period.to, language), basis, ...(to && (view.vs === "previous" || view.vs === "year-ago") ? [t("toDate", { with: t(view.vs === "previous" ? "withPrevious" : "withYear") })] : [])].join(" · ")} dim={funnel.isPlaceholderData}>
              {funnel.error && !funnel.data ? (
                <ErrorState error={funnel.error} onRetry={() => void funnel.refetch()} small />
              ) : !funnel.data ? (
                <Skeleton lines={6} height={30} />
              ) : (
                <>
                  <ConversionBars
                    rateTitle={t("rate")}
                    deltaTitle={view.vs === "none" ? undefined : t(view.vs === "target" ? "vsTarget" : view.vs === "previous" ? "vsPrevious" : "vsYear")}
                    steps={funnel.data.steps.map((step, i) => {
                      const kpi = step.conversion_kpi;
                      const name = stageName(t, step.stage, catalog.text(step.name));
                      return {
                        id: step.stage,
                        label: name,
                        count: step.count,
                        missing: step.missing ?? null,
                        lost: step.lost ?? null,
                        open: step.open ?? null,
                        onOpen: () => open({ ...base, columns: [step.measure], by: [] }, step.measure, { value: step.count }, "count", catalog.name(step.measure), { tab: "records", explore: { to: "/explore", search: { v: step.measure } } }),
                        ...(i > 0 && kpi && step.conversion
                          ? {
                              rate: (
                                <Figure
                                  cell={step.conversion}
                                  unit="percent"
                                  places={1}
                                  title={catalog.name(kpi)}
                                  numName={catalog.name(step.measure)}
                                  denName={catalog.name(funnel.data.steps[i - 1]!.measure)}
                                  definition={catalog.text(catalog.kpi(kpi)?.meaning)}
                                  cutoff={funnel.data.cutoff ?? null}
                                  judgeSample
                                  onOpen={() => open({ ...base, columns: [kpi], by: [] }, kpi, { ...step.conversion!, ...(step.vs ? { vs: step.vs } : {}), change: step.change ?? null }, "percent", catalog.name(kpi), { explore: { to: "/explore", search: { v: kpi } } })}
                                />
                              ),
                            }
                          : {}),
                        ...(i > 0 && view.vs !== "none" ? { delta: <Delta change={formatChange(step.change, "percent", language)} better={sampleOf(step.conversion?.den) === "ok" ? "higher" : "none"} kind={view.vs === "target" ? "target" : "versus"} /> } : {}),
                      };
                    })}
                  />
                  {(funnel.data.lost_without_stage ?? 0) > 0 && <p className={styles.note}>{t("lostNoStage", { n: formatNumber(funnel.data.lost_without_stage), count: funnel.data.lost_without_stage! })}</p>}
                </>
              )}
            </Panel>
            <SuccessPanel query={success} onScope={setScope} onOpen={openSuccess} />
          </div>
          <div className={styles.third}>
            <TrendPanel query={trend} months={unitsOf(trendMonths(view.period, today), "month")} chosen={formatPeriod(view.period)} today={today} onMonth={(month) => view.set({ period: parsePeriod(month)! })} />
            <Sources question={questions.by("source")} forms={questions.by("access_form")} onOpen={open} />
            <FindingsPanel query={findings} />
          </div>
          </div>
          {unrecorded.length > 0 && <p className={styles.note}>{t("unrecorded", { names: unrecorded.join("、") })}</p>}
        </>
      )}
      <FigureSheet figure={figure} onClose={() => setFigure(null)} />
    </div>
  );
}

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

// ---- Sources and access forms ----

const kColours = [1, 2, 3, 4, 5, 6].map((n) => `var(--cat${n})`);

function Sources({ question, forms, onOpen }: { question: Question; forms: Question; onOpen: (question: Question, column: string, cell: Cell, unit: Unit, title: string, more?: Partial<OpenFigure>) => void }) {
  const t = useTexts(dashboardTexts);
  const catalog = useCatalog();
  const sources = useAnswer(question);
  const access = useAnswer(forms);
  const codes = catalog.raw?.lists.find((list) => list.dimension === "source")?.codes.map(({ code }) => code) ?? [];
  const rows = rowsOf(sources.data, "source");
  const total = sources.data ? cellOf(sources.data.total, "traffic_count") : undefined;
  const colour = (member: string | null) => (member === null ? "var(--cat8)" : (kColours[codes.indexOf(member)] ?? "var(--cat8)"));
  const figure = (answer: Answer, asked: Question, dim: string, row: Record<string, unknown> | null, column: string, unit: Unit, name: string) => {
    const cell = cellOf(row ?? answer.total, column);
    const ids = row?._ids as Record<string, string | null> | undefined;
    return (
      <Figure cell={cell} unit={unit} places={unit === "percent" ? 1 : 0} judgeSample={unit === "percent"} title={`${name} · ${catalog.name(column)}`} cutoff={answer.cutoff} onOpen={() => onOpen(asked, column, cell, unit, catalog.name(column), { row: row ? { [dim]: ids?.[dim] ?? null } : null, cutoff: answer.cutoff, explore: { to: "/explore", search: { v: column, row: dim } } })} />
    );
  };

  return (
    <Panel className={styles.sources} title={t("sources")} note={t("shareNote")} flush dim={sources.isPlaceholderData}>
      {sources.error && !sources.data ? (
        <ErrorState error={sources.error} onRetry={() => void sources.refetch()} small />
      ) : !sources.data ? (
        <div className={styles.pad}>
          <Skeleton lines={7} height={22} />
        </div>
      ) : (
        <>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">{t("source")}</th>
                <th scope="col" colSpan={2}>
                  {t("share")}
                </th>
                <th scope="col" className="num">
                  {t("captureShort")}
                </th>
                <th scope="col" className="num">
                  {t("closeShort")}
                </th>
                <th scope="col" className="num">
                  {t("orders")}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => {
                const member = typeof row.source === "string" ? row.source : null;
                const name = catalog.dimLabel("source", member);
                const traffic = cellOf(row, "traffic_count");
                const share = shareOf(traffic.value, total?.value);
                const before = shareOf(traffic.vs?.value, total?.vs?.value);
                const words = formatFigure(share.value, "percent");
                return (
                  <tr key={member ?? ""}>
                    <th scope="row">
                      <span className={styles.swatch} style={{ background: colour(member) }} aria-hidden />
                      {name}
                    </th>
                    <td className={styles.barCell}>
                      <BulletBar value={share.value} max={Math.max(1e-9, ...rows.map((other) => Math.max(shareOf(cellOf(other, "traffic_count").value, total?.value).value ?? 0, shareOf(cellOf(other, "traffic_count").vs?.value, total?.vs?.value).value ?? 0))) * 1.08} tick={before.value} colour={colour(member)} label={before.value == null ? t("shareText", { name, share: words }) : t("shareTextYear", { name, share: words, before: formatFigure(before.value, "percent") })} height={7} />
                    </td>
                    <td className="num" data-value={share.value ?? "null"} data-num={share.num ?? undefined} data-den={share.den ?? undefined}>
                      {words} <span className={styles.stepCount}>{figure(sources.data!, question, "source", row, "traffic_count", "count", name)}</span>
                    </td>
                    <td className="num">{figure(sources.data!, question, "source", row, "capture_rate", "percent", name)}</td>
                    <td className="num">{figure(sources.data!, question, "source", row, "close_rate", "percent", name)}</td>
                    <td className="num">{figure(sources.data!, question, "source", row, "deals_count", "count", name)}</td>
                  </tr>
                );
              })}
            </tbody>
            <tfoot>
              <tr>
                <th scope="row">{t("total")}</th>
                <td />
                <td className="num">{figure(sources.data, question, "source", null, "traffic_count", "count", t("total"))}</td>
                <td className="num">{figure(sources.data, question, "source", null, "capture_rate", "percent", t("total"))}</td>
                <td className="num">{figure(sources.data, question, "source", null, "close_rate", "percent", t("total"))}</td>
                <td className="num">{figure(sources.data, question, "source", null, "deals_count", "count", t("total"))}</td>
              </tr>
            </tfoot>
          </table>
          {access.data && access.data.rows.length > 0 && (
            <table className={styles.forms}>
              <thead>
                <tr>
                  <th scope="col" colSpan={3}>
                    {t("accessForm")}
                  </th>
                  <th scope="col" className="num">
                    {t("captureShort")}
                  </th>
                </tr>
              </thead>
              <tbody>
                {rowsOf(access.data, "access_form").map((row) => {
                  const member = typeof row.access_form === "string" ? row.access_form : null;
                  const name = catalog.dimLabel("access_form", member);
                  const share = shareOf(cellOf(row, "traffic_count").value, cellOf(access.data.total, "traffic_count").value);
                  return (
                    <tr key={member ?? ""}>
                      <th scope="row">{name}</th>
                      <td className={styles.barCell}>
                        <BulletBar value={share.value} max={1} tone="mid" label={t("shareText", { name, share: formatFigure(share.value, "percent") })} />
                      </td>
                      <td className="num">{figure(access.data, forms, "access_form", row, "traffic_count", "count", name)}</td>
                      <td className="num">
                        <b>{figure(access.data, forms, "access_form", row, "capture_rate", "percent", name)}</b>
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          )}
        </>
      )}
    </Panel>
  );
}
function rowsOf(answer: Answer | undefined, dim: string): Answer["rows"] {
  return [...(answer?.rows ?? [])].sort((a, b) => Number(a[dim] == null) - Number(b[dim] == null) || (cellOf(b, "traffic_count").value ?? 0) - (cellOf(a, "traffic_count").value ?? 0));
}

// ---- Worth looking at ----

const kIcon: Record<Findings["findings"][number]["level"], LucideIcon> = { bad: TriangleAlert, warn: TriangleAlert, info: Info, good: CircleCheck };

const kFewFindings = 4;

function FindingsPanel({ query }: { query: ReturnType<typeof useFindings> }) {
  const t = useTexts(dashboardTexts);
  const language = useLanguage();
  const view = useView();
  const go = useGo();
  const phone = usePhone();
  const all = query.data?.findings ?? [];
  const [more, setMore] = useState(false);
  const list = more ? all : all.slice(0, kFewFindings);
  const follow = (link: NonNullable<(typeof list)[number]["link"]>) => {
    const scope = link.scope && link.scope !== formatScope(view.scope) ? { scope: link.scope === "network" ? undefined : link.scope } : {};
    if (link.page === "explore") go({ to: "/explore", search: { ...scope, ...(link.columns?.length ? { v: link.columns } : link.kpi ? { v: link.kpi } : {}), ...(link.by ? gridOf(link.by) : {}) } });
    else if (link.page === "handbook") go(link.kpi ? { to: "/handbook/$kpi", params: { kpi: link.kpi }, search: scope } : { to: "/handbook", search: scope });
    else go({ to: `/${link.page}`, search: scope });
  };
  return (
    <Panel className={styles.findings} title={t("findings")} note={all.length > 0 ? t("findingsNote", { n: all.length, count: all.length }) : undefined} dim={query.isPlaceholderData} action={all.length > kFewFindings && <Button kind="link" onClick={() => setMore(!more)}>{more ? t("fewFindings", { n: kFewFindings }) : t("allFindings", { n: all.length })}</Button>}>
      {query.error && !query.data ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} small />
      ) : !query.data ? (
        <Skeleton lines={6} height={22} />
      ) : list.length === 0 ? (
        <EmptyState why={t("noFindings")} small />
      ) : (
        <ul className={styles.findingList}>
          {list.map((finding) => {
            const Icon = kIcon[finding.level];
            const title = pick(finding.title, language);
            const detail = pick(finding.detail, language);
            const { link } = finding;
            return (
              <li key={finding.id} className={styles.finding}>
                <Icon size={16} className={styles[`level_${finding.level}`]} role="img" aria-label={t(`level.${finding.level}`)} />
                <div className={styles.findingText}>
                  <p className={styles.findingTitle}>
                    <RichText text={title} />
                  </p>
                  {detail && (
                    <p className={styles.findingDetail}>
                      <RichText text={detail} />
                    </p>
                  )}
                </div>
                {link && (
                  <button type="button" className={styles.findingLink} aria-label={`${t(`link.${link.page}`)}: ${plainOf(title)}`} onClick={() => follow(link)}>
                    {!phone && t(`link.${link.page}`)} <ArrowRight size={12} aria-hidden />
                  </button>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}

// Dimensions become rows, a time grain the columns.
function gridOf(by: string[]): Record<string, string | string[]> {
  const grains = ["day", "week", "month", "quarter", "year"];
  const rows = by.filter((dim) => !grains.includes(dim));
  return { row: rows.length > 0 ? rows : "", col: by.find((dim) => grains.includes(dim)) ?? "" };
}
