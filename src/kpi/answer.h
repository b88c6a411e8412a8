#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/days.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "facts/facts.h"
#include "kpi/program.h"

// Questions to the KPI engine and their answers: any formulas, over any period, by any dimensions.
namespace dealpace::kpi {

// What stands behind target() and scorecard(): other rooms, wired by app. Null pointers mean nothing is set yet.
class TargetSource {
 public:
  virtual ~TargetSource() = default;
  struct Target {
    double value = 0;
    int set = 1;       // when it is a sum of finer targets: so many of
    int expected = 1;  // so many are set
  };
  // The target of a measure or KPI for exactly this period and scope (dimension and member id pairs).
  [[nodiscard]] virtual std::optional<Target> Find(std::string_view id, const Period& period,
                                                   const std::vector<std::pair<Dim, int64_t>>& scope) = 0;
};
class ScorecardSource {
 public:
  virtual ~ScorecardSource() = default;
  [[nodiscard]] virtual std::optional<double> Find(std::string_view name, const Period& period,
                                                   const std::vector<std::pair<Dim, int64_t>>& scope) = 0;
};

enum class Versus { kNone, kTarget, kPrevious, kYearAgo };

// A step of the order of rows: by a column's value or a member of `by`.
struct RowOrder {
  std::string name;
  std::optional<bool> descending;  // none: values from high to low, members and times upwards
};

struct Question {
  std::vector<NamedFormula> columns;
  std::optional<Period> period;  // none: from the first entry to the last
  facts::Basis basis = facts::Basis::kPeriod;
  std::optional<int> within_days;  // cohort basis only
  std::vector<std::string> by;     // dimensions and time grains, in the order of the answer's columns
  std::vector<TextFilter> filters;
  Versus versus = Versus::kNone;
  Instant known_at = kForever;
  Day today{};  // for marking cohorts that are not over yet, and for to_date
  // A period that holds today ends today, and what it is compared with (prior, year_ago, versus) after as many days of
  // its own; targets stay those of the full period.
  bool to_date = false;
  std::vector<DealerId> dealers;                                   // only of these; empty: of all
  std::shared_ptr<const RowScope> scope = RowScope::Everything();  // what the asker may see
  std::vector<RowOrder> sort;  // before the order of the keys, in which rows come otherwise
  std::optional<int64_t> top;  // only the first so many rows …
  std::string per;             // … of each member of this one of `by`; empty: of all
  // Fails with not_at_once rather than wait for anything or take long: for a thread that others share. Needs a period.
  bool at_once = false;
};

// A figure. `value` is null when it is undefined. A ratio carries its two sums.
struct Figure {
  Figure() {}  // NOLINT(modernize-use-equals-default): without zeroing first what its members say anyway
  std::optional<double> value;
  bool ratio = false;
  std::optional<double> num;
  std::optional<double> den;
};

struct CellAnswer : Figure {
  CellAnswer() {}  // NOLINT(modernize-use-equals-default): as above
  bool compared = false;
  Figure versus;                 // the same figure before, or the target
  std::optional<double> change;  // value − versus
};

struct RowAnswer {
  std::span<const std::optional<std::string_view>> keys;  // one for each of Question::by; null where not set
  std::span<const int64_t> ids;                           // member ids of the dimensions among them (0 for grains)
  Period period{};                                        // the piece of time that the row stands for
  std::span<const CellAnswer> cells;
  // Share of the cohort's attempts that are at least `within` days old; null when all are, or it does not apply.
  std::optional<double> mature_share;
};

struct Answer {
  Period period{};
  Period full_period{};                 // before it was cut off by to_date
  std::optional<Period> versus_period;  // of a comparison with the time before
  facts::Basis basis = facts::Basis::kPeriod;
  std::optional<int> within_days;
  Instant known_at = kForever;
  std::vector<std::string> by;
  std::shared_ptr<const Program> program;    // of which the columns are
  std::span<const Program::Column> columns;  // live as long as the program
  // What rows consist of lies together; they live as long as some copy of the answer.
  struct Store {
    std::vector<std::optional<std::string_view>> keys;
    std::vector<int64_t> ids;
    std::vector<CellAnswer> cells;
    std::shared_ptr<const facts::OrgView> org;  // to which the keys belong
    std::deque<std::string> texts;              // or to these
  };
  std::shared_ptr<const Store> store;
  std::vector<RowAnswer> rows;
  RowAnswer total;                   // of all rows, also of those that `top` left out
  std::optional<int64_t> row_count;  // with `top`: how many rows there were before it
  int64_t rows_read = 0;
  // Where a total is undefined or zero: events that a column needs and of which it has no entry in the period.
  std::vector<int> unrecorded_events;
  // Targets and scorecards that the columns ask for and that are not set: "target(deal_cnt)".
  std::vector<std::string> not_set;
};

struct CellPlace;
struct Traced;
struct TracedRow;

class Engine {
 public:
  Engine(const catalog::Catalog& catalog, facts::Facts& facts, TargetSource* targets = nullptr,
         ScorecardSource* scorecards = nullptr)
      : catalog_(catalog), facts_(facts), targets_(targets), scorecards_(scorecards) {}

  // Answers a question. Besides the errors of Program::Add and of the facts: unknown_dimension, unknown_member (a
  // filter names one that does not exist), balance_on_cohort_basis, within_needs_cohort, and those of CheckRowOrder.
  [[nodiscard]] Result<Answer> Ask(const Question& question);

  // What stands behind one cell of the answer: kpi/trace.h.
  using TraceVisitor = std::function<void(const TracedRow& row, size_t thread)>;
  [[nodiscard]] Result<Traced> Trace(const Question& question, const CellPlace& place, const TraceVisitor& visit);

 private:
  const catalog::Catalog& catalog_;
  facts::Facts& facts_;
  Programs programs_;
  TargetSource* targets_;
  ScorecardSource* scorecards_;
};

// Days of "30d" or "30". Fails with bad_within.
[[nodiscard]] Result<int> ParseWithin(std::string_view text);

// Ids of the members that a text means: by code or name as imported, else by a code, name or synonym of the code
// lists. Empty when there is none.
[[nodiscard]] std::vector<int64_t> FindMembers(const catalog::Catalog& catalog, const facts::OrgView& org, Dim dim,
                                               std::string_view text);

}  // namespace dealpace::kpi
