#include "base/days.h"

#include <chrono>
#include <cstdio>

#include "base/text.h"

namespace dealpace {
namespace {

constexpr int kDaysPerWeek = 7;
constexpr int64_t kDayMs = 86'400'000;

// Algorithms of Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
int32_t DaysFromCivil(int year, int month, int day) {
  year -= month <= 2;
  const int era = (year >= 0 ? year : year - 399) / 400;
  const int year_of_era = year - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

int FloorDiv(int a, int b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

// Monday of the week that holds `day`, counted in weeks since Monday 1969-12-29.
int WeekOf(Day day) { return FloorDiv(day.value + 3, kDaysPerWeek); }
Day MondayOf(int week) { return {week * kDaysPerWeek - 3}; }

// First week of an ISO year: the one with 4 January.
int FirstWeek(int year) { return WeekOf({DaysFromCivil(year, 1, 4)}); }

int MonthsOf(Grain grain) {
  switch (grain) {
    case Grain::kMonth: return 1;
    case Grain::kQuarter: return 3;
    case Grain::kHalf: return 6;
    default: return 12;
  }
}

Day FirstOfMonth(int month_number) {
  const int year = FloorDiv(month_number, 12);
  return {DaysFromCivil(year, month_number - year * 12 + 1, 1)};
}

bool ReadNumber(std::string_view text, int& value) {
  if (text.empty() || text.size() > 4) return false;
  value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  return true;
}

std::optional<Period> ParseUnit(std::string_view text) {
  int year = 0;
  if (text.size() < 4 || !ReadNumber(text.substr(0, 4), year) || year < 1) return std::nullopt;
  const std::string_view rest = text.substr(4);
  if (rest.empty()) return UnitPeriod(year, Grain::kYear);
  int n = 0;
  if (rest.size() == 2 && (rest[0] == 'H' || rest[0] == 'h') && ReadNumber(rest.substr(1), n) && n >= 1 && n <= 2) {
    return UnitPeriod(year * 2 + n - 1, Grain::kHalf);
  }
  if (rest.size() == 2 && (rest[0] == 'Q' || rest[0] == 'q') && ReadNumber(rest.substr(1), n) && n >= 1 && n <= 4) {
    return UnitPeriod(year * 4 + n - 1, Grain::kQuarter);
  }
  if (rest.size() == 4 && rest[0] == '-' && (rest[1] == 'W' || rest[1] == 'w') && ReadNumber(rest.substr(2), n) &&
      n >= 1 && n <= FirstWeek(year + 1) - FirstWeek(year)) {
    return UnitPeriod(FirstWeek(year) + n - 1, Grain::kWeek);
  }
  if (rest.size() == 3 && rest[0] == '-' && ReadNumber(rest.substr(1), n) && n >= 1 && n <= 12) {
    return UnitPeriod(year * 12 + n - 1, Grain::kMonth);
  }
  if (const auto day = ParseDay(text)) return Period{*day, *day};
  return std::nullopt;
}

// The unit that the period is exactly, coarsest first.
std::optional<Grain> UnitGrain(const Period& period) {
  for (const Grain grain : {Grain::kYear, Grain::kHalf, Grain::kQuarter, Grain::kMonth, Grain::kWeek, Grain::kDay}) {
    if (UnitPeriod(UnitOf(period.from, grain), grain) == period) return grain;
  }
  return std::nullopt;
}

// Over zeros, up to the place of the last digit.
void PutDigits(std::string& text, size_t last, int number) {
  for (; number > 0; number /= 10) text[last--] = static_cast<char>('0' + number % 10);
}

}  // namespace

YearMonthDay Civil(Day day) {
  const int z = day.value + 719468;
  const int era = FloorDiv(z, 146097);
  const int day_of_era = z - era * 146097;
  const int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int shifted = (5 * day_of_year + 2) / 153;
  const int month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * shifted + 2) / 5 + 1};
}

int DaysInMonth(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

std::optional<Day> FromCivil(int year, int month, int day) {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, month)) {
    return std::nullopt;
  }
  return Day{DaysFromCivil(year, month, day)};
}

Day AddMonths(Day day, int months) {
  const YearMonthDay c = Civil(day);
  const int number = c.year * 12 + c.month - 1 + months;
  const int year = FloorDiv(number, 12);
  const int month = number - year * 12 + 1;
  return {DaysFromCivil(year, month, std::min(c.day, DaysInMonth(year, month)))};
}

std::string FormatDay(Day day) {
  const YearMonthDay c = Civil(day);
  if (c.year >= 0 && c.year <= 9999) {
    std::string text = "0000-00-00";
    PutDigits(text, 3, c.year);
    PutDigits(text, 6, c.month);
    PutDigits(text, 9, c.day);
    return text;
  }
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%04d-%02d-%02d", c.year, c.month, c.day);
  return buffer;
}

std::optional<Day> ParseDay(std::string_view text) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' || !ReadNumber(text.substr(0, 4), year) ||
      !ReadNumber(text.substr(5, 2), month) || !ReadNumber(text.substr(8, 2), day)) {
    return std::nullopt;
  }
  return FromCivil(year, month, day);
}

std::string_view GrainName(Grain grain) {
  switch (grain) {
    case Grain::kDay: return "day";
    case Grain::kWeek: return "week";
    case Grain::kMonth: return "month";
    case Grain::kQuarter: return "quarter";
    case Grain::kHalf: return "half";
    case Grain::kYear: return "year";
  }
  return {};
}

std::optional<Grain> ParseGrain(std::string_view name) {
  for (const Grain grain : {Grain::kDay, Grain::kWeek, Grain::kMonth, Grain::kQuarter, Grain::kHalf, Grain::kYear}) {
    if (GrainName(grain) == name) return grain;
  }
  return std::nullopt;
}

int UnitOf(Day day, Grain grain) {
  if (grain == Grain::kDay) return day.value;
  if (grain == Grain::kWeek) return WeekOf(day);
  const YearMonthDay c = Civil(day);
  return FloorDiv(c.year * 12 + c.month - 1, MonthsOf(grain));
}

Period UnitPeriod(int unit, Grain grain) {
  if (grain == Grain::kDay) return {{unit}, {unit}};
  if (grain == Grain::kWeek) return {MondayOf(unit), MondayOf(unit) + (kDaysPerWeek - 1)};
  const int months = MonthsOf(grain);
  return {FirstOfMonth(unit * months), FirstOfMonth((unit + 1) * months) - 1};
}

std::string UnitLabel(int unit, Grain grain) {
  char buffer[40];
  switch (grain) {
    case Grain::kDay: return FormatDay({unit});
    case Grain::kWeek: {
      const int year = Civil(MondayOf(unit) + 3).year;  // a week belongs to the year of its Thursday
      std::snprintf(buffer, sizeof buffer, "%04d-W%02d", year, unit - FirstWeek(year) + 1);
      break;
    }
    case Grain::kMonth: std::snprintf(buffer, sizeof buffer, "%04d-%02d", unit / 12, unit % 12 + 1); break;
    case Grain::kQuarter: std::snprintf(buffer, sizeof buffer, "%04dQ%d", unit / 4, unit % 4 + 1); break;
    case Grain::kHalf: std::snprintf(buffer, sizeof buffer, "%04dH%d", unit / 2, unit % 2 + 1); break;
    case Grain::kYear: std::snprintf(buffer, sizeof buffer, "%04d", unit); break;
  }
  return buffer;
}

Result<Period> ParsePeriod(std::string_view text) {
  text = Trim(text);
  const size_t dots = text.find("..");
  const auto first = ParseUnit(Trim(text.substr(0, dots)));
  const auto last = dots == std::string_view::npos ? first : ParseUnit(Trim(text.substr(dots + 2)));
  if (!first || !last || first->from > last->to) return Error("bad_period").With("text", text);
  return Period{first->from, last->to};
}

std::string FormatPeriod(const Period& period) {
  if (const auto grain = UnitGrain(period)) return UnitLabel(UnitOf(period.from, *grain), *grain);
  return FormatDay(period.from) + ".." + FormatDay(period.to);
}

Period PreviousPeriod(const Period& period) {
  if (const auto grain = UnitGrain(period)) return UnitPeriod(UnitOf(period.from, *grain) - 1, *grain);
  const int first = UnitOf(period.from, Grain::kMonth);
  const int last = UnitOf(period.to, Grain::kMonth);
  if (UnitPeriod(first, Grain::kMonth).from == period.from && UnitPeriod(last, Grain::kMonth).to == period.to) {
    return {AddMonths(period.from, first - last - 1), period.from - 1};
  }
  return {period.from - period.days(), period.from - 1};
}

Period YearAgo(const Period& period) {
  if (UnitGrain(period) == Grain::kWeek) {
    const int week = UnitOf(period.from, Grain::kWeek);
    const int year = Civil(period.from + 3).year;
    const int weeks_last_year = FirstWeek(year) - FirstWeek(year - 1);
    return UnitPeriod(FirstWeek(year - 1) + std::min(week - FirstWeek(year), weeks_last_year - 1), Grain::kWeek);
  }
  Period shifted{AddMonths(period.from, -12), AddMonths(period.to, -12)};
  const YearMonthDay end = Civil(period.to);
  if (end.month == 2 && end.day == DaysInMonth(end.year, 2) && Civil(period.from).day == 1) {
    shifted.to = UnitPeriod(UnitOf(shifted.to, Grain::kMonth), Grain::kMonth).to;  // all of February stays all of it
  }
  return shifted;
}

std::optional<Instant> ParseInstant(std::string_view text) {
  if (text.size() < 10) return std::nullopt;
  const auto day = ParseDay(text.substr(0, 10));
  if (!day) return std::nullopt;
  int64_t ms = int64_t{day->value} * kDayMs;
  std::string_view rest = text.substr(10);
  if (rest.empty()) return Instant{ms + kDayMs - 1};
  if (rest.front() != 'T' && rest.front() != ' ') return std::nullopt;
  rest.remove_prefix(1);
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (rest.size() < 5 || rest[2] != ':' || !ReadNumber(rest.substr(0, 2), hour) ||
      !ReadNumber(rest.substr(3, 2), minute) || hour > 23 || minute > 59) {
    return std::nullopt;
  }
  rest.remove_prefix(5);
  int fraction_ms = 0;
  if (rest.size() >= 3 && rest.front() == ':') {
    if (!ReadNumber(rest.substr(1, 2), second) || second > 59) return std::nullopt;
    rest.remove_prefix(3);
    if (!rest.empty() && rest.front() == '.') {
      size_t digits = 1;
      int scale = 100;
      while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9') {
        fraction_ms += (rest[digits] - '0') * scale;
        scale /= 10;
        ++digits;
      }
      if (digits == 1) return std::nullopt;
      rest.remove_prefix(digits);
    }
  }
  ms += (int64_t{hour} * 60 + minute) * 60'000 + second * 1000 + fraction_ms;
  if (rest.empty() || rest == "Z") return Instant{ms};
  if ((rest.front() != '+' && rest.front() != '-') || rest.size() != 6 || rest[3] != ':') return std::nullopt;
  if (!ReadNumber(rest.substr(1, 2), hour) || !ReadNumber(rest.substr(4, 2), minute) || hour > 14 || minute > 59) {
    return std::nullopt;
  }
  const int64_t offset = (int64_t{hour} * 60 + minute) * 60'000;
  return Instant{rest.front() == '+' ? ms - offset : ms + offset};
}

std::string FormatInstant(Instant instant) {
  const int64_t days = instant.ms >= 0 ? instant.ms / kDayMs : -((-instant.ms + kDayMs - 1) / kDayMs);
  const int ms = static_cast<int>(instant.ms - days * kDayMs);
  std::string text = FormatDay({static_cast<int32_t>(days)}) + "T00:00:00.000Z";
  const size_t time = text.size() - std::string_view("00:00:00.000Z").size();
  PutDigits(text, time + 1, ms / 3'600'000);
  PutDigits(text, time + 4, ms / 60'000 % 60);
  PutDigits(text, time + 7, ms / 1000 % 60);
  PutDigits(text, time + 11, ms % 1000);
  return text;
}

Instant Now() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

}  // namespace dealpace
