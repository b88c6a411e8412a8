#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace dealpace {
namespace {

std::string Number(double number) { return JsonWriter().Number(number).text(); }

TEST(Json, NestsWithCommasByItself) {
  JsonWriter json;
  json.BeginObject().Field("a", 1).Field("b", "x").Key("c").BeginArray();
  json.Int(1).Null().Bool(false).BeginObject().EndObject().BeginArray().EndArray().EndArray();
  json.Key("d").BeginObject().Field("e", true).EndObject().Key("f").Raw("12.50").EndObject();
  EXPECT_EQ(json.text(), R"({"a":1,"b":"x","c":[1,null,false,{},[]],"d":{"e":true},"f":12.50})");
}

TEST(Json, TextsAreEscaped) {
  EXPECT_EQ(JsonWriter().String("a\"b\\c\n\r\t\x01/成交").text(), "\"a\\\"b\\\\c\\n\\r\\t\\u0001/成交\"");
  EXPECT_EQ(JsonWriter().BeginObject().Field("k\"", "").EndObject().text(), "{\"k\\\"\":\"\"}");
}

// Texts are looked at eight characters at a time: what must be escaped is found wherever it stands.
TEST(Json, WhatMustBeEscapedIsFoundAnywhere) {
  for (size_t length = 0; length <= 20; ++length) {
    const std::string plain(length, '\x7f');
    EXPECT_EQ(JsonWriter().String(plain).text(), '"' + plain + '"');
    for (size_t at = 0; at < length; ++at) {
      for (const auto& [c, escaped] : {std::pair('"', "\\\""),
                                       {'\\', "\\\\"},
                                       {'\x1f', "\\u001f"},
                                       {'\0', "\\u0000"},
                                       {'\x20', " "},
                                       {'\xff', "\xff"}}) {
        std::string text = plain;
        text[at] = c;
        EXPECT_EQ(JsonWriter().String(text).text(), '"' + plain.substr(0, at) + escaped + plain.substr(at + 1) + '"');
      }
    }
  }
}

TEST(Json, WholeNumbersHaveNeitherPointNorExponent) {
  EXPECT_EQ(Number(0), "0");
  EXPECT_EQ(Number(-0.0), "0");
  EXPECT_EQ(Number(12000), "12000");
  EXPECT_EQ(Number(-3), "-3");
  EXPECT_EQ(Number(1e15), "1000000000000000");
  EXPECT_EQ(Number(9007199254740991.0), "9007199254740991");
  EXPECT_EQ(JsonWriter().Int(INT64_MIN).text(), "-9223372036854775808");
}

TEST(Json, SmallNumbersHaveTheirDigits) {
  for (int number = 0; number < 1100; ++number) EXPECT_EQ(Number(number), std::to_string(number));
}

TEST(Json, OtherNumbersReadBackTheSame) {
  EXPECT_EQ(Number(0.105), "0.105");
  EXPECT_EQ(Number(-1234.5), "-1234.5");
  EXPECT_EQ(Number(1.0 / 3), "0.3333333333333333");
  for (const double number : {0.1 + 0.2, 1e-9, 1.7976931348623157e308, 5e-324, 123456789012.34, 1e25}) {
    EXPECT_EQ(std::strtod(Number(number).c_str(), nullptr), number);
  }
}

TEST(Json, WhatIsNotFiniteIsNull) {
  EXPECT_EQ(Number(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(Number(-std::numeric_limits<double>::infinity()), "null");
}

}  // namespace
}  // namespace dealpace
