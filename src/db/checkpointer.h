#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "db/sqlite_connection.h"

namespace dealpace::db {

// Copies the write-ahead log into the database beside the commits, in a thread that starts when it is first needed.
class Checkpointer {
 public:
  Checkpointer(const std::string& path, const Options& options) : path_(path), options_(options) {}
  ~Checkpointer() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wanted_.notify_one();
    if (thread_.joinable()) thread_.join();
  }
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // By the writer, who commits: before he begins the next transaction …
  void BeforeWork(SqliteConnection& writer) {
    if (!writer_has_to_copy_.exchange(false) || given_up_) return;
    // As long as nobody writes all of the log can be copied, and the next commit begins it anew.
    std::unique_lock one_at_a_time(copying_, std::defer_lock);
    if (writer.wal_pages() >= kPagesMost) one_at_a_time.lock();
    if (one_at_a_time.owns_lock() || one_at_a_time.try_lock()) copied_ = writer.Checkpoint();
  }
  // … and after each commit.
  void AfterCommit(const SqliteConnection& writer) {
    const int pages = writer.wal_pages();
    if (pages < copied_) copied_ = 0;  // the log has begun anew
    const int left = pages - copied_;
    if (pages >= kPagesMany && (left <= kPagesFew || pages >= kPagesMost)) {
      writer_has_to_copy_ = true;
    } else if (left >= (pages < kPagesMany ? kPagesWanted : kPagesFew)) {
      Want();
    }
  }
  // Nothing is copied any more: the disk may have lost what is in the log.
  void GiveUp() { given_up_ = true; }
  // Before the next work the writer copies himself, which takes a while.
  [[nodiscard]] bool writer_has_to_copy() const { return writer_has_to_copy_; }

 private:
  // Copying keeps the disk busy, so it is better done seldom. Once there are many pages in the log the rest of them is
  // made small, and then copied by the writer himself, for whom everybody waits.
  static constexpr int kPagesWanted = 6'500;
  static constexpr int kPagesMany = 13'000;
  static constexpr int kPagesFew = 500;
  static constexpr int kPagesMost = 24'000;  // 94 MiB: he waits for the copying that goes on

  void Want() {
    {
      const std::lock_guard lock(mutex_);
      if (waiting_ || given_up_) return;
      waiting_ = true;
      if (!thread_.joinable()) thread_ = std::thread([this] { Work(); });
    }
    wanted_.notify_one();
  }

  void Work() {
    std::unique_ptr<SqliteConnection> connection;
    std::unique_lock lock(mutex_);
    while (true) {
      wanted_.wait(lock, [this] { return waiting_ || stopping_; });
      if (stopping_) return;
      lock.unlock();
      try {
        if (!connection) connection = std::make_unique<SqliteConnection>(path_, options_, false);
        const std::lock_guard one_at_a_time(copying_);
        copied_ = connection->Checkpoint();
        connection->SyncCopied();
      } catch (const std::exception&) {
        connection.reset();  // the writer copies when there is too much
      }
      lock.lock();
      waiting_ = false;
    }
  }

  const std::string path_;
  const Options options_;
  std::mutex copying_;
  std::atomic<int> copied_ = 0;  // of the log's pages
  std::atomic<bool> writer_has_to_copy_ = false;
  std::atomic<bool> given_up_ = false;
  std::mutex mutex_;  // guards what follows
  std::condition_variable wanted_;
  bool waiting_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace dealpace::db
