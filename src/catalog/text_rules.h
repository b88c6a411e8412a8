#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace dealpace::catalog {

// A short text that a person gives something: without blanks at its ends, at most so many characters, all of which can
// be printed on one line. Fails with field_too_long, field_control_character, each with "field".
[[nodiscard]] Result<std::string> LineOfText(std::string_view field, std::string_view text, size_t characters_max);

}  // namespace dealpace::catalog
