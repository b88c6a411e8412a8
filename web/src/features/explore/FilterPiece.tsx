import { useMemo, useState } from "react";
import { useCatalog, useMembers, useOrg } from "@/api";
import { useTexts } from "@/i18n";
import { Checkbox, Popover, Skeleton, TextInput, useDebounced } from "@/ui";
import styles from "./explore.module.css";
import { exploreTexts } from "./texts";

const kOrgDims = new Set(["region", "dealer", "team", "staff", "actor"]);

// How a filter names a member: units and people by id, since two may share a name; all else by code.
export function useMemberLabel(): (dim: string, value: string) => string {
  const catalog = useCatalog();
  const { data: org } = useOrg();
  const names = useMemo(() => {
    const out = new Map<string, string>();
    for (const region of org?.regions ?? []) out.set(`region:${region.id}`, region.name);
    for (const dealer of org?.dealers ?? []) {
      out.set(`dealer:${dealer.id}`, dealer.name);
      for (const team of dealer.teams) out.set(`team:${team.id}`, team.name);
      for (const person of dealer.staff) {
        out.set(`staff:${person.id}`, person.name);
        out.set(`actor:${person.id}`, person.name);
      }
    }
    return out;
  }, [org]);
  return (dim, value) => (value.startsWith("id:") ? (names.get(`${dim}:${value.slice(3)}`) ?? value.slice(3)) : catalog.dimLabel(dim, value));
}

const kMost = 50;

// The piece of one filter: what it is, and a list to choose members from.
export function FilterPiece({ dim, members, onChange, startOpen }: { dim: string; members: string[]; onChange: (members: string[]) => void; startOpen: boolean }) {
  const t = useTexts(exploreTexts);
  const catalog = useCatalog();
  const label = useMemberLabel();
  const [open, setOpen] = useState(startOpen);
  const [search, setSearch] = useState("");
  const asked = useDebounced(search, 200);
  const found = useMembers(dim, asked, { limit: kMost, enabled: open });
  const names = members.map((member) => label(dim, member));
  const shown = names.length === 0 ? t("anySet") : t("is", { names: names.slice(0, 2).join("、") + (names.length > 2 ? ` +${names.length - 2}` : "") });
  const toggle = (value: string, on: boolean) => onChange(on ? [...members, value] : members.filter((member) => member !== value));
  const options = (found.data?.members ?? []).map((member) => ({
    value: kOrgDims.has(dim) ? `id:${member.id}` : member.text,
    label: member.name ? catalog.text(member.name) : catalog.dimLabel(dim, member.text),
    within: member.within ?? "",
  }));
  // What was chosen stays in sight even where the search does not find it.
  const kept = asked === "" ? members.filter((member) => !options.some((option) => option.value === member)).map((value) => ({ value, label: label(dim, value), within: "" })) : [];
  const left = (found.data?.count ?? 0) - options.length;

  return (
    <Popover
      label={catalog.dim(dim)}
      open={open}
      onOpenChange={setOpen}
      trigger={
        <button type="button" className={styles.pieceName} title={names.join("、")}>
          {catalog.dim(dim)} <span className={styles.note}>{shown}</span>
        </button>
      }
    >
      <div className={styles.memberPicker}>
        <TextInput type="search" autoFocus aria-label={t("members")} placeholder={t("members")} value={search} onChange={setSearch} />
        <Checkbox checked={members.length === 0} onChange={(on) => on && onChange([])} label={t("anyMember")} />
        <div className={styles.memberList} role="group" aria-label={catalog.dim(dim)}>
          {found.isPending ? (
            <Skeleton lines={6} height={18} />
          ) : (
            [...kept, ...options].map((option) => <Checkbox key={option.value} checked={members.includes(option.value)} onChange={(on) => toggle(option.value, on)} label={option.within ? `${option.label} · ${option.within}` : option.label} />)
          )}
          {!found.isPending && options.length + kept.length === 0 && <p className={styles.shelfEmpty}>{t("noMembers")}</p>}
        </div>
        {left > 0 && <p className={styles.shelfEmpty}>{t("moreMembers", { n: left })}</p>}
      </div>
    </Popover>
  );
}
