import { ArrowLeftRight, Download, ListChecks, Pencil, Plus, Search, SlidersHorizontal, SquareKanban, Upload, UserRound } from "lucide-react";
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { download } from "@/api";
import { plain, rich, useLanguage, useTexts } from "@/i18n";
import { Link, useGo, usePageActions, usePageSearch } from "@/state/page";
import { settings } from "@/state/settings";
import { useView } from "@/state/view";
import { Button, Checkbox, classes, EmptyState, ErrorState, Field, formatInstant, formatNumber, PageHead, Panel, Select, Skeleton, Tag, TextInput, toast, useDebounced, usePhone } from "@/ui";
import { SavedViews, useDefaultView, ViewChips } from "@/ui/views/SavedViews";
import { BulkDialog } from "./bulk/BulkDialog";
import { bulkTexts } from "./bulk/texts";
import { OwnNotice } from "./coaching/OwnPage";
import { useCustomers, useLeadsOf, useMay, useSearch, useStaffName, type Found, type Lead } from "./data";
import { useWithin, WithDealer } from "./Dealer";
import { HandOverDialog, type HandOver } from "./HandOverDialog";
import type { Dealer } from "./logic/dealer";
import { leadToShow } from "./logic/lead";
import { initialOf } from "./logic/record";
import { enoughToFind, listQuery, readList, stepTo, type ListSearch } from "./logic/search";
import { NewCustomerDialog } from "./NewCustomer";
import { ContactTag } from "./privacy/ConsentCard";
import styles from "./customers.module.css";
import { GradeTag, LeadState } from "./tags";
import { texts } from "./texts";

const kKeys = ["kind", "owner", "before", "sort"];
const kAll = "all"; // a Select has no empty value
const kFoundMax = 20; // that a search gives

export default function ListPage() {
  const t = useTexts(texts);
  return <WithDealer title={t("customers")}>{(dealer) => <Customers key={dealer.id} dealer={dealer} />}</WithDealer>;
}

// What was typed stays while one looks at a customer and comes back; not in the address, which gets logged on its way.
let typedLast = { dealer: "", text: "" };

function Customers({ dealer }: { dealer: Dealer }) {
  const t = useTexts(texts);
  const b = useTexts(bulkTexts);
  const may = useMay();
  const go = useGo();
  const { scope } = useView();
  const within = useWithin(dealer);
  const [search, patch] = usePageSearch(readList);
  const [typed, setTyped] = useState(() => (typedLast.dealer === dealer.id ? typedLast.text : ""));
  const [doing, setDoing] = useState<"add" | "hand-over" | "hand-over-picked" | "edit-picked" | null>(null);
  // Customers ticked, by whose they are; null: nothing is being ticked.
  const [picked, setPicked] = useState<ReadonlyMap<string, string> | null>(null);
  const [saving, setSaving] = useState(false);
  const [saveError, setSaveError] = useState<unknown>(null);
  useDefaultView("customers", kKeys);
  // A person in the scope picker is whose customers these are.
  const query = listQuery(dealer.id, { ...search, owner: search.owner || (scope.kind === "staff" ? scope.id : "") });
  const text = useDebounced(typed.trim(), 180);
  const searching = enoughToFind(text);
  const list = useCustomers(query, !searching);
  const found = useSearch(dealer.id, searching ? text : "");
  const leads = useLeadsOf(dealer.id, true);
  const rows = searching ? (found.data ?? []) : (list.data?.pages.flatMap((page) => page.customers) ?? []);
  const count = list.data?.pages[0]?.count ?? undefined;
  const filtered = Boolean(search.kind || search.owner || search.before);
  const error = searching ? found.error : list.error;
  const loading = searching ? found.isLoading : list.isLoading;
  const dim = searching ? found.isPlaceholderData : list.isPlaceholderData;
  const nameOf = useStaffName();
  const phone = usePhone();

  const type = (next: string) => {
    setTyped(next);
    typedLast = { dealer: dealer.id, text: next };
  };
  const open = (customer: Found | undefined) => customer && go({ to: "/customers/$id", params: { id: customer.id }, search: within });
  const { at, input, onKey } = useListKeys(rows, open, () => type(""));

  usePageActions(may("change") ? [{ id: "new-customer", label: t("add"), run: () => setDoing("add") }] : []);

  const pick = (customer: Found, on: boolean) =>
    setPicked((before) => {
      const next = new Map(before ?? []);
      if (on) next.set(customer.id, customer.owner ?? "");
      else next.delete(customer.id);
      return next;
    });
  const takeAway = () => {
    setSaving(true);
    setSaveError(null);
    download(`/api/v1/customers.csv?${new URLSearchParams(query as Record<string, string>).toString()}`, { name: "customers.csv" })
      .then(() => toast(t("exported"), { kind: "good" }), setSaveError)
      .finally(() => setSaving(false));
  };

  const result = count === undefined ? undefined : rich(t(filtered || query.owner ? "listLeadFiltered" : "listLead", { dealer: plain(dealer.name || dealer.code), n: formatNumber(count), count }));
  const none = !loading && !error && rows.length === 0;
  return (
    <div className={styles.page}>
      <PageHead
        title={t("customers")}
        result={result}
        actions={
          <>
            <Link to="/leads" className={styles.linkButton}>
              <SquareKanban size={14} strokeWidth={1.8} aria-hidden />
              {t("board")}
            </Link>
            <SavedViews page="customers" keys={kKeys} suggestion={t("customers")} timeless />
            {may("change") && (
              <Button icon={Upload} onClick={() => go({ to: "/customers/import", search: within })}>
                {t("importCustomers")}
              </Button>
            )}
            {may("export") && count !== 0 && !searching && (
              <Button icon={Download} busy={saving} onClick={takeAway}>
                {t("exportCsv")}
              </Button>
            )}
            {may("hand_over") && query.owner && !picked && (
              <Button icon={ArrowLeftRight} onClick={() => setDoing("hand-over")}>
                {t("handOver")}
              </Button>
            )}
            {(may("hand_over") || may("change")) && rows.length > 0 && !picked && (
              <Button icon={ListChecks} onClick={() => setPicked(new Map())}>
                {t("select")}
              </Button>
            )}
            {may("change") && (
              <Button kind="primary" icon={Plus} onClick={() => setDoing("add")}>
                {t("add")}
              </Button>
            )}
          </>
        }
      />
      <OwnNotice dealer={dealer} />
      {saveError !== null && (
        <Panel>
          <ErrorState small error={saveError} />
        </Panel>
      )}
      <ViewChips page="customers" keys={kKeys} />
      {picked && (
        <div className={styles.pickBar} role="status">
          <span>{t("pickedN", { n: formatNumber(picked.size), count: picked.size })}</span>
          {may("change") && (
            <Button kind="primary" icon={Pencil} disabled={picked.size === 0} onClick={() => setDoing("edit-picked")}>
              {b("edit")}
            </Button>
          )}
          {may("hand_over") && (
            <Button icon={ArrowLeftRight} disabled={![...picked.values()].some((owner) => owner !== "")} onClick={() => setDoing("hand-over-picked")}>
              {t("handOver")}
            </Button>
          )}
          <Button kind="ghost" disabled={rows.every(({ id }) => picked.has(id))} onClick={() => setPicked(new Map([...picked, ...rows.map(({ id, owner }): [string, string] => [id, owner ?? ""])]))}>
            {t("pickAll", { n: formatNumber(rows.length) })}
          </Button>
          <Button kind="ghost" onClick={() => setPicked(null)}>
            {t("cancel")}
          </Button>
        </div>
      )}
      <Panel flush dim={dim}>
        <div className={styles.find}>
          <TextInput
            ref={input}
            type="search"
            value={typed}
            onChange={type}
            onKeyDown={onKey}
            placeholder={t(phone ? "findShort" : "find")}
            aria-label={t("findLabel")}
            aria-keyshortcuts="/"
            aria-controls={rows.length > 0 ? "customers-list" : undefined}
            aria-activedescendant={at >= 0 ? `customer-${rows[at]?.id ?? ""}` : undefined}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            enterKeyHint="search"
            maxLength={100}
            prefix={<Search size={14} aria-hidden />}
            suffix={<kbd className={styles.deskOnly}>/</kbd>}
          />
        </div>
        {text !== "" && !searching && <p className={styles.foundNote}>{t("typeOn")}</p>}
        {searching ? (
          rows.length > 0 && <p className={styles.foundNote}>{rows.length >= kFoundMax ? t("foundMax", { n: formatNumber(rows.length) }) : t("found", { n: formatNumber(rows.length), count: rows.length })}</p>
        ) : (
          <Filters dealer={dealer} search={search} onChange={(key, value) => patch({ [key]: value || undefined }, { replace: true })} onClear={filtered ? () => patch({ kind: undefined, owner: undefined, before: undefined }) : undefined} />
        )}
        {loading && (
          <div className={styles.pad}>
            <Skeleton lines={8} height={24} />
          </div>
        )}
        {error && <ErrorState error={error} onRetry={() => void (searching ? found.refetch() : list.refetch())} />}
        {none && searching && <EmptyState small why={t("foundNone", { text })} action={may("change") && <Button onClick={() => setDoing("add")}>{t("add")}</Button>} />}
        {none && !searching && (filtered || query.owner) && <EmptyState small why={t("noneFit")} />}
        {none && !searching && !filtered && !query.owner && (
          <EmptyState
            icon={UserRound}
            why={may("change") ? t("empty", { dealer: dealer.name || dealer.code }) : t("emptyMine")}
            action={
              may("change") && (
                <Button kind="primary" icon={Plus} onClick={() => setDoing("add")}>
                  {t("enterFirst")}
                </Button>
              )
            }
          />
        )}
        {rows.length > 0 && <Rows dealer={dealer} rows={rows} at={at} leads={leads} sort={searching ? "changed" : search.sort} searching={searching} picked={picked} onPick={pick} />}
        {!searching && rows.length > 0 && (
          <div className={styles.foot}>
            {count !== undefined && <span className="quiet">{t("shown", { n: formatNumber(rows.length), of: formatNumber(count) })}</span>}
            {list.hasNextPage && (
              <Button small kind="ghost" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                {t("more")}
              </Button>
            )}
          </div>
        )}
      </Panel>
      {doing === "add" && <NewCustomerDialog dealer={dealer} onClose={() => setDoing(null)} onAdded={(id) => go({ to: "/customers/$id", params: { id }, search: within })} />}
      {doing === "hand-over" && query.owner && <HandOverDialog dealer={dealer} of={[{ from: query.owner }]} title={t("handOverAll", { name: nameOf(query.owner) })} onClose={() => setDoing(null)} />}
      {doing === "edit-picked" && picked && (
        <BulkDialog
          dealer={dealer.id}
          customers={[...picked.keys()]}
          onClose={() => setDoing(null)}
          onDone={() => {
            setDoing(null);
            setPicked(null);
          }}
        />
      )}
      {doing === "hand-over-picked" && picked && <HandOverDialog dealer={dealer} of={byOwner(picked)} title={t("handOverPicked", { n: formatNumber(picked.size), count: picked.size })} onClose={() => setDoing(null)} onDone={() => setPicked(null)} />}
    </div>
  );
}

function byOwner(picked: ReadonlyMap<string, string>): HandOver[] {
  const by = new Map<string, string[]>();
  for (const [customer, owner] of picked) if (owner !== "") by.set(owner, [...(by.get(owner) ?? []), customer]);
  return [...by].map(([from, customers]) => ({ from, customers }));
}

// "/" goes to the search; arrows (and J, K outside of it) mark a line, Enter opens it, Escape empties the search.
function useListKeys(rows: readonly Found[], open: (customer: Found | undefined) => void, clear: () => void) {
  const input = useRef<HTMLInputElement>(null);
  const first = rows[0]?.id;
  const [marked, setMarked] = useState({ at: -1, first });
  // A new list begins unmarked.
  const at = marked.first === first && marked.at < rows.length ? marked.at : -1;
  const move = (by: 1 | -1) => {
    const next = stepTo(at, by, rows.length);
    setMarked({ at: next, first });
    document.getElementById(`customer-${rows[next]?.id ?? ""}`)?.scrollIntoView({ block: "nearest" });
  };
  const onKey = (event: KeyboardEvent) => {
    // While a word is being composed its keys are the input method's.
    if (event.nativeEvent.isComposing) return;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Enter") open(rows[Math.max(at, 0)]);
    else if (event.key === "Escape") clear();
    else return;
    event.preventDefault();
  };
  const latest = useRef({ at, rows, move, open });
  useEffect(() => {
    latest.current = { at, rows, move, open };
  });
  useEffect(() => {
    const listen = (event: globalThis.KeyboardEvent) => {
      const target = event.target;
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
      if (target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT|BUTTON|A)$/.test(target.tagName)) && event.key !== "/") return;
      if (target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA)$/.test(target.tagName))) return;
      if (document.querySelector('[role="dialog"][data-state="open"], [role="menu"][data-state="open"], [role="listbox"][data-state="open"]')) return;
      if (settings.get("singleKeys") === "off") return;
      const { at, rows, move, open } = latest.current;
      if (event.key === "/") input.current?.focus();
      else if (event.key === "j" || event.key === "ArrowDown") move(1);
      else if (event.key === "k" || event.key === "ArrowUp") move(-1);
      else if (event.key === "Enter" && at >= 0) open(rows[at]);
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
  return { at, input, onKey };
}

function Filters({ dealer, search, onChange, onClear }: { dealer: Dealer; search: ListSearch; onChange: (key: keyof ListSearch, value: string) => void; onClear: (() => void) | undefined }) {
  const t = useTexts(texts);
  const nameOf = useStaffName();
  const phone = usePhone();
  // On the phone the customers come first.
  const [opened, setOpened] = useState(false);
  const owners = dealer.staff.map((person) => ({ value: person.id, label: person.name || person.code }));
  if (search.owner && !owners.some(({ value }) => value === search.owner)) owners.push({ value: search.owner, label: nameOf(search.owner) });
  if (phone && !opened && !onClear) {
    return (
      <div className={styles.filtersClosed}>
        <Button wide icon={SlidersHorizontal} aria-expanded={false} onClick={() => setOpened(true)}>
          {t("filters")}
        </Button>
      </div>
    );
  }
  return (
    <div className={styles.filters}>
      <Field label={t("kind")}>
        <Select
          value={search.kind || kAll}
          onChange={(value) => onChange("kind", value === kAll ? "" : value)}
          options={[
            { value: kAll, label: t("all") },
            { value: "person", label: t("person") },
            { value: "company", label: t("company") },
          ]}
        />
      </Field>
      {owners.length > 1 && (
        <Field label={t("owner")}>
          <Select value={search.owner || kAll} onChange={(value) => onChange("owner", value === kAll ? "" : value)} options={[{ value: kAll, label: t("all") }, ...owners]} />
        </Field>
      )}
      <Field label={t("before")}>
        <TextInput type="date" value={search.before} onChange={(value) => onChange("before", value)} />
      </Field>
      <Field label={t("sort")}>
        <Select
          value={search.sort}
          onChange={(value) => onChange("sort", value === "changed" ? "" : value)}
          options={[
            { value: "changed", label: t("sortChanged") },
            { value: "created", label: t("sortCreated") },
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

interface RowsProps {
  dealer: Dealer;
  rows: Found[];
  at: number;
  leads: ReadonlyMap<string, Lead[]>;
  sort: ListSearch["sort"];
  searching: boolean;
  picked: ReadonlyMap<string, string> | null;
  onPick: (customer: Found, on: boolean) => void;
}
function Rows({ dealer, rows, at, leads, sort, searching, picked, onPick }: RowsProps) {
  const t = useTexts(texts);
  const within = useWithin(dealer);
  const language = useLanguage();
  const nameOf = useStaffName();
  const when = (row: Found) => formatInstant(sort === "created" ? row.created_at : row.changed_at, language, { year: true });
  return (
    <div className={styles.tableScroll}>
      <table className={styles.table} id="customers-list" aria-label={t("customers")}>
        <thead>
          <tr>
            <th scope="col">{t("name")}</th>
            <th scope="col">{t("phone")}</th>
            <th scope="col">{t("plate")}</th>
            <th scope="col">{t("lead")}</th>
            <th scope="col">{t("owner")}</th>
            <th scope="col">{t(sort)}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => {
            const lead = leadToShow(leads.get(row.id) ?? []);
            const { name = "—", phone, plate } = row.record;
            return (
              <tr key={row.id} id={`customer-${row.id}`} className={classes(styles.row, index === at && styles.marked)}>
                <td className={styles.cardHead}>
                  <span className={styles.who}>
                    {picked ? (
                      <span className={styles.tick}>
                        <Checkbox hideLabel label={t("pickOne", { name })} checked={picked.has(row.id)} onChange={(on) => onPick(row, on)} />
                      </span>
                    ) : (
                      <span className={styles.initial} aria-hidden>
                        {initialOf(name)}
                      </span>
                    )}
                    <Link to="/customers/$id" params={{ id: row.id }} search={within} className={styles.rowLink}>
                      {name}
                    </Link>
                    {row.kind === "company" && <Tag>{t("company")}</Tag>}
                    <ContactTag noContact={row.no_contact} />
                    {searching && row.matched && <Matched what={row.matched} />}
                  </span>
                </td>
                <td className={styles.nowrap}>{phone ?? "—"}</td>
                <td className={classes(styles.nowrap, !plate && styles.deskOnly)}>{plate ?? "—"}</td>
                <td className={lead ? styles.leadCell : styles.deskOnly}>
                  {lead && (
                    <span className={styles.tags}>
                      <GradeTag grade={lead.grade} byHand={lead.grade_by_hand} />
                      <LeadState lead={lead} />
                      {lead.model && <span className="quiet">{lead.model}</span>}
                    </span>
                  )}
                </td>
                <td data-label={t("owner")}>{nameOf(row.owner)}</td>
                <td data-label={t(sort)} className={styles.nowrap}>
                  {when(row)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Matched({ what }: { what: string }): ReactNode {
  const t = useTexts(texts);
  return what === "phone" || what === "plate" || what === "vin" ? <Tag tone="accent">{t(`matched_${what}`)}</Tag> : null;
}
