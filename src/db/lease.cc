#include "db/lease.h"

#include <unistd.h>

#include <optional>
#include <random>
#include <utility>

namespace dealpace::db {

// Read before the statement that uses it, since statements take instants as values.
Instant DatabaseClock(Connection& connection) {
  if (connection.kind() == Kind::kSqlite) return Now();
  Rows rows = connection.Query("SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)");
  rows.Next();
  return {rows.Int(0)};
}

Lease::Lease(Database& database, std::string name, std::string holder, std::chrono::milliseconds time)
    : clock(DatabaseClock), database_(database), name_(std::move(name)), holder_(std::move(holder)), time_(time) {}

Lease::~Lease() { Release(); }

std::string Lease::NewHolder() {
  std::random_device random;
  return std::to_string(getpid()) + "-" + std::to_string(random()) + "-" + std::to_string(random());
}

Result<bool> Lease::Hold() {
  // From before the database is asked: what is held here has ended before another can take it.
  const Steady::time_point begun = Steady::now();
  const auto taken = database_.Write<std::optional<int64_t>>([&](Connection& c) -> Result<std::optional<int64_t>> {
    const Instant now = clock(c);
    Rows rows = c.Query(
        "INSERT INTO lease (name, holder, held_until, term) VALUES (?1, ?2, ?3, 1) "
        "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until, "
        "term = CASE WHEN lease.holder = excluded.holder THEN lease.term ELSE lease.term + 1 END "
        "WHERE lease.holder = excluded.holder OR lease.held_until <= ?4 RETURNING term",
        name_, holder_, now.ms + time_.count(), now.ms);
    return rows.Next() ? std::optional(rows.Int(0)) : std::nullopt;
  });
  const std::lock_guard lock(mutex_);
  if (!taken.ok()) return taken.error();
  // A twentieth is left for clocks that go at different speeds, and for the milliseconds that are cut off.
  held_until_ = *taken ? begun + time_ - time_ / 20 - std::chrono::milliseconds(1) : Steady::time_point{};
  if (*taken) term_ = **taken;
  return taken->has_value();
}

bool Lease::held() const {
  const std::lock_guard lock(mutex_);
  return Steady::now() < held_until_;
}

Status Lease::Guard(Connection& connection) {
  const Instant now = clock(connection);
  const int64_t held =
      connection.Execute("UPDATE lease SET held_until = ?3 WHERE name = ?1 AND holder = ?2 AND held_until > ?4", name_,
                         holder_, now.ms + time_.count(), now.ms);
  if (held == 0) return Error("lease_lost").With("name", name_);
  return {};
}

void Lease::Release() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(held_until_, {}) == Steady::time_point{}) return;
  }
  // Without the database it runs out by itself.
  (void)database_.Write<void>([&](Connection& connection) -> Status {
    connection.Execute("UPDATE lease SET held_until = 0 WHERE name = ?1 AND holder = ?2", name_, holder_);
    return {};
  });
}

int64_t Lease::term() const {
  const std::lock_guard lock(mutex_);
  return term_;
}

}  // namespace dealpace::db
