#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/huge_pages.h"

namespace dealpace::exchange {

// Remembers a number for each of very many hashes in bounded memory: what does not fit goes, sorted, to a temporary
// file that lasts as long as the object. Two to four bytes for each hash stay in memory, which tell nearly all of those
// that the file does not have. Throws db::DbError when the file cannot be written.
class Seen {
 public:
  // `in_memory_max`: so many hashes are kept in memory before they are spilled.
  explicit Seen(size_t in_memory_max = 1'400'000) : in_memory_max_(in_memory_max) {}
  ~Seen();
  Seen(const Seen&) = delete;
  Seen& operator=(const Seen&) = delete;

  // The number remembered for the hash; when there is none, `number` is remembered and nothing returned.
  [[nodiscard]] std::optional<int64_t> Remember(const Hash128& hash, int64_t number);
  // How often the hash was counted before; counts it once more.
  [[nodiscard]] int64_t Count(const Hash128& hash);

 private:
  struct Entry {
    Hash128 hash;
    int64_t number = kNone;
  };
  // What was spilled at a time, sorted by hash. Newer runs win over older ones.
  struct Run {
    const Entry* entries = nullptr;  // mapped
    size_t count = 0;
  };
  static constexpr int64_t kNone = INT64_MIN;

  [[nodiscard]] Entry* Slot(const Hash128& hash);  // of the hash, or the empty one where it belongs
  [[nodiscard]] std::optional<int64_t> FindSpilled(const Hash128& hash) const;
  void Put(const Hash128& hash, int64_t number);
  void Grow();
  void Spill();
  void AddToFilter(const Run& run);

  size_t in_memory_max_;
  size_t count_ = 0;
  std::vector<Entry, HugePageAllocator<Entry>> recent_;  // open addressing
  int fd_ = -1;
  int64_t file_bytes_ = 0;
  std::vector<Run> runs_;
  size_t spilled_ = 0;                                         // entries of all runs
  std::vector<uint64_t, HugePageAllocator<uint64_t>> filter_;  // of them: one look for all runs
};

}  // namespace dealpace::exchange
