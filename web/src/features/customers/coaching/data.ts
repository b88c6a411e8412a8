import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, data, versionTag, type ApiError, type Schemas } from "@/api";

export type Task = Schemas["CoachingTask"];
export type Tasks = Schemas["CoachingTasks"];
export type State = Task["state"];

const kKey = "coaching";

// Of those whom one may check, in one state.
export function useTasks(dealer: string, state: State) {
  return useQuery<Tasks, ApiError>({
    queryKey: [kKey, dealer, state],
    queryFn: ({ signal }) => data(api.GET("/api/v1/coaching-tasks", { params: { query: { dealer, state } }, signal })),
    placeholderData: keepPreviousData,
  });
}

// One's own, in all states.
export function useOwnTasks(dealer: string) {
  return useQuery<Tasks, ApiError>({
    queryKey: [kKey, "own", dealer],
    queryFn: ({ signal }) => data(api.GET("/api/v1/coaching-tasks/own", { params: { query: { dealer } }, signal })),
  });
}

export function useDone(dealer: string) {
  const client = useQueryClient();
  return useMutation<unknown, ApiError, { task: Task; note: string }>({
    mutationFn: ({ task, note }) => data(api.POST("/api/v1/coaching-tasks/{id}/done", { params: { path: { id: task.id }, query: { dealer }, header: { "If-Match": versionTag(task.version) } }, body: { note } })),
    onSettled: () => client.invalidateQueries({ queryKey: [kKey] }),
  });
}
