import { useState } from "react";
import { useLanguage, useTexts } from "@/i18n";
import { Banner, Button, Combobox, Dialog, ErrorState, Field, toast } from "@/ui";
import { useSaveLead, useStaffName, type Customer, type Lead } from "./data";
import { LeadFields } from "./LeadFields";
import { workingStaff, type Dealer } from "./logic/dealer";
import { draftOf, fieldOfProblem, inputOf, kNoLead } from "./logic/lead";
import styles from "./customers.module.css";
import { texts } from "./texts";

const kAtFields = ["owner", "source", "access_form", "referrer", "model", "expected", "budget", "amount", "need", "remark", "grade", "grade_why"];

// Another lead of the customer (`lead` null), or a changed one.
export function LeadDialog({ dealer, customer, lead, onClose }: { dealer: Dealer; customer: Customer; lead: Lead | null; onClose: () => void }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const nameOf = useStaffName();
  const [before] = useState(() => (lead ? draftOf(lead, language) : kNoLead));
  const [draft, setDraft] = useState(before);
  const people = workingStaff(dealer);
  const [owner, setOwner] = useState(customer.owner ?? (people.length === 1 ? people[0]!.id : ""));
  const save = useSaveLead(dealer.id, customer.id);
  const refused = fieldOfProblem(save.error);
  const conflict = save.error?.code === "edit_conflict";
  const problemAt = (field: string) => (refused === field && save.error ? `${save.error.title} ${save.error.todo}` : undefined);
  const input = inputOf(draft, before);
  const nothing = lead !== null && Object.keys(input).length === 0;
  // After a conflict the page holds the lead as it is now.
  const now = lead ? customer.leads.find((one) => one.lead === lead.lead) : undefined;
  const submit = () => {
    if (nothing) return;
    save.mutate(
      { ...(lead ? { lead, version: conflict ? (now?.version ?? lead.version) : lead.version } : {}), input, owner },
      {
        onSuccess: () => {
          toast(t("saved"), { kind: "good" });
          onClose();
        },
      },
    );
  };
  return (
    <Dialog
      open
      wide
      onOpenChange={(next) => !next && onClose()}
      title={lead ? t("changeLead") : t("newLead")}
      footer={
        <>
          <Button onClick={onClose}>{conflict ? t("useTheirs") : t("cancel")}</Button>
          <Button kind="primary" busy={save.isPending} disabled={nothing} onClick={submit}>
            {t("save")}
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
        {conflict && <Banner kind="warn">{t("leadConflict", { who: save.error?.args.by || t("someone") })}</Banner>}
        {!lead && people.length !== 1 && (
          <Field label={t("owner")} error={problemAt("owner")}>
            <Combobox label={t("owner")} placeholder={t("chooseOwner")} value={owner} onChange={setOwner} shown={nameOf(owner)} options={people.map((person) => ({ value: person.id, label: person.name || person.code }))} />
          </Field>
        )}
        <LeadFields
          dealer={dealer.id}
          draft={draft}
          full
          except={customer.id}
          onChange={(more) => {
            setDraft({ ...draft, ...more });
            if (save.error && !conflict) save.reset();
          }}
          problemAt={problemAt}
        />
        {save.error && !conflict && !(refused && kAtFields.includes(refused)) && <ErrorState small error={save.error} />}
      </div>
    </Dialog>
  );
}
