import { ChevronDown, ChevronRight, House } from "lucide-react";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { orgTree, pathOf, useOrg, useViewer, type OrgNode, type OrgTree } from "@/api";
import { useTexts } from "@/i18n";
import { useView, type Scope } from "@/state/view";
import { classes, matches, Popover, Skeleton } from "@/ui";
import { kOpenScope } from "./keys";
import styles from "./ScopePicker.module.css";
import { appTexts } from "./texts";

const kShownMax = 200;

// What the widest scope is called: the network, or as much of it as the viewer sees.
export function useWidestName(short = false): string {
  const t = useTexts(appTexts);
  const { admin, rights } = useViewer();
  const { data: org } = useOrg();
  const whole = admin || rights["reports"] === "network";
  const only = org?.dealers.length === 1 ? org.dealers[0]!.name : undefined;
  return whole ? t(short ? "networkShort" : "network") : (only ?? t("mine"));
}

// Of whom: the network, a region, a dealer, a team or a person.
export function ScopePicker({ phone = false }: { phone?: boolean }) {
  const t = useTexts(appTexts);
  const view = useView();
  const widest = useWidestName(phone);
  const { data: org } = useOrg();
  const [open, setOpen] = useState(false);

  useEffect(() => {
    const onOpen = () => setOpen(true);
    window.addEventListener(kOpenScope, onOpen);
    return () => window.removeEventListener(kOpenScope, onOpen);
  }, []);

  const { scope } = view;
  const dealerCount = org?.dealers.length ?? 0;
  const node = scope.kind === "network" ? undefined : orgTree(org).byKey.get(`${scope.kind}:${scope.id}`);
  const path = node ? pathOf(node) : [];
  const name = scope.kind === "network" ? widest : (node?.name ?? (org ? t("unknownScope") : "…"));
  const above = path.at(-2)?.name;

  return (
    <Popover
      label={t("scope")}
      open={open}
      onOpenChange={setOpen}
      padded={false}
      trigger={
        <button type="button" className={classes(styles.trigger, phone && styles.phone)}>
          <span className="sr-only">{t("scope")}: </span>
          {!phone && <House size={14} strokeWidth={1.7} aria-hidden />}
          <span className={styles.shown}>
            {above && !phone && <span className={styles.above}>{above} /</span>}
            <b>{name}</b>
            {scope.kind === "network" && !phone && dealerCount > 1 && <span className={styles.count}>· {t("dealers", { n: dealerCount, count: dealerCount })}</span>}
          </span>
          <ChevronDown size={14} aria-hidden />
        </button>
      }
    >
      {org ? (
        <ScopeTree
          tree={orgTree(org)}
          scope={scope}
          choose={(next) => {
            view.set({ scope: next });
            setOpen(false);
          }}
        />
      ) : (
        <div className={styles.tree}>
          <Skeleton lines={6} height={20} />
        </div>
      )}
    </Popover>
  );
}

interface Line {
  node: OrgNode | null; // null: the network
  depth: number;
  open?: boolean;
  hint?: string;
}

function ScopeTree({ tree: { roots, byKey, dealerCount }, scope, choose }: { tree: OrgTree; scope: Scope; choose: (scope: Scope) => void }) {
  const t = useTexts(appTexts);
  const widest = useWidestName();
  const [search, setSearch] = useState("");
  const chosenKey = scope.kind === "network" ? "network" : `${scope.kind}:${scope.id}`;
  const [opened, setOpened] = useState<ReadonlySet<string>>(() => {
    const keys = new Set<string>();
    const chosen = byKey.get(chosenKey);
    for (let at = chosen?.parent; at; at = at.parent) keys.add(at.key);
    // A single root is opened: nobody has to open the only one.
    if (roots.length === 1) keys.add(roots[0]!.key);
    return keys;
  });
  const [active, setActive] = useState(0);
  const list = useRef<HTMLUListElement>(null);

  const { lines, more } = useMemo(() => {
    if (search.trim()) {
      const found = [...byKey.values()]
        .filter((node) => !node.virtual)
        .map((node) => ({ node, score: matches(`${node.name} ${node.code}`, search) }))
        .filter(({ score }) => score > 0)
        .sort((a, b) => b.score - a.score);
      const shown: Line[] = found.slice(0, 50).map(({ node }) => ({ node, depth: 0, hint: pathOf(node).slice(0, -1).map((at) => at.name).join(" / ") || t(node.scope.kind as "region") }));
      return { lines: shown, more: found.length - shown.length };
    }
    const shown: Line[] = [{ node: null, depth: 0 }];
    const walk = (nodes: OrgNode[], depth: number) => {
      for (const node of nodes) {
        const open = opened.has(node.key);
        shown.push({ node, depth, ...(node.children.length ? { open } : {}) });
        if (open) walk(node.children, depth + 1);
      }
    };
    walk(roots, 1);
    return { lines: shown.slice(0, kShownMax), more: Math.max(0, shown.length - kShownMax) };
  }, [search, byKey, roots, opened, t]);

  const at = Math.min(active, Math.max(0, lines.length - 1));
  const toggle = (key: string, open: boolean) => {
    const next = new Set(opened);
    if (open) next.add(key);
    else next.delete(key);
    setOpened(next);
  };
  const pick = (line: Line | undefined) => {
    if (!line || line.node?.virtual) return;
    choose(line.node?.scope ?? { kind: "network", id: "" });
  };
  const onKey = (event: KeyboardEvent) => {
    const line = lines[at];
    const move = (to: number) => {
      setActive(to);
      list.current?.children[to]?.scrollIntoView({ block: "nearest" });
    };
    if (event.key === "ArrowDown") move(Math.min(lines.length - 1, at + 1));
    else if (event.key === "ArrowUp") move(Math.max(0, at - 1));
    else if (event.key === "ArrowRight" && !search && line?.node && line.open === false) toggle(line.node.key, true);
    else if (event.key === "ArrowLeft" && !search && line?.node) {
      if (line.open) toggle(line.node.key, false);
      else move(Math.max(0, lines.findIndex((other) => other.node === line.node!.parent)));
    } else if (event.key === "Enter") pick(line);
    else return;
    event.preventDefault();
  };
  useEffect(() => {
    const chosen = lines.findIndex((line) => (line.node?.key ?? "network") === chosenKey);
    if (chosen > 0) {
      setActive(chosen);
      list.current?.children[chosen]?.scrollIntoView({ block: "center" });
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once, when it opens
  }, []);

  return (
    <div className={styles.tree}>
      <div className={styles.searchRow}>
        <input
          className={styles.search}
          value={search}
          autoFocus
          placeholder={t("findScope")}
          aria-label={t("findScope")}
          role="combobox"
          aria-expanded
          aria-controls="scope-list"
          aria-activedescendant={lines.length ? `scope-${at}` : undefined}
          onKeyDown={onKey}
          onChange={(event) => {
            setSearch(event.target.value);
            setActive(0);
          }}
        />
      </div>
      <ul ref={list} id="scope-list" className={styles.list} role="tree" aria-label={t("scope")}>
        {lines.map((line, index) => {
          const { node } = line;
          const key = node?.key ?? "network";
          const name = node ? (node.virtual ? t("noRegion") : node.name) : widest;
          return (
            <li
              key={key}
              id={`scope-${index}`}
              role="treeitem"
              aria-level={line.depth + 1}
              aria-selected={key === chosenKey}
              {...(line.open !== undefined ? { "aria-expanded": line.open } : {})}
              className={classes(styles.line, index === at && styles.active, key === chosenKey && styles.chosen)}
              style={{ paddingLeft: 6 + line.depth * 16 }}
            >
              {line.open !== undefined ? (
                <button type="button" tabIndex={-1} className={styles.toggle} aria-label={t(line.open ? "collapse" : "expand", { name })} onClick={() => toggle(key, !line.open)}>
                  <ChevronRight size={14} aria-hidden className={line.open ? styles.turned : undefined} />
                </button>
              ) : (
                <span className={styles.toggle} />
              )}
              <button type="button" tabIndex={-1} className={styles.name} disabled={Boolean(node?.virtual)} onMouseMove={() => setActive(index)} onClick={() => pick(line)}>
                <span className={styles.text}>{name}</span>
                {!node && dealerCount > 1 && <span className={styles.hint}>{t("dealers", { n: dealerCount, count: dealerCount })}</span>}
                {node && !line.hint && node.scope.kind === "region" && <span className={styles.hint}>{t("dealers", { n: node.children.length, count: node.children.length })}</span>}
                {line.hint && <span className={styles.hint}>{line.hint}</span>}
                {node?.left && <span className={styles.hint}>{t("left")}</span>}
              </button>
            </li>
          );
        })}
      </ul>
      {lines.length === 0 && <p className={styles.note}>{t("noScope")}</p>}
      {more > 0 && <p className={styles.note}>{t("moreMatches", { n: more })}</p>}
    </div>
  );
}
