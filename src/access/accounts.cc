#include "access/accounts.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "access/sessions.h"
#include "access/tokens.h"

namespace dealpace::access {
namespace {

constexpr int kLoginCharactersMax = 64;
constexpr int kNameCharactersMax = 80;

// ?1 is now; ?2 and ?3 how long a phone and a desk may be idle (Session::OpenAt).
constexpr std::string_view kColumns =
    "SELECT a.account_id, a.login, a.name, a.language, a.role, a.disabled_at, a.must_change_password, a.created_at, "
    "a.signed_in_at, a.version, (SELECT count(*) FROM session s WHERE s.account_id = a.account_id AND s.expires_at > "
    "?1 "
    "AND s.seen_at > ?1 - (CASE s.phone WHEN 1 THEN ?2 ELSE ?3 END)), (SELECT count(*) FROM second_factor f WHERE "
    "f.account_id = a.account_id AND f.confirmed_at IS NOT NULL), (SELECT max(b.bound_at) FROM account_binding b WHERE "
    "b.account_id = a.account_id) FROM account a ";

Account ReadRow(const db::Rows& rows) {
  Account account;
  account.id = AccountId(rows.Int(0));
  account.login = rows.Text(1);
  account.name = rows.Text(2);
  if (!rows.IsNull(3)) account.language = rows.Text(3) == "zh" ? Language::kChinese : Language::kEnglish;
  account.role = rows.Text(4) == "admin" ? Role::kAdmin : Role::kMember;
  account.disabled = !rows.IsNull(5);
  account.must_change_password = rows.Int(6) != 0;
  account.created_at = Instant{rows.Int(7)};
  if (!rows.IsNull(8)) account.signed_in_at = Instant{rows.Int(8)};
  account.version = rows.Int(9);
  account.sessions = rows.Int(10);
  account.second_factor = rows.Int(11) != 0;
  if (!rows.IsNull(12)) account.bound_at = Instant{rows.Int(12)};
  return account;
}

std::optional<int64_t> Ms(const std::optional<Instant>& instant) {
  return instant ? std::optional(instant->ms) : std::nullopt;
}

bool IsLoginCharacter(char32_t c, bool first) {
  const auto code = static_cast<UChar32>(c);
  if (u_isalnum(code) != 0) return true;
  if (first) return false;
  const int category = u_charType(code);
  if (category == U_NON_SPACING_MARK || category == U_COMBINING_SPACING_MARK) return true;
  return c < 0x80 && std::string_view("._-@+").find(static_cast<char>(c)) != std::string_view::npos;
}

// Characters, or nothing where one of them does not fit.
template <typename Fits>
std::optional<int> CountCharacters(std::string_view text, const Fits& fits) {
  int count = 0;
  while (!text.empty()) {
    if (!fits(NextCodePoint(text), count == 0)) return std::nullopt;
    ++count;
  }
  return count;
}

// Keeps two transactions that take administrators away from passing each other: the second waits here for the first.
void LockAdministrators(db::Connection& connection) {
  connection.Execute("UPDATE account SET role = role WHERE role = 'admin'");
}

}  // namespace

std::string_view RoleName(Role role) { return role == Role::kAdmin ? "admin" : "member"; }

Result<Role> ParseRole(std::string_view text) {
  if (text == "admin") return Role::kAdmin;
  if (text == "member") return Role::kMember;
  return Error("role_unknown").With("role", text);
}

Result<std::string> NormalizeLogin(std::string_view typed) {
  typed = Trim(typed);
  const Error bad =
      Error("login_bad").With("login", IsUtf8(typed) ? typed.substr(0, 200) : "").With("max", kLoginCharactersMax);
  if (typed.empty() || typed.size() > kLoginCharactersMax * 16 || !IsUtf8(typed)) return bad;
  UErrorCode failed = U_ZERO_ERROR;
  const UNormalizer2* normalizer = unorm2_getNFKCCasefoldInstance(&failed);
  std::u16string wide(typed.size(), u'\0');
  int32_t length = 0;
  u_strFromUTF8(wide.data(), static_cast<int32_t>(wide.size()), &length, typed.data(),
                static_cast<int32_t>(typed.size()), &failed);
  if (U_FAILURE(failed) != 0) return bad;
  wide.resize(static_cast<size_t>(length));
  std::u16string folded(wide.size() * 18 + 1, u'\0');  // no character becomes more than 18
  length = unorm2_normalize(normalizer, wide.data(), static_cast<int32_t>(wide.size()), folded.data(),
                            static_cast<int32_t>(folded.size()), &failed);
  if (U_FAILURE(failed) != 0) return bad;
  std::string login(static_cast<size_t>(length) * 3 + 1, '\0');
  int32_t bytes = 0;
  u_strToUTF8(login.data(), static_cast<int32_t>(login.size()), &bytes, folded.data(), length, &failed);
  if (U_FAILURE(failed) != 0) return bad;
  login.resize(static_cast<size_t>(bytes));
  login = std::string(Trim(login));
  const auto characters = CountCharacters(login, IsLoginCharacter);
  if (!characters || *characters == 0 || *characters > kLoginCharactersMax) return bad;
  return login;
}

Result<std::string> CheckName(std::string_view typed) {
  typed = Trim(typed);
  const auto printable = [](char32_t c, bool) { return u_iscntrl(static_cast<UChar32>(c)) == 0; };
  const auto characters = IsUtf8(typed) ? CountCharacters(typed, printable) : std::nullopt;
  if (!characters || *characters > kNameCharactersMax) return Error("account_name_bad").With("max", kNameCharactersMax);
  return std::string(typed);
}

std::vector<Account> ListAccounts(db::Connection& connection, Instant now) {
  std::vector<Account> accounts;
  db::Rows rows =
      connection.Query(std::string(kColumns) + "ORDER BY a.login COLLATE \"C\"", now.ms, kIdlePhoneMs, kIdleDeskMs);
  while (rows.Next()) accounts.push_back(ReadRow(rows));
  return accounts;
}

Result<Account> FindAccount(db::Connection& connection, AccountId id, Instant now) {
  db::Rows rows =
      connection.Query(std::string(kColumns) + "WHERE a.account_id = ?4", now.ms, kIdlePhoneMs, kIdleDeskMs, id);
  if (!rows.Next()) return Error("account_unknown");
  return ReadRow(rows);
}

std::optional<Account> FindLogin(db::Connection& connection, std::string_view login, Instant now) {
  db::Rows rows =
      connection.Query(std::string(kColumns) + "WHERE a.login = ?4", now.ms, kIdlePhoneMs, kIdleDeskMs, login);
  if (!rows.Next()) return std::nullopt;
  return ReadRow(rows);
}

Password ReadPassword(db::Connection& connection, AccountId id) {
  db::Rows rows = connection.Query(
      "SELECT password_hash, must_change_password, password_until FROM account WHERE account_id = ?1", id);
  if (!rows.Next()) return {};
  Password password{std::string(rows.Text(0)), rows.Int(1) != 0, std::nullopt};
  if (!rows.IsNull(2)) password.until = Instant{rows.Int(2)};
  return password;
}

Result<Account> AddAccount(db::Connection& connection, const NewAccount& account, Instant now) {
  const AccountId id(NewId());
  const int64_t added = connection.Execute(
      "INSERT INTO account (account_id, login, name, role, password_hash, must_change_password, password_until, "
      "created_at, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1) ON CONFLICT (login) DO NOTHING",
      id, account.login, account.name.empty() ? account.login : account.name, RoleName(account.role),
      account.password.hash, account.password.must_change ? 1 : 0, Ms(account.password.until), now.ms);
  if (added == 0) return Error("login_taken").With("login", account.login);
  return FindAccount(connection, id, now);
}

Result<Account> ChangeAccount(db::Connection& connection, AccountId id, std::optional<int64_t> version,
                              const AccountChange& change, Instant now) {
  const bool takes_away = change.disabled == true || change.role == Role::kMember;
  if (takes_away) LockAdministrators(connection);
  // Holds the row until the end, so that of two changes to one version the second is refused.
  connection.Execute("UPDATE account SET version = version WHERE account_id = ?1", id);
  ASSIGN_OR_RETURN(const Account before, FindAccount(connection, id, now));
  if (version && *version != before.version) return Error("version_stale");

  const Role role = change.role.value_or(before.role);
  const bool disabled = change.disabled.value_or(before.disabled);
  const bool was_administrator = before.role == Role::kAdmin && !before.disabled;
  if (was_administrator && (role != Role::kAdmin || disabled)) {
    db::Rows others =
        connection.Query("SELECT 1 FROM account WHERE role = 'admin' AND disabled_at IS NULL AND account_id <> ?1", id);
    if (!others.Next()) return Error("last_admin").With("login", before.login);
  }
  std::string name = change.name.value_or(before.name);
  if (name.empty()) name = before.login;
  connection.Execute("UPDATE account SET name = ?2, role = ?3, version = version + 1 WHERE account_id = ?1", id, name,
                     RoleName(role));
  if (disabled != before.disabled) {
    connection.Execute("UPDATE account SET disabled_at = ?2 WHERE account_id = ?1", id,
                       disabled ? std::optional(now.ms) : std::nullopt);
  }
  if (disabled) {
    EndSessions(connection, id);
    RevokeTokens(connection, id, now);
  }
  return FindAccount(connection, id, now);
}

void SetPassword(db::Connection& connection, AccountId id, const Password& password) {
  connection.Execute(
      "UPDATE account SET password_hash = ?2, must_change_password = ?3, password_until = ?4 WHERE account_id = ?1", id,
      password.hash, password.must_change ? 1 : 0, Ms(password.until));
}

void SetLanguage(db::Connection& connection, AccountId id, std::optional<Language> language) {
  std::optional<std::string_view> text;
  if (language) text = *language == Language::kChinese ? "zh" : "en";
  connection.Execute("UPDATE account SET language = ?2 WHERE account_id = ?1", id, text);
}

}  // namespace dealpace::access
