import { memo, useDeferredValue } from "react";
import { cellOf, useCatalog, type Answer, type Question } from "@/api";
import { useTexts } from "@/i18n";
import { BulletBar, ErrorState, Figure, formatFigure, Panel, Skeleton, type Unit } from "@/ui";
import { useAnswer, type OpenFigureOf } from "./data";
import { shareOf } from "./logic/model";
import styles from "./dashboard.module.css";
import { dashboardTexts } from "./texts";

const kColours = [1, 2, 3, 4, 5, 6].map((n) => `var(--cat${n})`);

// Where visitors come from, beside last year, and what becomes of them.
export const SourcesPanel = memo(function SourcesPanel({ question, forms, onOpen }: { question: Question; forms: Question; onOpen: OpenFigureOf }) {
  const t = useTexts(dashboardTexts);
  const sources = useAnswer(question);
  const data = useDeferredValue(sources.data);
  const accessForms = useAnswer(forms);
  const access = useDeferredValue(accessForms.data);
  return (
    <Panel className={styles.sources} title={t("sources")} note={t("shareNote")} flush dim={sources.isPlaceholderData || accessForms.isPlaceholderData}>
      {sources.error && !data ? (
        <ErrorState error={sources.error} onRetry={() => void sources.refetch()} small />
      ) : !data ? (
        <div className={styles.pad}>
          <Skeleton lines={7} height={22} />
        </div>
      ) : (
        <>
          <Tables data={data} access={access} question={question} forms={forms} onOpen={onOpen} />
          {accessForms.error && !access && <ErrorState error={accessForms.error} onRetry={() => void accessForms.refetch()} small />}
        </>
      )}
    </Panel>
  );
});

const Tables = memo(function Tables({ data, access, question, forms, onOpen }: { data: Answer; access: Answer | undefined; question: Question; forms: Question; onOpen: OpenFigureOf }) {
  const t = useTexts(dashboardTexts);
  const catalog = useCatalog();
  const codes = catalog.raw?.lists.find((list) => list.dimension === "source")?.codes.map(({ code }) => code) ?? [];
  const rows = rowsOf(data, "source");
  const total = cellOf(data.total, "traffic_count");
  const longest = Math.max(1e-9, ...rows.flatMap((row) => [shareOf(cellOf(row, "traffic_count").value, total.value).value ?? 0, shareOf(cellOf(row, "traffic_count").vs?.value, total.vs?.value).value ?? 0])) * 1.08;
  const colour = (member: string | null) => (member === null ? "var(--cat8)" : (kColours[codes.indexOf(member)] ?? "var(--cat8)"));
  const figure = (answer: Answer, asked: Question, dim: string, row: Record<string, unknown> | null, column: string, unit: Unit, name: string) => {
    const cell = cellOf(row ?? answer.total, column);
    const ids = row?._ids as Record<string, string | null> | undefined;
    return (
      <Figure cell={cell} unit={unit} places={unit === "percent" ? 1 : 0} judgeSample={unit === "percent"} title={`${name} · ${catalog.name(column)}`} cutoff={answer.cutoff} onOpen={() => onOpen(asked, column, cell, unit, catalog.name(column), { row: row ? { [dim]: ids?.[dim] ?? null } : null, cutoff: answer.cutoff, explore: { to: "/explore", search: { v: column, row: dim } } })} />
    );
  };

  return (
    <>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t("source")}</th>
            <th scope="col" colSpan={2}>
              {t("share")}
            </th>
            <th scope="col" className="num">
              {t("captureShort")}
            </th>
            <th scope="col" className="num">
              {t("closeShort")}
            </th>
            <th scope="col" className="num">
              {t("orders")}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const member = typeof row.source === "string" ? row.source : null;
            const name = catalog.dimLabel("source", member);
            const traffic = cellOf(row, "traffic_count");
            const share = shareOf(traffic.value, total.value);
            const before = shareOf(traffic.vs?.value, total.vs?.value);
            const words = formatFigure(share.value, "percent");
            return (
              <tr key={member ?? ""}>
                <th scope="row">
                  <span className={styles.swatch} style={{ background: colour(member) }} aria-hidden />
                  {name}
                </th>
                <td className={styles.barCell}>
                  <BulletBar value={share.value} max={longest} tick={before.value} colour={colour(member)} label={before.value == null ? t("shareText", { name, share: words }) : t("shareTextYear", { name, share: words, before: formatFigure(before.value, "percent") })} height={7} />
                </td>
                <td className="num" data-value={share.value ?? "null"} data-num={share.num ?? undefined} data-den={share.den ?? undefined}>
                  {words} <span className={styles.stepCount}>{figure(data, question, "source", row, "traffic_count", "count", name)}</span>
                </td>
                <td className="num">{figure(data, question, "source", row, "capture_rate", "percent", name)}</td>
                <td className="num">{figure(data, question, "source", row, "close_rate", "percent", name)}</td>
                <td className="num">{figure(data, question, "source", row, "deals_count", "count", name)}</td>
              </tr>
            );
          })}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{t("total")}</th>
            <td />
            <td className="num">{figure(data, question, "source", null, "traffic_count", "count", t("total"))}</td>
            <td className="num">{figure(data, question, "source", null, "capture_rate", "percent", t("total"))}</td>
            <td className="num">{figure(data, question, "source", null, "close_rate", "percent", t("total"))}</td>
            <td className="num">{figure(data, question, "source", null, "deals_count", "count", t("total"))}</td>
          </tr>
        </tfoot>
      </table>
      {access && access.rows.length > 0 && (
        <table className={styles.forms}>
          <thead>
            <tr>
              <th scope="col" colSpan={3}>
                {t("accessForm")}
              </th>
              <th scope="col" className="num">
                {t("captureShort")}
              </th>
            </tr>
          </thead>
          <tbody>
            {rowsOf(access, "access_form").map((row) => {
              const member = typeof row.access_form === "string" ? row.access_form : null;
              const name = catalog.dimLabel("access_form", member);
              const share = shareOf(cellOf(row, "traffic_count").value, cellOf(access.total, "traffic_count").value);
              return (
                <tr key={member ?? ""}>
                  <th scope="row">{name}</th>
                  <td className={styles.barCell}>
                    <BulletBar value={share.value} max={1} tone="mid" label={t("shareText", { name, share: formatFigure(share.value, "percent") })} />
                  </td>
                  <td className="num">{figure(access, forms, "access_form", row, "traffic_count", "count", name)}</td>
                  <td className="num">
                    <b>{figure(access, forms, "access_form", row, "capture_rate", "percent", name)}</b>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </>
  );
});

function rowsOf(answer: Answer, dim: string): Answer["rows"] {
  return [...answer.rows].sort((a, b) => Number(a[dim] == null) - Number(b[dim] == null) || (cellOf(b, "traffic_count").value ?? 0) - (cellOf(a, "traffic_count").value ?? 0));
}
