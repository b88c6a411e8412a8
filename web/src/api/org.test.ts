import { expect, it } from "vitest";
import type { Org } from "./hooks";
import { buildOrgTree, pathOf } from "./org";

const org: Org = {
  version: 1,
  regions: [{ id: "1", code: "E", name: "华东" }],
  dealers: [
    { id: "10", code: "D2", name: "城西店", time_zone: "Asia/Shanghai", region: "1", region_history: [], teams: [{ id: "100", code: "T1", name: "一组", kind: "sales" }], staff: [
      { id: "1000", code: "zs", name: "张三", team: "100", team_history: [] },
      { id: "1001", code: "ls", name: "李四", team: null, left: true, team_history: [] },
      { id: "1002", code: "ww", name: "", team: null, team_history: [] },
    ] },
    { id: "11", code: "D9", name: "孤店", time_zone: "Asia/Shanghai", region: null, region_history: [], teams: [], staff: [] },
  ],
};

it("regions hold dealers, dealers teams and people; who has left comes last; a code stands in for a name", () => {
  const tree = buildOrgTree(org);
  expect(tree.roots.map((root) => root.virtual ?? root.name)).toEqual(["华东", "no-region"]);
  expect(tree.byKey.get("dealer:10")!.children.map((node) => node.name)).toEqual(["一组", "ww", "李四"]);
  expect(pathOf(tree.byKey.get("staff:1000")!).map((node) => node.name)).toEqual(["华东", "城西店", "一组", "张三"]);
  expect(pathOf(tree.byKey.get("dealer:11")!).map((node) => node.name)).toEqual(["孤店"]);
  expect(tree.dealerCount).toBe(2);
});

it("without regions the dealers are the roots", () => {
  const tree = buildOrgTree({ ...org, regions: [], dealers: org.dealers.map((dealer) => ({ ...dealer, region: null })) });
  expect(tree.roots.map((root) => root.key)).toEqual(expect.arrayContaining(["dealer:10", "dealer:11"]));
  expect(buildOrgTree(undefined).roots).toEqual([]);
});
