import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, data, type ApiError, type Schemas } from "@/api";

export type AuditRecord = Schemas["AuditRecord"];
export type AuditCheck = Schemas["AuditCheck"];

export interface AuditFilter {
  actor?: string;
  act?: string;
  object?: string;
  dealer?: string;
  from?: string; // instants
  to?: string;
}

export function useAudit(filter: AuditFilter) {
  return useInfiniteQuery<{ records: AuditRecord[]; next_cursor: string | null }, ApiError>({
    queryKey: ["audit", filter],
    initialPageParam: null,
    queryFn: ({ pageParam, signal }) => data(api.GET("/api/v1/audit", { params: { query: { ...filter, limit: 50, ...(pageParam ? { cursor: pageParam as string } : {}) } }, signal })),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });
}

// Reads the whole log: only when the page is opened, or by hand.
export function useAuditCheck() {
  return useQuery<AuditCheck, ApiError>({ queryKey: ["audit-check"], queryFn: ({ signal }) => data(api.GET("/api/v1/audit/verify", { signal })), staleTime: Infinity, refetchOnWindowFocus: false, retry: false });
}

export function fileOf(filter: AuditFilter): string {
  const query = new URLSearchParams(filter as Record<string, string>).toString();
  return `/api/v1/audit.csv${query ? `?${query}` : ""}`;
}
