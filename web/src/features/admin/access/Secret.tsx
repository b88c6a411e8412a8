import { Check, Copy } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useTexts } from "@/i18n";
import { Button, copyText, Dialog } from "@/ui";
import styles from "../admin.module.css";
import { accessTexts } from "./texts";

// Something that is shown once: it stays until it is said to be noted.
export function SecretDialog({ title, note, secret, children, onClose }: { title: string; note: string; secret: string; children?: ReactNode; onClose: () => void }) {
  const t = useTexts(accessTexts);
  return (
    <Dialog
      open
      title={title}
      note={note}
      wide={Boolean(children)}
      footer={
        <Button kind="primary" onClick={onClose}>
          {t("done")}
        </Button>
      }
    >
      <div className={styles.form}>
        <CopyLine text={secret} large />
        {children}
      </div>
    </Dialog>
  );
}

export function CopyLine({ text, large }: { text: string; large?: boolean }) {
  const t = useTexts(accessTexts);
  const [copied, setCopied] = useState(false);
  return (
    <div className={styles.secret}>
      <code className={large ? styles.secretLarge : styles.secretText} data-secret={large || undefined}>
        {text}
      </code>
      <Button icon={copied ? Check : Copy} onClick={() => void copyText(text).then(setCopied)}>
        <span aria-live="polite">{copied ? t("copied") : t("copy")}</span>
      </Button>
    </div>
  );
}
