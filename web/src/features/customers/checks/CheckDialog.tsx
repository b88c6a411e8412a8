import { Eye } from "lucide-react";
import { useState } from "react";
import { useTexts } from "@/i18n";
import { Link } from "@/state/page";
import { Banner, Button, Dialog, EmptyState, ErrorState, SegmentedControl, Skeleton, toast } from "@/ui";
import { useMay, useReveal } from "../data";
import { useWithin } from "../Dealer";
import type { Dealer } from "../logic/dealer";
import { fieldsOf, type FieldId } from "../logic/record";
import { useFieldValue } from "../tags";
import { fieldTexts } from "../texts";
import own from "./checks.module.css";
import { useCheck, useRecord, type Check, type Verdict, type Verdicts } from "./data";
import { kVerdicts } from "./logic";
import { checkTexts } from "./texts";

// A file field by field, to be gone through on the telephone.
export function CheckDialog({ dealer, check: listed, own: isOwn, onClose }: { dealer: Dealer; check: Check; own: boolean; onClose: () => void }) {
  const t = useTexts(checkTexts);
  const names = useTexts(fieldTexts);
  const shown = useFieldValue();
  const within = useWithin(dealer);
  const may = useMay();
  const { data: check, error, refetch } = useCheck(dealer.id, listed.id);
  const [said, setSaid] = useState<Verdicts>({});
  const [conflict, setConflict] = useState("");
  const record = useRecord(dealer.id, listed.id);
  const reveal = useReveal(dealer.id, listed.customer);
  const values = reveal.data?.record ?? check?.record ?? {};
  const fields = check ? fieldsOf(check.kind).filter(({ id }) => check.record[id]) : [];
  const verdicts: Verdicts = { ...(check?.verdicts as Verdicts | undefined), ...said };
  const nothing = Object.keys(verdicts).length === 0;
  const set = (field: FieldId, verdict: Verdict) => {
    setSaid((before) => ({ ...before, [field]: verdict }));
    if (record.error) record.reset();
  };
  const save = () => {
    if (!check || nothing || isOwn) return;
    record.mutate(
      { version: check.version, verdicts },
      {
        onSuccess: () => {
          toast(t("saved"), { kind: "good" });
          onClose();
        },
        onError: (problem) => {
          if (problem.code !== "edit_conflict") return;
          void refetch().then(({ data: fresh }) => setConflict(fresh?.checked_by ?? ""));
        },
      },
    );
  };
  return (
    <Dialog
      open
      wide
      onOpenChange={(next) => !next && onClose()}
      title={`${listed.record.name ?? "—"} · ${t("check")}`}
      note={t("checkNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" busy={record.isPending} disabled={nothing || isOwn} title={isOwn ? t("ownNote") : nothing ? t("sayOne") : undefined} onClick={save}>
            {t("save")}
          </Button>
        </>
      }
    >
      <div className={own.dialog}>
        {isOwn && <Banner kind="warn">{t("ownNote")}</Banner>}
        {conflict && <Banner kind="warn">{t("conflict", { by: conflict })}</Banner>}
        {!check && !error && <Skeleton lines={5} height={32} />}
        {error && <ErrorState small error={error} onRetry={() => void refetch()} />}
        {check && fields.length === 0 && <EmptyState small why={t("noRecord")} />}
        {fields.map(({ id }) => (
          <div key={id} className={own.field} role="group" aria-label={names(id)}>
            <span className={own.fieldName}>{names(id)}</span>
            <span className={own.value}>{shown(id, values[id] ?? "")}</span>
            <SegmentedControl
              label={names(id)}
              className={own.verdicts}
              value={verdicts[id] ?? ""}
              onChange={(verdict) => verdict !== "" && set(id, verdict)}
              options={kVerdicts.map((verdict) => ({ value: verdict as Verdict | "", label: t(verdict), disabled: isOwn }))}
            />
          </div>
        ))}
        <div className={own.tools}>
          {may("reveal") && !reveal.data && check && (
            <Button icon={Eye} busy={reveal.isPending} onClick={() => reveal.mutate("check")}>
              {t("showWhole")}
            </Button>
          )}
          <Link to="/customers/$id" params={{ id: listed.customer }} search={within}>
            {t("openCustomer")}
          </Link>
        </div>
        {reveal.error && <ErrorState small error={reveal.error} />}
        {record.error && record.error.code !== "edit_conflict" && <ErrorState small error={record.error} />}
      </div>
    </Dialog>
  );
}
