#include "exchange/seen.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace dealpace::exchange {
namespace {

Hash128 Of(int i) { return HashText("row " + std::to_string(i)); }

// Behaviour must not depend on how much fits into memory.
class SeenTest : public testing::TestWithParam<size_t> {};
INSTANTIATE_TEST_SUITE_P(InMemory, SeenTest, testing::Values(1, 7, 2'000'000));

TEST_P(SeenTest, RemembersTheFirstNumber) {
  Seen seen(GetParam());
  for (int i = 0; i < 200; ++i) EXPECT_EQ(seen.Remember(Of(i), i), std::nullopt);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(seen.Remember(Of(i), 1000 + i), i);
  EXPECT_EQ(seen.Remember(Of(200), 5), std::nullopt);
}

TEST_P(SeenTest, CountsHowOftenBefore) {
  Seen seen(GetParam());
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 50; ++i) EXPECT_EQ(seen.Count(Of(i)), round) << i;
  }
  EXPECT_EQ(seen.Count(Of(0)), 5);
  EXPECT_EQ(seen.Count(Of(0)), 6) << "right after it was spilled or not";
}

TEST_P(SeenTest, NearbyHashesAreDifferent) {
  Seen seen(GetParam());
  EXPECT_EQ(seen.Remember({1, 2}, 1), std::nullopt);
  EXPECT_EQ(seen.Remember({2, 1}, 2), std::nullopt);
  EXPECT_EQ(seen.Remember({0, 0}, 3), std::nullopt);
  EXPECT_EQ(seen.Remember({UINT64_MAX, UINT64_MAX}, 4), std::nullopt);
  EXPECT_EQ(seen.Remember({1, 2}, 9), 1);
  EXPECT_EQ(seen.Remember({0, 0}, 9), 3);
}

TEST(Seen, LeavesNoFileBehind) {
  const auto files = [] {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::temp_directory_path())) {
      count += entry.path().filename().string().find("dealpace") != std::string::npos &&
               entry.path().filename().string().find("seen") != std::string::npos;
    }
    return count;
  };
  const size_t before = files();
  {
    Seen seen(2);
    for (int i = 0; i < 10; ++i) (void)seen.Count(Of(i));
    EXPECT_EQ(files(), before) << "not even while it is used: a process that is killed leaves none";
  }
  EXPECT_EQ(files(), before);
}

}  // namespace
}  // namespace dealpace::exchange
