import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight, Redo2, Table2, Undo2 } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { api, asApiError, cellOf, data, useCatalog, useKpi, useOrg, type Answer, type ApiError, type Measure, type Schemas } from "@/api";
import { rich, useLanguage, useTexts } from "@/i18n";
import { Link, one, usePageSearch } from "@/state/page";
import { civil } from "@/state/period";
import { formatScope, useView, type Scope } from "@/state/view";
import { Banner, Button, Combobox, EmptyState, ErrorState, formatDay, formatInstant, formatNumber, IconButton, monthName, PageHead, Panel, SegmentedControl, Skeleton, toast, usePhone } from "@/ui";
import styles from "../admin.module.css";
import { cellKey, kEmptyGrid, parseFigure, redo, undo, type CellKey, type GridState, type Selection } from "../logic/grid";
import { targetOn, type Org } from "../logic/org";
import { monthsOf, otherSum, partOf, plainNumber, prepare, storedCells, type Reading, type ReadingInput } from "../logic/readings";
import { Grid, type GridRow } from "./Grid";
import { readingTexts } from "./texts";

const kLimit = 500;
type Booked = Schemas["EventsBooked"];

function useReadings(query: { measure?: string; dealer?: string } | null) {
  return useQuery<Reading[], ApiError>({
    queryKey: ["readings", query],
    queryFn: async ({ signal }) => (await data(api.GET("/api/v1/readings", { params: { query: { ...query, limit: kLimit } }, signal }))).readings,
    enabled: query !== null,
  });
}
function useEnter() {
  const client = useQueryClient();
  return useMutation<Booked, ApiError, ReadingInput[]>({
    mutationFn: (readings) => data(api.POST("/api/v1/readings", { body: { readings } })),
    onSuccess: (booked) => {
      if (booked.refused.length === 0) void client.invalidateQueries({ predicate: (query) => !["session", "catalog", "org", "import", "imports"].includes(String(query.queryKey[0])) });
    },
  });
}

// The dealers in the scope of the top bar.
function dealersIn(org: Org, scope: Scope, day: string): Org["dealers"] {
  switch (scope.kind) {
    case "region":
      return org.dealers.filter((d) => targetOn(d.region_history, day) === scope.id);
    case "dealer":
      return org.dealers.filter((d) => d.id === scope.id);
    case "team":
      return org.dealers.filter((d) => d.teams.some((team) => team.id === scope.id));
    case "staff":
      return org.dealers.filter((d) => d.staff.some((person) => person.id === scope.id));
    default:
      return org.dealers;
  }
}

export default function ReadingsPage() {
  const t = useTexts(readingTexts);
  const catalog = useCatalog();
  const org = useOrg();
  const measures = useMemo(() => (catalog.raw?.measures ?? []).filter((measure) => measure.reading), [catalog.raw]);
  if (!org.data || !catalog.raw) {
    return (
      <div className={styles.page}>
        <PageHead title={t("title")} result={t("lead")} />
        <Panel>{org.error ? <ErrorState error={org.error} onRetry={() => void org.refetch()} /> : <Skeleton lines={10} height={24} />}</Panel>
      </div>
    );
  }
  if (measures.length === 0) {
    return (
      <div className={styles.page}>
        <PageHead title={t("title")} />
        <Panel>
          <EmptyState icon={Table2} why={t("noMeasures")} />
        </Panel>
      </div>
    );
  }
  return <Readings org={org.data} measures={measures} />;
}

function Readings({ org, measures }: { org: Org; measures: Measure[] }) {
  const t = useTexts(readingTexts);
  const language = useLanguage();
  const catalog = useCatalog();
  const phone = usePhone();
  const { scope, period } = useView();
  const [search, patch] = usePageSearch((raw) => ({ by: one(raw.by) === "dealer" ? ("dealer" as const) : ("measure" as const), m: one(raw.m), d: one(raw.d), y: Number(one(raw.y)), mo: Number(one(raw.mo)) }));
  const last = civil(period.to);
  const year = Number.isInteger(search.y) && search.y >= 1990 && search.y <= 2100 ? search.y : last.year;
  const month = Number.isInteger(search.mo) && search.mo >= 1 && search.mo <= 12 ? search.mo : last.month;
  const today = `${last.year}-12-31`;
  const dealers = useMemo(() => dealersIn(org, scope, today), [org, scope, today]);
  const measure = measures.find((item) => item.id === search.m) ?? measures[0]!;
  const dealer = dealers.find((item) => item.id === search.d) ?? dealers[0];
  const { by } = search;

  const stored = useReadings(by === "measure" ? { measure: measure.id } : dealer ? { dealer: dealer.code } : null);
  const months = monthsOf(year);
  const columns = (phone ? [months[month - 1]!] : months).map((id) => ({ id, label: phone ? `${year} ${monthName(Number(id.slice(5)), language)}` : monthName(Number(id.slice(5)), language) }));
  const rows: GridRow[] = by === "measure" ? dealers.map((item) => ({ id: item.code, label: item.name || item.code })) : measures.map((item) => ({ id: item.id, label: catalog.name(item.id), ...(item.balance ? { note: language === "zh" ? "（月初）" : "(level)" } : {}) }));
  const { cells } = useMemo(() => storedCells(stored.data ?? [], (reading) => (by === "measure" ? reading.dealer : reading.measure)), [stored.data, by]);
  const storedText = (key: CellKey) => cells.get(key)?.text ?? "";
  // What the months come to with everything that was entered or imported: the list of readings is only the latest.
  const asked = useMemo(() => (by === "measure" ? [measure] : measures), [by, measure, measures]);
  const sums = useKpi(
    rows.length === 0
      ? null
      : {
          columns: asked.map((item) => `${item.id}=${item.balance ? `closing(${item.id})` : item.id}`),
          by: by === "measure" ? ["dealer", "month"] : ["month"],
          period: String(year),
          scope: by === "measure" ? formatScope(scope.kind === "team" || scope.kind === "staff" ? { kind: "network", id: "" } : scope) : `dealer:${dealer?.id ?? ""}`,
          basis: "period",
          vs: "none",
          to_date: false,
          ids: true,
        },
  );
  const totalsOf = useMemo(() => monthSums(sums.data, asked, by === "measure" ? new Map(dealers.map((item) => [item.id, item.code])) : null), [sums.data, asked, by, dealers]);

  const sheet = `${by} ${by === "measure" ? measure.id : (dealer?.id ?? "")}`;
  const [grid, setGridState] = useState<GridState>(kEmptyGrid);
  const [at, setAt] = useState(sheet);
  const [selection, setSelection] = useState<Selection>({ anchor: { row: 0, column: 0 }, head: { row: 0, column: 0 } });
  const [refused, setRefused] = useState<{ keys: Set<CellKey>; list: { key: CellKey; message: string }[] } | null>(null);
  // Another sheet has its own cells; what was typed on the last one is asked about before it is left.
  if (at !== sheet) {
    setAt(sheet);
    setGridState(kEmptyGrid);
    setRefused(null);
    setSelection({ anchor: { row: 0, column: 0 }, head: { row: 0, column: 0 } });
  }
  const setGrid = (next: GridState) => {
    setGridState(next);
    setRefused(null);
  };
  const changed = grid.typed.size;
  useEffect(() => {
    if (changed === 0) return;
    const stay = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", stay);
    return () => window.removeEventListener("beforeunload", stay);
  }, [changed]);
  const leave = (go: () => void) => {
    if (changed === 0) return go();
    // What was typed comes back with one click.
    const kept = grid;
    go();
    toast(t("leaveAsk", { n: changed }), {
      undo: () => {
        patch({ by: search.by === "dealer" ? "dealer" : undefined, m: search.m, d: search.d }, { replace: true });
        setTimeout(() => setGridState(kept), 60);
      },
    });
  };

  const prepared = useMemo(() => prepare(grid.typed, (row) => (by === "measure" ? { measure: measure.id, dealer: row } : { measure: row, dealer: dealer?.code ?? "" })), [grid.typed, by, measure.id, dealer?.code]);
  const enter = useEnter();
  const save = () => {
    if (prepared.inputs.length === 0 || prepared.wrong.length > 0) return;
    enter.mutate(prepared.inputs, {
      onSuccess: (booked) => {
        if (booked.refused.length > 0) {
          const list = booked.refused.map((item) => ({ key: prepared.keys[item.index] ?? "", message: item.message }));
          setRefused({ keys: new Set(list.map((item) => item.key)), list });
          return;
        }
        toast(t("saved", { added: formatNumber(booked.added), changed: formatNumber(booked.changed), removed: formatNumber(booked.removed) }), { kind: "good" });
        void stored.refetch().then(() => setGridState(kEmptyGrid));
      },
    });
  };

  const places = (unit: string | undefined) => (unit === "money" ? 2 : 6);
  const unitOf = (row: string) => (by === "measure" ? measure.unit : catalog.measure(row)?.unit);
  const format = (text: string) => {
    const figure = parseFigure(text);
    return figure === null ? text : formatNumber(Number(figure), { places: places(by === "measure" ? measure.unit : "money"), trim: true });
  };
  const totals =
    by === "measure" && !measure.balance && dealers.length > 1
      ? columns.map((column) => {
          let sum = 0;
          let any = false;
          for (const row of rows) {
            const key = cellKey(row.id, column.id);
            const own = Number(storedText(key) || 0);
            const typed = grid.typed.get(key);
            const figure = typed === undefined ? null : typed === "" ? "0" : parseFigure(typed);
            // All of the month as it is, with what was typed in place of what was stored.
            const now = (totalsOf.get(key) ?? own) + (figure === null ? 0 : Number(figure) - own);
            // In millionths, so that sums of fen stay exact.
            sum += Math.round(now * 1e6);
            any ||= totalsOf.has(key) || storedText(key) !== "" || (figure !== null && typed !== "");
          }
          return any ? formatNumber(sum / 1e6, { places: places(measure.unit), trim: true }) : "—";
        })
      : null;

  const headRow = rows[selection.head.row];
  const headColumn = columns[selection.head.column];
  const here = headRow && headColumn ? cellKey(headRow.id, headColumn.id) : "";
  const hereStored = cells.get(here);
  const unit = unitOf(headRow?.id ?? "");
  const unitName = unit === "money" ? t("yuan") : unit === "count" ? t("piece") : (unit ?? "");

  return (
    <div className={styles.page}>
      <PageHead
        title={t("title")}
        result={changed > 0 ? rich(t("leadChanged", { n: formatNumber(changed), count: changed })) : t("lead")}
        actions={
          <>
            {changed > 0 && (
              <Button
                onClick={() => {
                  const kept = grid;
                  setGrid(kEmptyGrid);
                  toast(t("reset"), { undo: () => setGrid(kept) });
                }}
              >
                {t("reset")}
              </Button>
            )}
            <Button kind="primary" busy={enter.isPending} disabled={changed === 0 || prepared.wrong.length > 0} onClick={save}>
              {changed > 0 ? t("save", { n: formatNumber(changed), count: changed }) : t("saveEmpty")}
            </Button>
          </>
        }
      />
      <Panel className={styles.gridTools}>
        <div className={styles.toolRow}>
          <SegmentedControl
            label={t("layout")}
            value={by}
            onChange={(next) => leave(() => patch({ by: next === "dealer" ? "dealer" : undefined }))}
            options={[
              { value: "measure", label: t("byMeasure") },
              { value: "dealer", label: t("byDealer") },
            ]}
          />
          {by === "measure" ? (
            <span className={styles.toolPick}>
              <Combobox label={t("measure")} value={measure.id} onChange={(id) => leave(() => patch({ m: id }))} options={measures.map((item) => ({ value: item.id, label: catalog.text(item.name), hint: item.id, keywords: `${item.name.zh} ${item.name.en}` }))} />
            </span>
          ) : (
            dealer && (
              <span className={styles.toolPick}>
                <Combobox label={t("dealer")} value={dealer.id} onChange={(id) => leave(() => patch({ d: id }))} options={dealers.map((item) => ({ value: item.id, label: item.name || item.code, hint: item.code }))} />
              </span>
            )
          )}
          <span className={styles.yearStep}>
            <IconButton small icon={ChevronLeft} label={`${t("previous")}: ${phone ? t("month") : t("year")}`} onClick={() => (phone ? patch(month === 1 ? { y: String(year - 1), mo: "12" } : { mo: String(month - 1), y: String(year) }) : patch({ y: String(year - 1) }))} />
            <b>{phone ? `${year}-${String(month).padStart(2, "0")}` : year}</b>
            <IconButton small icon={ChevronRight} label={`${t("next")}: ${phone ? t("month") : t("year")}`} onClick={() => (phone ? patch(month === 12 ? { y: String(year + 1), mo: "1" } : { mo: String(month + 1), y: String(year) }) : patch({ y: String(year + 1) }))} />
          </span>
          <span className={styles.toolEnd}>
            <IconButton small icon={Undo2} label={t("undo")} disabled={grid.past.length === 0} onClick={() => setGrid(undo(grid))} />
            <IconButton small icon={Redo2} label={t("redo")} disabled={grid.future.length === 0} onClick={() => setGrid(redo(grid))} />
          </span>
        </div>
        <p className={styles.cellLine} aria-live="polite">
          {headRow && headColumn && (
            <>
              <b>{t("at", { row: headRow.label, month: phone ? headColumn.label : `${year} ${headColumn.label}` })}</b>
              <span>{hereStored ? t("storedBy", { who: hereStored.reading.recorded_by ?? "", at: formatInstant(hereStored.reading.recorded_at, language) }) : t("storedNone")}</span>
              {grid.typed.has(here) && hereStored && <span className={styles.was}>{t("storedWas", { value: format(hereStored.text) })}</span>}
              {otherSum(totalsOf, here, storedText) !== null && <span>{t("monthSum", { value: format(plainNumber(totalsOf.get(here)!)) })}</span>}
              <span className="quiet">
                {(by === "measure" ? measure.balance : catalog.measure(headRow.id)?.balance) ? t("balance") : t("flow")} · {t("unit", { unit: unitName })}
              </span>
            </>
          )}
        </p>
      </Panel>
      {prepared.wrong.length > 0 && <Banner kind="bad">{t("wrong", { n: prepared.wrong.length, count: prepared.wrong.length })}</Banner>}
      {refused && (
        <Banner kind="bad">
          {t("refused", { n: refused.list.length, count: refused.list.length })}
          <ul className={styles.refusedList}>
            {refused.list.slice(0, 5).map((item) => (
              <li key={item.key}>
                {item.key.split("\n").join(" · ")}：{item.message}
              </li>
            ))}
          </ul>
        </Banner>
      )}
      {enter.error && (
        <Panel>
          <ErrorState small error={asApiError(enter.error)} />
        </Panel>
      )}
      <Panel flush dim={stored.isPlaceholderData}>
        {rows.length === 0 ? (
          <EmptyState why={t("none")} />
        ) : stored.error ? (
          <ErrorState error={stored.error} onRetry={() => void stored.refetch()} />
        ) : stored.isLoading ? (
          <div className={styles.pad}>
            <Skeleton lines={8} height={22} />
          </div>
        ) : (
          <Grid
            rows={rows}
            columns={columns}
            rowHead={by === "measure" ? t("dealer") : t("measure")}
            state={grid}
            onState={setGrid}
            stored={storedText}
            format={format}
            marked={refused?.keys ?? new Set()}
            sums={totalsOf}
            totals={totals}
            selection={clamp(selection, rows.length, columns.length)}
            onSelection={setSelection}
            onSave={save}
          />
        )}
        {!phone && rows.length > 0 && (
          <p className={styles.gridKeys}>
            <span>
              <i className={styles.corner} /> {t("legend")} · {t("legendSum")}
            </span>
            <span>{t("keys")}</span>
          </p>
        )}
      </Panel>
      <Entered readings={stored.data} onTakeBack={(reading) => enter.mutate([{ ...inputOf(reading), value: null }], { onSuccess: () => toast(t("takenBack", { measure: catalog.name(reading.measure), day: formatDay(reading.at, language) }), { undo: () => enter.mutate([inputOf(reading)]) }) })} />
    </div>
  );
}

// Sums of an answer by cell of the grid. `codes`: dealers by id, where the rows are dealers.
function monthSums(answer: Answer | undefined, measures: readonly Measure[], codes: ReadonlyMap<string, string> | null): Map<CellKey, number> {
  const sums = new Map<CellKey, number>();
  for (const row of (answer?.rows ?? []) as Record<string, unknown>[]) {
    const month = typeof row.month === "string" ? row.month : "";
    const dealer = codes ? codes.get((row._ids as Record<string, string> | undefined)?.dealer ?? "") : "";
    if (dealer === undefined) continue;
    for (const measure of measures) {
      const { value } = cellOf(row, measure.id);
      if (value != null && value !== 0) sums.set(cellKey(codes ? dealer : measure.id, month), value);
    }
  }
  return sums;
}

function clamp(selection: Selection, rows: number, columns: number): Selection {
  const one = (p: { row: number; column: number }) => ({ row: Math.min(p.row, Math.max(0, rows - 1)), column: Math.min(p.column, Math.max(0, columns - 1)) });
  return { anchor: one(selection.anchor), head: one(selection.head) };
}
function inputOf(reading: Reading): ReadingInput {
  const { measure, dealer, at, value, staff, model, source, channel, customer_type, reason } = reading;
  return { measure, dealer, at, value, ...(staff ? { staff } : {}), ...(model ? { model } : {}), ...(source ? { source } : {}), ...(channel ? { channel } : {}), ...(customer_type ? { customer_type } : {}), ...(reason ? { reason } : {}) };
}

const kFirst = 30;
function Entered({ readings, onTakeBack }: { readings: Reading[] | undefined; onTakeBack: (reading: Reading) => void }) {
  const t = useTexts(readingTexts);
  const language = useLanguage();
  const catalog = useCatalog();
  if (!readings) return null;
  const shown = readings.slice(0, kFirst);
  return (
    <Panel title={t("listTitle")} note={readings.length > 0 ? t("listNote", { n: shown.length, count: shown.length }) : undefined} flush>
      {readings.length === 0 ? (
        <EmptyState
          small
          why={t("listNone")}
          action={
            <Link to="/import" className={styles.textLink}>
              {t("importFile")}
            </Link>
          }
        />
      ) : (
        <div className={styles.tableScroll}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">{t("lMeasure")}</th>
                <th scope="col">{t("lDealer")}</th>
                <th scope="col">{t("lDay")}</th>
                <th scope="col">{t("lOf")}</th>
                <th scope="col" className="num">
                  {t("lValue")}
                </th>
                <th scope="col">{t("lWho")}</th>
                <th scope="col">{t("lWhen")}</th>
                <th scope="col" />
              </tr>
            </thead>
            <tbody>
              {shown.map((reading, i) => (
                <tr key={`${reading.measure} ${reading.dealer} ${reading.at} ${partOf(reading).join(" ")} ${i}`}>
                  <td className={styles.cardHead}>{catalog.name(reading.measure)}</td>
                  <td>{reading.dealer_name || reading.dealer}</td>
                  <td className={styles.nowrap}>{formatDay(reading.at, language, { year: true })}</td>
                  <td className="quiet">{partOf(reading).join(" · ") || "—"}</td>
                  <td className="num" data-value={reading.value ?? ""}>
                    {formatNumber(reading.value, { places: 6, trim: true })}
                  </td>
                  <td>{reading.recorded_by}</td>
                  <td className={styles.nowrap}>{formatInstant(reading.recorded_at, language)}</td>
                  <td className={styles.rowEnd}>
                    <Button kind="link" small onClick={() => onTakeBack(reading)}>
                      {t("takeBack")}
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {readings.length >= kLimit && <p className={styles.gridKeys}>{t("listFull")}</p>}
    </Panel>
  );
}
