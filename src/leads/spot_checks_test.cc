#include "leads/spot_checks.h"

#include <gtest/gtest.h>

#include <set>

#include "access/testing.h"
#include "base/text.h"
#include "catalog/embedded.h"
#include "db/testing.h"
#include "org/org.h"

namespace dealpace::leads {
namespace {

using access::Code;

const Day kMonth = *ParseDay("2026-11-01");
const Instant kNow{int64_t{ParseDay("2026-11-25")->value} * 86'400'000 + 3 * 3'600'000};

class SpotChecksTest : public testing::TestWithParam<db::Kind> {
 protected:
  SpotChecksTest()
      : database_(GetParam()),
        vault_(*access::Vault::Open(*database_, *access::KeyFile::Make(folder_.path() / "keys"))),
        store_(*database_, *vault_, catalog::Load(catalog::EmbeddedFiles()).catalog),
        // By lot, and the same each time.
        checks_(store_, [this](uint32_t end) { return lot_++ * 7 % end; }) {
    const auto made = database_->Write<void>([&](db::Connection& c) -> Status {
      dealer_ = *org::AddDealer(c, "D1", "一店");
      ana_ = *org::AddStaff(c, dealer_, "ana", "Ana");
      ben_ = *org::AddStaff(c, dealer_, "ben", "Ben");
      return {};
    });
    EXPECT_EQ(Code(made), "");
  }

  Checker Boss() const { return {{dealer_, Visible::All(), "boss"}, {}, {}}; }
  Checker Ben() const { return {{dealer_, Visible::All(), "ben"}, {ben_}, {}}; }

  Added File(StaffId owner, int number, bool with_lead = true, Instant now = kNow) {
    NewCustomer input;
    input.record = {{"name", "王小明"}, {"phone", std::to_string(13'800'000'000 + number)}, {"occupation", "教师"}};
    input.owner = owner;
    if (with_lead) input.lead = LeadInput();
    const auto added = store_.Add(Boss().asker, input, now);
    EXPECT_EQ(Code(added), "");
    return added.ok() ? *added : Added();
  }
  void Files(StaffId owner, int from, int count) {
    for (int i = 0; i < count; ++i) File(owner, from + i);
  }
  SpotCheckMonth Month() {
    const auto month = checks_.Month(Boss().asker, kMonth, kNow);
    EXPECT_EQ(Code(month), "");
    return *month;
  }
  // "files/sample/drawn" of a consultant.
  std::string Counts(StaffId owner) {
    for (const SpotCheckCount& count : Month().people) {
      if (count.owner != owner) continue;
      return std::to_string(count.files) + "/" + std::to_string(count.sample) + "/" + std::to_string(count.drawn);
    }
    return "";
  }
  // Live entries of an event as "quantity reason staff" in thousandths, summed up by reason and actor.
  std::string Booked(std::string_view event) {
    return *database_->Read<std::string>([&](db::Connection& c) -> Result<std::string> {
      std::string text;
      db::Rows rows = c.Query(
          "SELECT COALESCE(m.code, '-'), s.code, SUM(e.quantity), COUNT(e.lead) FROM ledger_entry e "
          "LEFT JOIN member m ON m.member_id = e.reason JOIN staff s ON s.dealer_id = e.dealer_id AND "
          "s.staff_id = e.actor WHERE e.dealer_id = ?1 AND e.event = ?2 GROUP BY 1, 2 HAVING SUM(e.quantity) <> 0 "
          "ORDER BY 1, 2",
          dealer_, event);
      while (rows.Next()) {
        text += std::string(rows.Text(0)) + " " + std::string(rows.Text(1)) + " " + std::to_string(rows.Int(2)) + ";";
      }
      return text;
    });
  }
  int64_t Version(int64_t id) { return checks_.Get(Boss().asker, id, kNow)->version; }

  access::TestFolder folder_;
  db::TestDatabase database_;
  std::unique_ptr<access::Vault> vault_;
  Store store_;
  uint32_t lot_ = 3;
  SpotChecks checks_;
  DealerId dealer_;
  StaffId ana_;
  StaffId ben_;
};

TEST_P(SpotChecksTest, BR16_ATenthOfAConsultantsFilesIsDrawnAndAtLeastFive) {
  Files(ana_, 0, 61);
  Files(ben_, 100, 3);
  File(ana_, 200, true, Instant{kNow.ms - int64_t{40} * 86'400'000});  // of October
  ASSERT_EQ(Code(checks_.Draw(Boss(), kMonth, kNow)), "");
  EXPECT_EQ(Counts(ana_), "61/7/7");
  EXPECT_EQ(Counts(ben_), "3/3/3");
  std::set<CustomerId> drawn;
  for (const SpotCheck& check : Month().checks) drawn.insert(check.customer);
  EXPECT_EQ(drawn.size(), 10U);  // none twice

  // Asked again nothing is drawn, unless there are more files by then.
  EXPECT_EQ(*checks_.Draw(Boss(), kMonth, kNow), 0);
  Files(ben_, 300, 4);
  EXPECT_EQ(*checks_.Draw(Boss(), kMonth, kNow), 2);
  EXPECT_EQ(Counts(ben_), "7/5/5");
  EXPECT_EQ(Code(checks_.Draw(Boss(), AddMonths(kMonth, 1), kNow)), "check_month_ahead");
}

TEST_P(SpotChecksTest, OneFalseFieldMakesAFileFalse) {
  using V = Verdict;
  EXPECT_EQ(ResultOf({{"name", V::kTrue}, {"phone", V::kUnverifiable}}), V::kTrue);
  EXPECT_EQ(ResultOf({{"name", V::kTrue}, {"phone", V::kFalse}}), V::kFalse);
  EXPECT_EQ(ResultOf({{"name", V::kUnverifiable}}), V::kUnverifiable);
}

TEST_P(SpotChecksTest, AResultIsBookedForTheConsultantAndCanBeSaidAgain) {
  Files(ana_, 0, 2);
  File(ana_, 50, false);
  ASSERT_EQ(Code(checks_.Draw(Boss(), kMonth, kNow)), "");
  const SpotCheckMonth month = Month();
  ASSERT_EQ(month.checks.size(), 3U);
  EXPECT_EQ(month.checks[0].record.at("name"), "王**");
  EXPECT_EQ(month.checks[0].record.count("occupation"), 0U);
  const auto say = [&](size_t check, const Verdicts& verdicts) {
    const int64_t id = month.checks[check].id;
    return Code(checks_.Record(Ben(), id, Version(id), verdicts, kNow));
  };
  EXPECT_EQ(say(0, {{"name", Verdict::kTrue}, {"phone", Verdict::kTrue}}), "");
  EXPECT_EQ(say(1, {{"phone", Verdict::kFalse}}), "");
  EXPECT_EQ(say(2, {{"phone", Verdict::kUnverifiable}}), "");
  // Ben has checked; what is not verified is not booked.
  EXPECT_EQ(Booked("spot_check"), "false ben 1000;true ben 1000;");
  EXPECT_EQ(say(1, {{"phone", Verdict::kTrue}}), "");
  EXPECT_EQ(Booked("spot_check"), "true ben 2000;");
  EXPECT_EQ(say(2, {{"phone", Verdict::kFalse}}), "");
  EXPECT_EQ(Booked("spot_check"), "false ana 1000;true ben 2000;");  // of no lead: for whom the file was made by
  const SpotCheckCount count = Month().people.at(0);
  EXPECT_EQ(count.is_true, 2);
  EXPECT_EQ(count.is_false, 1);
  EXPECT_EQ(count.unverifiable, 0);
}

TEST_P(SpotChecksTest, WhatCannotBeRecordedIsRefused) {
  Files(ben_, 0, 1);
  ASSERT_EQ(Code(checks_.Draw(Boss(), kMonth, kNow)), "");
  const int64_t id = Month().checks.at(0).id;
  const Verdicts fine = {{"phone", Verdict::kTrue}};
  EXPECT_EQ(Code(checks_.Record(Ben(), id, 1, fine, kNow)), "check_own_file");
  EXPECT_EQ(Code(checks_.Record(Boss(), id, 1, {}, kNow)), "check_empty");
  EXPECT_EQ(Code(checks_.Record(Boss(), id, 1, {{"address", Verdict::kTrue}}, kNow)), "check_field_unknown");
  EXPECT_EQ(Code(checks_.Record(Boss(), id, 1, {{"nonsense", Verdict::kTrue}}, kNow)), "check_field_unknown");
  EXPECT_EQ(Code(checks_.Record(Boss(), id, 2, fine, kNow)), "edit_conflict");
  EXPECT_EQ(Code(checks_.Record(Boss(), id + 1, 1, fine, kNow)), "not_found");
  const Checker anas{{dealer_, {false, {ana_}, {}}, "ana"}, {ana_}, {}};
  EXPECT_EQ(Code(checks_.Record(anas, id, 1, fine, kNow)), "not_found");
  EXPECT_TRUE(checks_.Month(anas.asker, kMonth, kNow)->checks.empty());
  EXPECT_EQ(Booked("spot_check"), "");
  EXPECT_EQ(Code(checks_.Record(Boss(), id, 1, fine, kNow)), "");
}

// A5: completeness follows the record.
TEST_P(SpotChecksTest, FilledFieldsAreBookedAsTheRecordGrows) {
  const Added file = File(ana_, 0);
  const auto customer = store_.Get(Boss().asker, file.customer, Reveal::kMasked, kNow);
  int64_t of = 0;
  for (const Completeness& group : customer->groups) of += group.of;
  EXPECT_EQ(Booked("field_required"), "- ana " + std::to_string(of * 1000) + ";");
  EXPECT_EQ(Booked("field_filled"), "- ana 3000;");
  const auto change = [&](const leads::Record& fields) {
    const int64_t version = store_.Get(Boss().asker, file.customer, Reveal::kMasked, kNow)->version;
    EXPECT_EQ(Code(store_.Change(Boss().asker, file.customer, version, fields, kNow)), "");
  };
  change({{"interests", "自驾"}, {"income", "20万"}});
  EXPECT_EQ(Booked("field_filled"), "- ana 5000;");
  change({{"occupation", ""}});
  EXPECT_EQ(Booked("field_filled"), "- ana 4000;");
  LeadInput wanted;
  wanted.model = "GTX";
  wanted.budget = "15-20万";
  const auto lead = store_.GetLead(Boss().asker, file.lead, Reveal::kMasked, kNow);
  EXPECT_EQ(Code(store_.ChangeLead(Boss().asker, file.lead, lead->version, wanted, kNow)), "");
  EXPECT_EQ(Booked("field_filled"), "- ana 6000;");
  EXPECT_EQ(Booked("field_required"), "- ana " + std::to_string(of * 1000) + ";");
}

INSTANTIATE_TEST_SUITE_P(On, SpotChecksTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::leads
