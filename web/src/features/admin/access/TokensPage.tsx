import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { useIsAdmin } from "@/api";
import { rich, useLanguage, useTexts } from "@/i18n";
import { Button, Checkbox, Dialog, EmptyState, ErrorState, Field, formatInstant, formatNumber, PageHead, Panel, Select, Skeleton, Tag, TextInput, toast } from "@/ui";
import styles from "../admin.module.css";
import { useAddToken, useRevokeToken, useTokens, type Token, type TokenScope } from "./data";
import { CopyLine, SecretDialog } from "./Secret";
import { accessTexts } from "./texts";

type TokenState = "valid" | "revoked" | "expired";
function stateOf(token: Token, now: number): TokenState {
  if (token.revoked_at) return "revoked";
  return token.expires_at && Date.parse(token.expires_at) <= now ? "expired" : "valid";
}

export default function TokensPage() {
  const t = useTexts(accessTexts);
  const language = useLanguage();
  const { data, error, isLoading, refetch } = useTokens();
  const [doing, setDoing] = useState<{ add: true } | { made: Token & { secret: string } } | { revoke: Token } | null>(null);
  const [now] = useState(() => Date.now());
  const tokens = data ?? [];
  const valid = tokens.filter((token) => stateOf(token, now) === "valid").length;
  const addButton = (
    <Button kind="primary" icon={Plus} onClick={() => setDoing({ add: true })}>
      {t("addToken")}
    </Button>
  );
  return (
    <div className={styles.page}>
      <PageHead title={t("tokens")} result={data && (tokens.length > 0 ? rich(t("tokensLead", { n: formatNumber(valid), count: valid })) : undefined)} actions={tokens.length > 0 && addButton} />
      <Panel flush>
        {isLoading && (
          <div className={styles.pad}>
            <Skeleton lines={3} height={24} />
          </div>
        )}
        {error && <ErrorState error={error} onRetry={() => void refetch()} />}
        {data && tokens.length === 0 && <EmptyState icon={KeyRound} why={t("tokensNone")} action={addButton} />}
        {tokens.length > 0 && (
          <div className={styles.tableScroll}>
            <table className={styles.table}>
              <thead>
                <tr>
                  <th scope="col">{t("tokenName")}</th>
                  <th scope="col">{t("scopes")}</th>
                  <th scope="col">{t("state")}</th>
                  <th scope="col">{t("made")}</th>
                  <th scope="col">{t("expiresAt")}</th>
                  <th scope="col">{t("lastUsed")}</th>
                  <th scope="col">
                    <span className="sr-only">{t("actions")}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {tokens.map((token) => {
                  const state = stateOf(token, now);
                  return (
                    <tr key={token.id} className={state === "valid" ? undefined : styles.faded}>
                      <td className={styles.cardHead}>
                        <b>{token.name}</b>
                      </td>
                      <td>{token.scopes.map((scope) => t(`s_${scope}`)).join(language === "zh" ? "、" : ", ")}</td>
                      <td>
                        <Tag tone={state === "valid" ? "good" : "neutral"}>{t(state)}</Tag>
                      </td>
                      <td data-label={t("made")} className={styles.nowrap}>
                        {formatInstant(token.created_at, language, { year: true })}
                      </td>
                      <td data-label={t("expiresAt")} className={styles.nowrap}>
                        {token.expires_at ? formatInstant(token.expires_at, language, { year: true }) : t("noExpiry")}
                      </td>
                      <td data-label={t("lastUsed")} className={styles.nowrap}>
                        {token.last_used_at ? formatInstant(token.last_used_at, language) : t("never")}
                      </td>
                      <td className={styles.rowEnd}>
                        {state === "valid" && (
                          <Button kind="link" small onClick={() => setDoing({ revoke: token })} aria-label={`${t("revoke")} ${token.name}`}>
                            {t("revoke")}
                          </Button>
                        )}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        )}
      </Panel>
      {doing && "add" in doing && <AddDialog onClose={() => setDoing(null)} onMade={(made) => setDoing({ made })} />}
      {doing && "made" in doing && (
        <SecretDialog title={t("secretTitle", { name: doing.made.name })} note={t("secretNote")} secret={doing.made.secret} onClose={() => setDoing(null)}>
          <div>
            <p className={styles.legend}>{t("example")}</p>
            <CopyLine text={curlOf(doing.made.secret, location.origin)} />
          </div>
        </SecretDialog>
      )}
      {doing && "revoke" in doing && <RevokeDialog token={doing.revoke} onClose={() => setDoing(null)} />}
    </div>
  );
}

function curlOf(secret: string, origin: string): string {
  return `curl ${origin}/api/v1/kpi/query \\\n  -H 'Authorization: Bearer ${secret}' \\\n  -H 'Content-Type: application/json' \\\n  -d '{"columns":["close_rate"],"period":"${new Date().getFullYear()}","by":["month"]}'`;
}

const kDays = ["30", "90", "365", "none"] as const;
function AddDialog({ onClose, onMade }: { onClose: () => void; onMade: (made: Token & { secret: string }) => void }) {
  const t = useTexts(accessTexts);
  const admin = useIsAdmin();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<TokenScope[]>(["read"]);
  const [days, setDays] = useState<(typeof kDays)[number]>("365");
  const [shown, setShown] = useState(false);
  const add = useAddToken();
  const offered: TokenScope[] = admin ? ["read", "write", "admin"] : ["read", "write"];
  const submit = () => {
    setShown(true);
    if (name.trim() === "" || scopes.length === 0) return;
    add.mutate({ name: name.trim(), scopes, expires_days: days === "none" ? null : Number(days) }, { onSuccess: onMade });
  };
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={t("addToken")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" busy={add.isPending} onClick={submit}>
            {t("make")}
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
        <Field label={t("tokenName")} hint={t("tokenNameHint")} error={shown && name.trim() === "" ? t("tokenNameMissing") : undefined}>
          <TextInput value={name} onChange={setName} autoFocus maxLength={120} />
        </Field>
        <fieldset className={styles.checks}>
          <legend className={styles.legend}>{t("scopes")}</legend>
          {offered.map((scope) => (
            <Checkbox key={scope} checked={scopes.includes(scope)} onChange={(on) => setScopes(on ? offered.filter((s) => s === scope || scopes.includes(s)) : scopes.filter((s) => s !== scope))} label={t(`s_${scope}`)} hint={t(`sh_${scope}`)} />
          ))}
          {shown && scopes.length === 0 && <p className="bad">{t("scopesMissing")}</p>}
        </fieldset>
        <Field label={t("expires")}>
          <Select value={days} onChange={setDays} options={kDays.map((value) => ({ value, label: value === "none" ? t("noExpiry") : value === "365" ? t("year") : t("days", { n: value, count: Number(value) }) }))} />
        </Field>
        {add.error && <ErrorState small error={add.error} />}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
    </Dialog>
  );
}

function RevokeDialog({ token, onClose }: { token: Token; onClose: () => void }) {
  const t = useTexts(accessTexts);
  const revoke = useRevokeToken();
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={t("revokeAsk", { name: token.name })}
      note={t("revokeNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button
            kind="danger"
            busy={revoke.isPending}
            onClick={() =>
              revoke.mutate(token.id, {
                onSuccess: () => {
                  toast(t("revokedDone", { name: token.name }));
                  onClose();
                },
              })
            }
          >
            {t("revoke")}
          </Button>
        </>
      }
    >
      {revoke.error && <ErrorState small error={revoke.error} />}
    </Dialog>
  );
}
