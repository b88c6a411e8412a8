#include "facts/scan.h"

#include <algorithm>
#include <cassert>

#include "facts/derive.h"

namespace dealpace::facts {
namespace {

constexpr uint32_t kFree = UINT32_MAX;

constexpr int64_t kDayTableMax = 40'000;  // about 110 years of days

}  // namespace

// ---- Pieces ----

Pieces::Pieces(const std::vector<Day>& cuts) : cuts_(cuts) {
  assert(cuts.size() >= 2);
  first_ = cuts.front().value;
  span_ = int64_t{cuts.back().value} - first_;
  if (span_ <= kDayTableMax) {
    table_.resize(static_cast<size_t>(span_));
    for (size_t k = 0; k + 1 < cuts_.size(); ++k) {
      std::fill(table_.begin() + (cuts_[k].value - first_), table_.begin() + (cuts_[k + 1].value - first_),
                static_cast<int32_t>(k) + 1);
    }
  }
}

int32_t Pieces::Search(int32_t day) const {
  return static_cast<int32_t>(std::upper_bound(cuts_.begin(), cuts_.end(), Day{day}) - cuts_.begin());
}

void Pieces::LeaveOut(int32_t from, int32_t to) {
  from = std::max(from, first_);
  to = static_cast<int32_t>(std::min<int64_t>(to, first_ + span_));
  if (from < to) std::fill(table_.begin() + (from - first_), table_.begin() + (to - first_), 0);
}

// ---- Plan ----

Plan::Plan(const catalog::Catalog& catalog, const OrgView& org, const Query& query)
    : query_(query), pieces_(query.cuts) {
  using catalog::SumKind;
  const auto begins_month = [](Day day) { return FirstDayOf(MonthOf(day.value)) == day.value; };
  first_month_ = begins_month(query.cuts.front());
  last_month_ = begins_month(query.cuts.back());
  inner_months_ = std::all_of(query.cuts.begin() + 1, query.cuts.end() - 1, begins_month);
  uint32_t by = 0;
  for (const Dim dim : query.by) by |= BitOf(dim);
  parts_.reserve(query.sums.size());
  for (size_t s = 0; s < query.sums.size(); ++s) {
    const SumSpec& spec = query.sums[s];
    Part part;
    part.sum = s;
    part.filters = spec.filters;
    part.dims = by;
    for (const Filter& filter : spec.filters) part.dims |= BitOf(filter.dim);
    if (spec.measure == kThreads) {
      part.event = kThreadEvent;
      parts_.push_back(std::move(part));
      continue;
    }
    const catalog::Measure& measure = catalog.measures()[static_cast<size_t>(spec.measure)];
    if (measure.event < 0) continue;
    const auto add_reading = [&](int event) {
      Part reading = part;
      reading.event = event;
      reading.taken = measure.sums_amount() ? Taken::kAmount : Taken::kQuantity;
      parts_.push_back(std::move(reading));
    };
    if (measure.kind == SumKind::kReading) {
      add_reading(measure.event);
    } else {
      Part own = part;
      own.event = measure.event;
      if (measure.kind == SumKind::kFirstQuantity) own.taken = Taken::kFirstQuantity;
      if (measure.kind == SumKind::kDays) own.taken = Taken::kDays;
      if (measure.sums_amount()) own.taken = Taken::kAmount;
      bool possible = true;
      for (const catalog::SumFilter& filter : measure.filters) {
        Filter ids{filter.dim, {}};
        ids.ids = org.Labelled(filter.dim, filter.code);
        possible = possible && !ids.ids.empty();
        own.dims |= BitOf(filter.dim);
        own.filters.push_back(std::move(ids));
      }
      if (possible) parts_.push_back(std::move(own));
    }
    if (measure.reading_event != measure.event) add_reading(measure.reading_event);
  }
}

MonthSplit Plan::MakeSplit(bool none_before, bool none_after) const {
  const auto& cuts = query_.cuts;
  MonthSplit split;
  for (size_t k = 0; k + 1 < cuts.size(); ++k) {
    const int32_t from = cuts[k].value;
    const int32_t to = cuts[k + 1].value;
    int32_t first = MonthOf(from);
    int32_t last = MonthOf(to);
    if (FirstDayOf(first) != from && !(none_before && k == 0)) ++first;
    if (FirstDayOf(last) != to && none_after && k + 2 == cuts.size()) ++last;
    if (first >= last) {
      split.rest.emplace_back(from, to);
      continue;
    }
    split.months.push_back({first, last, k + 1});
    if (from < FirstDayOf(first)) split.rest.emplace_back(from, FirstDayOf(first));
    if (FirstDayOf(last) < to) split.rest.emplace_back(FirstDayOf(last), to);
  }
  if (!split.rest.empty()) {
    split.pieces = pieces_;
    for (const MonthSplit::Months& months : split.months) {
      split.pieces->LeaveOut(FirstDayOf(months.from), FirstDayOf(months.to));
    }
  }
  return split;
}

const MonthSplit* Plan::Split(bool none_before, bool none_after) const {
  if (!CanSplit()) return nullptr;
  const size_t way = (none_before ? 1U : 0U) | (none_after ? 2U : 0U);
  if (const MonthSplit* made = split_[way].load(std::memory_order_acquire)) return made;
  const std::lock_guard lock(splits_mutex_);
  if (split_[way].load(std::memory_order_relaxed) == nullptr) {
    splits_[way] = MakeSplit(none_before, none_after);
    split_[way].store(&splits_[way], std::memory_order_release);
  }
  return &splits_[way];
}

// ---- Merger ----

Merger::Merger(const Query& query) : slots_(64, kFree) {
  cube_.groups = Groups(query.by.size());
  cube_.sums = query.sums.size();
  cube_.pieces = query.cuts.size();
}

size_t Merger::SlotOf(Groups::Ids ids) const {
  uint64_t hash = 0;
  for (const int64_t id : ids) hash = (hash ^ static_cast<uint64_t>(id)) * 0x9e3779b97f4a7c15U + (hash >> 29U);
  const size_t mask = slots_.size() - 1;
  size_t slot = (hash ^ (hash >> 32U)) & mask;
  while (slots_[slot] != kFree && !Groups::Same(cube_.groups[slots_[slot]], ids)) slot = (slot + 1) & mask;
  return slot;
}

void Merger::Index(size_t slots) {
  slots_.assign(slots, kFree);
  indexed_ = cube_.groups.size();
  for (size_t group = 0; group < indexed_; ++group) {
    slots_[SlotOf(cube_.groups[group])] = static_cast<uint32_t>(group);
  }
}

void Merger::Reserve(size_t groups) {
  constexpr size_t kCells = 16'384;
  const size_t cells = (groups + 1) * cube_.sums * cube_.pieces;  // and one for the total
  if (cells <= kCells) cube_.cells.reserve(cells);
}

size_t Merger::AddGroup(Groups::Ids ids) {
  const size_t base = cube_.cells.size();
  cube_.groups.Add(ids);
  cube_.cells.resize(base + cube_.sums * cube_.pieces);
  return base;
}

size_t Merger::Group(Groups::Ids ids) {
  size_t slots = slots_.size();
  while (cube_.groups.size() * 2 >= slots) slots *= 4;
  if (slots > slots_.size() || indexed_ < cube_.groups.size()) Index(slots);
  const size_t slot = SlotOf(ids);
  if (slots_[slot] != kFree) return slots_[slot] * cube_.sums * cube_.pieces;
  slots_[slot] = static_cast<uint32_t>(indexed_++);
  return AddGroup(ids);
}

void Merger::Absorb(Merger& other) {
  const size_t stride = cube_.sums * cube_.pieces;
  for (size_t g = 0; g < other.cube_.groups.size(); ++g) {
    const size_t base = Group(other.cube_.groups[g]);
    const Cell* from = other.cube_.cells.data() + g * stride;
    for (size_t i = 0; i < stride; ++i) {
      Cell& into = cube_.cells[base + i];
      into.sum += from[i].sum;
      into.day_sum += from[i].day_sum;
      into.rows += from[i].rows;
    }
  }
  rows_read += other.rows_read;
  rows_scanned += other.rows_scanned;
}

}  // namespace dealpace::facts
