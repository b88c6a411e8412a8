import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLanguage, useTexts } from "@/i18n";
import { Banner, Button, Dialog, ErrorState, Field, formatInstant, RadioGroup, Select, TextArea, TextInput, toast } from "@/ui";
import { readCustomer, useChangeCustomer, type Customer } from "./data";
import type { Dealer } from "./logic/dealer";
import { fieldOfProblem } from "./logic/lead";
import { changesOf, differencesOf, fieldsOf, keptOf, kGroups, type FieldId, type Group, type RecordField, type Typed } from "./logic/record";
import styles from "./customers.module.css";
import { useFieldValue } from "./tags";
import { fieldTexts, texts } from "./texts";

const kNone = "none"; // a Select has no empty value

// The record of a customer. When somebody else has changed it meanwhile, both versions are shown.
export function EditDialog({ dealer, customer, group, onClose }: { dealer: Dealer; customer: Customer; group: Group; onClose: () => void }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const client = useQueryClient();
  const [base] = useState(customer);
  const [typed, setTyped] = useState<Typed>({});
  const [now, setNow] = useState<Customer | null>(null); // after a conflict
  const [takeTheirs, setTakeTheirs] = useState<ReadonlySet<FieldId>>(new Set());
  const save = useChangeCustomer(dealer.id, base.id);
  const mine = changesOf(base.record, typed);
  const differences = now ? differencesOf(base.record, now.record, mine) : [];
  const changes = now ? keptOf(differences, takeTheirs) : mine;
  const nothing = Object.keys(changes).length === 0;
  const refused = fieldOfProblem(save.error);
  const known = refused && fieldsOf(base.kind).some(({ id }) => id === refused);
  const set = (field: FieldId, value: string | undefined) => {
    setTyped(({ [field]: _, ...rest }) => (value === undefined ? rest : { ...rest, [field]: value }));
    if (save.error) save.reset();
  };
  const submit = () => {
    if (nothing) return;
    save.mutate(
      { version: (now ?? base).version, record: changes },
      {
        onSuccess: () => {
          toast(t("saved"), { kind: "good" });
          onClose();
        },
        onError: (error) => {
          if (error.code !== "edit_conflict") return;
          void readCustomer(dealer.id, base.id).then((fresh) => {
            setNow(fresh);
            client.setQueryData(["customers", "one", dealer.id, base.id], fresh);
          });
        },
      },
    );
  };
  return (
    <Dialog
      open
      wide
      onOpenChange={(next) => !next && onClose()}
      title={`${base.record.name ?? ""} · ${t("edit")}`}
      footer={
        <>
          <Button onClick={onClose}>{now ? t("useTheirs") : t("cancel")}</Button>
          <Button kind="primary" busy={save.isPending} disabled={nothing} title={nothing ? t("nothingChanged") : undefined} onClick={submit}>
            {now ? t("saveChosen") : t("save")}
          </Button>
        </>
      }
    >
      <div
        className={styles.form}
        role="presentation"
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
        }}
      >
        {now ? (
          <>
            <Banner kind="warn">{t("conflict", { who: now.changed_by || t("someone"), at: formatInstant(now.changed_at, language) })}</Banner>
            <Conflict
              differences={differences}
              takeTheirs={takeTheirs}
              onTake={(field, theirs) => {
                const next = new Set(takeTheirs);
                if (theirs) next.add(field);
                else next.delete(field);
                setTakeTheirs(next);
              }}
            />
          </>
        ) : (
          kGroups.map((one) => (
            <fieldset key={one} className={styles.fieldset}>
              <legend>{t(one)}</legend>
              <div className={styles.two}>
                {fieldsOf(base.kind, one).map((field, index) => (
                  <RecordInput
                    key={field.id}
                    field={field}
                    now={base.record[field.id]}
                    value={typed[field.id]}
                    onChange={(value) => set(field.id, value)}
                    problem={refused === field.id && save.error ? `${save.error.title} ${save.error.todo}` : undefined}
                    autoFocus={one === group && index === 0}
                  />
                ))}
              </div>
            </fieldset>
          ))
        )}
        {save.error && save.error.code !== "edit_conflict" && !(known && !now) && <ErrorState small error={save.error} />}
      </div>
    </Dialog>
  );
}

function RecordInput({ field, now, value, onChange, problem, autoFocus }: { field: RecordField; now: string | undefined; value: string | undefined; onChange: (value: string | undefined) => void; problem: string | undefined; autoFocus: boolean }) {
  const t = useTexts(texts);
  const f = useTexts(fieldTexts);
  if (field.id === "sex") {
    const chosen = value ?? now ?? "";
    return (
      <Field label={f("sex")} error={problem}>
        <Select
          value={chosen || kNone}
          onChange={(next) => onChange(next === kNone ? "" : next)}
          options={[
            { value: kNone, label: t("notKnown") },
            { value: "female", label: t("female") },
            { value: "male", label: t("male") },
          ]}
        />
      </Field>
    );
  }
  const hidden = field.masked && now; // nobody here knows what is behind the stars
  const removed = hidden && value === "";
  const hint = removed ? t("willGo") : hidden ? t("maskedNow", { value: now }) : undefined;
  const type = field.id === "birthday" ? "date" : field.id === "phone" || field.id === "phone2" ? "tel" : "text";
  // Emptied again, a field over stars is untouched; a bare one is to be taken out.
  const change = (text: string) => onChange(hidden && text === "" ? undefined : text);
  const shown = value ?? (field.masked ? "" : (now ?? ""));
  return (
    <Field label={f(field.id)} error={problem} hint={hint}>
      {field.long ? (
        <TextArea value={shown} onChange={change} rows={1} maxLength={300} autoFocus={autoFocus} />
      ) : (
        <TextInput
          type={type}
          value={shown}
          onChange={change}
          autoComplete="off"
          maxLength={300}
          autoFocus={autoFocus}
          suffix={
            hidden && !field.required ? (
              <button type="button" className={styles.fill} onClick={() => onChange(removed ? undefined : "")}>
                {removed ? t("keep") : t("remove")}
              </button>
            ) : undefined
          }
        />
      )}
    </Field>
  );
}

// Field by field what they have made of it and what I want.
function Conflict({ differences, takeTheirs, onTake }: { differences: ReturnType<typeof differencesOf>; takeTheirs: ReadonlySet<FieldId>; onTake: (field: FieldId, theirs: boolean) => void }) {
  const t = useTexts(texts);
  const f = useTexts(fieldTexts);
  const shown = useFieldValue();
  const say = (field: FieldId, value: string) => (value === "" ? t("taken") : shown(field, value));
  return (
    <div className={styles.versions}>
      {differences.map(({ field, theirs, mine, clash }) => (
        <section key={field} className={styles.version} aria-label={f(field)}>
          <h3>{f(field)}</h3>
          {clash ? (
            <RadioGroup
              label={f(field)}
              value={takeTheirs.has(field) ? "theirs" : "mine"}
              onChange={(choice) => onTake(field, choice === "theirs")}
              options={[
                { value: "theirs", label: say(field, theirs ?? ""), hint: t("theirs") },
                { value: "mine", label: say(field, mine ?? ""), hint: t("mine") },
              ]}
            />
          ) : (
            <p>
              {say(field, (mine ?? theirs)!)} <span className="quiet">{t(mine !== null ? "mine" : "theirs")}</span>
            </p>
          )}
        </section>
      ))}
    </div>
  );
}
