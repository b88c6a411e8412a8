#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/days.h"
#include "base/ids.h"
#include "catalog/dims.h"

namespace dealpace::facts {

// Which day of a row places it in time.
enum class Basis {
  kPeriod,  // the day it happened
  kCohort,  // the day its lead's attempt started
};

// Rows whose dimension has one of the ids; with no ids, rows where it is set at all.
struct Filter {
  Dim dim{};
  std::vector<int64_t> ids;
  auto operator<=>(const Filter&) const = default;
};

// Sums of one measure.
struct SumSpec {
  int measure = -1;             // position in the catalogue; kThreads counts attempts begun
  std::vector<Filter> filters;  // all must hold
  bool running = false;         // also what lies before the first cut (balances)
  auto operator<=>(const SumSpec&) const = default;
};
inline constexpr int kThreads = -2;

// Rows of some dealers that have all of these.
struct Limit {
  std::vector<DealerId> dealers;  // ascending; none: none
  std::vector<Filter> filters;
};

// One question to the facts: sums for each combination of `by` and each piece of time.
struct Query {
  std::vector<DealerId> dealers;  // empty: all
  // The dealers follow from the sums' filters: others have no rows that pass.
  bool dealers_follow = false;
  std::vector<Dim> by;
  // Ascending; piece k is the days from cuts[k] to the day before cuts[k + 1]. At least two.
  std::vector<Day> cuts;
  Basis basis = Basis::kPeriod;
  // Cohort basis: only rows up to this many calendar days after the start; before it counts too.
  std::optional<int> within_days;
  std::vector<SumSpec> sums;
  // Only rows that one of these lets through: no two of them let through the same. None: all rows.
  std::optional<std::vector<Limit>> limits;
  // Rather than wait for the store, another question or another thread, or look at much: not_at_once.
  bool at_once = false;
};

// A row that a sum adds up.
struct CountedRow {
  DealerId dealer;
  size_t sum = 0;     // position in Query::sums
  int64_t seq = 0;    // of the entry that the row is or follows from
  int event = -1;     // of the row; that of a derived event where it follows from an entry
  size_t row = 0;     // names the row among those of its event, until the ledger moves on
  Day day{};          // the day that the row stands on
  int32_t piece = 0;  // of time, as in Cube
  int64_t value = 0;  // what it adds
  // Id of the row's member in a dimension, 0 where not set. Only good during the visit.
  std::function<int64_t(Dim)> member;
};
using RowVisitor = std::function<void(const CountedRow& row)>;

struct Cell {
  int64_t sum = 0;      // thousandths, fen or hundredths, or days, as the measure has it
  int64_t day_sum = 0;  // Σ value × (day − first cut), for averages over days
  int64_t rows = 0;     // entries that were added up
};

// Groups of an answer: for each the ids of the `by` dimensions, 0 where not set. Without dimensions there is at most
// one.
class Groups {
 public:
  using Ids = std::span<const int64_t>;
  explicit Groups(size_t width = 0) : width_(width) {}
  [[nodiscard]] size_t size() const { return count_; }
  // Good until the next Add.
  [[nodiscard]] Ids operator[](size_t group) const { return {ids_.data() + group * width_, width_}; }
  void Add(Ids ids) {
    for (const int64_t id : ids) ids_.push_back(id);
    ++count_;
  }
  [[nodiscard]] static bool Same(Ids a, Ids b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }
  [[nodiscard]] static bool Before(Ids a, Ids b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  size_t width_;
  size_t count_ = 0;
  std::vector<int64_t> ids_;
};

// The answer: for each group, each sum and each piece, a cell. Piece 0 is all that lies before the first cut (only for
// running sums).
struct Cube {
  Groups groups;
  std::vector<Cell> cells;
  size_t sums = 0;
  size_t pieces = 0;      // cuts - 1, plus one for piece 0
  int64_t rows_read = 0;  // entries looked at

  [[nodiscard]] const Cell& At(size_t group, size_t sum, size_t piece) const {
    return cells[(group * sums + sum) * pieces + piece];
  }
};

}  // namespace dealpace::facts
