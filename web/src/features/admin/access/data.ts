import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, data, kSessionKey, upload, versionTag, type ApiError, type Schemas } from "@/api";

export type Account = Schemas["Account"];
export type Token = Schemas["Token"];
export type Role = Schemas["Role"];
export type Post = Schemas["Post"];
export type StandIn = Schemas["StandIn"];
export type TokenScope = Schemas["Scope"];

export function useAccounts() {
  return useQuery<Account[], ApiError>({ queryKey: ["accounts"], queryFn: async ({ signal }) => (await data(api.GET("/api/v1/accounts", { signal }))).accounts });
}
function useDone(key: string) {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: [key] });
}
export function useAddAccount() {
  const done = useDone("accounts");
  return useMutation<{ account: Account; password: string }, ApiError, { login: string; name: string; role: Role }>({
    mutationFn: ({ login, name, role }) => data(api.POST("/api/v1/accounts", { body: { login, role, ...(name ? { name } : {}) } })),
    onSuccess: () => done(),
  });
}
export function useChangeAccount() {
  const done = useDone("accounts");
  return useMutation<Account, ApiError, { id: string; version: number; change: { name?: string; role?: Role; disabled?: boolean } }>({
    mutationFn: ({ id, version, change }) => data(api.PATCH("/api/v1/accounts/{id}", { params: { path: { id }, header: { "If-Match": versionTag(version) } }, body: change })),
    onSettled: () => done(),
  });
}
export function useResetPassword() {
  const done = useDone("accounts");
  return useMutation<{ account: Account; password: string }, ApiError, string>({
    mutationFn: (id) => data(api.POST("/api/v1/accounts/{id}/reset-password", { params: { path: { id } } })),
    onSuccess: () => done(),
  });
}

export function useResetSecondFactor() {
  const done = useDone("accounts");
  return useMutation<void, ApiError, string>({
    mutationFn: async (id) => {
      await api.DELETE("/api/v1/accounts/{id}/second-factor", { params: { path: { id } } });
    },
    onSuccess: () => done(),
  });
}
export function useRemoveBinding() {
  const done = useDone("accounts");
  return useMutation<void, ApiError, string>({
    mutationFn: async (id) => {
      await api.DELETE("/api/v1/accounts/{id}/provider", { params: { path: { id } } });
    },
    onSuccess: () => done(),
  });
}
export interface SignInPolicy {
  second_factor: boolean;
  version: number;
}
export function useSignInPolicy() {
  return useQuery<SignInPolicy, ApiError>({ queryKey: ["sign-in-policy"], queryFn: ({ signal }) => data(api.GET("/api/v1/sign-in-policy", { signal })) });
}
export function useChangeSignInPolicy() {
  const client = useQueryClient();
  return useMutation<SignInPolicy, ApiError, SignInPolicy>({
    mutationFn: ({ second_factor, version }) => data(api.PUT("/api/v1/sign-in-policy", { params: { header: { "If-Match": versionTag(version) } }, body: { second_factor } })),
    // Whoever changes it may be the first to need one.
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ["sign-in-policy"] }), client.invalidateQueries({ queryKey: kSessionKey })]),
  });
}

export type PeopleImport = Schemas["PeopleImport"];
export type PeopleRow = Schemas["PeopleRow"];
// A list of accounts and posts; a dry run writes nothing.
export function useImportPeople() {
  const client = useQueryClient();
  return useMutation<PeopleImport, ApiError, { file: File; dryRun: boolean; goodRows: boolean; key: string }>({
    mutationFn: ({ file, dryRun, goodRows, key }) => {
      const query = new URLSearchParams({ name: file.name, dry_run: String(dryRun), good_rows: String(goodRows) });
      return upload<PeopleImport>(`/api/v1/accounts/import?${query.toString()}`, file, dryRun ? {} : { key });
    },
    onSuccess: (result) => {
      if (result.done) void Promise.all([client.invalidateQueries({ queryKey: ["accounts"] }), client.invalidateQueries({ queryKey: ["posts"] })]);
    },
  });
}

export function usePosts(id: string) {
  return useQuery<{ posts: Post[]; stand_ins: StandIn[] }, ApiError>({ queryKey: ["posts", id], queryFn: ({ signal }) => data(api.GET("/api/v1/accounts/{id}/posts", { params: { path: { id } }, signal })) });
}
// What changes a post changes the account's version, too.
function usePostsDone() {
  const client = useQueryClient();
  return () => Promise.all([client.invalidateQueries({ queryKey: ["posts"] }), client.invalidateQueries({ queryKey: ["accounts"] })]);
}
export type NewPost = { role: string; region?: string; dealer?: string; team?: string; staff?: string; from?: string; until?: string };
export function useAddPost(id: string) {
  const done = usePostsDone();
  return useMutation<Post, ApiError, NewPost>({ mutationFn: (body) => data(api.POST("/api/v1/accounts/{id}/posts", { params: { path: { id } }, body })), onSuccess: () => done() });
}
export function useEndPost(id: string) {
  const done = usePostsDone();
  return useMutation<void, ApiError, { post: string; until: string }>({
    mutationFn: async ({ post, until }) => {
      await api.PATCH("/api/v1/accounts/{id}/posts/{post}", { params: { path: { id, post } }, body: { until } });
    },
    onSettled: () => done(),
  });
}
export function useAddStandIn(id: string) {
  const done = usePostsDone();
  return useMutation<StandIn, ApiError, { stands_in_for: string; from: string; until: string }>({ mutationFn: (body) => data(api.POST("/api/v1/accounts/{id}/stand-ins", { params: { path: { id } }, body })), onSuccess: () => done() });
}
export function useRemoveStandIn(id: string) {
  const done = usePostsDone();
  return useMutation<void, ApiError, string>({
    mutationFn: async (standIn) => {
      await api.DELETE("/api/v1/accounts/{id}/stand-ins/{stand_in}", { params: { path: { id, stand_in: standIn } } });
    },
    onSettled: () => done(),
  });
}

export function useTokens() {
  return useQuery<Token[], ApiError>({ queryKey: ["tokens"], queryFn: async ({ signal }) => (await data(api.GET("/api/v1/tokens", { signal }))).tokens });
}
export function useAddToken() {
  const done = useDone("tokens");
  return useMutation<Token & { secret: string }, ApiError, { name: string; scopes: TokenScope[]; expires_days: number | null }>({
    mutationFn: (body) => data(api.POST("/api/v1/tokens", { body })),
    onSuccess: () => done(),
  });
}
export function useRevokeToken() {
  const done = useDone("tokens");
  return useMutation<void, ApiError, string>({
    mutationFn: async (id) => {
      await api.DELETE("/api/v1/tokens/{id}", { params: { path: { id } } });
    },
    onSuccess: () => done(),
  });
}
