import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, data, versionTag, type ApiError, type Schemas } from "@/api";

export type Terms = Schemas["PrivacyTerms"];
export type Purpose = Schemas["PrivacyPurpose"];
export type Choice = Schemas["PrivacyChoice"];
export type Privacy = Schemas["CustomerPrivacy"];
export type Consent = Schemas["Consent"];
export type ConsentInput = Schemas["ConsentInput"];

// Purposes, texts and lists of choices: part of the program, so they do not change while it runs.
export function useTerms() {
  return useQuery<Terms, ApiError>({
    queryKey: ["privacy", "terms"],
    queryFn: ({ signal }) => data(api.GET("/api/v1/privacy/terms", { signal })),
    staleTime: Infinity,
  });
}

export function usePrivacy(dealer: string, id: string) {
  return useQuery<Privacy, ApiError>({
    queryKey: ["customers", "privacy", dealer, id],
    queryFn: ({ signal }) => data(api.GET("/api/v1/customers/{id}/privacy", { params: { path: { id }, query: { dealer } }, signal })),
  });
}

export type Change = { hold: string | null } | { give: ConsentInput } | { withdraw: { purpose: string; way: string } } | { noContact: { channels: string[]; reason?: string } };

// One change, standing on the version that was read.
export function useChangePrivacy(dealer: string, id: string) {
  const client = useQueryClient();
  return useMutation<void, ApiError, { version: number; change: Change }>({
    mutationFn: async ({ version, change }) => {
      const params = { path: { id }, query: { dealer }, header: { "If-Match": versionTag(version) } };
      if ("hold" in change) {
        if (change.hold === null) await api.DELETE("/api/v1/customers/{id}/hold", { params });
        else await api.PUT("/api/v1/customers/{id}/hold", { params, body: { reason: change.hold } });
      } else if ("give" in change) await api.POST("/api/v1/customers/{id}/consents", { params, body: change.give });
      else if ("withdraw" in change) await api.POST("/api/v1/customers/{id}/consents/withdraw", { params, body: change.withdraw });
      else await api.PUT("/api/v1/customers/{id}/no-contact", { params, body: change.noContact });
    },
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ["customers"] }), client.invalidateQueries({ queryKey: ["leads"] })]),
  });
}

// The name of one of a list of choices, in a language; what is not known (any more) by its id.
export function nameOf(choices: readonly { id: string; name: Schemas["Bilingual"] }[] | undefined, id: string | null | undefined, language: "zh" | "en"): string {
  return choices?.find((choice) => choice.id === id)?.name[language] ?? id ?? "";
}

export type DueList = Schemas["DueList"];
export function useDue(dealer: string, until: string) {
  return useQuery<DueList, ApiError>({
    queryKey: ["customers", "due", dealer, until],
    queryFn: ({ signal }) => data(api.GET("/api/v1/privacy/due", { params: { query: { dealer, until } }, signal })),
    placeholderData: keepPreviousData,
  });
}

// ---- Requests of persons ----

export type PersonRequest = Schemas["PersonRequest"];
export function useRequests(dealer: string, state: "open" | "closed") {
  return useQuery<PersonRequest[], ApiError>({
    queryKey: ["customers", "requests", dealer, state],
    queryFn: async ({ signal }) => (await data(api.GET("/api/v1/privacy/requests", { params: { query: { dealer, state } }, signal }))).requests,
  });
}
function useDone() {
  const client = useQueryClient();
  return () => Promise.all([client.invalidateQueries({ queryKey: ["customers"] }), client.invalidateQueries({ queryKey: ["leads"] })]);
}
export function useReceive(dealer: string, customer: string) {
  const done = useDone();
  return useMutation<unknown, ApiError, { kind: PersonRequest["kind"]; way: string; received_at?: string; words?: string }>({
    mutationFn: (body) => data(api.POST("/api/v1/customers/{id}/requests", { params: { path: { id: customer }, query: { dealer } }, body })),
    onSuccess: () => done(),
  });
}
export type Step = { check: { identity: string; scope: "all" | "contact" | "record" | "consent" } } | { refuse: string } | "finish";
export function useStep(dealer: string, request: PersonRequest) {
  const done = useDone();
  return useMutation<void, ApiError, Step>({
    mutationFn: async (step) => {
      const params = { path: { id: request.id }, query: { dealer }, header: { "If-Match": versionTag(request.version) } };
      if (step === "finish") await api.POST("/api/v1/privacy/requests/{id}/finish", { params });
      else if ("check" in step) await api.POST("/api/v1/privacy/requests/{id}/check", { params, body: step.check });
      else await api.POST("/api/v1/privacy/requests/{id}/refuse", { params, body: { reason: step.refuse } });
    },
    onSettled: () => done(),
  });
}

// ---- Recipients ----

export type Recipient = Schemas["Recipient"];
export type RecipientInput = Schemas["RecipientInput"];
export function useRecipients(dealer: string) {
  return useQuery<Recipient[], ApiError>({
    queryKey: ["customers", "recipients", dealer],
    queryFn: async ({ signal }) => (await data(api.GET("/api/v1/privacy/recipients", { params: { query: { dealer } }, signal }))).recipients,
  });
}
export function useSaveRecipient(dealer: string, changed: Recipient | null) {
  const done = useDone();
  return useMutation<void, ApiError, RecipientInput>({
    mutationFn: async (body) => {
      if (changed) await api.PUT("/api/v1/privacy/recipients/{id}", { params: { path: { id: changed.id }, query: { dealer }, header: { "If-Match": versionTag(changed.version) } }, body });
      else await api.POST("/api/v1/privacy/recipients", { params: { query: { dealer } }, body });
    },
    onSettled: () => done(),
  });
}
export function usePeople() {
  return useQuery<Schemas["PeopleCounts"], ApiError>({ queryKey: ["customers", "people"], queryFn: ({ signal }) => data(api.GET("/api/v1/privacy/people", { signal })) });
}
export function useShares(dealer: string, customer: string) {
  return useQuery<{ recipient: string; name: string; at: string; by: string }[], ApiError>({
    queryKey: ["customers", "shares", dealer, customer],
    queryFn: async ({ signal }) => (await data(api.GET("/api/v1/customers/{id}/shares", { params: { path: { id: customer }, query: { dealer } }, signal }))).shares,
  });
}
export function useShare(dealer: string, customer: string) {
  const done = useDone();
  return useMutation<void, ApiError, string>({
    mutationFn: async (recipient) => {
      await api.POST("/api/v1/customers/{id}/shares", { params: { path: { id: customer }, query: { dealer } }, body: { recipient } });
    },
    onSuccess: () => done(),
  });
}
