#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "base/result.h"

namespace dealpace::db {

// The file of the write-ahead log of an open database, for putting it on disk while SQLite goes on writing to it.
class LogFile {
 public:
  explicit LogFile(std::string path) : path_(std::move(path)) {}
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  // Before the first Sync, once SQLite has made it. Throws DbError where it cannot be opened.
  void Open();
  // By one thread at a time.
  Status Sync();

 private:
  const std::string path_;
  int file_ = -1;
};

// Puts commits on disk. Committing only writes to the log; whoever has to acknowledge a commit waits here until the log
// is on disk up to it. One sync serves all that were committed before it began, and nobody begins one beside another.
//
// A disk that has refused once has perhaps forgotten what it was given, and would say yes to the next sync: from then
// on everything is refused, until the database is opened anew.
class LogSync {
 public:
  // `sync` puts on disk what the log's file has by now; it may be called on any thread, by one at a time.
  explicit LogSync(std::function<Status()> sync) : sync_(std::move(sync)) {}

  // One more commit is in the log. Returns its number.
  int64_t Committed() {
    const std::lock_guard lock(mutex_);
    return ++committed_;
  }
  [[nodiscard]] int64_t committed() const {
    const std::lock_guard lock(mutex_);
    return committed_;
  }

  // Whether the disk is at work for an earlier commit.
  [[nodiscard]] bool syncing() const {
    const std::lock_guard lock(mutex_);
    return syncing_;
  }

  // What the disk said when it refused.
  [[nodiscard]] Status state() const {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

  // Returns when that commit, and all before it, are on disk.
  Status Await(int64_t commit) {
    std::unique_lock lock(mutex_);
    while (synced_ < commit && refused_.ok()) {
      if (syncing_) {
        synced_one_.wait(lock);
        continue;
      }
      syncing_ = true;
      const int64_t so_far = committed_;
      lock.unlock();
      Status said = sync_();
      lock.lock();
      syncing_ = false;
      if (said.ok()) {
        synced_ = so_far;
      } else {
        refused_ = std::move(said);
      }
      synced_one_.notify_all();
    }
    return synced_ >= commit ? Status() : refused_;
  }

 private:
  const std::function<Status()> sync_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable synced_one_;
  int64_t committed_ = 0;
  int64_t synced_ = 0;  // commits up to this one are on disk
  bool syncing_ = false;
  Status refused_;
};

}  // namespace dealpace::db
