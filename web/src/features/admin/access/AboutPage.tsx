import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { commonHeaders, ApiError, useCatalog, useOrg, useSession } from "@/api";
import { plain, rich, useLanguage, useTexts } from "@/i18n";
import { Button, formatDay, formatInstant, formatNumber, PageHead, Panel, Tag } from "@/ui";
import styles from "../admin.module.css";
import { accessTexts } from "./texts";

interface Health {
  process: boolean;
  store: boolean;
  why: string;
  at: string;
}
// /healthz: the process; /readyz: the store and its schema.
async function ask(): Promise<Health> {
  const probe = (path: string) => fetch(path, { headers: commonHeaders("GET"), cache: "no-store" }).catch(() => null);
  const [health, ready] = await Promise.all([probe("/healthz"), probe("/readyz")]);
  const why = ready === null || ready.ok ? "" : (await ApiError.from(ready)).title;
  // An answer that is not read holds its connection.
  await Promise.all([health?.text(), ready?.ok ? ready.text() : null]);
  return { process: health?.ok ?? false, store: ready?.ok ?? false, why, at: new Date().toISOString() };
}

export default function AboutPage() {
  const t = useTexts(accessTexts);
  const language = useLanguage();
  const session = useSession().data;
  const { data: org } = useOrg();
  const { raw } = useCatalog();
  const { data: health, isFetching, refetch } = useQuery({ queryKey: ["health"], queryFn: ask, refetchInterval: 30_000 });
  const lead = !health ? t("aboutChecking") : health.process && health.store ? t("aboutReady") : rich(t("aboutNotReady", { why: plain(health.why || t("noAnswer")) }));
  const light = (ok: boolean) => <Tag tone={ok ? "good" : "bad"}>{ok ? t("answers") : t("noAnswer")}</Tag>;
  return (
    <div className={styles.page}>
      <PageHead
        title={t("about")}
        result={lead}
        actions={
          <Button busy={isFetching} onClick={() => void refetch()}>
            {t("again")}
          </Button>
        }
      />
      <Panel>
        <dl className={styles.aboutList}>
          <Line label={t("version")}>{session?.version ?? "—"}</Line>
          <Line label={t("process")}>{health ? light(health.process) : "—"}</Line>
          <Line label={t("store")}>
            {health ? light(health.store) : "—"} {health && <span className="quiet">{t("checkedAt", { at: formatInstant(health.at, language, { seconds: true }) })}</span>}
          </Line>
          <Line label={t("businessDay")}>{formatDay(session?.today, language, { year: true })}</Line>
          <Line label={t("content")}>{org ? t("contentLine", { dealers: formatNumber(org.dealers.length), entries: formatNumber(org.dealers.reduce((sum, dealer) => sum + (dealer.entries ?? 0), 0)) }) : "—"}</Line>
          <Line label={t("catalogue")}>{raw ? t("catalogueLine", { kpis: formatNumber(raw.kpis.length), measures: formatNumber(raw.measures.length), events: formatNumber(raw.events.length) }) : "—"}</Line>
          <Line label={t("interface")}>
            <a href="/api/openapi.json" target="_blank" rel="noreferrer">
              {t("openapi")}
            </a>
            {" · "}
            <a href="/metrics" target="_blank" rel="noreferrer">
              {t("metrics")}
            </a>
          </Line>
        </dl>
      </Panel>
    </div>
  );
}

function Line({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
