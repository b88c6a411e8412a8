import { Ellipsis, FileSpreadsheet } from "lucide-react";
import { useState } from "react";
import { useTexts, useLanguage } from "@/i18n";
import { Link, one, usePageSearch } from "@/state/page";
import { Button, Dialog, EmptyState, ErrorState, formatInstant, formatNumber, IconButton, Menu, Panel, ProgressBar, SegmentedControl, Skeleton, Tag, TextInput, toast, type MenuItem, type Tone } from "@/ui";
import { useDiscard, useImports, useStart } from "./data";
import styles from "./imports.module.css";
import { canUndo, isOpen, isRunning, tilesOf } from "./logic/draft";
import type { ImportJob, State } from "./logic/types";
import { UndoDialog } from "./Outcome";
import { texts } from "./texts";

const kFilters = ["all", "open", "running", "done", "other"] as const;
type Filter = (typeof kFilters)[number];

function filterOf(state: State): Filter {
  if (state === "importing" || state === "undoing") return "running";
  if (isOpen(state)) return "open";
  return state === "done" ? "done" : "other";
}

export function StateTag({ state }: { state: State }) {
  const t = useTexts(texts);
  const words: Record<State, [Tone, string]> = {
    draft: ["warn", t("stDraft")],
    checking: ["accent", t("stChecking")],
    checked: ["warn", t("stChecked")],
    importing: ["accent", t("stImporting")],
    done: ["good", t("stDone")],
    undoing: ["accent", t("stUndoing")],
    undone: ["neutral", t("stUndone")],
    failed: ["bad", t("stFailed")],
    cancelled: ["neutral", t("stCancelled")],
  };
  const [tone, label] = words[state];
  return <Tag tone={tone}>{label}</Tag>;
}

// All imports, latest first: drafts to go on with, what runs, what was imported by whom.
export function History() {
  const t = useTexts(texts);
  const [{ state, q }, patch] = usePageSearch((raw) => ({ state: (one(raw.state) ?? "all") as Filter, q: one(raw.q) ?? "" }));
  const { data, error, isLoading, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useImports();
  const jobs = data?.pages.flatMap((page) => page.imports) ?? [];
  const wanted = q.trim().toLowerCase();
  const shown = jobs.filter((job) => (state === "all" || filterOf(job.state) === state) && (wanted === "" || job.file_name.toLowerCase().includes(wanted) || (job.created_by ?? "").toLowerCase().includes(wanted)));
  const names: Record<Filter, string> = { all: t("all"), open: t("fOpen"), running: t("fRunning"), done: t("fDone"), other: t("fOther") };
  if (isLoading) {
    return (
      <Panel title={t("history")}>
        <Skeleton lines={5} height={22} />
      </Panel>
    );
  }
  if (error) {
    return (
      <Panel title={t("history")}>
        <ErrorState error={error} onRetry={() => void refetch()} />
      </Panel>
    );
  }
  if (jobs.length === 0) {
    return (
      <Panel title={t("history")}>
        <EmptyState icon={FileSpreadsheet} why={t("historyNone")} />
      </Panel>
    );
  }
  return (
    <Panel title={t("history")} note={`${t("historyNote", { n: formatNumber(jobs.length), count: jobs.length })}${hasNextPage ? "+" : ""} · ${t("hRows")}`} flush>
      <div className={styles.filters}>
        <SegmentedControl label={t("hState")} value={kFilters.includes(state) ? state : "all"} onChange={(next) => patch({ state: next === "all" ? undefined : next })} options={kFilters.map((value) => ({ value, label: names[value] }))} className={styles.filterSegments} />
        <TextInput type="search" value={q} onChange={(next) => patch({ q: next || undefined }, { replace: true })} placeholder={t("search")} aria-label={t("search")} className={styles.filterSearch} />
      </div>
      {shown.length === 0 ? (
        <EmptyState small why={t("historyNoMatch")} />
      ) : (
        <div className={styles.historyScroll}>
          <table className={`${styles.table} ${styles.history}`}>
            <thead>
              <tr>
                <th scope="col">{t("hWhen")}</th>
                <th scope="col">{t("hFile")}</th>
                <th scope="col">{t("hState")}</th>
                <th scope="col" className="num">
                  {t("hNew")}
                </th>
                <th scope="col" className="num">
                  {t("hChanged")}
                </th>
                <th scope="col" className="num">
                  {t("hRefused")}
                </th>
                <th scope="col">{t("hWho")}</th>
                <th scope="col">
                  <span className="sr-only">{t("actions")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((job) => (
                <Line key={job.id} job={job} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {hasNextPage && (
        <div className={styles.refusedFoot}>
          <Button small kind="ghost" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t("moreImports")}
          </Button>
        </div>
      )}
    </Panel>
  );
}

function Line({ job }: { job: ImportJob }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const [asking, setAsking] = useState<"discard" | "undo" | null>(null);
  const [now] = useState(() => Date.now());
  const discard = useDiscard();
  const start = useStart(job.id);
  const tiles = job.result ? tilesOf(job.result) : null;
  const open = isOpen(job.state);
  const items: MenuItem[] = [];
  if (open) items.push({ id: "discard", label: t("discard"), danger: true, run: () => setAsking("discard") });
  if (canUndo(job, now)) items.push({ id: "undo", label: t("undo"), danger: true, run: () => setAsking("undo") });
  const figure = (value: number | undefined, bad = false) => (value === undefined ? "—" : <span className={bad && value > 0 ? "bad" : undefined}>{formatNumber(value)}</span>);
  return (
    <tr>
      <td data-label={t("hWhen")} className={styles.nowrap}>
        {formatInstant(job.finished_at ?? job.created_at, language)}
      </td>
      <td className={styles.fileCell}>
        <Link to="/import/$id" params={{ id: job.id }} className={styles.fileLink} aria-label={t("openIt", { name: job.file_name })}>
          {job.file_name}
        </Link>
        {job.kind === "readings" && <Tag>{t("kindReadings")}</Tag>}
      </td>
      <td>
        <StateTag state={job.state} />
        {isRunning(job.state) && (
          <span className={styles.miniBar}>
            <ProgressBar value={job.progress ?? null} label={job.file_name} />
          </span>
        )}
      </td>
      <td className="num" data-label={t("hNew")} data-empty={tiles ? undefined : ""}>
        {figure(tiles?.new)}
      </td>
      <td className="num" data-label={t("hChanged")} data-empty={tiles ? undefined : ""}>
        {figure(tiles?.changed)}
      </td>
      <td className="num" data-label={t("hRefused")} data-empty={tiles ? undefined : ""}>
        {figure(tiles?.refused, true)}
      </td>
      <td data-label={t("hWho")}>{job.created_by ?? "—"}</td>
      <td className={styles.rowActions}>
        {items.length > 0 && <Menu items={items} trigger={<IconButton small icon={Ellipsis} label={`${t("actions")}: ${job.file_name}`} tip={false} />} />}
        {asking === "undo" && <UndoDialog job={job} start={start} open onOpenChange={(next) => !next && setAsking(null)} />}
        {asking === "discard" && (
          <DiscardDialog
            name={job.file_name}
            busy={discard.isPending}
            error={discard.error}
            onClose={() => setAsking(null)}
            onYes={() =>
              discard.mutate(job.id, {
                onSuccess: () => {
                  setAsking(null);
                  toast(t("discarded"));
                },
              })
            }
          />
        )}
      </td>
    </tr>
  );
}

export function DiscardDialog({ name, busy, error, onYes, onClose }: { name: string; busy: boolean; error: unknown; onYes: () => void; onClose: () => void }) {
  const t = useTexts(texts);
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={t("discardAsk", { name })}
      note={t("discardNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="danger" busy={busy} onClick={onYes}>
            {t("discard")}
          </Button>
        </>
      }
    >
      {error ? <ErrorState small error={error} /> : null}
    </Dialog>
  );
}
