#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/days.h"

// A made-up stream of showroom events for measuring: per dealer about 20,000 leads a year, each with its way from first
// contact to delivery or loss. Integers only, so that a seed gives the same stream on every machine.
namespace dealpace::bench {

struct WorkloadEvent {
  const char* event = nullptr;
  int64_t minute = 0;  // since the first day, 00:00 local
  uint32_t lead = 0;
  int staff = 0;
  int source = 0;
  int model = 0;
  int customer_type = 0;
  int64_t amount_yuan = 0;
  int reason = 0;  // of a lost lead, from 1
};

inline constexpr int kStaffPerDealer = 20;
inline constexpr int kSources = 3;
inline constexpr int kModels = 8;
inline constexpr const char* kSourceCodes[] = {"referral", "outbound", "walk_by"};
inline constexpr const char* kCustomerTypes[] = {"new", "ordinary", "key"};
inline constexpr const char* kReasons[] = {"price",   "rival_brand", "product",      "delivery_time",
                                           "service", "credit",      "plan_dropped", "bought_elsewhere"};

// The events of one dealer over `days` days, in order of time.
std::vector<WorkloadEvent> MakeWorkload(int dealer, int days, uint64_t seed);

}  // namespace dealpace::bench
