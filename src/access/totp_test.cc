#include "access/totp.h"

#include <gtest/gtest.h>

namespace dealpace::access {
namespace {

constexpr std::string_view kSecret = "12345678901234567890";  // of the vectors of both RFCs

Instant At(int64_t seconds) { return {seconds * 1000}; }

TEST(Totp, TheVectorsOfRfc6238) {
  const auto code = [](int64_t seconds) { return TotpCode(kSecret, TotpStep(At(seconds)), 8); };
  EXPECT_EQ(code(59), "94287082");
  EXPECT_EQ(code(1'111'111'109), "07081804");
  EXPECT_EQ(code(1'111'111'111), "14050471");
  EXPECT_EQ(code(1'234'567'890), "89005924");
  EXPECT_EQ(code(2'000'000'000), "69279037");
  EXPECT_EQ(code(20'000'000'000), "65353130");
}

TEST(Totp, TheVectorsOfRfc4226) {
  const char* codes[] = {"755224", "287082", "359152", "969429", "338314",
                         "254676", "287922", "162583", "399871", "520489"};
  for (int64_t step = 0; step < 10; ++step) EXPECT_EQ(TotpCode(kSecret, step), codes[step]) << step;
}

TEST(Totp, AStepBeforeAndAfterAreTaken) {
  const Instant now = At(1'000'000'000);
  const int64_t step = TotpStep(now);
  for (int64_t off = -3; off <= 3; ++off) {
    const auto found = MatchTotp(kSecret, TotpCode(kSecret, step + off), now);
    EXPECT_EQ(found.has_value(), off >= -1 && off <= 1) << off;
    EXPECT_EQ(found.value_or(step + off), step + off);
  }
  EXPECT_EQ(TotpStep(At(29)), 0);
  EXPECT_EQ(TotpStep(At(30)), 1);
  EXPECT_EQ(TotpStep(Instant{-1}), -1);
}

TEST(Totp, NoCodeIsGoodTwice) {
  const Instant now = At(1'000'000'000);
  const int64_t step = TotpStep(now);
  EXPECT_FALSE(MatchTotp(kSecret, TotpCode(kSecret, step), now, step));
  EXPECT_FALSE(MatchTotp(kSecret, TotpCode(kSecret, step - 1), now, step)) << "nor an older one";
  EXPECT_EQ(MatchTotp(kSecret, TotpCode(kSecret, step + 1), now, step), step + 1);
}

TEST(Totp, WhatIsNoCodeIsNone) {
  for (const char* text : {"", "1", "abcdef", "12345", "1234567", "      "}) {
    EXPECT_FALSE(MatchTotp(kSecret, text, At(59))) << text;
  }
}

TEST(Totp, SecretsAsTheyAreTyped) {
  EXPECT_EQ(Base32(""), "");
  EXPECT_EQ(Base32("f"), "MY");
  EXPECT_EQ(Base32("fo"), "MZXQ");
  EXPECT_EQ(Base32("foo"), "MZXW6");
  EXPECT_EQ(Base32("foob"), "MZXW6YQ");
  EXPECT_EQ(Base32("fooba"), "MZXW6YTB");
  EXPECT_EQ(Base32("foobar"), "MZXW6YTBOI");
  EXPECT_EQ(Base32(kSecret), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  EXPECT_EQ(TotpUri("Dealpace", "李.na@x", "foobar"),
            "otpauth://totp/Dealpace:%E6%9D%8E.na%40x?secret=MZXW6YTBOI&issuer=Dealpace");
}

}  // namespace
}  // namespace dealpace::access
