#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "db/db.h"
#include "ledger/entry.h"

namespace dealpace::ledger {

// The keys of entries that are not in order yet (End::keys_later). Putting each key in its place among a dealer's
// hundred thousand writes a page of the index for each event; some thousand together write a tenth of that. Until then
// they are remembered here, and whoever does not know them reads the entries. SQLite only: within a transaction that
// writes, nobody else does.
class KeyTails final : public db::CommitWatcher {
 public:
  // Adds to `seqs` the dealer's entries behind `end.keyed` that may have one of the keys.
  void Find(db::Connection& connection, DealerId dealer, const End& end, std::span<const Hash128> keys,
            std::vector<int64_t>& seqs);
  // Whether there are so many that they should be put in order now. That takes some hundredths of a second, in which
  // everybody waits, so dealers that are due at the same time are so one after the other.
  [[nodiscard]] bool AreDue(DealerId dealer, const End& end);

  void OnCommit(const db::Commit& commit) override;

 private:
  static constexpr int64_t kKeysMax = 400'000;  // of all dealers
  static constexpr int64_t kMost = 4'096;       // of one
  static constexpr int64_t kLeast = 256;
  static constexpr std::chrono::milliseconds kPause{50};

  // Of committed entries that follow each other; a part of each key, 0: it has none.
  struct Tail {
    int64_t from = 0;  // the first one comes after it
    std::vector<uint64_t> keys;
    [[nodiscard]] int64_t last() const { return from + static_cast<int64_t>(keys.size()); }
  };
  static void Read(db::Connection& connection, DealerId dealer, int64_t last, Tail& tail);

  mutable std::mutex mutex_;  // guards what follows
  std::unordered_map<int64_t, Tail> tails_;
  std::chrono::steady_clock::time_point last_due_;
};

}  // namespace dealpace::ledger
