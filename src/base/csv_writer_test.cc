#include "base/csv_writer.h"

#include <gtest/gtest.h>

namespace dealpace {
namespace {

// A text as it stands in an exported file.
std::string Exported(std::string_view text) {
  std::string line = CsvLine({GuardText(text)});
  EXPECT_TRUE(line.ends_with("\r\n"));
  return line.substr(0, line.size() - 2);
}

TEST(CsvWriter, FormulasAreDisarmed) {  // methods M37
  EXPECT_EQ(Exported("=1+1"), "'=1+1");
  EXPECT_EQ(Exported("-5"), "'-5") << "a text; numbers are written as numbers";
  EXPECT_EQ(Exported("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(Exported("=a,\"b\""), "\"'=a,\"\"b\"\"\"");
  EXPECT_EQ(Exported("张三"), "张三");
  EXPECT_EQ(Exported("'=1"), "''=1");
}

TEST(CsvWriter, EveryTriggerOfAFormula) {
  for (const char* text : {"=x", "+x", "-x", "@x", "\tx", "\rx", "\nx", "＝x", "＋x", "－x", "＠x"}) {
    EXPECT_EQ(GuardText(text), "'" + std::string(text));
  }
  EXPECT_EQ(GuardText(std::string_view("\0x", 2)), std::string("'\0x", 3));
  for (const char* text : {"", "x", "a=b", " =x", "'", "''", "'x", "1-2", "?", "！"}) EXPECT_EQ(GuardText(text), text);
}

TEST(CsvWriter, WhatWasDisarmedComesBack) {
  for (const std::string text : {"=1+1", "-5", "'=1", "''=1", "''''+", "@", "＝1", "'", "''", "a", "", "'a", "张三"}) {
    EXPECT_EQ(UnguardText(GuardText(text)), text);
  }
}

TEST(CsvWriter, OtherApostrophesStay) {
  EXPECT_EQ(UnguardText("'90s"), "'90s");
  EXPECT_EQ(UnguardText("'"), "'");
  EXPECT_EQ(UnguardText("O'Neil"), "O'Neil");
  EXPECT_EQ(UnguardText("=1"), "=1");
}

TEST(CsvWriter, QuotesWhatNeedsIt) {
  EXPECT_EQ(CsvLine({"a", "b c", "", "d,e", "f\ng", "h\"i", "j;k"}), "a,b c,,\"d,e\",\"f\ng\",\"h\"\"i\",j;k\r\n");
  EXPECT_EQ(CsvLine({}), "\r\n");
}

}  // namespace
}  // namespace dealpace
