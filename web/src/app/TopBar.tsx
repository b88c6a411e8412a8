import { Check, ChevronDown, CircleHelp, Keyboard, Braces, Search } from "lucide-react";
import { api, useSession } from "@/api";
import { pick, setLanguage, useLanguage, useTexts } from "@/i18n";
import type { Page } from "@/state/page";
import { kVersus, useView, type Versus } from "@/state/view";
import { IconButton, Menu, SegmentedControl, Tooltip } from "@/ui";
import { PeriodPicker } from "./PeriodPicker";
import { ScopePicker } from "./ScopePicker";
import { appTexts } from "./texts";
import styles from "./TopBar.module.css";

const kAll = ["scope", "period", "basis", "vs"] as const;

export function TopBar({ page, onPalette, onShortcuts }: { page: Page | undefined; onPalette: () => void; onShortcuts: () => void }) {
  const t = useTexts(appTexts);
  const language = useLanguage();
  const parts = page?.bar ?? (page ? kAll : []);
  return (
    <div className={styles.bar} role="region" aria-label={t("context")}>
      {parts.includes("scope") && <ScopePicker />}
      {parts.includes("period") && <PeriodPicker />}
      {parts.includes("basis") && <BasisControl />}
      {parts.includes("vs") && <VersusMenu />}
      <span className={styles.space} />
      <button type="button" className={styles.search} onClick={onPalette} aria-keyshortcuts="Control+K">
        <Search size={14} aria-hidden />
        <span className={styles.searchText}>{t("search")}</span>
        <kbd>Ctrl K</kbd>
      </button>
      <Menu
        trigger={<IconButton label={t("help")} icon={CircleHelp} tip={false} />}
        items={[
          { id: "keys", label: t("keys"), icon: <Keyboard size={14} aria-hidden />, hint: "?", run: onShortcuts },
          { id: "api", label: t("apiDoc"), icon: <Braces size={14} aria-hidden />, run: () => window.open("/api/openapi.json", "_blank", "noopener") },
        ]}
      />
      <LanguageButton key={language} />
    </div>
  );
}

export function useSwitchLanguage(): () => void {
  const language = useLanguage();
  const { data } = useSession();
  return () => {
    const next = language === "zh" ? "en" : "zh";
    setLanguage(next);
    // Kept with the account too; if that fails it still holds on this device.
    if (data?.via === "session") api.PATCH("/api/v1/session/preferences", { body: { language: next } }).catch(() => undefined);
  };
}

function LanguageButton() {
  const t = useTexts(appTexts);
  const change = useSwitchLanguage();
  return (
    <Tooltip content={t("languageSwitch")}>
      <button type="button" className={styles.language} onClick={change}>
        <span aria-hidden>{t("languageShort")}</span>
        <span className="sr-only">{t("languageSwitch")}</span>
      </button>
    </Tooltip>
  );
}

const kWithin = [7, 14, 30, 60, 90];

export function BasisControl() {
  const t = useTexts(appTexts);
  const view = useView();
  return (
    <span className={styles.basis}>
      <SegmentedControl
        label={t("basis")}
        value={view.basis}
        onChange={(basis) => view.set({ basis, ...(basis === "period" ? { within: null } : {}) })}
        options={[
          { value: "period", label: t("basisPeriod") },
          { value: "cohort", label: t("basisCohort") },
        ]}
      />
      {view.basis === "cohort" && (
        <Menu
          align="start"
          trigger={
            <button type="button" className={styles.quiet}>
              {view.within ? t("within", { n: view.within }) : t("noWithin")}
              <ChevronDown size={14} aria-hidden />
            </button>
          }
          items={[
            {
              id: "within",
              label: t("withinLabel"),
              value: String(view.within ?? 0),
              options: [...new Set([0, ...kWithin, ...(view.within ? [view.within] : [])])].sort((a, b) => a - b).map((n) => ({ value: String(n), label: n === 0 ? t("noWithin") : t("within", { n }) })),
              choose: (value) => view.set({ within: value === "0" ? null : Number(value) }),
            },
          ]}
        />
      )}
    </span>
  );
}

const kVersusText: Record<Versus, "vsNone" | "vsPrevious" | "vsYearAgo" | "vsTarget"> = { none: "vsNone", previous: "vsPrevious", "year-ago": "vsYearAgo", target: "vsTarget" };

export function VersusMenu() {
  const t = useTexts(appTexts);
  const view = useView();
  return (
    <Menu
      align="start"
      trigger={
        <button type="button" className={styles.quiet}>
          {view.vs !== "none" && <span className={styles.word}>{t("compare")}</span>}
          <span className={styles.versus}>{t(kVersusText[view.vs])}</span>
          <ChevronDown size={14} aria-hidden />
        </button>
      }
      items={[
        { heading: t("compareLabel") },
        ...kVersus.map((vs) => ({
          id: vs,
          label: t(kVersusText[vs]),
          icon: <span className={styles.tick}>{view.vs === vs && <Check size={14} aria-hidden />}</span>,
          run: () => view.set({ vs }),
        })),
      ]}
    />
  );
}

// The top row of the phone: what page, of whom, of when.
export function PhoneBar({ page }: { page: Page | undefined }) {
  const t = useTexts(appTexts);
  const language = useLanguage();
  const parts = page?.bar ?? (page ? kAll : []);
  return (
    <div className={styles.phone} role="region" aria-label={t("context")}>
      <span className={styles.phoneTitle} aria-hidden>
        {page ? pick(page.tab?.label ?? page.nav?.label ?? page.title, language) : "Dealpace"}
      </span>
      {parts.includes("scope") && <ScopePicker phone />}
      {parts.includes("period") && <PeriodPicker phone />}
    </div>
  );
}
