#include "base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace dealpace {
namespace {

std::string Hex(const Hash128& hash) {
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%016llx%016llx", static_cast<unsigned long long>(hash.high),
                static_cast<unsigned long long>(hash.low));
  return buffer;
}

// The values of the reference implementation (MurmurHash3_x64_128). They are stored in ledgers and must not change.
TEST(Hash, KnownValues) {
  EXPECT_EQ(Hex(HashText("")), "00000000000000000000000000000000");
  EXPECT_EQ(Hex(HashText("", 1)), "4610abe56eff5cb551622daa78f83583");
  EXPECT_EQ(Hex(HashText("hello")), "cbd8a7b341bd9b025b1e906a48ae1d19");
  EXPECT_EQ(Hex(HashText("hello, world")), "342fac623a5ebc8e4cdcbc079642414d");
  EXPECT_EQ(Hex(HashText("The quick brown fox jumps over the lazy dog")), "e34bbc7bbc071b6c7a433ca9c49a9347");
  EXPECT_EQ(Hex(HashText("The quick brown fox jumps over the lazy dog.")), "cd99481f9ee902c9695da1a38987b6e7");
}

TEST(Hash, EveryLengthOfTailCounts) {
  std::set<std::string> seen;
  for (size_t length = 0; length <= 64; ++length) {
    EXPECT_TRUE(seen.insert(Hex(HashText(std::string(length, 'a')))).second) << length;
    EXPECT_TRUE(seen.insert(Hex(HashText(std::string(length, 'a') + '\0'))).second) << length;
  }
}

TEST(Hash, BytesAndBack) {
  const Hash128 hash = HashText("成交");
  const auto bytes = hash.Bytes();
  EXPECT_EQ(Hash128::FromBytes({bytes.data(), bytes.size()}), hash);
  EXPECT_EQ((Hash128{0x0102030405060708, 0x090A0B0C0D0E0F10}.Bytes()),
            (std::array<char, 16>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}));
}

}  // namespace
}  // namespace dealpace
