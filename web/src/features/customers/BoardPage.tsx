import { UserRound } from "lucide-react";
import { useCatalog } from "@/api";
import { plain, rich, useLanguage, useTexts } from "@/i18n";
import { Link, usePageSearch } from "@/state/page";
import { useView } from "@/state/view";
import { Button, classes, EmptyState, ErrorState, Field, formatDay, formatNumber, formatShort, PageHead, Panel, SegmentedControl, Select, Skeleton } from "@/ui";
import { SavedViews, useDefaultView, ViewChips } from "@/ui/views/SavedViews";
import { useBoard, useColumn, useStaffName, type Column, type Lead } from "./data";
import { useWithin, WithDealer } from "./Dealer";
import { ModelPicker } from "./LeadFields";
import type { Dealer } from "./logic/dealer";
import { boardQuery, readBoard, type BoardSearch } from "./logic/search";
import { ContactTag } from "./privacy/ConsentCard";
import { texts as privacyTexts } from "./privacy/texts";
import styles from "./customers.module.css";
import { GradeTag, useStageName } from "./tags";
import { texts } from "./texts";

const kKeys = ["status", "owner", "source", "model", "sort"];
const kAll = "all"; // a Select has no empty value

export default function BoardPage() {
  const t = useTexts(texts);
  return <WithDealer title={t("board")}>{(dealer) => <Board key={dealer.id} dealer={dealer} />}</WithDealer>;
}

function Board({ dealer }: { dealer: Dealer }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const [search, patch] = usePageSearch(readBoard);
  useDefaultView("leads", kKeys);
  const { scope } = useView();
  // A person in the scope picker is whose leads these are.
  const query = boardQuery(dealer.id, { ...search, owner: search.owner || (scope.kind === "staff" ? scope.id : "") });
  const { data, error, isLoading, isPlaceholderData, refetch } = useBoard(query);
  const count = data?.reduce((sum, column) => sum + column.count, 0) ?? 0;
  const amount = data?.reduce((sum, column) => sum + column.amount, 0) ?? 0;
  const filtered = Boolean(search.owner || search.source || search.model);
  return (
    <div className={styles.page}>
      <PageHead
        title={t("board")}
        result={data && rich(t(search.status === "open" ? "boardLead" : "boardLeadSuspended", { dealer: plain(dealer.name || dealer.code), n: formatNumber(count), count, amount: formatShort(amount, "money", language) }))}
        actions={
          <>
            <SavedViews page="leads" keys={kKeys} suggestion={t("board")} timeless />
            <Link to="/customers" className={styles.linkButton}>
              <UserRound size={14} strokeWidth={1.8} aria-hidden />
              {t("customers")}
            </Link>
          </>
        }
      />
      <ViewChips page="leads" keys={kKeys} />
      <Panel flush>
        <Filters dealer={dealer} search={search} onChange={(key, value) => patch({ [key]: value || undefined }, { replace: true })} onClear={filtered ? () => patch({ owner: undefined, source: undefined, model: undefined }) : undefined} />
      </Panel>
      {isLoading && (
        <Panel>
          <Skeleton lines={6} height={24} />
        </Panel>
      )}
      {error && (
        <Panel>
          <ErrorState error={error} onRetry={() => void refetch()} />
        </Panel>
      )}
      {data && count === 0 && (
        <Panel>
          <EmptyState why={t("noLeadsHere")} action={<Link to="/customers">{t("customers")}</Link>} />
        </Panel>
      )}
      {data && count > 0 && (
        <div className={classes(styles.board, isPlaceholderData && styles.dimmed)} role="list" aria-label={t("board")}>
          {data.map((column) => (
            <Stage key={column.stage} dealer={dealer} query={query} column={column} sort={search.sort} />
          ))}
        </div>
      )}
    </div>
  );
}

function Filters({ dealer, search, onChange, onClear }: { dealer: Dealer; search: BoardSearch; onChange: (key: keyof BoardSearch, value: string) => void; onClear: (() => void) | undefined }) {
  const t = useTexts(texts);
  const catalog = useCatalog();
  const owners = dealer.staff.map((person) => ({ value: person.id, label: person.name || person.code }));
  const sources = (catalog.raw?.lists.find(({ dimension }) => dimension === "source")?.codes ?? []).map(({ code, name }) => ({ value: code, label: catalog.text(name) || code }));
  const pick = (key: "owner" | "source", options: { value: string; label: string }[]) => (
    <Field label={t(key)}>
      <Select value={search[key] || kAll} onChange={(value) => onChange(key, value === kAll ? "" : value)} options={[{ value: kAll, label: t("all") }, ...options]} />
    </Field>
  );
  return (
    <div className={classes(styles.filters, styles.filtersAlone)}>
      <Field label={t("status")}>
        <SegmentedControl
          label={t("status")}
          className={styles.kind}
          value={search.status}
          onChange={(value) => onChange("status", value === "open" ? "" : value)}
          options={[
            { value: "open", label: t("open") },
            { value: "suspended", label: t("suspended") },
          ]}
        />
      </Field>
      {owners.length > 1 && pick("owner", owners)}
      {pick("source", sources)}
      <Field label={t("model")}>
        <ModelPicker value={search.model} onChange={(value) => onChange("model", value)} placeholder={t("all")} />
      </Field>
      <Field label={t("sort")}>
        <Select
          value={search.sort}
          onChange={(value) => onChange("sort", value === "changed" ? "" : value)}
          options={[
            { value: "changed", label: t("sortChanged") },
            { value: "expected", label: t("sortExpected") },
            { value: "amount", label: t("sortAmount") },
          ]}
        />
      </Field>
      {onClear && (
        <Button kind="ghost" onClick={onClear}>
          {t("clear")}
        </Button>
      )}
    </div>
  );
}

function Stage({ dealer, query, column, sort }: { dealer: Dealer; query: ReturnType<typeof boardQuery>; column: Column; sort: BoardSearch["sort"] }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const name = useStageName()(column.stage);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useColumn(query, column.stage, sort, column.count > 0);
  const leads = column.count > 0 ? (data?.pages.flatMap((page) => page.leads) ?? []) : [];
  return (
    <section className={classes(styles.stage, column.count === 0 && styles.stageEmpty)} role="listitem" aria-label={name}>
      <header className={styles.stageHead}>
        <h2>{name}</h2>
        <span className={styles.stageCount}>{formatNumber(column.count)}</span>
        <span className={styles.stageSum}>{column.amount ? formatShort(column.amount, "money", language) : ""}</span>
      </header>
      {/* What scrolls can be scrolled by keys. */}
      <div className={styles.cards} tabIndex={leads.length > 3 ? 0 : undefined} role="group" aria-label={t("scrollable", { stage: name })}>
        {error && <ErrorState small error={error} onRetry={() => void refetch()} />}
        {column.count === 0 && <p className={styles.note}>{t("emptyStage")}</p>}
        {leads.map((lead) => (
          <LeadCard key={lead.lead} dealer={dealer} lead={lead} />
        ))}
        {hasNextPage && (
          <Button small wide busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t("moreLeads")}
          </Button>
        )}
      </div>
    </section>
  );
}

function LeadCard({ dealer, lead }: { dealer: Dealer; lead: Lead }) {
  const t = useTexts(texts);
  const p = useTexts(privacyTexts);
  const within = useWithin(dealer);
  const language = useLanguage();
  const nameOf = useStaffName();
  return (
    <Link to="/customers/$id" params={{ id: lead.customer }} search={within} className={styles.card}>
      <span className={styles.cardTop}>
        <b>{lead.anonymised ? p("anonymised") : (lead.customer_name ?? t("lead"))}</b>
        <GradeTag grade={lead.grade} byHand={lead.grade_by_hand} />
        <ContactTag noContact={lead.no_contact} />
        {lead.amount ? <span className={styles.pushRight}>{formatShort(lead.amount, "money", language)}</span> : null}
      </span>
      {lead.model && <span>{lead.model}</span>}
      <span className={styles.cardFoot}>
        <span>{nameOf(lead.owner)}</span>
        {lead.expected && (
          <span className={styles.pushRight}>
            {t("expected")} {formatDay(lead.expected, language)}
          </span>
        )}
      </span>
    </Link>
  );
}
