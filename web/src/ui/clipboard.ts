// Cells copied from a spreadsheet, and back. Excel, WPS and Numbers put rows on lines and cells between tabs; a cell
// with a tab, a line break or a quotation mark in it is put in quotation marks, doubled inside.

// The block as rows of cells. Trailing empty lines fall away; a text without tabs is one column. When `separators` is
// given, a text without tabs is split at the first of them that every line has.
export function parseCells(text: string, separators: readonly string[] = []): string[][] {
  const clean = text.replace(/^\u{FEFF}/u, "").replace(/\r\n?/g, "\n");
  let separator = "\t";
  if (!clean.includes("\t")) {
    const lines = clean.split("\n").filter((line) => line.trim() !== "");
    separator = separators.find((s) => lines.length > 0 && lines.every((line) => line.includes(s))) ?? "\t";
  }
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  let fresh = true; // nothing of this cell was read yet
  const endCell = () => {
    row.push(cell);
    cell = "";
    fresh = true;
  };
  const endRow = () => {
    endCell();
    rows.push(row);
    row = [];
  };
  for (let i = 0; i < clean.length; i++) {
    const c = clean[i]!;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (clean[i + 1] === '"') {
        cell += '"';
        i++;
      } else quoted = false;
    } else if (c === '"' && fresh && closes(clean, i, separator)) {
      quoted = true;
      fresh = false;
    } else if (c === separator) endCell();
    else if (c === "\n") endRow();
    else {
      cell += c;
      fresh = false;
    }
  }
  if (cell !== "" || row.length > 0 || !fresh) endRow();
  while (rows.length > 0 && rows[rows.length - 1]!.every((value) => value.trim() === "")) rows.pop();
  return rows;
}

// Whether the quotation mark at `start` is one of the format: it is closed again, right before a separator, a line's
// end or the end. A cell such as `19" rim` or `"Lion" red` keeps its marks.
function closes(text: string, start: number, separator: string): boolean {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] !== '"') continue;
    if (text[i + 1] === '"') {
      i++;
      continue;
    }
    const next = text[i + 1];
    return next === undefined || next === separator || next === "\n";
  }
  return false;
}

export function formatCells(rows: readonly (readonly string[])[]): string {
  return rows
    .map((row) => row.map((cell) => (/["\t\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join("\t"))
    .join("\n");
}

// Whether a text is a block of cells: at least two rows, or two columns.
export function looksLikeCells(text: string): boolean {
  const rows = parseCells(text);
  return rows.length > 1 || (rows[0]?.length ?? 0) > 1;
}

// A line of CSV that a spreadsheet will not take for a formula: a text that begins like one gets an apostrophe, which
// an import takes off again.
export function formatCsv(rows: readonly (readonly string[])[]): string {
  const cell = (value: string) => {
    const safe = /^[=+\-@\t\r]/.test(value) && !/^-?\d+(\.\d+)?$/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return "\u{FEFF}" + rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

export function saveText(name: string, content: string, type: string) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export { copyText } from "./panel";
