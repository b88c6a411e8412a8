#include <algorithm>
#include <cassert>

#include "facts/dealer_facts.h"

// How a dealer's facts, or those of many, answer a question: from sums kept ready where these serve, otherwise from
// rows.
namespace dealpace::facts {
namespace {

constexpr size_t kChunk = 1024;
constexpr size_t kDenseGroupsMax = 65'536;

// Which member of a dimension each combination of a cuboid has.
struct MemberIds {
  const int32_t* codes = nullptr;  // of the first; null: all have `same`
  size_t width = 0;                // from one to the next
  const int64_t* ids = nullptr;    // by code
  int64_t same = 0;
  [[nodiscard]] int64_t Of(size_t combination) const {
    return codes == nullptr ? same : ids[static_cast<size_t>(codes[combination * width])];
  }
};

// Slots of a cuboid that make one piece of a query.
struct PieceSlots {
  size_t cell = 0;  // of it, among a group's
  Cuboids::Series::Window window;
  int32_t from = 0;
  int32_t to = 0;
};

}  // namespace

bool DealerFacts::Meets(const Shelf& shelf, const Plan& plan, const Plan::Part& part,
                        std::span<const Days> ranges) const {
  const Shelf::Extent* extent = shelf.Find(RowsIndex(part.event));
  if (extent == nullptr || extent->rows == 0) return false;
  const bool cohort = plan.query().basis == Basis::kCohort;
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Days& days) { return cohort ? shelf.StartsIn(days) : extent->Meets(days); });
}

std::vector<size_t> DealerFacts::AwayToScan(const Plan& plan) const {
  std::vector<size_t> away;
  if (AllHere()) return away;
  for (const Plan::Part& part : plan.parts()) {
    if (!has_event_[RowsIndex(part.event)]) continue;
    const auto left = Left(plan, part, Served(plan, part));
    for (size_t i = 0; left && i < shelves_.size(); ++i) {
      if (!shelves_[i]->here() && Meets(*shelves_[i], plan, part, left->ranges())) away.push_back(i);
    }
  }
  return away;
}

bool DealerFacts::IsAway(const Plan& plan, const Plan::Part& part, std::span<const Days> ranges) const {
  return !AllHere() && std::any_of(shelves_.begin(), shelves_.end(), [&](const auto& shelf) {
    return !shelf->here() && Meets(*shelf, plan, part, ranges);
  });
}

std::vector<size_t> DealerFacts::AwayToVisit(const Plan& plan) const {
  std::vector<size_t> away;
  if (AllHere()) return away;
  for (const Plan::Part& part : plan.parts()) {
    const Days range = WholeRange(plan, part);
    for (size_t i = 0; i < shelves_.size(); ++i) {
      if (!shelves_[i]->here() && Meets(*shelves_[i], plan, part, {&range, 1})) away.push_back(i);
    }
  }
  return away;
}

bool DealerFacts::NoneBefore(const Plan& plan) const {
  const Days& seen = plan.query().basis == Basis::kCohort ? cohorts_seen_ : days_seen_;
  return seen.first >= plan.query().cuts.front().value;
}

bool DealerFacts::NoneAfter(const Plan& plan) const {
  const Days& seen = plan.query().basis == Basis::kCohort ? cohorts_seen_ : days_seen_;
  return seen.second < plan.query().cuts.back().value;
}

Days DealerFacts::WholeRange(const Plan& plan, const Plan::Part& part) {
  const Query& query = plan.query();
  const bool running = query.sums[part.sum].running;
  return {running ? INT32_MIN : query.cuts.front().value, query.cuts.back().value};
}

const Cuboids::Cuboid* DealerFacts::Served(const Plan& plan, const Plan::Part& part) const {
  const Query& query = plan.query();
  uint32_t dims = part.dims;
  if (!of_many_) dims &= ~BitOf(Dim::kDealer);
  if (of_many_ && regions_steady_ && (dims & BitOf(Dim::kRegion)) != 0) {
    // The dealer says which region it is; and there are days by dealer only.
    const bool by_months = query.basis == Basis::kPeriod && plan.WholeMonths(NoneBefore(plan), NoneAfter(plan));
    if ((dims & BitOf(Dim::kDealer)) != 0 || !by_months) dims = (dims & ~BitOf(Dim::kRegion)) | BitOf(Dim::kDealer);
  }
  if (steady_region_) dims &= ~BitOf(Dim::kRegion);
  const int event = static_cast<int>(RowsIndex(part.event));
  if (query.basis == Basis::kCohort) {
    const bool told_apart = !query.within_days || *query.within_days < Cuboids::kAgesMax - 1;
    const bool fits = told_apart && !query.sums[part.sum].running;
    return fits && plan.WholeMonths(NoneBefore(plan), NoneAfter(plan)) ? cuboids_.FindCohorts(event, dims) : nullptr;
  }
  const Cuboids::Cuboid* cuboid = cuboids_.Find(event, dims);
  if (cuboid == nullptr || cuboid->time() == Cuboids::Cuboid::Time::kDay) return cuboid;
  return query.sums[part.sum].running || !plan.CanSplit() ? nullptr : cuboid;
}

std::optional<DealerFacts::LeftToRows> DealerFacts::Left(const Plan& plan, const Plan::Part& part,
                                                         const Cuboids::Cuboid* cuboid) const {
  if (cuboid == nullptr) return LeftToRows{nullptr, WholeRange(plan, part)};
  if (cuboid->time() != Cuboids::Cuboid::Time::kMonth) return std::nullopt;
  const MonthSplit& split = *plan.Split(NoneBefore(plan), NoneAfter(plan));
  if (split.rest.empty()) return std::nullopt;
  return LeftToRows{&split, {}};
}

bool DealerFacts::Scan(const Plan& plan, Merger& merger) const {
  // Parts that one cuboid serves go through it together; nearly always there are one or two.
  struct ByCuboid {
    const Cuboids::Cuboid* cuboid = nullptr;
    std::vector<const Plan::Part*> parts;
  };
  thread_local std::vector<ByCuboid> served;
  size_t used = 0;
  for (const Plan::Part& part : plan.parts()) {
    if (!has_event_[RowsIndex(part.event)]) continue;
    const Cuboids::Cuboid* cuboid = Served(plan, part);
    if (const auto left = Left(plan, part, cuboid)) {
      if (IsAway(plan, part, left->ranges())) return false;
      ScanRows(plan, part, left->split == nullptr ? plan.pieces() : *left->split->pieces, left->ranges(), merger);
      if (left->split == nullptr || left->split->months.empty()) continue;
    }
    size_t at = 0;
    while (at < used && served[at].cuboid != cuboid) ++at;
    if (at == used) {
      if (used == served.size()) served.emplace_back();
      served[used].cuboid = cuboid;
      served[used++].parts.clear();
    }
    served[at].parts.push_back(&part);
  }
  for (size_t i = 0; i < used; ++i) ScanCuboid(plan, served[i].parts, *served[i].cuboid, merger);
  return true;
}

void DealerFacts::ScanCuboid(const Plan& plan, std::span<const Plan::Part* const> parts, const Cuboids::Cuboid& cuboid,
                             Merger& merger) const {
  using Time = Cuboids::Cuboid::Time;
  const Query& query = plan.query();
  const auto& cuts = query.cuts;
  const size_t pieces = merger.cube().pieces;
  const auto wanted = [&](const Filter& filter, int64_t id) {
    return filter.ids.empty() ? id != 0 : std::find(filter.ids.begin(), filter.ids.end(), id) != filter.ids.end();
  };
  const auto ids_of = [&](Dim dim) -> MemberIds {
    if (dim == Dim::kDealer && !of_many_) return {nullptr, 0, nullptr, dealer_.value};
    if (dim == Dim::kDealer) return {cuboid.CodesOf(dim), cuboid.width(), dealers_.ids.data()};
    if (cuboid.by(dim)) return {cuboid.CodesOf(dim), cuboid.width(), dictionaries_[CodedDim(dim)].ids.data()};
    // Only the region may lack.
    if (!of_many_) return {nullptr, 0, nullptr, *steady_region_};
    return {cuboid.CodesOf(Dim::kDealer), cuboid.width(), regions_.data()};
  };
  const MonthSplit* split = cuboid.time() == Time::kMonth ? plan.Split(NoneBefore(plan), NoneAfter(plan)) : nullptr;
  const int32_t age_max = query.within_days.value_or(Cuboids::kAgesMax - 1);

  // Where the groups tell all combinations apart, and there are none from elsewhere, each is a new one.
  uint32_t by = 0;
  for (const Dim dim : query.by) by |= BitOf(dim);
  const bool each_new = merger.cube().groups.size() == 0 && (cuboid.dims() & ~by) == 0;

  if (each_new) merger.Reserve(cuboid.combinations());

  thread_local std::vector<int64_t> ids;
  thread_local std::vector<MemberIds> group_ids;   // by dimension of the groups
  thread_local std::vector<MemberIds> filter_ids;  // by filter of a part
  thread_local std::vector<PieceSlots> windows;
  thread_local std::vector<Cuboids::Series> all_series;
  thread_local std::vector<size_t> bases;  // of each combination's group, once it has one
  all_series.clear();
  for (const Plan::Part* part : parts) {
    all_series.push_back(cuboid.Of(static_cast<int>(RowsIndex(part->event)), part->taken));
  }
  bases.assign(cuboid.combinations(), SIZE_MAX);
  group_ids.clear();
  for (const Dim dim : query.by) group_ids.push_back(ids_of(dim));
  ids.resize(group_ids.size());
  // The sums of a combination are the difference of two, which lie far from those of the next and still farther from
  // those of the next part: they are fetched ahead.
  constexpr size_t kAhead = 8;
  std::pair<int32_t, int32_t> slots{cuts.front().value, cuts.back().value};
  if (split != nullptr) {
    slots = split->months.empty() ? std::pair(0, 0) : std::pair(split->months.front().from, split->months.back().to);
  }
  const auto fetch_first = [&](size_t p) {
    if (p >= all_series.size()) return;
    for (size_t c = 0; c < kAhead; ++c) all_series[p].Prefetch(c, slots.first, slots.second);
  };
  fetch_first(0);
  for (size_t p = 0; p < parts.size(); ++p) {
    const Plan::Part* part = parts[p];
    const Cuboids::Series& series = all_series[p];
    fetch_first(p + 1);
    const size_t first_cell = part->sum * pieces;
    const bool running = query.sums[part->sum].running;
    const int32_t origin = cuts.front().value;
    windows.clear();
    const auto piece = [&](size_t at, int32_t from, int32_t to) {
      windows.push_back({first_cell + at, series.WindowOf(from, to, age_max), from, to});
    };
    if (split != nullptr) {
      for (const MonthSplit::Months& months : split->months) piece(months.piece, months.from, months.to);
    } else if (cuboid.time() == Time::kCohortMonth) {
      // Where a cut is no first of a month, nothing lies beyond it.
      for (size_t k = 0; k + 1 < cuts.size(); ++k) {
        piece(k + 1, MonthOf(cuts[k].value), MonthOf(cuts[k + 1].value - 1) + 1);
      }
    } else {
      if (running) piece(0, INT32_MIN, origin);
      for (size_t k = 0; k + 1 < cuts.size(); ++k) piece(k + 1, cuts[k].value, cuts[k + 1].value);
    }
    const bool day_sums = running && cuboid.time() == Time::kDay;
    filter_ids.clear();
    for (const Filter& filter : part->filters) filter_ids.push_back(ids_of(filter.dim));

    const size_t combinations = std::min(series.combinations, cuboid.combinations());
    for (size_t c = 0; c < combinations; ++c) {
      series.Prefetch(c + kAhead, slots.first, slots.second);
      bool taken_in = true;
      for (size_t f = 0; taken_in && f < filter_ids.size(); ++f)
        taken_in = wanted(part->filters[f], filter_ids[f].Of(c));
      if (!taken_in) continue;
      for (const PieceSlots& each : windows) {
        const Cuboids::Sum sum = series.In(each.window, c);
        if (sum.rows == 0 && sum.sum == 0) continue;
        if (bases[c] == SIZE_MAX) {
          for (size_t k = 0; k < group_ids.size(); ++k) ids[k] = group_ids[k].Of(c);
          bases[c] = each_new ? merger.AddGroup(ids) : merger.Group(ids);
        }
        Cell& cell = merger.cube().cells[bases[c] + each.cell];
        cell.sum += sum.sum;
        if (day_sums) cell.day_sum += series.DaySum(c, each.from, each.to, origin);
        cell.rows += sum.rows;
        merger.rows_read += sum.rows;
      }
    }
  }
}

void DealerFacts::Visit(const Plan& plan, const RowVisitor& visit) const {
  for (const Plan::Part& part : plan.parts()) {
    const size_t event = RowsIndex(part.event);
    const std::optional<CodesWanted> wanted = WantedCodes(part);
    if (!wanted) continue;
    const Days range = WholeRange(plan, part);
    CountedRow row;
    row.dealer = dealer_;
    row.sum = part.sum;
    row.event = part.event;
    size_t before = 0;  // rows of the event on earlier shelves
    for (const auto& shelf : shelves_) {
      const Shelf::Extent* extent = shelf->Find(event);
      if (extent == nullptr) continue;
      const size_t first = before;
      before += extent->rows;
      if (!Meets(*shelf, plan, part, {&range, 1})) continue;
      shelf->Use(use_.load(std::memory_order_relaxed));
      const EventRows& rows = *shelf->rows(event);
      row.member = [&](Dim dim) {
        if (dim == Dim::kDealer) return dealer_.value;
        const size_t coded = CodedDim(dim);
        return dictionaries_[coded].ids[static_cast<size_t>(rows.dims[coded].At(row.row - first))];
      };
      Select(plan, part, *wanted, rows, plan.pieces(), {&range, 1}, [&](const Chunk& chunk) {
        for (size_t i = 0; i < chunk.chosen_count; ++i) {
          const size_t at = chunk.chosen[i];
          row.row = first + chunk.begin + at;
          row.seq = rows.seq.At(chunk.begin + at);
          row.day = {chunk.days[at]};
          row.piece = chunk.piece[i];
          row.value = chunk.values[at];
          visit(row);
        }
      });
    }
  }
}

std::optional<DealerFacts::CodesWanted> DealerFacts::WantedCodes(const Plan::Part& part) const {
  CodesWanted all;
  for (const Filter& filter : part.filters) {
    const std::vector<int64_t>& ids = filter.ids;
    if (filter.dim == Dim::kDealer) {
      if (!ids.empty() && std::find(ids.begin(), ids.end(), dealer_.value) == ids.end()) return std::nullopt;
      continue;
    }
    const Dictionary& dictionary = dictionaries_[CodedDim(filter.dim)];
    std::vector<bool> wanted(dictionary.ids.size(), ids.empty());
    if (ids.empty()) wanted[0] = false;
    bool any = ids.empty();
    for (const int64_t id : ids) {
      const auto code = dictionary.codes.find(id);
      if (code == dictionary.codes.end()) continue;
      wanted[static_cast<size_t>(code->second)] = true;
      any = true;
    }
    if (!any) return std::nullopt;
    all.emplace_back(CodedDim(filter.dim), std::move(wanted));
  }
  return all;
}

template <typename Take>
int64_t DealerFacts::Select(const Plan& plan, const Plan::Part& part, const CodesWanted& wanted, const EventRows& rows,
                            const Pieces& pieces, std::span<const Days> ranges, const Take& take) const {
  const Query& query = plan.query();
  const SumSpec& spec = query.sums[part.sum];
  const bool only_first = part.only_first();
  const bool cohort = query.basis == Basis::kCohort;

  int32_t days[kChunk];
  int32_t cohorts[kChunk];
  int32_t flags[kChunk];
  int32_t codes[kChunk];
  int32_t piece[kChunk];
  int64_t values[kChunk];
  uint32_t chosen[kChunk];

  int64_t looked_at = 0;
  const auto scan = [&](size_t begin, size_t end) {
    for (; begin < end; begin += kChunk) {
      const size_t count = std::min(kChunk, end - begin);
      looked_at += static_cast<int64_t>(count);
      rows.flags.Decode(begin, count, flags);
      rows.day.Decode(begin, count, days);
      if (cohort || part.taken == Taken::kDays) rows.cohort.Decode(begin, count, cohorts);
      size_t n = 0;
      for (size_t i = 0; i < count; ++i) {
        if ((flags[i] & EventRows::kDead) != 0 || (only_first && (flags[i] & EventRows::kFirst) == 0)) continue;
        if (cohort && query.within_days && -cohorts[i] > *query.within_days) continue;
        const int32_t p = pieces.Of(cohort ? days[i] + cohorts[i] : days[i]);
        if (p < 0 || (p == 0 && !spec.running)) continue;
        piece[n] = p;
        chosen[n++] = static_cast<uint32_t>(i);
      }
      for (const auto& [dim, of_dim] : wanted) {
        if (n == 0) break;
        rows.dims[dim].Decode(begin, count, codes);
        size_t kept = 0;
        for (size_t i = 0; i < n; ++i) {
          if (!of_dim[static_cast<size_t>(codes[chosen[i]])]) continue;
          piece[kept] = piece[i];
          chosen[kept++] = chosen[i];
        }
        n = kept;
      }
      if (n == 0) continue;
      switch (part.taken) {
        case Taken::kQuantity:
        case Taken::kFirstQuantity: rows.quantity.Decode(begin, count, values); break;
        case Taken::kAmount: rows.amount.Decode(begin, count, values); break;
        case Taken::kDays:
          for (size_t i = 0; i < count; ++i) values[i] = -int64_t{cohorts[i]} * 1000;
          break;
      }
      take(Chunk{begin, count, n, chosen, piece, days, values});
    }
  };

  // The sorted part by binary search, the tail whole.
  const auto first_from = [&](int32_t day) {
    size_t low = 0;
    size_t high = rows.sorted;
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (rows.day.At(middle) < day) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  };
  if (cohort) {
    scan(0, rows.sorted);
  } else {
    for (const auto& [from, to] : ranges) scan(first_from(from), first_from(to));
  }
  scan(rows.sorted, rows.size());
  return looked_at;
}

void DealerFacts::ScanRows(const Plan& plan, const Plan::Part& part, const Pieces& pieces, std::span<const Days> ranges,
                           Merger& merger) const {
  const Query& query = plan.query();
  const std::optional<CodesWanted> wanted = WantedCodes(part);
  if (!wanted) return;
  Cube& cube = merger.cube();
  // How groups are found: codes of the `by` dimensions as one mixed-radix number. Where that would outgrow 64 bits, the
  // combinations met so far are numbered, and the number takes their place.
  struct ByColumn {
    std::optional<size_t> dim;  // nothing: the dealer itself
    size_t radix;
    const Dictionary* dictionary;
    bool folds = false;  // number the keys of the columns before
    std::unordered_map<uint64_t, uint64_t> numbers;
    std::vector<uint64_t> numbered;
    uint64_t Fold(uint64_t key) {
      const auto [it, fresh] = numbers.emplace(key, numbered.size());
      if (fresh) numbered.push_back(key);
      return it->second;
    }
  };
  std::vector<ByColumn> by;
  size_t combinations = 1;
  uint64_t room = UINT64_MAX;  // by so much a key can still grow
  for (const Dim dim : query.by) {
    if (dim == Dim::kDealer) {
      by.push_back({std::nullopt, 1, nullptr, false, {}, {}});
      continue;
    }
    const Dictionary& dictionary = dictionaries_[CodedDim(dim)];
    const bool folds = room < dictionary.ids.size();
    if (folds) room = UINT64_MAX / UINT32_MAX;  // there are no more combinations than rows
    room /= dictionary.ids.size();
    by.push_back({CodedDim(dim), dictionary.ids.size(), &dictionary, folds, {}, {}});
    combinations = combinations > (size_t{1} << 40) ? combinations : combinations * dictionary.ids.size();
  }
  constexpr size_t kNone = SIZE_MAX;
  std::vector<size_t> dense(combinations <= kDenseGroupsMax ? combinations : 0, kNone);
  std::unordered_map<uint64_t, size_t> sparse;
  const auto group_base = [&](uint64_t key) -> size_t {  // index of the group's first cell of this sum
    size_t* known = dense.empty() ? &sparse.emplace(key, kNone).first->second : &dense[key];
    if (*known == kNone) {
      std::vector<int64_t> ids(by.size());
      uint64_t rest = key;
      for (size_t i = by.size(); i-- > 0;) {
        if (!by[i].dim) {
          ids[i] = dealer_.value;
        } else {
          ids[i] = by[i].dictionary->ids[rest % by[i].radix];
          rest /= by[i].radix;
          if (by[i].folds) rest = by[i].numbered[rest];
        }
      }
      *known = merger.Group(ids) + part.sum * cube.pieces;
    }
    return *known;
  };

  int32_t codes[kChunk];
  uint64_t keys[kChunk];
  int64_t looked_at = 0;
  for (const auto& shelf : shelves_) {
    if (!Meets(*shelf, plan, part, ranges)) continue;
    assert(shelf->here());
    shelf->Use(use_.load(std::memory_order_relaxed));
    const EventRows& rows = *shelf->rows(RowsIndex(part.event));
    looked_at += Select(plan, part, *wanted, rows, pieces, ranges, [&](const Chunk& chunk) {
      const size_t n = chunk.chosen_count;
      std::fill_n(keys, n, 0);
      for (ByColumn& column : by) {
        if (!column.dim) continue;
        rows.dims[*column.dim].Decode(chunk.begin, chunk.count, codes);
        for (size_t i = 0; column.folds && i < n; ++i) keys[i] = column.Fold(keys[i]);
        for (size_t i = 0; i < n; ++i) {
          keys[i] = keys[i] * column.radix + static_cast<uint64_t>(codes[chunk.chosen[i]]);
        }
      }
      for (size_t i = 0; i < n; ++i) {
        const size_t base = group_base(keys[i]);
        Cell& cell = cube.cells[base + static_cast<size_t>(chunk.piece[i])];
        const int64_t value = chunk.values[chunk.chosen[i]];
        cell.sum += value;
        cell.day_sum += value * (chunk.days[chunk.chosen[i]] - pieces.first());
        ++cell.rows;
      }
    });
  }
  merger.rows_read += looked_at;
  merger.rows_scanned += looked_at;
}

}  // namespace dealpace::facts
