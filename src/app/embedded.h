#pragma once

#include <vector>

#include "base/embedded.h"

namespace dealpace::app {

// docs/openapi.yaml.
[[nodiscard]] std::vector<EmbeddedFile> EmbeddedFiles();

}  // namespace dealpace::app
