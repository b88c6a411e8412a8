#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/days.h"
#include "http/message.h"

namespace dealpace::access {

// Who a session or token stands for.
struct Identity {
  http::Caller caller;
  std::string csrf;                   // of a session
  std::optional<Instant> expires_at;  // at the latest
};

// Remembers identities by the hash of session or token for 5 seconds, so that a request costs no look into the store.
// Signing out, disabling, resetting and the like drop what they change, so in this process they work at once; another
// server over the same database may go on believing an ended session, a revoked token or an old role for up to
// 5 seconds. Thread-safe.
class IdentityCache {
 public:
  static constexpr int64_t kKeepMs = 5000;

  [[nodiscard]] std::optional<Identity> Find(const std::string& hash, Instant now) const;
  // A mark to be taken before looking into the store. Put does nothing when something was dropped since: what was read
  // may be outdated by it.
  [[nodiscard]] uint64_t mark() const;
  void Put(const std::string& hash, const Identity& identity, Instant now, uint64_t mark);
  void Drop(std::string_view hash);
  void Drop(AccountId account);
  void Clear();

 private:
  struct Known {
    Identity identity;
    Instant read_at;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Known> known_;
  uint64_t drops_ = 0;
};

}  // namespace dealpace::access
