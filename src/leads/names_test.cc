#include "leads/names.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace dealpace::leads {
namespace {

// Found by what is typed: as the store looks, then as it makes sure.
bool Finds(std::string_view typed, std::string_view name) {
  const auto kept = NameWords(name);
  const auto typed_words = TypedWords(typed);
  const bool found = std::any_of(typed_words.begin(), typed_words.end(), [&](const std::string& word) {
    return std::find(kept.begin(), kept.end(), word) != kept.end();
  });
  return found && (!NeedsFit(typed) || NameFits(name, typed));
}

TEST(Names, AreFoundAsOneTypes) {
  for (const char* typed : {"王小", "小明", "王小明", "wan", "wang", "wangx", "wangxi", "wangxiaom", "wangxiaoming",
                            "Wang Xiaoming", "xiaoming", "ming", "wx", "wxm", "xm", "WXM"}) {
    EXPECT_TRUE(Finds(typed, "王小明")) << typed;
  }
  for (const char* typed : {"", "王", "w", "wangxiaohong", "小红", "ang", "wm", "王小明明", "wxmm"}) {
    EXPECT_FALSE(Finds(typed, "王小明")) << typed;
  }
}

TEST(Names, OfCompaniesAndOfOtherAlphabets) {
  for (const char* typed : {"明天贸易", "上海明天贸易", "mingtianmaoyi", "mtmy", "shmt", "贸易有限公司"}) {
    EXPECT_TRUE(Finds(typed, "上海明天贸易有限公司")) << typed;
  }
  for (const char* typed : {"an", "ana", "li", "Ana Li", "al", "anali"}) EXPECT_TRUE(Finds(typed, "Ana Li")) << typed;
  EXPECT_TRUE(Finds("muller", "Jörg Müller"));
  EXPECT_TRUE(Finds("jorg", "Jörg Müller"));
  EXPECT_FALSE(Finds("明天贸易公司", "上海明天贸易有限公司"));
}

TEST(Names, SurnamesSoundAsTheyAreSpoken) {
  for (const char* typed : {"shan", "shanxiong", "sx"}) EXPECT_TRUE(Finds(typed, "单雄信")) << typed;
  EXPECT_TRUE(Finds("zengguo", "曾国藩"));
  EXPECT_TRUE(Finds("ouyang", "欧阳修"));
  EXPECT_TRUE(Finds("yangxiu", "欧阳修"));
}

TEST(Names, OddOnesDoNoHarm) {
  for (const char* name : {"", "  ", "*", "王", "\xff\xfe", "🚗🚗", "a"}) {
    for (const std::string& word : NameWords(name)) EXPECT_FALSE(word.empty());
  }
  EXPECT_LT(NameWords("王小明").size(), 24U);
}

}  // namespace
}  // namespace dealpace::leads
