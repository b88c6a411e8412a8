import { useState } from "react";
import { useTexts } from "@/i18n";
import { Button, Combobox, Dialog, ErrorState, Field, formatNumber, toast } from "@/ui";
import { useHandOver } from "./data";
import { workingStaff, type Dealer } from "./logic/dealer";
import styles from "./customers.module.css";
import { texts } from "./texts";

// One customer, or all that somebody has.
export function HandOverDialog({ dealer, from, customer, title, onClose }: { dealer: Dealer; from: string; customer?: string; title: string; onClose: () => void }) {
  const t = useTexts(texts);
  const [to, setTo] = useState("");
  const hand = useHandOver(dealer.id);
  const people = workingStaff(dealer).filter((person) => person.id !== from);
  const submit = () =>
    hand.mutate(
      { from, to, ...(customer ? { customers: [customer] } : {}) },
      {
        onSuccess: ({ customers }) => {
          toast(t("handedOver", { n: formatNumber(customers), count: customers }), { kind: "good" });
          onClose();
        },
      },
    );
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={title}
      note={t("handOverNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" busy={hand.isPending} disabled={to === ""} onClick={submit}>
            {t("handOver")}
          </Button>
        </>
      }
    >
      <div className={styles.form}>
        <Field label={t("handOverTo")}>
          <Combobox label={t("handOverTo")} value={to} onChange={setTo} placeholder={t("chooseOwner")} options={people.map((person) => ({ value: person.id, label: person.name || person.code, hint: dealer.teams.find((team) => team.id === person.team)?.name ?? "" }))} />
        </Field>
        {hand.error && <ErrorState small error={hand.error} />}
      </div>
    </Dialog>
  );
}
