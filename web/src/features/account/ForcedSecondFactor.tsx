import { useSignOut } from "@/api";
import { useTexts } from "@/i18n";
import { useDocumentTitle } from "@/state/page";
import { Button } from "@/ui";
import { useSecondFactorDone } from "./data";
import { ProviderProblem, SetUp } from "./SecondFactor";
import styles from "./SecondFactor.module.css";
import { texts } from "./texts";

// Before anything else, where the network demands a second factor of this account. `onCodes`: whether recovery codes
// are on the screen, which must not go before they are noted.
export default function ForcedSecondFactor({ onCodes }: { onCodes: (shown: boolean) => void }) {
  const t = useTexts(texts);
  const signOut = useSignOut();
  const done = useSecondFactorDone();
  useDocumentTitle(t("setUpFactor"));
  return (
    <>
      <h1 className={styles.title}>{t("setUpFactor")}</h1>
      <p className={styles.under}>{t("forcedFactor")}</p>
      <ProviderProblem />
      <SetUp
        onCodes={() => onCodes(true)}
        onDone={() =>
          void done().then(() => {
            onCodes(false);
          })
        }
      />
      <div className={styles.leave}>
        <Button kind="link" onClick={() => signOut.mutate(undefined, { onSuccess: () => onCodes(false) })}>
          {t("signOut")}
        </Button>
      </div>
    </>
  );
}
