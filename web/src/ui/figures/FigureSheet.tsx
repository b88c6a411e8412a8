import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { Download, ExternalLink } from "lucide-react";
import { useState, type ReactNode } from "react";
import { api, data, useCatalog, type Cell, type Question, type Schemas } from "@/api";
import type { ApiError } from "@/api/error";
import { useLanguage, useTexts } from "@/i18n";
import { Link, type Target } from "@/state/page";
import { Button } from "../Button";
import { formatCsv, saveText } from "../clipboard";
import { SegmentedControl } from "../form";
import { formatDay, formatFigure, formatInstant, formatNumber, type Unit } from "../format";
import { Sheet } from "../overlay";
import { EmptyState, ErrorState, Skeleton, Tabs, useErrorWords } from "../panel";
import { toast } from "../Toast";
import { ratioNames } from "./formula";
import { wilson } from "./interval";
import styles from "./figures.module.css";
import { figureTexts } from "./texts";
import { FormulaWords } from "./FormulaWords";

// What stands behind a figure: what it is, the entries it is made of, and the way to explore it. Every figure of the
// dashboard and of an exploration opens this.

export interface OpenFigure {
  // The question whose answer holds the cell; `row` as in the contract, null for the total.
  question: Question;
  column: string;
  row: Record<string, string | null> | null;
  cell: Cell;
  unit: Unit;
  title: string; // "Close rate"
  where: string; // "West store · Oct 2026"
  cutoff?: string;
  explore?: Target;
  tab?: "definition" | "records";
}

type Entry = Schemas["EntryPage"]["entries"][number];
type Part = "all" | "num" | "den";

export function FigureSheet({ figure, onClose }: { figure: OpenFigure | null; onClose: () => void }) {
  return (
    <Sheet open={figure !== null} onOpenChange={(open) => !open && onClose()} title={figure?.title ?? ""} note={figure?.where} wide>
      {figure && <Content key={JSON.stringify([figure.question, figure.column, figure.row])} figure={figure} />}
    </Sheet>
  );
}

function Content({ figure }: { figure: OpenFigure }) {
  const t = useTexts(figureTexts);
  const [tab, setTab] = useState<"definition" | "records">(figure.tab ?? "definition");
  return (
    <Tabs
      value={tab}
      onChange={setTab}
      label={figure.title}
      tabs={[
        { value: "definition", label: t("definition") },
        { value: "records", label: t("records") },
      ]}
    >
      {tab === "definition" ? <Definition figure={figure} onRecords={() => setTab("records")} /> : <Records figure={figure} />}
    </Tabs>
  );
}

function Item({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={styles.item}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Definition({ figure, onRecords }: { figure: OpenFigure; onRecords: () => void }) {
  const t = useTexts(figureTexts);
  const language = useLanguage();
  const catalog = useCatalog();
  const { cell, unit } = figure;
  const kpi = catalog.kpi(figure.column);
  const measure = kpi ? undefined : catalog.measure(figure.column);
  const asked = figure.question.columns.find((column) => column === figure.column || column.startsWith(`${figure.column}=`));
  const formula = kpi?.formula ?? measure?.sum ?? asked?.slice(asked.indexOf("=") + 1) ?? figure.column;
  const names = ratioNames(formula);
  const interval = unit === "percent" ? wilson(cell.num, cell.den) : null;
  const vs = figure.question.vs;
  return (
    <div className={styles.definition}>
      <p className={styles.value} data-value={cell.value ?? "null"} data-num={cell.num ?? undefined} data-den={cell.den ?? undefined}>
        {formatFigure(cell.value, unit, unit === "percent" ? { places: 1 } : {})}
        {cell.den != null && (
          <span className={styles.parts}>
            {formatNumber(cell.num, { places: 2, trim: true })} ÷ {formatNumber(cell.den, { places: 2, trim: true })}
          </span>
        )}
      </p>
      <dl className={styles.items}>
        {cell.den != null && names && (
          <Item label={`${t("num")} ÷ ${t("den")}`}>
            {catalog.name(names[0])} {formatNumber(cell.num, { places: 2, trim: true })} ÷ {catalog.name(names[1])} {formatNumber(cell.den, { places: 2, trim: true })}
          </Item>
        )}
        {interval && (
          <Item label={t("interval")}>
            {formatFigure(interval.low, "percent", { places: 1 })} – {formatFigure(interval.high, "percent", { places: 1 })}
          </Item>
        )}
        {cell.vs && vs && vs !== "none" && <Item label={t(vs)}>{cell.vs.value == null && vs === "target" ? t("targetNotSet") : formatFigure(cell.vs.value, unit, unit === "percent" ? { places: 1 } : {})}</Item>}
        <Item label={kpi || measure ? t("formula") : t("ownFormula")}>
          <FormulaWords formula={formula} link={!measure} />
        </Item>
        {kpi?.meaning && <Item label={t("meaning")}>{catalog.text(kpi.meaning)}</Item>}
        {kpi?.beware && <Item label={t("beware")}>{catalog.text(kpi.beware)}</Item>}
        {figure.cutoff && <Item label={t("cutoff")}>{formatInstant(figure.cutoff, language, { year: true })}</Item>}
      </dl>
      <div className={styles.ways}>
        <Button kind="primary" onClick={onRecords}>
          {t("records")}
        </Button>
        {figure.explore && (
          <Link {...figure.explore} className={styles.way}>
            <ExternalLink size={14} aria-hidden /> {t("explore")}
          </Link>
        )}
        {kpi && (
          <Link to="/handbook/$kpi" params={{ kpi: kpi.id }} className={styles.way}>
            {t("handbook")}
          </Link>
        )}
      </div>
    </div>
  );
}

const kPage = 50;
const kCsvPage = 500;
const kCsvMost = 20_000;

function Records({ figure }: { figure: OpenFigure }) {
  const t = useTexts(figureTexts);
  const [part, setPart] = useState<Part>("all");
  const [versus, setVersus] = useState(false);
  const comparable = figure.question.vs === "previous" || figure.question.vs === "year-ago";
  const body = { question: figure.question, column: figure.column, row: figure.row, part, versus };
  const entries = useInfiniteQuery<Schemas["EntryPage"], ApiError, { pages: Schemas["EntryPage"][] }, unknown[], string | null>({
    queryKey: ["entries", body],
    queryFn: ({ pageParam, signal }) => data(api.POST("/api/v1/kpi/entries", { body: { ...body, cursor: pageParam, limit: kPage }, signal })),
    initialPageParam: null,
    getNextPageParam: (page) => page.next_cursor ?? null,
  });
  const csv = useMutation<number, ApiError>({
    mutationFn: async () => {
      const all: Entry[] = [];
      let cursor: string | null = null;
      do {
        const page: Schemas["EntryPage"] = await data(api.POST("/api/v1/kpi/entries", { body: { ...body, cursor, limit: kCsvPage } }));
        all.push(...page.entries);
        cursor = page.next_cursor ?? null;
      } while (cursor !== null && all.length < kCsvMost);
      saveText(`${figure.column}.csv`, formatCsv(csvRows(all)), "text/csv;charset=utf-8");
      return all.length;
    },
    onSuccess: (n) => void toast(t("csvDone", { n: formatNumber(n), count: n }), { kind: "good" }),
  });
  const words = useErrorWords(csv.error);

  const pages = entries.data?.pages ?? [];
  const list = pages.flatMap((page) => page.entries);
  const count = pages[0]?.count ?? 0;
  return (
    <div className={styles.records}>
      <div className={styles.filters}>
        {figure.cell.den != null && (
          <SegmentedControl<Part>
            label={t("part")}
            value={part}
            onChange={setPart}
            options={[
              { value: "all", label: t("all") },
              { value: "num", label: t("num") },
              { value: "den", label: t("den") },
            ]}
          />
        )}
        {comparable && (
          <SegmentedControl<"now" | "versus">
            label={t("versus")}
            value={versus ? "versus" : "now"}
            onChange={(value) => setVersus(value === "versus")}
            options={[
              { value: "now", label: t("now") },
              { value: "versus", label: t(figure.question.vs as "previous" | "year-ago") },
            ]}
          />
        )}
        {count > 0 && (
          <>
            <span className={styles.count} aria-live="polite">
              {t("entries", { shown: formatNumber(count), count })}
            </span>
            <Button small icon={Download} busy={csv.isPending} disabled={count > kCsvMost} title={count > kCsvMost ? t("csvLimit", { n: formatNumber(kCsvMost) }) : t("toCsvAll", { n: formatNumber(count), count })} onClick={() => csv.mutate()}>
              {t("toCsv")}
            </Button>
          </>
        )}
      </div>
      {csv.error && (
        <p role="alert" className="bad">
          {words.title} {words.todo}
        </p>
      )}
      {entries.isPending ? (
        <Skeleton lines={10} height={20} />
      ) : entries.isError ? (
        <ErrorState error={entries.error} onRetry={() => void entries.refetch()} small />
      ) : list.length === 0 ? (
        <EmptyState why={t("none")} small />
      ) : (
        <>
          <EntryTable entries={list} ratio={figure.cell.den != null} />
          <div className={styles.filters}>
            <span className={styles.count}>{t("shownOf", { n: formatNumber(list.length), all: formatNumber(count) })}</span>
            {entries.hasNextPage && (
              <Button small busy={entries.isFetchingNextPage} onClick={() => void entries.fetchNextPage()}>
                {t("more", { n: formatNumber(Math.min(kPage, count - list.length)) })}
              </Button>
            )}
          </div>
        </>
      )}
    </div>
  );
}

function EntryTable({ entries, ratio }: { entries: Entry[]; ratio: boolean }) {
  const t = useTexts(figureTexts);
  const language = useLanguage();
  const catalog = useCatalog();
  const money = entries.some((entry) => entry.amount != null && entry.amount !== 0);
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolls sideways, also by keyboard
    <div className={styles.scroll} role="region" aria-label={t("records")} tabIndex={0}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t("day")}</th>
            <th scope="col">{t("event")}</th>
            <th scope="col">{t("staff")}</th>
            <th scope="col">{t("lead")}</th>
            <th scope="col" className="num">
              {t("counts")}
            </th>
            {money && (
              <th scope="col" className="num">
                {t("amount")}
              </th>
            )}
            {ratio && <th scope="col">{t("part")}</th>}
            <th scope="col">{t("members")}</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr
              key={`${entry.dealer}/${entry.seq}/${entry.measure ?? ""}/${entry.part ?? ""}`}
              title={entry.recorded_at ? t("recorded", { at: formatInstant(entry.recorded_at, language, { year: true }), by: entry.recorded_by ?? "" }) : undefined}
            >
              <td>{formatDay(entry.day, language, { year: true })}</td>
              <td>
                {catalog.name(entry.event)}
                {(entry.counts ?? 0) < 0 && <span className={styles.quiet}> · {t("reversal")}</span>}
              </td>
              <td>
                {entry.staff ?? "—"}
                {entry.dealer_name && <span className={styles.quiet}> · {entry.dealer_name}</span>}
              </td>
              <td className="code">
                {entry.lead ?? "—"}
                {(entry.attempt ?? 1) > 1 && <span className={styles.quiet}> {t("attempt", { n: entry.attempt! })}</span>}
              </td>
              <td className="num" data-value={entry.counts}>
                {formatNumber(entry.counts, { places: 3, trim: true })}
              </td>
              {money && <td className="num">{entry.amount == null || entry.amount === 0 ? "" : formatFigure(entry.amount, "money")}</td>}
              {ratio && <td>{entry.part ? t(entry.part === "both" ? "both" : entry.part) : ""}</td>}
              <td className={styles.quiet}>
                {Object.entries(entry.members ?? {})
                  .map(([dim, member]) => catalog.dimLabel(dim, member))
                  .join(" · ")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// The entries as rows of a CSV file: codes, not words, so that another program can read them.
export function csvRows(entries: readonly Entry[]): string[][] {
  const dims = [...new Set(entries.flatMap((entry) => Object.keys(entry.members ?? {})))].sort();
  const text = (value: unknown) => (value == null ? "" : String(value));
  return [
    ["dealer", "dealer_name", "seq", "day", "at", "event", "measure", "part", "lead", "attempt", "staff", "actor", "counts", "quantity", "amount", ...dims, "recorded_at", "recorded_by", "batch"],
    ...entries.map((entry) => [
      ...[entry.dealer, entry.dealer_name, entry.seq, entry.day, entry.at, entry.event, entry.measure, entry.part, entry.lead, entry.attempt, entry.staff, entry.actor, entry.counts, entry.quantity, entry.amount].map(text),
      ...dims.map((dim) => text(entry.members?.[dim])),
      ...[entry.recorded_at, entry.recorded_by, entry.batch].map(text),
    ]),
  ];
}
