#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/accounts.h"

// Sessions in the store: who has signed in where, and for how long that counts. Inside the caller's transaction.
namespace dealpace::access {

inline constexpr int64_t kIdleDeskMs = int64_t{30} * 60 * 1000;
inline constexpr int64_t kIdlePhoneMs = int64_t{8} * 3600 * 1000;
inline constexpr int64_t kSessionMs = int64_t{12} * 3600 * 1000;  // from the sign-in, however busy
// A session's last use is written at most this often, so it may seem idle by that much more than it is.
inline constexpr int64_t kSeenMs = int64_t{60} * 1000;

struct Session {
  std::string token_hash;
  AccountId account;
  std::string csrf;
  bool phone = false;
  bool by_provider = false;  // begun by the OpenID provider, not by a password
  // When the provider has asked who it is; nothing: by a password, or it did not say.
  std::optional<Instant> authenticated_at;
  Instant created_at;
  Instant seen_at;
  Instant expires_at;
  std::string user_agent;  // shortened
  std::string address;

  [[nodiscard]] int64_t idle_ms() const { return phone ? kIdlePhoneMs : kIdleDeskMs; }
  [[nodiscard]] bool OpenAt(Instant now) const { return now < expires_at && now.ms - seen_at.ms < idle_ms(); }
};

// Where a sign-in came from.
struct Device {
  bool phone = false;
  std::string user_agent;
  std::string address;
};

struct FreshSession {
  std::string token;  // for the cookie; only its hash is stored
  Session session;
};
[[nodiscard]] FreshSession StartSession(db::Connection& connection, AccountId account, const Device& device,
                                        Instant now, bool by_provider = false,
                                        std::optional<Instant> authenticated_at = {});
// Nothing when it has ended.
[[nodiscard]] std::optional<Session> FindSession(db::Connection& connection, std::string_view token_hash, Instant now);
// Open ones, the last used first.
[[nodiscard]] std::vector<Session> ListSessions(db::Connection& connection, AccountId account, Instant now);
void TouchSession(db::Connection& connection, std::string_view token_hash, Instant now);
void EndSession(db::Connection& connection, std::string_view token_hash);
// All of the account's but the one with the hash `except`, and sign-ins that have not come to their second step
// (second_factor.h). Returns how many sessions.
int64_t EndSessions(db::Connection& connection, AccountId account, std::string_view except = {});

}  // namespace dealpace::access
