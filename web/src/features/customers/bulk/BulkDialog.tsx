import { useMemo, useState } from "react";
import { useLanguage, useTexts } from "@/i18n";
import { Banner, Button, Checkbox, Dialog, errorTitle, ErrorState, Field, formatNumber, SegmentedControl, Select, TextInput, toast } from "@/ui";
import styles from "../customers.module.css";
import { kWarm } from "../logic/lead";
import { optionsOf } from "../privacy/dialogs";
import { useTerms } from "../privacy/data";
import { texts } from "../texts";
import { useBulk, useTried } from "./data";
import { changeOf, countsOf, kOutcomes, type Outcome } from "./logic";
import { bulkTexts } from "./texts";

const kAuto = "auto"; // a Select has no empty value

// One change for all that are ticked: tried first, so that it says what becomes of each, then done, then taken back if
// wanted.
export function BulkDialog({ dealer, customers, onClose, onDone }: { dealer: string; customers: readonly string[]; onClose: () => void; onDone: () => void }) {
  const t = useTexts(bulkTexts);
  const c = useTexts(texts);
  const language = useLanguage();
  const { data: terms } = useTerms();
  const [draft, setDraft] = useState({ what: "expected" as "expected" | "grade" | "contact", expected: "", grade: "high", why: "", channels: [] as string[], reason: "asked" });
  const change = useMemo(() => changeOf(draft), [draft]);
  const tried = useTried(dealer, change, customers);
  const bulk = useBulk(dealer);
  const [left, setLeft] = useState<Outcome[] | null>(null);
  const set = (more: Partial<typeof draft>) => setDraft({ ...draft, ...more });
  const counts = change && tried.data ? countsOf(tried.data) : null;
  const submit = () => {
    if (!change || !tried.data || counts?.change === 0) return;
    bulk.mutate(
      { change, tried: tried.data },
      {
        onSuccess: (done) => {
          const n = countsOf(done).change;
          if (n > 0) {
            toast(t("done", { n: formatNumber(n), count: n }), {
              kind: "good",
              // The dialog is gone by then.
              undo: () =>
                void bulk.mutateAsync({ change, tried: done, back: true }).then(
                  (back) => {
                    const again = countsOf(back);
                    toast(again.conflict > 0 ? t("backSome", { n: formatNumber(again.change), left: formatNumber(again.conflict) }) : t("back", { n: formatNumber(again.change), count: again.change }), { kind: "good" });
                  },
                  (error: unknown) => toast(errorTitle(error), { kind: "bad" }),
                ),
            });
          }
          const others = done.filter(({ outcome }) => outcome !== "change");
          if (others.length > 0) setLeft(others);
          else onDone();
        },
      },
    );
  };
  if (left) {
    return (
      <Dialog
        open
        onOpenChange={(next) => !next && onDone()}
        title={t("leftTitle", { n: formatNumber(left.length), count: left.length })}
        note={t("leftNote")}
        footer={
          <Button kind="primary" onClick={onDone}>
            {t("close")}
          </Button>
        }
      >
        <ul>
          {left.map((one, at) => (
            <li key={at}>{one.by ? t("o_conflictBy", { by: one.by }) : t(`o_${one.outcome}`)}</li>
          ))}
        </ul>
      </Dialog>
    );
  }
  return (
    <Dialog
      open
      wide
      onOpenChange={(next) => !next && onClose()}
      title={t("title", { n: formatNumber(customers.length), count: customers.length })}
      note={t("note")}
      footer={
        <>
          <Button onClick={onClose}>{c("cancel")}</Button>
          <Button kind="primary" busy={bulk.isPending} disabled={!counts || counts.change === 0 || tried.isFetching} onClick={submit}>
            {counts ? t("doIt", { n: formatNumber(counts.change), count: counts.change }) : t("doItNone")}
          </Button>
        </>
      }
    >
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <SegmentedControl
          label={t("what")}
          value={draft.what}
          onChange={(what) => set({ what })}
          options={[
            { value: "expected", label: t("expected") },
            { value: "grade", label: t("grade") },
            { value: "contact", label: t("contact") },
          ]}
        />
        {draft.what === "expected" && (
          <Field label={t("expected")} hint={t("expectedHint")}>
            <TextInput type="date" value={draft.expected} onChange={(expected) => set({ expected })} />
          </Field>
        )}
        {draft.what === "grade" && (
          <div className={styles.two}>
            <Field label={t("grade")}>
              <Select value={draft.grade || kAuto} onChange={(grade) => set({ grade: grade === kAuto ? "" : grade })} options={[{ value: kAuto, label: c("gradeAuto") }, ...kWarm.map((grade) => ({ value: grade, label: c(`${grade as "high" | "medium" | "low"}Long`) }))]} />
            </Field>
            {draft.grade !== "" && (
              <Field label={t("why")} hint={t("whyHint")}>
                <TextInput value={draft.why} onChange={(why) => set({ why })} maxLength={200} autoComplete="off" />
              </Field>
            )}
          </div>
        )}
        {draft.what === "contact" && terms && (
          <>
            <Field label={t("reason")}>
              <Select value={draft.reason} onChange={(reason) => set({ reason })} options={optionsOf(terms.block_reasons, language)} />
            </Field>
            <Checkbox checked={draft.channels.includes("all")} onChange={(on) => set({ channels: on ? ["all"] : [] })} label={t("allChannels")} />
            {!draft.channels.includes("all") && terms.channels.map(({ id, name }) => <Checkbox key={id} checked={draft.channels.includes(id)} onChange={(on) => set({ channels: on ? [...draft.channels, id] : draft.channels.filter((one) => one !== id) })} label={name[language]} />)}
          </>
        )}
        <div aria-live="polite">
          {counts && (
            <p>
              {kOutcomes
                .filter((outcome) => counts[outcome] > 0)
                .map((outcome) => t(`n_${outcome}`, { n: formatNumber(counts[outcome]) }))
                .join(language === "zh" ? "，" : ", ")}
            </p>
          )}
          {counts !== null && counts.refused > 0 && <Banner kind="warn">{tried.data?.find(({ problem }) => problem)?.problem?.message}</Banner>}
        </div>
        {(tried.error ?? bulk.error) && <ErrorState small error={tried.error ?? bulk.error} />}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
    </Dialog>
  );
}
