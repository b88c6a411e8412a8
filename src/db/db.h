#pragma once

#include <any>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

// The SQL door: one interface over SQLite and PostgreSQL. Statements are written once, in the common dialect, with
// numbered placeholders ?1 ?2 …; values are always bound.
namespace dealpace::db {

enum class Kind { kSqlite, kPostgres };

// What cannot go on inside a transaction: the disk is full, the server is gone, a statement is wrong, a constraint
// is broken. Thrown by statements; Database::Read and Write turn it into an Error (see there).
class DbError : public std::runtime_error {
 public:
  enum class Why { kOther, kUnique, kBusy, kCorrupt, kConnection, kFull };
  DbError(Why why, const std::string& what) : std::runtime_error(what), why_(why) {}
  [[nodiscard]] Why why() const { return why_; }

 private:
  Why why_;
};

struct Blob {
  std::string_view bytes;
};

// A value to bind, borrowed until the statement has run.
class Value {
 public:
  Value() = default;        // NULL
  Value(std::nullopt_t) {}  // NOLINT(google-explicit-constructor)
  template <typename Int>
  requires std::is_integral_v<Int> Value(Int v)  // NOLINT(google-explicit-constructor)
      : state_(static_cast<int64_t>(v)) {}
  Value(double v) : state_(v) {}                                // NOLINT(google-explicit-constructor)
  Value(std::string_view v) : state_(v) {}                      // NOLINT(google-explicit-constructor)
  Value(const std::string& v) : state_(std::string_view(v)) {}  // NOLINT(google-explicit-constructor)
  Value(const char* v) : state_(std::string_view(v)) {}         // NOLINT(google-explicit-constructor)
  Value(Blob v) : state_(v) {}                                  // NOLINT(google-explicit-constructor)
  template <typename Tag>
  Value(Id<Tag> id) : state_(id.value) {}  // NOLINT(google-explicit-constructor)
  template <typename T>
  Value(const std::optional<T>& v) {  // NOLINT(google-explicit-constructor)
    if (v) *this = Value(*v);
  }

  using State = std::variant<std::monostate, int64_t, double, std::string_view, Blob>;
  [[nodiscard]] const State& state() const { return state_; }

 private:
  State state_;
};

class Connection;

// The rows of a running query, one at a time. Columns count from 0. What Text and Bytes return lives until the next
// call of Next. At most one Rows of the same SQL text may be open on a connection; other queries may run beside it.
class Rows {
 public:
  class Impl;
  explicit Rows(std::unique_ptr<Impl> impl);
  Rows(Rows&&) noexcept;
  Rows& operator=(Rows&&) noexcept;
  ~Rows();  // ends the query

  // Moves to the next row; false after the last.
  bool Next();
  [[nodiscard]] bool IsNull(int column) const;
  [[nodiscard]] int64_t Int(int column) const;  // 0 for NULL
  [[nodiscard]] double Double(int column) const;
  [[nodiscard]] std::string_view Text(int column) const;  // empty for NULL
  [[nodiscard]] std::string_view Bytes(int column) const;
  [[nodiscard]] std::optional<int64_t> OptionalInt(int column) const;

 private:
  std::unique_ptr<Impl> impl_;
};

// Many rows into one table, the fastest way the database has (SQLite: one prepared insert; PostgreSQL: COPY). Rows
// are in the table only after Finish; a broken constraint may be reported by Row, by Finish, or as ExecuteLater's.
class BulkInsert {
 public:
  class Impl;
  explicit BulkInsert(std::unique_ptr<Impl> impl);
  BulkInsert(BulkInsert&&) noexcept;
  ~BulkInsert();
  void Row(std::span<const Value> values);
  void Finish();

 private:
  std::unique_ptr<Impl> impl_;
};

// One connection inside a transaction. Used by one thread at a time. Prepared statements are cached by their text.
class Connection {
 public:
  virtual ~Connection() = default;
  [[nodiscard]] virtual Kind kind() const = 0;
  // Whether the transaction was begun to write: what it reads may then move between its statements.
  [[nodiscard]] bool writing() const { return writing_; }

  template <typename... Args>
  [[nodiscard]] Rows Query(std::string_view sql, const Args&... args) {
    const std::vector<Value> values{Value(args)...};
    return QueryValues(sql, values);
  }
  // Runs a statement without rows; returns how many rows it touched.
  template <typename... Args>
  int64_t Execute(std::string_view sql, const Args&... args) {
    const std::vector<Value> values{Value(args)...};
    return ExecuteValues(sql, values);
  }
  // The same where nobody needs to know how many: on PostgreSQL it does not wait for the journey to the server, but
  // goes with what is waited for next. So its failure may be thrown by a later statement, or fail the commit.
  template <typename... Args>
  void ExecuteLater(std::string_view sql, const Args&... args) {
    const std::vector<Value> values{Value(args)...};
    ExecuteLaterValues(sql, values);
  }
  [[nodiscard]] virtual Rows QueryValues(std::string_view sql, std::span<const Value> values) = 0;
  virtual int64_t ExecuteValues(std::string_view sql, std::span<const Value> values) = 0;
  virtual void ExecuteLaterValues(std::string_view sql, std::span<const Value> values) { ExecuteValues(sql, values); }
  // Several statements separated by semicolons, without values (migrations, temporary tables).
  virtual void ExecuteScript(std::string_view sql) = 0;
  [[nodiscard]] virtual BulkInsert Bulk(std::string_view table, std::span<const std::string_view> columns) = 0;
  // Tells those who watch the commits (CommitWatcher) once this transaction is committed, where the database can.
  virtual void Note(std::any what) { (void)what; }
  // What was noted in this transaction so far, also by other works that share it.
  [[nodiscard]] virtual std::span<const std::any> notes() const { return {}; }

 protected:
  bool writing_ = false;
};

// A commit of this process.
struct Commit {
  // The change marks of everything (Database::ChangeMark) just before and after it; nothing where somebody else may
  // have committed meanwhile, or where the database cannot tell.
  std::optional<int64_t> before;
  std::optional<int64_t> after;
  std::span<const std::any> notes;  // of its works, in their order
};

// Is told of every commit of this process before anybody else may write, so it must be quick and must not use the
// database.
class CommitWatcher {
 public:
  virtual ~CommitWatcher() = default;
  virtual void OnCommit(const Commit& commit) = 0;
};

struct Options {
  int readers = 4;               // connections kept for reading
  int busy_timeout_ms = 10'000;  // waiting for somebody else's lock
  // PostgreSQL only.
  int connections = 0;           // at most so many; 0: readers and four
  int statement_timeout_ms = 0;  // a statement that works for longer is given up (database_locked); 0: never
  int idle_timeout_ms = 0;       // a transaction in which nothing happens for so long is ended by the server; 0: never
  int reconnect_ms = 1'500;      // after the server has gone, transactions that begin wait so long for its return
};

// Changes of what: of anything, or of anything but the tables that only take in records (db/tables.h), of which nobody
// remembers anything.
enum class Changes { kAll, kMasters };

// A database and its pool of connections. Thread-safe.
class Database {
 public:
  virtual ~Database() = default;

  // Opens "postgres://…" (or "postgresql://…"), else a SQLite file at that path, which is made when it is missing.
  // Fails with database_unreachable, database_corrupt (the file is no database, or damaged), database_locked.
  static Result<std::unique_ptr<Database>> Open(std::string_view url, const Options& options = {});

  [[nodiscard]] virtual Kind kind() const = 0;

  // A number that differs from an earlier one of the same kind when anything of that kind was committed between, by
  // whichever process; nothing where the database cannot tell that cheaply (PostgreSQL). What was read after a mark was
  // taken is still so while the mark stays. That of kMasters may also differ without reason: what another process
  // commits is taken for a change of anything. Costs less than a microsecond; within a Moment it is asked once.
  [[nodiscard]] std::optional<int64_t> ChangeMark(Changes of = Changes::kAll);

  // From now on, as long as it lives. Only commits of SQLite are told of.
  virtual void Watch(std::weak_ptr<CommitWatcher> watcher) { (void)watcher; }

  // Runs `work` on one consistent view of the data. An Error that it returns is passed on.
  template <typename T>
  Result<T> Read(const std::function<Result<T>(Connection&)>& work) {
    return Run<T>(work, How::kRead);
  }
  // Runs `work` in a transaction: committed and on disk when it returns success, undone when it returns an Error or
  // throws. With SQLite one writer works at a time; on PostgreSQL a transaction that lost to another (serialization
  // failure, deadlock) is run again, up to 5 times, so `work` must be repeatable. So is reading or writing of which
  // not one statement was answered because the server had been restarted. When the connection breaks during the commit,
  // database_unreachable leaves open whether it was committed.
  //
  // On SQLite works that wait at the same time are run one after the other in one transaction, each undone alone when
  // it fails, and reach the disk with one sync; each caller returns when its work is there. So `work` may be run by the
  // thread of another caller, and again when another's failure has taken the transaction with it: it must be repeatable
  // here, too.
  //
  // A DbError becomes storage_failed, storage_full, database_corrupt, database_unreachable or database_locked, with
  // the database's words as "detail".
  template <typename T>
  Result<T> Write(const std::function<Result<T>(Connection&)>& work) {
    return Run<T>(work, How::kWrite);
  }
  // The same for a work that writes very much: it has its transaction for itself, so that small ones need not wait for
  // its sync.
  template <typename T>
  Result<T> WriteBulk(const std::function<Result<T>(Connection&)>& work) {
    return Run<T>(work, How::kBulk);
  }
  // Whether WriteLater may be called: SQLite, where a thread of the database writes for whoever does not wait.
  [[nodiscard]] virtual bool writes_later() const { return false; }
  // Does not wait for others. `work` is run as Write would, then `done` is called with what Write would have returned;
  // what the work throws becomes storage_failed. Both may run on any thread; where the disk is fast, little is written,
  // and it may be done `here`, also on this one before it returns. They hold all that they need, and `done` is short
  // and does not use the database. What was written may be read before `done` is told that it is on disk.
  virtual void WriteLater(std::function<Status(Connection&)> work, std::function<void(Status)> done, bool here = true) {
    (void)work;
    (void)here;
    done(Error("storage_failed").With("detail", "nobody writes later here"));
  }

 protected:
  virtual Status RunRaw(const std::function<Status(Connection&)>& work, bool write) = 0;
  virtual Status RunBulk(const std::function<Status(Connection&)>& work) { return RunRaw(work, true); }
  [[nodiscard]] virtual std::optional<int64_t> AskChangeMark(Changes of) {
    (void)of;
    return std::nullopt;
  }

 private:
  enum class How { kRead, kWrite, kBulk };
  template <typename T>
  Result<T> Run(const std::function<Result<T>(Connection&)>& work, How how) {
    const auto run = [&](const std::function<Status(Connection&)>& raw) {
      return how == How::kBulk ? RunBulk(raw) : RunRaw(raw, how == How::kWrite);
    };
    if constexpr (std::is_void_v<T>) {
      return run(work);
    } else {
      std::optional<T> value;
      const Status status = run([&](Connection& connection) -> Status {
        Result<T> result = work(connection);
        if (!result.ok()) return result.error();
        value = *std::move(result);
        return {};
      });
      if (!status.ok()) return status.error();
      return *std::move(value);
    }
  }
};

// While it lives, this thread sees one change mark of the database: for a request that looks at several remembered
// values, all as new as its beginning. What this thread commits itself meanwhile does not move the mark.
class Moment {
 public:
  explicit Moment(Database& database);
  ~Moment();
  Moment(const Moment&) = delete;
  Moment& operator=(const Moment&) = delete;

 private:
  friend class Database;
  Database& database_;
  std::array<std::optional<int64_t>, 2> marks_;  // of each kind of changes
  Moment* outer_;                                // of this thread
};

// A value read from a database, read again only after something of that kind was committed. Thread-safe.
template <typename T>
class Remembered {
 public:
  explicit Remembered(Changes of = Changes::kAll) : of_(of) {}

  // `read` gives the value as the database has it now.
  template <typename Read>
  [[nodiscard]] Result<T> Get(Database& database, const Read& read) {
    const std::optional<int64_t> mark = database.ChangeMark(of_);
    if (mark) {
      const std::lock_guard lock(mutex_);
      if (value_ && mark_ == *mark) return *value_;
    }
    Result<T> value = read();
    if (mark && value.ok()) {
      const std::lock_guard lock(mutex_);
      value_ = *value;
      mark_ = *mark;
    }
    return value;
  }

 private:
  const Changes of_;
  std::mutex mutex_;
  std::optional<T> value_;
  int64_t mark_ = 0;
};

}  // namespace dealpace::db
