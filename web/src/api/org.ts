import type { Scope } from "@/state/view";
import { useOrg, type Org } from "./hooks";

// The organisation as a tree, for choosing and naming scopes.

export interface OrgNode {
  scope: Scope;
  key: string; // "dealer:17"
  name: string;
  code: string;
  parent: OrgNode | null;
  children: OrgNode[];
  left?: boolean; // a person who works here no longer
  virtual?: "no-region" | "no-team"; // groups what belongs nowhere; cannot be chosen
}
export interface OrgTree {
  roots: OrgNode[];
  byKey: ReadonlyMap<string, OrgNode>;
  dealerCount: number;
}

const kCollator = new Intl.Collator("zh-CN", { numeric: true });

export const kNoRegion = "no-region";
export function buildOrgTree(org: Org | undefined): OrgTree {
  const byKey = new Map<string, OrgNode>();
  const roots: OrgNode[] = [];
  const make = (kind: Scope["kind"], id: string, name: string, code: string, parent: OrgNode | null, more: Partial<OrgNode> = {}): OrgNode => {
    const node: OrgNode = { scope: { kind, id }, key: `${kind}:${id}`, name: name || code, code, parent, children: [], ...more };
    (parent ? parent.children : roots).push(node);
    byKey.set(node.key, node);
    return node;
  };
  if (!org) return { roots, byKey, dealerCount: 0 };
  const regions = new Map(org.regions.map((region) => [region.id, make("region", region.id, region.name, region.code, null)]));
  let homeless: OrgNode | null = null;
  for (const dealer of org.dealers) {
    let parent = dealer.region ? (regions.get(dealer.region) ?? null) : null;
    if (!parent && regions.size > 0) {
      // Dealers without a region stand under a heading of their own, but only where others have one.
      homeless ??= make("region", kNoRegion, "", "", null, { virtual: "no-region" });
      parent = homeless;
    }
    const node = make("dealer", dealer.id, dealer.name, dealer.code, parent);
    const teams = new Map(dealer.teams.map((team) => [team.id, make("team", team.id, team.name, team.code, node)]));
    for (const person of dealer.staff) {
      const team = person.team ? (teams.get(person.team) ?? null) : null;
      make("staff", person.id, person.name, person.code, team ?? node, person.left ? { left: true } : {});
    }
  }
  const order = (a: OrgNode, b: OrgNode) =>
    Number(Boolean(a.virtual)) - Number(Boolean(b.virtual)) || Number(a.left ?? false) - Number(b.left ?? false) || kCollator.compare(a.name, b.name);
  roots.sort(order);
  for (const node of byKey.values()) node.children.sort(order);
  return { roots, byKey, dealerCount: org.dealers.length };
}

// One tree for each answer, made when somebody asks for it.
const trees = new WeakMap<Org, OrgTree>();
const kNoTree = buildOrgTree(undefined);
export function orgTree(org: Org | undefined): OrgTree {
  if (!org) return kNoTree;
  let tree = trees.get(org);
  if (!tree) trees.set(org, (tree = buildOrgTree(org)));
  return tree;
}
export function useOrgTree(): OrgTree {
  return orgTree(useOrg().data);
}

// From the top down to the node: region, dealer, team, person. Virtual groups are left out.
export function pathOf(node: OrgNode): OrgNode[] {
  const path: OrgNode[] = [];
  for (let at: OrgNode | null = node; at; at = at.parent) if (!at.virtual) path.unshift(at);
  return path;
}
