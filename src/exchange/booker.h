#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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
  bool keyed = true;  // false: it is a new event each time it is stated, and needs no key
  std::optional<ledger::NewEntry> entry;
};

// The other half of what a row says where it speaks of many events: this one did not happen. As a statement without an
// entry, in a tenth of the memory.
struct Denial {
  DealerId dealer;
  Hash128 key;
};

// What became of a statement.
enum class Outcome : uint8_t {
  kNothing,  // it says that nothing happened, and nothing was known
  kAdded,
  kChanged,
  kUnchanged,
  kRemoved,
};

struct Booked {
  int64_t added = 0;
  int64_t changed = 0;  // reversed and booked anew
  int64_t unchanged = 0;
  int64_t removed = 0;             // reversed
  std::vector<Outcome> outcomes;   // of each statement, in their order
  std::vector<size_t> taken_back;  // positions of the denials that took something back, in no order

  void Add(const Booked& other);  // the counts
};

// Brings the ledger in line with statements, so that saying the same again changes nothing.
class Booker {
 public:
  // `why`: the note of what is taken back. `keys`: with kLater, where very much is booked, FinishKeys puts the keys of
  // dealers whose ledgers were empty in order.
  Booker(db::Database& database, const catalog::Catalog& catalog, ledger::Recorder recorder,
         std::string_view why = "import: the row has changed", ledger::Keys keys = ledger::Keys::kNow)
      : database_(database), catalog_(catalog), recorder_(std::move(recorder)), why_(why), keys_(keys) {}

  // Keys are remembered there, which watches the database, and put in order when they are many; SQLite only.
  void Remember(std::shared_ptr<ledger::KeyMemory> memory) { memory_ = std::move(memory); }

  // Books a chunk in one transaction, counted to the batch, if there is one, together with `rows` rows read. No key may
  // stand in it twice. Entries are given their keys. `also` belongs to the same transaction: what it returns an Error
  // for is not booked.
  using Also = std::function<Status(db::Connection&, const Booked&)>;
  [[nodiscard]] Result<Booked> Book(std::vector<Statement>& statements, std::span<const Denial> denials, int64_t rows,
                                    const Also& also = {});
  // Books one statement without waiting: `done` is told as db::Database::WriteLater does. `memory`: see Remember.
  static void BookLater(db::Database& database, const catalog::Catalog& catalog, const ledger::Recorder& recorder,
                        std::string_view why, std::shared_ptr<ledger::KeyMemory> memory, Statement statement, Also also,
                        std::function<void(Result<Booked>)> done, bool here);
  // After the last chunk, where the keys were left for later. Until then they are found all the same, but slowly.
  [[nodiscard]] Status FinishKeys();
  // What Book would do.
  [[nodiscard]] Result<Booked> Try(const std::vector<Statement>& statements, std::span<const Denial> denials = {});

 private:
  // What a chunk says of one dealer.
  struct OfDealer {
    std::vector<const Statement*> statements;
    std::vector<const Denial*> denials;
  };
  using ByDealer = std::map<int64_t, OfDealer>;
  struct Chunk {
    std::span<const Statement> statements;
    std::span<const Denial> denials;
  };
  struct Plan {
    std::vector<int64_t> reverse;
    std::vector<const ledger::NewEntry*> append;
  };
  [[nodiscard]] static ByDealer Sort(const Chunk& chunk);
  // Says in `total` what becomes of all that is said of the dealer. `end`: of his ledger, where something may be known
  // already.
  [[nodiscard]] Plan Compare(db::Connection& connection, DealerId dealer, const OfDealer& said, const ledger::End* end,
                             const Chunk& chunk, Booked& total) const;
  // Within a transaction; says in `heads` what fresh_heads_ shall know.
  [[nodiscard]] Result<Booked> BookIn(db::Connection& connection, const ByDealer& by_dealer, const Chunk& chunk,
                                      int64_t rows, const Also& also,
                                      std::unordered_map<int64_t, int64_t>& heads) const;
  // Of one dealer; returns what fresh_heads_ shall know of it.
  [[nodiscard]] Result<std::optional<int64_t>> BookDealer(db::Connection& connection, DealerId dealer,
                                                          const OfDealer& said, const Chunk& chunk,
                                                          Booked& total) const;

  db::Database& database_;
  const catalog::Catalog& catalog_;
  ledger::Recorder recorder_;
  std::string why_;
  ledger::Keys keys_;
  std::shared_ptr<ledger::KeyMemory> memory_;  // of events that come one by one
  size_t stated_ = 0;                          // statements booked
  // Dealers that had no entries before, with the head that this object left: as long as nobody else writes there,
  // nothing can be known under any key yet.
  std::unordered_map<int64_t, int64_t> fresh_heads_;
};

}  // namespace dealpace::exchange
