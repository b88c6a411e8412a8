import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, data, upload, versionTag, type ApiError, type Schemas } from "@/api";

export type CustomerImport = Schemas["CustomerImport"];
export type Summary = Schemas["CustomerImportSummary"];
export type Check = Schemas["CustomerImportCheck"];
export type CheckRow = Check["rows"][number];
export type Choices = Schemas["CustomerImportChoices"];

const kKey = "customer-imports";

export function useImports(dealer: string) {
  return useQuery<Summary[], ApiError>({ queryKey: [kKey, dealer], queryFn: async ({ signal }) => (await data(api.GET("/api/v1/customer-imports", { params: { query: { dealer } }, signal }))).imports });
}
export function useImport(dealer: string, id: string) {
  return useQuery<CustomerImport, ApiError>({ queryKey: [kKey, dealer, id], queryFn: ({ signal }) => data(api.GET("/api/v1/customer-imports/{id}", { params: { path: { id }, query: { dealer } }, signal })) });
}
// A draft is checked anew whenever it has changed; nothing of it stays longer than it is shown.
export function useCheck(dealer: string, draft: CustomerImport, enabled: boolean) {
  return useQuery<Check, ApiError>({
    queryKey: [kKey, dealer, draft.id, "check", draft.version],
    queryFn: ({ signal }) => data(api.POST("/api/v1/customer-imports/{id}/check", { params: { path: { id: draft.id }, query: { dealer } }, signal })),
    enabled,
    gcTime: 0,
    retry: false,
  });
}

export function useUpload(dealer: string) {
  const client = useQueryClient();
  return useMutation<CustomerImport, ApiError, { file: File; sheet?: string }>({
    mutationFn: ({ file, sheet }) => upload<CustomerImport>(`/api/v1/customer-imports?${new URLSearchParams({ dealer, name: file.name, ...(sheet ? { sheet } : {}) }).toString()}`, file),
    onSuccess: (made) => {
      client.setQueryData([kKey, dealer, made.id], made);
      return client.invalidateQueries({ queryKey: [kKey, dealer], exact: true });
    },
  });
}
export function useSet(dealer: string, id: string) {
  const client = useQueryClient();
  return useMutation<CustomerImport, ApiError, { version: number; choices: Choices }>({
    mutationFn: ({ version, choices }) => data(api.PUT("/api/v1/customer-imports/{id}", { params: { path: { id }, query: { dealer }, header: { "If-Match": versionTag(version) } }, body: choices })),
    onSuccess: (changed) => client.setQueryData([kKey, dealer, id], changed),
    onError: () => client.invalidateQueries({ queryKey: [kKey, dealer, id], exact: true }),
  });
}
// Asks again and again until it is done; what has been done so far shows in between. `stopped` leaves it where it is.
export function useWork(dealer: string, id: string, stopped: () => boolean) {
  const client = useQueryClient();
  return useMutation<CustomerImport, ApiError, { what: "run" | "undo"; version: number }>({
    mutationFn: async ({ what, version }) => {
      for (;;) {
        const params = { path: { id }, query: { dealer } };
        const now =
          what === "run"
            ? await data(api.POST("/api/v1/customer-imports/{id}/run", { params: { ...params, header: { "If-Match": versionTag(version) } } }))
            : await data(api.POST("/api/v1/customer-imports/{id}/undo", { params }));
        client.setQueryData([kKey, dealer, id], now);
        if ((now.state !== "importing" && now.state !== "undoing") || stopped()) return now;
      }
    },
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: [kKey, dealer], exact: true }),
        client.invalidateQueries({ queryKey: [kKey, dealer, id], exact: true }),
        client.invalidateQueries({ queryKey: ["customers"] }),
      ]),
  });
}
export function useEnd(dealer: string, id: string) {
  const client = useQueryClient();
  return useMutation<void, ApiError, void>({
    mutationFn: async () => {
      await api.DELETE("/api/v1/customer-imports/{id}", { params: { path: { id }, query: { dealer } } });
    },
    onSuccess: () => client.invalidateQueries({ queryKey: [kKey, dealer] }),
  });
}
