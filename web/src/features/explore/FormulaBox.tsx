import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useId, useRef, useState, type KeyboardEvent } from "react";
import { api, data, useCatalog } from "@/api";
import { useTexts } from "@/i18n";
import { Button, classes, TextInput, useDebounced } from "@/ui";
import styles from "./explore.module.css";
import { valueParts } from "./logic/state";
import { exploreTexts } from "./texts";

// The formula of the chosen value. Changed, it becomes a formula of one's own: checked while it is written, with what
// may come next, and with the place where it is wrong.
export function FormulaBox({ value, onApply, onAdd }: { value: string | undefined; onApply: (text: string) => void; onAdd: (text: string) => void }) {
  const t = useTexts(exploreTexts);
  const catalog = useCatalog();
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const parts = valueParts(value ?? "");
  const kpi = parts.named ? undefined : catalog.kpi(parts.formula);
  const base = kpi?.formula ?? parts.formula;

  const [text, setText] = useState(base);
  const [name, setName] = useState(parts.named ? parts.name : "");
  const [caret, setCaret] = useState<number | null>(null);
  const [at, setAt] = useState(0);
  const [quiet, setQuiet] = useState(false); // the completions were put away

  const edited = text.trim() !== base.trim() || (parts.named && name !== parts.name);
  const formula = useDebounced(text, 150);
  const cursor = useDebounced(caret, 150);
  const check = useQuery({
    queryKey: ["check", formula, cursor],
    queryFn: ({ signal }) => data(api.POST("/api/v1/kpi/check", { body: { formula, cursor }, signal })),
    enabled: formula.trim() !== "" && (edited || cursor !== null),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
  const fresh = !check.isPlaceholderData && formula === text;
  const error = edited && fresh && check.data && !check.data.ok ? check.data.error : undefined;
  const completions = caret !== null && !quiet && fresh && cursor === caret ? (check.data?.completions ?? []).filter((item) => item.text !== text.slice(item.from ?? 0, caret)) : [];
  const shown = completions.slice(0, 8);

  const complete = (item: { text: string; from?: number } | undefined) => {
    if (!item || caret === null) return;
    const from = item.from ?? caret;
    const next = text.slice(0, from) + item.text + text.slice(caret);
    const place = from + item.text.length;
    setText(next);
    setCaret(place);
    setQuiet(true);
    requestAnimationFrame(() => area.current?.setSelectionRange(place, place));
  };
  const whole = () => (name.trim() ? `${name.trim()}=${text.trim()}` : text.trim());
  const usable = text.trim() !== "" && edited && fresh && check.data?.ok === true;

  const onKey = (event: KeyboardEvent) => {
    if (shown.length > 0) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        setAt((now) => Math.max(0, Math.min(shown.length - 1, now + (event.key === "ArrowDown" ? 1 : -1))));
        return;
      }
      if (event.key === "Tab" || (event.key === "Enter" && !event.ctrlKey && !event.metaKey)) {
        event.preventDefault();
        complete(shown[at]);
        return;
      }
      if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        setQuiet(true);
        return;
      }
    }
    if (event.key === "Enter") {
      event.preventDefault();
      if (usable) onApply(whole());
    }
  };

  return (
    <div className={styles.formula}>
      <div className={styles.formulaBox}>
        <textarea
          ref={area}
          rows={3}
          spellCheck={false}
          autoCapitalize="off"
          className={classes(styles.formulaText, error && styles.formulaWrong)}
          aria-label={t("formula")}
          aria-describedby={`${id}-note`}
          aria-invalid={error ? true : undefined}
          aria-autocomplete="list"
          aria-controls={shown.length > 0 ? `${id}-list` : undefined}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setCaret(event.target.selectionStart);
            setAt(0);
            setQuiet(false);
          }}
          onBlur={() => setCaret(null)}
          onKeyDown={onKey}
        />
        {shown.length > 0 && (
          <ul id={`${id}-list`} role="listbox" aria-label={t("completions")} className={styles.completions}>
            {shown.map((item, i) => (
              // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the keys are handled in the field
              <li key={`${item.kind}:${item.text}`} role="option" aria-selected={i === at} className={classes(styles.hit, i === at && styles.hitAt)} onMouseDown={(event) => event.preventDefault()} onMouseEnter={() => setAt(i)} onClick={() => complete(item)}>
                <code className={styles.hitName}>{item.text}</code>
                <span className={styles.note}>{catalog.text(item.name)}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
      <div id={`${id}-note`}>
        {error ? (
          <p className={styles.formulaError} role="alert">
            {error.position != null && (
              <code className={styles.wrongAt} aria-hidden>
                {text.slice(Math.max(0, error.position - 17), error.position - 1)}
                <mark>{text.slice(error.position - 1, error.position + 12) || " "}</mark>
              </code>
            )}
            {error.message} {error.todo}
          </p>
        ) : (
          <p className={styles.shelfEmpty}>{edited && usable ? t("formulaOk") : t("formulaHint")}</p>
        )}
      </div>
      {edited && (
        <>
          <TextInput aria-label={t("formulaName")} placeholder={t("formulaName")} value={name} maxLength={60} onChange={setName} />
          <div className={styles.formulaActions}>
            {value !== undefined && (
              <Button small kind="primary" disabled={!usable} onClick={() => onApply(whole())}>
                {t("apply")}
              </Button>
            )}
            <Button small disabled={!usable} onClick={() => onAdd(whole())}>
              {t("addFormula")}
            </Button>
            <Button
              small
              kind="ghost"
              onClick={() => {
                setText(base);
                setName(parts.named ? parts.name : "");
              }}
            >
              {t("resetFormula")}
            </Button>
          </div>
        </>
      )}
    </div>
  );
}
