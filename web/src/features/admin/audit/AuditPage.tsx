import { Download } from "lucide-react";
import { useState, type ReactNode } from "react";
import { download, useOrgTree } from "@/api";
import { plain, rich, useLanguage, useTexts } from "@/i18n";
import { one, usePageSearch } from "@/state/page";
import { Banner, Button, EmptyState, ErrorState, Field, formatInstant, formatNumber, PageHead, Panel, Select, Skeleton, TextInput, toast, useErrorWords } from "@/ui";
import { useAccounts } from "../access/data";
import styles from "../admin.module.css";
import { fileOf, useAudit, useAuditCheck, type AuditFilter, type AuditRecord } from "./data";
import { actTexts, auditTexts, detailTexts } from "./texts";

const kAll = "all"; // a Select has no empty value
type Act = keyof typeof actTexts.entries;
const kActs = Object.keys(actTexts.entries) as Act[];
const isAct = (act: string): act is Act => act in actTexts.entries;
const isDetail = (name: string): name is keyof typeof detailTexts.entries => name in detailTexts.entries;

const kKeys = ["actor", "act", "object", "dealer", "since", "until"] as const;
type Key = (typeof kKeys)[number];

// Days are those of who looks.
function startOf(day: string, plus: number): string | undefined {
  if (!/^\d{4}-\d\d-\d\d$/.test(day)) return undefined;
  const date = new Date(`${day}T00:00:00`);
  if (Number.isNaN(date.getTime())) return undefined;
  date.setDate(date.getDate() + plus);
  return date.toISOString();
}

function filterOf(search: Record<Key, string>): AuditFilter {
  const from = startOf(search.since, 0);
  const to = startOf(search.until, 1);
  return {
    ...(search.actor ? { actor: search.actor } : {}),
    ...(search.act ? { act: search.act } : {}),
    ...(search.object ? { object: search.object } : {}),
    ...(search.dealer ? { dealer: search.dealer } : {}),
    ...(from ? { from } : {}),
    ...(to ? { to } : {}),
  };
}

export default function AuditPage() {
  const t = useTexts(auditTexts);
  const [search, patch] = usePageSearch((raw) => Object.fromEntries(kKeys.map((key) => [key, one(raw[key]) ?? ""])) as Record<Key, string>);
  const filter = filterOf(search);
  const { data, error, isLoading, isPlaceholderData, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useAudit(filter);
  const [saving, setSaving] = useState(false);
  const [saveError, setSaveError] = useState<unknown>(null);
  const records = data?.pages.flatMap((page) => page.records) ?? [];
  const save = () => {
    setSaving(true);
    setSaveError(null);
    download(fileOf(filter), { name: "audit.csv" })
      .then(() => toast(t("csvNote"), { kind: "good" }), setSaveError)
      .finally(() => setSaving(false));
  };
  return (
    <div className={styles.page}>
      <Head onSave={save} saving={saving} />
      {saveError !== null && <ErrorState small error={saveError} />}
      <Panel flush dim={isPlaceholderData}>
        <Filters search={search} onChange={(key, value) => patch({ [key]: value || undefined }, { replace: true })} onClear={() => patch(Object.fromEntries(kKeys.map((key) => [key, undefined])))} />
        {isLoading && (
          <div className={styles.pad}>
            <Skeleton lines={6} height={24} />
          </div>
        )}
        {error && <ErrorState error={error} onRetry={() => void refetch()} />}
        {data && records.length === 0 && <EmptyState small why={Object.keys(filter).length > 0 ? t("nothing") : t("empty")} />}
        {records.length > 0 && <Records records={records} />}
        {records.length > 0 && (
          <div className={styles.foot}>
            <span className="quiet">{t("shown", { n: formatNumber(records.length), count: records.length })}</span>
            {hasNextPage && (
              <Button small kind="ghost" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                {t("more")}
              </Button>
            )}
          </div>
        )}
      </Panel>
    </div>
  );
}

// "the network", or the dealer by name.
function useChainName(): (dealer: string) => string {
  const t = useTexts(auditTexts);
  const { byKey } = useOrgTree();
  return (dealer) => (dealer === "0" ? t("network") : (byKey.get(`dealer:${dealer}`)?.name ?? dealer));
}

function Head({ onSave, saving }: { onSave: () => void; saving: boolean }) {
  const t = useTexts(auditTexts);
  const nameOf = useChainName();
  const { data: check, error, isFetching, refetch } = useAuditCheck();
  const words = useErrorWords(error);
  let lead: ReactNode = t("checking");
  if (error) lead = rich(t("notChecked", { why: plain(words.title) }));
  else if (check && !check.intact) lead = rich(t("broken"));
  else if (check) lead = check.checked === 0 ? t("empty") : rich(t("intact", { n: formatNumber(check.checked), count: check.checked, chains: formatNumber(check.chains) }));
  return (
    <>
      <PageHead
        title={t("audit")}
        result={lead}
        actions={
          <>
            <Button busy={isFetching} onClick={() => void refetch()}>
              {t("check")}
            </Button>
            <Button icon={Download} busy={saving} onClick={onSave}>
              {t("csv")}
            </Button>
          </>
        }
      />
      {check && !check.intact && (
        <Banner kind="bad">
          {check.findings.map((found) => (
            <p key={found.dealer}>{t(`f_${found.finding}`, { chain: nameOf(found.dealer), seq: formatNumber(found.seq) })}</p>
          ))}
          <p>{t("brokenTodo")}</p>
        </Banner>
      )}
    </>
  );
}

function Filters({ search, onChange, onClear }: { search: Record<Key, string>; onChange: (key: Key, value: string) => void; onClear: () => void }) {
  const t = useTexts(auditTexts);
  const act = useTexts(actTexts);
  const accounts = useAccounts().data ?? [];
  const { byKey } = useOrgTree();
  const dealers = [...byKey.values()].filter((node) => node.scope.kind === "dealer");
  const pick = (key: Key, options: { value: string; label: string }[]) => (
    <Select value={search[key] || kAll} onChange={(value) => onChange(key, value === kAll ? "" : value)} options={[{ value: kAll, label: t("all") }, ...withChosen(options, search[key])]} />
  );
  return (
    <div className={styles.auditFilters}>
      <Field label={t("actor")}>
        {pick("actor", [...accounts.map((account) => ({ value: account.id, label: account.name || account.login })), { value: "0", label: t("program") }])}
      </Field>
      <Field label={t("act")}>
        {pick(
          "act",
          kActs.map((value) => ({ value, label: act(value) })),
        )}
      </Field>
      <Field label={t("dealer")}>{pick("dealer", [{ value: "0", label: t("network") }, ...dealers.map((node) => ({ value: node.scope.id, label: node.name }))])}</Field>
      <Field label={t("object")}>
        <TextInput value={search.object} onChange={(value) => onChange("object", value.trim())} placeholder={t("objectHint")} spellCheck={false} autoCapitalize="off" maxLength={200} />
      </Field>
      <Field label={t("from")}>
        <TextInput type="date" value={search.since} onChange={(value) => onChange("since", value)} />
      </Field>
      <Field label={t("to")}>
        <TextInput type="date" value={search.until} onChange={(value) => onChange("until", value)} />
      </Field>
      {kKeys.some((key) => search[key] !== "") && (
        <Button kind="ghost" onClick={onClear}>
          {t("clear")}
        </Button>
      )}
    </div>
  );
}

// What a link names stays to be seen, also where it is not (any more) one of the list.
function withChosen(options: { value: string; label: string }[], chosen: string) {
  return chosen === "" || options.some((option) => option.value === chosen) ? options : [...options, { value: chosen, label: chosen }];
}

function Records({ records }: { records: AuditRecord[] }) {
  const t = useTexts(auditTexts);
  const act = useTexts(actTexts);
  const language = useLanguage();
  const nameOf = useChainName();
  const accounts = useAccounts().data ?? [];
  const { byKey } = useOrgTree();
  const objectName = (object: string): string | undefined => {
    const [kind, id] = object.split(":", 2);
    if (kind === "account") return accounts.find((account) => account.id === id)?.login;
    return byKey.get(object)?.name;
  };
  return (
    <div className={styles.tableScroll}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t("time")}</th>
            <th scope="col">{t("actor")}</th>
            <th scope="col">{t("act")}</th>
            <th scope="col">{t("object")}</th>
            <th scope="col">{t("detail")}</th>
            <th scope="col">{t("dealer")}</th>
            <th scope="col" className="num">
              {t("number")}
            </th>
          </tr>
        </thead>
        <tbody>
          {records.map((record) => {
            const name = objectName(record.object);
            return (
              <tr key={`${record.dealer}-${String(record.seq)}`}>
                <td className={styles.nowrap}>{formatInstant(record.at, language, { year: true, seconds: true })}</td>
                <td>{record.actor === "0" ? <span className="quiet">{t("program")}</span> : record.name || record.login || record.actor}</td>
                <td className={styles.cardHead}>
                  <b>{isAct(record.act) ? act(record.act) : record.act}</b>
                </td>
                <td>
                  {name && <>{name} </>}
                  <span className="code quiet">{record.object}</span>
                </td>
                <td>{record.detail && <Details detail={record.detail} nameOf={objectName} />}</td>
                <td data-label={t("dealer")}>{nameOf(record.dealer)}</td>
                <td data-label={t("number")} className="num">
                  {formatNumber(record.seq)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

// "role: admin · disabled: yes"
function Details({ detail, nameOf }: { detail: Record<string, unknown>; nameOf: (object: string) => string | undefined }) {
  const t = useTexts(auditTexts);
  const called = useTexts(detailTexts);
  const say = (value: unknown): string => {
    if (typeof value === "boolean") return value ? t("yes") : t("no");
    if (typeof value === "number") return formatNumber(value);
    if (Array.isArray(value)) return value.join(", ") || "—";
    return nameOf(String(value)) ?? String(value);
  };
  return (
    <span className="quiet">
      {Object.entries(detail)
        .map(([name, value]) => `${isDetail(name) ? called(name) : name}: ${say(value)}`)
        .join(" · ")}
    </span>
  );
}
