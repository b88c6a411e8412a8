#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "access/testing.h"
#include "attachments/testing.h"
#include "catalog/embedded.h"
#include "db/testing.h"
#include "leads/attachment_homes.h"
#include "org/org.h"
#include "privacy/store.h"

// What the tests of this room share: a dealer with two people, customers, and a log of what was written down.
namespace dealpace::privacy {

using access::Code;

inline const Day kToday = *ParseDay("2026-11-25");
inline const Instant kNow{int64_t{kToday.value} * 86'400'000 + 3 * 3'600'000};  // 11:00 in Shanghai
constexpr int64_t kDayMs = 86'400'000;

class PrivacyTest : public testing::TestWithParam<db::Kind> {
 protected:
  PrivacyTest()
      : database_(GetParam()),
        vault_(*access::Vault::Open(*database_, *access::KeyFile::Make(folder_.path() / "keys"))),
        customers_(*database_, *vault_, catalog::Load(catalog::EmbeddedFiles()).catalog),
        store_(*database_, *vault_, customers_) {
    const auto made = database_->Write<void>([&](db::Connection& c) -> Status {
      dealer_ = *org::AddDealer(c, "D1", "一店");
      other_ = *org::AddDealer(c, "D2", "二店");
      ana_ = *org::AddStaff(c, dealer_, "ana", "Ana");
      ben_ = *org::AddStaff(c, dealer_, "ben", "Ben");
      return {};
    });
    EXPECT_EQ(Code(made), "");
  }

  Asker All() const { return {dealer_, leads::Visible::All(), "boss"}; }
  Asker As(StaffId staff) const { return {dealer_, {false, {staff}, {}}, "somebody"}; }
  // Writes down what is done: "act object".
  db::Witness Witness() {
    return db::Witness(
        [this](db::Connection&, const db::Deed& deed) -> Status {
          deeds_.push_back(deed.act);
          return {};
        },
        AccountId(7));
  }
  leads::Added Add(StaffId owner, const std::string& name, const std::string& phone, bool lead = false,
                   Instant now = kNow) {
    leads::NewCustomer input;
    input.record = {{"name", name}, {"phone", phone}};
    input.owner = owner;
    input.despite_duplicates = true;
    if (lead) input.lead.emplace();
    const auto added = customers_.Add(All(), input, now);
    EXPECT_EQ(Code(added), "");
    return added.ok() ? *added : leads::Added();
  }
  CustomerId Added(StaffId owner, const std::string& name, const std::string& phone) {
    return Add(owner, name, phone).customer;
  }
  int64_t Version(CustomerId id) { return store_.Get(All(), id, kNow)->version; }
  Status Move(const std::string& lead, const leads::LeadMove& move, Instant now = kNow) {
    return database_->Write<void>([&](db::Connection& c) { return customers_.MoveLead(c, All(), lead, move, now); });
  }
  // A file of a customer, or of something else.
  attachments::AttachmentId AttachTo(const attachments::Owner& owner, const std::string& name) {
    const auto packed = attachments::Store::Pack(dealer_, name, "", attachments::TestJpeg(name));
    EXPECT_EQ(Code(packed), "");
    if (!packed.ok()) return {};
    EXPECT_EQ(Code(database_->Write<void>(
                  [&](db::Connection& c) { return attachments::Store(*vault_).Add(c, owner, *packed, "ana", kNow); })),
              "");
    return packed->id();
  }
  attachments::AttachmentId AttachTo(CustomerId id, const std::string& name) {
    return AttachTo({leads::kCustomerHome, std::to_string(id.value)}, name);
  }
  int64_t Count(const std::string& sql) {
    return *database_->Read<int64_t>([&](db::Connection& c) -> Result<int64_t> {
      db::Rows rows = c.Query(sql);
      rows.Next();
      return rows.Int(0);
    });
  }

  access::TestFolder folder_;
  db::TestDatabase database_;
  std::unique_ptr<access::Vault> vault_;
  leads::Store customers_;
  Store store_;
  DealerId dealer_;
  DealerId other_;
  StaffId ana_;
  StaffId ben_;
  std::vector<std::string> deeds_;
};

}  // namespace dealpace::privacy
