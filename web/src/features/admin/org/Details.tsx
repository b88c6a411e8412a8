import { ArrowRight } from "lucide-react";
import type { ReactNode } from "react";
import { useLanguage, useTexts } from "@/i18n";
import { Link } from "@/state/page";
import { Button, formatDay, formatNumber, Tag } from "@/ui";
import styles from "../admin.module.css";
import { stretches, targetOn, type History, type Node, type Org } from "../logic/org";
import { namesOf } from "./names";
import { orgTexts } from "./texts";
import { useNodeName } from "./Tree";

export type Action = "rename" | "move" | "leave" | "back" | "addDealer" | "addTeam" | "addStaff" | "paste";

// What is known of one node, its history, and what can be done with it.
export function Details({ node, org, today, onAct }: { node: Node; org: Org; today: string; onAct: (action: Action) => void }) {
  const t = useTexts(orgTexts);
  const nameOf = useNodeName();
  const dealer = org.dealers.find((d) => d.id === node.dealer);
  const person = node.kind === "staff" ? dealer?.staff.find((s) => s.id === node.id) : undefined;
  const kinds: Partial<Record<Node["kind"], string>> = { region: t("region"), dealer: t("dealer"), team: t("team"), staff: t("staff") };
  const there = person ? targetOn(person.team_history, today) != null : true;
  const history = node.kind === "dealer" ? dealer?.region_history : person?.team_history;
  const scope = node.kind === "region" || node.kind === "dealer" || node.kind === "team" || node.kind === "staff" ? `${node.kind}:${node.id}` : null;
  return (
    <div className={styles.details}>
      <div>
        {kinds[node.kind] && <p className={styles.kind}>{kinds[node.kind]}</p>}
        <h2 className={styles.detailName}>
          {nameOf(node)} {node.left && node.kind === "staff" && <Tag>{t("left")}</Tag>}
        </h2>
        {node.code && node.kind !== "left" && (
          <p className="quiet">
            {t("code")} <span className="code">{node.code}</span>
            {dealer && node.kind !== "dealer" && ` · ${dealer.name || dealer.code}`}
          </p>
        )}
      </div>
      {node.kind !== "left" && node.kind !== "none" && (
        <div className={styles.buttons}>
          {node.kind === "region" && <Button onClick={() => onAct("addDealer")}>{t("addDealer")}</Button>}
          {node.kind === "dealer" && (
            <>
              <Button onClick={() => onAct("addTeam")}>{t("addTeam")}</Button>
              <Button onClick={() => onAct("addStaff")}>{t("addStaff")}</Button>
              <Button onClick={() => onAct("paste")}>{t("paste")}</Button>
            </>
          )}
          {node.kind === "team" && (
            <>
              <Button onClick={() => onAct("addStaff")}>{t("addStaff")}</Button>
              <Button onClick={() => onAct("paste")}>{t("paste")}</Button>
            </>
          )}
          {node.kind !== "network" && <Button onClick={() => onAct("rename")}>{t("rename")}</Button>}
          {node.kind === "dealer" && org.regions.length > 0 && <Button onClick={() => onAct("move")}>{t("moveDealer")}</Button>}
          {node.kind === "staff" && there && (
            <>
              {(dealer?.teams.length ?? 0) > 1 && <Button onClick={() => onAct("move")}>{t("moveStaff")}</Button>}
              <Button onClick={() => onAct("leave")}>{t("leave")}</Button>
            </>
          )}
          {node.kind === "staff" && !there && (dealer?.teams.length ?? 0) > 0 && <Button onClick={() => onAct("back")}>{t("comeBack")}</Button>}
          {node.kind === "network" && <Button onClick={() => onAct("addDealer")}>{t("addDealer")}</Button>}
        </div>
      )}
      <dl className={styles.facts}>
        {(node.kind === "network" || node.kind === "region" || node.kind === "none") && <Fact label={t("dealers")}>{formatNumber(node.dealers)}</Fact>}
        {node.kind === "dealer" && <Fact label={t("teams")}>{formatNumber(dealer?.teams.length)}</Fact>}
        {node.kind !== "staff" && <Fact label={t("people")}>{formatNumber(node.people)}</Fact>}
        {node.kind === "dealer" && dealer?.entries !== undefined && <Fact label={t("entries")}>{formatNumber(dealer.entries)}</Fact>}
        {node.kind === "dealer" && <Fact label={t("timeZone")}>{dealer?.time_zone}</Fact>}
      </dl>
      {history && <HistoryList history={history} org={org} today={today} nowhere={node.kind === "dealer" ? t("noRegion") : t("gone")} />}
      {scope && (
        <Link to="/dashboard" search={{ scope }} className={styles.textLink}>
          {t("openDashboard")} <ArrowRight size={12} aria-hidden />
        </Link>
      )}
    </div>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function HistoryList({ history, org, today, nowhere }: { history: History; org: Org; today: string; nowhere: string }) {
  const t = useTexts(orgTexts);
  const language = useLanguage();
  const nameOf = namesOf(org);
  const list = stretches(history);
  const day = (iso: string) => (iso < "1990-01-01" ? t("always") : formatDay(iso, language, { year: true }));
  return (
    <section>
      <h3 className={styles.subhead}>{t("history")}</h3>
      {list.length === 0 && <p className="quiet">{t("noHistory")}</p>}
      <ol className={styles.history}>
        {list.map((step) => {
          const future = step.from > today;
          const now = !future && (step.to === null || step.to >= today);
          return (
            <li key={step.from} data-now={now || undefined}>
              <span className={styles.historyDays}>{step.to === null ? (step.from < "1990-01-01" ? t("always") : t("fromOn", { from: day(step.from) })) : t("fromTo", { from: day(step.from), to: day(step.to) })}</span>
              <b>{step.target === null ? nowhere : nameOf(step.target)}</b>
              {future && <Tag tone="accent">{t("upcoming")}</Tag>}
            </li>
          );
        })}
      </ol>
    </section>
  );
}
