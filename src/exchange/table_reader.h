#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/days.h"
#include "base/hash.h"
#include "base/result.h"

namespace dealpace::exchange {

// One cell as a file gives it.
struct Cell {
  enum class Kind {
    kText,    // as written; every cell of a CSV file that is not empty is text
    kNumber,  // XLSX number: `text` is its decimal notation (without binary noise: 28.1, not 28.100000000000001)
    kDate,    // XLSX number with a date format: `day` and `ms_of_day`; `text` is "2026-10-07" or "2026-10-07 09:30:00"
    kBool,    // `text` is "TRUE" or "FALSE"
    kError,   // XLSX error value: `text` is "#N/A" …, or "=A1+B1" of a formula that was never calculated
    kEmpty,   // nothing written; `text` is empty
  };
  Kind kind = Kind::kEmpty;
  std::string text;
  Day day{};
  int ms_of_day = 0;
};

struct Row {
  int64_t number = 0;  // line of the file (CSV: the line where the record begins) or row of the sheet, from 1
  std::vector<Cell> cells;
};

// What was found out about a file before its first row was read.
struct FileFacts {
  std::string format;               // "csv" or "xlsx"
  std::string encoding;             // "UTF-8", "UTF-8 BOM", "UTF-16LE", "UTF-16BE", "GB18030"; empty for xlsx
  char delimiter = ',';             // of a CSV file: , ; TAB |
  std::vector<std::string> sheets;  // names, in the workbook's order
  std::string sheet;                // the one read
  int64_t bytes = 0;
  Hash128 content;  // of the file's bytes
};

struct ReadLimits {
  int64_t record_bytes_max = 16 << 20;  // one CSV record, or all texts of one row of a sheet
  int64_t cell_bytes_max = 1 << 20;     // one cell
  int columns_max = 2000;
  int64_t uncompressed_bytes_max = int64_t{4} << 30;  // of an XLSX file's parts, all together
  int64_t compression_ratio_max = 500;                // … and as a multiple of the file's size (beyond 64 MB)
  int64_t shared_strings_bytes_max = int64_t{512} << 20;
};

// The rows of a CSV text or of one sheet of an XLSX workbook, from first to last, in bounded memory whatever the
// file's size. Title rows come too, and empty lines (without cells); rows of a sheet in which nothing is written are
// passed over. Finding the header is the caller's.
class TableReader {
 public:
  virtual ~TableReader() = default;

  // Opens by content, not by name. `sheet` names a sheet of a workbook; empty: the first that has rows.
  // Fails with file_unreadable, file_empty (0 bytes or only blanks), file_not_a_table (binary rubbish), file_damaged
  // (a broken or encrypted workbook, malformed text), file_too_large_inside (zip bomb), unknown_sheet ("name",
  // "sheets"). Each names the "file", some a "detail"; malformed text also its line as "row".
  // `encoding` reads a text as that ("GB18030" …), whatever it looks like; empty: found. Another name fails with
  // unknown_encoding. A workbook has none to choose.
  static Result<std::unique_ptr<TableReader>> Open(const std::string& path, std::string_view sheet = {},
                                                   const ReadLimits& limits = {}, std::string_view encoding = {});

  [[nodiscard]] const FileFacts& facts() const { return facts_; }
  // Reads the next row into `row`, whose buffers are used again; false after the last one. Fails with record_too_long,
  // cell_too_long, too_many_columns, unclosed_quote ("line": where the quote began), file_damaged,
  // file_too_large_inside, each with the row's number as "row". After cell_too_long and too_many_columns the next call
  // goes on with the next row; the other failures are for good, and come again.
  [[nodiscard]] virtual Result<bool> Next(Row& row) = 0;
  // Share of the file that has been read, 0 to 1, for a progress bar.
  [[nodiscard]] virtual double progress() const = 0;

 protected:
  FileFacts facts_;
};

}  // namespace dealpace::exchange
