import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, data, versionTag, type ApiError, type Schemas } from "@/api";
import type { CheckAnswer } from "./FormulaField";

export type OwnKpi = Schemas["OwnKpi"];
export type OwnKpiInput = Schemas["OwnKpiInput"];

const key = ["own-kpis"] as const;

export function useOwnKpis() {
  return useQuery<OwnKpi[], ApiError>({ queryKey: key, queryFn: async ({ signal }) => (await data(api.GET("/api/v1/catalog/own-kpis", { signal }))).kpis });
}
function useRefresh() {
  const client = useQueryClient();
  // The catalogue has it too, and whatever was asked by its name.
  return () => client.invalidateQueries({ predicate: (query) => ["own-kpis", "catalog", "kpi", "check"].includes(String(query.queryKey[0])) });
}
export function useSaveKpi() {
  const refresh = useRefresh();
  return useMutation<OwnKpi, ApiError, { kpi: OwnKpiInput; version: number | null }>({
    mutationFn: ({ kpi, version }) =>
      version === null
        ? data(api.POST("/api/v1/catalog/own-kpis", { body: kpi }))
        : data(api.PUT("/api/v1/catalog/own-kpis/{id}", { params: { path: { id: kpi.id }, header: { "If-Match": versionTag(version) } }, body: kpi })),
    onSuccess: () => refresh(),
  });
}
export function useRemoveKpi() {
  const refresh = useRefresh();
  return useMutation<void, ApiError, { id: string; version: number }>({
    mutationFn: async ({ id, version }) => {
      await api.DELETE("/api/v1/catalog/own-kpis/{id}", { params: { path: { id }, header: { "If-Match": versionTag(version) } } });
    },
    onSuccess: () => refresh(),
  });
}
export function useCheck(formula: string, unit: string | null, cursor: number | null) {
  return useQuery<CheckAnswer, ApiError>({
    queryKey: ["check", formula, unit, cursor],
    queryFn: ({ signal }) => data(api.POST("/api/v1/kpi/check", { body: { formula, unit, cursor }, signal })) as Promise<CheckAnswer>,
    enabled: formula.trim() !== "",
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
}
