#include "db/tables.h"

#include <algorithm>
#include <stdexcept>

#include "base/text.h"
#include "db/table_list.h"

namespace dealpace::db {

std::vector<Table> ParseTables(std::string_view text) {
  std::vector<Table> tables;
  for (const std::string& line : Split(text, '\n')) {
    const std::string_view content = Trim(std::string_view(line).substr(0, line.find('#')));
    if (content.empty()) continue;
    std::vector<std::string> words = Split(content, ' ');
    std::erase(words, "");
    const std::string kind = words.size() > 1 ? words[1] : "";
    Table table{words[0], TableKind::kLocal, words.size() > 2};
    if (kind == "distributed") table.kind = TableKind::kDistributed;
    if (kind == "reference") table.kind = TableKind::kReference;
    const bool twice = std::any_of(tables.begin(), tables.end(), [&](const Table& t) { return t.name == table.name; });
    const bool understood = words.size() < 3 || (words.size() == 3 && words[2] == "record");
    if ((kind != "distributed" && kind != "reference" && kind != "local") || !understood || twice) {
      throw std::logic_error("migrations/tables.txt: " + line);
    }
    tables.push_back(std::move(table));
  }
  return tables;
}

const std::vector<Table>& DeclaredTables() {
  static const std::vector<Table> kTables = ParseTables(TableList());
  return kTables;
}

const Table* FindTable(std::string_view name) {
  const std::vector<Table>& tables = DeclaredTables();
  const auto found = std::find_if(tables.begin(), tables.end(), [&](const Table& table) { return table.name == name; });
  return found == tables.end() ? nullptr : &*found;
}

}  // namespace dealpace::db
