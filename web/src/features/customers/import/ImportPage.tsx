import { useParams } from "@tanstack/react-router";
import { ArrowLeft, Download, Undo2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { download, useCatalog, useSession } from "@/api";
import { rich, useLanguage, useTexts } from "@/i18n";
import { Link, useGo } from "@/state/page";
import { Banner, Button, Checkbox, Combobox, Dialog, EmptyState, ErrorState, Field, formatNumber, PageHead, Panel, ProgressBar, Select, Skeleton, Tabs, Tag } from "@/ui";
import styles from "../customers.module.css";
import { useStaffName } from "../data";
import { useWithin, WithDealer } from "../Dealer";
import { workingStaff, type Dealer } from "../logic/dealer";
import { ConsentFields } from "../privacy/ConsentFields";
import { useTerms } from "../privacy/data";
import { fieldTexts } from "../texts";
import { useCheck, useEnd, useImport, useSet, useWork, type Check, type CheckRow, type Choices, type CustomerImport } from "./data";
import own from "./import.module.css";
import { choicesOf, doing, firstTab, isDouble, kWhats, missingOf, rowsOf, share, withColumn, type What } from "./logic";
import { importTexts } from "./texts";

const kNone = "none"; // a Select has no empty value
const kShownMax = 50; // of each kind, by the server

// One list: what its columns mean, what becomes of each row, the import itself, and taking it back.
export default function ImportPage() {
  const t = useTexts(importTexts);
  const { id } = useParams({ strict: false }) as { id: string };
  return <WithDealer title={t("title")}>{(dealer) => <OneImport key={`${dealer.id}/${id}`} dealer={dealer} id={id} />}</WithDealer>;
}

function OneImport({ dealer, id }: { dealer: Dealer; id: string }) {
  const t = useTexts(importTexts);
  const go = useGo();
  const within = useWithin(dealer);
  const { data, error, refetch } = useImport(dealer.id, id);
  // What a list holds is for who brought it; others see how it went, and may take it back.
  const mine = useSession().data?.account.login === data?.created_by;
  const check = useCheck(dealer.id, data ?? ({ id, version: 0 } as CustomerImport), data?.state === "draft" && mine && missingOf(choicesOf(data).columns).length === 0);
  const back = () => go({ to: "/customers/import", search: within });
  // It runs for as long as one stays; whoever comes back goes on.
  const stop = useRef(false);
  const work = useWork(dealer.id, id, () => stop.current);
  useEffect(
    () => () => {
      stop.current = true;
    },
    [],
  );
  const begin = (what: "run" | "undo") => {
    stop.current = false;
    work.mutate({ what, version: data?.version ?? 0 });
  };
  const n = formatNumber;
  const result = !data
    ? undefined
    : data.state === "draft"
      ? check.data && rich(t("draftLead", { n: n(check.data.counts.rows), add: n(check.data.counts.add), change: n(check.data.counts.change), refused: n(check.data.counts.refused) }))
      : data.state === "importing"
        ? rich(t("importLead", { seen: n(data.seen), n: n(data.rows) }))
        : data.state === "done"
          ? rich(t("doneLead", { added: n(data.added), changed: n(data.changed), leads: n(data.leads), same: n(data.same), repeated: n(data.repeated), refused: n(data.refused) }))
          : rich(t("undoneLead", { back: n(data.taken_back), remaining: n(data.remaining) }));
  return (
    <div className={styles.page}>
      <PageHead
        title={data?.list?.file ?? t("title")}
        documentTitle={t("title")}
        result={result}
        actions={
          <>
            <Button icon={ArrowLeft} onClick={back}>
              {t("allImports")}
            </Button>
            {data && mine && <Refused dealer={dealer} id={id} count={data.state === "draft" ? (check.data?.counts.refused ?? 0) + (check.data?.counts.repeated ?? 0) : data.kept ? data.refused + data.repeated : 0} />}
          </>
        }
      />
      {!data && <Panel>{error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton lines={6} height={24} />}</Panel>}
      {data?.state === "draft" && !mine && (
        <Panel>
          <Banner>{t("notMine", { by: data.created_by })}</Banner>
        </Panel>
      )}
      {data?.state === "draft" && data.list && mine && <Draft dealer={dealer} draft={data} list={data.list} check={check} work={work} onBegin={() => begin("run")} onGone={back} />}
      {data && data.state !== "draft" && <Done dealer={dealer} done={data} mine={mine} work={work} onBegin={begin} onPause={() => (stop.current = true)} />}
    </div>
  );
}

function Refused({ dealer, id, count }: { dealer: Dealer; id: string; count: number }) {
  const t = useTexts(importTexts);
  const [error, setError] = useState<unknown>(null);
  if (count === 0) return null;
  return (
    <>
      <Button icon={Download} title={t("refusedHint")} onClick={() => void download(`/api/v1/customer-imports/${id}/refused?${new URLSearchParams({ dealer: dealer.id }).toString()}`, { name: "rows-not-imported.xlsx" }).catch(setError)}>
        {t("refusedFile")}
      </Button>
      {error !== null && <ErrorState small error={error} />}
    </>
  );
}

// ---- A draft ----

type Work = ReturnType<typeof useWork>;
interface DraftProps {
  dealer: Dealer;
  draft: CustomerImport;
  list: NonNullable<CustomerImport["list"]>;
  check: ReturnType<typeof useCheck>;
  work: Work;
  onBegin: () => void;
  onGone: () => void;
}
function Draft({ dealer, draft, list, check, work, onBegin, onGone }: DraftProps) {
  const t = useTexts(importTexts);
  const set = useSet(dealer.id, draft.id);
  const end = useEnd(dealer.id, draft.id);
  // What is being said shows at once; it is sent one change after the other.
  const [said, setSaid] = useState<Required<Choices>>(() => choicesOf(draft));
  const missing = missingOf(said.columns);
  const sent = useRef(JSON.stringify(choicesOf(draft)));
  const { mutate, isPending } = set;
  useEffect(() => {
    const text = JSON.stringify(said);
    if (isPending || text === sent.current || missing.length > 0) return;
    sent.current = text;
    mutate({ version: draft.version, choices: said });
  }, [said, isPending, draft.version, missing.length, mutate]);
  const change = (more: Partial<Choices>) => setSaid((before) => ({ ...before, ...more }));
  const counts = check.data?.counts;
  const settled = !isPending && missing.length === 0 && JSON.stringify(said) === JSON.stringify(choicesOf(draft));
  const skip = counts ? counts.refused + counts.repeated : 0;
  return (
    <>
      <Panel title={t("columns")} note={t("columnsNote", { row: formatNumber(list.header_row), n: formatNumber(draft.rows), count: draft.rows })}>
        <Columns draft={draft} list={list} columns={said.columns} onChange={(columns) => change({ columns })} />
        {missing.length > 0 && <MissingColumns missing={missing} />}
      </Panel>
      <Panel title={t("forAll")}>
        <ForAll dealer={dealer} said={said} onChange={change} />
        {set.error && <ErrorState small error={set.error} />}
      </Panel>
      <Panel flush title={t("preview")} dim={!settled || check.isFetching}>
        {check.error && <ErrorState error={check.error} onRetry={() => void check.refetch()} />}
        {!check.error && !check.data && missing.length === 0 && (
          <div className={styles.pad}>
            <Skeleton lines={5} height={24} label={t("checking")} />
          </div>
        )}
        {check.data && <Preview dealer={dealer} check={check.data} />}
      </Panel>
      <Panel>
        {counts && doing(counts) === 0 && counts.refused === 0 && <Banner>{t("nothingNew")}</Banner>}
        {(work.error ?? end.error) && <ErrorState small error={work.error ?? end.error} />}
        <div className={own.buttons}>
          <Button kind="primary" busy={work.isPending} disabled={!settled || !counts || check.isFetching || doing(counts) === 0} onClick={onBegin}>
            {counts && skip > 0 ? t("doItSkip", { n: formatNumber(doing(counts)), skip: formatNumber(skip) }) : t("doIt", { n: formatNumber(counts ? doing(counts) : 0), count: counts ? doing(counts) : 0 })}
          </Button>
          <Button kind="ghost" busy={end.isPending} disabled={work.isPending} onClick={() => end.mutate(undefined, { onSuccess: onGone })}>
            {t("discard")}
          </Button>
        </div>
      </Panel>
    </>
  );
}

function MissingColumns({ missing }: { missing: readonly ("name" | "phone")[] }) {
  const t = useTexts(importTexts);
  const f = useTexts(fieldTexts);
  return <Banner kind="warn">{t("columnsMissing", { fields: missing.map((field) => f(field)).join(t("and")) })}</Banner>;
}

function Columns({ draft, list, columns, onChange }: { draft: CustomerImport; list: NonNullable<CustomerImport["list"]>; columns: readonly string[]; onChange: (columns: string[]) => void }) {
  const t = useTexts(importTexts);
  const options = [{ value: kNone, label: t("notTaken") }, ...draft.fields.map(({ id, name }) => ({ value: id, label: name }))];
  return (
    <div className={own.columns}>
      {list.columns.map(({ header }, at) => (
        // The place of a column is what it is known by.
        <div key={at} className={own.column}>
          <span title={header}>{header || t("noHeader", { n: at + 1 })}</span>
          <Select label={header || t("noHeader", { n: at + 1 })} value={columns[at] || kNone} onChange={(value) => onChange(withColumn(columns, at, value === kNone ? "" : value))} options={options} />
          {(columns[at] ?? "") === "" && isDouble(list, at, (text) => text.toLowerCase()) && <em className={own.double}>{t("double")}</em>}
        </div>
      ))}
    </div>
  );
}

function ForAll({ dealer, said, onChange }: { dealer: Dealer; said: Required<Choices>; onChange: (more: Partial<Choices>) => void }) {
  const t = useTexts(importTexts);
  const catalog = useCatalog();
  const nameOf = useStaffName();
  const { data: terms } = useTerms();
  const people = workingStaff(dealer);
  const sources = (catalog.raw?.lists.find(({ dimension }) => dimension === "source")?.codes ?? []).map(({ code, name }) => ({ value: code, label: catalog.text(name) || code }));
  const way = said.consents[0]?.way ?? "in_person";
  const consents = (purposes: string[], how: string) => (terms?.purposes ?? []).filter(({ id }) => purposes.includes(id)).map(({ id, text_version }) => ({ purpose: id, text_version, way: how }));
  const agreed = said.consents.map(({ purpose }) => purpose);
  return (
    <div className={own.settings}>
      <div className={own.two}>
        <Field label={t("ownerElse")}>
          <Combobox label={t("ownerElse")} clearable value={said.owner ?? ""} onChange={(owner) => onChange({ owner: owner || null })} placeholder={t("ownerNone")} shown={said.owner ? nameOf(said.owner) : ""} options={people.map((person) => ({ value: person.id, label: person.name || person.code, hint: person.name ? person.code : "" }))} />
        </Field>
        <Field label={t("sourceElse")}>
          <Select value={said.source || kNone} onChange={(source) => onChange({ source: source === kNone ? null : source })} options={[{ value: kNone, label: t("sourceNone") }, ...sources]} />
        </Field>
      </div>
      <Checkbox checked={said.leads} onChange={(leads) => onChange({ leads })} label={t("leadsToo")} hint={t("leadsHint")} />
      <Checkbox checked={said.fill} onChange={(fill) => onChange({ fill })} label={t("fillKnown")} hint={t("fillHint")} />
      {terms && <ConsentFields terms={terms} agreed={agreed} onAgreed={(next) => onChange({ consents: consents(next, way) })} way={way} onWay={(next) => onChange({ consents: consents(agreed, next) })} />}
    </div>
  );
}

function Preview({ dealer, check }: { dealer: Dealer; check: Check }) {
  const t = useTexts(importTexts);
  const [chosen, setChosen] = useState<What | null>(null);
  const what = chosen ?? firstTab(check.counts);
  const rows = rowsOf(check, what);
  return (
    <>
      <Tabs label={t("preview")} value={what} onChange={setChosen} tabs={kWhats.map((value) => ({ value, label: `${t(`w_${value}`)} ${formatNumber(check.counts[value])}` }))} />
      {rows.length === 0 ? (
        <p className={styles.pad}>{t("nothing")}</p>
      ) : (
        <>
          <div className={own.scroll}>
            <table className={own.rows}>
              <thead>
                <tr>
                  <th scope="col">{t("row")}</th>
                  <th scope="col">{t("becomes")}</th>
                  <th scope="col" />
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <Row key={row.row} dealer={dealer} row={row} />
                ))}
              </tbody>
            </table>
          </div>
          {check.counts[what] > rows.length && <p className={styles.pad}>{t("shownFirst", { n: formatNumber(Math.min(kShownMax, rows.length)) })}</p>}
        </>
      )}
    </>
  );
}

function Row({ dealer, row }: { dealer: Dealer; row: CheckRow }) {
  const t = useTexts(importTexts);
  const f = useTexts(fieldTexts);
  const language = useLanguage();
  const nameOf = useStaffName();
  const within = useWithin(dealer);
  const comma = language === "zh" ? "、" : ", ";
  return (
    <tr>
      <td className={own.narrow}>{formatNumber(row.row)}</td>
      <td>
        <b>{row.name ?? "—"}</b> {row.phone && <span className="quiet">{row.phone}</span>} {row.what === "add" && <span className="quiet">{nameOf(row.owner)}</span>}
        {row.problem && (
          <p className={own.reason}>
            {row.problem.message} <span className="quiet">{row.problem.todo}</span>
          </p>
        )}
        {row.fields.length > 0 && <p className={own.reason}>{t("fills", { fields: row.fields.map((field) => f(field as Parameters<typeof f>[0])).join(comma) })}</p>}
        {row.what === "same" && <span className="quiet"> {t("sameWhy")}</span>}
      </td>
      <td className={own.narrow}>
        {row.lead && <Tag tone="accent">{t("withLead")}</Tag>}{" "}
        {row.customer && (
          <Link to="/customers/$id" params={{ id: row.customer }} search={within}>
            {t("known")}
          </Link>
        )}
      </td>
    </tr>
  );
}

// ---- Under way, and after ----

function Done({ dealer, done, mine, work, onBegin, onPause }: { dealer: Dealer; done: CustomerImport; mine: boolean; work: Work; onBegin: (what: "run" | "undo") => void; onPause: () => void }) {
  const t = useTexts(importTexts);
  const within = useWithin(dealer);
  const [asking, setAsking] = useState(false);
  const end = useEnd(dealer.id, done.id);
  const begin = (what: "run" | "undo") => {
    setAsking(false);
    onBegin(what);
  };
  const busy = work.isPending;
  const rows = done.added + done.changed;
  const open = done.state === "importing" || done.state === "undoing";
  return (
    <>
      {open && (
        <Panel>
          <div className={own.work} aria-live="polite">
            <p>{done.state === "undoing" ? t("undoing") : busy ? t("importing") : t("stopped")}</p>
            <ProgressBar value={share(done)} label={t(done.state === "undoing" ? "undoing" : "importing")} />
            <div className={own.buttons}>
              {busy ? (
                <Button onClick={onPause}>{t("pause")}</Button>
              ) : (
                (mine || done.state === "undoing") && (
                  <Button kind="primary" onClick={() => begin(done.state === "undoing" ? "undo" : "run")}>
                    {t("goOn")}
                  </Button>
                )
              )}
              {done.state === "importing" && !busy && (
                <Button busy={end.isPending} onClick={() => end.mutate()}>
                  {t("endHere")}
                </Button>
              )}
            </div>
          </div>
        </Panel>
      )}
      {(work.error ?? end.error) && (
        <Panel>
          <ErrorState small error={work.error ?? end.error} />
        </Panel>
      )}
      {(done.state === "done" || (done.state === "importing" && !busy)) && rows > 0 && (
        <Panel>
          {done.kept ? (
            <div className={own.buttons}>
              <Button icon={Undo2} busy={busy} onClick={() => setAsking(true)}>
                {t("undo")}
              </Button>
              <span className="quiet">{t("undoHint")}</span>
            </div>
          ) : (
            <p className="quiet">{t("notKept")}</p>
          )}
        </Panel>
      )}
      {done.state === "undone" && done.remaining === 0 && (
        <Panel>
          <EmptyState small why={t("allBack")} />
        </Panel>
      )}
      {done.remains.length > 0 && (
        <Panel flush title={t("remains")} note={formatNumber(done.remaining)}>
          <div className={own.scroll}>
            <table className={own.rows}>
              <thead>
                <tr>
                  <th scope="col">{t("row")}</th>
                  <th scope="col">{t("why")}</th>
                  <th scope="col" />
                </tr>
              </thead>
              <tbody>
                {done.remains.map((one) => (
                  <tr key={one.row}>
                    <td className={own.narrow}>{formatNumber(one.row)}</td>
                    <td>{t(`r_${one.why}`)}</td>
                    <td className={own.narrow}>
                      {one.why !== "gone" && one.why !== "out_of_sight" && (
                        <Link to="/customers/$id" params={{ id: one.customer }} search={within}>
                          {t("known")}
                        </Link>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Panel>
      )}
      <Dialog
        open={asking}
        onOpenChange={setAsking}
        title={t("undoAsk", { n: formatNumber(rows), count: rows })}
        note={t("undoNote")}
        footer={
          <>
            <Button onClick={() => setAsking(false)}>{t("cancel")}</Button>
            <Button kind="primary" onClick={() => begin("undo")}>
              {t("undo")}
            </Button>
          </>
        }
      >
        {null}
      </Dialog>
    </>
  );
}
