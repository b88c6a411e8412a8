import { Plus, X } from "lucide-react";
import { useState } from "react";
import { useCatalog, useMembers, useOrg, useViewer } from "@/api";
import { useLanguage, useTexts } from "@/i18n";
import { useView } from "@/state/view";
import { Button, Combobox, IconButton, Select, Switch, useDebounced } from "@/ui";
import type { Draft } from "./data";
import styles from "./imports.module.css";
import { fieldName, fieldsOf } from "./logic/meaning";
import type { Import } from "./logic/types";
import { texts } from "./texts";

// What no column of the file says and holds for every row: the dealer, a source …
export function Constants({ draft, edit }: { draft: Import; edit: Draft }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const { raw } = useCatalog();
  const { data: org } = useOrg();
  const { scope } = useView();
  const { admin, rights } = useViewer();
  const ofNetwork = admin || rights.import === "network";
  const [adding, setAdding] = useState<string | null>(null);
  const constants = draft.mapping?.constants ?? {};
  const byColumn = new Set((draft.columns ?? []).flatMap((c) => (c.meaning.role === "field" && c.meaning.field ? [c.meaning.field] : [])));
  const wantsDealer = !byColumn.has("dealer") && constants.dealer === undefined;
  const fields = [...new Set([...(wantsDealer ? ["dealer"] : []), ...Object.keys(constants), ...(adding ? [adding] : [])])];
  const free = fieldsOf(draft.kind).filter((field) => field !== "lead" && field !== "attempt" && !fields.includes(field) && !byColumn.has(field));
  const here = scope.kind === "dealer" ? org?.dealers.find((d) => d.id === scope.id) : org?.dealers.length === 1 ? org.dealers[0] : undefined;

  const set = (field: string, value: string | null) => {
    const next = { ...constants };
    if (value === null || value === "") delete next[field];
    else next[field] = value;
    setAdding(null);
    void edit.change({ constants: next });
  };

  return (
    <section className={styles.constants} aria-label={t("constants")}>
      <h3 className={styles.subhead}>
        {t("constants")} <span className={styles.subnote}>{t("constantsNote")}</span>
      </h3>
      {fields.map((field) => (
        <div key={field} className={styles.constantRow}>
          <span className={styles.columnName}>{fieldName(raw, field, language)}</span>
          <MemberPicker field={field} value={constants[field] ?? ""} label={`${fieldName(raw, field, language)}: ${t("constantValue")}`} onChange={(value) => set(field, value)} />
          {constants[field] !== undefined || adding === field ? (
            <IconButton small icon={X} label={t("removeConstant", { name: fieldName(raw, field, language) })} onClick={() => set(field, null)} />
          ) : (
            <span />
          )}
          {field === "dealer" && constants.dealer === undefined && here && (
            <Button kind="link" small className={styles.fromScope} onClick={() => set("dealer", here.code)}>
              {t("fromScope", { name: here.name || here.code })}
            </Button>
          )}
        </div>
      ))}
      {free.length > 0 && (
        <div className={styles.addConstant}>
          <Plus size={14} aria-hidden />
          <Select small label={t("addConstant")} placeholder={t("addConstant")} value="" options={free.map((field) => ({ value: field, label: fieldName(raw, field, language) }))} onChange={setAdding} />
        </div>
      )}
      <div className={styles.createMissing}>
        <Switch checked={draft.create_missing ?? false} onChange={(on) => void edit.change({ create_missing: on })} label={t("createMissing")} hint={t(ofNetwork ? "createMissingHint" : "createMissingHintPart")} />
      </div>
    </section>
  );
}

// A member of the field's dimension, found by typing; any other text too, since the file's names may be new.
export function MemberPicker({ field, value, label, onChange, placeholder, className }: { field: string; value: string; label: string; onChange: (value: string) => void; placeholder?: string; className?: string }) {
  const t = useTexts(texts);
  const { text, dimLabel } = useCatalog();
  const [typed, setTyped] = useState("");
  const search = useDebounced(typed);
  const known = field !== "event" && field !== "at" && field !== "lead" && field !== "attempt" && field !== "measure";
  const { data, isFetching } = useMembers(field, search, { enabled: known });
  const { data: org } = useOrg();
  const dealerName = (id: string | null | undefined) => (id ? (org?.dealers.find((d) => d.id === id)?.name ?? "") : "");
  const options = (data?.members ?? []).map((member) => ({ value: member.text, label: member.name ? text(member.name) : member.text, hint: member.within ? dealerName(member.within) : member.name ? member.text : "" }));
  const shown = field === "dealer" ? (org?.dealers.find((d) => d.code === value || d.name === value)?.name ?? value) : dimLabel(field, value || null);
  return (
    <Combobox
      label={label}
      value={value}
      shown={shown}
      options={options}
      onSearch={setTyped}
      loading={isFetching && !data}
      onChange={onChange}
      create={(entered) => t("takeText", { text: entered })}
      {...(placeholder === undefined ? {} : { placeholder })}
      {...(className === undefined ? {} : { className })}
    />
  );
}
