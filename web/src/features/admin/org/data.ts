import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, data, versionTag, type ApiError } from "@/api";
import type { Node, NodeKind } from "../logic/org";

// Changes of the organisation. Everything that was answered before may be named or counted otherwise afterwards.
function useRefresh() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ predicate: (query) => !["session", "catalog", "import", "imports"].includes(String(query.queryKey[0])) });
}

export interface UnitFields {
  code: string;
  name: string;
  time_zone?: string;
}
export function useRename() {
  const refresh = useRefresh();
  return useMutation<void, ApiError, { node: Node; version: number; fields: Partial<UnitFields> }>({
    mutationFn: async ({ node, version, fields }) => {
      const header = { "If-Match": versionTag(version) };
      const dealer = node.dealer ?? "";
      switch (node.kind) {
        case "region":
          await api.PATCH("/api/v1/org/regions/{id}", { params: { path: { id: node.id }, header }, body: fields });
          break;
        case "dealer":
          await api.PATCH("/api/v1/org/dealers/{id}", { params: { path: { id: node.id }, header }, body: fields });
          break;
        case "team":
          await api.PATCH("/api/v1/org/dealers/{id}/teams/{unit}", { params: { path: { id: dealer, unit: node.id }, header }, body: fields });
          break;
        default:
          await api.PATCH("/api/v1/org/dealers/{id}/staff/{unit}", { params: { path: { id: dealer, unit: node.id }, header }, body: fields });
      }
    },
    onSuccess: refresh,
  });
}

export interface NewUnit extends UnitFields {
  kind: Extract<NodeKind, "region" | "dealer" | "team" | "staff">;
  dealer: string | null;
  target: string | null; // region of a dealer, team of a person
  from: string | null;
}
export async function addUnit({ kind, dealer, code, name, time_zone, target, from }: NewUnit): Promise<string> {
  const unit = { code, ...(name ? { name } : {}) };
  switch (kind) {
    case "region":
      return (await data(api.POST("/api/v1/org/regions", { body: unit }))).id;
    case "dealer":
      return (await data(api.POST("/api/v1/org/dealers", { body: { ...unit, ...(time_zone ? { time_zone } : {}), ...(target ? { region: target } : {}), ...(from ? { from } : {}) } }))).id;
    case "team":
      return (await data(api.POST("/api/v1/org/dealers/{id}/teams", { params: { path: { id: dealer ?? "" } }, body: unit }))).id;
    case "staff":
      return (await data(api.POST("/api/v1/org/dealers/{id}/staff", { params: { path: { id: dealer ?? "" } }, body: { ...unit, ...(target ? { team: target } : {}), ...(from ? { from } : {}) } }))).id;
  }
}
export function useAdd() {
  const refresh = useRefresh();
  return useMutation<string, ApiError, NewUnit>({ mutationFn: addUnit, onSuccess: () => refresh() });
}

export function useMove() {
  const refresh = useRefresh();
  return useMutation<void, ApiError, { node: Pick<Node, "kind" | "id" | "dealer">; from: string; target: string | null }>({
    mutationFn: async ({ node, from, target }) => {
      const body = { from, target };
      if (node.kind === "dealer") await api.POST("/api/v1/org/dealers/{id}/region", { params: { path: { id: node.id } }, body });
      else await api.POST("/api/v1/org/dealers/{id}/staff/{unit}/team", { params: { path: { id: node.dealer ?? "", unit: node.id } }, body });
    },
    onSuccess: () => refresh(),
  });
}
export { useRefresh };
