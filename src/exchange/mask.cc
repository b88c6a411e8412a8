#include "exchange/mask.h"

#include <array>

#include "base/text.h"
#include "exchange/header_words.h"

namespace dealpace::exchange {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string Stars(size_t count) { return std::string(count, '*'); }

size_t CountCharacters(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

// The digits of a number, blanks and hyphens dropped; empty when there is anything else.
std::string DigitsOf(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (IsDigit(c)) {
      digits += c;
    } else if (c != ' ' && c != '-' && !(c == '+' && digits.empty())) {
      return {};
    }
  }
  return digits;
}

// Without the prefix of the country.
std::string_view National(std::string_view digits) {
  for (const std::string_view prefix : {"0086", "86"}) {
    if (digits.size() == prefix.size() + 11 && digits.starts_with(prefix)) return digits.substr(prefix.size());
  }
  return digits;
}

bool IsMobile(std::string_view digits) { return digits.size() == 11 && digits[0] == '1' && digits[1] >= '3'; }

// Where a mobile number begins at `from`, its end: eleven digits, perhaps in groups of 3, 4 and 4, perhaps after 86.
size_t MobileEnd(std::string_view text, size_t from, std::string& digits) {
  digits.clear();
  size_t at = from;
  size_t end = from;
  while (at < text.size() && digits.size() < 15) {
    if (IsDigit(text[at])) {
      digits += text[at++];
      end = at;
    } else if ((text[at] == ' ' || text[at] == '-') && !digits.empty()) {
      ++at;
    } else {
      break;
    }
    const bool more = end < text.size() && IsDigit(text[end]);
    if (!more && IsMobile(National(digits))) return end;
  }
  return from;
}

}  // namespace

bool IsPhoneHeader(std::string_view header) {
  const std::string normal = NormalHeader(header);
  for (const std::string_view word : {"手机", "电话", "联系方式", "phone", "mobile", "tel"}) {
    if (normal == word || (word.size() > 3 && normal.find(word) != std::string::npos)) return true;
  }
  return false;
}

std::string MaskPhone(std::string_view phone) {
  const size_t characters = CountCharacters(phone);
  if (characters < 7) return Stars(characters);
  const std::string digits = DigitsOf(phone);
  const std::string_view national = National(digits);
  if (IsMobile(national)) return std::string(national.substr(0, 3)) + "****" + std::string(national.substr(7));
  if (digits.size() >= 10 && digits.size() <= 12 && digits[0] == '0') {
    const size_t area = digits[1] == '1' || digits[1] == '2' ? 3 : 4;
    return digits.substr(0, area) + "-" + Stars(digits.size() - area - 2) + digits.substr(digits.size() - 2);
  }
  if (digits.empty()) return Stars(characters);  // no number at all: nothing of it is known to be harmless
  return Stars(digits.size() - 2) + digits.substr(digits.size() - 2);
}

std::string MaskCell(std::string_view cell, bool phone_column) {
  if (phone_column && !cell.empty()) return MaskPhone(Trim(cell));
  std::string out;
  std::string digits;
  for (size_t i = 0; i < cell.size();) {
    const bool begins = IsDigit(cell[i]) && (i == 0 || !IsDigit(cell[i - 1]));
    const size_t end = begins ? MobileEnd(cell, i, digits) : i;
    if (end == i) {
      out += cell[i++];
      continue;
    }
    const std::string_view national = National(digits);
    out += std::string(national.substr(0, 3)) + "****" + std::string(national.substr(7));
    i = end;
  }
  return out;
}

}  // namespace dealpace::exchange
