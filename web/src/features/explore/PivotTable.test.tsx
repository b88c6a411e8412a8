import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import type { Answer } from "@/api";
import "@/i18n";
import { TooltipProvider } from "@/ui";
import { pivot } from "./logic/pivot";
import { PivotTable, type CellPlace } from "./PivotTable";
import type { Words } from "./words";

const answer: Answer = {
  period: { from: "2026-10-01", to: "2026-10-31" },
  basis: "period",
  cutoff: "",
  by: ["dealer"],
  columns: [{ name: "r", formula: "a / b", unit: "percent", better: "higher" }],
  rows: [
    { dealer: "A", r: { value: 1.0520833333333333, num: 101, den: 96 } },
    { dealer: "B", r: { value: null, num: 2, den: 0 } },
    { dealer: "C", r: { value: 0.3333333333333333, num: 1, den: 3 } },
  ],
  total: { r: { value: 1.0505050505050506, num: 104, den: 99 } },
};
const words: Words = { valueName: (name) => name, formulaOf: (formula) => formula, unitNote: () => "%", dim: (dim) => dim, member: (_, member) => member ?? "", rowLabels: (row) => row.members.map((text) => ({ text: text ?? "" })), versus: "" };

function shown(onOpen: (place: CellPlace) => void = () => undefined) {
  const table = pivot({ rows: answer }, ["dealer"], null);
  render(
    <TooltipProvider>
      <PivotTable table={table} rows={table.rows} sort={{ key: "total", of: 0, down: true }} onSort={() => undefined} heat versus={false} pins={[]} onPin={null} onOpen={onOpen} card={() => null} words={words} title="r" dim={false} />
    </TooltipProvider>,
  );
  return screen.getAllByRole("gridcell");
}

it("cells carry the answer's numbers digit by digit, whatever is shown", () => {
  const cells = shown();
  expect(cells.map((cell) => [cell.dataset.value, cell.dataset.num, cell.dataset.den])).toEqual([
    ["1.0520833333333333", "101", "96"],
    ["null", "2", "0"],
    ["0.3333333333333333", "1", "3"],
    ["1.0505050505050506", "104", "99"],
  ]);
});
it("more than 100 % is shown as it is, nothing as —, three cases as counts", () => {
  expect(shown().map((cell) => cell.textContent)).toEqual(["105.2%", "—", "1/3", "105.1%"]);
});
it("the arrows move, the totals row is last, Enter opens", () => {
  const onOpen = vi.fn();
  const cells = shown(onOpen);
  cells[0]!.focus();
  for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "Enter"]) fireEvent.keyDown(document.activeElement!, { key });
  expect(document.activeElement).toBe(cells[3]);
  expect(onOpen).toHaveBeenCalledWith({ row: null, value: 0, column: null });
  fireEvent.keyDown(document.activeElement!, { key: "ArrowUp" });
  expect(document.activeElement).toBe(cells[2]);
});
