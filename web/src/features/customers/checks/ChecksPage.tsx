import { Dices, UserRound } from "lucide-react";
import { useState } from "react";
import { cellOf } from "@/api";
import { plain, rich, useLanguage, useTexts } from "@/i18n";
import { one, usePageSearch } from "@/state/page";
import { useToday } from "@/state/today";
import { formatIso, parsePeriod, periodLabel } from "@/state/period";
import { Button, classes, EmptyState, ErrorState, Field, formatFigure, formatInstant, formatNumber, PageHead, Panel, Select, Skeleton, Tag, toast, type Tone } from "@/ui";
import styles from "../customers.module.css";
import { useStaffName } from "../data";
import { WithDealer } from "../Dealer";
import type { Dealer } from "../logic/dealer";
import { TasksPanel } from "../coaching/TasksPanel";
import { CheckDialog } from "./CheckDialog";
import own from "./checks.module.css";
import { useCompleteness, useDraw, useMonth, type Check, type Month, type Verdict } from "./data";
import { monthsUntil, standingOf } from "./logic";
import { checkTexts } from "./texts";

const kMonths = 13;
const kTone: Record<Verdict, Tone> = { true: "good", false: "bad", unverifiable: "warn" };

export default function ChecksPage() {
  const t = useTexts(checkTexts);
  return <WithDealer title={t("title")}>{(dealer) => <Checks key={dealer.id} dealer={dealer} />}</WithDealer>;
}

function Checks({ dealer }: { dealer: Dealer }) {
  const t = useTexts(checkTexts);
  const language = useLanguage();
  const months = monthsUntil(formatIso(useToday()), kMonths);
  const [search, patch] = usePageSearch((raw) => ({ month: months.find((known) => known === one(raw.month)) ?? months[0]! }));
  const { month } = search;
  const { data, error, isLoading, isPlaceholderData, refetch } = useMonth(dealer.id, month);
  const draw = useDraw(dealer.id, month);
  const [doing, setDoing] = useState<Check | null>(null);
  const nameOfMonth = (of: string) => periodLabel(parsePeriod(of)!, language);
  const standing = standingOf(data?.people ?? []);
  const words = { dealer: plain(dealer.name || dealer.code), month: plain(nameOfMonth(month)) };
  const result =
    data && standing.files + standing.drawn > 0
      ? rich(
          standing.drawn === 0
            ? t("leadNone", { ...words, n: formatNumber(standing.files), count: standing.files })
            : standing.checked === 0
              ? t("leadOpen", { ...words, drawn: formatNumber(standing.drawn), count: standing.drawn })
              : t("lead", { ...words, checked: formatNumber(standing.checked), drawn: formatNumber(standing.drawn), share: formatFigure(standing.accuracy, "percent") }),
        )
      : undefined;
  const onDraw = () => draw.mutate(undefined, { onSuccess: ({ drawn }) => toast(drawn > 0 ? t("drawn", { n: formatNumber(drawn), count: drawn }) : t("drawnNone"), { kind: "good" }) });
  const drawButton = (
    <Button kind="primary" icon={Dices} busy={draw.isPending} onClick={onDraw}>
      {t("draw")}
    </Button>
  );
  const open = data?.checks.filter((check) => !check.result) ?? [];
  const done = data?.checks.filter((check) => check.result) ?? [];
  const mine = new Set(data?.self ?? []);
  return (
    <div className={styles.page}>
      <PageHead title={t("title")} result={result} actions={data && standing.files > 0 && drawButton} />
      <Panel flush>
        <div className={classes(styles.filters, styles.filtersAlone)}>
          <Field label={t("month")}>
            <Select value={month} onChange={(value) => patch({ month: value === months[0] ? undefined : value }, { replace: true })} options={months.map((value) => ({ value, label: nameOfMonth(value) }))} />
          </Field>
        </div>
      </Panel>
      {draw.error && (
        <Panel>
          <ErrorState small error={draw.error} />
        </Panel>
      )}
      {isLoading && (
        <Panel>
          <Skeleton lines={6} height={24} />
        </Panel>
      )}
      {error && (
        <Panel>
          <ErrorState error={error} onRetry={() => void refetch()} />
        </Panel>
      )}
      {data && data.people.length === 0 && (
        <Panel>
          <EmptyState icon={UserRound} why={t("empty", { month: nameOfMonth(month) })} />
        </Panel>
      )}
      {data && data.people.length > 0 && (
        <>
          <People dealer={dealer} month={data} dim={isPlaceholderData} />
          <TasksPanel dealer={dealer} policy={data.policy} />
          {data.checks.length === 0 ? (
            <Panel title={t("toCheck")}>
              <EmptyState small why={t("nothingDrawn")} action={drawButton} />
            </Panel>
          ) : (
            <>
              <Panel flush title={t("toCheck")} note={formatNumber(open.length)}>
                {open.length === 0 ? <EmptyState small why={t("allDone")} /> : <List checks={open} mine={mine} onOpen={setDoing} />}
              </Panel>
              {done.length > 0 && (
                <Panel flush title={t("done")} note={formatNumber(done.length)}>
                  <List checks={done} mine={mine} onOpen={setDoing} />
                </Panel>
              )}
            </>
          )}
        </>
      )}
      {doing && <CheckDialog dealer={dealer} check={doing} own={mine.has(doing.owner ?? "")} onClose={() => setDoing(null)} />}
    </div>
  );
}

function People({ dealer, month, dim }: { dealer: Dealer; month: Month; dim: boolean }) {
  const t = useTexts(checkTexts);
  const nameOf = useStaffName();
  const { data: kpi } = useCompleteness(dealer.code, month.month);
  const complete = new Map((kpi?.rows ?? []).map((row) => [(row._ids as Record<string, string> | undefined)?.staff ?? "", cellOf(row, "profile_completeness").value ?? null]));
  const goal = formatFigure(month.policy.goal, "percent", { places: 0 });
  const share = (value: number | null | undefined) => formatFigure(value ?? null, "percent", { places: 0 });
  return (
    <Panel flush title={t("people")} note={t("drawNote", { share: share(month.policy.share), least: formatNumber(month.policy.least) })} dim={dim}>
      <div className={own.scroll}>
        <table className={own.people}>
          <thead>
            <tr>
              <th>{t("consultant")}</th>
              <th className="num">{t("files")}</th>
              <th className={classes("num", own.desk)}>{t("sample")}</th>
              <th className="num">{t("checked")}</th>
              <th className={classes("num", own.desk)}>{t("true")}</th>
              <th className={classes("num", own.desk)}>{t("false")}</th>
              <th className="num">{t("accuracy")}</th>
              <th className={classes("num", own.desk)}>{t("completeness")}</th>
            </tr>
          </thead>
          <tbody>
            {month.people.map((person) => {
              const standing = standingOf([person]);
              const below = standing.accuracy !== null && standing.accuracy < month.policy.goal;
              return (
                <tr key={person.owner ?? ""}>
                  <td>{nameOf(person.owner)}</td>
                  <td className="num">{formatNumber(standing.files)}</td>
                  <td className={classes("num", own.desk)}>{formatNumber(standing.sample)}</td>
                  <td className="num">
                    {formatNumber(standing.checked)} / {formatNumber(standing.drawn)}
                  </td>
                  <td className={classes("num", own.desk)}>{formatNumber(standing.isTrue)}</td>
                  <td className={classes("num", own.desk)}>{formatNumber(standing.isFalse)}</td>
                  <td className="num">
                    {below ? (
                      <Tag tone="bad" title={t("belowGoal", { goal })}>
                        {share(standing.accuracy)}
                      </Tag>
                    ) : (
                      share(standing.accuracy)
                    )}
                  </td>
                  <td className={classes("num", own.desk)}>{share(complete.get(person.owner ?? ""))}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function List({ checks, mine, onOpen }: { checks: readonly Check[]; mine: ReadonlySet<string>; onOpen: (check: Check) => void }) {
  const t = useTexts(checkTexts);
  const language = useLanguage();
  const nameOf = useStaffName();
  return (
    <ul className={own.list}>
      {checks.map((check) => (
        <li key={check.id}>
          <button type="button" className={own.line} onClick={() => onOpen(check)}>
            <span className={own.who}>
              <b>{check.record.name ?? "—"}</b>
              <span className="quiet">{check.record.phone}</span>
            </span>
            <span className={own.of}>
              {nameOf(check.owner)}
              {mine.has(check.owner ?? "") && <span className="quiet"> · {t("own")}</span>}
            </span>
            <span className={own.state}>
              {check.result ? (
                <>
                  <span className={classes("quiet", own.desk)}>{t("by", { who: check.checked_by ?? "", when: formatInstant(check.checked_at, language) })}</span>
                  <Tag tone={kTone[check.result]}>{t(check.result)}</Tag>
                </>
              ) : (
                <span className={own.go}>{t("check")}</span>
              )}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
