#include "analysis/tables.h"

#include <gtest/gtest.h>

#include "catalog/embedded.h"

namespace dealpace::analysis {
namespace {

const catalog::Catalog& TheCatalog() {
  static const auto catalog = catalog::Load(catalog::EmbeddedFiles()).catalog;
  return *catalog;
}

kpi::Figure Ratio(double num, double den) {
  kpi::Figure figure;
  figure.ratio = true;
  figure.num = num;
  figure.den = den;
  if (den != 0) figure.value = num / den;
  return figure;
}

SuccessRow RowOf(const std::vector<double>& counts) {
  SuccessRow row;
  row.counts = counts;
  row.conversions.emplace_back();
  for (size_t s = 1; s < counts.size(); ++s) row.conversions.push_back(Ratio(counts[s], counts[s - 1]));
  row.success = Ratio(counts.back(), counts.front());
  return row;
}

const SuccessRow kTotal = RowOf({301, 265, 246, 177, 55, 43});

TEST(TablesTest, StepsAreThoseOfTheCatalogue) {
  for (const Step& step : Steps()) {
    EXPECT_GE(TheCatalog().FindMeasure(step.measure), 0) << step.measure;
    const auto stage = std::find_if(TheCatalog().stages().begin(), TheCatalog().stages().end(),
                                    [&](const catalog::Stage& s) { return s.id == step.stage; });
    ASSERT_NE(stage, TheCatalog().stages().end()) << step.stage;
    EXPECT_EQ(stage->order, step.order);
    EXPECT_TRUE(stage->milestone);
    EXPECT_TRUE(step.conversion.empty() || TheCatalog().FindKpi(step.conversion) >= 0) << step.conversion;
  }
}

TEST(TablesTest, TheWeakestStepIsTheLargestShortfallOfEnough) {
  // Test drive 18 of 32 = 56 % against 72 %; order 5 of 18 is too small a base to be looked at.
  const auto weakest = FindWeakest(RowOf({41, 35, 32, 18, 1, 0}), kTotal);
  ASSERT_TRUE(weakest.has_value());
  EXPECT_EQ(weakest->step, 3U);
  EXPECT_NEAR(weakest->gap, 18.0 / 32 - 177.0 / 246, 1e-12);
  EXPECT_TRUE(weakest->clear);
  EXPECT_FALSE(FindWeakest(RowOf({41, 35, 32, 18, 1, 0}), kTotal, 0.999)->clear);
}

TEST(TablesTest, WhoFallsShortNowhereOrHasTooFewHasNoWeakestStep) {
  EXPECT_FALSE(FindWeakest(kTotal, kTotal).has_value());
  EXPECT_FALSE(FindWeakest(RowOf({12, 5, 1, 0, 0, 0}), kTotal).has_value());
  EXPECT_FALSE(FindWeakest(RowOf({50, 50, 50, 50, 50, 50}), kTotal).has_value());
}

TEST(TablesTest, ASmallShortfallIsNotClear) {
  const auto weakest = FindWeakest(RowOf({50, 43, 40, 28, 9, 7}), kTotal);
  ASSERT_TRUE(weakest.has_value());
  EXPECT_FALSE(weakest->clear);
}

TEST(TablesTest, Samples) {
  EXPECT_EQ(SampleOf(0), "none");
  EXPECT_EQ(SampleOf(4), "counts");
  EXPECT_EQ(SampleOf(5), "small");
  EXPECT_EQ(SampleOf(19), "small");
  EXPECT_EQ(SampleOf(20), "ok");
}

TEST(TablesTest, ARatioOfMoreThanAllHasNoInterval) {
  EXPECT_TRUE(IntervalOf(Ratio(3, 10)).has_value());
  EXPECT_FALSE(IntervalOf(Ratio(11, 10)).has_value());
  EXPECT_FALSE(IntervalOf(Ratio(0, 0)).has_value());
  EXPECT_FALSE(IntervalOf(Ratio(2.5, 10)).has_value());
}

TEST(TablesTest, LossesStandBeforeTheStepThatWasNotReached) {
  const Losses losses = SplitLosses(
      TheCatalog(),
      {{"S2", 3}, {"S3", 4}, {"S4", 5}, {"试驾", 1}, {"S6", 7}, {"试乘试驾", 2}, {"S7", 1}, {"S9", 6}, {"", 2}});
  EXPECT_FALSE(losses.before[0].has_value());
  EXPECT_EQ(losses.before[1], 7);  // at first contact or capture, before needs
  EXPECT_EQ(losses.before[2], 5);
  EXPECT_EQ(losses.before[3], 0);
  EXPECT_EQ(losses.before[4], 9);  // the stage in either spelling
  EXPECT_EQ(losses.before[5], 1);
  EXPECT_EQ(losses.without_stage, 9);  // unknown text, tracking beside the milestones, not set
}

TEST(TablesTest, LossesWithoutAnyStageAreNotKnownByStep) {
  const Losses losses = SplitLosses(TheCatalog(), {{"", 5}});
  for (const auto& before : losses.before) EXPECT_FALSE(before.has_value());
  EXPECT_EQ(losses.without_stage, 5);
  EXPECT_EQ(SplitLosses(TheCatalog(), {}).before[1], 0);
}

}  // namespace
}  // namespace dealpace::analysis
