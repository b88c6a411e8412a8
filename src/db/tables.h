#pragma once

#include <string>
#include <string_view>
#include <vector>

// Where the rows of each table lie in a store that is spread over several PostgreSQL nodes. Declared in
// migrations/tables.txt.
namespace dealpace::db {

enum class TableKind {
  kDistributed,  // by dealer_id over the nodes
  kReference,    // whole on every node
  kLocal,        // on the coordinator
};

struct Table {
  std::string name;
  TableKind kind = TableKind::kLocal;
};

// In the order of the file.
[[nodiscard]] const std::vector<Table>& DeclaredTables();
// nullptr for a table that the file does not have.
[[nodiscard]] const Table* FindTable(std::string_view name);

// Reads such a file. A line that is not understood, or a table that stands twice, is our mistake: std::logic_error.
[[nodiscard]] std::vector<Table> ParseTables(std::string_view text);

}  // namespace dealpace::db
