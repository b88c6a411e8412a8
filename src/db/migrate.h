#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/embedded.h"
#include "db/db.h"

namespace dealpace::db {

struct MigrationState {
  int64_t version = 0;           // the last migration applied; 0 for an empty database
  std::vector<std::string> due;  // names of those that this binary has and the database has not ("0001_ledger")
};

// Where the database stands. Fails with database_newer ("version", and "known" to this binary) when it was migrated
// by a newer release than this one.
[[nodiscard]] Result<MigrationState> ReadMigrationState(Database& database);

// Applies the numbered files of migrations/ that the database has not seen, each in a transaction of its own, and
// returns their names. Two processes may call it at once: one waits for the other. When one of the files fails, those
// before it stay.
//
// Files are written once for both databases. In them `{int}` stands for a 64-bit integer, `{blob}` for bytes,
// `{real}` for a double. After the closing bracket of a table, `{strict}` stands for the table option of SQLite, and
// `{rowless}` for STRICT, WITHOUT ROWID: the rows lie in the order of the primary key, which suits a narrow table that
// is read by its key. PostgreSQL has nothing in their place.
[[nodiscard]] Result<std::vector<std::string>> Migrate(Database& database);

// A script in the words of one database, as Migrate has it.
[[nodiscard]] std::string ExpandScript(std::string_view script, Kind kind);

// Keeps other processes from migrating until the transaction ends, and lets what it does take as long as it must.
void LockOutMigrations(Connection& connection);

// The same with other files than those in the binary, for tests.
[[nodiscard]] Result<MigrationState> ReadMigrationState(Database& database, const std::vector<EmbeddedFile>& files);
[[nodiscard]] Result<std::vector<std::string>> Migrate(Database& database, const std::vector<EmbeddedFile>& files);

}  // namespace dealpace::db
