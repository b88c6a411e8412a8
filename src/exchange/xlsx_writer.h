#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "base/result.h"

struct lxw_workbook;
struct lxw_worksheet;
struct lxw_format;

namespace dealpace::exchange {

// Writes an Excel workbook. Texts are written as texts, never as formulas (methods M37), whatever they begin with;
// numbers with all their digits and a display format beside.
//
// With `constant_memory` a sheet's cells must come row by row, and only one row stands in memory. Rows and columns
// count from 0. What lies beyond the limits of a sheet makes Finish fail. Not thread-safe.
class XlsxWriter {
 public:
  static constexpr int64_t kRowsMax = 1'048'576;
  static constexpr int kColumnsMax = 16'384;

  enum class Look { kPlain, kBold, kTitle, kNote, kHeader, kTotal };

  XlsxWriter(const std::string& path, bool constant_memory);
  ~XlsxWriter();
  XlsxWriter(const XlsxWriter&) = delete;
  XlsxWriter& operator=(const XlsxWriter&) = delete;

  // Further cells go to this sheet. A name is cut to what Excel takes: 31 characters, none of []:*?/\.
  void AddSheet(std::string_view name);
  // At most 32,767 characters, the rest is cut off. `right`: aligned like a number; `wrap`: in several lines.
  void Text(int64_t row, int column, std::string_view text, Look look = Look::kPlain, bool right = false,
            bool wrap = false);
  // `format`: Excel's, as "0.0%".
  void Number(int64_t row, int column, double number, std::string_view format, Look look = Look::kPlain);
  // A cell without content that has a look.
  void Blank(int64_t row, int column, Look look);
  void Width(int first_column, int last_column, double characters);
  // What is above and left of the cell stays in sight.
  void Freeze(int64_t row, int column);

  // Writes the file. Fails with export_failed ("detail"); then there is no file. Nothing may be called after it.
  [[nodiscard]] Status Finish();

 private:
  lxw_format* FormatOf(std::string_view number, Look look, bool right, bool wrap);
  [[nodiscard]] bool Fits(int64_t row, int column);

  std::string path_;
  lxw_workbook* workbook_ = nullptr;
  lxw_worksheet* sheet_ = nullptr;
  std::map<std::tuple<std::string, Look, bool, bool>, lxw_format*, std::less<>> formats_;
  std::string problem_;  // the first one
};

}  // namespace dealpace::exchange
