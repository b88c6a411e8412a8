import { rich, useTexts } from "@/i18n";
import { formatNumber, PageHead } from "@/ui";
import { useImports } from "./data";
import { History } from "./History";
import styles from "./imports.module.css";
import { isOpen, isRunning } from "./logic/draft";
import { texts } from "./texts";
import { Upload } from "./Upload";

export default function ImportsPage() {
  const t = useTexts(texts);
  const { data } = useImports();
  const jobs = data?.pages.flatMap((page) => page.imports) ?? [];
  const running = jobs.filter((job) => isRunning(job.state)).length;
  const drafts = jobs.filter((job) => isOpen(job.state) && !isRunning(job.state)).length;
  const lead = running > 0 ? rich(t("leadRunning", { n: formatNumber(running), count: running })) : drafts > 0 ? rich(t("leadDrafts", { n: formatNumber(drafts), count: drafts })) : t("lead");
  return (
    <div className={styles.page}>
      <PageHead title={t("title")} result={lead} />
      <Upload />
      <History />
    </div>
  );
}
