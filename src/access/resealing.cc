#include "access/resealing.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "db/lease.h"

namespace dealpace::access {
namespace {

constexpr int64_t kStep = 500;  // rows sealed anew in one transaction

std::string NumberBytes(uint32_t number) {
  std::string bytes(4, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(number >> (24 - 8 * i));
  return bytes;
}

uint32_t NumberOf(std::string_view bytes) {
  uint32_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return bytes.size() == 4 ? number : 0;
}

// A row's key and what is sealed in it.
struct Row {
  int64_t number = 0;
  std::string text;
  std::string sealed;

  [[nodiscard]] db::Value key(const SealedColumn& column) const {
    return column.key == SealedColumn::Key::kText ? db::Value(text) : db::Value(number);
  }
};

// Values of a statement, and the dealer after them where the table has one.
std::vector<db::Value> With(std::vector<db::Value> values, const std::optional<int64_t>& dealer) {
  if (dealer) values.emplace_back(*dealer);
  return values;
}

std::vector<DataKeyState> ReadKeys(db::Connection& connection) {
  std::vector<DataKeyState> keys;
  db::Rows rows =
      connection.Query("SELECT key_number, created_at, wrapped, clear_since FROM data_key ORDER BY key_number");
  while (rows.Next()) {
    DataKeyState& key = keys.emplace_back();
    key.number = static_cast<uint32_t>(rows.Int(0));
    key.made_at = {rows.Int(1)};
    key.master = Vault::KeyOf(rows.Bytes(2)).value_or(0);
    if (const auto since = rows.OptionalInt(3)) key.clear_since = Instant{*since};
  }
  return keys;
}

// Of one column: every dealer, or nothing for the network.
std::vector<std::optional<int64_t>> PartsOf(db::Connection& connection, const SealedColumn& column) {
  if (column.of == SealedColumn::Of::kNetwork) return {std::nullopt};
  std::vector<std::optional<int64_t>> dealers;
  db::Rows rows = connection.Query("SELECT dealer_id FROM dealer ORDER BY dealer_id");
  while (rows.Next()) dealers.emplace_back(rows.Int(0));
  return dealers;
}

// Whether something is sealed with a key older than that.
bool FindOlder(db::Connection& connection, const SealedColumn& column, const std::optional<int64_t>& dealer,
               uint32_t number) {
  const std::string bytes = NumberBytes(number);
  return connection.QueryValues(StatementsOf(column).find, With({db::Blob{bytes}}, dealer)).Next();
}

bool GoesOn(const Resealer::Hooks& hooks) { return !hooks.go_on || hooks.go_on(); }

}  // namespace

int64_t SealedState::fields() const {
  int64_t all = 0;
  for (const Column& column : columns) all += column.fields;
  return all;
}

int64_t SealedState::old() const {
  int64_t all = 0;
  for (const Column& column : columns) all += column.old;
  return all;
}

std::chrono::milliseconds RestAfter(std::chrono::milliseconds took) {
  constexpr std::chrono::milliseconds kLeast{5};
  constexpr std::chrono::milliseconds kMost{2'000};
  return std::clamp(4 * took, kLeast, kMost);
}

SealedStatements StatementsOf(const SealedColumn& of) {
  const std::string table(of.table);
  const std::string column(of.column);
  const std::string row(of.row);
  const std::string number = "substr(" + column + ", 1, 4)";
  const auto dealer = [&](const char* condition) { return of.of == SealedColumn::Of::kDealer ? condition : ""; };
  SealedStatements all;
  all.page = "SELECT " + row + ", " + column + " FROM " + table + " WHERE " + row + " > ?1 AND " + number + " < ?2" +
             dealer(" AND dealer_id = ?4") + " ORDER BY " + row + " LIMIT ?3";
  all.change = "UPDATE " + table + " SET " + column + " = ?1 WHERE " + row + " = ?2 AND " + column + " = ?3" +
               dealer(" AND dealer_id = ?4");
  all.find = "SELECT 1 FROM " + table + " WHERE " + number + " < ?1" + dealer(" AND dealer_id = ?2") + " LIMIT 1";
  all.count = "SELECT " + number + ", count(*) FROM " + table + " WHERE " + column + " IS NOT NULL" +
              dealer(" AND dealer_id = ?1") + " GROUP BY " + number;
  return all;
}

SealedState ReadSealedState(db::Connection& connection) {
  SealedState state;
  state.keys = ReadKeys(connection);
  const uint32_t newest = state.keys.empty() ? 0 : state.keys.back().number;
  for (const SealedColumn& column : kSealedColumns) {
    SealedState::Column& counted = state.columns.emplace_back();
    counted.column = &column;
    const std::string count = StatementsOf(column).count;
    for (const auto& dealer : PartsOf(connection, column)) {
      db::Rows rows = connection.QueryValues(count, With({}, dealer));
      while (rows.Next()) {
        const uint32_t number = NumberOf(rows.Bytes(0));
        const int64_t fields = rows.Int(1);
        counted.fields += fields;
        if (number != newest) counted.old += fields;
        const auto key = std::find_if(state.keys.begin(), state.keys.end(),
                                      [&](const DataKeyState& each) { return each.number == number; });
        (key == state.keys.end() ? state.keyless : key->fields) += fields;
      }
    }
  }
  return state;
}

Result<std::vector<DataKeyState>> Resealer::Keys() {
  using States = std::vector<DataKeyState>;
  return database_.Read<States>([](db::Connection& connection) -> Result<States> { return ReadKeys(connection); });
}

Result<bool> Resealer::Due() {
  return database_.Read<bool>([&](db::Connection& connection) -> Result<bool> {
    const std::vector<DataKeyState> keys = ReadKeys(connection);
    if (keys.size() < 2) return false;
    const int64_t clear_until = db::DatabaseClock(connection).ms - grace_ms_;
    return std::any_of(keys.begin(), keys.end() - 1,
                       [&](const DataKeyState& key) { return !key.clear_since || key.clear_since->ms <= clear_until; });
  });
}

Status Resealer::SealAnew(const SealedColumn& column, std::optional<int64_t> dealer, uint32_t newest,
                          const Hooks& hooks, Outcome& outcome) {
  using Clock = std::chrono::steady_clock;
  const SealedStatements statements = StatementsOf(column);
  const std::string older_than = NumberBytes(newest);
  const bool text = column.key == SealedColumn::Key::kText;
  Row last;
  last.number = INT64_MIN;
  while (true) {
    if (!GoesOn(hooks)) {
      outcome.whole = false;
      return {};
    }
    const auto begun = Clock::now();
    ASSIGN_OR_RETURN(std::vector<Row> rows,
                     database_.Read<std::vector<Row>>([&](db::Connection& connection) -> Result<std::vector<Row>> {
                       std::vector<Row> page;
                       db::Rows found = connection.QueryValues(
                           statements.page, With({last.key(column), db::Blob{older_than}, db::Value(kStep)}, dealer));
                       while (found.Next()) {
                         Row& row = page.emplace_back();
                         if (text) {
                           row.text = found.Text(0);
                         } else {
                           row.number = found.Int(0);
                         }
                         row.sealed = found.Bytes(1);
                       }
                       return page;
                     }));
    if (rows.empty()) return {};
    last.number = rows.back().number;
    last.text = rows.back().text;
    const auto place = [&](const Row& row) { return Vault::Place{column.field, row.number, dealer.value_or(0)}; };
    std::vector<std::pair<const Row*, std::string>> opened;
    for (const Row& row : rows) {
      auto plain = vault_.Unseal(place(row), row.sealed);
      if (plain.ok()) {
        opened.emplace_back(&row, *std::move(plain));
      } else if (plain.error().code == "sealed_damaged") {
        ++outcome.damaged;
      } else {
        return plain.error();
      }
    }
    const Status done = database_.Write<void>([&](db::Connection& connection) -> Status {
      if (hooks.guard) RETURN_IF_ERROR(hooks.guard(connection));
      ASSIGN_OR_RETURN(const Vault::Sealer sealer, vault_.BeginSealing(connection));
      for (const auto& [row, plain] : opened) {
        // What somebody has changed since is not touched: he has sealed it himself.
        const std::string fresh = sealer.Seal(place(*row), plain);
        connection.ExecuteLaterValues(statements.change,
                                      With({db::Blob{fresh}, row->key(column), db::Blob{row->sealed}}, dealer));
      }
      return {};
    });
    for (auto& [row, plain] : opened) Wipe(plain);
    RETURN_IF_ERROR(done);
    outcome.sealed += static_cast<int64_t>(opened.size());
    if (hooks.rest) {
      hooks.rest(std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun),
                 static_cast<int64_t>(opened.size()));
    }
    if (static_cast<int64_t>(rows.size()) < kStep) return {};
  }
}

Result<bool> Resealer::AnyOlder(uint32_t newest, const Hooks& hooks) {
  for (const SealedColumn& column : kSealedColumns) {
    using Parts = std::vector<std::optional<int64_t>>;
    ASSIGN_OR_RETURN(const Parts parts, database_.Read<Parts>([&](db::Connection& connection) -> Result<Parts> {
      return PartsOf(connection, column);
    }));
    for (const auto& dealer : parts) {
      if (!GoesOn(hooks)) return true;
      ASSIGN_OR_RETURN(const bool found, database_.Read<bool>([&](db::Connection& connection) -> Result<bool> {
        return FindOlder(connection, column, dealer, newest);
      }));
      if (found) return true;
    }
  }
  return false;
}

Result<int64_t> Resealer::DropClear(const Hooks& hooks) {
  auto dropped = database_.Write<int64_t>([&](db::Connection& connection) -> Result<int64_t> {
    if (hooks.guard) RETURN_IF_ERROR(hooks.guard(connection));
    const int64_t clear_until = db::DatabaseClock(connection).ms - grace_ms_;
    const std::vector<DataKeyState> keys = ReadKeys(connection);
    std::vector<uint32_t> going;
    for (size_t i = 0; i + 1 < keys.size(); ++i) {
      if (!keys[i].clear_since || keys[i].clear_since->ms > clear_until) break;  // nor what is newer
      going.push_back(keys[i].number);
    }
    if (going.empty()) return 0;
    // First they go, which waits for every transaction that seals with them; then it is looked whether one has. Further
    // ones find the newest key only.
    connection.Execute("DELETE FROM data_key WHERE key_number <= ?1", int64_t{going.back()});
    for (const SealedColumn& column : kSealedColumns) {
      for (const auto& dealer : PartsOf(connection, column)) {
        if (FindOlder(connection, column, dealer, going.back() + 1)) {
          return Error("data_key_in_use").With("table", column.table).With("key", going.back());
        }
      }
    }
    for (const uint32_t number : going) {
      RETURN_IF_ERROR(
          db::Witness(audit_, AccountId()).Note(connection, "data_key.drop", db::ObjectOf("data_key", number)));
    }
    return static_cast<int64_t>(going.size());
  });
  if (dropped.ok() || dropped.error().code != "data_key_in_use") return dropped;
  RETURN_IF_ERROR(database_.Write<void>([](db::Connection& connection) -> Status {
    connection.Execute("UPDATE data_key SET clear_since = NULL");
    return {};
  }));
  return 0;
}

Result<Resealer::Outcome> Resealer::Run(const Hooks& hooks) {
  Outcome outcome;
  ASSIGN_OR_RETURN(outcome.dropped, DropClear(hooks));
  if (outcome.dropped > 0) RETURN_IF_ERROR(vault_.Refresh());
  ASSIGN_OR_RETURN(const std::vector<DataKeyState> keys, Keys());
  if (keys.empty()) return outcome;
  const uint32_t newest = keys.back().number;
  if (std::all_of(keys.begin(), keys.end() - 1, [](const DataKeyState& key) { return key.clear_since.has_value(); })) {
    outcome.clear = true;
    return outcome;
  }
  for (const SealedColumn& column : kSealedColumns) {
    using Parts = std::vector<std::optional<int64_t>>;
    ASSIGN_OR_RETURN(const Parts parts, database_.Read<Parts>([&](db::Connection& connection) -> Result<Parts> {
      return PartsOf(connection, column);
    }));
    for (const auto& dealer : parts) {
      RETURN_IF_ERROR(SealAnew(column, dealer, newest, hooks, outcome));
      if (!outcome.whole) return outcome;
    }
  }
  ASSIGN_OR_RETURN(const bool older, AnyOlder(newest, hooks));
  outcome.whole = GoesOn(hooks);
  if (older || !outcome.whole) return outcome;
  const Status noted = database_.Write<void>([&](db::Connection& connection) -> Status {
    if (hooks.guard) RETURN_IF_ERROR(hooks.guard(connection));
    const Instant now = db::DatabaseClock(connection);
    connection.Execute("UPDATE data_key SET clear_since = ?2 WHERE key_number < ?1 AND clear_since IS NULL",
                       int64_t{newest}, now.ms);
    return {};
  });
  RETURN_IF_ERROR(noted);
  outcome.clear = true;
  return outcome;
}

}  // namespace dealpace::access
