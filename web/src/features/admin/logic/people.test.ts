import { describe, expect, it } from "vitest";
import { parsePeople, planOf } from "./people";

const dealer = {
  teams: [{ id: "20", code: "T1", name: "一组", kind: "sales" }],
  staff: [{ id: "30", code: "S1", name: "张三", team_history: [] }],
};

describe("people pasted as lines", () => {
  it("are code, name and team, a header aside", () => {
    const lines = parsePeople("工号\t姓名\t组\r\nS2\t李四\t一组\r\nS3\t王五\t二组\r\n", dealer, null);
    expect(lines).toMatchObject([
      { line: 2, code: "S2", name: "李四", teamId: "20", newTeam: false, problem: null },
      { line: 3, code: "S3", name: "王五", teamId: null, newTeam: true, problem: null },
    ]);
    expect(planOf(lines).newTeams).toEqual(["二组"]);
  });
  it("may be separated by commas, Chinese ones too", () => {
    expect(parsePeople("S2，李四，t1\nS3，王五，T1", dealer, null).map((l) => l.teamId)).toEqual(["20", "20"]);
  });
  it("join the team that is open where none is written", () => {
    expect(parsePeople("S2\t李四", dealer, "20")[0]).toMatchObject({ teamId: "20", problem: null });
    expect(parsePeople("S2\t李四", dealer, null)[0]).toMatchObject({ problem: "no_team" });
  });
  it("are wrong without a code, twice, or with a name too long, and known when they are there", () => {
    const lines = parsePeople(`\t无名\nS2\ta\ns2\tb\nS4\t${"长".repeat(121)}\ns1\t张三`, dealer, "20");
    expect(lines.map((l) => l.problem)).toEqual(["no_code", null, "twice", "long", null]);
    const plan = planOf(lines);
    expect([plan.add.length, plan.known.length, plan.wrong.length]).toEqual([1, 1, 3]);
  });
});
