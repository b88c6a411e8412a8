import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp, Columns3, Rows3, Rows4 } from "lucide-react";
import { useEffect, useMemo, useRef, useState, type CSSProperties, type KeyboardEvent, type MouseEvent, type ReactNode, type RefObject } from "react";
import { useTexts } from "@/i18n";
import { remember, remembered, useSetting } from "@/state/settings";
import { Button, IconButton } from "./Button";
import { Checkbox } from "./form";
import { formatNumber } from "./format";
import { classes, usePhone } from "./hooks";
import styles from "./DataTable.module.css";
import { Popover } from "./overlay";
import { uiTexts } from "./texts";

// A table of figures: header and first column stay in sight, the totals row sticks to the bottom, a click on a header
// sorts and Shift adds to the order. From 200 rows on only what is in sight is drawn. On the phone the rows are cards.
// The columns chosen and the row height are remembered on this device.

export interface Column<R> {
  id: string;
  header: ReactNode;
  name?: string; // where the header is no plain text
  align?: "left" | "right" | "center"; // figures: right
  width?: number; // px at least
  // What rows are ordered by; without it the column does not sort. Nothing (null) always comes last.
  sort?: (row: R) => number | string | null | undefined;
  first?: "asc" | "desc"; // direction of the first click; default: desc for right-aligned
  cell: (row: R, index: number) => ReactNode;
  // Makes the whole cell a link; a Figure with onOpen inside `cell` does that by itself.
  open?: (row: R) => (() => void) | undefined;
  total?: ReactNode;
  hidden?: boolean; // until chosen
  fixed?: boolean; // always there
  figure?: boolean; // one of the up to three on a phone card; default: the first three right-aligned
  edge?: boolean; // a line before it: where totals begin
  style?: (row: R) => CSSProperties | undefined; // of a cell: heatmaps
}
export interface Sort {
  id: string;
  desc: boolean;
}
export interface DataTableProps<R> {
  id: string; // what is remembered is remembered under it
  caption: string; // said by screen readers
  columns: Column<R>[];
  rows: readonly R[];
  rowKey: (row: R, index: number) => string;
  defaultSort?: Sort[];
  sort?: Sort[]; // kept by the caller, in the URL
  onSort?: (sort: Sort[]) => void;
  totalLabel?: ReactNode; // of the first column in the totals row; there is one when a column has a total
  rowTone?: (row: R) => "muted" | "marked" | undefined;
  onOpen?: (row: R) => void; // Enter or click on a row's first cell
  empty?: ReactNode;
  tools?: boolean; // number of rows, columns, row height
  toolsLeft?: ReactNode;
  maxHeight?: number | string; // scrolls inside from there on
  cards?: boolean; // on the phone; default yes
}

const kVirtualFrom = 200;
const kCardsShown = 60;

export function sortRows<R>(rows: readonly R[], columns: Column<R>[], sort: readonly Sort[]): R[] {
  const keys = sort.flatMap(({ id, desc }) => {
    const by = columns.find((column) => column.id === id)?.sort;
    return by ? [{ by, desc }] : [];
  });
  if (keys.length === 0) return [...rows];
  return rows
    .map((row, index) => ({ row, index }))
    .sort((a, b) => {
      for (const { by, desc } of keys) {
        const x = by(a.row);
        const y = by(b.row);
        const noX = x == null || Number.isNaN(x);
        const noY = y == null || Number.isNaN(y);
        if (noX || noY) {
          if (noX !== noY) return noX ? 1 : -1;
          continue;
        }
        const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "zh-CN", { numeric: true });
        if (order !== 0) return desc ? -order : order;
      }
      return a.index - b.index;
    })
    .map(({ row }) => row);
}

function nextSort<R>(sort: readonly Sort[], column: Column<R>, add: boolean): Sort[] {
  const firstDesc = column.first ? column.first === "desc" : column.align === "right";
  const at = sort.findIndex(({ id }) => id === column.id);
  if (!add) {
    const only = sort.length === 1 && at === 0;
    return [{ id: column.id, desc: only ? !sort[0]!.desc : firstDesc }];
  }
  if (at < 0) return [...sort, { id: column.id, desc: firstDesc }];
  return sort.map((entry, i) => (i === at ? { ...entry, desc: !entry.desc } : entry));
}

const nameOf = <R,>(column: Column<R>): string => column.name ?? (typeof column.header === "string" ? column.header : column.id);

export function DataTable<R>(props: DataTableProps<R>) {
  const { id, columns, rows, defaultSort = [], tools = false, toolsLeft, cards = true, empty } = props;
  const t = useTexts(uiTexts);
  const phone = usePhone();
  const [ownSort, setOwnSort] = useState<Sort[]>(defaultSort);
  const sort = props.sort ?? ownSort;
  const setSort = props.onSort ?? setOwnSort;
  const [chosen, setChosen] = useState<Record<string, boolean>>(() => remembered(`columns.${id}`, {}));
  const [density, setDensity] = useSetting("density");

  const shown = useMemo(() => columns.filter((column) => column.fixed || (chosen[column.id] ?? !column.hidden)), [columns, chosen]);
  const sorted = useMemo(() => sortRows(rows, columns, sort), [rows, columns, sort]);
  const choosable = columns.filter((column, index) => index > 0 && !column.fixed);

  return (
    <div className={styles.root}>
      {tools && (
        <div className={classes(styles.tools, "no-print")}>
          <span className={styles.count}>{toolsLeft ?? t("rowsCount", { n: formatNumber(rows.length), count: rows.length })}</span>
          {choosable.length > 1 && (
            <Popover label={t("columns")} align="end" trigger={<IconButton small label={t("columns")} icon={Columns3} tip={false} />}>
              <div className={styles.chooser}>
                {choosable.map((column) => (
                  <Checkbox
                    key={column.id}
                    label={nameOf(column)}
                    checked={chosen[column.id] ?? !column.hidden}
                    onChange={(on) => {
                      const next = { ...chosen, [column.id]: on };
                      setChosen(next);
                      remember(`columns.${id}`, next);
                    }}
                  />
                ))}
              </div>
            </Popover>
          )}
          {!phone && (
            <IconButton
              small
              label={`${t("density")}: ${t(density)}`}
              icon={density === "dense" ? Rows4 : Rows3}
              onClick={() => setDensity(density === "dense" ? "comfortable" : "dense")}
            />
          )}
        </div>
      )}
      {rows.length === 0 ? (
        <div className={styles.empty}>{empty ?? t("noRows")}</div>
      ) : phone && cards ? (
        <Cards {...props} columns={shown} rows={sorted} />
      ) : (
        <Grid {...props} columns={shown} rows={sorted} sort={sort} onSort={setSort} density={density} />
      )}
    </div>
  );
}

type GridProps<R> = DataTableProps<R> & { sort: Sort[]; onSort: (sort: Sort[]) => void; density: string };

// Few rows are all drawn, and nothing is measured for them.
function Grid<R>(props: GridProps<R>) {
  const printing = usePrinting();
  return props.rows.length >= kVirtualFrom && !printing ? <LongGrid {...props} /> : <GridRows {...props} printing={printing} />;
}
function LongGrid<R>(props: GridProps<R>) {
  const scroller = useRef<HTMLDivElement>(null);
  const rowHeight = props.density === "comfortable" ? 36 : 29;
  const virtualizer = useVirtualizer({
    count: props.rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    initialRect: { width: 800, height: 600 },
  });
  useEffect(() => virtualizer.measure(), [virtualizer, rowHeight]);
  const items = virtualizer.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0);
  return <GridRows {...props} scroller={scroller} shown={{ indices: items.map(({ index }) => index), before, after }} />;
}

interface ShownRows {
  indices: number[];
  before: number; // px of what is left out above and below
  after: number;
}
function GridRows<R>({ caption, columns, rows, rowKey, sort, onSort, totalLabel, rowTone, onOpen, maxHeight, shown, scroller, printing = false }: GridProps<R> & { shown?: ShownRows; scroller?: RefObject<HTMLDivElement | null>; printing?: boolean }) {
  const t = useTexts(uiTexts);
  const virtual = shown !== undefined;
  const { before = 0, after = 0 } = shown ?? {};
  const hasTotal = columns.some((column) => column.total !== undefined);

  const row = (index: number) => {
    const item = rows[index]!;
    const tone = rowTone?.(item);
    return (
      <tr key={rowKey(item, index)} className={classes(tone && styles[tone])} aria-rowindex={virtual ? index + 2 : undefined}>
        {columns.map((column, at) => {
          const open = column.open?.(item) ?? (at === 0 && onOpen ? () => onOpen(item) : undefined);
          const content = column.cell(item, index);
          const inner = open ? (
            <button type="button" className={styles.cellLink} data-cell="" onClick={open}>
              {content}
            </button>
          ) : (
            content
          );
          const className = classes(styles.cell, styles[column.align ?? "left"], column.edge && styles.edge);
          const style = { ...(column.width ? { minWidth: column.width } : {}), ...column.style?.(item) };
          return at === 0 ? (
            <th key={column.id} scope="row" className={className} style={style}>
              {inner}
            </th>
          ) : (
            <td key={column.id} className={className} style={style}>
              {inner}
            </td>
          );
        })}
      </tr>
    );
  };

  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- moves between the links inside
    <div
      ref={scroller ?? null}
      className={styles.scroller}
      style={{ maxHeight: printing ? undefined : (maxHeight ?? (virtual ? "min(720px, calc(100dvh - 180px))" : undefined)) }}
      role="group"
      aria-label={caption}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolls by keyboard
      tabIndex={0}
      onKeyDown={moveBetweenCells}
    >
      <table className={styles.table} aria-rowcount={virtual ? rows.length + 1 : undefined}>
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => {
              const at = sort.findIndex(({ id }) => id === column.id);
              const entry = sort[at];
              const className = classes(styles.head, styles[column.align ?? "left"], column.edge && styles.edge);
              return (
                <th key={column.id} scope="col" className={className} style={column.width ? { minWidth: column.width } : undefined} aria-sort={entry ? (entry.desc ? "descending" : "ascending") : undefined}>
                  {column.sort ? (
                    <button
                      type="button"
                      className={styles.sortButton}
                      title={t("sortHint")}
                      onClick={(event: MouseEvent) => onSort(nextSort(sort, column, event.shiftKey))}
                    >
                      {column.header}
                      {entry && (entry.desc ? <ArrowDown size={12} aria-hidden /> : <ArrowUp size={12} aria-hidden />)}
                      {entry && sort.length > 1 && <span className={styles.sortIndex}>{at + 1}</span>}
                    </button>
                  ) : (
                    column.header
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {before > 0 && (
            <tr aria-hidden>
              <td colSpan={columns.length} style={{ height: before, padding: 0, border: 0 }} />
            </tr>
          )}
          {shown ? shown.indices.map(row) : rows.map((_, index) => row(index))}
          {after > 0 && (
            <tr aria-hidden>
              <td colSpan={columns.length} style={{ height: after, padding: 0, border: 0 }} />
            </tr>
          )}
        </tbody>
        {hasTotal && (
          <tfoot>
            <tr>
              {columns.map((column, at) => {
                const className = classes(styles.cell, styles[column.align ?? "left"], column.edge && styles.edge);
                return at === 0 ? (
                  <th key={column.id} scope="row" className={className}>
                    {column.total ?? totalLabel ?? t("total")}
                  </th>
                ) : (
                  <td key={column.id} className={className}>
                    {column.total}
                  </td>
                );
              })}
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}

// Arrows, J and K go from link to link: left and right in the row, up and down in the column.
function moveBetweenCells(event: KeyboardEvent<HTMLDivElement>) {
  const from = event.target as HTMLElement;
  const key = event.key.toLowerCase();
  const down = key === "arrowdown" || key === "j";
  const up = key === "arrowup" || key === "k";
  const side = key === "arrowright" ? 1 : key === "arrowleft" ? -1 : 0;
  if (!(down || up || side) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (from === event.currentTarget) {
    if (key !== "j") return; // arrows scroll
    event.currentTarget.querySelector<HTMLElement>("tbody [data-cell]")?.focus();
    event.preventDefault();
    return;
  }
  const cell = from.closest("td, th");
  const row = cell?.parentElement as HTMLTableRowElement | null;
  if (!cell || !row || !from.hasAttribute("data-cell")) return;
  const linkIn = (at: Element | null | undefined) => at?.querySelector<HTMLElement>("[data-cell]");
  let next: HTMLElement | null | undefined;
  if (side) {
    for (let at = side > 0 ? cell.nextElementSibling : cell.previousElementSibling; at && !next; at = side > 0 ? at.nextElementSibling : at.previousElementSibling) next = linkIn(at);
  } else {
    const index = (cell as HTMLTableCellElement).cellIndex;
    for (let at = down ? row.nextElementSibling : row.previousElementSibling; at && !next; at = down ? at.nextElementSibling : at.previousElementSibling) next = linkIn((at as HTMLTableRowElement).cells[index]);
  }
  if (next) {
    next.focus();
    event.preventDefault();
  }
}

function Cards<R>({ caption, columns, rows, rowKey, totalLabel, rowTone, onOpen }: DataTableProps<R>) {
  const t = useTexts(uiTexts);
  const [shown, setShown] = useState(kCardsShown);
  const [head, ...rest] = columns;
  if (!head) return null;
  const figures = [...rest.filter((column) => column.figure), ...rest.filter((column) => !column.figure && column.align === "right")].slice(0, 3);
  const others = rest.filter((column) => !figures.includes(column));
  const hasTotal = columns.some((column) => column.total !== undefined);
  const linked = (column: Column<R>, row: R, index: number) => {
    const open = column.open?.(row);
    const content = column.cell(row, index);
    return open ? (
      <button type="button" className={styles.cellLink} onClick={open}>
        {content}
      </button>
    ) : (
      content
    );
  };
  return (
    <ul className={styles.cards} aria-label={caption}>
      {hasTotal && (
        <li className={classes(styles.card, styles.cardTotal)}>
          <p className={styles.cardTitle}>{head.total ?? totalLabel ?? t("total")}</p>
          <dl className={styles.cardFigures}>
            {figures.map((column) => (
              <div key={column.id}>
                <dt>{column.header}</dt>
                <dd>{column.total}</dd>
              </div>
            ))}
          </dl>
        </li>
      )}
      {rows.slice(0, shown).map((row, index) => {
        const tone = rowTone?.(row);
        return (
          <li key={rowKey(row, index)} className={classes(styles.card, tone && styles[tone])}>
            <p className={styles.cardTitle}>
              {onOpen ? (
                <button type="button" className={styles.cellLink} onClick={() => onOpen(row)}>
                  {head.cell(row, index)}
                </button>
              ) : (
                linked(head, row, index)
              )}
            </p>
            <dl className={styles.cardFigures}>
              {figures.map((column) => (
                <div key={column.id}>
                  <dt>{column.header}</dt>
                  <dd>{linked(column, row, index)}</dd>
                </div>
              ))}
            </dl>
            {others.length > 0 && (
              <details className={styles.cardMore}>
                <summary>{t("details")}</summary>
                <dl>
                  {others.map((column) => (
                    <div key={column.id}>
                      <dt>{column.header}</dt>
                      <dd>{linked(column, row, index)}</dd>
                    </div>
                  ))}
                </dl>
              </details>
            )}
          </li>
        );
      })}
      {rows.length > shown && (
        <li>
          <Button wide onClick={() => setShown(shown + kCardsShown)}>
            {t("rowsCount", { n: `${formatNumber(shown)} / ${formatNumber(rows.length)}`, count: rows.length })} +
          </Button>
        </li>
      )}
    </ul>
  );
}

function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false);
  useEffect(() => {
    const on = () => setPrinting(true);
    const off = () => setPrinting(false);
    window.addEventListener("beforeprint", on);
    window.addEventListener("afterprint", off);
    return () => {
      window.removeEventListener("beforeprint", on);
      window.removeEventListener("afterprint", off);
    };
  }, []);
  return printing;
}
