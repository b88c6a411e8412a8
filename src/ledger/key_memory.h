#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "db/db.h"
#include "ledger/entry.h"
#include "ledger/feed.h"
#include "ledger/key_filter.h"

namespace dealpace::ledger {

// What a process remembers of the keys of dealers at which it books one event after the other. SQLite only: within a
// transaction that writes, nobody else does. Thread-safe.
//
// The keys that are not in order yet (End::keys_later): putting each one in its place among a dealer's hundred thousand
// writes a page of the index for each event; some thousand together write a tenth of that. Who does not know them reads
// the entries.
//
// And which keys a dealer cannot have, so that a new event is not looked for among them, in a page of the index that
// nobody has read for long. That is learned behind the scenes (KeyKeeper), and until then, or where somebody else has
// booked meanwhile, they are looked for.
class KeyMemory final : public db::CommitWatcher {
 public:
  static constexpr size_t kFilterBytesMax = 64 << 20;  // of all dealers: some forty million entries

  explicit KeyMemory(size_t filter_bytes_max = kFilterBytesMax) : filter_bytes_max_(filter_bytes_max) {}

  // Adds to `seqs` the dealer's entries behind `end.keyed` that may have one of the keys. Returns those keys that
  // entries before may have.
  [[nodiscard]] std::vector<Hash128> Find(db::Connection& connection, DealerId dealer, const End& end,
                                          std::span<const Hash128> keys, std::vector<int64_t>& seqs);
  // Whether those that are not in order are so many that they should be put in order now. That takes some hundredths of
  // a second, in which everybody waits, so dealers that are due at the same time are so one after the other.
  [[nodiscard]] bool AreDue(DealerId dealer, const End& end);

  void OnCommit(const db::Commit& commit) override;

  // ---- For who learns ----
  // A dealer whose keys should be learned; nothing where there is none for so long, or after Stop.
  [[nodiscard]] std::optional<DealerId> WaitForWanted(std::chrono::milliseconds most);
  // Learns a dealer's keys, or what has come since they were learned. Fails as Database::Read does.
  [[nodiscard]] Status Learn(db::Database& database, DealerId dealer);
  // Nobody learns any more.
  void Stop();
  [[nodiscard]] bool stopped() const;
  void WaitForStop(std::chrono::milliseconds most);
  // Whether the keys of all the dealer's entries up to `last` are known.
  [[nodiscard]] bool Knows(DealerId dealer, int64_t last) const;

 private:
  static constexpr int64_t kKeysMax = 400'000;  // not in order, of all dealers
  static constexpr int64_t kMost = 4'096;       // of one
  static constexpr int64_t kLeast = 256;
  static constexpr std::chrono::milliseconds kPause{50};
  static constexpr size_t kTailMax = 3 * kMost;  // remembered of one
  static constexpr std::chrono::minutes kForgottenAfter{30};

  using Clock = std::chrono::steady_clock;
  // Of entries that follow each other the keys, kNone where one has none.
  struct Tail {
    int64_t from = 0;  // the first one comes after it
    std::vector<Hash128> keys;
    [[nodiscard]] int64_t last() const { return from + static_cast<int64_t>(keys.size()); }
    void Find(std::span<const Hash128> wanted, std::vector<int64_t>& seqs) const;
    // Nothing, where they do not follow.
    void Add(const Feed::Came& came);
    void Add(const Tail& other);
    void ForgetUntil(int64_t seq);
  };
  struct Known {
    Tail tail;                          // those that are not in order
    std::unique_ptr<KeyFilter> filter;  // of all entries up to `covers`
    int64_t covers = 0;
    Clock::time_point used;
    Clock::time_point not_before;  // it is not learned
    bool wanted = false;
    std::optional<Tail> meanwhile;  // what has come while they are learned
  };

  // What is learned of a dealer.
  struct Lesson {
    std::unique_ptr<KeyFilter> filter;  // of all entries; nothing where it is enough to know …
    Tail came;                          // … what has come since
    Tail tail;                          // of those that are not in order
  };
  // False where there is no room for it, or nobody learns any more.
  bool ReadLesson(db::Connection& connection, DealerId dealer, std::optional<int64_t> covers, Lesson& lesson);
  // Whether there is room for such a filter; forgets those that were unused for long where they make it.
  [[nodiscard]] bool MakeRoom(size_t bytes);

  // Appends the keys of the entries up to `last`.
  static void Read(db::Connection& connection, DealerId dealer, int64_t last, Tail& tail);
  // With the mutex:
  void Want(DealerId dealer, Known& known);
  static void Extend(Known& known, const Tail& by);  // what the filter covers
  void Forget(Known& known);

  const size_t filter_bytes_max_;
  mutable std::mutex mutex_;  // guards what follows
  std::unordered_map<int64_t, Known> dealers_;
  size_t filter_bytes_ = 0;
  Clock::time_point last_due_;
  std::deque<DealerId> wanted_;
  std::condition_variable is_wanted_;
  std::condition_variable stops_;
  bool stopped_ = false;
};

}  // namespace dealpace::ledger
