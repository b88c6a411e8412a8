import { useState } from "react";
import { useTexts } from "@/i18n";
import { Link } from "@/state/page";
import { useView } from "@/state/view";
import { Button, Checkbox, Combobox, Dialog, ErrorState, Field, SegmentedControl, TextInput, toast, useDebounced } from "@/ui";
import { useAddCustomer, useDuplicates, useStaffName } from "./data";
import { useWithin } from "./Dealer";
import { LeadFields } from "./LeadFields";
import { workingStaff, type Dealer } from "./logic/dealer";
import { fieldOfProblem, inputOf, kNoLead } from "./logic/lead";
import type { Kind } from "./logic/record";
import { phoneToCheck } from "./logic/search";
import { useTerms, type ConsentInput } from "./privacy/data";
import { ConsentFields } from "./privacy/ConsentFields";
import styles from "./customers.module.css";
import { fieldTexts, texts } from "./texts";

const kAtFields = ["name", "phone", "contact", "position", "owner", "source", "access_form", "referrer", "model", "expected", "budget", "need"];

export function NewCustomerDialog({ dealer, onClose, onAdded }: { dealer: Dealer; onClose: () => void; onAdded: (id: string) => void }) {
  const t = useTexts(texts);
  const f = useTexts(fieldTexts);
  const { scope } = useView();
  const within = useWithin(dealer);
  const nameOf = useStaffName();
  const people = workingStaff(dealer);
  const [kind, setKind] = useState<Kind>("person");
  const [record, setRecord] = useState({ name: "", phone: "", contact: "", position: "" });
  // Who sees only himself need not say whose customer it is.
  const [owner, setOwner] = useState(people.length === 1 ? people[0]!.id : scope.kind === "staff" ? scope.id : "");
  const [lead, setLead] = useState(kNoLead);
  const [agreed, setAgreed] = useState<string[]>([]);
  const [way, setWay] = useState("in_person");
  const { data: terms } = useTerms();
  const [allTheSame, setAllTheSame] = useState(false);
  const [tried, setTried] = useState(false);
  const add = useAddCustomer(dealer.id);
  const { data: known } = useDuplicates(dealer.id, phoneToCheck(useDebounced(record.phone, 350)));
  const duplicate = phoneToCheck(record.phone) !== null && known !== undefined && (known.customers.length > 0 || known.with_colleague);

  const refused = fieldOfProblem(add.error);
  const missing = (field: string) => {
    const value = field === "name" ? record.name : field === "phone" ? record.phone : field === "owner" ? owner : "-";
    return tried && value.trim() === "" ? t("required") : undefined;
  };
  const duplicateCode = add.error?.code === "customer_exists" || add.error?.code === "customer_with_colleague";
  const problemAt = (field: string) => {
    if (missing(field)) return missing(field);
    if (field === "phone" && duplicate && tried && !allTheSame) return t("tickFirst");
    return refused === field && add.error && !(duplicateCode && allTheSame) ? `${add.error.title} ${add.error.todo}` : undefined;
  };
  const change = (fields: Partial<typeof record>) => {
    setRecord({ ...record, ...fields });
    if (fields.phone !== undefined) setAllTheSame(false);
    if (add.error) add.reset();
  };
  const submit = () => {
    setTried(true);
    if (record.name.trim() === "" || record.phone.trim() === "" || owner === "" || (duplicate && !allTheSame)) return;
    const input = inputOf(lead);
    const filled = Object.fromEntries(Object.entries(record).filter(([field, value]) => value.trim() !== "" && (kind === "company" || (field !== "contact" && field !== "position"))));
    const consents = (terms?.purposes ?? []).filter(({ id }) => agreed.includes(id)).map(({ id, text_version }): ConsentInput => ({ purpose: id, text_version, way }));
    add.mutate(
      { kind, record: filled, owner, despite_duplicates: allTheSame, lead: input, ...(consents.length > 0 ? { consents } : {}) },
      {
        onSuccess: ({ id }) => {
          toast(t("captured"), { kind: "good" });
          onAdded(id);
        },
      },
    );
  };
  return (
    <Dialog
      open
      wide
      onOpenChange={(next) => !next && onClose()}
      title={t("add")}
      note={t("addNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" busy={add.isPending} onClick={submit}>
            {t("save")}
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
          label={t("kind")}
          className={styles.kind}
          value={kind}
          onChange={setKind}
          options={[
            { value: "person", label: t("person") },
            { value: "company", label: t("company") },
          ]}
        />
        <div className={styles.two}>
          <Field label={f("name")} error={problemAt("name")}>
            <TextInput value={record.name} onChange={(name) => change({ name })} autoFocus autoComplete="off" maxLength={120} />
          </Field>
          <Field label={f("phone")} error={problemAt("phone")}>
            <TextInput type="tel" value={record.phone} onChange={(phone) => change({ phone })} autoComplete="off" maxLength={40} />
          </Field>
        </div>
        {duplicate && (
          <div className={styles.duplicate} role="status">
            {known.customers.length > 0 && (
              <p>
                {t("existsAlready")}{" "}
                {known.customers.map((customer) => (
                  <Link key={customer.id} to="/customers/$id" params={{ id: customer.id }} search={within} className={styles.duplicateLink}>
                    {customer.record.name} · {nameOf(customer.owner)}
                  </Link>
                ))}
              </p>
            )}
            {known.with_colleague && <p>{t("withColleague")}</p>}
            <Checkbox checked={allTheSame} onChange={setAllTheSame} label={t("allTheSame")} />
          </div>
        )}
        {kind === "company" && (
          <div className={styles.two}>
            <Field label={f("contact")} optional error={problemAt("contact")}>
              <TextInput value={record.contact} onChange={(contact) => change({ contact })} autoComplete="off" maxLength={120} />
            </Field>
            <Field label={f("position")} optional error={problemAt("position")}>
              <TextInput value={record.position} onChange={(position) => change({ position })} autoComplete="off" maxLength={120} />
            </Field>
          </div>
        )}
        {people.length !== 1 && (
          <Field label={t("owner")} error={problemAt("owner")}>
            <Combobox label={t("owner")} placeholder={t("chooseOwner")} value={owner} onChange={setOwner} shown={nameOf(owner)} options={people.map((person) => ({ value: person.id, label: person.name || person.code, hint: dealer.teams.find((team) => team.id === person.team)?.name ?? "" }))} />
          </Field>
        )}
        <h3 className={styles.formHead}>{t("theLead")}</h3>
        <LeadFields
          dealer={dealer.id}
          draft={lead}
          onChange={(more) => {
            setLead({ ...lead, ...more });
            if (add.error) add.reset();
          }}
          problemAt={problemAt}
        />
        {terms && <ConsentFields terms={terms} agreed={agreed} onAgreed={setAgreed} way={way} onWay={setWay} />}
        {add.error && !(refused && kAtFields.includes(refused)) && <ErrorState small error={add.error} />}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
    </Dialog>
  );
}
