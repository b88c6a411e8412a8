#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/sessions.h"
#include "access/vault.h"
#include "base/days.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"

// The second factor of accounts in the store: the secret shared with an authenticator app (totp.h), sealed, and codes
// for when the app is lost. All functions work inside a transaction that the caller runs.
namespace dealpace::access {

inline constexpr int kRecoveryCodes = 10;
inline constexpr int64_t kSetUpMs = int64_t{15} * 60 * 1000;      // to confirm a new secret
inline constexpr int64_t kSecondStepMs = int64_t{5} * 60 * 1000;  // from the password to the code

struct SecondFactorState {
  std::optional<Instant> since;  // nothing: it is off
  int64_t recovery_codes = 0;    // that are left
};
[[nodiscard]] SecondFactorState ReadSecondFactor(db::Connection& connection, AccountId account);

// A new secret, of kTotpSecretBytes, that counts once it is confirmed; one that was not confirmed is forgotten. Fails
// with second_factor_on and as Vault::BeginSealing does.
[[nodiscard]] Result<std::string> BeginSecondFactor(db::Connection& connection, const Vault& vault, AccountId account,
                                                    Instant now);
// Turns it on, for who can show a code of the new secret; the code is used up. Fails with second_factor_on,
// second_factor_not_begun (or longer than kSetUpMs ago), second_factor_wrong, sealed_damaged.
[[nodiscard]] Status ConfirmSecondFactor(db::Connection& connection, const Vault& vault, AccountId account,
                                         std::string_view code, Instant now);
// Takes a code of the app or a recovery code, blanks and hyphens in it or not, and uses it up. kNone: it is neither, or
// was used. Fails with sealed_damaged.
enum class CodeKind { kNone, kApp, kRecovery };
[[nodiscard]] Result<CodeKind> TakeCode(db::Connection& connection, const Vault& vault, AccountId account,
                                        std::string_view typed, Instant now);
// kRecoveryCodes new ones, to be shown once ("k7mw-2xpd-9fra"); the old ones are good no more.
[[nodiscard]] std::vector<std::string> RenewRecoveryCodes(db::Connection& connection, const Vault& vault,
                                                          AccountId account);
// With its recovery codes. False when it was off.
bool RemoveSecondFactor(db::Connection& connection, AccountId account);

// Between the two steps. The browser holds a token, the store its hash; EndSessions ends it, too.
struct PendingSignIn {
  std::string token;
  Instant expires_at;
};
// Where the first step was made by a provider: whose identity there it was, and when it has asked for it.
struct Identified {
  std::string issuer;
  std::string subject;
  std::optional<Instant> authenticated_at;
};
[[nodiscard]] PendingSignIn StartPending(db::Connection& connection, AccountId account, bool phone, Instant now,
                                         const std::optional<Identified>& by = std::nullopt);
struct FoundPending {
  AccountId account;
  bool phone = false;
  Instant expires_at;
  std::optional<Identified> by;  // nothing: by password
};
// Nothing when it has ended.
[[nodiscard]] std::optional<FoundPending> FindPending(db::Connection& connection, std::string_view token, Instant now);
void EndPending(db::Connection& connection, std::string_view token);

// Whether the network demands a second factor of administrators and of who may take figures away or manage others.
struct SignInPolicy {
  bool second_factor = false;
  int64_t version = 1;
};
[[nodiscard]] SignInPolicy ReadPolicy(db::Connection& connection);
// Fails with version_stale where `version` is given and not the policy's any more.
[[nodiscard]] Result<SignInPolicy> SetPolicy(db::Connection& connection, bool second_factor,
                                             std::optional<int64_t> version);

}  // namespace dealpace::access
