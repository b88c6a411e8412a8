#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/money.h"
#include "base/text.h"
#include "facts/row_limits.h"
#include "kpi/answer.h"
#include "kpi/row_order.h"

// How a question is answered, step by step. Internal to this room: answer.cc and trace.cc.
namespace dealpace::kpi::internal {

// Sums that share shifts and whole dimensions are asked for together.
struct Variant {
  std::vector<Shift> shifts;
  std::vector<Dim> whole;
  std::vector<facts::SumSpec> sums;
  std::vector<Dim> by;           // without the whole ones
  facts::Cube cube;              // cells made running along the pieces
  std::vector<uint32_t> sorted;  // where there are others: positions of the groups, in order of their ids
  std::vector<Day> cuts;
  size_t total_base = 0;                         // cells of all groups together, sums × pieces, appended to the cube's
  std::vector<std::pair<size_t, size_t>> spans;  // of each range of the question: its pieces, (first, second]
};

struct AtomPlace {
  size_t variant = 0;
  size_t sum = 0;
  Reading reading = Reading::kFlow;
  double scale = 1;  // units of the sum in one of the figure
};

inline Period Shifted(Period period, const std::vector<Shift>& shifts) {
  for (const Shift shift : shifts) {
    period = shift == Shift::kPrior ? PreviousPeriod(period) : YearAgo(period);
  }
  return period;
}

// The pieces of the period that rows stand for: where any of the grains begins a new unit.
inline std::vector<Period> Ranges(const Period& period, const std::vector<Grain>& grains) {
  if (grains.empty()) return {period};
  std::vector<Period> ranges;
  for (Day day = period.from; day <= period.to;) {
    Day last = period.to;
    for (const Grain grain : grains) last = std::min(last, UnitPeriod(UnitOf(day, grain), grain).to);
    ranges.push_back({day, last});
    day = last + 1;
  }
  return ranges;
}

// A range that was cut off by the period's ends is shifted by its whole unit, then cut the same way.
inline Period ShiftedRange(const Period& range, const std::vector<Grain>& grains, const std::vector<Shift>& shifts) {
  if (grains.empty() || shifts.empty()) return Shifted(range, shifts);
  Grain finest = grains.front();
  for (const Grain grain : grains) finest = std::min(finest, grain);
  const Period unit = UnitPeriod(UnitOf(range.from, finest), finest);
  if (unit == range) return Shifted(range, shifts);
  const Period moved = Shifted(unit, shifts);
  const Day from = std::min(moved.from + (range.from - unit.from), moved.to);
  const Day to = range.to == unit.to ? moved.to : std::min(moved.from + (range.to - unit.from), moved.to);
  return {from, std::max(from, to)};
}

class Asking {
 public:
  Asking(const catalog::Catalog& catalog, facts::Facts& facts, Programs& programs, TargetSource* targets,
         ScorecardSource* scorecards, const Question& question)
      : catalog_(catalog),
        facts_(facts),
        programs_(programs),
        targets_(targets),
        scorecards_(scorecards),
        question_(question) {}

  Result<Answer> Run() {
    RETURN_IF_ERROR(Prepare());
    RETURN_IF_ERROR(PlaceAtoms());
    for (Variant& variant : variants_) RETURN_IF_ERROR(Fetch(variant));
    ASSIGN_OR_RETURN(org_, facts_.Org(*question_.scope));  // names of members that came meanwhile
    for (const Dim dim : dims_) labels_.push_back(&org_->Places(dim));
    Answer answer;
    answer.period = period_;
    answer.full_period = full_;
    if (question_.versus == Versus::kPrevious) answer.versus_period = ShiftedWhole({Shift::kPrior});
    if (question_.versus == Versus::kYearAgo) answer.versus_period = ShiftedWhole({Shift::kYearAgo});
    answer.basis = question_.basis;
    answer.within_days = question_.within_days;
    answer.known_at = question_.known_at;
    answer.by = question_.by;
    answer.program = compiled_;
    answer.columns = compiled_->columns();
    MakeRows(answer);
    for (const Variant& variant : variants_) answer.rows_read += variant.cube.rows_read;
    FindUnrecorded(answer);
    answer.not_set.assign(not_set_.begin(), not_set_.end());
    return answer;
  }

 protected:
  Status Prepare() {
    if (question_.within_days && question_.basis != facts::Basis::kCohort) return Error("within_needs_cohort");
    RETURN_IF_ERROR(CheckRowOrder(question_));
    for (const std::string& name : question_.by) {
      if (const auto dim = ParseDim(name)) {
        dims_.push_back(*dim);
        key_kind_.push_back({true, dims_.size() - 1});
      } else if (const auto grain = ParseGrain(name); grain && *grain != Grain::kHalf) {
        grains_.push_back(*grain);
        key_kind_.push_back({false, grains_.size() - 1});
      } else {
        return Error("unknown_dimension").With("name", name).With("position", 1);
      }
    }
    std::optional<Shift> compare;
    if (question_.versus == Versus::kPrevious) compare = Shift::kPrior;
    if (question_.versus == Versus::kYearAgo) compare = Shift::kYearAgo;
    ASSIGN_OR_RETURN(compiled_,
                     programs_.Get(catalog_, question_.columns, compare, question_.versus == Versus::kTarget));
    ASSIGN_OR_RETURN(org_, facts_.Org(*question_.scope));
    ASSIGN_OR_RETURN(const auto whole, facts_.Org());
    limits_ = facts::LimitsOf(*question_.scope, *whole);
    for (const TextFilter& filter : question_.filters) {
      facts::Filter resolved;
      RETURN_IF_ERROR(Resolve(filter, resolved));
      filters_.push_back(std::move(resolved));
    }
    NarrowDealers();
    if (question_.period) {
      period_ = *question_.period;
    } else if (question_.at_once) {
      return Error("not_at_once");
    } else {
      ASSIGN_OR_RETURN(const std::optional<Period> extent, facts_.Extent(SeenDealers(), question_.known_at));
      period_ = extent.value_or(Period{question_.today, question_.today});
    }
    full_ = period_;
    if (question_.to_date && full_.Contains(question_.today)) period_.to = question_.today;
    ranges_ = Ranges(period_, grains_);
    return {};
  }

  // Few dealers that are asked for by a filter are asked alone, and the filter has no more to say. Not where some sum
  // is to leave it aside.
  void NarrowDealers() {
    constexpr size_t kFew = 4;
    dealers_ = question_.dealers;
    const auto by_dealer = [](const facts::Filter& filter) {
      return filter.dim == Dim::kDealer && !filter.ids.empty() && filter.ids.size() <= kFew;
    };
    if (!dealers_.empty() || std::count_if(filters_.begin(), filters_.end(), by_dealer) != 1) return;
    for (const Atom& atom : compiled_->atoms()) {
      if (std::find(atom.whole.begin(), atom.whole.end(), Dim::kDealer) != atom.whole.end()) return;
    }
    narrowed_ = &*std::find_if(filters_.begin(), filters_.end(), by_dealer);
    for (const int64_t id : narrowed_->ids) dealers_.emplace_back(id);
  }
  [[nodiscard]] bool IsInDealers(const facts::Filter& filter) const { return &filter == narrowed_; }

  Status Resolve(const TextFilter& filter, facts::Filter& resolved) {
    resolved.dim = filter.dim;
    const auto& labels = org_->labels[static_cast<size_t>(filter.dim)];
    for (const int64_t id : filter.ids) {
      if (!labels.contains(id)) {
        return Error("unknown_member").With("dimension", DimName(filter.dim)).With("name", "id:" + std::to_string(id));
      }
      resolved.ids.push_back(id);
    }
    for (const std::string& value : filter.values) {
      const std::vector<int64_t> ids = FindMembers(catalog_, *org_, filter.dim, value);
      if (ids.empty()) {
        if (filter.typed && catalog_.FindCode(filter.dim, value) == nullptr) {
          std::vector<std::string> known;
          for (const auto& [id, label] : labels) known.push_back(label);
          const std::string closest = ClosestWord(value, known);
          return Error(closest.empty() ? "unknown_member" : "unknown_member_suggest")
              .With("dimension", DimName(filter.dim))
              .With("name", value)
              .With("suggestion", closest);
        }
        resolved.ids.push_back(-1);  // known, but nothing was ever recorded for it
      }
      resolved.ids.insert(resolved.ids.end(), ids.begin(), ids.end());
    }
    std::sort(resolved.ids.begin(), resolved.ids.end());
    resolved.ids.erase(std::unique(resolved.ids.begin(), resolved.ids.end()), resolved.ids.end());
    return {};
  }

  Status PlaceAtoms() {
    for (const Atom& atom : compiled_->atoms()) {
      if (atom.reading != Reading::kFlow && question_.basis == facts::Basis::kCohort) {
        return Error("balance_on_cohort_basis").With("name", catalog_.measures()[static_cast<size_t>(atom.measure)].id);
      }
      facts::SumSpec spec;
      spec.measure = atom.measure;
      spec.running = atom.reading != Reading::kFlow;
      for (const TextFilter& filter : atom.filters) {
        if (std::find(atom.whole.begin(), atom.whole.end(), filter.dim) != atom.whole.end()) continue;
        facts::Filter resolved;
        RETURN_IF_ERROR(Resolve(filter, resolved));
        spec.filters.push_back(std::move(resolved));
      }
      for (const facts::Filter& filter : filters_) {
        if (std::find(atom.whole.begin(), atom.whole.end(), filter.dim) != atom.whole.end()) continue;
        if (!IsInDealers(filter)) spec.filters.push_back(filter);
      }
      AtomPlace place = AddSum(atom.shifts, atom.whole, std::move(spec));
      place.reading = atom.reading;
      const bool amount = catalog_.measures()[static_cast<size_t>(atom.measure)].sums_amount();
      place.scale = amount ? kFenPerYuan : kQuantityOne;
      atoms_.push_back(place);
    }
    if (question_.within_days) {
      // How many attempts began, to say how many of them are old enough.
      facts::SumSpec threads;
      threads.measure = facts::kThreads;
      std::copy_if(filters_.begin(), filters_.end(), std::back_inserter(threads.filters),
                   [&](const facts::Filter& filter) { return !IsInDealers(filter); });
      threads_ = AddSum({}, {}, std::move(threads));
    }
    return {};
  }

  AtomPlace AddSum(const std::vector<Shift>& shifts, const std::vector<Dim>& whole, facts::SumSpec spec) {
    size_t v = 0;
    while (v < variants_.size() && (variants_[v].shifts != shifts || variants_[v].whole != whole)) ++v;
    if (v == variants_.size()) {
      Variant variant;
      variant.shifts = shifts;
      variant.whole = whole;
      for (const Dim dim : dims_) {
        if (std::find(whole.begin(), whole.end(), dim) == whole.end()) variant.by.push_back(dim);
      }
      variants_.push_back(std::move(variant));
    }
    auto& sums = variants_[v].sums;
    const auto it = std::find(sums.begin(), sums.end(), spec);
    const AtomPlace place{v, static_cast<size_t>(it - sums.begin())};
    if (it == sums.end()) sums.push_back(std::move(spec));
    return place;
  }

  Status Fetch(Variant& variant) {
    std::vector<Day>& cuts = variant.cuts;
    const auto cut = [&](const Period& period) {
      cuts.push_back(period.from);
      cuts.push_back(period.to + 1);
    };
    if (!grains_.empty()) {
      for (const Period& range : ranges_) cut(ShiftedRange(range, grains_, variant.shifts));
    }
    cut(ShiftedWhole(variant.shifts));
    if (const Day mature = MatureUntil() + 1; threads_ && mature > period_.from && mature <= period_.to) {
      cuts.push_back(mature);
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());

    facts::Query query;
    query.dealers = DealersOf(variant.sums);
    query.dealers_follow = dealers_.empty();
    query.limits = limits_;
    query.by = variant.by;
    query.cuts = cuts;
    query.basis = question_.basis;
    query.within_days = question_.within_days;
    query.sums = variant.sums;
    query.at_once = question_.at_once;
    ASSIGN_OR_RETURN(variant.cube, facts_.Run(query, question_.known_at));

    facts::Cube& cube = variant.cube;
    const size_t stride = cube.sums * cube.pieces;
    variant.total_base = cube.cells.size();
    cube.cells.resize(cube.cells.size() + stride);
    if (variants_.size() > 1) variant.sorted = SortedGroups(cube.groups);
    const auto add = [](facts::Cell& to, const facts::Cell& cell) {
      to.sum += cell.sum;
      to.day_sum += cell.day_sum;
      to.rows += cell.rows;
    };
    facts::Cell* const totals = cube.cells.data() + variant.total_base;
    for (const facts::Cell* group = cube.cells.data(); group != totals; group += stride) {
      for (size_t i = 0; i < stride; ++i) add(totals[i], group[i]);
    }
    // Running sums along the pieces, so that any range is a difference of two.
    for (facts::Cell* first = cube.cells.data(); first != totals + stride; first += cube.pieces) {
      for (size_t p = 1; p < cube.pieces; ++p) add(first[p], first[p - 1]);
    }
    return {};
  }

  static std::vector<uint32_t> SortedGroups(const facts::Groups& groups) {
    std::vector<uint32_t> sorted(groups.size());
    std::iota(sorted.begin(), sorted.end(), 0);
    const auto before = [&](uint32_t a, uint32_t b) { return facts::Groups::Before(groups[a], groups[b]); };
    if (std::is_sorted(sorted.begin(), sorted.end(), before)) return sorted;
    if (groups[0].size() > 2) {
      std::sort(sorted.begin(), sorted.end(), before);
      return sorted;
    }
    // Mostly there are one or two dimensions: ids that lie beside one another are compared faster.
    struct Group {
      std::array<int64_t, 2> ids;
      uint32_t at;
    };
    std::vector<Group> all(groups.size());
    for (uint32_t g = 0; g < groups.size(); ++g) {
      const facts::Groups::Ids ids = groups[g];
      all[g] = {{ids[0], ids.size() > 1 ? ids[1] : 0}, g};
    }
    std::sort(all.begin(), all.end(), [](const Group& a, const Group& b) { return a.ids < b.ids; });
    std::transform(all.begin(), all.end(), sorted.begin(), [](const Group& group) { return group.at; });
    return sorted;
  }

  // Those asked about of which the asker sees anything; empty: all.
  std::vector<DealerId> SeenDealers() const {
    if (question_.scope->network) return question_.dealers;
    std::vector<DealerId> dealers;
    for (const RowScope::Part& part : question_.scope->parts) {
      const auto& asked = question_.dealers;
      if (asked.empty() || std::find(asked.begin(), asked.end(), part.dealer) != asked.end()) {
        dealers.push_back(part.dealer);
      }
    }
    if (dealers.empty()) dealers.emplace_back(-1);  // none, where an empty list would mean all
    return dealers;
  }

  // The dealers that can have a row for one of these sums, among those that may be asked; empty: all.
  std::vector<DealerId> DealersOf(const std::vector<facts::SumSpec>& sums) const {
    std::optional<std::set<int64_t>> wanted = std::set<int64_t>();
    for (const facts::SumSpec& sum : sums) {
      const facts::Filter* narrow = nullptr;
      for (const facts::Filter& filter : sum.filters) {
        const bool places = filter.dim == Dim::kDealer || filter.dim == Dim::kRegion;
        if (places && !filter.ids.empty() && (narrow == nullptr || filter.dim == Dim::kDealer)) narrow = &filter;
      }
      if (narrow == nullptr) {
        wanted.reset();
        break;
      }
      if (narrow->dim == Dim::kDealer) {
        wanted->insert(narrow->ids.begin(), narrow->ids.end());
        continue;
      }
      for (const auto& [id, dealer] : org_->dealers) {
        const bool was_there = std::any_of(dealer.region.begin(), dealer.region.end(), [&](const auto& membership) {
          return std::find(narrow->ids.begin(), narrow->ids.end(), membership.id) != narrow->ids.end();
        });
        if (was_there) wanted->insert(id);
      }
    }
    if (!wanted) return dealers_;
    std::vector<DealerId> dealers;
    for (const int64_t id : *wanted) {
      const bool may = dealers_.empty() || std::find(dealers_.begin(), dealers_.end(), DealerId(id)) != dealers_.end();
      if (may) dealers.emplace_back(id);
    }
    if (dealers.empty()) dealers.emplace_back(-1);  // none, where an empty list would mean all
    return dealers;
  }

  // The last cohort day whose `within` days are over.
  [[nodiscard]] Day MatureUntil() const { return question_.today - question_.within_days.value_or(0); }

  // Where a row stands: its dimension members and its range; no members for the total.
  using Ids = facts::Groups::Ids;
  struct Spot {
    std::optional<Ids> ids;  // none: the total
    Period range;
    bool whole_period = false;  // the range is the question's period itself
    // Of a row: the first cell of its group in each variant, kNone where it has none, and which of the ranges it is.
    const size_t* bases = nullptr;
    size_t range_index = kNone;
    // The values of all atoms here; null: each is looked up where it is needed.
    const double* atoms = nullptr;
  };
  static constexpr size_t kNone = SIZE_MAX;

  // The cells of a sum for a spot; null when the group has none.
  const facts::Cell* Cells(const AtomPlace& place, const Spot& spot) const {
    const Variant& variant = variants_[place.variant];
    const facts::Cube& cube = variant.cube;
    size_t base = variant.total_base;
    if (spot.ids) base = spot.bases[place.variant];
    return base == kNone ? nullptr : &cube.cells[base + place.sum * cube.pieces];
  }
  // The first cell of a group, where there are several variants; kNone when this one has none.
  size_t Base(const Variant& variant, Ids all) const {
    std::vector<int64_t> kept;
    Ids ids = all;
    if (!variant.whole.empty()) {
      for (size_t i = 0; i < dims_.size(); ++i) {
        if (std::find(variant.whole.begin(), variant.whole.end(), dims_[i]) == variant.whole.end()) {
          kept.push_back(all[i]);
        }
      }
      ids = kept;
    }
    const facts::Groups& groups = variant.cube.groups;
    const auto it =
        std::lower_bound(variant.sorted.begin(), variant.sorted.end(), ids,
                         [&](uint32_t group, Ids wanted) { return facts::Groups::Before(groups[group], wanted); });
    if (it == variant.sorted.end() || !facts::Groups::Same(groups[*it], ids)) return kNone;
    return *it * variant.cube.sums * variant.cube.pieces;
  }
  // The pieces that a spot's range is, under the variant's shifts.
  std::pair<size_t, size_t> Span(const Variant& variant, const Spot& spot) const {
    return spot.range_index != kNone ? variant.spans[spot.range_index] : Pieces(variant, RangeOf(variant, spot));
  }

  // Pieces of a range: those in (first, second], counted from 1.
  static std::pair<size_t, size_t> Pieces(const Variant& variant, const Period& range) {
    const auto index = [&](Day day) {
      return static_cast<size_t>(std::lower_bound(variant.cuts.begin(), variant.cuts.end(), day) -
                                 variant.cuts.begin());
    };
    return {index(range.from), index(range.to + 1)};
  }

  // The period as it stands under shifts: shifted in full, then cut off after as many days.
  Period ShiftedWhole(const std::vector<Shift>& shifts) const {
    Period moved = Shifted(full_, shifts);
    if (period_ != full_) moved.to = std::min(moved.from + (period_.to - full_.from), moved.to);
    return moved;
  }

  // The range of a spot as it was before to_date cut it off.
  Period FullRange(const Spot& spot) const {
    if (spot.whole_period) return full_;
    if (spot.range.to != period_.to || period_ == full_) return spot.range;
    Day to = full_.to;
    for (const Grain grain : grains_) to = std::min(to, UnitPeriod(UnitOf(spot.range.from, grain), grain).to);
    return {spot.range.from, to};
  }

  Period RangeOf(const Variant& variant, const Spot& spot) const {
    return spot.whole_period ? ShiftedWhole(variant.shifts) : ShiftedRange(spot.range, grains_, variant.shifts);
  }

  double AtomValue(size_t index, const Spot& spot) const {
    const AtomPlace& place = atoms_[index];
    const facts::Cell* cells = Cells(place, spot);
    if (cells == nullptr) return 0;
    const double scale = place.scale;
    const Variant& variant = variants_[place.variant];
    const auto [first, last] = Span(variant, spot);
    switch (place.reading) {
      case Reading::kFlow: return static_cast<double>(cells[last].sum - cells[first].sum) / scale;
      case Reading::kOpening: return static_cast<double>(cells[first].sum) / scale;
      case Reading::kClosing: return static_cast<double>(cells[last].sum) / scale;
      case Reading::kAverage: {
        // Mean of the daily closings: what an entry of day d adds stands on the days d … last.
        const double moved = static_cast<double>(cells[last].sum - cells[first].sum);
        const double moved_days = static_cast<double>(cells[last].day_sum - cells[first].day_sum);
        const Period range = RangeOf(variant, spot);
        const double end = static_cast<double>(range.to - variant.cuts.front()) + 1;
        return (static_cast<double>(cells[first].sum) + (moved * end - moved_days) / range.days()) / scale;
      }
    }
    return 0;
  }

  bool HasEntries(size_t index, const Spot& spot) const {
    const AtomPlace& place = atoms_[index];
    const facts::Cell* cells = Cells(place, spot);
    if (cells == nullptr) return false;
    const Variant& variant = variants_[place.variant];
    const auto [first, last] = Span(variant, spot);
    switch (place.reading) {
      case Reading::kFlow: return cells[last].rows > cells[first].rows;
      case Reading::kOpening: return cells[first].rows > 0;
      default: return cells[last].rows > 0;
    }
  }

  std::vector<std::pair<Dim, int64_t>> Scope(const Spot& spot, const std::vector<TextFilter>& filters) const {
    std::vector<std::pair<Dim, int64_t>> scope;
    for (size_t i = 0; spot.ids && i < dims_.size(); ++i) scope.emplace_back(dims_[i], (*spot.ids)[i]);
    for (const facts::Filter& filter : filters_) {
      if (filter.ids.size() == 1) scope.emplace_back(filter.dim, filter.ids[0]);
    }
    for (const TextFilter& filter : filters) {
      if (filter.values.size() != 1) continue;
      for (const int64_t id : FindMembers(catalog_, *org_, filter.dim, filter.values[0])) {
        scope.emplace_back(filter.dim, id);
      }
    }
    return scope;
  }

  // Mostly a column is a sum, or one of them divided by another.
  std::optional<double> ValueOf(const Expr& expr, const Spot& spot) const {
    if (expr.kind == Expr::Kind::kAtom && spot.atoms != nullptr) return spot.atoms[expr.index];
    return Evaluate(expr, spot);
  }

  std::optional<double> Evaluate(const Expr& expr, const Spot& spot) const {
    const auto child = [&](size_t i) { return ValueOf(expr.children[i], spot); };
    switch (expr.kind) {
      case Expr::Kind::kNumber: return expr.number;
      case Expr::Kind::kAtom: return AtomValue(expr.index, spot);
      case Expr::Kind::kExternal: {
        const External& external = compiled_->externals()[expr.index];
        const Period range = Shifted(FullRange(spot), external.shifts);
        if (external.kind == External::Kind::kTarget) {
          if (targets_ != nullptr) {
            if (const auto target = targets_->Find(external.name, range, Scope(spot, external.filters))) {
              return target->value;
            }
          }
          not_set_.insert("target(" + external.name + ")");
          return std::nullopt;
        }
        if (scorecards_ != nullptr) {
          if (const auto score = scorecards_->Find(external.name, range, Scope(spot, external.filters))) return score;
        }
        not_set_.insert("scorecard(" + external.name + ")");
        return std::nullopt;
      }
      case Expr::Kind::kNegate: {
        const auto inner = child(0);
        return inner ? std::optional(-*inner) : std::nullopt;
      }
      case Expr::Kind::kCeil: {
        const auto inner = child(0);
        if (!inner) return std::nullopt;
        // 7 ÷ (0.7 × 0.1) is 100, not 101: the binary error of a quotient does not count as a whole more.
        const double nearest = std::round(*inner);
        return std::abs(*inner - nearest) <= 1e-9 * std::max(1.0, std::abs(*inner)) ? nearest : std::ceil(*inner);
      }
      case Expr::Kind::kIf: {
        const auto condition = child(0);
        return condition && *condition != 0 ? child(1) : child(2);
      }
      case Expr::Kind::kMin:
      case Expr::Kind::kMax: {
        std::optional<double> best;
        for (size_t i = 0; i < expr.children.size(); ++i) {
          const auto value = child(i);
          if (!value) return std::nullopt;
          if (!best || (expr.kind == Expr::Kind::kMin ? *value < *best : *value > *best)) best = value;
        }
        return best;
      }
      case Expr::Kind::kBinary: break;
    }
    const auto left = child(0);
    const auto right = child(1);
    if (!left || !right) return std::nullopt;
    switch (expr.op) {
      case Node::Op::kAdd: return *left + *right;
      case Node::Op::kSubtract: return *left - *right;
      case Node::Op::kMultiply: return *left * *right;
      case Node::Op::kDivide: return *right == 0 ? std::nullopt : std::optional(*left / *right);
      case Node::Op::kLess: return *left < *right;
      case Node::Op::kLessEqual: return *left <= *right;
      case Node::Op::kGreater: return *left > *right;
      case Node::Op::kGreaterEqual: return *left >= *right;
      case Node::Op::kEqual: return *left == *right;
      case Node::Op::kUnequal: return *left != *right;
    }
    return std::nullopt;
  }

  Figure FigureOf(const Expr& expr, const Spot& spot) const {
    Figure figure;
    FillFigure(expr, spot, figure);
    return figure;
  }

  void FillFigure(const Expr& expr, const Spot& spot, Figure& figure) const {
    if (expr.kind == Expr::Kind::kBinary && expr.op == Node::Op::kDivide) {
      figure.ratio = true;
      figure.num = ValueOf(expr.children[0], spot);
      figure.den = ValueOf(expr.children[1], spot);
      if (figure.num && figure.den && *figure.den != 0) figure.value = *figure.num / *figure.den;
    } else {
      figure.value = ValueOf(expr, spot);
    }
  }

  // Its cells are appended to the store, which has room for them.
  void Fill(RowAnswer& row, Spot spot, Answer::Store& store) {
    atom_values_.resize(atoms_.size());
    for (size_t a = 0; a < atoms_.size(); ++a) atom_values_[a] = AtomValue(a, spot);
    spot.atoms = atom_values_.data();
    row.period = spot.range;
    const size_t cells_before = store.cells.size();
    for (const Program::Column& column : compiled_->columns()) {
      CellAnswer& cell = store.cells.emplace_back();
      FillFigure(column.expr, spot, cell);
      if (column.compared) {
        cell.compared = true;
        FillFigure(*column.compared, spot, cell.versus);
        if (cell.value && cell.versus.value) cell.change = *cell.value - *cell.versus.value;
      }
    }
    row.cells = std::span<const CellAnswer>(store.cells).subspan(cells_before);
    if (threads_) {
      const facts::Cell* cells = Cells(*threads_, spot);
      if (cells == nullptr) return;
      const Variant& variant = variants_[threads_->variant];
      const auto [first, last] = Pieces(variant, spot.range);
      const int64_t all = cells[last].sum - cells[first].sum;
      const Day mature_until = MatureUntil();
      if (mature_until >= spot.range.to || all == 0) return;
      int64_t mature = 0;
      if (mature_until >= spot.range.from) {
        mature = cells[Pieces(variant, {spot.range.from, mature_until}).second].sum - cells[first].sum;
      }
      if (mature < all) row.mature_share = static_cast<double>(mature) / static_cast<double>(all);
    }
  }

  void MakeRows(Answer& answer) {
    for (Variant& variant : variants_) {
      for (const Period& range : ranges_) {
        variant.spans.push_back(Pieces(variant, RangeOf(variant, {std::nullopt, range, grains_.empty()})));
      }
    }
    // Atoms of the columns themselves, that make rows.
    std::vector<size_t> own;
    for (size_t a = 0; a < atoms_.size(); ++a) {
      if (variants_[atoms_[a].variant].whole.empty() && !IsComparisonOnly(a)) own.push_back(a);
    }
    // Every combination of members that some column's own sums have.
    std::vector<Ids> combinations;
    std::vector<size_t> bases;  // of each combination and variant
    if (variants_.size() == 1) {
      const facts::Cube& cube = variants_[0].cube;
      combinations.reserve(cube.groups.size());
      bases.reserve(cube.groups.size());
      for (size_t group = 0; group < cube.groups.size(); ++group) {
        combinations.push_back(cube.groups[group]);
        bases.push_back(group * cube.sums * cube.pieces);
      }
    } else {
      combinations = CombinationsOf(own);
      bases.reserve(combinations.size() * variants_.size());
      for (const Ids ids : combinations) {
        for (const Variant& variant : variants_) bases.push_back(Base(variant, ids));
      }
    }
    // The rows that there are, and what their order depends on.
    struct Place {
      size_t combination;
      size_t range;
    };
    std::vector<Place> places;
    const auto spot_of = [&](const Place& place) {
      return Spot{combinations[place.combination], ranges_[place.range], grains_.empty(),
                  &bases[place.combination * variants_.size()], place.range};
    };
    places.reserve(combinations.size());
    for (size_t c = 0; c < combinations.size(); ++c) {
      for (size_t r = 0; r < ranges_.size(); ++r) {
        const Spot spot = spot_of({c, r});
        const bool there = std::any_of(own.begin(), own.end(), [&](size_t a) { return HasEntries(a, spot); });
        if (there) places.push_back({c, r});
      }
    }
    if (question_.top) answer.row_count = static_cast<int64_t>(places.size());

    const size_t keys = key_kind_.size();
    RowSketches sketches;
    sketches.count = places.size();
    sketches.ids.resize(places.size() * keys);
    sketches.keys.resize(places.size() * keys);
    sketches.places.resize(places.size() * keys, RowSketches::kNotSet);
    bool all_placed = true;
    const std::vector<std::vector<Key>> range_keys = RangeKeys();
    for (size_t k = 0; k < keys; ++k) {
      const auto [is_dim, index] = key_kind_[k];
      const auto take = [&](size_t at, const Key& key) {
        sketches.keys[at] = key.text;
        sketches.places[at] = key.place;
      };
      if (!is_dim) {
        for (size_t i = 0; i < places.size(); ++i) take(i * keys + k, range_keys[index][places[i].range]);
        continue;
      }
      for (const Ids ids : combinations) labels_[index]->Prefetch(ids[index]);
      for (size_t i = 0; i < places.size(); ++i) {
        const int64_t id = combinations[places[i].combination][index];
        if (id == 0) continue;
        const Key key = KeyOf(index, id);
        all_placed = all_placed && key.place != RowSketches::kNotSet;
        sketches.ids[i * keys + k] = id;
        take(i * keys + k, key);
      }
    }
    if (!all_placed) sketches.places.clear();
    const std::vector<size_t> sorted_by = SortColumns(question_);
    sketches.values.reserve(places.size() * sorted_by.size());
    for (size_t i = 0; !sorted_by.empty() && i < places.size(); ++i) {
      const Spot spot = spot_of(places[i]);
      for (const size_t column : sorted_by) {
        const std::optional<double> value = Evaluate(compiled_->columns()[column].expr, spot);
        sketches.values.push_back(value ? *value : std::numeric_limits<double>::quiet_NaN());
      }
    }

    const std::vector<uint32_t> order = OrderRows(question_, sketches);
    answer.rows.resize(order.size());
    const auto store = std::make_shared<Answer::Store>();
    store->org = org_;
    store->texts.swap(own_texts_);
    store->keys.reserve(order.size() * keys);
    store->ids.reserve(order.size() * keys);
    store->cells.reserve((order.size() + 1) * compiled_->columns().size());
    for (size_t i = 0; i < order.size(); ++i) {
      RowAnswer& row = answer.rows[i];
      for (size_t k = order[i] * keys; k < (order[i] + 1) * keys; ++k) {
        store->ids.push_back(sketches.ids[k]);
        const std::string_view key = sketches.keys[k];
        key.data() != nullptr ? store->keys.emplace_back(key) : store->keys.emplace_back();
      }
      row.ids = std::span<const int64_t>(store->ids).subspan(i * keys);
      row.keys = std::span<const std::optional<std::string_view>>(store->keys).subspan(i * keys);
      Fill(row, spot_of(places[order[i]]), *store);
    }
    Fill(answer.total, {std::nullopt, period_, true}, *store);
    answer.store = store;
  }

  // What a member or a range is called, and where that stands among what others are; kNotSet where nobody has called
  // a member anything.
  struct Key {
    std::string_view text;  // without data: not set
    uint32_t place = RowSketches::kNotSet;
  };
  [[nodiscard]] Key KeyOf(size_t dim, int64_t id) {
    if (const auto* placed = labels_[dim]->Find(id)) return {placed->label, placed->place};
    return {own_texts_.emplace_back("#" + std::to_string(id)), RowSketches::kNotSet};
  }
  // By grain and range. Later ranges are called what comes later, or the same.
  [[nodiscard]] std::vector<std::vector<Key>> RangeKeys() {
    std::vector<std::vector<Key>> keys(grains_.size());
    for (size_t g = 0; g < grains_.size(); ++g) {
      for (const Period& range : ranges_) {
        std::string text = UnitLabel(UnitOf(range.from, grains_[g]), grains_[g]);
        const Key before = keys[g].empty() ? Key{} : keys[g].back();
        if (!keys[g].empty() && before.text == text) {
          keys[g].push_back(before);
        } else {
          keys[g].push_back({own_texts_.emplace_back(std::move(text)), before.place + 1});
        }
      }
    }
    return keys;
  }

  // Of several variants, in the order of their ids.
  [[nodiscard]] std::vector<Ids> CombinationsOf(const std::vector<size_t>& atoms) const {
    std::vector<Ids> combinations;
    std::vector<bool> seen(variants_.size());
    for (const size_t a : atoms) {
      const size_t v = atoms_[a].variant;
      if (seen[v]) continue;
      seen[v] = true;
      const auto before = static_cast<std::ptrdiff_t>(combinations.size());
      for (const uint32_t group : variants_[v].sorted) combinations.push_back(variants_[v].cube.groups[group]);
      std::inplace_merge(combinations.begin(), combinations.begin() + before, combinations.end(),
                         facts::Groups::Before);
    }
    combinations.erase(std::unique(combinations.begin(), combinations.end(), facts::Groups::Same), combinations.end());
    return combinations;
  }

  // Sums that only a comparison needs make no rows of their own.
  [[nodiscard]] bool IsComparisonOnly(size_t atom) const {
    const auto uses = [atom](const auto& self, const Expr& expr) -> bool {
      if (expr.kind == Expr::Kind::kAtom) return expr.index == atom;
      return std::any_of(expr.children.begin(), expr.children.end(),
                         [&](const Expr& child) { return self(self, child); });
    };
    return std::none_of(compiled_->columns().begin(), compiled_->columns().end(),
                        [&](const Program::Column& column) { return uses(uses, column.expr); });
  }

  // Which events are missing, where a total is undefined or zero.
  void FindUnrecorded(Answer& answer) const {
    const bool lacking = std::any_of(answer.total.cells.begin(), answer.total.cells.end(),
                                     [](const CellAnswer& cell) { return !cell.value || *cell.value == 0; });
    if (!lacking) return;
    const Spot total{std::nullopt, period_, true};
    auto& missing = answer.unrecorded_events;
    for (size_t a = 0; a < atoms_.size(); ++a) {
      if (IsComparisonOnly(a) || HasEntries(a, total)) continue;
      const int event = catalog_.measures()[static_cast<size_t>(compiled_->atoms()[a].measure)].event;
      if (std::find(missing.begin(), missing.end(), event) == missing.end()) missing.push_back(event);
    }
  }

  const catalog::Catalog& catalog_;
  facts::Facts& facts_;
  Programs& programs_;
  TargetSource* targets_;
  ScorecardSource* scorecards_;
  const Question& question_;
  std::shared_ptr<const Program> compiled_;
  std::shared_ptr<const facts::OrgView> org_;
  std::vector<Dim> dims_;
  std::vector<const facts::LabelIndex::Places*> labels_;  // of these dimensions
  std::vector<Grain> grains_;
  std::vector<std::pair<bool, size_t>> key_kind_;  // a dimension? and its position among its kind
  std::vector<facts::Filter> filters_;
  std::vector<DealerId> dealers_;                    // those asked about; empty: all
  const facts::Filter* narrowed_ = nullptr;          // the filter that these dealers stand for
  std::optional<std::vector<facts::Limit>> limits_;  // by the asker's scope
  Period period_{};                                  // cut off by to_date
  Period full_{};
  std::vector<Period> ranges_;
  std::vector<Variant> variants_;
  std::vector<AtomPlace> atoms_;
  std::optional<AtomPlace> threads_;
  std::deque<std::string> own_texts_;      // what ranges are called, and members without a label
  std::vector<double> atom_values_;        // of the row being filled in
  mutable std::set<std::string> not_set_;  // met while evaluating
};

}  // namespace dealpace::kpi::internal
