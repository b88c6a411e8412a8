import { useLanguage, useTexts } from "@/i18n";
import { Banner, formatInstant } from "@/ui";
import type { Customer } from "../data";
import { nameOf, useTerms } from "./data";
import { texts } from "./texts";

export function AnonymisedBanner({ customer }: { customer: Customer }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const { data: terms } = useTerms();
  if (!customer.anonymised_at) return null;
  const why = customer.anonymised_why === "request" ? t("why_request") : nameOf(terms?.retentions, customer.anonymised_why, language);
  return <Banner>{t("anonymisedLong", { day: formatInstant(customer.anonymised_at, language, { year: true }), why })}</Banner>;
}
