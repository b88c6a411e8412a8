#include "catalog/text_rules.h"

#include "base/text.h"

namespace dealpace::catalog {

Result<std::string> LineOfText(std::string_view field, std::string_view text, size_t characters_max) {
  const std::string_view trimmed = Trim(text);
  size_t characters = 0;
  for (std::string_view rest = trimmed; !rest.empty(); ++characters) {
    const char32_t c = NextCodePoint(rest);
    if (c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029) {
      return Error("field_control_character").With("field", field);
    }
  }
  if (characters > characters_max) return Error("field_too_long").With("field", field).With("max", characters_max);
  return std::string(trimmed);
}

}  // namespace dealpace::catalog
