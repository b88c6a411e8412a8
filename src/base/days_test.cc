#include "base/days.h"

#include <gtest/gtest.h>

namespace dealpace {
namespace {

Day D(const char* text) { return ParseDay(text).value(); }

// "2026-01-01..2026-12-31" of a period that must be readable.
std::string Range(std::string_view text) {
  const auto period = ParsePeriod(text);
  if (!period.ok()) return period.error().code;
  return FormatDay(period->from) + ".." + FormatDay(period->to);
}

std::string Previous(std::string_view text) { return FormatPeriod(PreviousPeriod(*ParsePeriod(text))); }
std::string LastYear(std::string_view text) { return FormatPeriod(YearAgo(*ParsePeriod(text))); }

TEST(Days, CivilAndBack) {
  EXPECT_EQ(FromCivil(1970, 1, 1)->value, 0);
  EXPECT_EQ(FromCivil(1, 1, 1), kFirstDay);
  EXPECT_EQ(FromCivil(9999, 12, 31), kLastDay);
  for (Day day = D("1899-12-30"); day < D("2101-01-02"); day = day + 1) {
    const YearMonthDay civil = Civil(day);
    ASSERT_EQ(FromCivil(civil.year, civil.month, civil.day), day);
  }
}

TEST(Days, ADayThatDoesNotExistIsNone) {
  for (const char* text : {"2026-02-29", "2026-02-30", "2026-13-01", "2026-00-10", "2026-01-00", "2026-04-31",
                           "1900-02-29", "0000-01-01", "2026-1-01", "2026/01/01", "20260101", "2026-01-01 ", ""}) {
    EXPECT_FALSE(ParseDay(text)) << text;
  }
  EXPECT_TRUE(ParseDay("2024-02-29"));
  EXPECT_TRUE(ParseDay("2000-02-29"));
  EXPECT_FALSE(FromCivil(10000, 1, 1));
}

TEST(Days, DaysHaveFourDigitsForTheYear) {
  EXPECT_EQ(FormatDay(D("0033-04-05")), "0033-04-05");
  EXPECT_EQ(FormatDay(D("9999-12-31") + 1), "10000-01-01");
}

TEST(Days, AddingMonthsClipsToTheMonthsLastDay) {
  EXPECT_EQ(FormatDay(AddMonths(D("2026-01-31"), 1)), "2026-02-28");
  EXPECT_EQ(FormatDay(AddMonths(D("2024-01-31"), 1)), "2024-02-29");
  EXPECT_EQ(FormatDay(AddMonths(D("2026-03-31"), -1)), "2026-02-28");
  EXPECT_EQ(FormatDay(AddMonths(D("2026-01-15"), -1)), "2025-12-15");
  EXPECT_EQ(FormatDay(AddMonths(D("2024-02-29"), -12)), "2023-02-28");
  EXPECT_EQ(FormatDay(AddMonths(D("2026-11-30"), 14)), "2028-01-30");
}

TEST(Periods, EveryNotation) {
  EXPECT_EQ(Range("2026"), "2026-01-01..2026-12-31");
  EXPECT_EQ(Range("2026H1"), "2026-01-01..2026-06-30");
  EXPECT_EQ(Range("2026h2"), "2026-07-01..2026-12-31");
  EXPECT_EQ(Range("2026Q4"), "2026-10-01..2026-12-31");
  EXPECT_EQ(Range("2024-02"), "2024-02-01..2024-02-29");
  EXPECT_EQ(Range("2026-W43"), "2026-10-19..2026-10-25");
  EXPECT_EQ(Range("2026-10-07"), "2026-10-07..2026-10-07");
  EXPECT_EQ(Range("2026-10..2026-12-05"), "2026-10-01..2026-12-05");
  EXPECT_EQ(Range(" 2025Q4 .. 2026Q1 "), "2025-10-01..2026-03-31");
}

TEST(Periods, WhatIsNoneIsRefused) {
  for (const char* text :
       {"", "26", "2026Q5", "2026Q0", "2026H3", "2026-13", "2026-W00", "2026-W54", "2026-02-30", "2026-10..", "..2026",
        "2026-12..2026-10", "2026-10...2026-11", "october", "0000", "20260"}) {
    EXPECT_EQ(Range(text), "bad_period") << text;
  }
  EXPECT_EQ(ParsePeriod("2026Q5").error().Arg("text"), "2026Q5");
}

TEST(Periods, IsoWeeksBelongToTheYearOfTheirThursday) {
  EXPECT_EQ(Range("2020-W53"), "2020-12-28..2021-01-03");
  EXPECT_EQ(Range("2026-W53"), "2026-12-28..2027-01-03");
  EXPECT_EQ(Range("2025-W53"), "bad_period");
  EXPECT_EQ(Range("2026-W01"), "2025-12-29..2026-01-04");
  EXPECT_EQ(UnitLabel(UnitOf(D("2021-01-03"), Grain::kWeek), Grain::kWeek), "2020-W53");
  EXPECT_EQ(UnitLabel(UnitOf(D("2021-01-04"), Grain::kWeek), Grain::kWeek), "2021-W01");
  EXPECT_EQ(UnitLabel(UnitOf(D("2024-12-30"), Grain::kWeek), Grain::kWeek), "2025-W01");
  EXPECT_EQ(UnitLabel(UnitOf(D("1969-12-31"), Grain::kWeek), Grain::kWeek), "1970-W01");
}

TEST(Periods, UnitsAreNumberedWithoutGapsAndFollowOneAnother) {
  for (const Grain grain : {Grain::kDay, Grain::kWeek, Grain::kMonth, Grain::kQuarter, Grain::kHalf, Grain::kYear}) {
    EXPECT_EQ(ParseGrain(GrainName(grain)), grain);
    for (Day day = D("1967-12-25"); day < D("2030-01-08"); day = day + 1) {
      const int unit = UnitOf(day, grain);
      const Period period = UnitPeriod(unit, grain);
      ASSERT_TRUE(period.Contains(day)) << FormatDay(day) << " " << GrainName(grain);
      ASSERT_EQ(UnitPeriod(unit + 1, grain).from, period.to + 1);
      const auto read = ParsePeriod(UnitLabel(unit, grain));
      ASSERT_TRUE(read.ok()) << UnitLabel(unit, grain);
      ASSERT_EQ(*read, period) << UnitLabel(unit, grain);
    }
  }
  EXPECT_FALSE(ParseGrain("fortnight"));
}

TEST(Periods, AreNamedByTheirUnit) {
  EXPECT_EQ(FormatPeriod(*ParsePeriod("2026-01..2026-12")), "2026");
  EXPECT_EQ(FormatPeriod(*ParsePeriod("2026-01-01..2026-06-30")), "2026H1");
  EXPECT_EQ(FormatPeriod(*ParsePeriod("2026-04..2026-06")), "2026Q2");
  EXPECT_EQ(FormatPeriod(*ParsePeriod("2026-10-19..2026-10-25")), "2026-W43");
  EXPECT_EQ(FormatPeriod(*ParsePeriod("2026-02-02..2026-02-05")), "2026-02-02..2026-02-05");
}

TEST(Periods, ThePreviousOneIsOfEqualKind) {
  EXPECT_EQ(Previous("2026"), "2025");
  EXPECT_EQ(Previous("2026H1"), "2025H2");
  EXPECT_EQ(Previous("2026Q1"), "2025Q4");
  EXPECT_EQ(Previous("2026-03"), "2026-02");
  EXPECT_EQ(Previous("2027-W01"), "2026-W53");
  EXPECT_EQ(Previous("2026-03-01"), "2026-02-28");
  EXPECT_EQ(Previous("2026-03..2026-04"), "2026-01-01..2026-02-28") << "whole months: as many months";
  EXPECT_EQ(Previous("2026-03..2026-07"), "2025-10-01..2026-02-28");
  EXPECT_EQ(Previous("2026-03-05..2026-03-14"), "2026-02-23..2026-03-04") << "else as many days";
}

TEST(Periods, TheYearBeforeHasTheSameDates) {
  EXPECT_EQ(LastYear("2026"), "2025");
  EXPECT_EQ(LastYear("2026Q1"), "2025Q1");
  EXPECT_EQ(LastYear("2026-10-07"), "2025-10-07");
  EXPECT_EQ(LastYear("2026-03-05..2026-04-02"), "2025-03-05..2025-04-02");
}

TEST(Periods, TheYearBeforeOfFebruaryIsAllOfFebruary) {
  EXPECT_EQ(LastYear("2024-02"), "2023-02");
  EXPECT_EQ(LastYear("2025-02"), "2024-02") << "29 days";
  EXPECT_EQ(LastYear("2025-01..2025-02"), "2024-01-01..2024-02-29");
  EXPECT_EQ(LastYear("2024-02-29"), "2023-02-28");
  EXPECT_EQ(LastYear("2025-02-28"), "2024-02-28");
  EXPECT_EQ(LastYear("2024-02-10..2024-02-29"), "2023-02-10..2023-02-28");
}

TEST(Periods, TheYearBeforeOfAWeekHasItsNumber) {
  EXPECT_EQ(LastYear("2026-W43"), "2025-W43");
  EXPECT_EQ(LastYear("2026-W53"), "2025-W52") << "2025 has no week 53";
  EXPECT_EQ(LastYear("2026-W01"), "2025-W01");
}

TEST(Instants, EveryNotation) {
  const auto at = [](const char* text) {
    const auto instant = ParseInstant(text);
    return instant ? FormatInstant(*instant) : "none";
  };
  EXPECT_EQ(at("2026-03-05T08:30:00.000Z"), "2026-03-05T08:30:00.000Z");
  EXPECT_EQ(at("2026-03-05T08:30"), "2026-03-05T08:30:00.000Z");
  EXPECT_EQ(at("2026-03-05 08:30:59"), "2026-03-05T08:30:59.000Z");
  EXPECT_EQ(at("2026-03-05T08:30:59.1239"), "2026-03-05T08:30:59.123Z");
  EXPECT_EQ(at("2026-03-05T08:30+08:00"), "2026-03-05T00:30:00.000Z");
  EXPECT_EQ(at("2026-03-05T20:30-05:30"), "2026-03-06T02:00:00.000Z");
  EXPECT_EQ(at("2026-03-05"), "2026-03-05T23:59:59.999Z") << "a day means its end";
  EXPECT_EQ(at("1969-12-31T23:59:59.999Z"), "1969-12-31T23:59:59.999Z");
  for (const char* text : {"", "2026", "2026-02-30T08:30", "2026-03-05T24:00", "2026-03-05T08:60", "2026-03-05T8:30",
                           "2026-03-05T08:30:60", "2026-03-05T08:30:00.", "2026-03-05T08:30+8", "2026-03-05T08:30x"}) {
    EXPECT_EQ(at(text), "none") << text;
  }
}

}  // namespace
}  // namespace dealpace
