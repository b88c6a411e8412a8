import { memo, useCallback, useMemo } from "react";
import { cellOf, useCatalog, type Answer, type Cell, type Question } from "@/api";
import { useLanguage, useTexts } from "@/i18n";
import type { DayNumber, Grain, Period } from "@/state/period";
import type { Versus, View } from "@/state/view";
import { BulletBar, classes, Delta, ErrorState, Figure, formatChange, formatFigure, formatRelative, formatShort, judge, sampleOf, Skeleton, Sparkline, useLatestWhen, usePhone, type Better, type ChangeText, type Unit } from "@/ui";
import { ratioNames } from "@/ui/figures/formula";
import type { OpenFigure } from "@/ui/figures/FigureSheet";
import { useAnswer } from "./data";
import { fromFirst, kTiles, lineOf, paceOf, sparkPeriod, targetOf, unitsOf, type DashboardQuestions, type Tile } from "./logic/model";
import styles from "./dashboard.module.css";
import { dashboardTexts } from "./texts";

export interface TilesProps {
  questions: DashboardQuestions;
  view: View;
  today: DayNumber;
  onOpen: (question: Question, column: string, cell: Cell, unit: Unit, title: string, more?: Partial<OpenFigure>) => void;
}

// What is counted, where the language says it with the number.
const kNoun: Partial<Record<Tile, string>> = { deals_count: "台", traffic_count: "批" };

// The six figures at the top: the value, what it was before, where it should be, and how it went.
export const Tiles = memo(function Tiles({ questions, view, today, onOpen }: TilesProps) {
  const t = useTexts(dashboardTexts);
  const yearAgo = useAnswer(questions.yearAgo);
  const previous = useAnswer(questions.previous);
  const targets = useAnswer(questions.targets);
  const { data: spark, isPlaceholderData: oldSpark } = useAnswer(questions.spark);
  const asked = useMemo(() => {
    const { grain, period } = sparkPeriod(view.period, today);
    return { grain, units: unitsOf(period, grain) };
  }, [view.period, today]);
  // The line that is still shown has its own weeks.
  const { grain, units } = useLatestWhen(!oldSpark, asked);
  const dim = yearAgo.isPlaceholderData || previous.isPlaceholderData;
  const open = useCallback(
    (tile: Tile, unit: Unit, cell: Cell, answer: Answer, vs: "previous" | "yearAgo") => onOpen(questions[vs], tile, cell, unit, t(tile), { cutoff: answer.cutoff, explore: { to: "/explore", search: { v: tile } } }),
    [questions, onOpen, t],
  );
  if (previous.error && !previous.data) return <ErrorState error={previous.error} onRetry={() => void previous.refetch()} small />;
  return (
    <section className={classes(styles.tiles, dim && styles.dim)} aria-label={t("tiles")} aria-busy={dim || undefined}>
      {kTiles.map((tile, i) => (
        <div key={tile} className={classes(styles.tile, i === 0 && styles.hero)}>
          {yearAgo.data && previous.data ? (
            <TileContent tile={tile} yearAgo={yearAgo.data} previous={previous.data} targets={targets.data} targetsKnown={targets.isSuccess} spark={spark} grain={grain} units={units} vs={view.vs} period={view.period} today={today} onOpen={open} />
          ) : (
            <Skeleton height={92} />
          )}
        </div>
      ))}
    </section>
  );
});

interface TileProps {
  tile: Tile;
  yearAgo: Answer;
  previous: Answer;
  targets: Answer | undefined;
  targetsKnown: boolean; // not while they are asked for, nor where that failed
  spark: Answer | undefined;
  grain: Grain;
  units: string[];
  vs: Versus;
  period: Period;
  today: DayNumber;
  onOpen: (tile: Tile, unit: Unit, cell: Cell, answer: Answer, vs: "previous" | "yearAgo") => void;
}
function TileContent({ tile, previous, yearAgo, targets, targetsKnown, spark, grain, units, vs, period, today, onOpen }: TileProps) {
  const t = useTexts(dashboardTexts);
  const language = useLanguage();
  const catalog = useCatalog();
  const phone = usePhone();
  const kpi = catalog.kpi(tile);
  const now = cellOf(yearAgo.total, tile);
  const before = cellOf(previous.total, tile);
  const column = yearAgo.columns.find(({ name }) => name === tile);
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
  const line = lineOf(spark, tile, grain, units, (cell) => cell.value);
  const lastYear = fromFirst(lineOf(spark, tile, grain, units, (cell) => cell.vs?.value));
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
          cutoff={yearAgo.cutoff}
          judgeSample={unit === "percent"}
          onOpen={() => (first === "previous" ? onOpen(tile, unit, before, previous, "previous") : onOpen(tile, unit, now, yearAgo, "yearAgo"))}
        />
        {!phone && <Sparkline values={line} versus={lastYear} width={76} height={30} label={t("sparkText", { name, grain: catalog.dim(grain), values: line.map((value) => formatFigure(value, unit)).join(", ") })} />}
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
          <span>{targetsKnown && t("noTarget")}</span>
          {other}
        </p>
      )}
    </>
  );
}

