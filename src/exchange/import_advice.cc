#include "exchange/import_advice.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/days.h"
#include "base/money.h"
#include "base/text.h"
#include "exchange/mapping.h"

namespace dealpace::exchange {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A date as it is written: year, month, day, and where their digits stand.
struct Written {
  struct Part {
    size_t at = 0;
    size_t size = 0;
    int value = 0;
  };
  std::array<Part, 3> parts;
};
std::optional<Written> YearMonthDayIn(std::string_view text) {
  Written written;
  size_t at = 0;
  for (size_t i = 0; i < 3; ++i) {
    while (at < text.size() && !IsDigit(text[at])) ++at;
    if (i == 0 && at > 0) return std::nullopt;
    size_t end = at;
    while (end < text.size() && IsDigit(text[end])) ++end;
    const size_t size = end - at;
    if (i == 0 && size == 8) {  // 20260931
      int number = 0;
      std::from_chars(text.data(), text.data() + 8, number);
      written.parts = {{{0, 4, number / 10'000}, {4, 2, number / 100 % 100}, {6, 2, number % 100}}};
      return written;
    }
    if (i == 0 ? size != 4 : size < 1 || size > 2) return std::nullopt;
    int number = 0;
    std::from_chars(text.data() + at, text.data() + end, number);
    written.parts[i] = {at, size, number};
    at = end;
  }
  return written;
}

std::string Replaced(std::string_view text, const Written::Part& part, int value) {
  std::string digits = std::to_string(value);
  while (digits.size() < part.size) digits.insert(0, "0");
  return std::string(text.substr(0, part.at)) + digits + std::string(text.substr(part.at + part.size));
}

// A day that the month has not: its last one.
std::optional<std::string> ClosestDate(std::string_view text) {
  const auto written = YearMonthDayIn(text);
  if (!written) return std::nullopt;
  const auto& [year, month, day] = written->parts;
  if (year.value < 1990 || year.value > 2100 || month.value < 1 || month.value > 12) return std::nullopt;
  const int last = DaysInMonth(year.value, month.value);
  if (day.value <= last || day.value > 31) return std::nullopt;
  return Replaced(text, day, last);
}

// A date in the future that lies in the past a year before.
std::optional<std::string> YearBefore(std::string_view text, std::string_view latest_text) {
  const auto written = YearMonthDayIn(text);
  const auto latest = ParseDay(latest_text);
  if (!written || !latest) return std::nullopt;
  const auto& [year, month, day] = written->parts;
  const auto before = FromCivil(year.value - 1, month.value, day.value);
  if (!before || *before > *latest) return std::nullopt;
  return Replaced(text, year, year.value - 1);
}

// The number by so many times less, where that only moves the point.
std::optional<std::string> Divided(std::string_view text, std::string_view scale_text) {
  auto number = ParseDecimal(text);
  int64_t scale = 0;
  std::from_chars(scale_text.data(), scale_text.data() + scale_text.size(), scale);
  if (!number || scale <= 1) return std::nullopt;
  for (; scale > 1; scale /= 10) {
    if (scale % 10 != 0) return std::nullopt;
    ++number->scale;
  }
  std::string divided = FormatDecimal(*number);
  if (divided.find('.') != std::string::npos) {
    while (divided.ends_with('0')) divided.pop_back();
    if (divided.ends_with('.')) divided.pop_back();
  }
  return divided;
}

}  // namespace

std::string_view MendName(Mend::Kind kind) {
  switch (kind) {
    case Mend::Kind::kTranslate: return "translate";
    case Mend::Kind::kCreate: return "create";
    case Mend::Kind::kScale: return "scale";
    case Mend::Kind::kDate: return "date";
  }
  return {};
}

std::optional<Mend> SuggestMend(const Error& refusal, bool mostly) {
  const std::string field(refusal.Arg("field"));
  const std::string_view cell = refusal.Arg("cell");
  const std::string from(cell.empty() ? refusal.Arg("name") : cell);
  const std::string suggestion(refusal.Arg("suggestion"));
  const std::string_view code = refusal.code;
  if (code == "row_member_not_there" && !field.empty() && !from.empty() && !suggestion.empty()) {
    return Mend{Mend::Kind::kTranslate, field, from, suggestion};
  }
  if (code.starts_with("row_unknown_") && !field.empty() && !from.empty()) {
    if (!suggestion.empty()) return Mend{Mend::Kind::kTranslate, field, from, suggestion};
    if (field == "event" || field == "measure") return std::nullopt;  // these are not made by a file
    return Mend{Mend::Kind::kCreate, field, from, {}};
  }
  if (code == "row_bad_date" && !cell.empty()) {
    if (const auto to = ClosestDate(cell)) return Mend{Mend::Kind::kDate, field, from, *to};
  }
  if (code == "row_future_date" && !cell.empty()) {
    if (const auto to = YearBefore(cell, refusal.Arg("latest"))) return Mend{Mend::Kind::kDate, field, from, *to};
  }
  if (code == "row_amount_doubtful" && !cell.empty()) {
    if (mostly) return Mend{Mend::Kind::kScale, field, from, "1"};
    if (const auto to = Divided(cell, refusal.Arg("scale"))) return Mend{Mend::Kind::kTranslate, field, from, *to};
  }
  return std::nullopt;
}

}  // namespace dealpace::exchange
