#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dealpace {

// What JsonWriter writes for a text or a number, for whoever puts pieces of JSON together himself: appended, or put
// where there is room for kJsonNumberMax characters; then the end of it is given.
void AppendJsonString(std::string& text, std::string_view value);
void AppendJsonNumber(std::string& text, double number);
inline constexpr size_t kJsonNumberMax = 32;
[[nodiscard]] char* PutJsonNumber(char* to, double number);

}  // namespace dealpace
