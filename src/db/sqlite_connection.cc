#include "db/sqlite_connection.h"

#include <chrono>
#include <climits>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "db/gathered_writes.h"
#include "db/tables.h"

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

int CompareBytes(void*, int left_size, const void* left, int right_size, const void* right) {
  const int order = std::memcmp(left, right, static_cast<size_t>(std::min(left_size, right_size)));
  return order != 0 ? order : left_size - right_size;
}

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

}  // namespace

SqliteConnection::SqliteConnection(const std::string& path, const Options& options, bool writer)
    : writer_(writer), busy_timeout_ms_(options.busy_timeout_ms) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                      writer ? GatheringFileSystem() : nullptr);
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
  // What a commit writes to the log the queue puts on disk, for several at once.
  Run(writer_ ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL");
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
  names.reserve(16 * columns.size());
  places.reserve(6 * columns.size());
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
  notes_.clear();
  RunKept(write ? "BEGIN IMMEDIATE" : "BEGIN DEFERRED");
}

bool SqliteConnection::TryBegin() {
  sqlite3_busy_timeout(handle_.get(), 0);
  bool begun = true;
  try {
    Begin(true);
  } catch (const DbError&) {
    Rollback();
    begun = false;  // whatever it is, who waits will hear of it
  }
  sqlite3_busy_timeout(handle_.get(), busy_timeout_ms_);
  return begun;
}

void SqliteConnection::Commit() {
  if (made_temporary_) DropTemporaryTables();
  const GatheredWrites gathered(handle_.get());
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

void SqliteConnection::BeginPart() {
  notes_before_part_ = notes_.size();
  RunKept("SAVEPOINT part");
}

void SqliteConnection::KeepPart(bool begun) {
  if (made_temporary_) DropTemporaryTables();
  made_temporary_ = false;
  if (begun) RunKept("RELEASE part");
}

void SqliteConnection::UndoPart() noexcept {
  notes_.resize(notes_before_part_);
  if (in_transaction() &&
      sqlite3_exec(handle_.get(), "ROLLBACK TO part; RELEASE part", nullptr, nullptr, nullptr) != SQLITE_OK) {
    sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);  // better all of it than half a work
  }
  made_temporary_ = false;
  failure_.reset();
}

}  // namespace dealpace::db
