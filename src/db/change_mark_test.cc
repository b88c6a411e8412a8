#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "db/testing.h"

// The mark that moves with every commit, and values remembered by it.
namespace dealpace::db {
namespace {

class ChangeMarkTest : public testing::TestWithParam<Kind> {
 protected:
  ChangeMarkTest() : database_(GetParam()), other_(database_.Another()) {
    Write(*database_, "CREATE TABLE thing (thing_id BIGINT NOT NULL PRIMARY KEY)");
  }
  static void Write(Database& database, const std::string& sql) {
    const Status done = database.Write<void>([&](Connection& connection) -> Status {
      connection.ExecuteScript(sql);
      return {};
    });
    ASSERT_TRUE(done.ok()) << done.error().code;
  }
  Result<int64_t> Count() {
    ++reads_;
    return database_->Read<int64_t>([](Connection& connection) -> Result<int64_t> {
      Rows rows = connection.Query("SELECT count(*) FROM thing");
      rows.Next();
      return rows.Int(0);
    });
  }
  int64_t Remember() {
    const auto count = remembered_.Get(*database_, [this] { return Count(); });
    return count.ok() ? *count : -1;
  }

  TestDatabase database_;
  std::unique_ptr<Database> other_;
  Remembered<int64_t> remembered_;
  int reads_ = 0;
};

TEST_P(ChangeMarkTest, MovesWithEveryCommitOfWhomever) {
  const auto first = database_->ChangeMark();
  if (GetParam() == Kind::kPostgres) {
    EXPECT_FALSE(first) << "it cannot tell";
    return;
  }
  ASSERT_TRUE(first);
  EXPECT_EQ(database_->ChangeMark(), first) << "nothing was done";
  EXPECT_TRUE(Count().ok());
  EXPECT_EQ(database_->ChangeMark(), first) << "only read";
  Write(*database_, "INSERT INTO thing (thing_id) VALUES (1)");
  const auto second = database_->ChangeMark();
  EXPECT_NE(second, first);
  Write(*other_, "INSERT INTO thing (thing_id) VALUES (2)");
  EXPECT_NE(database_->ChangeMark(), second);
}

TEST_P(ChangeMarkTest, NeverMissesACommitOfOthers) {
  if (GetParam() == Kind::kPostgres) return;
  // Whoever sees a row must see another mark than whoever did not.
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; i < 300; ++i) {
      Write(i % 2 == 0 ? *other_ : *database_, "INSERT INTO thing (thing_id) VALUES (" + std::to_string(100 + i) + ")");
    }
    done = true;
  });
  std::map<int64_t, int64_t> seen;  // by mark, what was counted after it was taken
  while (!done) {
    const auto mark = database_->ChangeMark();
    const auto count = Count();
    const auto after = database_->ChangeMark();
    if (!mark || mark != after || !count.ok()) continue;
    const auto [it, fresh] = seen.emplace(*mark, *count);
    EXPECT_EQ(it->second, *count);
  }
  writer.join();
  EXPECT_GT(seen.size(), 1);
}

// thing is no table that only takes in records, ledger_head is.
TEST_P(ChangeMarkTest, ThatOfMastersStaysWhileRecordsComeIn) {
  if (GetParam() == Kind::kPostgres) {
    EXPECT_FALSE(database_->ChangeMark(Changes::kMasters)) << "it cannot tell";
    return;
  }
  const std::string record = "UPDATE ledger_head SET head = head + 1 WHERE dealer_id = -1";
  const auto write = [&](const std::string& sql) {
    ASSERT_TRUE(database_
                    ->Write<void>([&](Connection& connection) -> Status {
                      connection.Execute(sql);
                      return {};
                    })
                    .ok());
  };
  write("INSERT INTO dealer (dealer_id, code, name, time_zone) VALUES (-1, 'x', 'x', 'Asia/Shanghai')");
  write("INSERT INTO ledger_head (dealer_id, head) VALUES (-1, 0)");
  auto mark = database_->ChangeMark(Changes::kMasters);
  ASSERT_TRUE(mark);
  for (int i = 0; i < 3; ++i) {
    const auto all = database_->ChangeMark();
    write(record);
    EXPECT_NE(database_->ChangeMark(), all);
    EXPECT_EQ(database_->ChangeMark(Changes::kMasters), mark);
  }
  const auto moved = [&](const char* why) {
    const auto now = database_->ChangeMark(Changes::kMasters);
    EXPECT_NE(now, mark) << why;
    mark = now;
    write(record);
    EXPECT_EQ(database_->ChangeMark(Changes::kMasters), mark) << why << ", and records after it";
  };
  write("INSERT INTO thing (thing_id) VALUES (1)");
  moved("another table");
  Write(*database_, "UPDATE thing SET thing_id = 7 WHERE thing_id = 1");
  moved("a script");
  Write(*other_, record);
  moved("somebody else");
  // Seen only after records have come in behind it.
  write("INSERT INTO thing (thing_id) VALUES (2)");
  write(record);
  moved("another table, then records");
  Write(*other_, "INSERT INTO thing (thing_id) VALUES (3)");
  write(record);
  moved("somebody else, then records");
  EXPECT_FALSE(database_
                   ->Write<void>([&](Connection& connection) -> Status {
                     connection.Execute(record);
                     return Error("not_today");
                   })
                   .ok());
  EXPECT_EQ(database_->ChangeMark(Changes::kMasters), mark) << "nothing was committed";
}

TEST_P(ChangeMarkTest, ThatOfMastersNeverMissesACommitOfOthers) {
  if (GetParam() == Kind::kPostgres) return;
  Write(*database_, "INSERT INTO dealer (dealer_id, code, name, time_zone) VALUES (-1, 'x', 'x', 'Asia/Shanghai')");
  Write(*database_, "INSERT INTO ledger_head (dealer_id, head) VALUES (-1, 0)");
  std::atomic<bool> done{false};
  std::thread records([&] {
    int written = 0;
    while (!done) {
      (void)database_->Write<void>([&](Connection& connection) -> Status {
        // One in two changes nothing, and so is no commit.
        connection.Execute("UPDATE ledger_head SET head = head + 1 WHERE dealer_id = ?1", -(++written % 2));
        return {};
      });
      std::this_thread::sleep_for(std::chrono::microseconds(300));  // SQLite lets another process in only then
    }
  });
  std::thread writer([&] {
    for (int i = 0; i < 200; ++i) {
      const int64_t id = 100 + i;
      (void)(i % 2 == 0 ? *other_ : *database_).Write<void>([&](Connection& connection) -> Status {
        connection.Execute("INSERT INTO thing (thing_id) VALUES (?1)", id);
        return {};
      });
      std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
    done = true;
  });
  std::map<int64_t, int64_t> seen;  // by mark, what was counted after it was taken
  int kept = 0;
  while (!done) {
    const auto mark = database_->ChangeMark(Changes::kMasters);
    const auto count = Count();
    const auto after = database_->ChangeMark(Changes::kMasters);
    if (!mark || mark != after || !count.ok()) continue;
    const auto [it, fresh] = seen.emplace(*mark, *count);
    if (!fresh) ++kept;
    EXPECT_EQ(it->second, *count);
  }
  writer.join();
  records.join();
  EXPECT_GT(seen.size(), 1);
  EXPECT_GT(kept, 0);
}

TEST_P(ChangeMarkTest, StaysWithinAMoment) {
  if (GetParam() == Kind::kPostgres) return;
  const Moment moment(*database_);
  const auto mark = database_->ChangeMark();
  Write(*other_, "INSERT INTO thing (thing_id) VALUES (3)");
  EXPECT_EQ(database_->ChangeMark(), mark);
}

TEST_P(ChangeMarkTest, WhatIsRememberedIsNeverOlderThanTheQuestion) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Remember(), i);
    EXPECT_EQ(Remember(), i);
    Write(i % 2 == 0 ? *database_ : *other_, "INSERT INTO thing (thing_id) VALUES (" + std::to_string(10 + i) + ")");
  }
  EXPECT_EQ(Remember(), 20);
  EXPECT_EQ(reads_, GetParam() == Kind::kSqlite ? 21 : 41);
}

TEST_P(ChangeMarkTest, AFailureIsNotRemembered) {
  int tries = 0;
  const auto get = [&] {
    return remembered_.Get(*database_, [&]() -> Result<int64_t> {
      if (++tries == 1) return Error("storage_failed");
      return 7;
    });
  };
  EXPECT_FALSE(get().ok());
  EXPECT_EQ(*get(), 7);
}

INSTANTIATE_TEST_SUITE_P(On, ChangeMarkTest, testing::ValuesIn(TestKinds()), KindNames());

}  // namespace
}  // namespace dealpace::db
