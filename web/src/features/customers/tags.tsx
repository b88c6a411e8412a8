import { useCatalog } from "@/api";
import { useTexts } from "@/i18n";
import { classes, Tag, type Tone } from "@/ui";
import { kWarm, warmthOf, type Lead } from "./logic/lead";
import type { FieldId } from "./logic/record";
import styles from "./customers.module.css";
import { texts } from "./texts";

// How warm a lead is: the words of the three grades, or the letter of a manufacturer's.
export function GradeTag({ grade, byHand }: { grade: string; byHand?: boolean | undefined }) {
  const t = useTexts(texts);
  const own = kWarm.includes(grade);
  const warmth = warmthOf(grade);
  const title = [own ? t(`${warmth}Long`) : grade, byHand ? t("byHand") : ""].filter(Boolean).join(" · ");
  if (!grade) return null;
  return (
    <span className={classes(styles.grade, styles[`grade_${warmth}`])} title={title}>
      {own ? t(warmth) : grade}
    </span>
  );
}

const kTone: Record<Lead["status"], Tone> = { open: "accent", won: "good", delivered: "good", lost: "bad", suspended: "warn" };
export function LeadState({ lead }: { lead: Pick<Lead, "status" | "stage"> }) {
  const t = useTexts(texts);
  const stage = useStageName();
  const over = lead.status !== "open" && lead.status !== "suspended";
  return (
    <Tag tone={kTone[lead.status]}>
      {t(lead.status)}
      {!over && ` · ${stage(lead.stage)}`}
    </Tag>
  );
}

// What stands in a field, in words.
export function useFieldValue(): (field: FieldId, value: string) => string {
  const t = useTexts(texts);
  return (field, value) => (field === "sex" && (value === "female" || value === "male") ? t(value) : value);
}

export function useStageName(): (stage: string) => string {
  const catalog = useCatalog();
  return (stage) => catalog.text(catalog.raw?.stages.find(({ id }) => id === stage)?.name) || stage;
}
