// One change for many customers. Pure.

export interface LeadSet {
  expected?: string;
  grade?: string;
  grade_why?: string;
}
export type Change = { what: "lead"; set: LeadSet } | { what: "contact"; channels: string[]; reason: string };
// What became, or would become, of one customer.
export interface Outcome {
  customer: string | null;
  lead?: string | null;
  version: number;
  outcome: "change" | "same" | "no_lead" | "conflict" | "refused" | "not_found";
  by: string | null;
  before?: LeadSet;
  channels?: string[];
  problem?: { code: string; message: string; todo: string } | null;
}

export const kOutcomes = ["change", "same", "no_lead", "conflict", "refused", "not_found"] as const;

export function countsOf(outcomes: readonly Outcome[]): Record<Outcome["outcome"], number> {
  const counts = { change: 0, same: 0, no_lead: 0, conflict: 0, refused: 0, not_found: 0 };
  for (const { outcome } of outcomes) counts[outcome] += 1;
  return counts;
}

// What is sent after a dry run: those that change, in the version that was seen.
export function runOf(tried: readonly Outcome[]) {
  return tried.filter(({ outcome, customer }) => outcome === "change" && customer).map(({ customer, lead, version }) => ({ customer: customer!, lead: lead ?? undefined, version }));
}

// What takes it back: each as it was before, in the version that the change has left.
export function undoOf(change: Change, done: readonly Outcome[]) {
  return done
    .filter(({ outcome, customer }) => outcome === "change" && customer)
    .map(({ customer, lead, version, before, channels }) => ({ customer: customer!, version, ...(change.what === "contact" ? { channels: channels ?? [] } : { lead: lead ?? undefined, set: before ?? {} }) }));
}

// Whether what was chosen is enough to be tried.
export function changeOf(draft: { what: "expected" | "grade" | "contact"; expected: string; grade: string; why: string; channels: readonly string[]; reason: string }): Change | null {
  switch (draft.what) {
    case "expected":
      return /^\d{4}-\d\d-\d\d$/.test(draft.expected) ? { what: "lead", set: { expected: draft.expected } } : null;
    case "grade":
      if (draft.grade === "") return { what: "lead", set: { grade: "", grade_why: "" } };
      return draft.why.trim() === "" ? null : { what: "lead", set: { grade: draft.grade, grade_why: draft.why.trim() } };
    case "contact":
      return draft.channels.length > 0 && draft.reason !== "" ? { what: "contact", channels: draft.channels.includes("all") ? ["all"] : [...draft.channels], reason: draft.reason } : null;
  }
}
