#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <string_view>

#include "base/result.h"

// Files that are whole or not there at all, also after a power failure, and for their owner only.
namespace dealpace::access {

// An open file, closed at the end.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] bool ok() const { return fd_ >= 0; }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

// Of an errno: storage_full or storage_failed.
[[nodiscard]] Error FileError(int number, const std::filesystem::path& path);

enum class Existing { kKeep, kReplace };
// Puts a file in its place at once, on disk when this returns. False: there was one, and it is kept. Of several that do
// so at once each leaves a whole file. Fails with storage_failed, storage_full.
[[nodiscard]] Result<bool> PutFile(const std::filesystem::path& path, std::string_view text, Existing existing);

}  // namespace dealpace::access
