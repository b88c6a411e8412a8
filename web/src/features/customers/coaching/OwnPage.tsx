import { GraduationCap } from "lucide-react";
import { plain, rich, useLanguage, useTexts } from "@/i18n";
import { Link } from "@/state/page";
import { Banner, EmptyState, ErrorState, formatDay, formatNumber, PageHead, Panel, Skeleton } from "@/ui";
import styles from "../customers.module.css";
import { useWithin, WithDealer } from "../Dealer";
import type { Dealer } from "../logic/dealer";
import { useOwnTasks } from "./data";
import { openOf } from "./logic";
import { TaskList } from "./TaskList";
import { coachingTexts } from "./texts";

// A consultant's own coaching tasks, for reading.
export default function OwnPage() {
  const t = useTexts(coachingTexts);
  return <WithDealer title={t("mine")}>{(dealer) => <Own key={dealer.id} dealer={dealer} />}</WithDealer>;
}

function Own({ dealer }: { dealer: Dealer }) {
  const t = useTexts(coachingTexts);
  const { data, error, refetch } = useOwnTasks(dealer.id);
  const { count } = openOf(data?.tasks ?? []);
  const name = plain(dealer.name || dealer.code);
  return (
    <div className={styles.page}>
      <PageHead title={t("mine")} result={data && rich(count === 0 ? t("leadNone", { dealer: name }) : t("lead", { dealer: name, n: formatNumber(count), count }))} />
      <Panel flush title={t("title")} note={t("ownNote")}>
        {!data && !error && (
          <div className={styles.pad}>
            <Skeleton lines={2} height={24} />
          </div>
        )}
        {error && <ErrorState small error={error} onRetry={() => void refetch()} />}
        {data?.tasks.length === 0 && <EmptyState small icon={GraduationCap} why={t("emptyOwn")} />}
        {data && data.tasks.length > 0 && <TaskList tasks={data.tasks} self={data.self} />}
      </Panel>
    </div>
  );
}

// On the list of customers: that there are any.
export function OwnNotice({ dealer }: { dealer: Dealer }) {
  const t = useTexts(coachingTexts);
  const language = useLanguage();
  const within = useWithin(dealer);
  const { count, due } = openOf(useOwnTasks(dealer.id).data?.tasks ?? []);
  if (count === 0) return null;
  return (
    <Banner kind="warn">
      {t("notice", { n: formatNumber(count), count, due: formatDay(due, language) })}{" "}
      <Link to="/coaching" search={within}>
        {t("look")}
      </Link>
    </Banner>
  );
}
