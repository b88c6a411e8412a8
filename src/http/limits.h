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
  // Bytes of large bodies in memory, being received or worked on: of an account, and of all. 0: no limit. One body
  // alone is always let in.
  int64_t account_body_bytes_max = int64_t{64} << 20;
  int64_t body_bytes_max = int64_t{256} << 20;
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

struct BodyCounts;

// How much of the memory bodies take, so that many large ones at once do not take all of it. Thread-safe.
class BodyLimits {
 public:
  // Held for as long as a body is in memory. May outlive the limits.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept = default;
    Share& operator=(Share&& other) noexcept;
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() { GiveBack(); }
    void GiveBack();
    [[nodiscard]] int64_t bytes() const { return bytes_; }

   private:
    friend class BodyLimits;
    std::shared_ptr<BodyCounts> counts_;
    int64_t account_ = 0;
    int64_t bytes_ = 0;
  };

  explicit BodyLimits(const LimitOptions& options);

  // Makes the share one of so many bytes; `account` unset: nobody's. Fails with server_busy and account_bodies, both
  // with "retry_after"; the share is then what it was.
  [[nodiscard]] Status Reserve(Share& share, AccountId account, int64_t bytes);

 private:
  std::shared_ptr<BodyCounts> counts_;
};

}  // namespace dealpace::http
