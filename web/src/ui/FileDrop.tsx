import { Upload } from "lucide-react";
import { useCallback, useEffect, useRef, useState, type DragEvent } from "react";
import { useTexts } from "@/i18n";
import { formatBytes } from "./format";
import { classes } from "./hooks";
import styles from "./FileDrop.module.css";
import { Banner } from "./panel";
import { uiTexts } from "./texts";

// Takes one file: dragged here, pasted anywhere on the page, or chosen. What cannot be taken is said at once.
export function FileDrop({ accept, maxBytes, hint, onFile, disabled = false }: { accept: readonly string[]; maxBytes: number; hint?: React.ReactNode; onFile: (file: File) => void; disabled?: boolean }) {
  const t = useTexts(uiTexts);
  const [over, setOver] = useState(false);
  const [problem, setProblem] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const depth = useRef(0);

  const take = useCallback(
    (files: FileList | readonly File[] | null | undefined) => {
      const file = files?.[0];
      if (!file || disabled) return;
      if (!accept.some((ending) => file.name.toLowerCase().endsWith(ending))) {
        setProblem(t("fileKind", { kinds: accept.join(" ") }));
        return;
      }
      if (file.size > maxBytes) {
        setProblem(t("fileSize", { size: formatBytes(file.size), max: formatBytes(maxBytes) }));
        return;
      }
      setProblem(files.length > 1 ? t("oneFile") : "");
      onFile(file);
    },
    [accept, disabled, maxBytes, onFile, t],
  );

  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      const files = event.clipboardData?.files;
      if (!files || files.length === 0) return;
      event.preventDefault();
      take(files);
    };
    document.addEventListener("paste", onPaste);
    return () => document.removeEventListener("paste", onPaste);
  }, [take]);

  const stop = (event: DragEvent) => {
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className={styles.root}>
      {/* Dragging is a second way; the button inside does the same for everyone. */}
      { }
      <div
        className={classes(styles.drop, over && styles.over)}
        onDragEnter={(event) => {
          stop(event);
          depth.current++;
          setOver(true);
        }}
        onDragOver={stop}
        onDragLeave={(event) => {
          stop(event);
          depth.current--;
          if (depth.current <= 0) setOver(false);
        }}
        onDrop={(event) => {
          stop(event);
          depth.current = 0;
          setOver(false);
          take(event.dataTransfer.files);
        }}
      >
        <Upload size={24} strokeWidth={1.5} aria-hidden />
        <p className={styles.main}>{over ? t("dropNow") : t("dropHere")}</p>
        <p className={styles.or}>
          {t("dropHint")}{" "}
          <button type="button" className={styles.choose} disabled={disabled} onClick={() => input.current?.click()}>
            {t("chooseFile")}
          </button>
        </p>
        {hint && <p className={styles.hint}>{hint}</p>}
        <input
          ref={input}
          type="file"
          className="sr-only"
          tabIndex={-1}
          aria-label={t("chooseFile")}
          accept={accept.join(",")}
          disabled={disabled}
          onChange={(event) => {
            take(event.target.files);
            event.target.value = "";
          }}
        />
      </div>
      {problem && <Banner kind="bad">{problem}</Banner>}
    </div>
  );
}
