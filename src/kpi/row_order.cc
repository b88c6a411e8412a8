#include "kpi/row_order.h"

#include <algorithm>
#include <map>
#include <numeric>
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
  size_t index = 0;  // among Question::by or SortColumns
  bool descending = false;
};

std::vector<Step> StepsOf(const Question& question) {
  std::vector<Step> steps;
  size_t values = 0;
  for (const RowOrder& named : question.sort) {
    const size_t key = PositionIn(question.by, named.name);
    const bool is_key = key < question.by.size();
    steps.push_back({is_key, is_key ? key : values++, named.descending.value_or(!is_key)});
  }
  return steps;
}

int Compare(const std::string* a, const std::string* b, bool descending) {
  if (a == b) return 0;
  if (a == nullptr || b == nullptr) return static_cast<int>(b != nullptr) - static_cast<int>(a != nullptr);
  const int order = a->compare(*b);
  return descending ? -order : order;
}

// Below zero: a comes first. What is empty comes last, whatever the direction.
int Compare(const std::optional<double>& a, const std::optional<double>& b, bool descending) {
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

std::vector<size_t> SortColumns(const Question& question) {
  const std::vector<std::string> columns = ColumnNames(question);
  std::vector<size_t> positions;
  for (const RowOrder& named : question.sort) {
    if (PositionIn(question.by, named.name) < question.by.size()) continue;
    positions.push_back(PositionIn(columns, named.name));
  }
  return positions;
}

std::vector<uint32_t> OrderRows(const Question& question, const RowSketches& rows) {
  const std::vector<Step> steps = StepsOf(question);
  const size_t keys = question.by.size();
  const size_t values = rows.count == 0 ? 0 : rows.values.size() / rows.count;
  const auto before = [&](uint32_t a, uint32_t b) {
    for (const Step& step : steps) {
      const int compared =
          step.is_key
              ? Compare(rows.keys[a * keys + step.index], rows.keys[b * keys + step.index], step.descending)
              : Compare(rows.values[a * values + step.index], rows.values[b * values + step.index], step.descending);
      if (compared != 0) return compared < 0;
    }
    for (size_t key = 0; key < keys; ++key) {
      const int compared = Compare(rows.keys[a * keys + key], rows.keys[b * keys + key], false);
      if (compared != 0) return compared < 0;
    }
    return a < b;
  };
  std::vector<uint32_t> order(rows.count);
  std::iota(order.begin(), order.end(), 0);
  if (!std::is_sorted(order.begin(), order.end(), before)) std::sort(order.begin(), order.end(), before);
  if (!question.top) return order;
  const auto most = static_cast<size_t>(*question.top);
  if (question.per.empty()) {
    if (order.size() > most) order.resize(most);
    return order;
  }
  const size_t key = PositionIn(question.by, question.per);
  // People of the same name in two dealers are two members; times have no id.
  std::map<std::pair<int64_t, std::string_view>, size_t> taken;
  std::erase_if(order, [&](uint32_t row) {
    const std::string* text = rows.keys[row * keys + key];
    return ++taken[{rows.ids[row * keys + key], text == nullptr ? std::string_view() : *text}] > most;
  });
  return order;
}

}  // namespace dealpace::kpi
