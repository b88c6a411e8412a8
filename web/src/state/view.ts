import { useNavigate, useRouterState } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { useToday } from "./today";
import { formatPeriod, parsePeriod, preset, type DayNumber, type Period } from "./period";

// What is looked at, as the URL has it. These parameters stay when moving between pages; what a page adds for itself
// stands beside them (state/page.ts). A missing or unreadable one means its default, and defaults are not written.

export const kScopeKinds = ["network", "region", "dealer", "team", "staff"] as const;
export type ScopeKind = (typeof kScopeKinds)[number];
export interface Scope {
  kind: ScopeKind;
  id: string; // empty for the network
}
export type Basis = "period" | "cohort";
export type Versus = "none" | "previous" | "year-ago" | "target";
export const kVersus: readonly Versus[] = ["none", "previous", "year-ago", "target"];

export interface View {
  scope: Scope;
  period: Period;
  basis: Basis;
  within: number | null; // days after the start of a lead, on cohort basis
  vs: Versus;
}

export type RawSearch = Record<string, string | string[]>;
export const kSharedKeys = ["scope", "period", "basis", "within", "vs"] as const;

export function parseScope(text: unknown): Scope {
  const match = typeof text === "string" ? /^(region|dealer|team|staff):(\d{1,19})$/.exec(text) : null;
  return match ? { kind: match[1] as ScopeKind, id: match[2]! } : { kind: "network", id: "" };
}
export function formatScope(scope: Scope): string {
  return scope.kind === "network" ? "network" : `${scope.kind}:${scope.id}`;
}

const first = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value);

export function parseView(search: RawSearch, today: DayNumber): View {
  const period = parsePeriod(first(search.period) ?? "") ?? preset("this-month", today);
  const within = /^([1-9]\d{0,3})d?$/.exec(first(search.within) ?? "");
  const vs = first(search.vs) as Versus;
  return {
    scope: parseScope(first(search.scope)),
    period,
    basis: first(search.basis) === "cohort" ? "cohort" : "period",
    within: within ? Number(within[1]) : null,
    vs: kVersus.includes(vs) ? vs : "year-ago",
  };
}

// The parameters of a change; undefined takes one out of the URL. A period that was chosen is always written, so that
// a shared link still means it next month.
export function viewParams(change: Partial<View>): Record<string, string | undefined> {
  const out: Record<string, string | undefined> = {};
  if (change.scope) out.scope = change.scope.kind === "network" ? undefined : formatScope(change.scope);
  if (change.period) out.period = formatPeriod(change.period);
  if (change.basis) out.basis = change.basis === "period" ? undefined : change.basis;
  if (change.within !== undefined) out.within = change.within === null ? undefined : `${change.within}d`;
  if (change.vs) out.vs = change.vs === "year-ago" ? undefined : change.vs;
  return out;
}

// ---- The URL's search, all text ----

export function parseSearch(text: string): RawSearch {
  const out: RawSearch = {};
  for (const [key, value] of new URLSearchParams(text)) {
    const before = out[key];
    out[key] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return out;
}
export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    if (value == null) continue;
    for (const item of Array.isArray(value) ? value : [value]) params.append(key, String(item));
  }
  // Readable where the URL standard allows it.
  const text = params.toString().replaceAll("%3A", ":").replaceAll("%2C", ",");
  return text ? `?${text}` : "";
}

// Only the shared parameters, for links to other pages.
export function sharedOf(search: RawSearch): RawSearch {
  return Object.fromEntries(kSharedKeys.flatMap((key) => (search[key] === undefined ? [] : [[key, search[key]]])));
}

export function useRawSearch(): RawSearch {
  return useRouterState({ select: (state) => state.location.search as RawSearch });
}

// Changes parameters of the page shown; undefined removes one. `replace` leaves no step in the history: for typing.
export type SearchPatch = Record<string, string | string[] | undefined>;
export function usePatchSearch(): (patch: SearchPatch, options?: { replace?: boolean }) => void {
  const navigate = useNavigate();
  return useCallback(
    (patch, options) => {
      void navigate({
        to: ".",
        search: ((before: RawSearch) => {
          const after: Record<string, unknown> = { ...before, ...patch };
          for (const key of Object.keys(after)) if (after[key] === undefined) delete after[key];
          return after;
        }) as never,
        replace: options?.replace ?? false,
        resetScroll: false,
      });
    },
    [navigate],
  );
}

export function useView(): View & { set: (change: Partial<View>) => void } {
  const search = useRawSearch();
  const today = useToday();
  const patch = usePatchSearch();
  const set = useCallback((change: Partial<View>) => patch(viewParams(change)), [patch]);
  const { scope, period, basis, within, vs } = search;
  return useMemo(
    () => ({ ...parseView({ ...(scope && { scope }), ...(period && { period }), ...(basis && { basis }), ...(within && { within }), ...(vs && { vs }) }, today), set }),
    [scope, period, basis, within, vs, today, set],
  );
}

// The view as fields of a question to the server.
export function questionOf(view: View): { scope: string; period: string; basis: Basis; within: string | null; vs: Versus } {
  return {
    scope: formatScope(view.scope),
    period: formatPeriod(view.period),
    basis: view.basis,
    within: view.basis === "cohort" && view.within ? `${view.within}d` : null,
    vs: view.vs,
  };
}
