import { useId, useRef, useState, type KeyboardEvent } from "react";
import { useCatalog, type Schemas } from "@/api";
import { useTexts } from "@/i18n";
import { classes, useField } from "@/ui";
import styles from "../admin.module.css";
import { kpiTexts } from "./texts";

export interface CheckAnswer {
  ok: boolean;
  unit?: string | null;
  error?: { code?: string; message?: string; todo?: string; position?: number | null };
  uses: string[];
  completions: { text: string; kind: string; name: Schemas["Bilingual"]; from?: number }[];
}

// A formula as it is written: what may come next in a list under it, and the place where it is wrong underlined.
export function FormulaField({ value, onChange, onCaret, check, fresh }: { value: string; onChange: (text: string) => void; onCaret: (caret: number | null) => void; check: CheckAnswer | undefined; fresh: boolean }) {
  const t = useTexts(kpiTexts);
  const catalog = useCatalog();
  const field = useField();
  const list = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const [caret, setCaret] = useState<number | null>(null);
  const [at, setAt] = useState(0);
  const [hidden, setHidden] = useState(false);
  const move = (place: number | null) => {
    setCaret(place);
    onCaret(place);
  };
  const offered = caret === null || hidden || !fresh ? [] : (check?.completions ?? []).filter((item) => item.text !== value.slice(item.from ?? caret, caret)).slice(0, 8);
  const take = (item: CheckAnswer["completions"][number] | undefined) => {
    if (!item || caret === null) return;
    const from = item.from ?? caret;
    const place = from + item.text.length;
    onChange(value.slice(0, from) + item.text + value.slice(caret));
    move(place);
    setHidden(true);
    requestAnimationFrame(() => {
      area.current?.focus();
      area.current?.setSelectionRange(place, place);
    });
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || offered.length === 0) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setAt((now) => (now + (event.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length);
    } else if (event.key === "Tab" || (event.key === "Enter" && !event.ctrlKey)) {
      event.preventDefault();
      take(offered[Math.min(at, offered.length - 1)]);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      setHidden(true);
    }
  };
  const position = fresh && value.trim() !== "" ? (check?.error?.position ?? null) : null;
  return (
    <div className={styles.formulaBox}>
      <div className={styles.formulaWrap}>
        {/* The same text behind the field carries the mark of the mistake. */}
        <div className={styles.formulaGhost} aria-hidden>
          {position === null ? (
            value
          ) : (
            <>
              {value.slice(0, position - 1)}
              <mark>{/^[\p{L}\p{N}_]+/u.exec(value.slice(position - 1))?.[0] ?? (value.slice(position - 1, position) || " ")}</mark>
            </>
          )}
        </div>
        <textarea
          ref={area}
          rows={3}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          className={styles.formulaText}
          value={value}
          role="combobox"
          aria-expanded={offered.length > 0}
          aria-controls={list}
          aria-autocomplete="list"
          {...(offered.length > 0 ? { "aria-activedescendant": `${list}-${at}` } : {})}
          {...field}
          onChange={(event) => {
            onChange(event.target.value);
            move(event.target.selectionStart);
            setAt(0);
            setHidden(false);
          }}
          onSelect={(event) => event.currentTarget === document.activeElement && event.currentTarget.selectionStart !== caret && caret !== null && move(event.currentTarget.selectionStart)}
          onBlur={() => move(null)}
          onKeyDown={onKey}
        />
      </div>
      {offered.length > 0 && (
        <div className={styles.offered}>
          <ul id={list} role="listbox" aria-label={t("completions")}>
            {offered.map((item, i) => (
              // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the keys are handled in the field
              <li
                key={`${item.kind}:${item.text}`}
                id={`${list}-${i}`}
                role="option"
                aria-selected={i === at}
                className={classes(styles.offer, i === at && styles.offerAt)}
                onMouseDown={(event) => event.preventDefault()}
                onMouseEnter={() => setAt(i)}
                onClick={() => take(item)}
              >
                <code>{item.text}</code>
                <span>{catalog.text(item.name)}</span>
              </li>
            ))}
          </ul>
          <p className={styles.offeredHow}>{t("completionsHow")}</p>
        </div>
      )}
    </div>
  );
}
