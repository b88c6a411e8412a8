import { Command } from "cmdk";
import { Check, ChevronDown, X } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { useTexts } from "@/i18n";
import styles from "./Combobox.module.css";
import { useField, type Option } from "./form";
import formStyles from "./form.module.css";
import { classes } from "./hooks";
import { Popover } from "./overlay";
import { uiTexts } from "./texts";

// One or several of a long list, found by typing. With `onSearch` the list comes from elsewhere: give what was found as
// `options`; without, the options are filtered here by label, hint and value.

export interface ComboboxOption extends Option {
  group?: string;
  keywords?: string; // also found by these
}
interface Common {
  options: ComboboxOption[];
  label: string;
  placeholder?: string;
  onSearch?: (text: string) => void;
  loading?: boolean;
  more?: ReactNode; // at the end of the list: "17 more"
  className?: string;
  disabled?: boolean;
  // A text that is in no list, where one may be typed: shown as the last choice.
  create?: (text: string) => string;
}
export interface ComboboxProps extends Common {
  value: string;
  onChange: (value: string) => void;
  shown?: string; // of a value that is not among the options
  clearable?: boolean;
}
export interface MultiComboboxProps extends Common {
  values: string[];
  onChange: (values: string[]) => void;
  labelOf?: (value: string) => string; // of values that are not among the options
}

function groupsOf(options: ComboboxOption[]): [string, ComboboxOption[]][] {
  const groups = new Map<string, ComboboxOption[]>();
  for (const option of options) {
    const key = option.group ?? "";
    groups.set(key, [...(groups.get(key) ?? []), option]);
  }
  return [...groups];
}

// Matches when every word of the search is somewhere in the text; earlier is better.
export function matches(text: string, search: string): number {
  const hay = text.normalize("NFKC").toLowerCase();
  let score = 1;
  for (const word of search.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean)) {
    const at = hay.indexOf(word);
    if (at < 0) return 0;
    score *= 1 / (1 + at * 0.02);
  }
  return score;
}

function List({ options, chosen, pick, onSearch, loading, more, label, create }: Common & { chosen: ReadonlySet<string>; pick: (value: string) => void }) {
  const t = useTexts(uiTexts);
  const [search, setSearch] = useState("");
  const typed = search.trim();
  // A list that comes from elsewhere is marked at its first line whenever it has changed, so that Enter takes it.
  const [marked, setMarked] = useState("");
  const found = onSearch ? options.map((option) => option.value).join("\n") : "";
  useEffect(() => {
    if (onSearch) setMarked(found.split("\n")[0] || (typed ? `create:${typed}` : ""));
    // eslint-disable-next-line react-hooks/exhaustive-deps -- by what was found, not by each letter
  }, [found]);
  return (
    <Command
      label={label}
      className={styles.command}
      {...(onSearch ? { value: marked, onValueChange: setMarked } : {})}
      shouldFilter={!onSearch}
      filter={(_value, query, keywords) => matches((keywords ?? []).join(" "), query)}
    >
      <div className={styles.searchRow}>
        <Command.Input
          autoFocus
          className={styles.search}
          placeholder={t("search")}
          value={search}
          onValueChange={(text) => {
            setSearch(text);
            onSearch?.(text);
          }}
        />
      </div>
      <Command.List className={styles.options} label={label}>
        {loading ? <Command.Loading>{<p className={styles.note}>{t("loading")}</p>}</Command.Loading> : <Command.Empty className={styles.note}>{t("noMatch")}</Command.Empty>}
        {groupsOf(options).map(([group, list]) => (
          <Command.Group key={group} heading={group || undefined} className={styles.group}>
            {list.map((option) => (
              <Command.Item
                key={option.value}
                value={option.value}
                keywords={[option.label, option.hint ?? "", option.keywords ?? "", option.value]}
                disabled={option.disabled ?? false}
                className={styles.option}
                onSelect={() => pick(option.value)}
              >
                <span className={styles.tick}>{chosen.has(option.value) && <Check size={14} aria-hidden />}</span>
                <span className={styles.text}>{option.label}</span>
                {option.hint && <span className={styles.hint}>{option.hint}</span>}
                {chosen.has(option.value) && <span className="sr-only">✓</span>}
              </Command.Item>
            ))}
          </Command.Group>
        ))}
        {create && typed && !options.some((option) => option.value === typed) && (
          <Command.Item key="create" value={`create:${typed}`} keywords={[typed]} forceMount className={styles.option} onSelect={() => pick(typed)}>
            <span className={styles.tick} />
            <span className={styles.text}>{create(typed)}</span>
          </Command.Item>
        )}
        {more && <p className={styles.note}>{more}</p>}
      </Command.List>
    </Command>
  );
}

export function Combobox({ value, onChange, shown, clearable, placeholder, className, disabled, ...rest }: ComboboxProps) {
  const t = useTexts(uiTexts);
  const field = useField();
  const [open, setOpen] = useState(false);
  const current = rest.options.find((option) => option.value === value)?.label ?? shown ?? value;
  return (
    <span className={classes(styles.root, className)}>
      <Popover
        label={rest.label}
        open={open}
        onOpenChange={setOpen}
        padded={false}
        trigger={
          <button type="button" role="combobox" aria-expanded={open} aria-haspopup="dialog" aria-controls={undefined} aria-label={field.id ? undefined : rest.label} className={classes(formStyles.input, formStyles.select)} disabled={disabled} data-placeholder={value ? undefined : ""} {...field}>
            <span className={formStyles.selected}>{value ? current : (placeholder ?? t("choose"))}</span>
            <ChevronDown size={14} className={formStyles.chevron} aria-hidden />
          </button>
        }
      >
        <List
          {...rest}
          chosen={new Set(value ? [value] : [])}
          pick={(next) => {
            onChange(next);
            setOpen(false);
          }}
        />
      </Popover>
      {clearable && value && (
        <button type="button" className={styles.clear} aria-label={t("clear")} onClick={() => onChange("")}>
          <X size={14} aria-hidden />
        </button>
      )}
    </span>
  );
}

export function MultiCombobox({ values, onChange, labelOf, placeholder, className, disabled, ...rest }: MultiComboboxProps) {
  const t = useTexts(uiTexts);
  const field = useField();
  const [open, setOpen] = useState(false);
  const name = (value: string) => rest.options.find((option) => option.value === value)?.label ?? labelOf?.(value) ?? value;
  const summary = values.length === 0 ? (placeholder ?? t("choose")) : values.length <= 2 ? values.map(name).join(" · ") : t("chosen", { n: values.length, count: values.length });
  return (
    <span className={classes(styles.root, className)}>
      <Popover
        label={rest.label}
        open={open}
        onOpenChange={setOpen}
        padded={false}
        trigger={
          <button type="button" role="combobox" aria-expanded={open} aria-haspopup="dialog" aria-controls={undefined} aria-label={field.id ? undefined : rest.label} className={classes(formStyles.input, formStyles.select)} disabled={disabled} data-placeholder={values.length ? undefined : ""} {...field}>
            <span className={formStyles.selected}>{summary}</span>
            <ChevronDown size={14} className={formStyles.chevron} aria-hidden />
          </button>
        }
      >
        <List {...rest} chosen={new Set(values)} pick={(next) => onChange(values.includes(next) ? values.filter((value) => value !== next) : [...values, next])} />
      </Popover>
      {values.length > 0 && (
        <button type="button" className={styles.clear} aria-label={t("clear")} onClick={() => onChange([])}>
          <X size={14} aria-hidden />
        </button>
      )}
    </span>
  );
}
