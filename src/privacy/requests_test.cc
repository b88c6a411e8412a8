#include "privacy/requests.h"

#include <boost/json.hpp>

#include "privacy/recipients.h"
#include "privacy/retention.h"
#include "privacy/testing.h"

namespace dealpace::privacy {
namespace {

class RequestTest : public PrivacyTest {
 protected:
  RequestTest() : requests_(*database_, *vault_, store_), recipients_(*database_, store_) {}

  RequestId Asks(CustomerId id, const std::string& kind, const std::string& words = {}, Instant at = kNow) {
    const auto made = requests_.Receive(All(), Witness(), id, {kind, "phone", at, words}, kNow);
    EXPECT_EQ(Code(made), "");
    return made.ok() ? *made : RequestId();
  }
  PersonRequest Get(RequestId id) {
    for (const bool open : {true, false}) {
      const auto all = requests_.List(All(), open, {}, 100, kNow);
      for (const PersonRequest& request : *all) {
        if (request.id == id) return request;
      }
    }
    ADD_FAILURE() << "no such request";
    return {};
  }
  std::string Check(RequestId id, Scope scope = Scope::kAll) {
    return Code(requests_.Check(All(), Witness(), id, Get(id).version, "known", scope, kNow));
  }
  std::string Finish(RequestId id) { return Code(requests_.Finish(All(), Witness(), id, Get(id).version, kNow)); }
  std::string Refuse(RequestId id, const std::string& reason) {
    return Code(requests_.Refuse(All(), Witness(), id, Get(id).version, reason, kNow));
  }
  std::string ValueOf(const std::vector<HeldFact>& facts, const std::string& section, const std::string& field) {
    for (const HeldFact& fact : facts) {
      if (fact.section == section && fact.field == field) return fact.value;
    }
    return "";
  }

  Requests requests_;
  Recipients recipients_;
};

TEST_P(RequestTest, FromReceivedToDoneOrRefused) {
  const CustomerId id = Added(ana_, "张三", "13812345678");
  const RequestId access = Asks(id, "access", "wants to know all", Instant{kNow.ms - 40 * kDayMs});
  const RequestId correction = Asks(id, "correction");
  EXPECT_EQ(Get(access).due, kToday - 40 + 30);
  EXPECT_TRUE(Get(access).overdue);
  EXPECT_EQ(Get(access).words, "wants to know all");
  EXPECT_FALSE(Get(correction).overdue);
  const auto open = requests_.List(All(), true, {}, 100, kNow);
  ASSERT_EQ(open->size(), 2U);
  EXPECT_EQ(open->front().id, access) << "the first due first";
  EXPECT_EQ(open->front().customer_name, "张**");
  EXPECT_TRUE(requests_.List(As(ben_), true, {}, 100, kNow)->empty());

  EXPECT_EQ(Finish(access), "request_step") << "who asks must be certain";
  EXPECT_EQ(Code(requests_.Export(All(), Witness(), access, kNow)), "request_step");
  EXPECT_EQ(Code(requests_.Check(All(), Witness(), access, 1, "a hunch", Scope::kAll, kNow)), "field_choice");
  EXPECT_EQ(Code(requests_.Check(As(ben_), Witness(), access, 1, "known", Scope::kAll, kNow)), "not_found");
  EXPECT_EQ(Check(access), "");
  EXPECT_EQ(Code(requests_.Finish(All(), Witness(), access, 1, kNow)), "edit_conflict");
  EXPECT_EQ(Finish(access), "");
  EXPECT_EQ(Finish(access), "request_step");
  EXPECT_EQ(Refuse(access, "repeated"), "request_step");

  EXPECT_EQ(Refuse(correction, ""), "field_choice") << "a refusal has a reason";
  EXPECT_EQ(Refuse(correction, "identity"), "");
  EXPECT_EQ(Get(correction).state, RequestState::kRefused);
  EXPECT_EQ(Get(correction).refusal, "identity");
  EXPECT_EQ(Code(requests_.Receive(All(), {}, id, {"access", "phone", Instant{kNow.ms + 1}, ""}, kNow)),
            "request_in_future");
  EXPECT_EQ(Code(requests_.Receive(All(), {}, id, {"wish", "phone", {}, ""}, kNow)), "field_choice");
  EXPECT_EQ(deeds_, (std::vector<std::string>{"request.receive", "request.receive", "request.check", "request.finish",
                                              "request.refuse"}));
}

TEST_P(RequestTest, ErasureAnonymisesNowUnlessDataMustBeKept) {
  const leads::Added added = Add(ana_, "张三", "13812345678", true);
  const RequestId erasure = Asks(added.customer, "erasure", "delete 张三");
  EXPECT_EQ(Check(erasure, Scope::kContact), "");
  EXPECT_EQ(Finish(erasure), "request_scope");
  EXPECT_EQ(Check(erasure), "");
  EXPECT_EQ(Code(store_.SetHold(All(), Witness(), added.customer, 0, "dispute", kNow)), "");
  AttachTo(added.customer, "张三.jpg");
  EXPECT_EQ(Finish(erasure), "legal_hold");
  const auto held = [&] {
    return Code(database_->Read<void>([&](db::Connection& c) { return CheckNotHeld(c, dealer_, added.customer); }));
  };
  EXPECT_EQ(held(), "legal_hold");
  const Status why = database_->Read<void>([&](db::Connection& c) { return CheckNotHeld(c, dealer_, added.customer); });
  EXPECT_EQ(why.error().Arg("reason_zh"), "纠纷或诉讼") << "as people call it, not as the program does";
  EXPECT_EQ(why.error().Arg("reason"), "Dispute or lawsuit");
  EXPECT_EQ(Count("SELECT COUNT(*) FROM attachment_chunk"), 1);
  EXPECT_EQ(Get(erasure).state, RequestState::kChecked) << "it stays open";
  EXPECT_EQ(Code(store_.LiftHold(All(), Witness(), added.customer, 1, kNow)), "");
  EXPECT_EQ(held(), "");
  EXPECT_EQ(Finish(erasure), "");
  const auto gone = customers_.Get(All(), added.customer, leads::Reveal::kWhole, kNow);
  EXPECT_TRUE(gone->record.empty());
  EXPECT_EQ(gone->anonymised_why, "request");
  EXPECT_EQ(Count("SELECT COUNT(*) FROM attachment"), 0);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM attachment_chunk"), 0);
  EXPECT_EQ(gone->leads[0].status, leads::LeadStatus::kSuspended) << "nobody works on it any more";
  EXPECT_EQ(Get(erasure).words, "") << "nor does the request name him";
  EXPECT_EQ(Code(requests_.Receive(All(), {}, added.customer, {"access", "phone", {}, ""}, kNow)),
            "customer_anonymised");
}

TEST_P(RequestTest, WhoAsksIsNotAnonymisedBeforeHeIsAnswered) {
  const Instant long_ago{kNow.ms - 1000 * kDayMs};
  const CustomerId id = Add(ana_, "张三", "13812345678", false, long_ago).customer;
  AttachTo(id, "a.jpg");
  const RequestId access = Asks(id, "access");
  Keeper keeper(*database_, store_, {});
  EXPECT_EQ(keeper.RunAll(kNow)->customers, 0);
  EXPECT_EQ(Refuse(access, "identity"), "");
  const auto run = keeper.RunAll(kNow);
  EXPECT_EQ(run->customers, 1);
  EXPECT_EQ(run->files, 1);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM attachment_chunk"), 0);
}

TEST_P(RequestTest, WhatSomebodyRemovedStaysWhileItMustBeKeptOrIsAskedAbout) {
  const leads::Added held = Add(ana_, "张三", "13800000001", true);
  const CustomerId asks = Added(ana_, "李四", "13800000002");
  const CustomerId twin = Added(ana_, "李先生", "13900000002");
  const CustomerId other = Added(ana_, "王五", "13800000003");
  ASSERT_EQ(Code(customers_.Merge(All(), asks, 1, twin, kNow)), "");
  const attachments::AttachmentId of_twin = AttachTo(twin, "twin.jpg");
  for (const attachments::AttachmentId file :
       {AttachTo(held.customer, "a.jpg"), AttachTo({leads::kLeadHome, held.lead}, "b.jpg"), of_twin,
        AttachTo(other, "d.jpg")}) {
    EXPECT_EQ(Code(database_->Write<void>(
                  [&](db::Connection& c) { return attachments::Store::Remove(c, dealer_, file, "ana", kNow); })),
              "");
  }
  // Only then it is said that they are needed.
  EXPECT_EQ(Code(store_.SetHold(All(), Witness(), held.customer, 0, "dispute", kNow)), "");
  const RequestId access = Asks(asks, "access");
  const Instant later{kNow.ms + 20 * kDayMs};
  Keeper keeper(*database_, store_, {});
  EXPECT_EQ(keeper.RunAll(later)->files, 1) << "the other one's";
  EXPECT_EQ(Count("SELECT COUNT(*) FROM attachment WHERE head IS NOT NULL"), 3);
  // Nor does the erasure of somebody else at the same dealer take them along.
  const RequestId erasure = Asks(other, "erasure");
  EXPECT_EQ(Check(erasure), "");
  EXPECT_EQ(Code(requests_.Finish(All(), Witness(), erasure, Get(erasure).version, later)), "");
  EXPECT_EQ(Count("SELECT COUNT(*) FROM attachment_chunk"), 3);
  // Who asks is told of his, and it can be had back.
  EXPECT_EQ(Check(access), "");
  const auto facts = requests_.Export(All(), Witness(), access, later);
  ASSERT_EQ(Code(facts), "");
  EXPECT_EQ(ValueOf(*facts, "attachment", "name"), "twin.jpg");
  EXPECT_NE(ValueOf(*facts, "attachment", "removed_at"), "");
  EXPECT_EQ(Code(database_->Write<void>(
                [&](db::Connection& c) { return attachments::Store::Restore(c, dealer_, of_twin, "ana", later); })),
            "");
  EXPECT_EQ(Code(database_->Write<void>(
                [&](db::Connection& c) { return attachments::Store::Remove(c, dealer_, of_twin, "ana", kNow); })),
            "");
  EXPECT_EQ(Finish(access), "");
  EXPECT_EQ(keeper.RunAll(later)->files, 1) << "answered";
  EXPECT_EQ(Code(store_.LiftHold(All(), Witness(), held.customer, 1, later)), "");
  EXPECT_EQ(keeper.RunAll(later)->files, 2) << "and once nothing need be kept any more";
  EXPECT_EQ(Count("SELECT COUNT(*) FROM attachment_chunk"), 0);
}

TEST_P(RequestTest, ADamagedFileDoesNotKeepAnybodyFromBeingTold) {
  const CustomerId id = Added(ana_, "张三", "13812345678");
  AttachTo(id, "well.jpg");
  const attachments::AttachmentId damaged = AttachTo(id, "lost.jpg");
  EXPECT_EQ(Code(database_->Write<void>([&](db::Connection& c) -> Status {
              c.Execute("UPDATE attachment SET head = ?3 WHERE dealer_id = ?1 AND attachment_id = ?2", dealer_, damaged,
                        db::Blob{std::string(300, 'x')});
              return {};
            })),
            "");
  const RequestId access = Asks(id, "access");
  EXPECT_EQ(Check(access), "");
  const auto facts = requests_.Export(All(), Witness(), access, kNow);
  ASSERT_EQ(Code(facts), "");
  const boost::json::value json = boost::json::parse(FactsJson(*facts));
  const boost::json::array& files = json.at("attachment").as_array();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].at("damaged").as_string(), "true");
  EXPECT_FALSE(files[0].as_object().contains("name"));
  EXPECT_TRUE(files[0].as_object().contains("bytes"));
  EXPECT_EQ(files[1].at("name").as_string(), "well.jpg");
  EXPECT_FALSE(files[1].as_object().contains("damaged"));
}

TEST_P(RequestTest, AccessGivesEverythingThatIsHeld) {
  leads::NewCustomer input;
  input.record = {{"name", "张三"}, {"phone", "13812345678"}, {"interests", "=1+1"}};
  input.owner = ana_;
  input.lead.emplace();
  input.lead->need = "孩子上学接送，旧车空间太小";
  const CustomerId id = customers_.Add(All(), input, kNow)->customer;
  const CustomerId twin = Added(ana_, "张先生", "13900000002");
  ASSERT_EQ(Code(customers_.Merge(All(), id, 1, twin, kNow)), "");
  ASSERT_EQ(Code(store_.Give(All(), {}, id, 0, {"share_bank", 1, "paper", {}, "form 9"}, kNow)), "");
  ASSERT_EQ(Code(store_.SetNoContact(All(), {}, id, 1, {"sms"}, "asked", kNow)), "");
  const auto bank = recipients_.Add(All(), {}, {"某银行", "bank", "loan", "consent", "name, phone", kToday, {}}, kNow);
  ASSERT_EQ(Code(bank), "");
  ASSERT_EQ(Code(recipients_.Give(All(), {}, id, *bank, kNow)), "");
  AttachTo(id, "驾驶证.jpg");
  const RequestId access = Asks(id, "access", "all of it");
  EXPECT_EQ(Check(access), "");
  deeds_.clear();
  const auto facts = requests_.Export(All(), Witness(), access, kNow);
  ASSERT_EQ(Code(facts), "");
  EXPECT_EQ(deeds_, std::vector<std::string>{"export.person"});
  EXPECT_EQ(ValueOf(*facts, "customer", "name"), "张三");
  EXPECT_EQ(ValueOf(*facts, "lead", "need"), "孩子上学接送，旧车空间太小");
  EXPECT_EQ(ValueOf(*facts, "consent", "evidence"), "form 9");
  EXPECT_EQ(ValueOf(*facts, "attachment", "name"), "驾驶证.jpg");
  EXPECT_EQ(ValueOf(*facts, "attachment", "type"), "image/jpeg");
  EXPECT_EQ(ValueOf(*facts, "no_contact", "channel"), "sms");
  EXPECT_EQ(ValueOf(*facts, "given_to", "recipient"), "某银行");
  EXPECT_EQ(ValueOf(*facts, "request", "words"), "all of it");
  const boost::json::value json = boost::json::parse(FactsJson(*facts));
  ASSERT_EQ(json.at("customer").as_array().size(), 2U) << "whoever was merged into him is he";
  EXPECT_EQ(json.at("customer").at(1).at("phone").as_string(), "13900000002");
  const std::string csv = FactsCsv(*facts);
  EXPECT_NE(csv.find("customer,1,interests,'=1+1\r\n"), std::string::npos) << "no cell is a formula";

  EXPECT_EQ(Check(access, Scope::kContact), "");
  const auto part = requests_.Export(All(), Witness(), access, kNow);
  EXPECT_EQ(ValueOf(*part, "customer", "phone"), "13812345678");
  EXPECT_EQ(ValueOf(*part, "customer", "interests"), "");
  EXPECT_EQ(ValueOf(*part, "lead", "need"), "");
  EXPECT_EQ(ValueOf(*part, "attachment", "name"), "");
}

TEST_P(RequestTest, DataAreGivenToWhomTheRegisterNamesAndWithConsent) {
  const CustomerId id = Added(ana_, "张三", "13812345678");
  const auto add = [&](const std::string& kind, const std::string& basis, std::optional<Day> until = {}) {
    return recipients_.Add(All(), Witness(), {"n", kind, "p", basis, "d", kToday - 10, until}, kNow);
  };
  const auto give = [&](const Result<RecipientId>& to) {
    return Code(recipients_.Give(All(), Witness(), id, *to, kNow));
  };
  const auto oem = add("oem", "consent");
  const auto law = add("authority", "law");
  const auto over = add("insurer", "contract", kToday - 1);
  EXPECT_EQ(Code(add("friend", "law")), "field_choice");
  EXPECT_EQ(Code(add("oem", "hope")), "field_choice");
  EXPECT_EQ(Code(add("oem", "law", kToday - 20)), "field_day_bad");
  EXPECT_EQ(Code(recipients_.Add(All(), {}, {"", "oem", "p", "law", "d", kToday, {}}, kNow)), "field_missing");
  EXPECT_EQ(give(law), "");
  EXPECT_EQ(give(over), "recipient_unknown");
  EXPECT_EQ(give(oem), "share_without_consent");
  EXPECT_EQ(Code(store_.Give(All(), {}, id, 0, {"share_oem", 1, "paper", {}, "form 1"}, kNow)), "");
  EXPECT_EQ(give(oem), "");
  EXPECT_EQ(give(oem), "") << "as often as it happens";
  EXPECT_EQ(Code(store_.Withdraw(All(), {}, id, 1, "share_oem", "phone", kNow)), "");
  EXPECT_EQ(give(oem), "share_without_consent");
  EXPECT_EQ(recipients_.SharesOf(All(), id, kNow)->size(), 3U) << "what was given stays on record";
  EXPECT_EQ(Code(recipients_.SharesOf(As(ben_), id, kNow)), "not_found");
  EXPECT_EQ(Code(recipients_.Change(All(), {}, *oem, 7, {"m", "oem", "p", "law", "d", kToday, {}}, kNow)),
            "edit_conflict");
  EXPECT_EQ(Code(recipients_.Change(All(), {}, *oem, 1, {"m", "oem", "p", "law", "d", kToday, {}}, kNow)), "");
  const auto all = recipients_.List(dealer_);
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ(all->front().input.name, "m");
  EXPECT_EQ(all->front().customers, 1) << "people, not times";
}

TEST_P(RequestTest, PeopleAreCountedAgainstTheThresholds) {
  const CustomerId one = Added(ana_, "张三", "13812345678");
  const CustomerId two = Added(ana_, "李四", "13812345679");
  ASSERT_EQ(Code(customers_.Merge(All(), one, 1, two, kNow)), "");
  leads::NewCustomer company;
  company.kind = leads::Kind::kCompany;
  company.record = {{"name", "某公司"}, {"phone", "02155512345"}};
  company.owner = ana_;
  ASSERT_EQ(Code(customers_.Add(All(), company, kNow)), "");
  EXPECT_EQ(*recipients_.People(dealer_), 1);
  EXPECT_EQ(*recipients_.People(other_), 0);
  const std::vector<Threshold> thresholds = {{100, {}}, {1000, {}}};
  EXPECT_EQ(Against({}, 89, thresholds).near, false);
  EXPECT_EQ(Against({}, 90, thresholds).near, true);
  EXPECT_EQ(Against({}, 99, thresholds).reached, nullptr);
  EXPECT_EQ(Against({}, 100, thresholds).reached->people, 100);
  EXPECT_EQ(Against({}, 1000, thresholds).next, nullptr);
}

INSTANTIATE_TEST_SUITE_P(On, RequestTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::privacy
