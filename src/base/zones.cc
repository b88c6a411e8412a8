#include "base/zones.h"

#include <date/tz.h>

#include <exception>
#include <string>

namespace dealpace {

struct Zone::Rules {
  const date::time_zone* zone;
};

Result<Zone> Zone::Find(std::string_view name) {
  try {
    return Zone(std::make_shared<const Rules>(Rules{date::locate_zone(std::string(name))}));
  } catch (const std::exception&) {
    return Error("unknown_time_zone").With("name", name);
  }
}

Day Zone::DayOf(Instant instant) const {
  // Asked again and again within one stretch of the same offset, mostly the present one.
  thread_local struct {
    const date::time_zone* zone = nullptr;
    date::sys_info info;
  } last;
  const date::sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds(instant.ms)};
  if (last.zone != rules_->zone || at < last.info.begin || at >= last.info.end) {
    last.info = rules_->zone->get_info(at);
    last.zone = rules_->zone;
  }
  return {static_cast<int32_t>(date::floor<date::days>(at + last.info.offset).time_since_epoch().count())};
}

Instant Zone::At(Day day, int ms_of_day) const {
  const date::local_time<std::chrono::milliseconds> local{date::days(day.value) + std::chrono::milliseconds(ms_of_day)};
  return {rules_->zone->to_sys(local, date::choose::earliest).time_since_epoch().count()};
}

}  // namespace dealpace
