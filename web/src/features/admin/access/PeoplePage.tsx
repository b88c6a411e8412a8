import { ArrowLeft, Download } from "lucide-react";
import { useMemo, useState } from "react";
import { newKey } from "@/api";
import { rich, useLanguage, useTexts } from "@/i18n";
import { useGo } from "@/state/page";
import { Banner, Button, Checkbox, Dialog, EmptyState, ErrorState, FileDrop, formatNumber, PageHead, Panel, Skeleton, Tag } from "@/ui";
import { formatCsv, saveText } from "@/ui/clipboard";
import styles from "../admin.module.css";
import { useImportPeople, type PeopleImport, type PeopleRow } from "./data";
import { peopleTexts } from "./peopleTexts";

const kFields = ["login", "name", "role", "post", "dealer", "team", "staff", "region", "from"] as const;
const kEndings = [".csv", ".txt", ".tsv", ".xlsx"] as const;
const kBytesMax = 4 << 20;
const kRowsShown = 300;

// Accounts and posts from a list: choose, dry run, import, hand the passwords out.
export default function PeoplePage() {
  const t = useTexts(peopleTexts);
  const go = useGo();
  const [file, setFile] = useState<File | null>(null);
  const [goodRows, setGoodRows] = useState(false);
  const [key, setKey] = useState("");
  const [leaving, setLeaving] = useState(false);
  const [kept, setKept] = useState(false);
  const dry = useImportPeople();
  const run = useImportPeople();
  const done = run.data;
  const tried = dry.data;

  const take = (next: File) => {
    setFile(next);
    setGoodRows(false);
    setKey(newKey());
    run.reset();
    dry.mutate({ file: next, dryRun: true, goodRows: false, key: "" });
  };
  const again = () => {
    setFile(null);
    dry.reset();
    run.reset();
  };
  const leave = () => go({ to: "/admin/accounts" });
  const shown = done ?? tried;
  const numbers = shown && Object.fromEntries(Object.entries(shown.counts).map(([name, n]) => [name, formatNumber(n)]));
  const changes = tried ? tried.counts.added + tried.counts.posted + tried.counts.renamed : 0;
  const result = shown && numbers ? rich(t(done ? "done" : "tried", numbers)) : t("lead");
  return (
    <div className={styles.page}>
      <PageHead
        title={t("title")}
        result={result}
        actions={
          <Button icon={ArrowLeft} onClick={() => (done && done.passwords.length > 0 && !kept ? setLeaving(true) : leave())}>
            {t("back")}
          </Button>
        }
      />
      {!file && (
        <>
          <Panel>
            <FileDrop accept={kEndings} maxBytes={kBytesMax} hint={t("dropHint")} onFile={take} />
          </Panel>
          <ColumnsPanel />
        </>
      )}
      {file && !done && (
        <Panel
          title={file.name}
          action={
            <Button small onClick={again}>
              {t("another")}
            </Button>
          }
        >
          <div className={styles.form}>
            {dry.isPending && <Skeleton lines={3} height={20} label={t("trying")} />}
            {dry.error && <ErrorState small error={dry.error} onRetry={() => take(file)} />}
            {tried && <Columns tried={tried} />}
            {tried && tried.counts.refused > 0 && <Banner kind="warn">{t("stopped")}</Banner>}
            {tried && tried.counts.refused > 0 && changes > 0 && <Checkbox checked={goodRows} onChange={setGoodRows} label={t("goodRows")} hint={t("goodRowsHint", { n: formatNumber(tried.counts.refused), count: tried.counts.refused })} />}
            {tried && changes === 0 && tried.counts.refused === 0 && <Banner>{t("nothing")}</Banner>}
            {run.error && <ErrorState small error={run.error} />}
            {tried && changes > 0 && (tried.counts.refused === 0 || goodRows) && (
              <div className={styles.buttons}>
                <Button kind="primary" busy={run.isPending} onClick={() => run.mutate({ file, dryRun: false, goodRows, key })}>
                  {t("run")}
                </Button>
              </div>
            )}
          </div>
        </Panel>
      )}
      {done && done.passwords.length > 0 && <Passwords done={done} onKept={() => setKept(true)} />}
      {shown && <Rows rows={shown.rows} />}
      <Dialog
        open={leaving}
        onOpenChange={setLeaving}
        title={t("leaveAsk")}
        note={t("leaveNote")}
        footer={
          <>
            <Button onClick={() => setLeaving(false)}>{t("stay")}</Button>
            <Button kind="primary" onClick={leave}>
              {t("leave")}
            </Button>
          </>
        }
      />
    </div>
  );
}

// What a list may say, for who has none yet.
function ColumnsPanel() {
  const t = useTexts(peopleTexts);
  const language = useLanguage();
  const template = () => saveText(language === "zh" ? "人员名单.csv" : "people.csv", formatCsv([kFields.map((field) => t(`f_${field}`))]), "text/csv");
  return (
    <Panel
      title={t("columnsTitle")}
      action={
        <Button small icon={Download} onClick={template}>
          {t("template")}
        </Button>
      }
    >
      <p>{t("columnsNote")}</p>
      <dl className={styles.aboutList}>
        {kFields.map((field) => (
          <div key={field}>
            <dt>{t(`f_${field}`)}</dt>
            <dd>{t(`h_${field}`)}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

// How the columns of the file were understood.
function Columns({ tried }: { tried: PeopleImport }) {
  const t = useTexts(peopleTexts);
  const language = useLanguage();
  const comma = language === "zh" ? "、" : ", ";
  const taken = tried.columns.filter((column) => column.field).map((column) => (column.header === t(`f_${column.field!}`) ? column.header : `${column.header} → ${t(`f_${column.field!}`)}`));
  const left = tried.columns.filter((column) => !column.field).map((column) => column.header);
  return (
    <div>
      <p>{t("taken", { columns: taken.join(comma) })}</p>
      {left.length > 0 && <p className="quiet">{t("notTaken", { columns: left.join(comma) })}</p>}
    </div>
  );
}

function Rows({ rows }: { rows: PeopleRow[] }) {
  const t = useTexts(peopleTexts);
  // Refused ones first: they are what somebody has to look at.
  const ordered = useMemo(() => [...rows.filter((row) => row.problems.length > 0), ...rows.filter((row) => row.problems.length === 0)], [rows]);
  const shown = ordered.slice(0, kRowsShown);
  if (rows.length === 0) return <EmptyState small why={t("nothing")} />;
  return (
    <Panel flush>
      <div className={styles.tableScroll}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{t("row")}</th>
              <th scope="col">{t("f_login")}</th>
              <th scope="col">{t("f_name")}</th>
              <th scope="col">{t("f_post")}</th>
              <th scope="col">{t("becomes")}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={row.row}>
                <td data-label={t("row")}>{formatNumber(row.row)}</td>
                <td className={styles.nowrap}>
                  <b>{row.login || "—"}</b>
                </td>
                <td className={styles.nowrap}>{row.name || "—"}</td>
                <td data-label={t("f_post")} className={styles.nowrap}>{row.post ?? "—"}</td>
                <td>
                  <Becomes row={row} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > kRowsShown && <p className={styles.pad}>{t("shownRows", { n: formatNumber(kRowsShown) })}</p>}
    </Panel>
  );
}

function Becomes({ row }: { row: PeopleRow }) {
  const t = useTexts(peopleTexts);
  if (row.problems.length > 0) {
    return (
      <>
        <Tag tone="bad">{t("refused")}</Tag>
        {row.problems.map((problem) => (
          <p key={problem.code + problem.message}>
            {problem.message} <span className="quiet">{problem.todo}</span>
          </p>
        ))}
      </>
    );
  }
  return (
    <>
      {row.added && <Tag tone="good">{t("added")}</Tag>} {row.posted && <Tag tone="accent">{t("posted")}</Tag>} {row.renamed && <Tag tone="accent">{t("renamed")}</Tag>}
      {!row.added && !row.posted && !row.renamed && <Tag>{t("same")}</Tag>}
    </>
  );
}

function Passwords({ done, onKept }: { done: PeopleImport; onKept: () => void }) {
  const t = useTexts(peopleTexts);
  const save = () => {
    saveText("dealpace-passwords.csv", formatCsv([[t("pw_login"), t("pw_name"), t("pw_password")], ...done.passwords.map((one) => [one.login, one.name, one.password])]), "text/csv");
    onKept();
  };
  return (
    <Panel
      flush
      title={t("passwords")}
      action={
        <Button kind="primary" icon={Download} onClick={save}>
          {t("downloadPasswords")}
        </Button>
      }
    >
      <div className={styles.pad}>
        <Banner kind="warn">{t("passwordsNote")}</Banner>
      </div>
      <div className={styles.tableScroll}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{t("f_login")}</th>
              <th scope="col">{t("f_name")}</th>
              <th scope="col">{t("password")}</th>
            </tr>
          </thead>
          <tbody>
            {done.passwords.map((one) => (
              <tr key={one.login}>
                <td>
                  <b>{one.login}</b>
                </td>
                <td>{one.name}</td>
                <td>
                  <code data-secret>{one.password}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
