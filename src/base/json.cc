#include "base/json.h"

#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/json_number.h"

namespace dealpace {

void AppendJsonInt(std::string& text, int64_t number) {
  char buffer[24];
  const auto [end, status] = std::to_chars(buffer, buffer + sizeof buffer, number);
  text.append(buffer, status == std::errc() ? end : buffer);
}

void AppendJsonNumber(std::string& text, double number) {
  if (!std::isfinite(number)) {
    text += "null";
    return;
  }
  if (number == std::floor(number) && std::abs(number) < 9.2e18) {
    return AppendJsonInt(text, static_cast<int64_t>(number));
  }
  char buffer[40];
  const auto [end, status] = std::to_chars(buffer, buffer + sizeof buffer, number);
  text.append(buffer, status == std::errc() ? end : buffer);
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
  text_ += '"';
  // Runs of characters that need nothing are taken as a whole.
  size_t from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    text_.append(text, from, i - from);
    from = i + 1;
    switch (c) {
      case '"': text_ += "\\\""; break;
      case '\\': text_ += "\\\\"; break;
      case '\n': text_ += "\\n"; break;
      case '\r': text_ += "\\r"; break;
      case '\t': text_ += "\\t"; break;
      default: {
        char buffer[8];
        std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(c));
        text_ += buffer;
      }
    }
  }
  text_.append(text, from);
  text_ += '"';
  return *this;
}

JsonWriter& JsonWriter::Int(int64_t number) {
  Separate();
  AppendJsonInt(text_, number);
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
