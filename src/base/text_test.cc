#include "base/text.h"

#include <gtest/gtest.h>

namespace dealpace {
namespace {

TEST(Text, TrimTakesBlanksOfEveryKindOffTheEnds) {
  EXPECT_EQ(Trim("  a b \t\r\n"), "a b");
  EXPECT_EQ(Trim("　张 三\u00A0"), "张 三");
  EXPECT_EQ(Trim(" \u00A0　 x"), "x");
  EXPECT_EQ(Trim("\uFEFFid"), "id") << "a byte order mark in the middle of joined files";
  EXPECT_EQ(Trim(" 　\u00A0"), "");
  EXPECT_EQ(Trim(""), "");
}

TEST(Text, SplitsAndJoins) {
  EXPECT_EQ(Split("a,,b,", ','), (std::vector<std::string>{"a", "", "b", ""}));
  EXPECT_EQ(Split("", ','), (std::vector<std::string>{""}));
  EXPECT_EQ(Join({"a", "", "b"}, "·"), "a··b");
  EXPECT_EQ(Join({}, ","), "");
  EXPECT_EQ(ReplaceAll("aXbXX", "X", "yX"), "ayXbyXyX");
  EXPECT_EQ(ReplaceAll("abc", "", "y"), "abc");
  EXPECT_EQ(ToLower("ÄbC成交D"), "Äbc成交d") << "ASCII letters only";
}

TEST(Text, WellFormedUtf8) {
  for (const char* good :
       {"", "abc", "成交率", "é", "\U0001F697", "\uFFFD", "\u07FF\u0800\uFFFF\U00010000\U0010FFFF"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
}

TEST(Text, MalformedUtf8) {
  for (const char* bad : {"\x80", "\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80",
                          "\xED\xBF\xBF", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
                          "\xF5\x80\x80\x80", "\xFF", "a\xE6\x88", "\xE6\x88z", "\xB3\xC9\xBD\xBB"}) {
    EXPECT_FALSE(IsUtf8(bad)) << testing::PrintToString(bad);
  }
}

TEST(Text, CodePointsAreTakenOneByOne) {
  std::string_view text = "a成\xFF\U0001F697";
  EXPECT_EQ(NextCodePoint(text), U'a');
  EXPECT_EQ(NextCodePoint(text), U'成');
  EXPECT_EQ(NextCodePoint(text), char32_t{0xFFFD});
  EXPECT_EQ(NextCodePoint(text), char32_t{0x1F697});
  EXPECT_TRUE(text.empty());
}

TEST(Text, ChineseTakesTwoColumnsEach) {
  EXPECT_EQ(DisplayWidth("close rate"), 10);
  EXPECT_EQ(DisplayWidth("成交率"), 6);
  EXPECT_EQ(DisplayWidth("A店（上海）"), 11) << "full-width brackets too";
  EXPECT_EQ(DisplayWidth("カナ한글"), 8);
  EXPECT_EQ(DisplayWidth("—"), 1);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1) << "a combining accent";
  EXPECT_EQ(DisplayWidth(""), 0);
}

TEST(ClosestWord, FindsALikelySlip) {
  const std::vector<std::string> names = {"deal_cnt", "lead_cnt", "close_rate", "Ana", "Ben"};
  EXPECT_EQ(ClosestWord("deal_cmt", names), "deal_cnt");
  EXPECT_EQ(ClosestWord("closerate", names), "close_rate");
  EXPECT_EQ(ClosestWord("Close_Rate", names), "close_rate");
  EXPECT_EQ(ClosestWord("anna", names), "Ana");
  EXPECT_EQ(ClosestWord("profit", names), "");
}

TEST(ClosestWord, ShortWordsMustNearlyAgree) {
  EXPECT_EQ(ClosestWord("HQ", {"SH", "BJ"}), "") << "two letters, both different";
  EXPECT_EQ(ClosestWord("bob", {"ben"}), "");
  EXPECT_EQ(ClosestWord("SH2", {"SH1"}), "SH1");
  EXPECT_EQ(ClosestWord("x", {""}), "");
}

}  // namespace
}  // namespace dealpace
