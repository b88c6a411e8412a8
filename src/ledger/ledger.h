#pragma once

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "db/db.h"
#include "ledger/entry.h"

// The sales ledger in a database: entries are only ever added; a mistake is taken back by a reversing entry.
namespace dealpace::ledger {

// Who writes, when, and in which import.
struct Recorder {
  std::string by;  // account or program
  Instant at{};
  BatchId batch{};
};

// Appends entries to a dealer's ledger inside the caller's transaction, without reading history; returns the seq of
// the first one, the others follow without a gap. From here to the end of the transaction other writers of the same
// dealer wait. Entries of several dealers are to be appended in order of dealer id, so that writers never wait for
// each other in a ring.
int64_t Append(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer,
               std::span<const NewEntry> entries, const Recorder& recorder);

// Makes other writers of the dealer wait until the end of the transaction; to be called before reading what a write
// depends on. Returns the dealer's head.
int64_t Lock(db::Connection& connection, DealerId dealer);

// Takes entries back: for each, an entry of the same day and content with the opposite sign and `why` as its note.
// Fails with entry_not_found, entry_is_reversal, already_reversed, reason_missing.
[[nodiscard]] Status Reverse(db::Connection& connection, DealerId dealer, std::span<const int64_t> seqs,
                             std::string_view why, const Recorder& recorder);

// A live entry that carries a key: what an import compares with.
struct KeyedEntry {
  int64_t seq = 0;
  NewEntry content;
};
// The live entries of these keys at a dealer (those neither reversed nor reversals), by key.
[[nodiscard]] std::unordered_map<Hash128, KeyedEntry> FindKeys(db::Connection& connection,
                                                               const catalog::Catalog& catalog, DealerId dealer,
                                                               std::span<const Hash128> keys);

// The ledger as a source of facts.
class DatabaseSource final : public Source {
 public:
  DatabaseSource(db::Database& database, const catalog::Catalog& catalog) : database_(database), catalog_(catalog) {}
  [[nodiscard]] Result<std::vector<Head>> Heads() override;
  [[nodiscard]] Status Tail(DealerId dealer, int64_t after_seq, Instant known_at,
                            const std::function<void(const Entry&)>& visit) override;

 private:
  db::Database& database_;
  const catalog::Catalog& catalog_;
};

}  // namespace dealpace::ledger
