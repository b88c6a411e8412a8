#include "access/files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "access/secrets.h"

namespace dealpace::access {
namespace {

// All of it on disk.
Status WriteNew(const std::filesystem::path& path, std::string_view text) {
  const Descriptor file(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!file.ok()) return FileError(errno, path);
  while (!text.empty()) {
    const ssize_t written = write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError(errno, path);
    text.remove_prefix(static_cast<size_t>(written));
  }
  if (fsync(file.get()) != 0) return FileError(errno, path);
  return {};
}

Status SyncFolderOf(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const Descriptor opened(folder, O_RDONLY | O_DIRECTORY);
  if (!opened.ok() || fsync(opened.get()) != 0) return FileError(errno, folder);
  return {};
}

}  // namespace

Error FileError(int number, const std::filesystem::path& path) {
  return Error(number == ENOSPC || number == EDQUOT ? "storage_full" : "storage_failed")
      .With("path", path.string())
      .With("detail", std::strerror(number));
}

Result<bool> PutFile(const std::filesystem::path& path, std::string_view text, Existing existing) {
  // Under a name of its own first, so that nobody else writes into it and a leftover is in nobody's way.
  const std::filesystem::path beside = path.string() + "." + NewSecret().substr(0, 12);
  Status status = WriteNew(beside, text);
  bool put = status.ok();
  if (put) {
    const bool replace = existing == Existing::kReplace;
    put = (replace ? rename(beside.c_str(), path.c_str()) : link(beside.c_str(), path.c_str())) == 0;
    if (!put && (replace || errno != EEXIST)) status = FileError(errno, path);
  }
  unlink(beside.c_str());
  if (put) status = SyncFolderOf(path);
  if (!status.ok()) return status.error();
  return put;
}

}  // namespace dealpace::access
