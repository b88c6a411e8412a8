#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "catalog/catalog.h"
#include "db/db.h"
#include "ledger/block.h"
#include "ledger/entry.h"

// Entries of a dealer, wherever they lie: as rows of ledger_entry, or together in a block of ledger_block. Throws
// DbError, also where a block is damaged (kCorrupt).
namespace dealpace::ledger {

// An entry with all that is stored about it.
struct StoredEntry : NewEntry {
  int64_t seq = 0;
  std::string event_id;  // which the catalogue may not have any more; `event` is not set
  Instant recorded_at{};
  std::string recorded_by;
  std::optional<int64_t> batch;
  int64_t reverses = 0;  // seq of the entry that this one takes back; 0: none
};

// The entries with these numbers, in any order; those that do not exist are left out.
[[nodiscard]] std::vector<StoredEntry> ReadEntries(db::Connection& connection, DealerId dealer,
                                                   std::span<const int64_t> seqs);

// Which of these entries have been taken back.
[[nodiscard]] std::unordered_set<int64_t> ReversedAmong(db::Connection& connection, DealerId dealer,
                                                        std::span<const int64_t> seqs);

// The entries after `after` up to `last`, in order. `page`: of so many numbers the database is asked at a time.
inline constexpr int64_t kNumbersAtOnce = 50'000;
void VisitEntries(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer, int64_t after,
                  int64_t last, const std::function<void(const Entry&)>& visit, int64_t page = kNumbersAtOnce);

// The keys of those that have one, in order of seq; 16 bytes each, lent.
void VisitKeys(db::Connection& connection, DealerId dealer, int64_t after, int64_t last,
               const std::function<void(int64_t seq, std::string_view key)>& visit, int64_t page = kNumbersAtOnce);

// The entries of a batch after `after`, in order, at most `most`.
struct BatchEntry {
  int64_t seq = 0;
  int64_t reverses = 0;
  std::optional<Hash128> key;
};
[[nodiscard]] std::vector<BatchEntry> ReadBatch(db::Connection& connection, DealerId dealer, BatchId batch,
                                                int64_t after, size_t most);

// The same of those that take others back.
[[nodiscard]] std::vector<BatchEntry> ReadReversals(db::Connection& connection, DealerId dealer, BatchId batch,
                                                    int64_t after, size_t most);

// A block with what stands beside it.
struct StoredBlock {
  DealerId dealer;
  int64_t first = 0;  // seq
  Instant recorded_at{};
  std::string recorded_by;
  std::optional<int64_t> batch;
  Block block;
};
// The blocks of a dealer, or of all where none is set, in order of dealer and seq. Those that are damaged, by the
// dealer and their last seq, go to `damaged`, or, where nobody asks for them, throw.
using VisitDamaged = std::function<void(DealerId dealer, int64_t last)>;
void VisitBlocks(db::Connection& connection, std::optional<DealerId> dealer,
                 const std::function<void(const StoredBlock&)>& visit, const VisitDamaged& damaged = nullptr);
// Makes the temporary view ledger_whole, for statements that look at entries wherever they lie: the columns of
// ledger_entry, but for the note, of the entries of a dealer, or of all. It lasts as long as the transaction; once in
// each.
void MakeWhole(db::Connection& connection, std::optional<DealerId> dealer, const VisitDamaged& damaged = nullptr);

// Puts entries together in a block after those that are there; of them `recorder` knows who and when.
void WriteBlock(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer, int64_t first,
                std::span<const NewEntry* const> entries, Instant recorded_at, std::string_view recorded_by,
                std::optional<int64_t> batch);

}  // namespace dealpace::ledger
