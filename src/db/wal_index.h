#pragma once

#include <cstdint>
#include <optional>

struct sqlite3;

namespace dealpace::db {

// The head of a SQLite database's WAL index: memory that all processes with the file open share, and that every commit
// writes anew. SQLite itself finds out by it whether anything was committed (sqlite.org/walformat.html, section 2);
// `PRAGMA data_version` does so behind three file locks, which cost a hundred times as much.
class WalIndexHead {
 public:
  // Of a connection in WAL mode that has read before. The head must not be used after the connection is closed.
  explicit WalIndexHead(sqlite3* connection);

  struct State {
    int64_t mark = 0;      // differs from an earlier one when anything was committed between
    uint32_t commits = 0;  // of all processes, since the log was last recovered
  };

  // Whether it could be found; else Read() tells nothing.
  [[nodiscard]] bool found() const { return words_ != nullptr; }
  // Nothing while a commit is just writing it, or where it has a form that is not known. Thread-safe.
  [[nodiscard]] std::optional<State> Read() const;

 private:
  const volatile uint32_t* words_ = nullptr;
};

}  // namespace dealpace::db
