#include "base/money.h"

#include <gtest/gtest.h>

namespace dealpace {
namespace {

// What a cell is worth in fen; nothing when it is no number, -1 when it is too large.
std::optional<int64_t> Fen(std::string_view text) {
  const auto number = ParseDecimal(text);
  if (!number) return std::nullopt;
  return ToUnits(*number, kFenPerYuan).value_or(-1);
}

TEST(Decimals, AsPeopleWriteThem) {
  EXPECT_EQ(Fen("12"), 1200);
  EXPECT_EQ(Fen(" 12.5 "), 1250);
  EXPECT_EQ(Fen(".5"), 50);
  EXPECT_EQ(Fen("5."), 500);
  EXPECT_EQ(Fen("-3.20"), -320);
  EXPECT_EQ(Fen("－3.2"), -320) << "full-width minus";
  EXPECT_EQ(Fen("+7"), 700);
  EXPECT_EQ(Fen("1,234.50"), 123450);
  EXPECT_EQ(Fen("1，234，567"), 123456700) << "full-width commas";
  EXPECT_EQ(Fen("(1,200)"), -120000) << "accountants' negative";
  EXPECT_EQ(Fen("¥99.9"), 9990);
  EXPECT_EQ(Fen("￥ 99.9"), 9990);
  EXPECT_EQ(Fen("-¥5"), -500);
  EXPECT_EQ(Fen("¥-5"), -500);
  EXPECT_EQ(Fen("RMB 100"), 10000);
  EXPECT_EQ(Fen("100元"), 10000);
  EXPECT_EQ(Fen("12.8万"), 12800000);
  EXPECT_EQ(Fen("12.8 万元"), 12800000);
  EXPECT_EQ(Fen("1.5亿"), 15000000000);
  EXPECT_EQ(Fen("62.5%"), 63) << "0.625 is 62.5 hundredths, half away from zero";
  EXPECT_EQ(Fen("50％"), 50);
  EXPECT_EQ(Fen("1.5E+3"), 150000);
  EXPECT_EQ(Fen("15e-1"), 150);
  EXPECT_EQ(Fen("0001"), 100);
}

TEST(Decimals, WhatIsNoNumberIsNone) {
  for (const char* text : {"",       " ",
                           "-",      ".",
                           "abc",    "12a",
                           "1 2",    "1,23",
                           "1,2345", ",123",
                           "1.2.3",  "1.234,5",
                           "--5",    "¥",
                           "万",     "%",
                           "1e",     "1e+",
                           "1e123",  "0x10",
                           "２３",   "1234567890123456789012345678901",
                           "()",     "1,,000",
                           "NaN",    "inf",
                           "5-"}) {
    EXPECT_FALSE(Fen(text)) << text;
  }
}

TEST(Decimals, AreRoundedHalfAwayFromZero) {
  EXPECT_EQ(Fen("0.285"), 29);
  EXPECT_EQ(Fen("0.284999999999"), 28);
  EXPECT_EQ(Fen("-0.285"), -29);
  EXPECT_EQ(Fen("0.005"), 1);
  EXPECT_EQ(Fen("-0.0049"), 0);
  EXPECT_EQ(ToUnits(*ParseDecimal("62.5"), 1), 63);
  EXPECT_EQ(ToUnits(*ParseDecimal("0.0004999"), kQuantityOne), 0);
  EXPECT_EQ(ToUnits(*ParseDecimal("0.3285"), kQuantityOne), 329);
}

TEST(Decimals, TooLargeForALedgerIsNothing) {
  EXPECT_EQ(Fen("46116860184273879.04"), int64_t{1} << 62);
  EXPECT_EQ(Fen("46116860184273879.05"), -1);
  EXPECT_EQ(Fen("-99999999999999999999"), -1);
  EXPECT_EQ(Fen("999999999999999999999999999999"), -1);
}

TEST(Decimals, MultiplyExactly) {
  const auto product = [](const char* a, const char* b) {
    return ToUnits(Multiply(*ParseDecimal(a), *ParseDecimal(b)), kFenPerYuan);
  };
  EXPECT_EQ(product("199800", "3"), 59940000);
  EXPECT_EQ(product("0.1", "0.25"), 3) << "0.025 yuan is 2.5 fen";
  EXPECT_EQ(product("-0.1", "0.25"), -3);
  EXPECT_EQ(product("12.8", "10000"), 12800000);
  EXPECT_EQ(product("1.005", "1"), 101);
}

TEST(Decimals, BinaryNoiseInBothFactorsDoesNotMakeTheProductTooLarge) {
  const auto noisy = Multiply(*ParseDecimal("0.30000000000000004"), *ParseDecimal("28.100000000000001"));
  EXPECT_EQ(ToUnits(noisy, kFenPerYuan), 843);
  const auto longest =
      Multiply(*ParseDecimal("1.23456789012345678901234567890"), *ParseDecimal("1.23456789012345678901234567890"));
  EXPECT_EQ(ToUnits(longest, kFenPerYuan), 152);
  const auto price = Multiply(*ParseDecimal("199800.12345678901"), *ParseDecimal("1234.5678901234567"));
  EXPECT_EQ(ToUnits(price, kFenPerYuan), 24666681686);
}

TEST(Money, IsShownWithTwoDecimals) {
  EXPECT_EQ(FormatFen(123450), "1234.50");
  EXPECT_EQ(FormatFen(-5), "-0.05");
  EXPECT_EQ(FormatFen(0), "0.00");
  EXPECT_EQ(FormatFen(INT64_MIN), "-92233720368547758.08");
}

TEST(Quantities, AreShownWithoutTrailingZeros) {
  EXPECT_EQ(FormatQuantity(328), "0.328");
  EXPECT_EQ(FormatQuantity(2000), "2");
  EXPECT_EQ(FormatQuantity(100000), "100");
  EXPECT_EQ(FormatQuantity(-1500), "-1.5");
  EXPECT_EQ(FormatQuantity(0), "0");
}

TEST(Rounding, HalfAwayFromZero) {
  EXPECT_EQ(FormatRounded(62.5, 0), "63");
  EXPECT_EQ(FormatRounded(-62.5, 0), "-63");
  EXPECT_EQ(FormatRounded(62.4999, 0), "62");
  EXPECT_EQ(FormatRounded(0.285, 2), "0.29") << "the double is below 0.285";
  EXPECT_EQ(FormatRounded(1.005, 2), "1.01");
  EXPECT_EQ(FormatRounded(2.675, 2), "2.68");
  EXPECT_EQ(RoundHalfAway(-0.285, 2), -0.29);
}

TEST(Rounding, GroupsThousandsAndHasNoMinusZero) {
  EXPECT_EQ(FormatRounded(1234567.891, 2), "1,234,567.89");
  EXPECT_EQ(FormatRounded(-123456, 0), "-123,456");
  EXPECT_EQ(FormatRounded(-999, 0), "-999");
  EXPECT_EQ(FormatRounded(1234567, 0, false), "1234567");
  EXPECT_EQ(FormatRounded(-0.001, 2), "0.00");
  EXPECT_EQ(FormatRounded(0.0 / 0.0 * 1.0, 1), "—");
  EXPECT_EQ(FormatRounded(1e300 * 1e300, 1), "—");
}

TEST(Rounding, LargeSumsKeepTheirFen) {
  EXPECT_EQ(FormatRounded(123456789012.34, 2), "123,456,789,012.34");
  EXPECT_EQ(FormatRounded(9999999999.99, 2, false), "9999999999.99");
  EXPECT_EQ(FormatRounded(10000000000.04, 1, false), "10000000000.0");
  EXPECT_EQ(RoundHalfAway(4503599627370497.0, 0), 4503599627370497.0);
  EXPECT_EQ(RoundHalfAway(9007199254740991.0, 2), 9007199254740991.0);
}

}  // namespace
}  // namespace dealpace
