import { ChevronLeft, ChevronRight, ArrowRight } from "lucide-react";
import { Fragment } from "react";
import { useCatalog } from "@/api";
import { useLanguage, useTexts } from "@/i18n";
import { classes, formatDay, formatNumber, IconButton, NumberInput, Skeleton, Tag } from "@/ui";
import { useRow } from "./data";
import styles from "./imports.module.css";
import { eventName, fieldName } from "./logic/meaning";
import type { Import, RowPreview } from "./logic/types";
import { texts } from "./texts";

// What one row of the file becomes: its entries in a line, and what is said of them.
export function RowPanel({ draft, row, onRow }: { draft: Import; row: number; onRow: (row: number) => void }) {
  const t = useTexts(texts);
  const first = draft.preview?.[0]?.row ?? (draft.file?.header_row ?? 0) + 1;
  const language = useLanguage();
  const { raw } = useCatalog();
  const lacks = draft.missing ?? [];
  const enabled = !draft.problem_reading && !lacks.some((field) => field !== "dealer");
  const missing = lacks.map((field) => fieldName(raw, field, language)).join(language === "zh" ? "、" : ", ");
  const { data, error, isLoading, isPlaceholderData } = useRow(draft.id, draft.version, row, enabled && missing === "");
  return (
    <section className={styles.rowPanel} aria-label={t("rowTitle")}>
      <h3 className={styles.subhead}>
        {t("rowTitle")}
        <span className={styles.rowSteps}>
          <IconButton small icon={ChevronLeft} label={t("rowPrev")} disabled={row <= first} onClick={() => onRow(row - 1)} />
          <span className={styles.rowNumber}>
            <NumberInput aria-label={t("rowNumber")} value={row} min={first} places={0} onChange={(value) => value !== null && onRow(value)} />
          </span>
          <IconButton small icon={ChevronRight} label={t("rowNext")} onClick={() => onRow(row + 1)} />
        </span>
      </h3>
      <div className={classes(styles.rowBody, isPlaceholderData && styles.dimmed)} aria-live="polite">
        {!enabled ? <p className="quiet">{t("rowNotYet")}</p> : missing ? <p className="quiet">{t("rowMissing", { names: missing })}</p> : isLoading ? <Skeleton height={30} /> : error ? <p className="quiet">{error.status === 404 ? t("rowNone") : error.title || t("rowNone")}</p> : data && <RowEntries preview={data} />}
      </div>
    </section>
  );
}

function RowEntries({ preview }: { preview: RowPreview }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const { raw, dimLabel } = useCatalog();
  const { entries, refused } = preview;
  if (refused) return <p className={styles.rowRefused}>{t("rowRefused", { why: refused.message })}</p>;
  if (entries.length === 0) return <p className="quiet">{t("rowNothing")}</p>;
  const said = new Map<string, string>();
  for (const entry of entries) {
    if (entry.lead && !said.has("lead")) said.set("lead", entry.lead);
    if (entry.staff && !said.has("staff")) said.set("staff", entry.staff);
    for (const [dim, member] of Object.entries(entry.members ?? {})) if (!said.has(dim)) said.set(dim, dimLabel(dim, member));
  }
  return (
    <>
      <ol className={styles.chips}>
        {entries.map((entry, i) => (
          <Fragment key={i}>
            {i > 0 && <ArrowRight size={14} className={styles.arrow} aria-hidden />}
            <li className={classes(styles.chip, entry.state === "unchanged" && styles.chipOld)}>
              <span className={styles.chipDay}>{formatDay(entry.day, language)}</span>
              <b>
                {eventName(raw, entry.event, language)} ×{formatNumber(entry.count ?? 1, { places: 3, trim: true })}
                {entry.amount != null && ` · ${t("yuan", { n: formatNumber(entry.amount, { places: 2, trim: true }) })}`}
              </b>
              {entry.state === "changed" && <Tag tone="accent">{t("entryChanged")}</Tag>}
              {entry.state === "unchanged" && <Tag>{t("entryUnchanged")}</Tag>}
            </li>
          </Fragment>
        ))}
      </ol>
      {said.size > 0 && (
        <p className={styles.said}>
          {[...said].map(([dim, member]) => (
            <span key={dim}>
              {fieldName(raw, dim, language)} <b>{member}</b>
            </span>
          ))}
        </p>
      )}
    </>
  );
}
