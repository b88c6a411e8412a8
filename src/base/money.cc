#include "base/money.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/text.h"

namespace dealpace {
namespace {

constexpr int kDigitsMax = 30;

__int128 Pow10(int exponent) {
  __int128 value = 1;
  while (exponent-- > 0) value *= 10;
  return value;
}

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  text = Trim(text);
  return true;
}

bool TakeSuffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  text = Trim(text);
  return true;
}

bool TakeSign(std::string_view& text, bool& negative) {
  for (const std::string_view minus : {"-", "−", "－"}) {
    if (TakePrefix(text, minus)) {
      negative = !negative;
      return true;
    }
  }
  return TakePrefix(text, "+");
}

}  // namespace

std::optional<Decimal> ParseDecimal(std::string_view text) {
  text = Trim(text);
  if (text.size() > 64) return std::nullopt;
  bool negative = false;
  int shift = 0;  // power of ten from 万, 亿 and %
  if (text.size() > 2 && text.front() == '(' && text.back() == ')') {
    text = Trim(text.substr(1, text.size() - 2));
    negative = true;
  }
  bool signed_already = TakeSign(text, negative);
  for (const std::string_view currency : {"¥", "￥", "$", "RMB", "CNY"}) {
    if (TakePrefix(text, currency)) break;
  }
  if (!signed_already) signed_already = TakeSign(text, negative);
  TakeSuffix(text, "元");
  if (TakeSuffix(text, "万")) {
    shift = 4;
  } else if (TakeSuffix(text, "亿")) {
    shift = 8;
  } else if (TakeSuffix(text, "%") || TakeSuffix(text, "％")) {
    shift = -2;
  }

  Decimal number;
  int digits = 0;
  bool any = false;
  bool point = false;
  int since_comma = -1;  // digits since the last thousands comma, -1 before the first
  while (!text.empty()) {
    const char c = text.front();
    if (c >= '0' && c <= '9') {
      if (number.digits != 0 || c != '0') ++digits;
      if (digits > kDigitsMax) return std::nullopt;
      number.digits = number.digits * 10 + (c - '0');
      if (point) ++number.scale;
      if (since_comma >= 0 && !point) ++since_comma;
      any = true;
      text.remove_prefix(1);
    } else if (c == '.' && !point) {
      if (since_comma >= 0 && since_comma != 3) return std::nullopt;
      point = true;
      text.remove_prefix(1);
    } else if ((c == ',' || text.starts_with("，")) && any && !point) {
      if (since_comma >= 0 && since_comma != 3) return std::nullopt;
      since_comma = 0;
      text.remove_prefix(c == ',' ? 1 : 3);
    } else {
      break;
    }
  }
  if (!any || (!point && since_comma >= 0 && since_comma != 3)) return std::nullopt;
  if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
    text.remove_prefix(1);
    bool exponent_negative = false;
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
      exponent_negative = text.front() == '-';
      text.remove_prefix(1);
    }
    if (text.empty() || text.size() > 2) return std::nullopt;
    int exponent = 0;
    for (const char c : text) {
      if (c < '0' || c > '9') return std::nullopt;
      exponent = exponent * 10 + (c - '0');
    }
    shift += exponent_negative ? -exponent : exponent;
    text = {};
  }
  if (!text.empty()) return std::nullopt;
  number.scale -= shift;
  if (number.scale < 0) {
    if (digits - number.scale > kDigitsMax) return std::nullopt;
    number.digits *= Pow10(-number.scale);
    number.scale = 0;
  }
  if (negative) number.digits = -number.digits;
  return number;
}

Decimal Multiply(const Decimal& a, const Decimal& b) {
  // Thirty digits each could overflow 128 bits: drop the smallest places of the longer one first.
  Decimal x = a;
  Decimal y = b;
  const auto size = [](__int128 v) {
    int n = 0;
    for (; v != 0; v /= 10) ++n;
    return n;
  };
  while (size(x.digits) + size(y.digits) > 37) {
    Decimal& longer = x.scale >= y.scale ? x : y;
    longer.digits /= 10;
    --longer.scale;
  }
  return {x.digits * y.digits, x.scale + y.scale};
}

std::optional<int64_t> ToUnits(const Decimal& number, int64_t per_one) {
  __int128 value = number.digits;
  int scale = number.scale;
  const bool negative = value < 0;
  if (negative) value = -value;
  // Places far behind the one that is rounded to go first; cut off, they cannot turn a half into less than one.
  while (scale > 30 || (scale > 0 && value > Pow10(29))) value /= 10, --scale;
  if (value > Pow10(30)) return std::nullopt;
  value *= per_one;
  if (scale > 0) {
    const __int128 divisor = Pow10(scale);
    value = (value + divisor / 2) / divisor;
  } else {
    for (; scale < 0; ++scale) {
      if (value > Pow10(30)) return std::nullopt;
      value *= 10;
    }
  }
  if (value > (__int128{1} << 62)) return std::nullopt;
  return static_cast<int64_t>(negative ? -value : value);
}

std::string FormatFen(int64_t fen) {
  const uint64_t magnitude = fen < 0 ? 0 - static_cast<uint64_t>(fen) : static_cast<uint64_t>(fen);
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%s%llu.%02llu", fen < 0 ? "-" : "",
                static_cast<unsigned long long>(magnitude / 100), static_cast<unsigned long long>(magnitude % 100));
  return buffer;
}

std::string FormatQuantity(int64_t thousandths) {
  const uint64_t magnitude =
      thousandths < 0 ? 0 - static_cast<uint64_t>(thousandths) : static_cast<uint64_t>(thousandths);
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%s%llu.%03llu", thousandths < 0 ? "-" : "",
                static_cast<unsigned long long>(magnitude / 1000), static_cast<unsigned long long>(magnitude % 1000));
  std::string out = buffer;
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out;
}

double RoundHalfAway(double value, int decimals) {
  if (!std::isfinite(value)) return value;
  const double factor = std::pow(10.0, decimals);
  const double scaled = std::abs(value) * factor;
  if (scaled >= 4503599627370496.0) return value;  // 2^52: no places left to round
  const double rounded = std::floor(scaled + 0.5 + std::clamp(scaled * 1e-12, 1e-12, 1e-4));
  return std::copysign(rounded / factor, value);
}

std::string FormatRounded(double value, int decimals, bool grouped) {
  if (!std::isfinite(value)) return "—";
  double rounded = RoundHalfAway(value, decimals);
  if (rounded == 0) rounded = 0;  // no "-0"
  char buffer[400];
  std::snprintf(buffer, sizeof buffer, "%.*f", decimals, rounded);
  std::string text = buffer;
  if (!grouped) return text;
  size_t end = text.find('.');
  if (end == std::string::npos) end = text.size();
  const size_t first = text.front() == '-' ? 1 : 0;
  for (size_t at = end; at > first + 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

}  // namespace dealpace
