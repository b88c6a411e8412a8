#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "db/db.h"
#include "ledger/entry.h"
#include "ledger/feed.h"

// The sales ledger in a database: entries are only ever added; a mistake is taken back by a reversing entry.
namespace dealpace::ledger {

class KeyMemory;

// Who writes, when, and in which import.
struct Recorder {
  std::string by;  // account or program
  Instant at{};
  BatchId batch{};
};

// When the keys of entries can be found by FindKeys without looking at each entry: at once, or after IndexKeys, which
// costs far less for very many together.
enum class Keys { kNow, kLater };
// How entries lie in the ledger.
struct Laying {
  Keys keys = Keys::kNow;
  size_t together_from = SIZE_MAX;  // so many or more, without readings among them, lie in blocks, not one by one
  std::optional<End> end = {};      // as LockEnd has just said, where it was asked
};
// From here on a block takes less room, and less time, than the entries one by one.
inline constexpr size_t kTogetherFrom = 24;

// Appends entries to a dealer's ledger inside the caller's transaction, without reading history; returns the seq of
// the first one, the others follow without a gap. From here to the end of the transaction other writers of the same
// dealer wait. Entries of several dealers are to be appended in order of dealer id, so that writers never wait for
// each other in a ring.
int64_t Append(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer,
               std::span<const NewEntry> entries, const Recorder& recorder, const Laying& laying = {});
int64_t Append(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer,
               std::span<const NewEntry* const> entries, const Recorder& recorder, const Laying& laying);

// Makes other writers of the dealer wait until the end of the transaction; to be called before reading what a write
// depends on. Returns the dealer's head.
int64_t Lock(db::Connection& connection, DealerId dealer);
[[nodiscard]] End EndOf(db::Connection& connection, DealerId dealer);
End LockEnd(db::Connection& connection, DealerId dealer);  // locks as well

// Puts keys that were left for later in order; of `most` entries at a time. Returns of how many: 0 when none are left.
int64_t IndexKeys(db::Connection& connection, DealerId dealer, int64_t most = INT64_MAX);
// The same in two steps, so that the first may be taken while somebody else writes: reading and sorting them, and
// adding them. Adding leaves out what has been put in order meanwhile.
struct LaterKeys {
  struct Key {
    std::array<char, 5> head{};
    int64_t seq = 0;
  };
  DealerId dealer;
  int64_t first = 0;  // the entries from `first` to `last`
  int64_t last = -1;
  std::vector<Key> keys;
};
[[nodiscard]] LaterKeys ReadLaterKeys(db::Connection& connection, DealerId dealer, int64_t after, int64_t most);
void AddLaterKeys(db::Connection& connection, const LaterKeys& later);

// Takes entries back: for each, an entry of the same day and content with the opposite sign and `why` as its note.
// Fails with entry_not_found, entry_is_reversal, already_reversed, reason_missing.
[[nodiscard]] Status Reverse(db::Connection& connection, DealerId dealer, std::span<const int64_t> seqs,
                             std::string_view why, const Recorder& recorder);

// Books entries once more, as new ones with the same content and key, in the order of their numbers; returns the seq of
// the first. Fails with entry_not_found.
Result<int64_t> BookAgain(db::Connection& connection, DealerId dealer, std::span<const int64_t> seqs,
                          const Recorder& recorder);

// A live entry that carries a key: what an import compares with.
struct KeyedEntry {
  int64_t seq = 0;
  NewEntry content;
};
// The live entries of these keys at a dealer (those neither reversed nor reversals), by key. `end`: how the
// dealer's ledger ends, where that is known. `memory`: knows most keys that the dealer does not have, and those that
// are not in order; else all are looked for.
[[nodiscard]] std::unordered_map<Hash128, KeyedEntry> FindKeys(db::Connection& connection,
                                                               const catalog::Catalog& catalog, DealerId dealer,
                                                               std::span<const Hash128> keys,
                                                               std::optional<End> end = {},
                                                               KeyMemory* memory = nullptr);

// The ledger as a source of facts.
class DatabaseSource final : public Source {
 public:
  DatabaseSource(db::Database& database, const catalog::Catalog& catalog)
      : database_(database), catalog_(catalog), feed_(std::make_shared<Feed>(catalog)) {
    database.Watch(feed_);
  }
  [[nodiscard]] Result<std::shared_ptr<const std::vector<Head>>> Heads() override;
  [[nodiscard]] std::shared_ptr<const std::vector<Head>> HeadsAtHand() override;
  [[nodiscard]] bool VisitAtHand(DealerId dealer, int64_t after_seq, int64_t last_seq,
                                 const std::function<void(const Entry&)>& visit) override {
    return feed_->Visit(dealer, after_seq, last_seq, visit);
  }
  [[nodiscard]] Status Tail(DealerId dealer, int64_t after_seq, Instant known_at,
                            const std::function<void(const Entry&)>& visit) override;
  [[nodiscard]] Result<std::optional<Segment>> ReadSegment(DealerId dealer, std::string_view part,
                                                           int64_t stamp) override;
  [[nodiscard]] Result<std::optional<int64_t>> WriteSegments(DealerId dealer, const Segments& segments) override;

 private:
  db::Database& database_;
  const catalog::Catalog& catalog_;
  const std::shared_ptr<Feed> feed_;
};

}  // namespace dealpace::ledger
