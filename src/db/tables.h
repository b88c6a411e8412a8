#pragma once

#include <string>
#include <string_view>
#include <vector>

// What is to be known of each table: where its rows lie in a store that is spread over several PostgreSQL nodes, and
// whether servers remember anything of it. Declared in migrations/tables.txt.
namespace dealpace::db {

enum class TableKind {
  kDistributed,  // by dealer_id over the nodes
  kReference,    // whole on every node
  kLocal,        // on the coordinator
};

struct Table {
  std::string name;
  TableKind kind = TableKind::kLocal;
  bool record = false;  // its rows come in all day, and nobody remembers any from one request to the next
};

// In the order of the file.
[[nodiscard]] const std::vector<Table>& DeclaredTables();
// nullptr for a table that the file does not have.
[[nodiscard]] const Table* FindTable(std::string_view name);

// Reads such a file. A line that is not understood, or a table that stands twice, is our mistake: std::logic_error.
[[nodiscard]] std::vector<Table> ParseTables(std::string_view text);

}  // namespace dealpace::db
