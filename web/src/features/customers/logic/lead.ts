import type { ApiError, Schemas } from "@/api";
import { formatShort } from "@/ui/format";
import type { Language } from "@/i18n";

// Leads as they are shown and written. Pure.

export type Lead = Schemas["Lead"];
export type LeadInput = Schemas["LeadInput"];

// A lead as it is typed.
export interface LeadDraft {
  source: string;
  access_form: string;
  model: string;
  referrer: string;
  expected: string;
  budget: string;
  amount: number | null;
  need: string;
  remark: string;
  grade: string;
  grade_why: string;
}
export const kNoLead: LeadDraft = { source: "", access_form: "", model: "", referrer: "", expected: "", budget: "", amount: null, need: "", remark: "", grade: "", grade_why: "" };

const tenThousands = (yuan: number) => String(yuan / 10_000);
// A budget as it is written, and as the server reads it: 15-20万, 30万以上, 20万以内; 150000-200000, >= 300000.
export function budgetText(least: number | null | undefined, most: number | null | undefined, language: Language): string {
  if (language === "en") return least != null && most != null ? `${least}-${most}` : least != null ? `>= ${least}` : most != null ? `<= ${most}` : "";
  if (least != null && most != null) return `${tenThousands(least)}-${tenThousands(most)}万`;
  if (least != null) return `${tenThousands(least)}万以上`;
  if (most != null) return `${tenThousands(most)}万以内`;
  return "";
}
// … and as it is shown: 15–20 万元, ¥150K–200K.
export function budgetShown(least: number | null | undefined, most: number | null | undefined, language: Language): string {
  const one = (yuan: number) => formatShort(yuan, "money", language);
  if (least != null && most != null) {
    return language === "zh" ? `${tenThousands(least)}–${tenThousands(most)} 万元` : `${one(least)}–${one(most)}`;
  }
  if (least != null) return language === "zh" ? `${tenThousands(least)} 万元以上` : `from ${one(least)}`;
  if (most != null) return language === "zh" ? `${tenThousands(most)} 万元以内` : `up to ${one(most)}`;
  return "";
}

export function draftOf(lead: Lead, language: Language): LeadDraft {
  return {
    source: lead.source ?? "",
    access_form: lead.access_form ?? "",
    model: lead.model ?? "",
    referrer: lead.referrer ?? "",
    expected: lead.expected ?? "",
    budget: budgetText(lead.budget_least, lead.budget_most, language),
    amount: lead.amount ? lead.amount : null,
    need: lead.need ?? "",
    remark: lead.remark ?? "",
    grade: lead.grade_by_hand ? lead.grade : "",
    grade_why: lead.grade_why ?? "",
  };
}

// What is sent of a new lead (`before` absent), or of a changed one: only what differs. Empty takes a field out.
export function inputOf(draft: LeadDraft, before: LeadDraft = kNoLead): LeadInput {
  const input: LeadInput = {};
  for (const key of ["source", "access_form", "model", "expected", "budget", "need", "remark", "grade", "grade_why"] as const) {
    const text = draft[key].trim();
    if (text !== before[key].trim()) input[key] = text;
  }
  // Set by hand again, the grade goes along with its reason.
  if (input.grade_why !== undefined && draft.grade) input.grade = draft.grade;
  if (draft.referrer !== before.referrer) input.referrer = draft.referrer || null;
  if (draft.amount !== before.amount) input.amount = draft.amount ?? 0;
  return input;
}

// ---- Problems at their field ----

const kFieldOfCode: Readonly<Record<string, string>> = {
  phone_bad: "phone",
  plate_bad: "plate",
  vin_bad: "vin",
  name_bad: "name",
  position_vague: "position",
  customer_exists: "phone",
  customer_with_colleague: "phone",
  owner_unknown: "owner",
  need_generic: "need",
  budget_no_range: "budget",
  referrer_missing: "referrer",
  grade_unknown: "grade",
  grade_why_missing: "grade_why",
  amount_negative: "amount",
};
// Where a refusal of the server belongs; undefined: to the whole form.
export function fieldOfProblem(error: Pick<ApiError, "code" | "args"> | null | undefined): string | undefined {
  if (!error) return undefined;
  if (error.code === "capture_incomplete") return error.args.missing?.split(",")[0]?.trim() || undefined;
  if (error.code === "unknown_member") return error.args.dimension;
  return error.args.field ?? kFieldOfCode[error.code];
}

// ---- Grades ----

export const kWarm: readonly string[] = ["high", "medium", "low"];
// How strongly a grade is marked: the domain's three, and the letters that count as one of them.
export function warmthOf(grade: string): "high" | "medium" | "low" {
  if (["high", "H", "A", "B"].includes(grade)) return "high";
  return ["medium", "C"].includes(grade) ? "medium" : "low";
}
// Of several leads the one that says most about the customer: not over before over, then the newest.
export function leadToShow(leads: readonly Lead[]): Lead | undefined {
  return leads.find((lead) => isOpen(lead)) ?? leads[0];
}
export function isOpen(lead: Pick<Lead, "status">): boolean {
  return lead.status === "open" || lead.status === "suspended";
}

// Of the purchase, what stands in the leads: of each thing the newest that is known, as completeness counts it.
export function wantedOf(leads: readonly Lead[]): { model?: Lead; budget?: Lead; expected?: Lead } {
  const first = (has: (lead: Lead) => unknown) => leads.find((lead) => has(lead));
  const model = first((lead) => lead.model);
  const budget = first((lead) => lead.budget_least != null || lead.budget_most != null);
  const expected = first((lead) => lead.expected);
  return { ...(model ? { model } : {}), ...(budget ? { budget } : {}), ...(expected ? { expected } : {}) };
}

// ---- Timeline ----

export type Happening = { at: string; by: string } & (
  | { what: "captured" | "changed" }
  | { what: "lead" | "lead_changed" | "lost" | "deal"; lead: Lead }
);
// What is known to have happened to a customer, the latest first. Changes of the same moment as what was made are none.
export function timelineOf(customer: Pick<Schemas["Customer"], "created_at" | "created_by" | "changed_at" | "changed_by" | "leads">): Happening[] {
  const all: Happening[] = [];
  const { created_at, created_by = "", changed_at, changed_by = "" } = customer;
  if (created_at) all.push({ what: "captured", at: created_at, by: created_by });
  if (changed_at && changed_at !== created_at) all.push({ what: "changed", at: changed_at, by: changed_by });
  for (const lead of customer.leads) {
    if (lead.created_at) all.push({ what: "lead", lead, at: lead.created_at, by: "" });
    if (lead.deal_day) all.push({ what: "deal", lead, at: lead.deal_day, by: "" });
    if (lead.changed_at && lead.changed_at !== lead.created_at) {
      all.push({ what: lead.status === "lost" ? "lost" : "lead_changed", lead, at: lead.changed_at, by: lead.changed_by ?? "" });
    }
  }
  // The record comes before the lead that was made with it.
  const rank = (one: Happening) => (one.what === "captured" ? 1 : 0);
  return all.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : rank(a) - rank(b)));
}
