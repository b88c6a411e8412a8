#include "analysis/question.h"

#include <gtest/gtest.h>

namespace dealpace::analysis {
namespace {

const Day kToday = *ParseDay("2026-10-20");

Result<AskedQuestion> Read(std::string_view json) {
  auto body = http::JsonBody::Parse(json);
  if (!body.ok()) return body.error();
  return ReadQuestion(*std::move(body), kToday, RowScope::Everything());
}

Result<TableQuestion> ReadTable(std::string_view json) {
  auto body = http::JsonBody::Parse(json);
  if (!body.ok()) return body.error();
  return ReadTableQuestion(*std::move(body), kToday, RowScope::Everything());
}

TEST(QuestionTest, EveryFieldArrives) {
  const auto asked = Read(R"({
    "columns": ["win=deal_cnt / lead_cnt", "close_rate"], "period": "2026-10", "basis": "cohort", "within": "30d",
    "by": ["staff", "month"], "scope": "dealer:17", "filters": {"source": ["referral", "id:9"], "campaign": []},
    "vs": "year-ago", "as_of": "2026-10-10T08:00Z", "to_date": true, "ids": true,
    "sort": ["win", "staff:desc"], "top": 3, "per": "month"})");
  ASSERT_TRUE(asked.ok()) << asked.error().code;
  const kpi::Question& q = asked->question;
  ASSERT_EQ(q.columns.size(), 2U);
  EXPECT_EQ(q.columns[0].name, "win");
  EXPECT_EQ(q.columns[0].formula, "deal_cnt / lead_cnt");
  EXPECT_EQ(FormatPeriod(*q.period), "2026-10");
  EXPECT_EQ(q.basis, facts::Basis::kCohort);
  EXPECT_EQ(q.within_days, 30);
  EXPECT_EQ(q.by, (std::vector<std::string>{"staff", "month"}));
  EXPECT_EQ(q.versus, kpi::Versus::kYearAgo);
  EXPECT_EQ(FormatInstant(q.known_at), "2026-10-10T08:00:00.000Z");
  EXPECT_EQ(q.today, kToday);
  EXPECT_TRUE(q.to_date);
  EXPECT_TRUE(asked->ids);
  ASSERT_EQ(q.sort.size(), 2U);
  EXPECT_EQ(q.sort[0].name, "win");
  EXPECT_EQ(q.sort[0].descending, std::nullopt);
  EXPECT_EQ(q.sort[1].name, "staff");
  EXPECT_EQ(q.sort[1].descending, true);
  EXPECT_EQ(q.top, 3);
  EXPECT_EQ(q.per, "month");
  ASSERT_EQ(q.filters.size(), 3U);
  EXPECT_EQ(q.filters[0].dim, Dim::kDealer);
  EXPECT_EQ(q.filters[0].ids, std::vector<int64_t>{17});
  EXPECT_EQ(q.filters[1].dim, Dim::kSource);
  EXPECT_EQ(q.filters[1].values, std::vector<std::string>{"referral"});
  EXPECT_EQ(q.filters[1].ids, std::vector<int64_t>{9});
  EXPECT_EQ(q.filters[2].dim, Dim::kCampaign);
  EXPECT_TRUE(q.filters[2].values.empty() && q.filters[2].ids.empty());
}

TEST(QuestionTest, SlipsAreNamed) {
  struct Case {
    const char* json;
    const char* code;
  };
  for (const Case& c : {Case{R"({})", "field_missing"},
                        {R"({"columns": []})", "column_empty"},
                        {R"({"columns": ["x="]})", "column_empty"},
                        {R"({"columns": ["a=deal_cnt", "a=lead_cnt"]})", "column_twice"},
                        {R"({"columns": ["staff=deal_cnt"], "by": ["staff"]})", "column_twice"},
                        {R"({"columns": ["deal_cnt"], "by": ["staff", "staff"]})", "dimension_twice"},
                        {R"({"columns": ["deal_cnt"], "period": "2026-13"})", "bad_period"},
                        {R"({"columns": ["deal_cnt"], "period": 2026})", "field_type"},
                        {R"({"columns": ["deal_cnt"], "basis": "weeks"})", "field_choice"},
                        {R"({"columns": ["deal_cnt"], "within": "-3"})", "bad_within"},
                        {R"({"columns": ["deal_cnt"], "within": "99999999d"})", "bad_within"},
                        {R"({"columns": ["deal_cnt"], "vs": "plan"})", "field_choice"},
                        {R"({"columns": ["deal_cnt"], "as_of": "yesterday"})", "bad_instant"},
                        {R"({"columns": ["deal_cnt"], "scope": "dealer:x"})", "bad_scope"},
                        {R"({"columns": ["deal_cnt"], "scope": "source:1"})", "bad_scope"},
                        {R"({"columns": ["deal_cnt"], "scope": "dealer:99999999999999999999"})", "bad_scope"},
                        {R"({"columns": ["deal_cnt"], "filters": {"colour": ["red"]}})", "unknown_dimension"},
                        {R"({"columns": ["deal_cnt"], "filters": {"source": "referral"}})", "field_type"},
                        {R"({"columns": ["deal_cnt"], "sort": "deal_cnt"})", "field_type"},
                        {R"({"columns": ["deal_cnt"], "sort": [""]})", "sort_empty"},
                        {R"({"columns": ["deal_cnt"], "sort": ["lost_cnt"]})", "sort_unknown"},
                        {R"({"columns": ["deal_cnt"], "top": 0})", "top_bad"},
                        {R"({"columns": ["deal_cnt"], "top": "ten"})", "field_type"},
                        {R"({"columns": ["deal_cnt"], "by": ["staff"], "per": "staff"})", "per_without_top"},
                        {R"({"columns": ["deal_cnt"], "by": ["staff"], "top": 1, "per": "month"})", "per_unknown"},
                        {R"({"columns": ["deal_cnt"], "perod": "2026"})", "field_unknown"}}) {
    const auto asked = Read(c.json);
    ASSERT_FALSE(asked.ok()) << c.json;
    EXPECT_EQ(asked.error().code, c.code) << c.json;
  }
}

TEST(QuestionTest, ScopesReadAndWriteBack) {
  for (const char* text : {"network", "region:1", "dealer:22", "team:333", "staff:4444"}) {
    const auto scope = ParseScope(text);
    ASSERT_TRUE(scope.ok()) << text;
    EXPECT_EQ(ScopeText(*scope), text);
  }
  EXPECT_EQ(ScopeText(*ParseScope("")), "network");
  EXPECT_FALSE(ParseScope("dealer:0").ok());
  EXPECT_FALSE(ParseScope("dealer:-4").ok());
}

TEST(QuestionTest, ATableGoesOneLevelBelowItsScope) {
  EXPECT_EQ(ReadTable(R"({})")->by, Dim::kDealer);
  EXPECT_EQ(ReadTable(R"({"scope": "region:1"})")->by, Dim::kDealer);
  EXPECT_EQ(ReadTable(R"({"scope": "dealer:1"})")->by, Dim::kStaff);
  EXPECT_EQ(ReadTable(R"({"scope": "team:1"})")->by, Dim::kStaff);
  EXPECT_EQ(ReadTable(R"({"by": "source"})")->by, Dim::kSource);
  EXPECT_EQ(ReadTable(R"({"by": "reason"})").error().code, "field_choice");
  EXPECT_EQ(ReadTable(R"({"columns": ["deal_cnt"]})").error().code, "field_unknown");
}

}  // namespace
}  // namespace dealpace::analysis
