import { lazy, Suspense, useEffect, useRef, useState, type ReactNode } from "react";
import { onUnauthorised, resume, useSession, useSignOut } from "@/api";
import { ForcedChangePassword } from "@/features/account/ChangePassword";
import { ExpiredSignIn, SignInFrame, SignInPage } from "@/features/signin/SignInPage";
import { setLanguage, useLanguage, useTexts } from "@/i18n";
import { Dialog, ErrorState, Skeleton } from "@/ui";
import { Shell } from "./Shell";
import { appTexts } from "./texts";

const ForcedSecondFactor = lazy(() => import("@/features/account/ForcedSecondFactor"));

// Lets nobody in who is not signed in, and keeps the page when a session ends under it.
export function Gate({ children }: { children: ReactNode }) {
  const t = useTexts(appTexts);
  const session = useSession();
  const signOut = useSignOut();
  const [expired, setExpired] = useState(false);
  const been = useRef(false);
  const language = useLanguage();
  const adopted = useRef<string>(undefined);
  // Recovery codes that were just made are still on the screen.
  const [codesShown, setCodesShown] = useState(false);

  const account = session.data?.account;
  if (account) been.current = true;

  useEffect(
    () =>
      onUnauthorised(() => {
        setExpired(been.current);
        return been.current;
      }),
    [],
  );

  // The account's language counts from the moment of signing in; a change here is sent to it (TopBar).
  useEffect(() => {
    if (!account || adopted.current === account.id) return;
    adopted.current = account.id;
    if (account.language && account.language !== language) setLanguage(account.language);
  }, [account, language]);

  if (session.isPending) {
    return (
      <main style={{ padding: 20 }} aria-label={t("starting")}>
        <Skeleton height={240} label={t("starting")} />
      </main>
    );
  }
  if (session.isError && !session.data) {
    return (
      <SignInFrame>
        <ErrorState error={session.error} onRetry={() => void session.refetch()} />
      </SignInFrame>
    );
  }
  if (!session.data && !expired) return <SignInPage signedOut={been.current} />;
  if (session.data?.must_change_password) {
    return (
      <SignInFrame>
        <ForcedChangePassword />
      </SignInFrame>
    );
  }
  if (session.data?.second_factor_due || codesShown) {
    return (
      <SignInFrame>
        <Suspense fallback={<Skeleton height={240} label={t("starting")} />}>
          <ForcedSecondFactor onCodes={setCodesShown} />
        </Suspense>
      </SignInFrame>
    );
  }
  return (
    <>
      <Shell>{children}</Shell>
      <Dialog open={expired} title={t("expired")} note={t("expiredNote")}>
        <ExpiredSignIn
          login={account?.login ?? ""}
          onDone={(now) => {
            setExpired(false);
            resume(now.account.id === account?.id);
          }}
          onLeave={() => {
            been.current = false;
            setExpired(false);
            resume(false);
            signOut.mutate(undefined, { onError: () => location.assign("/") });
          }}
        />
      </Dialog>
    </>
  );
}
