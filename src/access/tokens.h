#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/accounts.h"

// API tokens in the store, for programs that act for an account. Inside the caller's transaction.
namespace dealpace::access {

struct Token {
  int64_t id = 0;
  AccountId account;
  std::string name;
  std::vector<std::string> scopes;  // of "read", "write", "admin", in that order
  Instant created_at;
  std::optional<Instant> expires_at;
  std::optional<Instant> last_used_at;  // to the minute
  std::optional<Instant> revoked_at;

  [[nodiscard]] bool GoodAt(Instant now) const { return !revoked_at && (!expires_at || now < *expires_at); }
};

// The scopes in order, with what each includes: "write" may read, "admin" may do both. None: "read" alone. Fails with
// scope_unknown.
[[nodiscard]] Result<std::vector<std::string>> CompleteScopes(const std::vector<std::string>& scopes);

struct NewToken {
  std::string name;
  std::vector<std::string> scopes;
  std::optional<int64_t> days;  // until it expires; nothing: never
};
struct FreshToken {
  std::string secret;  // "dp_" and 43 characters; only its hash is stored
  Token token;
};
// Fails with token_name_missing, account_name_bad, scope_unknown, token_days_bad (1 to 3650), token_scope_too_wide
// ("admin" for an account that is none), token_too_many (100 good ones).
[[nodiscard]] Result<FreshToken> AddToken(db::Connection& connection, const Account& owner, const NewToken& token,
                                          Instant now);
// Good ones only.
[[nodiscard]] std::optional<Token> FindToken(db::Connection& connection, std::string_view secret_hash, Instant now);
// The account's, the newest first, with those that are revoked or expired.
[[nodiscard]] std::vector<Token> ListTokens(db::Connection& connection, AccountId account);
void TouchToken(db::Connection& connection, int64_t id, Instant now);
// Fails with token_unknown, also where it is another's than `owner`'s (unset: anybody's). Revoking again changes
// nothing.
[[nodiscard]] Status RevokeToken(db::Connection& connection, int64_t id, AccountId owner, Instant now);
void RevokeTokens(db::Connection& connection, AccountId account, Instant now);

}  // namespace dealpace::access
