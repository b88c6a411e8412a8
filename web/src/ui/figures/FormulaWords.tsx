import { useMemo } from "react";
import { useCatalog } from "@/api";
import { Link } from "@/state/page";
import { formulaParts } from "./formula";
import styles from "./figures.module.css";

// A formula whose names say what they are on hover; KPIs lead to their page of the handbook.
export function FormulaWords({ formula, link = true }: { formula: string; link?: boolean }) {
  const catalog = useCatalog();
  const parts = useMemo(
    () => formulaParts(formula, { kpi: catalog.kpi, measure: catalog.measure, functions: catalog.raw?.functions.map(({ name }) => name) ?? [] }),
    [formula, catalog],
  );
  return (
    <code className={styles.formula}>
      {parts.map(({ text, kind }, i) => {
        if (kind === "kpi" && link) {
          return (
            <Link key={i} to="/handbook/$kpi" params={{ kpi: text }} title={catalog.name(text)}>
              {text}
            </Link>
          );
        }
        if (kind === "kpi" || kind === "measure") {
          return (
            <span key={i} className={styles.named} title={catalog.name(text)}>
              {text}
            </span>
          );
        }
        return (
          <span key={i} className={kind === "function" ? styles.fn : undefined}>
            {text}
          </span>
        );
      })}
    </code>
  );
}
