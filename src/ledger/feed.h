#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "db/db.h"
#include "ledger/entry.h"

namespace dealpace::ledger {

// What this process has booked lately, so that whoever follows the ledgers need not read it back: where each ledger
// ends, and the entries that came last. It hears of every commit of this process; what others commit breaks the chain
// of change marks, and then all is read from the database again. Thread-safe.
class Feed final : public db::CommitWatcher {
 public:
  using Heads = std::shared_ptr<const std::vector<Head>>;

  explicit Feed(const catalog::Catalog& catalog) : catalog_(catalog) {}

  // Notes of a transaction (db::Connection::Note). Every way to move a head notes it.
  struct Moved {
    DealerId dealer;
    int64_t first = 0;  // of the entries that came
    int64_t head = 0;   // the last of them
  };
  // The entries behind a head that has moved, where they are few.
  struct Came {
    DealerId dealer;
    int64_t first = 0;
    Instant recorded_at{};
    std::vector<std::pair<std::string, NewEntry>> entries;  // with the names of their events
  };
  static constexpr size_t kFew = 64;

  void OnCommit(const db::Commit& commit) override;

  // The heads as they were at that change mark, or have become since; nothing where they are not known.
  [[nodiscard]] Heads HeadsAt(int64_t mark);
  // What was read after that mark was taken.
  void SetHeads(int64_t mark, Heads heads);

  // Visits the dealer's entries after `after` up to `last`. False, and none is visited, where not all are here.
  [[nodiscard]] bool Visit(DealerId dealer, int64_t after, int64_t last,
                           const std::function<void(const Entry&)>& visit) const;

 private:
  static constexpr size_t kEntriesMax = 2048;
  static constexpr size_t kMarksMax = 256;

  struct Kept {
    DealerId dealer;
    Entry entry;
    std::string lead;
  };
  // Those entries, the last first; none where not all are here. The mutex is held.
  [[nodiscard]] std::vector<const Kept*> Find(DealerId dealer, int64_t after, int64_t last) const;
  void Keep(const Came& came);

  const catalog::Catalog& catalog_;
  mutable std::mutex mutex_;   // guards what follows
  Heads heads_;                // nothing: not known
  std::vector<Moved> moved_;   // since those heads, in order
  std::deque<int64_t> marks_;  // for which they hold, or held before others of this process came; the last is of now
  std::deque<Kept> entries_;   // in the order in which they came; of a dealer ascending
};

}  // namespace dealpace::ledger
