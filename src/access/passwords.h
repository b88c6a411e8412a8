#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

// Passwords: what may be one, and what is kept of it.
namespace dealpace::access {

inline constexpr int kPasswordCharactersMin = 8;
inline constexpr int kPasswordCharactersMax = 128;

// Whether `password` may be the new password of `login`. It is taken as it comes, whatever characters it is made of.
// Fails with password_too_short and password_too_long (counted in characters, not bytes), text_not_utf8,
// password_common (one of common_passwords.txt, a run such as 23456789, or a short piece repeated), password_has_name
// (holds the login or "dealpace"). Upper and lower case do not matter for the last two.
[[nodiscard]] Status CheckNewPassword(std::string_view password, std::string_view login);

// Hashes and verifies by argon2id. Two at a time in the whole process, since each takes 64 MiB; four more may wait, so
// that sign-ins never take all workers of the server; beyond that both fail with sign_in_busy. Blocks about a tenth of
// a second. Thread-safe.
class Passwords {
 public:
  struct Cost {
    unsigned long long passes;  // NOLINT(google-runtime-int): as libsodium has it
    size_t bytes;
    static Cost Interactive();  // what libsodium recommends for sign-ins
    static Cost Least();        // for tests
  };
  explicit Passwords(Cost cost = Cost::Interactive());

  [[nodiscard]] Result<std::string> Hash(std::string_view password) const;
  // With an empty hash (no such account) it works as long as with any other, and is false. A password longer than any
  // may be is false at once.
  [[nodiscard]] Result<bool> Matches(std::string_view password, const std::string& hash) const;
  // The hash was made with another cost than this.
  [[nodiscard]] bool NeedsRehash(const std::string& hash) const;

 private:
  Cost cost_;
  std::string nobody_;  // well-formed hash that no password has
};

}  // namespace dealpace::access
