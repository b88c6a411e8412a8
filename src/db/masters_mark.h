#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "db/wal_index.h"

namespace dealpace::db {

// The mark of changes of masters: it stays while this process commits nothing but records, which it knows of itself,
// and nobody else anything, which the head of the WAL index tells.
class MastersMark {
 public:
  // Nothing where the head cannot be read.
  std::optional<int64_t> Get(const WalIndexHead& head) {
    const std::lock_guard lock(mutex_);
    const auto now = head.Read();
    if (!now) return std::nullopt;
    // Between Expect and Settle the one commit that can come is that of the records.
    const bool expected = before_ && (now->commits == *before_ || now->commits == *before_ + 1);
    if (!expected && now->mark != known_) {
      known_ = now->mark;
      before_.reset();
      ++mark_;
    }
    return mark_;
  }
  // This process, which alone may commit now, is about to commit records and nothing else. Some it must be: a commit of
  // nothing does not count.
  void Expect(const WalIndexHead& head) {
    const std::lock_guard lock(mutex_);
    const auto now = head.Read();
    if (now && now->mark == known_) before_ = now->commits;
  }
  // … and has done so, or failed: then what has come is somebody else's.
  void Settle(const WalIndexHead& head, bool committed) {
    const std::lock_guard lock(mutex_);
    const auto now = head.Read();
    if (committed && now && before_ && now->commits == *before_ + 1) known_ = now->mark;
    before_.reset();
  }

 private:
  std::mutex mutex_;
  std::optional<int64_t> known_;    // head for which the mark is right
  std::optional<uint32_t> before_;  // commits before the one that is expected
  int64_t mark_ = 0;
};

}  // namespace dealpace::db
