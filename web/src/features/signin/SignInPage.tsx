import { LogIn } from "lucide-react";
import { useEffect, useState } from "react";
import { providerAddress, useLookForSession, useSignInWays, type Session, type SignInWays } from "@/api";
import { pick, setLanguage, useLanguage, useTexts } from "@/i18n";
import { useDocumentTitle } from "@/state/page";
import { Banner, Brand, Button, SegmentedControl, Skeleton } from "@/ui";
import { SignInForm } from "./SignInForm";
import styles from "./SignIn.module.css";
import { texts } from "./texts";

// Shown in place of every page until somebody is signed in; the address stays, so that a shared link leads on.
export function SignInPage({ signedOut = false }: { signedOut?: boolean }) {
  const t = useTexts(texts);
  const ways = useSignInWays();
  const waiting = ways.data?.second_factor?.login;
  useDocumentTitle(t("title"));
  return (
    <SignInFrame>
      <h1 className={styles.title}>{t("title")}</h1>
      <p className={styles.lead}>{t("lead")}</p>
      {signedOut && <Banner>{t("signedOut")}</Banner>}
      {ways.isPending ? (
        <Skeleton lines={4} height={24} />
      ) : (
        <>
          {ways.data?.problem && <ProviderProblem problem={ways.data.problem} />}
          {ways.data?.provider && waiting === undefined && <ProviderButton provider={ways.data.provider} page={location.pathname + location.search + location.hash} />}
          <SignInForm waiting={waiting} />
        </>
      )}
      <p className={styles.note}>{t("first")}</p>
    </SignInFrame>
  );
}

function ProviderProblem({ problem }: { problem: NonNullable<SignInWays["problem"]> }) {
  const language = useLanguage();
  return (
    <Banner kind="bad">
      <b>{pick(problem.message, language)}</b> {pick(problem.todo, language)}
    </Banner>
  );
}

// Leaves for the provider, which sends back to `page`. `apart`: in a tab of its own, so that this one stays as it is.
function ProviderButton({ provider, page, apart, onClick }: { provider: NonNullable<SignInWays["provider"]>; page: string; apart?: boolean; onClick?: () => void }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const leave = () => {
    onClick?.();
    const address = providerAddress(page, language);
    if (apart) window.open(address, "_blank", "noopener");
    else location.assign(address);
  };
  return (
    <div className={apart ? styles.apart : styles.provider}>
      <Button wide icon={LogIn} onClick={leave}>
        {t("with", { label: pick(provider.label, language) })}
      </Button>
      {apart && <p className={styles.apartNote}>{t("apart")}</p>}
      <p className={styles.or}>{t("orPassword")}</p>
    </div>
  );
}

// The frame of what is shown before the application: brand, one card, language.
export function SignInFrame({ children }: { children: React.ReactNode }) {
  const language = useLanguage();
  return (
    <main className={styles.page}>
      <div className={styles.head}>
        <Brand />
        <SegmentedControl
          label={language === "zh" ? "语言 Language" : "Language 语言"}
          value={language}
          onChange={setLanguage}
          options={[
            { value: "zh", label: "中文" },
            { value: "en", label: "English" },
          ]}
        />
      </div>
      <section className={styles.card}>{children}</section>
    </main>
  );
}

// Over the page when the session has ended: nothing of the page is lost.
export function ExpiredSignIn({ login, onDone, onLeave }: { login: string; onDone: (session: Session) => void; onLeave: () => void }) {
  const t = useTexts(texts);
  const ways = useSignInWays();
  const [away, setAway] = useState(false);
  const { mutate: look } = useLookForSession();
  useEffect(() => {
    if (!away) return;
    const back = () => {
      if (document.visibilityState === "visible") look(undefined, { onSuccess: (session) => session && onDone(session) });
    };
    document.addEventListener("visibilitychange", back);
    window.addEventListener("focus", back);
    return () => {
      document.removeEventListener("visibilitychange", back);
      window.removeEventListener("focus", back);
    };
  }, [away, look, onDone]);
  return (
    <>
      {ways.data?.provider && <ProviderButton provider={ways.data.provider} page="/" apart onClick={() => setAway(true)} />}
      <SignInForm login={login} onDone={onDone} />
      <div className={styles.leave}>
        <Button kind="link" onClick={onLeave}>
          {t("leave")}
        </Button>
      </div>
    </>
  );
}
