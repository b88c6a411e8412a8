import { useLanguage, useTexts } from "@/i18n";
import { Checkbox, Field, Select } from "@/ui";
import forms from "../customers.module.css";
import type { Terms } from "./data";
import { optionsOf } from "./dialogs";
import styles from "./privacy.module.css";
import { texts } from "./texts";

// What a new customer agrees to; only what needs no evidence, the rest is noted on his page.
export function ConsentFields({ terms, agreed, onAgreed, way, onWay }: { terms: Terms; agreed: string[]; onAgreed: (agreed: string[]) => void; way: string; onWay: (way: string) => void }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const toggle = (id: string, on: boolean) => onAgreed(on ? [...agreed, id] : agreed.filter((one) => one !== id));
  return (
    <>
      <h3 className={forms.formHead}>{t("newConsent")}</h3>
      <p className={forms.note}>{t("newConsentHint")}</p>
      <div className={styles.consents}>
        {terms.purposes
          .filter((purpose) => !purpose.needs_evidence)
          .map((purpose) => (
            <Checkbox key={purpose.id} checked={agreed.includes(purpose.id)} onChange={(on) => toggle(purpose.id, on)} label={purpose.name[language]} hint={purpose.texts[purpose.text_version - 1]?.[language] ?? ""} />
          ))}
      </div>
      {agreed.length > 0 && (
        <Field label={t("way")}>
          <Select value={way} onChange={onWay} options={optionsOf(terms.ways, language)} />
        </Field>
      )}
    </>
  );
}
