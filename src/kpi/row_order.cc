#include "kpi/row_order.h"

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/text.h"

namespace dealpace::kpi {
namespace {

constexpr uint32_t kNotSet = UINT32_MAX;

size_t PositionIn(const std::vector<std::string>& names, std::string_view name) {
  return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

size_t ColumnOf(const Question& question, std::string_view name) {
  const auto named = [&](const NamedFormula& column) { return column.name == name; };
  return static_cast<size_t>(std::find_if(question.columns.begin(), question.columns.end(), named) -
                             question.columns.begin());
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

// By row, where its text of one key stands among all of them; equal texts stand at one place, and what is not set at
// the end.
std::vector<uint32_t> PlacesOf(const RowSketches& rows, size_t keys, size_t key) {
  std::vector<const std::string*> texts;  // each once, by pointer
  std::unordered_map<const std::string*, uint32_t> numbers;
  std::vector<uint32_t> by_row(rows.count);
  for (size_t row = 0; row < rows.count; ++row) {
    const std::string* text = rows.keys[row * keys + key];
    if (row > 0 && text == rows.keys[(row - 1) * keys + key]) {
      by_row[row] = by_row[row - 1];
      continue;
    }
    const auto [number, fresh] = numbers.try_emplace(text, static_cast<uint32_t>(texts.size()));
    if (fresh) texts.push_back(text);
    by_row[row] = number->second;
  }
  std::vector<uint32_t> order(texts.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return Compare(texts[a], texts[b], false) < 0; });
  std::vector<uint32_t> places(texts.size());
  uint32_t place = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && Compare(texts[order[i - 1]], texts[order[i]], false) != 0) ++place;
    places[order[i]] = texts[order[i]] == nullptr ? kNotSet : place;
  }
  for (uint32_t& number : by_row) number = places[number];
  return by_row;
}

// Numbers in the order of what they stand for; what there is not comes last.
uint64_t Placed(uint32_t place, bool descending) {
  if (place == kNotSet) return UINT64_MAX;
  return descending ? kNotSet - place : place;
}
uint64_t Placed(const std::optional<double>& value, bool descending) {
  if (!value) return UINT64_MAX;
  constexpr uint64_t kSign = uint64_t{1} << 63;
  const auto bits = std::bit_cast<uint64_t>(*value + 0.0);  // of −0 and 0 the same
  const uint64_t ascending = (bits & kSign) != 0 ? ~bits : bits | kSign;
  return descending ? ~ascending : ascending;
}

// Few texts stand in many rows: they are compared once, and then numbers are, which lie beside one another.
void SortPlaced(std::vector<Step> steps, size_t keys, size_t values, const RowSketches& rows,
                std::vector<uint32_t>& order) {
  for (size_t key = 0; key < keys; ++key) {
    const bool known =
        std::any_of(steps.begin(), steps.end(), [&](const Step& step) { return step.is_key && step.index == key; });
    if (!known) steps.push_back({true, key, false});
  }
  const size_t width = steps.size();
  std::vector<uint64_t> placed(rows.count * width);
  for (size_t s = 0; s < width; ++s) {
    const Step& step = steps[s];
    const std::vector<uint32_t> places = step.is_key ? PlacesOf(rows, keys, step.index) : std::vector<uint32_t>();
    for (size_t row = 0; row < rows.count; ++row) {
      placed[row * width + s] = step.is_key ? Placed(places[row], step.descending)
                                            : Placed(rows.values[row * values + step.index], step.descending);
    }
  }
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const uint64_t* const of_a = &placed[a * width];
    const uint64_t* const of_b = &placed[b * width];
    for (size_t s = 0; s < width; ++s) {
      if (of_a[s] != of_b[s]) return of_a[s] < of_b[s];
    }
    return a < b;
  });
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
  for (const RowOrder& step : question.sort) {
    if (ColumnOf(question, step.name) < question.columns.size()) continue;
    if (PositionIn(question.by, step.name) < question.by.size()) continue;
    std::vector<std::string> known;
    for (const NamedFormula& column : question.columns) known.push_back(column.name);
    known.insert(known.end(), question.by.begin(), question.by.end());
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
  std::vector<size_t> positions;
  for (const RowOrder& named : question.sort) {
    if (PositionIn(question.by, named.name) < question.by.size()) continue;
    positions.push_back(ColumnOf(question, named.name));
  }
  return positions;
}

std::vector<uint32_t> OrderRows(const Question& question, const RowSketches& rows) {
  const std::vector<Step> steps = StepsOf(question);
  const size_t keys = question.by.size();
  const size_t values = rows.count == 0 ? 0 : rows.values.size() / rows.count;
  const auto text_of = [&](uint32_t row, size_t key) { return rows.keys[row * keys + key]; };
  const auto before = [&](uint32_t a, uint32_t b) {
    for (const Step& step : steps) {
      const int compared = step.is_key ? Compare(text_of(a, step.index), text_of(b, step.index), step.descending)
                                       : Compare(rows.values[a * values + step.index],
                                                 rows.values[b * values + step.index], step.descending);
      if (compared != 0) return compared < 0;
    }
    for (size_t key = 0; key < keys; ++key) {
      const int compared = Compare(text_of(a, key), text_of(b, key), false);
      if (compared != 0) return compared < 0;
    }
    return a < b;
  };
  std::vector<uint32_t> order(rows.count);
  std::iota(order.begin(), order.end(), 0);
  if (!std::is_sorted(order.begin(), order.end(), before)) SortPlaced(steps, keys, values, rows, order);
  if (!question.top) return order;
  const auto most = static_cast<size_t>(*question.top);
  if (question.per.empty()) {
    if (order.size() > most) order.resize(most);
    return order;
  }
  const size_t key = PositionIn(question.by, question.per);
  // People of the same name in two dealers are two members; times have no id. Rows of one are mostly together.
  std::map<std::pair<int64_t, std::string_view>, size_t> taken;
  size_t* last_taken = nullptr;
  size_t last = 0;
  std::erase_if(order, [&](uint32_t row) {
    const size_t at = row * keys + key;
    if (last_taken == nullptr || rows.ids[at] != rows.ids[last] || rows.keys[at] != rows.keys[last]) {
      const std::string* text = rows.keys[at];
      last_taken = &taken[{rows.ids[at], text == nullptr ? std::string_view() : *text}];
      last = at;
    }
    return ++*last_taken > most;
  });
  return order;
}

}  // namespace dealpace::kpi
