#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dealpace {

// A calendar day, as days since 1970-01-01. Which day an instant belongs to depends on the dealer's time zone
// (base/zones.h); a Day itself has none.
struct Day {
  int32_t value = 0;
  constexpr auto operator<=>(const Day&) const = default;
  constexpr Day operator+(int days) const { return {value + days}; }
  constexpr Day operator-(int days) const { return {value - days}; }
  constexpr int operator-(Day other) const { return value - other.value; }
};

inline constexpr Day kFirstDay{-719162};  // 0001-01-01
inline constexpr Day kLastDay{2932896};   // 9999-12-31

// Milliseconds since 1970-01-01 00:00 UTC.
struct Instant {
  int64_t ms = 0;
  constexpr auto operator<=>(const Instant&) const = default;
};
inline constexpr Instant kForever{INT64_MAX};

struct YearMonthDay {
  int year = 1970;
  int month = 1;
  int day = 1;
};

[[nodiscard]] YearMonthDay Civil(Day day);
// Nothing for a day that does not exist (2026-02-30) or lies outside the years 1 to 9999.
[[nodiscard]] std::optional<Day> FromCivil(int year, int month, int day);
[[nodiscard]] int DaysInMonth(int year, int month);
// The same day `months` later, clipped to the month's last day (31 January + 1 → 28 February).
[[nodiscard]] Day AddMonths(Day day, int months);

// "2026-10-07", and back.
[[nodiscard]] std::string FormatDay(Day day);
[[nodiscard]] std::optional<Day> ParseDay(std::string_view text);

// Calendar units. Weeks begin on Monday and carry ISO 8601 numbers.
enum class Grain { kDay, kWeek, kMonth, kQuarter, kHalf, kYear };
[[nodiscard]] std::string_view GrainName(Grain grain);  // "day" … "year"
[[nodiscard]] std::optional<Grain> ParseGrain(std::string_view name);

// Days from `from` to `to`, both included. Never empty.
struct Period {
  Day from;
  Day to;
  constexpr auto operator<=>(const Period&) const = default;
  [[nodiscard]] constexpr int days() const { return to - from + 1; }
  [[nodiscard]] constexpr bool Contains(Day day) const { return from <= day && day <= to; }
};

// Units of one grain are numbered without gaps, so that neighbours differ by one.
[[nodiscard]] int UnitOf(Day day, Grain grain);
[[nodiscard]] Period UnitPeriod(int unit, Grain grain);
// "2017", "2017H1", "2017Q2", "2017-04", "2017-W14", "2017-04-01"
[[nodiscard]] std::string UnitLabel(int unit, Grain grain);

// Reads "2026", "2026H1", "2026Q4", "2026-10", "2026-W43", "2026-10-07", or "A..B" of these (both ends included).
// Fails with bad_period.
[[nodiscard]] Result<Period> ParsePeriod(std::string_view text);
// The label of the unit the period is, else "first..last" in days.
[[nodiscard]] std::string FormatPeriod(const Period& period);

// The period of equal kind just before: a unit gives the unit before it, whole months as many months, any other
// range as many days.
[[nodiscard]] Period PreviousPeriod(const Period& period);
// The same period of last year: a week the week of the same number (53 becomes 52), everything else the same dates,
// 29 February becoming 28.
[[nodiscard]] Period YearAgo(const Period& period);

// "2026-03-05T08:30:00.000Z" and its parts down to "2026-03-05T08:30"; also with an offset "+08:00". For --as-of
// and JSON; a plain day means the end of that day in UTC.
[[nodiscard]] std::optional<Instant> ParseInstant(std::string_view text);
[[nodiscard]] std::string FormatInstant(Instant instant);
// The clock. Only main and the stores ask it; the pure parts are told the time.
[[nodiscard]] Instant Now();

}  // namespace dealpace
