#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <any>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/backend.h"

namespace dealpace::db {

struct CloseDatabase {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// A prepared statement; `in_use` by an open Rows or BulkInsert.
struct Prepared {
  StatementHandle handle;
  int parameters = 0;
  bool in_use = false;
  bool writes = false;          // into a table that is no temporary one
  bool writes_masters = false;  // … and does not only take in records
  int64_t changes_before = 0;   // while it is in use
};

// One connection to the file, for writing or for reading only. Included in src/db/ only.
class SqliteConnection final : public BackendConnection {
 public:
  SqliteConnection(const std::string& path, const Options& options, bool writer);

  [[nodiscard]] Kind kind() const override { return Kind::kSqlite; }
  [[nodiscard]] Rows QueryValues(std::string_view sql, std::span<const Value> values) override;
  int64_t ExecuteValues(std::string_view sql, std::span<const Value> values) override;
  void ExecuteScript(std::string_view sql) override;
  [[nodiscard]] BulkInsert Bulk(std::string_view table, std::span<const std::string_view> columns) override;

  void Note(std::any what) override {
    if (writer_) notes_.push_back(std::move(what));
  }
  [[nodiscard]] std::span<const std::any> notes() const override { return notes_; }

  void Begin(bool write) override;
  // Begins to write, unless somebody else does: then false, without waiting.
  bool TryBegin();
  void Commit() override;
  void Rollback() noexcept override;

  // Whether the open transaction has changed tables that only take in records, and no others.
  [[nodiscard]] bool wrote_only_records() const { return wrote_ && !wrote_masters_; }

  // Rises with whatever is changed.
  [[nodiscard]] int64_t changes() const { return sqlite3_total_changes64(handle_.get()) + unseen_changes_; }
  // Of a statement that changed nothing.
  void ForgetFailure() { failure_.reset(); }

  // A part of the open transaction that can be undone by itself.
  void BeginPart();
  void KeepPart(bool begun);  // temporary tables go; ends the part, if one was begun
  void UndoPart() noexcept;   // … and forgets the failure
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }
  // The file of the log, wherever links lead.
  [[nodiscard]] std::string log_path() const {
    return sqlite3_filename_wal(sqlite3_db_filename(handle_.get(), "main"));
  }
  // The log stays as it is when the connection is closed.
  void LeaveLog() { sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr); }
  // Within a transaction that writes: makes room in the file of the log before it is needed, once there is much in it.
  void GrowLog();
  // Pages in the write-ahead log after the last commit.
  [[nodiscard]] int wal_pages() const { return wal_pages_; }
  // Copies what nobody else needs from the log into the database; what fails is left for the next time. Returns how
  // many of the log's pages are there now.
  int Checkpoint() noexcept {
    int copied = 0;
    sqlite3_wal_checkpoint_v2(handle_.get(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, &copied);
    return std::max(copied, 0);
  }
  // Puts what was copied on disk, which SQLite itself does only once it has copied all.
  void SyncCopied() noexcept {
    sqlite3_file* file = nullptr;
    if (sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK) return;
    if (file != nullptr && file->pMethods != nullptr) file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
  }

  // True when a row is there; false at the end.
  bool Step(sqlite3_stmt* statement) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) FailWith(sqlite3_sql(statement));
    return false;
  }
  // A statement in use, for ReleasePrepared. One that serves another Rows of the same text is not shared.
  Prepared* Acquire(std::string_view sql);
  void ReleasePrepared(Prepared* prepared);
  enum class Lifetime { kUntilStep, kUntilRelease };
  void Bind(const Prepared& prepared, std::span<const Value> values, Lifetime lifetime);
  void CheckValues(std::span<const Value> values) { BackendConnection::CheckValues(values); }
  void CheckUsable() const { ThrowIfFailed(); }

 private:
  static int Authorize(void* self, int action, const char* object, const char*, const char* schema, const char*);
  [[noreturn]] void FailWith(std::string_view sql);
  void SetUp(const Options& options);
  void UseWal(const Options& options);
  void Run(const char* sql);
  void RunKept(std::string_view sql);  // prepared once
  int64_t QueryNumber(const char* sql);
  void DropTemporaryTables();
  StatementHandle Prepare(std::string_view sql);

  std::unique_ptr<sqlite3, CloseDatabase> handle_;
  const bool writer_;
  const int busy_timeout_ms_;
  bool made_temporary_ = false;
  bool prepares_write_ = false;    // what was prepared last writes …
  bool prepares_masters_ = false;  // … more than records
  bool wrote_ = false;             // a statement that was prepared has changed rows
  bool wrote_masters_ = false;     // more than records may have been changed
  int64_t unseen_changes_ = 0;     // scripts, and temporary tables made: SQLite does not count them
  std::vector<std::any> notes_;
  size_t notes_before_part_ = 0;
  int wal_pages_ = 0;
  int log_room_ = 64;  // pages from which on the log needs more room
  LruCache<std::unique_ptr<Prepared>> cache_;
  std::vector<std::unique_ptr<Prepared>> uncached_;
};

}  // namespace dealpace::db
