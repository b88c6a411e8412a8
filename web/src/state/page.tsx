import { Link as RouterLink, useNavigate, type LinkProps } from "@tanstack/react-router";
import type { QueryClient } from "@tanstack/react-query";
import type { LucideIcon } from "lucide-react";
import { useCallback, useEffect, useMemo, useSyncExternalStore, type ComponentType, type ReactNode } from "react";
import type { Bilingual } from "@/i18n";
import { sharedOf, usePatchSearch, useRawSearch, type RawSearch, type SearchPatch } from "./view";

// What a page says about itself. A feature lists its pages in features/<name>/pages.ts; app collects them, makes their
// routes, and puts them into rail, tabs and palette. The page itself is loaded when it is opened.
export interface Page {
  id: string;
  path: string; // "/handbook/$kpi" has a parameter
  title: Bilingual;
  load: () => Promise<{ default: ComponentType }>;
  // Asks for what the page opened by its address will show, while the application starts.
  prefetch?: (client: QueryClient) => void;
  // In the rail, in this group at this place. Pages without are reached by links.
  nav?: { group: "sales" | "analyse" | "data" | "settings"; order: number; icon: LucideIcon; label?: Bilingual };
  // In the bottom row of the phone.
  tab?: { order: number; label?: Bilingual };
  // G and this letter go there.
  key?: string;
  // Parts of the top bar that mean something here. Default: all.
  bar?: readonly ("scope" | "period" | "basis" | "vs")[];
  admin?: boolean; // only administrators see and open it
  right?: string; // only who has this right (catalog/roles.toml) on some rows does
}
// Who looks: which pages are his follows from it.
export interface Viewer {
  admin: boolean;
  rights: Readonly<Record<string, "network" | "part">>;
}
// Of whom nothing is known yet.
export const kAnybody: Viewer = { admin: false, rights: { reports: "part" } };
export function mayOpen(page: Page, viewer: Viewer): boolean {
  return viewer.admin || (!page.admin && (page.right === undefined || page.right in viewer.rights));
}
export function definePages(...pages: Page[]): Page[] {
  return pages;
}

// The page's own search parameters beside the shared ones: `read` makes of the raw text what the page works with.
//
//   const [search, patch] = usePageSearch((raw) => ({ q: one(raw.q) ?? "", open: one(raw.open) }));
export function usePageSearch<T>(read: (raw: RawSearch) => T): [T, (patch: SearchPatch, options?: { replace?: boolean }) => void] {
  const raw = useRawSearch();
  const patch = usePatchSearch();
  // eslint-disable-next-line react-hooks/exhaustive-deps -- `read` is pure and written in place
  const value = useMemo(() => read(raw), [raw]);
  return [value, patch];
}
export function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
export function many(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

export interface Target {
  to: string;
  params?: Record<string, string>;
  // Parameters of the other page, also shared ones that shall differ there; the shared ones of now come along.
  search?: SearchPatch;
  hash?: string;
}

function searchOf(now: RawSearch, patch: SearchPatch | undefined): Record<string, unknown> {
  const search: Record<string, unknown> = { ...sharedOf(now), ...patch };
  for (const key of Object.keys(search)) if (search[key] === undefined) delete search[key];
  return search;
}

// A link inside the application that keeps scope, period, basis and comparison.
export function Link({ to, params, search, hash, children, ...rest }: Target & { children?: ReactNode; className?: string; title?: string; onClick?: () => void; "aria-label"?: string; "aria-current"?: "page" }) {
  const now = useRawSearch();
  const props = { to, params, search: searchOf(now, search), hash, ...rest } as unknown as LinkProps;
  return <RouterLink {...props}>{children}</RouterLink>;
}

export function useGo(): (target: Target) => void {
  const navigate = useNavigate();
  const now = useRawSearch();
  return useCallback(
    ({ to, params, search, hash }) => void navigate({ to, params, search: searchOf(now, search), hash } as never),
    [navigate, now],
  );
}

// ---- What the page shown offers to the palette and the keyboard ----

export interface PageAction {
  id: string;
  label: string;
  run: () => void;
}
let actions: readonly PageAction[] = [];
const listeners = new Set<() => void>();

// While the page is shown, its actions stand in the command palette: exports, saving a view …
export function usePageActions(offered: PageAction[]) {
  const key = offered.map((action) => `${action.id}\n${action.label}`).join("\n\n");
  useEffect(() => {
    actions = offered;
    for (const listener of listeners) listener();
    return () => {
      actions = [];
      for (const listener of listeners) listener();
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- by what is offered, not by identity
  }, [key]);
}
export function useOfferedActions(): readonly PageAction[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => actions,
  );
}

// The document's title: what is shown, then the product.
export function useDocumentTitle(title: string) {
  useEffect(() => {
    document.title = title ? `${title} · Dealpace` : "Dealpace";
  }, [title]);
}
