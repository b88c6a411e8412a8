#include "db/distribute.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "db/tables.h"
#include "db/testing.h"

// Citus itself is no package of Debian. Where DEALPACE_TEST_PG_URL names a server that has it, every database of the
// tests is spread over its nodes (db/testing.h). Else its functions are played here, with the rules that they enforce.
namespace dealpace::db {
namespace {

constexpr std::string_view kPlayedCitus = R"sql(
CREATE TABLE pg_dist_partition (logicalrelid regclass, partmethod "char", repmodel "char", colocated TEXT);
CREATE TABLE call (number SERIAL, what TEXT);

-- What a spread table points to must be spread before, and nothing may point to one from outside.
CREATE FUNCTION check_keys(t regclass, of_dealer boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM pg_constraint k LEFT JOIN pg_dist_partition p ON p.logicalrelid = k.confrelid
             WHERE k.contype = 'f' AND k.conrelid = t AND (p IS NULL OR (p.partmethod = 'h' AND NOT of_dealer))) THEN
    RAISE EXCEPTION 'cannot create foreign key constraint from %', t;
  END IF;
  IF of_dealer AND EXISTS (SELECT 1 FROM pg_constraint k LEFT JOIN pg_dist_partition p ON p.logicalrelid = k.conrelid
                           WHERE k.contype = 'f' AND k.confrelid = t AND p IS NULL) THEN
    RAISE EXCEPTION 'cannot create foreign key constraint to %', t;
  END IF;
END $$;

CREATE FUNCTION create_reference_table(t regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM check_keys(t, false);
  INSERT INTO pg_dist_partition VALUES (t, 'n', 't', NULL);
  INSERT INTO call (what) VALUES ('reference ' || t);
END $$;

CREATE FUNCTION create_distributed_table(t regclass, col text, colocate_with text DEFAULT 'default',
                                         shard_count int DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM check_keys(t, true);
  IF EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = t AND i.indisunique AND NOT
             (SELECT attnum FROM pg_attribute WHERE attrelid = t AND attname = col) = ANY (i.indkey::int2[])) THEN
    RAISE EXCEPTION 'cannot create constraint on %: it lacks the column %', t, col;
  END IF;
  INSERT INTO pg_dist_partition VALUES (t, 'h', 'c', colocate_with);
  INSERT INTO call (what) VALUES ('distributed ' || t || ' with ' || colocate_with || coalesce(' ' || shard_count, ''));
END $$;
)sql";

bool ServerHasCitus() {
  TestDatabase database(Kind::kPostgres, Tables::kNone);
  const auto has = database->Read<bool>([](Connection& c) -> Result<bool> {
    return c.Query("SELECT 1 FROM pg_extension WHERE extname = 'citus'").Next();
  });
  return has.ok() && *has;
}

class DistributeTest : public testing::Test {
 protected:
  void SetUp() override {
    if (TestKinds().size() < 2) GTEST_SKIP() << "DEALPACE_TEST_PG_URL is not set";
    if (ServerHasCitus()) GTEST_SKIP() << "the server has Citus, so there is nothing to play";
    database_ = std::make_unique<TestDatabase>(Kind::kPostgres);
  }
  void PlayCitus() { Script(kPlayedCitus); }
  void Script(std::string_view script) {
    const Status done = (*database_)->Write<void>([&](Connection& c) -> Status {
      c.ExecuteScript(script);
      return {};
    });
    ASSERT_TRUE(done.ok()) << done.error().Arg("detail");
  }
  std::vector<std::string> Texts(std::string_view sql) {
    const auto texts =
        (*database_)->Read<std::vector<std::string>>([&](Connection& c) -> Result<std::vector<std::string>> {
          std::vector<std::string> found;
          Rows rows = c.Query(sql);
          while (rows.Next()) found.emplace_back(rows.Text(0));
          return found;
        });
    return texts.ok() ? *texts : std::vector<std::string>{std::string(texts.error().Arg("detail"))};
  }
  std::vector<std::string> ForeignKeys() {
    return Texts(
        "SELECT c.relname || ' ' || k.conname || ' ' || pg_get_constraintdef(k.oid) FROM pg_constraint k "
        "JOIN pg_class c ON c.oid = k.conrelid WHERE k.contype = 'f' AND k.connamespace = "
        "(SELECT oid FROM pg_namespace WHERE nspname = current_schema()) ORDER BY 1");
  }
  std::unique_ptr<TestDatabase> database_;
};

TEST(Distribute, SqliteIsOneFile) {
  TestDatabase database(Kind::kSqlite);
  const auto done = Distribute(*database);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, "distribute_needs_postgres");
}

TEST_F(DistributeTest, WithoutCitusNothingChanges) {
  const auto before = ForeignKeys();
  const auto done = Distribute(**database_);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, "citus_missing");
  EXPECT_EQ(ForeignKeys(), before);
}

TEST_F(DistributeTest, TablesOfDealersLieTogetherAndMastersEverywhere) {
  PlayCitus();
  const auto before = ForeignKeys();
  const auto done = Distribute(**database_, 16);
  ASSERT_TRUE(done.ok()) << done.error().code << ": " << done.error().Arg("detail");
  EXPECT_EQ(ForeignKeys(), before) << "they are all back";
  EXPECT_FALSE(before.empty());

  std::vector<std::string> references;
  std::vector<std::string> distributed;
  for (const Table& table : DeclaredTables()) {
    if (table.kind == TableKind::kReference) references.push_back(table.name);
    if (table.kind == TableKind::kDistributed) distributed.push_back(table.name);
  }
  EXPECT_EQ(done->references, references);
  EXPECT_EQ(done->distributed, distributed);
  const std::vector<std::string> calls = Texts("SELECT what FROM call ORDER BY number");
  ASSERT_EQ(calls.size(), references.size() + distributed.size());
  EXPECT_EQ(calls[references.size()], "distributed " + distributed.front() + " with none 16");
  for (size_t i = 1; i < distributed.size(); ++i) {
    EXPECT_EQ(calls[references.size() + i], "distributed " + distributed[i] + " with " + distributed.front());
  }

  const auto again = Distribute(**database_);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->references.empty() && again->distributed.empty());
  EXPECT_EQ(Texts("SELECT what FROM call").size(), calls.size());
}

// A later release brings no table that tables.txt does not name; here, one is brought back.
TEST_F(DistributeTest, MigratingADistributedStoreSpreadsWhatIsNew) {
  Script("DROP TABLE staff_team");
  PlayCitus();
  ASSERT_TRUE(Distribute(**database_).ok());
  const auto done =
      Migrate(**database_, {{"0901_team_again.sql",
                             "CREATE TABLE staff_team (\n  dealer_id {int} NOT NULL,\n  staff_id {int} NOT NULL,\n"
                             "  from_day {int} NOT NULL,\n  PRIMARY KEY (dealer_id, staff_id, from_day),\n"
                             "  FOREIGN KEY (dealer_id) REFERENCES dealer,\n"
                             "  FOREIGN KEY (dealer_id, staff_id) REFERENCES staff\n) {strict};"}});
  ASSERT_TRUE(done.ok()) << done.error().code << ": " << done.error().Arg("detail");
  EXPECT_EQ(Texts("SELECT what FROM call ORDER BY number DESC LIMIT 1").front(),
            "distributed staff_team with " + std::string("dealer_region"));
  int keys = 0;
  for (const std::string& key : ForeignKeys()) keys += key.starts_with("staff_team ") ? 1 : 0;
  EXPECT_EQ(keys, 2);
}

TEST(DetachForeignKeys, TakesOutOnlyThoseToDistributedTables) {
  const DetachedKeys detached = DetachForeignKeys(
      "-- FOREIGN KEY (a) REFERENCES staff, in a comment\n"
      "CREATE TABLE visit (\n"
      "  dealer_id BIGINT NOT NULL REFERENCES dealer, -- (its dealer\n"
      "  staff_id BIGINT,\n"
      "  kind TEXT NOT NULL CHECK (kind IN ('a, (', 'b')),\n"
      "  PRIMARY KEY (dealer_id, staff_id),\n"
      "  FOREIGN KEY (dealer_id, staff_id) REFERENCES staff,\n"
      "  FOREIGN KEY (dealer_id) REFERENCES dealer (dealer_id)\n"
      ");\n"
      "CREATE INDEX visit_kind ON visit (dealer_id, kind);\n");
  EXPECT_EQ(detached.script,
            "-- FOREIGN KEY (a) REFERENCES staff, in a comment\n"
            "CREATE TABLE visit (\n"
            "  dealer_id BIGINT NOT NULL REFERENCES dealer, -- (its dealer\n"
            "  staff_id BIGINT,\n"
            "  kind TEXT NOT NULL CHECK (kind IN ('a, (', 'b')),\n"
            "  PRIMARY KEY (dealer_id, staff_id),\n"
            "  FOREIGN KEY (dealer_id) REFERENCES dealer (dealer_id)\n"
            ");\n"
            "CREATE INDEX visit_kind ON visit (dealer_id, kind);\n");
  ASSERT_EQ(detached.keys.size(), 1U);
  EXPECT_EQ(detached.keys.front(),
            "ALTER TABLE visit ADD CONSTRAINT visit_key1 FOREIGN KEY (dealer_id, staff_id) REFERENCES staff");
  // A file that is there in full is taken apart and stays what it was, but for its keys.
  EXPECT_EQ(DetachForeignKeys("CREATE TABLE a (b BIGINT);").script, "CREATE TABLE a (b BIGINT);");
}

TEST(TableList, IsReadLineByLine) {
  const std::vector<Table> tables = ParseTables("# words\n\na   local # more words\nb reference\n");
  ASSERT_EQ(tables.size(), 2U);
  EXPECT_EQ(tables[0].name, "a");
  EXPECT_EQ(tables[1].kind, TableKind::kReference);
  EXPECT_THROW((void)ParseTables("a somewhere\n"), std::logic_error);
  EXPECT_TRUE(ParseTables("a   local    record # words\n")[0].record);
  EXPECT_FALSE(tables[0].record);
  EXPECT_THROW((void)ParseTables("a local rekord\n"), std::logic_error);
  EXPECT_THROW((void)ParseTables("a local record record\n"), std::logic_error);
  EXPECT_THROW((void)ParseTables("a\n"), std::logic_error);
  EXPECT_THROW((void)ParseTables("a local\na local\n"), std::logic_error);
}

}  // namespace
}  // namespace dealpace::db
