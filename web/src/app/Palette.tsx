import { Command } from "cmdk";
import { Dialog as RadixDialog } from "radix-ui";
import { useMemo, useState } from "react";
import { pathOf, useCatalog, useViewer, useOrgTree, useSignOut } from "@/api";
import { pick, useLanguage, useTexts } from "@/i18n";
import { useGo, useOfferedActions } from "@/state/page";
import { formatPeriod, parseTyped, periodLabel } from "@/state/period";
import { settings, type Theme } from "@/state/settings";
import { useToday } from "@/state/today";
import { useView } from "@/state/view";
import { copyText, matches, toast, useReturnFocus } from "@/ui";
import { kPages } from "./pages";
import { mayOpen } from "@/state/page";
import styles from "./Palette.module.css";
import { appTexts } from "./texts";
import { useWidestName } from "./ScopePicker";
import { useSwitchLanguage } from "./TopBar";

interface Entry {
  id: string;
  label: string;
  hint?: string;
  words: string;
  run: () => void;
}

// Ctrl K: go to a page, open a KPI, look at a dealer or person, set the period, do something.
export default function Palette({ onClose, onShortcuts }: { onClose: () => void; onShortcuts: () => void }) {
  const t = useTexts(appTexts);
  const widest = useWidestName();
  const language = useLanguage();
  const viewer = useViewer();
  const today = useToday();
  const view = useView();
  const go = useGo();
  const catalog = useCatalog();
  const tree = useOrgTree();
  const offered = useOfferedActions();
  const signOut = useSignOut();
  const switchLanguage = useSwitchLanguage();
  const [search, setSearch] = useState("");
  const onCloseAutoFocus = useReturnFocus(true);

  const groups = useMemo(() => {
    const typed = search.trim();
    const best = (entries: Entry[], limit: number) =>
      typed
        ? entries
            .map((entry) => ({ entry, score: matches(entry.words, typed) }))
            .filter(({ score }) => score > 0)
            .sort((a, b) => b.score - a.score)
            .slice(0, limit)
            .map(({ entry }) => entry)
        : entries.slice(0, limit);

    const pages: Entry[] = kPages
      .filter((page) => page.nav && mayOpen(page, viewer))
      .map((page) => ({ id: `page:${page.id}`, label: pick(page.title, language), words: `${page.title.zh} ${page.title.en} ${page.nav?.label?.zh ?? ""} ${page.nav?.label?.en ?? ""}`, run: () => go({ to: page.path }), ...(page.key ? { hint: `G ${page.key.toUpperCase()}` } : {}) }));
    const handbook = kPages.find((page) => page.path === "/handbook/$kpi");
    const kpis: Entry[] =
      typed && handbook
        ? (catalog.raw?.kpis ?? []).map((kpi) => ({
            id: `kpi:${kpi.id}`,
            label: pick(kpi.name, language),
            hint: kpi.id,
            words: [kpi.name.zh, kpi.name.en, kpi.id, ...(kpi.also ?? [])].join(" "),
            run: () => go({ to: "/handbook/$kpi", params: { kpi: kpi.id } }),
          }))
        : [];
    const places: Entry[] = typed
      ? [...tree.byKey.values()]
          .filter((node) => !node.virtual)
          .map((node) => ({
            id: node.key,
            label: node.name,
            hint: pathOf(node).slice(0, -1).map((at) => at.name).join(" / ") || t(node.scope.kind as "region"),
            words: `${node.name} ${node.code}`,
            run: () => view.set({ scope: node.scope }),
          }))
      : [];
    const network: Entry = { id: "network", label: widest, words: `${widest} ${t("network")} network 全国`, run: () => view.set({ scope: { kind: "network", id: "" } }) };
    const period = parseTyped(typed, today);
    const periods: Entry[] = period ? [{ id: `period:${formatPeriod(period)}`, label: periodLabel(period, language), hint: formatPeriod(period), words: typed, run: () => view.set({ period }) }] : [];
    const setTheme = (theme: Theme) => () => settings.set("theme", theme);
    const actions: Entry[] = [
      { id: "language", label: t("language"), words: `${t("language")} 语言 language English 中文`, run: switchLanguage },
      { id: "light", label: `${t("theme")}: ${t("themeLight")}`, words: "外观 浅色 theme light", run: setTheme("light") },
      { id: "dark", label: `${t("theme")}: ${t("themeDark")}`, words: "外观 深色 theme dark", run: setTheme("dark") },
      { id: "system", label: `${t("theme")}: ${t("themeSystem")}`, words: "外观 跟随系统 theme system", run: setTheme("system") },
      { id: "link", label: t("copyLink"), words: "复制链接 copy link 分享 share", run: () => void copyText(location.href).then(() => toast(t("linkCopied"), { kind: "good" })) },
      { id: "print", label: t("print"), words: "打印 print", run: () => setTimeout(() => window.print(), 200) },
      { id: "keys", label: t("keys"), words: "快捷键 keyboard shortcuts", hint: "?", run: onShortcuts },
      { id: "out", label: t("signOut"), words: "退出 sign out log out 登出", run: () => signOut.mutate() },
    ];
    const onPage: Entry[] = offered.map((action) => ({ id: `offered:${action.id}`, label: action.label, words: action.label, run: action.run }));
    return (
      [
        ["periods", periods],
        ["thisPage", best(onPage, 10)],
        ["pages", best(pages, 12)],
        ["places", best([network, ...places], typed ? 8 : 0)],
        ["kpis", best(kpis, 8)],
        ["actions", best(actions, 8)],
      ] as const
    ).filter(([, entries]) => entries.length > 0);
  }, [search, viewer, language, go, catalog.raw, tree, t, widest, today, view, offered, onShortcuts, signOut, switchLanguage]);

  return (
    <RadixDialog.Root open onOpenChange={onClose}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className={styles.scrim} />
        <RadixDialog.Content className={styles.palette} aria-describedby={undefined} onCloseAutoFocus={onCloseAutoFocus}>
          <RadixDialog.Title className="sr-only">{t("palette")}</RadixDialog.Title>
          <Command label={t("palette")} shouldFilter={false} loop>
            <Command.Input className={styles.input} autoFocus placeholder={t("palettePlaceholder")} value={search} onValueChange={setSearch} />
            <Command.List className={styles.list}>
              <Command.Empty className={styles.empty}>{t("nothing")}</Command.Empty>
              {groups.map(([group, entries]) => (
                <Command.Group key={group} heading={t(group)} className={styles.group}>
                  {entries.map((entry) => (
                    <Command.Item
                      key={entry.id}
                      value={entry.id}
                      className={styles.item}
                      onSelect={() => {
                        onClose();
                        entry.run();
                      }}
                    >
                      <span className={styles.label}>{entry.label}</span>
                      {entry.hint && <span className={styles.hint}>{entry.hint}</span>}
                    </Command.Item>
                  ))}
                </Command.Group>
              ))}
            </Command.List>
          </Command>
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}
