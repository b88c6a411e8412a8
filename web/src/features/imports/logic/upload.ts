import { looksLikeCells } from "@/ui/clipboard";

// What may be uploaded. The server has the last word; this one saves the wait.

export const kMaxBytes = 512 * 1024 * 1024;
export const kAccept = ".csv,.txt,.tsv,.xlsx,.xlsm";

export type Refusal = "empty" | "too_large" | "old_excel" | "not_a_table" | "several";

export function refusalOf(file: { name: string; size: number }): Refusal | null {
  if (file.size === 0) return "empty";
  if (file.size > kMaxBytes) return "too_large";
  const ending = /\.([^.]+)$/.exec(file.name.toLowerCase())?.[1] ?? "";
  if (ending === "xls" || ending === "et") return "old_excel";
  if (["pdf", "doc", "docx", "ppt", "pptx", "jpg", "jpeg", "png", "gif", "zip", "rar", "7z", "html", "htm", "json", "xml"].includes(ending)) return "not_a_table";
  return null;
}

// Pasted text as a file: cells copied from a sheet arrive with tabs. Nothing for a word or an empty paste.
export function pastedFile(text: string, name: string): File | null {
  if (!looksLikeCells(text)) return null;
  return new File([text.replace(/\r\n?/g, "\n")], name, { type: "text/tab-separated-values" });
}

export function rowCount(text: string): number {
  return text.split(/\r\n?|\n/).filter((line) => line.trim() !== "").length;
}
