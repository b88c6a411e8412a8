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

}  // namespace
}  // namespace dealpace::kpi
