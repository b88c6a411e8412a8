import { Plus } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useOrgTree } from "@/api";
import { plain, rich, useLanguage, useTexts } from "@/i18n";
import { Button, classes, EmptyState, ErrorState, Field, formatDay, formatNumber, PageHead, Panel, Select, Skeleton, Tag, TextInput, toast } from "@/ui";
import type { Schemas } from "@/api";
import forms from "../customers.module.css";
import type { Dealer } from "../logic/dealer";
import { nameOf, usePeople, useRecipients, useSaveRecipient, useTerms, type Recipient, type Terms } from "./data";
import { AskDialog, dayHere, optionsOf } from "./dialogs";
import styles from "./privacy.module.css";
import { texts } from "./texts";

// To whom personal data are given, and of how many people there are some.
export function RecipientsTab({ dealer, tabs }: { dealer: Dealer; tabs: ReactNode }) {
  const t = useTexts(texts);
  const { data: recipients, error, refetch } = useRecipients(dealer.id);
  const { data: terms } = useTerms();
  const [doing, setDoing] = useState<"add" | Recipient | null>(null);
  const today = dayHere();
  const n = recipients?.filter(({ until }) => !until || until >= today).length ?? 0;
  return (
    <div className={forms.page}>
      <PageHead
        title={t("privacy")}
        result={recipients && rich(t("recipientsLead", { dealer: plain(dealer.name || dealer.code), n: formatNumber(n), count: n }))}
        actions={
          <Button kind="primary" icon={Plus} onClick={() => setDoing("add")}>
            {t("addRecipient")}
          </Button>
        }
      />
      {tabs}
      <Panel title={t("register")} flush>
        {error && <ErrorState error={error} onRetry={() => void refetch()} />}
        {(!recipients || !terms) && !error && (
          <div className={forms.pad}>
            <Skeleton lines={4} height={24} />
          </div>
        )}
        {recipients?.length === 0 && <EmptyState small why={t("noRecipients")} />}
        {recipients && terms && recipients.length > 0 && <Register recipients={recipients} terms={terms} onEdit={setDoing} />}
      </Panel>
      <People />
      {doing && terms && <RecipientDialog dealer={dealer} terms={terms} changed={doing === "add" ? null : doing} onClose={() => setDoing(null)} />}
    </div>
  );
}

function Register({ recipients, terms, onEdit }: { recipients: Recipient[]; terms: Terms; onEdit: (recipient: Recipient) => void }) {
  const t = useTexts(texts);
  const language = useLanguage();
  return (
    <table className={classes(styles.table, styles.cards)} aria-label={t("register")}>
      <thead>
        <tr>
          <th scope="col">{t("recipient")}</th>
          <th scope="col">{t("purposeOf")}</th>
          <th scope="col">{t("dataGiven")}</th>
          <th scope="col">{t("basis")}</th>
          <th scope="col">{t("since")}</th>
          <th scope="col" className={styles.number}>
            {t("givenOf")}
          </th>
          <th scope="col" aria-label={t("edit")} />
        </tr>
      </thead>
      <tbody>
        {recipients.map((one) => (
          <tr key={one.id}>
            <td>
              <b>{one.name}</b>
              <div className={styles.small}>{nameOf(terms.recipient_kinds, one.kind, language)}</div>
            </td>
            <td data-label={t("purposeOf")}>{one.purpose}</td>
            <td data-label={t("dataGiven")}>{one.data}</td>
            <td data-label={t("basis")}>{nameOf(terms.bases, one.basis, language)}</td>
            <td data-label={t("since")}>
              {formatDay(one.since, language, { year: true })}
              {one.until && ` – ${formatDay(one.until, language, { year: true })}`}
            </td>
            <td data-label={t("givenOf")} className={styles.number}>
              {formatNumber(one.customers)}
            </td>
            <td>
              <span className={styles.buttons}>
                <Button small kind="ghost" aria-label={`${t("edit")}: ${one.name}`} onClick={() => onEdit(one)}>
                  {t("edit")}
                </Button>
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type Count = Schemas["PeopleCount"];

function People() {
  const t = useTexts(texts);
  const language = useLanguage();
  const { data: counts, error } = usePeople();
  const { byKey } = useOrgTree();
  if (error) return <ErrorState error={error} />;
  if (!counts) return null;
  const dutyOf = (people: number | null | undefined) => counts.thresholds.find((threshold) => threshold.people === people)?.name[language] ?? "";
  const duty = (count: Count) => {
    if (count.near && count.next != null) return <Tag tone="warn">{t("nearNext", { n: formatNumber(count.next), what: dutyOf(count.next) })}</Tag>;
    if (count.reached != null) return <Tag tone="bad">{t("reachedOne", { n: formatNumber(count.reached), what: dutyOf(count.reached) })}</Tag>;
    return <span className={styles.small}>{t("belowAll", { n: formatNumber(count.next ?? 0) })}</span>;
  };
  const rows = [...counts.dealers].sort((a, b) => b.people - a.people).slice(0, 100);
  return (
    <Panel title={t("people")} note={t("peopleNote")} flush>
      <table className={classes(styles.table, styles.cards)} aria-label={t("people")}>
        <thead>
          <tr>
            <th scope="col">{t("dealerCol")}</th>
            <th scope="col" className={styles.number}>
              {t("count")}
            </th>
            <th scope="col">{t("duties")}</th>
          </tr>
        </thead>
        <tbody>
          {[...(counts.network ? [counts.network] : []), ...rows].map((count) => (
            <tr key={count.dealer ?? "network"}>
              <td>{count.dealer ? (byKey.get(`dealer:${count.dealer}`)?.name ?? count.dealer) : <b>{t("wholeNetwork")}</b>}</td>
              <td data-label={t("count")} className={styles.number}>
                {formatNumber(count.people)}
              </td>
              <td>{duty(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function RecipientDialog({ dealer, terms, changed, onClose }: { dealer: Dealer; terms: Terms; changed: Recipient | null; onClose: () => void }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const [input, setInput] = useState({ name: changed?.name ?? "", kind: changed?.kind ?? "", purpose: changed?.purpose ?? "", basis: changed?.basis ?? "", data: changed?.data ?? "", since: changed?.since ?? dayHere(), until: changed?.until ?? "" });
  const save = useSaveRecipient(dealer.id, changed);
  const set = (key: keyof typeof input) => (value: string) => setInput({ ...input, [key]: value });
  const ready = [input.name, input.kind, input.purpose, input.basis, input.data, input.since].every((value) => value.trim() !== "");
  return (
    <AskDialog
      title={t(changed ? "editRecipient" : "addRecipient")}
      note={t("recipientNote")}
      save={t("save")}
      busy={save.isPending}
      ready={ready}
      onSave={() =>
        save.mutate(
          { ...input, until: input.until || null },
          {
            onSuccess: () => {
              toast(t("noted"), { kind: "good" });
              onClose();
            },
          },
        )
      }
      onClose={onClose}
      error={save.error}
      conflict="changedBy"
    >
      <Field label={t("recipientName")}>
        <TextInput value={input.name} onChange={set("name")} maxLength={120} autoComplete="off" />
      </Field>
      <div className={forms.two}>
        <Field label={t("recipientKind")}>
          <Select value={input.kind} onChange={set("kind")} options={optionsOf(terms.recipient_kinds, language)} />
        </Field>
        <Field label={t("basis")}>
          <Select value={input.basis} onChange={set("basis")} options={optionsOf(terms.bases, language)} />
        </Field>
      </div>
      <Field label={t("purposeOf")}>
        <TextInput value={input.purpose} onChange={set("purpose")} maxLength={200} autoComplete="off" />
      </Field>
      <Field label={t("dataGiven")}>
        <TextInput value={input.data} onChange={set("data")} maxLength={200} autoComplete="off" />
      </Field>
      <div className={forms.two}>
        <Field label={t("since")}>
          <TextInput type="date" value={input.since} onChange={set("since")} />
        </Field>
        <Field label={t("until")} optional>
          <TextInput type="date" value={input.until} onChange={set("until")} />
        </Field>
      </div>
    </AskDialog>
  );
}
