import { keepPreviousData, useQuery, useQueryClient, type QueryClient, type UseQueryOptions, type UseQueryResult } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api, figures, kFigures, type Answer, type Cell, type Question, type Schemas } from "@/api";
import type { ApiError } from "@/api/error";
import { formatPeriod, isPartial, step, type DayNumber } from "@/state/period";
import { currentToday } from "@/state/today";
import { parseSearch, parseView, questionOf, type View } from "@/state/view";
import type { Unit } from "@/ui";
import type { OpenFigure } from "@/ui/figures/FigureSheet";
import { dashboardQuestions } from "./logic/model";

// The dashboard's calls. While another period is fetched the last figures stay, dimmed; the neighbours of the period are
// fetched as soon as somebody reaches for the arrows.

export type Funnel = Schemas["Funnel"];
export type SuccessTable = Schemas["SuccessTable"];
export type Findings = Schemas["Findings"];
export type TableQuestion = Schemas["TableQuestion"];
// Opens what a figure is made of.
export type OpenFigureOf = (question: Question, column: string, cell: Cell, unit: Unit, title: string, more?: Partial<OpenFigure>) => void;

const funnelOf = (question: TableQuestion) =>
  ({
    queryKey: ["table", "funnel", question],
    queryFn: (context) => figures(context, (header) => api.POST("/api/v1/tables/funnel", { body: question, params: { header }, signal: context.signal })),
    ...kFigures,
  }) satisfies UseQueryOptions<Funnel, ApiError>;
const successOf = (question: TableQuestion) =>
  ({
    queryKey: ["table", "success", question],
    queryFn: (context) => figures(context, (header) => api.POST("/api/v1/tables/success-rate", { body: question, params: { header }, signal: context.signal })),
    ...kFigures,
  }) satisfies UseQueryOptions<SuccessTable, ApiError>;
const findingsOf = (question: TableQuestion) =>
  ({
    queryKey: ["findings", question],
    queryFn: (context) => figures(context, (header) => api.POST("/api/v1/findings", { body: question, params: { header }, signal: context.signal })),
    ...kFigures,
  }) satisfies UseQueryOptions<Findings, ApiError>;
// The key is that of useKpi: what one fetched the other has.
const kpiOf = (question: Question) =>
  ({
    queryKey: ["kpi", question],
    queryFn: (context) => figures(context, (header) => api.POST("/api/v1/kpi/query", { body: question, params: { header }, signal: context.signal })),
    ...kFigures,
  }) satisfies UseQueryOptions<Answer, ApiError>;

const useKept = <T>(options: UseQueryOptions<T, ApiError>, enabled = true): UseQueryResult<T, ApiError> => useQuery<T, ApiError>({ ...options, enabled, placeholderData: keepPreviousData } as UseQueryOptions<T, ApiError>);
export const useFunnel = (question: TableQuestion) => useKept<Funnel>(funnelOf(question));
// Null: not yet.
export const useSuccess = (question: TableQuestion | null) => useKept<SuccessTable>(successOf(question!), question !== null);
export const useFindings = (question: TableQuestion | null) => useKept<Findings>(findingsOf(question!), question !== null);
export const useAnswer = (question: Question) => useKept<Answer>(kpiOf(question));

export function tableQuestion(view: View, today: DayNumber): TableQuestion {
  return { ...questionOf(view), to_date: isPartial(view.period, today) };
}

// The tiles' figures first: they are what is looked at, and a slow device sends one question after the other.
async function prefetch(client: QueryClient, view: View, today: DayNumber) {
  const { yearAgo, previous, targets, spark, ...rest } = dashboardQuestions(view, today);
  const table = tableQuestion(view, today);
  await Promise.all([yearAgo, previous, targets, spark].map((question) => client.prefetchQuery(kpiOf(question))));
  void client.prefetchQuery(funnelOf(table));
  void client.prefetchQuery(successOf(table));
  for (const question of Object.values(rest)) void client.prefetchQuery(kpiOf(question));
  void client.prefetchQuery(findingsOf(table));
}

// The figures of the view in the URL, asked for before the page is drawn.
export function prefetchShown(client: QueryClient) {
  const today = currentToday();
  void prefetch(client, parseView(parseSearch(location.search), today), today);
}

const kSettledMs = 150;

// Who reaches for an arrow of the period picker (both carry `data-step`) will use it, and who has stepped once steps on:
// the neighbour's figures are fetched meanwhile.
export function usePrefetchNeighbours(view: View, today: DayNumber) {
  const client = useQueryClient();
  const before = useRef(view.period);
  useEffect(() => {
    const ahead = (by: -1 | 1) => void prefetch(client, { ...view, period: step(view.period, by) }, today);
    const reach = (event: Event) => {
      const by = (event.target as Element | null)?.closest?.("[data-step]")?.getAttribute("data-step");
      if (by === "1" || by === "-1") ahead(by === "1" ? 1 : -1);
    };
    document.addEventListener("pointerover", reach);
    document.addEventListener("focusin", reach);
    const stepped = ([-1, 1] as const).find((by) => formatPeriod(step(before.current, by)) === formatPeriod(view.period));
    before.current = view.period;
    const timer = stepped && setTimeout(() => ahead(stepped), kSettledMs);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("pointerover", reach);
      document.removeEventListener("focusin", reach);
    };
  }, [client, view, today]);
}
