#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/audit.h"
#include "leads/store.h"

// Tasks for whoever leads a consultant: to coach him, because a figure of his is short of its goal. What the figure is,
// the cause says; so far it is the accuracy of his files in a month's spot check (A5, BR-16).
namespace dealpace::leads {

enum class CoachingState { kOpen, kDone, kWithdrawn };
[[nodiscard]] std::string_view CoachingStateName(CoachingState state);  // "open", "done", "withdrawn"
[[nodiscard]] std::optional<CoachingState> ParseCoachingState(std::string_view name);

inline constexpr std::string_view kSpotCheckCause = "spot_check";

// How somebody's figure stands, as far as it is known.
struct CoachingFigure {
  std::string cause;
  StaffId staff;
  Day from{};
  Day until{};  // the last day
  int64_t num = 0;
  int64_t den = 0;  // 0: there is no figure
  double goal = 0;
  // By code, how often: fields of the record that were false. No personal data.
  std::map<std::string, int64_t, std::less<>> findings;
};
// Whether it is below its goal; what has no value is not.
[[nodiscard]] bool IsShort(const CoachingFigure& figure);

struct CoachingTask {
  int64_t id = 0;
  CoachingFigure figure;
  CoachingState state{};
  Day due{};
  int64_t version = 0;
  Instant opened_at{};
  std::optional<Instant> closed_at;
  std::string closed_by;  // nobody, where it was withdrawn
  std::string note;
};

struct CoachingFilter {
  std::optional<CoachingState> state;
};

struct CoachingPage {
  std::vector<CoachingTask> tasks;            // open ones first, the soonest due first; then the last closed first
  std::map<CoachingState, int64_t> of_state;  // how many there are, whatever the filter
};

// Thread-safe. Whose tasks the asker sees follows from whom he sees.
class CoachingTasks {
 public:
  explicit CoachingTasks(Store& store) : store_(store) {}

  [[nodiscard]] Result<CoachingPage> List(const Asker& asker, const CoachingFilter& filter, size_t most, Instant now);
  // It is done. Nobody says so of himself: `self` is the staff that the asker is. Fails with not_found,
  // coaching_own_task, coaching_not_open, coaching_note_missing, edit_conflict, and what is wrong with the note.
  [[nodiscard]] Status Done(const Asker& asker, const std::vector<StaffId>& self, int64_t id, int64_t version,
                            const std::string& note, Instant now);

  // Within the transaction of whoever has judged anew, who holds the dealer's ledger: one that is open, or was
  // withdrawn, follows the figure; a new one is opened where `complete`, when all that belongs to the figure is judged.
  // One that is done stays as it is. Never a second one of a cause for a person and a period.
  [[nodiscard]] static Status Follow(db::Connection& connection, DealerId dealer, const CoachingFigure& figure,
                                     bool complete, int days, Day today, Instant now, const db::Witness& witness);

 private:
  Store& store_;
};

}  // namespace dealpace::leads
