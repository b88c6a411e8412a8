#include "insight/findings.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace dealpace::insight {
namespace {

// A store whose month is the one of the mocks: 301 contacts, 55 orders.
Situation Store() {
  Situation s;
  s.scope = "dealer:7";
  s.whole = {"store", "全店"};
  s.by = "staff";
  s.rows_are = {"consultants", "名销售顾问"};
  s.versus = {"the period before", "上期"};
  s.steps = {{"S2", "first_contact_cnt", "", {"First contact", "初次接触"}, {}, 301},
             {"S4", "needs_cnt", "stage_conversion_s4", {"Needs", "弄清需求"}, {"To needs", "弄清需求转化"}, 265},
             {"S5", "presented_cnt", "stage_conversion_s5", {"Shown", "新车展示"}, {"To shown", "新车展示转化"}, 246},
             {"S6", "td_cnt", "stage_conversion_s6", {"Test drive", "试乘试驾"}, {"To drive", "试乘试驾转化"}, 177},
             {"S7", "deal_cnt", "stage_conversion_s7", {"Deal", "成交"}, {"To deal", "成交转化"}, 55},
             {"S8", "delivered_cnt", "stage_conversion_s8", {"Delivered", "交车"}, {"To delivery", "交车转化"}, 43}};
  s.orders = 55;
  s.target_asked = false;
  return s;
}

const Finding* Find(const Findings& findings, const std::string& id) {
  const auto it = std::find_if(findings.findings.begin(), findings.findings.end(),
                               [&](const Finding& finding) { return finding.id == id; });
  return it == findings.findings.end() ? nullptr : &*it;
}

TEST(FindingsTest, TheHeadlineSaysHowFarFromThePace) {
  Situation s = Store();
  s.target = 96;
  s.elapsed = 0.625;
  EXPECT_EQ(Judge(s).headline.en, "**-5 orders** behind pace (target 96, pace 60).");
  EXPECT_EQ(Judge(s).headline.zh, "落后进度 **-5 单**（目标 96，应达 60）。");
  s.orders = 61;
  EXPECT_EQ(Judge(s).headline.en, "**+1 order** ahead of pace (target 96, pace 60).");
  s.elapsed = 1;
  s.orders = 96;
  EXPECT_EQ(Judge(s).headline.zh, "成交 **96 单**，与目标持平（目标 96）。");
}

TEST(FindingsTest, WithoutTargetTheHeadlineComparesWithTheTimeBefore) {
  Situation s = Store();
  EXPECT_EQ(Judge(s).headline.en, "**55 orders**.");
  s.compared = true;
  s.orders_before = 62;
  EXPECT_EQ(Judge(s).headline.en, "**55 orders**, **-7 fewer** than in the period before.");
  EXPECT_EQ(Judge(s).headline.zh, "成交 **55 单**，比上期少 **-7 单**。");
  s.orders_before = 55;
  EXPECT_EQ(Judge(s).headline.zh, "成交 **55 单**，与上期持平。");
}

TEST(FindingsTest, NothingRecordedIsSaidFirst) {
  Situation s = Store();
  for (StepFigures& step : s.steps) step.count = 0;
  s.orders = 0;
  const Findings findings = Judge(s);
  EXPECT_EQ(findings.headline.zh, "本期**没有记录**。");
  EXPECT_TRUE(findings.findings.empty());
}

TEST(FindingsTest, AWeakStepNamesWhoAgainstWhomAndTheOrdersAtStake) {
  Situation s = Store();
  s.weak = {{{"赵六", "赵六"}, "staff:1", 3, 18, 32}, {{"郑十", "郑十"}, "staff:2", 3, 16, 27}};
  const Findings findings = Judge(s);
  const Finding* finding = Find(findings, "weakest_step:S6");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->title.zh, "试乘试驾转化：赵六 **-56%**、郑十 **-59%**，全店 72%");
  // 59 × 177/246 − 34 = 8.45 more drives, of which 55/177 order.
  EXPECT_NEAR(*finding->impact, (59.0 * 177 / 246 - 34) * 55 / 177, 1e-12);
  EXPECT_EQ(finding->detail.zh, "达到全店水平，约多 3 单。");
  EXPECT_EQ(finding->detail.en, "At store level: about 3 more orders.");
  EXPECT_EQ(finding->level, Level::kBad);
  EXPECT_EQ(finding->link.columns, std::vector<std::string>{"stage_conversion_s6"});
  EXPECT_EQ(finding->link.scope, "dealer:7");
}

TEST(FindingsTest, AfterTheOrderNoOrdersAreAtStake) {
  Situation s = Store();
  s.weak = {{{"吴九", "吴九"}, "staff:3", 5, 10, 25}};
  const Findings findings = Judge(s);
  const Finding* finding = Find(findings, "weakest_step:S8");
  ASSERT_NE(finding, nullptr);
  EXPECT_FALSE(finding->impact.has_value());
  EXPECT_EQ(finding->link.scope, "staff:3");
}

TEST(FindingsTest, MoreThanThreeNamesAreCounted) {
  Situation s = Store();
  for (int i = 0; i < 5; ++i) {
    const std::string name = "P" + std::to_string(i);
    s.weak.push_back({{name, name}, "", 3, 10.0 + i, 40});
  }
  const Findings findings = Judge(s);
  const Finding* finding = Find(findings, "weakest_step:S6");
  ASSERT_NE(finding, nullptr);
  EXPECT_NE(finding->title.en.find("P2 **-30%** and 2 more; store 72%"), std::string::npos) << finding->title.en;
  EXPECT_NE(finding->title.zh.find("等 5 个"), std::string::npos) << finding->title.zh;
}

TEST(FindingsTest, AChangeIsToldFromNormalVariation) {
  Situation s = Store();
  s.compared = true;
  s.rates = {{"capture_rate", {"Capture rate", "留档率"}, 140, 300, 200, 300, 0.25},
             {"close_rate", {"Close rate", "成交率"}, 25, 100, 28, 100, 1},
             {"test_drive_rate", {"Test-drive rate", "试乘试驾率"}, 50, 100, 50, 100, 0.3}};
  const Findings findings = Judge(s);
  const Finding* real = Find(findings, "change_real:capture_rate");
  ASSERT_NE(real, nullptr);
  EXPECT_EQ(real->level, Level::kBad);
  EXPECT_EQ(real->title.en, "Capture rate down **-20.0 pp**: more than chance");
  EXPECT_NEAR(*real->impact, 0.2 * 300 * 0.25, 1e-9);
  const Finding* noise = Find(findings, "change_noise:close_rate");
  ASSERT_NE(noise, nullptr);
  EXPECT_EQ(noise->title.zh, "成交率下降 3.0 点：属正常波动");
  EXPECT_FALSE(noise->impact.has_value());
  EXPECT_EQ(Find(findings, "change_noise:test_drive_rate"), nullptr);  // it did not move
  EXPECT_EQ(findings.headline.en, "**55 orders**; capture rate **-down 20.0 pp**.");
  s.rates.erase(s.rates.begin());
  EXPECT_EQ(Judge(s).headline.zh, "成交 **55 单**；各转化率属正常波动。");
}

TEST(FindingsTest, TooFewOnEitherSideAreNotCompared) {
  Situation s = Store();
  s.compared = true;
  s.rates = {{"close_rate", {"Close rate", "成交率"}, 0, 19, 100, 100, 1}};
  EXPECT_TRUE(Judge(s).findings.empty());
  EXPECT_EQ(Judge(s).headline.en, "**55 orders**.");
}

TEST(FindingsTest, TheStructureIsOffOnlyWhereItIsClear) {
  Situation s = Store();
  s.sources = {{{"Referral", "老客户推荐"}, "referral", 60, 130},
               {{"Outbound", "主动出击"}, "outbound", 140, 65},
               {{"Walk-by", "路过展厅"}, "walk_by", 101, 105}};
  const Findings findings = Judge(s);
  const Finding* down = Find(findings, "structure_off:referral");
  ASSERT_NE(down, nullptr);
  EXPECT_EQ(down->level, Level::kWarn);
  EXPECT_EQ(down->title.zh, "老客户推荐占比 20%，比去年同期低 23.4 点");
  EXPECT_NE(Find(findings, "structure_off:outbound"), nullptr);
  EXPECT_EQ(Find(findings, "structure_off:walk_by"), nullptr);
}

TEST(FindingsTest, GapsMissingTargetsAndSmallSamplesAreSaid) {
  Situation s = Store();
  s.steps[3].count = 0;
  s.target_asked = true;
  s.rows = 8;
  s.rows_small = 1;
  const Findings findings = Judge(s);
  ASSERT_NE(Find(findings, "nothing_recorded:S6"), nullptr);
  EXPECT_EQ(Find(findings, "nothing_recorded:S6")->title.zh, "试乘试驾：本期无记录");
  ASSERT_NE(Find(findings, "target_missing:deal_cnt"), nullptr);
  ASSERT_NE(Find(findings, "small_sample"), nullptr);
  EXPECT_EQ(Find(findings, "small_sample")->title.en, "1 of 8 consultants: too few to judge");
  EXPECT_EQ(findings.findings.front().level, Level::kWarn);
}

TEST(FindingsTest, TheMostOrdersAtStakeComeFirst) {
  Situation s = Store();
  s.compared = true;
  s.weak = {{{"赵六", "赵六"}, "staff:1", 3, 18, 32}};
  s.rates = {{"capture_rate", {"Capture rate", "留档率"}, 140, 300, 200, 300, 0.25}};
  s.rows = 4;
  s.rows_small = 1;
  const Findings findings = Judge(s);
  ASSERT_EQ(findings.findings.size(), 3U);
  EXPECT_EQ(findings.findings[0].id, "change_real:capture_rate");
  EXPECT_EQ(findings.findings[1].id, "weakest_step:S6");
  EXPECT_EQ(findings.findings[2].id, "small_sample");
}

TEST(FindingsTest, ANameCannotBringMarksOfItsOwn) {
  Situation s = Store();
  s.weak = {{{"**+x**", "**+x**"}, "", 3, 10, 40}};
  const Findings findings = Judge(s);
  const Finding* finding = Find(findings, "weakest_step:S6");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->title.en.find("**+x**"), std::string::npos);
}

}  // namespace
}  // namespace dealpace::insight
