#include "leads/verifications.h"

#include <gtest/gtest.h>

#include "access/testing.h"
#include "catalog/embedded.h"
#include "db/testing.h"
#include "org/org.h"

namespace dealpace::leads {
namespace {

using access::Code;

const Day kToday = *ParseDay("2026-11-25");
const Instant kNow{int64_t{kToday.value} * 86'400'000 + 3 * 3'600'000};

class VerificationTest : public testing::TestWithParam<db::Kind> {
 protected:
  VerificationTest()
      : database_(GetParam()),
        vault_(*access::Vault::Open(*database_, *access::KeyFile::Make(folder_.path() / "keys"))),
        store_(*database_, *vault_, catalog::Load(catalog::EmbeddedFiles()).catalog),
        verifications_(store_) {
    const auto made = database_->Write<void>([&](db::Connection& c) -> Status {
      dealer_ = *org::AddDealer(c, "D1", "一店");
      ana_ = *org::AddStaff(c, dealer_, "ana", "Ana");
      ben_ = *org::AddStaff(c, dealer_, "ben", "Ben");
      return {};
    });
    EXPECT_EQ(Code(made), "");
  }
  Asker All() const {
    return {dealer_, Visible::All(), "boss",
            db::Witness(
                [this](db::Connection&, const db::Deed& deed) -> Status {
                  deeds_.push_back(deed.act + " " + deed.object);
                  return {};
                },
                {})};
  }
  Asker As(StaffId staff) const { return {dealer_, {false, {staff}, {}}, "somebody"}; }
  std::string Add(StaffId owner, const std::string& phone, const std::string& expected = "") {
    NewCustomer input;
    input.record = {{"name", "张三"}, {"phone", phone}};
    input.owner = owner;
    input.lead.emplace();
    if (!expected.empty()) input.lead->expected = expected;
    const auto added = store_.Add(All(), input, kNow);
    EXPECT_EQ(Code(added), "");
    return added->lead;
  }
  std::string Record(const std::string& lead, int64_t version, Heard heard, const std::vector<StaffId>& self = {}) {
    return Code(verifications_.Record(All(), self, lead, version, heard, kNow));
  }
  std::vector<std::string> Due(const Asker& asker, bool due = true) {
    std::vector<std::string> leads;
    const auto page = verifications_.List(asker, due, 100, kNow);
    EXPECT_EQ(Code(page), "");
    for (const Verification& each : page->leads) leads.push_back(each.lead.code);
    EXPECT_EQ(page->count, static_cast<int64_t>(leads.size()));
    return leads;
  }
  // Net count of lead_customer.
  int64_t Confirmed() {
    return *database_->Read<int64_t>([&](db::Connection& c) -> Result<int64_t> {
      db::Rows rows = c.Query(
          "SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT) FROM ledger_entry WHERE dealer_id = ?1 "
          "AND event = 'lead_customer'",
          dealer_);
      rows.Next();
      return rows.Int(0) / 1000;
    });
  }

  access::TestFolder folder_;
  db::TestDatabase database_;
  std::unique_ptr<access::Vault> vault_;
  Store store_;
  Verifications verifications_;
  DealerId dealer_;
  StaffId ana_, ben_;
  mutable std::vector<std::string> deeds_;
};

// BR-57: daily entry; a designated person verifies by telephone.
TEST_P(VerificationTest, BR57_WhoeverIsDesignatedConfirmsALeadAsAProspect) {
  const std::string late = Add(ana_, "13800000001");
  const std::string soon = Add(ben_, "13800000002", "2026-12-01");
  EXPECT_EQ(Due(All()), (std::vector<std::string>{soon, late})) << "the warmest first";
  deeds_.clear();
  EXPECT_EQ(Record(soon, 0, Heard::kConfirmed), "");
  EXPECT_EQ(Confirmed(), 1);
  EXPECT_EQ(Due(All()), std::vector<std::string>{late});
  EXPECT_EQ(Due(All(), false), std::vector<std::string>{soon});
  EXPECT_EQ(deeds_, std::vector<std::string>{"lead.verify lead:" + soon});
  // Heard otherwise later.
  EXPECT_EQ(Record(soon, 0, Heard::kNotInterested), "edit_conflict");
  EXPECT_EQ(Record(soon, 1, Heard::kNotInterested), "");
  EXPECT_EQ(Confirmed(), 0);
  EXPECT_EQ(Record(soon, 2, Heard::kConfirmed), "");
  EXPECT_EQ(Confirmed(), 1);
}

TEST_P(VerificationTest, BR57_WhoDoesNotAnswerIsCalledAgain) {
  const std::string lead = Add(ana_, "13800000001");
  EXPECT_EQ(Record(lead, 0, Heard::kNoAnswer), "");
  EXPECT_EQ(Record(lead, 1, Heard::kNoAnswer), "");
  EXPECT_EQ(Due(All()), std::vector<std::string>{lead});
  EXPECT_EQ(verifications_.List(All(), true, 10, kNow)->leads[0].calls, 2);
  EXPECT_EQ(Record(lead, 2, Heard::kWrongNumber), "");
  EXPECT_EQ(Due(All()), std::vector<std::string>());
  EXPECT_EQ(Confirmed(), 0);
}

TEST_P(VerificationTest, BR57_NobodyVerifiesHisOwnNorWhatHeDoesNotSee) {
  const std::string lead = Add(ana_, "13800000001");
  EXPECT_EQ(Record(lead, 0, Heard::kConfirmed, {ana_}), "verify_own_lead");
  EXPECT_EQ(Code(verifications_.Record(As(ben_), {}, lead, 0, Heard::kConfirmed, kNow)), "not_found");
  EXPECT_EQ(Due(As(ben_)), std::vector<std::string>());
  EXPECT_EQ(Record(lead, 0, Heard::kConfirmed, {ben_}), "");
}

TEST_P(VerificationTest, BR57_ANewAttemptIsVerifiedAnew) {
  const std::string lead = Add(ana_, "13800000001");
  const auto move = [&](LeadStatus status) {
    LeadMove how;
    how.status = status;
    if (status == LeadStatus::kLost) how.lost_reason = "price";
    EXPECT_EQ(
        Code(database_->Write<void>([&](db::Connection& c) { return store_.MoveLead(c, All(), lead, how, kNow); })),
        "");
  };
  EXPECT_EQ(Record(lead, 0, Heard::kConfirmed), "");
  move(LeadStatus::kLost);
  EXPECT_EQ(Record(lead, 1, Heard::kNotInterested), "verify_not_open");
  move(LeadStatus::kOpen);
  EXPECT_EQ(Due(All()), std::vector<std::string>{lead});
  EXPECT_EQ(Record(lead, 0, Heard::kNotInterested), "");
  EXPECT_EQ(Confirmed(), 1) << "what was heard of the first attempt stays";
}

INSTANTIATE_TEST_SUITE_P(On, VerificationTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::leads
