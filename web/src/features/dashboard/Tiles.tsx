import { cellOf, useCatalog, type Answer } from "@/api";
import { useLanguage, useTexts } from "@/i18n";
import type { DayNumber, Period } from "@/state/period";
import type { Versus } from "@/state/view";
import { BulletBar, classes, Delta, Figure, formatChange, formatFigure, formatRelative, formatShort, judge, sampleOf, Skeleton, Sparkline, usePhone, type Better, type ChangeText, type Unit } from "@/ui";
import { ratioNames } from "@/ui/figures/formula";
import { fromFirst, kTiles, lineOf, paceOf, targetOf, type Tile } from "./logic/model";
import styles from "./dashboard.module.css";
import { dashboardTexts } from "./texts";

export interface TilesProps {
  previous: Answer | undefined;
  yearAgo: Answer | undefined;
  targets: Answer | undefined;
  spark: { answer: Answer | undefined; grain: string; units: string[] };
  vs: Versus;
  period: Period;
  today: DayNumber;
  dim: boolean;
  onOpen: (tile: Tile, question: "previous" | "year-ago") => void;
}

// What is counted, where the language says it with the number.
const kNoun: Partial<Record<Tile, string>> = { deals_count: "台", traffic_count: "批" };

// The six figures at the top: the value, what it was before, where it should be, and how it went.
export function Tiles(props: TilesProps) {
  const t = useTexts(dashboardTexts);
  const ready = props.yearAgo && props.previous;
  return (
    <section className={classes(styles.tiles, props.dim && styles.dim)} aria-label={t("tiles")} aria-busy={props.dim || undefined}>
      {kTiles.map((tile, i) => (
        <div key={tile} className={classes(styles.tile, i === 0 && styles.hero)}>
          {ready ? <TileContent tile={tile} {...props} /> : <Skeleton height={92} />}
        </div>
      ))}
    </section>
  );
}

function TileContent({ tile, previous, yearAgo, targets, spark, vs, period, today, onOpen }: TilesProps & { tile: Tile }) {
  const t = useTexts(dashboardTexts);
  const language = useLanguage();
  const catalog = useCatalog();
  const phone = usePhone();
  const kpi = catalog.kpi(tile);
  const now = cellOf(yearAgo!.total, tile);
  const before = cellOf(previous!.total, tile);
  const column = yearAgo!.columns.find(({ name }) => name === tile);
  const unit: Unit = column?.unit ?? "count";
  // Of few cases a change is shown and not judged.
  const better: Better = unit === "percent" && sampleOf(now.den) !== "ok" ? "none" : (column?.better ?? "higher");
  const noun = language === "zh" ? (kNoun[tile] ?? "") : "";
  const name = t(tile);

  const changeOf = (cell: typeof now): ChangeText | null => (unit === "percent" ? formatChange(cell.change, unit, language) : formatRelative(cell.value, cell.vs?.value));
  const yoy = changeOf(now);
  const mom = changeOf(before);
  const first = vs === "previous" ? "previous" : vs === "none" ? null : "year-ago";
  const marks = { previous: mom && <Delta change={mom} better={better} note={t("mom")} />, "year-ago": yoy && <Delta change={yoy} better={better} note={t("yoy")} /> };
  const other = first === "previous" ? marks["year-ago"] : marks.previous;

  const goal = targetOf(targets, tile);
  const pace = paceOf(goal, unit, period, today);
  const due = pace ?? goal;
  const gap = goal !== null && now.value != null && due !== null ? formatChange(now.value - due, unit, language, noun) : null;
  const verdict = gap ? judge(gap.direction, better) : "neutral";
  const line = lineOf(spark.answer, tile, spark.grain, spark.units, (cell) => cell.value);
  const lastYear = fromFirst(lineOf(spark.answer, tile, spark.grain, spark.units, (cell) => cell.vs?.value));
  const names = kpi ? ratioNames(kpi.formula) : null;
  const show = (value: number | null | undefined) => formatShort(value, unit, language, noun);
  const note = [`${t("previous")} ${show(before.vs?.value)}`, `${t("yearAgo")} ${show(now.vs?.value)}`].join(" · ");

  return (
    <>
      <div className={styles.tileHead}>
        <h2 className={styles.tileName}>{name}</h2>
        {first && marks[first]}
      </div>
      <div className={styles.tileBody}>
        <Figure
          cell={now}
          unit={unit}
          place="tile"
          noun={noun}
          label={name}
          title={name}
          {...(names ? { numName: catalog.name(names[0]), denName: catalog.name(names[1]) } : {})}
          definition={kpi && catalog.text(kpi.meaning)}
          note={note}
          cutoff={yearAgo!.cutoff}
          judgeSample={unit === "percent"}
          onOpen={() => onOpen(tile, first ?? "year-ago")}
        />
        {!phone && <Sparkline values={line} versus={lastYear} width={76} height={30} label={t("sparkText", { name, grain: catalog.dim(spark.grain), values: line.map((value) => formatFigure(value, unit)).join(", ") })} />}
      </div>
      {goal !== null ? (
        <>
          <BulletBar value={now.value} max={goal} tick={pace} tone={verdict === "bad" ? "bad" : verdict === "good" ? "good" : "accent"} label={`${t("target", { value: show(goal) })}: ${show(now.value)}`} />
          <p className={styles.tileFoot}>
            <span title={pace === null ? undefined : t("paceNote")}>{pace === null ? t("target", { value: show(goal) }) : t("targetPace", { value: show(goal), pace: show(Math.round(pace)) })}</span>
            <Delta change={gap} better={better} kind="target" />
          </p>
        </>
      ) : (
        <p className={styles.tileFoot}>
          <span>{t("noTarget")}</span>
          {other}
        </p>
      )}
    </>
  );
}

