import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, data, figures, kFigures, versionTag, type Answer, type ApiError, type Schemas } from "@/api";
import type { FieldId } from "../logic/record";

export type Check = Schemas["SpotCheck"];
export type Month = Schemas["SpotCheckMonth"];
export type Verdict = Schemas["SpotCheckVerdict"];
export type Verdicts = Partial<Record<FieldId, Verdict>>;

export function useMonth(dealer: string, month: string) {
  return useQuery<Month, ApiError>({
    queryKey: ["checks", dealer, month],
    queryFn: ({ signal }) => data(api.GET("/api/v1/spot-checks", { params: { query: { dealer, month } }, signal })),
    placeholderData: keepPreviousData,
  });
}

// How complete the files of the month are, by consultant, as the ledger has it.
export function useCompleteness(dealerCode: string, month: string) {
  const question = { columns: ["profile_completeness"], by: ["staff"], period: month, filters: { dealer: [dealerCode] }, ids: true };
  return useQuery<Answer, ApiError>({
    queryKey: ["kpi", question],
    queryFn: (context) => figures(context, (header) => api.POST("/api/v1/kpi/query", { body: question, params: { header }, signal: context.signal })),
    ...kFigures,
  });
}

export function useDraw(dealer: string, month: string) {
  const client = useQueryClient();
  return useMutation<{ drawn: number }, ApiError, void>({
    mutationFn: () => data(api.POST("/api/v1/spot-checks/draw", { params: { query: { dealer } }, body: { month } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["checks"] }),
  });
}

export function useCheck(dealer: string, id: string) {
  return useQuery<Check, ApiError>({
    queryKey: ["checks", "one", dealer, id],
    queryFn: ({ signal }) => data(api.GET("/api/v1/spot-checks/{id}", { params: { path: { id }, query: { dealer } }, signal })),
  });
}

export function useRecord(dealer: string, id: string) {
  const client = useQueryClient();
  return useMutation<unknown, ApiError, { version: number; verdicts: Verdicts }>({
    mutationFn: ({ version, verdicts }) => data(api.PUT("/api/v1/spot-checks/{id}", { params: { path: { id }, query: { dealer }, header: { "If-Match": versionTag(version) } }, body: { verdicts: verdicts as Record<string, Verdict> } })),
    onSuccess: () => Promise.all([client.invalidateQueries({ queryKey: ["checks"] }), client.invalidateQueries({ queryKey: ["coaching"] }), client.invalidateQueries({ queryKey: ["kpi"] })]),
  });
}
