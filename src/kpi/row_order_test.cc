#include "kpi/row_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <tuple>

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

constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

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
    sketches.keys.emplace_back(row.dealer);
    sketches.keys.push_back(row.source.empty() ? std::string_view() : row.source);
    sketches.ids.insert(sketches.ids.end(), {static_cast<int64_t>(row.dealer[0]), ++id});
    if (!SortColumns(question).empty()) sketches.values.push_back(row.value.value_or(kNoValue));
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

// Of many rows members are put in order by their places: it must be the order that comparing texts gives.
TEST(RowOrderTest, ManyRowsStandAsTheirTextsCompare) {
  constexpr uint32_t kSeed = 20250131;
  std::mt19937 random(kSeed);
  std::vector<std::string> dealers;
  for (int i = 0; i < 700; ++i) dealers.push_back("dealer " + std::to_string(random() % 600));  // some share a name
  struct Row {
    size_t dealer;
    std::optional<double> value;
  };
  std::vector<Row> rows;
  for (int i = 0; i < 3000; ++i) {
    rows.push_back({random() % dealers.size(), random() % 9 == 0 ? std::nullopt : std::optional(random() % 5 - 2.0)});
  }
  Question question;
  question.columns = {{"n", "deal_cnt"}};
  question.by = {"dealer"};
  for (const bool descending : {false, true}) {
    question.sort = {{"dealer", descending}, {"n", !descending}};
    RowSketches sketches;
    sketches.count = rows.size();
    for (const Row& row : rows) {
      sketches.keys.push_back(row.dealer % 50 == 0 ? std::string_view() : dealers[row.dealer]);
      sketches.ids.push_back(static_cast<int64_t>(row.dealer));
      sketches.values.push_back(row.value.value_or(kNoValue));
    }
    std::vector<uint32_t> expected(rows.size());
    std::iota(expected.begin(), expected.end(), 0);
    const auto key_of = [&](uint32_t at) {
      // What is empty comes last; what goes downwards is turned round.
      std::string turned(sketches.keys[at]);
      for (char& c : turned) c = descending ? static_cast<char>(127 - c) : c;
      if (descending) turned += '\x7f';  // a longer text comes before the one that it begins with
      const double value = rows[at].value.value_or(0);
      return std::tuple(sketches.keys[at].data() == nullptr, turned, !rows[at].value, descending ? value : -value,
                        sketches.ids[at]);
    };
    std::stable_sort(expected.begin(), expected.end(), [&](uint32_t a, uint32_t b) { return key_of(a) < key_of(b); });
    EXPECT_EQ(OrderRows(question, sketches), expected);

    // Of each dealer the first two, also of those that share a name.
    question.top = 2;
    question.per = "dealer";
    std::map<int64_t, int> taken;
    std::erase_if(expected, [&](uint32_t at) { return ++taken[sketches.ids[at]] > 2; });
    EXPECT_EQ(OrderRows(question, sketches), expected);
    question.top.reset();
    question.per.clear();
  }
}

TEST(RowOrderTest, PlacesThatAreKnownTakeTheTextsPlace) {
  Question question = ByDealerAndSource();
  RowSketches sketches;
  sketches.count = 2;
  sketches.keys = {"Z", {}, "A", {}};
  sketches.ids = {1, 0, 2, 0};
  EXPECT_EQ(OrderRows(question, sketches), (std::vector<uint32_t>{1, 0}));
  sketches.places = {3, RowSketches::kNotSet, 3, RowSketches::kNotSet};  // of the same place: by their ids
  EXPECT_EQ(OrderRows(question, sketches), (std::vector<uint32_t>{0, 1}));
  sketches.places = {4, RowSketches::kNotSet, 3, RowSketches::kNotSet};
  EXPECT_EQ(OrderRows(question, sketches), (std::vector<uint32_t>{1, 0}));
}

}  // namespace
}  // namespace dealpace::kpi
