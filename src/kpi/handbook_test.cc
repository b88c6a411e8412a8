#include "kpi/handbook.h"

#include <gtest/gtest.h>

#include <fstream>

#include "catalog/embedded.h"

namespace dealpace::kpi {
namespace {

TEST(Handbook, TheOneInDocsIsWhatTheCatalogueSays) {
  const catalog::Loaded loaded = catalog::Load(catalog::EmbeddedFiles());
  for (const auto& [language, path] :
       {std::pair{Language::kEnglish, "docs/handbook.en.md"}, std::pair{Language::kChinese, "docs/handbook.zh.md"}}) {
    std::ifstream in(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    EXPECT_TRUE(text == Handbook(*loaded.catalog, language))
        << path << " is out of date: dealpace handbook --lang " << (language == Language::kEnglish ? "en" : "zh")
        << " > " << path;
  }
}

}  // namespace
}  // namespace dealpace::kpi
