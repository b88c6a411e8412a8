#include "http/static_files.h"

#include <gtest/gtest.h>

#include "http/embedded_pack.h"

namespace dealpace::http {
namespace {

// index.html raw 0-5 gz 5-9 br 9-12; asset raw 12-16; icon raw 16-20.
const std::string& Pack() {
  static const std::string kPack =
      "DPPACK1\n"
      R"({"files":[)"
      R"({"path":"/index.html","type":"text/html; charset=utf-8","etag":"i1","raw":[0,5],"gz":[5,4],"br":[9,3]},)"
      R"({"path":"/assets/app-1a2b.js","type":"text/javascript","etag":"a1","raw":[12,4],"gz":null,"br":null},)"
      R"({"path":"/icon.svg","type":"image/svg+xml","etag":"s1","raw":[16,4]})"
      "]}\nindexGZIPBRojs()<svg";
  return kPack;
}

Response Ask(const StaticFiles& files, const std::string& path, const std::string& coding = "",
             const std::string& if_none_match = "") {
  Request request;
  request.path = path;
  if (!coding.empty()) request.headers.emplace("accept-encoding", coding);
  if (!if_none_match.empty()) request.headers.emplace("if-none-match", if_none_match);
  return files.Answer(request);
}

std::string Header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

StaticFiles Example() {
  auto files = StaticFiles::Open(Pack());
  EXPECT_TRUE(files.ok());
  return *std::move(files);
}

TEST(StaticFiles, GivesTheFileAtThePath) {
  const StaticFiles files = Example();
  const Response page = Ask(files, "/index.html");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.static_body, "index");
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(Header(page, "Cache-Control"), "no-cache");
  EXPECT_EQ(Header(page, "ETag"), "\"i1\"");
  EXPECT_EQ(Ask(files, "/icon.svg").static_body, "<svg");
}

TEST(StaticFiles, HashedNamesAreKept) {
  const Response asset = Ask(Example(), "/assets/app-1a2b.js", "br");
  EXPECT_EQ(Header(asset, "Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(asset.static_body, "js()");
  EXPECT_EQ(Header(asset, "Content-Encoding"), "");
  EXPECT_EQ(Header(asset, "Vary"), "");
}

TEST(StaticFiles, ChoosesTheCoding) {
  const StaticFiles files = Example();
  const Response brotli = Ask(files, "/index.html", "gzip, br");
  EXPECT_EQ(brotli.static_body, "BRo");
  EXPECT_EQ(Header(brotli, "Content-Encoding"), "br");
  EXPECT_EQ(Header(brotli, "ETag"), "\"i1-br\"");
  const Response gzip = Ask(files, "/index.html", "gzip, br;q=0");
  EXPECT_EQ(gzip.static_body, "GZIP");
  EXPECT_EQ(Header(gzip, "ETag"), "\"i1-gz\"");
  for (const char* coding : {"", "br", "gzip"}) {
    EXPECT_EQ(Header(Ask(files, "/index.html", coding), "Vary"), "Accept-Encoding");
  }
}

TEST(StaticFiles, SaysWhenNothingHasChanged) {
  const StaticFiles files = Example();
  for (const char* tag : {"\"i1\"", "W/\"i1\"", "\"x\", \"i1-br\"", "*"}) {
    const Response same = Ask(files, "/", "br", tag);
    EXPECT_EQ(same.status, 304) << tag;
    EXPECT_TRUE(same.static_body.empty() && same.body.empty());
    EXPECT_EQ(Header(same, "ETag"), "\"i1-br\"");
  }
  for (const char* tag : {"\"i2\"", "i1", "\"i1", "\"i1-xx\""}) EXPECT_EQ(Ask(files, "/", "", tag).status, 200) << tag;
}

TEST(StaticFiles, ScreensAreTheApplicationAndMissingFilesAreNot) {
  const StaticFiles files = Example();
  for (const char* path : {"/", "/dashboard", "/explore/2026.10/by-staff", "/assets"}) {
    const Response page = Ask(files, path);
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_EQ(page.static_body, "index") << path;
    EXPECT_EQ(Header(page, "Cache-Control"), "no-cache") << path;
  }
  for (const char* path : {"/favicon.ico", "/assets/app-old.js", "/explore/a.b"}) {
    EXPECT_EQ(Ask(files, path).status, 404) << path;
  }
  EXPECT_EQ(Header(Ask(files, "/assets/gone"), "Cache-Control"), "no-cache") << "never kept for ever by mistake";
}

TEST(StaticFiles, WithoutAnApplicationThereIsAPageThatSaysSo) {
  auto files = StaticFiles::Open("");
  ASSERT_TRUE(files.ok());
  const Response page = Ask(*files, "/");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.static_body.find("./dev build"), std::string::npos);
  EXPECT_NE(page.static_body.find("此版本不含网页应用"), std::string::npos);
  EXPECT_NE(page.static_body.find("not in this build"), std::string::npos);
}

TEST(StaticFiles, RefusesADamagedPack) {
  const std::string damaged[] = {
      "x",
      "DPPACK2\n{\"files\":[]}\n",
      "DPPACK1\n{\"files\":[]}",
      "DPPACK1\n{\"files\":[]}\n",
      "DPPACK1\nnonsense\n",
      "DPPACK1\n{\"files\":[1]}\n",
      R"(DPPACK1
{"files":[{"path":"/index.html","type":"t","etag":"e","raw":[0,6]}]}
index)",
      R"(DPPACK1
{"files":[{"path":"/index.html","type":"t","etag":"e","raw":[-1,2]}]}
index)",
      R"(DPPACK1
{"files":[{"path":"/index.html","type":"t","etag":"e","raw":[0,5],"gz":[9223372036854775807,1]}]}
index)",
      R"(DPPACK1
{"files":[{"path":"/index.html","type":"","etag":"e","raw":[0,5]}]}
index)",
  };
  for (const std::string& pack : damaged) {
    const auto files = StaticFiles::Open(pack);
    ASSERT_FALSE(files.ok()) << pack;
    EXPECT_EQ(files.error().code, "web_pack_damaged");
  }
}

TEST(StaticFiles, ThePackOfThisBuildIsWhole) {
  auto files = StaticFiles::Open(EmbeddedPack());
  ASSERT_TRUE(files.ok()) << files.error().Arg("detail");
  EXPECT_EQ(Ask(*files, "/").status, 200);
}

}  // namespace
}  // namespace dealpace::http
