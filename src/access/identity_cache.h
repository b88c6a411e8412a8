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
  std::optional<Instant> idle_until;  // a session that nobody uses until then has ended
  Instant note_at{INT64_MAX};         // a use from then on is to be noted in the store
  Instant rights_until{INT64_MAX};    // posts begin and end by the day: then they are looked at again
};

// Remembers identities by the hash of session or token, so that a request costs no look into the store: for as long as
// nothing but records was committed since they were read (db::Changes::kMasters), so that what another process changes
// counts at once; where the database cannot tell, for 5 seconds, during which another server over it may go on
// believing an ended session, a revoked token or an old role. What this process drops counts at once everywhere.
// Thread-safe.
class IdentityCache {
 public:
  static constexpr int64_t kKeepMs = 5000;

  // `mark`: the database's change mark of now. Nothing for a use that is to be noted, unless it is unattended.
  [[nodiscard]] std::optional<Identity> Find(const std::string& hash, Instant now, std::optional<int64_t> mark,
                                             bool unattended) const;
  // To be taken before looking into the store. Put does nothing when something was dropped since: what was read may be
  // outdated by it.
  [[nodiscard]] uint64_t drops() const;
  // `mark`: taken before looking into the store, too.
  void Put(const std::string& hash, const Identity& identity, Instant now, std::optional<int64_t> mark, uint64_t drops);
  void Drop(std::string_view hash);
  void Drop(AccountId account);
  void Clear();

 private:
  struct Known {
    Identity identity;
    Instant read_at;
    std::optional<int64_t> mark;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Known> known_;
  uint64_t drops_ = 0;
};

}  // namespace dealpace::access
