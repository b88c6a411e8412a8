#include "base/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/json_number.h"

namespace dealpace {

namespace {

bool IsPlain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

// The same of eight characters at once.
bool ArePlain(uint64_t eight) {
  constexpr uint64_t kOnes = 0x0101010101010101U;
  constexpr uint64_t kHighs = 0x8080808080808080U;
  const auto has_below = [](uint64_t of, uint64_t limit) { return (of - kOnes * limit) & ~of & kHighs; };
  return (has_below(eight, 0x20) | has_below(eight ^ (kOnes * '"'), 1) | has_below(eight ^ (kOnes * '\\'), 1)) == 0;
}

bool ArePlain(std::string_view value) {
  const char* at = value.data();
  const char* const end = at + value.size();
  uint64_t eight = 0;
  if (value.size() >= sizeof eight) {
    // The last eight once more rather than what is left one by one.
    for (; end - at > static_cast<std::ptrdiff_t>(sizeof eight); at += sizeof eight) {
      std::memcpy(&eight, at, sizeof eight);
      if (!ArePlain(eight)) return false;
    }
    std::memcpy(&eight, end - sizeof eight, sizeof eight);
    return ArePlain(eight);
  }
  return std::all_of(at, end, IsPlain);
}

// Most numbers are small: their digits, from the left.
struct SmallNumber {
  std::array<char, 3> digits{};
  uint8_t length = 0;
};
constexpr int64_t kSmallNumbers = 1000;
constexpr std::array<SmallNumber, kSmallNumbers> kSmall = [] {
  std::array<SmallNumber, kSmallNumbers> all{};
  for (size_t number = 0; number < all.size(); ++number) {
    SmallNumber& small = all[number];
    for (const size_t place : {100U, 10U, 1U}) {
      if (number >= place || place == 1) small.digits[small.length++] = static_cast<char>('0' + number / place % 10);
    }
  }
  return all;
}();

}  // namespace

void AppendJsonString(std::string& text, std::string_view value) {
  text += '"';
  if (ArePlain(value)) {
    text += value;
    text += '"';
    return;
  }
  // Runs of characters that need nothing are taken as a whole.
  size_t from = 0;
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (IsPlain(c)) continue;
    text.append(value, from, i - from);
    from = i + 1;
    switch (c) {
      case '"': text += "\\\""; break;
      case '\\': text += "\\\\"; break;
      case '\n': text += "\\n"; break;
      case '\r': text += "\\r"; break;
      case '\t': text += "\\t"; break;
      default: {
        char buffer[8];
        std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(c));
        text += buffer;
      }
    }
  }
  text.append(value, from);
  text += '"';
}

char* PutJsonNumber(char* to, double number) {
  if (std::abs(number) < 9.2e18) {
    const auto whole = static_cast<int64_t>(number);
    if (static_cast<double>(whole) == number) {
      if (whole < 0 || whole >= kSmallNumbers) return std::to_chars(to, to + kJsonNumberMax, whole).ptr;
      const SmallNumber& small = kSmall[static_cast<size_t>(whole)];
      std::memcpy(to, small.digits.data(), small.digits.size());
      return to + small.length;
    }
  }
  if (!std::isfinite(number)) return std::copy_n("null", 4, to);
  return std::to_chars(to, to + kJsonNumberMax, number).ptr;
}

void AppendJsonNumber(std::string& text, double number) {
  char buffer[kJsonNumberMax];
  text.append(buffer, PutJsonNumber(buffer, number));
}

void JsonWriter::Separate() {
  if (needs_comma_) text_ += ',';
  needs_comma_ = true;
}

JsonWriter& JsonWriter::Open(char c) {
  Separate();
  text_ += c;
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Close(char c) {
  text_ += c;
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  String(name);
  text_ += ':';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view text) {
  Separate();
  AppendJsonString(text_, text);
  return *this;
}

JsonWriter& JsonWriter::Int(int64_t number) {
  Separate();
  char buffer[kJsonNumberMax];
  text_.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr);
  return *this;
}

JsonWriter& JsonWriter::Number(double number) {
  Separate();
  AppendJsonNumber(text_, number);
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view number) {
  Separate();
  text_ += number;
  return *this;
}

JsonWriter& JsonWriter::Bool(bool value) {
  Separate();
  text_ += value ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::Null() {
  Separate();
  text_ += "null";
  return *this;
}

}  // namespace dealpace
