#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/audit.h"
#include "leads/store.h"

// Spot checks of customer files (BR-16, A5): of the files that each consultant made in a month some are drawn by lot,
// somebody else calls the customers, and says of each field whether it is true.
namespace dealpace::leads {

enum class Verdict { kTrue, kFalse, kUnverifiable };
[[nodiscard]] std::string_view VerdictName(Verdict verdict);  // "true", "false", "unverifiable"
[[nodiscard]] std::optional<Verdict> ParseVerdict(std::string_view name);

// What was found of a file, by field of the record.
using Verdicts = std::map<std::string, Verdict, std::less<>>;
// One false field makes the file false; without one it is true, unless nothing of it could be verified.
[[nodiscard]] Verdict ResultOf(const Verdicts& verdicts);

struct SpotCheck {
  int64_t id = 0;
  Day month{};  // its first day
  CustomerId customer;
  StaffId owner;  // whose file it was when it was drawn
  Kind kind{};
  Record record;  // masked; in a list name and telephone
  std::optional<Verdict> result;
  Verdicts verdicts;
  int64_t version = 0;
  Instant drawn_at{};
  std::optional<Instant> checked_at;
  std::string checked_by;
};

// How it stands with one consultant's files of a month.
struct SpotCheckCount {
  StaffId owner;
  int64_t files = 0;   // made in the month
  int64_t sample = 0;  // so many of them are to be checked
  int64_t drawn = 0;
  int64_t is_true = 0;
  int64_t is_false = 0;
  int64_t unverifiable = 0;
};

struct SpotCheckMonth {
  std::vector<SpotCheckCount> people;  // with files or checks, in order of id
  std::vector<SpotCheck> checks;       // those without a result first, then as they were drawn
};

// Who checks, beside what he sees: nobody's own files.
struct Checker {
  Asker asker;
  std::vector<StaffId> self;  // the staff that he is
  db::Witness witness;
};

// Thread-safe. Every call fails with not_found for what is not there or out of sight. `month` is the first day of one.
class SpotChecks {
 public:
  // A random number below `end`, for drawing.
  using Lot = std::function<uint32_t(uint32_t end)>;
  SpotChecks(Store& store, Lot lot) : store_(store), lot_(std::move(lot)) {}

  [[nodiscard]] Result<SpotCheckMonth> Month(const Asker& asker, Day month, Instant now);
  // Draws what is missing of each consultant's sample, by lot among his files of the month that were not drawn yet.
  // Returns how many. Fails with check_month_ahead for a month that has not begun.
  [[nodiscard]] Result<int64_t> Draw(const Checker& checker, Day month, Instant now);
  [[nodiscard]] Result<SpotCheck> Get(const Asker& asker, int64_t id, Instant now);
  // Books `spot_check` for whoever has the customer's lead; a file of which nothing could be verified books nothing.
  // Said again, what was booked before is reversed. Once all that was to be drawn of the consultant's month is checked
  // and his accuracy is below the goal, a coaching task is opened; it follows what is said later (coaching.h). Fails
  // with check_own_file, check_empty, check_field_unknown
  // ("field": not filled in, or none), edit_conflict.
  [[nodiscard]] Status Record(const Checker& checker, int64_t id, int64_t version, const Verdicts& verdicts,
                              Instant now);

 private:
  [[nodiscard]] Result<SpotCheck> Read(const Store::Look& look, const db::Rows& rows, bool whole_record) const;
  [[nodiscard]] Result<SpotCheck> Find(const Store::Look& look, int64_t id) const;

  Store& store_;
  Lot lot_;
};

}  // namespace dealpace::leads
