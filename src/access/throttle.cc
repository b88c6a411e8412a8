#include "access/throttle.h"

#include <algorithm>
#include <string>

#include "access/secrets.h"
#include "base/text.h"

namespace dealpace::access {
namespace {

struct Rule {
  std::string_view name;
  int64_t free;  // so many failures cost nothing; the next costs a second
  int64_t delay_ms_max;
  int64_t lock_after;  // 0: never
  int64_t lock_ms;
  int64_t forget_ms;
};
constexpr int64_t kMinuteMs = 60'000;
constexpr Rule kLoginRule = {"login", 2, 64'000, 10, 15 * kMinuteMs, 24 * 60 * kMinuteMs};
constexpr Rule kAddressRule = {"address", 9, 5 * kMinuteMs, 0, 0, 60 * kMinuteMs};

const Rule& RuleOf(Guessed kind) { return kind == Guessed::kAddress ? kAddressRule : kLoginRule; }

// Of IPv6 the first four groups: a household or shop has a whole /64 to itself.
std::string_view Network(std::string_view address) {
  if (address.find('.') != std::string_view::npos) return address;  // IPv4, also mapped
  size_t end = 0;
  for (int groups = 0; end < address.size(); ++end) {
    if (address[end] != ':') continue;
    if (++groups == 4 || address.substr(end).starts_with("::")) break;
  }
  return address.substr(0, end);
}

struct Count {
  int64_t failures = 0;
  int64_t blocked_until = 0;
};

// Locks the row, making it when it is missing, and reads it.
Count Take(db::Connection& connection, const Rule& rule, std::string_view subject, Instant now) {
  connection.Execute(
      "INSERT INTO sign_in_failure (kind, subject, failures, failed_at, blocked_until) VALUES (?1, ?2, 0, ?3, 0) "
      "ON CONFLICT (kind, subject) DO UPDATE SET kind = excluded.kind",
      rule.name, subject, now.ms);
  db::Rows rows = connection.Query(
      "SELECT failures, failed_at, blocked_until FROM sign_in_failure WHERE kind = ?1 AND subject = ?2", rule.name,
      subject);
  rows.Next();
  const bool forgotten = now.ms - rows.Int(1) >= rule.forget_ms && now.ms >= rows.Int(2);
  return forgotten ? Count{} : Count{rows.Int(0), rows.Int(2)};
}

void AddFailure(db::Connection& connection, Guessed kind, std::string_view subject, const Count& count, Instant now) {
  connection.Execute(
      "UPDATE sign_in_failure SET failures = ?3, failed_at = ?4, blocked_until = ?5 WHERE kind = ?1 AND subject = ?2",
      RuleOf(kind).name, subject, count.failures + 1, now.ms, now.ms + DelayMs(kind, count.failures + 1));
}

int64_t Seconds(int64_t ms) { return std::max<int64_t>(1, (ms + 999) / 1000); }

// Takes failures off, and lifts the block that they had brought.
void Reduce(db::Connection& connection, const Rule& rule, std::string_view subject, int64_t by) {
  connection.Execute(
      "UPDATE sign_in_failure SET failures = CASE WHEN failures > ?3 THEN failures - ?3 ELSE 0 END, blocked_until = 0 "
      "WHERE kind = ?1 AND subject = ?2",
      rule.name, subject, by);
}

// Logins are stored by their hash: into that field people also type passwords.
std::string LoginSubject(std::string_view login, Guessed as) {
  return (as == Guessed::kCode ? "code:" : "") + HashSecret(login);
}
std::string AddressSubject(std::string_view address) { return HashSecret(Network(address)); }

}  // namespace

int64_t DelayMs(Guessed kind, int64_t failures) {
  const Rule& rule = RuleOf(kind);
  if (failures <= rule.free) return 0;
  if (rule.lock_after > 0 && failures >= rule.lock_after) return rule.lock_ms;
  const int64_t doublings = std::min<int64_t>(failures - rule.free - 1, 20);
  return std::min(int64_t{1000} << doublings, rule.delay_ms_max);
}

int64_t ForgetMs(Guessed kind) { return RuleOf(kind).forget_ms; }

bool IsLocked(int64_t failures) { return failures >= kLoginRule.lock_after; }

Result<int64_t> CountAttempt(db::Connection& connection, std::string_view login, std::string_view address, Instant now,
                             Guessed as) {
  // Always in this order, so that two attempts do not wait for each other crosswise.
  const std::string by_login = LoginSubject(login, as);
  const Count login_count = Take(connection, kLoginRule, by_login, now);
  if (login_count.blocked_until > now.ms) {
    const int64_t wait = Seconds(login_count.blocked_until - now.ms);
    if (IsLocked(login_count.failures)) {
      return Error("sign_in_locked").With("retry_after", wait).With("minutes", (wait + 59) / 60);
    }
    return Error("sign_in_delayed").With("retry_after", wait);
  }
  RETURN_IF_ERROR(CountAttemptFrom(connection, address, now));
  AddFailure(connection, as, by_login, login_count, now);
  return login_count.failures + 1;
}

Status CountAttemptFrom(db::Connection& connection, std::string_view address, Instant now) {
  if (address.empty()) return {};
  const std::string by_address = AddressSubject(address);
  const Count address_count = Take(connection, kAddressRule, by_address, now);
  if (address_count.blocked_until > now.ms) {
    return Error("sign_in_delayed").With("retry_after", Seconds(address_count.blocked_until - now.ms));
  }
  AddFailure(connection, Guessed::kAddress, by_address, address_count, now);
  return {};
}

void TakeBackAttemptFrom(db::Connection& connection, std::string_view address) {
  Reduce(connection, kAddressRule, AddressSubject(address), 1);
}

void Succeed(db::Connection& connection, std::string_view login, std::string_view address, Guessed as) {
  int64_t failures = 0;
  {
    db::Rows rows =
        connection.Query("DELETE FROM sign_in_failure WHERE kind = 'login' AND subject = ?1 RETURNING failures",
                         LoginSubject(login, as));
    while (rows.Next()) failures = rows.Int(0);
  }
  Reduce(connection, kAddressRule, AddressSubject(address), failures);
}

void TakeBackAttempt(db::Connection& connection, std::string_view login, std::string_view address) {
  Reduce(connection, kLoginRule, LoginSubject(login, Guessed::kLogin), 1);
  Reduce(connection, kAddressRule, AddressSubject(address), 1);
}

void Forgive(db::Connection& connection, std::string_view login) {
  connection.Execute("DELETE FROM sign_in_failure WHERE kind = 'login' AND subject IN (?1, ?2)",
                     LoginSubject(login, Guessed::kLogin), LoginSubject(login, Guessed::kCode));
}

}  // namespace dealpace::access
