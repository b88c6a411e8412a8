import type { components } from "@/api/schema";

// The organisation as a tree on one day, and what a change of it would mean. Pure.

export type Org = components["schemas"]["Org"];
export type Dealer = Org["dealers"][number];
export type Staff = Dealer["staff"][number];
export type Team = Dealer["teams"][number];
export type History = components["schemas"]["History"];

export type NodeKind = "network" | "region" | "none" | "dealer" | "team" | "noteam" | "left" | "staff";
export interface Node {
  key: string; // "dealer:12"
  kind: NodeKind;
  id: string;
  dealer: string | null; // of a team or person
  code: string;
  name: string;
  people: number; // who are there, the left aside
  dealers: number;
  left: boolean; // of a person: has left, or is not there yet
  children: Node[];
}

// Where it belonged on a day: the last change on or before it. Undefined before the first.
export function targetOn(history: History | undefined, day: string): string | null | undefined {
  let found: string | null | undefined;
  let from = "";
  for (const step of history ?? []) {
    if (step.from <= day && step.from >= from) {
      from = step.from;
      found = step.target;
    }
  }
  return found;
}
// What is booked for after that day, earliest first.
export function laterOn(history: History | undefined, day: string): History {
  return (history ?? []).filter((step) => step.from > day).sort((a, b) => (a.from < b.from ? -1 : 1));
}

// By code, numbers in it as numbers: 一组 T1 stands before 二组 T2.
const byCode = (a: { code: string }, b: { code: string }) => a.code.localeCompare(b.code, "en", { numeric: true });

function personNode(dealer: Dealer, person: Staff, left: boolean): Node {
  return { key: `staff:${person.id}`, kind: "staff", id: person.id, dealer: dealer.id, code: person.code, name: person.name || person.code, people: left ? 0 : 1, dealers: 0, left, children: [] };
}

function dealerNode(dealer: Dealer, day: string, withLeft: boolean): Node {
  const teams = new Map<string, Node>(
    [...dealer.teams].sort(byCode).map((team) => [
      team.id,
      { key: `team:${team.id}`, kind: "team", id: team.id, dealer: dealer.id, code: team.code, name: team.name || team.code, people: 0, dealers: 0, left: false, children: [] },
    ]),
  );
  const loose: Node[] = [];
  const gone: Node[] = [];
  for (const person of [...dealer.staff].sort(byCode)) {
    const team = targetOn(person.team_history, day);
    const history = person.team_history.length > 0;
    if (team != null && teams.has(team)) {
      const node = teams.get(team)!;
      node.children.push(personNode(dealer, person, false));
      node.people++;
    } else if (history) {
      gone.push(personNode(dealer, person, true));
    } else if (person.left) {
      gone.push(personNode(dealer, person, true));
    } else {
      loose.push(personNode(dealer, person, false));
    }
  }
  const children = [...teams.values(), ...loose];
  if (withLeft && gone.length > 0) {
    children.push({ key: `left:${dealer.id}`, kind: "left", id: dealer.id, dealer: dealer.id, code: "", name: "", people: gone.length, dealers: 0, left: true, children: gone });
  }
  const people = loose.length + [...teams.values()].reduce((sum, team) => sum + team.people, 0);
  return { key: `dealer:${dealer.id}`, kind: "dealer", id: dealer.id, dealer: dealer.id, code: dealer.code, name: dealer.name || dealer.code, people, dealers: 1, left: false, children };
}

// The network on a day. Dealers without a region stand under a node of their own; where there are no regions at all they
// stand under the network.
export function buildTree(org: Org, day: string, withLeft: boolean): Node {
  const regions = new Map<string, Node>(
    [...org.regions].sort(byCode).map((region) => [
      region.id,
      { key: `region:${region.id}`, kind: "region", id: region.id, dealer: null, code: region.code, name: region.name || region.code, people: 0, dealers: 0, left: false, children: [] },
    ]),
  );
  const loose: Node = { key: "none:", kind: "none", id: "", dealer: null, code: "", name: "", people: 0, dealers: 0, left: false, children: [] };
  for (const dealer of [...org.dealers].sort(byCode)) {
    const region = targetOn(dealer.region_history, day);
    const parent = (region != null ? regions.get(region) : undefined) ?? loose;
    const node = dealerNode(dealer, day, withLeft);
    parent.children.push(node);
    parent.dealers++;
    parent.people += node.people;
  }
  const children = regions.size === 0 ? loose.children : [...regions.values(), ...(loose.children.length > 0 ? [loose] : [])];
  return {
    key: "network:", kind: "network", id: "", dealer: null, code: "", name: "", left: false, children,
    people: [...regions.values(), loose].reduce((sum, node) => sum + node.people, 0),
    dealers: org.dealers.length,
  };
}

// Only what matches, with everything above it; a match keeps what is below it. All of it where the text is empty.
export function searchTree(root: Node, text: string): Node | null {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return root;
  const keep = (node: Node): Node | null => {
    if (node.name.toLowerCase().includes(wanted) || node.code.toLowerCase().includes(wanted)) return node;
    const children = node.children.flatMap((child) => keep(child) ?? []);
    return children.length > 0 ? { ...node, children } : null;
  };
  const kept = root.children.flatMap((child) => keep(child) ?? []);
  return kept.length > 0 ? { ...root, children: kept } : null;
}

export interface Line {
  node: Node;
  level: number; // 1 for the root
  position: number; // among its siblings, from 1
  siblings: number;
  parent: string | null;
  open: boolean;
}
// The lines to show, top to bottom: what is below a closed node is left out.
export function linesOf(root: Node, isOpen: (node: Node) => boolean): Line[] {
  const lines: Line[] = [];
  const visit = (node: Node, level: number, position: number, siblings: number, parent: string | null) => {
    const open = node.children.length > 0 && isOpen(node);
    lines.push({ node, level, position, siblings, parent, open });
    if (open) node.children.forEach((child, i) => visit(child, level + 1, i + 1, node.children.length, node.key));
  };
  visit(root, 1, 1, 1, null);
  return lines;
}

// Where a key of the tree (WAI-ARIA) goes: the line to be on, or the node to open or close.
export type TreeMove = { to: string } | { open: string } | { close: string } | null;
export function treeKey(lines: readonly Line[], at: string | null, key: string): TreeMove {
  const i = Math.max(0, lines.findIndex((line) => line.node.key === at));
  const line = lines[i];
  if (!line) return null;
  const to = (index: number): TreeMove => (lines[index] ? { to: lines[index].node.key } : null);
  switch (key) {
    case "ArrowDown":
      return to(i + 1);
    case "ArrowUp":
      return to(i - 1);
    case "Home":
      return to(0);
    case "End":
      return to(lines.length - 1);
    case "PageDown":
      return to(Math.min(lines.length - 1, i + 10));
    case "PageUp":
      return to(Math.max(0, i - 10));
    case "ArrowRight":
      if (line.node.children.length === 0) return null;
      return line.open ? to(i + 1) : { open: line.node.key };
    case "ArrowLeft":
      if (line.open) return { close: line.node.key };
      return line.parent === null ? null : { to: line.parent };
    default:
      if (key.length !== 1 || key === " ") return null;
      // A letter goes to the next line that begins with it.
      for (let step = 1; step <= lines.length; step++) {
        const next = lines[(i + step) % lines.length]!;
        if (next.node.name.toLowerCase().startsWith(key.toLowerCase())) return { to: next.node.key };
      }
      return null;
  }
}

// The node with everything above it, outermost first.
export function pathTo(root: Node, key: string): Node[] {
  if (root.key === key) return [root];
  for (const child of root.children) {
    const below = pathTo(child, key);
    if (below.length > 0) return [root, ...below];
  }
  return [];
}

export interface Period {
  from: string;
  to: string | null; // the last day; null: still so
  target: string | null;
}
// A history as stretches of time, latest first.
export function stretches(history: History): Period[] {
  const steps = [...history].sort((a, b) => (a.from < b.from ? -1 : 1));
  return steps
    .map((step, i) => ({ from: step.from, to: steps[i + 1] ? dayBefore(steps[i + 1]!.from) : null, target: step.target }))
    .reverse();
}
export function dayBefore(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}

export type DayProblem = "day_missing" | "day_early" | "day_late";
// What the server allows: 1990 to two years ahead.
export function checkDay(day: string, today: string): DayProblem | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(Date.parse(day))) return "day_missing";
  if (day < "1990-01-01") return "day_early";
  const limit = `${Number(today.slice(0, 4)) + 2}${today.slice(4)}`;
  return day > limit ? "day_late" : null;
}

// All rows of the organisation for a spreadsheet: who is where on the day.
export function exportRows(org: Org, day: string, heads: readonly string[]): string[][] {
  const regions = new Map(org.regions.map((region) => [region.id, region]));
  const rows: string[][] = [[...heads]];
  for (const dealer of org.dealers) {
    const region = regions.get(targetOn(dealer.region_history, day) ?? "");
    const teams = new Map(dealer.teams.map((team) => [team.id, team]));
    const head = [region?.name || region?.code || "", dealer.code, dealer.name];
    if (dealer.staff.length === 0) rows.push([...head, "", "", "", "", "", ""]);
    for (const person of dealer.staff) {
      const team = teams.get(targetOn(person.team_history, day) ?? "");
      const since = [...person.team_history].filter((step) => step.from <= day).sort((a, b) => (a.from < b.from ? 1 : -1))[0];
      const left = !team && person.team_history.length > 0;
      rows.push([...head, team?.code ?? "", team?.name ?? "", person.code, person.name, since?.from ?? "", left ? "1" : ""]);
    }
  }
  return rows;
}
