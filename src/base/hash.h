#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace dealpace {

// 128 bits that stand for a text. Equal texts give equal hashes on every machine and in every release (they are
// stored); that two different texts meet is as good as impossible among the rows of a dealer. Not a secret.
struct Hash128 {
  uint64_t high = 0;
  uint64_t low = 0;

  auto operator<=>(const Hash128&) const = default;
  // Sixteen bytes, high word first.
  [[nodiscard]] std::array<char, 16> Bytes() const;
  static Hash128 FromBytes(std::string_view bytes);
};

// MurmurHash3, x64, 128 bits (public domain algorithm of Austin Appleby).
[[nodiscard]] Hash128 HashText(std::string_view text, uint64_t seed = 0);

}  // namespace dealpace

template <>
struct std::hash<dealpace::Hash128> {
  size_t operator()(const dealpace::Hash128& h) const noexcept { return static_cast<size_t>(h.low); }
};
