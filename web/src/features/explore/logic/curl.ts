import type { Question } from "@/api";

// The question as somebody else's program asks it. Pure.

// What the server takes as given is left out.
export function tidyQuestion(question: Question): Partial<Question> {
  const out: Partial<Question> = { columns: question.columns };
  if (question.period) out.period = question.period;
  if (question.basis && question.basis !== "period") out.basis = question.basis;
  if (question.within) out.within = question.within;
  if (question.by && question.by.length > 0) out.by = question.by;
  if (question.scope && question.scope !== "network") out.scope = question.scope;
  if (question.filters && Object.keys(question.filters).length > 0) out.filters = question.filters;
  if (question.vs && question.vs !== "none") out.vs = question.vs;
  if (question.as_of) out.as_of = question.as_of;
  if (question.to_date) out.to_date = true;
  return out;
}

export function jsonText(question: Question): string {
  return JSON.stringify(tidyQuestion(question), null, 2);
}

// For a POSIX shell: the body stands in single quotes, one inside them is closed, escaped and opened again.
export function curlText(question: Question, origin: string): string {
  const body = JSON.stringify(tidyQuestion(question)).replaceAll("'", `'\\''`);
  return [
    `curl -sS '${origin}/api/v1/kpi/query' \\`,
    `  -H "Authorization: Bearer $DEALPACE_TOKEN" \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  --data '${body}'`,
  ].join("\n");
}
