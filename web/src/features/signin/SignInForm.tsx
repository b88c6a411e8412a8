import { useRef, useState, type FormEvent } from "react";
import { useSignIn, type Session } from "@/api";
import { useTexts } from "@/i18n";
import { Banner, Button, Field, PasswordInput, TextInput, useErrorWords } from "@/ui";
import styles from "./SignIn.module.css";
import { texts } from "./texts";

// Account and password. `login` is filled in where it is known who was here.
export function SignInForm({ login: known = "", onDone }: { login?: string; onDone?: (session: Session) => void }) {
  const t = useTexts(texts);
  const [login, setLogin] = useState(known);
  const [password, setPassword] = useState("");
  const [missing, setMissing] = useState(false);
  const passwordRef = useRef<HTMLInputElement>(null);
  const loginRef = useRef<HTMLInputElement>(null);
  const signIn = useSignIn();

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
        onSuccess: (session) => onDone?.(session),
        onError: () => {
          passwordRef.current?.focus();
          passwordRef.current?.select();
        },
      },
    );
  };

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

function SignInError({ error }: { error: unknown }) {
  const { title, todo } = useErrorWords(error);
  return (
    <Banner kind="bad">
      <b>{title}</b> {todo}
    </Banner>
  );
}
