#include "leads/rules.h"

#include <gtest/gtest.h>

namespace dealpace::leads {
namespace {

const Policy& kPolicy = Policy::Get();
const Day kToday = *ParseDay("2026-11-25");

template <typename T>
std::string Code(const Result<T>& result) {
  return result.ok() ? "" : result.error().code;
}
std::string GradeAfter(int months, std::string_view brand = "default") {
  return kPolicy.GradeOf(AddMonths(kToday, months), kToday, brand).code;
}

TEST(BR_4, AProspectHasNameAndTelephone) {
  EXPECT_EQ(Code(CheckCapture({{"name", "张三"}, {"phone", "13812345678"}})), "");
  EXPECT_EQ(Code(CheckCapture({{"name", "张三"}})), "capture_incomplete");
  EXPECT_EQ(CheckCapture({}).error().Arg("missing"), "name, phone");
  EXPECT_EQ(StatusOf({false, 0, {}, kToday}), CustomerStatus::kUnknown);
  EXPECT_EQ(StatusOf({true, 0, {}, kToday}), CustomerStatus::kPotential);
  EXPECT_EQ(StatusOf({true, 1, kToday, kToday}), CustomerStatus::kActual);
}

TEST(BR_4, ARecordIsKeptAsItCanBeFoundAgain) {
  const auto clean =
      CleanRecord(Kind::kPerson,
                  {{"name", "  张三 "}, {"phone", "138-1234-5678"}, {"plate", "沪a·12345"}, {"address", " "}}, kPolicy);
  ASSERT_EQ(Code(clean), "");
  EXPECT_EQ(*clean, (Record{{"name", "张三"}, {"phone", "138-1234-5678"}, {"plate", "沪A12345"}}));
  const auto refused = [](Kind kind, const std::string& field, const std::string& value) {
    return Code(CleanRecord(kind, {{field, value}}, kPolicy));
  };
  EXPECT_EQ(refused(Kind::kPerson, "phone", "138****5678"), "phone_bad");
  EXPECT_EQ(refused(Kind::kPerson, "phone", "ask him"), "phone_bad");
  EXPECT_EQ(refused(Kind::kPerson, "name", "张**"), "name_bad");
  EXPECT_EQ(refused(Kind::kPerson, "name", "---"), "name_bad");
  EXPECT_EQ(refused(Kind::kPerson, "plate", "沪"), "plate_bad");
  EXPECT_EQ(refused(Kind::kPerson, "vin", "LSVAA4187E2184840"), "");
  EXPECT_EQ(refused(Kind::kPerson, "vin", "LSVAA4187E218484O"), "vin_bad");
  EXPECT_EQ(refused(Kind::kPerson, "birthday", "1990-02-30"), "field_day_bad");
  EXPECT_EQ(refused(Kind::kPerson, "sex", "m"), "field_choice");
  EXPECT_EQ(refused(Kind::kPerson, "industry", "retail"), "field_unknown");
  EXPECT_EQ(refused(Kind::kCompany, "industry", "retail"), "");
  EXPECT_EQ(refused(Kind::kCompany, "sex", "male"), "field_unknown");
  EXPECT_EQ(refused(Kind::kPerson, "address", "a\nb"), "field_control_character");
  EXPECT_EQ(refused(Kind::kPerson, "name", std::string(200, 'a')), "field_too_long");
}

TEST(BR_16, CompletenessIsCountedByTheFourGroups) {
  const auto groups = CompletenessOf(
      Kind::kPerson, {{"name", "张三"}, {"phone", "13812345678"}, {"plate", "沪A12345"}, {"interests", "off-road"}},
      {true, false, true});
  EXPECT_EQ(groups[0].filled, 2);  // a plate counts nowhere
  EXPECT_EQ(groups[0].of, 5);
  EXPECT_EQ(groups[1].filled, 0);
  EXPECT_EQ(groups[1].of, 4);
  EXPECT_EQ(groups[2].filled, 1);
  EXPECT_EQ(groups[2].of, 3);
  EXPECT_EQ(groups[3].filled, 2);
  EXPECT_EQ(groups[3].of, 6);
  EXPECT_EQ(CompletenessOf(Kind::kCompany, {}, {})[0].of, 5);  // name, phone, address, contact, position
}

// S001-T3-1 to S001-T3-3
TEST(BR_54, TheGradeFollowsFromTheMonthsToThePurchase) {
  EXPECT_EQ(GradeAfter(1), "high");
  EXPECT_EQ(GradeAfter(3), "medium");
  EXPECT_EQ(GradeAfter(6), "low");
  EXPECT_EQ(kPolicy.GradeOf(AddMonths(kToday, 1) + 1, kToday).code, "medium");
  EXPECT_EQ(kPolicy.GradeOf(AddMonths(kToday, 3) + 1, kToday).code, "low");
  EXPECT_EQ(kPolicy.GradeOf(kToday - 40, kToday).code, "high");
}

TEST(BR_54, ABrandMayHaveGradesOfItsOwn) {
  EXPECT_EQ(kPolicy.GradeOf(kToday + 7, kToday, "habc").code, "H");
  EXPECT_EQ(kPolicy.GradeOf(kToday + 8, kToday, "habc").code, "A");
  EXPECT_EQ(GradeAfter(1, "habc"), "B");
  EXPECT_EQ(GradeAfter(7, "habc"), "N");
  EXPECT_EQ(GradeAfter(7, "no such brand"), "low");
  for (const auto& [name, scheme] : kPolicy.schemes()) {
    ASSERT_FALSE(scheme.empty()) << name;
    for (const Grade& grade : scheme) {
      EXPECT_TRUE(grade.means == "high" || grade.means == "medium" || grade.means == "low") << name << grade.code;
      EXPECT_FALSE(grade.name.en.empty() || grade.name.zh.empty()) << name << grade.code;
      EXPECT_EQ(grade.months.has_value() || grade.days.has_value(), &grade != &scheme.back()) << name << grade.code;
    }
  }
}

// S001-T3-BUDGET
TEST(BR_55, TheBudgetIsARange) {
  const auto range = [](std::string_view text) {
    const auto budget = ParseBudget(text);
    if (!budget.ok()) return budget.error().code;
    const auto yuan = [](std::optional<int64_t> fen) { return fen ? std::to_string(*fen / 100) : std::string("*"); };
    return yuan(budget->least_fen) + ".." + yuan(budget->most_fen);
  };
  EXPECT_EQ(range("15-20万"), "150000..200000");
  EXPECT_EQ(range("15万到20万元"), "150000..200000");
  EXPECT_EQ(range("150,000 ~ 200,000"), "150000..200000");
  EXPECT_EQ(range("15.5 - 20.8w"), "155000..208000");
  EXPECT_EQ(range("30万以上"), "300000..*");
  EXPECT_EQ(range("20万以内"), "*..200000");
  EXPECT_EQ(range(">= 300000"), "300000..*");
  for (const char* text : {"预算充足", "充足", "20万", "", "20-15万", "15-", "many", "15-20万左右吧", "1e400-2e400"}) {
    EXPECT_EQ(range(text), "budget_no_range") << text;
  }
}

TEST(BR_55, TheNeedNamesAPain) {
  for (const char* need :
       {"现有供应商交付延迟,影响生产进度", "孩子上学接送，旧车空间太小", "The boot is too small for two prams"}) {
    EXPECT_EQ(Code(CheckNeed(need, kPolicy)), "") << need;
  }
  for (const char* need : {"", "有需求", "客户很感兴趣，想买车。", "Interested, just looking!", "。。。。。。"}) {
    EXPECT_EQ(Code(CheckNeed(need, kPolicy)), "need_generic") << need;
  }
}

TEST(BR_56, VagueTitlesAreRefused) {
  for (const char* position : {"负责人", " 负责人。", "Contact Person", "老板", ""}) {
    EXPECT_EQ(Code(CheckPosition(position, kPolicy)), "position_vague") << position;
  }
  for (const char* position : {"采购部经理", "车队负责人", "Fleet manager", "财务总监"}) {
    EXPECT_EQ(Code(CheckPosition(position, kPolicy)), "") << position;
  }
  EXPECT_EQ(Code(CleanRecord(Kind::kCompany, {{"position", "负责人"}}, kPolicy)), "position_vague");
}

TEST(BR_58, NamesOfFilesMayHaveLongNumbersButNoIdentityCards) {
  EXPECT_EQ(Code(CheckNoIdentityNumber("name", "张三 11010519491231002X.jpg")), "number_forbidden");
  EXPECT_EQ(Code(CheckNoIdentityNumber("name", "4111111111111111.jpg")), "");
}

TEST(BR_58, NoNumbersOfIdentityOrBankCards) {
  const auto what = [](std::string_view text) {
    const Status checked = CheckNoForbiddenNumber("remark", text);
    return checked.ok() ? std::string() : std::string(checked.error().Arg("what"));
  };
  for (const char* text : {"身份证11010519491231002X", "id 110105 19491231 002x", "110105-1949-1231-002X",
                           "440524188001010014", "老证 110105491231002"}) {
    EXPECT_EQ(what(text), "an identity card") << text;
  }
  for (const char* text : {"6222021234567890128", "card 4111 1111 1111 1111.", "4111-1111-1111-1111", "378282246310005",
                           "卡号４１１１１１１１１１１１１１１１"}) {
    EXPECT_EQ(what(text), "a bank card") << text;
  }
  for (const char* text :
       {"", "13812345678", "+86 13812345678, 021-55512345", "13812345678 13900001111", "VIN LSVAA4187E2184840",
        "4111111111111112", "110105194912310021", "2026-11-25 10:30", "budget 150000-200000", "contract 20261125001"}) {
    EXPECT_EQ(what(text), "") << text;
  }
  // With its country code every tenth mobile number would pass for a card.
  for (int i = 0; i < 200; ++i) EXPECT_EQ(what("+8613800138" + std::to_string(100 + i)), "");
  const auto refused = CleanRecord(Kind::kPerson, {{"concerns", "pays with 4111111111111111"}}, kPolicy);
  ASSERT_EQ(Code(refused), "number_forbidden");
  for (const auto& [name, value] : refused.error().args) EXPECT_EQ(value.find("4111"), std::string::npos) << name;
}

TEST(BR_59, DataNotConfirmedForAMonthAreDue) {
  EXPECT_FALSE(RefreshDue(*ParseDay("2026-10-25"), kToday, kPolicy));
  EXPECT_TRUE(RefreshDue(*ParseDay("2026-10-24"), kToday, kPolicy));
}

TEST(BR_60, AValidLeadIsNoDuplicateAndCanBeReached) {
  using Reasons = std::vector<std::string_view>;
  EXPECT_EQ(InvalidBecause({false, true, true, true, true}), Reasons());
  EXPECT_EQ(InvalidBecause({true, true, true, true, true}), Reasons{"duplicate"});
  EXPECT_EQ(InvalidBecause({false, std::nullopt, true, true, true}), Reasons{"number"});
  EXPECT_EQ(InvalidBecause({true, false, false, false, false}),
            (Reasons{"duplicate", "number", "name", "contact", "need"}));
}

TEST(BR_77, VipFrom500000AYear) {
  EXPECT_EQ(kPolicy.TierOf(50'000'000).code, "vip");
  EXPECT_EQ(kPolicy.TierOf(90'000'000).owner, "SM");
}
TEST(BR_78, KeyFrom200000AYear) {
  EXPECT_EQ(kPolicy.TierOf(30'000'000).code, "key");
  EXPECT_EQ(kPolicy.TierOf(30'000'000).owner, "senior");
}
TEST(BR_79, OrdinaryBelow200000AYear) {
  EXPECT_EQ(kPolicy.TierOf(0).code, "ordinary");
  EXPECT_EQ(kPolicy.TierOf(0).owner, "junior");
}
TEST(BR_80, TheBoundariesBelongToTheHigherTier) {
  EXPECT_EQ(kPolicy.TierOf(19'999'999).code, "ordinary");
  EXPECT_EQ(kPolicy.TierOf(20'000'000).code, "key");
  EXPECT_EQ(kPolicy.TierOf(49'999'999).code, "key");
  EXPECT_EQ(kPolicy.TierOf(50'000'000).code, "vip");
}

TEST(Lifecycle, PotentialNewMatureChurnedAndBack) {
  const Day deal = *ParseDay("2026-03-01");
  EXPECT_EQ(LifecycleOf({true, 0, {}, kToday - 1000}, kToday), Lifecycle::kPotential);
  EXPECT_EQ(LifecycleOf({true, 1, deal, deal}, kToday), Lifecycle::kNew);
  EXPECT_EQ(LifecycleOf({true, 2, deal, deal}, kToday), Lifecycle::kMature);
  const Day year_later = *ParseDay("2027-03-01");
  EXPECT_EQ(LifecycleOf({true, 1, deal, deal}, year_later), Lifecycle::kChurned);
  EXPECT_EQ(LifecycleOf({true, 1, deal, deal + 1}, year_later), Lifecycle::kMature);
  EXPECT_EQ(LifecycleOf({true, 2, deal, year_later}, year_later), Lifecycle::kMature);
}

TEST(LeadStates, LostFromAnyOpenOneAndBackAsANewAttempt) {
  EXPECT_TRUE(MayMove(LeadStatus::kOpen, LeadStatus::kLost));
  EXPECT_TRUE(MayMove(LeadStatus::kSuspended, LeadStatus::kLost));
  EXPECT_TRUE(MayMove(LeadStatus::kWon, LeadStatus::kLost));
  EXPECT_TRUE(MayMove(LeadStatus::kLost, LeadStatus::kOpen));
  EXPECT_FALSE(MayMove(LeadStatus::kLost, LeadStatus::kWon));
  EXPECT_FALSE(MayMove(LeadStatus::kDelivered, LeadStatus::kOpen));
  for (const char* name : {"open", "won", "delivered", "lost", "suspended"}) {
    EXPECT_EQ(LeadStatusName(*ParseLeadStatus(name)), name);
  }
  EXPECT_FALSE(ParseLeadStatus("gone"));
}

TEST(Masks, NothingOfAPersonIsShownWhole) {
  const Record masked = Masked({{"name", "张三丰"},
                                {"phone", "13812345678"},
                                {"plate", "沪A12312"},
                                {"address", "南京路1号"},
                                {"interests", "golf"},
                                {"vin", "LSVAA4187E2184840"}});
  EXPECT_EQ(masked.at("name"), "张**");
  EXPECT_EQ(masked.at("phone"), "138****5678");
  EXPECT_EQ(masked.at("plate"), "沪A***12");
  EXPECT_EQ(masked.at("address"), "*****");
  EXPECT_EQ(masked.at("interests"), "golf");
  EXPECT_EQ(masked.at("vin"), "***********184840");
}

}  // namespace
}  // namespace dealpace::leads
