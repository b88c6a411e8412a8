import { useParams } from "@tanstack/react-router";
import { ArrowLeftRight, ChevronLeft, Ellipsis, Eye, EyeOff, Merge, Pencil, Plus } from "lucide-react";
import { Fragment, useState } from "react";
import { useCatalog } from "@/api";
import { rich, useLanguage, useTexts } from "@/i18n";
import { Link, useGo } from "@/state/page";
import { Banner, BulletBar, Button, classes, EmptyState, ErrorState, formatDay, formatInstant, formatNumber, formatShort, IconButton, Menu, PageHead, Panel, Skeleton, Tag, toast, Dialog } from "@/ui";
import { AttachmentsPanel, AttachToLead } from "./attachments/AttachmentsPanel";
import { useUploads, type Uploads } from "./attachments/data";
import { texts as attachmentTexts } from "./attachments/texts";
import { kReasons, useCustomer, useMay, useMerge, useNamed, useReveal, useStaffName, type Customer, type Lead } from "./data";
import { WithDealer } from "./Dealer";
import { EditDialog } from "./EditDialog";
import { HandOverDialog } from "./HandOverDialog";
import { LeadDialog } from "./LeadDialog";
import type { Dealer } from "./logic/dealer";
import { budgetShown, leadToShow, timelineOf, wantedOf, type Happening } from "./logic/lead";
import { fieldsOf, initialOf, kGroups, shareOf, wholeOf, type Group, type RecordField } from "./logic/record";
import { MergeDialog } from "./MergeDialog";
import { ConsentCard, ContactTag } from "./privacy/ConsentCard";
import { AnonymisedBanner } from "./privacy/Anonymised";
import { texts as privacyTexts } from "./privacy/texts";
import styles from "./customers.module.css";
import { GradeTag, LeadState, useStageName } from "./tags";
import { fieldTexts, texts } from "./texts";

export default function CustomerPage() {
  const t = useTexts(texts);
  const { id } = useParams({ strict: false }) as { id: string };
  return <WithDealer title={t("customers")}>{(dealer) => <CustomerOf key={id} dealer={dealer} id={id} />}</WithDealer>;
}

function CustomerOf({ dealer, id }: { dealer: Dealer; id: string }) {
  const t = useTexts(texts);
  const { data, error, refetch } = useCustomer(dealer.id, id);
  const back = (
    <Link to="/customers" className={styles.back}>
      <ChevronLeft size={14} aria-hidden />
      {t("back")}
    </Link>
  );
  if (data) {
    return (
      <div className={styles.page}>
        {back}
        <Shown dealer={dealer} customer={data} />
      </div>
    );
  }
  return (
    <div className={styles.page}>
      {back}
      <PageHead title={t("customers")} />
      <Panel>
        {error?.status === 404 ? <EmptyState why={t("noCustomer")} /> : error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton lines={8} height={24} />}
      </Panel>
    </div>
  );
}

type Doing = { edit: Group } | { lead: Lead | null } | "merge" | "hand-over" | { unmerge: string } | null;

function Shown({ dealer, customer: masked }: { dealer: Dealer; customer: Customer }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const may = useMay();
  const go = useGo();
  const nameOf = useStaffName();
  const [doing, setDoing] = useState<Doing>(null);
  const close = () => setDoing(null);
  const reveal = useReveal(dealer.id, masked.id);
  // Whole only as long as it is the same version that was asked for.
  const whole = reveal.data?.version === masked.version ? reveal.data : undefined;
  const customer = whole ?? masked;
  const a = useTexts(attachmentTexts);
  const uploads = useUploads(dealer.id, masked.id, (added) => toast(a("added", { name: added.name }), { kind: "good" }));
  const { record } = customer;
  const name = record.name ?? "—";
  const lead = leadToShow(customer.leads);
  const gone = customer.anonymised_at != null;
  const change = may("change") && !gone;
  const handOver = may("hand_over") && customer.owner && !gone;
  const line = [
    record.phone,
    record.phone2,
    lead?.model,
    customer.owner ? t("ownerIs", { name: nameOf(customer.owner) }) : "",
    customer.created_at ? t("since", { day: formatDay(customer.created_at, language, { year: true }) }) : "",
  ].filter(Boolean);
  const more = [
    ...(change ? [{ id: "merge", label: t("merge"), icon: <Merge size={14} aria-hidden />, run: () => setDoing("merge") }] : []),
  ];
  return (
    <>
      <div className={styles.head}>
        <span className={styles.avatar} aria-hidden>
          {initialOf(name)}
        </span>
        <div className={styles.headWords}>
          <PageHead
            title={name}
            tag={
              <span className={styles.tags}>
                {/* On the phone the title stands in the bar, which names the page. */}
                <b className={styles.phoneName} aria-hidden>
                  {name}
                </b>
                {lead && <GradeTag grade={lead.grade} byHand={lead.grade_by_hand} />}
                {lead && <LeadState lead={lead} />}
                <Tag tone={customer.status === "actual" ? "good" : "neutral"}>{t(`status_${customer.status}`)}</Tag>
                {customer.lifecycle !== "potential" && <Tag>{t(`life_${customer.lifecycle}`)}</Tag>}
                {customer.kind === "company" && <Tag>{t("company")}</Tag>}
                <ContactTag noContact={customer.no_contact} />
                {customer.refresh_due && <Tag tone="warn">{t("refreshDue")}</Tag>}
              </span>
            }
            result={
              <span className={styles.facts}>
                {line.map((fact, index) => (
                  <Fragment key={fact}>
                    {index > 0 && " · "}
                    <span className={styles.fact}>{fact}</span>
                  </Fragment>
                ))}
              </span>
            }
            actions={
              (change || handOver || (may("reveal") && !gone)) && (
                <>
                  {may("reveal") && !gone && !whole && (
                    <Menu
                      trigger={
                        <Button icon={Eye} busy={reveal.isPending}>
                          {t("showWhole")}
                        </Button>
                      }
                      items={kReasons.map((reason) => ({ id: reason, label: t(`why_${reason}`), run: () => reveal.mutate(reason) }))}
                    />
                  )}
                  {whole && (
                    <Button icon={EyeOff} onClick={() => reveal.reset()}>
                      {t("hideAgain")}
                    </Button>
                  )}
                  {more.length > 0 && <Menu trigger={<IconButton bordered icon={Ellipsis} label={t("moreActions")} tip={false} />} items={more} />}
                  {handOver && (
                    <Button icon={ArrowLeftRight} onClick={() => setDoing("hand-over")}>
                      {t("handOver")}
                    </Button>
                  )}
                  {change && (
                    <Button kind="primary" icon={Pencil} onClick={() => setDoing({ edit: "basic" })}>
                      {t("edit")}
                    </Button>
                  )}
                </>
              )
            }
          />
        </div>
      </div>
      {reveal.error && <ErrorState small error={reveal.error} />}
      <AnonymisedBanner customer={customer} />
      <div className={styles.columns}>
        <Profile customer={customer} onFill={change ? (group) => setDoing({ edit: group }) : undefined} onWanted={change ? () => setDoing({ lead: lead ?? null }) : undefined} />
        <div className={styles.stack}>
          <Leads customer={customer} onNew={change ? () => setDoing({ lead: null }) : undefined} onChange={change ? (which) => setDoing({ lead: which }) : undefined} uploads={change ? uploads : undefined} />
          <Timeline customer={customer} />
        </div>
        <div className={styles.stack}>
          <AttachmentsPanel dealer={dealer} customer={customer} uploads={uploads} mayChange={change} known={whole ? reveal.variables : undefined} />
          <ConsentCard dealer={dealer} customer={customer} mayChange={change} />
          <Referral dealer={dealer} customer={customer} />
          {(customer.merged?.length ?? 0) > 0 && (
            <Panel title={t("merged")}>
              <ul className={styles.plainList}>
                {customer.merged!.map((id) => (
                  <li key={id} className={styles.mergedLine}>
                    <span className={styles.mergedId}>{t("mergedNo", { id })}</span>
                    {change && (
                      <Button small kind="ghost" onClick={() => setDoing({ unmerge: id })}>
                        {t("unmerge")}
                      </Button>
                    )}
                  </li>
                ))}
              </ul>
            </Panel>
          )}
        </div>
      </div>
      {doing !== null && typeof doing === "object" && "edit" in doing && <EditDialog dealer={dealer} customer={customer} group={doing.edit} onClose={close} />}
      {doing !== null && typeof doing === "object" && "lead" in doing && <LeadDialog dealer={dealer} customer={customer} lead={doing.lead} onClose={close} />}
      {doing !== null && typeof doing === "object" && "unmerge" in doing && <UnmergeDialog dealer={dealer} customer={customer} other={doing.unmerge} onClose={close} />}
      {doing === "merge" && <MergeDialog dealer={dealer} customer={customer} onClose={close} />}
      {doing === "hand-over" && customer.owner && (
        <HandOverDialog
          dealer={dealer}
          of={[{ from: customer.owner, customers: [customer.id] }]}
          title={t("handOverTitle", { name })}
          onClose={() => {
            close();
            // Whose own customers alone are seen has none of them here any more.
            if (!may("change")) go({ to: "/customers" });
          }}
        />
      )}
    </>
  );
}

// ---- The four groups ----

function Profile({ customer, onFill, onWanted }: { customer: Customer; onFill: ((group: Group) => void) | undefined; onWanted: (() => void) | undefined }) {
  const t = useTexts(texts);
  const whole = wholeOf(customer.completeness);
  return (
    <Panel title={t("profile")} note={rich(t("complete", { share: `${formatNumber(shareOf(whole), { shift: 2 })}%` }))}>
      {kGroups.map((group) => {
        const part = customer.completeness[group] ?? { filled: 0, of: 0 };
        return (
          <section key={group} className={styles.group} aria-label={t(group)}>
            <div className={styles.groupHead}>
              <h3>{t(group)}</h3>
              <span className={styles.groupBar}>
                <BulletBar value={part.filled} max={part.of || 1} label={`${t(group)} ${t("ofFields", { filled: part.filled, of: part.of })}`} height={4} />
              </span>
              <span className={styles.groupCount}>{t("ofFields", { filled: formatNumber(part.filled), of: formatNumber(part.of) })}</span>
            </div>
            <dl className={styles.facts2}>
              {group === "purchase" && <Wanted leads={customer.leads} onFill={onWanted} />}
              {fieldsOf(customer.kind, group).map((field) => (
                <Fact key={field.id} field={field} value={customer.record[field.id]} onFill={onFill && (() => onFill(group))} />
              ))}
            </dl>
          </section>
        );
      })}
    </Panel>
  );
}

function Fact({ field, value, onFill }: { field: RecordField; value: string | undefined; onFill: (() => void) | undefined }) {
  const t = useTexts(texts);
  const f = useTexts(fieldTexts);
  const language = useLanguage();
  let shown = value;
  if (field.id === "sex" && (value === "female" || value === "male")) shown = t(value);
  if (field.id === "birthday" && value && !value.includes("*")) shown = formatDay(value, language, { year: true });
  return <Line label={f(field.id)} value={shown} onFill={onFill} />;
}

function Line({ label, value, onFill }: { label: string; value: string | null | undefined; onFill: (() => void) | undefined }) {
  const t = useTexts(texts);
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {value || (
          <>
            <span className="quiet">{t("notFilled")}</span>
            {onFill && (
              <button type="button" className={styles.fill} onClick={onFill} aria-label={`${t("fillIn")}: ${label}`}>
                {t("fillIn")}
              </button>
            )}
          </>
        )}
      </dd>
    </div>
  );
}

// Of the purchase, what stands in the leads.
function Wanted({ leads, onFill }: { leads: Lead[]; onFill: (() => void) | undefined }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const { model, budget, expected } = wantedOf(leads);
  const facts: [string, string | null | undefined][] = [
    [t("model"), model?.model],
    [t("budget"), budgetShown(budget?.budget_least, budget?.budget_most, language)],
    [t("expected"), expected?.expected && formatDay(expected.expected, language, { year: true })],
  ];
  return facts.map(([label, value]) => <Line key={label} label={label} value={value} onFill={onFill} />);
}

// ---- Leads ----

function Leads({ customer, onNew, onChange, uploads }: { customer: Customer; onNew: (() => void) | undefined; onChange: ((lead: Lead) => void) | undefined; uploads: Uploads | undefined }) {
  const t = useTexts(texts);
  return (
    <Panel
      title={t("leads")}
      note={customer.leads.length > 0 ? t("leadsN", { n: formatNumber(customer.leads.length) }) : undefined}
      action={
        onNew && (
          <Button small icon={Plus} onClick={onNew}>
            {t("newLead")}
          </Button>
        )
      }
    >
      {customer.leads.length === 0 && <p className="quiet">{t("noLeads")}</p>}
      {customer.leads.map((lead) => (
        <LeadCard key={lead.lead} lead={lead} onChange={onChange && (() => onChange(lead))} uploads={uploads} />
      ))}
    </Panel>
  );
}

function LeadCard({ lead, onChange, uploads }: { lead: Lead; onChange: (() => void) | undefined; uploads: Uploads | undefined }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const catalog = useCatalog();
  const nameOf = useStaffName();
  const facts: [string, string | null | undefined][] = [
    [t("source"), [lead.source && catalog.dimLabel("source", lead.source), lead.access_form && catalog.dimLabel("access_form", lead.access_form)].filter(Boolean).join(" · ")],
    [t("expected"), lead.expected && formatDay(lead.expected, language, { year: true })],
    [t("budget"), budgetShown(lead.budget_least, lead.budget_most, language)],
    [t("amount"), lead.amount ? formatNumber(lead.amount, { places: 2, trim: true }) : ""],
    [t("owner"), lead.owner && nameOf(lead.owner)],
    [t("gradeWhy"), lead.grade_why],
    [t("lost"), lead.lost_reason && catalog.dimLabel("reason", lead.lost_reason)],
    [t("need"), lead.need],
    [t("remark"), lead.remark],
  ];
  return (
    <article className={styles.leadCard}>
      <div className={styles.leadHead}>
        <GradeTag grade={lead.grade} byHand={lead.grade_by_hand} />
        <b>{lead.model || t("lead")}</b>
        <LeadState lead={lead} />
        {lead.attempt > 1 && <span className="quiet">{t("attempt", { n: lead.attempt })}</span>}
        {(onChange || uploads) && (
          <span className={styles.pushRight}>
            {uploads && <AttachToLead lead={lead.lead} uploads={uploads} />}
            {onChange && <IconButton small icon={Pencil} label={t("changeLead")} onClick={onChange} />}
          </span>
        )}
      </div>
      <dl className={styles.leadFacts}>
        {facts.map(
          ([label, value]) =>
            value && (
              <div key={label}>
                <dt>{label}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
    </article>
  );
}

// ---- Timeline ----

function Timeline({ customer }: { customer: Customer }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const catalog = useCatalog();
  const stage = useStageName();
  const words = (happened: Happening): string => {
    if (!("lead" in happened)) return "";
    const { lead, what } = happened;
    if (what === "lost") return lead.lost_reason ? t("lostBecause", { reason: catalog.dimLabel("reason", lead.lost_reason) }) : "";
    if (what === "deal") return lead.amount ? formatShort(lead.amount, "money", language) : "";
    if (what === "lead") return [lead.model, lead.source && catalog.dimLabel("source", lead.source)].filter(Boolean).join(" · ");
    return [t(lead.status), stage(lead.stage)].join(" · ");
  };
  return (
    <Panel title={t("timeline")}>
      <ol className={styles.timeline}>
        {timelineOf(customer).map((happened, index) => {
          const more = words(happened);
          return (
            <li key={`${happened.what}-${happened.at}-${String(index)}`} className={classes(styles.happening, styles[`happened_${happened.what}`])}>
              <span className={styles.happenedWhat}>
                <b>{t(`h_${happened.what}`)}</b>
                {happened.by && <span className="quiet"> {t("by", { name: happened.by })}</span>}
                {more && <span className={styles.happenedMore}>{more}</span>}
              </span>
              <time dateTime={happened.at} className={styles.happenedAt}>
                {happened.at.length === 10 ? formatDay(happened.at, language, { year: true }) : formatInstant(happened.at, language, { year: true })}
              </time>
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}

// ---- Who named whom ----

function Referral({ dealer, customer }: { dealer: Dealer; customer: Customer }) {
  const t = useTexts(texts);
  const p = useTexts(privacyTexts);
  const { data: named } = useNamed(dealer.id, customer.id);
  const by = [...new Set(customer.leads.flatMap(({ referrer }) => (referrer ? [referrer] : [])))];
  const has = new Map((named?.leads ?? []).map((lead) => [lead.customer, lead]));
  return (
    <Panel title={t("referral")}>
      <dl className={styles.referral}>
        <dt>{t("namedBy")}</dt>
        <dd>{by.length === 0 ? <span className="quiet">{t("notReferred")}</span> : by.map((id) => <Named key={id} dealer={dealer} id={id} />)}</dd>
        <dt>{t("hasNamed")}</dt>
        <dd>
          {has.size === 0 && <span className="quiet">{t("namedNobody")}</span>}
          {[...has].map(([id, lead]) => (
            <Link key={id} to="/customers/$id" params={{ id }} className={styles.namedLink}>
              {lead.anonymised ? p("anonymised") : (lead.customer_name ?? id)}
              <GradeTag grade={lead.grade} />
              <LeadState lead={lead} />
            </Link>
          ))}
          {named?.more && <p className={styles.note}>{t("namedSome")}</p>}
        </dd>
      </dl>
    </Panel>
  );
}

function Named({ dealer, id }: { dealer: Dealer; id: string }) {
  const t = useTexts(texts);
  const { data, error } = useCustomer(dealer.id, id);
  if (error?.status === 404) return <span className="quiet">{t("outOfSight")}</span>;
  return (
    <Link to="/customers/$id" params={{ id }} className={styles.namedLink}>
      {data?.record.name ?? "…"}
      {data?.record.phone && <span className="quiet">{data.record.phone}</span>}
    </Link>
  );
}

function UnmergeDialog({ dealer, customer, other, onClose }: { dealer: Dealer; customer: Customer; other: string; onClose: () => void }) {
  const t = useTexts(texts);
  const back = useMerge(dealer.id, customer.id, true);
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={t("unmergeAsk", { id: other })}
      note={t("unmergeNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button
            kind="primary"
            busy={back.isPending}
            onClick={() =>
              back.mutate(
                { version: customer.version, customer: other },
                {
                  onSuccess: () => {
                    toast(t("unmerged"), { kind: "good" });
                    onClose();
                  },
                },
              )
            }
          >
            {t("unmerge")}
          </Button>
        </>
      }
    >
      {back.error && (back.error.code === "edit_conflict" ? <Banner kind="warn">{back.error.title}</Banner> : <ErrorState small error={back.error} />)}
    </Dialog>
  );
}
