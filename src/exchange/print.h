#pragma once

#include <string>
#include <vector>

#include "base/text.h"
#include "kpi/answer.h"

// Answers and tables for people and programs: aligned text for a terminal, CSV, JSON.
namespace dealpace::exchange {

struct TextTable {
  struct Column {
    std::string title;
    bool right = false;  // numbers
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
  bool has_total = false;  // the last row is the total
};

// Columns aligned by display width (a Chinese character takes two), a rule under the header and above the total.
[[nodiscard]] std::string AlignTable(const TextTable& table);

// A figure for people: percents with one decimal, money with two and grouped, "—" where it is undefined.
[[nodiscard]] std::string FigureText(const std::optional<double>& value, catalog::Unit unit, int percent_decimals = 1);

[[nodiscard]] std::string DimTitle(std::string_view dim_or_grain, Language language);
[[nodiscard]] std::string ColumnTitle(const catalog::Catalog& catalog, const kpi::Program::Column& column,
                                      Language language);

// A member for people: the name of its code where the catalogue has one, in their language; "—" where not set.
[[nodiscard]] std::string MemberText(const catalog::Catalog& catalog, std::string_view dim_or_grain,
                                     std::optional<std::string_view> key, Language language);

// The answer of `kpi` in the three formats of the command line. JSON is the contract of the API as well.
[[nodiscard]] std::string AnswerText(const catalog::Catalog& catalog, const kpi::Answer& answer, Language language);
[[nodiscard]] std::string AnswerCsv(const kpi::Answer& answer);
// `ids`: rows also carry `_ids`, the member ids of their dimensions.
[[nodiscard]] std::string AnswerJson(const catalog::Catalog& catalog, const kpi::Answer& answer, Instant now,
                                     bool ids = false);

}  // namespace dealpace::exchange
