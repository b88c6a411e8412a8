#include "leads/reindexing.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include "access/testing.h"
#include "catalog/embedded.h"
#include "db/testing.h"
#include "org/org.h"

namespace dealpace::leads {
namespace {

using access::Code;

const Instant kNow{int64_t{ParseDay("2026-11-25")->value} * 86'400'000 + 3 * 3'600'000};
constexpr int64_t kFirstPhone = 13'800'000'000;

class ReindexerTest : public testing::TestWithParam<db::Kind> {
 protected:
  ReindexerTest()
      : database_(GetParam()),
        vault_(Open(*database_)),
        catalog_(catalog::Load(catalog::EmbeddedFiles()).catalog),
        store_(*database_, *vault_, catalog_),
        reindexer_(store_, [this](db::Connection&, const db::Deed& deed) -> Status {
          acts_ += deed.act + " " + deed.object + ";";
          return {};
        }) {
    const auto made = database_->Write<void>([&](db::Connection& c) -> Status {
      dealer_ = *org::AddDealer(c, "D1", "一店");
      ana_ = *org::AddStaff(c, dealer_, "ana", "Ana");
      return {};
    });
    EXPECT_EQ(Code(made), "");
  }

  // As another server has it.
  std::unique_ptr<access::Vault> Open(db::Database& database) {
    if (!std::filesystem::exists(folder_.path() / "keys")) (void)access::KeyFile::Make(folder_.path() / "keys");
    return *access::Vault::Open(database, *access::KeyFile::Read(folder_.path() / "keys"));
  }
  Asker Boss() const { return {dealer_, Visible::All(), "boss", {}}; }
  static std::string Phone(int number) { return std::to_string(kFirstPhone + number); }
  CustomerId Add(int number) { return Add(store_, number); }
  CustomerId Add(Store& store, int number) {
    NewCustomer input;
    input.record = {{"name", "王小明"}, {"phone", Phone(number)}, {"plate", "沪A" + std::to_string(10'000 + number)}};
    input.owner = ana_;
    const auto added = store.Add(Boss(), input, kNow);
    EXPECT_EQ(Code(added), "");
    return added.ok() ? added->customer : CustomerId();
  }
  void Change(Store& store, CustomerId id, const std::string& phone) {
    const auto customer = store.Get(Boss(), id, Reveal::kMasked, kNow);
    ASSERT_EQ(Code(customer), "");
    EXPECT_EQ(Code(store.Change(Boss(), id, customer->version, {{"phone", phone}}, kNow)), "");
  }
  // Those that are found by a phone, a plate or four digits; each once.
  std::set<CustomerId> Find(Store& store, const std::string& typed) {
    std::set<CustomerId> ids;
    const auto found = store.Search(Boss(), typed, 50, Reveal::kMasked, kNow);
    EXPECT_EQ(Code(found), "");
    if (found.ok()) {
      for (const Found& one : *found) EXPECT_TRUE(ids.insert(one.id).second) << "twice";
    }
    return ids;
  }
  std::string Duplicate(Store& store, const std::string& phone) {
    NewCustomer input;
    input.record = {{"name", "别人"}, {"phone", phone}};
    input.owner = ana_;
    return Code(store.Add(Boss(), input, kNow));
  }
  Reindexer::Outcome Run(const access::Resealer::Hooks& hooks = {}) {
    const auto outcome = reindexer_.Run(hooks);
    EXPECT_EQ(Code(outcome), "");
    return outcome.ok() ? *outcome : Reindexer::Outcome();
  }
  IndexState State() {
    return *database_->Read<IndexState>([](db::Connection& c) -> Result<IndexState> { return ReadIndexState(c); });
  }
  int64_t Count(const std::string& sql) {
    return *database_->Read<int64_t>([&](db::Connection& c) -> Result<int64_t> {
      db::Rows rows = c.Query(sql);
      rows.Next();
      return rows.Int(0);
    });
  }
  // All of them are found by all that they are found by, and known as duplicates.
  void ExpectComplete(Store& store, const std::vector<CustomerId>& customers, const std::string& when) {
    for (size_t i = 0; i < customers.size(); ++i) {
      const auto number = static_cast<int>(i);
      const std::set<CustomerId> only = {customers[i]};
      EXPECT_EQ(Find(store, Phone(number)), only) << when << " " << i;
      EXPECT_EQ(Find(store, "沪A" + std::to_string(10'000 + number)), only) << when << " " << i;
      EXPECT_TRUE(Find(store, Phone(number).substr(7)).contains(customers[i])) << when << " " << i;
      EXPECT_EQ(Duplicate(store, Phone(number)), "customer_exists") << when << " " << i;
    }
  }

  std::string acts_;
  access::TestFolder folder_;
  db::TestDatabase database_;
  std::unique_ptr<access::Vault> vault_;
  std::shared_ptr<const catalog::Catalog> catalog_;
  Store store_;
  Reindexer reindexer_;
  DealerId dealer_;
  StaffId ana_;
};

TEST_P(ReindexerTest, SearchesAndDuplicatesAreCompleteBeforeDuringAndAfter) {
  std::vector<CustomerId> customers;
  for (int i = 0; i < 6; ++i) customers.push_back(Add(i));
  const int64_t tokens = Count("SELECT COUNT(*) FROM customer_token");
  EXPECT_FALSE(*reindexer_.Due());
  ExpectComplete(store_, customers, "before");

  const db::Witness witness(
      [this](db::Connection&, const db::Deed& deed) -> Status {
        acts_ += deed.act + " " + deed.object + ";";
        return {};
      },
      AccountId());
  ASSERT_EQ(*vault_->RotateIndex(kNow, witness), 1);
  EXPECT_EQ(Code(vault_->RotateIndex(kNow)), "index_rotation_running");
  EXPECT_TRUE(*reindexer_.Due());
  // A server that has not looked since: it finds and stores under both keys all the same.
  const auto other_vault = Open(*database_);
  Store other(*database_, *other_vault, catalog_);
  customers.push_back(Add(other, 6));
  ExpectComplete(store_, customers, "under two keys");
  ExpectComplete(other, customers, "of another server");
  EXPECT_EQ(State().left, 6) << "the seventh is found by both";

  const Reindexer::Outcome outcome = Run();
  EXPECT_EQ(outcome.customers, 6);
  EXPECT_EQ(outcome.dropped, 1);
  EXPECT_TRUE(outcome.whole);
  EXPECT_FALSE(*reindexer_.Due());
  const IndexState state = State();
  ASSERT_EQ(state.keys.size(), 1U);
  EXPECT_EQ(state.keys[0].number, 1);
  EXPECT_EQ(state.keys[0].customers, 7);
  EXPECT_EQ(state.left, 0);
  EXPECT_FALSE(state.sweeping);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM customer_token WHERE key_number = 0"), 0) << "nothing of the old key is left";
  EXPECT_EQ(Count("SELECT COUNT(*) FROM customer_token"), tokens / 6 * 7);
  ExpectComplete(store_, customers, "after");
  ExpectComplete(other, customers, "after, of another server");
  EXPECT_EQ(acts_, "index_key.rotate index_key:1;index_key.drop index_key:0;");

  // And once more: the key of the file is one like the others.
  ASSERT_EQ(*vault_->RotateIndex(kNow), 2);
  EXPECT_EQ(Run().customers, 7);
  ExpectComplete(store_, customers, "after the second");
  EXPECT_EQ(Code(vault_->WrapAnew()), "");
}

TEST_P(ReindexerTest, WhatIsStoppedGoesOnAndTheOldKeyStaysUntilAllIsDone) {
  constexpr int kMany = 450;
  std::vector<CustomerId> customers;
  for (int i = 0; i < kMany; ++i) customers.push_back(Add(i));
  ASSERT_EQ(*vault_->RotateIndex(kNow), 1);
  int steps = 0;
  access::Resealer::Hooks once;
  once.go_on = [&] { return steps++ < 1; };
  const Reindexer::Outcome first = Run(once);
  EXPECT_FALSE(first.whole);
  EXPECT_EQ(first.customers, 200);
  EXPECT_EQ(first.dropped, 0);
  EXPECT_EQ(State().left, kMany - 200);
  EXPECT_EQ(Find(store_, Phone(0)), std::set{customers.front()});
  EXPECT_EQ(Find(store_, Phone(kMany - 1)), std::set{customers.back()});
  // A step that is taken back as a whole: of whom it was, it is as if it had not been.
  access::Resealer::Hooks lost;
  lost.guard = [](db::Connection&) -> Status { return Error("lease_lost"); };
  EXPECT_EQ(Code(reindexer_.Run(lost)), "lease_lost");
  EXPECT_EQ(State().left, kMany - 200);
  // Stopped once more while what is left of the old key is swept up.
  access::Resealer::Hooks later;
  int64_t made = 0;
  later.rest = [&](std::chrono::milliseconds, int64_t customers_made) { made += customers_made; };
  later.go_on = [&] { return made < kMany - 200; };
  const Reindexer::Outcome second = Run(later);
  EXPECT_FALSE(second.whole);
  EXPECT_EQ(second.dropped, 1);
  EXPECT_TRUE(State().sweeping);
  EXPECT_TRUE(*reindexer_.Due());
  EXPECT_GT(Count("SELECT COUNT(*) FROM customer_token WHERE key_number = 0"), 0);
  EXPECT_EQ(Find(store_, Phone(7)), std::set{customers[7]});
  EXPECT_TRUE(Run().whole);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM customer_token WHERE key_number = 0"), 0);
  EXPECT_FALSE(*reindexer_.Due());
  EXPECT_EQ(Find(store_, Phone(kMany - 1)), std::set{customers.back()});
}

TEST_P(ReindexerTest, WhoIsChangedOrErasedMeanwhileIsFoundByWhatHeIsNow) {
  const CustomerId changed = Add(0);
  const CustomerId erased = Add(1);
  const CustomerId merged = Add(2);
  ASSERT_EQ(*vault_->RotateIndex(kNow), 1);
  Change(store_, changed, Phone(100));
  const auto gone = database_->Write<void>(
      [&](db::Connection& c) -> Status { return store_.Anonymise(c, dealer_, {erased}, "request", kNow); });
  ASSERT_EQ(Code(gone), "");
  EXPECT_TRUE(Find(store_, Phone(0)).empty());
  EXPECT_EQ(Find(store_, Phone(100)), std::set{changed});
  // Between two steps somebody changes him again.
  bool first = true;
  access::Resealer::Hooks hooks;
  hooks.rest = [&](std::chrono::milliseconds, int64_t) {
    if (std::exchange(first, false)) Change(store_, changed, Phone(200));
  };
  (void)Run(hooks);
  while (*reindexer_.Due()) (void)Run();
  EXPECT_TRUE(Find(store_, Phone(0)).empty());
  EXPECT_TRUE(Find(store_, Phone(100)).empty());
  EXPECT_EQ(Find(store_, Phone(200)), std::set{changed});
  EXPECT_TRUE(Find(store_, Phone(1)).empty());
  EXPECT_EQ(Count("SELECT COUNT(*) FROM customer_token WHERE customer_id = " + std::to_string(erased.value)), 0);
  EXPECT_EQ(Find(store_, Phone(2)), std::set{merged});
}

TEST_P(ReindexerTest, PeopleWorkBesideItAndLoseNothing) {
  constexpr int kMany = 300;
  std::vector<CustomerId> customers;
  for (int i = 0; i < kMany; ++i) customers.push_back(Add(i));
  std::atomic<bool> done = false;
  std::atomic<int> missed = 0;
  const auto other_vault = Open(*database_);
  Store other(*database_, *other_vault, catalog_);
  // One looks for people all the time, another changes and adds them.
  std::thread looks([&] {
    for (int i = 0; !done; i = (i + 7) % kMany) {
      const auto found = other.Search(Boss(), "沪A" + std::to_string(10'000 + i), 5, Reveal::kMasked, kNow);
      if (!found.ok() || found->size() != 1 || found->front().id != customers[static_cast<size_t>(i)]) ++missed;
    }
  });
  std::vector<CustomerId> added;
  std::thread works([&] {
    for (int i = 0; i < 60; ++i) {
      Change(other, customers[static_cast<size_t>(i * 5)], Phone(1000 + i * 5));
      added.push_back(Add(other, 2000 + i));
    }
  });
  EXPECT_EQ(Code(vault_->RotateIndex(kNow)), "");
  while (*reindexer_.Due()) (void)Run();
  works.join();
  while (*reindexer_.Due()) (void)Run();
  done = true;
  looks.join();
  EXPECT_EQ(missed, 0);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM customer_token WHERE key_number = 0"), 0);
  EXPECT_EQ(State().left, 0);
  for (int i = 0; i < kMany; ++i) {
    const bool moved = i % 5 == 0 && i / 5 < 60;
    EXPECT_EQ(Find(store_, Phone(moved ? 1000 + i : i)), std::set{customers[static_cast<size_t>(i)]}) << i;
    if (moved) {
      EXPECT_TRUE(Find(store_, Phone(i)).empty()) << i;
    }
  }
  for (size_t i = 0; i < added.size(); ++i) {
    EXPECT_EQ(Find(store_, Phone(2000 + static_cast<int>(i))), std::set{added[i]}) << i;
  }
}

TEST_P(ReindexerTest, ARecordThatDoesNotOpenKeepsTheOldKey) {
  const CustomerId one = Add(0);
  const CustomerId damaged = Add(1);
  ASSERT_EQ(*vault_->RotateIndex(kNow), 1);
  const auto copied = database_->Write<void>([&](db::Connection& c) -> Status {
    c.Execute(
        "UPDATE customer SET personal = (SELECT o.personal FROM customer o WHERE o.dealer_id = ?1 AND o.customer_id = "
        "?2) WHERE dealer_id = ?1 AND customer_id = ?3",
        dealer_, one, damaged);
    return {};
  });
  ASSERT_EQ(Code(copied), "");
  const Reindexer::Outcome outcome = Run();
  EXPECT_EQ(outcome.damaged, 1);
  EXPECT_EQ(outcome.dropped, 0);
  EXPECT_EQ(State().keys.size(), 2U);
  EXPECT_EQ(State().left, 1);
}

INSTANTIATE_TEST_SUITE_P(On, ReindexerTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::leads
