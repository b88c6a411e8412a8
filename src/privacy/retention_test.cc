#include "privacy/retention.h"

#include <fstream>
#include <sstream>

#include "db/migrate.h"
#include "privacy/testing.h"

namespace dealpace::privacy {
namespace {

using leads::LeadStatus;

const std::vector<Retention>& Rules() { return Policy::Get().retentions(); }

std::string RuleOf(const Past& past) {
  const auto due = DueOf(past, Rules());
  return due ? due->rule->id + " " + FormatDay(due->day) : "";
}

TEST(M35, WhatIsKeptForHowLong) {
  const Day day = *ParseDay("2024-01-31");
  Past past;
  past.changed = day;
  EXPECT_EQ(RuleOf(past), "unsuccessful 2025-02-01") << "no lead at all";
  past = {.leads = 2, .lost = 2, .lead = day, .changed = day + 50};
  EXPECT_EQ(RuleOf(past), "lost 2026-02-01") << "from the loss on";
  past.lost = 1;  // the other one is suspended
  EXPECT_EQ(RuleOf(past), "unsuccessful 2025-03-22");
  past.open = 1;
  EXPECT_EQ(RuleOf(past), "") << "something is open";
  past = {.leads = 2, .lost = 1, .sold = 1, .sale = day, .lead = day + 9, .changed = day + 9};
  EXPECT_EQ(RuleOf(past), "sold 2034-02-01");
  EXPECT_FALSE(DueOf({}, {}).has_value()) << "without a rule nothing goes";
}

class RetentionTest : public PrivacyTest {
 protected:
  RetentionTest()
      : keeper_(*database_, store_, [this](db::Connection&, const db::Deed& deed) -> Status {
          deeds_.push_back(deed.act + " " + deed.object);
          return {};
        }) {}

  // Entered three years ago.
  leads::Added Old(const std::string& name, const std::string& phone, bool lead = true) {
    return Add(ana_, name, phone, lead, Instant{kNow.ms - 1095 * kDayMs});
  }
  void Lose(const std::string& lead, Instant at) {
    EXPECT_EQ(Code(Move(lead, {LeadStatus::kLost, "", "price"}, at)), "");
  }
  int64_t Run(Instant now = kNow) {
    const auto run = keeper_.RunAll(now);
    EXPECT_EQ(Code(run), "");
    return run.ok() ? run->customers : -1;
  }
  bool Gone(CustomerId id) { return customers_.Get(All(), id, leads::Reveal::kWhole, kNow)->anonymised_at.has_value(); }

  Keeper keeper_;
};

TEST_P(RetentionTest, WhatIsDueGoesAndWhatIsOpenOrKeptStays) {
  const leads::Added lost = Old("张三", "13800000001");
  const leads::Added fresh = Old("李四", "13800000002");
  const leads::Added open = Old("王五", "13800000003");
  const leads::Added none = Old("赵六", "13800000004", false);
  const leads::Added kept = Old("钱七", "13800000005", false);
  Lose(lost.lead, Instant{kNow.ms - 900 * kDayMs});
  Lose(fresh.lead, Instant{kNow.ms - 100 * kDayMs});
  EXPECT_EQ(Code(store_.SetHold(All(), Witness(), kept.customer, 0, "dispute", kNow)), "");

  const auto list = keeper_.List(All(), kToday + 800, 10, kNow);
  ASSERT_EQ(Code(list), "");
  EXPECT_EQ(list->rules.at("lost").due, 1);
  EXPECT_EQ(list->rules.at("lost").soon, 1);
  EXPECT_EQ(list->rules.at("unsuccessful").due, 1);
  EXPECT_EQ(list->rules.at("unsuccessful").kept, 1);
  EXPECT_EQ(list->rules.at("sold").due, 0);
  ASSERT_EQ(list->customers.size(), 4U);
  EXPECT_EQ(list->customers.back().customer, fresh.customer) << "the first to go first";
  EXPECT_EQ(list->customers.back().name, "李**");
  EXPECT_EQ(keeper_.List(As(ben_), kToday + 800, 10, kNow)->customers.size(), 0U) << "out of his sight";
  EXPECT_TRUE(keeper_.List(All(), kToday + 800, 2, kNow)->more);
  EXPECT_FALSE((*keeper_.DueFor(All(), open.customer, kNow)).has_value());
  EXPECT_EQ((*keeper_.DueFor(All(), fresh.customer, kNow))->rule, "lost");

  deeds_.clear();
  EXPECT_EQ(Run(), 2);
  EXPECT_TRUE(Gone(lost.customer));
  EXPECT_TRUE(Gone(none.customer));
  EXPECT_FALSE(Gone(fresh.customer));
  EXPECT_FALSE(Gone(open.customer));
  EXPECT_FALSE(Gone(kept.customer));
  ASSERT_EQ(deeds_.size(), 2U);
  EXPECT_TRUE(deeds_[0].starts_with("data.anonymise customer:"));
  EXPECT_EQ(Run(), 0) << "again changes nothing";

  EXPECT_EQ(Code(store_.LiftHold(All(), Witness(), kept.customer, 1, kNow)), "");
  EXPECT_EQ(Run(), 1);
  EXPECT_TRUE(Gone(kept.customer));
}

TEST_P(RetentionTest, AnAnonymisedCustomerIsNeitherFoundNorChanged) {
  const leads::Added old = Old("张三", "13800000001");
  const CustomerId other = Added(ana_, "李四", "13800000002");
  Lose(old.lead, Instant{kNow.ms - 900 * kDayMs});
  ASSERT_EQ(Run(), 1);
  const auto customer = customers_.Get(All(), old.customer, leads::Reveal::kWhole, kNow);
  EXPECT_TRUE(customer->record.empty());
  EXPECT_EQ(customer->anonymised_why, "lost");
  ASSERT_EQ(customer->leads.size(), 1U);
  EXPECT_EQ(customer->leads[0].lost_reason, "price") << "what is counted by stays";
  for (const char* typed : {"张三", "zhangsan", "13800000001", "0001"}) {
    EXPECT_TRUE(customers_.Search(All(), typed, 20, leads::Reveal::kWhole, kNow)->empty()) << typed;
  }
  EXPECT_EQ(customers_.List(All(), {}, leads::CustomerSort::kCreated, "", 50, leads::Reveal::kWhole, kNow)->count, 1);
  EXPECT_EQ(Count("SELECT count(*) FROM customer_token WHERE customer_id = " + std::to_string(old.customer.value)), 0);
  const int64_t version = customer->version;
  EXPECT_EQ(Code(customers_.Change(All(), old.customer, version, {{"family", "x"}}, kNow)), "customer_anonymised");
  EXPECT_EQ(Code(customers_.AddLead(All(), old.customer, ana_, {}, kNow)), "customer_anonymised");
  EXPECT_EQ(Code(customers_.ChangeLead(All(), old.lead, 3, {}, kNow)), "customer_anonymised");
  EXPECT_EQ(Code(Move(old.lead, {LeadStatus::kOpen, "", ""})), "customer_anonymised");
  EXPECT_EQ(Code(customers_.Merge(All(), other, 1, old.customer, kNow)), "customer_anonymised");
  EXPECT_EQ(Code(customers_.Merge(All(), old.customer, version, other, kNow)), "customer_anonymised");
  EXPECT_EQ(Code(store_.SetNoContact(All(), Witness(), old.customer, 1, {"all"}, "asked", kNow)),
            "customer_anonymised");
  // The same person may come back, as somebody new.
  EXPECT_EQ(Code(customers_.Add(
                All(),
                [&] {
                  leads::NewCustomer input;
                  input.record = {{"name", "张三"}, {"phone", "13800000001"}};
                  input.owner = ana_;
                  return input;
                }(),
                kNow)),
            "");
}

TEST_P(RetentionTest, MergedCustomersGoTogether) {
  const leads::Added kept = Old("张三", "13800000001");
  const leads::Added goes = Old("张先生", "13900000002", false);
  const int64_t version = customers_.Get(All(), kept.customer, leads::Reveal::kMasked, kNow)->version;
  const Instant long_ago{kNow.ms - 1000 * kDayMs};
  EXPECT_EQ(Code(customers_.Merge(All(), kept.customer, version, goes.customer, long_ago)), "");
  EXPECT_EQ(Run(), 0) << "the lead is open";
  Lose(kept.lead, Instant{kNow.ms - 900 * kDayMs});
  EXPECT_EQ(Run(), 1);
  EXPECT_EQ(Count("SELECT count(*) FROM customer WHERE anonymised_at IS NOT NULL"), 2);
  EXPECT_EQ(Count("SELECT count(*) FROM customer_token"), 0);
}

TEST_P(RetentionTest, EvidenceGoesAndWhatWasAgreedToStays) {
  const leads::Added old = Old("张三", "13800000001", false);
  ConsentInput input{"finance", 1, "paper", Instant{kNow.ms - 1000 * kDayMs}, "form 2026-114, 张三"};
  EXPECT_EQ(Code(store_.Give(All(), Witness(), old.customer, 0, input, kNow)), "");
  EXPECT_EQ(Run(), 1);
  EXPECT_EQ(Count("SELECT count(*) FROM consent"), 1);
  EXPECT_EQ(Count("SELECT count(*) FROM consent WHERE evidence IS NOT NULL"), 0);
}

TEST_P(RetentionTest, ARunThatWasStoppedGoesOnAndOnceADayIsEnough) {
  for (int i = 0; i < 120; ++i) Old("张三", "1380000" + std::to_string(1000 + i), false);
  int steps = 0;
  const auto first = keeper_.RunToday(kToday, kNow, {}, [&] { return ++steps < 2; });
  ASSERT_EQ(Code(first), "");
  EXPECT_FALSE(first->whole);
  EXPECT_EQ(first->customers, 50);
  EXPECT_FALSE((*keeper_.Last())->finished_at.has_value());
  const auto second = keeper_.RunToday(kToday, kNow, {}, [] { return true; });
  EXPECT_EQ(second->customers, 70);
  EXPECT_TRUE((*keeper_.Last())->finished_at.has_value());
  EXPECT_EQ((*keeper_.Last())->customers, 120);
  Old("张三", "13800009999", false);
  EXPECT_EQ(keeper_.RunToday(kToday, kNow, {}, {})->customers, 0) << "today it has been";
  EXPECT_EQ(keeper_.RunToday(kToday + 1, Instant{kNow.ms + kDayMs}, {}, {})->customers, 1);
  // Whoever is no longer allowed to does nothing.
  Old("张三", "13800009998", false);
  const auto lost = keeper_.RunAll(kNow, [](db::Connection&) -> Status { return Error("lease_lost"); });
  EXPECT_EQ(Code(lost), "lease_lost");
  EXPECT_EQ(Count("SELECT count(*) FROM customer WHERE anonymised_at IS NULL"), 1);
}

// What was there leaves no remains in the file, once the log has gone into it.
TEST(RetentionFile, WhatWasSealedIsOverwritten) {
  access::TestFolder folder;
  const std::string path = (folder.path() / "store.db").string();
  ASSERT_TRUE(access::KeyFile::Make(folder.path() / "keys").ok());
  // Opens the store, does something, and closes it.
  const auto with = [&](const auto& work) {
    auto database = *db::Database::Open(path);
    ASSERT_TRUE(db::Migrate(*database).ok());
    auto vault = *access::Vault::Open(*database, *access::KeyFile::Read(folder.path() / "keys"));
    leads::Store customers(*database, *vault, catalog::Load(catalog::EmbeddedFiles()).catalog);
    Store store(*database, *vault, customers);
    work(*database, store);
  };
  const auto in_file = [&](const std::string& bytes) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream all;
    all << in.rdbuf();
    return all.str().find(bytes) != std::string::npos;
  };
  std::string sealed;
  with([&](db::Database& database, Store& store) {
    DealerId dealer;
    StaffId ana;
    ASSERT_EQ(Code(database.Write<void>([&](db::Connection& c) -> Status {
                dealer = *org::AddDealer(c, "D1", "");
                ana = *org::AddStaff(c, dealer, "ana", "");
                return {};
              })),
              "");
    leads::NewCustomer input;
    input.record = {{"name", "张三"}, {"phone", "13800000001"}, {"address", std::string(100, 'x')}};
    input.owner = ana;
    ASSERT_EQ(
        Code(store.customers().Add({dealer, leads::Visible::All(), "boss"}, input, Instant{kNow.ms - 1095 * kDayMs})),
        "");
    const auto stored = database.Read<std::string>([](db::Connection& c) -> Result<std::string> {
      db::Rows rows = c.Query("SELECT personal FROM customer");
      rows.Next();
      return std::string(rows.Bytes(0));
    });
    sealed = stored->substr(8, 32);
  });
  ASSERT_TRUE(in_file(sealed));
  with(
      [&](db::Database& database, Store& store) { EXPECT_EQ(Keeper(database, store, {}).RunAll(kNow)->customers, 1); });
  EXPECT_FALSE(in_file(sealed));
}

INSTANTIATE_TEST_SUITE_P(On, RetentionTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::privacy
