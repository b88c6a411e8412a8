import { Calculator, Plus } from "lucide-react";
import { useState } from "react";
import { useCatalog } from "@/api";
import { rich, useLanguage, useTexts } from "@/i18n";
import { one, usePageSearch } from "@/state/page";
import { Button, classes, Dialog, EmptyState, ErrorState, formatInstant, formatNumber, PageHead, Panel, Skeleton, Tag, toast } from "@/ui";
import styles from "../admin.module.css";
import { useOwnKpis, useRemoveKpi, type OwnKpi } from "./data";
import { Editor } from "./Editor";
import { kpiTexts } from "./texts";

export default function KpisPage() {
  const t = useTexts(kpiTexts);
  const catalog = useCatalog();
  const { data, error, isLoading, refetch } = useOwnKpis();
  const [{ open }, patch] = usePageSearch((raw) => ({ open: one(raw.kpi) ?? null }));
  const [removing, setRemoving] = useState<OwnKpi | null>(null);
  const kpis = data ?? [];
  const chosen = kpis.find((kpi) => kpi.id === open) ?? null;
  const choose = (id: string | null) => patch({ kpi: id ?? undefined });
  const addButton = (
    <Button kind="primary" icon={Plus} onClick={() => choose("new")}>
      {t("add")}
    </Button>
  );
  return (
    <div className={styles.page}>
      <PageHead
        title={t("title")}
        result={data && (kpis.length > 0 ? rich(t("lead", { n: formatNumber(kpis.length), count: kpis.length })) : t("leadNone", { n: formatNumber(catalog.raw?.kpis.length) }))}
        actions={kpis.length > 0 && open !== "new" && addButton}
      />
      <div className={classes(styles.split, styles.kpiSplit)}>
        <Panel flush className={styles.listPanel}>
          {isLoading && (
            <div className={styles.pad}>
              <Skeleton lines={4} height={36} />
            </div>
          )}
          {error && <ErrorState error={error} onRetry={() => void refetch()} />}
          {data && kpis.length === 0 && <EmptyState icon={Calculator} why={t("none")} action={open !== "new" && addButton} />}
          <ul>
            {kpis.map((kpi) => (
              <KpiLine key={kpi.id} kpi={kpi} chosen={kpi.id === open} onChoose={() => choose(kpi.id)} />
            ))}
          </ul>
        </Panel>
        {(open === "new" || chosen) && <Editor key={chosen ? `${chosen.id}` : "new"} kpi={chosen} onClose={() => choose(null)} onSaved={(id) => choose(id)} {...(chosen ? { onRemove: () => setRemoving(chosen) } : {})} />}
      </div>
      {removing && (
        <RemoveDialog
          kpi={removing}
          onClose={() => setRemoving(null)}
          onDone={() => {
            setRemoving(null);
            choose(null);
          }}
        />
      )}
    </div>
  );
}

function KpiLine({ kpi, chosen, onChoose }: { kpi: OwnKpi; chosen: boolean; onChoose: () => void }) {
  const t = useTexts(kpiTexts);
  const language = useLanguage();
  const catalog = useCatalog();
  const { problem } = kpi;
  return (
    <li>
      <button type="button" className={classes(styles.listLine, chosen && styles.listChosen)} aria-current={chosen ? "true" : undefined} onClick={onChoose}>
        <span className={styles.listName}>
          <b>{catalog.text(kpi.name)}</b> <span className="code quiet">{kpi.id}</span>
          {problem && <Tag tone="bad">{t("problem")}</Tag>}
        </span>
        <code className={styles.listFormula}>{kpi.formula}</code>
        {problem && <span className="bad">{problem.message}</span>}
        <span className={styles.listNote}>{kpi.changed_at ? t("changed", { who: kpi.changed_by ?? "", at: formatInstant(kpi.changed_at, language) }) : ""}</span>
      </button>
    </li>
  );
}

function RemoveDialog({ kpi, onClose, onDone }: { kpi: OwnKpi; onClose: () => void; onDone: () => void }) {
  const t = useTexts(kpiTexts);
  const catalog = useCatalog();
  const remove = useRemoveKpi();
  const name = catalog.text(kpi.name);
  const users = (catalog.kpi(kpi.id)?.used_by ?? []).filter((id) => id !== kpi.id);
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={t("removeAsk", { name })}
      note={users.length > 0 ? t("removeUsed", { n: users.length, count: users.length, names: users.map((id) => catalog.name(id)).join("、") }) : t("removeNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button
            kind="danger"
            busy={remove.isPending}
            disabled={users.length > 0}
            onClick={() =>
              remove.mutate(
                { id: kpi.id, version: kpi.version },
                {
                  onSuccess: () => {
                    toast(t("removed", { name }));
                    onDone();
                  },
                },
              )
            }
          >
            {t("remove")}
          </Button>
        </>
      }
    >
      {remove.error && <ErrorState small error={remove.error} />}
    </Dialog>
  );
}
