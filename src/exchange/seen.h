#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/hash.h"
#include "db/db.h"

namespace dealpace::exchange {

// Remembers a number for each of very many hashes in bounded memory: what does not fit goes to a temporary file that
// lasts as long as the object.
class Seen {
 public:
  // `in_memory_max`: so many hashes are kept in memory before they are spilled.
  explicit Seen(size_t in_memory_max = 2'000'000) : in_memory_max_(in_memory_max) {}
  ~Seen();
  Seen(const Seen&) = delete;
  Seen& operator=(const Seen&) = delete;

  // The number remembered for the hash; when there is none, `number` is remembered and nothing returned.
  [[nodiscard]] std::optional<int64_t> Remember(const Hash128& hash, int64_t number);
  // How often the hash was counted before; counts it once more.
  [[nodiscard]] int64_t Count(const Hash128& hash);

 private:
  std::optional<int64_t> FindSpilled(const Hash128& hash);
  void Put(const Hash128& hash, int64_t number);
  void Spill();

  size_t in_memory_max_;
  std::unordered_map<Hash128, int64_t> recent_;
  std::string path_;
  std::unique_ptr<db::Database> spilled_;
};

}  // namespace dealpace::exchange
