import { keepPreviousData, useQuery, useQueryClient, type UseQueryOptions, type UseQueryResult } from "@tanstack/react-query";
import { useEffect } from "react";
import { api, data, type Answer, type Question, type Schemas } from "@/api";
import type { ApiError } from "@/api/error";
import { isPartial, step, type DayNumber } from "@/state/period";
import { questionOf, type View } from "@/state/view";
import { dashboardQuestions } from "./logic/model";

// The dashboard's calls. While another period is fetched the last figures stay, dimmed; the neighbours of the period are
// fetched as soon as somebody reaches for the arrows.

export type Funnel = Schemas["Funnel"];
export type SuccessTable = Schemas["SuccessTable"];
export type Findings = Schemas["Findings"];
export type TableQuestion = Schemas["TableQuestion"];

const funnelOf = (question: TableQuestion) =>
  ({
    queryKey: ["table", "funnel", question],
    queryFn: ({ signal }) => data(api.POST("/api/v1/tables/funnel", { body: question, signal })),
  }) satisfies UseQueryOptions<Funnel, ApiError>;
const successOf = (question: TableQuestion) =>
  ({
    queryKey: ["table", "success", question],
    queryFn: ({ signal }) => data(api.POST("/api/v1/tables/success-rate", { body: question, signal })),
  }) satisfies UseQueryOptions<SuccessTable, ApiError>;
const findingsOf = (question: TableQuestion) =>
  ({
    queryKey: ["findings", question],
    queryFn: ({ signal }) => data(api.POST("/api/v1/findings", { body: question, signal })),
  }) satisfies UseQueryOptions<Findings, ApiError>;
// The key is that of useKpi: what one fetched the other has.
const kpiOf = (question: Question) =>
  ({
    queryKey: ["kpi", question],
    queryFn: ({ signal }) => data(api.POST("/api/v1/kpi/query", { body: question, signal })),
  }) satisfies UseQueryOptions<Answer, ApiError>;

const useKept = <T>(options: UseQueryOptions<T, ApiError>): UseQueryResult<T, ApiError> => useQuery<T, ApiError>({ ...options, placeholderData: keepPreviousData } as UseQueryOptions<T, ApiError>);
export const useFunnel = (question: TableQuestion) => useKept<Funnel>(funnelOf(question));
export const useSuccess = (question: TableQuestion) => useKept<SuccessTable>(successOf(question));
export const useFindings = (question: TableQuestion) => useKept<Findings>(findingsOf(question));
export const useAnswer = (question: Question) => useKept<Answer>(kpiOf(question));

export function tableQuestion(view: View, today: DayNumber): TableQuestion {
  return { ...questionOf(view), to_date: isPartial(view.period, today) };
}

// Both arrows of the period picker carry `data-step`.
export function usePrefetchNeighbours(view: View, today: DayNumber) {
  const client = useQueryClient();
  useEffect(() => {
    const reach = (event: Event) => {
      const by = (event.target as Element | null)?.closest?.("[data-step]")?.getAttribute("data-step");
      if (by !== "1" && by !== "-1") return;
      const next: View = { ...view, period: step(view.period, by === "1" ? 1 : -1) };
      const questions = dashboardQuestions(next, today);
      const table = tableQuestion(next, today);
      for (const question of [questions.tiles("year-ago"), questions.tiles("previous"), questions.targets, questions.spark, questions.trend, questions.by("source"), questions.by("access_form")]) void client.prefetchQuery(kpiOf(question));
      void client.prefetchQuery(funnelOf(table));
      void client.prefetchQuery(successOf(table));
      void client.prefetchQuery(findingsOf(table));
    };
    document.addEventListener("pointerover", reach);
    document.addEventListener("focusin", reach);
    return () => {
      document.removeEventListener("pointerover", reach);
      document.removeEventListener("focusin", reach);
    };
  }, [client, view, today]);
}
