import { useState, type FormEvent } from "react";
import { useChangePassword, useSignOut } from "@/api";
import { useTexts } from "@/i18n";
import { useDocumentTitle } from "@/state/page";
import { Banner, Button, Dialog, Field, PasswordInput, toast, useErrorWords } from "@/ui";
import styles from "./ChangePassword.module.css";
import { texts } from "./texts";

// The server has the last word; this is what it asks for at least.
const kLengthMin = 10;

function ChangePasswordForm({ oneTime = false, onDone }: { oneTime?: boolean; onDone?: () => void }) {
  const t = useTexts(texts);
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [tried, setTried] = useState(false);
  const change = useChangePassword();

  const length = [...next].length;
  const currentError = tried && !current ? t("missing") : change.error?.field === "current" ? change.error.title : undefined;
  const nextError = !tried
    ? undefined
    : length < kLengthMin
      ? t("tooShort", { n: length, min: kLengthMin })
      : next === current
        ? t("same")
        : change.error?.field === "new"
          ? change.error.title
          : undefined;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!current || length < kLengthMin || next === current) return;
    change.mutate(
      { current, new: next },
      {
        onSuccess: () => {
          toast(t("saved"), { kind: "good" });
          onDone?.();
        },
      },
    );
  };

  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      <Field label={oneTime ? t("oneTime") : t("current")} error={currentError}>
        <PasswordInput value={current} onChange={setCurrent} autoComplete="current-password" autoFocus />
      </Field>
      <Field label={t("next")} hint={t("hint", { min: kLengthMin })} error={nextError}>
        <PasswordInput value={next} onChange={setNext} autoComplete="new-password" />
      </Field>
      {length > 0 && (
        <p className={styles.length} aria-live="polite">
          {t("length", { n: length, count: length })} · {length >= kLengthMin ? t("longEnough") : t("short", { n: kLengthMin - length })}
        </p>
      )}
      {change.error && !currentError && !nextError && <Words error={change.error} />}
      {!oneTime && <p className={styles.length}>{t("others")}</p>}
      <Button type="submit" kind="primary" wide busy={change.isPending}>
        {t("save")}
      </Button>
    </form>
  );
}

function Words({ error }: { error: unknown }) {
  const { title, todo } = useErrorWords(error);
  return (
    <Banner kind="bad">
      <b>{title}</b> {todo}
    </Banner>
  );
}

// Before anything else, for who signed in with a one-time password.
export function ForcedChangePassword() {
  const t = useTexts(texts);
  const signOut = useSignOut();
  useDocumentTitle(t("forced"));
  return (
    <>
      <h1 className={styles.title}>{t("forced")}</h1>
      <p className={styles.note}>{t("forcedNote")}</p>
      <ChangePasswordForm oneTime />
      <div className={styles.leave}>
        <Button kind="link" onClick={() => signOut.mutate()}>
          {t("signOut")}
        </Button>
      </div>
    </>
  );
}

export function ChangePasswordDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const t = useTexts(texts);
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t("change")}>
      <ChangePasswordForm onDone={() => onOpenChange(false)} />
    </Dialog>
  );
}
