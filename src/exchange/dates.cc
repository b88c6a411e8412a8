#include "exchange/dates.h"

#include <array>

#include "base/text.h"

namespace dealpace::exchange {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                      "may",       "june",     "july",     "august",
                                                      "september", "october",  "november", "december"};

// Takes up to `most` digits off the front.
bool TakeNumber(std::string_view& text, int most, int& number, int least = 1) {
  int digits = 0;
  number = 0;
  while (digits < most && !text.empty() && text.front() >= '0' && text.front() <= '9') {
    number = number * 10 + (text.front() - '0');
    text.remove_prefix(1);
    ++digits;
  }
  return digits >= least;
}

void SkipBlanks(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

std::optional<DateTime> ParseOne(std::string_view text, std::string_view format, bool packed) {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int afternoon = -1;
  bool has_time = false;
  for (size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if (c == ' ') {
      if (text.empty() || (text.front() != ' ' && text.front() != '\t')) return std::nullopt;
      SkipBlanks(text);
      continue;
    }
    if (c != '%' || i + 1 == format.size()) {
      if (text.empty() || text.front() != c) return std::nullopt;
      text.remove_prefix(1);
      continue;
    }
    bool ok = true;
    const int least = packed ? 2 : 1;
    switch (format[++i]) {
      case 'Y': ok = TakeNumber(text, 4, year, 4); break;
      case 'y':
        ok = TakeNumber(text, 2, year, 2);
        year += year < 70 ? 2000 : 1900;
        break;
      case 'm': ok = TakeNumber(text, 2, month, least); break;
      case 'd':
      case 'e': ok = TakeNumber(text, 2, day, least); break;
      case 'H':
      case 'I':
        ok = TakeNumber(text, 2, hour);
        has_time = true;
        break;
      case 'M': ok = TakeNumber(text, 2, minute); break;
      case 'S':
        ok = TakeNumber(text, 2, second);
        if (ok && text.size() > 1 && text.front() == '.') {  // fractions are dropped
          text.remove_prefix(1);
          int ignored = 0;
          while (TakeNumber(text, 1, ignored)) {
          }
        }
        break;
      case 'p': {
        const std::string two = ToLower(text.substr(0, 2));
        ok = two == "am" || two == "pm";
        afternoon = two == "pm";
        if (ok) text.remove_prefix(2);
        break;
      }
      case 'b':
      case 'B': {
        ok = false;
        const std::string lower = ToLower(text);
        for (size_t m = 0; m < kMonths.size() && !ok; ++m) {
          for (const size_t length : {kMonths[m].size(), size_t{3}}) {
            if (!lower.starts_with(kMonths[m].substr(0, length))) continue;
            text.remove_prefix(length);
            month = static_cast<int>(m) + 1;
            ok = true;
            break;
          }
        }
        break;
      }
      case '%':
        ok = !text.empty() && text.front() == '%';
        if (ok) text.remove_prefix(1);
        break;
      default: return std::nullopt;
    }
    if (!ok) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  if (afternoon >= 0) {
    if (hour < 1 || hour > 12) return std::nullopt;
    hour = hour % 12 + 12 * afternoon;
  }
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const auto date = FromCivil(year, month, day == 0 && format.find("%d") == std::string_view::npos ? 1 : day);
  if (!date) return std::nullopt;
  return DateTime{*date, ((hour * 60 + minute) * 60 + second) * 1000, has_time, has_time && format.ends_with('Z')};
}

}  // namespace

const std::vector<std::string>& UsualDateFormats() {
  static const std::vector<std::string> kFormats = [] {
    std::vector<std::string> formats;
    for (const std::string date : {"%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"}) {
      formats.push_back(date);
      for (const std::string time : {" %H:%M:%S", " %H:%M", "T%H:%M:%S", "T%H:%M", "T%H:%M:%SZ"}) {
        formats.push_back(date + time);
      }
    }
    formats.push_back("%Y年%m月%d日%H:%M");
    formats.push_back("%Y年%m月%d日 %H时%M分");
    return formats;
  }();
  return kFormats;
}

std::optional<DateTime> ParseDate(std::string_view text, const std::vector<std::string>& formats) {
  text = Trim(text);
  if (text.empty() || text.size() > 60) return std::nullopt;
  for (const std::string& format : formats) {
    if (auto date = ParseOne(text, format, format.starts_with("%Y%m%d"))) return date;
  }
  return std::nullopt;
}

}  // namespace dealpace::exchange
