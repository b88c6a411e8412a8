#pragma once

#include <memory>
#include <string_view>

#include "base/days.h"

namespace dealpace {

// A time zone of the IANA database ("Asia/Shanghai"), read from the system's zoneinfo.
class Zone {
 public:
  // Fails with unknown_time_zone.
  static Result<Zone> Find(std::string_view name);

  // The day on the wall calendar at that instant.
  [[nodiscard]] Day DayOf(Instant instant) const;
  // The instant of a local wall time. A time skipped by a change of the clock counts from the time before it, one
  // that comes twice is the earlier.
  [[nodiscard]] Instant At(Day day, int ms_of_day = 0) const;

 private:
  struct Rules;
  explicit Zone(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}
  std::shared_ptr<const Rules> rules_;
};

}  // namespace dealpace
