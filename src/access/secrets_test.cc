#include "access/secrets.h"

#include <gtest/gtest.h>

#include <set>

#include "base/text.h"

namespace dealpace::access {
namespace {

TEST(Secrets, AreLongDifferentAndSafeInCookiesAndHeaders) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const std::string secret = NewSecret();
    EXPECT_EQ(secret.size(), 43U);
    EXPECT_EQ(secret.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    EXPECT_TRUE(seen.insert(secret).second);
  }
}

TEST(Secrets, OneTimePasswordsAreFourGroupsWithoutLookAlikes) {
  std::set<char> letters;
  for (int i = 0; i < 200; ++i) {
    const std::string password = NewOneTimePassword();
    ASSERT_EQ(Split(password, '-').size(), 4U);
    for (const std::string& group : Split(password, '-')) {
      EXPECT_EQ(group.size(), 4U);
      letters.insert(group.begin(), group.end());
    }
  }
  EXPECT_EQ(letters.size(), 31U);  // 31^16 > 2^79
  for (const char c : std::string("01ilo")) EXPECT_FALSE(letters.contains(c)) << c;
}

TEST(Secrets, HashIsBlake2b) {
  EXPECT_EQ(HashSecret(""), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  EXPECT_EQ(HashSecret("abc"), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

TEST(Secrets, SameIsSame) {
  EXPECT_TRUE(SameSecret("", ""));
  EXPECT_TRUE(SameSecret("k7mw-2xpd", "k7mw-2xpd"));
  EXPECT_FALSE(SameSecret("k7mw-2xpd", "k7mw-2xpe"));
  EXPECT_FALSE(SameSecret("a7mw-2xpd", "k7mw-2xpd"));
  EXPECT_FALSE(SameSecret("k7mw", "k7mw-2xpd"));
  EXPECT_FALSE(SameSecret("", "k"));
  EXPECT_FALSE(SameSecret(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

}  // namespace
}  // namespace dealpace::access
