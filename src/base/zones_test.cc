#include "base/zones.h"

#include <gtest/gtest.h>

namespace dealpace {
namespace {

constexpr int kHourMs = 3'600'000;

Zone Of(std::string_view name) { return *Zone::Find(name); }

// The UTC instant of a local wall time, written out.
std::string Utc(std::string_view zone, std::string_view day, int ms_of_day) {
  return FormatInstant(Of(zone).At(*ParseDay(day), ms_of_day));
}

TEST(Zones, ADayBeginsWithTheWallClock) {
  EXPECT_EQ(Utc("Asia/Shanghai", "2026-03-05", 0), "2026-03-04T16:00:00.000Z");
  EXPECT_EQ(Utc("UTC", "2026-03-05", 9 * kHourMs), "2026-03-05T09:00:00.000Z");
  EXPECT_EQ(Utc("America/New_York", "2026-01-05", 0), "2026-01-05T05:00:00.000Z");
  EXPECT_EQ(Utc("America/New_York", "2026-07-05", 0), "2026-07-05T04:00:00.000Z");
}

TEST(Zones, TheDayOfAnInstantIsTheLocalOne) {
  const Instant evening = *ParseInstant("2026-03-04T16:30:00Z");
  EXPECT_EQ(FormatDay(Of("Asia/Shanghai").DayOf(evening)), "2026-03-05");
  EXPECT_EQ(FormatDay(Of("UTC").DayOf(evening)), "2026-03-04");
  EXPECT_EQ(FormatDay(Of("America/New_York").DayOf(*ParseInstant("1969-12-31T04:59:59Z"))), "1969-12-30");
}

TEST(Zones, ASkippedTimeCountsFromBeforeTheChange) {
  // Berlin, 29 March 2026: 02:00 becomes 03:00.
  EXPECT_EQ(Utc("Europe/Berlin", "2026-03-29", 2 * kHourMs + kHourMs / 2), "2026-03-29T01:00:00.000Z");
}

TEST(Zones, ATimeThatComesTwiceIsTheEarlier) {
  // Berlin, 25 October 2026: 03:00 becomes 02:00.
  EXPECT_EQ(Utc("Europe/Berlin", "2026-10-25", 2 * kHourMs + kHourMs / 2), "2026-10-25T00:30:00.000Z");
}

TEST(Zones, EveryLocalTimeOfADayBelongsToThatDay) {
  for (const char* name : {"Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"}) {
    const Zone zone = Of(name);
    for (Day day = *ParseDay("2026-01-01"); day < *ParseDay("2027-01-01"); day = day + 1) {
      ASSERT_EQ(zone.DayOf(zone.At(day)), day) << name << " " << FormatDay(day);
      ASSERT_EQ(zone.DayOf(zone.At(day, 24 * kHourMs - 1)), day) << name << " " << FormatDay(day);
    }
  }
}

TEST(Zones, AnUnknownOneIsNamed) {
  const auto zone = Zone::Find("Asia/Shangai");
  ASSERT_FALSE(zone.ok());
  EXPECT_EQ(zone.error().code, "unknown_time_zone");
  EXPECT_EQ(zone.error().Arg("name"), "Asia/Shangai");
  EXPECT_FALSE(Zone::Find("").ok());
  EXPECT_FALSE(Zone::Find("../../etc/passwd").ok());
}

}  // namespace
}  // namespace dealpace
