import { useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import styles from "./explore.module.css";

// What a cell is made of, beside it: below where there is room, else above.

export interface CardContent {
  title: string;
  lines: string[];
  quiet: string[];
  hint?: string;
}

export function HoverCard({ rect, content }: { rect: DOMRect; content: CardContent }) {
  const ref = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<{ left: number; top: number; above: boolean } | null>(null);
  useLayoutEffect(() => {
    const card = ref.current;
    if (!card) return;
    const { width, height } = card.getBoundingClientRect();
    const above = rect.bottom + height + 12 > window.innerHeight && rect.top > height + 12;
    const left = Math.max(8, Math.min(window.innerWidth - width - 8, rect.left + rect.width / 2 - width / 2));
    setPlace({ left, top: above ? rect.top - height - 8 : rect.bottom + 8, above });
  }, [rect, content]);
  return createPortal(
    <div ref={ref} role="tooltip" className={styles.card} style={place ? { left: place.left, top: place.top } : { visibility: "hidden", left: 0, top: 0 }}>
      <p className={styles.cardTitle}>{content.title}</p>
      {content.lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
      {content.quiet.map((line) => (
        <p key={line} className={styles.cardQuiet}>
          {line}
        </p>
      ))}
      {content.hint && <p className={styles.cardHint}>{content.hint}</p>}
    </div>,
    document.body,
  );
}
