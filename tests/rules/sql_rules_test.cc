#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "access/resealing.h"
#include "base/text.h"
#include "db/tables.h"
#include "db/testing.h"
#include "tests/rules/sql_text.h"

// Every table and every statement keeps to what a store that is spread over several nodes can do
// (migrations/tables.txt): checked by their texts, on any machine.
namespace dealpace::testing {
namespace {

using db::TableKind;
using Strings = std::vector<std::string>;

bool IsKind(std::string_view table, TableKind kind) {
  const db::Table* found = db::FindTable(table);
  return found != nullptr && found->kind == kind;
}
// The view of a dealer's entries is as much a dealer's as they are.
bool IsDistributed(std::string_view table) { return IsKind(table, TableKind::kDistributed) || table == "ledger_whole"; }

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// ---- Tables ----

class Schema : public ::testing::Test {
 protected:
  Schema() : database_(db::Kind::kSqlite) {}

  // A column of a query's rows, as texts.
  std::vector<Strings> Rows(const std::string& sql, int columns) {
    const auto rows = database_->Read<std::vector<Strings>>([&](db::Connection& c) -> Result<std::vector<Strings>> {
      std::vector<Strings> found;
      db::Rows cells = c.Query(sql);
      while (cells.Next()) {
        Strings& row = found.emplace_back();
        for (int i = 0; i < columns; ++i) row.emplace_back(cells.Text(i));
      }
      return found;
    });
    EXPECT_TRUE(rows.ok());
    return rows.ok() ? *rows : std::vector<Strings>();
  }
  Strings TableNames() {
    Strings names;
    for (const Strings& row : Rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", 1)) {
      if (!row[0].starts_with("sqlite_")) names.push_back(row[0]);
    }
    return names;
  }

  db::TestDatabase database_;
};

TEST_F(Schema, EveryTableIsDeclaredAndEveryDeclaredTableIsThere) {
  Strings declared;
  for (const db::Table& table : db::DeclaredTables()) declared.push_back(table.name);
  std::sort(declared.begin(), declared.end());
  EXPECT_EQ(TableNames(), declared) << "say in migrations/tables.txt where its rows lie";
}

TEST_F(Schema, KeysOfDistributedTablesBeginWithTheDealer) {
  for (const std::string& table : TableNames()) {
    if (!IsDistributed(table)) continue;
    std::string first;
    for (const Strings& column : Rows("PRAGMA table_info(" + table + ")", 6)) {
      if (column[5] == "1") first = column[1];
    }
    EXPECT_EQ(first, "dealer_id") << "primary key of " << table;
    for (const Strings& index : Rows("PRAGMA index_list(" + table + ")", 3)) {
      if (index[2] != "1") continue;
      const auto columns = Rows("PRAGMA index_info(" + index[1] + ")", 3);
      ASSERT_FALSE(columns.empty());
      EXPECT_EQ(columns.front()[2], "dealer_id") << "unique index " << index[1] << " of " << table;
    }
  }
}

TEST_F(Schema, ForeignKeysPointWhereTheyMay) {
  for (const std::string& table : TableNames()) {
    const db::Table* declared = db::FindTable(table);
    if (declared == nullptr) continue;
    for (const Strings& key : Rows("PRAGMA foreign_key_list(" + table + ")", 5)) {
      const std::string& target = key[2];
      const std::string what = table + "." + key[3] + " -> " + target;
      const db::Table* other = db::FindTable(target);
      ASSERT_NE(other, nullptr) << what;
      const bool to_reference = other->kind == TableKind::kReference;
      switch (declared->kind) {
        case TableKind::kDistributed:
          EXPECT_TRUE(to_reference || other->kind == TableKind::kDistributed) << what;
          if (other->kind == TableKind::kDistributed && key[1] == "0") {
            EXPECT_EQ(key[3], "dealer_id") << what;
            EXPECT_TRUE(key[4].empty() || key[4] == "dealer_id") << what;
          }
          break;
        case TableKind::kReference: EXPECT_TRUE(to_reference) << what; break;
        case TableKind::kLocal: EXPECT_TRUE(to_reference || other->kind == TableKind::kLocal) << what; break;
      }
    }
  }
}

TEST_F(Schema, ThereAreNoTriggersOrViews) {
  EXPECT_TRUE(Rows("SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view')", 1).empty());
}

// ---- Statements ----

// The tables that a statement reads or writes, each with the words that follow it up to the next one.
struct Use {
  std::string word;  // FROM, JOIN, INTO, UPDATE
  std::string table;
  std::string rest;
};

std::vector<Use> UsesOf(const std::string& sql) {
  static const std::regex kUse("\\b(FROM|JOIN|INTO|UPDATE) ([a-z_]+)");
  std::vector<Use> uses;
  for (std::sregex_iterator it(sql.begin(), sql.end(), kUse), end; it != end; ++it) {
    const auto next = std::next(it);
    const size_t from = static_cast<size_t>(it->position() + it->length());
    const size_t to = next == end ? sql.size() : static_cast<size_t>(next->position());
    uses.push_back({it->str(1), it->str(2), sql.substr(from, to - from)});
  }
  return uses;
}

bool Has(const std::string& text, const std::string& pattern) { return std::regex_search(text, std::regex(pattern)); }

// The text between a bracket that opens at `at` and the one that closes it.
std::string Inside(const std::string& sql, size_t at) {
  int depth = 0;
  for (size_t i = at; i < sql.size(); ++i) {
    if (sql[i] == '(') ++depth;
    if (sql[i] == ')' && --depth == 0) return sql.substr(at + 1, i - at - 1);
  }
  return sql.substr(at + 1);
}

// The sub-selects of a statement.
Strings Selects(const std::string& sql) {
  Strings selects;
  for (size_t at = sql.find("(SELECT "); at != std::string::npos; at = sql.find("(SELECT ", at + 1)) {
    selects.push_back(Inside(sql, at));
  }
  return selects;
}

// Names by which a select knows its tables.
std::set<std::string> Aliases(const std::string& sql) {
  static const std::regex kAlias("\\b(?:FROM|JOIN) ([a-z_]+)(?: ([a-z_]+))?");
  std::set<std::string> names;
  for (std::sregex_iterator it(sql.begin(), sql.end(), kAlias), end; it != end; ++it) {
    names.insert(it->str(1));
    if ((*it)[2].matched) names.insert(it->str(2));
  }
  return names;
}

// Whether it speaks of a table that is not its own.
bool IsCorrelated(const std::string& select) {
  static const std::regex kColumn("\\b([a-z_]+)\\.[a-z_]+");
  const std::set<std::string> own = Aliases(select);
  for (std::sregex_iterator it(select.begin(), select.end(), kColumn), end; it != end; ++it) {
    if (!own.contains(it->str(1))) return true;
  }
  return false;
}

constexpr const char* kVolatile = "\\b(now|random|clock_timestamp|gen_random_uuid|nextval)\\(|\\bCURRENT_";

// What is wrong with a statement, by the rule that it breaks. `network_wide`: it is declared to read many dealers.
Strings Faults(const std::string& sql, bool network_wide) {
  Strings faults;
  const auto fault = [&](bool broken, const std::string& rule) {
    if (broken) faults.push_back(rule);
  };
  const std::vector<Use> uses = UsesOf(sql);
  const bool distributed = std::any_of(uses.begin(), uses.end(), [](const Use& u) { return IsDistributed(u.table); });
  const bool by_dealer = Has(sql, "\\bdealer_id = (\\?\\d|@)");
  const bool insert = sql.starts_with("INSERT");

  fault(Has(sql, "GROUPING SETS|ROLLUP|\\bCUBE\\b"), "sub-totals are added up in C++, not by GROUPING SETS");
  fault(Has(sql, "CREATE (OR REPLACE )?TRIGGER"), "no triggers");
  fault(Has(sql, "(SET LOCAL|SET SESSION) citus") && !Has(sql, "multi_shard"), "no settings of Citus");
  if (const size_t set = sql.find("DO UPDATE SET"); set != std::string::npos) {
    std::string values = sql.substr(set);
    values = values.substr(0, std::min(values.find(" WHERE "), values.find(" RETURNING ")));
    fault(Has(values, "\\(SELECT ") || Has(values, kVolatile), "DO UPDATE SET takes values, no sub-select or clock");
  }
  if (!distributed) return faults;

  fault(Has(sql, kVolatile), "clocks and chance are values of the statement");
  const Use& first = uses.front();
  if (first.word == "INTO" && IsDistributed(first.table)) {
    fault(!Has(first.rest, "^ (AS [a-z]+ )?\\(dealer_id\\b"), "an insert names its columns, dealer_id first");
    fault(uses.size() > 1 && !Has(sql, "SELECT ([a-z]+\\.)?dealer_id\\b"), "INSERT … SELECT stays at its dealer");
  }
  const bool values = insert && uses.size() == 1;
  const bool writes = (first.word == "UPDATE" || sql.starts_with("DELETE")) && IsDistributed(first.table);
  fault(writes && !by_dealer, "what changes a dealer's rows names the dealer");
  fault(writes && Has(sql, "SET ([^W]*, )?dealer_id ="), "dealer_id never changes");
  fault(!values && !writes && !by_dealer && !network_wide,
        "it names no dealer; where it must read many, declare it in tests/rules/network_wide.txt");
  fault(Has(sql, "RECURSIVE") && !by_dealer, "a recursive CTE names its dealer");
  fault(Has(sql, "FOR (NO KEY )?UPDATE") && !by_dealer, "FOR UPDATE is for one dealer");
  for (const Use& use : uses) {
    if (use.word != "JOIN" || !IsDistributed(use.table)) continue;
    const std::string condition = use.rest.substr(0, use.rest.find(" WHERE "));
    fault(!Has(condition, "\\bdealer_id = "), "tables of dealers are joined by dealer_id: " + use.table);
  }
  // From a table that is elsewhere Citus cannot look into the dealers' for every row.
  std::string outer = sql;
  for (const std::string& select : Selects(sql)) {
    const size_t at = outer.find("(" + select + ")");
    if (at != std::string::npos) outer.replace(at, select.size() + 2, "()");
  }
  const bool outer_distributed = [&] {
    const std::vector<Use> outside = UsesOf(outer);
    return std::any_of(outside.begin(), outside.end(), [](const Use& u) { return IsDistributed(u.table); });
  }();
  for (const std::string& select : Selects(sql)) {
    const std::vector<Use> inside = UsesOf(select);
    const bool looks = std::any_of(inside.begin(), inside.end(), [](const Use& u) { return IsDistributed(u.table); });
    fault(looks && !outer_distributed && IsCorrelated(select), "a sub-select on tables of dealers from elsewhere");
  }
  for (const Use& use : uses) {
    if (use.word == "INTO") continue;
    const bool elsewhere =
        IsKind(use.table, TableKind::kLocal) || use.table.starts_with("recount_") || use.table == "ledger_unpacked";
    fault(elsewhere && !network_wide, "local tables are read by a statement of their own: " + use.table);
  }
  return faults;
}

// Statements that read many dealers, and why.
struct Declared {
  std::string file;
  std::string words;  // of the statement
  bool used = false;
};

std::vector<Declared> ReadDeclared() {
  std::vector<Declared> declared;
  for (const std::string& line : Split(ReadAll("tests/rules/network_wide.txt"), '\n')) {
    if (Trim(line).empty() || line.starts_with('#')) continue;
    const Strings parts = Split(line, '|');
    EXPECT_EQ(parts.size(), 3U) << line;
    if (parts.size() != 3) continue;
    EXPECT_FALSE(Trim(parts[2]).empty()) << "why? " << line;
    declared.push_back({std::string(Trim(parts[0])), std::string(Trim(parts[1]))});
  }
  return declared;
}

TEST(Statements, KeepToWhatADistributedStoreCanDo) {
  std::vector<Declared> declared = ReadDeclared();
  int statements = 0;
  int on_dealers = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("src")) {
    const std::string file = entry.path().generic_string();
    if (!(file.ends_with(".cc") || file.ends_with(".h")) || file.ends_with("_test.cc")) continue;
    for (const SqlText& text : StatementsOf(file, ReadAll(entry.path()))) {
      ++statements;
      bool network_wide = false;
      for (Declared& known : declared) {
        if (known.file != file || text.sql.find(known.words) == std::string::npos) continue;
        known.used = true;
        network_wide = true;
      }
      for (const Use& use : UsesOf(text.sql)) {
        if (IsDistributed(use.table)) {
          ++on_dealers;
          break;
        }
      }
      for (const std::string& fault : Faults(text.sql, network_wide)) {
        ADD_FAILURE() << file << ":" << text.line << ": " << fault << "\n  " << text.sql.substr(0, 300);
      }
    }
  }
  for (const Declared& known : declared) {
    EXPECT_TRUE(known.used) << "tests/rules/network_wide.txt: no such statement: " << known.file << " | "
                            << known.words;
  }
  // A reader that finds nothing would be content with everything.
  EXPECT_GT(statements, 150);
  EXPECT_GT(on_dealers, 30);
}

// Those that are put together from the list of sealed columns, which no source has as a whole.
TEST(Statements, OnSealedColumnsKeepToItToo) {
  int on_dealers = 0;
  for (const access::SealedColumn& column : access::kSealedColumns) {
    const bool of_dealer = column.of == access::SealedColumn::Of::kDealer;
    EXPECT_EQ(IsDistributed(column.table), of_dealer) << column.table;
    const access::SealedStatements all = access::StatementsOf(column);
    for (const std::string& sql : {all.page, all.change, all.find, all.count}) {
      EXPECT_EQ(Faults(sql, false), Strings()) << sql;
      on_dealers += of_dealer ? 1 : 0;
    }
  }
  EXPECT_GT(on_dealers, 4);
}

TEST(Statements, AreFoundInTheirSources) {
  const auto statements = StatementsOf("a.cc", R"source(
    // "SELECT 1 FROM comment"
    constexpr int kMany = 10'000; constexpr char kQuote = '"';
    void Look(bool team) {
      c.Query("SELECT a " "FROM \"b\" WHERE c = ?1", "SELECT 2");
      c.Query(team ? "SELECT 3" : "SELECT 4", x);
      std::string sql = std::string("SELECT 5 FROM t ") + Name(1, 2) + "WHERE x = 1"; sql += " AND y";
      constexpr auto kRaw = R"sql(
    -- words
    UPDATE t SET a = 1)sql";
      Say("Selected");
    }
  )source");
  Strings texts;
  for (const SqlText& statement : statements) texts.push_back(statement.sql);
  EXPECT_EQ(texts, (Strings{"SELECT a FROM \"b\" WHERE c = ?1", "SELECT 2", "SELECT 3", "SELECT 4",
                            "SELECT 5 FROM t @WHERE x = 1", "UPDATE t SET a = 1"}));
  EXPECT_EQ(statements[0].line, 5);
}

TEST(Statements, EachRuleFindsWhatBreaksIt) {
  const auto breaks = [](const std::string& sql, const std::string& rule, bool network_wide = false) {
    const Strings faults = Faults(sql, network_wide);
    const bool found = std::any_of(faults.begin(), faults.end(),
                                   [&](const std::string& fault) { return fault.find(rule) != std::string::npos; });
    EXPECT_TRUE(found) << sql;
  };
  breaks("SELECT seq FROM ledger_entry WHERE seq = ?1", "names no dealer");
  breaks("UPDATE ledger_head SET head = 0", "names the dealer", true);
  breaks("DELETE FROM staff WHERE code = ?1", "names the dealer", true);
  breaks("UPDATE staff SET dealer_id = ?2 WHERE dealer_id = ?1", "never changes");
  breaks("INSERT INTO staff VALUES (?1, ?2, ?3, ?4)", "dealer_id first");
  breaks("INSERT INTO staff (staff_id, dealer_id) VALUES (?1, ?2)", "dealer_id first");
  breaks(
      "INSERT INTO ledger_head (dealer_id, head) VALUES (?1, 1) ON CONFLICT (dealer_id) DO UPDATE SET head = "
      "(SELECT max(seq) FROM ledger_entry WHERE dealer_id = ?1)",
      "DO UPDATE SET");
  breaks("INSERT INTO lease (name) VALUES (?1) ON CONFLICT (name) DO UPDATE SET held_until = now()", "DO UPDATE SET");
  breaks("SELECT seq FROM ledger_entry WHERE dealer_id = ?1 AND at < now()", "clocks");
  breaks("SELECT event, count(*) FROM ledger_entry WHERE dealer_id = ?1 GROUP BY ROLLUP (event)", "sub-totals");
  breaks("SELECT e.seq FROM ledger_entry e JOIN staff s ON s.staff_id = e.actor WHERE e.dealer_id = ?1",
         "joined by dealer_id");
  breaks("WITH RECURSIVE r AS (SELECT seq FROM ledger_entry) SELECT * FROM r", "recursive", true);
  breaks("SELECT head FROM ledger_head FOR UPDATE", "FOR UPDATE", true);
  breaks("SELECT d.code FROM dealer d WHERE EXISTS (SELECT 1 FROM ledger_head h WHERE h.dealer_id = d.dealer_id)",
         "from elsewhere", true);
  breaks("SELECT e.seq FROM ledger_entry e JOIN import_batch b ON b.batch_id = e.batch_id WHERE e.dealer_id = ?1",
         "local tables");
  breaks("CREATE TRIGGER t AFTER INSERT ON staff", "triggers");

  for (const char* fine : {"SELECT seq FROM ledger_entry WHERE dealer_id = ?1 AND seq > ?2",
                           "SELECT e.seq FROM ledger_entry e WHERE e.dealer_id = ?1 AND NOT EXISTS (SELECT 1 FROM "
                           "ledger_entry r WHERE r.dealer_id = e.dealer_id AND r.reverses = e.seq)",
                           "INSERT INTO staff (dealer_id, staff_id, code, name) VALUES (?1, ?2, ?3, ?4)",
                           "SELECT code FROM region", "DELETE FROM session WHERE expires_at <= ?1"}) {
    EXPECT_EQ(Faults(fine, false), Strings()) << fine;
  }
}

}  // namespace
}  // namespace dealpace::testing
