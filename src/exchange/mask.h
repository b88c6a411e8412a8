#pragma once

#include <string>
#include <string_view>

// Personal data in cells that are shown (methods M32).
namespace dealpace::exchange {

// Whether a column of this header holds telephone numbers.
[[nodiscard]] bool IsPhoneHeader(std::string_view header);

// A telephone number as it is shown: mobile 138****5678, landline 021-******78, any other its last two digits, all
// stars when it has fewer than seven characters.
[[nodiscard]] std::string MaskPhone(std::string_view phone);

// A cell as it is shown: mobile numbers in it are masked, also within a text; in a column of telephone numbers
// whatever stands there.
[[nodiscard]] std::string MaskCell(std::string_view cell, bool phone_column);

}  // namespace dealpace::exchange
