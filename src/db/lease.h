#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "base/days.h"
#include "db/db.h"

namespace dealpace::db {

// The time by which all servers of a database go: on PostgreSQL the database's; with SQLite all are on one machine.
[[nodiscard]] Instant DatabaseClock(Connection& connection);

// One hold on a piece of work that only one of the servers of a database shall do at a time, such as keeping house: a
// row of the table `lease`. Whoever holds it calls Hold again well before its time is over; when a holder has died, the
// next one gets it once that time is over.
//
// On PostgreSQL the time is the database's, so servers whose clocks differ agree. Thread-safe.
class Lease {
 public:
  // `holder` tells this hold from every other, also from another one of this process: NewHolder().
  Lease(Database& database, std::string name, std::string holder, std::chrono::milliseconds time);
  ~Lease();  // releases it
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  [[nodiscard]] static std::string NewHolder();

  // Takes the lease when it is free, or renews it; false when another has it.
  [[nodiscard]] Result<bool> Hold();
  // Whether nobody else can have it now, by this machine's own monotonic clock: no look into the database. A process
  // that may be stopped for long between asking and doing takes Guard.
  [[nodiscard]] bool held() const;
  // In the transaction of the work itself: renews the lease, which then nobody can take before the transaction ends.
  // Fails with lease_lost when another has taken it meanwhile; then the work must not be done.
  [[nodiscard]] Status Guard(Connection& connection);
  // Gives it back, so that the next one need not wait. Does nothing when it is not held.
  void Release();
  // How often the lease had changed hands when it was last taken. Rises with every holder.
  [[nodiscard]] int64_t term() const;

  // For tests: another clock instead of the database's.
  std::function<Instant(Connection&)> clock;

 private:
  using Steady = std::chrono::steady_clock;

  Database& database_;
  const std::string name_;
  const std::string holder_;
  const std::chrono::milliseconds time_;
  mutable std::mutex mutex_;
  Steady::time_point held_until_{};
  int64_t term_ = 0;
};

}  // namespace dealpace::db
