import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, data, kSessionKey, type ApiError, type Schemas } from "@/api";

export type SecondFactor = Schemas["SecondFactor"];
export type PasswordAndCode = Schemas["PasswordAndCode"];

const kKey = ["second-factor"] as const;

export function useSecondFactor() {
  return useQuery<SecondFactor, ApiError>({ queryKey: kKey, queryFn: ({ signal }) => data(api.GET("/api/v1/session/second-factor", { signal })) });
}
// Whether the account has a second factor shows in the session, too.
export function useSecondFactorDone() {
  const client = useQueryClient();
  return () => Promise.all([kKey, kSessionKey, ["accounts"]].map((queryKey) => client.invalidateQueries({ queryKey })));
}
export function useBeginSecondFactor() {
  return useMutation<{ secret: string; uri: string }, ApiError, string | undefined>({
    mutationFn: (password) => data(api.POST("/api/v1/session/second-factor/begin", { body: password ? { password } : {} })),
  });
}
export function useConfirmSecondFactor() {
  return useMutation<string[], ApiError, string>({
    mutationFn: async (code) => (await data(api.POST("/api/v1/session/second-factor/confirm", { body: { code } }))).recovery_codes,
  });
}
export function useRenewRecoveryCodes() {
  return useMutation<string[], ApiError, PasswordAndCode>({
    mutationFn: async (body) => (await data(api.POST("/api/v1/session/second-factor/recovery-codes", { body }))).recovery_codes,
  });
}
export function useTurnOffSecondFactor() {
  const done = useSecondFactorDone();
  return useMutation<void, ApiError, PasswordAndCode>({
    mutationFn: async (body) => {
      await api.POST("/api/v1/session/second-factor/turn-off", { body });
    },
    onSuccess: () => void done(),
  });
}
