import { CircleAlert, CircleCheck, Info, X } from "lucide-react";
import { useEffect, useSyncExternalStore } from "react";
import { useTexts } from "@/i18n";
import styles from "./Toast.module.css";
import { uiTexts } from "./texts";

// A short word about what has just been done, at the edge of the screen and in a live region. Ten seconds where it can
// be undone. An error is never only a toast: it stands where it happened.

export interface ToastOptions {
  kind?: "good" | "info" | "bad";
  undo?: () => void;
  action?: { label: string; run: () => void };
  ms?: number;
}
interface Shown extends ToastOptions {
  id: number;
  message: string;
}

let shown: readonly Shown[] = [];
let last = 0;
const listeners = new Set<() => void>();
function set(next: readonly Shown[]) {
  shown = next;
  for (const listener of listeners) listener();
}

export function toast(message: string, options: ToastOptions = {}): () => void {
  const id = ++last;
  set([...shown.slice(-2), { id, message, ...options }]);
  return () => set(shown.filter((item) => item.id !== id));
}

export function Toasts() {
  const t = useTexts(uiTexts);
  const items = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => shown,
  );
  return (
    <section className={styles.region} aria-label={t("notifications")} aria-live="polite">
      {items.map((item) => (
        <ToastItem key={item.id} item={item} />
      ))}
    </section>
  );
}

function ToastItem({ item }: { item: Shown }) {
  const t = useTexts(uiTexts);
  const { id, kind = "info", undo, action, ms } = item;
  const close = () => set(shown.filter((other) => other.id !== id));
  useEffect(() => {
    const timer = setTimeout(() => set(shown.filter((other) => other.id !== id)), ms ?? (undo ? 10_000 : 5_000));
    return () => clearTimeout(timer);
  }, [id, ms, undo]);
  const Icon = kind === "good" ? CircleCheck : kind === "bad" ? CircleAlert : Info;
  return (
    <div className={styles.toast}>
      <Icon size={16} aria-hidden className={styles[kind]} />
      <span className={styles.message}>{item.message}</span>
      {undo && (
        <button
          type="button"
          className={styles.action}
          onClick={() => {
            undo();
            close();
          }}
        >
          {t("undo")}
        </button>
      )}
      {action && (
        <button
          type="button"
          className={styles.action}
          onClick={() => {
            action.run();
            close();
          }}
        >
          {action.label}
        </button>
      )}
      <button type="button" className={styles.close} aria-label={t("close")} onClick={close}>
        <X size={14} aria-hidden />
      </button>
    </div>
  );
}
