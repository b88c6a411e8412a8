#include "leads/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "access/resealing.h"
#include "access/testing.h"
#include "base/text.h"
#include "catalog/embedded.h"
#include "db/testing.h"
#include "org/org.h"

namespace dealpace::leads {
namespace {

using access::Code;

const Day kToday = *ParseDay("2026-11-25");
const Instant kNow{int64_t{kToday.value} * 86'400'000 + 3 * 3'600'000};

class StoreTest : public testing::TestWithParam<db::Kind> {
 protected:
  StoreTest()
      : database_(GetParam()),
        vault_(*access::Vault::Open(*database_, *access::KeyFile::Make(folder_.path() / "keys"))),
        store_(*database_, *vault_, catalog::Load(catalog::EmbeddedFiles()).catalog) {
    const auto made = database_->Write<void>([&](db::Connection& c) -> Status {
      dealer_ = *org::AddDealer(c, "D1", "一店");
      other_ = *org::AddDealer(c, "D2", "二店");
      team_ = *org::AddTeam(c, dealer_, "T1", "一组");
      ana_ = *org::AddStaff(c, dealer_, "ana", "Ana");
      ben_ = *org::AddStaff(c, dealer_, "ben", "Ben");
      cai_ = *org::AddStaff(c, other_, "cai", "Cai");
      org::MoveStaff(c, dealer_, ana_, kToday - 10, team_);
      return {};
    });
    EXPECT_EQ(Code(made), "");
  }

  Asker All() const { return {dealer_, Visible::All(), "boss"}; }
  Asker As(StaffId staff) const { return {dealer_, {false, {staff}, {}}, "somebody"}; }

  static NewCustomer Input(StaffId owner, const std::string& name, const std::string& phone) {
    NewCustomer input;
    input.record = {{"name", name}, {"phone", phone}};
    input.owner = owner;
    return input;
  }
  CustomerId Added(StaffId owner, const std::string& name, const std::string& phone) {
    const auto added = store_.Add(All(), Input(owner, name, phone), kNow);
    EXPECT_EQ(Code(added), "");
    return added.ok() ? added->customer : CustomerId();
  }
  // With a lead; returns both.
  leads::Added AddedLead(StaffId owner, const std::string& name, const std::string& phone, const LeadInput& lead = {}) {
    NewCustomer input = Input(owner, name, phone);
    input.lead = lead;
    const auto added = store_.Add(All(), input, kNow);
    EXPECT_EQ(Code(added), "");
    return added.ok() ? *added : leads::Added();
  }
  Status Move(const Asker& asker, const std::string& lead, const LeadMove& move, Instant now = kNow) {
    return database_->Write<void>([&](db::Connection& c) { return store_.MoveLead(c, asker, lead, move, now); });
  }
  // Names found, masked, as "张** 李**".
  std::string Names(const Asker& asker, const std::string& typed) {
    const auto found = store_.Search(asker, typed, 20, Reveal::kMasked, kNow);
    EXPECT_EQ(Code(found), "");
    std::string names;
    for (const Found& one : *found) names += (names.empty() ? "" : " ") + one.record.at("name");
    return names;
  }
  int64_t Version(CustomerId id) { return store_.Get(All(), id, Reveal::kMasked, kNow)->version; }
  // The rows of a query, cells joined by '|', rows by '\n'.
  std::string Dump(const std::string& sql, int columns) {
    return *database_->Read<std::string>([&](db::Connection& c) -> Result<std::string> {
      std::string all;
      db::Rows rows = c.Query(sql);
      while (rows.Next()) {
        for (int i = 0; i < columns; ++i) all += (rows.IsNull(i) ? "-" : std::string(rows.Text(i))) + "|";
        all += "\n";
      }
      return all;
    });
  }
  // Everything that belongs to customers, but for versions and who changed them when.
  std::string State() {
    return Dump(
               "SELECT CAST(customer_id AS TEXT), CAST(owner_id AS TEXT), CAST(merged_into AS TEXT) FROM customer "
               "ORDER BY customer_id",
               3) +
           Dump(
               "SELECT lead, CAST(customer_id AS TEXT), CAST(referrer_id AS TEXT), status, stage FROM lead ORDER BY "
               "lead",
               5) +
           Dump("SELECT CAST(token AS TEXT), CAST(customer_id AS TEXT) FROM customer_token ORDER BY token, customer_id",
                2);
  }

  access::TestFolder folder_;
  db::TestDatabase database_;
  std::unique_ptr<access::Vault> vault_;
  Store store_;
  DealerId dealer_;
  DealerId other_;
  TeamId team_;
  StaffId ana_;
  StaffId ben_;
  StaffId cai_;
};

TEST_P(StoreTest, ACustomerIsGivenBackMaskedUnlessRevealed) {
  NewCustomer input = Input(ana_, "张三丰", "138 1234 5678");
  input.record.insert({{"plate", "沪A12312"}, {"address", "南京路1号"}, {"interests", "太极"}});
  const auto added = store_.Add(As(ana_), input, kNow);
  ASSERT_EQ(Code(added), "");
  const auto masked = store_.Get(As(ana_), added->customer, Reveal::kMasked, kNow);
  ASSERT_EQ(Code(masked), "");
  EXPECT_EQ(masked->record.at("name"), "张**");
  EXPECT_EQ(masked->record.at("phone"), "138****5678");
  EXPECT_EQ(masked->record.at("interests"), "太极");
  EXPECT_EQ(masked->status, CustomerStatus::kPotential);
  EXPECT_EQ(masked->lifecycle, Lifecycle::kPotential);
  EXPECT_EQ(masked->groups[0].filled, 3);
  EXPECT_EQ(masked->created_by, "somebody");
  EXPECT_FALSE(masked->refresh_due);
  EXPECT_TRUE(
      store_.Get(As(ana_), added->customer, Reveal::kMasked, {kNow.ms + 40 * int64_t{86'400'000}})->refresh_due);
  const auto whole = store_.Get(As(ana_), added->customer, Reveal::kWhole, kNow);
  EXPECT_EQ(whole->record.at("name"), "张三丰");
  EXPECT_EQ(whole->record.at("address"), "南京路1号");
}

TEST_P(StoreTest, BR_4_WithoutNameAndTelephoneNobodyIsCaptured) {
  EXPECT_EQ(Code(store_.Add(All(), Input(ana_, "", "13812345678"), kNow)), "capture_incomplete");
  EXPECT_EQ(Code(store_.Add(All(), Input(ana_, "张三", ""), kNow)), "capture_incomplete");
  const CustomerId id = Added(ana_, "张三", "13812345678");
  EXPECT_EQ(Code(store_.Change(All(), id, 1, {{"phone", ""}}, kNow)), "capture_incomplete");
  EXPECT_EQ(Version(id), 1);
}

TEST_P(StoreTest, TheDatabaseFileGivesNobodyAway) {
  LeadInput lead;
  lead.need = "接送孩子的旧车空间太小";
  lead.remark = "remark for nobody else";
  NewCustomer input = Input(ana_, "诸葛亮", "13987654321");
  input.record.insert(
      {{"plate", "京Q88X66"}, {"vin", "LSVAA4187E2184840"}, {"address", "Longzhong 7"}, {"occupation", "strategist"}});
  input.lead = lead;
  ASSERT_EQ(Code(store_.Add(All(), input, kNow)), "");
  const std::vector<std::string> secrets = {"诸葛",      "葛亮",       "zhuge",    "13987654321",
                                            "987654321", "京Q88X66",   "Q88X66",   "LSVAA4187",
                                            "Longzhong", "strategist", "接送孩子", "nobody else"};
  std::string bytes;
  if (GetParam() == db::Kind::kSqlite) {
    for (const char* end : {"", "-wal"}) {
      std::ifstream file(database_.url() + end, std::ios::binary);
      std::stringstream all;
      all << file.rdbuf();
      bytes += all.str();
    }
    ASSERT_NE(bytes.find("customer_token"), std::string::npos) << "the file was not read";
  } else {
    bytes = Dump("SELECT encode(personal, 'escape'), created_by, changed_by, kind FROM customer", 4) +
            Dump("SELECT encode(words, 'escape'), lead, stage, source, model FROM lead", 5) +
            Dump("SELECT lead, recorded_by, note FROM ledger_entry", 3);
  }
  for (const std::string& secret : secrets) EXPECT_EQ(bytes.find(secret), std::string::npos) << secret;
  EXPECT_EQ(Names(All(), "诸葛亮"), "诸**");
}

TEST_P(StoreTest, IsFoundAsOneTypes) {
  NewCustomer input = Input(ana_, "王小明", "13812345678");
  input.record.insert({{"phone2", "021-55512345"}, {"plate", "沪A12312"}, {"vin", "LSVAA4187E2184840"}});
  ASSERT_EQ(Code(store_.Add(All(), input, kNow)), "");
  Added(ben_, "王小红", "13900005678");
  for (const char* typed : {"小明", "王小明", "xiaoming", "wangxiaoming", "wxm", "13812345678", "+86 138-1234-5678",
                            "2345", "02155512345", "沪A12312", "a12312", "LSVAA4187E2184840", "184840"}) {
    EXPECT_EQ(Names(All(), typed), "王**") << typed;
  }
  for (const char* typed : {"王小", "wang", "wx", "5678"}) EXPECT_EQ(Names(All(), typed), "王** 王**") << typed;
  for (const char* typed :
       {"", " ", "王", "李四", "1381234567", "8888", "沪B12312", "wangxiaogang", "%", "'", "\xff"}) {
    EXPECT_EQ(Names(All(), typed), "") << typed;
  }
  // Only among what one may see.
  EXPECT_EQ(Names(As(ben_), "王小"), "王**");
  EXPECT_EQ(Names(As(ben_), "13812345678"), "");
  EXPECT_EQ(Names({other_, Visible::All(), "x"}, "王小"), "");
}

TEST_P(StoreTest, WhatChangesIsFoundByTheNewAndNoLongerByTheOld) {
  const CustomerId id = Added(ana_, "王小明", "13812345678");
  ASSERT_EQ(Code(store_.Change(All(), id, 1, {{"name", "李雷"}, {"phone", "13700001111"}, {"family", "two"}}, kNow)),
            "");
  EXPECT_EQ(Names(All(), "李雷"), "李**");
  EXPECT_EQ(Names(All(), "1111"), "李**");
  for (const char* typed : {"王小明", "wxm", "5678", "13812345678"}) EXPECT_EQ(Names(All(), typed), "") << typed;
  ASSERT_EQ(Code(store_.Change(All(), id, 2, {{"family", ""}}, kNow)), "");
  EXPECT_FALSE(store_.Get(All(), id, Reveal::kWhole, kNow)->record.contains("family"));
}

TEST_P(StoreTest, OfTwoEditorsTheSecondIsTold) {
  const CustomerId id = Added(ana_, "王小明", "13812345678");
  ASSERT_EQ(Code(store_.Change(As(ana_), id, 1, {{"family", "two"}}, kNow)), "");
  EXPECT_EQ(Code(store_.Change(As(ana_), id, 1, {{"family", "three"}}, kNow)), "edit_conflict");
  EXPECT_EQ(store_.Get(All(), id, Reveal::kMasked, kNow)->record.at("family"), "two");
  EXPECT_EQ(Code(store_.Change(As(ben_), id, 2, {{"family", "three"}}, kNow)), "not_found");
  EXPECT_EQ(Version(id), 2);
  // At once: one of them wins.
  std::array<std::string, 2> outcomes;
  std::vector<std::thread> editors;
  for (size_t i = 0; i < 2; ++i) {
    editors.emplace_back([&, i] { outcomes[i] = Code(store_.Change(All(), id, 2, {{"family", "four"}}, kNow)); });
  }
  for (std::thread& editor : editors) editor.join();
  std::sort(outcomes.begin(), outcomes.end());
  EXPECT_EQ(outcomes, (std::array<std::string, 2>{"", "edit_conflict"}));
}

TEST_P(StoreTest, DuplicatesAreNamedOnlyToWhoMaySeeThem) {
  NewCustomer input = Input(ana_, "王小明", "13812345678");
  input.record["plate"] = "沪A12312";
  const auto added = store_.Add(All(), input, kNow);
  ASSERT_EQ(Code(added), "");
  const Record asked = {{"phone", "+86 13812345678"}, {"plate", "沪a12312"}};
  const auto own = store_.FindDuplicates(As(ana_), Kind::kPerson, asked, kNow);
  ASSERT_EQ(own->seen.size(), 1U);
  EXPECT_EQ(own->seen[0].id, added->customer);
  EXPECT_EQ(own->seen[0].record.at("phone"), "138****5678");
  EXPECT_EQ(own->seen[0].matched, "phone");
  EXPECT_FALSE(own->with_colleague);
  const auto colleague = store_.FindDuplicates(As(ben_), Kind::kPerson, asked, kNow);
  EXPECT_TRUE(colleague->seen.empty());
  EXPECT_TRUE(colleague->with_colleague);
  const auto elsewhere = store_.FindDuplicates({other_, Visible::All(), "x"}, Kind::kPerson, asked, kNow);
  EXPECT_TRUE(elsewhere->seen.empty());
  EXPECT_FALSE(elsewhere->with_colleague);

  EXPECT_EQ(Code(store_.Add(As(ana_), Input(ana_, "王明", "13812345678"), kNow)), "customer_exists");
  const auto hidden = store_.Add(As(ben_), Input(ben_, "王明", "13812345678"), kNow);
  ASSERT_EQ(Code(hidden), "customer_with_colleague");
  EXPECT_TRUE(hidden.error().args.empty());
  NewCustomer despite = Input(ben_, "王明", "13812345678");
  despite.despite_duplicates = true;
  EXPECT_EQ(Code(store_.Add(As(ben_), despite, kNow)), "");
}

TEST_P(StoreTest, OfTwoWhoEnterACustomerAtOnceOneIsTold) {
  std::array<std::string, 2> outcomes;
  std::vector<std::thread> entering;
  for (size_t i = 0; i < 2; ++i) {
    entering.emplace_back([&, i] { outcomes[i] = Code(store_.Add(All(), Input(ana_, "王明", "13812345678"), kNow)); });
  }
  for (std::thread& one : entering) one.join();
  std::sort(outcomes.begin(), outcomes.end());
  EXPECT_EQ(outcomes, (std::array<std::string, 2>{"", "customer_exists"}));
}

TEST_P(StoreTest, WhatIsOutOfSightIsNotThere) {
  const auto added = AddedLead(ana_, "王小明", "13812345678");
  for (const Asker& asker : {As(ben_), Asker{dealer_, {}, "nobody"}, Asker{other_, Visible::All(), "x"},
                             Asker{DealerId(77), Visible::All(), "x"}}) {
    EXPECT_EQ(Code(store_.Get(asker, added.customer, Reveal::kWhole, kNow)), "not_found");
    EXPECT_EQ(Code(store_.GetLead(asker, added.lead, Reveal::kWhole, kNow)), "not_found");
    EXPECT_EQ(Code(store_.ChangeLead(asker, added.lead, 1, {}, kNow)), "not_found");
    EXPECT_EQ(Code(store_.AddLead(asker, added.customer, ben_, {}, kNow)), "not_found");
    EXPECT_EQ(Code(Move(asker, added.lead, {LeadStatus::kWon})), "not_found");
    if (asker.dealer != dealer_) continue;
    const auto page = store_.List(asker, {}, CustomerSort::kChanged, "", 10, Reveal::kMasked, kNow);
    EXPECT_EQ(page->count, 0);
    EXPECT_TRUE(page->customers.empty());
    EXPECT_EQ(store_.ListLeads(asker, {}, LeadSort::kChanged, "", 10, Reveal::kMasked, kNow)->count, 0);
    const auto board = store_.Board(asker, {}, kNow);
    for (const BoardColumn& column : *board) EXPECT_EQ(column.count, 0);
  }
  // The same for one who is not there at all.
  EXPECT_EQ(Code(store_.Get(As(ana_), CustomerId(7), Reveal::kWhole, kNow)), "not_found");
  // A team sees what its people of today own.
  EXPECT_EQ(Code(store_.Get({dealer_, {false, {}, {team_}}, "leader"}, added.customer, Reveal::kMasked, kNow)), "");
  EXPECT_EQ(Code(store_.Get({dealer_, {false, {}, {team_}}, "leader"}, added.customer, Reveal::kMasked,
                            {kNow.ms - 20 * int64_t{86'400'000}})),
            "not_found");
  // Nobody gives customers to whom he does not see, or to another dealer's people.
  EXPECT_EQ(Code(store_.Add(As(ana_), Input(ben_, "李", "13711112222"), kNow)), "owner_unknown");
  EXPECT_EQ(Code(store_.Add(All(), Input(cai_, "李", "13711112222"), kNow)), "owner_unknown");
}

TEST_P(StoreTest, ListsGoOnPageByPage) {
  std::vector<CustomerId> all;
  for (int i = 0; i < 7; ++i) {
    const StaffId owner = i % 2 == 0 ? ana_ : ben_;
    const auto added =
        store_.Add(All(), Input(owner, "王" + std::to_string(i), "1381234500" + std::to_string(i)), {kNow.ms + i / 2});
    all.push_back(added->customer);
  }
  std::reverse(all.begin(), all.end());
  for (const CustomerSort sort : {CustomerSort::kChanged, CustomerSort::kCreated}) {
    std::vector<CustomerId> seen;
    std::string cursor;
    do {
      const auto page = store_.List(All(), {}, sort, cursor, 3, Reveal::kMasked, kNow);
      ASSERT_EQ(Code(page), "");
      EXPECT_EQ(page->count.has_value(), cursor.empty());
      EXPECT_EQ(page->count.value_or(7), 7);
      for (const Found& found : page->customers) seen.push_back(found.id);
      cursor = page->next;
    } while (!cursor.empty());
    EXPECT_EQ(seen, all);
  }
  CustomerFilter filter;
  filter.owner = ben_;
  EXPECT_EQ(store_.List(All(), filter, CustomerSort::kChanged, "", 10, Reveal::kMasked, kNow)->count, 3);
  EXPECT_EQ(store_.List(As(ana_), filter, CustomerSort::kChanged, "", 10, Reveal::kMasked, kNow)->count, 0);
  EXPECT_EQ(store_.List(As(ana_), {}, CustomerSort::kChanged, "", 10, Reveal::kMasked, kNow)->count, 4);
  filter = {};
  filter.kind = Kind::kCompany;
  EXPECT_EQ(store_.List(All(), filter, CustomerSort::kChanged, "", 10, Reveal::kMasked, kNow)->count, 0);
  for (const char* bad : {"x", "1.", "1.x", ".1", "1"}) {
    EXPECT_EQ(Code(store_.List(All(), {}, CustomerSort::kChanged, bad, 3, Reveal::kMasked, kNow)), "bad_cursor") << bad;
  }
}

TEST_P(StoreTest, MergingIsTakenBackWithoutATrace) {
  const auto kept = AddedLead(ana_, "王小明", "13812345678");
  const auto other = AddedLead(ana_, "王晓明", "13900001111");
  const auto third = AddedLead(ana_, "王大明", "13900002222");
  LeadInput named;
  named.source = "老客户推荐";
  named.referrer = other.customer;
  const auto friend_of = AddedLead(ben_, "李雷", "13700003333", named);
  ASSERT_EQ(Code(store_.Merge(All(), other.customer, Version(other.customer), third.customer, kNow)), "");
  const std::string before = State();

  EXPECT_EQ(Code(store_.Merge(All(), kept.customer, Version(kept.customer), kept.customer, kNow)), "merge_same");
  EXPECT_EQ(Code(store_.Merge(All(), kept.customer, 99, other.customer, kNow)), "edit_conflict");
  EXPECT_EQ(Code(store_.Merge(As(ben_), kept.customer, 1, other.customer, kNow)), "not_found");
  EXPECT_EQ(Code(store_.Merge(All(), kept.customer, Version(kept.customer), third.customer, kNow)), "not_found");
  EXPECT_EQ(Code(store_.Unmerge(All(), kept.customer, Version(kept.customer), other.customer, kNow)), "merge_unknown");
  EXPECT_EQ(State(), before);

  ASSERT_EQ(Code(store_.Merge(All(), kept.customer, Version(kept.customer), other.customer, kNow)), "");
  const auto merged = store_.Get(All(), other.customer, Reveal::kWhole, kNow);
  EXPECT_EQ(merged->id, kept.customer);
  EXPECT_EQ(merged->leads.size(), 3U);
  EXPECT_EQ(merged->merged, (std::vector{other.customer, third.customer}));
  EXPECT_EQ(store_.GetLead(All(), friend_of.lead, Reveal::kMasked, kNow)->referrer, kept.customer);
  for (const char* typed : {"王小明", "王晓明", "王大明", "13900001111", "2222"}) {
    const auto found = store_.Search(All(), typed, 5, Reveal::kWhole, kNow);
    ASSERT_EQ(found->size(), 1U) << typed;
    EXPECT_EQ((*found)[0].record.at("name"), "王小明");
  }
  EXPECT_EQ(store_.List(All(), {}, CustomerSort::kChanged, "", 10, Reveal::kMasked, kNow)->count, 2);
  EXPECT_EQ(Code(store_.Change(All(), other.customer, Version(kept.customer), {{"family", "x"}}, kNow)), "not_found");

  ASSERT_EQ(Code(store_.Unmerge(All(), kept.customer, Version(kept.customer), other.customer, kNow)), "");
  EXPECT_EQ(State(), before);
  EXPECT_EQ(Code(store_.Unmerge(All(), kept.customer, Version(kept.customer), other.customer, kNow)), "merge_unknown");
  ASSERT_EQ(Code(store_.Unmerge(All(), other.customer, Version(other.customer), third.customer, kNow)), "");
  EXPECT_EQ(store_.List(All(), {}, CustomerSort::kChanged, "", 10, Reveal::kMasked, kNow)->count, 4);
}

TEST_P(StoreTest, AHandOverKeepsStagesAndTheCreditForWhatWas) {
  const auto first = AddedLead(ana_, "王小明", "13812345678");
  const auto second = AddedLead(ana_, "王大明", "13900001111");
  const auto over = AddedLead(ana_, "李雷", "13900002222");
  AddedLead(ben_, "韩梅梅", "13900003333");
  ASSERT_EQ(Code(Move(All(), first.lead, {std::nullopt, "S6"})), "");
  ASSERT_EQ(Code(Move(All(), over.lead, {LeadStatus::kLost, "", "price"})), "");
  EXPECT_EQ(Code(store_.HandOver(As(ana_), ana_, ben_, std::nullopt, kNow)), "owner_unknown");
  EXPECT_EQ(Code(store_.HandOver(All(), ana_, cai_, std::nullopt, kNow)), "owner_unknown");
  EXPECT_EQ(Code(store_.HandOver(All(), ben_, ana_, std::vector{first.customer}, kNow)), "not_found");

  EXPECT_EQ(store_.HandOver(All(), ana_, ben_, std::vector{first.customer}, kNow).ok(), true);
  EXPECT_EQ(store_.GetLead(As(ben_), first.lead, Reveal::kMasked, kNow)->stage, "S6");
  EXPECT_EQ(Code(store_.GetLead(As(ana_), first.lead, Reveal::kMasked, kNow)), "not_found");
  EXPECT_EQ(Code(store_.GetLead(As(ana_), second.lead, Reveal::kMasked, kNow)), "");

  EXPECT_EQ(*store_.HandOver(All(), ana_, ben_, std::nullopt, {kNow.ms + 1}), 2);
  EXPECT_EQ(store_.List(As(ana_), {}, CustomerSort::kChanged, "", 10, Reveal::kMasked, kNow)->count, 0);
  EXPECT_EQ(store_.List(As(ben_), {}, CustomerSort::kChanged, "", 10, Reveal::kMasked, kNow)->count, 4);
  // What is over stays with whom it was; he sees no longer whose it was.
  const auto lost = store_.GetLead(As(ana_), over.lead, Reveal::kWhole, kNow);
  ASSERT_EQ(Code(lost), "");
  EXPECT_EQ(lost->customer_name, "");
  const std::string ana = std::to_string(ana_.value);
  const std::string ben = std::to_string(ben_.value);
  const auto entries = [&](const std::string& lead) {
    return Dump("SELECT event, CAST(actor AS TEXT) FROM ledger_entry WHERE event NOT LIKE 'field_%' AND lead = '" +
                    lead + "' ORDER BY seq",
                2);
  };
  EXPECT_EQ(entries(first.lead), "captured|" + ana + "|\nassigned|" + ana + "|\nassigned|" + ben + "|\n");
  EXPECT_EQ(entries(second.lead), "captured|" + ana + "|\nassigned|" + ana + "|\nassigned|" + ben + "|\n");
  EXPECT_EQ(entries(over.lead), "captured|" + ana + "|\nassigned|" + ana + "|\n");
}

TEST_P(StoreTest, ALeadSaysOnlyWhatTheRulesAllow) {
  const CustomerId id = Added(ana_, "王小明", "13812345678");
  const auto outcome = [&](const std::function<void(LeadInput&)>& with) {
    LeadInput input;
    with(input);
    return Code(store_.AddLead(All(), id, ana_, input, kNow));
  };
  EXPECT_EQ(outcome([](LeadInput& l) { l.source = "no such source"; }), "unknown_member");
  EXPECT_EQ(outcome([](LeadInput& l) { l.source = "referral"; }), "referrer_missing");
  EXPECT_EQ(outcome([&](LeadInput& l) { l.referrer = id; }), "referrer_missing");
  EXPECT_EQ(outcome([](LeadInput& l) { l.referrer = CustomerId(7); }), "not_found");
  EXPECT_EQ(outcome([](LeadInput& l) { l.expected = "soon"; }), "field_day_bad");
  EXPECT_EQ(outcome([](LeadInput& l) { l.budget = "预算充足"; }), "budget_no_range");
  EXPECT_EQ(outcome([](LeadInput& l) { l.need = "有需求"; }), "need_generic");
  EXPECT_EQ(outcome([](LeadInput& l) { l.remark = "id 11010519491231002X"; }), "number_forbidden");
  EXPECT_EQ(outcome([](LeadInput& l) { l.grade = "hot"; }), "grade_unknown");
  EXPECT_EQ(outcome([](LeadInput& l) { l.grade = "high"; }), "grade_why_missing");
  EXPECT_EQ(outcome([](LeadInput& l) { l.amount_fen = -1; }), "amount_negative");
  EXPECT_EQ(Dump("SELECT lead FROM lead", 1), "");

  LeadInput input;
  input.source = "路过";
  input.model = "GTX Pro";
  input.expected = "2026-12-25";
  input.budget = "15-20万";
  input.amount_fen = 18'000'000;
  input.need = "接送孩子的旧车空间太小\n想要七座";
  const auto code = store_.AddLead(All(), id, ana_, input, kNow);
  ASSERT_EQ(Code(code), "");
  const auto lead = store_.GetLead(As(ana_), *code, Reveal::kMasked, kNow);
  EXPECT_EQ(lead->source, "walk_by");
  EXPECT_EQ(lead->grade, "high");
  EXPECT_EQ(lead->stage, "S3");
  EXPECT_EQ(lead->budget, (Budget{15'000'000, 20'000'000}));
  EXPECT_EQ(lead->need, "接送孩子的旧车空间太小\n想要七座");
  EXPECT_EQ(lead->customer_name, "王**");
  // The grade follows the calendar.
  EXPECT_EQ(store_.GetLead(All(), *code, Reveal::kMasked, {kNow.ms - 30 * int64_t{86'400'000}})->grade, "medium");
  LeadInput by_hand;
  by_hand.grade = "low";
  by_hand.grade_why = "waits for a subsidy";
  ASSERT_EQ(Code(store_.ChangeLead(All(), *code, 1, by_hand, kNow)), "");
  EXPECT_EQ(Code(store_.ChangeLead(All(), *code, 1, by_hand, kNow)), "edit_conflict");
  EXPECT_EQ(store_.GetLead(All(), *code, Reveal::kMasked, kNow)->grade, "low");
  by_hand.grade = "";
  by_hand.grade_why.reset();
  by_hand.model = "";
  ASSERT_EQ(Code(store_.ChangeLead(All(), *code, 2, by_hand, kNow)), "");
  const auto again = store_.GetLead(All(), *code, Reveal::kMasked, kNow);
  EXPECT_EQ(again->grade, "high");
  EXPECT_EQ(again->model, "");
  EXPECT_EQ(again->need, lead->need);
  EXPECT_EQ(store_.Get(All(), id, Reveal::kMasked, kNow)->groups[3].filled, 2);  // budget and timing
}

TEST_P(StoreTest, LeadsGoTheirWayAndMakeTheCustomer) {
  const auto added = AddedLead(ana_, "王小明", "13812345678");
  const auto moved = [&](const LeadMove& move) { return Code(Move(All(), added.lead, move)); };
  EXPECT_EQ(moved({LeadStatus::kDelivered}), "lead_move_impossible");
  EXPECT_EQ(moved({LeadStatus::kLost}), "lost_reason_missing");
  EXPECT_EQ(moved({std::nullopt, "S99"}), "stage_unknown");
  EXPECT_EQ(moved({LeadStatus::kLost, "", "price"}), "");
  EXPECT_EQ(moved({LeadStatus::kOpen}), "");
  EXPECT_EQ(store_.GetLead(All(), added.lead, Reveal::kMasked, kNow)->attempt, 2);
  EXPECT_EQ(moved({LeadStatus::kWon, "S7"}), "");
  const auto customer = store_.Get(All(), added.customer, Reveal::kMasked, kNow);
  EXPECT_EQ(customer->status, CustomerStatus::kActual);
  EXPECT_EQ(customer->lifecycle, Lifecycle::kNew);
  EXPECT_EQ(store_.Get(All(), added.customer, Reveal::kMasked, {kNow.ms + 366 * int64_t{86'400'000}})->lifecycle,
            Lifecycle::kChurned);
  EXPECT_EQ(moved({LeadStatus::kOpen}), "");
  EXPECT_EQ(store_.Get(All(), added.customer, Reveal::kMasked, kNow)->status, CustomerStatus::kPotential);
}

TEST_P(StoreTest, TheBoardCountsAndAddsUpWhatIsOpen) {
  LeadInput big;
  big.amount_fen = 20'000'000;
  big.expected = "2026-12-01";
  LeadInput small;
  small.amount_fen = 5;
  const auto a = AddedLead(ana_, "王一", "13812345671", big);
  const auto b = AddedLead(ana_, "王二", "13812345672", small);
  const auto c = AddedLead(ben_, "王三", "13812345673", small);
  ASSERT_EQ(Code(Move(All(), a.lead, {LeadStatus::kSuspended, "S6"})), "");
  const auto board = [&](const Asker& asker, const LeadFilter& filter = {}) {
    std::string text;
    const auto columns = store_.Board(asker, filter, kNow);
    for (const BoardColumn& column : *columns) {
      if (column.count == 0) continue;
      text += column.stage + " " + std::to_string(column.count) + " " + std::to_string(column.amount_fen) + "; ";
    }
    return text;
  };
  EXPECT_EQ(store_.Board(All(), {}, kNow)->size(), 5U);
  EXPECT_EQ(board(All()), "S3 2 10; S6 1 20000000; ");
  EXPECT_EQ(board(As(ana_)), "S3 1 5; S6 1 20000000; ");
  LeadFilter of_ben;
  of_ben.owner = ben_;
  EXPECT_EQ(board(All(), of_ben), "S3 1 5; ");
  ASSERT_EQ(Code(Move(All(), b.lead, {LeadStatus::kLost, "", "price"})), "");
  EXPECT_EQ(board(As(ana_)), "S6 1 20000000; ");

  for (const auto& [sort, first] : {std::pair{LeadSort::kAmount, a.lead}, std::pair{LeadSort::kExpected, a.lead}}) {
    std::vector<std::string> seen;
    std::string cursor;
    do {
      const auto page = store_.ListLeads(All(), {}, sort, cursor, 1, Reveal::kMasked, kNow);
      ASSERT_EQ(Code(page), "");
      seen.push_back(page->leads.at(0).code);
      cursor = page->next;
    } while (!cursor.empty());
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_EQ(seen[0], first);
  }
  LeadFilter lost;
  lost.status = LeadStatus::kLost;
  EXPECT_EQ(store_.ListLeads(All(), lost, LeadSort::kChanged, "", 10, Reveal::kMasked, kNow)->leads.at(0).lost_reason,
            "price");
}

TEST_P(StoreTest, WhatIsMovedToAnotherRowIsNotRead) {
  const CustomerId one = Added(ana_, "王小明", "13812345678");
  const CustomerId two = Added(ana_, "李雷", "13900001111");
  ASSERT_EQ(Code(database_->Write<void>([&](db::Connection& c) -> Status {
              c.Execute(
                  "UPDATE customer SET personal = (SELECT o.personal FROM customer o WHERE o.customer_id = ?2) "
                  "WHERE customer_id = ?1",
                  one, two);
              return {};
            })),
            "");
  EXPECT_EQ(Code(store_.Get(All(), one, Reveal::kWhole, kNow)), "sealed_damaged");
  EXPECT_EQ(Code(store_.Get(As(ben_), one, Reveal::kWhole, kNow)), "not_found");
}

TEST_P(StoreTest, WhoHasChangedWhatIsWrittenDownByNumberAndFieldOnly) {
  std::string deeds;
  const db::AuditLog log = [&](db::Connection&, const db::Deed& deed) -> Status {
    deeds += std::to_string(deed.actor.value) + " " + deed.act + " " + deed.object;
    EXPECT_EQ(deed.dealer, dealer_);
    for (const auto& [name, detail] : deed.details) {
      deeds += " " + name + "=";
      if (const auto* text = std::get_if<std::string>(&detail)) deeds += *text;
      if (const auto* texts = std::get_if<std::vector<std::string>>(&detail)) {
        for (const std::string& each : *texts) deeds += (each == texts->front() ? "" : ",") + each;
      }
    }
    deeds += "\n";
    return {};
  };
  Asker boss = All();
  boss.witness = db::Witness(log, AccountId(7));
  const auto told = [&](std::vector<std::pair<std::string, std::string>> names) {
    std::string text = std::exchange(deeds, "");
    for (const auto& [id, name] : names) text = ReplaceAll(text, id, name);
    return text;
  };
  const auto name = [](auto id) { return std::to_string(id.value); };

  NewCustomer input = Input(ana_, "王小明", "13812345678");
  input.lead.emplace().need = "接送孩子的旧车空间太小";
  const auto one = store_.Add(boss, input, kNow);
  ASSERT_EQ(Code(one), "");
  const auto two = store_.Add(boss, Input(ana_, "李雷", "13900001111"), kNow);
  ASSERT_EQ(Code(two), "");
  const std::vector<std::pair<std::string, std::string>> names = {{name(one->customer), "ONE"},
                                                                  {name(two->customer), "TWO"},
                                                                  {one->lead, "LEAD"},
                                                                  {name(ana_), "ANA"},
                                                                  {name(ben_), "BEN"}};
  EXPECT_EQ(told(names),
            "7 customer.add customer:ONE fields=name,phone\n7 lead.add lead:LEAD customer=ONE\n"
            "7 customer.add customer:TWO fields=name,phone\n");

  // The name that is given again is no change of it.
  ASSERT_EQ(Code(store_.Change(boss, one->customer, 1, {{"name", "王小明"}, {"address", "南京路 1 号"}}, kNow)), "");
  EXPECT_EQ(told(names), "7 customer.change customer:ONE fields=address\n");
  LeadInput change;
  change.remark = "下周来店";
  change.amount_fen = 18'000'000;
  ASSERT_EQ(Code(store_.ChangeLead(boss, one->lead, 1, change, kNow)), "");
  EXPECT_EQ(told(names), "7 lead.change lead:LEAD customer=ONE fields=amount,remark\n");
  ASSERT_EQ(Code(Move(boss, one->lead, {LeadStatus::kWon, "", ""})), "");
  EXPECT_EQ(told(names).find("7 lead.move lead:LEAD customer=ONE status=won stage="), 0U);

  ASSERT_EQ(Code(store_.Merge(boss, one->customer, 2, two->customer, kNow)), "");
  ASSERT_EQ(Code(store_.Unmerge(boss, one->customer, 3, two->customer, kNow)), "");
  EXPECT_EQ(told(names), "7 customer.merge customer:ONE customer=TWO\n7 customer.unmerge customer:ONE customer=TWO\n");
  ASSERT_EQ(Code(store_.HandOver(boss, ana_, ben_, std::vector{two->customer}, kNow)), "");
  EXPECT_EQ(told(names), "7 customer.hand_over customer:TWO from=ANA to=BEN\n");
  ASSERT_EQ(Code(store_.HandOver(boss, ana_, ben_, std::nullopt, kNow)), "");
  EXPECT_EQ(told(names), "7 customer.hand_over customer:ONE from=ANA to=BEN\n");

  // What is refused is not written down, and what cannot be written down is not done.
  EXPECT_EQ(Code(store_.Change(boss, one->customer, 1, {{"address", "x"}}, kNow)), "edit_conflict");
  EXPECT_EQ(told(names), "");
  Asker unheard = All();
  unheard.witness =
      db::Witness([](db::Connection&, const db::Deed&) -> Status { return Error("storage_full"); }, AccountId(7));
  const int64_t version = Version(one->customer);
  EXPECT_EQ(Code(store_.Change(unheard, one->customer, version, {{"address", "南京路 2 号"}}, kNow)), "storage_full");
  EXPECT_EQ(Version(one->customer), version);
}

TEST_P(StoreTest, SealingAnewIsNoChange) {
  LeadInput input;
  input.need = "接送孩子的旧车空间太小";
  const auto added = AddedLead(ana_, "王小明", "13812345678", input);
  const std::string before = Dump("SELECT version, changed_at, changed_by FROM customer", 3) +
                             Dump("SELECT version, changed_at, changed_by FROM lead", 3);
  ASSERT_EQ(Code(vault_->Rotate(kNow)), "");
  const CustomerId later = Added(ana_, "李雷", "13900001111");
  access::Resealer resealer(*database_, *vault_, {}, 0);
  EXPECT_EQ(resealer.Run({})->sealed, 2);
  EXPECT_EQ(resealer.Run({})->dropped, 1);
  const auto customer = store_.Get(All(), added.customer, Reveal::kWhole, kNow);
  ASSERT_EQ(Code(customer), "");
  EXPECT_EQ(customer->record.at("phone"), "13812345678");
  EXPECT_EQ(store_.GetLead(All(), added.lead, Reveal::kMasked, kNow)->need, *input.need);
  EXPECT_EQ(Code(store_.Get(All(), later, Reveal::kWhole, kNow)), "");
  EXPECT_EQ(Names(All(), "wxm"), "王**");
  EXPECT_EQ(Dump("SELECT version, changed_at, changed_by FROM customer WHERE customer_id = " +
                     std::to_string(added.customer.value),
                 3) +
                Dump("SELECT version, changed_at, changed_by FROM lead", 3),
            before);
}

// People work while everything is sealed anew: what each has written last is there, and nothing is under the old key.
TEST_P(StoreTest, WhoEditsWhileAllIsSealedAnewLosesNothing) {
  constexpr int kCustomers = 600;
  std::vector<leads::Added> customers;
  ASSERT_EQ(Code(database_->Write<void>([&](db::Connection& c) -> Status {
              customers.clear();
              for (int i = 0; i < kCustomers; ++i) {
                NewCustomer input = Input(ana_, "王小明", "138" + std::to_string(10'000'000 + i));
                input.despite_duplicates = true;
                input.lead.emplace().need = "接送孩子的旧车空间太小";
                ASSIGN_OR_RETURN(leads::Added added, store_.AddIn(c, All(), input, kNow));
                customers.push_back(std::move(added));
              }
              return {};
            })),
            "");
  ASSERT_EQ(Code(vault_->Rotate(kNow)), "");
  // Two people on servers of their own, one of which was there before the new key; each has every second customer.
  const auto elsewhere = access::Vault::Open(*database_, *access::KeyFile::Read(folder_.path() / "keys"));
  ASSERT_EQ(Code(elsewhere), "");
  Store other(*database_, **elsewhere, catalog::Load(catalog::EmbeddedFiles()).catalog);
  std::atomic<bool> done{false};
  std::vector<int> edits(customers.size(), 0);
  const auto work = [&](Store& store, size_t first) {
    for (size_t i = first; !done || i < customers.size(); i += 2) {
      const size_t at = i % customers.size();
      const int edit = edits[at] + 1;
      const auto seen = store.Get(All(), customers[at].customer, Reveal::kMasked, kNow);
      const int64_t version = seen.ok() ? seen->version : 0;
      EXPECT_EQ(Code(seen), "");
      EXPECT_EQ(version, edit) << "sealing anew moved a version";
      EXPECT_EQ(Code(store.Change(All(), customers[at].customer, version, {{"address", "No. " + std::to_string(edit)}},
                                  kNow)),
                "");
      LeadInput input;
      input.remark = "call " + std::to_string(edit);
      EXPECT_EQ(Code(store.ChangeLead(All(), customers[at].lead, edit, input, kNow)), "");
      edits[at] = edit;
    }
  };
  {
    std::jthread one([&] { work(store_, 0); });
    std::jthread two([&] { work(other, 1); });
    access::Resealer resealer(*database_, *vault_, {}, 0);
    access::Resealer::Hooks hooks;
    const auto run = resealer.Run(hooks);
    EXPECT_EQ(Code(run), "");
    EXPECT_TRUE(run.ok() && run->damaged == 0 && run->clear);
    done = true;
  }
  // Nobody reads an older view of the data any more.
  EXPECT_EQ(access::Resealer(*database_, *vault_, {}, 0).Run({})->dropped, 1);
  EXPECT_EQ(Dump("SELECT key_number FROM data_key", 1), "2|\n");
  const auto fresh = access::Vault::Open(*database_, *access::KeyFile::Read(folder_.path() / "keys"));
  Store after(*database_, **fresh, catalog::Load(catalog::EmbeddedFiles()).catalog);
  for (size_t i = 0; i < customers.size(); ++i) {
    const auto customer = after.Get(All(), customers[i].customer, Reveal::kWhole, kNow);
    ASSERT_EQ(Code(customer), "");
    EXPECT_EQ(customer->record.at("phone"), "138" + std::to_string(10'000'000 + i));
    EXPECT_EQ(customer->version, edits[i] + 1);
    ASSERT_GT(edits[i], 0);
    EXPECT_EQ(customer->record.at("address"), "No. " + std::to_string(edits[i]));
    const auto lead = after.GetLead(All(), customers[i].lead, Reveal::kWhole, kNow);
    ASSERT_EQ(Code(lead), "");
    EXPECT_EQ(lead->remark, "call " + std::to_string(edits[i]));
    EXPECT_EQ(lead->need, "接送孩子的旧车空间太小");
  }
}

TEST_P(StoreTest, ManyLeadsAreChangedEachInItsVersion) {
  LeadInput dated;
  dated.expected = "2026-12-20";
  const auto one = AddedLead(ana_, "张三", "13800000001", dated);
  const auto two = AddedLead(ana_, "李四", "13800000002");
  const auto bens = AddedLead(ben_, "王五", "13800000003");
  const CustomerId none = Added(ana_, "赵六", "13800000004");
  LeadInput set;
  set.expected = "2026-12-20";
  const auto outcomes = [](const Result<std::vector<LeadChanged>>& done) {
    EXPECT_EQ(Code(done), "");
    std::string text;
    for (const LeadChanged& row : *done) text += (text.empty() ? "" : " ") + row.outcome;
    return text;
  };
  std::vector<LeadChange> wanted;
  for (const CustomerId id : {one.customer, two.customer, bens.customer, none}) wanted.push_back({id, "", 0, set});
  const std::string before = Dump("SELECT lead, CAST(version AS TEXT) FROM lead ORDER BY lead", 2);
  const auto tried = store_.ChangeLeads(As(ana_), wanted, true, kNow);
  EXPECT_EQ(outcomes(tried), "same change not_found no_lead");
  EXPECT_EQ(Dump("SELECT lead, CAST(version AS TEXT) FROM lead ORDER BY lead", 2), before) << "a dry run";
  EXPECT_EQ((*tried)[1].lead, two.lead);
  EXPECT_EQ((*tried)[1].version, 1);
  EXPECT_EQ(*(*tried)[1].before.expected, "");
  // Somebody changes the other one between.
  LeadInput remark;
  remark.remark = "x";
  const auto three = AddedLead(ana_, "钱七", "13800000005");
  ASSERT_EQ(Code(store_.ChangeLead(All(), three.lead, 1, remark, kNow)), "");
  LeadInput bad;
  bad.grade = "high";
  std::vector<std::string> deeds;
  Asker ana = As(ana_);
  ana.witness = db::Witness(
      [&](db::Connection&, const db::Deed& deed) -> Status {
        deeds.push_back(deed.act + " " + deed.object);
        return {};
      },
      {});
  const auto done = store_.ChangeLeads(
      ana, {{{}, two.lead, 1, set}, {{}, three.lead, 1, set}, {{}, one.lead, 1, bad}, {{}, bens.lead, 1, set}}, false,
      kNow);
  EXPECT_EQ(outcomes(done), "change conflict refused not_found");
  EXPECT_EQ((*done)[1].by, "boss");
  EXPECT_EQ((*done)[2].problem->code, "grade_why_missing");
  EXPECT_EQ(deeds, std::vector<std::string>{"lead.change lead:" + two.lead});
  EXPECT_EQ(FormatDay(*store_.GetLead(All(), two.lead, Reveal::kMasked, kNow)->expected), "2026-12-20");
  EXPECT_FALSE(store_.GetLead(All(), three.lead, Reveal::kMasked, kNow)->expected);
  // Taken back with what each said before.
  EXPECT_EQ(outcomes(store_.ChangeLeads(ana, {{{}, two.lead, (*done)[0].version, (*done)[0].before}}, false, kNow)),
            "change");
  EXPECT_FALSE(store_.GetLead(All(), two.lead, Reveal::kMasked, kNow)->expected);
}

INSTANTIATE_TEST_SUITE_P(On, StoreTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::leads
