import { useMemo, useState } from "react";
import { asApiError, type ApiError } from "@/api";
import { rich, useTexts } from "@/i18n";
import { Banner, Button, Dialog, ErrorState, Field, formatNumber, ProgressBar, Tag, TextArea, toast } from "@/ui";
import styles from "../admin.module.css";
import type { Dealer } from "../logic/org";
import { parsePeople, planOf } from "../logic/people";
import { addUnit, useRefresh } from "./data";
import { orgTexts } from "./texts";

const kSample = "S012\t王小明\t一组\nS013\t李小红\t二组";

// Many people at once, from lines: what will come of each line is shown before anything is done.
export function PeopleDialog({ dealer, team, onClose }: { dealer: Dealer; team: string | null; onClose: () => void }) {
  const t = useTexts(orgTexts);
  const [text, setText] = useState("");
  const [progress, setProgress] = useState<{ done: number; all: number } | null>(null);
  const [stopped, setStopped] = useState<{ done: number; line: number; error: ApiError } | null>(null);
  const refresh = useRefresh();
  const lines = useMemo(() => parsePeople(text, dealer, team), [text, dealer, team]);
  const plan = useMemo(() => planOf(lines), [lines]);
  const teamName = dealer.teams.find((unit) => unit.id === team);

  const run = async () => {
    setStopped(null);
    const all = plan.add.length;
    let done = 0;
    setProgress({ done, all });
    const made = new Map<string, string>();
    let at = plan.add[0]?.line ?? 1;
    try {
      for (const person of plan.add) {
        at = person.line;
        let target = person.teamId;
        if (person.newTeam) {
          const key = person.team.toLowerCase();
          const known = made.get(key) ?? (await addUnit({ kind: "team", dealer: dealer.id, code: person.team, name: person.team, target: null, from: null }));
          made.set(key, known);
          target = known;
        }
        await addUnit({ kind: "staff", dealer: dealer.id, code: person.code, name: person.name, target, from: null });
        setProgress({ done: ++done, all });
      }
      toast(t("pasteDone", { n: formatNumber(done), count: done }), { kind: "good" });
      onClose();
    } catch (thrown) {
      setStopped({ done, line: at, error: asApiError(thrown) });
    } finally {
      setProgress(null);
      void refresh();
    }
  };

  return (
    <Dialog
      open
      {...(progress ? {} : { onOpenChange: (next: boolean) => !next && onClose() })}
      wide
      title={t("pasteTitle", { name: dealer.name || dealer.code })}
      note={teamName ? t("pasteNote", { team: teamName.name || teamName.code }) : t("pasteNoteAny")}
      footer={
        <>
          <Button onClick={onClose} disabled={progress !== null}>
            {t("cancel")}
          </Button>
          <Button kind="primary" busy={progress !== null} disabled={plan.add.length === 0} onClick={() => void run()}>
            {t("pasteAdd", { n: formatNumber(plan.add.length), count: plan.add.length })}
          </Button>
        </>
      }
    >
      <div className={styles.form}>
        <Field label={t("pasteField")} hideLabel>
          <TextArea value={text} onChange={setText} rows={6} placeholder={kSample} autoFocus spellCheck={false} mono />
        </Field>
        {progress && <ProgressBar value={progress.done / progress.all} label={t("pasteProgress", { n: progress.done, all: progress.all })} />}
        {stopped && (
          <>
            <Banner kind="bad">{t("pasteStopped", { n: stopped.done, line: stopped.line })}</Banner>
            <ErrorState small error={stopped.error} />
          </>
        )}
        {lines.length > 0 && (
          <>
            <p aria-live="polite">{rich(t("pasteSum", { add: formatNumber(plan.add.length), known: formatNumber(plan.known.length), wrong: formatNumber(plan.wrong.length) }))}</p>
            {plan.newTeams.length > 0 && <p className="quiet">{t("pasteTeams", { names: plan.newTeams.join("、") })}</p>}
            <div className={styles.pasteScroll}>
              <table className={styles.table}>
                <thead>
                  <tr>
                    <th scope="col" className="num">
                      {t("line")}
                    </th>
                    <th scope="col">{t("code")}</th>
                    <th scope="col">{t("name")}</th>
                    <th scope="col">{t("team")}</th>
                    <th scope="col" />
                  </tr>
                </thead>
                <tbody>
                  {lines.slice(0, 500).map((line) => (
                    <tr key={line.line}>
                      <td className="num">{line.line}</td>
                      <td>{line.code || "—"}</td>
                      <td>{line.name || "—"}</td>
                      <td>
                        {line.team || (teamName ? teamName.name || teamName.code : "—")} {line.newTeam && line.problem === null && !line.known && <Tag tone="warn">{t("stateNewTeam")}</Tag>}
                      </td>
                      <td>{line.problem ? <Tag tone="bad">{t(`wrong_${line.problem}`)}</Tag> : line.known ? <Tag>{t("stateKnown")}</Tag> : <Tag tone="good">{t("stateNew")}</Tag>}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </>
        )}
      </div>
    </Dialog>
  );
}
