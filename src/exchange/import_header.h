#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "exchange/mapping.h"
#include "exchange/table_reader.h"

// The beginning of a sheet: title rows, header, first rows.
namespace dealpace::exchange {

struct Head {
  std::vector<Row> rows;             // the first rows of the sheet, as they are
  size_t body = 0;                   // position among them of the first row below the header
  int64_t header_row = 0;            // its number; 0: none
  std::vector<std::string> headers;  // a nameless column goes by its number; without header all do
  std::vector<size_t> dropped;       // columns that a file of refused rows has added: not among the headers
};

// Reads the first rows and finds the header among them: for a mapping the row that has all its columns, else the one
// from which most can be guessed, else the likeliest. `header_row` says it instead: its number, or 0 for none. Fails
// with file_empty, header_row_missing ("row"), and as the reader does.
[[nodiscard]] Result<Head> ReadHead(TableReader& reader, const std::optional<Mapping>& mapping, const std::string& kind,
                                    const catalog::Catalog& catalog, std::optional<int64_t> header_row = {});

// Takes the dropped columns out of a row: what a file of refused rows adds says nothing of the row itself.
void DropColumns(Row& row, const std::vector<size_t>& dropped);

// The text of a cell without blanks around it and the apostrophe of an export.
[[nodiscard]] std::string CellText(const Cell& cell);
[[nodiscard]] std::string_view CellTextView(const Cell& cell);
[[nodiscard]] std::vector<std::string> CellTexts(const Row& row);
[[nodiscard]] bool IsBlankRow(const Row& row);

}  // namespace dealpace::exchange
