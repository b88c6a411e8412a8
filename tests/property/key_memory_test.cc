#include "ledger/key_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <future>
#include <map>
#include <set>
#include <thread>

#include "app/wiring.h"
#include "db/testing.h"
#include "ledger/key_keeper.h"
#include "ledger/ledger.h"
#include "org/org.h"
#include "tests/property/random.h"
#include "tests/support/memory_ledger.h"

// A key that was left for later is found as one that is in order is, whoever has booked it, and whatever was undone.
namespace dealpace::test {
namespace {

std::shared_ptr<const catalog::Catalog> TheCatalog() {
  static const auto catalog = app::LoadCatalog().catalog;
  return catalog;
}

Hash128 KeyOf(int number) { return HashText("key " + std::to_string(number)); }

ledger::NewEntry EntryOf(int number) {
  ledger::NewEntry entry;
  entry.event = TheCatalog()->FindEvent("traffic");
  entry.day = Day{20'000};
  entry.at = Noon(entry.day);
  entry.lead = std::to_string(number);
  entry.key = KeyOf(number);
  return entry;
}

bool Soon(const std::function<bool()>& is_so) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

class KeyMemoryTest : public testing::Test {
 protected:
  static constexpr int kKeys = 60;

  KeyMemoryTest() {
    held_.database().Watch(memory_);
    EXPECT_TRUE(held_.database()
                    .Write<void>([&](db::Connection& c) -> Status {
                      for (const char* code : {"W", "E"}) {
                        ASSIGN_OR_RETURN(const DealerId dealer, org::AddDealer(c, code, code));
                        dealers_.push_back(dealer);
                      }
                      return {};
                    })
                    .ok());
  }

  // Books the event of that key, or takes it back where it stands; says what it found otherwise than without memory.
  Status Turn(db::Connection& c, DealerId dealer, int number, bool with_memory, ledger::Keys keys) const {
    const Hash128 key = KeyOf(number);
    const ledger::End end = ledger::LockEnd(c, dealer);
    const auto truth = ledger::FindKeys(c, *TheCatalog(), dealer, std::span(&key, 1), end);
    if (with_memory) {
      const auto found = ledger::FindKeys(c, *TheCatalog(), dealer, std::span(&key, 1), end, memory_.get());
      const auto seq = [&](const auto& in) { return in.contains(key) ? in.at(key).seq : 0; };
      if (seq(found) != seq(truth)) {
        return Error("wrong").With("found", seq(found)).With("truth", seq(truth)).With("keyed", end.keyed);
      }
    }
    if (truth.contains(key)) {
      const int64_t seq = truth.at(key).seq;
      return ledger::Reverse(c, dealer, std::span(&seq, 1), "not so", {"test", {2}, {}});
    }
    const ledger::NewEntry entry = EntryOf(number);
    ledger::Append(c, *TheCatalog(), dealer, std::span(&entry, 1), {"test", {1}, {}}, {keys});
    return {};
  }

  // Hundreds of rounds in which events are booked and taken back, some at once, some by others, some in vain.
  // `between`: called after those that come at once.
  void BookAtRandom(uint64_t seed, const std::function<void(Random&)>& between);

  void Append(DealerId dealer, int from, int to, int at_once);
  int MaybeOld(ledger::KeyMemory& memory, DealerId dealer, int from, int to);

  db::TestDatabase store_{db::Kind::kSqlite};
  app::System held_{store_.Another(), TheCatalog()};
  app::System other_{store_.Another(), TheCatalog()};  // as another process, which remembers nothing
  const std::shared_ptr<ledger::KeyMemory> memory_ = std::make_shared<ledger::KeyMemory>();
  std::vector<DealerId> dealers_;
};

void KeyMemoryTest::BookAtRandom(uint64_t seed, const std::function<void(Random&)>& between) {
  Random random(seed);
  // Some come again and again, some for the first time: a gap in what was learned shows when one comes the second time.
  const auto number_at = [](Random& of, int round) {
    return of.Below(2) == 0 ? of.Below(kKeys) : kKeys + std::max(0, round - of.Below(8));
  };
  std::map<std::pair<int64_t, int>, bool> live;
  for (int round = 0; round < 700; ++round) {
    // Some at once, so that they share transactions; some of them fail when they have written.
    std::vector<std::promise<std::string>> told(static_cast<size_t>(random.Between(1, 8)));
    struct Planned {
      DealerId dealer;
      int number = 0;
      bool fails = false;
    };
    std::vector<Planned> planned;
    for (std::promise<std::string>& one : told) {
      const Planned plan{random.Of(dealers_), number_at(random, round), random.Below(12) == 0};
      planned.push_back(plan);
      held_.database().WriteLater(
          [this, plan](db::Connection& c) -> Status {
            RETURN_IF_ERROR(Turn(c, plan.dealer, plan.number, true, ledger::Keys::kLater));
            return plan.fails ? Status(Error("not_today")) : Status();
          },
          [&one](const Status& status) {
            std::string said;
            if (!status.ok()) {
              said = status.error().code;
              for (const char* name : {"found", "truth", "keyed", "detail"}) {
                said += " " + std::string(status.error().Arg(name));
              }
            }
            one.set_value(said);
          });
    }
    for (size_t i = 0; i < told.size(); ++i) {
      const std::string said = told[i].get_future().get();
      if (planned[i].fails) {
        ASSERT_TRUE(said.starts_with("not_today")) << said << " in round " << round;
      } else {
        ASSERT_EQ(said, "") << "in round " << round;
        bool& stands = live[{planned[i].dealer.value, planned[i].number}];
        stands = !stands;
      }
    }
    between(random);
    const int what = random.Below(12);
    if (what > 3) continue;
    const DealerId dealer = random.Of(dealers_);
    const int number = number_at(random, round);
    const Status done = (what == 0 ? other_ : held_).database().Write<void>([&](db::Connection& c) -> Status {
      if (what == 1) {
        ledger::Lock(c, dealer);
        ledger::IndexKeys(c, dealer, random.Below(2) == 0 ? 7 : INT64_MAX);
        return {};
      }
      if (what == 2) ledger::IndexKeys(c, dealer);
      return Turn(c, dealer, number, what == 3, what == 2 ? ledger::Keys::kNow : ledger::Keys::kLater);
    });
    ASSERT_TRUE(done.ok()) << done.error().code << " in round " << round;
    if (what == 1) continue;
    bool& stands = live[{dealer.value, number}];
    stands = !stands;
  }
  for (const auto& [of, stands] : live) {
    const Hash128 key = KeyOf(of.second);
    const auto found = other_.database().Read<bool>([&](db::Connection& c) -> Result<bool> {
      return ledger::FindKeys(c, *TheCatalog(), DealerId(of.first), std::span(&key, 1)).contains(key);
    });
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(*found, stands) << of.second;
  }
}

TEST_F(KeyMemoryTest, AreFoundAsIfTheyWereInOrder) {
  BookAtRandom(5, [](Random&) {});
}

TEST_F(KeyMemoryTest, AreFoundWhenTheyWereLearned) {
  BookAtRandom(6, [&](Random& random) {
    if (random.Below(4) != 0) return;
    ASSERT_TRUE(memory_->Learn(held_.database(), random.Of(dealers_)).ok());
  });
}

TEST_F(KeyMemoryTest, AreFoundWhileTheyAreLearnedAndPutInOrder) {
  const ledger::KeyKeeper keeper(held_.database(), memory_, std::chrono::milliseconds(1));
  BookAtRandom(7, [](Random&) {});
}

TEST_F(KeyMemoryTest, AreDueAfterSomeThousandOneDealerAfterTheOther) {
  EXPECT_FALSE(memory_->AreDue(dealers_[0], {200, 0}));
  EXPECT_FALSE(memory_->AreDue(dealers_[0], {5'000, 4'990}));
  EXPECT_TRUE(memory_->AreDue(dealers_[0], {5'000, 0}));
  EXPECT_TRUE(memory_->AreDue(dealers_[1], {9'000, 0})) << "they have become too many";
  EXPECT_TRUE(Soon([&] { return memory_->AreDue(dealers_[1], {5'000, 0}); }));
}

TEST_F(KeyMemoryTest, OnceLearnedNewOnesAreHardlyEverLookedFor) {
  constexpr int kBooked = 2'000;
  const DealerId dealer = dealers_[0];
  const auto book = [&](int from, int to) {
    return held_.database().Write<void>([&](db::Connection& c) -> Status {
      for (int number = from; number < to; ++number) {
        RETURN_IF_ERROR(Turn(c, dealer, number, false, ledger::Keys::kLater));
      }
      return {};
    });
  };
  const auto maybe_old = [&](int from, int to) { return MaybeOld(*memory_, dealer, from, to); };
  ASSERT_TRUE(book(0, kBooked).ok());
  EXPECT_EQ(maybe_old(kBooked, 2 * kBooked), kBooked) << "nothing is known yet";
  EXPECT_FALSE(memory_->Knows(dealer, kBooked));
  ASSERT_EQ(memory_->WaitForWanted(std::chrono::milliseconds(0)), dealer);
  ASSERT_TRUE(memory_->Learn(held_.database(), dealer).ok());
  ASSERT_TRUE(memory_->Knows(dealer, kBooked));
  EXPECT_LT(maybe_old(kBooked, 2 * kBooked), kBooked / 30);
  EXPECT_EQ(maybe_old(0, kBooked), kBooked);

  // What comes one by one, and what others book.
  ASSERT_TRUE(book(kBooked, kBooked + 5).ok());
  EXPECT_TRUE(memory_->Knows(dealer, kBooked + 5));
  EXPECT_EQ(maybe_old(kBooked, kBooked + 5), 5);
  ASSERT_TRUE(other_.database()
                  .Write<void>([&](db::Connection& c) { return Turn(c, dealer, -1, false, ledger::Keys::kNow); })
                  .ok());
  EXPECT_EQ(maybe_old(2 * kBooked, 3 * kBooked), kBooked) << "somebody else has booked";
  ASSERT_TRUE(memory_->Learn(held_.database(), dealer).ok());
  EXPECT_EQ(maybe_old(-1, 0), 1);
  EXPECT_LT(maybe_old(2 * kBooked, 3 * kBooked), kBooked / 30);
}

// Appends new keys, so many in a transaction.
void KeyMemoryTest::Append(DealerId dealer, int from, int to, int at_once) {
  for (int begin = from; begin < to; begin += at_once) {
    const Status done = held_.database().Write<void>([&](db::Connection& c) -> Status {
      std::vector<ledger::NewEntry> entries;
      for (int number = begin; number < std::min(to, begin + at_once); ++number) entries.push_back(EntryOf(number));
      ledger::Append(c, *TheCatalog(), dealer, entries, {"test", {1}, {}}, {ledger::Keys::kNow});
      return {};
    });
    ASSERT_TRUE(done.ok()) << done.error().code;
  }
}

// How many of these keys may be there.
int KeyMemoryTest::MaybeOld(ledger::KeyMemory& memory, DealerId dealer, int from, int to) {
  std::vector<Hash128> keys;
  for (int number = from; number < to; ++number) keys.push_back(KeyOf(number));
  size_t found = 0;
  EXPECT_TRUE(held_.database()
                  .Write<void>([&](db::Connection& c) -> Status {
                    std::vector<int64_t> seqs;
                    const std::vector<Hash128> old = memory.Find(c, dealer, ledger::EndOf(c, dealer), keys, seqs);
                    found = std::set<Hash128>(old.begin(), old.end()).size();
                    return {};
                  })
                  .ok());
  return static_cast<int>(found);
}

TEST_F(KeyMemoryTest, MoreThanThereIsRoomForAreLearnedAnew) {
  const DealerId dealer = dealers_[0];
  ASSERT_TRUE(memory_->Learn(held_.database(), dealer).ok());
  constexpr int kRoom = 2 * 4'096;  // of an empty dealer
  Append(dealer, 0, kRoom + 128, 64);
  EXPECT_TRUE(memory_->Knows(dealer, kRoom + 128)) << "each was small enough to be told of";
  EXPECT_FALSE(memory_->WaitForWanted(std::chrono::milliseconds(0)));
  EXPECT_EQ(MaybeOld(*memory_, dealer, 0, kRoom), kRoom);
  EXPECT_EQ(memory_->WaitForWanted(std::chrono::milliseconds(0)), dealer) << "overfull";
  ASSERT_TRUE(memory_->Learn(held_.database(), dealer).ok());
  EXPECT_EQ(MaybeOld(*memory_, dealer, 0, kRoom + 128), kRoom + 128);
  EXPECT_LT(MaybeOld(*memory_, dealer, 2 * kRoom, 3 * kRoom), kRoom / 30);
  EXPECT_FALSE(memory_->WaitForWanted(std::chrono::milliseconds(0)));

  // Far more than it is told of.
  Append(dealer, kRoom + 128, 2 * kRoom, kRoom);
  EXPECT_FALSE(memory_->Knows(dealer, 2 * kRoom));
  EXPECT_EQ(MaybeOld(*memory_, dealer, 3 * kRoom, 4 * kRoom), kRoom) << "not known, so looked for";
  ASSERT_TRUE(memory_->Learn(held_.database(), dealer).ok());
  EXPECT_TRUE(memory_->Knows(dealer, 2 * kRoom));
  EXPECT_EQ(MaybeOld(*memory_, dealer, 0, 2 * kRoom), 2 * kRoom);
}

TEST_F(KeyMemoryTest, WhereThereIsNoRoomTheyAreLookedFor) {
  const auto small = std::make_shared<ledger::KeyMemory>(ledger::KeyFilter::BytesFor(3 * 4'096));
  held_.database().Watch(small);
  Append(dealers_[0], 0, 50, 50);
  Append(dealers_[1], 0, 50, 50);
  for (const DealerId dealer : dealers_) ASSERT_TRUE(small->Learn(held_.database(), dealer).ok());
  EXPECT_TRUE(small->Knows(dealers_[0], 50));
  EXPECT_FALSE(small->Knows(dealers_[1], 50));
  EXPECT_EQ(MaybeOld(*small, dealers_[1], 0, 100), 100);
  EXPECT_FALSE(small->WaitForWanted(std::chrono::milliseconds(0))) << "it would be read in vain";
  small->Stop();
  ASSERT_TRUE(small->Learn(held_.database(), dealers_[0]).ok());
}

TEST_F(KeyMemoryTest, ArePutInOrderWhereItIsQuiet) {
  const auto lag = [&](DealerId dealer) {
    return *held_.database().Read<int64_t>([&](db::Connection& c) -> Result<int64_t> {
      const ledger::End end = ledger::EndOf(c, dealer);
      return end.head - end.keyed;
    });
  };
  const auto book = [&](DealerId dealer, int number) {
    return held_.database().Write<void>([&](db::Connection& c) -> Status {
      for (int i = 0; i < number; ++i) RETURN_IF_ERROR(Turn(c, dealer, i, false, ledger::Keys::kLater));
      return {};
    });
  };
  ASSERT_TRUE(book(dealers_[0], 200).ok());
  ASSERT_TRUE(book(dealers_[1], 20).ok());
  const ledger::KeyKeeper keeper(held_.database(), memory_, std::chrono::milliseconds(1));
  EXPECT_TRUE(Soon([&] { return lag(dealers_[0]) == 0; }));
  EXPECT_EQ(lag(dealers_[1]), 20) << "so few are not worth it";
}

}  // namespace
}  // namespace dealpace::test
