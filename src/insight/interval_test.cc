#include "insight/interval.h"

#include <gtest/gtest.h>

namespace dealpace::insight {
namespace {

constexpr double kTolerance = 1e-9;

struct WilsonCase {
  int64_t hits;
  int64_t trials;
  double low;
  double high;
  double confidence = kConfidence;
};

TEST(IntervalTest, WilsonGivesTheGoldenNumbers) {
  for (const WilsonCase& c : {WilsonCase{0, 10, 0.0, 0.27753279986288915},
                              {3, 10, 0.10779126740630102, 0.6032218525388546},
                              {45, 200, 0.1726236971508913, 0.2877412323566053},
                              {10, 10, 0.7224672001371109, 1.0},
                              {1, 1, 0.20654931437723745, 1.0},
                              {0, 1, 0.0, 0.7934506856227626},
                              {123456, 1000000, 0.12281269653142285, 0.12410219641400438},
                              {7, 31, 0.12732924808224708, 0.36830267895809843, 0.9}}) {
    const auto interval = Wilson(c.hits, c.trials, c.confidence);
    ASSERT_TRUE(interval.ok() && interval->has_value()) << c.hits << "/" << c.trials;
    EXPECT_NEAR((*interval)->low, c.low, kTolerance) << c.hits << "/" << c.trials;
    EXPECT_NEAR((*interval)->high, c.high, kTolerance) << c.hits << "/" << c.trials;
  }
}

TEST(IntervalTest, TheEndsAreExactWhereNothingOrEverythingHit) {
  EXPECT_EQ((*Wilson(0, 7))->low, 0.0);
  EXPECT_EQ((*Wilson(7, 7))->high, 1.0);
}

TEST(IntervalTest, WithoutTrialsThereIsNoInterval) {
  EXPECT_FALSE(Wilson(0, 0)->has_value());
  EXPECT_FALSE(Newcombe(0, 0, 3, 10)->has_value());
  EXPECT_FALSE(Newcombe(3, 10, 0, 0)->has_value());
}

TEST(IntervalTest, ImpossibleCountsAreRefused) {
  EXPECT_EQ(Wilson(4, 3).error().code, "bad_counts");
  EXPECT_EQ(Wilson(-1, 3).error().code, "bad_counts");
  EXPECT_EQ(Newcombe(1, 2, 4, 3).error().code, "bad_counts");
}

struct NewcombeCase {
  int64_t hits_1;
  int64_t trials_1;
  int64_t hits_2;
  int64_t trials_2;
  double difference;
  double low;
  double high;
  bool clear;
};

TEST(IntervalTest, NewcombeGivesTheGoldenNumbers) {
  for (const NewcombeCase& c :
       {NewcombeCase{56, 70, 48, 80, 0.2, 0.05243147240236498, 0.33387265403690597, true},
        {48, 160, 30, 150, 0.1, 0.0032052647797994743, 0.19370741684477133, true},
        {0, 10, 0, 20, 0.0, -0.1611251580528193, 0.27753279986288915, false},
        {10, 10, 0, 10, 1.0, 0.6075093504305243, 1.0, true},
        {9, 10, 3, 10, 0.6, 0.17052272393450307, 0.809017973535488, true},
        {5, 56, 0, 29, 0.08928571428571429, -0.03813714790353685, 0.19256001385511157, false}}) {
    const auto difference = Newcombe(c.hits_1, c.trials_1, c.hits_2, c.trials_2);
    ASSERT_TRUE(difference.ok() && difference->has_value());
    EXPECT_NEAR((*difference)->value, c.difference, kTolerance);
    EXPECT_NEAR((*difference)->interval.low, c.low, kTolerance);
    EXPECT_NEAR((*difference)->interval.high, c.high, kTolerance);
    EXPECT_EQ((*difference)->clear(), c.clear);
  }
}

TEST(IntervalTest, QuantilesOfTheNormalDistribution) {
  EXPECT_NEAR(ZOf(0.95), 1.959963984540054, 1e-12);
  EXPECT_NEAR(ZOf(0.9), 1.6448536269514722, 1e-12);
  EXPECT_NEAR(ZOf(0.999), 3.2905267314918945, 1e-11);
  EXPECT_NEAR(ZOf(0.5), 0.6744897501960817, 1e-12);
}

}  // namespace
}  // namespace dealpace::insight
