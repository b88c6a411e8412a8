import { useState } from "react";
import { useTexts } from "@/i18n";
import { Button, Combobox, Dialog, ErrorState, Field, formatNumber, toast } from "@/ui";
import { useHandOver } from "./data";
import { workingStaff, type Dealer } from "./logic/dealer";
import styles from "./customers.module.css";
import { texts } from "./texts";

// Customers of one person: these, or all.
export interface HandOver {
  from: string;
  customers?: string[];
}

// Those of several people are handed over one person after the other.
export function HandOverDialog({ dealer, of, title, onClose, onDone }: { dealer: Dealer; of: readonly HandOver[]; title: string; onClose: () => void; onDone?: () => void }) {
  const t = useTexts(texts);
  const [to, setTo] = useState("");
  const hand = useHandOver(dealer.id);
  const only = of.length === 1 ? of[0]!.from : null;
  const people = workingStaff(dealer).filter((person) => person.id !== only);
  const submit = async () => {
    let count = 0;
    for (const one of of) {
      if (one.from === to) continue; // they are that person's already
      count += (await hand.mutateAsync({ ...one, to })).customers;
    }
    toast(t("handedOver", { n: formatNumber(count), count }), { kind: "good" });
    onDone?.();
    onClose();
  };
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={title}
      note={t("handOverNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" busy={hand.isPending} disabled={to === ""} onClick={() => void submit().catch(() => undefined)}>
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
