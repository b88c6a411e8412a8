import type { ReactNode } from "react";
import { useLanguage, useTexts } from "@/i18n";
import { wilson } from "./figures/interval";
import { formatFigure, formatInstant, formatNumber, formatTile, sampleOf, type Unit, type Value } from "./format";
import { classes } from "./hooks";
import styles from "./Figure.module.css";
import { Tooltip } from "./tooltip";
import { uiTexts } from "./texts";

// A number that opens. Hover, focus or a long press shows what it is made of; a click asks the page to show more.

export interface FigureValue {
  value: Value;
  num?: Value;
  den?: Value;
}
export interface FigureProps {
  cell: FigureValue;
  unit: Unit;
  place?: "table" | "tile";
  places?: number;
  noun?: string; // unit of a count: 台
  title?: ReactNode; // first line of the explanation: "All 8 dealers · August"
  numName?: string; // "orders"
  denName?: string;
  definition?: ReactNode;
  cutoff?: string | null; // instant
  note?: ReactNode; // one more line
  // Small samples are greyed and marked unless the page does so itself.
  judgeSample?: boolean;
  onOpen?: () => void;
  label?: string; // said before the value by screen readers
  className?: string;
}

export function Figure(props: FigureProps) {
  const { cell, unit, place = "table", places, noun = "", onOpen, label, judgeSample = false, className } = props;
  const t = useTexts(uiTexts);
  const language = useLanguage();
  const sample = cell.den !== undefined && unit === "percent" ? sampleOf(cell.den) : "ok";
  const muted = judgeSample && (sample === "small" || sample === "counts");

  let shown: ReactNode;
  if (judgeSample && sample === "counts" && cell.num != null) {
    shown = `${formatNumber(cell.num)} / ${formatNumber(cell.den)}`;
  } else if (place === "tile") {
    const { prefix, number, suffix } = formatTile(cell.value, unit, language, noun);
    shown = (
      <>
        {prefix && <span className={styles.prefix}>{prefix}</span>}
        {number}
        {suffix && <span className={styles.suffix}>{suffix}</span>}
      </>
    );
  } else {
    shown = formatFigure(cell.value, unit, places === undefined ? {} : { places });
  }
  const content = <FigureTip {...props} />;
  // The exact numbers of the answer, so that what is seen can be compared with API, command line and Excel.
  const exact = { "data-value": cell.value ?? "null", "data-num": cell.num ?? undefined, "data-den": cell.den ?? undefined };
  const classNames = classes(place === "tile" ? styles.tile : styles.cell, muted && styles.muted, className);
  return (
    <Tooltip rich content={content}>
      {onOpen ? (
        <button type="button" className={classNames} onClick={onOpen} data-cell="" {...exact}>
          {label && <span className="sr-only">{label}: </span>}
          {shown}
          {muted && <span className="sr-only"> ({t("smallSample")})</span>}
        </button>
      ) : (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the explanation opens on focus
        <span className={classNames} tabIndex={0} {...exact}>
          {label && <span className="sr-only">{label}: </span>}
          {shown}
        </span>
      )}
    </Tooltip>
  );
}

function FigureTip({ cell, unit, title, numName, denName, definition, cutoff, note, onOpen, judgeSample }: FigureProps) {
  const t = useTexts(uiTexts);
  const language = useLanguage();
  const ratio = cell.num !== undefined && cell.den !== undefined && (cell.num !== null || cell.den !== null);
  const plain = (value: Value) => formatNumber(value, { places: 2, trim: true });
  const interval = unit === "percent" ? wilson(cell.num, cell.den) : null;
  const sample = ratio && unit === "percent" ? sampleOf(cell.den) : "ok";
  const exact = formatFigure(cell.value, unit, unit === "percent" ? { places: 1 } : {});
  return (
    <div className={styles.tip}>
      {title && <p className={styles.tipTitle}>{title}</p>}
      {ratio ? (
        <p>
          {plain(cell.num)} {numName} ÷ {plain(cell.den)} {denName} = {exact}
        </p>
      ) : (
        <p>{exact}</p>
      )}
      {ratio && cell.value == null && <p className={styles.tipNote}>{t("noDenominator")}</p>}
      {interval && (
        <p className={styles.tipNote}>
          {t("interval")} {formatFigure(interval.low, "percent")} – {formatFigure(interval.high, "percent")}
        </p>
      )}
      {judgeSample && (sample === "small" || sample === "counts") && <p className={styles.tipNote}>{t(sample === "small" ? "smallSampleWhy" : "countsOnly")}</p>}
      {definition && <p className={styles.tipNote}>{definition}</p>}
      {note && <p className={styles.tipNote}>{note}</p>}
      {cutoff && <p className={styles.tipNote}>{t("cutoff", { at: formatInstant(cutoff, language) })}</p>}
      {onOpen && <p className={styles.tipLink}>{t("openRecords")}</p>}
    </div>
  );
}

// A rate of few cases, marked as such.
export function SmallSampleTag() {
  const t = useTexts(uiTexts);
  return (
    <span className={styles.smallTag} title={t("smallSampleWhy")}>
      {t("smallSample")}
    </span>
  );
}

