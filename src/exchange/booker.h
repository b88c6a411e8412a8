#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "ledger/batch.h"
#include "ledger/ledger.h"

namespace dealpace::exchange {

// What one row of a file says of one event: it happened like this, or it did not (and an entry that an earlier import
// booked under this key is taken back).
struct Statement {
  DealerId dealer;
  Hash128 key;
  std::optional<ledger::NewEntry> entry;
};

struct Booked {
  int64_t added = 0;
  int64_t changed = 0;  // reversed and booked anew
  int64_t unchanged = 0;
  int64_t removed = 0;  // reversed
};

// Brings the ledger in line with statements, so that saying the same again changes nothing.
class Booker {
 public:
  Booker(db::Database& database, const catalog::Catalog& catalog, ledger::Recorder recorder, bool resumed)
      : database_(database), catalog_(catalog), recorder_(std::move(recorder)), resumed_(resumed) {}

  // Books a chunk in one transaction, counted to the batch together with `rows` rows read. No key may stand in it
  // twice.
  [[nodiscard]] Result<Booked> Book(const std::vector<Statement>& statements, int64_t rows);
  // What Book would do.
  [[nodiscard]] Result<Booked> Try(const std::vector<Statement>& statements);

 private:
  using ByDealer = std::map<int64_t, std::vector<const Statement*>>;
  struct Plan {
    Booked booked;
    std::vector<int64_t> reverse;
    std::vector<ledger::NewEntry> append;
  };
  [[nodiscard]] Plan Compare(db::Connection& connection, DealerId dealer,
                             const std::vector<const Statement*>& statements, bool lookup) const;

  db::Database& database_;
  const catalog::Catalog& catalog_;
  ledger::Recorder recorder_;
  bool resumed_;
  // Dealers that had no entries before this batch, with the head that the batch left: as long as nobody else writes
  // there, nothing can be known under any key yet.
  std::unordered_map<int64_t, int64_t> fresh_heads_;
};

}  // namespace dealpace::exchange
