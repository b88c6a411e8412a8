#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dealpace {

enum class Language { kEnglish, kChinese };

// One text in both languages of the product.
struct Bilingual {
  std::string en;
  std::string zh;
  [[nodiscard]] const std::string& In(Language language) const { return language == Language::kChinese ? zh : en; }
};

// The text without ASCII white space, no-break and ideographic spaces at its ends.
[[nodiscard]] std::string_view Trim(std::string_view text);
// ASCII letters in lower case; other bytes as they are.
[[nodiscard]] std::string ToLower(std::string_view text);
[[nodiscard]] std::vector<std::string> Split(std::string_view text, char separator);
[[nodiscard]] std::string Join(const std::vector<std::string>& parts, std::string_view separator);
// Every `from` replaced by `to`.
[[nodiscard]] std::string ReplaceAll(std::string_view text, std::string_view from, std::string_view to);

// True when the bytes are well-formed UTF-8 (no surrogates, no overlong forms).
[[nodiscard]] bool IsUtf8(std::string_view text);
// Takes the next code point off the front of `text`; U+FFFD for a malformed byte. `text` must not be empty.
[[nodiscard]] char32_t NextCodePoint(std::string_view& text);
// Columns that the text takes on a terminal: 2 for East Asian wide characters, 0 for combining marks, else 1.
[[nodiscard]] int DisplayWidth(std::string_view text);

// Of `candidates`, the one closest to `word` by edit distance, when close enough to be a likely slip; else empty.
[[nodiscard]] std::string ClosestWord(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace dealpace
