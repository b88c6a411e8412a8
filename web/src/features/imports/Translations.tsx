import { RotateCcw } from "lucide-react";
import { useMemo } from "react";
import { useCatalog } from "@/api";
import { useLanguage, useTexts } from "@/i18n";
import { Button, Dialog, EmptyState, formatNumber, IconButton, Tag } from "@/ui";
import { MemberPicker } from "./Constants";
import type { Draft } from "./data";
import styles from "./imports.module.css";
import { translationsOf, withValue } from "./logic/draft";
import { fieldName } from "./logic/meaning";
import type { Import } from "./logic/types";
import { texts } from "./texts";

// Cells of the file and the members they count as, by field.
export function Translations({ draft, edit, open, onOpenChange }: { draft: Import; edit: Draft; open: boolean; onOpenChange: (open: boolean) => void }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const { raw } = useCatalog();
  const list = useMemo(() => translationsOf(draft), [draft]);
  const fields = [...new Set(list.map((item) => item.field))];
  const values = draft.mapping?.values;
  return (
    <Dialog open={open} onOpenChange={onOpenChange} wide title={t("valuesTitle")} note={t("valuesNote")} footer={<Button kind="primary" onClick={() => onOpenChange(false)}>{t("close")}</Button>}>
      {list.length === 0 && <EmptyState small why={t("valuesNone")} />}
      {fields.map((field) => (
        <section key={field} className={styles.valuesField}>
          <h3 className={styles.subhead}>{fieldName(raw, field, language)}</h3>
          <ul>
            {list
              .filter((item) => item.field === field)
              .map((item) => (
                <li key={item.cell} className={styles.valueRow}>
                  <span className={styles.valueCell} title={item.cell}>
                    {item.cell === "" ? t("empty") : item.cell}
                  </span>
                  <span className={styles.valueRows}>{item.rows === null ? "" : t("valueRows", { n: formatNumber(item.rows), count: item.rows })}</span>
                  <span className={styles.valuePick}>
                    <MemberPicker field={field} value={item.code} label={`${item.cell} → ${t("valueCount")}`} onChange={(code) => void edit.change({ values: withValue(values, field, item.cell, code) })} />
                  </span>
                  <span className={styles.valueEnd}>
                    {item.origin === "unknown" &&
                      (item.suggestion ? (
                        <Button kind="link" small onClick={() => void edit.change({ values: withValue(values, field, item.cell, item.suggestion) })}>
                          {t("valueIs", { name: item.suggestion })}
                        </Button>
                      ) : (
                        <Tag tone="bad">{t("valueUnknown")}</Tag>
                      ))}
                    {item.origin === "code" && <Tag tone="good">{t("valueCode")}</Tag>}
                    {item.origin === "set" && (
                      <>
                        <Tag tone="accent">{t("valueSet")}</Tag>
                        <IconButton small icon={RotateCcw} label={t("valueReset")} onClick={() => void edit.change({ values: withValue(values, field, item.cell, null) })} />
                      </>
                    )}
                  </span>
                </li>
              ))}
          </ul>
        </section>
      ))}
    </Dialog>
  );
}
