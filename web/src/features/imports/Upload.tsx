import { CloudUpload, FileSpreadsheet } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { asApiError, upload, type ApiError } from "@/api";
import { useLanguage, useTexts } from "@/i18n";
import { useGo } from "@/state/page";
import { Banner, Button, classes, ErrorState, formatBytes, formatInstant, ProgressBar, SegmentedControl } from "@/ui";
import { useQueryClient } from "@tanstack/react-query";
import styles from "./imports.module.css";
import { kAccept, pastedFile, refusalOf, type Refusal } from "./logic/upload";
import type { Import, Kind } from "./logic/types";
import { texts } from "./texts";

// A file by dragging, pasting or choosing; or cells copied from a sheet. What is found in it opens at once.
export function Upload() {
  const t = useTexts(texts);
  const language = useLanguage();
  const go = useGo();
  const client = useQueryClient();
  const [kind, setKind] = useState<Kind>("events");
  const [over, setOver] = useState(false);
  const [running, setRunning] = useState<{ name: string; share: number } | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const stop = useRef<AbortController | null>(null);

  const take = useCallback(
    async (files: readonly File[]) => {
      const file = files[0];
      if (!file || stop.current) return;
      setError(null);
      setRefused(null);
      const say = (why: Refusal) => setRefused(t(`refuse_${why}`, { name: file.name, size: formatBytes(file.size) }));
      if (files.length > 1) return say("several");
      const refusal = refusalOf(file);
      if (refusal) return say(refusal);
      const abort = new AbortController();
      stop.current = abort;
      setRunning({ name: file.name, share: 0 });
      try {
        const made = await upload<Import>(`/api/v1/imports?name=${encodeURIComponent(file.name)}&kind=${kind}`, file, {
          onProgress: (share) => setRunning({ name: file.name, share }),
          signal: abort.signal,
        });
        client.setQueryData(["import", made.id], made);
        void client.invalidateQueries({ queryKey: ["imports"] });
        go({ to: "/import/$id", params: { id: made.id } });
      } catch (thrown) {
        if (!(thrown instanceof DOMException)) setError(asApiError(thrown));
      } finally {
        stop.current = null;
        setRunning(null);
      }
    },
    [client, go, kind, t],
  );

  useEffect(() => () => stop.current?.abort(), []);
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const target = event.target as HTMLElement | null;
      if (target?.closest("input, textarea, [contenteditable], [role=dialog]")) return;
      const files = [...(event.clipboardData?.files ?? [])];
      // Excel puts a picture of the cells beside their text: the text is what is meant.
      const text = event.clipboardData?.getData("text/plain") ?? "";
      if (text.trim() !== "") {
        event.preventDefault();
        const file = pastedFile(text, t("pastedName", { at: formatInstant(new Date().toISOString(), language).replace(":", "-") }));
        if (file) void take([file]);
        else setRefused(t("notCells"));
      } else if (files.length > 0) {
        event.preventDefault();
        void take(files);
      }
    };
    document.addEventListener("paste", paste);
    return () => document.removeEventListener("paste", paste);
  }, [language, t, take]);

  return (
    <section className={styles.upload} aria-label={t("choose")}>
      <div className={styles.kindRow}>
        <span className={styles.kindLabel}>{t("kind")}</span>
        <SegmentedControl
          label={t("kind")}
          value={kind}
          onChange={setKind}
          options={[
            { value: "events", label: t("kindEvents") },
            { value: "readings", label: t("kindReadings") },
          ]}
        />
        <span className={styles.kindHint}>{kind === "events" ? t("kindEventsHint") : t("kindReadingsHint")}</span>
      </div>
      <div
        className={classes(styles.drop, over && styles.dropOver)}
        onDragOver={(event) => {
          if (![...event.dataTransfer.types].includes("Files")) return;
          event.preventDefault();
          event.dataTransfer.dropEffect = "copy";
          setOver(true);
        }}
        onDragLeave={(event) => {
          if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
        }}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void take([...event.dataTransfer.files]);
        }}
      >
        {running ? (
          <div className={styles.uploading} aria-live="polite">
            <FileSpreadsheet size={24} strokeWidth={1.5} aria-hidden />
            <p>{running.share < 1 ? t("uploading", { name: running.name }) : t("reading")}</p>
            <ProgressBar value={running.share < 1 ? running.share : null} label={t("uploading", { name: running.name })} />
            <Button small onClick={() => stop.current?.abort()}>
              {t("stopUpload")}
            </Button>
          </div>
        ) : (
          <>
            <CloudUpload size={28} strokeWidth={1.4} aria-hidden className={styles.dropIcon} />
            <p className={styles.dropTitle}>{over ? t("dropNow") : t("drop")}</p>
            <p className={styles.dropHow}>{t("dropHow")}</p>
            <Button kind="primary" onClick={() => input.current?.click()}>
              {t("choose")}
            </Button>
            <p className={styles.dropLimits}>{t("dropLimits")}</p>
          </>
        )}
        <input
          ref={input}
          type="file"
          accept={kAccept}
          hidden
          aria-label={t("choose")}
          onChange={(event) => {
            void take([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
      </div>
      {refused && <Banner kind="bad">{refused}</Banner>}
      {error && (
        <div className={styles.uploadError}>
          <ErrorState small error={error} />
        </div>
      )}
    </section>
  );
}
