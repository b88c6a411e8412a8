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
  std::vector<const std::string*> keys;  // null: not set
  std::vector<int64_t> ids;              // members among the keys; 0 for times
  std::vector<std::optional<double>> values;
};

// The columns that rows are ordered by, as positions among the question's; the question must be right (CheckRowOrder).
[[nodiscard]] std::vector<size_t> SortColumns(const Question& question);

// The rows that the answer is to have, as positions among the sketches, in the order asked for, and otherwise in that
// of their keys. What has no value, and a key that is not set, comes last in either direction.
[[nodiscard]] std::vector<uint32_t> OrderRows(const Question& question, const RowSketches& rows);

}  // namespace dealpace::kpi
