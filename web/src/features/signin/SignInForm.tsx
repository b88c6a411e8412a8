import { useRef, useState, type FormEvent } from "react";
import { useFinishSignIn, useSignIn, type Session } from "@/api";
import { useTexts } from "@/i18n";
import { Banner, Button, Field, PasswordInput, TextInput, useErrorWords } from "@/ui";
import styles from "./SignIn.module.css";
import { texts } from "./texts";

// Account and password, then the code where the account has a second factor. `login` is filled in where it is known who
// was here; `waiting` is whose sign-in waits for its code already.
export function SignInForm({ login: known = "", waiting, onDone }: { login?: string; waiting?: string | undefined; onDone?: (session: Session) => void }) {
  const t = useTexts(texts);
  const [login, setLogin] = useState(known);
  const [password, setPassword] = useState("");
  const [missing, setMissing] = useState(false);
  const passwordRef = useRef<HTMLInputElement>(null);
  const loginRef = useRef<HTMLInputElement>(null);
  const signIn = useSignIn();
  const [codeDue, setCodeDue] = useState(waiting !== undefined);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const empty = !login.trim() || !password;
    setMissing(empty);
    if (empty) {
      (login.trim() ? passwordRef : loginRef).current?.focus();
      return;
    }
    signIn.mutate(
      { login: login.trim(), password },
      {
        onSuccess: (session) => {
          if (session) onDone?.(session);
          else setCodeDue(true);
        },
        onError: () => {
          passwordRef.current?.focus();
          passwordRef.current?.select();
        },
      },
    );
  };

  if (codeDue) {
    return (
      <CodeForm
        login={login.trim() || (waiting ?? "")}
        onDone={onDone}
        onBack={() => {
          setPassword("");
          setCodeDue(false);
          signIn.reset();
        }}
      />
    );
  }
  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      <Field label={t("login")}>
        <TextInput ref={loginRef} value={login} onChange={setLogin} autoComplete="username" autoCapitalize="off" spellCheck={false} autoFocus={!known} name="login" />
      </Field>
      <Field label={t("password")} error={missing ? t("missing") : undefined}>
        <PasswordInput ref={passwordRef} value={password} onChange={setPassword} autoComplete="current-password" autoFocus={Boolean(known)} name="password" />
      </Field>
      {signIn.error && <SignInError error={signIn.error} />}
      <Button type="submit" kind="primary" wide busy={signIn.isPending}>
        {t("submit")}
      </Button>
    </form>
  );
}

// The second step.
function CodeForm({ login, onDone, onBack }: { login: string; onDone: ((session: Session) => void) | undefined; onBack: () => void }) {
  const t = useTexts(texts);
  const [code, setCode] = useState("");
  const [recovery, setRecovery] = useState(false);
  const [missing, setMissing] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const finish = useFinishSignIn();
  const over = finish.error?.code === "sign_in_begin_again";

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setMissing(!code.trim());
    if (!code.trim()) {
      field.current?.focus();
      return;
    }
    // Digits as every keyboard writes them.
    finish.mutate(code.normalize("NFKC").trim(), {
      onSuccess: (session) => onDone?.(session),
      onError: () => {
        field.current?.focus();
        field.current?.select();
      },
    });
  };
  return (
    <form className={styles.form} onSubmit={submit} noValidate aria-label={t("codeTitle")}>
      <Field label={t(recovery ? "recovery" : "code")} hint={recovery ? t("recoveryHint") : t("codeHint", { login })} error={missing ? t("codeMissing") : undefined}>
        <TextInput key={String(recovery)} ref={field} value={code} onChange={setCode} mono inputMode={recovery ? "text" : "numeric"} autoComplete="one-time-code" autoCapitalize="off" spellCheck={false} maxLength={32} autoFocus name="code" />
      </Field>
      {finish.error && <SignInError error={finish.error} />}
      {over ? (
        <Button kind="primary" wide onClick={onBack}>
          {t("back")}
        </Button>
      ) : (
        <Button type="submit" kind="primary" wide busy={finish.isPending}>
          {t("submit")}
        </Button>
      )}
      {recovery && <p className={styles.note}>{t("lost")}</p>}
      {!over && (
        <div className={styles.links}>
          <Button
            kind="link"
            onClick={() => {
              setRecovery(!recovery);
              setCode("");
              setMissing(false);
              finish.reset();
            }}
          >
            {t(recovery ? "useApp" : "useRecovery")}
          </Button>
          <Button kind="link" onClick={onBack}>
            {t("back")}
          </Button>
        </div>
      )}
    </form>
  );
}

function SignInError({ error }: { error: unknown }) {
  const { title, todo } = useErrorWords(error);
  return (
    <Banner kind="bad">
      <b>{title}</b> {todo}
    </Banner>
  );
}
