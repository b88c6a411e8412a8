import { useRef, useState } from "react";
import { useCatalog, type Answer } from "@/api";
import { useLanguage, useTexts } from "@/i18n";
import { useView } from "@/state/view";
import { Button, formatInstant, formatNumber, Menu, type MenuItem } from "@/ui";
import { FilterPiece } from "./FilterPiece";
import { FindBox } from "./FindBox";
import { FormulaBox } from "./FormulaBox";
import type { Pivot } from "./logic/pivot";
import { kGrains, move, type ExploreState, type Grain } from "./logic/state";
import { AddButton, Pieces, Shelf } from "./Shelf";
import styles from "./explore.module.css";
import type { Words } from "./words";
import { exploreTexts } from "./texts";

const kColours = ["var(--cat1)", "var(--cat2)", "var(--cat3)", "var(--cat4)", "var(--cat5)", "var(--cat6)"];

// The left side: everything that the exploration is made of, each piece with its way out.
export function PieceList({ state, set, words, answer, table, entries }: { state: ExploreState; set: (change: Partial<ExploreState>) => void; words: Words; answer: Answer | undefined; table: Pivot | undefined; entries: number | undefined }) {
  const t = useTexts(exploreTexts);
  const language = useLanguage();
  const catalog = useCatalog();
  const view = useView();
  const find = useRef<HTMLInputElement>(null);
  const [chosen, setChosen] = useState(0);
  const [newFilter, setNewFilter] = useState<string | null>(null);
  const at = Math.min(chosen, state.values.length - 1);

  const dims = catalog.raw?.dimensions ?? [];
  const take = (value: string) => {
    if (!state.values.includes(value)) set({ values: [...state.values, value] });
    setChosen(state.values.includes(value) ? state.values.indexOf(value) : state.values.length);
  };
  const replace = (i: number, value: string) => set({ values: [...new Set(state.values.map((old, j) => (j === i ? value : old)))] });
  const addRow = (dim: string) => set({ rows: [...state.rows, dim] });

  const rowItems: MenuItem[] = [
    ...dims.filter(({ id }) => !state.rows.includes(id)).map(({ id, name }) => ({ id, label: catalog.text(name), run: () => addRow(id) })),
    "line",
    ...kGrains.filter((grain) => !state.rows.includes(grain) && state.col !== grain).map((grain) => ({ id: grain, label: catalog.dim(grain), run: () => addRow(grain) })),
  ];
  const columnItems: MenuItem[] = kGrains.map((grain) => ({ id: grain, label: catalog.dim(grain), run: () => set({ col: grain, rows: state.rows.filter((dim) => dim !== grain) }) }));
  const filterItems: MenuItem[] = dims
    .filter(({ id }) => !(id in state.filters))
    .map(({ id, name }) => ({
      id,
      label: catalog.text(name),
      run: () => {
        setNewFilter(id);
        set({ filters: { ...state.filters, [id]: [] } });
      },
    }));

  // What the KPIs themselves say they may be split by, and the grains beside the one chosen.
  const slices = [...new Set(state.values.flatMap((value) => catalog.kpi(value)?.slices ?? []))].filter((dim) => !state.rows.includes(dim) && dims.some(({ id }) => id === dim));
  const grains = (["week", "month", "quarter"] as const).filter((grain) => grain !== state.col && !state.rows.includes(grain));

  return (
    <div className={styles.pieceList}>
      <FindBox ref={find} taken={state.values} onTake={take} />
      <Shelf title={t("values")} add={<AddButton label={t("addValue")} onClick={() => find.current?.focus()} />}>
        <Pieces
          pieces={state.values.map((value, i) => ({
            id: value,
            name: words.valueName(value),
            note: words.unitNote(answer?.columns[i]?.unit ?? catalog.kpi(value)?.unit ?? catalog.measure(value)?.unit ?? "count"),
            colour: kColours[i % kColours.length]!,
            active: i === at && state.values.length > 1,
          }))}
          onRemove={(value) => set({ values: state.values.filter((other) => other !== value), of: 0 })}
          onMove={(from, to) => set({ values: move(state.values, from, to) })}
          onChoose={(value) => setChosen(state.values.indexOf(value))}
        />
        {view.vs !== "none" && <Pieces pieces={[{ id: "vs", name: t("versus", { name: words.versus }), colour: "var(--last-year)" }]} onRemove={() => view.set({ vs: "none" })} />}
      </Shelf>
      <Shelf title={t("rows")} add={<Menu align="start" trigger={<AddButton label={t("addRow")} tip={false} />} items={rowItems} />} {...(state.rows.length === 0 ? { empty: t("noneRows") } : {})}>
        <Pieces
          pieces={state.rows.map((dim) => ({ id: dim, name: words.dim(dim), ...(state.rows.length === 1 && table ? { note: t("countOf", { n: formatNumber(table.rows.length) }) } : {}) }))}
          onRemove={(dim) => set({ rows: state.rows.filter((other) => other !== dim), pins: [], sort: null })}
          onMove={(from, to) => set({ rows: move(state.rows, from, to), pins: [] })}
        />
      </Shelf>
      <Shelf title={t("columns")} add={<Menu align="start" trigger={<AddButton label={t("addColumn")} tip={false} />} items={columnItems} />} {...(state.col === null ? { empty: t("noneColumns") } : {})}>
        {state.col && <Pieces pieces={[{ id: state.col, name: words.dim(state.col), ...(table && table.columns.length > 0 ? { note: t("countOf", { n: table.columns.length }) } : {}) }]} onRemove={() => set({ col: null, sort: null })} />}
      </Shelf>
      <Shelf title={t("filters")} add={<Menu align="start" trigger={<AddButton label={t("addFilter")} tip={false} />} items={filterItems} />} {...(Object.keys(state.filters).length === 0 ? { empty: t("noneFilters") } : {})}>
        <Pieces
          pieces={Object.entries(state.filters).map(([dim, members]) => ({
            id: dim,
            name: words.dim(dim),
            label: <FilterPiece dim={dim} members={members} startOpen={newFilter === dim} onChange={(next) => set({ filters: { ...state.filters, [dim]: next } })} />,
          }))}
          onRemove={(dim) => set({ filters: Object.fromEntries(Object.entries(state.filters).filter(([other]) => other !== dim)) })}
        />
      </Shelf>
      {slices.length + grains.length > 0 && (
        <Shelf title={t("slices")}>
          <div className={styles.chips}>
            {slices.map((dim) => (
              <Button key={dim} small onClick={() => addRow(dim)}>
                + {words.dim(dim)}
              </Button>
            ))}
            {grains.map((grain: Grain) => (
              <Button key={grain} small onClick={() => set({ col: grain })}>
                + {words.dim(grain)}
              </Button>
            ))}
          </div>
        </Shelf>
      )}
      <Shelf title={t("formula")}>
        <FormulaBox key={`${state.values[at] ?? ""} ${catalog.ready}`} value={state.values[at]} onApply={(text) => replace(at, text)} onAdd={take} />
      </Shelf>
      {entries !== undefined && answer && (
        <p className={styles.answered}>
          {t("answered", { n: formatNumber(entries), at: formatInstant(answer.cutoff, language) })}
        </p>
      )}
    </div>
  );
}
