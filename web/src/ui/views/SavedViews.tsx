import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Bookmark, Ellipsis, Users } from "lucide-react";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { api, data, versionTag, type Schemas } from "@/api";
import type { ApiError } from "@/api/error";
import { useLanguage, useTexts } from "@/i18n";
import { formatPeriod, periodLabel } from "@/state/period";
import { usePatchSearch, useRawSearch, useView } from "@/state/view";
import { Button, IconButton } from "../Button";
import { Checkbox, Field, TextInput } from "../form";
import { Menu, Popover, type MenuItem } from "../overlay";
import { ErrorState, Tag } from "../panel";
import { toast } from "../Toast";
import { loadPatch, sameView, stateOf, type SavedState } from "./state";
import { viewTexts } from "./texts";
import styles from "./views.module.css";

// Views that are kept under a name: the own ones and those that others share. What a page keeps is part of its URL.

export type SavedView = Schemas["View"];
type PageName = SavedView["page"];
const kKey = ["views"] as const;

export function useViews(page: PageName): SavedView[] {
  const { data: answer } = useQuery<{ views: SavedView[] }, ApiError>({
    queryKey: kKey,
    queryFn: ({ signal }) => data(api.GET("/api/v1/views", { signal })),
    staleTime: 60_000,
  });
  return (answer?.views ?? []).filter((view) => view.page === page);
}

// The saved view that is on the screen, if any. `keys` are the page's own parameters.
export function useShownView(page: PageName, keys: readonly string[]): SavedView | undefined {
  const views = useViews(page);
  const search = useRawSearch();
  const state = { ...stateOf(search, keys), ...(search.period ? { period: search.period } : {}) };
  return views.find((view) => sameView(view.state as SavedState, state));
}

// Where a page is opened without any parameter, the default view takes its place (once; back is still possible).
export function useDefaultView(page: PageName, keys: readonly string[]) {
  const views = useViews(page);
  const search = useRawSearch();
  const patch = usePatchSearch();
  const done = useRef(Object.keys(search).length > 0);
  const chosen = views.find((view) => view.is_default && view.own);
  useEffect(() => {
    if (done.current || !chosen) return;
    done.current = true;
    patch(loadPatch(chosen.state as SavedState, keys), { replace: true });
  }, [chosen, keys, patch]);
}

type Input = Schemas["ViewInput"];
function inputOf(view: SavedView, change: Partial<Input> = {}): Input {
  return { name: view.name, page: view.page, state: view.state, shared: view.shared ?? false, is_default: view.is_default ?? false, ...change };
}

// The views as a row of buttons, where there are any: those used every day are one press away.
export function ViewChips({ page, keys }: { page: PageName; keys: readonly string[] }) {
  const t = useTexts(viewTexts);
  const views = useViews(page);
  const shown = useShownView(page, keys);
  const patch = usePatchSearch();
  if (views.length === 0) return null;
  return (
    <div className={styles.chips} role="group" aria-label={t("views")}>
      {views.map((view) => (
        <button key={view.id} type="button" className={styles.chip} aria-pressed={shown?.id === view.id} title={view.own ? undefined : t("sharedBy", { name: view.owner ?? "" })} onClick={() => patch(loadPatch(view.state as SavedState, keys))}>
          {view.name}
        </button>
      ))}
    </div>
  );
}

// `timeless`: the page shows no period, so none is offered to be kept.
export function SavedViews({ page, keys, suggestion, timeless = false }: { page: PageName; keys: readonly string[]; suggestion: string; timeless?: boolean }) {
  const t = useTexts(viewTexts);
  const [open, setOpen] = useState(false);
  return (
    <Popover
      label={t("views")}
      open={open}
      onOpenChange={setOpen}
      align="end"
      trigger={
        <Button icon={Bookmark} aria-haspopup="dialog">
          {t("save")}
        </Button>
      }
    >
      <Content page={page} keys={keys} suggestion={suggestion} timeless={timeless} close={() => setOpen(false)} />
    </Popover>
  );
}

function Content({ page, keys, suggestion, timeless, close }: { page: PageName; keys: readonly string[]; suggestion: string; timeless: boolean; close: () => void }) {
  const t = useTexts(viewTexts);
  const language = useLanguage();
  const client = useQueryClient();
  const search = useRawSearch();
  const patch = usePatchSearch();
  const { period } = useView();
  const views = useViews(page);
  const shown = useShownView(page, keys);
  const [name, setName] = useState(suggestion);
  const [shared, setShared] = useState(false);
  const [isDefault, setDefault] = useState(false);
  const [withPeriod, setWithPeriod] = useState(false);
  const [nameError, setNameError] = useState("");
  const [renaming, setRenaming] = useState<string | null>(null);
  const [newName, setNewName] = useState("");

  const refresh = () => void client.invalidateQueries({ queryKey: kKey });
  const add = useMutation<SavedView, ApiError, Input>({
    mutationFn: (body) => data(api.POST("/api/v1/views", { body })),
    onSuccess: refresh,
  });
  const change = useMutation<SavedView, ApiError, { view: SavedView; body: Input }>({
    mutationFn: ({ view, body }) => data(api.PUT("/api/v1/views/{id}", { params: { path: { id: view.id }, header: { "If-Match": versionTag(view.version) } }, body })),
    onSettled: refresh,
  });
  const remove = useMutation<void, ApiError, SavedView>({
    mutationFn: async (view) => {
      await api.DELETE("/api/v1/views/{id}", { params: { path: { id: view.id }, header: { "If-Match": versionTag(view.version) } } });
    },
    onSuccess: (_, view) => {
      toast(t("removed", { name: view.name }), { undo: () => add.mutate(inputOf(view)) });
    },
    onSettled: refresh,
  });

  const now = (): SavedState => ({ ...stateOf(search, keys), ...(withPeriod ? { period: formatPeriod(period) } : {}) });
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === "") {
      setNameError(t("nameNeeded"));
      return;
    }
    add.mutate(
      { name: name.trim(), page, state: now(), shared, is_default: isDefault },
      {
        onSuccess: (view) => {
          toast(t("saved", { name: view.name }), { kind: "good" });
          close();
        },
      },
    );
  };
  const error = add.error ?? change.error ?? remove.error;

  return (
    <div className={styles.root}>
      {views.length === 0 ? (
        <p className={styles.none}>{t("none")}</p>
      ) : (
        <ul className={styles.list}>
          {views.map((view) => {
            const items: MenuItem[] = [
              { id: "update", label: t("update", { name: view.name }), run: () => change.mutate({ view, body: inputOf(view, { state: now() }) }) },
              { id: "rename", label: t("rename"), run: () => (setRenaming(view.id), setNewName(view.name)) },
              { id: "default", label: t(view.is_default ? "unsetDefault" : "setDefault"), run: () => change.mutate({ view, body: inputOf(view, { is_default: !view.is_default }) }) },
              { id: "share", label: t(view.shared ? "unsetShared" : "setShared"), run: () => change.mutate({ view, body: inputOf(view, { shared: !view.shared }) }) },
              "line",
              { id: "remove", label: t("remove"), danger: true, run: () => remove.mutate(view) },
            ];
            return (
              <li key={view.id} className={styles.row}>
                {renaming === view.id ? (
                  <form
                    className={styles.rename}
                    onSubmit={(event) => {
                      event.preventDefault();
                      if (newName.trim()) change.mutate({ view, body: inputOf(view, { name: newName.trim() }) });
                      setRenaming(null);
                    }}
                  >
                    <TextInput autoFocus aria-label={t("name")} maxLength={120} value={newName} onChange={setNewName} />
                    <Button type="submit" small>
                      {t("doSave")}
                    </Button>
                  </form>
                ) : (
                  <>
                    <button
                      type="button"
                      className={styles.load}
                      aria-current={shown?.id === view.id ? "true" : undefined}
                      onClick={() => {
                        patch(loadPatch(view.state as SavedState, keys));
                        close();
                      }}
                    >
                      <span className={styles.name}>{view.name}</span>
                      {view.is_default && view.own && <Tag tone="accent">{t("isDefault")}</Tag>}
                      {view.shared && <Tag>{view.own ? t("shared") : t("sharedBy", { name: view.owner ?? "" })}</Tag>}
                    </button>
                    {view.own ? <Menu trigger={<IconButton small tip={false} icon={Ellipsis} label={t("more", { name: view.name })} />} items={items} /> : <Users size={14} aria-hidden className={styles.mark} />}
                  </>
                )}
              </li>
            );
          })}
        </ul>
      )}
      <form className={styles.form} onSubmit={save} noValidate>
        <Field label={t("saveNew")} error={nameError || undefined}>
          <TextInput
            value={name}
            maxLength={120}
            placeholder={t("name")}
            onChange={(text) => {
              setName(text);
              setNameError("");
            }}
          />
        </Field>
        {!timeless && <Checkbox checked={withPeriod} onChange={setWithPeriod} label={t("withPeriod", { period: periodLabel(period, language) })} hint={t("withPeriodHint")} />}
        <Checkbox checked={isDefault} onChange={setDefault} label={t("makeDefault")} />
        <Checkbox checked={shared} onChange={setShared} label={t("share")} />
        {error && <ErrorState error={error} safe={t("nothingLost")} small />}
        <Button type="submit" kind="primary" busy={add.isPending}>
          {t("doSave")}
        </Button>
      </form>
    </div>
  );
}
