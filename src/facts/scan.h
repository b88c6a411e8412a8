#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "facts/cuboids.h"
#include "facts/org_view.h"
#include "facts/query.h"

// What one question is turned into once, for all dealers. Internal to this room.
namespace dealpace::facts {

// Which piece of a query's cuts a day lies in.
class Pieces {
 public:
  explicit Pieces(const std::vector<Day>& cuts);
  // 0 before the first cut or where the days are left out, 1… the pieces, -1 after the last cut.
  [[nodiscard]] int32_t Of(int32_t day) const {
    const int64_t offset = int64_t{day} - first_;
    if (offset < 0) return 0;
    if (offset >= span_) return -1;
    return table_.empty() ? Search(day) : table_[static_cast<size_t>(offset)];
  }
  [[nodiscard]] int32_t first() const { return first_; }
  // Whether days can be left out: not of a period of more than a hundred years.
  [[nodiscard]] bool CanLeaveOut() const { return !table_.empty(); }
  void LeaveOut(int32_t from, int32_t to);

 private:
  [[nodiscard]] int32_t Search(int32_t day) const;
  std::vector<Day> cuts_;
  std::vector<int32_t> table_;
  int32_t first_ = 0;
  int64_t span_ = 0;
};

// The pieces of a query as whole months and the days that are left beside them.
struct MonthSplit {
  struct Months {
    int32_t from = 0;  // counted from year 0
    int32_t to = 0;
    size_t piece = 0;
  };
  std::vector<Months> months;
  std::vector<std::pair<int32_t, int32_t>> rest;  // days [first, second)
  std::optional<Pieces> pieces;                   // without the days of the months; where there is a rest
};

// A question read once: which rows of which event each sum takes.
class Plan {
 public:
  // `org`: where the codes of measures' own filters are looked up.
  Plan(const catalog::Catalog& catalog, const OrgView& org, const Query& query);

  struct Part {
    size_t sum = 0;
    int event = -1;  // kThreadEvent: attempts begun
    Taken taken = Taken::kQuantity;
    std::vector<Filter> filters;  // the sum's and the measure's own
    uint32_t dims = 0;            // of the filters and of `by`, a bit each
    [[nodiscard]] bool only_first() const { return taken == Taken::kFirstQuantity || taken == Taken::kDays; }
  };
  // Sum after sum; those that can take no row are left out.
  [[nodiscard]] const std::vector<Part>& parts() const { return parts_; }
  [[nodiscard]] const Query& query() const { return query_; }
  [[nodiscard]] const Pieces& pieces() const { return pieces_; }

  // Split into months, when that is first asked for; where nothing lies before the first cut or after the last, the
  // month that they cut counts as whole. Null when the period is too long to be split.
  [[nodiscard]] const MonthSplit* Split(bool none_before, bool none_after) const;
  // Whether it can be split at all.
  [[nodiscard]] bool CanSplit() const { return query_.basis == Basis::kPeriod && pieces_.CanLeaveOut(); }
  // Whether each piece is whole months, as above.
  [[nodiscard]] bool WholeMonths(bool none_before, bool none_after) const {
    return inner_months_ && (first_month_ || none_before) && (last_month_ || none_after);
  }

 private:
  [[nodiscard]] MonthSplit MakeSplit(bool none_before, bool none_after) const;

  const Query& query_;
  std::vector<Part> parts_;
  Pieces pieces_;
  // Whether a month begins at the first cut, at the last, at each between them.
  bool first_month_ = false;
  bool last_month_ = false;
  bool inner_months_ = false;
  // For each way that nothing may lie before and after: made by the first that asks.
  mutable std::mutex splits_mutex_;
  mutable std::array<std::atomic<const MonthSplit*>, 4> split_{};
  mutable std::array<MonthSplit, 4> splits_;
};

// Collects the parts of an answer. One per thread; Absorb joins them.
class Merger {
 public:
  explicit Merger(const Query& query);

  // The position of a group's first cell, to which sums × pieces follow; made when it is new.
  size_t Group(Groups::Ids ids);
  // The same, of a group that is known to be new.
  size_t AddGroup(Groups::Ids ids);
  // Makes room for so many groups, unless they are very many.
  void Reserve(size_t groups);
  void Absorb(Merger& other);
  [[nodiscard]] Cube Take() && { return std::move(cube_); }
  [[nodiscard]] const Cube& cube() const { return cube_; }
  [[nodiscard]] Cube& cube() { return cube_; }

  int64_t rows_read = 0;     // entries that the answer stands on
  int64_t rows_scanned = 0;  // of them, looked at one by one

 private:
  void Index(size_t slots);
  [[nodiscard]] size_t SlotOf(Groups::Ids ids) const;  // the group's, or the free one where it belongs

  Cube cube_;
  std::vector<uint32_t> slots_;  // open addressing over the first `indexed_` groups; kFree: none
  size_t indexed_ = 0;
};

}  // namespace dealpace::facts
