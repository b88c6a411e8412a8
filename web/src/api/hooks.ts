import { useMemo } from "react";
import { keepPreviousData, QueryClient, useMutation, useQuery, useQueryClient, type FetchQueryOptions, type UseQueryOptions, type UseQueryResult } from "@tanstack/react-query";
import { pick, useLanguage, type Bilingual, type Language } from "@/i18n";
import { setToday } from "@/state/today";
import { api, data, setCsrf, type Schemas } from "./client";
import { ApiError } from "./error";
import { figures, kFigures } from "./figures";

// What several features ask for. A feature's own calls stay in the feature.

export type Session = Schemas["Session"];
export type Catalog = Schemas["Catalog"];
export type Org = Schemas["Org"];
export type Question = Schemas["Question"];
export type Answer = Schemas["Answer"];
export type Cell = Schemas["Cell"];
export type Figure = Schemas["Figure"];
export type Kpi = Catalog["kpis"][number];
export type Measure = Catalog["measures"][number];
export type EventKind = Catalog["events"][number];

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // A shop's network may well have no way out and still reach the server.
      mutations: { networkMode: "always" },
      queries: {
        networkMode: "always",
        staleTime: 30_000,
        // What the server refused stays refused; what it could not answer may work a moment later. While it cannot be
        // reached the figures shown stay, dimmed, under the strip that says so.
        retry: (count, error) => error instanceof ApiError && (error.code === "offline" || (count < 2 && (error.status === 502 || error.status === 503))),
        retryDelay: (attempt, error) =>
          error instanceof ApiError && error.retryAfterSeconds ? Math.min(error.retryAfterSeconds, 30) * 1000 : Math.min(500 * 2 ** attempt, 4000),
      },
    },
  });
}

// ---- Session ----

export const kSessionKey = ["session"] as const;
const notSession = (query: { queryKey: readonly unknown[] }) => query.queryKey[0] !== kSessionKey[0];

function took(session: Session): Session {
  setCsrf(session.csrf);
  setToday(session.today);
  return session;
}
// Null: nobody is signed in.
const sessionOptions: UseQueryOptions<Session | null, ApiError> = {
  queryKey: kSessionKey,
  queryFn: async ({ signal }) => {
    try {
      return took(await data(api.GET("/api/v1/session", { signal })));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 5 * 60_000,
  retry: (count, error) => error.code === "offline" && count < 2,
};
export function useSession(): UseQueryResult<Session | null, ApiError> {
  return useQuery<Session | null, ApiError>(sessionOptions);
}
// What every page needs, asked for before there is one. Resolves with the session; never fails.
export async function prefetchCommon(client: QueryClient): Promise<Session | null | undefined> {
  await client.prefetchQuery(sessionOptions as FetchQueryOptions<Session | null, ApiError>);
  const session = client.getQueryData<Session | null>(kSessionKey);
  if (session && !session.must_change_password && !session.second_factor_due) {
    void client.prefetchQuery(catalogOptions as FetchQueryOptions<Catalog, ApiError>);
    void client.prefetchQuery(orgOptions as FetchQueryOptions<Org, ApiError>);
  }
  return session;
}
function useEntered() {
  const client = useQueryClient();
  return (session: Session) => {
    const before = client.getQueryData<Session | null>(kSessionKey);
    // What another person has seen must not be shown to this one.
    if (before?.account.id !== session.account.id) client.removeQueries({ predicate: notSession });
    client.setQueryData(kSessionKey, session);
    void client.invalidateQueries({ predicate: notSession });
  };
}
// Null: the password is right, and the code of the second factor is still to come.
export function useSignIn() {
  const entered = useEntered();
  return useMutation<Session | null, ApiError, { login: string; password: string }>({
    mutationFn: async (body) => {
      const device = matchMedia("(max-width: 767px)").matches ? "phone" : "desk";
      const step = await data(api.POST("/api/v1/session", { body: { ...body, device } }));
      return "account" in step ? took(step) : null;
    },
    onSuccess: (session) => {
      if (session) entered(session);
    },
  });
}
export function useFinishSignIn() {
  const entered = useEntered();
  return useMutation<Session, ApiError, string>({
    mutationFn: async (code) => took(await data(api.POST("/api/v1/session/second-factor", { body: { code } }))),
    onSuccess: entered,
  });
}
// How one may sign in here. What went wrong at the provider is told once, so it is asked for anew each time that the
// sign-in is shown, and then stays.
export type SignInWays = Schemas["SignInWays"];
export function useSignInWays(enabled = true) {
  return useQuery<SignInWays, ApiError>({
    enabled,
    queryKey: ["sign-in-ways"],
    queryFn: ({ signal }) => data(api.GET("/api/v1/session/ways", { signal })),
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
  });
}
// Where the provider is, and back from it to that page. `again`: it is to ask who it is, even where it knows the browser.
export function providerAddress(page: string, language: Language, again = false): string {
  const device = matchMedia("(max-width: 767px)").matches ? "phone" : "desk";
  return `/api/v1/session/provider?${new URLSearchParams({ page, device, lang: language, ...(again ? { again: "yes" } : {}) }).toString()}`;
}
// Looks whether somebody has signed in meanwhile, in another tab. Null: nobody.
export function useLookForSession() {
  const entered = useEntered();
  return useMutation<Session | null, ApiError>({
    mutationFn: async () => {
      try {
        return took(await data(api.GET("/api/v1/session")));
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return null;
        throw error;
      }
    },
    onSuccess: (session) => {
      if (session) entered(session);
    },
  });
}
export function useSignOut() {
  const client = useQueryClient();
  return useMutation<void, ApiError>({
    mutationFn: async () => {
      try {
        await api.DELETE("/api/v1/session");
      } catch (error) {
        // Had ended already.
        if (!(error instanceof ApiError && error.status === 401)) throw error;
      }
    },
    onSuccess: () => {
      setCsrf("");
      client.setQueryData(kSessionKey, null);
      client.removeQueries({ predicate: notSession });
    },
  });
}
export function useChangePassword() {
  const client = useQueryClient();
  return useMutation<Session, ApiError, { current: string; new: string }>({
    mutationFn: async (body) => took(await data(api.POST("/api/v1/session/password", { body }))),
    onSuccess: (session) => client.setQueryData(kSessionKey, session),
  });
}
const kNoRights = {};
// Who looks, as far as pages and offers depend on it.
export function useViewer(): { admin: boolean; rights: Readonly<Record<string, "network" | "part">> } {
  const session = useSession().data;
  return useMemo(() => ({ admin: session?.account.role === "admin", rights: session?.rights ?? kNoRights }), [session]);
}
export function useIsAdmin(): boolean {
  return useSession().data?.account.role === "admin";
}

// ---- Catalogue ----

export interface CatalogView {
  ready: boolean;
  raw: Catalog | undefined;
  kpi(id: string): Kpi | undefined;
  measure(id: string): Measure | undefined;
  event(id: string): EventKind | undefined;
  // The name of a KPI, measure or event in the language of now; the id where there is none.
  name(id: string): string;
  // The name of a dimension or time grain.
  dim(id: string): string;
  // A member as answers name it: the code list's word for it where there is one.
  dimLabel(dim: string, member: string | null | undefined): string;
  text(value: Bilingual | null | undefined): string;
}

const catalogOptions: UseQueryOptions<Catalog, ApiError> = {
  queryKey: ["catalog"],
  queryFn: ({ signal }) => data(api.GET("/api/v1/catalog", { signal })),
  staleTime: 10 * 60_000,
};
const kNotSet = { zh: "未填", en: "not set" };

// One view for each catalogue and language, whoever asks.
const views = new WeakMap<object, Partial<Record<Language, CatalogView>>>();
const kNoCatalog = {};
function catalogView(raw: Catalog | undefined, language: Language): CatalogView {
  const known = views.get(raw ?? kNoCatalog) ?? {};
  views.set(raw ?? kNoCatalog, known);
  return (known[language] ??= makeCatalogView(raw, language));
}
function makeCatalogView(raw: Catalog | undefined, language: Language): CatalogView {
  const byId = <T extends { id: string }>(list: T[] | undefined) => new Map((list ?? []).map((item) => [item.id, item]));
  const kpis = byId(raw?.kpis);
  const measures = byId(raw?.measures);
  const events = byId(raw?.events);
  const dims = byId([...(raw?.dimensions ?? []), ...(raw?.grains ?? [])]);
  const labels = new Map<string, Map<string, Bilingual>>();
  for (const list of raw?.lists ?? []) {
    if (!list.dimension) continue;
    const codes = labels.get(list.dimension) ?? new Map<string, Bilingual>();
    for (const { code, name } of list.codes) codes.set(code, name);
    labels.set(list.dimension, codes);
  }
  return {
    ready: raw !== undefined,
    raw,
    kpi: (id) => kpis.get(id),
    measure: (id) => measures.get(id),
    event: (id) => events.get(id),
    name: (id) => pick((kpis.get(id) ?? measures.get(id) ?? events.get(id))?.name, language) || id,
    dim: (id) => pick(dims.get(id)?.name, language) || id,
    dimLabel: (dim, member) => {
      if (member == null) return pick(kNotSet, language);
      return pick(labels.get(dim)?.get(member), language) || member;
    },
    text: (value) => pick(value, language),
  };
}

export function useCatalog(): CatalogView {
  const language = useLanguage();
  const { data: raw } = useQuery<Catalog, ApiError>(catalogOptions);
  return catalogView(raw, language);
}

// ---- Organisation ----

const orgOptions: UseQueryOptions<Org, ApiError> = {
  queryKey: ["org"],
  queryFn: ({ signal }) => data(api.GET("/api/v1/org", { signal })),
  staleTime: 5 * 60_000,
};
export function useOrg(): UseQueryResult<Org, ApiError> {
  return useQuery<Org, ApiError>(orgOptions);
}

// ---- Questions ----

// An answer; while another one is under way the last one stays (`isPlaceholderData`), to be shown dimmed.
export function useKpi(question: Question | null): UseQueryResult<Answer, ApiError> {
  return useQuery<Answer, ApiError>({
    queryKey: ["kpi", question],
    queryFn: (context) => figures(context, (header) => api.POST("/api/v1/kpi/query", { body: question!, params: { header }, signal: context.signal })),
    ...kFigures,
    enabled: question !== null,
    placeholderData: keepPreviousData,
  });
}
// A cell of an answer's row or total.
export function cellOf(row: Record<string, unknown> | undefined, column: string): Cell {
  const cell = row?.[column];
  return typeof cell === "object" && cell !== null && "value" in cell ? (cell as Cell) : { value: null };
}

// Members of a dimension whose name contains the text: for filters.
export function useMembers(dim: string, q: string, { limit = 50, enabled = true } = {}) {
  return useQuery<{ members: Schemas["Member"][]; count: number }, ApiError>({
    queryKey: ["members", dim, q, limit],
    queryFn: ({ signal }) => data(api.GET("/api/v1/members/{dim}", { params: { path: { dim }, query: { q, limit } }, signal })),
    enabled,
    placeholderData: keepPreviousData,
  });
}
