import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useLanguage, useTexts } from "@/i18n";
import { Button, Dialog, EmptyState, ErrorState, Field, formatInstant, IconButton, Skeleton, TextArea, TextInput, toast, copyText } from "@/ui";
import { useForgetMapping, useMappings, useSaveMapping, type Draft } from "./data";
import styles from "./imports.module.css";
import type { Import } from "./logic/types";
import { texts } from "./texts";

interface Opened {
  draft: Import;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

export function SaveTemplate({ draft, open, onOpenChange }: Opened) {
  const t = useTexts(texts);
  const [name, setName] = useState("");
  const save = useSaveMapping();
  const submit = () => {
    const wanted = name.trim();
    if (wanted === "") return;
    save.mutate(
      { name: wanted, import: draft.id },
      {
        onSuccess: () => {
          toast(t("templateSaved", { name: wanted }), { kind: "good" });
          setName("");
          onOpenChange(false);
        },
      },
    );
  };
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={t("saveTemplate")}
      note={t("templateHint")}
      footer={
        <>
          <Button onClick={() => onOpenChange(false)}>{t("cancel")}</Button>
          <Button kind="primary" busy={save.isPending} disabled={name.trim() === ""} onClick={submit}>
            {t("save")}
          </Button>
        </>
      }
    >
      <Field label={t("templateName")}>
        <TextInput value={name} onChange={setName} autoFocus maxLength={120} onKeyDown={(event) => event.key === "Enter" && !event.nativeEvent.isComposing && submit()} />
      </Field>
      {save.error && <ErrorState small error={save.error} />}
    </Dialog>
  );
}

export function ChooseTemplate({ edit, open, onOpenChange }: Opened & { edit: Draft }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const { data, error, isLoading } = useMappings(open);
  const forget = useForgetMapping();
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t("chooseTemplate")} note={t("templateHint")}>
      {isLoading && <Skeleton lines={3} height={20} />}
      {error && <ErrorState small error={error} />}
      {forget.error && <ErrorState small error={forget.error} />}
      {data?.length === 0 && <EmptyState small why={t("noTemplates")} />}
      <ul>
        {data?.map((mapping) => (
          <li key={mapping.id} className={styles.templateRow}>
            <span className={styles.templateName}>
              <b>{mapping.name}</b>
              <span className="quiet">{[mapping.created_by, mapping.used_at ? t("usedAt", { at: formatInstant(mapping.used_at, language) }) : ""].filter(Boolean).join(" · ")}</span>
            </span>
            <Button
              small
              onClick={() => {
                void edit.change({ template: mapping.id });
                onOpenChange(false);
              }}
            >
              {t("useIt")}
            </Button>
            <IconButton small icon={Trash2} label={`${t("forget")} ${mapping.name}`} onClick={() => forget.mutate(mapping.id)} />
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

// The whole mapping as text, for the engineer.
export function TomlDialog({ draft, edit, open, onOpenChange }: Opened & { edit: Draft }) {
  const t = useTexts(texts);
  const [typed, setTyped] = useState<string | null>(null);
  const shown = typed ?? draft.mapping_toml ?? "";
  const close = (next: boolean) => {
    if (!next) {
      setTyped(null);
      edit.clearError();
    }
    onOpenChange(next);
  };
  return (
    <Dialog
      open={open}
      onOpenChange={close}
      wide
      title={t("tomlTitle")}
      note={t("tomlNote")}
      footer={
        <>
          <Button onClick={() => void copyText(shown).then((done) => done && toast(t("copied")))}>{t("copy")}</Button>
          <Button
            kind="primary"
            busy={edit.saving}
            disabled={typed === null || typed === draft.mapping_toml}
            onClick={() => void edit.change({ mapping_toml: shown }).then((next) => next && close(false))}
          >
            {t("tomlApply")}
          </Button>
        </>
      }
    >
      <Field label={t("tomlTitle")} hideLabel>
        <TextArea mono rows={22} value={shown} onChange={setTyped} spellCheck={false} autoComplete="off" className={styles.tomlArea} />
      </Field>
      {edit.error && <ErrorState small error={edit.error} />}
    </Dialog>
  );
}
