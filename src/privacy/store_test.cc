#include "privacy/store.h"

#include "privacy/testing.h"

namespace dealpace::privacy {
namespace {

class ConsentTest : public PrivacyTest {
 protected:
  static ConsentInput Consent(const std::string& purpose, std::optional<Instant> given_at = {}) {
    ConsentInput input;
    input.purpose = purpose;
    input.text_version = Policy::Get().FindPurpose(purpose)->version();
    input.way = "in_person";
    input.given_at = given_at;
    return input;
  }
  std::string Give(CustomerId id, const ConsentInput& input, Instant now = kNow) {
    return Code(store_.Give(All(), Witness(), id, Version(id), input, now));
  }
  std::string Withdraw(CustomerId id, const std::string& purpose, Instant now = kNow) {
    return Code(store_.Withdraw(All(), Witness(), id, Version(id), purpose, "phone", now));
  }
  std::string State(CustomerId id, const std::string& purpose, Instant now = kNow) {
    const auto privacy = store_.Get(All(), id, now);
    EXPECT_EQ(Code(privacy), "");
    for (const Standing& standing : privacy->standings) {
      if (standing.purpose == purpose) return std::string(ConsentStateName(standing.state));
    }
    return "?";
  }
  // "" or why not.
  std::string May(CustomerId id, const std::string& purpose, const std::string& channel, Day day = kToday) {
    const auto contact = database_->Read<Contact>(
        [&](db::Connection& c) { return store_.MayContact(c, dealer_, id, purpose, channel, day); });
    return contact.ok() ? std::string(ContactName(*contact)) : contact.error().code;
  }
  std::string Block(CustomerId id, const std::vector<std::string>& channels, const std::string& reason = "asked") {
    return Code(store_.SetNoContact(All(), Witness(), id, Version(id), channels, reason, kNow));
  }
  std::string Mark(CustomerId id) {
    return std::string(leads::NoContactName(customers_.Get(All(), id, leads::Reveal::kMasked, kNow)->no_contact));
  }
};

TEST_P(ConsentTest, EachPurposeIsAgreedToForItself) {
  const CustomerId id = Added(ana_, "张三", "13812345678");
  EXPECT_EQ(State(id, "follow_up"), "never");
  EXPECT_EQ(Give(id, Consent("follow_up")), "");
  EXPECT_EQ(State(id, "follow_up"), "given");
  EXPECT_EQ(State(id, "marketing"), "never");
  EXPECT_EQ(Withdraw(id, "marketing"), "consent_not_given");
  EXPECT_EQ(Withdraw(id, "follow_up"), "");
  EXPECT_EQ(State(id, "follow_up"), "withdrawn");
  EXPECT_EQ(Withdraw(id, "follow_up"), "consent_not_given");
  EXPECT_EQ(Give(id, Consent("follow_up"), {kNow.ms + 1000}), "");
  EXPECT_EQ(State(id, "follow_up"), "given");
  const auto privacy = store_.Get(All(), id, kNow);
  ASSERT_EQ(privacy->consents.size(), 2U) << "a withdrawn one stays on record";
  EXPECT_EQ(privacy->consents[1].withdrawn_way, "phone");
  EXPECT_EQ(privacy->consents[1].withdrawn_by, "boss");
  EXPECT_EQ(deeds_, (std::vector<std::string>{"consent.give", "consent.withdraw", "consent.give"}));
}

TEST_P(ConsentTest, WhatIsRefused) {
  const CustomerId id = Added(ana_, "张三", "13812345678");
  ConsentInput input = Consent("marketing");
  input.purpose = "spying";
  EXPECT_EQ(Give(id, input), "purpose_unknown");
  input = Consent("marketing");
  input.text_version += 1;
  EXPECT_EQ(Give(id, input), "consent_text_old");
  input = Consent("marketing");
  input.way = "telepathy";
  EXPECT_EQ(Give(id, input), "field_choice");
  EXPECT_EQ(Give(id, Consent("marketing", Instant{kNow.ms + 1})), "consent_in_future");
  for (const char* purpose : {"finance", "recording", "share_oem", "share_bank", "share_insurer"}) {
    EXPECT_EQ(Give(id, Consent(purpose)), "consent_evidence_missing") << purpose;
  }
  input = Consent("finance");
  input.evidence = "身份证 110101199003074514";
  EXPECT_EQ(Give(id, input), "number_forbidden");
  input.evidence = "表单 2026-114";
  EXPECT_EQ(Give(id, input), "");
  EXPECT_EQ(Code(store_.Give(As(ben_), Witness(), id, 1, Consent("marketing"), kNow)), "not_found");
  EXPECT_EQ(Version(id), 1) << "what was refused has changed nothing";
}

TEST_P(ConsentTest, EvidenceIsSealed) {
  const CustomerId id = Added(ana_, "张三", "13812345678");
  ConsentInput input = Consent("finance");
  input.evidence = "form 2026-114";
  EXPECT_EQ(Give(id, input), "");
  EXPECT_TRUE(store_.Get(All(), id, kNow)->consents[0].has_evidence);
  const auto stored = database_->Read<std::string>([](db::Connection& c) -> Result<std::string> {
    db::Rows rows = c.Query("SELECT evidence FROM consent");
    rows.Next();
    return std::string(rows.Bytes(0));
  });
  EXPECT_EQ(stored->find("2026-114"), std::string::npos);
}

TEST_P(ConsentTest, OfTwoWhoChangeItAtOnceOneIsTold) {
  const CustomerId id = Added(ana_, "张三", "13812345678");
  EXPECT_EQ(Code(store_.Give(As(ana_), Witness(), id, 0, Consent("marketing"), kNow)), "");
  const auto second = store_.Give(All(), Witness(), id, 0, Consent("follow_up"), kNow);
  EXPECT_EQ(Code(second), "edit_conflict");
  EXPECT_EQ(Code(store_.Give(All(), Witness(), id, 1, Consent("follow_up"), kNow)), "");
  EXPECT_EQ(Code(store_.Withdraw(All(), Witness(), id, 1, "marketing", "phone", kNow)), "edit_conflict");
  EXPECT_EQ(State(id, "marketing"), "given");
}

TEST_P(ConsentTest, ATextThatWasUsedIsNotChangedAfterwards) {
  const CustomerId id = Added(ana_, "张三", "13812345678");
  EXPECT_EQ(Give(id, Consent("marketing")), "");
  const Policy other(R"([[purpose]]
id = "marketing"
name = { en = "Offers", zh = "优惠" }
text = [{ en = "Something else.", zh = "别的内容。" }]
[[way]]
id = "in_person"
name = { en = "in person", zh = "当面" })");
  Store changed(*database_, *vault_, customers_, other);
  EXPECT_EQ(Code(changed.Give(All(), Witness(), id, 1, Consent("marketing"), kNow)), "consent_text_changed");
}

TEST_P(ConsentTest, WhetherSomebodyMayBeReachedAndWhyNot) {
  const CustomerId id = Added(ana_, "张三", "13812345678");
  EXPECT_EQ(May(id, "follow_up", "call"), "consent_never");
  EXPECT_EQ(Give(id, Consent("follow_up", Instant{kNow.ms - 2 * kDayMs})), "");
  EXPECT_EQ(May(id, "follow_up", "call"), "");
  EXPECT_EQ(May(id, "marketing", "call"), "consent_never");
  EXPECT_EQ(May(id, "follow_up", "call", kToday - 3), "consent_never") << "given only later";
  EXPECT_EQ(May(id, "follow_up", "call", AddMonths(kToday - 2, 24)), "");
  EXPECT_EQ(May(id, "follow_up", "call", AddMonths(kToday - 2, 24) + 1), "consent_expired");
  EXPECT_EQ(May(id, "spying", "call"), "purpose_unknown");
  EXPECT_EQ(May(id, "follow_up", "pigeon"), "field_choice");
  EXPECT_EQ(May(CustomerId(1), "follow_up", "call"), "not_found");

  EXPECT_EQ(Block(id, {"sms", "visit"}), "");
  EXPECT_EQ(May(id, "follow_up", "call"), "");
  EXPECT_EQ(May(id, "follow_up", "sms"), "no_contact");
  EXPECT_EQ(Mark(id), "some");
  EXPECT_EQ(Block(id, {"all", "sms"}, "legal"), "");
  EXPECT_EQ(May(id, "follow_up", "call"), "no_contact");
  EXPECT_EQ(Mark(id), "all");
  EXPECT_EQ(Block(id, {}), "");
  EXPECT_EQ(May(id, "follow_up", "call"), "");
  EXPECT_EQ(Mark(id), "");
  EXPECT_EQ(Block(id, {"pigeon"}), "field_choice");
  EXPECT_EQ(Block(id, {"sms"}, "no idea"), "field_choice");

  EXPECT_EQ(Withdraw(id, "follow_up"), "");
  EXPECT_EQ(May(id, "follow_up", "call"), "consent_withdrawn");
  EXPECT_EQ(May(id, "follow_up", "call", kToday - 1), "") << "what was done before stays lawful";
}

TEST_P(ConsentTest, ListsShowWhoIsNotToBeContacted) {
  Added(ana_, "张三", "13812345678");
  const CustomerId two = Added(ana_, "李四", "13900001111");
  EXPECT_EQ(Block(two, {"all"}), "");
  const auto page = customers_.List(All(), {}, leads::CustomerSort::kCreated, "", 50, leads::Reveal::kMasked, kNow);
  ASSERT_EQ(page->customers.size(), 2U);
  EXPECT_EQ(page->customers[0].no_contact, leads::NoContact::kAll);
  EXPECT_EQ(page->customers[1].no_contact, leads::NoContact::kNo);
  const auto by_name = customers_.Search(All(), "李四", 20, leads::Reveal::kMasked, kNow);
  ASSERT_EQ(by_name->size(), 1U);
  EXPECT_EQ(by_name->front().no_contact, leads::NoContact::kAll);
}

TEST_P(ConsentTest, WhatHoldsForAMergedCustomerHoldsForTheOneHeGoesUnder) {
  const CustomerId kept = Added(ana_, "张三", "13812345678");
  const CustomerId goes = Added(ana_, "张先生", "13900001111");
  EXPECT_EQ(Give(goes, Consent("follow_up")), "");
  EXPECT_EQ(Block(goes, {"sms"}), "");
  const int64_t version = customers_.Get(All(), kept, leads::Reveal::kMasked, kNow)->version;
  EXPECT_EQ(Code(customers_.Merge(All(), kept, version, goes, kNow)), "");
  EXPECT_EQ(State(kept, "follow_up"), "given");
  EXPECT_EQ(May(kept, "follow_up", "sms"), "no_contact");
  EXPECT_EQ(May(goes, "follow_up", "call"), "") << "asked by his old number";
  EXPECT_EQ(Mark(kept), "some");
  const auto page = customers_.List(All(), {}, leads::CustomerSort::kCreated, "", 50, leads::Reveal::kMasked, kNow);
  ASSERT_EQ(page->customers.size(), 1U);
  EXPECT_EQ(page->customers[0].no_contact, leads::NoContact::kSome);
  EXPECT_EQ(Code(customers_.Unmerge(All(), kept, version + 1, goes, kNow)), "");
  EXPECT_EQ(State(kept, "follow_up"), "never");
  EXPECT_EQ(Mark(kept), "");
  EXPECT_EQ(Mark(goes), "some");
  // Lifted while merged, it is lifted for both.
  EXPECT_EQ(Code(customers_.Merge(All(), kept, version + 2, goes, kNow)), "");
  EXPECT_EQ(Block(kept, {}), "");
  EXPECT_EQ(Withdraw(kept, "follow_up"), "");
  EXPECT_EQ(Code(customers_.Unmerge(All(), kept, version + 3, goes, kNow)), "");
  EXPECT_EQ(Mark(goes), "");
  EXPECT_EQ(State(goes, "follow_up"), "withdrawn");
}

TEST_P(ConsentTest, ANewCustomerBringsConsentAlongOrIsNotEntered) {
  leads::NewCustomer input;
  input.record = {{"name", "王五"}, {"phone", "13811112222"}};
  input.owner = ana_;
  const auto with = [&](const std::vector<ConsentInput>& consents) {
    return customers_.Add(All(), input, kNow, [&](db::Connection& c, CustomerId id) {
      return store_.GiveIn(c, All(), Witness(), id, consents, kNow);
    });
  };
  EXPECT_EQ(Code(with({Consent("follow_up"), Consent("finance")})), "consent_evidence_missing");
  EXPECT_EQ(Count("SELECT count(*) FROM customer"), 0);
  const auto added = with({Consent("follow_up"), Consent("marketing")});
  ASSERT_EQ(Code(added), "");
  EXPECT_EQ(State(added->customer, "marketing"), "given");
  EXPECT_EQ(Version(added->customer), 1);
}

TEST(PrivacyPolicy, TheFileInTheBinaryIsWhole) {
  const Policy& policy = Policy::Get();
  ASSERT_EQ(policy.purposes().size(), 9U);
  for (const Purpose& purpose : policy.purposes()) {
    for (const Bilingual& text : purpose.texts) EXPECT_FALSE(text.en.empty() || text.zh.empty()) << purpose.id;
    EXPECT_GT(purpose.months.value_or(1), 0) << purpose.id;
  }
  EXPECT_EQ(policy.retentions().size(), 3U);
  EXPECT_EQ(IdsOf(policy.requests()), "access, correction, erasure");
  for (const RequestKind& kind : policy.requests()) EXPECT_GT(kind.days, 0);
  for (const RecipientKind& kind : policy.recipients()) {
    if (!kind.purpose.empty()) {
      ASSERT_NE(policy.FindPurpose(kind.purpose), nullptr) << kind.id;
      EXPECT_EQ(policy.FindPurpose(kind.purpose)->kind, PurposeKind::kSharing) << kind.id;
    }
  }
  ASSERT_FALSE(policy.thresholds().empty());
  EXPECT_GT(policy.thresholds().front().people, 0);
  for (const auto* choices : {&policy.channels(), &policy.ways(), &policy.blocks(), &policy.refusals(),
                              &policy.identities(), &policy.holds(), &policy.bases()}) {
    EXPECT_GE(choices->size(), 4U);
  }
}

TEST_P(ConsentTest, ManyAreBlockedAtOnceAndNothingThatWasClosedOpens) {
  const CustomerId one = Added(ana_, "张三", "13800000001");
  const CustomerId two = Added(ana_, "李四", "13800000002");
  const CustomerId bens = Added(ben_, "王五", "13800000003");
  const CustomerId all = Added(ana_, "赵六", "13800000004");
  ASSERT_EQ(Block(two, {"call"}), "");
  ASSERT_EQ(Block(all, {"all"}), "");
  deeds_.clear();
  const auto changes = [&](bool open) {
    std::vector<BlockChange> rows;
    for (const CustomerId id : {one, two, bens, all}) {
      const auto known = store_.Get(All(), id, kNow);
      rows.push_back({id, known->version, {"sms"}, "asked", open});
    }
    return rows;
  };
  const auto outcomes = [](const Result<std::vector<BlockChanged>>& done) {
    EXPECT_EQ(Code(done), "");
    std::string text;
    for (const BlockChanged& row : *done) text += (text.empty() ? "" : " ") + row.outcome;
    return text;
  };
  EXPECT_EQ(outcomes(store_.BlockMany(As(ana_), Witness(), changes(false), true, kNow)),
            "change change not_found same");
  EXPECT_EQ(Mark(one), "");
  EXPECT_EQ(deeds_.size(), 0u);
  auto stale = changes(false);
  stale[0].version += 1;
  const auto done = store_.BlockMany(As(ana_), Witness(), stale, false, kNow);
  EXPECT_EQ(outcomes(done), "conflict change not_found same");
  EXPECT_EQ(Mark(one), "");
  EXPECT_EQ(Mark(two), "some");
  EXPECT_EQ(Mark(bens), "");
  EXPECT_EQ(Mark(all), "all");
  EXPECT_EQ(deeds_, std::vector<std::string>{"contact.block"});
  EXPECT_EQ(store_.Get(All(), two, kNow)->blocks.size(), 2u) << "the phone stays closed";
  EXPECT_EQ(outcomes(store_.BlockMany(As(ana_), Witness(),
                                      {{two, (*done)[1].version, (*done)[1].channels, "asked", true}}, false, kNow)),
            "change");
  const auto after = store_.Get(All(), two, kNow);
  ASSERT_EQ(after->blocks.size(), 1u);
  EXPECT_EQ(after->blocks[0].channel, "call");
  EXPECT_EQ(Code(store_.BlockMany(All(), Witness(), {{one, 0, {"pigeon"}, "asked", false}}, false, kNow)),
            "field_choice");
}

// Taking back what was closed for many opens only what was closed for that reason.
TEST_P(ConsentTest, ABlockOfSomebodyElseIsNotLifted) {
  const CustomerId one = Added(ana_, "张三", "13800000001");
  const CustomerId kept = Added(ana_, "李四", "13800000002");
  const CustomerId twin = Added(ana_, "李先生", "13900000002");
  ASSERT_EQ(Block(one, {"sms"}, "complaint"), "");
  ASSERT_EQ(Block(kept, {"sms"}, "asked"), "");
  ASSERT_EQ(Block(twin, {"sms"}, "legal"), "");
  ASSERT_EQ(Code(customers_.Merge(All(), kept, 1, twin, kNow)), "");
  const auto open = [&](CustomerId id, const std::string& reason) {
    const auto done =
        store_.BlockMany(All(), Witness(), {{id, Version(id), {"sms"}, reason, true}}, false, {kNow.ms + 1});
    EXPECT_EQ(Code(done), "");
    return done.ok() ? done->front().outcome : "";
  };
  deeds_.clear();
  EXPECT_EQ(open(one, "asked"), "same");
  EXPECT_EQ(Mark(one), "some");
  EXPECT_EQ(deeds_.size(), 0u);
  // Of two merged ones both have the channel closed, each for a reason of its own.
  EXPECT_EQ(open(kept, "asked"), "change");
  EXPECT_EQ(Mark(kept), "some");
  EXPECT_EQ(Count("SELECT COUNT(*) FROM customer_block WHERE lifted_at IS NULL AND reason = 'asked'"), 0);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM customer_block WHERE lifted_at IS NULL"), 2);
  const auto left = store_.Get(All(), kept, kNow);
  ASSERT_EQ(left->blocks.size(), 1u);
  EXPECT_EQ(left->blocks[0].reason, "legal");
  EXPECT_EQ(open(kept, "asked"), "same");
  EXPECT_EQ(open(kept, "legal"), "change");
  EXPECT_EQ(Mark(kept), "");
}

// The same where somebody closes the channel for another reason just before: he is not undone either.
TEST_P(ConsentTest, WhatIsClosedAnewMeanwhileStaysClosed) {
  const CustomerId id = Added(ana_, "张三", "13800000001");
  ASSERT_EQ(Block(id, {"sms"}, "asked"), "");
  const int64_t version = Version(id);
  ASSERT_EQ(Block(id, {"sms"}, "legal"), "");
  const auto stale = store_.BlockMany(All(), Witness(), {{id, version, {"sms"}, "asked", true}}, false, kNow);
  EXPECT_EQ(stale->front().outcome, "conflict");
  const auto fresh = store_.BlockMany(All(), Witness(), {{id, Version(id), {"sms"}, "asked", true}}, false, kNow);
  EXPECT_EQ(fresh->front().outcome, "same");
  EXPECT_EQ(Mark(id), "some");
}

TEST_P(ConsentTest, WhatAnEntryBroughtGoesWithItAndLaterActsStay) {
  const auto add = [&](const std::string& phone, const std::vector<ConsentInput>& consents) {
    leads::NewCustomer input;
    input.record = {{"name", "张三"}, {"phone", phone}};
    input.owner = ana_;
    const auto added = customers_.Add(All(), input, kNow, [&](db::Connection& c, CustomerId id) {
      return store_.GiveIn(c, All(), Witness(), id, consents, kNow);
    });
    EXPECT_EQ(Code(added), "");
    return added->customer;
  };
  const auto take_back = [&](CustomerId id) {
    const auto done = database_->Write<bool>([&](db::Connection& c) { return store_.TakeBackIn(c, dealer_, id); });
    EXPECT_EQ(Code(done), "");
    return *done;
  };
  const CustomerId plain = add("13800000001", {Consent("follow_up")});
  const CustomerId more = add("13800000002", {Consent("follow_up")});
  const CustomerId first = add("13800000003", {});
  const CustomerId blocked = add("13800000004", {});
  ASSERT_EQ(Give(more, Consent("marketing"), {kNow.ms + 1}), "");
  ASSERT_EQ(Give(first, Consent("marketing"), {kNow.ms + 1}), "");
  ASSERT_EQ(Block(blocked, {"sms"}), "");
  EXPECT_TRUE(take_back(plain));
  EXPECT_EQ(store_.Get(All(), plain, kNow)->consents.size(), 0u);
  EXPECT_FALSE(take_back(more));
  EXPECT_FALSE(take_back(first)) << "the first consent came later than the entry";
  EXPECT_FALSE(take_back(blocked));
  EXPECT_EQ(store_.Get(All(), more, kNow)->consents.size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(On, ConsentTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::privacy
