import { describe, expect, it } from "vitest";
import type { Org } from "@/api";
import { choicesOf, dealerOf, workingStaff } from "./dealer";

const dealer = (id: string, region: string | null): Org["dealers"][number] => ({
  id, code: `D${id}`, name: `店${id}`, time_zone: "Asia/Shanghai", region, region_history: [],
  teams: [{ id: `${id}1`, code: "T", name: "一组", kind: "sales" }],
  staff: [
    { id: `${id}2`, code: "S1", name: "张三", team_history: [] },
    { id: `${id}3`, code: "S2", name: "李四", left: true, team_history: [] },
  ],
});
const org: Org = { version: 1, regions: [{ id: "1", code: "E", name: "华东" }, { id: "2", code: "N", name: "华北" }], dealers: [dealer("10", "1"), dealer("20", null)] };

describe("whose customers are shown", () => {
  it("a dealer, or the one that a team or person belongs to", () => {
    expect(dealerOf(org, { kind: "dealer", id: "20" })?.id).toBe("20");
    expect(dealerOf(org, { kind: "team", id: "101" })?.id).toBe("10");
    expect(dealerOf(org, { kind: "staff", id: "203" })?.id).toBe("20");
  });
  it("nobody's where the scope is wider, or names what is not there", () => {
    expect(dealerOf(org, { kind: "network", id: "" })).toBeUndefined();
    expect(dealerOf(org, { kind: "region", id: "1" })).toBeUndefined();
    expect(dealerOf(org, { kind: "dealer", id: "99" })).toBeUndefined();
  });
  it("who sees one dealer has chosen it", () => {
    expect(dealerOf({ ...org, dealers: [org.dealers[1]!] }, { kind: "network", id: "" })?.id).toBe("20");
  });
  it("a region offers its own dealers; one without any, all", () => {
    expect(choicesOf(org, { kind: "region", id: "1" }).map(({ id }) => id)).toEqual(["10"]);
    expect(choicesOf(org, { kind: "region", id: "2" })).toHaveLength(2);
    expect(choicesOf(org, { kind: "network", id: "" })).toHaveLength(2);
  });
  it("who has left is given nothing", () => {
    expect(workingStaff(org.dealers[0]!).map(({ name }) => name)).toEqual(["张三"]);
  });
});
