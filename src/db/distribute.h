#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "db/db.h"

// Spreads a store over several PostgreSQL nodes with the extension Citus: tables of dealers by dealer_id, masters whole
// on every node, as migrations/tables.txt says.
namespace dealpace::db {

inline constexpr int kShards = 64;

struct Distribution {
  std::vector<std::string> distributed;  // tables that are now, and were not before
  std::vector<std::string> references;
};

// Spreads what is not spread yet, in one transaction, during which nobody can write. Run again it does nothing. The
// store is migrated; from then on Migrate spreads the tables that later releases bring.
//
// Fails with distribute_needs_postgres (it is SQLite), citus_missing (the database has no such extension), or
// storage_failed with the words of Citus.
[[nodiscard]] Result<Distribution> Distribute(Database& database, int shards = kShards);

// ---- What Migrate needs ----

// Whether tables of this store are spread.
[[nodiscard]] bool IsDistributed(Connection& connection);
// Spreads the tables that are not yet, within the transaction of `connection`.
Distribution DistributeTables(Connection& connection, int shards);

// A script of CREATE TABLE statements without the foreign keys to distributed tables, which Citus takes only once both
// tables are spread, and the statements that add them afterwards.
struct DetachedKeys {
  std::string script;
  std::vector<std::string> keys;
};
[[nodiscard]] DetachedKeys DetachForeignKeys(std::string_view script);

}  // namespace dealpace::db
