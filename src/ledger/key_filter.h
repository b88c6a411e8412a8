#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace dealpace::ledger {

// A set of keys that is asked which ones it surely does not have: a Bloom filter in blocks of a cache line, 1.3 bytes
// for each key that there is room for. Of keys that were never added one in a hundred may seem to be there, as long as
// there are not more of them than it was made for. Only so much of a key counts as ledger_key holds.
class KeyFilter {
 public:
  // What counts of a key: its first bytes.
  static constexpr size_t kHeadBytes = 5;
  [[nodiscard]] static uint64_t HeadOf(const Hash128& key) { return key.high >> (64 - 8 * kHeadBytes); }
  [[nodiscard]] static uint64_t HeadOf(std::string_view bytes) {
    uint64_t head = 0;
    for (size_t i = 0; i < kHeadBytes; ++i) head = head << 8U | static_cast<uint8_t>(bytes[i]);
    return head;
  }

  explicit KeyFilter(size_t room) : room_(room), blocks_(BytesFor(room) / sizeof(Block)) {}
  [[nodiscard]] static size_t BytesFor(size_t room) { return (room * kBitsPerKey / kBlockBits + 1) * sizeof(Block); }

  void Add(uint64_t head) {
    ++count_;
    Block& block = blocks_[BlockOf(head)];
    ForEachBit(head, [&](size_t word, uint64_t bit) { block[word] |= bit; });
  }
  // False: it was never added.
  [[nodiscard]] bool MayHave(uint64_t head) const {
    const Block& block = blocks_[BlockOf(head)];
    uint64_t missing = 0;
    ForEachBit(head, [&](size_t word, uint64_t bit) { missing |= bit & ~block[word]; });
    return missing == 0;
  }

  [[nodiscard]] bool overfull() const { return count_ > room_; }
  [[nodiscard]] size_t bytes() const { return blocks_.size() * sizeof(Block); }

 private:
  static constexpr size_t kBlockBits = 512;
  static constexpr size_t kBitsPerKey = 10;
  static constexpr int kBitsSet = 6;
  struct alignas(64) Block : std::array<uint64_t, kBlockBits / 64> {};

  [[nodiscard]] size_t BlockOf(uint64_t head) const {
    return static_cast<size_t>(((head * 0x9e3779b97f4a7c15U) >> 32U) * blocks_.size() >> 32U);
  }
  template <typename Visit>
  static void ForEachBit(uint64_t head, const Visit& visit) {
    uint64_t bits = (head + 1) * 0xd6e8feb86659fd93U;
    bits ^= bits >> 32U;
    for (int i = 0; i < kBitsSet; ++i, bits >>= 9U) visit((bits >> 6U) % 8, uint64_t{1} << (bits % 64));
  }

  size_t room_;
  size_t count_ = 0;
  std::vector<Block> blocks_;
};

}  // namespace dealpace::ledger
