#include "db/distribute.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include "base/text.h"
#include "db/migrate.h"
#include "db/tables.h"

namespace dealpace::db {
namespace {

bool HasFunction(Connection& connection, std::string_view name) {
  return connection.Query("SELECT 1 FROM pg_proc WHERE proname = ?1 AND pg_function_is_visible(oid)", name).Next();
}

// Tables of this schema that Citus knows as distributed or reference tables. It also knows local tables that foreign
// keys connect with those; they count as not spread.
std::set<std::string> Spread(Connection& connection) {
  std::set<std::string> names;
  if (!connection.Query("SELECT 1 FROM pg_class WHERE relname = 'pg_dist_partition' AND pg_table_is_visible(oid)")
           .Next()) {
    return names;
  }
  Rows rows = connection.Query(
      "SELECT c.relname FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid "
      "JOIN pg_namespace n ON n.oid = c.relnamespace "
      "WHERE n.nspname = current_schema() AND (p.partmethod = 'h' OR p.repmodel = 't')");
  while (rows.Next()) names.emplace(rows.Text(0));
  return names;
}

struct ForeignKey {
  std::string name;
  std::string table;
  std::string target;
  std::string definition;  // FOREIGN KEY … REFERENCES …
};

std::vector<ForeignKey> ForeignKeys(Connection& connection) {
  std::vector<ForeignKey> keys;
  Rows rows = connection.Query(
      "SELECT k.conname, c.relname, t.relname, pg_get_constraintdef(k.oid) FROM pg_constraint k "
      "JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid "
      "JOIN pg_namespace n ON n.oid = c.relnamespace "
      "WHERE k.contype = 'f' AND n.nspname = current_schema() ORDER BY c.relname, k.conname");
  while (rows.Next()) {
    keys.push_back(
        {std::string(rows.Text(0)), std::string(rows.Text(1)), std::string(rows.Text(2)), std::string(rows.Text(3))});
  }
  return keys;
}

// Runs a function of Citus, of which nothing but its success matters.
void Call(Connection& connection, const std::string& call, std::span<const Value> values) {
  (void)connection.QueryValues("SELECT " + call, values);
}

bool Exists(Connection& connection, std::string_view table) {
  return connection
      .Query(
          "SELECT 1 FROM pg_class WHERE relname = ?1 AND relkind IN ('r', 'p') AND relnamespace = "
          "(SELECT oid FROM pg_namespace WHERE nspname = current_schema())",
          table)
      .Next();
}

}  // namespace

bool IsDistributed(Connection& connection) {
  return connection.kind() == Kind::kPostgres && !Spread(connection).empty();
}

Distribution DistributeTables(Connection& connection, int shards) {
  const std::set<std::string> spread = Spread(connection);
  Distribution result;
  std::string anchor;  // all tables of dealers lie where this one lies
  for (const Table& table : DeclaredTables()) {
    if (table.kind == TableKind::kDistributed && spread.contains(table.name) && anchor.empty()) anchor = table.name;
    if (table.kind == TableKind::kLocal || spread.contains(table.name) || !Exists(connection, table.name)) continue;
    (table.kind == TableKind::kReference ? result.references : result.distributed).push_back(table.name);
  }
  if (result.references.empty() && result.distributed.empty()) return result;

  // Tables that foreign keys connect can be spread in no order. So the keys go first, and come back in the end.
  const std::set<std::string> moving = [&] {
    std::set<std::string> names(result.references.begin(), result.references.end());
    names.insert(result.distributed.begin(), result.distributed.end());
    return names;
  }();
  std::vector<ForeignKey> keys;
  for (ForeignKey& key : ForeignKeys(connection)) {
    if (moving.contains(key.table) || moving.contains(key.target)) keys.push_back(std::move(key));
  }
  // Shards and reference tables in one transaction: Citus wants one connection for each node then.
  connection.ExecuteScript("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'");
  for (const ForeignKey& key : keys) {
    connection.ExecuteScript("ALTER TABLE " + key.table + " DROP CONSTRAINT " + key.name);
  }
  for (const std::string& table : result.references) {
    const std::array<Value, 1> values = {table};
    Call(connection, "create_reference_table(CAST(?1 AS regclass))", values);
  }
  for (const std::string& table : result.distributed) {
    if (anchor.empty()) {
      const std::array<Value, 2> values = {table, shards};
      Call(connection,
           "create_distributed_table(CAST(?1 AS regclass), 'dealer_id', colocate_with => 'none', "
           "shard_count => CAST(?2 AS INTEGER))",
           values);
      anchor = table;
    } else {
      const std::array<Value, 2> values = {table, anchor};
      Call(connection, "create_distributed_table(CAST(?1 AS regclass), 'dealer_id', colocate_with => ?2)", values);
    }
  }
  // The rows have been copied; those that lay here would only take room.
  if (HasFunction(connection, "truncate_local_data_after_distributing_table")) {
    for (const auto* tables : {&result.references, &result.distributed}) {
      for (const std::string& table : *tables) {
        const std::array<Value, 1> values = {table};
        Call(connection, "truncate_local_data_after_distributing_table(CAST(?1 AS regclass))", values);
      }
    }
  }
  for (const ForeignKey& key : keys) {
    connection.ExecuteScript("ALTER TABLE " + key.table + " ADD CONSTRAINT " + key.name + " " + key.definition);
  }
  return result;
}

Result<Distribution> Distribute(Database& database, int shards) {
  if (database.kind() != Kind::kPostgres) return Error("distribute_needs_postgres");
  return database.Write<Distribution>([&](Connection& connection) -> Result<Distribution> {
    if (!HasFunction(connection, "create_distributed_table")) return Error("citus_missing");
    LockOutMigrations(connection);
    return DistributeTables(connection, shards);
  });
}

DetachedKeys DetachForeignKeys(std::string_view script) {
  constexpr std::string_view kCreate = "CREATE TABLE ";
  constexpr std::string_view kKey = "FOREIGN KEY";
  constexpr std::string_view kReferences = "REFERENCES ";
  DetachedKeys result;
  std::string table;
  int depth = 0;
  int keys = 0;
  std::string item;  // of the brackets of CREATE TABLE, with what separates it from the one before
  const auto end_item = [&] {
    const std::string_view content = Trim(item.starts_with(',') ? std::string_view(item).substr(1) : item);
    const size_t at = content.find(kReferences);
    if (content.starts_with(kKey) && at != std::string_view::npos) {
      const std::string_view target = content.substr(at + kReferences.size());
      const Table* found = FindTable(target.substr(0, target.find_first_of(" (\n")));
      if (found != nullptr && found->kind == TableKind::kDistributed) {
        result.keys.push_back("ALTER TABLE " + table + " ADD CONSTRAINT " + table + "_key" + std::to_string(++keys) +
                              " " + std::string(content));
        item.clear();
        return;
      }
    }
    result.script += item;
    item.clear();
  };
  for (size_t at = 0; at < script.size();) {
    const std::string_view rest = script.substr(at);
    // Comments and texts as they are.
    size_t whole = 0;
    if (rest.starts_with("--")) whole = std::min(rest.size(), rest.find('\n'));
    if (rest.starts_with("'")) whole = std::min(rest.size(), rest.find('\'', 1) + 1);
    if (whole > 0) {
      (depth > 0 ? item : result.script) += rest.substr(0, whole);
      at += whole;
      continue;
    }
    if (depth == 0 && rest.starts_with(kCreate)) {
      const size_t open = rest.find('(');
      if (open != std::string_view::npos) {
        table = Trim(rest.substr(kCreate.size(), open - kCreate.size()));
        keys = 0;
        depth = 1;
        result.script += rest.substr(0, open + 1);
        at += open + 1;
        continue;
      }
    }
    const char c = rest.front();
    ++at;
    if (depth == 0) {
      result.script += c;
      continue;
    }
    if (c == '(') ++depth;
    if (c == ')' && --depth == 0) {
      end_item();
      result.script += c;
      continue;
    }
    if (c == ',' && depth == 1) end_item();
    item += c;
  }
  result.script += item;
  return result;
}

}  // namespace dealpace::db
