import { useState } from "react";
import { useTexts } from "@/i18n";
import { Button, Dialog, EmptyState, ErrorState, Field, formatFigure, formatNumber, Panel, SegmentedControl, Skeleton, TextArea, toast } from "@/ui";
import styles from "../customers.module.css";
import { useStaffName } from "../data";
import type { Dealer } from "../logic/dealer";
import own from "./coaching.module.css";
import { useDone, useTasks, type State, type Task } from "./data";
import { TaskList } from "./TaskList";
import { coachingTexts } from "./texts";

const kStates: readonly State[] = ["open", "done", "withdrawn"];
const kEmpty = { open: "emptyOpen", done: "emptyDone", withdrawn: "emptyWithdrawn" } as const;

// Whom one is to coach, on the page of spot checks.
export function TasksPanel({ dealer, policy }: { dealer: Dealer; policy: { goal: number; coaching_days: number } }) {
  const t = useTexts(coachingTexts);
  const [state, setState] = useState<State>("open");
  const [closing, setClosing] = useState<Task | null>(null);
  const { data, error, refetch, isPlaceholderData } = useTasks(dealer.id, state);
  // Nothing was ever opened: the page has nothing to say of it.
  if (data && kStates.every((each) => data.counts[each] === 0)) return null;
  return (
    <Panel flush title={t("title")} note={t("note", { goal: formatFigure(policy.goal, "percent", { places: 0 }), days: formatNumber(policy.coaching_days) })} dim={isPlaceholderData}>
      <div className={own.head}>
        <SegmentedControl label={t("state")} value={state} onChange={setState} options={kStates.map((value) => ({ value, label: data && data.counts[value] > 0 ? `${t(value)} ${formatNumber(data.counts[value])}` : t(value) }))} />
      </div>
      {!data && !error && (
        <div className={styles.pad}>
          <Skeleton lines={2} height={24} />
        </div>
      )}
      {error && <ErrorState small error={error} onRetry={() => void refetch()} />}
      {data?.tasks.length === 0 && <EmptyState small why={t(kEmpty[state])} />}
      {data && data.tasks.length > 0 && <TaskList tasks={data.tasks} self={data.self} onClose={setClosing} />}
      {closing && <CloseDialog dealer={dealer} task={closing} onClose={() => setClosing(null)} />}
    </Panel>
  );
}

function CloseDialog({ dealer, task, onClose }: { dealer: Dealer; task: Task; onClose: () => void }) {
  const t = useTexts(coachingTexts);
  const nameOf = useStaffName();
  const [note, setNote] = useState("");
  const done = useDone(dealer.id);
  const empty = note.trim() === "";
  const save = () =>
    done.mutate(
      { task, note },
      {
        onSuccess: () => {
          toast(t("saved"), { kind: "good" });
          onClose();
        },
      },
    );
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={t("closeTitle", { name: nameOf(task.staff) })}
      note={t("closeNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" busy={done.isPending} disabled={empty} title={empty ? t("noteMissing") : undefined} onClick={save}>
            {t("save")}
          </Button>
        </>
      }
    >
      <Field label={t("record")}>
        <TextArea
          value={note}
          rows={4}
          autoFocus
          onChange={(next) => {
            setNote(next);
            if (done.error) done.reset();
          }}
        />
      </Field>
      {done.error && <ErrorState small error={done.error} />}
    </Dialog>
  );
}
