#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "base/ids.h"
#include "base/result.h"

// How much one account may ask at a time, so that a program run wild does not take the server from everybody else.
namespace dealpace::http {

struct AccountCounts;

struct LimitOptions {
  int in_flight_max = 64;  // requests of an account being answered; 0: no limit
  int per_second = 1000;   // requests begun per second in the long run; 0: no limit
  int burst = 2000;        // requests begun at once after a pause
  int streams_max = 100;   // event streams of an account that are open; 0: no limit
};

// Counts by account. Thread-safe; an admission costs a look into a table.
class AccountLimits {
 public:
  using Clock = std::chrono::steady_clock;

  // Held for as long as something is being answered. May outlive the limits.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&& other) noexcept;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { Leave(); }
    void Leave();

   private:
    friend class AccountLimits;
    std::shared_ptr<AccountCounts> counts_;
    int64_t account_ = 0;
    bool stream_ = false;
  };

  explicit AccountLimits(const LimitOptions& options);

  // For a request. Fails with account_busy (too many are being answered) and account_rate (too many per second), both
  // with "retry_after" in whole seconds.
  [[nodiscard]] Result<Place> Admit(AccountId account, Clock::time_point now = Clock::now());
  // For an event stream. Fails with account_streams, with "retry_after".
  [[nodiscard]] Result<Place> AdmitStream(AccountId account, Clock::time_point now = Clock::now());

 private:
  std::shared_ptr<AccountCounts> counts_;
};

}  // namespace dealpace::http
