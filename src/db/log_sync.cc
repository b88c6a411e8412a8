#include "db/log_sync.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace dealpace::db {

LogFile::~LogFile() {
  if (file_ >= 0) close(file_);
}

Status LogFile::Sync() {
  if (file_ < 0) file_ = open(path_.c_str(), O_RDWR | O_CLOEXEC);
  if (file_ >= 0 && fdatasync(file_) == 0) return {};
  const int code = errno;
  return Error("storage_failed").With("path", path_).With("detail", std::system_category().message(code));
}

}  // namespace dealpace::db
