#include "analysis/read_questions.h"

#include <gtest/gtest.h>

#include <string>

namespace dealpace::analysis {
namespace {

const Day kToday = *ParseDay("2026-10-20");

std::string Body(std::string_view column) {
  return R"({"columns": [")" + std::string(column) + R"("], "period": "2026-10", "to_date": true})";
}

TEST(ReadQuestionsTest, TheSameTextIsReadOnce) {
  ReadQuestions questions;
  const auto rows = RowScope::Everything();
  const auto first = questions.Get(Body("deal_cnt"), kToday, rows);
  ASSERT_TRUE(first.ok()) << first.error().code;
  EXPECT_EQ((*first)->question.columns.at(0).formula, "deal_cnt");
  EXPECT_EQ((*first)->question.scope, rows);
  EXPECT_TRUE((*first)->question.at_once);
  EXPECT_EQ(*questions.Get(Body("deal_cnt"), kToday, rows), *first);
  EXPECT_EQ((*questions.Get(Body("lead_cnt"), kToday, rows))->question.columns.at(0).formula, "lead_cnt");
}

TEST(ReadQuestionsTest, AnotherDayIsAnotherQuestion) {
  ReadQuestions questions;
  const auto rows = RowScope::Everything();
  const auto october = questions.Get(Body("deal_cnt"), kToday, rows);
  ASSERT_TRUE(october.ok());
  for (const Day day : {kToday + 1, *ParseDay("2026-11-02")}) {
    const auto later = questions.Get(Body("deal_cnt"), day, rows);
    ASSERT_TRUE(later.ok());
    EXPECT_EQ((*later)->question.today, day);
  }
  EXPECT_EQ((*october)->question.today, kToday) << "whoever has it keeps it";
}

TEST(ReadQuestionsTest, NobodyIsGivenTheRowsOfAnother) {
  ReadQuestions questions;
  const auto everything = RowScope::Everything();
  RowScope one_dealer;
  one_dealer.parts.push_back({DealerId(7), true, {}, {}});
  const auto part = std::make_shared<const RowScope>(one_dealer);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ((*questions.Get(Body("deal_cnt"), kToday, everything))->question.scope, everything);
    EXPECT_EQ((*questions.Get(Body("deal_cnt"), kToday, part))->question.scope, part);
  }
}

TEST(ReadQuestionsTest, WhatCannotBeReadSaysWhyEachTime) {
  ReadQuestions questions;
  for (int round = 0; round < 2; ++round) {
    const auto broken = questions.Get("{\"columns\":", kToday, RowScope::Everything());
    ASSERT_FALSE(broken.ok());
    EXPECT_EQ(broken.error().code, "json_syntax");
    const auto twice = questions.Get(R"({"columns": ["a", "a"], "period": "2026-10"})", kToday, RowScope::Everything());
    ASSERT_FALSE(twice.ok());
    EXPECT_EQ(twice.error().code, "column_twice");
  }
}

// More than fits: the older ones are read again, those in use stay.
TEST(ReadQuestionsTest, ManyQuestionsPushOutThoseNotAsked) {
  ReadQuestions questions;
  const auto rows = RowScope::Everything();
  const auto kept = questions.Get(Body("deal_cnt"), kToday, rows);
  const auto left = questions.Get(Body("lead_cnt"), kToday, rows);
  ASSERT_TRUE(kept.ok() && left.ok());
  for (int i = 0; i < 2'000; ++i) {
    ASSERT_TRUE(questions.Get(Body("deal_cnt") + std::string(500 + static_cast<size_t>(i), ' '), kToday, rows).ok());
    ASSERT_EQ(*questions.Get(Body("deal_cnt"), kToday, rows), *kept) << i;
  }
  EXPECT_NE(*questions.Get(Body("lead_cnt"), kToday, rows), *left);
}

}  // namespace
}  // namespace dealpace::analysis
