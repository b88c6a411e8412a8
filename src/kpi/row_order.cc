#include "kpi/row_order.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/text.h"

namespace dealpace::kpi {
namespace {

size_t PositionIn(const std::vector<std::string>& names, std::string_view name) {
  return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

std::vector<std::string> ColumnNames(const Question& question) {
  std::vector<std::string> names;
  for (const NamedFormula& column : question.columns) names.push_back(column.name);
  return names;
}

// One step of the order, looked up.
struct Step {
  bool is_key = false;
  size_t index = 0;  // among Question::by or the columns
  bool descending = false;
};

// Below zero: a comes first. What is empty comes last, whatever the direction.
template <typename T>
int Compare(const std::optional<T>& a, const std::optional<T>& b, bool descending) {
  if (!a || !b) return static_cast<int>(b.has_value()) - static_cast<int>(a.has_value());
  if (*a == *b) return 0;
  return (*a < *b) != descending ? -1 : 1;
}

}  // namespace

Result<std::vector<RowOrder>> ParseRowOrder(std::string_view text) {
  std::vector<RowOrder> order;
  for (const NamedFormula& part : SplitColumns(text)) {
    RowOrder step;
    step.name = part.name == part.formula ? part.name : part.name + "=" + part.formula;
    for (const auto& [ending, descending] : {std::pair(":asc", false), std::pair(":desc", true)}) {
      if (!step.name.ends_with(ending)) continue;
      step.name = std::string(Trim(std::string_view(step.name).substr(0, step.name.rfind(':'))));
      step.descending = descending;
      break;
    }
    if (step.name.empty()) return Error("sort_empty");
    order.push_back(std::move(step));
  }
  return order;
}

Status CheckRowOrder(const Question& question) {
  std::vector<std::string> known = ColumnNames(question);
  known.insert(known.end(), question.by.begin(), question.by.end());
  for (const RowOrder& step : question.sort) {
    if (PositionIn(known, step.name) < known.size()) continue;
    return Error("sort_unknown").With("name", step.name).With("known", Join(known, ", "));
  }
  if (question.top && *question.top < 1) return Error("top_bad").With("top", *question.top);
  if (question.per.empty()) return {};
  if (!question.top) return Error("per_without_top");
  if (PositionIn(question.by, question.per) == question.by.size()) {
    return Error("per_unknown").With("name", question.per).With("known", Join(question.by, ", "));
  }
  return {};
}

void OrderRows(const Question& question, Answer& answer) {
  if (!question.sort.empty()) {
    const std::vector<std::string> columns = ColumnNames(question);
    std::vector<Step> steps;
    for (const RowOrder& named : question.sort) {
      const size_t key = PositionIn(question.by, named.name);
      const bool is_key = key < question.by.size();
      steps.push_back({is_key, is_key ? key : PositionIn(columns, named.name), named.descending.value_or(!is_key)});
    }
    SortRows(answer.rows, [&](const RowAnswer& a, const RowAnswer& b) {
      for (const Step& step : steps) {
        const int compared = step.is_key
                                 ? Compare(a.keys[step.index], b.keys[step.index], step.descending)
                                 : Compare(a.cells[step.index].value, b.cells[step.index].value, step.descending);
        if (compared != 0) return compared < 0;
      }
      return false;
    });
  }
  if (!question.top) return;
  answer.row_count = static_cast<int64_t>(answer.rows.size());
  const auto most = *question.top;
  if (question.per.empty()) {
    if (static_cast<int64_t>(answer.rows.size()) > most) answer.rows.resize(static_cast<size_t>(most));
    return;
  }
  const size_t key = PositionIn(question.by, question.per);
  // People of the same name in two dealers are two members; times have no id.
  std::map<std::pair<int64_t, std::optional<std::string>>, int64_t> taken;
  std::erase_if(answer.rows, [&](const RowAnswer& row) { return ++taken[{row.ids[key], row.keys[key]}] > most; });
}

}  // namespace dealpace::kpi
