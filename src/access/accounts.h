#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/days.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/text.h"
#include "db/db.h"

// Accounts in the store. All functions work inside a transaction that the caller runs; none of them hashes a password.
namespace dealpace::access {

enum class Role { kMember, kAdmin };
[[nodiscard]] std::string_view RoleName(Role role);
// Fails with role_unknown.
[[nodiscard]] Result<Role> ParseRole(std::string_view text);

struct Account {
  AccountId id;
  std::string login;
  std::string name;  // for people: "Ana Li"; the login where none was given
  std::optional<Language> language;
  Role role = Role::kMember;
  bool disabled = false;
  bool must_change_password = false;
  Instant created_at;
  std::optional<Instant> signed_in_at;  // last time
  int64_t sessions = 0;                 // that are open
  bool second_factor = false;           // asked for when signing in
  std::optional<Instant> bound_at;      // to an identity at an OpenID provider (bindings.h)
  int64_t version = 1;                  // rises when an administrator changes it
};

// What is stored of the password beside the account.
struct Password {
  std::string hash;
  bool must_change = false;
  std::optional<Instant> until;  // a one-time password is good for signing in until then
};
// How long a one-time password can be used.
inline constexpr int64_t kOneTimeMs = int64_t{7} * 24 * 3600 * 1000;

// A login as it is stored and compared: NFKC, lower case, without blanks around ("Ａｎａ" is "ana"). 1 to 64 letters
// and digits of any script, and . _ - @ + in between; begins with a letter or digit. Fails with login_bad.
[[nodiscard]] Result<std::string> NormalizeLogin(std::string_view typed);
// A name for people without blanks around: up to 80 characters, no control characters. Fails with account_name_bad.
[[nodiscard]] Result<std::string> CheckName(std::string_view typed);

// By login, in the order of bytes.
[[nodiscard]] std::vector<Account> ListAccounts(db::Connection& connection, Instant now);
// Fails with account_unknown.
[[nodiscard]] Result<Account> FindAccount(db::Connection& connection, AccountId id, Instant now);
// `login` is normalised already. Nothing when there is no such account.
[[nodiscard]] std::optional<Account> FindLogin(db::Connection& connection, std::string_view login, Instant now);
[[nodiscard]] Password ReadPassword(db::Connection& connection, AccountId id);

struct NewAccount {
  std::string login;  // normalised
  std::string name;   // empty: the login
  Role role = Role::kMember;
  Password password;
};
// Fails with login_taken.
[[nodiscard]] Result<Account> AddAccount(db::Connection& connection, const NewAccount& account, Instant now);

struct AccountChange {
  std::optional<std::string> name;
  std::optional<Role> role;
  std::optional<bool> disabled;
};
// Disabling ends the account's sessions and revokes its tokens for good. Fails with account_unknown, version_stale
// (`version` is given and not the account's any more), last_admin: of the administrators that are not disabled one
// must stay, also when two servers take them away at once.
[[nodiscard]] Result<Account> ChangeAccount(db::Connection& connection, AccountId id, std::optional<int64_t> version,
                                            const AccountChange& change, Instant now);

void SetPassword(db::Connection& connection, AccountId id, const Password& password);
void SetLanguage(db::Connection& connection, AccountId id, std::optional<Language> language);

}  // namespace dealpace::access
