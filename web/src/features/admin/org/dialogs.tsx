import { useState } from "react";
import { useOrg, type ApiError } from "@/api";
import { plain, rich, useLanguage, useTexts } from "@/i18n";
import { formatIso } from "@/state/period";
import { useToday } from "@/state/today";
import { Banner, Button, Dialog, ErrorState, Field, formatDay, Select, TextInput, toast } from "@/ui";
import styles from "../admin.module.css";
import { checkDay, laterOn, targetOn, type Node, type Org } from "../logic/org";
import { useAdd, useMove, useRename, type NewUnit } from "./data";
import { namesOf } from "./names";
import { orgTexts } from "./texts";

const kNone = "none";

function dayError(problem: ReturnType<typeof checkDay>, t: ReturnType<typeof useTexts<"dayMissing" | "dayEarly" | "dayLate">>): string | undefined {
  if (problem === null) return undefined;
  return t(problem === "day_missing" ? "dayMissing" : problem === "day_early" ? "dayEarly" : "dayLate");
}

export interface AddTo {
  kind: NewUnit["kind"];
  dealer: string | null;
  target: string | null;
}
export function AddDialog({ to, org, onClose, onAdded }: { to: AddTo; org: Org; onClose: () => void; onAdded: (key: string) => void }) {
  const t = useTexts(orgTexts);
  const today = formatIso(useToday());
  const [code, setCode] = useState("");
  const [name, setName] = useState("");
  const [zone, setZone] = useState("");
  const [target, setTarget] = useState(to.target ?? kNone);
  const [from, setFrom] = useState("");
  const [shown, setShown] = useState(false);
  const add = useAdd();
  const dealer = org.dealers.find((d) => d.id === to.dealer);
  const title = t(to.kind === "region" ? "addRegion" : to.kind === "dealer" ? "addDealer" : to.kind === "team" ? "addTeam" : "addStaff");
  const codeError = code.trim() === "" ? t("codeMissing") : add.error?.field === "code" || add.error?.code === "code_taken" ? add.error.title : undefined;
  const fromError = from.trim() === "" ? undefined : dayError(checkDay(from.trim(), today), t);
  const submit = () => {
    setShown(true);
    if (code.trim() === "" || fromError) return;
    add.mutate(
      { kind: to.kind, dealer: to.dealer, code: code.trim(), name: name.trim(), ...(zone.trim() ? { time_zone: zone.trim() } : {}), target: target === kNone ? null : target, from: from.trim() || null },
      {
        onSuccess: (id) => {
          toast(t("added", { name: name.trim() || code.trim() }), { kind: "good" });
          onAdded(`${to.kind}:${id}`);
        },
      },
    );
  };
  const targets = to.kind === "dealer" ? org.regions : to.kind === "staff" ? (dealer?.teams ?? []) : [];
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={title}
      note={dealer ? dealer.name || dealer.code : undefined}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" busy={add.isPending} onClick={submit}>
            {t("add")}
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
        <Field label={t("code")} hint={t("codeHint")} error={shown ? codeError : undefined}>
          <TextInput value={code} onChange={setCode} autoFocus maxLength={120} />
        </Field>
        <Field label={t("name")} hint={t("nameHint")} optional>
          <TextInput value={name} onChange={setName} maxLength={120} />
        </Field>
        {targets.length > 0 && (
          <Field label={to.kind === "dealer" ? t("inRegion") : t("inTeam")}>
            <Select value={target} onChange={setTarget} options={[...(to.kind === "dealer" || to.target === null ? [{ value: kNone, label: t("noRegion") }] : []), ...targets.map((unit) => ({ value: unit.id, label: unit.name || unit.code }))]} />
          </Field>
        )}
        {targets.length > 0 && target !== kNone && (
          <Field label={t("since")} hint={t("sinceHint")} optional error={fromError}>
            <TextInput type="date" value={from} onChange={setFrom} />
          </Field>
        )}
        {to.kind === "dealer" && (
          <Field label={t("timeZone")} hint={t("timeZoneHint")} optional>
            <TextInput value={zone} onChange={setZone} placeholder="Asia/Shanghai" />
          </Field>
        )}
        {add.error && !(shown && codeError === add.error.title) && <ErrorState small error={add.error} />}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
    </Dialog>
  );
}

function isConflict(error: ApiError | null): boolean {
  return error !== null && (error.code === "edit_conflict" || error.status === 412);
}

export function RenameDialog({ node, version, timeZone, onClose }: { node: Node; version: number; timeZone: string | null; onClose: () => void }) {
  const t = useTexts(orgTexts);
  const { data: org, refetch } = useOrg();
  const [read, setRead] = useState(version); // of what was read when this was opened
  const [code, setCode] = useState(node.code);
  const [name, setName] = useState(node.name === node.code ? "" : node.name);
  const [zone, setZone] = useState(timeZone ?? "");
  const rename = useRename();
  const conflict = isConflict(rename.error);
  const now = rename.error?.args.now ?? "";
  const codeError = code.trim() === "" ? t("codeMissing") : rename.error?.code === "code_taken" ? rename.error.title : undefined;
  const submit = (against = read) => {
    if (code.trim() === "") return;
    rename.mutate(
      { node, version: against, fields: { code: code.trim(), name: name.trim() || code.trim(), ...(timeZone !== null && zone.trim() !== timeZone ? { time_zone: zone.trim() } : {}) } },
      {
        onSuccess: () => {
          toast(t("saved", { name: name.trim() || code.trim() }), { kind: "good" });
          onClose();
        },
        onError: () => void refetch(),
      },
    );
  };
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={`${t("rename")} · ${node.name}`}
      footer={
        <>
          <Button onClick={onClose}>{conflict ? t("useTheirs") : t("cancel")}</Button>
          <Button
            kind="primary"
            busy={rename.isPending}
            onClick={() => {
              const against = conflict ? (org?.version ?? read) : read;
              setRead(against);
              submit(against);
            }}
          >
            {conflict ? t("useMine") : t("save")}
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
        {conflict && <Banner kind="warn">{rich(t("conflict", { now: plain(now || node.name) }))}</Banner>}
        <Field label={t("code")} hint={t("codeHint")} error={codeError}>
          <TextInput value={code} onChange={setCode} maxLength={120} />
        </Field>
        <Field label={t("name")} hint={t("nameHint")} optional>
          <TextInput value={name} onChange={setName} autoFocus maxLength={120} />
        </Field>
        {timeZone !== null && (
          <Field label={t("timeZone")} hint={t("timeZoneHint")}>
            <TextInput value={zone} onChange={setZone} />
          </Field>
        )}
        {rename.error && !conflict && codeError !== rename.error.title && <ErrorState small error={rename.error} />}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
    </Dialog>
  );
}

// From a day on somewhere else, or (leaving) nowhere: with a sentence that says what it means.
export function MoveDialog({ node, org, leaving, onClose }: { node: Node; org: Org; leaving: boolean; onClose: () => void }) {
  const t = useTexts(orgTexts);
  const language = useLanguage();
  const today = formatIso(useToday());
  const dealer = org.dealers.find((d) => d.id === node.dealer);
  const history = node.kind === "dealer" ? dealer?.region_history : dealer?.staff.find((s) => s.id === node.id)?.team_history;
  const units = node.kind === "dealer" ? org.regions : (dealer?.teams ?? []);
  const [from, setFrom] = useState(today);
  const before = targetOn(history, from);
  const [target, setTarget] = useState<string>(() => units.find((unit) => unit.id !== before)?.id ?? kNone);
  const move = useMove();
  const nameOf = namesOf(org);
  const nowhere = node.kind === "dealer" ? t("noRegion") : t("gone");
  const wanted = leaving || target === kNone ? null : target;
  const place = (id: string | null | undefined) => (id == null ? nowhere : nameOf(id));
  const error = dayError(checkDay(from, today), t);
  const same = (history ?? []).find((step) => step.from === from);
  const later = laterOn(history, from);
  const nothing = before !== undefined && before === wanted && !same;
  const day = formatDay(from, language, { year: true });
  const values = { day, name: plain(node.name), to: plain(place(wanted)), before: plain(place(before)) };
  const submit = () => {
    if (error || nothing) return;
    // What held on the day itself, to go back to.
    const back = same ? same.target : before;
    move.mutate(
      { node, from, target: wanted },
      {
        onSuccess: () => {
          toast(wanted === null && node.kind === "staff" ? t("leftDone", { name: node.name, day }) : t("moved", { name: node.name, day, to: place(wanted) }), {
            kind: "good",
            ...(back === undefined ? {} : { undo: () => move.mutate({ node, from, target: back }) }),
          });
          onClose();
        },
      },
    );
  };
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={leaving ? t("leaveTitle", { name: node.name }) : t("moveTitle", { name: node.name })}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" busy={move.isPending} disabled={Boolean(error) || nothing} onClick={submit}>
            {t(leaving ? "doLeave" : "doMove", { day: formatDay(from, language) })}
          </Button>
        </>
      }
    >
      <div className={styles.form}>
        <Field label={t("fromDay")} error={error}>
          <TextInput type="date" value={from} onChange={setFrom} autoFocus />
        </Field>
        {!leaving && (
          <Field label={t("to")}>
            <Select value={target} onChange={setTarget} options={[...units.map((unit) => ({ value: unit.id, label: unit.name || unit.code })), ...(node.kind === "dealer" ? [{ value: kNone, label: t("noRegion") }] : [])]} />
          </Field>
        )}
        {!error && (
          <div className={styles.preview} aria-live="polite">
            {nothing ? (
              <p>{t("previewNothing", { to: place(wanted) })}</p>
            ) : (
              <>
                <p>{rich(t(wanted === null && node.kind === "staff" ? "previewLeave" : before == null ? "previewFirst" : "previewMove", values))}</p>
                {same && <p className="quiet">{t("previewSame", { to: place(same.target) })}</p>}
              </>
            )}
            {later.map((step) => (
              <p key={step.from} className="quiet">
                {t("previewLater", { day: formatDay(step.from, language, { year: true }), to: place(step.target) })}
              </p>
            ))}
          </div>
        )}
        {move.error && <ErrorState small error={move.error} />}
      </div>
    </Dialog>
  );
}
