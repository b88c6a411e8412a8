import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useCatalog, useOrg, useSession, type Schemas } from "@/api";
import { useLanguage, useTexts } from "@/i18n";
import { Button, Combobox, Dialog, EmptyState, ErrorState, Field, formatDay, IconButton, Skeleton, Tag, TextInput, toast } from "@/ui";
import styles from "../admin.module.css";
import { useAccounts, useAddPost, useAddStandIn, useEndPost, usePosts, useRemoveStandIn, type Account, type Post } from "./data";
import { accessTexts } from "./texts";

type RoleInfo = Schemas["Catalog"]["roles"][number];
type Org = Schemas["Org"];

const nameOf = (unit: { code: string; name: string } | undefined) => (unit ? unit.name || unit.code : "—");

// Where a post is, in words: the dealer, and the team or person of it.
function placeOf(post: Pick<Post, "region" | "dealer" | "team" | "staff">, org: Org | undefined, network: string): string {
  const dealer = org?.dealers.find((unit) => unit.id === post.dealer);
  const parts = [
    post.region && nameOf(org?.regions.find((unit) => unit.id === post.region)),
    post.dealer && nameOf(dealer),
    post.team && nameOf(dealer?.teams.find((unit) => unit.id === post.team)),
    post.staff && nameOf(dealer?.staff.find((unit) => unit.id === post.staff)),
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(" / ") : network;
}

// The day before one, as text.
function dayBefore(day: string): string {
  const before = new Date(`${day}T00:00:00Z`);
  before.setUTCDate(before.getUTCDate() - 1);
  return before.toISOString().slice(0, 10);
}

// What an account may do, and on whose rows: its posts, and whom it stands in for.
export function PostsDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const t = useTexts(accessTexts);
  const language = useLanguage();
  const catalog = useCatalog();
  const org = useOrg().data;
  const today = useSession().data?.today ?? new Date().toISOString().slice(0, 10);
  const accounts = useAccounts().data ?? [];
  const { data, error, refetch } = usePosts(account.id);
  const end = useEndPost(account.id);
  const removeStandIn = useRemoveStandIn(account.id);
  const roles: RoleInfo[] = catalog.raw?.roles ?? [];
  const roleName = (id: string) => {
    const role = roles.find((known) => known.id === id);
    return role ? catalog.text(role.name) : id;
  };
  const days = (from: string, until: string | null | undefined) => `${from <= "1970-01-01" ? t("always") : formatDay(from, language, { year: true })} – ${until ? formatDay(until, language, { year: true }) : t("open")}`;
  const nothing = data && data.posts.length === 0 && data.stand_ins.length === 0;
  return (
    <Dialog open onOpenChange={(next) => !next && onClose()} wide title={t("postsOf", { name: account.name || account.login })} note={account.role === "admin" ? t("postsAdminNote") : t("postsNote")} footer={<Button onClick={onClose}>{t("close")}</Button>}>
      <div className={styles.form}>
        {!data && !error && <Skeleton lines={3} height={24} />}
        {error && <ErrorState small error={error} onRetry={() => void refetch()} />}
        {nothing && <EmptyState small why={account.role === "admin" ? t("postsNoneAdmin") : t("postsNone")} />}
        {data && !nothing && (
          <div className={styles.tableScroll}>
            <table className={styles.table}>
              <thead>
                <tr>
                  <th scope="col">{t("post")}</th>
                  <th scope="col">{t("where")}</th>
                  <th scope="col">{t("postDays")}</th>
                  <th scope="col">
                    <span className="sr-only">{t("actions")}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {data.posts.map((post) => {
                  const over = post.until != null && post.until < today;
                  return (
                    <tr key={post.id}>
                      <td className={styles.cardHead}>
                        {roleName(post.role)} {over && <Tag>{t("over")}</Tag>} {post.from > today && <Tag tone="accent">{t("later")}</Tag>}
                      </td>
                      <td>{placeOf(post, org, t("network"))}</td>
                      <td data-label={t("postDays")}>{days(post.from, post.until)}</td>
                      <td className={styles.rowEnd}>
                        {!over && <IconButton small icon={Trash2} label={t("endPost", { post: roleName(post.role) })} disabled={end.isPending} onClick={() => end.mutate({ post: post.id, until: dayBefore(today) }, { onSuccess: () => toast(t("saved"), { kind: "good" }) })} />}
                      </td>
                    </tr>
                  );
                })}
                {data.stand_ins.map((standIn) => (
                  <tr key={standIn.id}>
                    <td className={styles.cardHead}>
                      {t("standsInFor", { name: nameOfAccount(accounts.find((other) => other.id === standIn.stands_in_for)) })} {standIn.until < today && <Tag>{t("over")}</Tag>}
                    </td>
                    <td>—</td>
                    <td data-label={t("postDays")}>{days(standIn.from, standIn.until)}</td>
                    <td className={styles.rowEnd}>
                      <IconButton small icon={Trash2} label={t("endStandIn")} disabled={removeStandIn.isPending} onClick={() => removeStandIn.mutate(standIn.id, { onSuccess: () => toast(t("saved"), { kind: "good" }) })} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        {(end.error ?? removeStandIn.error) && <ErrorState small error={(end.error ?? removeStandIn.error)!} />}
        <AddPost account={account.id} roles={roles} org={org} today={today} />
        <AddStandIn account={account.id} accounts={accounts} today={today} />
      </div>
    </Dialog>
  );
}

const nameOfAccount = (account: Account | undefined) => (account ? account.name || account.login : "—");

function AddPost({ account, roles, org, today }: { account: string; roles: RoleInfo[]; org: Org | undefined; today: string }) {
  const t = useTexts(accessTexts);
  const catalog = useCatalog();
  const [role, setRole] = useState("");
  const [place, setPlace] = useState({ region: "", dealer: "", team: "", staff: "" });
  const [from, setFrom] = useState(today);
  const [until, setUntil] = useState("");
  const add = useAddPost(account);
  const rows = roles.find((known) => known.id === role)?.rows;
  const dealer = org?.dealers.find((unit) => unit.id === place.dealer);
  const options = (units: { id: string; code: string; name: string }[] | undefined) => (units ?? []).map((unit) => ({ value: unit.id, label: unit.name || unit.code, hint: unit.code }));
  const ready = rows === "network" || (rows === "dealer" && place.dealer !== "") || (rows === "team" && place.team !== "") || (rows === "own" && place.staff !== "");
  const submit = () =>
    add.mutate(
      {
        role,
        ...(rows === "network" ? (place.region ? { region: place.region } : {}) : { dealer: place.dealer }),
        ...(rows === "team" ? { team: place.team } : {}),
        ...(rows !== "network" && place.staff ? { staff: place.staff } : {}),
        ...(from ? { from } : {}),
        ...(until ? { until } : {}),
      },
      {
        onSuccess: () => {
          toast(t("saved"), { kind: "good" });
          setRole("");
          setPlace({ region: "", dealer: "", team: "", staff: "" });
          setUntil("");
        },
      },
    );
  return (
    <fieldset className={styles.form}>
      <legend className={styles.legend}>{t("addPost")}</legend>
      <Field label={t("post")} {...(rows ? { hint: t(`rows_${rows}`) } : {})}>
        <Combobox label={t("post")} value={role} onChange={setRole} options={roles.map((known) => ({ value: known.id, label: catalog.text(known.name), hint: known.id }))} />
      </Field>
      {rows === "network" && (
        <Field label={t("region")} optional hint={t("regionHint")}>
          <Combobox label={t("region")} clearable value={place.region} onChange={(region) => setPlace({ ...place, region })} options={options(org?.regions)} />
        </Field>
      )}
      {rows && rows !== "network" && (
        <Field label={t("dealer")}>
          <Combobox label={t("dealer")} value={place.dealer} onChange={(next) => setPlace({ region: "", dealer: next, team: "", staff: "" })} options={options(org?.dealers)} />
        </Field>
      )}
      {rows === "team" && (
        <Field label={t("team")}>
          <Combobox label={t("team")} value={place.team} disabled={!dealer} onChange={(team) => setPlace({ ...place, team })} options={options(dealer?.teams)} />
        </Field>
      )}
      {rows && rows !== "network" && (
        <Field label={t("person")} {...(rows === "own" ? {} : { optional: true, hint: t("personHint") })}>
          <Combobox label={t("person")} clearable={rows !== "own"} value={place.staff} disabled={!dealer} onChange={(staff) => setPlace({ ...place, staff })} options={options(dealer?.staff)} />
        </Field>
      )}
      {rows && (
        <>
          <Field label={t("from")}>
            <TextInput type="date" value={from} onChange={setFrom} />
          </Field>
          <Field label={t("until")} optional>
            <TextInput type="date" value={until} onChange={setUntil} />
          </Field>
        </>
      )}
      {add.error && <ErrorState small error={add.error} />}
      <div>
        <Button kind="primary" busy={add.isPending} disabled={!ready} onClick={submit}>
          {t("give")}
        </Button>
      </div>
    </fieldset>
  );
}

function AddStandIn({ account, accounts, today }: { account: string; accounts: Account[]; today: string }) {
  const t = useTexts(accessTexts);
  const [other, setOther] = useState("");
  const [from, setFrom] = useState(today);
  const [until, setUntil] = useState("");
  const add = useAddStandIn(account);
  const others = accounts.filter((known) => known.id !== account && !known.disabled);
  if (others.length === 0) return null;
  return (
    <fieldset className={styles.form}>
      <legend className={styles.legend}>{t("standIn")}</legend>
      <Field label={t("standInFor")} hint={t("standInHint")}>
        <Combobox label={t("standInFor")} clearable value={other} onChange={setOther} options={others.map((known) => ({ value: known.id, label: known.name || known.login, hint: known.login }))} />
      </Field>
      {other && (
        <>
          <Field label={t("from")}>
            <TextInput type="date" value={from} onChange={setFrom} />
          </Field>
          <Field label={t("until")}>
            <TextInput type="date" value={until} onChange={setUntil} />
          </Field>
          {add.error && <ErrorState small error={add.error} />}
          <div>
            <Button
              kind="primary"
              busy={add.isPending}
              disabled={!until || !from}
              onClick={() =>
                add.mutate(
                  { stands_in_for: other, from, until },
                  {
                    onSuccess: () => {
                      toast(t("saved"), { kind: "good" });
                      setOther("");
                      setUntil("");
                    },
                  },
                )
              }
            >
              {t("give")}
            </Button>
          </div>
        </>
      )}
    </fieldset>
  );
}
