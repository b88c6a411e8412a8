#include "leads/reindexing.h"

#include <chrono>
#include <limits>
#include <utility>

namespace dealpace::leads {
namespace {

using access::IndexKeys;
using Hooks = access::Resealer::Hooks;
using Clock = std::chrono::steady_clock;

constexpr int64_t kCustomersAtOnce = 200;
constexpr int64_t kTokensAtOnce = 2000;

bool MayGoOn(const Hooks& hooks) { return !hooks.go_on || hooks.go_on(); }

Status Guarded(const Hooks& hooks, db::Connection& connection) {
  return hooks.guard ? hooks.guard(connection) : Status();
}

void Rest(const Hooks& hooks, Clock::time_point begun, int64_t done) {
  if (hooks.rest) hooks.rest(std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun), done);
}

std::vector<DealerId> DealersIn(db::Connection& connection) {
  std::vector<DealerId> dealers;
  db::Rows rows = connection.Query("SELECT dealer_id FROM dealer ORDER BY dealer_id");
  while (rows.Next()) dealers.emplace_back(rows.Int(0));
  return dealers;
}

// Whether somebody is not wholly found by that key.
bool AnyLeft(db::Connection& connection, DealerId dealer, int64_t newest) {
  return connection.Query("SELECT 1 FROM customer WHERE dealer_id = ?1 AND index_key < ?2 LIMIT 1", dealer, newest)
      .Next();
}

// The numbers of the keys, the oldest first, and whether the newest has been swept up behind.
struct KeyList {
  std::vector<int64_t> numbers;
  bool swept = true;
};
KeyList ListKeys(db::Connection& connection) {
  KeyList list;
  db::Rows rows = connection.Query("SELECT key_number, swept FROM index_key ORDER BY key_number");
  while (rows.Next()) {
    list.numbers.push_back(rows.Int(0));
    list.swept = rows.Int(1) != 0;
  }
  return list;
}

}  // namespace

IndexState ReadIndexState(db::Connection& connection) {
  IndexState state;
  {
    db::Rows rows = connection.Query("SELECT key_number, created_at, swept FROM index_key ORDER BY key_number");
    while (rows.Next()) {
      state.keys.push_back({rows.Int(0), {rows.Int(1)}, 0});
      state.sweeping = rows.Int(2) == 0;
    }
  }
  for (const DealerId dealer : DealersIn(connection)) {
    db::Rows rows =
        connection.Query("SELECT index_key, COUNT(*) FROM customer WHERE dealer_id = ?1 GROUP BY index_key", dealer);
    while (rows.Next()) {
      const int64_t number = rows.Int(0);
      const int64_t count = rows.Int(1);
      state.customers += count;
      if (!state.keys.empty() && number < state.keys.back().number) state.left += count;
      for (IndexState::Key& key : state.keys) {
        if (key.number == number) key.customers += count;
      }
    }
  }
  return state;
}

Result<bool> Reindexer::Due() {
  return store_.database_.Read<bool>([](db::Connection& connection) -> Result<bool> {
    const KeyList keys = ListKeys(connection);
    return keys.numbers.size() > 1 || !keys.swept;
  });
}

Result<std::vector<DealerId>> Reindexer::Dealers() {
  using List = std::vector<DealerId>;
  return store_.database_.Read<List>([](db::Connection& connection) -> Result<List> { return DealersIn(connection); });
}

Status Reindexer::Fill(DealerId dealer, int64_t newest, const Hooks& hooks, Outcome& outcome) {
  struct Row {
    CustomerId id;
    std::string sealed;
    Record record;
  };
  using Page = std::vector<Row>;
  int64_t last = std::numeric_limits<int64_t>::min();
  while (true) {
    if (!MayGoOn(hooks)) {
      outcome.whole = false;
      return {};
    }
    const auto begun = Clock::now();
    ASSIGN_OR_RETURN(Page page, store_.database_.Read<Page>([&](db::Connection& connection) -> Result<Page> {
      Page found;
      db::Rows rows = connection.Query(
          "SELECT customer_id, personal FROM customer WHERE dealer_id = ?1 AND customer_id > ?2 AND index_key < ?3 "
          "ORDER BY customer_id LIMIT ?4",
          dealer, last, newest, kCustomersAtOnce);
      while (rows.Next()) found.push_back({CustomerId(rows.Int(0)), std::string(rows.Bytes(1)), {}});
      return found;
    }));
    if (page.empty()) return {};
    const auto size = static_cast<int64_t>(page.size());
    last = page.back().id.value;
    Page opened;
    for (Row& row : page) {
      auto record = store_.Unseal(dealer, row.id, row.sealed);
      if (record.ok()) {
        row.record = *std::move(record);
        opened.push_back(std::move(row));
      } else if (record.error().code == "sealed_damaged") {
        ++outcome.damaged;
      } else {
        return record.error();
      }
    }
    ASSIGN_OR_RETURN(const int64_t made, store_.database_.Write<int64_t>([&](db::Connection& c) -> Result<int64_t> {
      RETURN_IF_ERROR(Guarded(hooks, c));
      ASSIGN_OR_RETURN(const IndexKeys keys, store_.vault_.HoldIndexKeys(c));
      if (keys.newest() != newest) return int64_t{0};
      int64_t count = 0;
      for (const Row& row : opened) {
        // Whom somebody has changed since comes again: he has changed the tokens that there were, under all keys, and
        // waits here, or is waited for.
        const int64_t taken = c.Execute(
            "UPDATE customer SET index_key = ?4 WHERE dealer_id = ?1 AND customer_id = ?2 AND personal = ?3 "
            "AND index_key < ?4",
            dealer, row.id, db::Blob{row.sealed}, newest);
        if (taken == 0) continue;
        ++count;
        for (const int64_t token : Store::Tokens(keys, 0, dealer, row.record)) {
          Store::AddToken(c, dealer, token, row.id, newest);
        }
      }
      return count;
    }));
    outcome.customers += made;
    Rest(hooks, begun, made);
    if (size < kCustomersAtOnce) return {};
  }
}

Status Reindexer::Drop(const std::vector<DealerId>& dealers, int64_t newest, const Hooks& hooks, Outcome& outcome) {
  const auto dropped = store_.database_.Write<int64_t>([&](db::Connection& connection) -> Result<int64_t> {
    RETURN_IF_ERROR(Guarded(hooks, connection));
    // They go first, which waits for every transaction that stores something under them; then it is looked whether
    // somebody was left.
    std::vector<int64_t> numbers = ListKeys(connection).numbers;
    std::erase_if(numbers, [newest](int64_t number) { return number >= newest; });
    connection.Execute("DELETE FROM index_key WHERE key_number < ?1", newest);
    for (const DealerId dealer : dealers) {
      if (AnyLeft(connection, dealer, newest)) return Error("index_rotation_running");
    }
    for (const int64_t number : numbers) {
      RETURN_IF_ERROR(
          db::Witness(audit_, AccountId()).Note(connection, "index_key.drop", db::ObjectOf("index_key", number)));
    }
    return static_cast<int64_t>(numbers.size());
  });
  if (!dropped.ok()) return dropped.error().code == "index_rotation_running" ? Status() : dropped.error();
  outcome.dropped += *dropped;
  return {};
}

Status Reindexer::Sweep(DealerId dealer, int64_t newest, const Hooks& hooks, Outcome& outcome) {
  using Tokens = std::vector<std::pair<int64_t, int64_t>>;
  std::pair<int64_t, int64_t> last = {-1, 0};  // tokens are not negative
  while (true) {
    if (!MayGoOn(hooks)) {
      outcome.whole = false;
      return {};
    }
    const auto begun = Clock::now();
    ASSIGN_OR_RETURN(
        const Tokens page, store_.database_.Read<Tokens>([&](db::Connection& connection) -> Result<Tokens> {
          Tokens found;
          db::Rows rows = connection.Query(
              "SELECT token, customer_id FROM customer_token WHERE dealer_id = ?1 AND (token, customer_id) > (?2, ?3) "
              "AND key_number < ?4 ORDER BY token, customer_id LIMIT ?5",
              dealer, last.first, last.second, newest, kTokensAtOnce);
          while (rows.Next()) found.emplace_back(rows.Int(0), rows.Int(1));
          return found;
        }));
    if (page.empty()) return {};
    last = page.back();
    const Status done = store_.database_.Write<void>([&](db::Connection& connection) -> Status {
      RETURN_IF_ERROR(Guarded(hooks, connection));
      for (const auto& [token, customer] : page) {
        connection.ExecuteLater(
            "DELETE FROM customer_token WHERE dealer_id = ?1 AND token = ?2 AND customer_id = ?3 AND key_number < ?4",
            dealer, token, customer, newest);
      }
      return {};
    });
    RETURN_IF_ERROR(done);
    outcome.swept += static_cast<int64_t>(page.size());
    Rest(hooks, begun, 0);
  }
}

Result<Reindexer::Outcome> Reindexer::Run(const Hooks& hooks) {
  Outcome outcome;
  const auto read_keys = [this] {
    return store_.database_.Read<KeyList>(
        [](db::Connection& connection) -> Result<KeyList> { return ListKeys(connection); });
  };
  ASSIGN_OR_RETURN(KeyList keys, read_keys());
  if (keys.numbers.empty()) return outcome;
  const int64_t newest = keys.numbers.back();
  ASSIGN_OR_RETURN(const std::vector<DealerId> dealers, Dealers());
  if (keys.numbers.size() > 1) {
    for (const DealerId dealer : dealers) {
      RETURN_IF_ERROR(Fill(dealer, newest, hooks, outcome));
      if (!outcome.whole) return outcome;
    }
    // A customer whom somebody was changing just then was passed over; so none is dropped, and the next run finds him.
    if (outcome.damaged == 0) RETURN_IF_ERROR(Drop(dealers, newest, hooks, outcome));
    ASSIGN_OR_RETURN(keys, read_keys());
  }
  if (keys.numbers.size() != 1 || keys.swept || keys.numbers.front() != newest) return outcome;
  for (const DealerId dealer : dealers) {
    RETURN_IF_ERROR(Sweep(dealer, newest, hooks, outcome));
    if (!outcome.whole) return outcome;
  }
  const Status noted = store_.database_.Write<void>([&](db::Connection& connection) -> Status {
    RETURN_IF_ERROR(Guarded(hooks, connection));
    connection.Execute("UPDATE index_key SET swept = 1 WHERE key_number = ?1", newest);
    return {};
  });
  RETURN_IF_ERROR(noted);
  return outcome;
}

}  // namespace dealpace::leads
