#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <filesystem>
#include <mutex>
#include <thread>

#include "db/backend.h"
#include "db/tables.h"
#include "db/wal_index.h"

namespace dealpace::db {
namespace {

DbError::Why WhyOf(int extended_code) {
  switch (extended_code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID: return DbError::Why::kUnique;
    default: break;
  }
  switch (extended_code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return DbError::Why::kBusy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return DbError::Why::kCorrupt;
    case SQLITE_CANTOPEN: return DbError::Why::kConnection;
    case SQLITE_FULL: return DbError::Why::kFull;
    default: return DbError::Why::kOther;
  }
}

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

int CompareBytes(void*, int left_size, const void* left, int right_size, const void* right) {
  const int order = std::memcmp(left, right, static_cast<size_t>(std::min(left_size, right_size)));
  return order != 0 ? order : left_size - right_size;
}

class SqliteConnection final : public BackendConnection {
 public:
  SqliteConnection(const std::string& path, const Options& options, bool writer);

  [[nodiscard]] Kind kind() const override { return Kind::kSqlite; }
  [[nodiscard]] Rows QueryValues(std::string_view sql, std::span<const Value> values) override;
  int64_t ExecuteValues(std::string_view sql, std::span<const Value> values) override;
  void ExecuteScript(std::string_view sql) override;
  [[nodiscard]] BulkInsert Bulk(std::string_view table, std::span<const std::string_view> columns) override;

  void Begin(bool write) override;
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
  bool made_temporary_ = false;
  bool prepares_write_ = false;    // what was prepared last writes …
  bool prepares_masters_ = false;  // … more than records
  bool wrote_ = false;             // a statement that was prepared has changed rows
  bool wrote_masters_ = false;     // more than records may have been changed
  int64_t unseen_changes_ = 0;     // scripts, and temporary tables made: SQLite does not count them
  int wal_pages_ = 0;
  int log_room_ = 64;  // pages from which on the log needs more room
  LruCache<std::unique_ptr<Prepared>> cache_;
  std::vector<std::unique_ptr<Prepared>> uncached_;
};

// Closes what a statement began, however its scope is left.
class InUse {
 public:
  InUse(SqliteConnection& connection, std::string_view sql)
      : connection_(connection), prepared_(connection.Acquire(sql)) {}
  ~InUse() { connection_.ReleasePrepared(prepared_); }
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;
  [[nodiscard]] const Prepared& prepared() const { return *prepared_; }
  [[nodiscard]] sqlite3_stmt* handle() const { return prepared_->handle.get(); }

 private:
  SqliteConnection& connection_;
  Prepared* prepared_;
};

class SqliteRows final : public Rows::Impl {
 public:
  // Takes the first step at once: a statement that writes (… RETURNING) has written when Query returns.
  SqliteRows(SqliteConnection& connection, std::string_view sql, std::span<const Value> values)
      : connection_(connection), statement_(connection, sql) {
    connection_.Bind(statement_.prepared(), values, SqliteConnection::Lifetime::kUntilRelease);
    done_ = !connection_.Step(statement_.handle());
  }

  bool Next() override {
    if (std::exchange(first_, false)) return !done_;
    if (!done_) done_ = !connection_.Step(statement_.handle());
    return !done_;
  }
  [[nodiscard]] bool IsNull(int column) const override {
    return sqlite3_column_type(statement_.handle(), column) == SQLITE_NULL;
  }
  [[nodiscard]] int64_t Int(int column) const override { return sqlite3_column_int64(statement_.handle(), column); }
  [[nodiscard]] double Double(int column) const override { return sqlite3_column_double(statement_.handle(), column); }
  [[nodiscard]] std::string_view Text(int column) const override {
    const unsigned char* text = sqlite3_column_text(statement_.handle(), column);
    if (text == nullptr) return {};
    return {reinterpret_cast<const char*>(text), Size(column)};
  }
  [[nodiscard]] std::string_view Bytes(int column) const override {
    const void* bytes = sqlite3_column_blob(statement_.handle(), column);
    if (bytes == nullptr) return {};
    return {static_cast<const char*>(bytes), Size(column)};
  }

 private:
  [[nodiscard]] size_t Size(int column) const {
    return static_cast<size_t>(sqlite3_column_bytes(statement_.handle(), column));
  }

  SqliteConnection& connection_;
  InUse statement_;
  bool first_ = true;
  bool done_ = false;
};

class SqliteBulkInsert final : public BulkInsert::Impl {
 public:
  SqliteBulkInsert(SqliteConnection& connection, std::string_view sql) : connection_(connection) {
    statement_.emplace(connection, sql);
  }
  ~SqliteBulkInsert() override {
    if (statement_) connection_.FailLater("a bulk insert was given up before Finish");
  }
  void Row(std::span<const Value> values) override {
    if (!statement_) throw std::logic_error("BulkInsert::Row after Finish");
    connection_.CheckUsable();
    connection_.Bind(statement_->prepared(), values, SqliteConnection::Lifetime::kUntilStep);
    connection_.Step(statement_->handle());
    sqlite3_reset(statement_->handle());
  }
  void Finish() override {
    connection_.CheckUsable();
    statement_.reset();
  }

 private:
  SqliteConnection& connection_;
  std::optional<InUse> statement_;
};

SqliteConnection::SqliteConnection(const std::string& path, const Options& options, bool writer) : writer_(writer) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);
  if (handle == nullptr) throw std::bad_alloc();
  sqlite3_extended_result_codes(handle, 1);
  if (code != SQLITE_OK) FailWith({});
  SetUp(options);
}

void SqliteConnection::SetUp(const Options& options) {
  sqlite3* handle = handle_.get();
  sqlite3_busy_timeout(handle, options.busy_timeout_ms);
  // "x" is a name, never a text, as in PostgreSQL.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // ORDER BY … COLLATE "C" then means the order of bytes on both databases.
  sqlite3_create_collation(handle, "C", SQLITE_UTF8, nullptr, CompareBytes);
  // The first look at the file: tells a file that is no database, or whose schema is damaged.
  QueryNumber("SELECT count(*) FROM sqlite_master");
  if (sqlite3_db_readonly(handle, "main") == 1) {
    Fail(DbError(DbError::Why::kConnection, "the file may only be read"));
  }
  if (writer_) UseWal(options);
  Run("PRAGMA foreign_keys = ON");
  Run("PRAGMA synchronous = FULL");
  Run("PRAGMA case_sensitive_like = ON");  // as PostgreSQL
  Run(writer_ ? "PRAGMA cache_size = -65536" : "PRAGMA cache_size = -16384");
  Run("PRAGMA journal_size_limit = 67108864");
  if (writer_) Run("PRAGMA secure_delete = FAST");  // what is overwritten or deleted leaves no remains in its page
  if (writer_) {
    // In place of SQLite's own checkpoint, which would make some commits wait for two more syncs.
    sqlite3_wal_hook(
        handle,
        [](void* self, sqlite3*, const char*, int pages) {
          static_cast<SqliteConnection*>(self)->wal_pages_ = pages;
          return SQLITE_OK;
        },
        this);
  }
  sqlite3_set_authorizer(handle, Authorize, this);
}

// The change of mode does not wait by busy_timeout when two processes open a new file at once.
void SqliteConnection::UseWal(const Options& options) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(options.busy_timeout_ms);
  while (true) {
    const int code = sqlite3_exec(handle_.get(), "PRAGMA journal_mode = WAL", nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) return;
    if ((code & 0xff) != SQLITE_BUSY || std::chrono::steady_clock::now() >= until) FailWith({});
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

// Keeps Read from writing anything but temporary tables, and notices when one is made, and what Write changes.
int SqliteConnection::Authorize(void* self, int action, const char* object, const char*, const char* schema,
                                const char*) {
  auto* connection = static_cast<SqliteConnection*>(self);
  switch (action) {
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_VIEW:
      connection->made_temporary_ = true;
      ++connection->unseen_changes_;
      return SQLITE_OK;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_VIEW:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_INDEX:
    case SQLITE_DROP_VIEW:
    case SQLITE_ALTER_TABLE: {
      const bool main = schema == nullptr || std::strcmp(schema, "main") == 0;
      if (main && !connection->writer_) return SQLITE_DENY;
      if (main) {
        connection->prepares_write_ = true;
        const bool rows = action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE;
        const Table* table = rows && object != nullptr ? FindTable(object) : nullptr;
        if (table == nullptr || !table->record) connection->prepares_masters_ = true;
      }
      return SQLITE_OK;
    }
    default: return SQLITE_OK;
  }
}

void SqliteConnection::FailWith(std::string_view sql) {
  sqlite3* handle = handle_.get();
  const DbError::Why why = WhyOf(sqlite3_extended_errcode(handle));
  Fail(DbError(why, Describe(sqlite3_errmsg(handle), why == DbError::Why::kOther ? sql : std::string_view())));
}

void SqliteConnection::Run(const char* sql) {
  prepares_masters_ = false;
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  wrote_masters_ = wrote_masters_ || prepares_masters_;
  if (code != SQLITE_OK) FailWith(sql);
}

void SqliteConnection::RunKept(std::string_view sql) {
  const InUse statement(*this, sql);
  Step(statement.handle());
}

int64_t SqliteConnection::QueryNumber(const char* sql) {
  const StatementHandle statement = Prepare(sql);
  return Step(statement.get()) ? sqlite3_column_int64(statement.get(), 0) : 0;
}

StatementHandle SqliteConnection::Prepare(std::string_view sql) {
  const auto prepare = [&](std::string_view text, std::string_view* rest) {
    sqlite3_stmt* statement = nullptr;
    const char* tail = nullptr;
    if (sqlite3_prepare_v3(handle_.get(), text.data(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT,
                           &statement, &tail) != SQLITE_OK) {
      FailWith(text);
    }
    *rest = tail == nullptr ? std::string_view() : text.substr(static_cast<size_t>(tail - text.data()));
    return StatementHandle(statement);
  };
  std::string_view rest;
  StatementHandle statement = prepare(sql, &rest);
  if (!statement) Fail(Describe("no statement", sql));
  while (!rest.empty()) {
    if (prepare(rest, &rest)) Fail(Describe("more than one statement", sql));
  }
  return statement;
}

Prepared* SqliteConnection::Acquire(std::string_view sql) {
  ThrowIfFailed();
  std::unique_ptr<Prepared>* cached = cache_.Find(sql);
  if (cached != nullptr && !(*cached)->in_use) {
    (*cached)->in_use = true;
    (*cached)->changes_before = sqlite3_total_changes64(handle_.get());
    wrote_masters_ = wrote_masters_ || (*cached)->writes_masters;
    return cached->get();
  }
  const bool had_temporary = std::exchange(made_temporary_, false);
  auto prepared = std::make_unique<Prepared>();
  prepares_write_ = false;
  prepares_masters_ = false;
  prepared->handle = Prepare(sql);
  prepared->writes = prepares_write_;
  prepared->writes_masters = prepares_masters_;
  prepared->changes_before = sqlite3_total_changes64(handle_.get());
  wrote_masters_ = wrote_masters_ || prepares_masters_;
  prepared->parameters = sqlite3_bind_parameter_count(prepared->handle.get());
  prepared->in_use = true;
  // One that makes a temporary table is not kept, so that Authorize sees it each time.
  const bool keep = cached == nullptr && !made_temporary_;
  made_temporary_ = made_temporary_ || had_temporary;
  if (!keep) return uncached_.emplace_back(std::move(prepared)).get();
  if (cache_.size() >= kCachedStatements) {
    cache_.TakeOldest([](const std::unique_ptr<Prepared>& old) { return !old->in_use; });
  }
  return cache_.Insert(std::string(sql), std::move(prepared))->get();
}

void SqliteConnection::ReleasePrepared(Prepared* prepared) {
  sqlite3_reset(prepared->handle.get());
  sqlite3_clear_bindings(prepared->handle.get());
  if (prepared->writes && sqlite3_total_changes64(handle_.get()) != prepared->changes_before) wrote_ = true;
  prepared->in_use = false;
  std::erase_if(uncached_, [&](const auto& other) { return other.get() == prepared; });
}

void SqliteConnection::Bind(const Prepared& prepared, std::span<const Value> values, Lifetime lifetime) {
  sqlite3_stmt* statement = prepared.handle.get();
  if (static_cast<int>(values.size()) != prepared.parameters) {
    Fail(Describe("wrong number of values", sqlite3_sql(statement)));
  }
  BackendConnection::CheckValues(values);
  const auto keep = lifetime == Lifetime::kUntilStep ? SQLITE_STATIC : SQLITE_TRANSIENT;
  for (size_t i = 0; i < values.size(); ++i) {
    const int at = static_cast<int>(i) + 1;
    int code = SQLITE_OK;
    const Value::State& state = values[i].state();
    if (const auto* number = std::get_if<int64_t>(&state)) {
      code = sqlite3_bind_int64(statement, at, *number);
    } else if (const auto* real = std::get_if<double>(&state)) {
      code = sqlite3_bind_double(statement, at, *real);
    } else if (const auto* text = std::get_if<std::string_view>(&state)) {
      // A null pointer would bind NULL.
      code = sqlite3_bind_text64(statement, at, text->empty() ? "" : text->data(), text->size(), keep, SQLITE_UTF8);
    } else if (const auto* blob = std::get_if<Blob>(&state)) {
      code =
          sqlite3_bind_blob64(statement, at, blob->bytes.empty() ? "" : blob->bytes.data(), blob->bytes.size(), keep);
    } else {
      code = sqlite3_bind_null(statement, at);
    }
    if (code != SQLITE_OK) FailWith(sqlite3_sql(statement));
  }
}

Rows SqliteConnection::QueryValues(std::string_view sql, std::span<const Value> values) {
  return Rows(std::make_unique<SqliteRows>(*this, sql, values));
}

int64_t SqliteConnection::ExecuteValues(std::string_view sql, std::span<const Value> values) {
  const InUse statement(*this, sql);
  Bind(statement.prepared(), values, Lifetime::kUntilStep);
  const int64_t before = sqlite3_total_changes64(handle_.get());
  while (Step(statement.handle())) {
  }
  // sqlite3_changes64 keeps the number of an earlier statement when this one is no INSERT, UPDATE or DELETE.
  return sqlite3_total_changes64(handle_.get()) == before ? 0 : sqlite3_changes64(handle_.get());
}

void SqliteConnection::ExecuteScript(std::string_view sql) {
  ThrowIfFailed();
  ++unseen_changes_;
  Run(std::string(sql).c_str());
}

BulkInsert SqliteConnection::Bulk(std::string_view table, std::span<const std::string_view> columns) {
  std::string names;
  std::string places;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) {
      names += ", ";
      places += ", ";
    }
    names += columns[i];
    places += "?" + std::to_string(i + 1);
  }
  const std::string sql = "INSERT INTO " + std::string(table) + " (" + names + ") VALUES (" + places + ")";
  return BulkInsert(std::make_unique<SqliteBulkInsert>(*this, sql));
}

void SqliteConnection::Begin(bool write) {
  writing_ = write;
  made_temporary_ = false;
  wrote_ = false;
  wrote_masters_ = false;
  RunKept(write ? "BEGIN IMMEDIATE" : "BEGIN DEFERRED");
}

void SqliteConnection::Commit() {
  if (made_temporary_) DropTemporaryTables();
  RunKept("COMMIT");
}

void SqliteConnection::DropTemporaryTables() {
  std::vector<std::string> drops;
  {
    const StatementHandle names = Prepare("SELECT type, name FROM sqlite_temp_master WHERE type IN ('table', 'view')");
    while (Step(names.get())) {
      const auto text = [&](int column) {
        return std::string(reinterpret_cast<const char*>(sqlite3_column_text(names.get(), column)));
      };
      drops.push_back("DROP " + text(0) + " temp.\"" + text(1) + "\"");
    }
  }
  for (const std::string& drop : drops) Run(drop.c_str());
}

void SqliteConnection::Rollback() noexcept {
  // A full disk may have rolled back already.
  if (sqlite3_get_autocommit(handle_.get()) == 0) {
    sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  failure_.reset();
}

// The sync of a file that has just grown writes down its length, too, which takes as long again. What lies behind the
// log's last page means nothing to SQLite, and nobody else writes to it now.
void SqliteConnection::GrowLog() {
  constexpr int64_t kStep = 4 << 20;
  constexpr int kAhead = 256;        // pages
  constexpr int64_t kFrame = 4'120;  // a page and what stands before it
  if (wal_pages_ < log_room_) return;
  sqlite3_file* log = nullptr;
  sqlite3_int64 size = 0;
  if (sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK || log == nullptr ||
      log->pMethods == nullptr || log->pMethods->xFileSize(log, &size) != SQLITE_OK) {
    log_room_ = INT_MAX;
    return;
  }
  if (size < (int64_t{wal_pages_} + kAhead) * kFrame) {
    static const std::string kNothing(64 << 10, '\0');
    const sqlite3_int64 wanted = (size / kStep + 1) * kStep;
    while (size < wanted) {
      const auto piece = std::min(static_cast<sqlite3_int64>(kNothing.size()), wanted - size);
      // On a full disk the transaction itself will say so.
      if (log->pMethods->xWrite(log, kNothing.data(), static_cast<int>(piece), size) != SQLITE_OK) break;
      size += piece;
    }
  }
  log_room_ = std::max(wal_pages_ + 1, static_cast<int>(size / kFrame) - kAhead);
}

void SqliteConnection::BeginPart() { RunKept("SAVEPOINT part"); }

void SqliteConnection::KeepPart(bool begun) {
  if (made_temporary_) DropTemporaryTables();
  made_temporary_ = false;
  if (begun) RunKept("RELEASE part");
}

void SqliteConnection::UndoPart() noexcept {
  if (in_transaction() &&
      sqlite3_exec(handle_.get(), "ROLLBACK TO part; RELEASE part", nullptr, nullptr, nullptr) != SQLITE_OK) {
    sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);  // better all of it than half a work
  }
  made_temporary_ = false;
  failure_.reset();
}

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

  // After each commit, by the writer.
  void Committed(SqliteConnection& writer) {
    const int pages = writer.wal_pages();
    if (pages < copied_) copied_ = 0;  // the log has begun anew
    const int left = pages - copied_;
    if (pages >= kPagesMany && (left <= kPagesFew || pages >= kPagesMost)) {
      // As long as nobody writes all of the log can be copied, and the next commit begins it anew.
      std::unique_lock one_at_a_time(copying_, std::defer_lock);
      if (pages >= kPagesMost) one_at_a_time.lock();
      if (one_at_a_time.owns_lock() || one_at_a_time.try_lock()) {
        copied_ = writer.Checkpoint();
        return;
      }
    }
    if (left < (pages < kPagesMany ? kPagesWanted : kPagesFew)) return;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_) return;
      waiting_ = true;
      if (!thread_.joinable()) thread_ = std::thread([this] { Work(); });
    }
    wanted_.notify_one();
  }

 private:
  // Copying keeps the disk busy, so it is better done seldom. Once there are many pages in the log the rest of them is
  // made small, and then copied by the writer himself, for whom everybody waits.
  static constexpr int kPagesWanted = 2'000;
  static constexpr int kPagesMany = 13'000;
  static constexpr int kPagesFew = 500;
  static constexpr int kPagesMost = 24'000;  // 94 MiB: he waits for the copying that goes on

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
  std::mutex mutex_;             // guards what follows
  std::condition_variable wanted_;
  bool waiting_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

// The mark of changes of masters: it stays while this process commits nothing but records, which it knows of itself,
// and nobody else anything, which the head of the WAL index tells.
class MastersMark {
 public:
  // Nothing where the head cannot be read.
  std::optional<int64_t> Get(const WalIndexHead& head) {
    const std::lock_guard lock(mutex_);
    const auto now = head.Read();
    if (!now) return std::nullopt;
    // Between Expect and Settle the one commit that can come is that of the records.
    const bool expected = before_ && (now->commits == *before_ || now->commits == *before_ + 1);
    if (!expected && now->mark != known_) {
      known_ = now->mark;
      before_.reset();
      ++mark_;
    }
    return mark_;
  }
  // This process, which alone may commit now, is about to commit records and nothing else. Some it must be: a commit of
  // nothing does not count.
  void Expect(const WalIndexHead& head) {
    const std::lock_guard lock(mutex_);
    const auto now = head.Read();
    if (now && now->mark == known_) before_ = now->commits;
  }
  // … and has done so, or failed.
  void Settle(const WalIndexHead& head) {
    const std::lock_guard lock(mutex_);
    const auto now = head.Read();
    if (now && before_ && now->commits == *before_ + 1) known_ = now->mark;
    before_.reset();
  }

 private:
  std::mutex mutex_;
  std::optional<int64_t> known_;    // head for which the mark is right
  std::optional<uint32_t> before_;  // commits before the one that is expected
  int64_t mark_ = 0;
};

// The works that wait for the one writer. Whose turn it is takes those behind it along: each runs in a part of one
// transaction, and all of them are acknowledged by its commit. A work that writes very much runs alone. For works that
// nobody waits for, a thread of the queue has the turn.
class WriteQueue {
 public:
  // What is told before and after a transaction that changed records only is committed.
  struct OnRecords {
    std::function<void()> before;
    std::function<void()> after;
  };
  WriteQueue(const Database& database, SqliteConnection& writer, std::string_view path, Checkpointer& checkpointer,
             OnRecords on_records)
      : database_(database),
        writer_(writer),
        path_(path),
        checkpointer_(checkpointer),
        on_records_(std::move(on_records)) {}
  ~WriteQueue() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    later_wake_.notify_one();
    if (later_thread_.joinable()) later_thread_.join();
  }
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  Status Run(const Work& work, bool alone) {
    Turn turn(work, alone);
    std::unique_lock lock(mutex_);
    waiting_.push_back(&turn);
    turn.wake.wait(lock, [&] { return turn.ended || (!writing_ && waiting_.front() == &turn); });
    if (!turn.ended) Lead(lock);
    lock.unlock();
    if (turn.thrown) std::rethrow_exception(turn.thrown);
    return std::move(turn.status);
  }

  void RunLater(Work work, std::function<void(Status)> done) {
    auto turn = std::make_unique<Turn>(std::move(work), std::move(done));
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(turn.release());  // deleted by who leads it
      if (!later_thread_.joinable()) later_thread_ = std::thread([this] { WorkLater(); });
      first = !writing_ && waiting_.size() == 1;
    }
    if (first) later_wake_.notify_one();
  }

 private:
  struct Turn {
    Turn(const Work& its_work, bool is_alone) : work(its_work), alone(is_alone) {}
    Turn(Work its_work, std::function<void(Status)> its_done)
        : own(std::move(its_work)), work(own), done(std::move(its_done)) {}
    const Work own;
    const Work& work;
    const bool alone = false;
    void Reset() {
      status = {};
      thrown = nullptr;
    }
    const std::function<void(Status)> done;  // of a work that nobody waits for
    Status status;
    std::exception_ptr thrown;
    bool ended = false;
    std::condition_variable wake;  // of who waits
  };
  static constexpr size_t kGroupMost = 256;

  // Runs the front of the queue and what it takes along. `lock` holds the mutex, before and after.
  void Lead(std::unique_lock<std::mutex>& lock) {
    writing_ = true;
    std::vector<Turn*> group;
    TakeAlong(group);
    lock.unlock();
    RunGroup(group);
    lock.lock();
    std::vector<std::unique_ptr<Turn>> later;
    for (Turn* turn : group) {
      if (turn->done) {
        later.emplace_back(turn);
      } else {
        turn->ended = true;
        turn->wake.notify_one();  // who waits cannot go on, and the turn not go, while the mutex is held
      }
    }
    lock.unlock();
    for (const auto& turn : later) turn->done(StatusOf(*turn));
    later.clear();
    checkpointer_.Committed(writer_);
    lock.lock();
    writing_ = false;
    if (!waiting_.empty()) (waiting_.front()->done ? later_wake_ : waiting_.front()->wake).notify_one();
  }

  void WorkLater() {
    const WriteScope scope(&database_);
    std::unique_lock lock(mutex_);
    const auto has_turn = [this] { return !writing_ && !waiting_.empty() && waiting_.front()->done; };
    while (true) {
      later_wake_.wait(lock, [&] { return has_turn() || (stopping_ && waiting_.empty()); });
      if (!has_turn()) return;
      Lead(lock);
    }
  }

  [[nodiscard]] Status StatusOf(Turn& turn) const {
    if (!turn.thrown) return std::move(turn.status);
    try {
      std::rethrow_exception(turn.thrown);
    } catch (const std::exception& problem) {
      return Error("storage_failed").With("path", path_).With("detail", std::string_view(problem.what()));
    } catch (...) {
      return Error("storage_failed").With("path", path_).With("detail", "something thrown that is no std::exception");
    }
  }

  // Moves the next works from the queue to the group, the first one in any case. The queue is locked.
  void TakeAlong(std::vector<Turn*>& group) {
    while (!waiting_.empty() && group.size() < kGroupMost) {
      Turn* const next = waiting_.front();
      if (!group.empty() && (next->alone || group.front()->alone)) return;
      group.push_back(next);
      waiting_.pop_front();
    }
  }

  void RunGroup(std::vector<Turn*>& group) {
    if (!RunTogether(group)) RunInParts(group);
  }

  // One behind the other, without parts: most works succeed, or fail before they have written anything. False: one
  // failed later than that, so nothing was kept of any.
  bool RunTogether(std::vector<Turn*>& group) {
    try {
      writer_.Begin(true);
      writer_.GrowLog();
    } catch (const DbError& error) {
      // They have all waited for the lock of another process.
      for (Turn* turn : group) turn->status = ToError(error, path_);
      writer_.Rollback();
      return true;
    }
    std::vector<Turn*> kept;  // done, but not yet on disk
    for (size_t next = 0; next < group.size(); ++next) {
      const int64_t before = writer_.changes();
      if (RunOne(*group[next], false)) {
        kept.push_back(group[next]);
      } else if (writer_.in_transaction() && writer_.changes() == before) {
        writer_.ForgetFailure();
      } else {
        writer_.Rollback();
        if (group.size() == 1) return true;
        for (size_t i = 0; i <= next; ++i) group[i]->Reset();
        return false;
      }
      if (next + 1 == group.size()) {
        const std::lock_guard lock(mutex_);
        TakeAlong(group);
      }
    }
    if (!kept.empty() && writer_.wrote_only_records()) {
      on_records_.before();
      Commit(kept);
      on_records_.after();
    } else if (!kept.empty()) {
      Commit(kept);
    }
    writer_.Rollback();
    return true;
  }

  void RunInParts(std::vector<Turn*>& group) {
    for (size_t next = 0; next < group.size();) {
      try {
        writer_.Begin(true);
      } catch (const DbError& error) {
        // They have all waited for the lock of another process.
        for (; next < group.size(); ++next) group[next]->status = ToError(error, path_);
        writer_.Rollback();
        return;
      }
      std::vector<Turn*> kept;  // done, but not yet on disk
      while (next < group.size()) {
        Turn& turn = *group[next++];
        // The first one needs no part of its own: when it fails, the whole transaction is undone.
        const bool part = !kept.empty();
        if (RunOne(turn, part)) {
          kept.push_back(&turn);
        } else if (!part || !writer_.in_transaction()) {
          break;
        }
        if (next == group.size()) {
          const std::lock_guard lock(mutex_);
          TakeAlong(group);
        }
      }
      const bool lost = !writer_.in_transaction();
      if (!kept.empty() && !lost) Commit(kept);
      writer_.Rollback();
      if (lost) RunAgain(kept);
    }
  }

  void Commit(const std::vector<Turn*>& kept) {
    try {
      writer_.Commit();
    } catch (const DbError& error) {
      for (Turn* turn : kept) turn->status = ToError(error, path_);
    }
  }

  // False when the work failed; its part is then undone.
  bool RunOne(Turn& turn, bool part) {
    try {
      if (part) writer_.BeginPart();
      turn.status = turn.work(writer_);
      if (turn.status.ok() && writer_.failure()) throw DbError(*writer_.failure());
      if (turn.status.ok()) writer_.KeepPart(part);
    } catch (const DbError& error) {
      turn.status = ToError(error, path_);
    } catch (...) {
      turn.thrown = std::current_exception();
    }
    const bool well = turn.status.ok() && !turn.thrown;
    if (!well && part) writer_.UndoPart();
    return well;
  }

  // A full disk ends the whole transaction: what was done before in it is done again, each by itself.
  void RunAgain(const std::vector<Turn*>& turns) {
    for (Turn* turn : turns) {
      try {
        turn->status = RunTransaction(writer_, turn->work, true, path_);
      } catch (...) {
        turn->thrown = std::current_exception();
      }
    }
  }

  const Database& database_;
  SqliteConnection& writer_;
  const std::string_view path_;
  Checkpointer& checkpointer_;
  const OnRecords on_records_;
  std::mutex mutex_;  // guards what follows
  std::deque<Turn*> waiting_;
  bool writing_ = false;
  bool stopping_ = false;
  std::condition_variable later_wake_;
  std::thread later_thread_;  // starts when it is first needed
};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(std::string path, const Options& options)
      : path_(std::move(path)), options_(options), writer_(path_, options, true), checkpointer_(path_, options) {}

  [[nodiscard]] Kind kind() const override { return Kind::kSqlite; }
  [[nodiscard]] bool writes_later() const override { return true; }
  void WriteLater(Work work, std::function<void(Status)> done) override {
    writes_.RunLater(std::move(work), std::move(done));
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
  void TellMasters(void (MastersMark::*what)(const WalIndexHead&)) {
    if (const WalIndexHead* head = wal_index_.load(std::memory_order_acquire)) (masters_.*what)(*head);
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

  std::mutex readers_mutex_;
  std::condition_variable reader_free_;
  std::vector<std::unique_ptr<SqliteConnection>> readers_;  // those not at work
  int readers_open_ = 0;

  // Last: its thread uses the others.
  WriteQueue writes_{*this,
                     writer_,
                     path_,
                     checkpointer_,
                     {[this] { TellMasters(&MastersMark::Expect); }, [this] { TellMasters(&MastersMark::Settle); }}};
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
