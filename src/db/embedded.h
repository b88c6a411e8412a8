#pragma once

#include <vector>

#include "base/embedded.h"

namespace dealpace::db {

// The files of migrations/ in the binary, in no particular order.
[[nodiscard]] std::vector<EmbeddedFile> EmbeddedFiles();

}  // namespace dealpace::db
