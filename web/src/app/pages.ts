import { mayOpen, type Page, type Viewer } from "@/state/page";

// Every feature with a pages.ts is part of the application: rail, tabs, palette and routes follow from what it says.
const found = import.meta.glob<{ pages: Page[] }>("../features/*/pages.ts", { eager: true });

export const kPages: readonly Page[] = Object.values(found).flatMap((module) => module.pages);

const kGroups = ["sales", "analyse", "data", "settings"] as const;
export type Group = (typeof kGroups)[number];

export function navGroups(viewer: Viewer): { group: Group; pages: Page[] }[] {
  return kGroups
    .map((group) => ({
      group,
      pages: kPages.filter((page) => page.nav?.group === group && mayOpen(page, viewer)).sort((a, b) => a.nav!.order - b.nav!.order),
    }))
    .filter(({ pages }) => pages.length > 0);
}

export function tabPages(viewer: Viewer): Page[] {
  return kPages.filter((page) => page.tab && mayOpen(page, viewer)).sort((a, b) => a.tab!.order - b.tab!.order);
}

// Figures first; who may see none begins with what there is for him.
export function homePath(viewer: Viewer): string | undefined {
  const groups = navGroups(viewer);
  return (groups.find(({ group }) => group === "analyse") ?? groups[0])?.pages[0]?.path;
}

// The page that a path belongs to; the longest that fits.
export function pageAt(path: string): Page | undefined {
  const parts = path.split("/").filter(Boolean);
  return [...kPages]
    .sort((a, b) => b.path.length - a.path.length)
    .find((page) => {
      const pattern = page.path.split("/").filter(Boolean);
      return pattern.length === parts.length && pattern.every((part, i) => part.startsWith("$") || part === parts[i]);
    });
}
// The rail entry under which a page stands: itself, or the one whose path begins its own.
export function isWithin(page: Page, path: string): boolean {
  return path === page.path || path.startsWith(`${page.path}/`);
}
