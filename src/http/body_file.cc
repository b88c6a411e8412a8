#include "http/body_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace dealpace::http {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "upload-";

Error NotStored(const std::string& path, int problem) {
  if (problem == ENOSPC || problem == EDQUOT || problem == EFBIG) return Error("upload_disk_full");
  return Error("upload_not_stored").With("file", path).With("detail", std::strerror(problem));
}

}  // namespace

Result<BodyFile> BodyFile::Make(const std::string& folder) {
  const std::string place = folder + "/tmp";
  std::error_code problem;
  fs::create_directories(place, problem);
  std::string path = place + "/" + std::string(kPrefix) + "XXXXXX";
  const int file = mkostemp(path.data(), O_CLOEXEC);  // readable by the owner only
  if (file < 0) return NotStored(place, errno);
  return BodyFile(std::move(path), file);
}

void BodyFile::RemoveStale(const std::string& folder) {
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(folder + "/tmp", problem)) {
    if (!entry.path().filename().string().starts_with(kPrefix)) continue;
    const auto written = entry.last_write_time(problem);
    if (!problem && fs::file_time_type::clock::now() - written > std::chrono::hours(24)) {
      fs::remove(entry.path(), problem);
    }
  }
}

BodyFile::BodyFile(BodyFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), file_(std::exchange(other.file_, -1)) {}

BodyFile& BodyFile::operator=(BodyFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  return *this;
}

BodyFile::~BodyFile() {
  if (file_ < 0) return;
  close(file_);
  unlink(path_.c_str());
}

Status BodyFile::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(file_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return NotStored(path_, errno);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

Result<ReadFile> ReadFile::Open(const std::string& path, bool remove) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Error("not_found");
  struct stat about {};
  if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
    close(file);
    return Error("not_found");
  }
  if (remove) unlink(path.c_str());
  return ReadFile(file, static_cast<uint64_t>(about.st_size));
}

ReadFile::ReadFile(ReadFile&& other) noexcept : file_(std::exchange(other.file_, -1)), size_(other.size_) {}

ReadFile& ReadFile::operator=(ReadFile&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(size_, other.size_);
  return *this;
}

ReadFile::~ReadFile() {
  if (file_ >= 0) close(file_);
}

std::string ReadFile::Read(size_t most) {
  std::string bytes(most, '\0');
  ssize_t count = -1;
  do {
    count = read(file_, bytes.data(), bytes.size());
  } while (count < 0 && errno == EINTR);
  bytes.resize(count < 0 ? 0 : static_cast<size_t>(count));
  return bytes;
}

}  // namespace dealpace::http
