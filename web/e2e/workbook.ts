import { strToU8, zipSync } from "fflate";

// Workbooks as people and their other programs write them: no more of the format than a test needs, by hand, so that
// reader and writer of the product are not tested against each other.

export type Cell =
  | string
  | number
  | null
  /** A day, as Excel has it: the serial number with a format of dates; with `hours`, also the time of day. */
  | { day: string; hours?: number };

export interface Sheet {
  name: string;
  rows: Cell[][];
  /** Merged ranges, "A1:L1". */
  merged?: string[];
}

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** A, B … Z, AA … */
function letters(column: number): string {
  return (column >= 26 ? letters(Math.floor(column / 26) - 1) : "") + String.fromCharCode(65 + (column % 26));
}

/** Days since 30 December 1899. */
export function serial(day: string, hours = 0): number {
  return (Date.parse(`${day}T00:00:00Z`) - Date.UTC(1899, 11, 30)) / 86_400_000 + hours / 24;
}

function cellXml(cell: Cell, at: string): string {
  if (cell === null || cell === "") return "";
  if (typeof cell === "number") return `<c r="${at}"><v>${String(cell)}</v></c>`;
  if (typeof cell === "string") return `<c r="${at}" t="inlineStr"><is><t xml:space="preserve">${escaped(cell)}</t></is></c>`;
  return `<c r="${at}" s="${cell.hours === undefined ? "1" : "2"}"><v>${String(serial(cell.day, cell.hours))}</v></c>`;
}

const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const parts = "http://schemas.openxmlformats.org/package/2006";
const kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml";

/** The bytes of a workbook. */
export function workbook(sheets: Sheet[]): Buffer {
  const files: Record<string, Uint8Array> = {};
  const add = (path: string, xml: string) => (files[path] = strToU8(head + xml));
  sheets.forEach((sheet, i) => {
    const rows = sheet.rows
      .map((row, r) => `<row r="${String(r + 1)}">${row.map((cell, c) => cellXml(cell, `${letters(c)}${String(r + 1)}`)).join("")}</row>`)
      .join("");
    const merged = sheet.merged ?? [];
    const ranges = merged.length > 0 ? `<mergeCells count="${String(merged.length)}">${merged.map((range) => `<mergeCell ref="${range}"/>`).join("")}</mergeCells>` : "";
    add(`xl/worksheets/sheet${String(i + 1)}.xml`, `<worksheet xmlns="${main}"><sheetData>${rows}</sheetData>${ranges}</worksheet>`);
  });
  const each = (make: (n: string, sheet: Sheet) => string) => sheets.map((sheet, i) => make(String(i + 1), sheet)).join("");
  add("xl/workbook.xml", `<workbook xmlns="${main}" xmlns:r="${relations}"><sheets>${each((n, sheet) => `<sheet name="${escaped(sheet.name)}" sheetId="${n}" r:id="rId${n}"/>`)}</sheets></workbook>`);
  // 14: a day as the country writes it; 22: with the time.
  add(
    "xl/styles.xml",
    `<styleSheet xmlns="${main}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>`,
  );
  add(
    "xl/_rels/workbook.xml.rels",
    `<Relationships xmlns="${parts}/relationships">${each((n) => `<Relationship Id="rId${n}" Type="${relations}/worksheet" Target="worksheets/sheet${n}.xml"/>`)}<Relationship Id="rId0" Type="${relations}/styles" Target="styles.xml"/></Relationships>`,
  );
  add("_rels/.rels", `<Relationships xmlns="${parts}/relationships"><Relationship Id="rId1" Type="${relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>`);
  add(
    "[Content_Types].xml",
    `<Types xmlns="${parts}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${kinds}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${kinds}.styles+xml"/>${each((n) => `<Override PartName="/xl/worksheets/sheet${n}.xml" ContentType="${kinds}.worksheet+xml"/>`)}</Types>`,
  );
  return Buffer.from(zipSync(files));
}
