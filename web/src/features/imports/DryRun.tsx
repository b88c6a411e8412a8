import { CircleCheck, Download } from "lucide-react";
import { useState } from "react";
import { asApiError, download, useCatalog, type ApiError } from "@/api";
import { plain, rich, useLanguage, useTexts } from "@/i18n";
import { parsePeriod, periodLabel } from "@/state/period";
import { Button, Checkbox, classes, ErrorState, formatDays, formatFigure, formatNumber, Panel, Skeleton, type Unit } from "@/ui";
import { useRefused, type Draft } from "./data";
import styles from "./imports.module.css";
import { changeFor, changeForAll, rowsToWrite, tilesOf, translationsOf, withValue } from "./logic/draft";
import { fieldName, measureName } from "./logic/meaning";
import { MemberPicker } from "./Constants";
import type { Import, ImportChange, ImportResult, RefusedRow } from "./logic/types";
import { texts } from "./texts";

// Five tiles: rows, not entries.
export function Tiles({ result, stale }: { result: ImportResult; stale?: boolean }) {
  const t = useTexts(texts);
  const tiles = tilesOf(result);
  const n = formatNumber(result.entries.new);
  const list = [
    { id: "new", label: t("tileNew"), value: tiles.new, note: t("noteNew", { n, count: result.entries.new }) },
    { id: "changed", label: t("tileChanged"), value: tiles.changed, note: t("noteChanged") },
    { id: "unchanged", label: t("tileUnchanged"), value: tiles.unchanged, note: t("noteUnchanged"), quiet: true },
    { id: "empty", label: t("tileEmpty"), value: tiles.empty, note: t("noteEmpty"), quiet: true },
    { id: "refused", label: t("tileRefused"), value: tiles.refused, note: tiles.refused > 0 ? t("noteRefused") : t("noteNoRefused"), bad: tiles.refused > 0, quiet: tiles.refused === 0 },
  ];
  return (
    <dl className={classes(styles.tiles, stale && styles.dimmed)}>
      {list.map((tile) => (
        <div key={tile.id} className={classes(styles.tile, tile.bad && styles.tileBad, (tile.quiet || tile.value === 0) && !tile.bad && styles.tileQuiet)} data-tile={tile.id}>
          <dt>{tile.label}</dt>
          <dd className={styles.tileFigure} data-value={tile.value}>
            {formatNumber(tile.value)}
            <span className={styles.tileUnit}>{t("unitRows")}</span>
          </dd>
          <dd className={styles.tileNote}>{tile.note}</dd>
        </div>
      ))}
    </dl>
  );
}

// The refused rows with the reason of each, and a mend where there is one.
export function Refused({ draft, edit, onRow, onMend }: { draft: Import; edit?: Draft; onRow?: (row: number) => void; onMend?: () => void }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const count = draft.result?.rows.refused ?? 0;
  const { data, error, isLoading, hasNextPage, fetchNextPage, isFetchingNextPage, isPlaceholderData, refetch } = useRefused(draft.id, draft.version, count > 0 && draft.state !== "draft");
  const [failed, setFailed] = useState<ApiError | null>(null);
  const rows = data?.pages.flatMap((page) => page.rows) ?? [];
  const all = edit ? changeForAll(draft, rows) : null;
  if (count === 0) return null;
  const mend = async (change: ReturnType<typeof changeFor>) => {
    if (!change || !edit) return;
    if (await edit.change(change)) onMend?.();
  };
  return (
    <Panel
      title={t("refusedTitle", { n: formatNumber(count), count })}
      note={t("refusedNote")}
      flush
      dim={isPlaceholderData}
      className={styles.refused}
      action={
        <Button small icon={Download} onClick={() => void download(`/api/v1/imports/${draft.id}/refused.csv`, { name: "refused.csv" }).then(() => setFailed(null), (e) => setFailed(asApiError(e)))}>
          {t("download")}
        </Button>
      }
    >
      {edit && <UnknownCells draft={draft} edit={edit} onMend={onMend} />}
      {failed && <ErrorState small error={failed} />}
      {error && <ErrorState small error={error} onRetry={() => void refetch()} />}
      {isLoading && (
        <div className={styles.inPanel}>
          <Skeleton lines={Math.min(count, 8)} height={20} />
        </div>
      )}
      {rows.length > 0 && (
        <div className={styles.refusedScroll}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col" className="num">
                  {t("colRow")}
                </th>
                <th scope="col">{t("colColumn")}</th>
                <th scope="col">{t("colCell")}</th>
                <th scope="col">{t("colWhy")}</th>
                {edit && <th scope="col">{t("colSuggestion")}</th>}
              </tr>
            </thead>
            <tbody>
              {rows.map((row, i) => {
                const change = edit ? changeFor(draft, row) : null;
                return (
                  <tr key={`${row.row}.${i}`}>
                    <td className="num" data-label={t("colRow")}>
                      {onRow ? (
                        <button type="button" className={styles.cellLink} onClick={() => onRow(row.row)}>
                          {formatNumber(row.row)}
                        </button>
                      ) : (
                        formatNumber(row.row)
                      )}
                    </td>
                    <td data-label={t("colColumn")}>{row.column ?? "—"}</td>
                    <td data-label={t("colCell")}>
                      {row.cell == null ? "—" : row.cell === "" ? <span className="quiet">{t("empty")}</span> : (
                        <span className={styles.badCell} title={row.cell}>
                          {row.cell}
                        </span>
                      )}
                    </td>
                    <td data-label={t("colWhy")} title={row.todo || undefined}>
                      {row.message}
                    </td>
                    {edit && (
                      <td data-label={t("colSuggestion")} data-empty={change || row.todo ? undefined : ""}>
                        {change ? (
                          <Button kind="link" small disabled={edit.saving} onClick={() => void mend(change)}>
                            {suggestionText(row, t, language)}
                          </Button>
                        ) : (
                          <span className={styles.todo}>{row.todo || "—"}</span>
                        )}
                      </td>
                    )}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {((all && all.count > 1) || hasNextPage) && (
        <div className={styles.refusedFoot}>
          {all && all.count > 1 && (
            <Button small disabled={edit?.saving ?? false} onClick={() => void mend(all.change)}>
              {t("takeAll", { n: formatNumber(all.count), count: all.count })}
            </Button>
          )}
          {hasNextPage && (
            <Button small kind="ghost" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              {t("moreRefused")}
            </Button>
          )}
        </div>
      )}
    </Panel>
  );
}

// What stands behind many refused rows at once: cells that nobody is called, each with one word for all its rows.
const kUnknownShown = 6;
function UnknownCells({ draft, edit, onMend }: { draft: Import; edit: Draft; onMend: (() => void) | undefined }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const { raw } = useCatalog();
  const [choosing, setChoosing] = useState<string | null>(null);
  const cells = translationsOf(draft).filter((item) => item.origin === "unknown");
  if (cells.length === 0 || draft.state === "draft") return null;
  const shown = [...cells].sort((a, b) => (b.rows ?? 0) - (a.rows ?? 0)).slice(0, kUnknownShown);
  const mend = async (change: ImportChange) => {
    if (await edit.change(change)) onMend?.();
  };
  const set = (field: string, cell: string, code: string) => void mend({ values: withValue(draft.mapping?.values, field, cell, code) });
  return (
    <section className={styles.unknown} aria-label={t("unknownTitle")}>
      <h3 className={styles.unknownHead}>
        {t("unknownTitle")}
        {!draft.create_missing && (
          <Button kind="link" small disabled={edit.saving} onClick={() => void mend({ create_missing: true })}>
            {t("unknownAddAll")}
          </Button>
        )}
      </h3>
      <ul>
        {shown.map((item) => {
          const id = `${item.field}\n${item.cell}`;
          return (
            <li key={id} className={styles.unknownLine}>
              <span>
                {fieldName(raw, item.field, language)} <span className={styles.badCell}>{item.cell}</span> <span className="quiet">{t("unknownRows", { n: formatNumber(item.rows), count: item.rows ?? 0 })}</span>
              </span>
              {choosing === id ? (
                <MemberPicker field={item.field} value="" label={`${item.cell} → ${t("valueCount")}`} onChange={(code) => set(item.field, item.cell, code)} className={styles.unknownPick} />
              ) : (
                <span className={styles.unknownActions}>
                  {item.suggestion && (
                    <Button kind="link" small disabled={edit.saving} onClick={() => set(item.field, item.cell, item.suggestion!)}>
                      {t("suggestIs", { name: item.suggestion })}
                    </Button>
                  )}
                  <Button kind="link" small onClick={() => setChoosing(id)}>
                    {t("unknownChoose")}
                  </Button>
                </span>
              )}
            </li>
          );
        })}
      </ul>
      {cells.length > shown.length && <p className="quiet">+{formatNumber(cells.length - shown.length)}</p>}
    </section>
  );
}

type T = ReturnType<typeof useTexts<keyof (typeof texts)["entries"]>>;
function suggestionText(row: RefusedRow, t: T, language: "zh" | "en"): string {
  const s = row.suggestion;
  switch (s?.kind) {
    case "translate":
      return t("suggestIs", { name: s.to ?? "" });
    case "date": {
      // Within one year the day is enough.
      const to = s.to ?? "";
      const same = row.cell?.slice(0, 4) === to.slice(0, 4);
      return t("suggestDate", { to: same && /^\d{4}-\d\d-\d\d$/.test(to) && language === "zh" ? to.slice(5) : to });
    }
    case "scale":
      return Number(s.to ?? 1) === 1 ? t("suggestScale") : t("suggestScaleBy", { to: formatNumber(Number(s.to)) });
    case "create":
      return s.from ?? row.cell ? t("suggestCreate", { name: s.from ?? row.cell ?? "" }) : t("suggestCreateAny");
    default:
      return "";
  }
}

// The figures that the import moves, as they will be or are. Each opens in explore where `onOpen` is given.
export function Moved({ result, after, open }: { result: ImportResult; after: boolean; open?: (measure: string) => React.ReactNode }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const catalog = useCatalog();
  const moved = result.moved ?? [];
  const created = Object.entries(result.created ?? {}).filter(([, n]) => n > 0);
  if (moved.length === 0 && created.length === 0) return null;
  const days = result.period;
  const period = days ? parsePeriod(`${days.from}..${days.to}`) : null;
  return (
    <section className={styles.moved} aria-label={after ? t("nowSee") : t("willSee")}>
      {moved.length > 0 && (
        <>
          <h3 className={styles.subhead}>
            {after ? t("nowSee") : t("willSee")}
            {days && <span className={styles.subnote}>{t("inPeriod", { period: period && period.kind !== "range" ? periodLabel(period, language) : formatDays(days.from, days.to, language, { year: true }) })}</span>}
          </h3>
          <dl className={styles.figures}>
            {moved.slice(0, 8).map((item) => {
              const unit = (catalog.measure(item.measure)?.unit ?? "count") as Unit;
              return (
                <div key={item.measure} className={styles.figure}>
                  <dt>{measureName(catalog.raw, item.measure, language)}</dt>
                  <dd data-measure={item.measure} data-value={item.count}>
                    {formatFigure(item.count, unit)}
                  </dd>
                  {open && <dd className={styles.figureOpen}>{open(item.measure)}</dd>}
                </div>
              );
            })}
          </dl>
        </>
      )}
      {created.length > 0 && (
        <p className={styles.note}>
          {t(after ? "createdNow" : "createdNames", { names: created.map(([dim, n]) => t("createdItem", { n: formatNumber(n), dim: fieldName(catalog.raw, dim, language) })).join(language === "zh" ? "、" : ", ") })}
        </p>
      )}
      {!after && (
        <p className={styles.safeNote}>
          <CircleCheck size={14} className="good" aria-hidden /> {t("closedMonths")}
        </p>
      )}
    </section>
  );
}

// The last word before anything is written: the button says what it does.
export function RunBox({ result, busy, stale, onRun, onTryAgain, onCancel }: { result: ImportResult; busy: boolean; stale: boolean; onRun: (allOrNothing: boolean) => void; onTryAgain: () => void; onCancel: () => void }) {
  const t = useTexts(texts);
  const [strict, setStrict] = useState(false);
  const rows = rowsToWrite(result);
  const { refused } = result.rows;
  const stops = strict && refused > 0;
  return (
    <div className={styles.runBox}>
      <div className={styles.runText}>
        {rows > 0 ? <Checkbox checked={strict} onChange={setStrict} label={t("allOrNothing")} hint={stops ? t("allOrNothingStops", { n: formatNumber(refused) }) : undefined} /> : <p className="quiet">{refused > 0 && result.rows.taken === 0 ? t("allRefused") : t("nothingToWrite")}</p>}
      </div>
      <Button onClick={onCancel}>{t("cancel")}</Button>
      {stale ? (
        <Button kind="primary" busy={busy} onClick={onTryAgain}>
          {t("tryAgain")}
        </Button>
      ) : (
        rows > 0 && (
          <Button kind="primary" busy={busy} disabled={stops} onClick={() => onRun(strict)}>
            {refused > 0 ? t("runSkip", { n: formatNumber(rows), m: formatNumber(refused), count: rows }) : t("run", { n: formatNumber(rows), count: rows })}
          </Button>
        )
      )}
    </div>
  );
}

// The sentence under the title once a dry run is there.
export function useTriedLead(result: ImportResult | null | undefined) {
  const t = useTexts(texts);
  if (!result) return null;
  const rows = rowsToWrite(result);
  const m = plain(formatNumber(result.rows.refused));
  if (rows === 0) return rich(t("tryLeadNothing", { m }));
  return rich(result.rows.refused > 0 ? t("tryLead", { n: formatNumber(rows), m }) : t("tryLeadClean", { n: formatNumber(rows) }));
}
