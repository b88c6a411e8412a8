import { useState, type FormEvent } from "react";
import { useSession } from "@/api";
import { rich, useLanguage, useTexts } from "@/i18n";
import { Banner, Button, Dialog, ErrorState, Field, formatInstant, formatNumber, PageHead, Panel, PasswordInput, Skeleton, Tag, toast } from "@/ui";
import { ChangePasswordDialog } from "./ChangePassword";
import { useRenewRecoveryCodes, useSecondFactor, useSecondFactorDone, useTurnOffSecondFactor, type PasswordAndCode } from "./data";
import { CodeInput, plainCode, ProviderProblem, RecoveryCodes, SetUp, usePasswordAsked, Words } from "./SecondFactor";
import styles from "./SecondFactor.module.css";
import { texts } from "./texts";

type Doing = "password" | "setUp" | "renew" | "off" | null;

// How the account signs in: its password and its second factor.
export default function SecurityPage() {
  const t = useTexts(texts);
  const language = useLanguage();
  const login = useSession().data?.account.login ?? "";
  const { data, error, isLoading, refetch } = useSecondFactor();
  const done = useSecondFactorDone();
  const [doing, setDoing] = useState<Doing>(null);
  const close = () => setDoing(null);
  return (
    <div className={styles.page}>
      <PageHead title={t("security")} result={data && rich(t(data.on ? "leadOn" : "leadOff", { login }))} />
      <ProviderProblem />
      <Panel title={t("password")}>
        <div className={styles.line}>
          <p>{t("passwordNote")}</p>
          <Button onClick={() => setDoing("password")}>{t("change")}</Button>
        </div>
      </Panel>
      <Panel title={t("factor")} note={data && (data.on ? <Tag tone="good">{t("on")}</Tag> : <Tag tone={data.demanded ? "warn" : "neutral"}>{t("off")}</Tag>)}>
        {isLoading && <Skeleton lines={2} height={20} />}
        {error && <ErrorState small error={error} onRetry={() => void refetch()} />}
        {data && !data.on && (
          <div className={styles.line}>
            <p>{t("factorWhat")}</p>
            <Button kind="primary" onClick={() => setDoing("setUp")}>
              {t("setUp")}
            </Button>
          </div>
        )}
        {data?.on && (
          <div className={styles.stack}>
            <div className={styles.line}>
              <p>{t("onSince", { at: formatInstant(data.since, language, { year: true }) })}</p>
              <Button onClick={() => setDoing("off")}>{t("turnOff")}</Button>
            </div>
            {data.recovery_codes <= 3 && <Banner kind="warn">{t(data.recovery_codes === 0 ? "codesNone" : "codesFew")}</Banner>}
            <div className={styles.line}>
              <p>{t("codesLeft", { n: formatNumber(data.recovery_codes), count: data.recovery_codes })}</p>
              <Button onClick={() => setDoing("renew")}>{t("renew")}</Button>
            </div>
            {data.demanded && <p className={styles.note}>{t("demanded")}</p>}
          </div>
        )}
      </Panel>
      {doing === "password" && <ChangePasswordDialog open onOpenChange={(open) => !open && close()} />}
      {doing === "setUp" && <SetUpDialog onClose={close} onDone={() => void done()} />}
      {doing === "renew" && <RenewDialog onClose={close} onDone={() => void done()} />}
      {doing === "off" && <TurnOffDialog demanded={data?.demanded ?? false} onClose={close} />}
    </div>
  );
}

// Once the codes are shown only their button closes it, not a click beside it.
function SetUpDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const t = useTexts(texts);
  const [shown, setShown] = useState(false);
  return (
    <Dialog open {...(shown ? {} : { onOpenChange: (next: boolean) => !next && onClose() })} title={t(shown ? "codes" : "setUpFactor")}>
      <SetUp
        onCodes={() => setShown(true)}
        onDone={() => {
          toast(t("isOn"), { kind: "good" });
          onDone();
          onClose();
        }}
      />
    </Dialog>
  );
}

function RenewDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const t = useTexts(texts);
  const renew = useRenewRecoveryCodes();
  return (
    <Dialog open {...(renew.data ? {} : { onOpenChange: (next: boolean) => !next && onClose() })} title={t(renew.data ? "codes" : "renew")} {...(renew.data ? {} : { note: t("renewNote") })}>
      {renew.data ? (
        <RecoveryCodes
          codes={renew.data}
          onDone={() => {
            onDone();
            onClose();
          }}
        />
      ) : (
        <PasswordAndCodeForm error={renew.error} busy={renew.isPending} action={t("renew")} onSubmit={(given) => renew.mutate(given)} />
      )}
    </Dialog>
  );
}

function TurnOffDialog({ demanded, onClose }: { demanded: boolean; onClose: () => void }) {
  const t = useTexts(texts);
  const off = useTurnOffSecondFactor();
  return (
    <Dialog open onOpenChange={(next) => !next && onClose()} title={t("turnOffAsk")} note={t(demanded ? "turnOffDemanded" : "turnOffNote")}>
      <PasswordAndCodeForm
        danger
        error={off.error}
        busy={off.isPending}
        action={t("turnOff")}
        onSubmit={(given) =>
          off.mutate(given, {
            onSuccess: () => {
              toast(t("isOff"));
              onClose();
            },
          })
        }
      />
    </Dialog>
  );
}

function PasswordAndCodeForm({ error, busy, action, danger, onSubmit }: { error: ReturnType<typeof useTurnOffSecondFactor>["error"]; busy: boolean; action: string; danger?: boolean; onSubmit: (given: PasswordAndCode) => void }) {
  const t = useTexts(texts);
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [tried, setTried] = useState(false);
  const asked = usePasswordAsked();
  const wrongPassword = error?.code === "password_wrong" ? error.title : undefined;
  const wrongCode = error?.code === "second_factor_wrong" ? `${error.title} ${error.todo}` : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if ((password || !asked) && code.trim()) onSubmit({ ...(asked ? { password } : {}), code: plainCode(code) });
  };
  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      {asked && (
        <Field label={t("current")} error={tried && !password ? t("missing") : wrongPassword}>
          <PasswordInput value={password} onChange={setPassword} autoComplete="current-password" autoFocus />
        </Field>
      )}
      <Field label={t("anyCode")} hint={t("anyCodeHint")} error={tried && !code.trim() ? t("codeMissing") : wrongCode}>
        <CodeInput any autoFocus={!asked} value={code} onChange={setCode} />
      </Field>
      {error && !wrongPassword && !wrongCode && <Words error={error} />}
      <Button type="submit" kind={danger ? "danger" : "primary"} wide busy={busy}>
        {action}
      </Button>
    </form>
  );
}
