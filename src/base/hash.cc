#include "base/hash.h"

#include <bit>
#include <cstring>

namespace dealpace {
namespace {

uint64_t Load64(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, 8);
  return v;  // every supported machine is little-endian
}

uint64_t Mix(uint64_t k) {
  k ^= k >> 33;
  k *= 0xff51afd7ed558ccdULL;
  k ^= k >> 33;
  k *= 0xc4ceb9fe1a85ec53ULL;
  return k ^ (k >> 33);
}

}  // namespace

Hash128 HashText(std::string_view text, uint64_t seed) {
  constexpr uint64_t kC1 = 0x87c37b91114253d5ULL;
  constexpr uint64_t kC2 = 0x4cf5ad432745937fULL;
  uint64_t h1 = seed;
  uint64_t h2 = seed;
  const size_t blocks = text.size() / 16;
  for (size_t i = 0; i < blocks; ++i) {
    uint64_t k1 = Load64(text.data() + i * 16);
    uint64_t k2 = Load64(text.data() + i * 16 + 8);
    h1 ^= std::rotl(k1 * kC1, 31) * kC2;
    h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= std::rotl(k2 * kC2, 33) * kC1;
    h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5;
  }
  std::array<char, 16> tail{};
  const size_t rest = text.size() % 16;
  if (rest > 0) std::memcpy(tail.data(), text.data() + blocks * 16, rest);
  if (rest > 8) h2 ^= std::rotl(Load64(tail.data() + 8) * kC2, 33) * kC1;
  if (rest > 0) h1 ^= std::rotl(Load64(tail.data()) * kC1, 31) * kC2;
  h1 ^= text.size();
  h2 ^= text.size();
  h1 += h2;
  h2 += h1;
  h1 = Mix(h1);
  h2 = Mix(h2);
  h1 += h2;
  h2 += h1;
  return {h1, h2};
}

std::array<char, 16> Hash128::Bytes() const {
  std::array<char, 16> out{};
  for (int i = 0; i < 8; ++i) {
    out[i] = static_cast<char>(high >> (56 - 8 * i));
    out[8 + i] = static_cast<char>(low >> (56 - 8 * i));
  }
  return out;
}

Hash128 Hash128::FromBytes(std::string_view bytes) {
  Hash128 hash;
  for (size_t i = 0; i < 16 && i < bytes.size(); ++i) {
    uint64_t& word = i < 8 ? hash.high : hash.low;
    word = (word << 8) | static_cast<unsigned char>(bytes[i]);
  }
  return hash;
}

}  // namespace dealpace
