import type { Org } from "@/api";
import type { Scope } from "@/state/view";

// Whose customers a page shows: they belong to one dealer, and the scope may be wider or narrower. Pure.

export type Dealer = Org["dealers"][number];

// The dealer that the scope is, or lies in. Who sees one dealer only has no choice to make.
export function dealerOf(org: Org, scope: Scope): Dealer | undefined {
  if (org.dealers.length === 1) return org.dealers[0];
  switch (scope.kind) {
    case "dealer":
      return org.dealers.find((dealer) => dealer.id === scope.id);
    case "team":
      return org.dealers.find((dealer) => dealer.teams.some((team) => team.id === scope.id));
    case "staff":
      return org.dealers.find((dealer) => dealer.staff.some((person) => person.id === scope.id));
    default:
      return undefined;
  }
}

// Those to choose from: of the region, where the scope is one that has any.
export function choicesOf(org: Org, scope: Scope): Dealer[] {
  const within = scope.kind === "region" ? org.dealers.filter((dealer) => dealer.region === scope.id) : [];
  return within.length > 0 ? within : org.dealers;
}

// Who can be given customers: whoever works there, those of today first to choose.
export function workingStaff(dealer: Dealer): Dealer["staff"] {
  return dealer.staff.filter((person) => !person.left);
}
