import { Phone } from "lucide-react";
import { useState } from "react";
import { plain, rich, useLanguage, useTexts } from "@/i18n";
import { Link } from "@/state/page";
import { Banner, Button, EmptyState, ErrorState, formatInstant, formatNumber, PageHead, Panel, SegmentedControl, Skeleton, Tag, toast, type Tone } from "@/ui";
import styles from "../customers.module.css";
import { useMay, useReveal, useStaffName } from "../data";
import { useWithin, WithDealer } from "../Dealer";
import type { Dealer } from "../logic/dealer";
import { GradeTag } from "../tags";
import { kHeard, useRecord, useVerifications, type Heard, type Verification } from "./data";
import { verifyTexts } from "./texts";
import own from "./verify.module.css";

const kTone: Record<Heard, Tone> = { confirmed: "good", no_answer: "warn", not_interested: "neutral", wrong_number: "bad" };

// Leads that were entered, to be verified by telephone (BR-57).
export default function VerifyPage() {
  const t = useTexts(verifyTexts);
  return <WithDealer title={t("title")}>{(dealer) => <Leads key={dealer.id} dealer={dealer} />}</WithDealer>;
}

function Leads({ dealer }: { dealer: Dealer }) {
  const t = useTexts(verifyTexts);
  const [state, setState] = useState<"due" | "called">("due");
  const { data, error, isLoading, refetch } = useVerifications(dealer.id, state);
  const due = useVerifications(dealer.id, "due").data?.count;
  const name = plain(dealer.name || dealer.code);
  return (
    <div className={styles.page}>
      <PageHead title={t("title")} result={due === undefined ? undefined : rich(due === 0 ? t("leadNone", { dealer: name }) : t("lead", { dealer: name, n: formatNumber(due), count: due }))} />
      <Panel flush>
        <div className={own.head}>
          <SegmentedControl
            label={t("title")}
            value={state}
            onChange={setState}
            options={[
              { value: "due", label: t("due") },
              { value: "called", label: t("called") },
            ]}
          />
        </div>
        {isLoading && (
          <div className={styles.pad}>
            <Skeleton lines={6} height={28} />
          </div>
        )}
        {error && <ErrorState error={error} onRetry={() => void refetch()} />}
        {data?.self.length === 0 && data.leads.length > 0 && (
          <div className={styles.pad}>
            <Banner>{t("nobody")}</Banner>
          </div>
        )}
        {data?.leads.length === 0 && <EmptyState small icon={Phone} why={t(state === "due" ? "empty" : "emptyCalled")} />}
        {data && data.leads.length > 0 && (
          <ul className={own.list}>
            {data.leads.map((one) => (
              <Row key={one.lead} dealer={dealer} one={one} mine={data.self.includes(one.owner ?? "")} />
            ))}
          </ul>
        )}
        {data && data.count > data.leads.length && <p className={styles.pad}>{t("shown", { n: formatNumber(data.leads.length) })}</p>}
      </Panel>
    </div>
  );
}

function Row({ dealer, one, mine }: { dealer: Dealer; one: Verification; mine: boolean }) {
  const t = useTexts(verifyTexts);
  const language = useLanguage();
  const may = useMay();
  const nameOf = useStaffName();
  const within = useWithin(dealer);
  const reveal = useReveal(dealer.id, one.customer);
  const record = useRecord(dealer.id);
  const [again, setAgain] = useState(one.heard === null || one.heard === "no_answer");
  const phone = reveal.data?.record.phone;
  const say = (heard: Heard) =>
    record.mutate(
      { lead: one.lead, version: one.version, heard },
      {
        onSuccess: () => {
          setAgain(heard === "no_answer");
          toast(t("saved", { heard: t(`h_${heard}`) }), { kind: "good" });
        },
      },
    );
  return (
    <li className={own.line}>
      <div className={own.who}>
        <Link to="/customers/$id" params={{ id: one.customer }} search={within}>
          <b>{one.customer_name ?? "—"}</b>
        </Link>
        {phone ? (
          <a href={`tel:${phone}`}>{phone}</a>
        ) : (
          <span className="quiet">{one.customer_phone ?? "—"}</span>
        )}
        <GradeTag grade={one.grade} byHand={false} />
        {one.model && <span>{one.model}</span>}
        {one.expected && <span className="quiet">{t("expected", { day: one.expected })}</span>}
        <span className="quiet">{nameOf(one.owner)}</span>
        {one.calls > 0 && one.heard === "no_answer" && <span className="quiet">{t("calls", { n: formatNumber(one.calls), count: one.calls })}</span>}
        {one.heard && one.heard !== "no_answer" && <Tag tone={kTone[one.heard]}>{t(`h_${one.heard}`)}</Tag>}
        {one.called_at && <span className="quiet">{t("by", { by: one.called_by ?? "—", at: formatInstant(one.called_at, language) })}</span>}
        {one.no_contact && <Tag tone="warn">{t("noContact")}</Tag>}
      </div>
      <div className={own.buttons}>
        {mine ? (
          <span className="quiet">{t("own")}</span>
        ) : again ? (
          <>
            {may("reveal") && !phone && (
              <Button small icon={Phone} busy={reveal.isPending} onClick={() => reveal.mutate("contact")}>
                {t("show")}
              </Button>
            )}
            {kHeard.map((heard) => (
              <Button key={heard} small busy={record.isPending} onClick={() => say(heard)}>
                {t(`h_${heard}`)}
              </Button>
            ))}
          </>
        ) : (
          <Button small kind="ghost" onClick={() => setAgain(true)}>
            {t("again")}
          </Button>
        )}
      </div>
      {(record.error ?? reveal.error) && <ErrorState small error={record.error ?? reveal.error} />}
    </li>
  );
}
