#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace dealpace {

// Writes JSON text piece by piece, commas and nesting by itself. Numbers keep every digit: whole ones of 64 bits
// without point or exponent, others in the shortest form that reads back the same.
class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view name);
  JsonWriter& String(std::string_view text);
  JsonWriter& Int(int64_t number);
  JsonWriter& Number(double number);  // null when it is not finite
  // A number that is already text.
  JsonWriter& Raw(std::string_view number);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();

  JsonWriter& Field(std::string_view name, std::string_view text) { return Key(name).String(text); }
  JsonWriter& Field(std::string_view name, const char* text) { return Key(name).String(text); }
  JsonWriter& Field(std::string_view name, int64_t number) { return Key(name).Int(number); }
  JsonWriter& Field(std::string_view name, int number) { return Key(name).Int(number); }
  JsonWriter& Field(std::string_view name, bool value) { return Key(name).Bool(value); }

  // The next member or element is appended to this by whoever knows how, as JSON.
  [[nodiscard]] std::string& Piece() {
    Separate();
    return text_;
  }

  void Reserve(size_t bytes) { text_.reserve(bytes); }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::string Take() && { return std::move(text_); }

 private:
  JsonWriter& Open(char c);
  JsonWriter& Close(char c);
  void Separate();

  std::string text_;
  bool needs_comma_ = false;
};

}  // namespace dealpace
