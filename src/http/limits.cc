#include "http/limits.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace dealpace::http {
namespace {

using Clock = AccountLimits::Clock;

// Beyond this many accounts those that have been quiet are forgotten; there are rarely as many.
constexpr size_t kAccountsKept = 10'000;

}  // namespace

struct AccountCounts {
  explicit AccountCounts(const LimitOptions& given) : options(given) {}

  struct Count {
    int in_flight = 0;
    int streams = 0;
    double tokens = 0;  // as of `at`
    Clock::time_point at;
  };

  // Under the lock.
  Count& Of(AccountId account, Clock::time_point now) {
    if (counts.size() > kAccountsKept) {
      std::erase_if(counts, [&](const auto& entry) {
        const Count& count = entry.second;
        return count.in_flight == 0 && count.streams == 0 && Tokens(count, now) >= options.burst;
      });
    }
    const auto [it, fresh] = counts.try_emplace(account.value);
    if (fresh) it->second = {0, 0, static_cast<double>(options.burst), now};
    return it->second;
  }
  [[nodiscard]] double Tokens(const Count& count, Clock::time_point now) const {
    const double seconds = std::chrono::duration<double>(now - count.at).count();
    return std::min<double>(options.burst, count.tokens + std::max(0.0, seconds) * options.per_second);
  }

  const LimitOptions options;
  std::mutex mutex;
  std::unordered_map<int64_t, Count> counts;
};

AccountLimits::Place& AccountLimits::Place::operator=(Place&& other) noexcept {
  if (this == &other) return *this;
  Leave();
  counts_ = std::move(other.counts_);
  account_ = other.account_;
  stream_ = other.stream_;
  return *this;
}

void AccountLimits::Place::Leave() {
  const auto counts = std::exchange(counts_, nullptr);
  if (counts == nullptr) return;
  const std::lock_guard lock(counts->mutex);
  const auto it = counts->counts.find(account_);
  if (it == counts->counts.end()) return;
  --(stream_ ? it->second.streams : it->second.in_flight);
}

AccountLimits::AccountLimits(const LimitOptions& options) : counts_(std::make_shared<AccountCounts>(options)) {}

Result<AccountLimits::Place> AccountLimits::Admit(AccountId account, Clock::time_point now) {
  const LimitOptions& options = counts_->options;
  const std::lock_guard lock(counts_->mutex);
  AccountCounts::Count& count = counts_->Of(account, now);
  if (options.in_flight_max > 0 && count.in_flight >= options.in_flight_max) {
    return Error("account_busy").With("max", options.in_flight_max).With("retry_after", 1);
  }
  if (options.per_second > 0) {
    count.tokens = counts_->Tokens(count, now);
    count.at = now;
    if (count.tokens < 1) {
      const double wait = std::ceil((1 - count.tokens) / options.per_second);
      return Error("account_rate").With("max", options.per_second).With("retry_after", static_cast<int64_t>(wait));
    }
    count.tokens -= 1;
  }
  ++count.in_flight;
  Place place;
  place.counts_ = counts_;
  place.account_ = account.value;
  return place;
}

Result<AccountLimits::Place> AccountLimits::AdmitStream(AccountId account, Clock::time_point now) {
  const LimitOptions& options = counts_->options;
  const std::lock_guard lock(counts_->mutex);
  AccountCounts::Count& count = counts_->Of(account, now);
  if (options.streams_max > 0 && count.streams >= options.streams_max) {
    return Error("account_streams").With("max", options.streams_max).With("retry_after", 30);
  }
  ++count.streams;
  Place place;
  place.counts_ = counts_;
  place.account_ = account.value;
  place.stream_ = true;
  return place;
}

// ---- Bodies ----

struct BodyCounts {
  explicit BodyCounts(const LimitOptions& options)
      : account_max(options.account_body_bytes_max), all_max(options.body_bytes_max) {}

  const int64_t account_max;
  const int64_t all_max;
  std::mutex mutex;
  int64_t all = 0;
  std::unordered_map<int64_t, int64_t> accounts;  // those that hold any
};

BodyLimits::Share& BodyLimits::Share::operator=(Share&& other) noexcept {
  if (this == &other) return *this;
  GiveBack();
  counts_ = std::move(other.counts_);
  account_ = other.account_;
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

void BodyLimits::Share::GiveBack() {
  const auto counts = std::exchange(counts_, nullptr);
  const int64_t bytes = std::exchange(bytes_, 0);
  if (counts == nullptr) return;
  const std::lock_guard lock(counts->mutex);
  counts->all -= bytes;
  const auto it = counts->accounts.find(account_);
  if (it != counts->accounts.end() && (it->second -= bytes) <= 0) counts->accounts.erase(it);
}

BodyLimits::BodyLimits(const LimitOptions& options) : counts_(std::make_shared<BodyCounts>(options)) {}

Status BodyLimits::Reserve(Share& share, AccountId account, int64_t bytes) {
  constexpr int kRetryAfter = 2;
  const int64_t more = bytes - share.bytes_;
  if (more <= 0) return {};
  BodyCounts& counts = *counts_;
  const std::lock_guard lock(counts.mutex);
  // What this body has already does not count against it: alone it is let in, however large.
  const auto full = [&](int64_t held, int64_t most) { return most > 0 && held > share.bytes_ && held + more > most; };
  if (account.set()) {
    const auto it = counts.accounts.find(account.value);
    if (full(it == counts.accounts.end() ? 0 : it->second, counts.account_max)) {
      return Error("account_bodies").With("max", counts.account_max >> 20).With("retry_after", kRetryAfter);
    }
  }
  if (full(counts.all, counts.all_max)) return Error("server_busy").With("retry_after", kRetryAfter);
  counts.all += more;
  if (account.set()) counts.accounts[account.value] += more;
  share.counts_ = counts_;
  share.account_ = account.value;
  share.bytes_ = bytes;
  return {};
}

}  // namespace dealpace::http
