#include "http/message.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace dealpace::http {
namespace {

Request In(Language language) {
  Request request;
  request.language = language;
  request.id = "abcdefgh-1";
  return request;
}

boost::json::object Json(const Response& response) { return boost::json::parse(response.body).as_object(); }

TEST(Problem, HasBothLanguages) {
  const Error error = Error("not_found").With("name", "安\"娜");
  const Response en = Response::Problem(error, In(Language::kEnglish));
  EXPECT_EQ(en.status, 404);
  EXPECT_EQ(en.content_type, "application/problem+json");
  const boost::json::object english = Json(en);
  EXPECT_EQ(english.at("type"), "/problems/not_found");
  EXPECT_EQ(english.at("title"), "Not found");
  EXPECT_EQ(english.at("status"), 404);
  EXPECT_EQ(english.at("code"), "not_found");
  EXPECT_EQ(english.at("args").at("name"), "安\"娜");
  EXPECT_EQ(english.at("request_id"), "abcdefgh-1");
  const boost::json::object chinese = Json(Response::Problem(error, In(Language::kChinese)));
  EXPECT_EQ(chinese.at("title"), "未找到");
  EXPECT_NE(chinese.at("detail"), english.at("detail"));
  EXPECT_EQ(chinese.at("code"), "not_found");
}

TEST(Problem, SeparatesWhatHappenedFromWhatToDo) {
  const boost::json::object json = Json(Response::Problem(Error("not_found"), In(Language::kEnglish)));
  EXPECT_EQ(json.at("detail"), "There is nothing at this address.");
  EXPECT_EQ(json.at("todo"), "It may have been removed. Go back and reload.");
}

TEST(Problem, ErrorsOfTheServerKeepTheirDetailForTheLog) {
  const Error error = Error("storage_failed").With("path", "x.db").With("detail", "secret at line 7");
  for (const Language language : {Language::kEnglish, Language::kChinese}) {
    const Response response = Response::Problem(error, In(language));
    EXPECT_GE(response.status, 500);
    EXPECT_EQ(response.body.find("secret"), std::string::npos) << response.body;
    EXPECT_NE(response.body.find("abcdefgh-1"), std::string::npos) << "where to look it up";
    EXPECT_NE(response.log_detail.find("secret at line 7"), std::string::npos);
    EXPECT_EQ(response.log_code, "storage_failed");
  }
}

TEST(Problem, ErrorsOfTheAskerSayTheirDetail) {
  const Error error = Error("mapping_syntax").With("line", 3).With("detail", "a quote is open");
  EXPECT_NE(Response::Problem(error, In(Language::kEnglish)).body.find("a quote is open"), std::string::npos);
}

TEST(Problem, TypesAreSaidInTheReadersWords) {
  const Error error = Error("field_type").With("field", "count").With("expected", "whole number");
  EXPECT_NE(Response::Problem(error, In(Language::kChinese)).body.find("整数"), std::string::npos);
  EXPECT_NE(Response::Problem(error, In(Language::kEnglish)).body.find("whole number"), std::string::npos);
}

TEST(Problem, StaysJsonWhateverTheArgumentsHold) {
  const Error error = Error("field_missing").With("field", "a\xff\"\n\x01");
  const boost::json::object json = Json(Response::Problem(error, In(Language::kEnglish)));
  EXPECT_EQ(json.at("args").at("field"), "a\xEF\xBF\xBD\"\n\x01");
}

TEST(Problem, AnUnknownCodeIsAnErrorOfTheServer) {
  EXPECT_EQ(Response::Problem(Error("never_heard_of"), In(Language::kEnglish)).status, 500);
}

TEST(Request, FindsQueryHeadersAndCookies) {
  Request request;
  request.query = {{"a", "1"}, {"b", ""}, {"a", "2"}};
  request.headers = {{"cookie", "one=1; two=\"2\"; =x; odd"}, {"cookie", "three=a=b"}, {"accept", "*/*"}};
  EXPECT_EQ(request.Query("a"), "1");
  EXPECT_EQ(request.Query("b"), "");
  EXPECT_EQ(request.Query("c"), std::nullopt);
  EXPECT_EQ(request.Header("accept"), "*/*");
  EXPECT_EQ(request.Header("host"), std::nullopt);
  EXPECT_EQ(request.Cookie("one"), "1");
  EXPECT_EQ(request.Cookie("two"), "2");
  EXPECT_EQ(request.Cookie("three"), "a=b");
  EXPECT_EQ(request.Cookie("tw"), std::nullopt);
  EXPECT_EQ(request.Cookie("odd"), std::nullopt);
}

TEST(Request, ReadsIdsOfThePath) {
  Request request;
  request.params = {
      {"id", "9223372036854775807"}, {"zero", "0"}, {"minus", "-3"}, {"more", "9223372036854775808"}, {"text", "12a"}};
  EXPECT_EQ(*request.ParamId("id"), INT64_MAX);
  for (const char* bad : {"zero", "minus", "more", "text", "absent"}) {
    ASSERT_FALSE(request.ParamId(bad).ok()) << bad;
    EXPECT_EQ(request.ParamId(bad).error().code, "not_found");
  }
  EXPECT_EQ(request.Param("absent"), "");
}

TEST(Request, ReadsTheVersionOfIfMatch) {
  const auto read = [](const char* header) {
    Request request;
    if (header != nullptr) request.headers = {{"if-match", header}};
    const auto version = IfMatch(request);
    return version.ok() ? std::to_string(*version) : version.error().code;
  };
  EXPECT_EQ(read("W/\"7\""), "7");
  EXPECT_EQ(read("\"7\""), "7");
  EXPECT_EQ(read(VersionTag(1234567890123).c_str()), "1234567890123");
  EXPECT_EQ(read(nullptr), "if_match_missing");
  for (const char* bad : {"", "7", "*", "\"\"", "\"x\"", "\"7x\"", "\"-1\"", "W/7", "\"7\", \"8\""}) {
    EXPECT_EQ(read(bad), "if_match_bad") << bad;
  }
}

TEST(Response, ADownloadHasItsName) {
  const Response response = Response::Download("x", "text/csv", "客户 \"a\".csv");
  ASSERT_EQ(response.headers.size(), 1U);
  EXPECT_EQ(response.headers[0].second,
            "attachment; filename=\"____a_.csv\"; filename*=UTF-8''%E5%AE%A2%E6%88%B7%20%22a%22.csv");
}

TEST(Response, WritesEvents) {
  EXPECT_EQ(ServerSentEvent("progress", R"({"rows":5})"), "event: progress\ndata: {\"rows\":5}\n\n");
}

}  // namespace
}  // namespace dealpace::http
