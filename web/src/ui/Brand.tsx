import styles from "./Brand.module.css";

export function Brand({ mark = false }: { mark?: boolean }) {
  return (
    <span className={styles.brand}>
      <svg width="22" height="22" viewBox="0 0 24 24" aria-hidden>
        <rect width="24" height="24" rx="6" className={styles.tile} />
        <g className={styles.bars}>
          <rect x="6" y="6" width="12" height="2.6" rx="1.3" />
          <rect x="6" y="10.7" width="9" height="2.6" rx="1.3" />
          <rect x="6" y="15.4" width="5" height="2.6" rx="1.3" />
        </g>
      </svg>
      <span className={mark ? "sr-only" : styles.name}>Dealpace</span>
    </span>
  );
}
