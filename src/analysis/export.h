#pragma once

#include <string>

#include "analysis/question.h"
#include "http/message.h"
#include "kpi/answer.h"

// An answer as a file: an Excel workbook with a sheet of definitions, or CSV.
namespace dealpace::analysis {

struct ExportRequest {
  AskedQuestion asked;
  enum class Format { kXlsx, kCsv } format = Format::kXlsx;
  std::string title;  // empty: the names of the columns
  std::string pivot;  // a time grain of the question's `by` that becomes columns (XLSX); empty: none
};
// Reads the body of exportKpi. Fails as ReadQuestion does, and with field_choice, pivot_not_a_grain, pivot_with_top.
[[nodiscard]] Result<ExportRequest> ReadExportRequest(http::JsonBody body, Day today,
                                                      std::shared_ptr<const RowScope> rows);

// Who exports, when, and where temporary files may be written.
struct ExportContext {
  const catalog::Catalog& catalog;
  kpi::Engine& engine;
  facts::Facts& facts;
  Zone zone;
  Instant now{};
  Language language = Language::kChinese;
  std::string by;      // the person's name
  std::string folder;  // for the file that is sent and then removed
};

// The file as a download. Workbook: title, scope, period, basis, cut-off, who and when; the table with frozen header,
// exact numbers under display formats, numerator and denominator beside each ratio, a totals row of its own sums; a
// second sheet with the definition of each column and of what it is made of. With a pivot the grain's units stand side
// by side, each with its figure only, and a total at the right; totals are ratios of sums there too. CSV: as the
// command line writes it, with a byte order mark for Excel. Fails as kpi::Engine::Ask does, and with export_failed.
[[nodiscard]] Result<http::Response> Export(const ExportRequest& request, const ExportContext& context);

}  // namespace dealpace::analysis
