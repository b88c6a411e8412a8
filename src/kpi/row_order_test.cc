#include "kpi/row_order.h"

#include <gtest/gtest.h>

namespace dealpace::kpi {
namespace {

TEST(RowOrderTest, NamesAndDirectionsAreRead) {
  const auto order = ParseRowOrder("close_rate:desc, dealer:asc , win");
  ASSERT_TRUE(order.ok());
  ASSERT_EQ(order->size(), 3U);
  EXPECT_EQ((*order)[0].name, "close_rate");
  EXPECT_EQ((*order)[0].descending, true);
  EXPECT_EQ((*order)[1].name, "dealer");
  EXPECT_EQ((*order)[1].descending, false);
  EXPECT_EQ((*order)[2].name, "win");
  EXPECT_EQ((*order)[2].descending, std::nullopt);
}

TEST(RowOrderTest, CommasAndColonsOfAFormulaBelongToItsName) {
  const auto order = ParseRowOrder(R"(lost_cnt[reason=price, model="A:B,C"]:asc,min(a, b))");
  ASSERT_TRUE(order.ok());
  ASSERT_EQ(order->size(), 2U);
  EXPECT_EQ((*order)[0].name, R"(lost_cnt[reason=price, model="A:B,C"])");
  EXPECT_EQ((*order)[0].descending, false);
  EXPECT_EQ((*order)[1].name, "min(a, b)");
}

TEST(RowOrderTest, AMissingNameIsNotPassedOver) {
  for (const char* text : {"", ",", "win,", ":desc", "win,:asc"}) {
    const auto order = ParseRowOrder(text);
    ASSERT_FALSE(order.ok()) << text;
    EXPECT_EQ(order.error().code, "sort_empty") << text;
  }
}

// Rows of a dealer, a source and one value, in the order of their keys.
struct Sketched {
  std::string dealer;
  std::string source;  // empty: not set
  std::optional<double> value;
};

std::vector<std::string> Ordered(const Question& question, const std::vector<Sketched>& rows) {
  RowSketches sketches;
  sketches.count = rows.size();
  int64_t id = 0;
  for (const Sketched& row : rows) {
    sketches.keys.push_back(&row.dealer);
    sketches.keys.push_back(row.source.empty() ? nullptr : &row.source);
    sketches.ids.insert(sketches.ids.end(), {static_cast<int64_t>(row.dealer[0]), ++id});
    if (!SortColumns(question).empty()) sketches.values.push_back(row.value);
  }
  std::vector<std::string> order;
  for (const uint32_t at : OrderRows(question, sketches)) order.push_back(rows[at].dealer + rows[at].source);
  return order;
}

Question ByDealerAndSource() {
  Question question;
  question.columns = {{"n", "deal_cnt"}, {"win", "deal_cnt/prospect_cnt"}};
  question.by = {"dealer", "source"};
  return question;
}

const std::vector<Sketched> kRows = {{"B", "x", 0.5}, {"A", "", 0.9},           {"A", "y", std::nullopt},
                                     {"B", "z", 0.5}, {"A", "x", std::nullopt}, {"C", "x", 0.1}};
using Names = std::vector<std::string>;

TEST(RowOrderTest, RowsComeInTheOrderOfTheirKeysAndWhatIsNotSetLast) {
  EXPECT_EQ(Ordered(ByDealerAndSource(), kRows), (Names{"Ax", "Ay", "A", "Bx", "Bz", "Cx"}));
}

TEST(RowOrderTest, WithoutAValueARowIsLastInEitherDirection) {
  Question question = ByDealerAndSource();
  question.sort = {{"win", std::nullopt}};
  EXPECT_EQ(SortColumns(question), std::vector<size_t>{1});
  EXPECT_EQ(Ordered(question, kRows), (Names{"A", "Bx", "Bz", "Cx", "Ax", "Ay"}));
  question.sort = {{"win", false}};
  EXPECT_EQ(Ordered(question, kRows), (Names{"Cx", "Bx", "Bz", "A", "Ax", "Ay"}));
}

TEST(RowOrderTest, TopTakesTheFirstOfAllOrOfEach) {
  Question question = ByDealerAndSource();
  question.sort = {{"source", true}, {"win", std::nullopt}};
  EXPECT_EQ(Ordered(question, kRows), (Names{"Bz", "Ay", "Bx", "Cx", "Ax", "A"}));
  question.top = 3;
  EXPECT_EQ(Ordered(question, kRows), (Names{"Bz", "Ay", "Bx"}));
  question.top = 1;
  question.per = "dealer";
  EXPECT_EQ(Ordered(question, kRows), (Names{"Bz", "Ay", "Cx"}));
}

}  // namespace
}  // namespace dealpace::kpi
