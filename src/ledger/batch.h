#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "db/db.h"
#include "ledger/ledger.h"

// Batches: the entries that one import books belong together and can be taken back as a whole.
namespace dealpace::ledger {

struct Batch {
  BatchId id;
  std::string kind;
  std::string file_name;
  std::string file_hash;
  std::string state;  // open (being booked, or broken off), done, reversed
  Instant started_at{};
  int64_t rows_read = 0;
  int64_t entries_new = 0;
  int64_t entries_changed = 0;  // reversed and booked anew
  int64_t entries_removed = 0;  // reversed: the file no longer records them
};

// Starts a batch, or finds the one that an earlier import of the same file left open.
struct Begun {
  BatchId id;
  bool resumed = false;
};
[[nodiscard]] Result<Begun> BeginBatch(db::Database& database, std::string_view kind, std::string_view file_name,
                                       std::string_view file_hash, const Recorder& recorder);
// Counts what a chunk did, inside the chunk's transaction.
void CountBatch(db::Connection& connection, BatchId id, int64_t rows_read, int64_t entries_new, int64_t entries_changed,
                int64_t entries_removed);
[[nodiscard]] Status FinishBatch(db::Database& database, BatchId id, Instant at);
[[nodiscard]] Result<std::vector<Batch>> ListBatches(db::Database& database, int limit = 50);

struct Undone {
  int64_t reversed = 0;  // entries of the batch taken back
  int64_t restored = 0;  // entries that it had taken back and that stand again
};
// Takes a batch back as a whole: its entries are reversed, those that it reversed are booked again. In chunks, each in
// a transaction; when it breaks off, calling it again goes on. Fails with batch_not_found, batch_already_reversed.
[[nodiscard]] Result<Undone> UndoBatch(db::Database& database, const catalog::Catalog& catalog, BatchId id,
                                       std::string_view why, const Recorder& recorder);

}  // namespace dealpace::ledger
