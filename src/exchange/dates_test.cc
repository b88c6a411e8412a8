#include "exchange/dates.h"

#include <gtest/gtest.h>

namespace dealpace::exchange {
namespace {

// "2026-10-07", with the time where the text says one; "none" for no date.
std::string Shown(const std::optional<DateTime>& date) {
  if (!date) return "none";
  if (!date->has_time) return FormatDay(date->day) + (date->ms_of_day != 0 ? " with a hidden time" : "");
  char time[32];
  std::snprintf(time, sizeof time, " %02d:%02d:%02d", date->ms_of_day / 3'600'000, date->ms_of_day / 60'000 % 60,
                date->ms_of_day / 1000 % 60);
  return FormatDay(date->day) + time;
}
std::string By(const char* format, std::string_view text) { return Shown(ParseDate(text, {format})); }
std::string Usual(std::string_view text) { return Shown(ParseDate(text, UsualDateFormats())); }

TEST(Dates, WithoutFormatsTheYearComesFirst) {
  for (const char* text : {"2026-10-07", "2026/10/07", "2026/10/7", "2026-10-7", "2026.10.07", "2026年10月7日",
                           "2026年10月07日", "20261007", " 2026-10-07 "}) {
    EXPECT_EQ(Usual(text), "2026-10-07") << text;
  }
  for (const char* text :
       {"2026-10-07 09:30:00", "2026/10/7 9:30", "2026-10-07T09:30:00", "20261007 09:30", "2026年10月7日 09:30",
        "2026年10月7日09:30", "2026年10月7日 9时30分", "2026-10-07  09:30", "2026-10-07 09:30:00.123"}) {
    EXPECT_EQ(Usual(text), "2026-10-07 09:30:00") << text;
  }
}

TEST(Dates, WithoutFormatsNothingIsGuessed) {
  for (const char* text : {"", "07/10/2026", "10-07-2026", "26-10-07", "2026-10", "2026", "October 7", "2026101",
                           "202610070", "2026-10-07x", "2026-10-07 09", "2026-10-07 25:00", "46302"}) {
    EXPECT_EQ(Usual(text), "none") << text;
  }
}

TEST(Dates, ADateThatDoesNotExistIsNone) {
  for (const char* text :
       {"2026-02-30", "2026-02-29", "2026-13-01", "2026-00-01", "2026-04-31", "20260230", "2026-02-00", "0000-01-01"}) {
    EXPECT_EQ(Usual(text), "none") << text;
  }
  EXPECT_EQ(Usual("2024-02-29"), "2024-02-29");
}

TEST(Dates, ByTheFormatsGiven) {
  EXPECT_EQ(By("%d/%m/%Y", "7/10/2026"), "2026-10-07");
  EXPECT_EQ(By("%m/%d/%Y", "7/10/2026"), "2026-07-10");
  EXPECT_EQ(By("%d.%m.%y", "07.10.26"), "2026-10-07");
  EXPECT_EQ(By("%d.%m.%y", "07.10.70"), "1970-10-07");
  EXPECT_EQ(By("%b %d, %Y", "Oct 7, 2026"), "2026-10-07");
  EXPECT_EQ(By("%d %B %Y", "7 october 2026"), "2026-10-07");
  EXPECT_EQ(By("%d-%b-%Y", "07-MAY-2026"), "2026-05-07");
  EXPECT_EQ(By("%m/%d/%Y %I:%M %p", "10/07/2026 9:05 PM"), "2026-10-07 21:05:00");
  EXPECT_EQ(By("%m/%d/%Y %I:%M%p", "10/07/2026 12:05am"), "2026-10-07 00:05:00");
  EXPECT_EQ(By("%m/%d/%Y %I:%M %p", "10/07/2026 12:05 pm"), "2026-10-07 12:05:00");
  EXPECT_EQ(By("%m/%d/%Y %I:%M %p", "10/07/2026 13:05 pm"), "none");
  EXPECT_EQ(By("%Y-%m", "2026-10"), "2026-10-01") << "a month without a day is its first";
  EXPECT_EQ(By("%Y%m%d%H%M%S", "20261007093000"), "2026-10-07 09:30:00");
  EXPECT_EQ(By("%Y%%%m-%d", "2026%10-07"), "2026-10-07");
  EXPECT_EQ(By("%d/%m/%Y", "2026-10-07"), "none") << "only those given";
  EXPECT_EQ(By("%d/%m/%Y", "7/10/2026 09:30"), "none") << "the whole text must fit";
  EXPECT_EQ(By("%Q", "7"), "none");
  EXPECT_EQ(By("%Y-%m-%d %", "2026-10-07 %"), "2026-10-07");
}

TEST(Dates, TheFirstFormatThatFitsWins) {
  EXPECT_EQ(Shown(ParseDate("03/04/2026", {"%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y"})), "2026-04-03");
  EXPECT_EQ(Shown(ParseDate("03/14/2026", {"%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y"})), "2026-03-14")
      << "there is no month 14";
}

}  // namespace
}  // namespace dealpace::exchange
