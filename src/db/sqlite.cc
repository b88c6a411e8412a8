#include <any>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "db/backend.h"
#include "db/masters_mark.h"
#include "db/sqlite_connection.h"
#include "db/wal_index.h"
#include "db/write_queue.h"

namespace dealpace::db {
namespace {

class SqliteDatabase final : public Database, private WriteQueue::Observer {
 public:
  SqliteDatabase(std::string path, const Options& options)
      : path_(std::move(path)), options_(options), writer_(path_, options, true), checkpointer_(path_, options) {}

  [[nodiscard]] Kind kind() const override { return Kind::kSqlite; }
  [[nodiscard]] bool writes_later() const override { return true; }
  void WriteLater(Work work, std::function<void(Status)> done, bool here) override {
    writes_.RunLater(std::move(work), std::move(done), here);
  }
  void Watch(std::weak_ptr<CommitWatcher> watcher) override {
    const std::lock_guard lock(watchers_mutex_);
    std::erase_if(commit_watchers_, [](const auto& one) { return one.expired(); });
    commit_watchers_.push_back(std::move(watcher));
  }

 protected:
  Status RunBulk(const Work& work) override {
    const WriteScope scope(this);
    return writes_.Run(work, true);
  }
  Status RunRaw(const Work& work, bool write) override {
    if (write) {
      const WriteScope scope(this);
      return writes_.Run(work, false);
    }
    try {
      const Reader reader(*this);
      return RunTransaction(reader.connection(), work, false, path_);
    } catch (const DbError& error) {
      return ToError(error, path_);
    }
  }

  std::optional<int64_t> AskChangeMark(Changes of) override {
    const WalIndexHead* head = wal_index_.load(std::memory_order_acquire);
    std::optional<int64_t> version;
    if (head == nullptr) {
      version = AskDataVersion();
      head = wal_index_.load(std::memory_order_acquire);
    }
    for (int attempt = 0; head != nullptr && attempt < 3; ++attempt) {
      if (const auto mark = MarkBy(*head, of)) return mark;
    }
    return version ? version : AskDataVersion();
  }

 private:
  // On a connection of its own that writes nothing: data_version moves with every commit of another connection. The
  // first time finds the shorter way, where there is one.
  std::optional<int64_t> AskDataVersion() {
    const std::lock_guard lock(watcher_mutex_);
    try {
      if (!watcher_) {
        watcher_ = std::make_unique<SqliteConnection>(path_, options_, false);
        ++watchers_;  // another connection counts on its own
      }
      Rows rows = watcher_->Query("PRAGMA data_version");
      if (!rows.Next()) return std::nullopt;
      const int64_t version = rows.Int(0);
      if (!watcher_head_) {
        watcher_head_.emplace(watcher_->handle());
        if (watcher_head_->found()) wal_index_.store(&*watcher_head_, std::memory_order_release);
      }
      return (watchers_ << 40) + version;
    } catch (const DbError&) {
      // Where its memory is looked at, the connection must stay.
      if (wal_index_.load(std::memory_order_relaxed) == nullptr) {
        watcher_head_.reset();
        watcher_.reset();
      }
    }
    return std::nullopt;
  }

  std::optional<int64_t> MarkBy(const WalIndexHead& head, Changes of) {
    if (of == Changes::kMasters) return masters_.Get(head);
    const auto now = head.Read();
    return now ? std::optional(now->mark) : std::nullopt;
  }

  void BeforeCommit(bool records_only) override {
    const WalIndexHead* head = wal_index_.load(std::memory_order_acquire);
    before_commit_ = head == nullptr ? std::nullopt : head->Read();
    if (records_only && head != nullptr) masters_.Expect(*head);
  }
  void AfterCommit(bool committed, bool records_only, std::span<const std::any> notes) override {
    const WalIndexHead* head = wal_index_.load(std::memory_order_acquire);
    if (records_only && head != nullptr) masters_.Settle(*head, committed);
    Commit commit{.before = {}, .after = {}, .notes = notes};
    const auto now = head == nullptr ? std::nullopt : head->Read();
    // A commit of nothing moves no mark.
    const bool ours =
        now && before_commit_ && (now->mark == before_commit_->mark || now->commits == before_commit_->commits + 1);
    if (committed && ours) {
      commit.before = before_commit_->mark;
      commit.after = now->mark;
    }
    const std::lock_guard lock(watchers_mutex_);
    for (const auto& watcher : commit_watchers_) {
      if (const auto one = watcher.lock()) one->OnCommit(commit);
    }
  }

  // A reading connection taken from the pool: a free one, a new one, or the next that comes back.
  class Reader {
   public:
    explicit Reader(SqliteDatabase& database) : database_(database) {
      std::unique_lock lock(database.readers_mutex_);
      const int most = std::max(1, database.options_.readers);
      database.reader_free_.wait(lock, [&] { return !database.readers_.empty() || database.readers_open_ < most; });
      if (!database.readers_.empty()) {
        connection_ = std::move(database.readers_.back());
        database.readers_.pop_back();
        return;
      }
      ++database.readers_open_;
      lock.unlock();
      try {
        connection_ = std::make_unique<SqliteConnection>(database.path_, database.options_, false);
      } catch (...) {
        lock.lock();
        --database.readers_open_;
        database.reader_free_.notify_one();
        throw;
      }
    }
    ~Reader() {
      const std::lock_guard lock(database_.readers_mutex_);
      database_.readers_.push_back(std::move(connection_));
      database_.reader_free_.notify_one();
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    [[nodiscard]] SqliteConnection& connection() const { return *connection_; }

   private:
    SqliteDatabase& database_;
    std::unique_ptr<SqliteConnection> connection_;
  };

  const std::string path_;
  const Options options_;
  SqliteConnection writer_;
  Checkpointer checkpointer_;

  std::mutex watcher_mutex_;
  std::unique_ptr<SqliteConnection> watcher_;
  int64_t watchers_ = 0;  // so many there were
  std::optional<WalIndexHead> watcher_head_;
  std::atomic<const WalIndexHead*> wal_index_{nullptr};
  MastersMark masters_;
  std::optional<WalIndexHead::State> before_commit_;  // used by who commits
  std::mutex watchers_mutex_;
  std::vector<std::weak_ptr<CommitWatcher>> commit_watchers_;

  std::mutex readers_mutex_;
  std::condition_variable reader_free_;
  std::vector<std::unique_ptr<SqliteConnection>> readers_;  // those not at work
  int readers_open_ = 0;

  // Last: its thread uses the others.
  WriteQueue writes_{*this, writer_, path_, checkpointer_, *this};
};

}  // namespace

Result<std::unique_ptr<Database>> OpenSqlite(std::string_view path, const Options& options) {
  if (path.empty()) return Error("database_unreachable").With("path", path).With("detail", "no file is named");
  // Before the first use: nobody asks SQLite how much memory it has, and each piece would take a lock to be counted.
  [[maybe_unused]] static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  // An absolute path is never taken for SQLite's ":memory:" or "file:…".
  std::error_code failed;
  const std::string absolute = std::filesystem::absolute(std::filesystem::path(path), failed).string();
  if (failed) return Error("database_unreachable").With("path", path).With("detail", failed.message());
  try {
    return std::unique_ptr<Database>(std::make_unique<SqliteDatabase>(absolute, options));
  } catch (const DbError& error) {
    return ToError(error, path);
  }
}

}  // namespace dealpace::db
