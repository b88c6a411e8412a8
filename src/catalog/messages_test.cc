#include "catalog/messages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace dealpace::catalog {
namespace {

struct Source {
  std::string path;
  std::string text;
};

// The sources of the program, tests aside. The tests run in the root of the repository.
const std::vector<Source>& Sources() {
  static const std::vector<Source> kSources = [] {
    std::vector<Source> sources;
    for (const auto& entry : std::filesystem::recursive_directory_iterator("src")) {
      const std::string path = entry.path().string();
      if ((!path.ends_with(".cc") && !path.ends_with(".h")) || path.ends_with("_test.cc")) continue;
      std::ifstream in(path);
      std::ostringstream text;
      text << in.rdbuf();
      sources.push_back({path, text.str()});
    }
    return sources;
  }();
  return kSources;
}

std::vector<std::string> Matches(const std::string& text, const std::string& pattern) {
  std::vector<std::string> found;
  const std::regex regex(pattern);
  for (auto it = std::sregex_iterator(text.begin(), text.end(), regex); it != std::sregex_iterator(); ++it) {
    found.push_back((*it)[1]);
  }
  return found;
}

// The codes that the sources use, with the files that do.
std::map<std::string, std::set<std::string>> FindUsedCodes() {
  std::map<std::string, std::set<std::string>> used;
  for (const Source& source : Sources()) {
    if (source.path == "src/base/result.h") continue;  // an example in a comment
    for (const std::string& code :
         Matches(source.text, R"re((?:\bError\(|\bFileError\(|\bRefuse\(|\bLook\(|\brefused_? = )"([a-z0-9_]+)")re")) {
      used[code].insert(source.path);
    }
    // Codes chosen between: Error(closest.empty() ? "unknown_name" : "unknown_name_suggest").
    for (const char* which :
         {R"re(\bError\([^;"]*\? "([a-z_]+)")re", R"re(\bError\([^;"]*\? "[a-z_]+" : "([a-z_]+)")re"}) {
      for (const std::string& code : Matches(source.text, which)) used[code].insert(source.path);
    }
    // Slip adds "_suggest" where there is something to suggest.
    for (const std::string& code : Matches(source.text, R"re(\bSlip\(Error\("([a-z_]+)")re")) {
      used[code + "_suggest"].insert(source.path);
    }
    // Written alone and made an error further down.
    for (const std::string& code : Matches(source.text, R"re(\bcode = "([a-z]+_[a-z_]+)")re"))
      used[code].insert(source.path);
    for (const std::string& code : Matches(source.text, R"re(\{"(verify_[a-z_]+)")re")) used[code].insert(source.path);
    // Promised in the comment of a header.
    if (source.path == "src/ledger/verify.h") {
      for (const std::string& code : Matches(source.text, R"re(//   (verify_[a-z_]+) )re"))
        used[code].insert(source.path);
    }
  }
  return used;
}

const std::map<std::string, std::set<std::string>>& UsedCodes() {
  static const auto kUsed = FindUsedCodes();
  return kUsed;
}

// The placeholders of a text, {? … ?} parts included.
std::set<std::string> Placeholders(const std::string& text) {
  const auto names = Matches(text, R"re(\{([a-z_]+)\})re");
  return {names.begin(), names.end()};
}

// The names of arguments that go with the code, as far as a look at the sources can tell: those of the statement, or
// of the whole file where the statement names none, or is one of the checks of a helper.
std::set<std::string> ArgumentsOf(std::string code, const std::set<std::string>& files) {
  std::set<std::string> names;
  if (code.ends_with("_suggest")) names.insert("suggestion");
  for (const Source& source : Sources()) {
    if (!files.contains(source.path)) continue;
    std::string quoted = "\"" + code + "\"";
    if (source.text.find(quoted) == std::string::npos) quoted = "\"" + ReplaceAll(code, "_suggest", "") + "\"";
    for (size_t at = source.text.find(quoted); at != std::string::npos; at = source.text.find(quoted, at + 1)) {
      if (source.text.substr(0, at).ends_with("FileError(")) names.insert({"file", "detail"});
      const std::string statement = source.text.substr(at, source.text.find(';', at) - at);
      const auto given = Matches(statement, R"re(With\("([a-z_]+)")re");
      names.insert(given.begin(), given.end());
      if (given.empty() || source.text.substr(0, at).ends_with("Look(")) {
        for (const std::string& name : Matches(source.text, R"re("([a-z_]+)")re")) names.insert(name);
      }
    }
  }
  return names;
}

TEST(Messages, EveryErrorCodeOfTheSourcesHasAnEntry) {
  const auto& used = UsedCodes();
  EXPECT_GT(used.size(), 80U) << "the scan finds too little";
  for (const auto& [code, files] : used) {
    EXPECT_NE(Messages::Get().Find(code), nullptr) << code << " of " << *files.begin() << " is not in errors.toml";
  }
}

TEST(Messages, NoEntryIsUnused) {
  const auto& used = UsedCodes();
  for (const auto& [code, message] : Messages::Get().all()) EXPECT_TRUE(used.contains(code)) << code;
}

TEST(Messages, EveryEntryIsWholeInBothLanguages) {
  EXPECT_GT(Messages::Get().all().size(), 80U);
  const std::set<int> statuses = {400, 401, 403, 404, 405, 408, 409, 411, 412, 413, 414,
                                  415, 417, 422, 428, 429, 431, 500, 501, 503, 505, 507};
  for (const auto& [code, message] : Messages::Get().all()) {
    EXPECT_TRUE(statuses.contains(message.status)) << code;
    EXPECT_FALSE(message.message.en.empty()) << code;
    EXPECT_FALSE(message.message.zh.empty()) << code;
    EXPECT_EQ(message.todo.en.empty(), message.todo.zh.empty()) << code;
    EXPECT_EQ(Placeholders(message.message.en), Placeholders(message.message.zh)) << code;
    EXPECT_EQ(Placeholders(message.todo.en), Placeholders(message.todo.zh)) << code;
    for (const std::string& text : {message.message.en, message.message.zh, message.todo.en, message.todo.zh}) {
      EXPECT_TRUE(IsUtf8(text)) << code;
      EXPECT_EQ(text, Trim(text)) << code;
    }
    EXPECT_FALSE(IsUtf8(message.message.zh) && message.message.zh == message.message.en) << code;
  }
}

TEST(Messages, EveryPlaceholderIsPassedWithItsCode) {
  const auto& used = UsedCodes();
  for (const auto& [code, message] : Messages::Get().all()) {
    const auto files = used.find(code);
    if (files == used.end()) continue;  // another test tells
    const std::set<std::string> passed = ArgumentsOf(code, files->second);
    for (const std::string& name : Placeholders(message.message.en + message.todo.en)) {
      EXPECT_TRUE(passed.contains(name)) << code << " shows {" << name << "}, which nobody passes";
    }
  }
}

TEST(Messages, WhatTheUserGotWrongIsNoFaultOfTheServer) {
  for (const char* code :
       {"formula_syntax", "unknown_name_suggest", "bad_period", "unknown_member", "unknown_dimension",
        "mapping_bad_value", "unknown_column", "unknown_import_kind", "within_needs_cohort"}) {
    ASSERT_NE(Messages::Get().Find(code), nullptr) << code;
    EXPECT_EQ(Messages::Get().Find(code)->status / 100, 4) << code;
  }
}

const Messages& Examples() {
  static const Messages kExamples(R"toml(
[error.lost]
status  = 404
message = { en = "“{name}” is lost{? in {place}?}.", zh = "“{name}”丢失{?，位于{place}?}。" }
todo    = { en = "Look for {name}.", zh = "请查找 {name}。" }
[error.bare]
message = { en = "Write { x = 1 } or [values.{name}].", zh = "请写 { x = 1 } 或 [values.{name}]。" }
)toml");
  return kExamples;
}

TEST(Messages, RendersMessageAndAdvice) {
  const Error error = Error("lost").With("name", "a.csv").With("place", "B");
  EXPECT_EQ(Examples().Render(error, Language::kEnglish), "“a.csv” is lost in B. Look for a.csv.");
  EXPECT_EQ(Examples().Render(error, Language::kChinese), "“a.csv”丢失，位于B。请查找 a.csv。");
  EXPECT_EQ(Examples().Find("lost")->status, 404);
}

TEST(Messages, LeavesOutWhatTheErrorDoesNotHave) {
  EXPECT_EQ(Examples().Render(Error("lost").With("name", "x"), Language::kEnglish), "“x” is lost. Look for x.");
  EXPECT_EQ(Examples().Render(Error("lost").With("name", "x").With("place", ""), Language::kEnglish),
            "“x” is lost. Look for x.");
}

TEST(Messages, AnArgumentMayHaveItsOwnWordInChinese) {
  const Error error = Error("lost").With("name", "sum").With("name_zh", "合计");
  EXPECT_EQ(Examples().Render(error, Language::kEnglish), "“sum” is lost. Look for sum.");
  EXPECT_EQ(Examples().Render(error, Language::kChinese), "“合计”丢失。请查找 合计。");
}

TEST(Messages, OtherBracesStay) {
  EXPECT_EQ(Examples().Render(Error("bare").With("name", "model"), Language::kEnglish),
            "Write { x = 1 } or [values.model].");
  EXPECT_EQ(Examples().Render(Error("bare"), Language::kEnglish), "Write { x = 1 } or [values.{name}].");
}

TEST(Messages, WhatACellSaysIsNotTakenForAPlaceholder) {
  EXPECT_EQ(Examples().Render(Error("lost").With("name", "{place}").With("place", "B"), Language::kEnglish),
            "“{place}” is lost in B. Look for {place}.");
}

TEST(Messages, AnUnknownCodeShowsItsArguments) {
  EXPECT_EQ(Examples().Render(Error("odd").With("a", 1).With("b", "x"), Language::kEnglish), "odd a=1 b=x");
}

TEST(Messages, AMalformedFileHasNone) { EXPECT_TRUE(Messages("[error").all().empty()); }

}  // namespace
}  // namespace dealpace::catalog
