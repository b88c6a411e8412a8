#pragma once

#include <sqlite3.h>

namespace dealpace::db {

// Name of a file system for sqlite3_open_v2: that of the operating system, where what a commit writes to the
// write-ahead log can be gathered. SQLite itself makes two system calls for each page. Null, which means that of the
// operating system itself, where it could not be registered.
[[nodiscard]] const char* GatheringFileSystem();

// While it lives, what is written to the log of a database is gathered, and written together when the last page of a
// commit has come: before SQLite shows the commit to anybody, and so that it hears of a failure. The writer's lock must
// be held as long. What was gathered of a commit that did not come to its end is dropped: nobody knows of it.
class GatheredWrites {
 public:
  // Nothing is gathered where `database` was not opened with GatheringFileSystem(), or has no log.
  explicit GatheredWrites(sqlite3* database);
  ~GatheredWrites();
  GatheredWrites(const GatheredWrites&) = delete;
  GatheredWrites& operator=(const GatheredWrites&) = delete;

 private:
  struct GatheredLog* log_ = nullptr;
};

}  // namespace dealpace::db
