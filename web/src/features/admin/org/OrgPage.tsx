import { Ellipsis, Network, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { useOrg } from "@/api";
import { rich, useTexts } from "@/i18n";
import { formatIso } from "@/state/period";
import { one, usePageActions, usePageSearch } from "@/state/page";
import { useToday } from "@/state/today";
import { formatCsv, saveText } from "@/ui/clipboard";
import { Button, Checkbox, EmptyState, ErrorState, formatNumber, IconButton, Menu, PageHead, Panel, Sheet, Skeleton, TextInput, usePhone } from "@/ui";
import styles from "../admin.module.css";
import { buildTree, exportRows, laterOn, linesOf, pathTo, searchTree, type Node, type Org } from "../logic/org";
import { Details, type Action } from "./Details";
import { AddDialog, MoveDialog, RenameDialog, type AddTo } from "./dialogs";
import { namesOf } from "./names";
import { PeopleDialog } from "./PeopleDialog";
import { orgTexts } from "./texts";
import { Tree, useNodeName } from "./Tree";

export default function OrgPage() {
  const t = useTexts(orgTexts);
  const query = useOrg();
  if (!query.data) {
    return (
      <div className={styles.page}>
        <PageHead title={t("title")} />
        <Panel>{query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton lines={12} height={22} />}</Panel>
      </div>
    );
  }
  return <Organisation org={query.data} />;
}

type Doing = { add: AddTo } | { rename: Node } | { move: Node; leaving: boolean } | { paste: { dealer: string; team: string | null } } | null;

function Organisation({ org }: { org: Org }) {
  const t = useTexts(orgTexts);
  const nodeName = useNodeName();
  const phone = usePhone();
  const businessDay = formatIso(useToday());
  const [{ chosen, q, left, on }, patch] = usePageSearch((raw) => ({ chosen: one(raw.node) ?? null, q: one(raw.q) ?? "", left: one(raw.left) === "1", on: one(raw.on) ?? "" }));
  const today = /^\d{4}-\d\d-\d\d$/.test(on) ? on : businessDay;
  const [doing, setDoing] = useState<Doing>(null);

  const tree = useMemo(() => buildTree(org, today, left), [org, today, left]);
  const found = useMemo(() => searchTree(tree, q), [tree, q]);
  const regions = org.regions.length > 0;
  // Open at first: the network, its regions, and what was linked to. A small network is open to its teams.
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  const linked = useMemo(() => new Set(chosen ? pathTo(tree, chosen).slice(0, -1).map((node) => node.key) : []), [chosen, tree]);
  const small = org.dealers.length <= 12;
  const isOpen = (node: Node) => toggled.get(node.key) ?? (q.trim() !== "" || node.kind === "network" || (regions && (node.kind === "region" || node.kind === "none")) || linked.has(node.key) || (small && node.kind === "dealer"));
  const lines = found ? linesOf(found, isOpen) : [];
  const node = chosen ? (pathTo(tree, chosen).at(-1) ?? null) : null;
  const select = (key: string | null) => patch({ node: key ?? undefined }, { replace: true });

  const coming = useMemo(() => {
    const nameOf = namesOf(org);
    const map = new Map<string, { from: string; to: string }>();
    for (const dealer of org.dealers) {
      const next = laterOn(dealer.region_history, today)[0];
      if (next) map.set(`dealer:${dealer.id}`, { from: next.from, to: next.target ? nameOf(next.target) : t("noRegion") });
      for (const person of dealer.staff) {
        const step = laterOn(person.team_history, today)[0];
        if (step) map.set(`staff:${person.id}`, { from: step.from, to: step.target ? nameOf(step.target) : t("gone") });
      }
    }
    return map;
  }, [org, today, t]);

  const exportCsv = () => saveText(t("csvName", { day: today }), formatCsv(exportRows(org, today, [t("hRegion"), t("hDealerCode"), t("hDealer"), t("hTeamCode"), t("hTeam"), t("hStaffCode"), t("hStaff"), t("hSince"), t("hLeft")])), "text/csv;charset=utf-8");
  usePageActions([{ id: "org-csv", label: t("exportCsv"), run: exportCsv }]);

  const act = (action: Action) => {
    if (!node) return;
    switch (action) {
      case "rename":
        return setDoing({ rename: node });
      case "move":
      case "back":
        return setDoing({ move: node, leaving: false });
      case "leave":
        return setDoing({ move: node, leaving: true });
      case "addDealer":
        return setDoing({ add: { kind: "dealer", dealer: null, target: node.kind === "region" ? node.id : null } });
      case "addTeam":
        return setDoing({ add: { kind: "team", dealer: node.dealer, target: null } });
      case "addStaff":
        return setDoing({ add: { kind: "staff", dealer: node.dealer, target: node.kind === "team" ? node.id : (org.dealers.find((d) => d.id === node.dealer)?.teams[0]?.id ?? null) } });
      case "paste":
        return setDoing({ paste: { dealer: node.dealer ?? "", team: node.kind === "team" ? node.id : null } });
    }
  };
  const empty = org.dealers.length === 0 && org.regions.length === 0;
  const close = () => setDoing(null);
  const details = node && <Details node={node} org={org} today={today} onAct={act} />;
  const pasteDealer = doing && "paste" in doing ? org.dealers.find((d) => d.id === doing.paste.dealer) : undefined;

  return (
    <div className={styles.page}>
      <PageHead
        title={t("title")}
        result={empty ? t("leadEmpty") : rich(t("lead", { dealers: formatNumber(tree.dealers), people: formatNumber(tree.people) }))}
        actions={
          <>
            <Button icon={Plus} onClick={() => setDoing({ add: { kind: "region", dealer: null, target: null } })}>
              {t("addRegion")}
            </Button>
            <Button kind="primary" icon={Plus} onClick={() => setDoing({ add: { kind: "dealer", dealer: null, target: node?.kind === "region" ? node.id : null } })}>
              {t("addDealer")}
            </Button>
            <Menu
              trigger={<IconButton bordered icon={Ellipsis} label={t("more")} />}
              items={[
                { id: "csv", label: t("exportCsv"), run: exportCsv },
                { id: "open", label: t("openAll"), run: () => setToggled(new Map(tree.children.map((child) => [child.key, true]))) },
                { id: "close", label: t("closeAll"), run: () => setToggled(new Map([...tree.children, ...tree.children.flatMap((child) => child.children)].map((child) => [child.key, false]))) },
              ]}
            />
          </>
        }
      />
      {empty ? (
        <Panel>
          <EmptyState icon={Network} why={t("leadEmpty")} action={<Button kind="primary" onClick={() => setDoing({ add: { kind: "dealer", dealer: null, target: null } })}>{t("addDealer")}</Button>} />
        </Panel>
      ) : (
        <div className={styles.split}>
          <Panel flush className={styles.treePanel}>
            <div className={styles.treeTools}>
              <TextInput type="search" value={q} onChange={(text) => patch({ q: text || undefined }, { replace: true })} placeholder={t("search")} aria-label={t("search")} />
              <Checkbox checked={left} onChange={(next) => patch({ left: next ? "1" : undefined }, { replace: true })} label={t("withLeft")} />
              <label className={styles.onDay}>
                {t("onDay")}
                <input type="date" value={today} onChange={(event) => patch({ on: event.target.value && event.target.value !== businessDay ? event.target.value : undefined }, { replace: true })} />
              </label>
            </div>
            {lines.length === 0 ? <EmptyState small why={t("noMatch")} /> : <Tree lines={lines} selected={chosen} onSelect={select} onToggle={(key, open) => setToggled(new Map(toggled).set(key, open))} coming={coming} />}
          </Panel>
          {phone ? (
            <Sheet open={node !== null} onOpenChange={(next) => !next && select(null)} title={node ? nodeName(node) : ""}>
              {details}
            </Sheet>
          ) : (
            <Panel className={styles.detailPanel}>{details ?? <EmptyState small why={t("choose")} />}</Panel>
          )}
        </div>
      )}
      {doing && "add" in doing && (
        <AddDialog
          to={doing.add}
          org={org}
          onClose={close}
          onAdded={(key) => {
            close();
            select(key);
          }}
        />
      )}
      {doing && "rename" in doing && <RenameDialog node={doing.rename} version={org.version} timeZone={doing.rename.kind === "dealer" ? (org.dealers.find((d) => d.id === doing.rename.id)?.time_zone ?? "") : null} onClose={close} />}
      {doing && "move" in doing && <MoveDialog node={doing.move} org={org} leaving={doing.leaving} onClose={close} />}
      {pasteDealer && doing && "paste" in doing && <PeopleDialog dealer={pasteDealer} team={doing.paste.team} onClose={close} />}
    </div>
  );
}
