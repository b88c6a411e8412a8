#include "kpi/row_order.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>

#include "base/text.h"

namespace dealpace::kpi {
namespace {

constexpr uint32_t kNotSet = RowSketches::kNotSet;

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
  // Where that leaves rows equal, by their keys.
  for (size_t key = 0; key < question.by.size(); ++key) {
    const auto is = [key](const Step& step) { return step.is_key && step.index == key; };
    if (std::none_of(steps.begin(), steps.end(), is)) steps.push_back({true, key, false});
  }
  return steps;
}

// By row and key, where its text stands among all of that key; equal texts stand at one place.
std::vector<uint32_t> PlacesOf(const RowSketches& rows, size_t keys) {
  std::vector<uint32_t> places(rows.count * keys, kNotSet);
  for (size_t key = 0; key < keys; ++key) {
    std::vector<std::string_view> texts;
    for (size_t at = key; at < rows.keys.size(); at += keys) {
      if (rows.keys[at].data() != nullptr) texts.push_back(rows.keys[at]);
    }
    std::sort(texts.begin(), texts.end());
    for (size_t at = key; at < rows.keys.size(); at += keys) {
      if (rows.keys[at].data() == nullptr) continue;
      const auto found = std::lower_bound(texts.begin(), texts.end(), rows.keys[at]);
      places[at] = static_cast<uint32_t>(found - texts.begin());
    }
  }
  return places;
}

// Numbers in the order of what they stand for; what there is not comes last.
uint64_t Placed(uint32_t place, bool descending) {
  if (place == kNotSet) return kNotSet;
  return descending ? kNotSet - 1 - place : place;
}
uint64_t Placed(double value, bool descending) {
  if (std::isnan(value)) return UINT64_MAX;
  constexpr uint64_t kSign = uint64_t{1} << 63;
  const auto bits = std::bit_cast<uint64_t>(value + 0.0);  // of −0 and 0 the same
  const uint64_t ascending = (bits & kSign) != 0 ? ~bits : bits | kSign;
  return descending ? ~ascending : ascending;
}

// By numbers below 2³² of each; what is equal keeps its order.
template <typename NumberOf>
void SortByNumber(std::vector<uint32_t>& order, const NumberOf& number_of) {
  constexpr size_t kAtOnce = 4096;  // numbers told apart by one walk
  constexpr unsigned kBits = 12;
  uint64_t least = UINT64_MAX;
  uint64_t most = 0;
  for (const uint32_t row : order) {
    least = std::min(least, number_of(row));
    most = std::max(most, number_of(row));
  }
  std::vector<uint32_t> sorted(order.size());
  std::vector<uint32_t> starts;
  for (unsigned shift = 0; (most - least) >> shift > 0; shift += kBits) {
    const auto part_of = [&](uint32_t row) { return (number_of(row) - least) >> shift & (kAtOnce - 1); };
    starts.assign(std::min<uint64_t>(((most - least) >> shift) + 1, kAtOnce) + 1, 0);
    for (const uint32_t row : order) ++starts[part_of(row) + 1];
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    for (const uint32_t row : order) sorted[starts[part_of(row)]++] = row;
    order.swap(sorted);
  }
}

// Texts were compared once, when they were placed: numbers are compared here, which lie beside one another.
void SortPlaced(const std::vector<Step>& steps, size_t keys, size_t values, std::span<const uint32_t> places,
                const RowSketches& rows, std::vector<uint32_t>& order) {
  constexpr size_t kFew = 48;
  const size_t width = steps.size();
  std::vector<uint64_t> placed(rows.count * width);
  for (size_t s = 0; s < width; ++s) {
    const auto [is_key, index, descending] = steps[s];
    uint64_t* const to = placed.data() + s;
    if (is_key) {
      const uint32_t* const from = places.data() + index;
      for (size_t row = 0; row < rows.count; ++row) to[row * width] = Placed(from[row * keys], descending);
    } else {
      const double* const from = rows.values.data() + index;
      for (size_t row = 0; row < rows.count; ++row) to[row * width] = Placed(from[row * values], descending);
    }
  }
  const auto sort_from = [&](size_t first_step, size_t begin, size_t end) {
    const auto before = [&](uint32_t a, uint32_t b) {
      for (size_t s = first_step; s < width; ++s) {
        const uint64_t of_a = placed[a * width + s];
        const uint64_t of_b = placed[b * width + s];
        if (of_a != of_b) return of_a < of_b;
      }
      for (size_t key = 0; key < keys; ++key) {
        const int64_t of_a = rows.ids[a * keys + key];
        const int64_t of_b = rows.ids[b * keys + key];
        if (of_a != of_b) return of_a < of_b;
      }
      return a < b;
    };
    std::sort(order.begin() + static_cast<std::ptrdiff_t>(begin), order.begin() + static_cast<std::ptrdiff_t>(end),
              before);
  };
  if (order.size() < kFew || !steps[0].is_key) return sort_from(0, 0, order.size());
  // Members first: each of them has few rows.
  const auto first_of = [&](uint32_t row) { return placed[row * width]; };
  SortByNumber(order, first_of);
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && first_of(order[end]) == first_of(order[begin])) ++end;
    if (end - begin > 1) sort_from(1, begin, end);
  }
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
  const size_t keys = question.by.size();
  const size_t values = rows.count == 0 ? 0 : rows.values.size() / rows.count;
  std::vector<uint32_t> order(rows.count);
  std::iota(order.begin(), order.end(), 0);
  std::vector<uint32_t> found;
  if (rows.places.empty()) found = PlacesOf(rows, keys);
  const std::span<const uint32_t> places = rows.places.empty() ? found : rows.places;
  if (rows.count > 1) SortPlaced(StepsOf(question), keys, values, places, rows, order);
  if (!question.top) return order;
  const auto most = static_cast<size_t>(*question.top);
  if (question.per.empty()) {
    if (order.size() > most) order.resize(most);
    return order;
  }
  const size_t key = PositionIn(question.by, question.per);
  // People of the same name in two dealers are two members; times have no id. Rows of one are mostly together.
  using Member = std::pair<int64_t, uint32_t>;
  const auto hash = [](const Member& member) {
    return static_cast<size_t>((static_cast<uint64_t>(member.first) ^ member.second) * 0x9e3779b97f4a7c15U >> 20U);
  };
  std::unordered_map<Member, size_t, decltype(hash)> taken(64, hash);
  size_t* last_taken = nullptr;
  Member last;
  std::erase_if(order, [&](uint32_t row) {
    const Member member(rows.ids[row * keys + key], places[row * keys + key]);
    if (last_taken == nullptr || member != last) last_taken = &taken[member];
    last = member;
    return ++*last_taken > most;
  });
  return order;
}

}  // namespace dealpace::kpi
