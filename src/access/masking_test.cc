#include "access/masking.h"

#include <gtest/gtest.h>

namespace dealpace::access {
namespace {

TEST(Masking, PhonesKeepWhatTellsThemApartButNotWhatReachesThem) {
  EXPECT_EQ(MaskPhone("13812345678"), "138****5678");
  EXPECT_EQ(MaskPhone("+8613812345678"), "138****5678");
  EXPECT_EQ(MaskPhone("0086 138-1234-5678"), "138****5678");
  EXPECT_EQ(MaskPhone("138 1234 5678"), "138****5678");
  EXPECT_EQ(MaskPhone("021-61234578"), "021-******78");
  EXPECT_EQ(MaskPhone("0571-87654321"), "0571-******21");
  EXPECT_EQ(MaskPhone("+86 571 8765 4321"), "0571-******21");
  EXPECT_EQ(MaskPhone("+4915112345678"), "************78");
  EXPECT_EQ(MaskPhone("10086"), "*****");
  EXPECT_EQ(MaskPhone(""), "");
}

TEST(Masking, IdNumbers) {
  EXPECT_EQ(MaskIdNumber("110101199001011234"), "110101********1234");
  EXPECT_EQ(MaskIdNumber("11010119900101123X"), "110101********123X");
  EXPECT_EQ(MaskIdNumber("110101900101123"), "110101*****1123");
  EXPECT_EQ(MaskIdNumber("1101019001"), "**********");
}

TEST(Masking, NamesAlwaysHaveTwoStars) {
  EXPECT_EQ(MaskName("张三"), "张**");
  EXPECT_EQ(MaskName("欧阳娜娜"), "欧**");
  EXPECT_EQ(MaskName("张"), "张**");
  EXPECT_EQ(MaskName(""), "");
}

TEST(Masking, VinsAndPlates) {
  EXPECT_EQ(MaskVin("LSVAA49J132047371"), "***********047371");
  EXPECT_EQ(MaskVin("047371"), "******");
  EXPECT_EQ(MaskPlate("沪A12312"), "沪A***12");
  EXPECT_EQ(MaskPlate("沪AD12345"), "沪A***45");
}

TEST(Masking, WhateverElseIsStars) {
  EXPECT_EQ(MaskAll("上海市浦东新区"), "*******");
  EXPECT_EQ(MaskAll(""), "");
}

TEST(Masking, PhonesAreComparedAsE164) {
  for (const char* written : {"13812345678", "+86 138 1234 5678", "008613812345678", "138-1234-5678"}) {
    EXPECT_EQ(NormalPhone(written), "+8613812345678") << written;
  }
  EXPECT_EQ(NormalPhone("021-61234578"), "+862161234578");
  EXPECT_EQ(NormalPhone("+86 (021) 61234578"), "+862161234578");
  EXPECT_EQ(NormalPhone("+49 151 12345678"), "+4915112345678");
  EXPECT_EQ(NormalPhone("by mail"), "");
  EXPECT_EQ(NormalPhone("123456"), "");
  EXPECT_EQ(NormalPlate("沪a·12312"), "沪A12312");
}

}  // namespace
}  // namespace dealpace::access
