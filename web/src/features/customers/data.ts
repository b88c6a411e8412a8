import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, data, useOrgTree, useViewer, versionTag, type ApiError, type Schemas } from "@/api";
import type { CustomerRecord, Kind, Typed } from "./logic/record";
import type { Lead, LeadInput } from "./logic/lead";
import type { boardQuery, listQuery } from "./logic/search";

export type Customer = Schemas["Customer"];
export type Found = Schemas["CustomerFound"];
export type { Kind, Lead, LeadInput };

const kPage = 50;

export function useMay(): (right: "change" | "verify" | "hand_over" | "reveal" | "privacy" | "export") => boolean {
  const { admin, rights } = useViewer();
  return (right) => admin || right in rights;
}

// The name of a member of staff; "—" for nobody.
export function useStaffName(): (id: string | null | undefined) => string {
  const { byKey } = useOrgTree();
  return (id) => (id == null ? "—" : (byKey.get(`staff:${id}`)?.name ?? id));
}

// ---- Reading ----

interface FoundPage {
  customers: Found[];
  count?: number | null;
  next_cursor?: string | null;
}
export function useCustomers(query: ReturnType<typeof listQuery>, enabled: boolean) {
  return useInfiniteQuery<FoundPage, ApiError>({
    queryKey: ["customers", "list", query],
    initialPageParam: null,
    queryFn: ({ pageParam, signal }) => data(api.GET("/api/v1/customers", { params: { query: { ...query, limit: kPage, ...(pageParam ? { cursor: pageParam as string } : {}) } }, signal })),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    enabled,
  });
}

// Those to choose from on the customer's page; a spot check has its own.
export const kReasons = ["contact", "contract", "correct", "request"] as const;
export type Reason = (typeof kReasons)[number] | "check";
// The customer with everything whole; it is not kept anywhere but where it is shown.
export function useReveal(dealer: string, id: string) {
  return useMutation<Customer, ApiError, Reason>({
    mutationFn: (reason) => data(api.POST("/api/v1/customers/{id}/reveal", { params: { path: { id }, query: { dealer } }, body: { reason } })),
    gcTime: 0,
  });
}

export function useSearch(dealer: string, text: string) {
  return useQuery<Found[], ApiError>({
    queryKey: ["customers", "search", dealer, text],
    queryFn: async ({ signal }) => (await data(api.POST("/api/v1/customers/search", { params: { query: { dealer } }, body: { text }, signal }))).customers,
    enabled: text !== "",
    placeholderData: keepPreviousData,
    // Nothing that was typed of a person is kept for longer than it is shown.
    gcTime: 30_000,
  });
}

export function useDuplicates(dealer: string, phone: string | null) {
  return useQuery<{ customers: Found[]; with_colleague: boolean }, ApiError>({
    queryKey: ["customers", "duplicates", dealer, phone],
    queryFn: ({ signal }) => data(api.POST("/api/v1/customers/duplicates", { params: { query: { dealer } }, body: { phone: phone! }, signal })),
    enabled: phone !== null,
    gcTime: 30_000,
    // While a number is being typed it is none yet.
    retry: false,
  });
}

export function useCustomer(dealer: string, id: string | null | undefined) {
  return useQuery<Customer, ApiError>({
    queryKey: ["customers", "one", dealer, id],
    queryFn: ({ signal }) => readCustomer(dealer, id!, signal),
    enabled: Boolean(id),
  });
}
export function readCustomer(dealer: string, id: string, signal?: AbortSignal): Promise<Customer> {
  return data(api.GET("/api/v1/customers/{id}", { params: { path: { id }, query: { dealer } }, ...(signal ? { signal } : {}) }));
}

// The leads of customers in a list, by customer. Two hundred at once are nearly always all of them; of customers whose
// leads may lie further back nothing is said, and their page tells.
export function useLeadsOf(dealer: string, enabled: boolean): ReadonlyMap<string, Lead[]> {
  const { data: leads } = useQuery<Lead[], ApiError>({
    queryKey: ["leads", "newest", dealer],
    queryFn: async ({ signal }) => (await data(api.GET("/api/v1/leads", { params: { query: { dealer, sort: "changed", limit: 200 } }, signal }))).leads,
    enabled,
  });
  return useMemo(() => {
    const by = new Map<string, Lead[]>();
    for (const lead of leads ?? []) by.set(lead.customer, [...(by.get(lead.customer) ?? []), lead]);
    return by;
  }, [leads]);
}

// Whom the customer has named. The server does not look leads up by who named them; the newest referrals are looked through.
export function useNamed(dealer: string, customer: string) {
  return useQuery<{ leads: Lead[]; more: boolean }, ApiError, { leads: Lead[]; more: boolean }>({
    queryKey: ["leads", "referrals", dealer],
    queryFn: async ({ signal }) => {
      const page = await data(api.GET("/api/v1/leads", { params: { query: { dealer, source: "referral", limit: 200 } }, signal }));
      return { leads: page.leads, more: page.next_cursor != null };
    },
    select: ({ leads, more }) => ({ leads: leads.filter((lead) => lead.referrer === customer), more }),
  });
}

export type Column = { stage: string; count: number; amount: number };
export function useBoard(query: ReturnType<typeof boardQuery>) {
  return useQuery<Column[], ApiError>({
    queryKey: ["leads", "board", query],
    queryFn: async ({ signal }) => (await data(api.GET("/api/v1/leads/board", { params: { query }, signal }))).stages,
    placeholderData: keepPreviousData,
  });
}
export function useColumn(query: ReturnType<typeof boardQuery>, stage: string, sort: "changed" | "expected" | "amount", enabled: boolean) {
  return useInfiniteQuery<{ leads: Lead[]; next_cursor?: string | null }, ApiError>({
    queryKey: ["leads", "column", query, stage, sort],
    initialPageParam: null,
    queryFn: ({ pageParam, signal }) => data(api.GET("/api/v1/leads", { params: { query: { ...query, stage, sort, limit: 20, ...(pageParam ? { cursor: pageParam as string } : {}) } }, signal })),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    enabled,
  });
}

// ---- Changing ----

function useDone() {
  const client = useQueryClient();
  return () => Promise.all([client.invalidateQueries({ queryKey: ["customers"] }), client.invalidateQueries({ queryKey: ["leads"] })]);
}

export interface NewCustomer {
  kind: Kind;
  record: CustomerRecord;
  owner?: string;
  despite_duplicates: boolean;
  lead?: LeadInput;
  consents?: Schemas["ConsentInput"][];
}
export function useAddCustomer(dealer: string) {
  const done = useDone();
  return useMutation<{ id: string; lead?: string | null }, ApiError, NewCustomer>({
    mutationFn: (body) => data(api.POST("/api/v1/customers", { params: { query: { dealer } }, body })),
    onSuccess: () => done(),
  });
}
export function useChangeCustomer(dealer: string, id: string) {
  const done = useDone();
  return useMutation<void, ApiError, { version: number; record: Typed }>({
    mutationFn: async ({ version, record }) => {
      await api.PUT("/api/v1/customers/{id}", { params: { path: { id }, query: { dealer }, header: { "If-Match": versionTag(version) } }, body: { record } });
    },
    onSuccess: () => done(),
  });
}

export function useMerge(dealer: string, id: string, back: boolean) {
  const done = useDone();
  return useMutation<void, ApiError, { version: number; customer: string }>({
    mutationFn: async ({ version, customer }) => {
      const init = { params: { path: { id }, query: { dealer }, header: { "If-Match": versionTag(version) } }, body: { customer } };
      if (back) await api.POST("/api/v1/customers/{id}/unmerge", init);
      else await api.POST("/api/v1/customers/{id}/merge", init);
    },
    onSettled: () => done(),
  });
}
export function useHandOver(dealer: string) {
  const done = useDone();
  return useMutation<{ customers: number }, ApiError, { from: string; to: string; customers?: string[] }>({
    mutationFn: (body) => data(api.POST("/api/v1/customers/handover", { params: { query: { dealer } }, body })),
    onSuccess: () => done(),
  });
}
export function useSaveLead(dealer: string, customer: string) {
  const done = useDone();
  return useMutation<void, ApiError, { lead?: Lead | undefined; version?: number | undefined; input: LeadInput; owner?: string | undefined }>({
    mutationFn: async ({ lead, version, input, owner }) => {
      if (lead) {
        await api.PUT("/api/v1/leads/{lead}", { params: { path: { lead: lead.lead }, query: { dealer }, header: { "If-Match": versionTag(version ?? lead.version) } }, body: input });
      } else {
        await api.POST("/api/v1/customers/{id}/leads", { params: { path: { id: customer }, query: { dealer } }, body: { ...input, ...(owner ? { owner } : {}) } });
      }
    },
    onSettled: () => done(),
  });
}
