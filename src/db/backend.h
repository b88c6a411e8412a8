#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "db/db.h"

// What the two databases implement behind db.h. Included in src/db/ only.
namespace dealpace::db {

class Rows::Impl {
 public:
  virtual ~Impl() = default;
  virtual bool Next() = 0;
  [[nodiscard]] virtual bool IsNull(int column) const = 0;
  [[nodiscard]] virtual int64_t Int(int column) const = 0;
  [[nodiscard]] virtual double Double(int column) const = 0;
  [[nodiscard]] virtual std::string_view Text(int column) const = 0;
  [[nodiscard]] virtual std::string_view Bytes(int column) const = 0;
};

class BulkInsert::Impl {
 public:
  virtual ~Impl() = default;
  virtual void Row(std::span<const Value> values) = 0;
  virtual void Finish() = 0;
};

// A connection that remembers its transaction's first failure. PostgreSQL refuses every statement after an error
// until the rollback, and turns COMMIT into a rollback without a word; SQLite would go on. Here both refuse, and
// RunTransaction never reports success after a failure, even when the work swallowed the exception.
class BackendConnection : public Connection {
 public:
  virtual void Begin(bool write) = 0;
  virtual void Commit() = 0;
  // Ends the transaction, if one is open, and forgets the failure. Reports nothing: what cannot be rolled back is
  // rolled back by the database when the connection closes.
  virtual void Rollback() noexcept = 0;

  [[nodiscard]] const std::optional<DbError>& failure() const { return failure_; }
  [[noreturn]] void Fail(const DbError& error) {
    if (!failure_) failure_ = error;
    throw error;
  }
  [[noreturn]] void Fail(const std::string& what) { Fail(DbError(DbError::Why::kOther, what)); }
  // For destructors: the transaction shall fail, but nothing is thrown now.
  void FailLater(const std::string& what) {
    if (!failure_) failure_ = DbError(DbError::Why::kOther, what);
  }

 protected:
  void ThrowIfFailed() const {
    if (failure_) throw *failure_;
  }
  // Fails for what only one of the databases would store: text with a NUL or not in UTF-8, and not-a-number.
  void CheckValues(std::span<const Value> values);

  std::optional<DbError> failure_;
};

// Values by text, least recently used last. Pointers stay valid until the value is removed.
template <typename T>
class LruCache {
 public:
  T* Find(std::string_view key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }
  // `key` must be new.
  T* Insert(std::string key, T value) {
    entries_.emplace_front(std::move(key), std::move(value));
    places_.emplace(entries_.front().first, entries_.begin());
    return &entries_.front().second;
  }
  // Removes the least recently used value of which `spare` is true; nothing when there is none.
  template <typename Predicate>
  std::optional<T> TakeOldest(Predicate spare) {
    for (auto entry = entries_.end(); entry != entries_.begin();) {
      --entry;
      if (!spare(entry->second)) continue;
      std::optional<T> value(std::move(entry->second));
      places_.erase(entry->first);
      entries_.erase(entry);
      return value;
    }
    return std::nullopt;
  }
  void Clear() {
    places_.clear();
    entries_.clear();
  }
  [[nodiscard]] size_t size() const { return places_.size(); }

 private:
  std::list<std::pair<std::string, T>> entries_;
  std::unordered_map<std::string_view, typename std::list<std::pair<std::string, T>>::iterator> places_;
};

inline constexpr size_t kCachedStatements = 128;

using Work = std::function<Status(Connection&)>;

// Runs `work` in a transaction of `connection`: Read always rolls back, so that temporary tables go. `place` is the
// file or address that errors name.
[[nodiscard]] Status RunTransaction(BackendConnection& connection, const Work& work, bool write,
                                    std::string_view place);

// Throws std::logic_error when this thread is already inside a Write of `database`: it would wait for itself.
class WriteScope {
 public:
  explicit WriteScope(const Database* database);
  ~WriteScope();
  WriteScope(const WriteScope&) = delete;
  WriteScope& operator=(const WriteScope&) = delete;

 private:
  const Database* const database_;
  const WriteScope* const outer_;  // of this thread
};

// An Error with "path" and "detail".
[[nodiscard]] Error ToError(const DbError& error, std::string_view place);

// `what`, and the beginning of the statement that it is about.
[[nodiscard]] std::string Describe(std::string_view what, std::string_view sql);

[[nodiscard]] Result<std::unique_ptr<Database>> OpenSqlite(std::string_view path, const Options& options);
[[nodiscard]] Result<std::unique_ptr<Database>> OpenPostgres(std::string_view url, const Options& options);

// A statement with ?N written as PostgreSQL's $N outside literals, quoted names and comments.
struct NumberedSql {
  std::string sql;
  int parameters = 0;  // the highest N
};
[[nodiscard]] NumberedSql ToDollarPlaceholders(std::string_view sql);

}  // namespace dealpace::db
