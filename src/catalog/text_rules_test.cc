#include "catalog/text_rules.h"

#include <gtest/gtest.h>

namespace dealpace::catalog {
namespace {

std::string Cleaned(std::string_view text, size_t characters_max = 5) {
  const auto line = LineOfText("name", text, characters_max);
  return line.ok() ? *line : line.error().code;
}

TEST(LineOfText, TakesBlanksOffTheEndsAndCountsCharacters) {
  EXPECT_EQ(Cleaned("  一店 "), "一店");
  EXPECT_EQ(Cleaned("一二三四五"), "一二三四五");
  EXPECT_EQ(Cleaned("一二三四五六"), "field_too_long");
  EXPECT_EQ(Cleaned(""), "");
}

TEST(LineOfText, RefusesWhatCannotBePrintedOnOneLine) {
  EXPECT_EQ(Cleaned("a\nb"), "field_control_character");
  EXPECT_EQ(Cleaned("a\x7F"), "field_control_character");
  EXPECT_EQ(Cleaned("a\xC2\x85"), "field_control_character");
  EXPECT_EQ(Cleaned("a\xE2\x80\xA8"), "field_control_character");
}

}  // namespace
}  // namespace dealpace::catalog
