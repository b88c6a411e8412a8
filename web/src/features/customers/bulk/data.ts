import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, data, newKey, type ApiError } from "@/api";
import { runOf, undoOf, type Change, type Outcome } from "./logic";

const kAtOnce = 1_000; // that the server takes together

interface Row {
  customer: string;
  lead?: string | undefined;
  version?: number | undefined;
  set?: Outcome["before"] | undefined;
  channels?: string[] | undefined;
}
// What becomes of each; a dry run writes nothing.
async function ask(dealer: string, change: Change, rows: readonly Row[], how: { dryRun?: boolean; open?: boolean }): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let at = 0; at < rows.length; at += kAtOnce) {
    const some = rows.slice(at, at + kAtOnce);
    const params = { query: { dealer }, ...(how.dryRun ? {} : { header: { "Idempotency-Key": newKey() } }) };
    const answer =
      change.what === "contact"
        ? await data(api.POST("/api/v1/customers/no-contact", { params, body: { channels: change.channels, reason: change.reason, dry_run: how.dryRun ?? false, open: how.open ?? false, rows: some.map(({ customer, version, channels }) => ({ customer, ...(version === undefined ? {} : { version }), ...(channels ? { channels } : {}) })) } }))
        : await data(api.POST("/api/v1/leads/change", { params, body: { set: change.set, dry_run: how.dryRun ?? false, rows: some.map(({ customer, lead, version, set }) => ({ customer, ...(lead ? { lead } : {}), ...(version === undefined ? {} : { version }), ...(set ? { set } : {}) })) } }));
    outcomes.push(...(answer.rows as Outcome[]));
  }
  return outcomes;
}

export function useTried(dealer: string, change: Change | null, customers: readonly string[]) {
  return useQuery<Outcome[], ApiError>({
    queryKey: ["customers", "bulk", dealer, change, customers],
    queryFn: () => ask(dealer, change!, customers.map((customer) => ({ customer })), { dryRun: true }),
    enabled: change !== null,
    gcTime: 0,
    retry: false,
  });
}

export function useBulk(dealer: string) {
  const client = useQueryClient();
  return useMutation<Outcome[], ApiError, { change: Change; tried: readonly Outcome[]; back?: boolean }>({
    mutationFn: ({ change, tried, back }) => ask(dealer, change, back ? undoOf(change, tried) : runOf(tried), { open: back ?? false }),
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ["customers"] }), client.invalidateQueries({ queryKey: ["leads"] })]),
  });
}
