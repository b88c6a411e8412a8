import { useState } from "react";
import { useLanguage, useTexts } from "@/i18n";
import { Button, ErrorState, formatDay, formatNumber, Panel, Skeleton, Tag, type Tone } from "@/ui";
import { useMay, type Customer } from "../data";
import type { Dealer } from "../logic/dealer";
import { nameOf, usePrivacy, useShares, useTerms, type Consent, type Privacy, type Purpose, type Terms } from "./data";
import { ContactDialog, dayHere, GiveDialog, HoldDialog, ReceiveDialog, ShareDialog, LiftDialog, WithdrawDialog } from "./dialogs";
import styles from "./privacy.module.css";
import { texts } from "./texts";

const kTone: Record<Privacy["purposes"][number]["state"], Tone> = { never: "neutral", given: "good", withdrawn: "bad", expired: "warn" };

// What the customer has agreed to, and whether he may be contacted.
export function ConsentCard({ dealer, customer, mayChange }: { dealer: Dealer; customer: Customer; mayChange: boolean }) {
  const t = useTexts(texts);
  const { data: privacy, error, refetch } = usePrivacy(dealer.id, customer.id);
  const { data: terms } = useTerms();
  const holds = privacy?.purposes.filter(({ state }) => state === "given").length ?? 0;
  return (
    <Panel title={t("consent")} note={privacy ? t("consentN", { n: formatNumber(holds) }) : undefined}>
      {error && <ErrorState small error={error} onRetry={() => void refetch()} />}
      {privacy && terms ? <Card dealer={dealer} customer={customer} privacy={privacy} terms={terms} mayChange={mayChange && !customer.anonymised_at} /> : !error && <Skeleton lines={6} height={22} />}
    </Panel>
  );
}

function Card({ dealer, customer, privacy, terms, mayChange }: { dealer: Dealer; customer: Customer; privacy: Privacy; terms: Terms; mayChange: boolean }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const [doing, setDoing] = useState<"contact" | "hold" | "lift" | "request" | "share" | { give: Purpose } | { withdraw: Purpose } | null>(null);
  const [open, setOpen] = useState(false);
  const mayHold = useMay()("privacy") && !customer.anonymised_at;
  const { data: shares } = useShares(dealer.id, customer.id);
  const close = () => setDoing(null);
  return (
    <>
      <div className={styles.contact}>
        <span>{t("contactSet")}</span>
        <ContactTag noContact={customer.no_contact} free />
        {mayChange && (
          <Button small kind="ghost" className={styles.push} onClick={() => setDoing("contact")}>
            {t("contactChange")}
          </Button>
        )}
        {blocksByReason(privacy).map(({ channels, ...block }) => (
          <span key={channels.join(" ")} className={styles.what}>
            {t("blockedBy", {
              channels: channels.map((channel) => (channel === "all" ? t("allChannels") : nameOf(terms.channels, channel, language))).join(language === "zh" ? "、" : ", "),
              reason: nameOf(terms.block_reasons, block.reason, language),
              day: dayOf(block.set_at, language),
              name: block.set_by,
            })}
          </span>
        ))}
      </div>
      {privacy.purposes.map(({ purpose: id, state, last }) => {
        const purpose = terms.purposes.find((one) => one.id === id);
        if (!purpose) return null;
        return (
          <div key={id} className={styles.purpose}>
            <span className={styles.name}>
              {purpose.name[language]}
              <Tag tone={kTone[state]}>{t(state)}</Tag>
              {purpose.kind !== "ordinary" && state === "never" && <Tag>{t(purpose.kind)}</Tag>}
            </span>
            {mayChange && (
              <span className={styles.acts}>
                {state === "given" ? (
                  <Button small kind="ghost" aria-label={`${t("withdraw")}: ${purpose.name[language]}`} onClick={() => setDoing({ withdraw: purpose })}>
                    {t("withdraw")}
                  </Button>
                ) : (
                  <Button small kind="ghost" aria-label={`${t("give")}: ${purpose.name[language]}`} onClick={() => setDoing({ give: purpose })}>
                    {t(state === "never" ? "give" : "renew")}
                  </Button>
                )}
              </span>
            )}
            {last && <span className={styles.what}>{wordsOf(last, terms, t, language)}</span>}
          </div>
        );
      })}
      {privacy.consents.length > 0 && (
        <>
          <Button small kind="ghost" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? t("hideHistory") : t("history", { n: formatNumber(privacy.consents.length) })}
          </Button>
          {open && (
            <ul className={styles.history}>
              {privacy.consents.map((consent) => (
                <li key={consent.id}>
                  {nameOf(terms.purposes, consent.purpose, language)}: {wordsOf(consent, terms, t, language)} · {t("by", { name: consent.recorded_by })}
                </li>
              ))}
            </ul>
          )}
        </>
      )}
      {!customer.anonymised_at && (
        <div className={styles.keeping}>
          <div className={styles.purpose}>
            <span>{t("givenTo")}</span>
            {mayChange && (
              <Button small kind="ghost" onClick={() => setDoing("share")}>
                {t("share")}
              </Button>
            )}
            {(shares ?? []).map((share) => (
              <span key={`${share.recipient}${share.at}`} className={styles.what}>
                {t("shareLine", { name: share.name, day: dayOf(share.at, language), by: share.by })}
              </span>
            ))}
            {shares?.length === 0 && <span className={styles.what}>{t("nobody")}</span>}
          </div>
          <div className={styles.purpose}>
            <span className={styles.name}>
              {t("holdRow")}
              {privacy.hold ? <Tag tone="warn">{t("keptByLaw")}</Tag> : <Tag>{t("holdNone")}</Tag>}
            </span>
            {mayHold && (
              <Button small kind="ghost" onClick={() => setDoing(privacy.hold ? "lift" : "hold")}>
                {t(privacy.hold ? "holdLift" : "holdSet")}
              </Button>
            )}
            {privacy.hold && <span className={styles.what}>{t("holdSince", { reason: nameOf(terms.hold_reasons, privacy.hold.reason, language), day: dayOf(privacy.hold.set_at, language), name: privacy.hold.set_by })}</span>}
          </div>
          <div className={styles.purpose}>
            <span>{t("dueRow")}</span>
            <span className={styles.what}>{privacy.due ? t("dueRowDay", { day: formatDay(privacy.due.day, language, { year: true }), rule: nameOf(terms.retentions, privacy.due.rule, language) }) : t("dueRowOpen")}</span>
          </div>
        </div>
      )}
      {mayChange && (
        <div className={styles.ask}>
          <Button small wide onClick={() => setDoing("request")}>
            {t("newRequest")}
          </Button>
        </div>
      )}
      {doing === "request" && <ReceiveDialog dealer={dealer} customer={customer} terms={terms} onClose={close} />}
      {doing === "share" && <ShareDialog dealer={dealer} customer={customer} onClose={close} />}
      {doing === "hold" && <HoldDialog dealer={dealer} customer={customer} privacy={privacy} terms={terms} onClose={close} />}
      {doing === "lift" && <LiftDialog dealer={dealer} customer={customer} privacy={privacy} onClose={close} />}
      {doing === "contact" && <ContactDialog dealer={dealer} customer={customer} privacy={privacy} terms={terms} onClose={close} />}
      {doing !== null && typeof doing === "object" && "give" in doing && <GiveDialog dealer={dealer} customer={customer.id} privacy={privacy} terms={terms} purpose={doing.give} onClose={close} />}
      {doing !== null && typeof doing === "object" && "withdraw" in doing && (
        <WithdrawDialog dealer={dealer} customer={customer.id} privacy={privacy} terms={terms} purpose={doing.withdraw} onClose={close} />
      )}
    </>
  );
}

const dayOf = (instant: string, language: "zh" | "en") => formatDay(dayHere(new Date(instant)), language, { year: true });

// "25 Nov 2026, in person · text 1 · until 25 Nov 2028"
function wordsOf(consent: Consent, terms: Terms, t: ReturnType<typeof useTexts<keyof typeof texts.entries>>, language: "zh" | "en"): string {
  const parts = [t("givenOn", { day: dayOf(consent.given_at, language), way: nameOf(terms.ways, consent.way, language) }), t("textNo", { n: consent.text_version })];
  if (consent.has_evidence) parts.push(t("withEvidence"));
  if (consent.withdrawn_at) parts.push(t("withdrawnOn", { day: dayOf(consent.withdrawn_at, language), way: nameOf(terms.ways, consent.withdrawn_way, language) }));
  else if (consent.until) parts.push(t("untilDay", { day: formatDay(consent.until, language, { year: true }) }));
  return parts.join(" · ");
}

// Channels that were closed together, for one reason, are one line.
function blocksByReason({ no_contact }: Privacy) {
  const lines: { channels: string[]; reason: string; set_at: string; set_by: string }[] = [];
  for (const block of no_contact) {
    const line = lines.find((one) => one.reason === block.reason && one.set_at === block.set_at);
    if (line) line.channels.push(block.channel);
    else lines.push({ channels: [block.channel], reason: block.reason, set_at: block.set_at, set_by: block.set_by });
  }
  return lines;
}

export function ContactTag({ noContact, free }: { noContact: Customer["no_contact"] | undefined; free?: boolean }) {
  const t = useTexts(texts);
  if (noContact === "all") return <Tag tone="bad">{t("noContact")}</Tag>;
  if (noContact === "some") return <Tag tone="warn">{t("someContact")}</Tag>;
  return free ? <Tag tone="good">{t("contactFree")}</Tag> : null;
}
