import type { Session } from "@/api";
import { setLanguage, useLanguage, useTexts } from "@/i18n";
import { useDocumentTitle } from "@/state/page";
import { Banner, Brand, Button, SegmentedControl } from "@/ui";
import { SignInForm } from "./SignInForm";
import styles from "./SignIn.module.css";
import { texts } from "./texts";

// Shown in place of every page until somebody is signed in; the address stays, so that a shared link leads on.
export function SignInPage({ signedOut = false }: { signedOut?: boolean }) {
  const t = useTexts(texts);
  useDocumentTitle(t("title"));
  return (
    <SignInFrame>
      <h1 className={styles.title}>{t("title")}</h1>
      <p className={styles.lead}>{t("lead")}</p>
      {signedOut && <Banner>{t("signedOut")}</Banner>}
      <SignInForm />
      <p className={styles.note}>{t("first")}</p>
    </SignInFrame>
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
  return (
    <>
      <SignInForm login={login} onDone={onDone} />
      <div className={styles.leave}>
        <Button kind="link" onClick={onLeave}>
          {t("leave")}
        </Button>
      </div>
    </>
  );
}
