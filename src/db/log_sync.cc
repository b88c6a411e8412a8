#include "db/log_sync.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "db/db.h"

namespace dealpace::db {

LogFile::~LogFile() {
  if (file_ >= 0) close(file_);
}

void LogFile::Open() {
  if (file_ >= 0) return;
  file_ = open(path_.c_str(), O_RDWR | O_CLOEXEC);
  if (file_ < 0) throw DbError(DbError::Why::kConnection, path_ + ": " + std::system_category().message(errno));
}

Status LogFile::Sync() {
  if (fdatasync(file_) == 0) return {};
  const int code = errno;
  return Error("storage_failed").With("path", path_).With("detail", std::system_category().message(code));
}

}  // namespace dealpace::db
