#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "exchange/encoding.h"
#include "exchange/table_reader.h"

namespace dealpace::exchange {

// Delimited text, as spreadsheets and databases write it (RFC 4180) and as people bend it:
//
// - Lines end with CRLF, LF or CR; the last one may lack its end. An empty line is a row without cells.
// - A cell that begins with a quotation mark goes to the closing one, over delimiters and line ends; "" in it is one
//   mark. Text after the closing mark belongs to the cell. A mark inside a cell that began otherwise is text.
// - Blanks stay. An empty cell, quoted or not, is kEmpty.
// - Excel's first line "sep=;" names the delimiter and is no row; without it the delimiter is found by DetectDelimiter.
//
// Memory stays within a few megabytes and a small multiple of the longest record.
class CsvReader final : public TableReader {
 public:
  // Fails as TableReader::Open does. HTML and XML saved under a table's name are file_not_a_table.
  static Result<std::unique_ptr<TableReader>> Open(InputFile file, const ReadLimits& limits,
                                                   std::optional<Encoding> forced = {});

  [[nodiscard]] Result<bool> Next(Row& row) override;
  [[nodiscard]] double progress() const override;

 private:
  enum class Stop { kDelimiter, kLineEnd, kFileEnd };

  CsvReader(InputFile file, const TextFacts& text, const ReadLimits& limits);
  Status Start();
  void SetDelimiter(char delimiter);
  bool Fill();
  bool More() { return cursor_ < end_ || Fill(); }
  void Append(Cell& cell, const char* from, const char* to);
  Stop ReadCell(Cell& cell);
  void ReadQuoted(Cell& cell);
  void EndLine();
  [[nodiscard]] int64_t Offset() const { return base_ + (cursor_ - buffer_.data()); }

  InputFile file_;
  ReadLimits limits_;
  TextStream stream_;
  std::vector<char> buffer_;  // one byte more than is read into it: a line end that stops every scan
  const char* cursor_ = nullptr;
  const char* end_ = nullptr;
  int64_t base_ = 0;               // offset in the decoded text of the buffer's first byte
  std::array<bool, 256> stops_{};  // what ends a cell without quotes

  int64_t line_ = 1;
  bool after_cr_ = false;  // a line feed now belongs to the line before
  // Of the record being read:
  int64_t record_begin_ = 0;
  int64_t quote_line_ = 0;       // where the quoted cell began, 0 outside of one
  std::string_view refused_;     // why the record will be refused when it has been passed over
  Cell unkept_;                  // takes the cells beyond the limit
  std::optional<Error> failed_;  // what ended the reading for good
};

// Of , ; TAB | the one by which most records of the sample have the same number of columns, two at least; then the one
// that gives more columns; then the first. A comma when none divides: one column. `whole`: the sample's last record is
// complete.
[[nodiscard]] char DetectDelimiter(std::string_view sample, bool whole);

}  // namespace dealpace::exchange
