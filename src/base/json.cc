#include "base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/json_number.h"

namespace dealpace {

void AppendJsonString(std::string& text, std::string_view value) {
  text += '"';
  // Runs of characters that need nothing are taken as a whole.
  size_t from = 0;
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
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
      if (whole < 0 || whole >= 1000) return std::to_chars(to, to + kJsonNumberMax, whole).ptr;
      // Most numbers are small.
      const auto digit = [](int64_t of) { return static_cast<char>('0' + of % 10); };
      if (whole >= 100) *to++ = digit(whole / 100);
      if (whole >= 10) *to++ = digit(whole / 10);
      *to++ = digit(whole);
      return to;
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
