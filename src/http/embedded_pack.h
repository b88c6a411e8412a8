#pragma once

#include <string_view>

namespace dealpace::http {

// The web application in the binary: the bytes of web/dist.pack at the time of the build, empty when there was none.
[[nodiscard]] std::string_view EmbeddedPack();

}  // namespace dealpace::http
