import { useTexts } from "@/i18n";
import { classes, ErrorState, formatNumber, Select } from "@/ui";
import { ApiError } from "@/api";
import type { Draft } from "./data";
import styles from "./imports.module.css";
import type { Import } from "./logic/types";
import { texts } from "./texts";

const kEncodings = ["UTF-8", "GB18030", "UTF-16LE", "UTF-16BE"];
const kFound = "found";

// How the file is read, each part to be changed, with the top of the sheet: a click on a row makes it the header.
export function FileFacts({ draft, edit }: { draft: Import; edit: Draft }) {
  const t = useTexts(texts);
  const file = draft.file ?? {};
  const sheets = file.sheets ?? [];
  const rows = draft.top ?? [];
  const headerRow = file.header_row ?? 0;
  const width = Math.max(0, ...rows.map((row) => row.cells.length));
  const headerOptions = [
    { value: kFound, label: file.header_chosen ? t("headerAuto") : headerRow > 0 ? t("headerFound", { n: headerRow }) : t("headerAuto") },
    ...rows.map((row) => ({ value: String(row.row), label: t("headerRow", { n: row.row }) })),
    { value: "0", label: t("headerNone") },
  ];
  return (
    <div className={styles.facts}>
      {draft.problem_reading && <ErrorState small error={ApiError.of(draft.problem_reading)} safe={t("unreadable")} />}
      <div className={styles.factRow}>
        {sheets.length > 1 && (
          <label className={styles.fact}>
            {t("sheet")}
            <Select small label={t("sheet")} value={file.sheet ?? ""} options={sheets.map((name) => ({ value: name, label: name }))} onChange={(sheet) => void edit.change({ sheet })} />
          </label>
        )}
        {file.format !== "xlsx" && (
          <label className={styles.fact}>
            {t("encoding")}
            <Select
              small
              label={t("encoding")}
              value={file.encoding_chosen ?? kFound}
              options={[{ value: kFound, label: t("encodingAuto", { name: file.encoding || "?" }) }, ...kEncodings.map((name) => ({ value: name, label: name }))]}
              onChange={(encoding) => void edit.change({ encoding: encoding === kFound ? null : encoding })}
            />
          </label>
        )}
        {rows.length > 0 && (
          <label className={styles.fact}>
            {t("header")}
            <Select small label={t("header")} value={file.header_chosen ? String(headerRow) : kFound} options={headerOptions} onChange={(row) => void edit.change({ header_row: row === kFound ? null : Number(row) })} />
          </label>
        )}
      </div>
      {rows.length > 0 && (
        <div className={styles.topScroll}>
          <table className={styles.top} aria-label={t("fileNote")}>
            <tbody>
              {rows.map((row) => {
                const header = row.row === headerRow;
                return (
                  <tr key={row.row} className={classes(header && styles.topHeader, row.row < headerRow && styles.topAbove)}>
                    <th scope="row">
                      {header ? (
                        <span aria-label={t("isHeader")} title={t("isHeader")}>
                          {formatNumber(row.row)}
                        </span>
                      ) : (
                        <button type="button" onClick={() => void edit.change({ header_row: row.row })} aria-label={t("useAsHeader", { n: row.row })} title={t("useAsHeader", { n: row.row })}>
                          {formatNumber(row.row)}
                        </button>
                      )}
                    </th>
                    {Array.from({ length: width }, (_, i) => (
                      <td key={i} title={row.cells[i] ?? ""}>
                        {row.cells[i] ?? ""}
                      </td>
                    ))}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

// One line under the title: the file's name, sheet, header and size.
export function useFileLine(draft: Import, size: string): string {
  const t = useTexts(texts);
  const file = draft.file ?? {};
  const parts = [draft.file_name];
  if (file.sheet && (file.sheets?.length ?? 0) > 0) parts.push(t("sheetFact", { name: file.sheet }));
  if (file.encoding && file.format !== "xlsx") parts.push(file.encoding);
  if (file.header_row !== undefined && !draft.problem_reading) parts.push(file.header_row > 0 ? t("headerFact", { n: file.header_row }) : t("noHeaderFact"));
  if (size) parts.push(size);
  return parts.join(" · ");
}
