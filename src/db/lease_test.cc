#include "db/lease.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "db/testing.h"

namespace dealpace::db {
namespace {

using std::chrono::milliseconds;

class LeaseTest : public testing::TestWithParam<Kind> {
 protected:
  LeaseTest() : database_(GetParam()) {}

  std::unique_ptr<Lease> Make(const std::string& holder, milliseconds time = std::chrono::seconds(30)) {
    auto lease = std::make_unique<Lease>(*database_, "work", holder, time);
    lease->clock = [this](Connection&) { return Instant{now_ms_}; };
    return lease;
  }
  static bool Holds(Lease& lease) {
    const auto held = lease.Hold();
    EXPECT_TRUE(held.ok()) << held.error().code;
    return held.ok() && *held;
  }

  TestDatabase database_;
  std::atomic<int64_t> now_ms_ = 1'000'000;
};
INSTANTIATE_TEST_SUITE_P(On, LeaseTest, testing::ValuesIn(TestKinds()), KindNames());

TEST_P(LeaseTest, OneHasItUntilItsTimeIsOver) {
  const auto ana = Make("ana");
  const auto ben = Make("ben");
  EXPECT_TRUE(Holds(*ana));
  EXPECT_TRUE(ana->held());
  EXPECT_FALSE(Holds(*ben));
  EXPECT_FALSE(ben->held());
  now_ms_ += 29'999;
  EXPECT_FALSE(Holds(*ben));
  EXPECT_TRUE(Holds(*ana)) << "it may be renewed";
  now_ms_ += 29'999;
  EXPECT_FALSE(Holds(*ben));
  now_ms_ += 1;
  EXPECT_TRUE(Holds(*ben)) << "the holder was silent for too long";
  EXPECT_FALSE(Holds(*ana));
  EXPECT_FALSE(ana->held());
  EXPECT_EQ(ana->term(), 1);
  EXPECT_EQ(ben->term(), 2);
}

TEST_P(LeaseTest, GivenBackItIsFreeAtOnce) {
  const auto ana = Make("ana");
  const auto ben = Make("ben");
  EXPECT_TRUE(Holds(*ana));
  ben->Release();
  EXPECT_FALSE(Holds(*ben)) << "only the holder can give it back";
  ana->Release();
  EXPECT_FALSE(ana->held());
  EXPECT_TRUE(Holds(*ben));
}

TEST_P(LeaseTest, OtherWorkHasOtherHolders) {
  const auto ana = Make("ana");
  Lease other(*database_, "other work", "ben", std::chrono::seconds(30));
  EXPECT_TRUE(Holds(*ana));
  EXPECT_TRUE(Holds(other));
}

TEST_P(LeaseTest, WorkOfOneWhoHasLostItIsUndone) {
  const auto ana = Make("ana");
  const auto ben = Make("ben");
  EXPECT_TRUE(Holds(*ana));
  const auto work = [&](Lease& lease) {
    const Status done = database_->Write<void>([&](Connection& c) -> Status {
      c.Execute("UPDATE org_version SET version = version + 1 WHERE org_version_id = 1");
      return lease.Guard(c);
    });
    return done.ok() ? "" : done.error().code;
  };
  const auto version = [&] {
    return *database_->Read<int64_t>([](Connection& c) -> Result<int64_t> {
      Rows rows = c.Query("SELECT version FROM org_version WHERE org_version_id = 1");
      return rows.Next() ? rows.Int(0) : -1;
    });
  };
  const int64_t before = version();
  EXPECT_EQ(work(*ana), "");
  EXPECT_EQ(version(), before + 1);
  now_ms_ += 30'000;  // a process that was stopped for a while
  EXPECT_EQ(work(*ana), "lease_lost") << "even before another has it";
  EXPECT_TRUE(Holds(*ben));
  EXPECT_EQ(work(*ana), "lease_lost");
  EXPECT_EQ(version(), before + 1);
  EXPECT_EQ(work(*ben), "");
}

// Many holders, over pools of their own, with real time that is over again and again.
TEST_P(LeaseTest, TwoNeverHaveItAtOnce) {
  constexpr int kHolders = 4;
  std::vector<std::unique_ptr<Database>> databases;
  std::vector<std::unique_ptr<Lease>> leases;
  for (int i = 0; i < kHolders; ++i) {
    databases.push_back(database_.Another());
    leases.push_back(
        std::make_unique<Lease>(*databases.back(), "turn", "holder " + std::to_string(i), milliseconds(60)));
  }
  std::atomic<bool> end = false;
  std::atomic<int> turns = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kHolders; ++i) {
    threads.emplace_back([&, i] {
      while (!end) {
        const auto held = leases[static_cast<size_t>(i)]->Hold();
        if (held.ok() && *held) {
          ++turns;
          std::this_thread::sleep_for(milliseconds(5));
          // Some give it back, some lose it by being silent.
          if (i % 2 == 0) leases[static_cast<size_t>(i)]->Release();
          std::this_thread::sleep_for(milliseconds(i % 2 == 0 ? 3 : 80));
        }
        std::this_thread::sleep_for(milliseconds(2));
      }
    });
  }
  int met = 0;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (std::chrono::steady_clock::now() < until) {
    for (const auto& one : leases) {
      for (const auto& other : leases) {
        if (one == other || !one->held()) continue;
        const int64_t term = one->term();
        // Held by the one before and after in the same term: then it had it when the other was looked at.
        if (other->held() && one->held() && one->term() == term) ++met;
      }
    }
  }
  end = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(met, 0);
  EXPECT_GT(turns, 8);
}

TEST_P(LeaseTest, TheLeaseOfAKilledProcessPassesOn) {
  std::array<int, 2> told{};
  ASSERT_EQ(pipe(told.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto database = Database::Open(database_.url());
    char well = '-';
    if (database.ok()) {
      Lease lease(**database, "work", "the killed one", milliseconds(700));
      const auto held = lease.Hold();
      well = held.ok() && *held ? '+' : '-';
      (void)!write(told[1], &well, 1);
      while (true) pause();
    }
    (void)!write(told[1], &well, 1);
    _exit(1);
  }
  char well = '-';
  ASSERT_EQ(read(told[0], &well, 1), 1);
  EXPECT_EQ(well, '+');
  kill(child, SIGKILL);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  Lease next(*database_, "work", "the next one", milliseconds(700));
  EXPECT_FALSE(Holds(next));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  bool held = false;
  while (!held && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(milliseconds(50));
    held = Holds(next);
  }
  EXPECT_TRUE(held);
  EXPECT_EQ(next.term(), 2);
  close(told[0]);
  close(told[1]);
}

TEST(LeaseHolder, EveryHoldHasANameOfItsOwn) {
  std::set<std::string> names;
  for (int i = 0; i < 100; ++i) names.insert(Lease::NewHolder());
  EXPECT_EQ(names.size(), 100U);
}

}  // namespace
}  // namespace dealpace::db
