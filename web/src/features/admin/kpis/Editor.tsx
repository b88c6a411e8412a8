import { ArrowRight } from "lucide-react";
import { useState } from "react";
import { cellOf, useCatalog, useKpi, useOrg } from "@/api";
import { plain, rich, useLanguage, useTexts } from "@/i18n";
import { Link } from "@/state/page";
import { periodLabel } from "@/state/period";
import { questionOf, useView } from "@/state/view";
import { Banner, Button, classes, ErrorState, Field, formatInstant, formatNumber, formatShort, Panel, Select, Tag, TextArea, TextInput, toast, useDebounced, type Unit } from "@/ui";
import styles from "../admin.module.css";
import { useCheck, useOwnKpis, useSaveKpi, type OwnKpi, type OwnKpiInput } from "./data";
import { FormulaField } from "./FormulaField";
import { kpiTexts } from "./texts";

const kUnits = ["percent", "count", "money", "ratio", "day", "hour", "score", "points", "times", "percent_points"] as const satisfies readonly Unit[];
const kEmpty: OwnKpiInput = { id: "", name: { zh: "", en: "" }, formula: "", unit: "percent", better: "higher", meaning: { zh: "", en: "" } };

// One KPI of one's own, with its value while the formula is written.
export function Editor({ kpi, onClose, onSaved, onRemove }: { kpi: OwnKpi | null; onClose: () => void; onSaved: (id: string) => void; onRemove?: () => void }) {
  const t = useTexts(kpiTexts);
  const language = useLanguage();
  const catalog = useCatalog();
  const { data: own, refetch } = useOwnKpis();
  const [form, setForm] = useState<OwnKpiInput>(() => (kpi ? { id: kpi.id, name: { ...kpi.name }, formula: kpi.formula, unit: kpi.unit, better: kpi.better, meaning: { ...kpi.meaning } } : kEmpty));
  const [idTouched, setIdTouched] = useState(kpi !== null);
  const [unitTouched, setUnitTouched] = useState(kpi !== null);
  const [caret, setCaret] = useState<number | null>(null);
  const [shown, setShown] = useState(false);
  const formula = useDebounced(form.formula, 200);
  const cursor = useDebounced(caret, 200);
  const check = useCheck(formula, null, cursor);
  const fresh = formula === form.formula && !check.isPlaceholderData;
  const save = useSaveKpi();
  const patch = (change: Partial<OwnKpiInput>) => setForm((before) => ({ ...before, ...change }));

  const found = fresh && check.data?.ok ? (check.data.unit ?? null) : null;
  // A new KPI takes the formula's unit until another is chosen.
  const unit = !unitTouched && found && (kUnits as readonly string[]).includes(found) ? (found as Unit) : form.unit;
  const unitName = (name: string) => t(`u_${name as Unit}`);
  const id = idTouched ? form.id : suggestId(form.name.en ?? "");
  const idError = !/^[a-z][a-z0-9_]{1,47}$/.test(id) ? t("idBad") : kpi === null && (catalog.kpi(id) || catalog.measure(id)) ? t("idTaken", { id }) : save.error?.field === "id" ? save.error.title : undefined;
  const nameError = !form.name.zh?.trim() && !form.name.en?.trim() ? t("nameMissing") : undefined;
  const wrong = fresh && form.formula.trim() !== "" && check.data && !check.data.ok ? check.data.error : undefined;
  const formulaError = form.formula.trim() === "" ? (shown ? t("formulaMissing") : undefined) : wrong ? `${wrong.message ?? ""} ${wrong.todo ?? ""}` : undefined;
  const conflict = save.error?.code === "edit_conflict" || save.error?.status === 412;
  const theirs = conflict ? own?.find((item) => item.id === kpi?.id) : undefined;

  const submit = (version: number | null) => {
    setShown(true);
    if (idError || nameError || form.formula.trim() === "" || wrong) return;
    const either = (text: { zh: string; en: string }) => ({ zh: text.zh.trim() || text.en.trim(), en: text.en.trim() || text.zh.trim() });
    save.mutate(
      { kpi: { ...form, id, unit, name: either(form.name), meaning: either(form.meaning), formula: form.formula.trim() }, version },
      {
        onSuccess: (saved) => {
          toast(t("saved", { name: catalog.text(saved.name) }), { kind: "good" });
          onSaved(saved.id);
        },
        onError: () => void refetch(),
      },
    );
  };

  return (
    <Panel title={kpi ? t("edit", { name: catalog.text(kpi.name) }) : t("add")} action={kpi?.changed_at ? <span className="quiet">{t("changed", { who: kpi.changed_by ?? "", at: formatInstant(kpi.changed_at, language) })}</span> : undefined}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          submit(kpi?.version ?? null);
        }}
      >
        {conflict && (
          <Banner
            kind="warn"
            action={
              <span className={styles.buttons}>
                <Button small onClick={onClose}>
                  {t("useTheirs")}
                </Button>
                <Button small kind="primary" onClick={() => submit(theirs?.version ?? null)}>
                  {t("useMine")}
                </Button>
              </span>
            }
          >
            {rich(t("conflict", { formula: plain(theirs?.formula ?? "?"), name: plain(catalog.text(theirs?.name)), who: plain(theirs?.changed_by ?? "?"), at: formatInstant(theirs?.changed_at, language) }))}
          </Banner>
        )}
        <div className={styles.two}>
          <Field label={t("nameZh")} error={shown ? nameError : undefined}>
            <TextInput value={form.name.zh ?? ""} onChange={(zh) => patch({ name: { ...form.name, zh } })} maxLength={120} autoFocus={kpi === null} />
          </Field>
          <Field label={t("nameEn")} hint={t("nameHint")}>
            <TextInput value={form.name.en ?? ""} onChange={(en) => patch({ name: { ...form.name, en } })} maxLength={120} lang="en" />
          </Field>
        </div>
        {kpi === null && (
          <Field label={t("id")} hint={t("idHint")} error={(shown || (idTouched && id !== "")) ? idError : undefined}>
            <TextInput
              mono
              value={id}
              onChange={(next) => {
                setIdTouched(true);
                patch({ id: next });
              }}
              maxLength={48}
              spellCheck={false}
            />
          </Field>
        )}
        <Field label={t("formula")} hint={t("formulaHint")} error={formulaError}>
          <FormulaField value={form.formula} onChange={(text) => patch({ formula: text })} onCaret={setCaret} check={check.data} fresh={fresh && cursor === caret} />
        </Field>
        <Live formula={form.formula.trim()} ok={fresh && check.data?.ok === true} unit={unit} />
        <div className={styles.two}>
          <Field label={t("unit")} hint={found ? t("unitIs", { unit: unitName(found) }) : undefined} error={found && unitTouched && found !== form.unit && !(found === "ratio" && form.unit === "percent") && !(found === "percent" && form.unit === "ratio") ? t("unitDiffers", { unit: unitName(found) }) : undefined}>
            <Select
              value={unit}
              onChange={(next) => {
                setUnitTouched(true);
                patch({ unit: next });
              }}
              options={kUnits.map((value) => ({ value, label: unitName(value) }))}
            />
          </Field>
          <Field label={t("better")}>
            <Select
              value={form.better}
              onChange={(better) => patch({ better })}
              options={[
                { value: "higher", label: t("higher") },
                { value: "lower", label: t("lower") },
                { value: "none", label: t("neither") },
              ]}
            />
          </Field>
        </div>
        <div className={styles.two}>
          <Field label={t("meaningZh")} hint={t("meaningHint")} optional>
            <TextArea value={form.meaning.zh ?? ""} onChange={(zh) => patch({ meaning: { ...form.meaning, zh } })} rows={2} />
          </Field>
          <Field label={t("meaningEn")} optional>
            <TextArea value={form.meaning.en ?? ""} onChange={(en) => patch({ meaning: { ...form.meaning, en } })} rows={2} lang="en" />
          </Field>
        </div>
        {fresh && (check.data?.uses.length ?? 0) > 0 && (
          <p className={styles.uses}>
            <span className="quiet">{t("uses")}</span>
            {[...new Set(check.data!.uses)].map((used) => (
              <Tag key={used} title={used}>
                {catalog.name(used)}
              </Tag>
            ))}
          </p>
        )}
        {save.error && !conflict && idError !== save.error.title && <ErrorState small error={save.error} />}
        <div className={classes(styles.buttons, styles.end)}>
          {onRemove && (
            <Button kind="danger" className={styles.pushLeft} onClick={onRemove}>
              {t("remove")}
            </Button>
          )}
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" type="submit" busy={save.isPending}>
            {t("save")}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

// "Win rate (net)" → win_rate_net
function suggestId(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[^a-z]+|_+$/g, "")
    .slice(0, 48);
}

// What the formula says for the scope and period of the top bar.
function Live({ formula, ok, unit }: { formula: string; ok: boolean; unit: Unit }) {
  const t = useTexts(kpiTexts);
  const language = useLanguage();
  const view = useView();
  const { data: org } = useOrg();
  const answer = useKpi(ok && formula !== "" ? { columns: [`live=${formula}`], ...questionOf({ ...view, vs: "previous" }), to_date: true, ids: false } : null);
  const cell = answer.data ? cellOf(answer.data.total as Record<string, unknown>, answer.data.columns[0]?.name ?? "live") : null;
  const scopeName =
    view.scope.kind === "dealer" ? org?.dealers.find((d) => d.id === view.scope.id)?.name : view.scope.kind === "region" ? org?.regions.find((r) => r.id === view.scope.id)?.name : undefined;
  return (
    <section className={styles.live} aria-label={t("live")} aria-live="polite">
      <h3 className={styles.subhead}>
        {t("live")}
        <span className={styles.subnote}>{t("liveNote", { scope: scopeName ?? (language === "zh" ? "全国网络" : "whole network"), period: periodLabel(view.period, language) })}</span>
      </h3>
      {answer.error ? (
        <ErrorState small error={answer.error} />
      ) : !ok || !cell ? (
        <p className="quiet">{t("liveNone")}</p>
      ) : cell.value == null ? (
        <p className="quiet">— {t("liveUndefined")}</p>
      ) : (
        <p className={classes(styles.liveFigure, answer.isPlaceholderData && styles.dimmed)}>
          <b data-value={cell.value}>{formatShort(cell.value, unit, language)}</b>
          {cell.num != null && cell.den != null && (
            <span>
              {formatNumber(cell.num, { places: 2, trim: true })} / {formatNumber(cell.den, { places: 2, trim: true })}
            </span>
          )}
          {cell.vs && <span>{t("previous", { value: formatShort(cell.vs.value, unit, language) })}</span>}
          <Link to="/explore" search={{ v: formula }} className={styles.textLink}>
            {t("openExplore")} <ArrowRight size={12} aria-hidden />
          </Link>
        </p>
      )}
    </section>
  );
}
