import { useState } from "react";
import { useCatalog, useMembers } from "@/api";
import { useTexts } from "@/i18n";
import { Combobox, Field, NumberInput, Select, TextArea, TextInput, useDebounced } from "@/ui";
import { useCustomer, useSearch } from "./data";
import { kWarm, type LeadDraft } from "./logic/lead";
import { enoughToFind } from "./logic/search";
import styles from "./customers.module.css";
import { texts } from "./texts";

const kNone = "none"; // a Select has no empty value

// What a customer wants: of a new customer, a new lead and a changed one.
export function LeadFields({ dealer, draft, onChange, problemAt, except, full }: { dealer: string; draft: LeadDraft; onChange: (change: Partial<LeadDraft>) => void; problemAt: (field: string) => string | undefined; except?: string; full?: boolean }) {
  const t = useTexts(texts);
  const catalog = useCatalog();
  const codes = (dim: string, now: string) => {
    const list = catalog.raw?.lists.find(({ dimension }) => dimension === dim)?.codes ?? [];
    const options = list.map(({ code, name }) => ({ value: code, label: catalog.text(name) || code }));
    if (now && !options.some(({ value }) => value === now)) options.push({ value: now, label: now });
    return options;
  };
  const pick = (dim: "source" | "access_form") => (
    <Field label={t(dim)} optional error={problemAt(dim)}>
      <Select value={draft[dim] || kNone} onChange={(value) => onChange({ [dim]: value === kNone ? "" : value })} options={[{ value: kNone, label: t("notKnown") }, ...codes(dim, draft[dim])]} />
    </Field>
  );
  return (
    <>
      <div className={styles.two}>
        {pick("source")}
        {pick("access_form")}
        {(draft.source === "referral" || draft.referrer) && (
          <Field label={t("referrer")} error={problemAt("referrer")} optional={draft.source !== "referral"} className={styles.both}>
            <CustomerPicker dealer={dealer} value={draft.referrer} onChange={(referrer) => onChange({ referrer })} label={t("referrer")} placeholder={t("chooseReferrer")} {...(except ? { except } : {})} clearable />
          </Field>
        )}
        <Field label={t("model")} optional error={problemAt("model")}>
          <ModelPicker value={draft.model} onChange={(model) => onChange({ model })} />
        </Field>
        <Field label={t("expected")} optional error={problemAt("expected")}>
          <TextInput type="date" value={draft.expected} onChange={(expected) => onChange({ expected })} />
        </Field>
        <Field label={t("budget")} optional hint={t("budgetHint")} error={problemAt("budget")}>
          <TextInput value={draft.budget} onChange={(budget) => onChange({ budget })} autoComplete="off" maxLength={60} />
        </Field>
        {full && (
          <Field label={t("amount")} optional error={problemAt("amount")}>
            <NumberInput value={draft.amount} onChange={(amount) => onChange({ amount })} min={0} places={2} />
          </Field>
        )}
      </div>
      <Field label={t("need")} optional hint={t("needHint")} error={problemAt("need")}>
        <TextArea value={draft.need} onChange={(need) => onChange({ need })} rows={2} maxLength={2000} />
      </Field>
      {full && (
        <>
          <Field label={t("remark")} optional error={problemAt("remark")}>
            <TextArea value={draft.remark} onChange={(remark) => onChange({ remark })} rows={2} maxLength={2000} />
          </Field>
          <div className={styles.two}>
            <Field label={t("gradeByHand")} error={problemAt("grade")}>
              <Select
                value={draft.grade || kNone}
                onChange={(value) => onChange(value === kNone ? { grade: "", grade_why: "" } : { grade: value })}
                options={[{ value: kNone, label: t("gradeAuto") }, ...kWarm.map((grade) => ({ value: grade, label: t(`${grade as "high" | "medium" | "low"}Long`) })), ...(draft.grade && !kWarm.includes(draft.grade) ? [{ value: draft.grade, label: draft.grade }] : [])]}
              />
            </Field>
            {draft.grade && (
              <Field label={t("gradeWhy")} error={problemAt("grade_why")}>
                <TextInput value={draft.grade_why} onChange={(grade_why) => onChange({ grade_why })} maxLength={300} />
              </Field>
            )}
          </div>
        </>
      )}
    </>
  );
}

// A model of the ledger, or one that is typed.
export function ModelPicker({ value, onChange, placeholder }: { value: string; onChange: (value: string) => void; placeholder?: string }) {
  const t = useTexts(texts);
  const catalog = useCatalog();
  const [typed, setTyped] = useState("");
  const { data, isLoading } = useMembers("model", useDebounced(typed, 200), { limit: 20 });
  return (
    <Combobox
      label={t("model")}
      {...(placeholder ? { placeholder } : {})}
      value={value}
      onChange={onChange}
      shown={value}
      clearable
      onSearch={setTyped}
      loading={isLoading}
      options={(data?.members ?? []).map(({ text, name }) => ({ value: text, label: catalog.text(name) || text }))}
      create={(text) => t("useTyped", { text })}
    />
  );
}

// A customer of the dealer, found as one types.
export function CustomerPicker({ dealer, value, onChange, label, placeholder, except, clearable }: { dealer: string; value: string; onChange: (id: string) => void; label: string; placeholder: string; except?: string; clearable?: boolean }) {
  const [typed, setTyped] = useState("");
  const { data, isFetching } = useSearch(dealer, useDebounced(enoughToFind(typed) ? typed.trim() : "", 200));
  const { data: chosen } = useCustomer(dealer, value || null);
  const found = enoughToFind(typed) ? (data ?? []).filter(({ id }) => id !== except) : [];
  return (
    <Combobox
      label={label}
      placeholder={placeholder}
      value={value}
      onChange={onChange}
      shown={chosen ? [chosen.record.name, chosen.record.phone].filter(Boolean).join(" · ") : "…"}
      clearable={clearable ?? false}
      onSearch={setTyped}
      loading={isFetching && found.length === 0}
      options={found.map(({ id, record }) => ({ value: id, label: record.name ?? id, hint: record.phone ?? "" }))}
    />
  );
}
