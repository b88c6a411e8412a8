#include "bench/workload.h"

#include <algorithm>

namespace dealpace::bench {
namespace {

struct Random {
  uint64_t state;
  uint64_t Next() {
    uint64_t z = (state += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  int Below(int n) { return static_cast<int>((Next() >> 33) % static_cast<uint64_t>(n)); }
  bool Percent(int p) { return Below(100) < p; }
};

}  // namespace

std::vector<WorkloadEvent> MakeWorkload(int dealer, int days, uint64_t seed) {
  Random random{seed * 1'000'003 + static_cast<uint64_t>(dealer)};
  const int strength = random.Below(17) - 8;  // percentage points, by dealer
  int staff_strength[kStaffPerDealer];
  for (int& s : staff_strength) s = random.Below(21) - 10;
  std::vector<WorkloadEvent> events;
  uint32_t lead = 0;
  for (int day = 0; day < days; ++day) {
    const int weekday = (day + 3) % 7;
    const int leads = (weekday >= 5 ? 82 : 44) + random.Below(11) - 5;
    for (int i = 0; i < leads; ++i) {
      WorkloadEvent e;
      e.lead = ++lead;
      e.staff = random.Below(kStaffPerDealer);
      e.source = random.Below(kSources);
      e.model = random.Below(kModels);
      e.customer_type = random.Below(3);
      e.minute = int64_t{day} * 1440 + 540 + random.Below(660);
      const int skill = strength + staff_strength[e.staff];
      const auto put = [&](const char* event, int64_t amount = 0, int reason = 0) {
        if (e.minute >= int64_t{days} * 1440) return;
        WorkloadEvent copy = e;
        copy.event = event;
        copy.amount_yuan = amount;
        copy.reason = reason;
        events.push_back(copy);
      };
      put("traffic");
      put("first_contact");
      if (!random.Percent(66 + skill)) continue;
      e.minute += 5 + random.Below(25);
      put("captured");
      const bool needs = random.Percent(83);
      const bool presented = needs && random.Percent(87);
      const bool drive = presented && random.Percent(56 + skill);
      const bool deal = presented && random.Percent(drive ? 36 + skill : 13);
      if (needs) e.minute += 10 + random.Below(10), put("needs");
      if (presented) e.minute += 10 + random.Below(20), put("presented");
      if (presented && random.Percent(70)) put("td_invited");
      if (drive) e.minute += random.Percent(60) ? 20 : 1440 * (1 + random.Below(6)), put("test_drive");
      if (random.Percent(70)) e.minute += random.Percent(70) ? 600 : 2000, put("follow_up");
      if (deal) {
        e.minute += 1440 * random.Below(20);
        put("deal", 90'000 + 30'000 * e.model + 100 * random.Below(90));
        if (random.Percent(95)) e.minute += 1440 * (3 + random.Below(37)), put("delivered");
      } else if (random.Percent(76)) {
        e.minute += 1440 * (3 + random.Below(57));
        put("lost", 0, 1 + random.Below(8));
      }
    }
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const WorkloadEvent& a, const WorkloadEvent& b) { return a.minute < b.minute; });
  return events;
}

}  // namespace dealpace::bench
