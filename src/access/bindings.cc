#include "access/bindings.h"

#include "access/secrets.h"

namespace dealpace::access {

std::optional<AccountId> FindBinding(db::Connection& connection, std::string_view issuer, std::string_view subject) {
  db::Rows rows =
      connection.Query("SELECT account_id FROM account_binding WHERE issuer = ?1 AND subject = ?2", issuer, subject);
  if (!rows.Next()) return std::nullopt;
  return AccountId(rows.Int(0));
}

bool IsBound(db::Connection& connection, AccountId account, std::string_view issuer) {
  db::Rows rows =
      connection.Query("SELECT 1 FROM account_binding WHERE account_id = ?1 AND issuer = ?2", account, issuer);
  return rows.Next();
}

Status Bind(db::Connection& connection, AccountId account, std::string_view issuer, std::string_view subject,
            Instant now) {
  const int64_t rows = connection.Execute(
      "INSERT INTO account_binding (issuer, subject, account_id, bound_at, used_at) VALUES (?1, ?2, ?3, ?4, ?4) "
      "ON CONFLICT DO NOTHING",
      issuer, subject, account, now.ms);
  if (rows == 0) return Error("provider_bound_otherwise");
  return {};
}

void TouchBinding(db::Connection& connection, std::string_view issuer, std::string_view subject, Instant now) {
  connection.Execute("UPDATE account_binding SET used_at = ?3 WHERE issuer = ?1 AND subject = ?2", issuer, subject,
                     now.ms);
}

bool Unbind(db::Connection& connection, AccountId account) {
  return connection.Execute("DELETE FROM account_binding WHERE account_id = ?1", account) > 0;
}

Status TakeAnswer(db::Connection& connection, std::string_view state, Instant until) {
  const int64_t rows =
      connection.Execute("INSERT INTO provider_answer (state_hash, expires_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                         HashSecret(state), until.ms);
  if (rows == 0) return Error("provider_begin_again");
  return {};
}

}  // namespace dealpace::access
