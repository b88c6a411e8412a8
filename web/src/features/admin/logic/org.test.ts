import { describe, expect, it } from "vitest";
import { buildTree, checkDay, exportRows, laterOn, linesOf, pathTo, searchTree, stretches, targetOn, treeKey, type Node, type Org } from "./org";

const org: Org = {
  version: 3,
  regions: [
    { id: "1", code: "E", name: "华东" },
    { id: "2", code: "N", name: "华北" },
  ],
  dealers: [
    {
      id: "10", code: "D1", name: "城西店", time_zone: "Asia/Shanghai", region: "1",
      region_history: [
        { from: "2020-01-01", target: "2" },
        { from: "2026-03-01", target: "1" },
      ],
      teams: [{ id: "20", code: "T1", name: "一组", kind: "sales" }],
      staff: [
        { id: "30", code: "S1", name: "张三", team_history: [{ from: "2024-01-01", target: "20" }] },
        {
          id: "31", code: "S2", name: "李四", team_history: [
            { from: "2024-01-01", target: "20" },
            { from: "2026-06-01", target: null },
          ],
        },
        { id: "32", code: "S3", name: "", team_history: [] },
      ],
    },
    { id: "11", code: "D2", name: "滨江店", time_zone: "Asia/Shanghai", region: null, region_history: [], teams: [], staff: [] },
  ],
};
const keys = (node: Node | null) => node?.children.map((child) => child.key);

describe("the organisation on a day", () => {
  it("has each dealer in the region of that day", () => {
    expect(buildTree(org, "2026-02-28", false).children.find((n) => n.key === "region:2")?.dealers).toBe(1);
    expect(buildTree(org, "2026-03-01", false).children.find((n) => n.key === "region:1")?.dealers).toBe(1);
  });
  it("puts dealers without a region under a node of their own", () => {
    const tree = buildTree(org, "2026-07-01", false);
    expect(tree.children.find((n) => n.kind === "none")?.children[0]?.key).toBe("dealer:11");
    expect(tree.dealers).toBe(2);
  });
  it("needs no such node where there are no regions", () => {
    expect(keys(buildTree({ ...org, regions: [] }, "2026-07-01", false))).toEqual(["dealer:10", "dealer:11"]);
  });
  it("counts those who are there, and shows who has left only when asked", () => {
    const before = pathTo(buildTree(org, "2026-05-31", false), "dealer:10").at(-1)!;
    expect(before.people).toBe(3);
    const after = pathTo(buildTree(org, "2026-06-01", false), "dealer:10").at(-1)!;
    expect(after.people).toBe(2);
    expect(keys(after)).toEqual(["team:20", "staff:32"]);
    const withLeft = pathTo(buildTree(org, "2026-06-01", true), "dealer:10").at(-1)!;
    expect(keys(withLeft)).toEqual(["team:20", "staff:32", "left:10"]);
    expect(withLeft.people).toBe(2);
  });
  it("names by code what has no name", () => {
    expect(pathTo(buildTree(org, "2026-06-01", false), "staff:32").at(-1)?.name).toBe("S3");
  });
});

describe("searching", () => {
  it("keeps what is above a match and below it", () => {
    const tree = buildTree(org, "2026-07-01", true);
    const found = searchTree(tree, "一组")!;
    expect(pathTo(found, "staff:30").map((n) => n.kind)).toEqual(["network", "region", "dealer", "team", "staff"]);
    expect(pathTo(found, "dealer:11")).toEqual([]);
    expect(searchTree(tree, "nobody")).toBeNull();
    expect(searchTree(tree, " s2 ")).not.toBeNull();
  });
});

describe("the tree's keys", () => {
  const tree = buildTree(org, "2026-05-01", false);
  const open = new Set(["network:", "region:1", "dealer:10"]);
  const lines = linesOf(tree, (node) => open.has(node.key));
  it("lists what is open only", () => {
    expect(lines.map((l) => l.node.key)).toContain("team:20");
    expect(lines.map((l) => l.node.key)).not.toContain("staff:30");
    expect(lines.find((l) => l.node.key === "dealer:10")).toMatchObject({ level: 3, position: 1, siblings: 1, parent: "region:1" });
  });
  it("opens, goes in, closes and goes out", () => {
    expect(treeKey(lines, "team:20", "ArrowRight")).toEqual({ open: "team:20" });
    expect(treeKey(lines, "dealer:10", "ArrowRight")).toEqual({ to: "team:20" });
    expect(treeKey(lines, "dealer:10", "ArrowLeft")).toEqual({ close: "dealer:10" });
    expect(treeKey(lines, "team:20", "ArrowLeft")).toEqual({ to: "dealer:10" });
    expect(treeKey(lines, "network:", "ArrowUp")).toBeNull();
    expect(treeKey(lines, "network:", "End")).toEqual({ to: lines.at(-1)!.node.key });
  });
  it("goes to the next line that begins with a letter", () => {
    expect(treeKey(lines, "network:", "城")).toEqual({ to: "dealer:10" });
  });
});

describe("histories", () => {
  const history = org.dealers[0]!.region_history;
  it("are stretches, latest first", () => {
    expect(stretches(history)).toEqual([
      { from: "2026-03-01", to: null, target: "1" },
      { from: "2020-01-01", to: "2026-02-28", target: "2" },
    ]);
  });
  it("tell what held on a day and what comes later", () => {
    expect(targetOn(history, "2019-12-31")).toBeUndefined();
    expect(targetOn(history, "2026-02-28")).toBe("2");
    expect(laterOn(history, "2026-02-28")).toEqual([{ from: "2026-03-01", target: "1" }]);
  });
});

describe("a day of a change", () => {
  it("lies between 1990 and two years from today", () => {
    expect(checkDay("", "2026-11-25")).toBe("day_missing");
    expect(checkDay("1989-12-31", "2026-11-25")).toBe("day_early");
    expect(checkDay("2028-11-26", "2026-11-25")).toBe("day_late");
    expect(checkDay("2028-11-25", "2026-11-25")).toBeNull();
  });
});

describe("the export", () => {
  it("has a row for each person, and one for a dealer without any", () => {
    const rows = exportRows(org, "2026-07-01", ["h"]);
    expect(rows).toHaveLength(5);
    expect(rows[1]).toEqual(["华东", "D1", "城西店", "T1", "一组", "S1", "张三", "2024-01-01", ""]);
    expect(rows[2]).toEqual(["华东", "D1", "城西店", "", "", "S2", "李四", "2026-06-01", "1"]);
  });
});
