#include "db/db.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <future>
#include <limits>
#include <thread>

#include "db/backend.h"
#include "db/testing.h"

namespace dealpace::db {
namespace {

using testing::ValuesIn;

std::string Code(const Status& status) { return status.ok() ? "" : status.error().code; }
std::string Detail(const Status& status) { return status.ok() ? "" : std::string(status.error().Arg("detail")); }

// A database with one table, `item`.
class DbTest : public testing::TestWithParam<Kind> {
 protected:
  DbTest() : database_(GetParam(), Tables::kNone) {
    const bool sqlite = GetParam() == Kind::kSqlite;
    const std::string bytes = sqlite ? "BLOB" : "BYTEA";
    const std::string real = sqlite ? "REAL" : "DOUBLE PRECISION";
    Must([&](Connection& c) {
      c.ExecuteScript("CREATE TABLE item (id BIGINT PRIMARY KEY, name TEXT, data " + bytes + ", share " + real +
                      "); CREATE UNIQUE INDEX item_name ON item (name);");
    });
  }

  // Writes, and expects success.
  void Must(const std::function<void(Connection&)>& work) { MustOn(*database_, work); }
  static void MustOn(Database& database, const std::function<void(Connection&)>& work) {
    const Status status = Try(database, work);
    ASSERT_TRUE(status.ok()) << status.error().code << ": " << Detail(status);
  }
  static Status Try(Database& database, const std::function<void(Connection&)>& work) {
    return database.Write<void>([&](Connection& c) -> Status {
      work(c);
      return {};
    });
  }
  Status Try(const std::function<void(Connection&)>& work) { return Try(*database_, work); }
  Status Look(const std::function<void(Connection&)>& work) {
    return database_->Read<void>([&](Connection& c) -> Status {
      work(c);
      return {};
    });
  }
  static int64_t Number(Connection& c, std::string_view sql) {
    Rows rows = c.Query(sql);
    return rows.Next() ? rows.Int(0) : -1;
  }
  int64_t Count() { return CountOn(*database_); }
  static int64_t CountOn(Database& database) {
    const auto count =
        database.Read<int64_t>([](Connection& c) -> Result<int64_t> { return Number(c, "SELECT count(*) FROM item"); });
    return count.ok() ? *count : -2;
  }

  TestDatabase database_;
};
INSTANTIATE_TEST_SUITE_P(On, DbTest, ValuesIn(TestKinds()), KindNames());

TEST_P(DbTest, ValuesComeBackAsTheyWereStored) {
  const std::string bytes("\0\x01\\x41\xff\n", 9);
  const std::string text = "王小明 'quoted' \"double\" \\N \t\r\n ?1 😀";
  Must([&](Connection& c) {
    const std::string_view sql = "INSERT INTO item (id, name, data, share) VALUES (?1, ?2, ?3, ?4)";
    EXPECT_EQ(c.Execute(sql, std::numeric_limits<int64_t>::max(), text, Blob{bytes}, 0.1), 1);
    EXPECT_EQ(c.Execute(sql, std::numeric_limits<int64_t>::min(), std::string_view(), Blob{}, -1e300), 1);
    EXPECT_EQ(c.Execute(sql, 3'000'000'000, std::nullopt, std::nullopt, std::optional<double>()), 1);
    EXPECT_EQ(c.Execute(sql, StaffId(7), "seven", Blob{"x"}, 1), 1);
  });
  const Status read = Look([&](Connection& c) {
    Rows rows = c.Query("SELECT id, name, data, share FROM item ORDER BY id");
    ASSERT_TRUE(rows.Next());
    EXPECT_EQ(rows.Int(0), std::numeric_limits<int64_t>::min());
    EXPECT_FALSE(rows.IsNull(1)) << "the empty text is no NULL";
    EXPECT_EQ(rows.Text(1), "");
    EXPECT_FALSE(rows.IsNull(2));
    EXPECT_EQ(rows.Bytes(2), "");
    EXPECT_EQ(rows.Double(3), -1e300);
    ASSERT_TRUE(rows.Next());
    EXPECT_EQ(rows.Int(0), 7);
    EXPECT_EQ(rows.Double(3), 1.0);
    ASSERT_TRUE(rows.Next());
    EXPECT_EQ(rows.OptionalInt(0), 3'000'000'000);
    for (int column = 1; column < 4; ++column) {
      EXPECT_TRUE(rows.IsNull(column));
      EXPECT_EQ(rows.Int(column), 0);
      EXPECT_EQ(rows.Text(column), "");
      EXPECT_EQ(rows.OptionalInt(column), std::nullopt);
    }
    ASSERT_TRUE(rows.Next());
    EXPECT_EQ(rows.Int(0), std::numeric_limits<int64_t>::max());
    EXPECT_EQ(rows.Text(1), text);
    EXPECT_EQ(rows.Bytes(1), text);
    EXPECT_EQ(rows.Bytes(2), bytes);
    EXPECT_EQ(rows.Double(3), 0.1);
    EXPECT_FALSE(rows.Next());
    EXPECT_FALSE(rows.Next());
  });
  EXPECT_EQ(Code(read), "") << Detail(read);
}

TEST_P(DbTest, WhatOneOfTheDatabasesCannotStoreIsRefusedByBoth) {
  const auto insert = [&](const Value& name, const Value& share) {
    return Try([&](Connection& c) {
      const std::vector<Value> values{1, name, share};
      c.ExecuteValues("INSERT INTO item (id, name, share) VALUES (?1, ?2, ?3)", values);
    });
  };
  EXPECT_EQ(Code(insert(std::string_view("a\0b", 3), 1.0)), "storage_failed");
  EXPECT_EQ(Code(insert("\xff", 1.0)), "storage_failed");
  EXPECT_EQ(Code(insert("fine", std::numeric_limits<double>::quiet_NaN())), "storage_failed");
  EXPECT_EQ(Code(Try([&](Connection& c) {
              BulkInsert bulk = c.Bulk("item", std::vector<std::string_view>{"id", "name"});
              bulk.Row(std::vector<Value>{1, std::string_view("a\0b", 3)});
              bulk.Finish();
            })),
            "storage_failed");
  EXPECT_EQ(Count(), 0);
  EXPECT_EQ(Code(insert("fine", std::numeric_limits<double>::infinity())), "");
  EXPECT_EQ(Code(Look([&](Connection& c) {
              Rows rows = c.Query("SELECT share FROM item");
              ASSERT_TRUE(rows.Next());
              EXPECT_EQ(rows.Double(0), std::numeric_limits<double>::infinity());
            })),
            "");
}

TEST_P(DbTest, TheSameTextMayBeRunWithOtherTypes) {
  Must([&](Connection& c) {
    const std::string_view sql = "INSERT INTO item (id, name, share) VALUES (?1, ?2, ?3)";
    c.Execute(sql, 1, "one", 0.5);
    c.Execute(sql, 2, std::nullopt, 2);
    c.Execute(sql, 3, "three", std::nullopt);
    c.Execute(sql, 4, "four", 0.25);
    EXPECT_EQ(Number(c, "SELECT count(*) FROM item WHERE share IS NOT NULL AND name IS NOT NULL"), 2);
  });
}

TEST_P(DbTest, PlaceholdersMayRepeatAndStandInAnyOrder) {
  Must([&](Connection& c) {
    Rows rows = c.Query(
        "SELECT CAST(?2 AS TEXT), CAST(?1 AS TEXT), CAST(?2 AS TEXT), '?1', 'it''s ?2' AS \"?3\" -- ?4\n /* ?5 */", "a",
        "b");
    ASSERT_TRUE(rows.Next());
    EXPECT_EQ(rows.Text(0), "b");
    EXPECT_EQ(rows.Text(1), "a");
    EXPECT_EQ(rows.Text(2), "b");
    EXPECT_EQ(rows.Text(3), "?1");
    EXPECT_EQ(rows.Text(4), "it's ?2");
  });
}

TEST_P(DbTest, AWrongNumberOfValuesIsAnError) {
  EXPECT_EQ(Code(Look([](Connection& c) { (void)c.Query("SELECT id FROM item WHERE id = ?1"); })), "storage_failed");
  EXPECT_EQ(Code(Look([](Connection& c) { (void)c.Query("SELECT id FROM item", 1); })), "storage_failed");
  EXPECT_EQ(Code(Try([](Connection& c) {
              BulkInsert bulk = c.Bulk("item", std::vector<std::string_view>{"id", "name"});
              bulk.Row(std::vector<Value>{1});
              bulk.Finish();
            })),
            "storage_failed");
}

TEST_P(DbTest, OneStatementAtATimeExceptInScripts) {
  EXPECT_EQ(Code(Try([](Connection& c) { c.Execute("DELETE FROM item; DELETE FROM item"); })), "storage_failed");
  EXPECT_EQ(Code(Try([](Connection& c) { c.Execute("DELETE FROM item ; -- all\n "); })), "");
  EXPECT_EQ(Code(Try([](Connection& c) { c.ExecuteScript("DELETE FROM item; -- all\nDELETE FROM item;\n"); })), "");
  EXPECT_EQ(Code(Try([](Connection& c) { c.ExecuteScript(""); })), "");
}

TEST_P(DbTest, AWrongStatementSaysWhere) {
  const Status status = Look([](Connection& c) { (void)c.Query("SELECT nothing FROM item"); });
  EXPECT_EQ(Code(status), "storage_failed");
  EXPECT_NE(Detail(status).find("SELECT nothing FROM item"), std::string::npos) << Detail(status);
  EXPECT_EQ(Code(Look([](Connection& c) { (void)c.Query("SELECT \"text\""); })), "storage_failed")
      << "double quotes are for names";
}

TEST_P(DbTest, ExecuteCountsRows) {
  Must([](Connection& c) {
    for (int i = 1; i <= 5; ++i) c.Execute("INSERT INTO item (id) VALUES (?1)", i);
    EXPECT_EQ(c.Execute("UPDATE item SET share = 1 WHERE id > ?1", 2), 3);
    EXPECT_EQ(c.Execute("CREATE TABLE other (id BIGINT)"), 0);
    EXPECT_EQ(c.Execute("DELETE FROM item WHERE id > ?1", 100), 0);
    EXPECT_EQ(c.Execute("INSERT INTO other (id) SELECT id FROM item WHERE id < ?1", 3), 2);
    EXPECT_EQ(c.Execute("DELETE FROM item"), 5);
  });
}

TEST_P(DbTest, ReturningWritesEvenWhenNobodyReads) {
  Must([](Connection& c) {
    { const Rows unread = c.Query("INSERT INTO item (id) VALUES (?1), (?2) RETURNING id", 1, 2); }
    EXPECT_EQ(Number(c, "SELECT count(*) FROM item"), 2);
    Rows rows = c.Query(
        "INSERT INTO item (id, name) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET name = "
        "excluded.name RETURNING id, name",
        2, "two");
    ASSERT_TRUE(rows.Next());
    EXPECT_EQ(rows.Int(0), 2);
    EXPECT_EQ(rows.Text(1), "two");
    EXPECT_FALSE(rows.Next());
  });
  EXPECT_EQ(Count(), 2);
}

TEST_P(DbTest, QueriesRunBesideAnOpenOne) {
  Must([](Connection& c) {
    for (int i = 1; i <= 3; ++i) c.Execute("INSERT INTO item (id, name) VALUES (?1, ?2)", i, std::to_string(i));
    std::string seen;
    Rows outer = c.Query("SELECT id FROM item ORDER BY id");
    while (outer.Next()) {
      Rows inner = c.Query("SELECT name FROM item WHERE id >= ?1 ORDER BY id", outer.Int(0));
      while (inner.Next()) seen += inner.Text(0);
      seen += ' ';
      // Even the same text.
      Rows same = c.Query("SELECT id FROM item ORDER BY id");
      EXPECT_TRUE(same.Next());
      EXPECT_EQ(same.Int(0), 1);
      c.Execute("UPDATE item SET share = ?2 WHERE id = ?1", outer.Int(0), 0.5);
    }
    EXPECT_EQ(seen, "123 23 3 ");
  });
}

TEST_P(DbTest, ValuesAreNotNeededOnceQueryReturns) {
  Must([](Connection& c) {
    for (int i = 1; i <= 3; ++i) c.Execute("INSERT INTO item (id, name) VALUES (?1, ?2)", i, "n" + std::to_string(i));
    auto prefix = std::make_unique<std::string>("n%");
    Rows rows = c.Query("SELECT id FROM item WHERE name LIKE ?1 ORDER BY id", *prefix);
    prefix->assign("zz");
    prefix.reset();
    int count = 0;
    while (rows.Next()) ++count;
    EXPECT_EQ(count, 3);
  });
}

TEST_P(DbTest, MoreStatementsThanTheCacheHolds) {
  Must([](Connection& c) {
    Rows open = c.Query("SELECT 0 AS first UNION ALL SELECT 1 ORDER BY first");
    ASSERT_TRUE(open.Next());
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < 300; ++i) EXPECT_EQ(Number(c, "SELECT " + std::to_string(i)), i);
    }
    ASSERT_TRUE(open.Next());
    EXPECT_EQ(open.Int(0), 1);
  });
}

TEST_P(DbTest, LikeTellsCaseAndOrderOfBytesCanBeAskedFor) {
  Must([](Connection& c) {
    for (const char* name : {"b", "A", "a", "B", "王", "_"}) {
      c.Execute("INSERT INTO item (id, name) VALUES (?1, ?2)", static_cast<unsigned char>(*name), name);
    }
    EXPECT_EQ(Number(c, "SELECT count(*) FROM item WHERE name LIKE 'a%'"), 1);
    std::string order;
    Rows rows = c.Query("SELECT name FROM item ORDER BY name COLLATE \"C\"");
    while (rows.Next()) order += rows.Text(0);
    EXPECT_EQ(order, "AB_ab王");
  });
}

// --- bulk ---

TEST_P(DbTest, BulkInsertsEveryKindOfValue) {
  const std::string bytes("\0\\\n\xff", 4);
  const std::string text = "tab\t line\n return\r back\\slash \\N \\. 王";
  Must([&](Connection& c) {
    BulkInsert bulk = c.Bulk("item", std::vector<std::string_view>{"id", "name", "data", "share"});
    bulk.Row(std::vector<Value>{1, text, Blob{bytes}, 0.1});
    bulk.Row(std::vector<Value>{2, "", Blob{}, std::numeric_limits<double>::infinity()});
    bulk.Row(std::vector<Value>{std::numeric_limits<int64_t>::min(), std::nullopt, std::nullopt, std::nullopt});
    bulk.Row(std::vector<Value>{4, "\\.", Blob{"x"}, 7});
    bulk.Finish();
    Rows rows = c.Query("SELECT id, name, data, share FROM item ORDER BY id");
    ASSERT_TRUE(rows.Next());
    EXPECT_EQ(rows.Int(0), std::numeric_limits<int64_t>::min());
    EXPECT_TRUE(rows.IsNull(1) && rows.IsNull(2) && rows.IsNull(3));
    ASSERT_TRUE(rows.Next());
    EXPECT_EQ(rows.Text(1), text);
    EXPECT_EQ(rows.Bytes(2), bytes);
    EXPECT_EQ(rows.Double(3), 0.1);
    ASSERT_TRUE(rows.Next());
    EXPECT_FALSE(rows.IsNull(1) || rows.IsNull(2));
    EXPECT_EQ(rows.Text(1), "");
    EXPECT_EQ(rows.Double(3), std::numeric_limits<double>::infinity());
    ASSERT_TRUE(rows.Next());
    EXPECT_EQ(rows.Text(1), "\\.");
    EXPECT_EQ(rows.Double(3), 7);
  });
}

TEST_P(DbTest, BulkTakesManyRowsAndOtherStatementsBesideIt) {
  constexpr int kRows = 60'000;  // some chunks of COPY
  Must([&](Connection& c) {
    BulkInsert bulk = c.Bulk("item", std::vector<std::string_view>{"id", "name"});
    for (int i = 1; i <= kRows; ++i) {
      bulk.Row(std::vector<Value>{i, "a name of some length, number " + std::to_string(i)});
      if (i % 10'000 == 0) {
        EXPECT_EQ(Number(c, "SELECT 42"), 42);
      }
    }
    bulk.Finish();
    EXPECT_EQ(Number(c, "SELECT count(*) FROM item"), kRows);
  });
  EXPECT_EQ(Count(), kRows);
}

TEST_P(DbTest, BulkReportsABrokenConstraint) {
  const Status status = Try([](Connection& c) {
    BulkInsert bulk = c.Bulk("item", std::vector<std::string_view>{"id"});
    for (const int id : {1, 2, 1}) bulk.Row(std::vector<Value>{id});
    bulk.Finish();
  });
  EXPECT_EQ(Code(status), "storage_failed");
  EXPECT_EQ(Count(), 0);
}

TEST_P(DbTest, BulkWithoutFinishIsNoSuccess) {
  EXPECT_EQ(Code(Try([](Connection& c) {
              BulkInsert bulk = c.Bulk("item", std::vector<std::string_view>{"id"});
              bulk.Row(std::vector<Value>{1});
            })),
            "storage_failed");
  EXPECT_EQ(Count(), 0);
}

// --- transactions ---

TEST_P(DbTest, AnErrorUndoesTheWrite) {
  const Status status = database_->Write<void>([](Connection& c) -> Status {
    c.Execute("INSERT INTO item (id) VALUES (1)");
    return Error("no_such_staff").With("name", "ana");
  });
  EXPECT_EQ(Code(status), "no_such_staff");
  EXPECT_EQ(status.error().Arg("name"), "ana");
  EXPECT_EQ(Count(), 0);
}

TEST_P(DbTest, AnExceptionUndoesTheWriteAndGoesOn) {
  EXPECT_THROW((void)Try([](Connection& c) {
                 c.Execute("INSERT INTO item (id) VALUES (1)");
                 throw std::out_of_range("oops");
               }),
               std::out_of_range);
  EXPECT_EQ(Count(), 0);
  Must([](Connection& c) { c.Execute("INSERT INTO item (id) VALUES (1)"); });
  EXPECT_EQ(Count(), 1);
}

TEST_P(DbTest, AValueComesOutOfATransaction) {
  const auto made = database_->Write<std::string>([](Connection& c) -> Result<std::string> {
    c.Execute("INSERT INTO item (id, name) VALUES (1, 'ana')");
    Rows rows = c.Query("SELECT name FROM item");
    rows.Next();
    return std::string(rows.Text(0));
  });
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(*made, "ana");
}

TEST_P(DbTest, AUniqueViolationUndoesTheWriteAndIsToldByWhy) {
  Must([](Connection& c) { c.Execute("INSERT INTO item (id, name) VALUES (1, 'ana')"); });
  for (const char* sql : {"INSERT INTO item (id) VALUES (1)", "INSERT INTO item (id, name) VALUES (2, 'ana')"}) {
    const Status status = Try([&](Connection& c) {
      c.Execute("INSERT INTO item (id) VALUES (9)");
      try {
        c.Execute(sql);
        ADD_FAILURE();
      } catch (const DbError& error) {
        EXPECT_EQ(error.why(), DbError::Why::kUnique) << error.what();
        throw;
      }
    });
    EXPECT_EQ(Code(status), "storage_failed");
    EXPECT_EQ(Detail(status).find("ana"), std::string::npos) << "an error quotes no row: " << Detail(status);
  }
  EXPECT_EQ(Count(), 1);
}

TEST_P(DbTest, AFailureThatTheWorkSwallowsIsStillAFailure) {
  const Status status = Try([](Connection& c) {
    c.Execute("INSERT INTO item (id) VALUES (1)");
    try {
      c.Execute("INSERT INTO item (id) VALUES (1)");
    } catch (const DbError&) {
    }
    EXPECT_THROW(c.Execute("INSERT INTO item (id) VALUES (2)"), DbError);
  });
  EXPECT_EQ(Code(status), "storage_failed");
  EXPECT_NE(Detail(status), "");
  EXPECT_EQ(Count(), 0);
}

TEST_P(DbTest, AScriptThatEndsTheTransactionIsFound) {
  EXPECT_NE(Code(Try([](Connection& c) { c.ExecuteScript("COMMIT"); })), "");
  Must([](Connection& c) { c.Execute("INSERT INTO item (id) VALUES (1)"); });
}

TEST_P(DbTest, AForeignKeyIsKept) {
  Must([](Connection& c) {
    c.ExecuteScript("CREATE TABLE part (id BIGINT PRIMARY KEY, item BIGINT REFERENCES item (id))");
  });
  EXPECT_EQ(Code(Try([](Connection& c) { c.Execute("INSERT INTO part (id, item) VALUES (1, 5)"); })), "storage_failed");
}

TEST_P(DbTest, ReadSeesOneMomentWhileAWriterCommits) {
  Must([](Connection& c) { c.Execute("INSERT INTO item (id) VALUES (1)"); });
  const Status status = Look([&](Connection& c) {
    EXPECT_EQ(Number(c, "SELECT count(*) FROM item"), 1);
    std::thread([&] { Must([](Connection& w) { w.Execute("INSERT INTO item (id) VALUES (2)"); }); }).join();
    EXPECT_EQ(Number(c, "SELECT count(*) FROM item"), 1);
    EXPECT_EQ(Number(c, "SELECT max(id) FROM item"), 1);
  });
  EXPECT_EQ(Code(status), "");
  EXPECT_EQ(Count(), 2);
}

TEST_P(DbTest, ReadWritesNothing) {
  (void)Look([](Connection& c) { c.Execute("INSERT INTO item (id) VALUES (1)"); });
  EXPECT_EQ(Count(), 0);
  (void)Look([](Connection& c) { c.ExecuteScript("CREATE TABLE other (id BIGINT)"); });
  EXPECT_NE(Code(Look([](Connection& c) { (void)c.Query("SELECT id FROM other"); })), "");
}

TEST_P(DbTest, TemporaryTablesLiveAsLongAsTheTransaction) {
  // Another shape each time: nothing that was prepared for the first may serve the second.
  const auto use = [&](Connection& c, bool wide) {
    EXPECT_EQ(c.Query("SELECT id FROM item WHERE id = 1").Next(), true);
    if (wide) {
      c.ExecuteScript("CREATE TEMP TABLE picked (id TEXT PRIMARY KEY, more TEXT)");
      BulkInsert bulk = c.Bulk("picked", std::vector<std::string_view>{"id"});
      for (const char* id : {"1", "2"}) bulk.Row(std::vector<Value>{id});
      bulk.Finish();
    } else {
      c.Execute("CREATE TEMPORARY TABLE picked (id BIGINT PRIMARY KEY)");
      c.Execute("INSERT INTO picked (id) VALUES (?1), (?2)", 1, 2);
    }
    Rows rows = c.Query("SELECT id FROM picked ORDER BY id");
    EXPECT_TRUE(rows.Next());
    EXPECT_EQ(rows.Int(0), 1);
    EXPECT_EQ(Number(c, "SELECT count(*) FROM picked"), 2);
  };
  Must([](Connection& c) { c.Execute("INSERT INTO item (id) VALUES (1)"); });
  for (int round = 0; round < 4; ++round) {
    const Status read = Look([&](Connection& c) { use(c, round % 2 == 0); });
    EXPECT_EQ(Code(read), "") << Detail(read);
    const Status write = Try([&](Connection& c) { use(c, round % 2 == 1); });
    EXPECT_EQ(Code(write), "") << Detail(write);
  }
  EXPECT_NE(Code(Try([](Connection& c) { (void)c.Query("SELECT id FROM picked"); })), "");
}

TEST_P(DbTest, ATableMayChangeUnderCachedStatements) {
  const std::string_view sql = "SELECT * FROM item";
  Must([&](Connection& c) {
    c.Execute("INSERT INTO item (id) VALUES (1)");
    (void)c.Query(sql);
  });
  const auto other = database_.Another();
  MustOn(*other, [](Connection& c) { c.ExecuteScript("ALTER TABLE item ADD COLUMN more BIGINT DEFAULT 5"); });
  Must([&](Connection& c) {
    Rows rows = c.Query(sql);
    ASSERT_TRUE(rows.Next());
    EXPECT_EQ(rows.Int(4), 5);
  });
}

TEST_P(DbTest, WriteInsideWriteIsAMistake) {
  EXPECT_THROW((void)Try([&](Connection&) { Must([](Connection&) {}); }), std::logic_error);
  Must([](Connection& c) { c.Execute("INSERT INTO item (id) VALUES (1)"); });
}

TEST_P(DbTest, ReadInsideWriteSeesWhatIsCommitted) {
  Must([&](Connection& c) {
    c.Execute("INSERT INTO item (id) VALUES (1)");
    EXPECT_EQ(Count(), 0);
  });
}

TEST_P(DbTest, TwoPoolsOnOneStore) {
  const auto other = database_.Another();
  Must([](Connection& c) { c.Execute("INSERT INTO item (id) VALUES (1)"); });
  EXPECT_EQ(CountOn(*other), 1);
  MustOn(*other, [](Connection& c) { c.Execute("INSERT INTO item (id) VALUES (2)"); });
  EXPECT_EQ(Count(), 2);
}

TEST_P(DbTest, AWriterWaitsForTheOther) {
  const auto other = database_.Another();
  std::thread slow;
  Must([&](Connection& c) {
    c.Execute("INSERT INTO item (id, name) VALUES (1, 'first')");
    slow = std::thread([&] {
      MustOn(*other, [](Connection& w) {
        w.Execute(
            "INSERT INTO item (id, name) VALUES (1, 'second') ON CONFLICT (id) DO UPDATE SET name = excluded.name");
      });
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  });
  slow.join();
  EXPECT_EQ(Code(Look([](Connection& c) {
              Rows rows = c.Query("SELECT name FROM item");
              ASSERT_TRUE(rows.Next());
              EXPECT_EQ(rows.Text(0), "second");
            })),
            "");
}

TEST_P(DbTest, AWriterThatWaitsTooLongGivesUp) {
  const auto hasty = database_.Another({.busy_timeout_ms = 100});
  Must([](Connection& c) { c.Execute("INSERT INTO item (id) VALUES (1)"); });
  Must([&](Connection& c) {
    c.Execute("UPDATE item SET name = 'held' WHERE id = 1");
    EXPECT_EQ(Code(Try(*hasty, [](Connection& w) { w.Execute("UPDATE item SET name = 'mine' WHERE id = 1"); })),
              "database_locked");
  });
  EXPECT_EQ(Code(Try(*hasty, [](Connection& w) { w.Execute("UPDATE item SET name = 'mine' WHERE id = 1"); })), "");
}

TEST_P(DbTest, ManyThreadsShareAPool) {
  const auto small = database_.Another({.readers = 2});
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 12; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        if (!Try(*small, [&](Connection& c) { c.Execute("INSERT INTO item (id) VALUES (?1)", t * 1000 + i); }).ok()) {
          ++failures;
        }
        if (CountOn(*small) < i + 1) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(Count(), 240);
}

// Works that wait at the same time share a transaction on SQLite: whatever one of them does, the others do not notice.
TEST_P(DbTest, AWorkThatFailsUndoesNothingOfTheOthers) {
  constexpr int kThreads = 16;
  constexpr int kRounds = 60;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRounds; ++i) {
        const int64_t id = t * 1000 + i;
        const auto insert = [id](Connection& c) { c.Execute("INSERT INTO item (id) VALUES (?1)", id); };
        switch ((t + i) % 6) {
          case 0:  // an Error
            if (Code(database_->Write<void>([&](Connection& c) -> Status {
                  insert(c);
                  return Error("not_today");
                })) != "not_today") {
              ++wrong;
            }
            break;
          case 1:  // an exception of its own
            try {
              (void)Try([&](Connection& c) {
                insert(c);
                throw std::runtime_error("mine");
              });
              ++wrong;
            } catch (const std::runtime_error& error) {
              if (std::string_view(error.what()) != "mine") ++wrong;
            }
            break;
          case 2:  // a broken constraint, swallowed
            if (Code(Try([&](Connection& c) {
                  insert(c);
                  try {
                    insert(c);
                  } catch (const DbError&) {
                  }
                })) != "storage_failed") {
              ++wrong;
            }
            break;
          case 3:  // temporary tables of the same name
            if (!Try([&](Connection& c) {
                   c.ExecuteScript("CREATE TEMP TABLE scratch (id BIGINT)");
                   c.Execute("INSERT INTO scratch (id) VALUES (?1)", id);
                   c.Execute("INSERT INTO item (id) SELECT id FROM scratch");
                 }).ok()) {
              ++wrong;
            }
            break;
          case 4:  // in a transaction of its own
            if (!database_
                     ->WriteBulk<void>([&](Connection& c) -> Status {
                       insert(c);
                       return {};
                     })
                     .ok()) {
              ++wrong;
            }
            break;
          default:
            if (!Try(insert).ok()) ++wrong;
        }
        // What is acknowledged is there for everybody.
        const int64_t expected = (t + i) % 6 < 3 ? 0 : 1;
        const Status seen = Look([&](Connection& c) {
          if (Number(c, "SELECT count(*) FROM item WHERE id = " + std::to_string(id)) != expected) ++wrong;
        });
        if (!seen.ok()) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(Count(), kThreads * kRounds / 2);
}

// A work that fails before it has written costs the others nothing; one that fails later has them run once more.
TEST_P(DbTest, WorksOfOneTransactionAreRunAgainOnlyWhereOneHadWritten) {
  if (GetParam() == Kind::kPostgres) return;
  for (const bool writes_first : {false, true}) {
    const int64_t base = writes_first ? 100 : 0;
    std::atomic<bool> begun = false;
    std::atomic<bool> go_on = false;
    std::atomic<int> runs = 0;
    const auto insert = [&](int64_t id) {
      ++runs;
      return database_->Write<void>([&, id](Connection& c) -> Status {
        ++runs;
        c.Execute("INSERT INTO item (id) VALUES (?1)", base + id);
        return {};
      });
    };
    std::vector<std::thread> threads;
    threads.emplace_back([&] {
      Must([&](Connection&) {
        begun = true;
        while (!go_on) std::this_thread::yield();
      });
    });
    while (!begun) std::this_thread::yield();
    std::atomic<int> ok = 0;
    std::atomic<int> failing_runs = 0;
    for (int64_t id = 1; id <= 3; ++id) threads.emplace_back([&, id] { ok += insert(id).ok() ? 1 : 0; });
    while (runs < 3) std::this_thread::yield();
    std::string code;
    threads.emplace_back([&] {
      ++runs;
      code = Code(database_->Write<void>([&](Connection& c) -> Status {
        ++failing_runs;
        if (writes_first) c.Execute("INSERT INTO item (id) VALUES (?1)", base + 50);
        return Error("not_today");
      }));
    });
    while (runs < 4) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // until they stand in the queue
    go_on = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(ok, 3);
    EXPECT_EQ(code, "not_today");
    EXPECT_EQ(failing_runs, writes_first ? 2 : 1);
    EXPECT_EQ(runs, writes_first ? 4 + 6 : 4 + 3);
    EXPECT_EQ(Count(), writes_first ? 6 : 3);
  }
}

// ---- Writing without waiting ----

TEST_P(DbTest, WhoDoesNotWaitIsToldWhenItIsThere) {
  if (GetParam() == Kind::kPostgres) {
    EXPECT_FALSE(database_->writes_later());
    std::string code;
    database_->WriteLater([](Connection&) -> Status { return {}; }, [&](const Status& status) { code = Code(status); });
    EXPECT_EQ(code, "storage_failed");
    return;
  }
  ASSERT_TRUE(database_->writes_later());
  constexpr int kWorks = 300;
  std::vector<std::promise<std::string>> told(kWorks);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> waiting;  // others that do wait
  for (int t = 0; t < 2; ++t) {
    waiting.emplace_back([&, t] {
      for (int64_t i = 0; i < 50; ++i) {
        if (!Try([&](Connection& c) { c.Execute("INSERT INTO item (id) VALUES (?1)", 10'000 + t * 1'000 + i); }).ok()) {
          ++wrong;
        }
      }
    });
  }
  for (int i = 0; i < kWorks; ++i) {
    database_->WriteLater(
        [i](Connection& c) -> Status {
          c.Execute("INSERT INTO item (id) VALUES (?1)", i);
          if (i % 10 == 3) return Error("not_today");
          if (i % 10 == 4) throw std::runtime_error("mine");
          if (i % 10 == 5) c.Execute("INSERT INTO item (id) VALUES (?1)", i);
          return {};
        },
        [&told, i](const Status& status) { told[static_cast<size_t>(i)].set_value(Code(status)); });
  }
  for (int i = 0; i < kWorks; ++i) {
    const std::string code = told[static_cast<size_t>(i)].get_future().get();
    EXPECT_EQ(code, i % 10 == 3 ? "not_today" : i % 10 == 4 || i % 10 == 5 ? "storage_failed" : "") << i;
    int64_t there = -1;
    EXPECT_TRUE(Look([&](Connection& c) {
                  there = Number(c, "SELECT count(*) FROM item WHERE id = " + std::to_string(i));
                }).ok());
    EXPECT_EQ(there, i % 10 >= 3 && i % 10 <= 5 ? 0 : 1) << i;
  }
  for (std::thread& thread : waiting) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(Count(), kWorks * 7 / 10 + 100);
}

// One after the other: after some of them whoever brings one may run it himself, and all stays the same to him.
TEST_P(DbTest, WorksThatComeAloneAreThereWhenTheyAreTold) {
  if (GetParam() == Kind::kPostgres) return;
  for (int i = 0; i < 200; ++i) {
    std::promise<std::string> told;
    database_->WriteLater(
        [i](Connection& c) -> Status {
          c.Execute("INSERT INTO item (id) VALUES (?1)", i);
          if (i % 20 == 7) throw std::runtime_error("mine");
          return {};
        },
        [&told](const Status& status) { told.set_value(Code(status)); });
    EXPECT_EQ(told.get_future().get(), i % 20 == 7 ? "storage_failed" : "") << i;
    EXPECT_EQ(Count(), i + 1 - (i + 13) / 20) << i;
  }
  // … and who waits is not kept from it.
  EXPECT_TRUE(Try([](Connection& c) { c.Execute("INSERT INTO item (id) VALUES (1000)"); }).ok());
}

TEST_P(DbTest, WaitingWorksDoNotStarveBehindALongOne) {
  std::atomic<bool> stop = false;
  std::thread bulk([&] {
    for (int64_t id = 1'000'000; !stop; ++id) {
      (void)database_->WriteBulk<void>([&](Connection& c) -> Status {
        c.Execute("INSERT INTO item (id) VALUES (?1)", id);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return {};
      });
    }
  });
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) Must([&](Connection& c) { c.Execute("INSERT INTO item (id) VALUES (?1)", i); });
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  stop = true;
  bulk.join();
}

// --- Open ---

TEST(DbOpen, ACommittedWriteIsThereAfterwards) {
  for (const std::string& url : TestUrls()) {
    for (int64_t expected = 1; expected <= 3; ++expected) {
      auto database = Database::Open(url);
      ASSERT_TRUE(database.ok());
      const auto count = (*database)->Write<int64_t>([](Connection& c) -> Result<int64_t> {
        c.ExecuteScript("CREATE TABLE IF NOT EXISTS kept (id BIGINT)");
        c.Execute("INSERT INTO kept (id) VALUES (1)");
        Rows rows = c.Query("SELECT count(*) FROM kept");
        rows.Next();
        return rows.Int(0);
      });
      ASSERT_TRUE(count.ok());
      EXPECT_EQ(*count, expected);
    }
  }
}

// --- PostgreSQL ---

class PostgresTest : public testing::Test {
 protected:
  void SetUp() override {
    if (TestKinds().size() < 2) GTEST_SKIP() << "DEALPACE_TEST_PG_URL is not set";
    database_ = std::make_unique<TestDatabase>(Kind::kPostgres, Tables::kNone);
    ASSERT_EQ(Code(Write([](Connection& c) {
                c.ExecuteScript(
                    "CREATE TABLE item (id BIGINT PRIMARY KEY, count BIGINT);"
                    "INSERT INTO item VALUES (1, 0), (2, 0)");
              })),
              "");
  }
  Status Write(const std::function<void(Connection&)>& work) { return Run(work, true); }
  Status Read(const std::function<void(Connection&)>& work) { return Run(work, false); }
  Status Run(const std::function<void(Connection&)>& work, bool write) {
    const std::function<Status(Connection&)> wrapped = [&](Connection& c) -> Status {
      work(c);
      return {};
    };
    return write ? (*database_)->Write<void>(wrapped) : (*database_)->Read<void>(wrapped);
  }
  static int64_t Number(Connection& c, std::string_view sql) {
    Rows rows = c.Query(sql);
    return rows.Next() ? rows.Int(0) : -1;
  }
  std::unique_ptr<TestDatabase> database_;
};

TEST_F(PostgresTest, ADeadlockIsRunAgain) {
  std::atomic<int> runs = 0;
  std::atomic<int> holding = 0;
  const auto add_both = [&](int first, int second) {
    const Status status = Write([&](Connection& c) {
      ++runs;
      c.Execute("UPDATE item SET count = count + 1 WHERE id = ?1", first);
      ++holding;
      for (int i = 0; i < 200 && holding < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
      c.Execute("UPDATE item SET count = count + 1 WHERE id = ?1", second);
    });
    EXPECT_EQ(Code(status), "") << Detail(status);
  };
  std::thread other([&] { add_both(2, 1); });
  add_both(1, 2);
  other.join();
  EXPECT_GE(runs, 3);
  EXPECT_EQ(Code(Read([](Connection& c) { EXPECT_EQ(Number(c, "SELECT min(count) FROM item"), 2); })), "");
}

TEST_F(PostgresTest, TheSixthLossIsReported) {
  int runs = 0;
  EXPECT_EQ(Code(Write([&](Connection& c) {
              ++runs;
              c.ExecuteScript("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$");
            })),
            "database_locked");
  EXPECT_EQ(runs, 5);
}

TEST_F(PostgresTest, ADeadConnectionIsReplaced) {
  const auto pid_of = [&] {
    int64_t pid = 0;
    const Status status = Read([&](Connection& c) { pid = Number(c, "SELECT pg_backend_pid()"); });
    EXPECT_EQ(Code(status), "") << Detail(status);
    return pid;
  };
  const int64_t first = pid_of();
  EXPECT_EQ(pid_of(), first);
  const auto other = database_->Another();
  ASSERT_TRUE(other
                  ->Write<void>([&](Connection& c) -> Status {
                    (void)c.Query("SELECT pg_terminate_backend(CAST(?1 AS INTEGER), 5000)", first);
                    return {};
                  })
                  .ok());
  EXPECT_NE(pid_of(), first);

  // In the middle of the work there is no going on.
  EXPECT_EQ(Code(Write([&](Connection& c) {
              const int64_t pid = Number(c, "SELECT pg_backend_pid()");
              (void)other->Write<void>([&](Connection& killer) -> Status {
                (void)killer.Query("SELECT pg_terminate_backend(CAST(?1 AS INTEGER), 5000)", pid);
                return {};
              });
              c.Execute("UPDATE item SET count = 1");
            })),
            "database_unreachable");
  EXPECT_EQ(Code(Read([](Connection& c) { EXPECT_EQ(Number(c, "SELECT max(count) FROM item"), 0); })), "");
}

TEST_F(PostgresTest, StatesOfTheServerBecomeCodes) {
  const auto raise = [&](const std::string& sqlstate) {
    return Code(Write([&](Connection& c) {
      c.ExecuteScript("DO $$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = '" + sqlstate + "'; END $$");
    }));
  };
  EXPECT_EQ(raise("53100"), "storage_full");
  EXPECT_EQ(raise("XX001"), "database_corrupt");
  EXPECT_EQ(raise("57P01"), "database_unreachable");
  EXPECT_EQ(raise("55P03"), "database_locked");
  EXPECT_EQ(raise("22012"), "storage_failed");
}

TEST_F(PostgresTest, CopyThroughAScriptIsRefused) {
  EXPECT_EQ(Code(Write([](Connection& c) { c.ExecuteScript("COPY item FROM STDIN"); })), "storage_failed");
  EXPECT_EQ(Code(Write([](Connection& c) { c.ExecuteScript("COPY item TO STDOUT"); })), "storage_failed");
  EXPECT_EQ(Code(Read([](Connection& c) { EXPECT_EQ(Number(c, "SELECT count(*) FROM item"), 2); })), "");
}

TEST(PostgresOpen, AnAddressWithoutServerIsUnreachableAndKeepsItsPassword) {
  for (const char* url : {"postgres://ana:s3cret@127.0.0.1:1/sales", "postgresql://ana:s3cret@127.0.0.1:x/sales",
                          "postgres://ana:s3cret@[::1/sales"}) {
    const auto database = Database::Open(url);
    ASSERT_FALSE(database.ok());
    EXPECT_EQ(database.error().code, "database_unreachable");
    for (const auto& [name, value] : database.error().args) {
      EXPECT_EQ(value.find("s3cret"), std::string::npos) << name << ": " << value;
    }
  }
}

TEST(Placeholders, AreRewrittenOutsideLiteralsNamesAndComments) {
  const auto dollars = [](std::string_view sql) { return ToDollarPlaceholders(sql).sql; };
  EXPECT_EQ(dollars("a = ?1 AND b = ?12"), "a = $1 AND b = $12");
  EXPECT_EQ(dollars("'?1' ?1 'it''s ?2' ?2"), "'?1' $1 'it''s ?2' $2");
  EXPECT_EQ(dollars("\"a?1\" ?1 \"b\"\"?2\""), "\"a?1\" $1 \"b\"\"?2\"");
  EXPECT_EQ(dollars("-- ?1\n?1 -- ?2"), "-- ?1\n$1 -- ?2");
  EXPECT_EQ(dollars("/* ?1 ' */ ?1 /*/ ?2 */"), "/* ?1 ' */ $1 /*/ ?2 */");
  EXPECT_EQ(dollars("?1OR ?2"), "$1 OR $2");
  EXPECT_EQ(dollars("a ? b"), "a ? b");
  EXPECT_EQ(dollars("'open ?1"), "'open ?1");
  EXPECT_EQ(dollars(""), "");
  EXPECT_EQ(ToDollarPlaceholders("?2 ?7 ?3").parameters, 7);
}

// --- migrations ---

class MigrateTest : public testing::TestWithParam<Kind> {
 protected:
  const std::vector<EmbeddedFile> first_{
      {"0002_more.sql", "INSERT INTO dealer (id, name) VALUES (1, '{}');"},
      {"0001_dealer.sql",
       "-- dealers\nCREATE TABLE dealer (id {int} PRIMARY KEY, name TEXT, data {blob}, share {real}) {strict};\n"
       "CREATE TABLE pair (a {int} NOT NULL, b {int} NOT NULL, PRIMARY KEY (a, b)) {rowless};\n"},
  };
  TestDatabase database_{GetParam(), Tables::kNone};
};
INSTANTIATE_TEST_SUITE_P(On, MigrateTest, ValuesIn(TestKinds()), KindNames());

TEST_P(MigrateTest, FilesAreAppliedInOrderAndOnce) {
  auto state = ReadMigrationState(*database_, first_);
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->version, 0);
  EXPECT_EQ(state->due, (std::vector<std::string>{"0001_dealer", "0002_more"}));

  auto done = Migrate(*database_, first_);
  ASSERT_TRUE(done.ok()) << done.error().Arg("detail");
  EXPECT_EQ(*done, (std::vector<std::string>{"0001_dealer", "0002_more"}));
  done = Migrate(*database_, first_);
  ASSERT_TRUE(done.ok());
  EXPECT_TRUE(done->empty());

  state = ReadMigrationState(*database_, first_);
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->version, 2);
  EXPECT_TRUE(state->due.empty());
  const auto name = database_->Read<std::string>([](Connection& c) -> Result<std::string> {
    Rows rows = c.Query("SELECT name FROM dealer");
    rows.Next();
    return std::string(rows.Text(0));
  });
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(*name, "{}");
}

TEST_P(MigrateTest, ALaterReleaseAddsItsFiles) {
  ASSERT_TRUE(Migrate(*database_, first_).ok());
  std::vector<EmbeddedFile> second = first_;
  second.push_back({"0003_region.sql", "CREATE TABLE region (id {int} PRIMARY KEY) {strict}"});
  const auto done = Migrate(*database_, second);
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(*done, (std::vector<std::string>{"0003_region"}));

  // And an earlier release no longer opens it.
  const auto refused = [](const auto& result) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, "database_newer");
    EXPECT_EQ(result.error().Arg("version"), "3");
    EXPECT_EQ(result.error().Arg("known"), "2");
  };
  refused(Migrate(*database_, first_));
  refused(ReadMigrationState(*database_, first_));
}

TEST_P(MigrateTest, AFileThatFailsLeavesNothingBehind) {
  std::vector<EmbeddedFile> broken = first_;
  broken.push_back({"0003_broken.sql", "CREATE TABLE region (id {int}); SELECT nonsense;"});
  const auto done = Migrate(*database_, broken);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, "storage_failed");
  const auto state = ReadMigrationState(*database_, broken);
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->version, 2);
  EXPECT_NE(Code(database_->Read<void>([](Connection& c) -> Status {
              (void)c.Query("SELECT id FROM region");
              return {};
            })),
            "");
}

TEST_P(MigrateTest, TwoProcessesMayMigrateAtOnce) {
  std::vector<std::unique_ptr<Database>> databases;
  for (int i = 0; i < 4; ++i) databases.push_back(database_.Another());
  std::atomic<size_t> applied = 0;
  std::atomic<int> failed = 0;
  std::vector<std::thread> threads;
  for (const auto& database : databases) {
    threads.emplace_back([&] {
      const auto done = Migrate(*database, first_);
      if (done.ok()) {
        applied += done->size();
      } else {
        ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(applied, 2u);
}

TEST_P(MigrateTest, WrongFilesAreOurMistake) {
  EXPECT_THROW((void)Migrate(*database_, {{"1_x.sql", ""}}), std::logic_error);
  EXPECT_THROW((void)Migrate(*database_, {{"0001_x.sql", ""}, {"0001_y.sql", ""}}), std::logic_error);
  EXPECT_THROW((void)Migrate(*database_, {{"0001_x.sql", "CREATE TABLE x (id {integer})"}}), std::logic_error);
}

}  // namespace
}  // namespace dealpace::db
