#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kpi/answer.h"

// The order of an answer's rows, and how many of them are kept.
namespace dealpace::kpi {

// Reads "close_rate:desc,dealer": names of columns and slices, each with a direction or without. Commas and colons
// inside brackets and quotes belong to the name. Fails with sort_empty where a name is missing.
[[nodiscard]] Result<std::vector<RowOrder>> ParseRowOrder(std::string_view text);

// Whether the answer can be ordered and cut as asked. Fails with sort_unknown ("name", "known"), top_bad ("top"),
// per_unknown ("name", "known"), per_without_top.
[[nodiscard]] Status CheckRowOrder(const Question& question);

// Rows that are not filled in yet: what their order and number depend on. Each has a key for every one of Question::by
// and a value for every one of SortColumns, one after the other.
struct RowSketches {
  size_t count = 0;
  std::vector<std::string_view> keys;  // without data: not set
  std::vector<int64_t> ids;            // members among the keys; 0 for times
  // Where a key's text stands among all texts of that key, from below; kNotSet where it is not set. None: to be found.
  std::vector<uint32_t> places;
  std::vector<double> values;  // NaN: none
  static constexpr uint32_t kNotSet = UINT32_MAX;
};

// The columns that rows are ordered by, as positions among the question's; the question must be right (CheckRowOrder).
[[nodiscard]] std::vector<size_t> SortColumns(const Question& question);

// The rows that the answer is to have, as positions among the sketches, in the order asked for, and otherwise in that
// of their keys, then of their ids. What has no value, and a key that is not set, comes last in either direction.
[[nodiscard]] std::vector<uint32_t> OrderRows(const Question& question, const RowSketches& rows);

}  // namespace dealpace::kpi
