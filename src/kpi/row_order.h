#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
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

// Puts the rows, which come in the order of their keys, into the order asked for, and keeps the first of them. Rows
// that are equal in all that was named stay as they were; what has no value, and a key that is not set, comes last in
// either direction. The total is left as it is: that of all rows.
void OrderRows(const Question& question, Answer& answer);

// Sorts rows, those that are equal staying as they were. Rows are heavy, so their places are sorted first.
template <typename Before>
void SortRows(std::vector<RowAnswer>& rows, const Before& before) {
  if (std::is_sorted(rows.begin(), rows.end(), before)) return;
  std::vector<RowAnswer*> order;
  order.reserve(rows.size());
  for (RowAnswer& row : rows) order.push_back(&row);
  std::stable_sort(order.begin(), order.end(), [&](const RowAnswer* a, const RowAnswer* b) { return before(*a, *b); });
  std::vector<RowAnswer> sorted;
  sorted.reserve(rows.size());
  for (RowAnswer* row : order) sorted.push_back(std::move(*row));
  rows = std::move(sorted);
}

}  // namespace dealpace::kpi
