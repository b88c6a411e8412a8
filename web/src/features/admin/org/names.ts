import type { Org } from "../logic/org";

// Names of regions and teams by id.
export function namesOf(org: Org): (id: string | null | undefined) => string {
  const names = new Map<string, string>();
  for (const region of org.regions) names.set(region.id, region.name || region.code);
  for (const dealer of org.dealers) for (const team of dealer.teams) names.set(team.id, team.name || team.code);
  return (id) => (id == null ? "" : (names.get(id) ?? id));
}
