import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState, type ClipboardEvent, type KeyboardEvent } from "react";
import { useTexts } from "@/i18n";
import { formatCells, parseCells } from "@/ui/clipboard";
import { classes, usePhone } from "@/ui";
import styles from "../admin.module.css";
import { cellKey, fill, isChanged, move, parseFigure, pasteAt, rectangle, redo, shownText, type, undo, type CellKey, type GridState, type Position, type Selection, type Stored } from "../logic/grid";
import { otherSum, plainNumber } from "../logic/readings";
import { readingTexts } from "./texts";

export interface GridRow {
  id: string;
  label: string;
  note?: string;
}
export interface GridColumn {
  id: string;
  label: string;
}

interface GridProps {
  rows: GridRow[];
  columns: GridColumn[];
  rowHead: string;
  state: GridState;
  onState: (state: GridState) => void;
  stored: Stored;
  format: (text: string) => string; // a stored or typed number as it is shown
  marked: ReadonlySet<CellKey>; // refused
  sums: ReadonlyMap<CellKey, number>; // what the month comes to, with readings that stand elsewhere
  totals: string[] | null;
  selection: Selection;
  onSelection: (selection: Selection) => void;
  onSave: () => void;
}

// A spreadsheet: one focus for the whole, the active cell named to screen readers; typing replaces, F2 edits.
export function Grid({ rows, columns, rowHead, state, onState, stored, format, marked, sums, totals, selection, onSelection, onSave }: GridProps) {
  const t = useTexts(readingTexts);
  const phone = usePhone();
  const box = useRef<HTMLDivElement>(null);
  const [editing, setEditing] = useState<string | null>(null);
  const size = { rows: rows.length, columns: columns.length };
  const height = phone ? 44 : 29;
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => height, overscan: 12, scrollPaddingStart: height, scrollPaddingEnd: totals ? height : 0 });
  const { head } = selection;
  const keyAt = (at: Position): CellKey => cellKey(rows[at.row]?.id ?? "", columns[at.column]?.id ?? "");
  const textAt = (at: Position) => shownText(state, stored, keyAt(at));
  const area = rectangle(selection);
  const inside = (row: number, column: number) => row >= area.top && row <= area.bottom && column >= area.left && column <= area.right;

  useEffect(() => {
    if (head.row < rows.length) virtual.scrollToIndex(head.row, { align: "auto" });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only when the active cell moves
  }, [head.row]);

  const to = (at: Position, extend = false) => onSelection(extend ? { anchor: selection.anchor, head: at } : { anchor: at, head: at });
  const put = (cells: { position: Position; text: string }[]) => onState(type(state, stored, cells.map(({ position, text }) => ({ key: keyAt(position), text }))));
  const commit = () => {
    if (editing === null) return;
    put([{ position: head, text: editing }]);
    setEditing(null);
  };
  const clear = () => {
    const cells: { position: Position; text: string }[] = [];
    for (let row = area.top; row <= area.bottom; row++) for (let column = area.left; column <= area.right; column++) cells.push({ position: { row, column }, text: "" });
    put(cells);
  };

  const onKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const ctrl = event.ctrlKey || event.metaKey;
    const take = () => {
      event.preventDefault();
      event.stopPropagation();
    };
    if (editing !== null) {
      if (event.key === "Enter" || event.key === "Tab") {
        take();
        commit();
        to(move(head, event.key, size, { shift: event.shiftKey }));
        box.current?.focus();
      } else if (event.key === "Escape") {
        take();
        setEditing(null);
        box.current?.focus();
      }
      return;
    }
    if (ctrl) {
      const key = event.key.toLowerCase();
      if (key === "z" && !event.shiftKey) {
        take();
        onState(undo(state));
      } else if (key === "y" || (key === "z" && event.shiftKey)) {
        take();
        onState(redo(state));
      } else if (key === "d" || key === "r") {
        take();
        put(fill(selection, key === "d" ? "down" : "right", textAt));
      } else if (key === "a") {
        take();
        onSelection({ anchor: { row: 0, column: 0 }, head: { row: size.rows - 1, column: size.columns - 1 } });
      } else if (event.key === "Enter" || key === "s") {
        take();
        onSave();
      } else if (event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End") {
        take();
        to(move(head, event.key, size, { ctrl: true }), event.shiftKey);
      }
      return;
    }
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp":
      case "ArrowLeft":
      case "ArrowRight":
      case "Home":
      case "End":
      case "PageDown":
      case "PageUp":
        take();
        return to(move(head, event.key, size), event.shiftKey);
      case "Enter":
        take();
        return to(move(head, "Enter", size, { shift: event.shiftKey }));
      case "Tab": {
        // At the ends Tab leaves the grid, so that nobody is caught in it.
        const next = move(head, "Tab", size, { shift: event.shiftKey });
        if (next === head) return;
        take();
        return to(next);
      }
      case "F2":
        take();
        return setEditing(textAt(head));
      case "Delete":
      case "Backspace":
        take();
        return clear();
      default:
        if (event.key.length === 1 && !event.altKey && event.key !== " ") {
          take();
          setEditing(event.key);
        }
    }
  };
  const onPaste = (event: ClipboardEvent) => {
    if (editing !== null) return;
    const block = parseCells(event.clipboardData.getData("text/plain"));
    if (block.length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    put(pasteAt(block, selection, size));
    if (block.length > 1 || block[0]!.length > 1) {
      const bottom = Math.min(size.rows - 1, area.top + block.length - 1);
      const right = Math.min(size.columns - 1, area.left + Math.max(...block.map((line) => line.length)) - 1);
      onSelection({ anchor: { row: area.top, column: area.left }, head: { row: bottom, column: right } });
    }
  };
  const onCopy = (event: ClipboardEvent) => {
    if (editing !== null) return;
    event.preventDefault();
    const block: string[][] = [];
    for (let row = area.top; row <= area.bottom; row++) block.push(columns.slice(area.left, area.right + 1).map((_, i) => textAt({ row, column: area.left + i })));
    event.clipboardData.setData("text/plain", formatCells(block));
    if (event.type === "cut") clear();
  };

  // Wide enough for the longest figure in sight or out of it, so that columns stand still while scrolling.
  const width = useMemo(() => {
    let longest = 6;
    for (const row of rows) {
      for (const column of columns) {
        const key = cellKey(row.id, column.id);
        const sum = sums.get(key);
        longest = Math.max(longest, format(shownText(state, stored, key)).length, sum === undefined ? 0 : format(plainNumber(sum)).length);
      }
    }
    for (const total of totals ?? []) longest = Math.max(longest, total.length);
    return Math.min(160, Math.round(longest * 7.3) + 18);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- format and stored follow from these
  }, [rows, columns, sums, state, totals]);
  const template = phone ? `minmax(120px, 1fr) minmax(130px, 1fr)` : `150px repeat(${columns.length}, minmax(${width}px, 1fr))`;
  const cellId = (row: number, column: number) => `cell-${row}-${column}`;
  const rowsTotal = rows.length + 1 + (totals ? 1 : 0);
  return (
    <div
      ref={box}
      className={styles.grid}
      role="grid"
      aria-label={t("grid")}
      aria-rowcount={rowsTotal}
      aria-colcount={columns.length + 1}
      aria-multiselectable
      tabIndex={0}
      aria-activedescendant={cellId(head.row, head.column)}
      onKeyDown={onKey}
      onPaste={onPaste}
      onCopy={onCopy}
      onCut={onCopy}
    >
      <div className={classes(styles.gridRow, styles.gridHead)} role="row" aria-rowindex={1} style={{ gridTemplateColumns: template, height }}>
        <span role="columnheader" className={styles.gridFirst}>
          {rowHead}
        </span>
        {columns.map((column, i) => (
          <span key={column.id} role="columnheader" className={classes(styles.gridCell, i === head.column && styles.gridHere)}>
            {column.label}
          </span>
        ))}
      </div>
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index]!;
          return (
            <div key={row.id} className={styles.gridRow} role="row" aria-rowindex={item.index + 2} style={{ gridTemplateColumns: template, height, position: "absolute", top: item.start, left: 0, right: 0 }}>
              <span role="rowheader" className={classes(styles.gridFirst, item.index === head.row && styles.gridHere)} title={row.label}>
                {row.label}
                {row.note && <span className="quiet"> {row.note}</span>}
              </span>
              {columns.map((column, c) => {
                const at = { row: item.index, column: c };
                const key = keyAt(at);
                const text = shownText(state, stored, key);
                const active = head.row === item.index && head.column === c;
                const bad = marked.has(key) || (text !== "" && parseFigure(text) === null);
                const changed = isChanged(state, key);
                const sum = otherSum(sums, key, stored);
                return (
                  // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus -- the grid has the focus and the keys
                  <span
                    key={column.id}
                    id={cellId(item.index, c)}
                    role="gridcell"
                    aria-colindex={c + 2}
                    aria-selected={inside(item.index, c)}
                    {...(bad ? { "aria-invalid": true as const } : {})}
                    data-cell={`${row.id}|${column.id}`}
                    className={classes(styles.gridCell, inside(item.index, c) && styles.gridIn, active && styles.gridActive, bad && styles.gridBad, changed && styles.gridChanged)}
                    onMouseDown={(event) => {
                      if (editing !== null && active) return;
                      commit();
                      to(at, event.shiftKey);
                    }}
                    onMouseEnter={(event) => event.buttons === 1 && editing === null && onSelection({ anchor: selection.anchor, head: at })}
                    onDoubleClick={() => setEditing(text)}
                    onClick={() => phone && setEditing(text)}
                  >
                    {active && editing !== null ? (
                      <input
                        className={styles.gridInput}
                        aria-label={`${row.label} ${column.label}`}
                        value={editing}
                        autoFocus
                        inputMode="decimal"
                        onChange={(event) => setEditing(event.target.value)}
                        onBlur={commit}
                      />
                    ) : (
                      <>
                        {sum !== null && text !== "" && <i className={styles.gridAlso} title={t("monthSum", { value: format(plainNumber(sum)) })} />}
                        {bad ? text : text === "" && sum !== null && !changed ? (
                          <span className={styles.gridSum} title={t("monthSum", { value: format(plainNumber(sum)) })}>
                            {format(plainNumber(sum))}
                          </span>
                        ) : (
                          format(text)
                        )}
                      </>
                    )}
                  </span>
                );
              })}
            </div>
          );
        })}
      </div>
      {totals && (
        <div className={classes(styles.gridRow, styles.gridTotal)} role="row" aria-rowindex={rowsTotal} style={{ gridTemplateColumns: template, height }}>
          <span role="rowheader" className={styles.gridFirst}>
            {t("total")}
          </span>
          {totals.map((total, i) => (
            <span key={columns[i]?.id ?? i} role="gridcell" className={styles.gridCell}>
              {total}
            </span>
          ))}
        </div>
      )}
    </div>
  );
}
