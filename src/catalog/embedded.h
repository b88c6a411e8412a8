#pragma once

#include <vector>

#include "base/embedded.h"

namespace dealpace::catalog {

// The files of catalog/ in the binary, in no particular order.
[[nodiscard]] std::vector<EmbeddedFile> EmbeddedFiles();

}  // namespace dealpace::catalog
