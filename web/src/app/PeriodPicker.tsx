import { ChevronDown, ChevronLeft, ChevronRight } from "lucide-react";
import { useState } from "react";
import { useLanguage, useTexts } from "@/i18n";
import {
  civil,
  formatIso,
  formatPeriod,
  isPartial,
  kPresets,
  parseIso,
  periodLabel,
  periodOf,
  periodShortLabel,
  preset,
  step,
  toDateLabel,
  unitAt,
  unitsOfYear,
  type Period,
} from "@/state/period";
import { useToday } from "@/state/today";
import { useView } from "@/state/view";
import { Button, classes, Field, IconButton, Popover, SegmentedControl, TextInput } from "@/ui";
import styles from "./PeriodPicker.module.css";
import { appTexts } from "./texts";

// Of when: arrows step, the middle opens the choice.
export function PeriodPicker({ phone = false }: { phone?: boolean }) {
  const t = useTexts(appTexts);
  const language = useLanguage();
  const today = useToday();
  const view = useView();
  const [open, setOpen] = useState(false);
  const { period } = view;
  const label = periodLabel(period, language);
  const partial = toDateLabel(period, language, today);

  const chooser = (
    <Chooser
      period={period}
      choose={(next) => {
        view.set({ period: next });
        setOpen(false);
      }}
    />
  );
  if (phone) {
    const short = periodShortLabel(period, language, today);
    return (
      <Popover
        label={t("period")}
        open={open}
        onOpenChange={setOpen}
        trigger={
          <button type="button" className={styles.phone}>
            <span className="sr-only">{t("period")}: </span>
            <b>{isPartial(period, today) && period.kind !== "range" ? t("toDate", { period: short }) : short}</b>
            <ChevronDown size={14} aria-hidden />
          </button>
        }
      >
        <div className={styles.phoneSteps}>
          <Button icon={ChevronLeft} onClick={() => view.set({ period: step(period, -1) })}>
            {periodShortLabel(step(period, -1), language, today)}
          </Button>
          <Button onClick={() => view.set({ period: step(period, 1) })}>
            {periodShortLabel(step(period, 1), language, today)} <ChevronRight size={14} aria-hidden />
          </Button>
        </div>
        {chooser}
      </Popover>
    );
  }
  return (
    <span className={styles.group}>
      <IconButton label={`${t("earlier")} [`} data-step="-1" icon={ChevronLeft} className={styles.arrow} onClick={() => view.set({ period: step(period, -1) })} />
      <Popover
        label={t("period")}
        open={open}
        onOpenChange={setOpen}
        trigger={
          <button type="button" className={styles.trigger}>
            <span className="sr-only">{t("period")}: </span>
            <b>{label}</b>
            {partial && <span className={styles.partial}>{partial}</span>}
          </button>
        }
      >
        {chooser}
      </Popover>
      <IconButton label={`${t("later")} ]`} data-step="1" icon={ChevronRight} className={styles.arrow} onClick={() => view.set({ period: step(period, 1) })} />
    </span>
  );
}

type Grid = "month" | "quarter" | "week" | "year" | "range";

function Chooser({ period, choose }: { period: Period; choose: (period: Period) => void }) {
  const t = useTexts(appTexts);
  const language = useLanguage();
  const today = useToday();
  const chosen = formatPeriod(period);
  const [grid, setGrid] = useState<Grid>(period.kind === "quarter" || period.kind === "week" || period.kind === "year" ? period.kind : period.kind === "half" ? "quarter" : period.kind === "month" ? "month" : period.kind === "day" || period.kind === "range" ? "range" : "month");
  const [year, setYear] = useState(civil(period.to).year);

  const units: Period[] =
    grid === "year"
      ? Array.from({ length: 9 }, (_, i) => unitAt(parseIso(`${String(year - 7 + i).padStart(4, "0")}-01-01`) ?? today, "year"))
      : grid === "quarter"
        ? [...unitsOfYear(year, "quarter"), ...unitsOfYear(year, "half")]
        : grid === "range"
          ? []
          : unitsOfYear(year, grid);
  const short = (unit: Period) => {
    if (unit.kind === "year") return periodLabel(unit, language);
    const full = periodLabel(unit, language);
    return language === "zh" ? full.replace(/^\d+年 ?/, "") : full.replace(/ \d+$/, "");
  };

  return (
    <div className={styles.chooser}>
      <ul className={styles.presets}>
        {kPresets.map((id) => {
          const unit = preset(id, today);
          return (
            <li key={id}>
              <button type="button" className={classes(styles.preset, formatPeriod(unit) === chosen && styles.chosen)} onClick={() => choose(unit)}>
                {t(id)}
              </button>
            </li>
          );
        })}
      </ul>
      <div className={styles.right}>
        <SegmentedControl
          label={t("period")}
          value={grid}
          onChange={setGrid}
          options={[
            { value: "month", label: t("months") },
            { value: "quarter", label: t("quarters") },
            { value: "week", label: t("weeks") },
            { value: "year", label: t("years") },
            { value: "range", label: t("custom") },
          ]}
        />
        {grid === "range" ? (
          <RangeForm period={period} choose={choose} />
        ) : (
          <>
            <div className={styles.yearRow}>
              <IconButton small label={t("earlierYear")} icon={ChevronLeft} tip={false} onClick={() => setYear(Math.max(1, year - (grid === "year" ? 9 : 1)))} />
              {grid === "year" ? (
                <b>
                  {year - 7}–{year + 1}
                </b>
              ) : (
                <button type="button" className={classes(styles.year, chosen === String(year) && styles.chosen)} onClick={() => choose(unitAt(parseIso(`${String(year).padStart(4, "0")}-01-01`)!, "year"))}>
                  {t("whole", { year })}
                </button>
              )}
              <IconButton small label={t("laterYear")} icon={ChevronRight} tip={false} onClick={() => setYear(Math.min(9990, year + (grid === "year" ? 9 : 1)))} />
            </div>
            <div className={classes(styles.grid, styles[`grid_${grid}`])}>
              {units.map((unit) => (
                <button
                  key={formatPeriod(unit)}
                  type="button"
                  className={classes(styles.cell, formatPeriod(unit) === chosen && styles.chosen, unit.from > today && styles.future, isPartial(unit, today) && styles.now)}
                  aria-pressed={formatPeriod(unit) === chosen}
                  aria-label={periodLabel(unit, language)}
                  onClick={() => choose(unit)}
                >
                  {short(unit)}
                </button>
              ))}
            </div>
          </>
        )}
      </div>
    </div>
  );
}

function RangeForm({ period, choose }: { period: Period; choose: (period: Period) => void }) {
  const t = useTexts(appTexts);
  const [from, setFrom] = useState(formatIso(period.from));
  const [to, setTo] = useState(formatIso(period.to));
  const first = parseIso(from);
  const last = parseIso(to);
  const wrong = first !== null && last !== null && last < first;
  return (
    <form
      className={styles.range}
      onSubmit={(event) => {
        event.preventDefault();
        if (first !== null && last !== null && !wrong) choose(periodOf(first, last));
      }}
    >
      <Field label={t("from")}>
        <TextInput type="date" value={from} onChange={setFrom} />
      </Field>
      <Field label={t("to")} error={wrong ? t("rangeOrder") : undefined}>
        <TextInput type="date" value={to} onChange={setTo} />
      </Field>
      <Button type="submit" kind="primary" disabled={first === null || last === null || wrong}>
        {t("apply")}
      </Button>
    </form>
  );
}
