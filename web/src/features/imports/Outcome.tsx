import { ArrowRight, CircleAlert, CircleCheck, Undo2 } from "lucide-react";
import { useState } from "react";
import { ApiError, useCatalog, useOrg } from "@/api";
import { plain, rich, useLanguage, useTexts } from "@/i18n";
import { Link } from "@/state/page";
import { Banner, Button, Dialog, ErrorState, Field, formatInstant, formatNumber, Panel, ProgressBar, TextInput } from "@/ui";
import type { useStart } from "./data";
import { Moved, Refused, Tiles } from "./DryRun";
import styles from "./imports.module.css";
import { canUndo, rowsToWrite, seenAt } from "./logic/draft";
import { measureName } from "./logic/meaning";
import type { Import } from "./logic/types";
import { texts } from "./texts";

type Start = ReturnType<typeof useStart>;

// While it imports or undoes.
export function Running({ job, start, unreachable }: { job: Import; start: Start; unreachable: boolean }) {
  const t = useTexts(texts);
  const [asking, setAsking] = useState(false);
  const undoing = job.state === "undoing";
  const title = t(undoing ? "undoing" : "importing", { name: job.file_name });
  const share = job.progress ?? null;
  const read = job.result?.rows.read;
  return (
    <Panel className={styles.running}>
      {unreachable && <Banner kind="warn">{t("reconnect")}</Banner>}
      <h2 className={styles.runningTitle}>{title}</h2>
      <ProgressBar value={share} label={title} />
      <p className={styles.runningShare} aria-live="polite">
        {share === null ? t("queued") : `${formatNumber(share, { shift: 2 })}%`}
        {share !== null && read ? <span className="quiet"> · {`${formatNumber(Math.round(read * share))} / ${formatNumber(read)}`}</span> : null}
      </p>
      <p className="quiet">{undoing ? t("leaveUndo") : t("leave")}</p>
      {!undoing && (
        <div>
          <Button onClick={() => setAsking(true)}>{t("stop")}</Button>
        </div>
      )}
      {start.error && <ErrorState small error={start.error} />}
      <Dialog
        open={asking && !undoing}
        onOpenChange={setAsking}
        title={t("stopAsk")}
        note={t("stopNote")}
        footer={
          <>
            <Button onClick={() => setAsking(false)}>{t("goOn")}</Button>
            <Button kind="danger" busy={start.isPending} onClick={() => start.mutate({ verb: "cancel" }, { onSettled: () => setAsking(false) })}>
              {t("stopYes")}
            </Button>
          </>
        }
      />
    </Panel>
  );
}

// What became of it, where its figures are, and the way back.
export function Outcome({ job, start }: { job: Import; start: Start }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const catalog = useCatalog();
  const { data: org } = useOrg();
  const { result, state } = job;
  if (state === "failed") {
    return (
      <div className={styles.outcome}>
        <Panel>
          {job.problem ? <ErrorState error={ApiError.of(job.problem)} safe={t("failedSafe")} /> : <p>{t("failedSafe")}</p>}
          <Again job={job} start={start} />
        </Panel>
        <Refused draft={job} />
      </div>
    );
  }
  if (state === "cancelled") {
    return (
      <Panel>
        <p className={styles.outcomeLine}>
          <CircleAlert size={16} aria-hidden className="quiet" /> {t("cancelledLead")}
        </p>
        <Again job={job} start={start} />
      </Panel>
    );
  }
  if (state === "undone") {
    return (
      <Panel>
        <p className={styles.outcomeLine}>
          <Undo2 size={16} aria-hidden /> <b>{t("undoneLead")}</b>{" "}
          {result?.undone && t("undoneLine", { reversed: formatNumber(result.undone.reversed ?? 0), restored: formatNumber(result.undone.restored ?? 0) })}
        </p>
        <Again job={job} start={start} />
      </Panel>
    );
  }
  if (!result) return null;
  const seen = seenAt(result, job.mapping?.constants, org);
  const search = { scope: seen.scope === "network" ? undefined : seen.scope, ...(seen.period ? { period: seen.period } : {}) };
  const { entries } = result;
  return (
    <div className={styles.outcome}>
      <Tiles result={result} />
      <Panel>
        <div className={styles.outcomeHead}>
          <CircleCheck size={20} aria-hidden className="good" />
          <div>
            <p>{t("entriesLine", { added: formatNumber(entries.new), changed: formatNumber(entries.changed), same: formatNumber(entries.unchanged), removed: formatNumber(entries.removed) })}</p>
            <p className="quiet">{t("rowsLine")}</p>
          </div>
        </div>
        <Moved
          result={result}
          after
          open={(measure) => (
            <Link to="/explore" search={{ ...search, v: measure, col: "month" }} className={styles.figureLink}>
              {t("openExplore")} <span className="sr-only">{measureName(catalog.raw, measure, language)}</span>
              <ArrowRight size={12} aria-hidden />
            </Link>
          )}
        />
        <div className={styles.outcomeButtons}>
          <Link to="/dashboard" search={search} className={styles.primaryLink}>
            {t("openDashboard")}
          </Link>
          <Link to="/import" className={styles.plainLink}>
            {t("another")}
          </Link>
        </div>
      </Panel>
      <Refused draft={job} />
      <UndoPanel job={job} start={start} />
    </div>
  );
}

function Again({ job, start }: { job: Import; start: Start }) {
  const t = useTexts(texts);
  // Without its columns the file is no longer there.
  const kept = (job.columns?.length ?? 0) > 0;
  return (
    <div className={styles.outcomeButtons}>
      {kept && (
        <Button kind="primary" busy={start.isPending} onClick={() => start.mutate({ verb: "dry-run" })}>
          {t("tryAgain")}
        </Button>
      )}
      <Link to="/import" className={styles.plainLink}>
        {t("another")}
      </Link>
      {start.error && <ErrorState small error={start.error} />}
    </div>
  );
}

function UndoPanel({ job, start }: { job: Import; start: Start }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const [now] = useState(() => Date.now());
  const [asking, setAsking] = useState(false);
  if (!canUndo(job, now)) return job.batch ? <p className={styles.note}>{t("undoOver", { batch: job.batch })}</p> : null;
  return (
    <div className={styles.undoBar}>
      <span>{t("undoUntil", { at: formatInstant(job.undo_until, language) })}</span>
      <Button kind="danger" onClick={() => setAsking(true)}>
        {t("undo")}
      </Button>
      <UndoDialog job={job} start={start} open={asking} onOpenChange={setAsking} />
    </div>
  );
}

export function UndoDialog({ job, start, open, onOpenChange }: { job: Pick<Import, "file_name" | "result">; start: Start; open: boolean; onOpenChange: (open: boolean) => void }) {
  const t = useTexts(texts);
  const [why, setWhy] = useState("");
  const count = job.result ? rowsToWrite(job.result) : 0;
  const n = formatNumber(count);
  const entries = job.result ? formatNumber(job.result.entries.new + job.result.entries.changed) : "0";
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={t("undoAsk", { n, count })}
      note={t("undoNote", { name: job.file_name, n, entries })}
      footer={
        <>
          <Button onClick={() => onOpenChange(false)}>{t("cancel")}</Button>
          <Button kind="danger" busy={start.isPending} onClick={() => start.mutate({ verb: "undo", why: why.trim() }, { onSuccess: () => onOpenChange(false) })}>
            {t("undoYes", { n, count })}
          </Button>
        </>
      }
    >
      <Field label={t("undoWhy")} optional>
        <TextInput value={why} onChange={setWhy} maxLength={200} />
      </Field>
      {start.error && <ErrorState small error={start.error} />}
    </Dialog>
  );
}

// The sentence under the title.
export function useOutcomeLead(job: Import) {
  const t = useTexts(texts);
  const { state, result } = job;
  if (state === "failed") return rich(t("failedLead"));
  if (state === "cancelled") return t("cancelledLead");
  if (state === "undone") return t("undoneLead");
  if (state !== "done" || !result) return null;
  const n = formatNumber(rowsToWrite(result));
  const skipped = result.rows.refused;
  return rich(skipped > 0 ? t("doneLead", { n, m: plain(formatNumber(skipped)) }) : t("doneLeadClean", { n }));
}
