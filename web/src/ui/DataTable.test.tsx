import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { setLanguage } from "@/i18n";
import { DataTable, sortRows, type Column } from "./DataTable";
import { TooltipProvider } from "./tooltip";

interface Row {
  name: string;
  deals: number | null;
  team: string;
}
const rows: Row[] = [
  { name: "王五", deals: 8, team: "B" },
  { name: "张三", deals: 9, team: "A" },
  { name: "李四", deals: null, team: "A" },
  { name: "吴九", deals: 8, team: "A" },
];
const columns: Column<Row>[] = [
  { id: "name", header: "Consultant", sort: (row) => row.name, cell: (row) => row.name },
  { id: "team", header: "Team", sort: (row) => row.team, cell: (row) => row.team },
  { id: "deals", header: "Deals", align: "right", sort: (row) => row.deals, cell: (row) => row.deals ?? "—", total: "25" },
  { id: "note", header: "Note", cell: () => "n", hidden: true },
];
const names = () => screen.getAllByRole("row").slice(1, -1).map((row) => within(row).getByRole("rowheader").textContent);
const show = (more: Partial<Parameters<typeof DataTable<Row>>[0]> = {}) =>
  render(
    <TooltipProvider>
      <DataTable id="test" caption="Deals by consultant" columns={columns} rows={rows} rowKey={(row) => row.name} {...more} />
    </TooltipProvider>,
  );

setLanguage("en");

describe("sorting", () => {
  it("begins with the largest figure; the second click turns it; nothing comes last both ways", async () => {
    show();
    const head = screen.getByRole("columnheader", { name: "Deals" });
    await userEvent.click(within(head).getByRole("button"));
    expect(names()).toEqual(["张三", "王五", "吴九", "李四"]);
    expect(head).toHaveAttribute("aria-sort", "descending");
    await userEvent.click(within(head).getByRole("button"));
    expect(names()).toEqual(["王五", "吴九", "张三", "李四"]);
    expect(head).toHaveAttribute("aria-sort", "ascending");
  });

  it("with Shift adds a second order", async () => {
    const user = userEvent.setup();
    show();
    await user.click(screen.getByRole("button", { name: "Team" }));
    await user.keyboard("{Shift>}");
    await user.click(screen.getByRole("button", { name: "Deals" }));
    await user.keyboard("{/Shift}");
    expect(names()).toEqual(["张三", "吴九", "李四", "王五"]);
  });

  it("is the caller's where he keeps it", async () => {
    const onSort = vi.fn();
    show({ sort: [{ id: "name", desc: false }], onSort });
    await userEvent.click(screen.getByRole("button", { name: "Deals" }));
    expect(onSort).toHaveBeenCalledWith([{ id: "deals", desc: true }]);
  });

  it("leaves equal rows in their order", () => {
    expect(sortRows(rows, columns, [{ id: "team", desc: true }]).map((row) => row.name)).toEqual(["王五", "张三", "李四", "吴九"]);
  });
});

it("the totals row stands below, named in the first column", () => {
  show();
  const total = screen.getAllByRole("row").at(-1)!;
  expect(within(total).getByRole("rowheader")).toHaveTextContent("Total");
  expect(total).toHaveTextContent("25");
});

it("columns can be chosen and are remembered", async () => {
  const { unmount } = show({ tools: true });
  expect(screen.queryByRole("columnheader", { name: "Note" })).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Columns" }));
  await userEvent.click(screen.getByLabelText("Note"));
  await userEvent.click(screen.getByLabelText("Team"));
  await userEvent.keyboard("{Escape}");
  unmount();
  show({ tools: true });
  expect(screen.getAllByRole("columnheader").map((head) => head.textContent)).toEqual(["Consultant", "Deals", "Note"]);
  localStorage.clear();
});

it("arrows and J, K move between the links of a column", async () => {
  const onOpen = vi.fn();
  show({ onOpen });
  screen.getByRole("button", { name: "王五" }).focus();
  await userEvent.keyboard("j");
  expect(screen.getByRole("button", { name: "张三" })).toHaveFocus();
  await userEvent.keyboard("{ArrowDown}k{Enter}");
  expect(onOpen).toHaveBeenCalledWith(rows[1]);
});

it("draws only what is in sight of ten thousand rows, and says how many there are", () => {
  const many = Array.from({ length: 10_000 }, (_, i) => ({ name: `r${i}`, deals: i, team: "A" }));
  show({ rows: many });
  expect(screen.getAllByRole("row").length).toBeLessThan(100);
  expect(screen.getByRole("table")).toHaveAttribute("aria-rowcount", "10001");
});

it("without rows says why", () => {
  show({ rows: [], empty: "Nobody has sold anything yet." });
  expect(screen.getByText("Nobody has sold anything yet.")).toBeVisible();
});
