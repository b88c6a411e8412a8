import { Download } from "lucide-react";
import { useState, type ReactNode } from "react";
import { download } from "@/api";
import { plain, rich, useLanguage, useTexts } from "@/i18n";
import { Link } from "@/state/page";
import { Button, classes, EmptyState, ErrorState, Field, formatDay, formatNumber, PageHead, Panel, SegmentedControl, Select, Skeleton, Tag, toast, type Tone } from "@/ui";
import { useWithin } from "../Dealer";
import forms from "../customers.module.css";
import type { Dealer } from "../logic/dealer";
import { nameOf, useRequests, useStep, useTerms, type PersonRequest, type Step, type Terms } from "./data";
import { AskDialog, dayHere, optionsOf } from "./dialogs";
import styles from "./privacy.module.css";
import { texts } from "./texts";

const kTone: Record<PersonRequest["state"], Tone> = { received: "neutral", checked: "accent", done: "good", refused: "bad" };
const kScopes = ["all", "contact", "record", "consent"] as const;

// What people ask about their data: what is overdue first.
export function RequestsTab({ dealer, tabs }: { dealer: Dealer; tabs: ReactNode }) {
  const t = useTexts(texts);
  const [state, setState] = useState<"open" | "closed">("open");
  const open = useRequests(dealer.id, "open");
  const { data: requests, error, refetch } = useRequests(dealer.id, state);
  const { data: terms } = useTerms();
  const late = open.data?.filter(({ overdue }) => overdue).length ?? 0;
  const n = open.data?.length ?? 0;
  const name = plain(dealer.name || dealer.code);
  return (
    <div className={forms.page}>
      <PageHead title={t("privacy")} result={open.data && rich(n === 0 ? t("requestNone", { dealer: name }) : t("requestLead", { dealer: name, n: formatNumber(n), late: formatNumber(late), count: n }))} />
      {tabs}
      <div className={styles.bar}>
        <SegmentedControl
          label={t("state")}
          value={state}
          onChange={setState}
          options={[
            { value: "open", label: t("open") },
            { value: "closed", label: t("closed") },
          ]}
        />
      </div>
      <Panel title={t(state === "open" ? "openRequests" : "closedRequests")} flush>
        {error && <ErrorState error={error} onRetry={() => void refetch()} />}
        {(!requests || !terms) && !error && (
          <div className={forms.pad}>
            <Skeleton lines={5} height={24} />
          </div>
        )}
        {requests?.length === 0 && <EmptyState small why={t(state === "open" ? "noOpen" : "noClosed")} />}
        {requests && terms && requests.length > 0 && <List dealer={dealer} requests={requests} terms={terms} />}
      </Panel>
    </div>
  );
}

function List({ dealer, requests, terms }: { dealer: Dealer; requests: PersonRequest[]; terms: Terms }) {
  const t = useTexts(texts);
  return (
    <table className={classes(styles.table, styles.cards)} aria-label={t("tabRequests")}>
      <thead>
        <tr>
          <th scope="col">{t("customer")}</th>
          <th scope="col">{t("kind")}</th>
          <th scope="col">{t("state")}</th>
          <th scope="col">{t("received")}</th>
          <th scope="col">{t("due")}</th>
          <th scope="col" aria-label={t("edit")} />
        </tr>
      </thead>
      <tbody>
        {requests.map((request) => (
          <Line key={request.id} dealer={dealer} request={request} terms={terms} />
        ))}
      </tbody>
    </table>
  );
}

function Line({ dealer, request, terms }: { dealer: Dealer; request: PersonRequest; terms: Terms }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const within = useWithin(dealer);
  const [doing, setDoing] = useState<"check" | "finish" | "refuse" | null>(null);
  const open = request.closed_at == null;
  const erasure = request.kind === "erasure";
  const dayOf = (instant: string) => formatDay(dayHere(new Date(instant)), language, { year: true });
  return (
    <tr>
      <td>
        <Link to="/customers/$id" params={{ id: request.customer }} search={within}>
          {request.customer_name ?? request.customer}
        </Link>
        {request.words && <div className={styles.small}>{request.words}</div>}
      </td>
      <td data-label={t("kind")}>
        <b>{nameOf(terms.requests, request.kind, language)}</b>
        {request.scope && <div className={styles.small}>{t(`scope_${request.scope as (typeof kScopes)[number]}`)}</div>}
      </td>
      <td data-label={t("state")}>
        <Tag tone={kTone[request.state]}>{t(`s_${request.state}`)}</Tag>
        {request.refusal && <div className={styles.small}>{nameOf(terms.refusals, request.refusal, language)}</div>}
        {request.identity && !request.refusal && <div className={styles.small}>{nameOf(terms.identities, request.identity, language)}</div>}
      </td>
      <td data-label={t("received")}>{t("receivedBy", { day: dayOf(request.received_at), way: nameOf(terms.ways, request.way, language), name: request.received_by })}</td>
      <td data-label={t("due")}>
        {formatDay(request.due, language, { year: true })} {request.overdue && <Tag tone="bad">{t("overdue")}</Tag>}
      </td>
      <td>
        <span className={styles.buttons}>
          {request.kind === "access" && request.identity && request.state !== "refused" && <Export dealer={dealer} request={request} />}
          {open && (
            <Button small onClick={() => setDoing("refuse")}>
              {t("refuse")}
            </Button>
          )}
          {open && request.state === "checked" && (
            <Button small kind={erasure ? "danger" : "primary"} onClick={() => setDoing("finish")}>
              {t(erasure ? "eraseNow" : "finish")}
            </Button>
          )}
          {open && request.state === "received" && (
            <Button small kind="primary" onClick={() => setDoing("check")}>
              {t("checkIdentity")}
            </Button>
          )}
        </span>
        {doing && <StepDialog dealer={dealer} request={request} terms={terms} what={doing} onClose={() => setDoing(null)} />}
      </td>
    </tr>
  );
}

function Export({ dealer, request }: { dealer: Dealer; request: PersonRequest }) {
  const t = useTexts(texts);
  const [busy, setBusy] = useState<"json" | "csv" | null>(null);
  const [error, setError] = useState<unknown>(null);
  const save = (format: "json" | "csv") => {
    setBusy(format);
    setError(null);
    download(`/api/v1/privacy/requests/${request.id}/export?dealer=${dealer.id}`, { method: "POST", name: `personal-data.${format}`, body: { format } })
      .then(() => toast(t("exported"), { kind: "good" }), setError)
      .finally(() => setBusy(null));
  };
  return (
    <>
      <Button small icon={Download} busy={busy === "json"} onClick={() => save("json")}>
        {t("exportJson")}
      </Button>
      <Button small icon={Download} busy={busy === "csv"} onClick={() => save("csv")}>
        {t("exportCsv")}
      </Button>
      {error !== null && <ErrorState small error={error} />}
    </>
  );
}

function StepDialog({ dealer, request, terms, what, onClose }: { dealer: Dealer; request: PersonRequest; terms: Terms; what: "check" | "finish" | "refuse"; onClose: () => void }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const [identity, setIdentity] = useState("");
  const [scope, setScope] = useState<(typeof kScopes)[number]>("all");
  const [reason, setReason] = useState("");
  const step = useStep(dealer.id, request);
  const name = request.customer_name ?? "";
  const erase = what === "finish" && request.kind === "erasure";
  const now: Step = what === "check" ? { check: { identity, scope } } : what === "refuse" ? { refuse: reason } : "finish";
  const words = what === "check" ? (["checkTitle", "checkNote", "checkIdentity"] as const) : what === "refuse" ? (["refuseTitle", "refuseNote", "refuse"] as const) : erase ? (["eraseTitle", "eraseNote", "eraseNow"] as const) : (["finishTitle", "finishNote", "finish"] as const);
  return (
    <AskDialog
      title={t(words[0], { name })}
      note={t(words[1])}
      save={t(words[2])}
      danger={erase}
      busy={step.isPending}
      ready={what === "finish" || (what === "check" ? identity !== "" : reason !== "")}
      onSave={() =>
        step.mutate(now, {
          onSuccess: () => {
            toast(t("doneStep"), { kind: "good" });
            onClose();
          },
        })
      }
      onClose={onClose}
      error={step.error}
      conflict="changedBy"
    >
      {what === "check" && (
        <>
          <Field label={t("identity")}>
            <Select value={identity} onChange={setIdentity} options={optionsOf(terms.identities, language)} />
          </Field>
          <Field label={t("scope")}>
            <Select value={scope} onChange={setScope} options={kScopes.map((value) => ({ value, label: t(`scope_${value}`) }))} />
          </Field>
        </>
      )}
      {what === "refuse" && (
        <Field label={t("reason")}>
          <Select value={reason} onChange={setReason} placeholder={t("chooseReason")} options={optionsOf(terms.refusals, language)} />
        </Field>
      )}
    </AskDialog>
  );
}
