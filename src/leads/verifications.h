#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "leads/store.h"

// BR-57: leads are entered daily, and somebody designated verifies each by telephone. What he hears is noted; a lead
// that is confirmed as a prospect books `lead_customer`.
namespace dealpace::leads {

enum class Heard { kConfirmed, kNotInterested, kWrongNumber, kNoAnswer };
[[nodiscard]] std::string_view HeardName(Heard heard);  // "confirmed", "not_interested", "wrong_number", "no_answer"
[[nodiscard]] std::optional<Heard> ParseHeard(std::string_view name);

// A lead with what its calls have brought so far.
struct Verification {
  Lead lead;                   // name and phone masked
  std::optional<Heard> heard;  // of this attempt; nothing: nobody has called
  int64_t calls = 0;
  int64_t version = 0;  // 0: nobody has called
  std::optional<Instant> called_at;
  std::string called_by;
};

struct VerificationPage {
  std::vector<Verification> leads;
  int64_t count = 0;  // of all that there are
};

// Thread-safe. A lead is due as long as it is open and nobody has reached the customer in this attempt: not called yet,
// or without an answer.
class Verifications {
 public:
  explicit Verifications(Store& store) : store_(store) {}

  // Those that are due, with the soonest purchase first, then the oldest; or those that were called, the last first.
  [[nodiscard]] Result<VerificationPage> List(const Asker& asker, bool due, size_t most, Instant now);
  // What was heard. Said again, what was booked before is reversed. `self`: the staff that the caller is; nobody
  // verifies leads of his own. Fails with not_found, verify_own_lead, verify_not_open, edit_conflict.
  [[nodiscard]] Status Record(const Asker& asker, const std::vector<StaffId>& self, std::string_view lead,
                              int64_t version, Heard heard, Instant now);

 private:
  Store& store_;
};

}  // namespace dealpace::leads
