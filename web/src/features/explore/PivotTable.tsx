import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp, Pin, PinOff } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState, type CSSProperties, type KeyboardEvent } from "react";
import type { Cell } from "@/api";
import { useLanguage, useTexts } from "@/i18n";
import { parsePeriod } from "@/state/period";
import { useToday } from "@/state/today";
import { Button, classes, Delta, formatChange, formatFigure, Sparkline, Tag, usePhone, type Unit } from "@/ui";
import { HoverCard, type CardContent } from "./HoverCard";
import { addsUp, cellSample, heatScale, type Pivot, type PivotRow } from "./logic/pivot";
import type { Sort } from "./logic/state";
import styles from "./explore.module.css";
import { columnLabel, type Words } from "./words";
import { exploreTexts } from "./texts";

// The table of an exploration. Rows by what was chosen, for each value a block of columns: the points in time, the
// total, the change and the trend. Cells open their records; the arrows move among them.

export interface CellPlace {
  row: PivotRow | null; // null: the totals row
  value: number;
  column: number | null; // null: over all columns
}
export interface PivotTableProps {
  table: Pivot;
  rows: PivotRow[]; // in order
  sort: Sort;
  onSort: (sort: Sort) => void;
  heat: boolean;
  versus: boolean;
  pins: string[];
  onPin: ((key: string) => void) | null;
  onOpen: (place: CellPlace) => void;
  card: (place: CellPlace) => CardContent | null;
  words: Words;
  title: string;
  dim: boolean;
}

type ColumnKind = { kind: "cell"; column: number } | { kind: "total" } | { kind: "change" } | { kind: "trend" };
type Column = ColumnKind & { value: number; id: string };

const kVirtualFrom = 200;
const kMostColumns = 120;

export function PivotTable(props: PivotTableProps) {
  const { table, rows, sort, onSort, heat, versus, pins, onPin, onOpen, card, words, title, dim } = props;
  const t = useTexts(exploreTexts);
  const language = useLanguage();
  const today = useToday();
  const scroll = useRef<HTMLDivElement>(null);
  const several = table.values.length > 1;
  const points = table.columns;
  // On the phone the row says its total, change and trend; the points in time come on wish.
  const phone = usePhone();
  const [all, setAll] = useState(false);
  const few = phone && !all && points.length > 0 && table.dims.length > 0;
  const first = Math.max(0, points.length - kMostColumns);

  const columns: Column[] = useMemo(
    () =>
      table.values.flatMap((_, value) => {
        const out: Column[] = [];
        for (let column = few ? points.length : first; column < points.length; column++) out.push({ kind: "cell", column, value, id: `${value}:${points[column]}` });
        out.push({ kind: "total", value, id: `${value}:total` });
        if (versus) out.push({ kind: "change", value, id: `${value}:change` });
        if (points.length >= 3) out.push({ kind: "trend", value, id: `${value}:trend` });
        return out;
      }),
    [table.values, points, first, versus, few],
  );
  const perValue = columns.length / Math.max(1, table.values.length);
  const scales = useMemo(() => table.values.map((_, value) => heatScale((table.columns.length > 0 ? rows.flatMap((row) => row.cells[value]!) : rows.map((row) => row.totals[value]!)).filter((cell) => cellSample(cell, table.values[value]!.unit) === "ok"))), [table, rows]);

  // ---- Where the focus is: one cell of the grid, moved by arrows. Row -1 is the totals row. ----
  const [at, setAt] = useState<{ row: number; column: number }>({ row: rows.length > 0 ? 0 : -1, column: 0 });
  const active = { row: Math.min(at.row, rows.length - 1), column: Math.min(at.column, columns.length - 1) };
  const wantsFocus = useRef(false);

  const rowHeight = useRowHeight();
  const virtual = rows.length >= kVirtualFrom;
  const virtualizer = useVirtualizer({ count: virtual ? rows.length : 0, getScrollElement: () => scroll.current, estimateSize: () => rowHeight, overscan: 12 });
  const items = virtualizer.getVirtualItems();
  const from = virtual ? (items[0]?.index ?? 0) : 0;
  const to = virtual ? (items[items.length - 1]?.index ?? -1) : rows.length - 1;

  const focusActive = useCallback(() => {
    const cell = scroll.current?.querySelector<HTMLElement>(`[data-row="${active.row}"][data-col="${active.column}"]`);
    cell?.focus();
  }, [active.row, active.column]);
  useEffect(() => {
    if (!wantsFocus.current) return;
    wantsFocus.current = false;
    focusActive();
  });

  const placeOf = (row: number, column: Column): CellPlace => ({ row: row < 0 ? null : rows[row]!, value: column.value, column: column.kind === "cell" ? column.column : null });
  const onKey = (event: KeyboardEvent) => {
    if (!(event.target instanceof HTMLElement) || event.target.dataset.row === undefined) return;
    const last = rows.length - 1;
    let { row, column } = active;
    const page = 12;
    switch (event.key) {
      case "ArrowRight":
        column++;
        break;
      case "ArrowLeft":
        column--;
        break;
      // The totals row stands below the last one.
      case "ArrowDown":
        row = row === -1 ? -1 : row === last ? -1 : row + 1;
        break;
      case "ArrowUp":
        row = row === -1 ? last : row - 1;
        if (row < 0 && active.row === 0) row = 0;
        break;
      case "PageDown":
        row = row === -1 ? -1 : Math.min(last, row + page);
        break;
      case "PageUp":
        row = row === -1 ? Math.max(0, last - page) : Math.max(0, row - page);
        break;
      case "Home":
        column = 0;
        if (event.ctrlKey) row = rows.length > 0 ? 0 : -1;
        break;
      case "End":
        column = columns.length - 1;
        if (event.ctrlKey) row = -1;
        break;
      case "Enter":
      case " ":
        event.preventDefault();
        onOpen(placeOf(active.row, columns[active.column]!));
        return;
      default:
        return;
    }
    event.preventDefault();
    column = Math.max(0, Math.min(columns.length - 1, column));
    if (virtual && row >= 0) virtualizer.scrollToIndex(row);
    wantsFocus.current = true;
    setAt({ row, column });
  };

  const sortBy = (key: string, of: number) => {
    const same = sort.key === key && sort.of === of;
    onSort({ key, of, down: same ? !sort.down : !key.startsWith("row:") });
  };
  const aria = (key: string, of: number) => (sort.key === key && sort.of === of ? (sort.down ? ("descending" as const) : ("ascending" as const)) : undefined);
  const head = (label: string, key: string, of: number, extra?: string) => (
    <button type="button" className={styles.sort} onClick={() => sortBy(key, of)}>
      <span className={styles.sortLabel}>{label}</span>
      {extra && <span className={styles.note}>{extra}</span>}
      {sort.key === key && sort.of === of && (sort.down ? <ArrowDown size={12} aria-hidden /> : <ArrowUp size={12} aria-hidden />)}
    </button>
  );

  // ---- The card of the cell under the pointer or the focus ----
  const [hover, setHover] = useState<{ place: CellPlace; rect: DOMRect } | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const show = (place: CellPlace, element: HTMLElement, wait: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setHover({ place, rect: element.getBoundingClientRect() }), wait);
  };
  const hide = () => {
    clearTimeout(timer.current);
    setHover(null);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  const content = hover ? card(hover.place) : null;

  const cellProps = (row: number, column: Column, index: number) => {
    const place = placeOf(row, column);
    const focus = active.row === row && active.column === index;
    return {
      "data-row": row,
      "data-col": index,
      tabIndex: focus ? 0 : -1,
      onFocus: (event: React.FocusEvent<HTMLElement>) => {
        setAt({ row, column: index });
        if (event.target.matches(":focus-visible")) show(place, event.currentTarget, 0);
      },
      onBlur: hide,
      onMouseEnter: (event: React.MouseEvent<HTMLElement>) => show(place, event.currentTarget, 250),
      onMouseLeave: hide,
      onClick: () => {
        hide();
        onOpen(place);
      },
    };
  };

  const figure = (cell: Cell | null, unit: Unit, formula: string): { text: string; sample: string; missing: boolean } => {
    if (cell === null) return addsUp(formula) ? { text: formatFigure(0, unit), sample: "ok", missing: true } : { text: "", sample: "none", missing: true };
    const sample = cellSample(cell, unit);
    const text = sample === "counts" ? `${cell.num ?? 0}/${cell.den ?? 0}` : formatFigure(cell.value, unit, unit === "percent" ? { places: 1 } : {});
    return { text, sample, missing: false };
  };
  const cellsOf = (row: number) => {
    const data = row < 0 ? null : rows[row]!;
    return columns.map((column, index) => {
      const value = table.values[column.value]!;
      const props = cellProps(row, column, index);
      const start = index % perValue === 0 && index > 0;
      if (column.kind === "trend") {
        const line = (data ? data.cells : table.columnTotals)[column.value]!.map((cell) => (cell === null ? (addsUp(words.formulaOf(value.formula)) ? 0 : null) : (cell.value ?? null)));
        return (
          <td key={column.id} role="gridcell" className={styles.trendCell} {...props}>
            <Sparkline values={line} width={phone ? 48 : 72} height={20} label={`${t("trendColumn")}: ${line.map((point) => formatFigure(point, value.unit)).join(", ")}`} />
          </td>
        );
      }
      if (column.kind === "change") {
        const cell = (data ? data.totals : table.totals)[column.value]!;
        const change = formatChange(cell.change, value.unit, language);
        const weak = cellSample(cell, value.unit) !== "ok";
        return (
          <td key={column.id} role="gridcell" className={classes("num", styles.changeCell)} data-value={cell.change ?? "null"} {...props}>
            {change ? (
              <Delta change={change} better={weak ? "none" : value.better} />
            ) : (
              "—"
            )}
          </td>
        );
      }
      const cell = column.kind === "total" ? (data ? data.totals : table.totals)[column.value]! : (data ? data.cells : table.columnTotals)[column.value]![column.column]!;
      const { text, sample, missing } = figure(cell, value.unit, words.formulaOf(value.formula));
      const tinted = heat && data !== null && (column.kind === "cell" || table.columns.length === 0) && !missing && sample === "ok";
      const tint = tinted ? scales[column.value]!(cell?.value) : 0;
      return (
        <td
          key={column.id}
          role="gridcell"
          className={classes("num", styles.cell, column.kind === "total" && styles.totalCell, start && styles.blockStart, sample !== "ok" && styles.faint)}
          data-value={cell === null ? "null" : (cell.value ?? "null")}
          {...(cell?.num != null ? { "data-num": cell.num } : {})}
          {...(cell?.den != null ? { "data-den": cell.den } : {})}
          {...props}
        >
          <span className={styles.inner} style={tint > 0 ? ({ "--heat": tint } as CSSProperties) : undefined} data-heat={tint > 0 ? "" : undefined}>
            {text}
          </span>
        </td>
      );
    });
  };
  const rowHead = (row: PivotRow) => {
    const labels = words.rowLabels(row);
    const pinned = pins.includes(row.key);
    return table.dims.map((dimension, i) => (
      <th key={dimension} scope="row" className={classes(styles.rowHead, i === 0 && styles.frozen)}>
        <span className={styles.rowName} title={labels[i]!.text + (labels[i]!.note ? ` · ${labels[i]!.note}` : "")}>
          {labels[i]!.text}
          {labels[i]!.note && <span className={styles.note}> {labels[i]!.note}</span>}
        </span>
        {i === 0 && row.provisional && <Tag tone="warn">{t("provisional", { share: formatFigure(row.matureShare, "percent") })}</Tag>}
        {i === 0 && onPin && (
          <button type="button" className={classes(styles.pin, pinned && styles.pinned)} aria-pressed={pinned} aria-label={t(pinned ? "unpin" : "pin", { name: labels.map((label) => label.text).join(" · ") })} onClick={() => onPin(row.key)}>
            {pinned ? <PinOff size={12} aria-hidden /> : <Pin size={12} aria-hidden />}
          </button>
        )}
      </th>
    ));
  };
  const partialColumn = (member: string) => {
    const period = parsePeriod(member);
    return period !== null && period.from <= today && today < period.to;
  };

  const headRows = several ? 2 : 1;
  return (
    <>
      {phone && points.length > 0 && table.dims.length > 0 && (
        <div className={styles.allColumns}>
          <Button kind="link" onClick={() => setAll(!all)}>
            {few ? t("allColumns", { n: points.length }) : t("fewColumns")}
          </Button>
        </div>
      )}
      <div className={classes(styles.tableScroll, dim && styles.dimmed)} ref={scroll} onScroll={hide} aria-busy={dim || undefined}>
        <table role="grid" className={styles.table} aria-label={t("grid", { title })} aria-rowcount={rows.length + headRows + 1} aria-colcount={table.dims.length + columns.length} onKeyDown={onKey}>
          <thead>
            {several && (
              <tr>
                {table.dims.map((dimension, i) => (
                  <td key={dimension} className={classes(styles.blockHead, i === 0 && styles.frozen)} />
                ))}
                {table.dims.length === 0 && <td className={classes(styles.blockHead, styles.frozen)} />}
                {table.values.map((value, i) => (
                  <th key={value.name} scope="colgroup" colSpan={perValue} className={classes(styles.blockHead, i > 0 && styles.blockStart)}>
                    <span className={styles.blockName}>
                      {words.valueName(value.name)} {words.unitNote(value.unit)}
                    </span>
                  </th>
                ))}
              </tr>
            )}
            <tr>
              {table.dims.map((dimension, i) => (
                <th key={dimension} scope="col" className={classes(styles.head, styles.headLeft, i === 0 && styles.frozen)} aria-sort={aria(`row:${dimension}`, 0)}>
                  {head(words.dim(dimension), `row:${dimension}`, 0)}
                </th>
              ))}
              {table.dims.length === 0 && <td className={classes(styles.head, styles.frozen)} />}
              {columns.map((column, index) => {
                const start = index % perValue === 0 && index > 0;
                const value = table.values[column.value]!;
                if (column.kind === "trend") {
                  return (
                    <th key={column.id} scope="col" className={styles.head}>
                      <span className={styles.plainHead}>{t("trendColumn")}</span>
                    </th>
                  );
                }
                const key = column.kind === "cell" ? `col:${points[column.column]}` : column.kind;
                const label =
                  column.kind === "cell"
                    ? columnLabel(points[column.column]!, language, points)
                    : column.kind === "change"
                      ? t("change", { name: words.versus })
                      : several || table.columns.length > 0
                        ? t("total")
                        : words.valueName(value.name);
                return (
                  <th key={column.id} scope="col" className={classes(styles.head, column.kind === "total" && styles.totalCell, start && styles.blockStart, column.kind === "cell" && partialColumn(points[column.column]!) && styles.partial)} aria-sort={aria(key, column.value)}>
                    {head(label, key, column.value, column.kind === "total" && !several && table.columns.length === 0 ? words.unitNote(value.unit) : undefined)}
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {from > 0 && <tr aria-hidden style={{ height: from * rowHeight }} />}
            {rows.slice(from, to + 1).map((row, i) => (
              <tr key={row.key} aria-rowindex={from + i + headRows + 1} className={classes(pins.includes(row.key) && styles.pinnedRow, row.provisional && styles.provisionalRow)}>
                {rowHead(row)}
                {cellsOf(from + i)}
              </tr>
            ))}
            {virtual && to < rows.length - 1 && <tr aria-hidden style={{ height: (rows.length - 1 - to) * rowHeight }} />}
          </tbody>
          <tfoot>
            <tr aria-rowindex={rows.length + headRows + 1}>
              <th scope="row" className={classes(styles.rowHead, styles.frozen)} colSpan={1}>
                {t("total")} {table.values.some((value) => value.unit === "percent") && <span className={styles.note}>{t("sigma")}</span>}
              </th>
              {table.dims.slice(1).map((dimension) => (
                <td key={dimension} />
              ))}
              {cellsOf(-1)}
            </tr>
          </tfoot>
        </table>
      </div>
      {hover && content && <HoverCard rect={hover.rect} content={content} />}
    </>
  );
}

// The height of a row follows the density and the phone.
function useRowHeight(): number {
  return useMemo(() => Number.parseInt(getComputedStyle(document.documentElement).getPropertyValue("--row"), 10) || 29, []);
}
