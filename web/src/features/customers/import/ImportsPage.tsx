import { ArrowLeft, Download, FileSpreadsheet } from "lucide-react";
import { useState } from "react";
import { download } from "@/api";
import { useLanguage, useTexts } from "@/i18n";
import { Link, useGo } from "@/state/page";
import { Button, EmptyState, ErrorState, FileDrop, formatInstant, formatNumber, PageHead, Panel, Skeleton, Tag, type Tone } from "@/ui";
import styles from "../customers.module.css";
import { useWithin, WithDealer } from "../Dealer";
import type { Dealer } from "../logic/dealer";
import { useImports, useUpload, type Summary } from "./data";
import own from "./import.module.css";
import { importTexts } from "./texts";

const kEndings = [".xlsx", ".csv", ".txt", ".tsv"] as const;
const kBytesMax = 20 << 20;
const kTone: Record<Summary["state"], Tone> = { draft: "warn", importing: "warn", done: "good", undoing: "warn", undone: "neutral" };

// Bring a list, and what became of earlier ones.
export default function ImportsPage() {
  const t = useTexts(importTexts);
  return <WithDealer title={t("title")}>{(dealer) => <Imports key={dealer.id} dealer={dealer} />}</WithDealer>;
}

function Imports({ dealer }: { dealer: Dealer }) {
  const t = useTexts(importTexts);
  const language = useLanguage();
  const go = useGo();
  const within = useWithin(dealer);
  const { data, error, isLoading, refetch } = useImports(dealer.id);
  const bring = useUpload(dealer.id);
  const [saveError, setSaveError] = useState<unknown>(null);
  const take = (file: File) => bring.mutate({ file }, { onSuccess: ({ id }) => go({ to: "/customers/import/$id", params: { id }, search: within }) });
  return (
    <div className={styles.page}>
      <PageHead
        title={t("title")}
        result={t("lead")}
        actions={
          <>
            <Button icon={ArrowLeft} onClick={() => go({ to: "/customers", search: within })}>
              {t("back")}
            </Button>
            <Button icon={Download} onClick={() => void download("/api/v1/customer-import-template", { name: "customers.xlsx" }).catch(setSaveError)}>
              {t("template")}
            </Button>
          </>
        }
      />
      <Panel>
        <FileDrop accept={kEndings} maxBytes={kBytesMax} hint={t("dropHint")} onFile={take} disabled={bring.isPending} />
        {bring.isPending && <Skeleton lines={1} height={20} label={t("checking")} />}
        {(bring.error ?? saveError) !== null && <ErrorState small error={bring.error ?? saveError} />}
      </Panel>
      <Panel flush title={t("before")}>
        {isLoading && (
          <div className={styles.pad}>
            <Skeleton lines={3} height={24} />
          </div>
        )}
        {error && <ErrorState error={error} onRetry={() => void refetch()} />}
        {data?.length === 0 && <EmptyState small icon={FileSpreadsheet} why={t("none")} />}
        {data && data.length > 0 && (
          <ul className={own.list}>
            {data.map((one) => (
              <li key={one.id}>
                <Link to="/customers/import/$id" params={{ id: one.id }} search={within} className={own.line}>
                  <b className={own.file}>{one.file ?? t("fileGone")}</b>
                  <span className="quiet">
                    {formatInstant(one.created_at, language)} · {one.created_by}
                  </span>
                  <span className="quiet">{one.state !== "draft" && t("addedN", { n: formatNumber(one.added) })}</span>
                  <Tag tone={kTone[one.state]}>{t(`s_${one.state}`)}</Tag>
                </Link>
              </li>
            ))}
          </ul>
        )}
      </Panel>
    </div>
  );
}
