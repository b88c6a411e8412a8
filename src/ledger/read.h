#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "db/db.h"
#include "ledger/entry.h"

namespace dealpace::ledger {

// An entry with all that is stored about it.
struct StoredEntry {
  int64_t seq = 0;
  std::string event;
  Day day{};
  Instant at{};
  std::string lead;
  int attempt = 1;
  int64_t actor = 0;
  Members members{};
  int64_t quantity = 0;
  int64_t amount = 0;
  Instant recorded_at{};
  std::string recorded_by;
  std::optional<int64_t> batch;
};

// The entries of a dealer with these numbers, in any order; those that do not exist are left out.
[[nodiscard]] std::vector<StoredEntry> ReadEntries(db::Connection& connection, DealerId dealer,
                                                   std::span<const int64_t> seqs);

}  // namespace dealpace::ledger
