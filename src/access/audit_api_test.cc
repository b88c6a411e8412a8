#include "access/audit_api.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "access/testing.h"

namespace dealpace::access {
namespace {

namespace json = boost::json;

class AuditApiTest : public AccessTest {
 protected:
  AuditApiTest() {
    AddAuditRoutes(router_, {*database_, &hasher_, Options().audit});
    bob_ = Add("bob", Role::kAdmin);
  }
  http::Response Get(const std::string& path) {
    http::Request request;
    request.language = Language::kEnglish;
    request.caller.account = bob_.id;
    const size_t question = path.find('?');
    request.path = path.substr(0, question);
    if (question != std::string::npos) {
      for (const std::string& pair : Split(path.substr(question + 1), '&')) {
        request.query.emplace_back(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1));
      }
    }
    const auto match = router_.Find(http::Method::kGet, request.path);
    EXPECT_NE(match.route, nullptr) << path;
    EXPECT_EQ(match.route->admission.gate, http::Gate::kAdmin) << path;
    return match.route->handler(request);
  }
  static json::object Json(const http::Response& response) { return json::parse(response.body).as_object(); }
  // The acts of a page, and whether there is another: "token.add, account.add …".
  std::string Page(const std::string& query) {
    const http::Response response = Get("/api/v1/audit" + query);
    if (response.status != 200) return response.log_code;
    const json::object page = Json(response);
    std::string text;
    for (const json::value& record : page.at("records").as_array()) {
      text += (text.empty() ? "" : ", ") + std::string(record.at("act").as_string());
    }
    cursor_ = page.at("next_cursor").is_null() ? "" : std::string(page.at("next_cursor").as_string());
    return text + (cursor_.empty() ? "" : " …");
  }
  void Some() {
    ASSERT_EQ(Code(access_.AddAccount("ana", "", Role::kMember, bob_.id)), "");
    Pass(86'400);
    ASSERT_EQ(Code(access_.AddToken(bob_.id, {"till", {}, {}}, bob_.id)), "");
    ASSERT_EQ(Code(access_.AddAccount("cai", "", Role::kMember)), "");
  }

  http::Router router_;
  Account bob_;
  std::string cursor_;
};

TEST_P(AuditApiTest, RecordsSayWhoDidWhat) {
  EXPECT_EQ(Page(""), "");
  Some();
  EXPECT_EQ(Page(""), "account.add, token.add, account.add");
  const json::object last = Json(Get("/api/v1/audit")).at("records").at(2).as_object();
  EXPECT_EQ(last.at("at"), "2026-09-21T14:13:20.000Z");
  EXPECT_EQ(last.at("dealer"), "0");
  EXPECT_EQ(last.at("seq"), 1);
  EXPECT_EQ(last.at("actor").as_string(), std::to_string(bob_.id.value));
  EXPECT_EQ(last.at("login"), "bob");
  EXPECT_EQ(last.at("detail"), (json::object{{"role", "member"}}));
  EXPECT_FALSE(Json(Get("/api/v1/audit")).at("records").at(0).as_object().contains("login"));
}

TEST_P(AuditApiTest, FiltersAndPages) {
  Some();
  EXPECT_EQ(Page("?act=token.add"), "token.add");
  EXPECT_EQ(Page("?actor=0"), "account.add");
  EXPECT_EQ(Page("?actor=" + std::to_string(bob_.id.value)), "token.add, account.add");
  EXPECT_EQ(Page("?dealer=0&object=account:5"), "");
  EXPECT_EQ(Page("?dealer=7"), "");
  EXPECT_EQ(Page("?to=2026-09-21"), "account.add");
  EXPECT_EQ(Page("?from=2026-09-22&to=2026-09-22"), "account.add, token.add");
  EXPECT_EQ(Page("?from=2026-09-22T14:13:20.001Z"), "");
  EXPECT_EQ(Page("?limit=2"), "account.add, token.add …");
  EXPECT_EQ(Page("?limit=2&cursor=" + cursor_), "account.add");
  EXPECT_EQ(Page("?limit=3"), "account.add, token.add, account.add");
  EXPECT_EQ(Page("?limit=201"), "field_type");
  EXPECT_EQ(Page("?actor=bob"), "field_type");
  EXPECT_EQ(Page("?dealer=-1"), "field_type");
  EXPECT_EQ(Page("?from=yesterday"), "bad_instant");
  EXPECT_EQ(Page("?cursor=x"), "bad_cursor");
  EXPECT_EQ(Page("?object=" + std::string(201, 'x')), "field_too_long");
}

TEST_P(AuditApiTest, AFileOfTheLogIsARecordItself) {
  Some();
  const http::Response file = Get("/api/v1/audit.csv?act=token.add");
  ASSERT_EQ(file.status, 200);
  const std::vector<std::string> lines = Split(file.body, '\n');
  ASSERT_EQ(lines.size(), 3U) << file.body;
  EXPECT_EQ(lines[0],
            "\xEF\xBB\xBF"
            "at,dealer,seq,actor,login,act,object,detail\r");
  EXPECT_TRUE(lines[1].starts_with("2026-09-22T14:13:20.000Z,0,2,")) << lines[1];
  EXPECT_NE(lines[1].find(",bob,token.add,token:"), std::string::npos) << lines[1];
  EXPECT_NE(lines[1].find(R"(,"{""of"":""account:)"), std::string::npos) << lines[1];
  EXPECT_EQ(Deeds().back(), R"(bob export.audit audit {"records":1})");
}

TEST_P(AuditApiTest, TheCheckSaysWhereTheLogWasChanged) {
  EXPECT_EQ(Get("/api/v1/audit/verify").body, R"({"intact":true,"chains":0,"checked":0,"findings":[]})");
  Some();
  EXPECT_EQ(Get("/api/v1/audit/verify").body, R"({"intact":true,"chains":1,"checked":3,"findings":[]})");
  ASSERT_EQ(Code(database_->Write<void>([](db::Connection& connection) -> Status {
              connection.Execute("UPDATE audit_record SET actor = 5 WHERE dealer_id = 0 AND seq = 2");
              return {};
            })),
            "");
  EXPECT_EQ(Get("/api/v1/audit/verify").body,
            R"({"intact":false,"chains":1,"checked":1,"findings":[{"dealer":"0","finding":"altered","seq":2}]})");
}

INSTANTIATE_TEST_SUITE_P(On, AuditApiTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::access
