#include "access/passwords.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "access/embedded.h"
#include "base/text.h"

namespace dealpace::access {
namespace {

std::string Check(std::string_view password, std::string_view login = "ana") {
  const Status status = CheckNewPassword(password, login);
  return status.ok() ? "" : status.error().code;
}

std::string Times(std::string_view text, int count) {
  std::string repeated;
  for (int i = 0; i < count; ++i) repeated += text;
  return repeated;
}

TEST(CheckNewPassword, CountsCharactersNotBytes) {
  EXPECT_EQ(Check("heiAuf7"), "password_too_short");
  EXPECT_EQ(Check("heiAuf7!"), "");
  EXPECT_EQ(Check("春江潮水连海平"), "password_too_short");  // 7 characters, 21 bytes
  EXPECT_EQ(Check("春江潮水连海平海"), "");
  EXPECT_EQ(Check(Times("春江潮水连海平海", 16).substr(0, 127 * 3) + "上"), "");  // 128 characters
  EXPECT_EQ(Check(Times("春江潮水连海平海", 16) + "上"), "password_too_long");
  EXPECT_EQ(Check(std::string(200'000, 'x')), "password_too_long");
}

TEST(CheckNewPassword, AsksForNoKindsOfCharacters) {
  EXPECT_EQ(Check("correcthorsebattery"), "");
  EXPECT_EQ(Check("correct horse battery"), "");
  EXPECT_EQ(Check("93846215"), "");
}

TEST(CheckNewPassword, RefusesWhatIsGuessedFirst) {
  for (const char* common : {"password", "PassWord123", "1qaz2wsx", "qwertyuiop", "woaini1314", "5201314520",
                             "admin888", "iloveyou", "P@ssw0rd", "summer2024"}) {
    EXPECT_EQ(Check(common), "password_common") << common;
  }
  for (const char* simple : {"23456789", "98765432", "890123456", "abcdefgh", "hgfedcba", "xxxxxxxx", "abababab",
                             "k7k7k7k7k7", "15991599", "520520520"}) {
    EXPECT_EQ(Check(simple), "password_common") << simple;
  }
  EXPECT_EQ(Check("abcdefgx"), "");
}

TEST(CheckNewPassword, RefusesLoginAndProgram) {
  EXPECT_EQ(Check("dealPace-77!"), "password_has_name");
  EXPECT_EQ(Check("xxANAxx17!", "ana"), "password_has_name");
  EXPECT_EQ(Check("我是王小明王经理", "王小明"), "password_has_name");
  EXPECT_EQ(Check("grey-horse-1", "a"), "");  // one letter of login is in many a password
}

TEST(CheckNewPassword, MustBeUtf8) { EXPECT_EQ(Check("abc\xFF defgh"), "text_not_utf8"); }

TEST(CommonPasswords, AreInLowerCaseAndLongEnough) {
  size_t count = 0;
  for (const EmbeddedFile& file : EmbeddedFiles()) {
    for (const std::string& line : Split(file.content, '\n')) {
      if (line.empty() || line.starts_with('#')) continue;
      ++count;
      EXPECT_GE(line.size(), 8U) << line;
      EXPECT_EQ(line, ToLower(line));
      EXPECT_NE(Check(line, "nobody-else"), "") << line;
    }
  }
  EXPECT_GT(count, 500U);
}

TEST(Passwords, MatchTheirHashOnly) {
  const Passwords passwords(Passwords::Cost::Least());
  const auto hash = passwords.Hash("grüne Wiese 7");
  ASSERT_TRUE(hash.ok());
  EXPECT_TRUE(hash->starts_with("$argon2id$")) << *hash;
  EXPECT_NE(*hash, *passwords.Hash("grüne Wiese 7"));
  EXPECT_TRUE(*passwords.Matches("grüne Wiese 7", *hash));
  EXPECT_FALSE(*passwords.Matches("grüne Wiese 8", *hash));
  EXPECT_FALSE(*passwords.Matches("", *hash));
  EXPECT_FALSE(*passwords.Matches("grüne Wiese 7", ""));
}

TEST(Passwords, ByDefaultCost64MiB) {
  const auto hash = Passwords().Hash("grüne Wiese 7");
  ASSERT_TRUE(hash.ok());
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=65536,t=2,p=1$")) << *hash;
}

TEST(Passwords, KnowWhichHashesAreTooCheap) {
  const Passwords cheap(Passwords::Cost::Least());
  const auto hash = cheap.Hash("grüne Wiese 7");
  EXPECT_FALSE(cheap.NeedsRehash(*hash));
  EXPECT_TRUE(Passwords().NeedsRehash(*hash));
}

TEST(Passwords, BeyondSixAtOnceTheyAreBusyAndThenNoLonger) {
  const Passwords passwords;
  std::atomic<int> done = 0;
  std::atomic<int> busy = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      const auto matches = passwords.Matches("grüne Wiese 7", "");
      matches.ok() ? ++done : ++busy;
      EXPECT_TRUE(matches.ok() || matches.error().code == "sign_in_busy");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done + busy, 16);
  EXPECT_GE(done, 6);
  EXPECT_TRUE(passwords.Matches("grüne Wiese 7", "").ok());
}

}  // namespace
}  // namespace dealpace::access
