import { useTexts } from "@/i18n";
import { one, usePageSearch } from "@/state/page";
import { SegmentedControl } from "@/ui";
import forms from "../customers.module.css";
import { WithDealer } from "../Dealer";
import { RecipientsTab } from "./RecipientsTab";
import { RequestsTab } from "./RequestsTab";
import { RetentionTab } from "./RetentionTab";
import { texts } from "./texts";

const kViews = ["requests", "retention", "recipients"] as const;
type View = (typeof kViews)[number];
const readView = (value: string | undefined): View => kViews.find((view) => view === value) ?? "requests";

export default function PrivacyPage() {
  const t = useTexts(texts);
  const [view, patch] = usePageSearch((raw) => readView(one(raw.view)));
  const tabs = (
    <SegmentedControl
      label={t("views")}
      className={forms.kind ?? ""}
      value={view}
      onChange={(next) => patch({ view: next === "requests" ? undefined : next })}
      options={[
        { value: "requests", label: t("tabRequests") },
        { value: "retention", label: t("tabRetention") },
        { value: "recipients", label: t("tabRecipients") },
      ]}
    />
  );
  return (
    <WithDealer title={t("privacy")}>
      {(dealer) =>
        view === "retention" ? <RetentionTab key={dealer.id} dealer={dealer} tabs={tabs} /> : view === "recipients" ? <RecipientsTab key={dealer.id} dealer={dealer} tabs={tabs} /> : <RequestsTab key={dealer.id} dealer={dealer} tabs={tabs} />
      }
    </WithDealer>
  );
}
