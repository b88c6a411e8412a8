#pragma once

#include <vector>

#include "base/embedded.h"

namespace dealpace::access {

// The text files of src/access/ in the binary, in no particular order.
[[nodiscard]] std::vector<EmbeddedFile> EmbeddedFiles();

}  // namespace dealpace::access
