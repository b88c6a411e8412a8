#include "base/ids.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <random>

namespace dealpace {

int64_t NewId() {
  constexpr int64_t kEpoch2020Ms = 1577836800000;
  constexpr int kCounterBits = 22;
  static std::mutex mutex;
  static int64_t last = 0;
  static const uint32_t kSalt = std::random_device{}();

  const int64_t now_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  const int64_t low = kSalt & ((int64_t{1} << kCounterBits) - 1);
  const int64_t fresh = ((now_ms - kEpoch2020Ms) << kCounterBits) | low;
  const std::lock_guard lock(mutex);
  last = std::max(last + 1, fresh);
  return last;
}

}  // namespace dealpace
