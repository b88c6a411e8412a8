#pragma once

#include "app/wiring.h"
#include "ledger/verify.h"

// `dealpace verify`: is the ledger whole, and do the facts say what it says?
namespace dealpace::app {

struct VerifyReport {
  ledger::Verification ledger;
  int64_t dealers_compared = 0;
  int64_t dealers_moving = 0;  // written to without a pause: not compared
  int64_t rows_compared = 0;   // of the recount
  int64_t figures_compared = 0;
  // verify_facts_differ, at most ledger::kFindingsMax, with "dealer", "measure", "basis", "key" (dimension, member and
  // month; of the dealer as a whole, day), "facts" and "recount" (sum and rows).
  std::vector<Error> differences;

  [[nodiscard]] bool ok() const;  // no damage, no difference
};

// Checks the ledger, then for each dealer compares the facts with a recount in SQL, on both bases: every measure by
// day, and by each dimension and month. Takes about three minutes for a million entries; writers go on meanwhile. Fails
// as the database does.
[[nodiscard]] Result<VerifyReport> VerifyAll(System& system);

}  // namespace dealpace::app
