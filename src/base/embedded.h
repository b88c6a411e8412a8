#pragma once

#include <string_view>

namespace dealpace {

// A file of the source tree that is compiled into the binary.
struct EmbeddedFile {
  std::string_view name;
  std::string_view content;
};

}  // namespace dealpace
