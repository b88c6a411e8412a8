#include "http/target.h"

#include <gtest/gtest.h>

#include "http/negotiate.h"

namespace dealpace::http {
namespace {

TEST(Target, ReadsPathAndQuery) {
  const auto target = ParseTarget("/api/v1/%E5%AE%A2%E6%88%B7/a+b?x=1&y=%E6%9C%88+1&flag&&x=2&e=");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->path, "/api/v1/客户/a+b") << "a plus is a blank in a query only";
  EXPECT_EQ(target->query, (QueryPairs{{"x", "1"}, {"y", "月 1"}, {"flag", ""}, {"x", "2"}, {"e", ""}}));
}

TEST(Target, ReadsTheFormOfProxies) {
  EXPECT_EQ(ParseTarget("http://shop:8080/a?b=1")->path, "/a");
  EXPECT_EQ(ParseTarget("HTTPS://shop")->path, "/");
  EXPECT_EQ(ParseTarget("http://shop?b=1")->query, (QueryPairs{{"b", "1"}}));
  EXPECT_EQ(ParseTarget("http://shop/a?b=1")->raw, "/a?b=1");
  EXPECT_EQ(ParseTarget("*")->path, "*");
}

TEST(Target, RefusesWhatIsNotWellFormed) {
  for (const char* bad :
       {"",         "a",       "a/b",       "?x",        "/%",     "/%1",   "/%zz",  "/%ff",    "/%c0%af",
        "/%00",     "/%0a",    "/%7f",      "/a#b",      "/a b",   "/ä",    "/..",   "/a/../b", "/a/%2e%2E",
        "/./a",     "/a/.",    "/a%2fb",    "/a%2Fb",    "/a%5cb", "/a\\b", "/?x=%", "/?%ff=1", "/?x=%00",
        "/?x%0a=1", "http://", "http:///a", "ftp://x/a", "//..",   "/<",    "/\"",   "**"}) {
    const auto target = ParseTarget(bad);
    ASSERT_FALSE(target.ok()) << bad;
    EXPECT_EQ(target.error().code, "target_malformed") << bad;
  }
}

TEST(Target, LeavesDotsThatAreNames) {
  EXPECT_EQ(ParseTarget("/a/...")->path, "/a/...");
  EXPECT_EQ(ParseTarget("/a..b/.well-known")->path, "/a..b/.well-known");
  EXPECT_EQ(ParseTarget("//a")->path, "//a");
  EXPECT_EQ(ParseTarget("/?x=a%0Ab")->query[0].second, "a\nb") << "a value may have lines";
}

TEST(Percent, DecodesStrictly) {
  EXPECT_EQ(PercentDecode("a%20b+c"), "a b+c");
  EXPECT_EQ(PercentDecode("a%20b+c", true), "a b c");
  for (const char* bad : {"%", "%a", "%g0", "%0g", "a%", "%%41", "% 1"})
    EXPECT_EQ(PercentDecode(bad), std::nullopt) << bad;
}

TEST(Percent, EncodesWhatIsNotPlain) {
  EXPECT_EQ(PercentEncode("a-Z_0.~"), "a-Z_0.~");
  EXPECT_EQ(PercentEncode("客 /%"), "%E5%AE%A2%20%2F%25");
}

TEST(Negotiate, TakesTheLanguageLikedBest) {
  EXPECT_EQ(AcceptedLanguage("en"), Language::kEnglish);
  EXPECT_EQ(AcceptedLanguage("zh-CN,zh;q=0.9,en;q=0.8"), Language::kChinese);
  EXPECT_EQ(AcceptedLanguage("zh;q=0.3, EN-us;q=0.7"), Language::kEnglish);
  EXPECT_EQ(AcceptedLanguage("fr, de;q=0.5"), std::nullopt);
  EXPECT_EQ(AcceptedLanguage("english"), std::nullopt);
  EXPECT_EQ(AcceptedLanguage("en;q=0"), std::nullopt);
  EXPECT_EQ(AcceptedLanguage("en;q=x, zh;q=0.1"), Language::kChinese);
  EXPECT_EQ(AcceptedLanguage(""), std::nullopt);
}

TEST(Negotiate, KnowsWhichCodingsAreTaken) {
  EXPECT_TRUE(AcceptsCoding("gzip, deflate, br", "br"));
  EXPECT_TRUE(AcceptsCoding("GZIP;q=0.1", "gzip"));
  EXPECT_TRUE(AcceptsCoding("*", "br"));
  EXPECT_FALSE(AcceptsCoding("*, br;q=0", "br"));
  EXPECT_FALSE(AcceptsCoding("*;q=0", "gzip"));
  EXPECT_FALSE(AcceptsCoding("", "gzip"));
  EXPECT_FALSE(AcceptsCoding("brotli", "br"));
  EXPECT_FALSE(AcceptsCoding("gzip;q=nan", "gzip"));
}

}  // namespace
}  // namespace dealpace::http
