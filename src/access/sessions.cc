#include "access/sessions.h"

#include "access/secrets.h"

namespace dealpace::access {
namespace {

constexpr std::string_view kColumns =
    "SELECT token_hash, account_id, csrf, phone, created_at, seen_at, expires_at, user_agent, address, "
    "by_provider, authenticated_at FROM session ";

Session ReadRow(const db::Rows& rows) {
  Session session;
  session.token_hash = rows.Text(0);
  session.account = AccountId(rows.Int(1));
  session.csrf = rows.Text(2);
  session.phone = rows.Int(3) != 0;
  session.created_at = Instant{rows.Int(4)};
  session.seen_at = Instant{rows.Int(5)};
  session.expires_at = Instant{rows.Int(6)};
  session.user_agent = rows.Text(7);
  session.address = rows.Text(8);
  session.by_provider = rows.Int(9) != 0;
  if (!rows.IsNull(10)) session.authenticated_at = Instant{rows.Int(10)};
  return session;
}

// The first characters of a text from outside; what is no UTF-8 or no print becomes "?".
std::string Shorten(std::string_view text, size_t characters) {
  std::string shortened;
  for (size_t i = 0; i < characters && !text.empty(); ++i) {
    const std::string_view rest = text;
    const char32_t c = NextCodePoint(text);
    if (c < 0x20 || c == 0x7F || c == 0xFFFD) {
      shortened += '?';
    } else {
      shortened += rest.substr(0, rest.size() - text.size());
    }
  }
  return shortened;
}

}  // namespace

FreshSession StartSession(db::Connection& connection, AccountId account, const Device& device, Instant now,
                          bool by_provider, std::optional<Instant> authenticated_at) {
  FreshSession fresh;
  fresh.token = NewSecret();
  fresh.session = {.token_hash = HashSecret(fresh.token),
                   .account = account,
                   .csrf = NewSecret(),
                   .phone = device.phone,
                   .by_provider = by_provider,
                   .authenticated_at = authenticated_at,
                   .created_at = now,
                   .seen_at = now,
                   .expires_at = Instant{now.ms + kSessionMs},
                   .user_agent = Shorten(device.user_agent, 120),
                   .address = Shorten(device.address, 64)};
  const Session& s = fresh.session;
  connection.Execute(
      "INSERT INTO session (token_hash, account_id, csrf, phone, created_at, seen_at, expires_at, user_agent, address, "
      "by_provider, authenticated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
      s.token_hash, account, s.csrf, s.phone ? 1 : 0, s.created_at.ms, s.seen_at.ms, s.expires_at.ms, s.user_agent,
      s.address, by_provider ? 1 : 0, authenticated_at ? std::optional(authenticated_at->ms) : std::nullopt);
  return fresh;
}

std::optional<Session> FindSession(db::Connection& connection, std::string_view token_hash, Instant now) {
  db::Rows rows = connection.Query(std::string(kColumns) + "WHERE token_hash = ?1", token_hash);
  if (!rows.Next()) return std::nullopt;
  Session session = ReadRow(rows);
  if (!session.OpenAt(now)) return std::nullopt;
  return session;
}

std::vector<Session> ListSessions(db::Connection& connection, AccountId account, Instant now) {
  std::vector<Session> sessions;
  db::Rows rows =
      connection.Query(std::string(kColumns) + "WHERE account_id = ?1 ORDER BY seen_at DESC, token_hash", account);
  while (rows.Next()) {
    Session session = ReadRow(rows);
    if (session.OpenAt(now)) sessions.push_back(std::move(session));
  }
  return sessions;
}

void TouchSession(db::Connection& connection, std::string_view token_hash, Instant now) {
  connection.Execute("UPDATE session SET seen_at = ?2 WHERE token_hash = ?1 AND seen_at < ?2", token_hash, now.ms);
}

void EndSession(db::Connection& connection, std::string_view token_hash) {
  connection.Execute("DELETE FROM session WHERE token_hash = ?1", token_hash);
}

int64_t EndSessions(db::Connection& connection, AccountId account, std::string_view except) {
  connection.Execute("DELETE FROM pending_sign_in WHERE account_id = ?1", account);
  return connection.Execute("DELETE FROM session WHERE account_id = ?1 AND token_hash <> ?2", account, except);
}

}  // namespace dealpace::access
