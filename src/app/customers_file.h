#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "exchange/table_reader.h"
#include "leads/customer_import.h"

// Lists of customers as files: a CSV file or a sheet with a customer in each row.
namespace dealpace::app {

// What a column may hold.
struct CustomerColumn {
  std::string_view id;                  // a field of the record, or kind, owner, dealer, since, source … of the lead
  Bilingual name;                       // its header in the template
  Bilingual note;                       // what may stand in it
  std::vector<std::string_view> words;  // other headers by which it goes
};
[[nodiscard]] const std::vector<CustomerColumn>& CustomerColumns();

// A file as it was read, before anybody says what its columns mean.
struct CustomerSheet {
  std::string file;
  std::string format;
  std::string encoding;
  std::string sheet;
  std::vector<std::string> sheets;
  int64_t header_row = 0;
  std::vector<std::string> headers;
  struct Line {
    int64_t number = 0;
    std::vector<std::string> cells;  // as text; kCellError, kCellForbidden in front of what is none
  };
  std::vector<Line> lines;
};
// In front of a cell that is an error of the spreadsheet or a formula without a value; and instead of one that held the
// number of an identity or bank card, which is never kept (BR-58).
inline constexpr char kCellError = '\x01';
inline constexpr char kCellForbidden = '\x02';

// Reads the file at `path`, called `name` in errors. The header is the first of the first 20 rows with columns for
// names or phones and one more. Fails as exchange::TableReader does, and with customers_no_header, customers_no_rows,
// customers_too_many.
[[nodiscard]] Result<CustomerSheet> ReadCustomerSheet(const std::string& path, std::string_view name,
                                                      std::string_view sheet = {}, std::string_view encoding = {});

// What each column most likely means: the id of a CustomerColumn, or empty; of two that mean the same the first.
[[nodiscard]] std::vector<std::string> GuessCustomerColumns(const std::vector<std::string>& headers);
// Fails with customers_column_unknown, customers_column_twice, customers_columns_missing (name and phone are needed).
[[nodiscard]] Status CheckCustomerColumns(const std::vector<std::string>& columns);

// The rows with these columns, repeats marked. `dealer`: what the dealer is called; a row that names another is
// refused.
[[nodiscard]] std::vector<leads::ImportRow> CustomerRows(const CustomerSheet& sheet,
                                                         const std::vector<std::string>& columns,
                                                         const std::vector<std::string>& dealer);

// An empty list to fill in, with headers in both languages and a second sheet that explains them.
[[nodiscard]] Status WriteCustomerTemplate(const std::string& path);

// A line of a list that was not taken, and why.
struct RefusedLine {
  int64_t number = 0;
  Error problem{""};
  std::vector<std::string> cells;
};
[[nodiscard]] std::string RefusedLineJson(const RefusedLine& line);
[[nodiscard]] Result<RefusedLine> ReadRefusedLine(std::string_view json);
// Refused lines with the reason in front, to be mended and imported again; as a workbook or as CSV by the name's end.
[[nodiscard]] Status WriteRefusedLines(const std::string& path, const std::vector<std::string>& headers,
                                       const std::vector<RefusedLine>& lines, Language language);

}  // namespace dealpace::app
