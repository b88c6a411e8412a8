#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dealpace {

// A text as a cell of an export: one that a spreadsheet would take for a formula (its first character is = + - @, TAB,
// CR, LF, NUL or a full-width ＝＋－＠), or an apostrophe before such, gets an apostrophe in front (methods M37).
[[nodiscard]] std::string GuardText(std::string_view text);
// Takes that apostrophe off again; any other text stays as it is.
[[nodiscard]] std::string_view UnguardText(std::string_view text);

// One record of a CSV file with its line end. A cell with comma, quote or line end is quoted.
[[nodiscard]] std::string CsvLine(const std::vector<std::string>& cells);

}  // namespace dealpace
