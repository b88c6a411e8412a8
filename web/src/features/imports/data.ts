import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { api, asApiError, data, follow, versionTag, type ApiError } from "@/api";
import { isRunning } from "./logic/draft";
import type { Import, ImportChange, ImportJob, RefusedRow, RowPreview, SavedMapping } from "./logic/types";

// The server's side of the wizard.

const listKey = ["imports"] as const;
const oneKey = (id: string) => ["import", id] as const;

export function useImports() {
  return useInfiniteQuery<{ imports: ImportJob[]; next_cursor?: string | null }, ApiError>({
    queryKey: listKey,
    initialPageParam: null,
    queryFn: ({ pageParam, signal }) => data(api.GET("/api/v1/imports", { params: { query: { limit: 50, ...(pageParam ? { cursor: pageParam as string } : {}) } }, signal })),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    // Where something runs, its state moves by itself.
    refetchInterval: (query) => (query.state.data?.pages.some((page) => page.imports.some((job) => isRunning(job.state))) ? 2000 : false),
  });
}

// One import. While it runs its progress comes by server-sent events; a slow poll beside them notices a server that was
// restarted, and ends by itself.
export function useImport(id: string) {
  const client = useQueryClient();
  const query = useQuery<Import, ApiError>({
    queryKey: oneKey(id),
    queryFn: ({ signal }) => data(api.GET("/api/v1/imports/{id}", { params: { path: { id } }, signal })),
    refetchInterval: (q) => (q.state.data && isRunning(q.state.data.state) ? 3000 : false),
    staleTime: 0,
  });
  const state = query.data?.state;
  const running = state !== undefined && isRunning(state);
  useEffect(() => {
    if (!running) return;
    return follow(`/api/v1/imports/${encodeURIComponent(id)}/progress`, {
      progress: (told) => {
        const job = told as ImportJob;
        client.setQueryData<Import>(oneKey(id), (before) => (before ? { ...before, ...job } : before));
        if (!isRunning(job.state)) {
          void client.invalidateQueries({ queryKey: oneKey(id) });
          void client.invalidateQueries({ queryKey: listKey });
          // What was imported or undone moves figures, people and codes.
          if (job.state === "done" || job.state === "undone") {
            void client.invalidateQueries({ predicate: (q) => !["session", "import", "imports"].includes(String(q.queryKey[0])) });
          }
        }
      },
    });
  }, [client, id, running]);
  return query;
}

export interface Draft {
  change: (change: ImportChange) => Promise<Import | null>;
  saving: boolean;
  error: ApiError | null;
  // Somebody else changed it meanwhile: the change waits for a word.
  conflict: { theirs: ApiError; keepMine: () => void; takeTheirs: () => void } | null;
  clearError: () => void;
}

function isConflict(error: ApiError): boolean {
  return error.status === 412 || error.status === 409;
}

// Changes of a draft, one after the other, each with the version that the last one gave.
export function useDraft(id: string): Draft {
  const client = useQueryClient();
  const [pending, setPending] = useState(0);
  const [error, setError] = useState<ApiError | null>(null);
  const [refused, setRefused] = useState<{ change: ImportChange; error: ApiError } | null>(null);
  const line = useRef<Promise<unknown>>(Promise.resolve());

  const send = useCallback(
    async (change: ImportChange): Promise<Import | null> => {
      const version = client.getQueryData<Import>(oneKey(id))?.version ?? 0;
      try {
        const next = await data(api.PUT("/api/v1/imports/{id}", { params: { path: { id }, header: { "If-Match": versionTag(version) } }, body: change }));
        // The figures of the last dry run stay in sight, marked as from before, until the next one.
        client.setQueryData<Import>(oneKey(id), (before) => ({ ...next, result: next.result ?? (before?.result?.dry_run ? before.result : null) }));
        setError(null);
        return next;
      } catch (thrown) {
        const failure = asApiError(thrown);
        if (isConflict(failure)) setRefused({ change, error: failure });
        else setError(failure);
        return null;
      }
    },
    [client, id],
  );
  const change = useCallback(
    (wanted: ImportChange) => {
      setPending((n) => n + 1);
      const turn = line.current.then(() => send(wanted)).finally(() => setPending((n) => n - 1));
      line.current = turn.catch(() => undefined);
      return turn;
    },
    [send],
  );
  const reload = useCallback(() => client.invalidateQueries({ queryKey: oneKey(id) }), [client, id]);
  return {
    change,
    saving: pending > 0,
    error,
    conflict: refused && {
      theirs: refused.error,
      keepMine: () => {
        const again = refused.change;
        setRefused(null);
        void reload().then(() => change(again));
      },
      takeTheirs: () => {
        setRefused(null);
        void reload();
      },
    },
    clearError: () => setError(null),
  };
}

type Verb = "dry-run" | "run" | "cancel" | "undo";
export function useStart(id: string) {
  const client = useQueryClient();
  return useMutation<Import, ApiError, { verb: Verb; allOrNothing?: boolean; why?: string }>({
    mutationFn: ({ verb, allOrNothing, why }) => {
      const params = { path: { id } };
      switch (verb) {
        case "dry-run":
          return data(api.POST("/api/v1/imports/{id}/dry-run", { params }));
        case "run":
          return data(api.POST("/api/v1/imports/{id}/run", { params, body: { all_or_nothing: allOrNothing ?? false } }));
        case "cancel":
          return data(api.POST("/api/v1/imports/{id}/cancel", { params }));
        case "undo":
          return data(api.POST("/api/v1/imports/{id}/undo", { params, body: why ? { why } : {} }));
      }
    },
    onSuccess: (job) => {
      client.setQueryData<Import>(oneKey(id), (before) => ({ ...before, ...job }));
      void client.invalidateQueries({ queryKey: listKey });
      if (!isRunning(job.state)) void client.invalidateQueries({ queryKey: oneKey(id) });
    },
    onError: () => void client.invalidateQueries({ queryKey: oneKey(id) }),
  });
}

export function useDiscard() {
  const client = useQueryClient();
  return useMutation<void, ApiError, string>({
    mutationFn: async (id) => {
      await api.DELETE("/api/v1/imports/{id}", { params: { path: { id } } });
    },
    onSuccess: (_, id) => {
      client.removeQueries({ queryKey: oneKey(id) });
      void client.invalidateQueries({ queryKey: listKey });
    },
  });
}

export function useRefused(id: string, version: number, enabled: boolean) {
  return useInfiniteQuery<{ rows: RefusedRow[]; next_cursor?: string | null }, ApiError>({
    queryKey: ["import", id, "refused", version],
    initialPageParam: null,
    queryFn: ({ pageParam, signal }) =>
      data(api.GET("/api/v1/imports/{id}/refused", { params: { path: { id }, query: { limit: 100, ...(pageParam ? { cursor: pageParam as string } : {}) } }, signal })),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    enabled,
    placeholderData: keepPreviousData,
  });
}

export function useRow(id: string, version: number, row: number, enabled: boolean) {
  return useQuery<RowPreview, ApiError>({
    queryKey: ["import", id, "row", version, row],
    queryFn: ({ signal }) => data(api.GET("/api/v1/imports/{id}/row", { params: { path: { id }, query: { row } }, signal })),
    enabled,
    placeholderData: keepPreviousData,
    retry: false,
  });
}

export function useMappings(enabled: boolean) {
  return useQuery<SavedMapping[], ApiError>({
    queryKey: ["mappings"],
    queryFn: async ({ signal }) => (await data(api.GET("/api/v1/mappings", { signal }))).mappings,
    enabled,
  });
}
export function useSaveMapping() {
  const client = useQueryClient();
  return useMutation<SavedMapping, ApiError, { name: string; import: string }>({
    mutationFn: (body) => data(api.POST("/api/v1/mappings", { body })),
    onSuccess: () => void client.invalidateQueries({ queryKey: ["mappings"] }),
  });
}
export function useForgetMapping() {
  const client = useQueryClient();
  return useMutation<void, ApiError, string>({
    mutationFn: async (id) => {
      await api.DELETE("/api/v1/mappings/{id}", { params: { path: { id } } });
    },
    onSuccess: () => void client.invalidateQueries({ queryKey: ["mappings"] }),
  });
}
