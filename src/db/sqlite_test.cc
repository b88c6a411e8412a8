#include <gtest/gtest.h>

#include <any>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "db/testing.h"

// What holds of a database in a file of SQLite's.
namespace dealpace::db {
namespace {

std::string Code(const Status& status) { return status.ok() ? "" : status.error().code; }

class SqliteFile : public testing::Test {
 protected:
  std::string Path() const { return store_.url(); }
  void Put(std::string_view content) { std::ofstream(Path(), std::ios::binary) << content; }
  static std::string OpenCode(const std::string& path, const Options& options = {}) {
    auto database = Database::Open(path, options);
    if (database.ok()) return "";
    EXPECT_EQ(database.error().Arg("path"), path);
    EXPECT_NE(database.error().Arg("detail"), "");
    return database.error().code;
  }
  static int64_t CountOf(Database& database, const std::string& table) {
    const auto count = database.Read<int64_t>([&](Connection& c) -> Result<int64_t> {
      Rows rows = c.Query("SELECT count(*) FROM " + table);
      return rows.Next() ? rows.Int(0) : -1;
    });
    return count.ok() ? *count : -1;
  }
  // A database with enough rows for many pages.
  void Fill() {
    auto database = Database::Open(Path());
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE((*database)
                    ->Write<void>([](Connection& c) -> Status {
                      c.ExecuteScript("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)");
                      for (int i = 0; i < 2000; ++i) {
                        c.Execute("INSERT INTO item (name) VALUES (?1)", std::string(200, 'x'));
                      }
                      return {};
                    })
                    .ok());
  }
  TestStore store_{Kind::kSqlite};
};

TEST_F(SqliteFile, MissingFolderIsUnreachable) {
  EXPECT_EQ(OpenCode(Path() + "/no/such/folder.db"), "database_unreachable");
  EXPECT_EQ(OpenCode(std::filesystem::path(Path()).parent_path().string()), "database_unreachable");
  EXPECT_FALSE(Database::Open("").ok());
}

TEST_F(SqliteFile, AFileThatIsNoDatabaseIsCorrupt) {
  Put("hello");
  EXPECT_EQ(OpenCode(Path()), "database_corrupt");
  Put(std::string(10'000, 'x'));
  EXPECT_EQ(OpenCode(Path()), "database_corrupt");
  std::ifstream file(Path());
  EXPECT_EQ(file.get(), 'x') << "and it is left alone";
}

TEST_F(SqliteFile, AnEmptyFileIsANewDatabase) {
  Put("");
  EXPECT_EQ(OpenCode(Path()), "");
}

TEST_F(SqliteFile, ATruncatedFileIsCorrupt) {
  Fill();
  std::filesystem::resize_file(Path(), 8192);
  EXPECT_EQ(OpenCode(Path()), "database_corrupt");
}

TEST_F(SqliteFile, DamageInsideIsFoundWhenItIsRead) {
  Fill();
  {
    std::fstream file(Path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(8192);
    for (int i = 0; i < 40; ++i) file << std::string(4096, '\x5a');
  }
  auto database = Database::Open(Path());
  ASSERT_TRUE(database.ok());
  const Status status = (*database)->Read<void>([](Connection& c) -> Status {
    Rows rows = c.Query("SELECT name FROM item");
    while (rows.Next()) {
    }
    return {};
  });
  EXPECT_EQ(Code(status), "database_corrupt");
}

TEST_F(SqliteFile, NamesThatSqliteTreatsSpeciallyAreFiles) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(std::filesystem::path(Path()).parent_path());
  EXPECT_EQ(OpenCode(":memory:"), "");
  EXPECT_TRUE(std::filesystem::exists(":memory:"));
  EXPECT_EQ(OpenCode("file:名.db?mode=ro"), "");
  EXPECT_TRUE(std::filesystem::exists("file:名.db?mode=ro"));
  std::filesystem::current_path(before);
}

TEST_F(SqliteFile, AFullDiskIsStorageFull) {
  auto database = Database::Open(Path());
  ASSERT_TRUE(database.ok());
  const auto fill = [&](int rows) {
    return (*database)->Write<void>([&](Connection& c) -> Status {
      c.ExecuteScript("PRAGMA max_page_count = 20; CREATE TABLE IF NOT EXISTS item (name TEXT)");
      for (int i = 0; i < rows; ++i) c.Execute("INSERT INTO item (name) VALUES (?1)", std::string(1000, 'x'));
      return {};
    });
  };
  EXPECT_EQ(Code(fill(1000)), "storage_full");
  EXPECT_EQ(Code(fill(3)), "") << "the connection goes on";
}

// A full disk ends the transaction that several share: the others' works are done all the same.
TEST_F(SqliteFile, AFullDiskFailsOnlyTheWorkThatNeedsIt) {
  auto database = Database::Open(Path());
  ASSERT_TRUE(database.ok());
  const auto write = [&](const std::function<void(Connection&)>& work) {
    return Code((*database)->Write<void>([&](Connection& c) -> Status {
      work(c);
      return {};
    }));
  };
  ASSERT_EQ(write([](Connection& c) {
              c.ExecuteScript("CREATE TABLE item (name TEXT); CREATE TABLE small (id INTEGER);");
              c.ExecuteScript("PRAGMA max_page_count = 40");
            }),
            "");
  std::atomic<int> full = 0;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 30; ++i) {
        if (t % 4 == 0) {
          const std::string code = write([](Connection& c) {
            for (int row = 0; row < 300; ++row)
              c.Execute("INSERT INTO item (name) VALUES (?1)", std::string(1000, 'x'));
          });
          ++(code == "storage_full" ? full : wrong);
        } else if (!write([](Connection& c) { c.Execute("INSERT INTO small (id) VALUES (1)"); }).empty()) {
          ++wrong;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(full, 60);
  EXPECT_EQ(CountOf(**database, "small"), 180);
}

TEST_F(SqliteFile, TheLogDoesNotGrowWithoutEnd) {
  auto database = Database::Open(Path());
  ASSERT_TRUE(database.ok());
  for (int i = 0; i < 60; ++i) {
    ASSERT_EQ(Code((*database)->Write<void>([&](Connection& c) -> Status {
                if (i == 0) c.ExecuteScript("CREATE TABLE item (name TEXT)");
                for (int row = 0; row < 500; ++row) {
                  c.Execute("INSERT INTO item (name) VALUES (?1)", std::string(8'000, 'x'));
                }
                return {};
              })),
              "");
  }
  EXPECT_LT(std::filesystem::file_size(Path() + "-wal"), 100U << 20);  // 240 MB were written
}

TEST_F(SqliteFile, WhatWasToBeWrittenLaterIsWrittenBeforeTheDatabaseGoes) {
  auto database = Database::Open(Path());
  ASSERT_TRUE(database.ok());
  std::atomic<int> done = 0;
  for (int i = 0; i < 50; ++i) {
    (*database)->WriteLater(
        [](Connection& c) -> Status {
          c.ExecuteScript("CREATE TABLE IF NOT EXISTS item (id INTEGER); INSERT INTO item (id) VALUES (1);");
          return {};
        },
        [&](const Status& status) { done += status.ok() ? 1 : 0; });
  }
  database->reset();
  EXPECT_EQ(done, 50);
  auto again = Database::Open(Path());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(CountOf(**again, "item"), 50);
}

// The log's file grows in steps ahead of what is written to it; what lies there from before means nothing.
TEST_F(SqliteFile, TheLogHasRoomBeforeItIsNeeded) {
  auto database = Database::Open(Path());
  ASSERT_TRUE(database.ok());
  const auto add = [&](int from, int count) {
    for (int i = from; i < from + count; ++i) {
      ASSERT_EQ(Code((*database)->Write<void>([&](Connection& c) -> Status {
                  if (i == 0) c.ExecuteScript("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)");
                  c.Execute("INSERT INTO item (id, name) VALUES (?1, ?2)", i, std::string(3'000, 'x'));
                  return {};
                })),
                "");
    }
  };
  add(0, 10);
  EXPECT_LT(std::filesystem::file_size(Path() + "-wal"), 1U << 20) << "little is written";
  add(10, 300);
  const auto grown = std::filesystem::file_size(Path() + "-wal");
  EXPECT_GE(grown, 4U << 20);
  EXPECT_EQ(grown % (4U << 20), 0) << "not by what was written";
  // As after a crash: the files as they are now, read by somebody else.
  const std::string copy = Path() + ".copy";
  std::filesystem::copy_file(Path(), copy);
  std::filesystem::copy_file(Path() + "-wal", copy + "-wal");
  auto other = Database::Open(copy);
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(CountOf(**other, "item"), 310);
}

TEST_F(SqliteFile, AStoreBehindALinkIsTheStore) {
  const std::string link = Path() + ".link";
  ASSERT_TRUE(Database::Open(Path()).ok());
  std::filesystem::create_symlink(Path(), link);
  std::ofstream(link + "-wal") << "of another store that stood here";
  auto database = Database::Open(link);
  ASSERT_TRUE(database.ok());
  const auto write = [&] {
    return Code((*database)->Write<void>([](Connection& c) -> Status {
      c.ExecuteScript("CREATE TABLE IF NOT EXISTS item (id INTEGER); INSERT INTO item (id) VALUES (1);");
      return {};
    }));
  };
  EXPECT_EQ(write(), "");
  EXPECT_EQ(write(), "");
  EXPECT_GT(std::filesystem::file_size(Path() + "-wal"), 0U);
}

// Works that come alone may be run by whoever brings them; he does not wait for another process.
TEST_F(SqliteFile, WhoBringsAWorkForLaterDoesNotWaitForTheLock) {
  auto database = Database::Open(Path(), {.busy_timeout_ms = 60'000});
  auto other = Database::Open(Path());
  ASSERT_TRUE(database.ok() && other.ok());
  const auto insert = [](Connection& c) -> Status {
    c.ExecuteScript("CREATE TABLE IF NOT EXISTS item (id INTEGER); INSERT INTO item (id) VALUES (1);");
    return {};
  };
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 6; ++i) {
      std::promise<bool> told;
      (*database)->WriteLater(insert, [&](const Status& status) { told.set_value(status.ok()); });
      ASSERT_TRUE(told.get_future().get());
    }
    std::promise<void> locked;
    std::promise<void> brought;
    std::promise<bool> told;
    std::thread holder([&] {
      const Status status = (*other)->Write<void>([&](Connection&) -> Status {
        locked.set_value();
        brought.get_future().wait();
        return {};
      });
      EXPECT_TRUE(status.ok());
    });
    locked.get_future().wait();
    (*database)->WriteLater(insert, [&](const Status& status) { told.set_value(status.ok()); });
    brought.set_value();
    EXPECT_TRUE(told.get_future().get());
    holder.join();
  }
}

struct Told final : CommitWatcher {
  void OnCommit(const Commit& commit) override {
    commits.push_back({commit.before, commit.after});
    for (const std::any& note : commit.notes) notes.push_back(std::any_cast<int>(note));
  }
  std::vector<std::pair<std::optional<int64_t>, std::optional<int64_t>>> commits;
  std::vector<int> notes;
};

TEST_F(SqliteFile, WhoWatchesHearsOfWhatWasCommitted) {
  auto database = Database::Open(Path());
  ASSERT_TRUE(database.ok());
  const auto write = [&](int note, bool well = true) {
    const Status status = (*database)->Write<void>([&](Connection& c) -> Status {
      c.ExecuteScript("CREATE TABLE IF NOT EXISTS item (id INTEGER)");
      c.Execute("INSERT INTO item (id) VALUES (?1)", note);
      c.Note(note);
      return well ? Status() : Status(Error("not_today"));
    });
    EXPECT_EQ(status.ok(), well);
  };
  write(1);
  const auto told = std::make_shared<Told>();
  (*database)->Watch(told);
  ASSERT_TRUE((*database)->ChangeMark());  // and it is known how to look at it
  write(2);
  write(3, false);
  write(4);
  EXPECT_EQ(told->notes, (std::vector<int>{2, 4}));
  ASSERT_EQ(told->commits.size(), 2U);
  ASSERT_TRUE(told->commits[0].first && told->commits[0].second && told->commits[1].second);
  EXPECT_NE(told->commits[0].first, told->commits[0].second);
  EXPECT_EQ(told->commits[0].second, told->commits[1].first) << "nobody else has come in between";
  EXPECT_EQ(told->commits[1].second, (*database)->ChangeMark());
  ASSERT_TRUE((*database)->Write<void>([](Connection&) -> Status { return {}; }).ok());
  EXPECT_EQ(told->commits[1].second, (*database)->ChangeMark()) << "nothing was written";
  if (told->commits.size() == 3) {
    EXPECT_EQ(told->commits[2].first, told->commits[1].second);
    EXPECT_EQ(told->commits[2].second, told->commits[1].second);
    told->commits.pop_back();
  }
  auto other = Database::Open(Path());
  ASSERT_TRUE(other.ok());
  ASSERT_TRUE((*other)
                  ->Write<void>([](Connection& c) -> Status {
                    c.Execute("INSERT INTO item (id) VALUES (5)");
                    c.Note(5);
                    return {};
                  })
                  .ok());
  EXPECT_EQ(told->commits.size(), 2U);
  write(6);
  ASSERT_EQ(told->commits.size(), 3U);
  EXPECT_NE(told->commits[1].second, told->commits[2].first) << "somebody has";
  EXPECT_EQ(told->notes, (std::vector<int>{2, 4, 6}));
}

// Works that share a transaction: those whose part is undone, or that run again, are told of as they end.
TEST_F(SqliteFile, WhoWatchesHearsOfNothingThatWasUndone) {
  auto database = Database::Open(Path());
  ASSERT_TRUE(database.ok());
  const auto told = std::make_shared<Told>();
  (*database)->Watch(told);
  std::vector<std::promise<bool>> done(40);
  for (int i = 0; i < 40; ++i) {
    (*database)->WriteLater(
        [i](Connection& c) -> Status {
          c.ExecuteScript("CREATE TABLE IF NOT EXISTS item (id INTEGER)");
          c.Execute("INSERT INTO item (id) VALUES (?1)", i);
          c.Note(i);
          return i % 5 == 2 ? Status(Error("not_today")) : Status();
        },
        [&done, i](const Status& status) { done[static_cast<size_t>(i)].set_value(status.ok()); });
  }
  std::vector<int> kept;
  for (int i = 0; i < 40; ++i) {
    if (done[static_cast<size_t>(i)].get_future().get()) kept.push_back(i);
  }
  database->reset();
  EXPECT_EQ(kept.size(), 32U);
  EXPECT_EQ(told->notes, kept);
}

TEST_F(SqliteFile, SeveralMayOpenANewFileAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> opened = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      if (OpenCode(Path()).empty()) ++opened;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(opened, 8);
}

TEST_F(SqliteFile, ReadRefusesToWrite) {
  Fill();
  auto database = Database::Open(Path());
  ASSERT_TRUE(database.ok());
  for (const char* sql : {"DELETE FROM item", "DROP TABLE item", "CREATE TABLE other (id INTEGER)",
                          "ALTER TABLE item ADD COLUMN more INTEGER", "CREATE INDEX more ON item (name)"}) {
    EXPECT_EQ(Code((*database)->Read<void>([&](Connection& c) -> Status {
                c.Execute(sql);
                return {};
              })),
              "storage_failed")
        << sql;
  }
}

}  // namespace
}  // namespace dealpace::db
