import { useId, useMemo, useState, type KeyboardEvent, type Ref } from "react";
import { useCatalog } from "@/api";
import { useTexts } from "@/i18n";
import { classes, matches } from "@/ui";
import styles from "./explore.module.css";
import { exploreTexts } from "./texts";

interface Hit {
  id: string;
  name: string;
  kind: "kpi" | "measure";
}
const kMost = 40;

// Finds a KPI or measure by either language, other names or id; Enter takes it.
export function FindBox({ taken, onTake, ref }: { taken: readonly string[]; onTake: (id: string) => void; ref?: Ref<HTMLInputElement> }) {
  const t = useTexts(exploreTexts);
  const catalog = useCatalog();
  const id = useId();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);

  const all = useMemo(() => {
    const kpis = (catalog.raw?.kpis ?? []).filter((kpi) => !kpi.parametric).map((kpi) => ({ id: kpi.id, name: catalog.text(kpi.name), kind: "kpi" as const, words: [kpi.name.zh, kpi.name.en, ...(kpi.also ?? []), kpi.id].join(" ") }));
    const measures = (catalog.raw?.measures ?? []).map((measure) => ({ id: measure.id, name: catalog.text(measure.name), kind: "measure" as const, words: [measure.name.zh, measure.name.en, measure.id].join(" ") }));
    return [...kpis, ...measures];
  }, [catalog]);
  const hits: Hit[] = useMemo(() => {
    if (text.trim() === "") return [];
    return all
      .map((item, i) => ({ item, i, score: matches(item.words, text) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score || a.i - b.i)
      .slice(0, kMost)
      .map(({ item }) => item);
  }, [all, text]);

  const shown = open && text.trim() !== "";
  const take = (hit: Hit | undefined) => {
    if (!hit) return;
    onTake(hit.id);
    setText("");
    setOpen(false);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      setAt((now) => Math.max(0, Math.min(hits.length - 1, now + (event.key === "ArrowDown" ? 1 : -1))));
    } else if (event.key === "Enter") {
      event.preventDefault();
      take(hits[at]);
    } else if (event.key === "Escape" && shown) {
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    }
  };

  return (
    <div className={styles.find}>
      <input
        ref={ref}
        type="search"
        role="combobox"
        aria-label={t("find")}
        aria-expanded={shown}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={shown && hits[at] ? `${id}-${at}` : undefined}
        className={styles.findInput}
        placeholder={t("find")}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKey}
      />
      <ul id={`${id}-list`} role="listbox" aria-label={t("find")} className={styles.hits} hidden={!shown}>
        {shown &&
          hits.map((hit, i) => (
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the keys are handled in the field
            <li
              key={`${hit.kind}:${hit.id}`}
              id={`${id}-${i}`}
              role="option"
              aria-selected={i === at}
              className={classes(styles.hit, i === at && styles.hitAt)}
              onMouseDown={(event) => event.preventDefault()}
              onMouseEnter={() => setAt(i)}
              onClick={() => take(hit)}
            >
              <span className={styles.hitName}>{hit.name}</span>
              <span className={styles.note}>{taken.includes(hit.id) ? t("added") : t(hit.kind)}</span>
              <span className={styles.hitId}>{hit.id}</span>
            </li>
          ))}
        {shown && hits.length === 0 && <li className={styles.hitNone}>{t("nothingFound")}</li>}
      </ul>
      <span className="sr-only" aria-live="polite">
        {shown ? t("found", { n: hits.length, count: hits.length }) : ""}
      </span>
    </div>
  );
}
