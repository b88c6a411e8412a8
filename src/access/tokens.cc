#include "access/tokens.h"

#include <algorithm>
#include <array>

#include "access/secrets.h"

namespace dealpace::access {
namespace {

constexpr std::array<std::string_view, 3> kScopes = {"read", "write", "admin"};
constexpr int64_t kDaysMax = 3650;
constexpr int64_t kDayMs = int64_t{24} * 3600 * 1000;
constexpr int64_t kTokensMax = 100;

constexpr std::string_view kColumns =
    "SELECT token_id, account_id, name, scopes, created_at, expires_at, last_used_at, revoked_at FROM api_token ";

std::optional<Instant> OptionalInstant(const db::Rows& rows, int column) {
  return rows.IsNull(column) ? std::nullopt : std::optional(Instant{rows.Int(column)});
}

Token ReadRow(const db::Rows& rows) {
  return {.id = rows.Int(0),
          .account = AccountId(rows.Int(1)),
          .name = std::string(rows.Text(2)),
          .scopes = Split(rows.Text(3), ' '),
          .created_at = Instant{rows.Int(4)},
          .expires_at = OptionalInstant(rows, 5),
          .last_used_at = OptionalInstant(rows, 6),
          .revoked_at = OptionalInstant(rows, 7)};
}

}  // namespace

Result<std::vector<std::string>> CompleteScopes(const std::vector<std::string>& scopes) {
  size_t widest = 0;
  for (const std::string& scope : scopes) {
    const auto* found = std::find(kScopes.begin(), kScopes.end(), scope);
    if (found == kScopes.end()) return Error("scope_unknown").With("scope", scope);
    widest = std::max(widest, static_cast<size_t>(found - kScopes.begin()));
  }
  return std::vector<std::string>(kScopes.begin(), kScopes.begin() + static_cast<ptrdiff_t>(widest) + 1);
}

Result<FreshToken> AddToken(db::Connection& connection, const Account& owner, const NewToken& token, Instant now) {
  ASSIGN_OR_RETURN(std::string name, CheckName(token.name));
  if (name.empty()) return Error("token_name_missing");
  ASSIGN_OR_RETURN(std::vector<std::string> scopes, CompleteScopes(token.scopes));
  if (scopes.back() == "admin" && owner.role != Role::kAdmin) return Error("token_scope_too_wide");
  if (token.days && (*token.days < 1 || *token.days > kDaysMax)) return Error("token_days_bad").With("max", kDaysMax);
  {
    db::Rows rows = connection.Query(
        "SELECT count(*) FROM api_token WHERE account_id = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR "
        "expires_at > ?2)",
        owner.id, now.ms);
    rows.Next();
    if (rows.Int(0) >= kTokensMax) return Error("token_too_many").With("max", kTokensMax);
  }
  FreshToken fresh;
  fresh.secret = "dp_" + NewSecret();
  fresh.token = {.id = NewId(),
                 .account = owner.id,
                 .name = std::move(name),
                 .scopes = std::move(scopes),
                 .created_at = now,
                 .expires_at = token.days ? std::optional(Instant{now.ms + *token.days * kDayMs}) : std::nullopt};
  const Token& t = fresh.token;
  connection.Execute(
      "INSERT INTO api_token (token_id, token_hash, account_id, name, scopes, created_at, expires_at) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      t.id, HashSecret(fresh.secret), owner.id, t.name, Join(t.scopes, " "), now.ms,
      t.expires_at ? std::optional(t.expires_at->ms) : std::nullopt);
  return fresh;
}

std::optional<Token> FindToken(db::Connection& connection, std::string_view secret_hash, Instant now) {
  db::Rows rows = connection.Query(std::string(kColumns) + "WHERE token_hash = ?1", secret_hash);
  if (!rows.Next()) return std::nullopt;
  Token token = ReadRow(rows);
  if (!token.GoodAt(now)) return std::nullopt;
  return token;
}

std::vector<Token> ListTokens(db::Connection& connection, AccountId account) {
  std::vector<Token> tokens;
  db::Rows rows = connection.Query(
      std::string(kColumns) + "WHERE account_id = ?1 ORDER BY created_at DESC, token_id DESC", account);
  while (rows.Next()) tokens.push_back(ReadRow(rows));
  return tokens;
}

void TouchToken(db::Connection& connection, int64_t id, Instant now) {
  connection.Execute("UPDATE api_token SET last_used_at = ?2 WHERE token_id = ?1", id, now.ms);
}

Status RevokeToken(db::Connection& connection, int64_t id, AccountId owner, Instant now) {
  const int64_t found = connection.Execute(
      "UPDATE api_token SET revoked_at = COALESCE(revoked_at, ?3) WHERE token_id = ?1 AND (account_id = ?2 OR ?2 = 0)",
      id, owner, now.ms);
  if (found == 0) return Error("token_unknown");
  return {};
}

void RevokeTokens(db::Connection& connection, AccountId account, Instant now) {
  connection.Execute("UPDATE api_token SET revoked_at = ?2 WHERE account_id = ?1 AND revoked_at IS NULL", account,
                     now.ms);
}

}  // namespace dealpace::access
