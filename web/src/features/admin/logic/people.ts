import { parseCells } from "@/ui/clipboard";
import type { Dealer } from "./org";

// People pasted as lines of code, name, team. Pure.

export type LineProblem = "no_code" | "long" | "twice" | "no_team";
export interface PersonLine {
  line: number; // from 1, as pasted
  code: string;
  name: string;
  team: string; // as written
  teamId: string | null;
  newTeam: boolean; // no team is called that; it can be made
  known: boolean; // the dealer has this person already: nothing to add
  problem: LineProblem | null;
}

const kHead = /^(code|number|no\.?|staff|id|工号|编号|员工编号|代码|员工号|姓名|name)$/i;
const kMax = 120;

// Two columns or three; a first line that is a header falls away. Without a team the person joins `team`, if given.
export function parsePeople(text: string, dealer: Pick<Dealer, "teams" | "staff">, team: string | null): PersonLine[] {
  const rows = parseCells(text, ["，", ",", ";", "；"]);
  const lines: PersonLine[] = [];
  const seen = new Set<string>();
  const known = new Set(dealer.staff.map((person) => person.code.toLowerCase()));
  rows.forEach((cells, i) => {
    const [code = "", name = "", teamText = ""] = cells.map((cell) => cell.trim());
    if (i === 0 && kHead.test(code)) return;
    if (code === "" && name === "" && teamText === "") return;
    const found = teamText === "" ? undefined : dealer.teams.find((t) => same(t.code, teamText) || same(t.name, teamText));
    const teamId = found?.id ?? (teamText === "" ? team : null);
    const lower = code.toLowerCase();
    let problem: LineProblem | null = null;
    if (code === "") problem = "no_code";
    else if ([code, name, teamText].some((value) => value.length > kMax)) problem = "long";
    else if (seen.has(lower)) problem = "twice";
    else if (teamText === "" && team === null) problem = "no_team";
    seen.add(lower);
    lines.push({ line: i + 1, code, name: name || code, team: teamText, teamId, newTeam: teamText !== "" && !found, known: known.has(lower), problem });
  });
  return lines;
}
function same(a: string, b: string): boolean {
  return a !== "" && a.toLowerCase() === b.toLowerCase();
}

export interface PeoplePlan {
  add: PersonLine[];
  known: PersonLine[];
  wrong: PersonLine[];
  newTeams: string[];
}
export function planOf(lines: readonly PersonLine[]): PeoplePlan {
  const wrong = lines.filter((line) => line.problem !== null);
  const known = lines.filter((line) => line.problem === null && line.known);
  const add = lines.filter((line) => line.problem === null && !line.known);
  const teams = new Map<string, string>();
  for (const line of add) if (line.newTeam && !teams.has(line.team.toLowerCase())) teams.set(line.team.toLowerCase(), line.team);
  return { add, known, wrong, newTeams: [...teams.values()] };
}
