#include "db/wal_index.h"

#include <sqlite3.h>

#include <array>
#include <atomic>
#include <string_view>

#include "base/hash.h"

namespace dealpace::db {
namespace {

constexpr int kRegionBytes = 32'768;  // of the index, as SQLite maps it
constexpr size_t kWords = 12;         // of each of the two copies
constexpr uint32_t kVersion = 3'007'000;
constexpr uint32_t kReady = 1;  // of the byte that says so, in word 3
constexpr size_t kCommitsWord = 2;

}  // namespace

WalIndexHead::WalIndexHead(sqlite3* connection) {
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || file == nullptr)
    return;
  if (file->pMethods == nullptr || file->pMethods->iVersion < 2 || file->pMethods->xShmMap == nullptr) return;
  volatile void* region = nullptr;
  if (file->pMethods->xShmMap(file, 0, kRegionBytes, 0, &region) != SQLITE_OK) return;
  words_ = static_cast<const volatile uint32_t*>(region);
}

// A commit writes the second copy, then the first: who finds both the same has read a whole one. The words are another
// process's, so there is no lock to take.
__attribute__((no_sanitize("thread"))) std::optional<WalIndexHead::State> WalIndexHead::Read() const {
  if (words_ == nullptr) return std::nullopt;
  std::array<uint32_t, kWords> first{};
  std::array<uint32_t, kWords> second{};
  for (size_t i = 0; i < kWords; ++i) first[i] = words_[i];
  std::atomic_thread_fence(std::memory_order_seq_cst);
  for (size_t i = 0; i < kWords; ++i) second[i] = words_[kWords + i];
  if (first != second || first[0] != kVersion || (first[3] & 0xffU) != kReady) return std::nullopt;
  const auto mark = static_cast<int64_t>(HashText({reinterpret_cast<const char*>(first.data()), sizeof first}).low);
  return State{mark, first[kCommitsWord]};
}

}  // namespace dealpace::db
