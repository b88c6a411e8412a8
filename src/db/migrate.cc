#include "db/migrate.h"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "base/days.h"
#include "db/distribute.h"
#include "db/embedded.h"

namespace dealpace::db {
namespace {

struct Migration {
  std::string name;  // "0001_ledger"
  std::string_view content;
};
using Migrations = std::map<int64_t, Migration>;

// By number. A name that is not NNNN_what.sql, or a number that comes twice, is our mistake.
Migrations Sorted(const std::vector<EmbeddedFile>& files) {
  Migrations result;
  for (const EmbeddedFile& file : files) {
    std::string_view name = file.name;
    int64_t version = 0;
    bool good = name.size() > 9 && name[4] == '_' && name.ends_with(".sql");
    for (size_t i = 0; good && i < 4; ++i) {
      good = name[i] >= '0' && name[i] <= '9';
      version = version * 10 + (name[i] - '0');
    }
    if (!good || version == 0) throw std::logic_error("not the name of a migration: " + std::string(name));
    name.remove_suffix(4);
    if (!result.emplace(version, Migration{std::string(name), file.content}).second) {
      throw std::logic_error("two migrations have the number of " + std::string(name));
    }
  }
  return result;
}

bool HasTable(Connection& connection) {
  Rows rows = connection.Query(connection.kind() == Kind::kSqlite
                                   ? "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = "
                                     "'schema_migration'"
                                   : "SELECT count(*) FROM pg_class WHERE relname = 'schema_migration' AND "
                                     "relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())");
  return rows.Next() && rows.Int(0) > 0;
}

std::set<int64_t> Applied(Connection& connection) {
  std::set<int64_t> versions;
  if (!HasTable(connection)) return versions;
  Rows rows = connection.Query("SELECT version FROM schema_migration");
  while (rows.Next()) versions.insert(rows.Int(0));
  return versions;
}

Result<MigrationState> StateOf(const std::set<int64_t>& applied, const Migrations& migrations) {
  MigrationState state;
  if (!applied.empty()) state.version = *applied.rbegin();
  const int64_t known = migrations.empty() ? 0 : migrations.rbegin()->first;
  if (state.version > known) {
    return Error("database_newer").With("version", state.version).With("known", known);
  }
  for (const auto& [version, migration] : migrations) {
    if (!applied.contains(version)) state.due.push_back(migration.name);
  }
  return state;
}

}  // namespace

std::string ExpandScript(std::string_view content, Kind kind) {
  struct Word {
    std::string_view sqlite;
    std::string_view postgres;
  };
  static const std::map<std::string_view, Word> kWords = {
      {"int", {"INTEGER", "BIGINT"}},
      {"blob", {"BLOB", "BYTEA"}},
      {"real", {"REAL", "DOUBLE PRECISION"}},
      {"strict", {"STRICT", ""}},
      {"rowless", {"STRICT, WITHOUT ROWID", ""}},
  };
  std::string result;
  result.reserve(content.size());
  while (!content.empty()) {
    const size_t open = content.find('{');
    result += content.substr(0, open);
    if (open == std::string_view::npos) break;
    content.remove_prefix(open);
    const size_t close = content.find_first_not_of("abcdefghijklmnopqrstuvwxyz", 1);
    if (close == std::string_view::npos || close == 1 || content[close] != '}') {
      result += '{';  // not a word in braces: JSON, for one
      content.remove_prefix(1);
      continue;
    }
    const std::string_view name = content.substr(1, close - 1);
    const auto word = kWords.find(name);
    if (word == kWords.end()) throw std::logic_error("a migration has the unknown word {" + std::string(name) + "}");
    result += kind == Kind::kSqlite ? word->second.sqlite : word->second.postgres;
    content.remove_prefix(close + 1);
  }
  return result;
}

// SQLite has one writer anyway.
void LockOutMigrations(Connection& connection) {
  if (connection.kind() == Kind::kSqlite) return;
  constexpr int64_t kDealpace = 0x4465616c;  // "Deal"
  connection.ExecuteScript("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0");
  (void)connection.Query("SELECT pg_advisory_xact_lock(CAST(?1 AS INTEGER), hashtext(current_schema()))", kDealpace);
}

Result<MigrationState> ReadMigrationState(Database& database, const std::vector<EmbeddedFile>& files) {
  const Migrations migrations = Sorted(files);
  return database.Read<MigrationState>(
      [&](Connection& connection) { return StateOf(Applied(connection), migrations); });
}

Result<MigrationState> ReadMigrationState(Database& database) { return ReadMigrationState(database, EmbeddedFiles()); }

Result<std::vector<std::string>> Migrate(Database& database, const std::vector<EmbeddedFile>& files) {
  const Migrations migrations = Sorted(files);
  ASSIGN_OR_RETURN(const MigrationState before, ReadMigrationState(database, files));
  std::vector<std::string> done;
  if (before.due.empty()) return done;
  for (const auto& [number, migration] : migrations) {
    const int64_t version = number;
    const std::string& name = migration.name;
    const std::string script = ExpandScript(migration.content, database.kind());
    ASSIGN_OR_RETURN(const bool applied, database.Write<bool>([&](Connection& connection) -> Result<bool> {
      LockOutMigrations(connection);
      connection.ExecuteScript(
          ExpandScript("CREATE TABLE IF NOT EXISTS schema_migration (version {int} PRIMARY KEY, "
                       "name TEXT NOT NULL, applied_at {int} NOT NULL) {strict}",
                       connection.kind()));
      const std::set<int64_t> known = Applied(connection);
      RETURN_IF_ERROR(StateOf(known, migrations));
      if (known.contains(version)) return false;
      if (IsDistributed(connection)) {
        const DetachedKeys detached = DetachForeignKeys(script);
        connection.ExecuteScript(detached.script);
        (void)DistributeTables(connection, kShards);
        for (const std::string& key : detached.keys) connection.ExecuteScript(key);
      } else {
        connection.ExecuteScript(script);
      }
      connection.Execute("INSERT INTO schema_migration (version, name, applied_at) VALUES (?1, ?2, ?3)", version, name,
                         Now().ms);
      return true;
    }));
    if (applied) done.push_back(name);
  }
  return done;
}

Result<std::vector<std::string>> Migrate(Database& database) { return Migrate(database, EmbeddedFiles()); }

}  // namespace dealpace::db
