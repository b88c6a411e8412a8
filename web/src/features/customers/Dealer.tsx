import { useState, type ReactNode } from "react";
import { useOrg } from "@/api";
import { useTexts } from "@/i18n";
import { useView } from "@/state/view";
import { EmptyState, ErrorState, formatNumber, matches, PageHead, Panel, Skeleton, TextInput } from "@/ui";
import { choicesOf, dealerOf, type Dealer } from "./logic/dealer";
import styles from "./customers.module.css";
import { texts } from "./texts";

const kShownMax = 60;

// What is shown of one dealer; until there is one, the choice of it.
export function WithDealer({ title, children }: { title: string; children: (dealer: Dealer) => ReactNode }) {
  const { scope } = useView();
  const { data: org, error, refetch } = useOrg();
  if (!org) return <Panel>{error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton lines={4} height={24} />}</Panel>;
  const dealer = dealerOf(org, scope);
  if (dealer) return children(dealer);
  return (
    <div className={styles.page}>
      <PageHead title={title} />
      <Chooser dealers={choicesOf(org, scope)} />
    </div>
  );
}

// What a link to a customer says of the scope: one that names the dealer, or lies in it, stays as it is.
export function useWithin(dealer: Dealer): { scope?: string } {
  const { scope } = useView();
  return scope.kind === "network" || scope.kind === "region" ? { scope: `dealer:${dealer.id}` } : {};
}

function Chooser({ dealers }: { dealers: Dealer[] }) {
  const t = useTexts(texts);
  const view = useView();
  const [typed, setTyped] = useState("");
  if (dealers.length === 0) {
    return (
      <Panel>
        <EmptyState why={t("noDealer")} />
      </Panel>
    );
  }
  const fitting = typed.trim() ? dealers.filter((dealer) => matches(`${dealer.name} ${dealer.code}`, typed) > 0) : dealers;
  const shown = fitting.slice(0, kShownMax);
  const choose = (dealer: Dealer | undefined) => dealer && view.set({ scope: { kind: "dealer", id: dealer.id } });
  return (
    <Panel>
      <p className={styles.chooserWhy}>{t("chooseDealer")}</p>
      {dealers.length > 8 && (
        <form
          className={styles.chooserFind}
          onSubmit={(event) => {
            event.preventDefault();
            choose(shown[0]);
          }}
        >
          <TextInput type="search" autoFocus value={typed} onChange={setTyped} placeholder={t("findDealer")} aria-label={t("findDealer")} />
        </form>
      )}
      <ul className={styles.dealers}>
        {shown.map((dealer) => (
          <li key={dealer.id}>
            <button type="button" className={styles.dealer} onClick={() => choose(dealer)}>
              <b>{dealer.name || dealer.code}</b>
              {dealer.name && dealer.name !== dealer.code && <span className="quiet">{dealer.code}</span>}
            </button>
          </li>
        ))}
      </ul>
      {shown.length === 0 && <EmptyState small why={t("noDealerMatch")} />}
      {fitting.length > shown.length && <p className="quiet">{t("moreDealers", { n: formatNumber(fitting.length - shown.length) })}</p>}
    </Panel>
  );
}
