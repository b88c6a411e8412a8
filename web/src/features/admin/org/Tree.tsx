import { useVirtualizer } from "@tanstack/react-virtual";
import { Building2, ChevronDown, ChevronRight, CircleUser, Globe, MapPinned, UserX, Users } from "lucide-react";
import { useEffect, useRef, type KeyboardEvent } from "react";
import { useLanguage, useTexts } from "@/i18n";
import { classes, formatDay, formatNumber, Tag, usePhone } from "@/ui";
import styles from "../admin.module.css";
import { treeKey, type Line, type Node, type NodeKind } from "../logic/org";
import { orgTexts } from "./texts";

const kIcons: Record<NodeKind, typeof Globe> = { network: Globe, region: MapPinned, none: MapPinned, dealer: Building2, team: Users, noteam: Users, left: UserX, staff: CircleUser };

export function useNodeName(): (node: Node) => string {
  const t = useTexts(orgTexts);
  return (node) => (node.kind === "network" ? t("network") : node.kind === "none" ? t("none") : node.kind === "left" ? t("left") : node.name);
}

// The tree as one focusable list (WAI-ARIA tree): arrows move, open and close; a letter jumps. Only what is in sight is drawn.
export function Tree({ lines, selected, onSelect, onToggle, coming }: { lines: Line[]; selected: string | null; onSelect: (key: string) => void; onToggle: (key: string, open: boolean) => void; coming: ReadonlyMap<string, { from: string; to: string }> }) {
  const t = useTexts(orgTexts);
  const language = useLanguage();
  const phone = usePhone();
  const nameOf = useNodeName();
  const box = useRef<HTMLDivElement>(null);
  const height = phone ? 44 : 31;
  const virtual = useVirtualizer({ count: lines.length, getScrollElement: () => box.current, estimateSize: () => height, overscan: 12 });
  const index = lines.findIndex((line) => line.node.key === selected);
  useEffect(() => {
    if (index >= 0) virtual.scrollToIndex(index, { align: "auto" });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only when another line is chosen
  }, [index]);
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = treeKey(lines, selected, event.key);
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    if ("to" in move) onSelect(move.to);
    else if ("open" in move) onToggle(move.open, true);
    else onToggle(move.close, false);
  };
  const id = (key: string) => `org-${key.replace(":", "-")}`;
  const active = index >= 0 ? id(lines[index]!.node.key) : undefined;
  return (
    <div ref={box} className={styles.tree} role="tree" aria-label={t("tree")} tabIndex={0} onKeyDown={onKey} {...(active ? { "aria-activedescendant": active } : {})}>
      <div style={{ height: virtual.getTotalSize(), position: "relative" }} role="none">
        {virtual.getVirtualItems().map((item) => {
          const line = lines[item.index]!;
          const { node } = line;
          const Icon = kIcons[node.kind];
          const parent = node.children.length > 0;
          const next = coming.get(node.key);
          return (
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus -- the tree has the focus and the keys
            <div
              key={node.key}
              id={id(node.key)}
              role="treeitem"
              aria-level={line.level}
              aria-posinset={line.position}
              aria-setsize={line.siblings}
              aria-selected={node.key === selected}
              {...(parent ? { "aria-expanded": line.open } : {})}
              className={classes(styles.treeLine, node.key === selected && styles.treeChosen, node.left && styles.treeLeft, (node.kind === "region" || node.kind === "dealer" || node.kind === "network") && styles.treeStrong)}
              style={{ height: item.size, transform: `translateY(${item.start}px)`, paddingLeft: 8 + (line.level - 1) * (phone ? 14 : 18) }}
              onClick={() => onSelect(node.key)}
              onDoubleClick={() => parent && onToggle(node.key, !line.open)}
            >
              {parent ? (
                <button
                  type="button"
                  tabIndex={-1}
                  aria-hidden
                  className={styles.twist}
                  onClick={(event) => {
                    event.stopPropagation();
                    onToggle(node.key, !line.open);
                  }}
                >
                  {line.open ? <ChevronDown size={14} /> : <ChevronRight size={14} />}
                </button>
              ) : (
                <span className={styles.twist} />
              )}
              <Icon size={14} strokeWidth={1.7} aria-hidden className={styles.treeIcon} />
              <span className={styles.treeName}>{nameOf(node)}</span>
              {node.code && node.code !== node.name && <span className={styles.treeCode}>{node.code}</span>}
              {next && <Tag tone="accent">{t("futureMove", { day: formatDay(next.from, language), to: next.to })}</Tag>}
              <span className={styles.treeCount}>
                {(node.kind === "network" || node.kind === "region" || node.kind === "none") && `${t("countDealers", { n: formatNumber(node.dealers), count: node.dealers })} · `}
                {node.kind !== "staff" && t("countPeople", { n: formatNumber(node.people), count: node.people })}
                {node.kind === "staff" && node.left && t("notThere")}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
