#include "leads/attachment_homes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "access/testing.h"
#include "attachments/testing.h"
#include "catalog/embedded.h"
#include "db/testing.h"
#include "org/org.h"

namespace dealpace::leads {
namespace {

using access::Code;
using attachments::Attachment;

const Instant kNow{int64_t{ParseDay("2026-11-25")->value} * 86'400'000 + 3 * 3'600'000};

class AttachmentHomesTest : public testing::TestWithParam<db::Kind> {
 protected:
  AttachmentHomesTest()
      : database_(GetParam()),
        vault_(*access::Vault::Open(*database_, *access::KeyFile::Make(folder_.path() / "keys"))),
        store_(*database_, *vault_, catalog::Load(catalog::EmbeddedFiles()).catalog),
        files_(*vault_),
        homes_(AttachmentHomes([this]() -> Result<Store*> { return &store_; },
                               [this](const http::Request& request, DealerId dealer) -> Result<Visible> {
                                 if (dealer != dealer_) return Error("not_found");
                                 if (request.caller.login == "boss") return Visible::All();
                                 return Visible{false, {request.caller.login == "ana" ? ana_ : ben_}, {}};
                               })) {
    const Status made = database_->Write<void>([&](db::Connection& c) -> Status {
      dealer_ = *org::AddDealer(c, "D1", "");
      ana_ = *org::AddStaff(c, dealer_, "ana", "");
      ben_ = *org::AddStaff(c, dealer_, "ben", "");
      return {};
    });
    EXPECT_EQ(Code(made), "");
  }

  Asker All() const { return {dealer_, Visible::All(), "boss", {}}; }
  Added AddCustomer(StaffId owner, const std::string& name, const std::string& phone) {
    NewCustomer input;
    input.record = {{"name", name}, {"phone", phone}};
    input.owner = owner;
    input.lead.emplace();
    const auto added = store_.Add(All(), input, kNow);
    EXPECT_EQ(Code(added), "");
    return added.ok() ? *added : Added();
  }
  const attachments::Home& HomeOf(const std::string& kind) const { return homes_.at(kind == kCustomerHome ? 0 : 1); }

  // Adds a file as somebody; "" or the code of what it fails with.
  std::string AddFile(const std::string& who, const std::string& kind, const std::string& id, const std::string& name) {
    const auto packed = attachments::Store::Pack(dealer_, name, "", attachments::TestJpeg(name));
    EXPECT_EQ(Code(packed), "");
    return Code(database_->Write<void>([&](db::Connection& c) -> Status {
      ASSIGN_OR_RETURN(const auto found, HomeOf(kind).find(c, As(who), dealer_, id, true, kNow));
      return files_.Add(c, found.adds_to, *packed, who, kNow);
    }));
  }
  // The names of the files that somebody sees there, sorted, or the code of what it fails with.
  std::string Files(const std::string& who, const std::string& kind, const std::string& id) {
    using Listed = std::vector<Attachment>;
    const auto all = database_->Read<Listed>([&](db::Connection& c) -> Result<Listed> {
      ASSIGN_OR_RETURN(const auto found, HomeOf(kind).find(c, As(who), dealer_, id, false, kNow));
      return files_.List(c, dealer_, found.shows, false);
    });
    if (!all.ok()) return all.error().code;
    std::vector<std::string> names;
    for (const Attachment& file : *all) names.push_back(file.name.substr(0, file.name.find('.')));
    std::sort(names.begin(), names.end());
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
    return text;
  }
  std::string Files(const std::string& who, CustomerId id) {
    return Files(who, kCustomerHome, std::to_string(id.value));
  }
  static http::Request As(const std::string& who) {
    http::Request request;
    request.caller.login = who;
    return request;
  }
  int64_t Version(CustomerId id) { return store_.Get(All(), id, Reveal::kMasked, kNow)->version; }

  access::TestFolder folder_;
  db::TestDatabase database_;
  std::unique_ptr<access::Vault> vault_;
  Store store_;
  attachments::Store files_;
  std::vector<attachments::Home> homes_;
  DealerId dealer_;
  StaffId ana_;
  StaffId ben_;
};

TEST_P(AttachmentHomesTest, WhoDoesNotSeeTheCustomerSeesNoFile) {
  const Added wang = AddCustomer(ana_, "王一", "13800000001");
  const std::string id = std::to_string(wang.customer.value);
  EXPECT_EQ(AddFile("ana", kCustomerHome, id, "licence"), "");
  EXPECT_EQ(AddFile("ana", kLeadHome, wang.lead, "offer"), "");
  EXPECT_EQ(Files("ana", wang.customer), "licence offer") << "with those of his leads";
  EXPECT_EQ(Files("boss", kLeadHome, wang.lead), "offer");
  EXPECT_EQ(Files("ben", wang.customer), "not_found");
  EXPECT_EQ(Files("ben", kLeadHome, wang.lead), "not_found");
  EXPECT_EQ(AddFile("ben", kCustomerHome, id, "x"), "not_found");
  EXPECT_EQ(AddFile("ben", kLeadHome, wang.lead, "x"), "not_found");
  EXPECT_EQ(AddFile("boss", kCustomerHome, "0", "x"), "not_found");
  EXPECT_EQ(AddFile("boss", kCustomerHome, id + "0", "x"), "not_found");
  EXPECT_EQ(AddFile("boss", kCustomerHome, "x", "x"), "not_found");
  EXPECT_EQ(AddFile("boss", kLeadHome, "", "x"), "not_found");
}

TEST_P(AttachmentHomesTest, ALeadThatStayedWithAnotherShowsItsFilesToWhoSeesBoth) {
  const Added wang = AddCustomer(ana_, "王一", "13800000001");
  EXPECT_EQ(AddFile("ana", kLeadHome, wang.lead, "contract"), "");
  EXPECT_EQ(AddFile("ana", kCustomerHome, std::to_string(wang.customer.value), "licence"), "");
  const Status lost = database_->Write<void>([&](db::Connection& c) {
    return store_.MoveLead(c, All(), wang.lead, {LeadStatus::kLost, "", "price"}, kNow);
  });
  ASSERT_EQ(Code(lost), "");
  // The lead is over and stays with Ana; the customer goes to Ben, with his files where they are.
  ASSERT_EQ(Code(store_.HandOver(All(), ana_, ben_, std::nullopt, kNow)), "");
  EXPECT_EQ(Files("ana", kLeadHome, wang.lead), "not_found");
  EXPECT_EQ(Files("ana", wang.customer), "not_found");
  EXPECT_EQ(Files("ben", wang.customer), "licence");
  EXPECT_EQ(Files("ben", kLeadHome, wang.lead), "not_found");
  EXPECT_EQ(Files("boss", wang.customer), "contract licence");
}

TEST_P(AttachmentHomesTest, MergingCarriesFilesOverAndTakingItBackBringsThemBack) {
  const Added kept = AddCustomer(ana_, "王一", "13800000001");
  const Added other = AddCustomer(ben_, "王二", "13800000002");
  EXPECT_EQ(AddFile("ana", kCustomerHome, std::to_string(kept.customer.value), "one"), "");
  EXPECT_EQ(AddFile("ben", kCustomerHome, std::to_string(other.customer.value), "two"), "");
  EXPECT_EQ(AddFile("ben", kLeadHome, other.lead, "three"), "");
  ASSERT_EQ(Code(store_.Merge(All(), kept.customer, Version(kept.customer), other.customer, kNow)), "");
  EXPECT_EQ(Files("boss", kept.customer), "one three two");
  EXPECT_EQ(Files("boss", other.customer), "one three two") << "by whichever number";
  EXPECT_EQ(Files("ana", kept.customer), "one two") << "the lead is still Ben's";
  EXPECT_EQ(Files("ben", other.customer), "not_found");
  // What comes now belongs to the one that was kept.
  EXPECT_EQ(AddFile("boss", kCustomerHome, std::to_string(other.customer.value), "four"), "");
  ASSERT_EQ(Code(store_.Unmerge(All(), kept.customer, Version(kept.customer), other.customer, kNow)), "");
  EXPECT_EQ(Files("boss", kept.customer), "four one");
  EXPECT_EQ(Files("ben", other.customer), "three two");
}

TEST_P(AttachmentHomesTest, WhoHasBeenAnonymisedHasNoFilesAndGetsNone) {
  const Added wang = AddCustomer(ana_, "王一", "13800000001");
  const std::string id = std::to_string(wang.customer.value);
  EXPECT_EQ(AddFile("ana", kCustomerHome, id, "licence"), "");
  EXPECT_EQ(AddFile("ana", kLeadHome, wang.lead, "offer"), "");
  ASSERT_EQ(Code(database_->Write<void>(
                [&](db::Connection& c) { return store_.Anonymise(c, dealer_, {wang.customer}, "request", kNow); })),
            "");
  EXPECT_EQ(Files("ana", wang.customer), "");
  EXPECT_EQ(AddFile("ana", kCustomerHome, id, "x"), "customer_anonymised");
  EXPECT_EQ(AddFile("ana", kLeadHome, wang.lead, "x"), "customer_anonymised");
  EXPECT_EQ(*attachments::Sweep(*database_, dealer_, kNow), 2);
}

INSTANTIATE_TEST_SUITE_P(On, AttachmentHomesTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::leads
