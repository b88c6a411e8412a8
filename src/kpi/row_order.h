#pragma once

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

// Puts the rows, which come in the order of their keys, into the order asked for, and keeps the first of them. Rows
// that are equal in all that was named stay as they were; what has no value, and a key that is not set, comes last in
// either direction. The total is left as it is: that of all rows.
void OrderRows(const Question& question, Answer& answer);

}  // namespace dealpace::kpi
