#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/days.h"
#include "catalog/catalog.h"
#include "db/db.h"

// The second opinion on every figure: what follows from the ledger (design: a sales ledger), counted once more in
// plain SQL. The facts are fast and keep state; the recount is slow, keeps none, and shares no code with them. Where
// the two differ, one of them is wrong. `dealpace verify` and the property tests compare them.
namespace dealpace::ledger {

// Builds the temporary table recount_row: a row for each live entry, with all that follows from the others of its
// lead, and for each derived one (intervals, timely events, changes of a level):
//
//   dealer, event, day, cohort_day, is_first, region, team, staff, actor, source … reason, quantity, amount
//
// Ids that are not set are 0. The tables go with the transaction. One Recount per transaction; used by one thread.
class Recount {
 public:
  struct Options {
    DealerId dealer{};            // not set: all
    Instant known_at = kForever;  // entries recorded until then
  };
  // Throws DbError, as every statement does. The catalogue outlives the recount.
  Recount(db::Connection& connection, const catalog::Catalog& catalog, const Options& options);
  Recount(const Recount&) = delete;
  Recount& operator=(const Recount&) = delete;

  // A dimension has one of the ids; with no ids, it is set at all.
  struct Filter {
    Dim dim{};
    std::vector<int64_t> ids;
  };
  struct Question {
    int measure = -1;  // position in the catalogue; -1: every measure, whose position then begins the key
    std::vector<Filter> filters;
    std::vector<Dim> by;
    std::vector<Grain> grains;  // all but the half year
    Period period{kFirstDay, kLastDay};
    bool cohort = false;  // period and grains are those of cohort_day
    std::optional<int> within_days;
  };
  struct Sum {
    int64_t sum = 0;   // thousandths, fen or hundredths, thousandths of a day, as the measure has it
    int64_t rows = 0;  // rows that were added up
    bool operator==(const Sum&) const = default;
  };
  // Ids of the `by` dimensions, then units of the grains (UnitOf).
  using Sums = std::map<std::vector<int64_t>, Sum>;

  // The sums of a measure. A combination without rows is not there.
  [[nodiscard]] Sums Ask(const Question& question);
  // For balances: each day's closing (the sum of all that lies before it or on it), added up over the days of the
  // period; the average is that divided by their number. Grains, cohort and within do not apply.
  [[nodiscard]] Sums AskClosings(const Question& question);

  // How many rows there are.
  [[nodiscard]] int64_t rows();
  // The units (UnitOf) in which some row has its day or cohort day, ascending. All grains but the half year.
  [[nodiscard]] std::vector<int> UnitsUsed(Grain grain);

 private:
  void FillDefinitions();
  void TakeEntries(const Options& options);
  void Derive();
  void FillCalendar();

  db::Connection& connection_;
  const catalog::Catalog& catalog_;
};

}  // namespace dealpace::ledger
