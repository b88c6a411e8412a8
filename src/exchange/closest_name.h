#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dealpace::exchange {

// Of `candidates`, the one that `word` is most likely a slip of; empty when none is near. Besides what ClosestWord
// finds, names that differ in one Chinese character of two or three: one that sounds the same (张叁, 张三), else the
// only one so near.
[[nodiscard]] std::string ClosestName(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace dealpace::exchange
