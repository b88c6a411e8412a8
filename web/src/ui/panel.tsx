import { Check, CircleAlert, Copy, Info, TriangleAlert, type LucideIcon } from "lucide-react";
import { Tabs as RadixTabs } from "radix-ui";
import { useEffect, useId, useState, type CSSProperties, type ReactNode } from "react";
import { asApiError } from "@/api/error";
import { text, useTexts } from "@/i18n";
import { useDocumentTitle } from "@/state/page";
import { Button } from "./Button";
import { classes, useDelayed } from "./hooks";
import styles from "./panel.module.css";
import { uiTexts } from "./texts";

// What a page is laid out with, and the states that every part of it has.

// The head of a page: its title (the one h1), one sentence that says the result, at most three buttons.
export function PageHead({ title, tag, result, actions, documentTitle }: { title: string; tag?: ReactNode; result?: ReactNode; actions?: ReactNode; documentTitle?: string }) {
  useDocumentTitle(documentTitle ?? title);
  return (
    <header className={styles.pageHead}>
      <div className={styles.pageTitles}>
        <h1 className={styles.pageTitle} tabIndex={-1}>
          {title}
        </h1>
        {tag}
        {result && (
          <p className={styles.result} aria-live="polite">
            {result}
          </p>
        )}
      </div>
      {actions && <div className={classes(styles.pageActions, "no-print")}>{actions}</div>}
    </header>
  );
}

export interface PanelProps {
  title?: ReactNode;
  note?: ReactNode; // beside the title, quiet
  action?: ReactNode; // at the right end of the title
  flush?: boolean; // the content reaches the edges: tables
  dim?: boolean; // the figures shown are being replaced
  className?: string;
  style?: CSSProperties;
  children?: ReactNode;
}
export function Panel({ title, note, action, flush, dim, className, style, children }: PanelProps) {
  const id = useId();
  return (
    <section className={classes(styles.panel, dim && styles.dim, className)} style={style} aria-busy={dim || undefined} {...(title ? { "aria-labelledby": id } : {})}>
      {(title || action) && (
        <header className={styles.panelHead}>
          <h2 id={id} className={styles.panelTitle}>
            {title}
          </h2>
          {note && <span className={styles.panelNote}>{note}</span>}
          {action && <div className={styles.panelAction}>{action}</div>}
        </header>
      )}
      <div className={flush ? styles.flush : styles.panelBody}>{children}</div>
    </section>
  );
}

export type Tone = "neutral" | "accent" | "good" | "bad" | "warn";
export function Tag({ tone = "neutral", children, title }: { tone?: Tone; children: ReactNode; title?: string }) {
  return (
    <span className={classes(styles.tag, styles[tone])} title={title}>
      {children}
    </span>
  );
}

const kBannerIcon: Record<"info" | "warn" | "bad" | "good", LucideIcon> = { info: Info, warn: TriangleAlert, bad: CircleAlert, good: Check };
export function Banner({ kind = "info", children, action }: { kind?: "info" | "warn" | "bad" | "good"; children: ReactNode; action?: ReactNode }) {
  const Icon = kBannerIcon[kind];
  return (
    <div className={classes(styles.banner, styles[`banner_${kind}`])} role={kind === "bad" ? "alert" : "status"}>
      <Icon size={16} aria-hidden />
      <div className={styles.bannerText}>{children}</div>
      {action}
    </div>
  );
}

// Says why there is nothing, and offers one thing to do about it.
export function EmptyState({ why, action, icon: Icon, small }: { why: ReactNode; action?: ReactNode; icon?: LucideIcon; small?: boolean }) {
  return (
    <div className={classes(styles.empty, small && styles.emptySmall)}>
      {Icon && <Icon size={24} strokeWidth={1.5} aria-hidden />}
      <p>{why}</p>
      {action}
    </div>
  );
}

// What happened, what is safe, what to do; with a code to copy. `safe` names what is not lost.
export function ErrorState({ error, safe, onRetry, small }: { error: unknown; safe?: ReactNode; onRetry?: () => void; small?: boolean }) {
  const t = useTexts(uiTexts);
  const { title, todo, line } = useErrorWords(error);
  return (
    <div className={classes(styles.error, small && styles.emptySmall)} role="alert">
      <CircleAlert size={small ? 16 : 20} aria-hidden className="bad" />
      <div className={styles.errorText}>
        <p className={styles.errorTitle}>{title}</p>
        {safe && <p>{safe}</p>}
        {todo && <p className={styles.todo}>{todo}</p>}
        <CopyCode text={line} />
        {onRetry && (
          <div>
            <Button small onClick={onRetry}>
              {t("again")}
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}

// The words for an error, in the language of now: the server's where it gave some.
export function useErrorWords(error: unknown): { title: string; todo: string; line: string } {
  const t = useTexts(uiTexts);
  const { code, title, todo, requestId, status } = asApiError(error);
  const line = [t("code", { code }), requestId ? t("request", { id: requestId }) : ""].filter(Boolean).join(" · ");
  if (code === "offline") return { title: t("offlineTitle"), todo: t("offlineTodo"), line };
  if (code === "bad_answer") return { title: t("badAnswerTitle"), todo: t("badAnswerTodo"), line: `${line} · ${status}` };
  if (code === "program_fault") return { title: t("faultTitle"), todo: t("faultTodo"), line: `${line} · ${title}` };
  return { title, todo, line };
}

// Its first sentence alone, outside components.
export function errorTitle(error: unknown): string {
  const { code, title } = asApiError(error);
  return code === "offline" ? text(uiTexts, "offlineTitle") : code === "bad_answer" ? text(uiTexts, "badAnswerTitle") : title;
}

export function CopyCode({ text }: { text: string }) {
  const t = useTexts(uiTexts);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <span className={styles.copy}>
      <span className="code">{text}</span>
      <button
        type="button"
        className={styles.copyButton}
        onClick={() => {
          void copyText(text).then(setCopied);
        }}
      >
        {copied ? <Check size={12} aria-hidden /> : <Copy size={12} aria-hidden />}
        <span aria-live="polite">{copied ? t("copied") : t("copy")}</span>
      </button>
    </span>
  );
}
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without a secure context there is no clipboard; the old way still works.
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    area.style.opacity = "0";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

// A place holder with the final geometry, after 150 ms. After 2 s it says what is being done.
export function Skeleton({ height = 16, width = "100%", lines = 1, label }: { height?: number | string; width?: number | string; lines?: number; label?: string }) {
  const t = useTexts(uiTexts);
  const shown = useDelayed(true, 150);
  const late = useDelayed(true, 2000);
  return (
    <div className={styles.skeletons} role="status" aria-label={t("loading")}>
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} className={shown ? styles.skeleton : undefined} style={{ height, width: lines > 1 && i === lines - 1 ? "60%" : width }} />
      ))}
      {late && <p className={styles.late}>{label ?? t("computing")}</p>}
    </div>
  );
}

export interface Step {
  label: string;
  note?: ReactNode;
}
// Where one is in a sequence. Steps that are done can be gone back to when `onSelect` is given.
export function Stepper({ steps, current, onSelect }: { steps: Step[]; current: number; onSelect?: (index: number) => void }) {
  const t = useTexts(uiTexts);
  return (
    <ol className={styles.stepper}>
      {steps.map((step, index) => {
        const state = index < current ? "done" : index === current ? "now" : "later";
        const words = (
          <>
            <span className={styles.dot} aria-hidden>
              {state === "done" ? <Check size={14} /> : index + 1}
            </span>
            <span className={styles.stepWords}>
              <span className={styles.stepLabel}>{step.label}</span>
              {step.note && <span className={styles.stepNote}>{step.note}</span>}
            </span>
            <span className="sr-only">{state === "done" ? t("done") : state === "now" ? t("current") : ""}</span>
          </>
        );
        return (
          <li key={step.label} className={classes(styles.step, styles[state])} aria-current={state === "now" ? "step" : undefined}>
            {state === "done" && onSelect ? (
              <button type="button" className={styles.stepButton} onClick={() => onSelect(index)}>
                {words}
              </button>
            ) : (
              <span className={styles.stepButton}>{words}</span>
            )}
          </li>
        );
      })}
    </ol>
  );
}

export function ProgressBar({ value, label }: { value: number | null; label: string }) {
  const share = value === null ? undefined : Math.max(0, Math.min(1, value));
  return (
    <div className={styles.progress} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} {...(share === undefined ? {} : { "aria-valuenow": Math.round(share * 100) })}>
      <div className={classes(styles.progressFill, share === undefined && styles.progressUnknown)} style={{ width: share === undefined ? undefined : `${share * 100}%` }} />
    </div>
  );
}

export function Tabs<V extends string>({ value, onChange, tabs, label, children }: { value: V; onChange: (value: V) => void; tabs: { value: V; label: ReactNode }[]; label: string; children?: ReactNode }) {
  return (
    <RadixTabs.Root value={value} onValueChange={(next) => onChange(next as V)}>
      <RadixTabs.List className={styles.tabs} aria-label={label}>
        {tabs.map((tab) => (
          <RadixTabs.Trigger key={tab.value} value={tab.value} className={styles.tab}>
            {tab.label}
          </RadixTabs.Trigger>
        ))}
      </RadixTabs.List>
      <RadixTabs.Content value={value} className={styles.tabContent}>
        {children}
      </RadixTabs.Content>
    </RadixTabs.Root>
  );
}
