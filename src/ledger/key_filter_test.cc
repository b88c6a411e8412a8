#include "ledger/key_filter.h"

#include <gtest/gtest.h>

#include <string>

namespace dealpace::ledger {
namespace {

uint64_t HeadOfNumber(int number) { return KeyFilter::HeadOf(HashText("key " + std::to_string(number))); }

TEST(KeyFilter, HasWhatWasAddedAndHardlyAnythingElse) {
  for (const int room : {1, 40, 5'000, 100'000}) {
    KeyFilter filter(static_cast<size_t>(room));
    EXPECT_FALSE(filter.MayHave(HeadOfNumber(0)));
    for (int number = 0; number < room; ++number) filter.Add(HeadOfNumber(number));
    EXPECT_FALSE(filter.overfull());
    int missed = 0;
    int seeming = 0;
    for (int number = 0; number < room; ++number) missed += filter.MayHave(HeadOfNumber(number)) ? 0 : 1;
    for (int number = 0; number < 20'000; ++number) seeming += filter.MayHave(HeadOfNumber(-1 - number)) ? 1 : 0;
    EXPECT_EQ(missed, 0);
    EXPECT_LT(seeming, 20'000 / 40) << room;
    filter.Add(HeadOfNumber(room));
    EXPECT_TRUE(filter.overfull());
  }
}

TEST(KeyFilter, ReadsAKeyAsTheLedgerKeepsIt) {
  const Hash128 key = HashText("a key");
  const auto bytes = key.Bytes();
  EXPECT_EQ(KeyFilter::HeadOf(key), KeyFilter::HeadOf(std::string_view(bytes.data(), KeyFilter::kHeadBytes)));
  EXPECT_NE(KeyFilter::HeadOf(key), KeyFilter::HeadOf(HashText("another key")));
}

}  // namespace
}  // namespace dealpace::ledger
