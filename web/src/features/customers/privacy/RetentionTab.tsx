import { useState, type ReactNode } from "react";
import { plain, rich, useLanguage, useTexts } from "@/i18n";
import { Link } from "@/state/page";
import { classes, EmptyState, ErrorState, formatDay, formatInstant, formatNumber, PageHead, Panel, SegmentedControl, Skeleton, Tag } from "@/ui";
import { useStaffName } from "../data";
import { useWithin } from "../Dealer";
import forms from "../customers.module.css";
import type { Dealer } from "../logic/dealer";
import { nameOf, useDue, useTerms, type DueList, type Terms } from "./data";
import { dayHere } from "./dialogs";
import styles from "./privacy.module.css";
import { texts } from "./texts";

const kSpans = ["30", "90", "365"] as const;
type Span = (typeof kSpans)[number];

const dayIn = (days: number) => {
  const day = new Date();
  day.setDate(day.getDate() + days);
  return dayHere(day);
};

// What is due when, and what was done about it.
export function RetentionTab({ dealer, tabs }: { dealer: Dealer; tabs: ReactNode }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const [span, setSpan] = useState<Span>("90");
  const until = dayIn(Number(span));
  const { data: due, error, refetch, isPlaceholderData } = useDue(dealer.id, until);
  const { data: terms } = useTerms();
  const count = (of: "due" | "soon" | "kept") => due?.rules.reduce((sum, rule) => sum + rule[of], 0) ?? 0;
  const all = count("due") + count("soon");
  const dealerName = plain(dealer.name || dealer.code);
  const day = plain(formatDay(until, language, { year: true }));
  const run = due?.last_run;
  const ran = !due ? undefined : !run ? t("neverRun") : run.finished_at ? t("lastRun", { at: formatInstant(run.finished_at, language, { year: true }) }) : t("lastRunOpen", { at: formatInstant(run.started_at, language, { year: true }) });
  return (
    <div className={forms.page}>
      <PageHead title={t("privacy")} result={due && rich(all === 0 ? t("dueNone", { dealer: dealerName, day }) : t("dueLead", { dealer: dealerName, day, n: formatNumber(all), now: formatNumber(count("due")), count: all }))} />
      {tabs}
      <div className={styles.bar}>
        <SegmentedControl label={t("within")} value={span} onChange={setSpan} options={kSpans.map((value) => ({ value, label: t(`days${value}`) }))} />
      </div>
      {error && <ErrorState error={error} onRetry={() => void refetch()} />}
      {(!due || !terms) && !error && (
        <Panel>
          <Skeleton lines={6} height={24} />
        </Panel>
      )}
      {due && terms && (
        <>
          <Panel title={t("rules")} note={[t("rulesNote"), ran].filter(Boolean).join(" · ")} flush dim={isPlaceholderData}>
            <Rules due={due} terms={terms} />
          </Panel>
          <Panel title={t("dueOnes")} note={due.more ? t("dueMore") : undefined} flush dim={isPlaceholderData}>
            {due.customers.length === 0 ? <EmptyState small why={t("dueEmpty")} /> : <Ones dealer={dealer} due={due} terms={terms} />}
          </Panel>
        </>
      )}
    </div>
  );
}

function Rules({ due, terms }: { due: DueList; terms: Terms }) {
  const t = useTexts(texts);
  const language = useLanguage();
  return (
    <table className={classes(styles.table, styles.cards)} aria-label={t("rules")}>
      <thead>
        <tr>
          <th scope="col">{t("rule")}</th>
          <th scope="col">{t("keptFor")}</th>
          <th scope="col" className={styles.number}>
            {t("dueNow")}
          </th>
          <th scope="col" className={styles.number}>
            {t("dueSoon")}
          </th>
          <th scope="col" className={styles.number}>
            {t("keptByLaw")}
          </th>
        </tr>
      </thead>
      <tbody>
        {due.rules.map((rule) => (
          <tr key={rule.rule}>
            <td>
              <b>{nameOf(terms.retentions, rule.rule, language)}</b>
            </td>
            <td data-label={t("keptFor")}>{t("months", { n: formatNumber(rule.months), count: rule.months })}</td>
            <td data-label={t("dueNow")} className={styles.number}>
              {formatNumber(rule.due)}
            </td>
            <td data-label={t("dueSoon")} className={styles.number}>
              {formatNumber(rule.soon)}
            </td>
            <td data-label={t("keptByLaw")} className={styles.number}>
              {formatNumber(rule.kept)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Ones({ dealer, due, terms }: { dealer: Dealer; due: DueList; terms: Terms }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const within = useWithin(dealer);
  const staff = useStaffName();
  return (
    <table className={classes(styles.table, styles.cards)} aria-label={t("dueOnes")}>
      <thead>
        <tr>
          <th scope="col">{t("customer")}</th>
          <th scope="col">{t("rule")}</th>
          <th scope="col">{t("owner")}</th>
          <th scope="col">{t("dueDay")}</th>
        </tr>
      </thead>
      <tbody>
        {due.customers.map((one) => (
          <tr key={one.id}>
            <td>
              <span className={styles.name}>
                <Link to="/customers/$id" params={{ id: one.id }} search={within}>
                  {one.name ?? one.id}
                </Link>
                {one.kept && <Tag tone="warn">{t("keptByLaw")}</Tag>}
              </span>
            </td>
            <td data-label={t("rule")}>{nameOf(terms.retentions, one.rule, language)}</td>
            <td data-label={t("owner")}>{staff(one.owner)}</td>
            <td data-label={t("dueDay")}>
              {formatDay(one.day, language, { year: true })} {one.day <= due.today && <Tag tone="warn">{t("dueNow")}</Tag>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
