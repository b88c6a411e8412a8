import { useState } from "react";
import { useTexts } from "@/i18n";
import { Banner, Button, Dialog, ErrorState, Field, toast } from "@/ui";
import { useCustomer, useMerge, type Customer } from "./data";
import { CustomerPicker } from "./LeadFields";
import type { Dealer } from "./logic/dealer";
import styles from "./customers.module.css";
import { texts } from "./texts";

// The other customer goes under this one.
export function MergeDialog({ dealer, customer, onClose }: { dealer: Dealer; customer: Customer; onClose: () => void }) {
  const t = useTexts(texts);
  const [other, setOther] = useState("");
  const { data } = useCustomer(dealer.id, other || null);
  const merge = useMerge(dealer.id, customer.id, false);
  const call = (one: Customer) => [one.record.name, one.record.phone].filter(Boolean).join(" ");
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={t("mergeTitle", { name: customer.record.name ?? "" })}
      note={t("mergeNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button
            kind="primary"
            busy={merge.isPending}
            disabled={!data}
            onClick={() =>
              merge.mutate(
                { version: customer.version, customer: other },
                {
                  onSuccess: () => {
                    toast(t("mergeDone"), { kind: "good" });
                    onClose();
                  },
                },
              )
            }
          >
            {t("mergeDo")}
          </Button>
        </>
      }
    >
      <div className={styles.form}>
        <Field label={t("mergeWho")}>
          <CustomerPicker dealer={dealer.id} value={other} onChange={setOther} label={t("mergeWho")} placeholder={t("findLabel")} except={customer.id} />
        </Field>
        {data && <Banner>{t("mergeGoes", { other: call(data), name: call(customer) })}</Banner>}
        {merge.error && <ErrorState small error={merge.error} />}
      </div>
    </Dialog>
  );
}
