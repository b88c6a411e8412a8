#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger/ledger.h"

namespace dealpace::ledger {

// A live reading: an entry of a reading event that is neither reversed nor a reversal.
struct LiveReading {
  DealerId dealer;
  int64_t seq = 0;
  NewEntry content;  // with its key, where it has one
  Instant recorded_at{};
  std::string recorded_by;
};

// The live readings, the latest recorded first; of one event (-1: of all) and one dealer (none: of all), at most
// `limit` of them. Those of a measure that this catalogue does not have are left out.
[[nodiscard]] std::vector<LiveReading> ListReadings(db::Connection& connection, const catalog::Catalog& catalog,
                                                    int event, std::optional<DealerId> dealer, int64_t limit);

}  // namespace dealpace::ledger
