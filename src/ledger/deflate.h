#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dealpace::ledger {

// Bytes made smaller, quickly rather than well (zlib, level 1). Empty when there is no memory for it.
[[nodiscard]] std::string Deflate(std::string_view bytes);
// The `size` bytes that were made smaller; nothing when these are not they.
[[nodiscard]] std::optional<std::string> Inflate(std::string_view packed, int64_t size);
// Of a blob and the numbers that stand beside it, written as "12 34 ".
[[nodiscard]] int64_t Checksum(std::string_view numbers, std::string_view packed);

}  // namespace dealpace::ledger
