#include "exchange/xlsx_writer.h"

#include <xlsxwriter.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"

namespace dealpace::exchange {
namespace {

constexpr size_t kTextMax = 32'767;
constexpr size_t kSheetNameMax = 31;

// The first `most` characters.
std::string Cut(std::string_view text, size_t most) {
  std::string_view rest = text;
  for (size_t i = 0; i < most && !rest.empty(); ++i) (void)NextCodePoint(rest);
  return std::string(text.substr(0, text.size() - rest.size()));
}

}  // namespace

XlsxWriter::XlsxWriter(const std::string& path, bool constant_memory) : path_(path) {
  lxw_workbook_options options{};
  options.constant_memory = constant_memory ? LXW_TRUE : LXW_FALSE;
  workbook_ = workbook_new_opt(path.c_str(), &options);
  if (workbook_ == nullptr) problem_ = "no memory for the workbook";
}

XlsxWriter::~XlsxWriter() {
  if (workbook_ == nullptr) return;
  workbook_close(workbook_);  // also frees it; a file without Finish is nobody's
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

void XlsxWriter::AddSheet(std::string_view name) {
  if (workbook_ == nullptr) return;
  std::string clean = Cut(name, kSheetNameMax);
  for (char& c : clean) {
    if (std::string_view("[]:*?/\\'").find(c) != std::string_view::npos) c = ' ';
  }
  sheet_ = workbook_add_worksheet(workbook_, clean.c_str());
  if (sheet_ == nullptr && problem_.empty()) problem_ = "the sheet " + clean + " cannot be added";
}

bool XlsxWriter::Fits(int64_t row, int column) {
  if (sheet_ == nullptr) return false;
  if (row >= 0 && row < kRowsMax && column >= 0 && column < kColumnsMax) return true;
  if (problem_.empty()) problem_ = "a sheet has at most 1,048,576 rows and 16,384 columns";
  return false;
}

lxw_format* XlsxWriter::FormatOf(std::string_view number, Look look, bool right, bool wrap) {
  const auto key = std::make_tuple(std::string(number), look, right, wrap);
  const auto it = formats_.find(key);
  if (it != formats_.end()) return it->second;
  lxw_format* format = workbook_add_format(workbook_);
  if (!number.empty()) format_set_num_format(format, std::get<0>(key).c_str());
  if (right) format_set_align(format, LXW_ALIGN_RIGHT);
  if (wrap) {
    format_set_text_wrap(format);
    format_set_align(format, LXW_ALIGN_VERTICAL_TOP);
  }
  switch (look) {
    case Look::kPlain: break;
    case Look::kBold: format_set_bold(format); break;
    case Look::kTitle:
      format_set_bold(format);
      format_set_font_size(format, 14);
      break;
    case Look::kNote: format_set_font_color(format, 0x4A5361); break;
    case Look::kHeader:
      format_set_bold(format);
      format_set_bg_color(format, 0xF1F3F6);
      format_set_bottom(format, LXW_BORDER_THIN);
      break;
    case Look::kTotal:
      format_set_bold(format);
      format_set_bg_color(format, 0xF1F3F6);
      format_set_top(format, LXW_BORDER_THIN);
      break;
  }
  formats_.emplace(key, format);
  return format;
}

void XlsxWriter::Text(int64_t row, int column, std::string_view text, Look look, bool right, bool wrap) {
  if (!Fits(row, column)) return;
  const std::string cell = Cut(text, kTextMax);
  lxw_format* const format = FormatOf("", look, right, wrap);
  if (cell.empty()) {
    worksheet_write_blank(sheet_, static_cast<lxw_row_t>(row), static_cast<lxw_col_t>(column), format);
    return;
  }
  const lxw_error failed =
      worksheet_write_string(sheet_, static_cast<lxw_row_t>(row), static_cast<lxw_col_t>(column), cell.c_str(), format);
  if (failed != LXW_NO_ERROR && problem_.empty()) problem_ = lxw_strerror(failed);
}

void XlsxWriter::Number(int64_t row, int column, double number, std::string_view format, Look look) {
  if (!Fits(row, column)) return;
  const lxw_error failed = worksheet_write_number(sheet_, static_cast<lxw_row_t>(row), static_cast<lxw_col_t>(column),
                                                  number, FormatOf(format, look, false, false));
  if (failed != LXW_NO_ERROR && problem_.empty()) problem_ = lxw_strerror(failed);
}

void XlsxWriter::Blank(int64_t row, int column, Look look) { Text(row, column, "", look); }

void XlsxWriter::Width(int first_column, int last_column, double characters) {
  if (!Fits(0, first_column) || !Fits(0, last_column)) return;
  worksheet_set_column(sheet_, static_cast<lxw_col_t>(first_column), static_cast<lxw_col_t>(last_column), characters,
                       nullptr);
}

void XlsxWriter::Freeze(int64_t row, int column) {
  if (!Fits(row, column)) return;
  worksheet_freeze_panes(sheet_, static_cast<lxw_row_t>(row), static_cast<lxw_col_t>(column));
}

Status XlsxWriter::Finish() {
  if (workbook_ != nullptr) {
    const lxw_error failed = workbook_close(workbook_);
    if (failed != LXW_NO_ERROR && problem_.empty()) problem_ = lxw_strerror(failed);
    workbook_ = nullptr;
    sheet_ = nullptr;
  }
  if (problem_.empty()) return {};
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
  return Error("export_failed").With("detail", problem_);
}

}  // namespace dealpace::exchange
