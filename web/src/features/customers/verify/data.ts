import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, data, versionTag, type ApiError, type Schemas } from "@/api";

export type Verification = Schemas["Verification"];
export type Heard = Schemas["Heard"];
export const kHeard: readonly Heard[] = ["confirmed", "no_answer", "not_interested", "wrong_number"];

export function useVerifications(dealer: string, state: "due" | "called") {
  return useQuery<{ count: number; leads: Verification[]; self: string[] }, ApiError>({
    queryKey: ["customers", "verifications", dealer, state],
    queryFn: ({ signal }) => data(api.GET("/api/v1/verifications", { params: { query: { dealer, state } }, signal })),
  });
}
export function useRecord(dealer: string) {
  const client = useQueryClient();
  return useMutation<void, ApiError, { lead: string; version: number; heard: Heard }>({
    mutationFn: async ({ lead, version, heard }) => {
      await api.PUT("/api/v1/verifications/{lead}", { params: { path: { lead }, query: { dealer }, header: { "If-Match": versionTag(version) } }, body: { heard } });
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["customers"] }),
  });
}
