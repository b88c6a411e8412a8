import { Check, Copy, Download, LogIn } from "lucide-react";
import { useRef, useState, type FormEvent, type Ref } from "react";
import { ApiError, providerAddress, useSession, useSignInWays } from "@/api";
import { pick, useLanguage, useTexts } from "@/i18n";
import { Banner, Button, copyText, Field, PasswordInput, TextInput, useErrorWords } from "@/ui";
import { saveText } from "@/ui/clipboard";
import { QrCode } from "@/ui/QrCode";
import { useBeginSecondFactor, useConfirmSecondFactor } from "./data";
import styles from "./SecondFactor.module.css";
import { texts } from "./texts";

// Sets it up: the password, the app, a first code, the recovery codes. `onCodes` tells that these are shown; `onDone`
// that they are noted.
export function SetUp({ onCodes, onDone }: { onCodes?: () => void; onDone: () => void }) {
  const begin = useBeginSecondFactor();
  const [codes, setCodes] = useState<string[] | null>(null);
  if (codes) return <RecoveryCodes codes={codes} onDone={onDone} />;
  if (begin.data) {
    return (
      <ConnectApp
        secret={begin.data.secret}
        uri={begin.data.uri}
        onConfirmed={(made) => {
          setCodes(made);
          onCodes?.();
        }}
        onAgain={() => begin.reset()}
      />
    );
  }
  return <GivePassword begin={begin} />;
}

// Who has come by the provider has no password to give.
export function usePasswordAsked(): boolean {
  return !useSession().data?.by_provider;
}

function GivePassword({ begin }: { begin: ReturnType<typeof useBeginSecondFactor> }) {
  const t = useTexts(texts);
  const asked = usePasswordAsked();
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const wrong = begin.error?.code === "password_wrong" ? begin.error.title : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (password || !asked) begin.mutate(asked ? password : undefined);
  };
  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      <p className={styles.note}>{t("factorWhat")}</p>
      {asked && (
        <Field label={t("current")} error={tried && !password ? t("missing") : wrong}>
          <PasswordInput value={password} onChange={setPassword} autoComplete="current-password" autoFocus />
        </Field>
      )}
      {begin.error && !wrong && <Words error={begin.error} />}
      <Button type="submit" kind="primary" wide busy={begin.isPending}>
        {t("next1")}
      </Button>
    </form>
  );
}

function ConnectApp({ secret, uri, onConfirmed, onAgain }: { secret: string; uri: string; onConfirmed: (codes: string[]) => void; onAgain: () => void }) {
  const t = useTexts(texts);
  const [code, setCode] = useState("");
  const [tried, setTried] = useState(false);
  const [copied, setCopied] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const confirm = useConfirmSecondFactor();
  const wrong = confirm.error?.code === "second_factor_wrong" ? `${confirm.error.title} ${confirm.error.todo}` : undefined;
  const over = confirm.error?.code === "second_factor_not_begun";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!code.trim()) return;
    confirm.mutate(plainCode(code), {
      onSuccess: onConfirmed,
      onError: () => {
        field.current?.focus();
        field.current?.select();
      },
    });
  };
  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      <p className={styles.note}>{t("scan")}</p>
      <QrCode text={uri} label={t("qr")} />
      <p className={styles.note}>{t("orType")}</p>
      <div className={styles.secret}>
        <code className={styles.secretText} data-secret>
          {secret.replace(/(.{4})(?=.)/g, "$1 ")}
        </code>
        <Button icon={copied ? Check : Copy} onClick={() => void copyText(secret).then(setCopied)}>
          <span aria-live="polite">{t(copied ? "copied" : "copy")}</span>
        </Button>
      </div>
      <Field label={t("appCode")} hint={t("appCodeHint")} error={tried && !code.trim() ? t("codeMissing") : wrong}>
        <CodeInput ref={field} value={code} onChange={setCode} />
      </Field>
      {confirm.error && !wrong && <Words error={confirm.error} />}
      {over ? (
        <Button kind="primary" wide onClick={onAgain}>
          {t("again")}
        </Button>
      ) : (
        <Button type="submit" kind="primary" wide busy={confirm.isPending}>
          {t("turnOn")}
        </Button>
      )}
    </form>
  );
}

// Shown once; kept by copying or as a file.
export function RecoveryCodes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  const t = useTexts(texts);
  const [copied, setCopied] = useState(false);
  const text = codes.join("\n");
  return (
    <div className={styles.form}>
      <Banner kind="warn">{t("codesNote")}</Banner>
      <ul className={styles.codes} aria-label={t("codes")}>
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className={styles.buttons}>
        <Button icon={copied ? Check : Copy} onClick={() => void copyText(text).then(setCopied)}>
          <span aria-live="polite">{t(copied ? "copied" : "copy")}</span>
        </Button>
        <Button icon={Download} onClick={() => saveText("dealpace-recovery-codes.txt", `${text}\n`, "text/plain")}>
          {t("saveFile")}
        </Button>
      </div>
      <Button kind="primary" wide onClick={onDone}>
        {t("codesNoted")}
      </Button>
    </div>
  );
}

// Digits as every keyboard writes them: ６５４３２１ is 654321.
export function plainCode(code: string): string {
  return code.normalize("NFKC").trim();
}

export function CodeInput({ ref, value, onChange, any, autoFocus = true }: { ref?: Ref<HTMLInputElement>; value: string; onChange: (value: string) => void; any?: boolean; autoFocus?: boolean }) {
  return <TextInput {...(ref ? { ref } : {})} value={value} onChange={onChange} mono inputMode={any ? "text" : "numeric"} autoComplete="one-time-code" autoCapitalize="off" spellCheck={false} maxLength={32} autoFocus={autoFocus} name="code" />;
}

// What is wrong, and a way to the provider where it must ask again who somebody is.
export function Words({ error }: { error: unknown }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const { title, todo } = useErrorWords(error);
  const old = error instanceof ApiError && error.code === "provider_sign_in_old";
  return (
    <>
      <Banner kind={old ? "warn" : "bad"}>
        <b>{title}</b> {todo}
      </Banner>
      {old && (
        <Button icon={LogIn} wide onClick={() => location.assign(providerAddress(location.pathname + location.search, language, true))}>
          {t("signInAgain")}
        </Button>
      )}
    </>
  );
}

// Why the provider has not let somebody back who was sent there to be asked again. Told once.
export function ProviderProblem() {
  const language = useLanguage();
  const problem = useSignInWays(useSession().data?.by_provider ?? false).data?.problem;
  if (!problem) return null;
  return (
    <Banner kind="bad">
      <b>{pick(problem.message, language)}</b> {pick(problem.todo, language)}
    </Banner>
  );
}
