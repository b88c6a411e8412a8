import { useRouterState } from "@tanstack/react-router";
import { CloudOff, Menu as MenuIcon, Plus } from "lucide-react";
import { lazy, Suspense, useEffect, useRef, useState, type ReactNode } from "react";
import { onReached, useFreshFigures, useViewer, useSession } from "@/api";
import { pick, useLanguage, useTexts } from "@/i18n";
import { Link, type Page } from "@/state/page";
import { Brand, classes, formatInstant, Sheet, usePhone } from "@/ui";
import { useKeys } from "./keys";
import { isWithin, navGroups, pageAt, tabPages } from "./pages";
import styles from "./Shell.module.css";
import { appTexts } from "./texts";
import { PhoneBar, TopBar } from "./TopBar";
import { UserMenu } from "./UserMenu";

const Palette = lazy(() => import("./Palette"));
const Shortcuts = lazy(() => import("./Shortcuts"));

// What is around every page: rail, top bar, and what can be reached from everywhere.
export function Shell({ children }: { children: ReactNode }) {
  const t = useTexts(appTexts);
  const phone = usePhone();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const page = pageAt(path);
  const [palette, setPalette] = useState(false);
  const [shortcuts, setShortcuts] = useState(false);
  const main = useRef<HTMLElement>(null);

  useFreshFigures();
  useKeys({ onPalette: () => setPalette(true), onShortcuts: () => setShortcuts(true) });

  // A new page begins at its title, also for those who do not see it; but nobody is taken away from where he works.
  const arrived = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const before = useRef(arrived);
  useEffect(() => {
    const from = before.current;
    before.current = arrived;
    if (from === undefined || from === arrived || main.current?.contains(document.activeElement)) return;
    main.current?.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  }, [arrived]);

  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main" onClick={() => main.current?.focus()}>
        {t("skip")}
      </a>
      {!phone && <Rail path={path} />}
      <div className={styles.column}>
        {phone ? <PhoneBar page={page} /> : <TopBar page={page} onPalette={() => setPalette(true)} onShortcuts={() => setShortcuts(true)} />}
        <OfflineStrip />
        <PrintHead />
        <main id="main" ref={main} tabIndex={-1} className={styles.main}>
          {children}
        </main>
      </div>
      {phone && <PhoneTabs path={path} />}
      <Suspense>
        {palette && <Palette onClose={() => setPalette(false)} onShortcuts={() => setShortcuts(true)} />}
        {shortcuts && <Shortcuts onClose={() => setShortcuts(false)} />}
      </Suspense>
    </div>
  );
}

function Rail({ path }: { path: string }) {
  const t = useTexts(appTexts);
  const groups = navGroups(useViewer());
  return (
    <nav className={styles.rail} aria-label={t("mainNav")}>
      <Link to="/" className={styles.brand} aria-label="Dealpace">
        <Brand />
      </Link>
      <div className={styles.groups}>
        {groups.map(({ group, pages }) => (
          <section key={group} className={classes(styles.group, group === "settings" && styles.settings)} aria-label={t(group)}>
            <p className={styles.groupTitle}>{t(group)}</p>
            <ul>
              {pages.map((page) => (
                <li key={page.id}>
                  <NavLink page={page} path={path} />
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
      <UserMenu />
    </nav>
  );
}

function NavLink({ page, path }: { page: Page; path: string }) {
  const language = useLanguage();
  const Icon = page.nav!.icon;
  const label = pick(page.nav!.label ?? page.title, language);
  const here = isWithin(page, path);
  return (
    <Link to={page.path} className={classes(styles.link, here && styles.here)} title={label} {...(here ? { "aria-current": "page" as const } : {})}>
      <Icon size={16} strokeWidth={1.6} aria-hidden />
      <span className={styles.linkText}>{label}</span>
    </Link>
  );
}

// At the foot of the phone: two pages, import in the middle, one more page, the rest.
function PhoneTabs({ path }: { path: string }) {
  const t = useTexts(appTexts);
  const language = useLanguage();
  const viewer = useViewer();
  const [more, setMore] = useState(false);
  const add = navGroups(viewer).find(({ group }) => group === "data")?.pages[0];
  const tabs = tabPages(viewer).filter((page) => page !== add);
  const tab = (page: Page) => {
    const Icon = page.nav?.icon;
    const here = isWithin(page, path);
    return (
      <Link key={page.id} to={page.path} className={classes(styles.tab, here && styles.tabHere)} {...(here ? { "aria-current": "page" as const } : {})}>
        {Icon && <Icon size={22} strokeWidth={1.7} aria-hidden />}
        {pick(page.tab?.label ?? page.nav?.label ?? page.title, language)}
      </Link>
    );
  };
  return (
    <nav className={styles.tabs} aria-label={t("mainNav")}>
      {tabs.slice(0, 2).map(tab)}
      {add && (
        <Link to={add.path} className={styles.add} aria-label={pick(add.title, language)}>
          <Plus size={24} strokeWidth={1.8} aria-hidden />
        </Link>
      )}
      {tabs.slice(2, 3).map(tab)}
      <button type="button" className={styles.tab} onClick={() => setMore(true)} aria-haspopup="dialog">
        <MenuIcon size={22} strokeWidth={1.7} aria-hidden />
        {t("more")}
      </button>
      <Sheet open={more} onOpenChange={setMore} title={t("more")}>
        <div className={styles.moreList}>
          {navGroups(viewer).map(({ group, pages }) => (
            <section key={group}>
              <p className={styles.groupTitle}>{t(group)}</p>
              {pages.map((page) => {
                const Icon = page.nav!.icon;
                return (
                  <Link key={page.id} to={page.path} className={styles.moreLink} onClick={() => setMore(false)}>
                    <Icon size={20} strokeWidth={1.6} aria-hidden />
                    {pick(page.nav!.label ?? page.title, language)}
                  </Link>
                );
              })}
            </section>
          ))}
          <UserMenu phone />
        </div>
      </Sheet>
    </nav>
  );
}

// Grey, with the age of what is shown, while the server is out of reach; looks for it every five seconds.
function OfflineStrip() {
  const t = useTexts(appTexts);
  const language = useLanguage();
  const [since, setSince] = useState<string | null>(null);
  const lastReached = useRef(new Date().toISOString());
  useEffect(
    () =>
      onReached((online) => {
        if (online) lastReached.current = new Date().toISOString();
        setSince(online ? null : lastReached.current);
      }),
    [],
  );
  const { refetch } = useSession();
  // The device says so at once; whether it is true the next request shows.
  useEffect(() => {
    const ask = () => void refetch();
    window.addEventListener("offline", ask);
    window.addEventListener("online", ask);
    return () => {
      window.removeEventListener("offline", ask);
      window.removeEventListener("online", ask);
    };
  }, [refetch]);
  useEffect(() => {
    if (since === null) return;
    const timer = setInterval(() => void refetch(), 5000);
    return () => clearInterval(timer);
  }, [since, refetch]);
  if (since === null) return null;
  return (
    <div className={styles.offline} role="status">
      <CloudOff size={14} aria-hidden />
      {t("offline", { at: formatInstant(since, language) })}
    </div>
  );
}

function PrintHead() {
  const t = useTexts(appTexts);
  const language = useLanguage();
  const { data } = useSession();
  if (!data) return null;
  return <p className={classes("print-only", styles.printed)}>{t("printed", { name: data.account.name || data.account.login, at: formatInstant(new Date().toISOString(), language, { year: true }) })}</p>;
}
