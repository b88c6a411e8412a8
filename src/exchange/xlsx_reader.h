#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "exchange/encoding.h"
#include "exchange/table_reader.h"

namespace dealpace::exchange {

// One sheet of an Office Open XML workbook, streamed: in memory stand the shared strings, the merged ranges and one
// row.
//
// - Row.number is the sheet's. Rows in which nothing is written are passed over.
// - A formula counts as its value at the last saving. One that was never calculated is a kError "=A1+B1".
// - The value of a merged range, written in its first cell only, is given for every cell of the range, in the rows
//   that hold something of their own. A covered cell that holds a value keeps it.
// - A number is a date when its format shows a year, a month or a day. When the format shows the time of day alone, a
//   number from 1 on is a date with a time all the same, one below 1 the text "09:30:00". Elapsed time ([h]:mm) is a
//   number: days. Day zero ("1900-01-00") and 29 February 1900, which Excel invented, stay numbers.
// - Only worksheets are listed, hidden ones too.
class XlsxReader {
 public:
  // Fails as TableReader::Open does.
  static Result<std::unique_ptr<TableReader>> Open(InputFile file, std::string_view sheet, const ReadLimits& limits);
};

// What a number format makes of a number.
enum class FormatKind {
  kNumber,
  kDate,      // shows a year, a month or a day
  kTime,      // shows the time of day and no date
  kDuration,  // shows elapsed hours, minutes or seconds: [h]:mm
};
[[nodiscard]] FormatKind KindOfFormat(std::string_view code);

// The decimal notation of a number as a workbook writes it: 28.100000000000001 → "28.1", 1.5E-3 → "0.0015". Fifteen
// digits count, as in Excel, but an integer keeps all of its own (order numbers). Nothing when it is no number.
[[nodiscard]] std::optional<std::string> NumberText(std::string_view written);

}  // namespace dealpace::exchange
