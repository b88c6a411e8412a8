import { Ellipsis, Plus, Upload } from "lucide-react";
import { useState } from "react";
import { useSession } from "@/api";
import { rich, useLanguage, useTexts } from "@/i18n";
import { one, useGo, usePageSearch } from "@/state/page";
import { Banner, Button, Dialog, EmptyState, ErrorState, Field, formatInstant, formatNumber, IconButton, Menu, PageHead, Panel, RadioGroup, Skeleton, Switch, Tag, TextInput, toast } from "@/ui";
import styles from "../admin.module.css";
import { useAccounts, useAddAccount, useChangeAccount, useChangeSignInPolicy, useRemoveBinding, useResetPassword, useResetSecondFactor, useSignInPolicy, type Account, type Role } from "./data";
import { PostsDialog } from "./PostsDialog";
import { SecretDialog } from "./Secret";
import { accessTexts } from "./texts";

type Doing = { add: true } | { change: Account } | { disable: Account } | { reset: Account } | { factor: Account } | { unbind: Account } | { posts: Account } | { password: string; name: string } | null;

export default function AccountsPage() {
  const t = useTexts(accessTexts);
  const language = useLanguage();
  const me = useSession().data?.account.id;
  const { data, error, isLoading, refetch } = useAccounts();
  const [{ q }, patch] = usePageSearch((raw) => ({ q: one(raw.q) ?? "" }));
  const [doing, setDoing] = useState<Doing>(null);
  const go = useGo();
  const enable = useChangeAccount();
  const accounts = data ?? [];
  const wanted = q.trim().toLowerCase();
  const shown = accounts.filter((a) => wanted === "" || a.login.toLowerCase().includes(wanted) || a.name.toLowerCase().includes(wanted));
  const close = () => setDoing(null);
  return (
    <div className={styles.page}>
      <PageHead
        title={t("accounts")}
        result={data && rich(t("accountsLead", { n: formatNumber(accounts.length), count: accounts.length, admins: formatNumber(accounts.filter((a) => a.role === "admin" && !a.disabled).length), off: formatNumber(accounts.filter((a) => a.disabled).length) }))}
        actions={
          <>
            <Button icon={Upload} onClick={() => go({ to: "/admin/accounts/import" })}>
              {t("importPeople")}
            </Button>
            <Button kind="primary" icon={Plus} onClick={() => setDoing({ add: true })}>
              {t("addAccount")}
            </Button>
          </>
        }
      />
      <Panel flush>
        {accounts.length > 8 && (
          <div className={styles.toolsLine}>
            <TextInput type="search" value={q} onChange={(next) => patch({ q: next || undefined }, { replace: true })} placeholder={t("search")} aria-label={t("search")} />
          </div>
        )}
        {isLoading && (
          <div className={styles.pad}>
            <Skeleton lines={4} height={24} />
          </div>
        )}
        {error && <ErrorState error={error} onRetry={() => void refetch()} />}
        {enable.error && <ErrorState small error={enable.error} />}
        {data && shown.length === 0 && <EmptyState small why={t("noMatch")} />}
        {shown.length > 0 && (
          <div className={styles.tableScroll}>
            <table className={styles.table}>
              <thead>
                <tr>
                  <th scope="col">{t("login")}</th>
                  <th scope="col">{t("name")}</th>
                  <th scope="col">{t("role")}</th>
                  <th scope="col">{t("state")}</th>
                  <th scope="col">{t("lastSignIn")}</th>
                  <th scope="col">{t("sessions")}</th>
                  <th scope="col">
                    <span className="sr-only">{t("actions")}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {shown.map((account) => (
                  <tr key={account.id}>
                    <td className={styles.cardHead}>
                      <b>{account.login}</b> {account.id === me && <Tag tone="accent">{t("you")}</Tag>}
                    </td>
                    <td>{account.name || "—"}</td>
                    <td>{t(account.role)}</td>
                    <td>
                      {account.disabled ? <Tag>{t("disabled")}</Tag> : <Tag tone="good">{t("active")}</Tag>} {account.must_change_password && !account.disabled && <Tag tone="warn">{t("mustChange")}</Tag>} {account.second_factor && <Tag tone="accent">{t("factorOn")}</Tag>}{" "}
                      {account.bound_at && (
                        <Tag tone="accent" title={t("boundSince", { at: formatInstant(account.bound_at, language, { year: true }) })}>
                          {t("bound")}
                        </Tag>
                      )}
                    </td>
                    <td data-label={t("lastSignIn")} className={styles.nowrap}>
                      {account.last_sign_in_at ? formatInstant(account.last_sign_in_at, language, { year: true }) : t("never")}
                    </td>
                    <td data-label={t("sessions")}>{account.sessions ? t("sessionsN", { n: formatNumber(account.sessions), count: account.sessions }) : "—"}</td>
                    <td className={styles.rowEnd}>
                      <Menu
                        trigger={<IconButton small icon={Ellipsis} label={`${t("actions")}: ${account.login}`} tip={false} />}
                        items={[
                          { id: "change", label: t("change"), run: () => setDoing({ change: account }) },
                          { id: "posts", label: t("posts"), run: () => setDoing({ posts: account }) },
                          { id: "reset", label: t("resetPassword"), run: () => setDoing({ reset: account }) },
                          ...(account.second_factor && account.id !== me ? [{ id: "factor", label: t("resetFactor"), run: () => setDoing({ factor: account }) }] : []),
                          ...(account.bound_at && account.id !== me ? [{ id: "unbind", label: t("unbind"), run: () => setDoing({ unbind: account }) }] : []),
                          ...(account.id === me
                            ? []
                            : account.disabled
                              ? [{ id: "enable", label: t("enable"), run: () => enable.mutate({ id: account.id, version: account.version, change: { disabled: false } }, { onSuccess: () => toast(t("saved"), { kind: "good" }) }) }]
                              : [{ id: "disable", label: t("disable"), danger: true, run: () => setDoing({ disable: account }) }]),
                        ]}
                      />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Panel>
      <PolicyPanel without={accounts.filter((a) => a.role === "admin" && !a.disabled && !a.second_factor).length} />
      {doing && "factor" in doing && <ResetFactorDialog account={doing.factor} onClose={close} />}
      {doing && "unbind" in doing && <UnbindDialog account={doing.unbind} onClose={close} />}
      {doing && "add" in doing && <AddDialog onClose={close} onAdded={(account, password) => setDoing({ password, name: account.name || account.login })} />}
      {doing && "change" in doing && <ChangeDialog account={doing.change} now={accounts.find((a) => a.id === doing.change.id)} onClose={close} />}
      {doing && "disable" in doing && <DisableDialog account={doing.disable} onClose={close} />}
      {doing && "posts" in doing && <PostsDialog account={doing.posts} onClose={close} />}
      {doing && "reset" in doing && <ResetDialog account={doing.reset} onClose={close} onReset={(password) => setDoing({ password, name: doing.reset.name || doing.reset.login })} />}
      {doing && "password" in doing && <SecretDialog title={t("passwordTitle", { name: doing.name })} note={t("passwordNote")} secret={doing.password} onClose={close} />}
    </div>
  );
}

// What the network asks of signing in.
function PolicyPanel({ without }: { without: number }) {
  const t = useTexts(accessTexts);
  const policy = useSignInPolicy();
  const change = useChangeSignInPolicy();
  const [asking, setAsking] = useState(false);
  const set = (second_factor: boolean) =>
    policy.data &&
    change.mutate(
      { second_factor, version: policy.data.version },
      {
        onSuccess: () => {
          setAsking(false);
          toast(t("saved"), { kind: "good" });
        },
      },
    );
  return (
    <Panel title={t("factor")}>
      {policy.isLoading && <Skeleton lines={1} height={24} />}
      {policy.error && <ErrorState small error={policy.error} onRetry={() => void policy.refetch()} />}
      {policy.data && <Switch checked={policy.data.second_factor} disabled={change.isPending} onChange={(on) => (on ? setAsking(true) : set(false))} label={t("demandFactor")} hint={t("demandFactorHint")} />}
      {change.error && !asking && <ErrorState small error={change.error} />}
      <Dialog
        open={asking}
        onOpenChange={setAsking}
        title={t("demandAsk")}
        note={`${t("demandNote")} ${without > 0 ? t("demandWithout", { n: formatNumber(without), count: without }) : ""}`}
        footer={
          <>
            <Button onClick={() => setAsking(false)}>{t("cancel")}</Button>
            <Button kind="primary" busy={change.isPending} onClick={() => set(true)}>
              {t("demand")}
            </Button>
          </>
        }
      >
        {change.error && <ErrorState small error={change.error} />}
      </Dialog>
    </Panel>
  );
}

function ResetFactorDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const t = useTexts(accessTexts);
  const reset = useResetSecondFactor();
  const name = account.name || account.login;
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={t("resetFactorAsk", { name })}
      note={t("resetFactorNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button
            kind="danger"
            busy={reset.isPending}
            onClick={() =>
              reset.mutate(account.id, {
                onSuccess: () => {
                  toast(t("resetFactorDone", { name }), { kind: "good" });
                  onClose();
                },
              })
            }
          >
            {t("resetFactor")}
          </Button>
        </>
      }
    >
      {reset.error && <ErrorState small error={reset.error} />}
    </Dialog>
  );
}

function UnbindDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const t = useTexts(accessTexts);
  const remove = useRemoveBinding();
  const name = account.name || account.login;
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={t("unbindAsk", { name })}
      note={t("unbindNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button
            kind="danger"
            busy={remove.isPending}
            onClick={() =>
              remove.mutate(account.id, {
                onSuccess: () => {
                  toast(t("unbindDone", { name }), { kind: "good" });
                  onClose();
                },
              })
            }
          >
            {t("unbind")}
          </Button>
        </>
      }
    >
      {remove.error && <ErrorState small error={remove.error} />}
    </Dialog>
  );
}

function RoleField({ role, onChange }: { role: Role; onChange: (role: Role) => void }) {
  const t = useTexts(accessTexts);
  return (
    <fieldset className={styles.form}>
      <legend className={styles.legend}>{t("role")}</legend>
      <RadioGroup
        label={t("role")}
        value={role}
        onChange={onChange}
        options={[
          { value: "member", label: t("member"), hint: t("memberHint") },
          { value: "admin", label: t("admin"), hint: t("adminHint") },
        ]}
      />
    </fieldset>
  );
}

function AddDialog({ onClose, onAdded }: { onClose: () => void; onAdded: (account: Account, password: string) => void }) {
  const t = useTexts(accessTexts);
  const [login, setLogin] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("member");
  const [shown, setShown] = useState(false);
  const add = useAddAccount();
  const atLogin = add.error?.field === "login" || add.error?.code === "login_taken";
  const loginError = login.trim() === "" ? (shown ? t("loginMissing") : undefined) : atLogin ? `${add.error?.title} ${add.error?.todo}` : undefined;
  const submit = () => {
    setShown(true);
    if (login.trim() !== "") add.mutate({ login: login.trim(), name: name.trim(), role }, { onSuccess: (made) => onAdded(made.account, made.password) });
  };
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={t("addAccount")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" busy={add.isPending} onClick={submit}>
            {t("add")}
          </Button>
        </>
      }
    >
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Field label={t("login")} hint={t("loginHint")} error={loginError}>
          <TextInput value={login} onChange={setLogin} autoFocus autoCapitalize="off" autoComplete="off" spellCheck={false} maxLength={64} />
        </Field>
        <Field label={t("name")} optional>
          <TextInput value={name} onChange={setName} autoComplete="off" maxLength={120} />
        </Field>
        <RoleField role={role} onChange={setRole} />
        {add.error && !atLogin && <ErrorState small error={add.error} />}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
    </Dialog>
  );
}

function ChangeDialog({ account, now, onClose }: { account: Account; now: Account | undefined; onClose: () => void }) {
  const t = useTexts(accessTexts);
  const [name, setName] = useState(account.name);
  const [role, setRole] = useState<Role>(account.role);
  const change = useChangeAccount();
  const conflict = change.error?.code === "edit_conflict" || change.error?.status === 412;
  const save = () =>
    change.mutate(
      { id: account.id, version: conflict ? (now?.version ?? account.version) : account.version, change: { name: name.trim(), role } },
      {
        onSuccess: () => {
          toast(t("saved"), { kind: "good" });
          onClose();
        },
      },
    );
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={`${account.login} · ${t("change")}`}
      footer={
        <>
          <Button onClick={onClose}>{conflict ? t("useTheirs") : t("cancel")}</Button>
          <Button kind="primary" busy={change.isPending} onClick={save}>
            {conflict ? t("useMine") : t("save")}
          </Button>
        </>
      }
    >
      <div className={styles.form}>
        {conflict && <Banner kind="warn">{t("conflict", { name: now?.name || "—", role: t(now?.role ?? "member") })}</Banner>}
        <Field label={t("name")} optional>
          <TextInput value={name} onChange={setName} autoFocus maxLength={120} />
        </Field>
        <RoleField role={role} onChange={setRole} />
        {change.error && !conflict && <ErrorState small error={change.error} />}
      </div>
    </Dialog>
  );
}

function DisableDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const t = useTexts(accessTexts);
  const change = useChangeAccount();
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={t("disableAsk", { name: account.name || account.login })}
      note={t("disableNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="danger" busy={change.isPending} onClick={() => change.mutate({ id: account.id, version: account.version, change: { disabled: true } }, { onSuccess: onClose })}>
            {t("disable")}
          </Button>
        </>
      }
    >
      {change.error && <ErrorState small error={change.error} />}
    </Dialog>
  );
}

function ResetDialog({ account, onClose, onReset }: { account: Account; onClose: () => void; onReset: (password: string) => void }) {
  const t = useTexts(accessTexts);
  const reset = useResetPassword();
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={t("resetAsk", { name: account.name || account.login })}
      note={t("resetNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="danger" busy={reset.isPending} onClick={() => reset.mutate(account.id, { onSuccess: (done) => onReset(done.password) })}>
            {t("resetPassword")}
          </Button>
        </>
      }
    >
      {reset.error && <ErrorState small error={reset.error} />}
    </Dialog>
  );
}
