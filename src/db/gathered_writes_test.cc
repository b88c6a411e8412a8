#include "db/gathered_writes.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include "db/testing.h"

namespace dealpace::db {
namespace {

class GatheredWritesTest : public testing::Test {
 protected:
  using Handle = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;

  static Handle Open(const std::string& path, const char* file_system) {
    sqlite3* handle = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    EXPECT_EQ(sqlite3_open_v2(path.c_str(), &handle, flags, file_system), SQLITE_OK);
    return {handle, &sqlite3_close};
  }
  static int Run(const Handle& handle, const std::string& sql) {
    return sqlite3_exec(handle.get(), sql.c_str(), nullptr, nullptr, nullptr);
  }
  int Commit() {
    const GatheredWrites gathered(writer_.get());
    return Run(writer_, "COMMIT");
  }
  static std::string Ask(const Handle& handle, const char* sql) {
    std::string said;
    const auto take = [](void* to, int count, char** values, char**) {
      for (int i = 0; i < count; ++i) *static_cast<std::string*>(to) += std::string(values[i] ? values[i] : "-") + " ";
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(handle.get(), sql, take, &said, nullptr), SQLITE_OK);
    return said;
  }
  static std::string Content(const Handle& handle) {
    return Ask(handle, "SELECT count(*), sum(id * length(text)), sum(turn) FROM item; PRAGMA integrity_check");
  }

  void SetUp() override {
    ASSERT_NE(GatheringFileSystem(), nullptr);
    ASSERT_EQ(Run(writer_,
                  "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;"
                  "PRAGMA cache_size = 20; CREATE TABLE item (id INTEGER PRIMARY KEY, turn INT, text TEXT)"),
              SQLITE_OK);
  }

  const TestStore store_{Kind::kSqlite};
  const std::string& path_ = store_.url();
  Handle writer_ = Open(path_, GatheringFileSystem());
  Handle reader_ = Open(path_, nullptr);
};

// Pages that do not fit into the writer's memory go to the log before the commit, and may be written there again.
TEST_F(GatheredWritesTest, OthersSeeEachCommitWholeAndNothingElse) {
  std::mt19937 random(4);
  const auto below = [&](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
  std::string committed = Content(reader_);
  for (int turn = 1; turn <= 300; ++turn) {
    ASSERT_EQ(Run(writer_, "BEGIN IMMEDIATE"), SQLITE_OK);
    const int statements = 1 + below(turn % 10 == 0 ? 120 : 4);
    for (int i = 0; i < statements; ++i) {
      const std::string text = "replace(hex(zeroblob(" + std::to_string(below(3000)) + ")), '00', 'x')";
      ASSERT_EQ(Run(writer_, "INSERT OR REPLACE INTO item VALUES (" + std::to_string(below(600)) + ", " +
                                 std::to_string(turn) + ", " + text + ")"),
                SQLITE_OK);
    }
    ASSERT_EQ(Content(reader_), committed) << turn;
    if (below(4) == 0) {
      ASSERT_EQ(Run(writer_, "ROLLBACK"), SQLITE_OK);
    } else {
      ASSERT_EQ(Commit(), SQLITE_OK);
      committed = Content(writer_);
    }
    ASSERT_EQ(Content(reader_), committed) << turn;
    const bool copied = below(20) != 0 || Run(reader_, "PRAGMA wal_checkpoint(RESTART)") == SQLITE_OK;
    ASSERT_TRUE(copied) << turn;
  }
  EXPECT_NE(committed.find(" ok "), std::string::npos) << committed;

  // As a process that was killed leaves them.
  const std::string copy = path_ + ".copy";
  std::filesystem::copy_file(path_, copy);
  std::filesystem::copy_file(path_ + "-wal", copy + "-wal");
  EXPECT_EQ(Content(Open(copy, nullptr)), committed);
}

TEST_F(GatheredWritesTest, ACommitThatCannotBeWrittenFailsAndIsSeenByNobody) {
  ASSERT_EQ(Run(writer_, "INSERT INTO item VALUES (1, 1, 'before')"), SQLITE_OK);
  const std::string before = Content(reader_);
  ASSERT_EQ(Run(writer_, "BEGIN IMMEDIATE; INSERT INTO item VALUES (2, 2, 'lost')"), SQLITE_OK);

  std::signal(SIGXFSZ, SIG_IGN);
  rlimit usual{};
  getrlimit(RLIMIT_FSIZE, &usual);
  const rlimit small{std::filesystem::file_size(path_ + "-wal"), usual.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const int code = Commit();
  setrlimit(RLIMIT_FSIZE, &usual);
  std::signal(SIGXFSZ, SIG_DFL);

  EXPECT_NE(code, SQLITE_OK);
  if (sqlite3_get_autocommit(writer_.get()) == 0) Run(writer_, "ROLLBACK");
  EXPECT_EQ(Content(reader_), before);
  ASSERT_EQ(Run(writer_, "BEGIN IMMEDIATE; INSERT INTO item VALUES (3, 3, 'after')"), SQLITE_OK);
  EXPECT_EQ(Commit(), SQLITE_OK);
  EXPECT_EQ(Ask(reader_, "SELECT id FROM item"), "1 3 ");
}

// As SQLite writes a page: what stands before it, with the size of the database in the last one, and the page.
TEST_F(GatheredWritesTest, PagesAreHeldBackUntilTheLastAndDroppedWhereThatDoesNotCome) {
  ASSERT_EQ(Run(writer_, "INSERT INTO item VALUES (1, 1, 'x')"), SQLITE_OK);
  sqlite3_file* log = nullptr;
  ASSERT_EQ(sqlite3_file_control(writer_.get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log), SQLITE_OK);
  const auto size = [&] { return static_cast<sqlite3_int64>(std::filesystem::file_size(path_ + "-wal")); };
  const sqlite3_int64 before = size();
  const std::string page(4096, 'p');
  const auto write = [&](sqlite3_int64 at, char pages) {
    std::string header(24, '\0');
    header[7] = pages;
    return log->pMethods->xWrite(log, header.data(), 24, at) == SQLITE_OK &&
           log->pMethods->xWrite(log, page.data(), 4096, at + 24) == SQLITE_OK;
  };
  {
    const GatheredWrites gathered(writer_.get());
    EXPECT_TRUE(write(before, 0));
    EXPECT_EQ(size(), before);
  }
  EXPECT_EQ(size(), before) << "dropped";
  {
    const GatheredWrites gathered(writer_.get());
    EXPECT_TRUE(write(before, 0));
    EXPECT_TRUE(write(before + 4120, 0));
    EXPECT_EQ(size(), before);
    EXPECT_TRUE(write(before + 8240, 9));
    EXPECT_EQ(size(), before + 12'360) << "the last one";
    EXPECT_TRUE(write(before + 12'360, 0));
    EXPECT_EQ(size(), before + 16'480) << "nothing is held back after it";
  }
  EXPECT_EQ(Ask(reader_, "SELECT id FROM item"), "1 ") << "SQLite was told of none of it";
  const GatheredWrites without_a_log(reader_.get());  // opened with another file system: nothing happens
  EXPECT_EQ(Run(writer_, "INSERT INTO item VALUES (2, 2, 'x')"), SQLITE_OK);
  EXPECT_EQ(Ask(reader_, "SELECT id FROM item"), "1 2 ");
}

}  // namespace
}  // namespace dealpace::db
