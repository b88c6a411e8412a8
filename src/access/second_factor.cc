#include "access/second_factor.h"

#include <sodium.h>

#include <algorithm>

#include "access/secrets.h"
#include "access/totp.h"
#include "base/text.h"

namespace dealpace::access {
namespace {

constexpr size_t kTypedMax = 64;

Vault::Place PlaceOf(AccountId account) { return {SealedField::kSecondFactorSecret, account.value}; }

// Keyed, and of this account only: who reads the table can neither try codes nor compare accounts.
std::string HashOf(const Vault& vault, AccountId account, std::string_view code) {
  const std::string index = vault.Index("recovery_code", std::to_string(account.value) + "|" + std::string(code), 32);
  std::string hex(index.size() * 2 + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), reinterpret_cast<const unsigned char*>(index.data()), index.size());
  hex.pop_back();
  return hex;
}

// Without what people put between the groups.
std::string Bare(std::string_view typed) {
  std::string bare;
  for (const char c : ToLower(typed.substr(0, kTypedMax))) {
    if (c != ' ' && c != '-' && c != '\t') bare += c;
  }
  return bare;
}

bool IsAppCode(std::string_view bare) {
  return bare.size() == static_cast<size_t>(kTotpDigits) &&
         std::all_of(bare.begin(), bare.end(), [](char c) { return c >= '0' && c <= '9'; });
}

struct Stored {
  std::string secret;
  Instant created_at;
  std::optional<Instant> confirmed_at;
  int64_t last_step = -1;
};
Result<std::optional<Stored>> Read(db::Connection& connection, const Vault& vault, AccountId account) {
  std::string sealed;
  Stored stored;
  {
    db::Rows rows = connection.Query(
        "SELECT secret, created_at, confirmed_at, last_step FROM second_factor WHERE account_id = ?1", account);
    if (!rows.Next()) return std::optional<Stored>();
    sealed = rows.Bytes(0);
    stored.created_at = Instant{rows.Int(1)};
    if (!rows.IsNull(2)) stored.confirmed_at = Instant{rows.Int(2)};
    stored.last_step = rows.Int(3);
  }
  ASSIGN_OR_RETURN(stored.secret, vault.Unseal(PlaceOf(account), sealed));
  return std::optional(std::move(stored));
}

}  // namespace

SecondFactorState ReadSecondFactor(db::Connection& connection, AccountId account) {
  SecondFactorState state;
  db::Rows rows = connection.Query(
      "SELECT f.confirmed_at, (SELECT count(*) FROM recovery_code c WHERE c.account_id = f.account_id) "
      "FROM second_factor f WHERE f.account_id = ?1 AND f.confirmed_at IS NOT NULL",
      account);
  if (!rows.Next()) return state;
  state.since = Instant{rows.Int(0)};
  state.recovery_codes = rows.Int(1);
  return state;
}

Result<std::string> BeginSecondFactor(db::Connection& connection, const Vault& vault, AccountId account, Instant now) {
  StartSodium();
  std::string secret(kTotpSecretBytes, '\0');
  randombytes_buf(secret.data(), secret.size());
  ASSIGN_OR_RETURN(const std::string sealed, vault.Seal(connection, PlaceOf(account), secret));
  const int64_t rows = connection.Execute(
      "INSERT INTO second_factor (account_id, secret, created_at, last_step) VALUES (?1, ?2, ?3, -1) "
      "ON CONFLICT (account_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at, "
      "last_step = -1 WHERE second_factor.confirmed_at IS NULL",
      account, db::Blob{sealed}, now.ms);
  if (rows == 0) return Error("second_factor_on");
  return secret;
}

Status ConfirmSecondFactor(db::Connection& connection, const Vault& vault, AccountId account, std::string_view code,
                           Instant now) {
  ASSIGN_OR_RETURN(const std::optional<Stored> stored, Read(connection, vault, account));
  if (!stored) return Error("second_factor_not_begun");
  if (stored->confirmed_at) return Error("second_factor_on");
  if (now.ms - stored->created_at.ms >= kSetUpMs) return Error("second_factor_not_begun");
  const auto step = MatchTotp(stored->secret, Bare(code), now);
  if (!step) return Error("second_factor_wrong");
  const int64_t rows = connection.Execute(
      "UPDATE second_factor SET confirmed_at = ?2, last_step = ?3 WHERE account_id = ?1 AND confirmed_at IS NULL AND "
      "created_at = ?4",
      account, now.ms, *step, stored->created_at.ms);
  if (rows == 0) return Error("second_factor_not_begun");  // begun anew meanwhile
  return {};
}

Result<CodeKind> TakeCode(db::Connection& connection, const Vault& vault, AccountId account, std::string_view typed,
                          Instant now) {
  const std::string bare = Bare(typed);
  if (!IsAppCode(bare)) {
    const int64_t rows = connection.Execute("DELETE FROM recovery_code WHERE account_id = ?1 AND code_hash = ?2",
                                            account, HashOf(vault, account, bare));
    return rows == 1 ? CodeKind::kRecovery : CodeKind::kNone;
  }
  ASSIGN_OR_RETURN(const std::optional<Stored> stored, Read(connection, vault, account));
  if (!stored || !stored->confirmed_at) return CodeKind::kNone;
  const auto step = MatchTotp(stored->secret, bare, now, stored->last_step);
  if (!step) return CodeKind::kNone;
  // Of two who show the same code at once, one is first.
  const int64_t rows = connection.Execute(
      "UPDATE second_factor SET last_step = ?2 WHERE account_id = ?1 AND last_step < ?2", account, *step);
  return rows == 1 ? CodeKind::kApp : CodeKind::kNone;
}

std::vector<std::string> RenewRecoveryCodes(db::Connection& connection, const Vault& vault, AccountId account) {
  connection.Execute("DELETE FROM recovery_code WHERE account_id = ?1", account);
  std::vector<std::string> codes;
  for (int i = 0; i < kRecoveryCodes; ++i) {
    codes.push_back(NewOneTimePassword(3));
    connection.Execute("INSERT INTO recovery_code (account_id, code_hash) VALUES (?1, ?2)", account,
                       HashOf(vault, account, Bare(codes.back())));
  }
  return codes;
}

bool RemoveSecondFactor(db::Connection& connection, AccountId account) {
  connection.Execute("DELETE FROM recovery_code WHERE account_id = ?1", account);
  const bool was_on = ReadSecondFactor(connection, account).since.has_value();
  connection.Execute("DELETE FROM second_factor WHERE account_id = ?1", account);
  return was_on;
}

PendingSignIn StartPending(db::Connection& connection, AccountId account, bool phone, Instant now,
                           const std::optional<Identified>& by) {
  PendingSignIn pending{NewSecret(), Instant{now.ms + kSecondStepMs}};
  connection.Execute(
      "INSERT INTO pending_sign_in (token_hash, account_id, phone, expires_at, issuer, subject, authenticated_at) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      HashSecret(pending.token), account, phone ? 1 : 0, pending.expires_at.ms,
      by ? std::optional(by->issuer) : std::nullopt, by ? std::optional(by->subject) : std::nullopt,
      by && by->authenticated_at ? std::optional(by->authenticated_at->ms) : std::nullopt);
  return pending;
}

std::optional<FoundPending> FindPending(db::Connection& connection, std::string_view token, Instant now) {
  db::Rows rows = connection.Query(
      "SELECT account_id, phone, expires_at, issuer, subject, authenticated_at FROM pending_sign_in "
      "WHERE token_hash = ?1 AND expires_at > ?2",
      HashSecret(token), now.ms);
  if (!rows.Next()) return std::nullopt;
  FoundPending found{AccountId(rows.Int(0)), rows.Int(1) != 0, Instant{rows.Int(2)}, std::nullopt};
  if (!rows.IsNull(3)) {
    found.by = Identified{std::string(rows.Text(3)), std::string(rows.Text(4)), {}};
    if (!rows.IsNull(5)) found.by->authenticated_at = Instant{rows.Int(5)};
  }
  return found;
}

void EndPending(db::Connection& connection, std::string_view token) {
  connection.Execute("DELETE FROM pending_sign_in WHERE token_hash = ?1", HashSecret(token));
}

SignInPolicy ReadPolicy(db::Connection& connection) {
  db::Rows rows = connection.Query("SELECT second_factor, version FROM sign_in_policy");
  if (!rows.Next()) return {};
  return {rows.Int(0) != 0, rows.Int(1)};
}

Result<SignInPolicy> SetPolicy(db::Connection& connection, bool second_factor, std::optional<int64_t> version) {
  const int64_t rows = connection.Execute(
      "UPDATE sign_in_policy SET second_factor = ?1, version = version + 1 WHERE policy_id = 1 AND "
      "version = coalesce(?2, version)",
      second_factor ? 1 : 0, version);
  if (rows == 0) return Error("version_stale");
  return ReadPolicy(connection);
}

}  // namespace dealpace::access
