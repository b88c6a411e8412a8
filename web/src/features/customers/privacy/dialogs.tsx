import { useState, type ReactNode } from "react";
import { useLanguage, useTexts } from "@/i18n";
import { Banner, Button, Checkbox, Dialog, ErrorState, Field, RadioGroup, Select, TextArea, TextInput, toast } from "@/ui";
import type { ApiError } from "@/api";
import type { Customer } from "../data";
import type { Dealer } from "../logic/dealer";
import forms from "../customers.module.css";
import { useChangePrivacy, useReceive, useRecipients, useShare, type Choice, type PersonRequest, type Privacy, type Purpose, type Terms } from "./data";
import styles from "./privacy.module.css";
import { texts } from "./texts";

export const optionsOf = (choices: readonly Choice[], language: "zh" | "en") => choices.map(({ id, name }) => ({ value: id, label: name[language] }));

// The day where who looks is, as a date field has it; today.
export function dayHere(now = new Date()): string {
  return [now.getFullYear(), String(now.getMonth() + 1).padStart(2, "0"), String(now.getDate()).padStart(2, "0")].join("-");
}
// When something of that day happened: of today now, of an earlier day its noon.
export function instantOf(day: string, today = dayHere()): string | undefined {
  return day === today || !/^\d{4}-\d\d-\d\d$/.test(day) ? undefined : new Date(`${day}T12:00:00`).toISOString();
}

export function AskDialog({ title, note, busy, ready = true, save, onSave, onClose, error, children, danger, conflict }: { title: string; note?: string; busy: boolean; ready?: boolean; save: string; onSave: () => void; onClose: () => void; error: ApiError | null; children?: ReactNode; danger?: boolean; conflict?: "changedBy" }) {
  const t = useTexts(texts);
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={title}
      note={note}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind={danger ? "danger" : "primary"} busy={busy} disabled={!ready} onClick={onSave}>
            {save}
          </Button>
        </>
      }
    >
      <form
        className={forms.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) onSave();
        }}
      >
        {children}
        {error && (error.code === "edit_conflict" ? <Banner kind="warn">{t(conflict ?? "conflict", { by: String(error.args?.by ?? "—") })}</Banner> : <ErrorState small error={error} />)}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
    </Dialog>
  );
}

export function GiveDialog({ dealer, customer, privacy, terms, purpose, onClose }: { dealer: Dealer; customer: string; privacy: Privacy; terms: Terms; purpose: Purpose; onClose: () => void }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const [way, setWay] = useState("in_person");
  const [day, setDay] = useState(dayHere());
  const [evidence, setEvidence] = useState("");
  const [tried, setTried] = useState(false);
  const change = useChangePrivacy(dealer.id, customer);
  const lacks = purpose.needs_evidence && evidence.trim() === "";
  const save = () => {
    setTried(true);
    if (lacks) return;
    const given_at = instantOf(day);
    change.mutate(
      { version: privacy.version, change: { give: { purpose: purpose.id, text_version: purpose.text_version, way, ...(given_at ? { given_at } : {}), ...(evidence.trim() ? { evidence: evidence.trim() } : {}) } } },
      {
        onSuccess: () => {
          toast(t("noted"), { kind: "good" });
          onClose();
        },
      },
    );
  };
  return (
    <AskDialog title={t("giveTitle", { purpose: purpose.name[language] })} note={t("giveNote")} busy={change.isPending} save={t("save")} onSave={save} onClose={onClose} error={change.error}>
      <blockquote className={styles.told}>
        <b>{t("tell", { n: purpose.text_version })}</b>
        {purpose.texts[purpose.text_version - 1]?.[language]}
      </blockquote>
      <div className={forms.two}>
        <Field label={t("way")}>
          <Select value={way} onChange={setWay} options={optionsOf(terms.ways, language)} />
        </Field>
        <Field label={t("day")}>
          <TextInput type="date" value={day} onChange={setDay} max={dayHere()} />
        </Field>
      </div>
      <Field label={t("evidence")} optional={!purpose.needs_evidence} hint={t("evidenceHint")} error={tried && lacks ? t("evidenceNeeded") : undefined}>
        <TextInput value={evidence} onChange={setEvidence} maxLength={200} autoComplete="off" />
      </Field>
    </AskDialog>
  );
}

export function WithdrawDialog({ dealer, customer, privacy, terms, purpose, onClose }: { dealer: Dealer; customer: string; privacy: Privacy; terms: Terms; purpose: Purpose; onClose: () => void }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const [way, setWay] = useState("in_person");
  const change = useChangePrivacy(dealer.id, customer);
  return (
    <AskDialog
      title={t("withdrawTitle", { purpose: purpose.name[language] })}
      note={t("withdrawNote")}
      busy={change.isPending}
      save={t("withdraw")}
      onSave={() =>
        change.mutate(
          { version: privacy.version, change: { withdraw: { purpose: purpose.id, way } } },
          {
            onSuccess: () => {
              toast(t("noted"), { kind: "good" });
              onClose();
            },
          },
        )
      }
      onClose={onClose}
      error={change.error}
    >
      <Field label={t("way")}>
        <Select value={way} onChange={setWay} options={optionsOf(terms.ways, language)} />
      </Field>
    </AskDialog>
  );
}

export function ContactDialog({ dealer, customer, privacy, terms, onClose }: { dealer: Dealer; customer: Customer; privacy: Privacy; terms: Terms; onClose: () => void }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const now = privacy.no_contact.map(({ channel }) => channel);
  const [what, setWhat] = useState<"free" | "none" | "some">(now.includes("all") ? "none" : now.length > 0 ? "some" : "free");
  const [channels, setChannels] = useState(now.filter((channel) => channel !== "all"));
  const [reason, setReason] = useState(privacy.no_contact[0]?.reason ?? "");
  const [tried, setTried] = useState(false);
  const change = useChangePrivacy(dealer.id, customer.id);
  const none = what === "some" && channels.length === 0;
  const lacks = what !== "free" && reason === "";
  const save = () => {
    setTried(true);
    if (none || lacks) return;
    const closed = what === "free" ? [] : what === "none" ? ["all"] : channels;
    change.mutate(
      { version: privacy.version, change: { noContact: { channels: closed, ...(what === "free" ? {} : { reason }) } } },
      {
        onSuccess: () => {
          toast(t("noted"), { kind: "good" });
          onClose();
        },
      },
    );
  };
  return (
    <AskDialog title={t("contactTitle", { name: customer.record.name ?? "" })} note={t("contactNote")} busy={change.isPending} save={t("save")} onSave={save} onClose={onClose} error={change.error}>
      <RadioGroup
        label={t("contactSet")}
        value={what}
        onChange={setWhat}
        options={[
          { value: "free", label: t("contactFree") },
          { value: "none", label: t("contactNone") },
          { value: "some", label: t("contactSome") },
        ]}
      />
      {what === "some" && (
        <div className={styles.checks} role="group" aria-label={t("contactSome")}>
          {terms.channels.map(({ id, name }) => (
            <Checkbox key={id} checked={channels.includes(id)} onChange={(on) => setChannels(on ? [...channels, id] : channels.filter((one) => one !== id))} label={name[language]} />
          ))}
        </div>
      )}
      {tried && none && <p role="alert">{t("chooseChannel")}</p>}
      {what !== "free" && (
        <Field label={t("reason")} error={tried && lacks ? t("required") : undefined}>
          <Select value={reason} onChange={setReason} placeholder={t("chooseReason")} options={optionsOf(terms.block_reasons, language)} />
        </Field>
      )}
    </AskDialog>
  );
}

export function HoldDialog({ dealer, customer, privacy, terms, onClose }: { dealer: Dealer; customer: Customer; privacy: Privacy; terms: Terms; onClose: () => void }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const [reason, setReason] = useState("");
  const change = useChangePrivacy(dealer.id, customer.id);
  return (
    <AskDialog
      title={t("holdTitle", { name: customer.record.name ?? "" })}
      note={t("holdNote")}
      busy={change.isPending}
      ready={reason !== ""}
      save={t("holdSet")}
      onSave={() => change.mutate({ version: privacy.version, change: { hold: reason } }, { onSuccess: onClose })}
      onClose={onClose}
      error={change.error}
    >
      <Field label={t("reason")}>
        <Select value={reason} onChange={setReason} placeholder={t("chooseReason")} options={optionsOf(terms.hold_reasons, language)} />
      </Field>
    </AskDialog>
  );
}

export function LiftDialog({ dealer, customer, privacy, onClose }: { dealer: Dealer; customer: Customer; privacy: Privacy; onClose: () => void }) {
  const t = useTexts(texts);
  const change = useChangePrivacy(dealer.id, customer.id);
  return (
    <AskDialog
      title={t("holdLiftTitle")}
      note={t("holdLiftNote")}
      busy={change.isPending}
      save={t("holdLift")}
      onSave={() => change.mutate({ version: privacy.version, change: { hold: null } }, { onSuccess: onClose })}
      onClose={onClose}
      error={change.error}
    />
  );
}

// The person asks for something about his data.
export function ReceiveDialog({ dealer, customer, terms, onClose }: { dealer: Dealer; customer: Customer; terms: Terms; onClose: () => void }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const [kind, setKind] = useState<PersonRequest["kind"]>("access");
  const [way, setWay] = useState("in_person");
  const [day, setDay] = useState(dayHere());
  const [words, setWords] = useState("");
  const receive = useReceive(dealer.id, customer.id);
  const days = terms.requests.find(({ id }) => id === kind)?.days ?? 0;
  const save = () => {
    const received_at = instantOf(day);
    receive.mutate(
      { kind, way, ...(received_at ? { received_at } : {}), ...(words.trim() ? { words: words.trim() } : {}) },
      {
        onSuccess: () => {
          toast(t("noted"), { kind: "good" });
          onClose();
        },
      },
    );
  };
  return (
    <AskDialog title={t("newRequest")} note={t("newRequestNote")} busy={receive.isPending} save={t("save")} onSave={save} onClose={onClose} error={receive.error}>
      <RadioGroup label={t("kind")} value={kind} onChange={setKind} options={terms.requests.map(({ id, name }) => ({ value: id as PersonRequest["kind"], label: name[language] }))} />
      <p className={styles.small}>{t("dueIn", { n: days })}</p>
      <div className={forms.two}>
        <Field label={t("way")}>
          <Select value={way} onChange={setWay} options={optionsOf(terms.ways, language)} />
        </Field>
        <Field label={t("received")}>
          <TextInput type="date" value={day} onChange={setDay} max={dayHere()} />
        </Field>
      </div>
      <Field label={t("words")} optional>
        <TextArea value={words} onChange={(next) => setWords(next.replace(/\n/g, " "))} rows={2} maxLength={500} />
      </Field>
    </AskDialog>
  );
}

export function ShareDialog({ dealer, customer, onClose }: { dealer: Dealer; customer: Customer; onClose: () => void }) {
  const t = useTexts(texts);
  const { data: recipients } = useRecipients(dealer.id);
  const [to, setTo] = useState("");
  const share = useShare(dealer.id, customer.id);
  const today = dayHere();
  const now = (recipients ?? []).filter(({ since, until }) => since <= today && (!until || until >= today));
  return (
    <AskDialog title={t("shareTitle", { name: customer.record.name ?? "" })} note={t("shareNote")} busy={share.isPending} ready={to !== ""} save={t("save")} onSave={() => share.mutate(to, { onSuccess: onClose })} onClose={onClose} error={share.error}>
      {recipients && now.length === 0 ? (
        <p>{t("noRecipients")}</p>
      ) : (
        <Field label={t("recipient")}>
          <Select value={to} onChange={setTo} placeholder={t("chooseRecipient")} options={now.map(({ id, name }) => ({ value: id, label: name }))} />
        </Field>
      )}
    </AskDialog>
  );
}
