#include "access/throttle.h"

#include <gtest/gtest.h>

#include "db/testing.h"

namespace dealpace::access {
namespace {

TEST(DelayMs, DoublesFromTheThirdFailureOfALoginAndLocksAtTheTenth) {
  const int64_t expected[] = {0, 0, 0, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 900'000, 900'000, 900'000};
  for (int64_t failures = 0; failures < 13; ++failures) {
    EXPECT_EQ(DelayMs(Guessed::kLogin, failures), expected[failures]) << failures;
  }
  EXPECT_EQ(DelayMs(Guessed::kLogin, 1'000'000), 900'000) << "never for good";
}

TEST(DelayMs, IsMorePatientWithAnAddress) {
  EXPECT_EQ(DelayMs(Guessed::kAddress, 9), 0);
  EXPECT_EQ(DelayMs(Guessed::kAddress, 10), 1000);
  EXPECT_EQ(DelayMs(Guessed::kAddress, 11), 2000);
  EXPECT_EQ(DelayMs(Guessed::kAddress, 18), 256'000);
  EXPECT_EQ(DelayMs(Guessed::kAddress, 19), 300'000);
  EXPECT_EQ(DelayMs(Guessed::kAddress, 1'000'000), 300'000);
}

class ThrottleTest : public testing::TestWithParam<db::Kind> {
 protected:
  ThrottleTest() : database_(GetParam()) {}

  // The code of the refusal and the seconds to wait, or "".
  std::string Attempt(std::string_view login, std::string_view address) {
    const auto status =
        database_->Write<int64_t>([&](db::Connection& c) { return CountAttempt(c, login, address, now_); });
    if (status.ok()) return "";
    return status.error().code + " " + std::string(status.error().Arg("retry_after"));
  }
  void Do(const std::function<void(db::Connection&)>& work) {
    ASSERT_TRUE(database_
                    ->Write<void>([&](db::Connection& c) -> Status {
                      work(c);
                      return {};
                    })
                    .ok());
  }
  void Pass(int64_t seconds) { now_.ms += seconds * 1000; }

  db::TestDatabase database_;
  Instant now_{1'790'000'000'000};
};

TEST_P(ThrottleTest, ALoginIsDelayedThenLockedForAQuarterOfAnHour) {
  EXPECT_EQ(Attempt("ana", "10.0.0.1"), "");
  EXPECT_EQ(Attempt("ana", "10.0.0.1"), "");
  EXPECT_EQ(Attempt("ana", "10.0.0.1"), "");
  for (const int64_t wait : {1, 2, 4, 8, 16, 32, 64}) {
    EXPECT_EQ(Attempt("ana", "10.0.0.2"), "sign_in_delayed " + std::to_string(wait));
    Pass(wait);
    EXPECT_EQ(Attempt("ana", "10.0.0.2"), "");
  }
  EXPECT_EQ(Attempt("ana", "10.0.0.3"), "sign_in_locked 900");
  Pass(899);
  EXPECT_EQ(Attempt("ana", "10.0.0.3"), "sign_in_locked 1");
  Pass(1);
  EXPECT_EQ(Attempt("ana", "10.0.0.3"), "") << "never for good";
  EXPECT_EQ(Attempt("ana", "10.0.0.3"), "sign_in_locked 900");
}

TEST_P(ThrottleTest, ABlockedAttemptCountsNothing) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Attempt("ana", "10.0.0.1"), "");
  for (int i = 0; i < 50; ++i) EXPECT_EQ(Attempt("ana", "10.0.0.1"), "sign_in_delayed 1");
  Pass(1);
  EXPECT_EQ(Attempt("ana", "10.0.0.1"), "");
  EXPECT_EQ(Attempt("ana", "10.0.0.1"), "sign_in_delayed 2");
}

TEST_P(ThrottleTest, AnAddressIsDelayedWhoeverItGuessesAt) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Attempt("login" + std::to_string(i), "10.0.0.1"), "");
  EXPECT_EQ(Attempt("another", "10.0.0.1"), "sign_in_delayed 1");
  EXPECT_EQ(Attempt("another", "10.0.0.2"), "");
  Pass(1);
  EXPECT_EQ(Attempt("another", "10.0.0.1"), "");
  EXPECT_EQ(Attempt("yet another", "10.0.0.1"), "sign_in_delayed 2");
}

TEST_P(ThrottleTest, OfIpv6ANetworkIsOneAddress) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Attempt("login" + std::to_string(i), "2001:db8:0:7::" + std::to_string(i + 1)), "");
  }
  EXPECT_EQ(Attempt("another", "2001:db8:0:7:1:2:3:4"), "sign_in_delayed 1");
  EXPECT_EQ(Attempt("another", "2001:db8:0:8::1"), "");
}

TEST_P(ThrottleTest, SuccessClearsTheLoginAndItsPartOfTheAddress) {
  for (int i = 0; i < 7; ++i) Attempt("login" + std::to_string(i), "10.0.0.1");
  for (int i = 0; i < 3; ++i) Attempt("ana", "10.0.0.1");
  EXPECT_EQ(Attempt("bob", "10.0.0.1"), "sign_in_delayed 1");
  Do([](db::Connection& c) { Succeed(c, "ana", "10.0.0.1"); });
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Attempt("ana", "10.0.0.1"), "");
  EXPECT_EQ(Attempt("bob", "10.0.0.1"), "");
  EXPECT_EQ(Attempt("bob", "10.0.0.1"), "sign_in_delayed 1") << "the seven others still count";
}

TEST_P(ThrottleTest, WhatWasNotLookedAtDoesNotCount) {
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(Attempt("ana", "10.0.0.1"), "");
    Do([](db::Connection& c) { TakeBackAttempt(c, "ana", "10.0.0.1"); });
  }
}

TEST_P(ThrottleTest, AnAdministratorLiftsTheLock) {
  for (int i = 0; i < 10; ++i) {
    Attempt("ana", "");
    Pass(100);
  }
  EXPECT_EQ(Attempt("ana", ""), "sign_in_locked 800");
  Do([](db::Connection& c) { Forgive(c, "ana"); });
  EXPECT_EQ(Attempt("ana", ""), "");
}

TEST_P(ThrottleTest, ADayWithoutFailureForgets) {
  for (int i = 0; i < 10; ++i) {
    Attempt("ana", "10.0.0.1");
    Pass(100);
  }
  Pass(24 * 3600);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Attempt("ana", "10.0.0.1"), "");
  EXPECT_EQ(Attempt("ana", "10.0.0.1"), "sign_in_delayed 1");
}

TEST_P(ThrottleTest, NoLoginIsStoredInClear) {
  Attempt("maybe a password", "10.0.0.1");
  ASSERT_TRUE(database_
                  ->Read<void>([](db::Connection& c) -> Status {
                    db::Rows rows = c.Query("SELECT subject FROM sign_in_failure");
                    int count = 0;
                    for (; rows.Next(); ++count) EXPECT_EQ(rows.Text(0).size(), 64U);
                    EXPECT_EQ(count, 2);
                    return {};
                  })
                  .ok());
}

INSTANTIATE_TEST_SUITE_P(On, ThrottleTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::access
