#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/days.h"

namespace dealpace::exchange {

// A date as a cell gives it, with the time of day where it says one.
struct DateTime {
  Day day{};
  int ms_of_day = 0;
  bool has_time = false;
  bool utc = false;  // the text says so with a Z behind the time
};

// Reads a date by the formats given, the first that fits the whole text. Specifiers: %Y %y %m %d %H %I %p %M %S %b (or
// %B: English month names), %%; numbers may lack leading zeros; a blank in the format stands for any blanks. A date
// that does not exist (2026-02-30) is none.
[[nodiscard]] std::optional<DateTime> ParseDate(std::string_view text, const std::vector<std::string>& formats);

// What is tried without formats: year first, with - / . or 年月日, eight digits, each with or without a time.
[[nodiscard]] const std::vector<std::string>& UsualDateFormats();

}  // namespace dealpace::exchange
