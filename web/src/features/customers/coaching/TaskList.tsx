import { useLanguage, useTexts } from "@/i18n";
import { useToday } from "@/state/today";
import { formatIso, parsePeriod, periodLabel } from "@/state/period";
import { Button, formatDay, formatFigure, formatInstant, formatNumber, Tag } from "@/ui";
import { useStaffName } from "../data";
import type { FieldId } from "../logic/record";
import { fieldTexts } from "../texts";
import own from "./coaching.module.css";
import type { Task } from "./data";
import { findingsOf, isOverdue } from "./logic";
import { coachingTexts } from "./texts";

// Tasks with what they are about. Without `onClose` they are for reading only; nobody closes his own.
export function TaskList({ tasks, self, onClose }: { tasks: readonly Task[]; self: readonly string[]; onClose?: (task: Task) => void }) {
  const t = useTexts(coachingTexts);
  const names = useTexts(fieldTexts);
  const language = useLanguage();
  const nameOf = useStaffName();
  const today = formatIso(useToday());
  return (
    <ul className={own.list}>
      {tasks.map((task) => {
        const findings = findingsOf(task).map(([code, count]) => `${names(code as FieldId)}${count > 1 ? ` ×${formatNumber(count)}` : ""}`);
        const month = periodLabel(parsePeriod(task.from.slice(0, 7))!, language);
        const overdue = isOverdue(task, today);
        const mine = self.includes(task.staff ?? "");
        return (
          <li key={task.id} className={own.line}>
            <div className={own.what}>
              <div className={own.facts}>
                <b>{nameOf(task.staff)}</b>
                <span>
                  {t("what", { month })} <b>{formatFigure(task.num / task.den, "percent", { places: 0 })}</b> ({formatNumber(task.num)} / {formatNumber(task.den)})
                </span>
                <span className="quiet">{t("goal", { goal: formatFigure(task.goal, "percent", { places: 0 }) })}</span>
                {findings.length > 0 && <span>{t("wrong", { fields: findings.join(language === "zh" ? "、" : ", ") })}</span>}
              </div>
              {task.note && <p className={own.note}>{task.note}</p>}
            </div>
            <div className={own.state}>
              {task.state === "open" && (overdue ? <Tag tone="bad">{t("overdue", { day: formatDay(task.due, language) })}</Tag> : <span className="quiet">{t("due", { day: formatDay(task.due, language) })}</span>)}
              {task.state === "done" && <span className="quiet">{t("closedBy", { who: task.closed_by ?? "—", when: formatInstant(task.closed_at, language) })}</span>}
              {task.state === "withdrawn" && <span className="quiet">{t("withdrawnAt", { when: formatInstant(task.closed_at, language) })}</span>}
              {onClose && task.state === "open" && (mine ? <span className="quiet">{t("own")}</span> : <Button small onClick={() => onClose(task)}>{t("close")}</Button>)}
            </div>
          </li>
        );
      })}
    </ul>
  );
}
