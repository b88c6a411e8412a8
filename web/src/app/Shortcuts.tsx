import { pick, useLanguage, useTexts } from "@/i18n";
import { Dialog } from "@/ui";
import { kPages } from "./pages";
import styles from "./Palette.module.css";
import { appTexts } from "./texts";

export default function Shortcuts({ onClose }: { onClose: () => void }) {
  const t = useTexts(appTexts);
  const language = useLanguage();
  const rows: [string[], string][] = [
    [["Ctrl", "K"], t("keyPalette")],
    ...kPages.filter((page) => page.key).map((page): [string[], string] => [["G", page.key!.toUpperCase()], t("keyGo", { page: pick(page.title, language) })]),
    [["[", "]"], t("keyPeriod")],
    [["S"], t("keyScope")],
    [["J", "K"], t("keyRows")],
    [["Enter"], t("keyOpen")],
    [["Ctrl", "Enter"], t("keySave")],
    [["Esc"], t("keyClose")],
    [["?"], t("keyList")],
  ];
  return (
    <Dialog open onOpenChange={onClose} title={t("keys")} note={t("keyNote")}>
      <dl className={styles.keys}>
        {rows.map(([keys, meaning]) => (
          <div key={keys.join("+") + meaning}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
