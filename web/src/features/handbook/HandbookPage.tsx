import { useParams } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useEffect, useMemo, useRef, type KeyboardEvent } from "react";
import { useCatalog, type CatalogView, type Kpi } from "@/api";
import { useTexts } from "@/i18n";
import { Link, one, usePageSearch } from "@/state/page";
import { Button, Checkbox, EmptyState, PageHead, Select, Skeleton, Tag, TextInput, usePhone, type Unit } from "@/ui";
import { HandbookEntry } from "./HandbookEntry";
import styles from "./handbook.module.css";
import { findKpis, type Filters } from "./logic/find";
import { handbookTexts } from "./texts";

// All KPIs, by group or by search, and the page of one of them. On the phone first the list, then the page.

const kAll = "-";
let listTop = 0; // where the list stood, while one KPI after another is looked at

export default function HandbookPage() {
  const t = useTexts(handbookTexts);
  const catalog = useCatalog();
  const phone = usePhone();
  const { kpi: open } = useParams({ strict: false }) as { kpi?: string };
  const [filters, patch] = usePageSearch<Filters>((raw) => ({ q: one(raw.q) ?? "", group: one(raw.group) ?? "", unit: one(raw.unit) ?? "", own: one(raw.own) === "1" }));
  const shown = open ? catalog.kpi(open) : undefined;
  const list = (!phone || !open) && <KpiList filters={filters} patch={patch} open={open} />;
  const title = shown ? catalog.text(shown.name) : t("title");

  return (
    <>
      <PageHead
        title={t("title")}
        documentTitle={shown ? `${title} · ${t("title")}` : title}
        result={catalog.raw ? t("lead", { n: catalog.raw.kpis.length }) : undefined}
      />
      <div className={styles.panes}>
        {list}
        {(!phone || open) && (
          <div className={styles.entry}>
            {phone && (
              <Link to="/handbook" search={searchOf(filters)} className={styles.back}>
                <ArrowLeft size={16} aria-hidden /> {t("back")}
              </Link>
            )}
            {!catalog.ready ? (
              <Skeleton lines={8} height={20} />
            ) : !open ? (
              <EmptyState why={t("choose")} />
            ) : shown ? (
              <HandbookEntry key={shown.id} kpi={shown} keep={searchOf(filters)} />
            ) : (
              <EmptyState
                why={t("notFound", { id: open })}
                action={
                  <Link to="/handbook" search={searchOf(filters)}>
                    {t("toList")}
                  </Link>
                }
              />
            )}
          </div>
        )}
      </div>
    </>
  );
}

function searchOf({ q, group, unit, own }: Filters): Record<string, string | undefined> {
  return { q: q || undefined, group: group || undefined, unit: unit || undefined, own: own ? "1" : undefined };
}

function KpiList({ filters, patch, open }: { filters: Filters; patch: ReturnType<typeof usePageSearch>[1]; open: string | undefined }) {
  const t = useTexts(handbookTexts);
  const catalog = useCatalog();
  const list = useRef<HTMLDivElement>(null);
  const found = useMemo(() => (catalog.raw ? findKpis(catalog.raw, filters) : []), [catalog.raw, filters]);
  const sections = useMemo(() => sectionsOf(catalog, found, filters.q !== ""), [catalog, found, filters.q]);
  const any = filters.q !== "" || filters.group !== "" || filters.unit !== "" || filters.own;

  useEffect(() => {
    const element = list.current;
    if (!element) return;
    element.scrollTop = listTop;
    const current = element.querySelector<HTMLElement>('[aria-current="page"]');
    if (current) {
      const place = current.offsetTop - element.offsetTop;
      if (place < element.scrollTop || place > element.scrollTop + element.clientHeight - 40) element.scrollTop = place - element.clientHeight / 3;
    }
    return () => void (listTop = element.scrollTop);
  }, [catalog.ready]);

  const units = [...new Set((catalog.raw?.kpis ?? []).map((kpi) => kpi.unit))];
  const clear = () => patch({ q: undefined, group: undefined, unit: undefined, own: undefined });
  const keys = (event: KeyboardEvent) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const links = [...(list.current?.querySelectorAll<HTMLElement>("li > a") ?? [])];
    if (links.length === 0) return;
    event.preventDefault();
    const at = links.indexOf(document.activeElement as HTMLElement);
    links[Math.max(0, Math.min(links.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)))]?.focus();
  };

  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the arrows move among the links inside
    <nav className={styles.list} aria-label={t("list")} onKeyDown={keys}>
      <div className={styles.filters}>
        <TextInput type="search" aria-label={t("search")} placeholder={t("search")} value={filters.q} onChange={(q) => patch({ q: q || undefined }, { replace: true })} />
        <div className={styles.selects}>
          <Select
            label={t("group")}
            value={filters.group || kAll}
            onChange={(group) => patch({ group: group === kAll ? undefined : group })}
            options={[{ value: kAll, label: t("allGroups") }, ...(catalog.raw?.groups ?? []).map((group) => ({ value: group.id, label: catalog.text(group.name) || (group.id === "own" ? t("ownGroup") : group.id) }))]}
          />
          <Select label={t("unit")} value={filters.unit || kAll} onChange={(unit) => patch({ unit: unit === kAll ? undefined : unit })} options={[{ value: kAll, label: t("allUnits") }, ...units.map((unit) => ({ value: unit as string, label: t(`unit.${unit as Unit}`) }))]} />
        </div>
        <div className={styles.line}>
          <Checkbox checked={filters.own} onChange={(own) => patch({ own: own ? "1" : undefined })} label={t("own")} />
          <span className={styles.count} aria-live="polite">
            {catalog.ready && t("found", { n: found.length, count: found.length })}
          </span>
        </div>
      </div>
      <div className={styles.scroll} ref={list}>
        {!catalog.ready ? (
          <div className={styles.pad}>
            <Skeleton lines={14} height={20} />
          </div>
        ) : found.length === 0 ? (
          <EmptyState why={filters.q ? t("none", { q: filters.q }) : t("noneFiltered")} action={any ? <Button onClick={clear}>{t("clear")}</Button> : undefined} small />
        ) : (
          sections.map(({ id, name, kpis }) => (
            <section key={id} aria-label={name || undefined}>
              {name && <h2 className={styles.section}>{name}</h2>}
              <ul>
                {kpis.map((kpi) => (
                  <li key={kpi.id}>
                    <Link to="/handbook/$kpi" params={{ kpi: kpi.id }} search={searchOf(filters)} className={styles.kpi} {...(kpi.id === open ? { "aria-current": "page" as const } : {})}>
                      <span className={styles.name}>
                        {catalog.text(kpi.name)}
                      </span>
                      {kpi.own && <Tag tone="accent">{t("ownTag")}</Tag>}
                      <span className={styles.id}>{kpi.id}</span>
                    </Link>
                  </li>
                ))}
              </ul>
            </section>
          ))
        )}
      </div>
    </nav>
  );
}

// By group in the catalogue's order; a search shows one list, best first.
function sectionsOf(catalog: CatalogView, found: Kpi[], searched: boolean): { id: string; name: string; kpis: Kpi[] }[] {
  if (searched) return [{ id: "found", name: "", kpis: found }];
  const out: { id: string; name: string; kpis: Kpi[] }[] = [];
  for (const kpi of found) {
    let section = out.find(({ id }) => id === kpi.group);
    if (!section) {
      section = { id: kpi.group, name: catalog.text(catalog.raw?.groups?.find(({ id }) => id === kpi.group)?.name) || kpi.group, kpis: [] };
      out.push(section);
    }
    section.kpis.push(kpi);
  }
  return out;
}
