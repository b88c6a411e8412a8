import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Navigate, Outlet, useRouter, type AnyRoute } from "@tanstack/react-router";
import { useEffect } from "react";
import { useViewer } from "@/api";
import { useTexts } from "@/i18n";
import { Link, useDocumentTitle } from "@/state/page";
import { parseSearch, stringifySearch } from "@/state/view";
import { Button, EmptyState, ErrorState, PageHead, Panel, Skeleton } from "@/ui";
import { Compass } from "lucide-react";
import { homePath, kPages } from "./pages";
import { mayOpen } from "@/state/page";
import { Gate } from "./Gate";
import { appTexts } from "./texts";

const root = createRootRoute({
  component: () => (
    <Gate>
      <Outlet />
    </Gate>
  ),
  notFoundComponent: NotFound,
  validateSearch: (search: Record<string, unknown>) => search,
});

const index = createRoute({ getParentRoute: () => root, path: "/", component: Home });

const routes: AnyRoute[] = kPages.map((page) => {
  const Content = lazyRouteComponent(page.load as () => Promise<{ default: () => React.JSX.Element }>);
  const Guarded = () => {
    const viewer = useViewer();
    return mayOpen(page, viewer) ? <Content /> : <NotPermitted admin={page.admin ?? false} />;
  };
  // The router loads a page ahead when its link is hovered.
  Guarded.preload = Content.preload;
  return createRoute({ getParentRoute: () => root, path: page.path, component: Guarded });
});

export const router = createRouter({
  routeTree: root.addChildren([index, ...routes]),
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  scrollRestoration: true,
  defaultErrorComponent: RouteError,
  defaultNotFoundComponent: NotFound,
  defaultPendingComponent: () => <Skeleton height={240} />,
  defaultPendingMs: 150,
});

function Home() {
  const viewer = useViewer();
  const home = homePath(viewer);
  const t = useTexts(appTexts);
  // Who has no post has nothing to look at, and should hear why.
  if (!home || (!viewer.admin && Object.keys(viewer.rights).length === 0)) return <EmptyState why={t("noPost")} />;
  return <Navigate to={home} search={(before: object) => before} replace />;
}

function NotFound() {
  const t = useTexts(appTexts);
  const home = homePath(useViewer());
  return (
    <>
      <PageHead title={t("notFound")} />
      <Panel>
        <EmptyState icon={Compass} why={t("notFoundWhy")} action={home && <Link to={home}>{t("home")}</Link>} />
      </Panel>
    </>
  );
}

function NotPermitted({ admin }: { admin: boolean }) {
  const t = useTexts(appTexts);
  useDocumentTitle("");
  return (
    <Panel>
      <EmptyState why={t(admin ? "noAdmin" : "noRight")} />
    </Panel>
  );
}

// A fault of a page stays inside the page: rail and top bar go on working.
function RouteError({ error, reset }: { error: unknown; reset: () => void }) {
  const router = useRouter();
  const t = useTexts(appTexts);
  useEffect(() => {
    // A page that could not be loaded because a newer release is served: the new one is.
    if (error instanceof TypeError && /dynamically imported module|module script/.test(error.message)) {
      const key = "dealpace.reloaded";
      if (sessionStorage.getItem(key) !== location.href) {
        sessionStorage.setItem(key, location.href);
        location.reload();
      }
    }
  }, [error]);
  return (
    <Panel>
      <ErrorState
        error={error}
        onRetry={() => {
          reset();
          void router.invalidate();
        }}
      />
      <Button kind="link" onClick={() => location.assign("/")}>
        {t("home")}
      </Button>
    </Panel>
  );
}
