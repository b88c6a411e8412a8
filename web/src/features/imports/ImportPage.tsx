import { useParams } from "@tanstack/react-router";
import { Ellipsis } from "lucide-react";
import { useState } from "react";
import { rich, useTexts } from "@/i18n";
import { one, useGo, usePageActions, usePageSearch } from "@/state/page";
import { Banner, Button, classes, ErrorState, formatBytes, formatNumber, IconButton, Menu, PageHead, Panel, ProgressBar, Sheet, Skeleton, Stepper, toast } from "@/ui";
import { Columns, useConfirmed } from "./Columns";
import { useDiscard, useDraft, useImport, useStart } from "./data";
import { Moved, Refused, RunBox, Tiles, useTriedLead } from "./DryRun";
import { FileFacts, useFileLine } from "./FileFacts";
import { DiscardDialog } from "./History";
import styles from "./imports.module.css";
import { isOpen, isRunning, stepOf } from "./logic/draft";
import type { Import } from "./logic/types";
import { Outcome, Running, useOutcomeLead } from "./Outcome";
import { RowPanel } from "./RowPanel";
import { ChooseTemplate, SaveTemplate, TomlDialog } from "./Templates";
import { texts } from "./texts";

export default function ImportPage() {
  const t = useTexts(texts);
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useImport(id);
  if (!query.data) {
    return (
      <div className={styles.page}>
        <PageHead title={t("title")} />
        {query.error ? (
          <Panel>
            <ErrorState error={query.error} onRetry={() => void query.refetch()} />
          </Panel>
        ) : (
          <>
            <Skeleton height={58} />
            <div className={styles.wizard}>
              <Skeleton height={480} />
              <Skeleton height={480} />
            </div>
          </>
        )}
      </div>
    );
  }
  return <Wizard key={id} draft={query.data} unreachable={query.isError || query.isPaused} />;
}

function Wizard({ draft, unreachable }: { draft: Import; unreachable: boolean }) {
  const t = useTexts(texts);
  const go = useGo();
  const edit = useDraft(draft.id);
  const start = useStart(draft.id);
  const discard = useDiscard();
  const [{ step: asked, row: askedRow }, patch] = usePageSearch((raw) => ({ step: one(raw.step), row: Number(one(raw.row)) }));
  const [open, setOpen] = useState<"save" | "choose" | "toml" | "file" | "discard" | null>(null);
  const [confirmed, confirm] = useConfirmed(draft);
  const size = draft.file_bytes === undefined ? "" : formatBytes(draft.file_bytes);
  const fileLine = useFileLine(draft, size);
  const triedLead = useTriedLead(draft.state === "checked" ? draft.result : null);
  const outcomeLead = useOutcomeLead(draft);

  const editable = isOpen(draft.state);
  const tried = draft.result?.dry_run === true;
  // A dry run that is there can be left for the columns and come back to.
  const step = editable && asked === "columns" ? 2 : editable && tried ? 3 : stepOf(draft.state);
  // The mapping was changed after the dry run.
  const stale = draft.state === "draft" && tried;
  const row = Number.isInteger(askedRow) && askedRow > 0 ? askedRow : (draft.preview?.[0]?.row ?? (draft.file?.header_row ?? 0) + 1);
  const setRow = (next: number) => patch({ row: String(next) }, { replace: true });
  const columns = draft.columns ?? [];
  const unused = columns.filter((c) => c.meaning.role === "none").length;
  const waiting = columns.filter((c) => c.sure === "confirm" && !confirmed.has(c.column)).length;
  const usable = (draft.usable ?? false) && (draft.missing ?? []).length === 0;

  const dryRun = () => {
    patch({ step: undefined }, { replace: true });
    start.mutate({ verb: "dry-run" });
  };
  const read = draft.result?.rows.read;
  const steps = [
    { label: t("step1"), note: [read !== undefined ? t("step1Rows", { n: formatNumber(read), count: read }) : "", draft.file?.format === "xlsx" ? "XLSX" : (draft.file?.encoding ?? "")].filter(Boolean).join(" · ") },
    { label: t("step2"), note: columns.length > 0 ? t("step2Note", { n: columns.length, m: unused, count: columns.length }) : "" },
    { label: t("step3"), note: editable ? t("step3Note") : "" },
    { label: t("step4"), note: editable || draft.state === "done" ? t("step4Note") : "" },
  ];
  usePageActions(
    editable
      ? [
          { id: "import-toml", label: t("tomlTitle"), run: () => setOpen("toml") },
          { id: "import-save", label: t("saveTemplate"), run: () => setOpen("save") },
          { id: "import-choose", label: t("chooseTemplate"), run: () => setOpen("choose") },
        ]
      : [],
  );
  const lead = editable ? (step === 3 && triedLead ? triedLead : waiting > 0 ? rich(t("confirmLead", { n: formatNumber(waiting), count: waiting })) : usable && step === 2 && !tried ? t("readyLead") : null) : outcomeLead;

  return (
    <div className={styles.page}>
      <PageHead
        title={t("title")}
        documentTitle={`${draft.file_name} · ${t("title")}`}
        result={
          <>
            {lead && <span className={styles.lead}>{lead} </span>}
            <span className={styles.fileLine}>{fileLine}</span>
          </>
        }
        actions={
          editable && (
            <>
              <Button onClick={() => go({ to: "/import" })}>{t("changeFile")}</Button>
              <Button onClick={() => setOpen("save")}>{t("saveTemplate")}</Button>
              <Menu
                trigger={<IconButton bordered icon={Ellipsis} label={t("more")} />}
                items={[
                  { id: "choose", label: t("chooseTemplate"), run: () => setOpen("choose") },
                  { id: "toml", label: t("tomlTitle"), run: () => setOpen("toml") },
                  "line",
                  { id: "discard", label: t("discard"), danger: true, run: () => setOpen("discard") },
                ]}
              />
            </>
          )
        }
      />
      <Stepper
        steps={steps}
        current={draft.state === "done" ? 4 : step - 1}
        onSelect={
          editable
            ? (index) => {
                if (index === 0) setOpen("file");
                else if (index === 1) patch({ step: "columns" });
                else patch({ step: undefined });
              }
            : undefined
        }
      />
      {edit.conflict && (
        <Banner
          kind="warn"
          action={
            <span className={styles.bannerButtons}>
              <Button small onClick={edit.conflict.takeTheirs}>
                {t("conflictSee")}
              </Button>
              <Button small kind="primary" onClick={edit.conflict.keepMine}>
                {t("conflictMine")}
              </Button>
            </span>
          }
        >
          {edit.conflict.theirs.title || t("conflict")} {t("conflict")}
        </Banner>
      )}
      {edit.error && open !== "toml" && (
        <Panel>
          <ErrorState small error={edit.error} />
        </Panel>
      )}
      {start.error && editable && (
        <Panel>
          <ErrorState small error={start.error} />
        </Panel>
      )}

      {draft.state === "checking" ? (
        <Panel className={styles.running}>
          {unreachable && <Banner kind="warn">{t("reconnect")}</Banner>}
          <h2 className={styles.runningTitle}>{t("checking")}</h2>
          <ProgressBar value={draft.progress ?? null} label={t("checking")} />
          <p className={styles.runningShare} aria-live="polite">
            {draft.progress == null ? t("queued") : `${formatNumber(draft.progress, { shift: 2 })}%`} <span className="quiet">· {t("tryNote")}</span>
          </p>
        </Panel>
      ) : editable ? (
        <>
          {step === 3 && draft.result && <Tiles result={draft.result} stale={stale} />}
          <div className={classes(styles.wizard, step === 3 && styles.wizardTried, columns.length === 0 && styles.wizardAlone)}>
            {columns.length > 0 && <Columns draft={draft} edit={edit} confirmed={confirmed} onConfirm={confirm} />}
            <div className={styles.right}>
              {step === 2 ? (
                <>
                  {stale && <Banner kind="warn">{t("stale")}</Banner>}
                  <Panel title={t("file")} note={(draft.top?.length ?? 0) > 0 ? t("fileNote") : undefined} dim={edit.saving}>
                    <FileFacts draft={draft} edit={edit} />
                  </Panel>
                  {columns.length > 0 && (
                    <Panel dim={edit.saving}>
                      <RowPanel draft={draft} row={row} onRow={setRow} />
                    </Panel>
                  )}
                  <div className={styles.runBar}>
                    <div className={styles.runBox}>
                      <p className={`${styles.runText} quiet`}>{t("keepDraft")}</p>
                      {draft.state === "checked" && (
                        <Button kind="primary" onClick={() => patch({ step: undefined })}>
                          {t("seeResult")}
                        </Button>
                      )}
                      {draft.state === "draft" && (
                        <Button kind="primary" busy={start.isPending} disabled={!usable || edit.saving} onClick={dryRun}>
                          {tried ? t("tryAgain") : t("tryIt")}
                        </Button>
                      )}
                    </div>
                  </div>
                </>
              ) : (
                draft.result && (
                  <>
                    <Refused draft={draft} edit={edit} onRow={setRow} onMend={dryRun} />
                    <Panel dim={edit.saving}>
                      <RowPanel draft={draft} row={row} onRow={setRow} />
                      <Moved result={draft.result} after={false} />
                    </Panel>
                    <div className={styles.runBar}>
                      <RunBox
                        result={draft.result}
                        stale={stale}
                        busy={start.isPending}
                        onRun={(allOrNothing) => start.mutate({ verb: "run", allOrNothing })}
                        onTryAgain={dryRun}
                        onCancel={() => {
                          toast(t("keepDraft"));
                          go({ to: "/import" });
                        }}
                      />
                    </div>
                  </>
                )
              )}
            </div>
          </div>
        </>
      ) : isRunning(draft.state) ? (
        <Running job={draft} start={start} unreachable={unreachable} />
      ) : (
        <Outcome job={draft} start={start} />
      )}

      <SaveTemplate draft={draft} open={open === "save"} onOpenChange={(next) => setOpen(next ? "save" : null)} />
      <ChooseTemplate draft={draft} edit={edit} open={open === "choose"} onOpenChange={(next) => setOpen(next ? "choose" : null)} />
      <TomlDialog draft={draft} edit={edit} open={open === "toml"} onOpenChange={(next) => setOpen(next ? "toml" : null)} />
      <Sheet open={open === "file"} onOpenChange={(next) => setOpen(next ? "file" : null)} title={t("fileAndHeader")} note={t("fileNote")} wide>
        <FileFacts draft={draft} edit={edit} />
      </Sheet>
      {open === "discard" && (
        <DiscardDialog
          name={draft.file_name}
          busy={discard.isPending}
          error={discard.error}
          onClose={() => setOpen(null)}
          onYes={() =>
            discard.mutate(draft.id, {
              onSuccess: () => {
                toast(t("discarded"));
                go({ to: "/import" });
              },
            })
          }
        />
      )}
    </div>
  );
}
