#pragma once

#include <string>
#include <string_view>
#include <vector>

// How a name is found as one types: by its characters, by how it sounds ("wangxiao"), by its initials ("wxm"). Pure.
namespace dealpace::leads {

// The words under which a name is kept: parts of two to four characters; from each syllable on the first three to six
// letters of its sound (of a Latin word, the first two to six); from each syllable on two to four initials. A surname
// that sounds otherwise than the same character elsewhere (单 shan) is kept under both.
[[nodiscard]] std::vector<std::string> NameWords(std::string_view name);

// The words under which what was typed is looked up: a name fits when it is kept under one of them and NameFits.
// Nothing for fewer than two characters or letters.
[[nodiscard]] std::vector<std::string> TypedWords(std::string_view typed);
[[nodiscard]] bool NameFits(std::string_view name, std::string_view typed);
// Whether what was typed is longer than any word, so that a word found says little.
[[nodiscard]] bool NeedsFit(std::string_view typed);

}  // namespace dealpace::leads
