#include "ledger/batch.h"

#include <algorithm>

#include "ledger/read.h"

namespace dealpace::ledger {
namespace {

constexpr size_t kChunk = 5'000;

// Of a batch's entries those that still stand.
std::vector<int64_t> WhatItBooked(db::Connection& connection, DealerId dealer, std::span<const BatchEntry> booked) {
  std::vector<int64_t> seqs;
  for (const BatchEntry& entry : booked) {
    if (entry.reverses == 0) seqs.push_back(entry.seq);
  }
  const std::unordered_set<int64_t> reversed = ReversedAmong(connection, dealer, seqs);
  std::erase_if(seqs, [&](int64_t seq) { return reversed.contains(seq); });
  return seqs;
}

// What a batch took back and nothing newer stands for: of a key the last.
std::vector<int64_t> WhatItTookBack(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer,
                                    std::span<const BatchEntry> reversals) {
  std::vector<Hash128> keys;
  for (const BatchEntry& entry : reversals) {
    if (entry.key) keys.push_back(*entry.key);
  }
  if (!keys.empty()) IndexKeys(connection, dealer);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  std::unordered_set<Hash128> live;
  for (const auto& [key, entry] : FindKeys(connection, catalog, dealer, keys)) live.insert(key);
  std::vector<int64_t> seqs;
  for (auto entry = reversals.rbegin(); entry != reversals.rend(); ++entry) {
    if (!entry->key || live.insert(*entry->key).second) seqs.push_back(entry->reverses);
  }
  return seqs;
}

}  // namespace

Result<Begun> BeginBatch(db::Database& database, std::string_view kind, std::string_view file_name,
                         std::string_view file_hash, const Recorder& recorder) {
  return database.Write<Begun>([&](db::Connection& connection) -> Result<Begun> {
    db::Rows open = connection.Query(
        "SELECT batch_id FROM import_batch WHERE file_hash = ?1 AND state = 'open' AND kind = ?2 ORDER BY batch_id",
        file_hash, kind);
    if (open.Next()) return Begun{BatchId(open.Int(0)), true};
    const BatchId id(NewId());
    connection.Execute(
        "INSERT INTO import_batch (batch_id, kind, file_name, file_hash, state, undoes, started_at, finished_at, "
        "rows_read, entries_new, entries_changed, entries_removed, recorded_by) "
        "VALUES (?1, ?2, ?3, ?4, 'open', NULL, ?5, NULL, 0, 0, 0, 0, ?6)",
        id, kind, file_name, file_hash, recorder.at.ms, recorder.by);
    return Begun{id, false};
  });
}

void CountBatch(db::Connection& connection, BatchId id, int64_t rows_read, int64_t entries_new, int64_t entries_changed,
                int64_t entries_removed) {
  connection.ExecuteLater(
      "UPDATE import_batch SET rows_read = rows_read + ?2, entries_new = entries_new + ?3, "
      "entries_changed = entries_changed + ?4, entries_removed = entries_removed + ?5 WHERE batch_id = ?1",
      id, rows_read, entries_new, entries_changed, entries_removed);
}

Status FinishBatch(db::Database& database, BatchId id, Instant at) {
  return database.Write<void>([&](db::Connection& connection) -> Status {
    connection.Execute("UPDATE import_batch SET state = 'done', finished_at = ?2 WHERE batch_id = ?1", id, at.ms);
    return {};
  });
}

Result<std::vector<Batch>> ListBatches(db::Database& database, int limit) {
  return database.Read<std::vector<Batch>>([&](db::Connection& connection) -> Result<std::vector<Batch>> {
    std::vector<Batch> batches;
    db::Rows rows = connection.Query(
        "SELECT batch_id, kind, file_name, file_hash, state, started_at, rows_read, entries_new, entries_changed, "
        "entries_removed FROM import_batch ORDER BY batch_id DESC LIMIT ?1",
        limit);
    while (rows.Next()) {
      batches.push_back({BatchId(rows.Int(0)), std::string(rows.Text(1)), std::string(rows.Text(2)),
                         std::string(rows.Text(3)), std::string(rows.Text(4)), Instant{rows.Int(5)}, rows.Int(6),
                         rows.Int(7), rows.Int(8), rows.Int(9)});
    }
    return batches;
  });
}

Result<Undone> UndoBatch(db::Database& database, const catalog::Catalog& catalog, BatchId id, std::string_view why,
                         const Recorder& recorder) {
  // The undoing is a batch of its own, so that it can be told from what it undoes when it has to go on.
  Recorder undoing = recorder;
  ASSIGN_OR_RETURN(
      const std::vector<DealerId> dealers,
      database.Write<std::vector<DealerId>>([&](db::Connection& connection) -> Result<std::vector<DealerId>> {
        db::Rows batch = connection.Query("SELECT state FROM import_batch WHERE batch_id = ?1", id);
        if (!batch.Next()) return Error("batch_not_found").With("batch", id.value);
        if (batch.Text(0) == "reversed") return Error("batch_already_reversed").With("batch", id.value);
        db::Rows begun = connection.Query("SELECT batch_id FROM import_batch WHERE undoes = ?1 AND state = 'open'", id);
        if (begun.Next()) {
          undoing.batch = BatchId(begun.Int(0));
        } else {
          undoing.batch = BatchId(NewId());
          connection.Execute(
              "INSERT INTO import_batch (batch_id, kind, file_name, file_hash, state, undoes, started_at, "
              "finished_at, rows_read, entries_new, entries_changed, entries_removed, recorded_by) "
              "VALUES (?1, 'undo', '', '', 'open', ?2, ?3, NULL, 0, 0, 0, 0, ?4)",
              undoing.batch, id, recorder.at.ms, recorder.by);
        }
        std::vector<DealerId> all;
        db::Rows rows = connection.Query("SELECT dealer_id FROM ledger_head ORDER BY dealer_id");
        while (rows.Next()) all.emplace_back(rows.Int(0));
        return all;
      }));

  Undone undone;
  for (const DealerId dealer : dealers) {
    // First take back what the batch booked, then book again what it took back: a key is never live twice.
    for (const bool restoring : {false, true}) {
      int64_t after = 0;
      while (true) {
        struct Step {
          int64_t last = 0;
          int64_t done = 0;
        };
        ASSIGN_OR_RETURN(const Step step, database.WriteBulk<Step>([&](db::Connection& connection) -> Result<Step> {
          Lock(connection, dealer);
          const auto read = restoring ? ReadReversals : ReadBatch;
          const std::vector<BatchEntry> booked = read(connection, dealer, id, after, kChunk);
          Step result;
          if (booked.empty()) return result;
          result.last = booked.back().seq;
          std::vector<int64_t> seqs;
          if (restoring) {
            seqs = WhatItTookBack(connection, catalog, dealer, booked);
            if (!seqs.empty()) RETURN_IF_ERROR(BookAgain(connection, dealer, seqs, undoing));
          } else {
            seqs = WhatItBooked(connection, dealer, booked);
            RETURN_IF_ERROR(Reverse(connection, dealer, seqs, why, undoing));
          }
          result.done = static_cast<int64_t>(seqs.size());
          return result;
        }));
        if (step.last == 0) break;
        after = step.last;
        (restoring ? undone.restored : undone.reversed) += step.done;
      }
    }
  }
  RETURN_IF_ERROR(database.Write<void>([&](db::Connection& connection) -> Status {
    connection.Execute("UPDATE import_batch SET state = 'reversed', finished_at = ?2 WHERE batch_id = ?1", id,
                       recorder.at.ms);
    connection.Execute(
        "UPDATE import_batch SET state = 'done', finished_at = ?2, entries_new = ?3, entries_removed = ?4 "
        "WHERE batch_id = ?1",
        undoing.batch, recorder.at.ms, undone.restored, undone.reversed);
    return {};
  }));
  return undone;
}

}  // namespace dealpace::ledger
