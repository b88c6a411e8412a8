#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "db/testing.h"

// What only PostgreSQL has: statements that do not wait for each other, and its time-outs. That a server may be
// restarted under the program, tests/integration shows.
namespace dealpace::db {
namespace {

std::string Code(const Status& status) { return status.ok() ? "" : status.error().code; }

class PostgresWire : public testing::Test {
 protected:
  void SetUp() override {
    if (TestKinds().size() < 2) GTEST_SKIP() << "DEALPACE_TEST_PG_URL is not set";
    Open({});
  }
  void Open(const Options& options) {
    database_ = std::make_unique<TestDatabase>(Kind::kPostgres, Tables::kNone, options);
    ASSERT_EQ(Code(Write([](Connection& c) {
                c.ExecuteScript(
                    "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, share REAL, data BYTEA, amount NUMERIC)");
              })),
              "");
  }
  Status Write(const std::function<void(Connection&)>& work) {
    return (*database_)->Write<void>([&](Connection& c) -> Status {
      work(c);
      return {};
    });
  }
  int64_t Number(const std::string& sql) {
    const auto number = (*database_)->Read<int64_t>([&](Connection& c) -> Result<int64_t> {
      Rows rows = c.Query(sql);
      return rows.Next() ? rows.Int(0) : -1;
    });
    return number.ok() ? *number : -2;
  }
  std::unique_ptr<TestDatabase> database_;
};

TEST_F(PostgresWire, StatementsRunLaterRunInTheirOrder) {
  EXPECT_EQ(Code(Write([](Connection& c) {
              for (int i = 0; i < 1'000; ++i) c.ExecuteLater("INSERT INTO item (id) VALUES (?1)", i);
              c.ExecuteLater("UPDATE item SET name = 'late' WHERE id < ?1", 10);
              Rows rows = c.Query("SELECT count(*), count(name) FROM item");
              ASSERT_TRUE(rows.Next());
              EXPECT_EQ(rows.Int(0), 1'000);
              EXPECT_EQ(rows.Int(1), 10);
              c.ExecuteLater("DELETE FROM item WHERE id >= ?1", 10);  // goes with the commit
            })),
            "");
  EXPECT_EQ(Number("SELECT count(*) FROM item"), 10);
}

TEST_F(PostgresWire, AFailureLaterIsAFailureAllTheSame) {
  const auto twice = [](Connection& c) {
    c.ExecuteLater("INSERT INTO item (id) VALUES (?1)", 1);
    c.ExecuteLater("INSERT INTO item (id) VALUES (?1)", 1);
  };
  EXPECT_EQ(Code(Write(twice)), "storage_failed");
  EXPECT_EQ(Code(Write([&](Connection& c) {
              twice(c);
              EXPECT_THROW((void)c.Query("SELECT 1"), DbError);
            })),
            "storage_failed");
  EXPECT_EQ(Number("SELECT count(*) FROM item"), 0);
}

TEST_F(PostgresWire, WhatCouldNotBePreparedIsPreparedAnew) {
  const auto insert = [](Connection& c) { c.Execute("INSERT INTO thing (id) VALUES (?1)", 1); };
  EXPECT_EQ(Code(Write(insert)), "storage_failed");
  EXPECT_EQ(Code(Write([](Connection& c) {
              c.ExecuteLater("INSERT INTO item (id) VALUES (?1)", 1);
              c.ExecuteLater("INSERT INTO item (id) VALUES (?1)", 1);
              c.ExecuteLater("INSERT INTO item (id, name) VALUES (?1, ?2)", 2, "never reached");
            })),
            "storage_failed");
  EXPECT_EQ(Code(Write([&](Connection& c) {
              c.ExecuteScript("CREATE TABLE thing (id BIGINT)");
              insert(c);
              c.Execute("INSERT INTO item (id, name) VALUES (?1, ?2)", 2, "reached");
            })),
            "");
  EXPECT_EQ(Number("SELECT count(*) FROM thing JOIN item ON true"), 1);
}

// Few rows go as inserts, many as COPY; the columns' own types read both.
TEST_F(PostgresWire, BulksOfEverySizeMeanTheSame) {
  int next = 0;
  for (const int count : {0, 1, 7, 8, 9, 64, 65, 500}) {
    EXPECT_EQ(Code(Write([&](Connection& c) {
                constexpr std::array<std::string_view, 5> kColumns = {"id", "name", "share", "data", "amount"};
                BulkInsert insert = c.Bulk("item", kColumns);
                for (int i = 0; i < count; ++i) {
                  const std::array<Value, 5> row = {next++, "a\tb\\N\n" + std::to_string(count), 0.5,
                                                    Blob{std::string_view("\0\\x\xff", 4)}, 12};
                  insert.Row(row);
                }
                insert.Finish();
              })),
              "");
  }
  EXPECT_EQ(Code(Write([&](Connection& c) {
              constexpr std::array<std::string_view, 2> kColumns = {"id", "name"};
              BulkInsert insert = c.Bulk("item", kColumns);
              const std::array<Value, 2> row = {next++, std::nullopt};
              insert.Row(row);
              insert.Finish();
            })),
            "");
  EXPECT_EQ(Number("SELECT count(*) FROM item"), next);
  EXPECT_EQ(
      Number("SELECT count(*) FROM item WHERE name LIKE E'a\\tb\\\\\\\\N\\n%' AND share = 0.5 AND amount = 12 AND "
             "data = '\\x005c78ff'"),
      next - 1);
  EXPECT_EQ(Number("SELECT count(*) FROM item WHERE name IS NULL"), 1);
}

TEST_F(PostgresWire, AReadingLeavesNothingLockedBehind) {
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(Number("SELECT count(*) FROM item"), 0);
    EXPECT_EQ(Code(Write([&](Connection& c) {
                c.ExecuteScript("ALTER TABLE item ADD COLUMN c" + std::to_string(i) + " BIGINT");
              })),
              "");
  }
}

TEST_F(PostgresWire, AStatementThatWorksTooLongIsGivenUp) {
  Open({.statement_timeout_ms = 100});
  EXPECT_EQ(Code(Write([](Connection& c) { (void)c.Query("SELECT pg_sleep(5)"); })), "database_locked");
  EXPECT_EQ(Number("SELECT 1"), 1);
}

TEST_F(PostgresWire, ATransactionInWhichNothingHappensIsEnded) {
  Open({.idle_timeout_ms = 100});
  EXPECT_EQ(Code(Write([](Connection& c) {
              c.Execute("INSERT INTO item (id) VALUES (?1)", 1);
              std::this_thread::sleep_for(std::chrono::milliseconds(400));
              c.Execute("INSERT INTO item (id) VALUES (?1)", 2);
            })),
            "database_unreachable");
  EXPECT_EQ(Number("SELECT count(*) FROM item"), 0);
  // Between transactions a connection may idle for as long as it likes.
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(Number("SELECT count(*) FROM item"), 0);
}

TEST_F(PostgresWire, ThePoolIsAsLargeAsToldAndNoLarger) {
  Open({.connections = 2});
  std::atomic<int> most = 0;
  std::atomic<int> now = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      (void)Write([&](Connection& c) {
        int seen = ++now;
        for (int known = most; seen > known && !most.compare_exchange_weak(known, seen);) {
        }
        (void)c.Query("SELECT pg_sleep(0.02)");
        --now;
      });
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 2);
}

}  // namespace
}  // namespace dealpace::db
