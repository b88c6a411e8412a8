#include "db/log_sync.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "db/db.h"

namespace dealpace::db {
namespace {

Status Refusal() { return Error("storage_failed").With("detail", "the disk is gone"); }

TEST(LogSyncTest, WhatIsOnDiskIsNotSyncedAgain) {
  int syncs = 0;
  LogSync log([&]() -> Status {
    ++syncs;
    return {};
  });
  EXPECT_TRUE(log.Await(log.committed()).ok());
  EXPECT_EQ(syncs, 0) << "nothing was committed";
  const int64_t first = log.Committed();
  const int64_t second = log.Committed();
  EXPECT_TRUE(log.Await(second).ok());
  EXPECT_TRUE(log.Await(first).ok());
  EXPECT_EQ(syncs, 1) << "one serves both";
  EXPECT_TRUE(log.Await(log.Committed()).ok());
  EXPECT_EQ(syncs, 2);
}

// Each commit is on disk by a sync that began after it, and no two run at a time.
TEST(LogSyncTest, ASyncServesOnlyWhatWasCommittedBeforeItBegan) {
  std::atomic<int64_t> written = 0;  // commits that are in the file
  std::atomic<int64_t> durable = 0;
  std::atomic<int> at_work = 0;
  std::atomic<int> syncs = 0;
  LogSync log([&]() -> Status {
    EXPECT_EQ(++at_work, 1);
    const int64_t seen = written;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    durable = seen;
    ++syncs;
    --at_work;
    return {};
  });
  std::mutex writing;
  std::atomic<int> early = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        int64_t commit = 0;
        {
          const std::lock_guard lock(writing);
          ++written;
          commit = log.Committed();
        }
        ASSERT_TRUE(log.Await(commit).ok());
        if (durable < commit) ++early;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(early, 0);
  EXPECT_EQ(log.committed(), 600);
  EXPECT_LT(syncs, 600) << "some were shared";
}

TEST(LogSyncTest, ADiskThatHasRefusedIsNotAskedAgain) {
  int syncs = 0;
  LogSync log([&] { return ++syncs == 2 ? Refusal() : Status(); });
  const int64_t good = log.Committed();
  ASSERT_TRUE(log.Await(good).ok());
  EXPECT_TRUE(log.state().ok());
  const Status refused = log.Await(log.Committed());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "storage_failed");
  EXPECT_FALSE(log.Await(log.Committed()).ok()) << "it might say yes now, and have lost what came before";
  EXPECT_FALSE(log.state().ok());
  EXPECT_EQ(syncs, 2);
  EXPECT_TRUE(log.Await(good).ok()) << "what was on disk is";
}

TEST(LogFileTest, MustBeThere) {
  LogFile file("/no/such/folder/dealpace.db-wal");
  EXPECT_THROW(file.Open(), DbError);
}

}  // namespace
}  // namespace dealpace::db
