import { GripVertical, Plus, X } from "lucide-react";
import { useRef, useState, type DragEvent, type KeyboardEvent, type ReactNode } from "react";
import { useTexts } from "@/i18n";
import { classes, IconButton } from "@/ui";
import styles from "./explore.module.css";
import { exploreTexts } from "./texts";

// One group of pieces on the left: values, rows, columns, filters.

export function Shelf({ title, add, children, empty }: { title: string; add?: ReactNode; children?: ReactNode; empty?: string }) {
  return (
    <section className={styles.shelf} aria-label={title}>
      <header className={styles.shelfHead}>
        <h2>{title}</h2>
        {add}
      </header>
      {children}
      {empty && <p className={styles.shelfEmpty}>{empty}</p>}
    </section>
  );
}

export function AddButton({ label, ...rest }: { label: string } & Record<string, unknown>) {
  return <IconButton small label={label} icon={Plus} {...rest} />;
}

export interface Piece {
  id: string;
  name: string;
  note?: string;
  colour?: string; // swatch
  active?: boolean;
  label?: ReactNode; // instead of the name: a filter's own trigger
}

// Pieces in an order that can be changed: by dragging, or with the arrow keys on the grip.
export function Pieces({ pieces, onRemove, onMove, onChoose }: { pieces: Piece[]; onRemove: (id: string) => void; onMove?: (from: number, to: number) => void; onChoose?: (id: string) => void }) {
  const t = useTexts(exploreTexts);
  const [dragged, setDragged] = useState<number | null>(null);
  const [over, setOver] = useState<number | null>(null);
  const [said, setSaid] = useState("");
  const list = useRef<HTMLUListElement>(null);
  const movable = onMove !== undefined && pieces.length > 1;

  const move = (from: number, to: number) => {
    if (!onMove || to < 0 || to >= pieces.length || from === to) return;
    onMove(from, to);
    setSaid(t("moved", { name: pieces[from]!.name, n: to + 1 }));
    // The grip keeps the focus at its new place.
    requestAnimationFrame(() => list.current?.querySelectorAll<HTMLElement>("[data-grip]")[to]?.focus());
  };
  const onKey = (event: KeyboardEvent, i: number) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    move(i, i + (event.key === "ArrowUp" ? -1 : 1));
  };
  const onDrop = (event: DragEvent, i: number) => {
    event.preventDefault();
    if (dragged !== null) move(dragged, i);
    setDragged(null);
    setOver(null);
  };

  return (
    <>
      <ul className={styles.pieces} ref={list}>
        {pieces.map((piece, i) => (
          <li
            key={piece.id}
            className={classes(styles.piece, piece.active && styles.pieceActive, over === i && dragged !== i && styles.pieceOver)}
            onDragOver={(event) => {
              if (dragged === null) return;
              event.preventDefault();
              setOver(i);
            }}
            onDrop={(event) => onDrop(event, i)}
          >
            {movable ? (
              <span
                data-grip
                role="button"
                tabIndex={0}
                className={styles.grip}
                aria-label={t("reorder", { name: piece.name })}
                draggable
                onDragStart={(event) => {
                  event.dataTransfer.effectAllowed = "move";
                  event.dataTransfer.setData("text/plain", piece.id);
                  setDragged(i);
                }}
                onDragEnd={() => (setDragged(null), setOver(null))}
                onKeyDown={(event) => onKey(event, i)}
              >
                <GripVertical size={14} aria-hidden />
              </span>
            ) : (
              <span className={styles.grip} aria-hidden />
            )}
            {piece.colour && <span className={styles.swatch} style={{ background: piece.colour }} aria-hidden />}
            {piece.label ?? (onChoose ? (
              <button type="button" className={styles.pieceName} aria-pressed={piece.active ?? false} onClick={() => onChoose(piece.id)} title={piece.name}>
                {piece.name} {piece.note && <span className={styles.note}>{piece.note}</span>}
              </button>
            ) : (
              <span className={styles.pieceName} title={piece.name}>
                {piece.name} {piece.note && <span className={styles.note}>{piece.note}</span>}
              </span>
            ))}
            <button type="button" className={styles.remove} aria-label={t("remove", { name: piece.name })} onClick={() => onRemove(piece.id)}>
              <X size={14} aria-hidden />
            </button>
          </li>
        ))}
      </ul>
      <span className="sr-only" aria-live="polite">
        {said}
      </span>
    </>
  );
}
