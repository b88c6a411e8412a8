#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

// Bodies that are too large for memory. These functions block.
namespace dealpace::http {

// A body being received: a file of our own in `folder`/tmp, gone with this object unless somebody moved it away.
class BodyFile {
 public:
  // Fails with upload_not_stored.
  [[nodiscard]] static Result<BodyFile> Make(const std::string& folder);
  // Removes what an earlier run left in `folder`/tmp when it was killed; leaves what is younger than a day.
  static void RemoveStale(const std::string& folder);

  BodyFile(BodyFile&& other) noexcept;
  BodyFile& operator=(BodyFile&& other) noexcept;
  BodyFile(const BodyFile&) = delete;
  BodyFile& operator=(const BodyFile&) = delete;
  ~BodyFile();

  // Fails with upload_disk_full, upload_not_stored.
  [[nodiscard]] Status Write(std::string_view bytes);
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  BodyFile(std::string path, int file) : path_(std::move(path)), file_(file) {}

  std::string path_;
  int file_ = -1;
};

// A body being sent.
class ReadFile {
 public:
  // With `remove`, the name of the file goes at once and its bytes with this object. Fails with not_found.
  [[nodiscard]] static Result<ReadFile> Open(const std::string& path, bool remove);

  ReadFile(ReadFile&& other) noexcept;
  ReadFile& operator=(ReadFile&& other) noexcept;
  ReadFile(const ReadFile&) = delete;
  ReadFile& operator=(const ReadFile&) = delete;
  ~ReadFile();

  // The next bytes, at most `most`; empty at the end or where the file cannot be read.
  [[nodiscard]] std::string Read(size_t most);
  [[nodiscard]] uint64_t size() const { return size_; }

 private:
  ReadFile(int file, uint64_t size) : file_(file), size_(size) {}

  int file_ = -1;
  uint64_t size_ = 0;
};

}  // namespace dealpace::http
