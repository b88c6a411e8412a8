#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// A made-up year of a dealer network, 2025, for measuring and for checking answers: leads with their way from first
// contact to delivery or loss, written as CSV. Integers only, so that scale and seed give the same bytes on every
// machine; `fnv1a` of the file says that they did.
//
//   events.csv event_id,lead_id,ts,dealer_id,team_id,consultant_id,source,model_line,customer_type,stage,amount,reason
//                 no header, in order of time; ts is local: 2025-01-01 09:14:22
//   dealers.csv   dealer_id,region_id,target_orders
namespace dealpace::bench {

// Stages as the file numbers them.
enum class Stage : uint8_t {
  kContact = 1,
  kCaptured,
  kFollowUp,
  kNeeds,
  kPresented,
  kTestDrive,
  kQuote,
  kOrder,
  kDelivered,
  kCallback24h,
  kCallback3d,
  kCallback7d,
  kLost,
};
inline constexpr int kStages = 13;

struct YearScale {
  std::string_view name;  // S: one dealer, M: 100, L: 500
  int regions = 0;
  int dealers_per_region = 0;
  uint64_t fnv1a = 0;  // of events.csv with seed 42
  [[nodiscard]] int dealers() const { return regions * dealers_per_region; }
};
inline constexpr int kConsultantsPerDealer = 20;
inline constexpr int kTeamsPerDealer = 4;
inline constexpr uint64_t kYearSeed = 42;

// The scale of that name; none where there is no such scale.
[[nodiscard]] std::optional<YearScale> FindScale(std::string_view name);

struct YearEvent {
  uint32_t second = 0;  // since the beginning of the year, local time
  uint32_t lead = 0;    // from 0
  uint32_t amount = 0;  // yuan, of quotes and orders
  Stage stage{};
  uint8_t reason = 0;  // of a loss, from 1
};
struct YearLead {
  uint32_t consultant = 0;  // from 1, through all dealers
  uint8_t source = 0;       // each from 1
  uint8_t model = 0;
  uint8_t customer_type = 0;
  [[nodiscard]] int dealer() const { return static_cast<int>((consultant - 1) / kConsultantsPerDealer) + 1; }
};
struct Year {
  YearScale scale;
  std::vector<YearLead> leads;
  std::vector<YearEvent> events;  // in order of time, lead, stage
  std::vector<uint32_t> targets;  // orders wanted in a month, by dealer
};

[[nodiscard]] Year MakeYear(const YearScale& scale, uint64_t seed = kYearSeed);

struct YearFiles {
  uint64_t bytes = 0;
  uint64_t fnv1a = 0;
};
// Writes events.csv and dealers.csv into a folder that exists; throws std::runtime_error where that cannot be done.
YearFiles WriteYear(const Year& year, const std::string& folder);

}  // namespace dealpace::bench
