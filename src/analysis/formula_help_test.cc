#include "analysis/formula_help.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "catalog/embedded.h"
#include "kpi/formula.h"
#include "kpi/program.h"

namespace dealpace::analysis {
namespace {

using catalog::Unit;

class SomeMembers final : public MemberNames {
 public:
  [[nodiscard]] std::vector<MemberName> All(Dim dim) const override {
    if (dim == Dim::kSource) return {{"referral", {"Referral", "转介绍"}}, {"outbound", {"Outbound", "外拓"}}};
    if (dim == Dim::kModel) return {{"GTX Pro", {"GTX Pro", "GTX Pro"}}, {"小跑,三门", {}}, {"a \"b\"", {}}};
    return {};
  }
  [[nodiscard]] bool Knows(Dim dim, std::string_view text) const override {
    const auto all = All(dim);
    return std::any_of(all.begin(), all.end(), [&](const MemberName& member) { return member.text == text; });
  }
};

const catalog::Catalog& Ours() {
  static const catalog::Loaded loaded = catalog::Load(catalog::EmbeddedFiles());
  return *loaded.catalog;
}

// "code at position", or the unit.
std::string Checked(std::string_view formula, std::optional<Unit> unit = std::nullopt) {
  const FormulaCheck check = CheckFormula(Ours(), SomeMembers(), formula, unit);
  if (!check.error) return std::string(catalog::UnitName(*check.unit));
  return check.error->code + (check.position ? " at " + std::to_string(*check.position) : "");
}

// What is offered where the caret "▮" stands: "from: text, text …".
std::string Offered(std::string formula, size_t count_max = 100) {
  const size_t at = formula.find("▮");
  EXPECT_NE(at, std::string::npos);
  formula.erase(at, std::string_view("▮").size());
  size_t caret = 0;
  for (std::string_view before = std::string_view(formula).substr(0, at); !before.empty(); ++caret) {
    (void)NextCodePoint(before);
  }
  const std::vector<Completion> completions = Complete(Ours(), SomeMembers(), formula, caret);
  EXPECT_LE(completions.size(), kCompletionsMax);
  if (completions.empty()) return "";
  std::string text = std::to_string(completions.front().from) + ":";
  for (size_t i = 0; i < std::min(completions.size(), count_max); ++i) text += " " + completions[i].text;
  return text;
}

TEST(FormulaCheck, SaysTheUnitOfARightFormula) {
  EXPECT_EQ(Checked("deal_cnt / prospect_cnt"), "percent");
  EXPECT_EQ(Checked("close_rate"), "percent");
  EXPECT_EQ(Checked("deal_amt"), "money");
  EXPECT_EQ(Checked("deal_amt / deal_cnt"), "money");
  EXPECT_EQ(Checked("deal_cnt[source=referral]"), "count");
}

TEST(FormulaCheck, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(Checked(""), "formula_syntax at 1");
  EXPECT_EQ(Checked("deal_cnt /"), "formula_syntax at 11");
  EXPECT_EQ(Checked("deal_cnt / （"), "formula_syntax at 12");
  EXPECT_EQ(Checked("deal_cnt × lead_cnz"), "unknown_name_suggest at 12");
  EXPECT_EQ(Checked("deal_cnt + deal_amt"), "unit_mismatch at 10");
  EXPECT_EQ(Checked("min(deal_cnt)"), "wrong_arguments at 1");
  EXPECT_EQ(Checked("1 + yoy_growth"), "kpi_needs_argument at 5");
  EXPECT_EQ(Checked("deal_cnt[colour=red]"), "unknown_dimension at 10");
  EXPECT_EQ(Checked("deal_cnt[source=referal]"), "unknown_member_suggest at 10");
  EXPECT_EQ(Checked("min"), "formula_syntax at 4");
}

TEST(FormulaCheck, WhatIsWrongInsideAKpiIsToldWhereTheKpiStands) {
  EXPECT_EQ(Checked("1 + closing(close_rate)"), "operator_needs_balance at 13");
}

TEST(FormulaCheck, SaysWhetherTheDeclaredUnitFits) {
  EXPECT_EQ(Checked("deal_amt", Unit::kMoney), "money");
  EXPECT_EQ(Checked("deal_amt", Unit::kPercent), "own_kpi_unit_mismatch");
}

TEST(FormulaCheck, NamesWhatTheFormulaUses) {
  const FormulaCheck check =
      CheckFormula(Ours(), SomeMembers(), "close_rate + share(deal_cnt, source) + mean(ssi) + no_such");
  EXPECT_EQ(check.uses, (std::vector<std::string>{"close_rate", "deal_cnt"}));
}

TEST(FormulaHelp, EveryFunctionIsOneOfTheLanguage) {
  for (const kpi::FormulaFunction& function : kpi::FormulaFunctions()) {
    // Without its bracket, a function is told from a name that nobody has.
    EXPECT_EQ(Checked(function.name), "formula_syntax at " + std::to_string(function.name.size() + 1));
    EXPECT_TRUE(function.pattern.starts_with(function.name + "("));
    EXPECT_NE(Checked(function.name + "()").substr(0, 12), "unknown_name");
  }
}

TEST(Completion, PutsIdsThatBeginWithTheWordFirst) {
  EXPECT_EQ(Offered("deal_c▮", 1), "0: deal_cnt");
  EXPECT_EQ(Offered("lead_cnt / deal_c▮", 1), "11: deal_cnt");
  const std::string rate = Offered("close▮");
  EXPECT_LT(rate.find(" close_rate"), rate.find(" retail_close_rate"));
  EXPECT_NE(rate.find(" retail_close_rate"), std::string::npos);
}

TEST(Completion, LooksAtTheWordBeforeTheCaretOnly) {
  EXPECT_EQ(Offered("(deal_c▮nt + 1) / lead_cnt", 1), "1: deal_cnt");
  EXPECT_EQ(Offered("成交率 + 1 × deal_c▮", 1), "10: deal_cnt");
}

TEST(Completion, FindsNamesInEitherLanguage) {
  EXPECT_NE(Offered("成交率▮").find(" close_rate"), std::string::npos);
  EXPECT_NE(Offered("1 + 成交率▮").find("4: "), std::string::npos);
  EXPECT_NE(Offered("Close Rate▮").find("prospect"), 0U);
  EXPECT_NE(Offered("test▮").find(" td_cnt"), std::string::npos);
}

TEST(Completion, OffersTheCatalogueBeforeAnythingIsTyped) {
  EXPECT_EQ(Complete(Ours(), SomeMembers(), "", 0).size(), kCompletionsMax);
  EXPECT_EQ(Complete(Ours(), SomeMembers(), "", 0).front().text, Ours().kpis().front().id);
  EXPECT_EQ(Offered("deal_cnt / ▮").substr(0, 3), "11:");
  EXPECT_EQ(Offered("min(▮").substr(0, 2), "4:");
  EXPECT_EQ(Offered("deal▮", 1).substr(0, 2), "0:");
}

TEST(Completion, HasNothingBehindAFinishedFigureOrInANumber) {
  EXPECT_EQ(Offered("deal_cnt ▮"), "");
  EXPECT_EQ(Offered("(deal_cnt)▮"), "");
  EXPECT_EQ(Offered("deal_cnt[source=referral]▮"), "");
  EXPECT_EQ(Offered("1▮"), "");
  EXPECT_EQ(Offered("1.5▮"), "");
  EXPECT_EQ(Offered("scorecard(▮"), "");
}

TEST(Completion, FunctionsAndKpisWithAnArgumentComeWithTheirBracket) {
  EXPECT_EQ(Offered("year_a▮", 1), "0: year_ago(");
  EXPECT_NE(Offered("yoy_g▮").find(" yoy_growth("), std::string::npos);
}

TEST(Completion, ABalanceComesWithAnOperatorThatItNeeds) {
  const auto& measures = Ours().measures();
  const auto balance = std::find_if(measures.begin(), measures.end(), [](const auto& m) { return m.balance; });
  ASSERT_NE(balance, measures.end());
  EXPECT_EQ(Offered(balance->id + "▮", 1), "0: closing(" + balance->id + ")");
  EXPECT_EQ(Offered("opening(" + balance->id + "▮", 1), "8: " + balance->id);
  EXPECT_EQ(Offered("opening(deal_cn▮"), "") << "no flow where a balance must stand";
}

TEST(Completion, DimensionsInsideBrackets) {
  EXPECT_EQ(Offered("deal_cnt[so▮", 1), "9: source");
  EXPECT_EQ(Offered("deal_cnt[so▮]", 1), "9: source");
  EXPECT_EQ(Offered("deal_cnt[source=referral, mo▮"), "26: model");
  EXPECT_EQ(Offered("deal_cnt[来源▮"), "9: source");
  EXPECT_EQ(Offered("share(deal_cnt, so▮", 1), "16: source");
  EXPECT_EQ(Offered("(deal_cnt[source=referral]) / share(deal_cnt, so▮", 1), "46: source");
}

TEST(Completion, MembersBehindTheDimension) {
  EXPECT_EQ(Offered("deal_cnt[source=▮"), "16: referral outbound");
  EXPECT_EQ(Offered("deal_cnt[source= ref▮]"), "17: referral");
  EXPECT_EQ(Offered("deal_cnt[source=referral|o▮"), "25: outbound");
  EXPECT_EQ(Offered("deal_cnt[source=外▮"), "16: outbound");
  EXPECT_EQ(Offered("deal_cnt[colour=▮"), "");
}

TEST(Completion, MembersGetQuotationMarksWhereTheyNeedThem) {
  EXPECT_EQ(Offered("deal_cnt[model=▮"), "15: \"GTX Pro\" \"小跑,三门\"");
  EXPECT_EQ(Offered("deal_cnt[model=\"gt▮"), "15: \"GTX Pro\"");
  EXPECT_EQ(Offered("deal_cnt[model=\"小跑,▮"), "15: \"小跑,三门\"");
  EXPECT_EQ(Offered("deal_cnt[model=\"GTX Pro\"▮"), "");
}

TEST(Completion, ItemsInsideMeanAndThemesInsideDone) { EXPECT_NE(Offered("mean(ss▮").find(" ssi"), std::string::npos); }

TEST(Completion, ACaretBehindTheEndIsAtTheEnd) {
  EXPECT_EQ(Complete(Ours(), SomeMembers(), "deal_c", 99).front().text, "deal_cnt");
}

}  // namespace
}  // namespace dealpace::analysis
