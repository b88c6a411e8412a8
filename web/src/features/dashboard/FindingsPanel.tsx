import { ArrowRight, CircleCheck, Info, TriangleAlert, type LucideIcon } from "lucide-react";
import { memo, useDeferredValue, useState } from "react";
import { pick, useLanguage, useTexts } from "@/i18n";
import { useGo } from "@/state/page";
import { formatScope, type View } from "@/state/view";
import { Button, EmptyState, ErrorState, Panel, Skeleton, usePhone } from "@/ui";
import { plainOf, RichText } from "@/ui/richText";
import { useFindings, type Findings, type TableQuestion } from "./data";
import styles from "./dashboard.module.css";
import { dashboardTexts } from "./texts";

const kIcon: Record<Findings["findings"][number]["level"], LucideIcon> = { bad: TriangleAlert, warn: TriangleAlert, info: Info, good: CircleCheck };

const kFewFindings = 4;

// What the figures themselves say is worth looking at.
export const FindingsPanel = memo(function FindingsPanel({ question, view }: { question: TableQuestion; view: View }) {
  const t = useTexts(dashboardTexts);
  const language = useLanguage();
  const go = useGo();
  const phone = usePhone();
  const query = useFindings(question);
  const data = useDeferredValue(query.data);
  const all = data?.findings ?? [];
  const [more, setMore] = useState(false);
  const list = more ? all : all.slice(0, kFewFindings);
  const follow = (link: NonNullable<(typeof list)[number]["link"]>) => {
    const scope = link.scope && link.scope !== formatScope(view.scope) ? { scope: link.scope === "network" ? undefined : link.scope } : {};
    if (link.page === "explore") go({ to: "/explore", search: { ...scope, ...(link.columns?.length ? { v: link.columns } : link.kpi ? { v: link.kpi } : {}), ...(link.by ? gridOf(link.by) : {}) } });
    else if (link.page === "handbook") go(link.kpi ? { to: "/handbook/$kpi", params: { kpi: link.kpi }, search: scope } : { to: "/handbook", search: scope });
    else go({ to: `/${link.page}`, search: scope });
  };
  return (
    <Panel className={styles.findings} title={t("findings")} note={all.length > 0 ? t("findingsNote", { n: all.length, count: all.length }) : undefined} dim={query.isPlaceholderData} action={all.length > kFewFindings && <Button kind="link" onClick={() => setMore(!more)}>{more ? t("fewFindings", { n: kFewFindings }) : t("allFindings", { n: all.length })}</Button>}>
      {query.error && !data ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} small />
      ) : !data ? (
        <Skeleton lines={6} height={22} />
      ) : list.length === 0 ? (
        <EmptyState why={t("noFindings")} small />
      ) : (
        <ul className={styles.findingList}>
          {list.map((finding) => {
            const Icon = kIcon[finding.level];
            const title = pick(finding.title, language);
            const detail = pick(finding.detail, language);
            const { link } = finding;
            return (
              <li key={finding.id} className={styles.finding}>
                <Icon size={16} className={styles[`level_${finding.level}`]} role="img" aria-label={t(`level.${finding.level}`)} />
                <div className={styles.findingText}>
                  <p className={styles.findingTitle}>
                    <RichText text={title} />
                  </p>
                  {detail && (
                    <p className={styles.findingDetail}>
                      <RichText text={detail} />
                    </p>
                  )}
                </div>
                {link && (
                  <button type="button" className={styles.findingLink} aria-label={`${t(`link.${link.page}`)}: ${plainOf(title)}`} onClick={() => follow(link)}>
                    {!phone && t(`link.${link.page}`)} <ArrowRight size={12} aria-hidden />
                  </button>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
});

// Dimensions become rows, a time grain the columns.
function gridOf(by: string[]): Record<string, string | string[]> {
  const grains = ["day", "week", "month", "quarter", "year"];
  const rows = by.filter((dim) => !grains.includes(dim));
  return { row: rows.length > 0 ? rows : "", col: by.find((dim) => grains.includes(dim)) ?? "" };
}
