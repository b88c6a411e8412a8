#include <gtest/gtest.h>

#include <future>
#include <map>
#include <thread>

#include "app/wiring.h"
#include "db/testing.h"
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

class KeyTailsTest : public testing::Test {
 protected:
  static constexpr int kKeys = 60;

  KeyTailsTest() {
    held_.database().Watch(tails_);
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

  // Books the event of that key, or takes it back where it stands; says what it found otherwise than without tails.
  Status Turn(db::Connection& c, DealerId dealer, int number, bool with_tails, ledger::Keys keys) const {
    const Hash128 key = KeyOf(number);
    const ledger::End end = ledger::LockEnd(c, dealer);
    const auto truth = ledger::FindKeys(c, *TheCatalog(), dealer, std::span(&key, 1), end);
    if (with_tails) {
      const auto found = ledger::FindKeys(c, *TheCatalog(), dealer, std::span(&key, 1), end, tails_.get());
      const auto seq = [&](const auto& in) { return in.contains(key) ? in.at(key).seq : 0; };
      if (seq(found) != seq(truth)) {
        return Error("wrong").With("found", seq(found)).With("truth", seq(truth)).With("keyed", end.keyed);
      }
    }
    if (truth.contains(key)) {
      const int64_t seq = truth.at(key).seq;
      return ledger::Reverse(c, dealer, std::span(&seq, 1), "not so", {"test", {2}, {}});
    }
    ledger::NewEntry entry;
    entry.event = TheCatalog()->FindEvent("traffic");
    entry.day = Day{20'000};
    entry.at = Noon(entry.day);
    entry.lead = std::to_string(number);
    entry.key = key;
    ledger::Append(c, *TheCatalog(), dealer, std::span(&entry, 1), {"test", {1}, {}}, {keys});
    return {};
  }

  db::TestDatabase store_{db::Kind::kSqlite};
  app::System held_{store_.Another(), TheCatalog()};
  app::System other_{store_.Another(), TheCatalog()};  // as another process, which remembers nothing
  const std::shared_ptr<ledger::KeyTails> tails_ = std::make_shared<ledger::KeyTails>();
  std::vector<DealerId> dealers_;
};

TEST_F(KeyTailsTest, AreFoundAsIfTheyWereInOrder) {
  Random random(5);
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
      const Planned plan{random.Of(dealers_), random.Below(kKeys), random.Below(12) == 0};
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
    const int what = random.Below(12);
    if (what > 3) continue;
    const DealerId dealer = random.Of(dealers_);
    const int number = random.Below(kKeys);
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

TEST_F(KeyTailsTest, AreDueAfterSomeThousandOneDealerAfterTheOther) {
  EXPECT_FALSE(tails_->AreDue(dealers_[0], {200, 0}));
  EXPECT_FALSE(tails_->AreDue(dealers_[0], {5'000, 4'990}));
  EXPECT_TRUE(tails_->AreDue(dealers_[0], {5'000, 0}));
  EXPECT_TRUE(tails_->AreDue(dealers_[1], {9'000, 0})) << "they have become too many";
  while (!tails_->AreDue(dealers_[1], {5'000, 0})) std::this_thread::yield();
}

}  // namespace
}  // namespace dealpace::test
