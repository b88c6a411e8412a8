import { ArrowRight, KeyRound } from "lucide-react";
import { useMemo, useState } from "react";
import { useCatalog } from "@/api";
import { plain, rich, useLanguage, useTexts } from "@/i18n";
import { remember, remembered } from "@/state/settings";
import { Banner, Button, classes, Combobox, formatNumber, Panel, Select, Tag, Tooltip, type ComboboxOption } from "@/ui";
import { Constants } from "./Constants";
import type { Draft } from "./data";
import styles from "./imports.module.css";
import { mergedSpellings, translationsOf } from "./logic/draft";
import { choices, chosen, dateColumns, fieldName, keyOf, kGroups, meaningLabel, withMeaning, type Group } from "./logic/meaning";
import type { Import, ImportColumn, Meaning } from "./logic/types";
import { texts } from "./texts";
import { Translations } from "./Translations";

// Left half of the wizard: every column of the file, with samples, and what it means.
export function Columns({ draft, edit, confirmed: checked, onConfirm: confirm }: { draft: Import; edit: Draft; confirmed: ReadonlySet<string>; onConfirm: (column: string) => void }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const { raw, dimLabel } = useCatalog();
  const [valuesOpen, setValuesOpen] = useState(false);
  const columns = useMemo(() => draft.columns ?? [], [draft.columns]);

  const options = useMemo<ComboboxOption[]>(() => {
    if (!raw) return [];
    const name: Record<Group, string> = {
      long: draft.kind === "readings" ? t("groupLongReadings") : t("groupLong"),
      fields: t("groupFields"),
      dates: t("groupDates"),
      flags: t("groupFlags"),
      amounts: t("groupAmounts"),
      counts: t("groupCounts"),
      none: t("groupNone"),
    };
    const list = choices(raw, draft.kind, columns, language);
    // What is common for the kind comes first: fields and dates for customers and events, else the three of a reading.
    const order = draft.kind === "readings" ? kGroups : (["none", "fields", "dates", "flags", "amounts", "counts", "long"] as const);
    return order.flatMap((group) => list.filter((c) => c.group === group).map((c) => ({ value: c.key, label: c.label, group: name[group], keywords: c.words })));
  }, [raw, draft.kind, columns, language, t]);

  const set = (column: string, meaning: Meaning) => void edit.change({ columns: withMeaning(columns, column, meaning) });
  const merged = mergedSpellings(draft);
  const values = translationsOf(draft);
  const missing = draft.missing ?? [];
  const nothing = columns.length > 0 && columns.every((c) => c.meaning.role === "none");
  const hasKey = columns.some((c) => c.meaning.key);

  return (
    <Panel title={t("columns")} note={t("columnsNote")} flush className={styles.columns}>
      {nothing && (
        <div className={styles.inPanel}>
          <Banner kind="info">{t("nothingFound")}</Banner>
        </div>
      )}
      {missing.length > 0 && (
        <div className={styles.inPanel}>
          <Banner kind="warn">
            <b>{t("missing", { names: missing.map((m) => fieldName(raw, m, language)).join(language === "zh" ? "、" : ", ") })}</b> <span>{t("missingHow")}</span>
          </Banner>
        </div>
      )}
      {draft.usable && columns.every((c) => c.meaning.role === "none") && (
        <div className={styles.inPanel}>
          <Banner kind="info">{t("mappingBeyond")}</Banner>
        </div>
      )}
      <ul className={styles.columnList} aria-label={t("columns")}>
        {columns.map((column) => (
          <ColumnRow key={column.column} column={column} columns={columns} options={options} onChange={(meaning) => set(column.column, meaning)} confirmed={checked.has(column.column)} onConfirm={() => confirm(column.column)} />
        ))}
      </ul>
      {columns.length > 0 && !hasKey && !nothing && <p className={styles.keyNote}>{t("keyNone")}</p>}
      {values.length > 0 && (
        <div className={styles.mergedNote}>
          <span>
            {merged
              ? rich(
                  t("merged", {
                    cells: plain(merged.cells.slice(0, 3).map((cell) => t("quoted", { text: cell })).join(language === "zh" ? "" : ", ")) + (merged.cells.length > 3 ? "…" : ""),
                    code: plain(dimLabel(merged.field, merged.code)),
                  }),
                )
              : t("valuesCount", { n: formatNumber(values.length) })}
          </span>
          <Button kind="link" onClick={() => setValuesOpen(true)}>
            {t("values")}
          </Button>
        </div>
      )}
      <Constants draft={draft} edit={edit} />
      <Translations draft={draft} edit={edit} open={valuesOpen} onOpenChange={setValuesOpen} />
    </Panel>
  );
}

// What the person has looked at and found right, kept on this device.
export function useConfirmed(draft: Import): [ReadonlySet<string>, (column: string) => void] {
  const key = `import.${draft.id}.confirmed`;
  const [list, setList] = useState<string[]>(() => remembered<string[]>(key, []));
  return [
    useMemo(() => new Set(list), [list]),
    (column) => {
      const next = [...list, column];
      remember(key, next);
      setList(next);
    },
  ];
}

function ColumnRow({
  column,
  columns,
  options,
  onChange,
  confirmed,
  onConfirm,
}: {
  column: ImportColumn;
  columns: readonly ImportColumn[];
  options: ComboboxOption[];
  onChange: (meaning: Meaning) => void;
  confirmed: boolean;
  onConfirm: () => void;
}) {
  const t = useTexts(texts);
  const language = useLanguage();
  const { raw, text } = useCatalog();
  const { meaning, samples } = column;
  const none = meaning.role === "none";
  const waits = column.sure === "confirm" && !confirmed;
  const figure = meaning.role === "amount" || meaning.role === "value";
  const dates = dateColumns(columns).filter((name) => name !== column.column);
  const shown = samples.length > 0 ? samples.slice(0, 3).join(language === "zh" ? "、" : ", ") : t("empty");
  const label = meaningLabel(raw, meaning, language);
  return (
    <li className={styles.columnRow}>
      <span className={styles.columnName} title={column.column}>
        {column.column}
      </span>
      <span className={styles.samples} title={samples.join("\n")}>
        {(column.filled ?? 1) < 0.2 && samples.length === 0 ? t("mostlyEmpty") : shown}
      </span>
      <ArrowRight size={14} className={styles.arrow} aria-hidden />
      <span className={classes(styles.meaning, waits && styles.meaningWarn, none && styles.meaningNone)} title={label}>
        <Combobox label={t("meaningOf", { column: column.column })} value={keyOf(meaning)} shown={label} options={options} onChange={(key) => onChange(chosen(key, meaning, columns, column.column))} />
      </span>
      <Tooltip content={meaning.key ? t("keyOn", { column: column.column }) : t("keyOff", { column: column.column })}>
        <button
          type="button"
          className={styles.keyButton}
          aria-pressed={meaning.key ?? false}
          aria-label={meaning.key ? t("keyOn", { column: column.column }) : t("keyOff", { column: column.column })}
          onClick={() => {
            const next: Meaning = { ...meaning };
            if (meaning.key) delete next.key;
            else next.key = true;
            onChange(next);
          }}
        >
          <KeyRound size={14} aria-hidden />
          {meaning.key && <span>{t("key")}</span>}
        </button>
      </Tooltip>
      <span className={styles.sure}>
        {column.sure === "remembered" && <Tag tone="accent">{t("tagRemembered")}</Tag>}
        {column.sure === "recognised" && !none && <Tag tone="good">{t("tagRecognised")}</Tag>}
        {waits && <Tag tone="warn">{t("tagConfirm")}</Tag>}
        {column.sure === "confirm" && confirmed && <Tag tone="good">{t("tagConfirmed")}</Tag>}
        {(column.sure === "unused" || (column.sure === "recognised" && none)) && <Tag>—</Tag>}
      </span>
      {(meaning.role === "event_flag" || figure || (column.why && (waits || none))) && (
        <div className={styles.columnMore}>
          {column.why && (waits || none) && <span className={waits ? styles.why : "quiet"}>{text(column.why)}</span>}
          {meaning.role === "event_flag" && dates.length > 0 && (
            <span className={styles.inlineSelect}>
              {t("dateFrom")}
              <Select small label={`${column.column}: ${t("dateFrom")}`} value={meaning.at ?? ""} options={dates.map((name) => ({ value: name, label: name }))} onChange={(at) => onChange({ ...meaning, at })} />
            </span>
          )}
          {figure && (
            <span className={styles.inlineSelect}>
              {t("unit")}
              <Select
                small
                label={`${column.column}: ${t("unit")}`}
                value={String(meaning.scale ?? 1)}
                options={scales(meaning.scale).map((scale) => ({ value: String(scale), label: scaleLabel(scale, t) }))}
                onChange={(scale) => {
                  const next: Meaning = { ...meaning, scale: Number(scale) };
                  onChange(next);
                }}
              />
            </span>
          )}
          {waits && (
            <Button kind="link" small onClick={onConfirm}>
              {t("confirmIt")}
            </Button>
          )}
        </div>
      )}
    </li>
  );
}

const kScales = [1, 1000, 10000, 1000000] as const;
function scales(now: number | undefined): number[] {
  return now === undefined || (kScales as readonly number[]).includes(now) ? [...kScales] : [...kScales, now];
}
function scaleLabel(scale: number, t: (key: "unit1" | "unit1000" | "unit10000" | "unit1000000") => string): string {
  switch (scale) {
    case 1:
      return t("unit1");
    case 1000:
      return t("unit1000");
    case 10000:
      return t("unit10000");
    case 1000000:
      return t("unit1000000");
    default:
      return `× ${scale}`;
  }
}
