#include "http/limits.h"

#include <gtest/gtest.h>

#include <vector>

namespace dealpace::http {
namespace {

using namespace std::chrono_literals;
constexpr AccountLimits::Clock::time_point kBegin{};

std::string CodeOf(const Result<AccountLimits::Place>& place) { return place.ok() ? "" : place.error().code; }

TEST(AccountLimits, SoManyRequestsAtATime) {
  AccountLimits limits({2, 0, 0, 0});
  auto first = limits.Admit(AccountId(1), kBegin);
  auto second = limits.Admit(AccountId(1), kBegin);
  ASSERT_TRUE(first.ok() && second.ok());
  const auto third = limits.Admit(AccountId(1), kBegin);
  ASSERT_EQ(CodeOf(third), "account_busy");
  EXPECT_EQ(third.error().Arg("retry_after"), "1");
  EXPECT_EQ(CodeOf(limits.Admit(AccountId(2), kBegin)), "") << "another account has its own places";
  (*first).Leave();
  EXPECT_EQ(CodeOf(limits.Admit(AccountId(1), kBegin)), "") << "one was given back, and this one at once";
  { const AccountLimits::Place taken = *std::move(second); }
  auto again = limits.Admit(AccountId(1), kBegin);
  auto more = limits.Admit(AccountId(1), kBegin);
  EXPECT_TRUE(again.ok() && more.ok());
}

TEST(AccountLimits, SoManyPerSecondAfterABurst) {
  AccountLimits limits({0, 10, 20, 0});
  for (int i = 0; i < 20; ++i) ASSERT_EQ(CodeOf(limits.Admit(AccountId(1), kBegin)), "") << i;
  const auto refused = limits.Admit(AccountId(1), kBegin);
  ASSERT_EQ(CodeOf(refused), "account_rate");
  EXPECT_EQ(refused.error().Arg("retry_after"), "1");
  EXPECT_EQ(CodeOf(limits.Admit(AccountId(2), kBegin)), "");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(CodeOf(limits.Admit(AccountId(1), kBegin + 500ms)), "") << i;
  EXPECT_EQ(CodeOf(limits.Admit(AccountId(1), kBegin + 500ms)), "account_rate");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(CodeOf(limits.Admit(AccountId(1), kBegin + 1h)), "") << i;
  EXPECT_EQ(CodeOf(limits.Admit(AccountId(1), kBegin + 1h)), "account_rate") << "a long pause saves up one burst only";
}

TEST(AccountLimits, StreamsHavePlacesOfTheirOwn) {
  AccountLimits limits({1, 0, 0, 1});
  const auto request = limits.Admit(AccountId(1), kBegin);
  auto stream = limits.AdmitStream(AccountId(1), kBegin);
  ASSERT_TRUE(request.ok() && stream.ok());
  EXPECT_EQ(CodeOf(limits.AdmitStream(AccountId(1), kBegin)), "account_streams");
  (*stream).Leave();
  EXPECT_EQ(CodeOf(limits.AdmitStream(AccountId(1), kBegin)), "");
}

TEST(AccountLimits, NothingIsLimitedByZeroAndPlacesOutliveThem) {
  AccountLimits::Place kept;
  {
    AccountLimits limits({0, 0, 0, 0});
    std::vector<AccountLimits::Place> places;
    for (int i = 0; i < 1000; ++i) {
      auto place = limits.Admit(AccountId(1), kBegin);
      ASSERT_TRUE(place.ok());
      places.push_back(*std::move(place));
    }
    kept = std::move(places.front());
  }
  kept.Leave();
  kept.Leave();  // once is enough, twice does no harm
}

std::string CodeOf(const Status& status) { return status.ok() ? "" : status.error().code; }

TEST(BodyLimits, SoManyBytesOfAnAccountAndOfAll) {
  LimitOptions options;
  options.account_body_bytes_max = 100;
  options.body_bytes_max = 150;
  BodyLimits limits(options);
  BodyLimits::Share first;
  BodyLimits::Share second;
  BodyLimits::Share third;
  EXPECT_EQ(CodeOf(limits.Reserve(first, AccountId(1), 60)), "");
  const Status refused = limits.Reserve(second, AccountId(1), 60);
  EXPECT_EQ(CodeOf(refused), "account_bodies");
  EXPECT_EQ(refused.error().Arg("retry_after"), "2");
  EXPECT_EQ(second.bytes(), 0);
  EXPECT_EQ(CodeOf(limits.Reserve(second, AccountId(1), 40)), "");
  EXPECT_EQ(CodeOf(limits.Reserve(third, AccountId(2), 60)), "server_busy") << "another account, but no room";
  EXPECT_EQ(CodeOf(limits.Reserve(third, AccountId(), 50)), "") << "nobody's counts among all";
  EXPECT_EQ(CodeOf(limits.Reserve(first, AccountId(1), 61)), "account_bodies") << "nor may one grow";
  EXPECT_EQ(first.bytes(), 60);
  third.GiveBack();
  first.GiveBack();
  first.GiveBack();
  EXPECT_EQ(CodeOf(limits.Reserve(third, AccountId(1), 60)), "");
  { const BodyLimits::Share taken = std::move(second); }
  EXPECT_EQ(CodeOf(limits.Reserve(first, AccountId(1), 40)), "");
}

TEST(BodyLimits, OneAloneIsLetInAndNothingIsLimitedByZero) {
  LimitOptions options;
  options.account_body_bytes_max = 100;
  options.body_bytes_max = 150;
  BodyLimits limits(options);
  BodyLimits::Share large;
  BodyLimits::Share other;
  EXPECT_EQ(CodeOf(limits.Reserve(large, AccountId(1), 120)), "");
  EXPECT_EQ(CodeOf(limits.Reserve(large, AccountId(1), 500)), "") << "it goes on growing";
  EXPECT_EQ(CodeOf(limits.Reserve(other, AccountId(2), 1)), "server_busy");
  large.GiveBack();
  EXPECT_EQ(CodeOf(limits.Reserve(other, AccountId(2), 500)), "");
  BodyLimits::Share kept;
  {
    options.account_body_bytes_max = 0;
    options.body_bytes_max = 0;
    BodyLimits none(options);
    BodyLimits::Share more;
    EXPECT_EQ(CodeOf(none.Reserve(kept, AccountId(1), INT64_MAX / 4)), "");
    EXPECT_EQ(CodeOf(none.Reserve(more, AccountId(1), INT64_MAX / 4)), "");
  }
}

}  // namespace
}  // namespace dealpace::http
