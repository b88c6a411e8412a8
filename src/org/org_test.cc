#include "org/org.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "catalog/embedded.h"
#include "db/testing.h"
#include "http/json_body.h"
#include "org/api.h"
#include "org/change.h"
#include "org/tree.h"

namespace dealpace::org {
namespace {

namespace json = boost::json;

const Day kToday = *FromCivil(2026, 3, 20);
const Instant kNow{int64_t{kToday.value} * 86'400'000 + 3'600'000};

class OrgTest : public testing::TestWithParam<db::Kind> {
 protected:
  OrgTest() : database_(GetParam()), org_(*database_) {
    AddOrgRoutes(router_, {*database_, catalog::Load(catalog::EmbeddedFiles()).catalog, org_, [] { return kNow; },
                           [](http::Handler handler) { return handler; }});
  }

  http::Response Call(http::Method method, const std::string& path, const std::string& body = {},
                      const std::string& if_match = {}) {
    http::Request request;
    request.method = method;
    request.language = Language::kEnglish;
    request.caller.rights =
        std::make_shared<const http::RightsAndRows>(http::RightsAndRows{{"reports", RowScope::Everything()}});
    const size_t question = path.find('?');
    request.path = path.substr(0, question);
    if (question != std::string::npos) {
      for (const std::string& pair : Split(path.substr(question + 1), '&')) {
        request.query.emplace_back(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1));
      }
    }
    request.body = body;
    if (!if_match.empty())
      request.headers.emplace(method == http::Method::kGet ? "if-none-match" : "if-match", if_match);
    const http::Router::Match match = router_.Find(method, request.path);
    if (match.route == nullptr) {
      ADD_FAILURE() << "no route " << path;
      return {};
    }
    request.params = match.params;
    return match.route->handler(request);
  }

  // "204", or the code of the problem.
  std::string Outcome(http::Method method, const std::string& path, const std::string& body = {},
                      const std::string& if_match = {}) {
    const http::Response response = Call(method, path, body, if_match);
    return response.status < 400 ? std::to_string(response.status) : response.log_code;
  }

  std::string Made(const std::string& path, const std::string& body) {
    const http::Response response = Call(http::Method::kPost, path, body);
    EXPECT_EQ(response.status, 201) << response.body;
    return std::string(json::parse(response.body).at("id").as_string());
  }

  json::value TreeNow() { return json::parse(Call(http::Method::kGet, "/api/v1/org").body); }
  std::string Version() { return "W/\"" + std::to_string(TreeNow().at("version").as_int64()) + "\""; }

  db::TestDatabase database_;
  DatabaseOrg org_;
  http::Router router_;
};

TEST_P(OrgTest, WhatIsAddedStandsInTheTree) {
  const std::string north = Made("/api/v1/org/regions", R"({"code":" N ","name":"North"})");
  const std::string dealer =
      Made("/api/v1/org/dealers", R"({"code":"D1","name":"一店","region":")" + north + R"(","from":"2026-01-01"})");
  const std::string team = Made("/api/v1/org/dealers/" + dealer + "/teams", R"({"code":"T1"})");
  const std::string person =
      Made("/api/v1/org/dealers/" + dealer + "/staff", R"({"code":"007","name":"Ana","team":")" + team + R"("})");
  const json::value tree = TreeNow();
  EXPECT_EQ(tree.at("regions").at(0).at("code").as_string(), "N");
  const json::value& shown = tree.at("dealers").at(0);
  EXPECT_EQ(shown.at("name").as_string(), "一店");
  EXPECT_EQ(shown.at("time_zone").as_string(), "Asia/Shanghai");
  EXPECT_EQ(shown.at("region").as_string(), north);
  EXPECT_EQ(json::serialize(shown.at("region_history")), R"([{"from":"2026-01-01","target":")" + north + R"("}])");
  EXPECT_EQ(shown.at("teams").at(0).at("name").as_string(), "T1");
  EXPECT_EQ(shown.at("teams").at(0).at("kind").as_string(), "sales");
  EXPECT_EQ(shown.at("staff").at(0).at("id").as_string(), person);
  EXPECT_EQ(shown.at("staff").at(0).at("team").as_string(), team);
  EXPECT_FALSE(shown.at("staff").at(0).at("left").as_bool());
}

TEST_P(OrgTest, TheTreeIsUnchangedUntilItChanges) {
  const http::Response first = Call(http::Method::kGet, "/api/v1/org");
  std::string etag;
  for (const auto& [name, value] : first.headers) {
    if (name == "ETag") etag = value;
  }
  EXPECT_EQ(Call(http::Method::kGet, "/api/v1/org", {}, etag).status, 304);
  (void)Made("/api/v1/org/dealers", R"({"code":"D1"})");
  EXPECT_EQ(Call(http::Method::kGet, "/api/v1/org", {}, etag).status, 200);
  // An entry changes what the tree shows, though not the organisation.
  etag = "";
  for (const auto& [name, value] : Call(http::Method::kGet, "/api/v1/org").headers) {
    if (name == "ETag") etag = value;
  }
  ASSERT_TRUE(database_
                  ->Write<void>([](db::Connection& connection) -> Status {
                    connection.Execute(
                        "INSERT INTO ledger_head (dealer_id, head) SELECT dealer_id, 3 FROM dealer WHERE code = 'D1'");
                    return {};
                  })
                  .ok());
  const http::Response after = Call(http::Method::kGet, "/api/v1/org", {}, etag);
  EXPECT_EQ(after.status, 200);
  EXPECT_EQ(json::parse(after.body).at("dealers").at(0).at("entries").as_int64(), 3);
}

TEST_P(OrgTest, ADealersCodeStaysOnceItHasEntries) {
  const std::string dealer = Made("/api/v1/org/dealers", R"({"code":"D1"})");
  const std::string path = "/api/v1/org/dealers/" + dealer;
  EXPECT_EQ(Outcome(http::Method::kPatch, path, R"({"code":"D2"})", Version()), "204");
  ASSERT_TRUE(database_
                  ->Write<void>([](db::Connection& connection) -> Status {
                    connection.Execute("INSERT INTO ledger_head (dealer_id, head) SELECT dealer_id, 1 FROM dealer");
                    return {};
                  })
                  .ok());
  EXPECT_EQ(Outcome(http::Method::kPatch, path, R"({"code":"D3"})", Version()), "dealer_code_in_use");
  EXPECT_EQ(Outcome(http::Method::kPatch, path, R"({"code":"D2","name":"Two"})", Version()), "204");
}

TEST_P(OrgTest, RefusalsChangeNothing) {
  const std::string region = Made("/api/v1/org/regions", R"({"code":"N"})");
  const std::string dealer = Made("/api/v1/org/dealers", R"({"code":"D1"})");
  const std::string other = Made("/api/v1/org/dealers", R"({"code":"D2"})");
  const std::string team = Made("/api/v1/org/dealers/" + dealer + "/teams", R"({"code":"T1"})");
  const std::string foreign = Made("/api/v1/org/dealers/" + other + "/teams", R"({"code":"T1"})");
  const std::string person = Made("/api/v1/org/dealers/" + dealer + "/staff", R"({"code":"007"})");
  const std::string before = Call(http::Method::kGet, "/api/v1/org").body;
  const std::string version = Version();
  const auto post = http::Method::kPost;
  const auto patch = http::Method::kPatch;
  const std::string root = "/api/v1/org/";
  const std::string long_name(121, 'x');

  EXPECT_EQ(Outcome(post, root + "regions", R"({"code":"N"})"), "code_taken");
  EXPECT_EQ(Outcome(post, root + "regions", R"({"code":"  "})"), "code_missing");
  EXPECT_EQ(Outcome(post, root + "regions", R"({"name":"x"})"), "field_missing");
  EXPECT_EQ(Outcome(post, root + "regions", R"({"code":"a\tb"})"), "field_control_character");
  EXPECT_EQ(Outcome(post, root + "regions", R"({"code":"X","name":")" + long_name + R"("})"), "field_too_long");
  EXPECT_EQ(Outcome(post, root + "regions", R"({"code":"X","nmae":"x"})"), "field_unknown");
  EXPECT_EQ(Outcome(post, root + "dealers", R"({"code":"D1"})"), "code_taken");
  EXPECT_EQ(Outcome(post, root + "dealers", R"({"code":"D3","time_zone":"Mars/Base"})"), "unknown_time_zone");
  EXPECT_EQ(Outcome(post, root + "dealers", R"({"code":"D3","region":"77"})"), "org_target_unknown");
  EXPECT_EQ(Outcome(post, root + "dealers", R"({"code":"D3","from":"yesterday"})"), "field_day_bad");
  EXPECT_EQ(Outcome(post, root + "dealers/77/teams", R"({"code":"T"})"), "not_found");
  EXPECT_EQ(Outcome(post, root + "dealers/" + dealer + "/teams", R"({"code":"T1"})"), "code_taken");
  EXPECT_EQ(Outcome(post, root + "dealers/" + dealer + "/staff", R"({"code":"007"})"), "code_taken");
  EXPECT_EQ(Outcome(post, root + "dealers/" + dealer + "/staff", R"({"code":"8","team":")" + foreign + R"("})"),
            "org_target_unknown");

  EXPECT_EQ(Outcome(patch, root + "regions/77", R"({"name":"x"})", version), "not_found");
  EXPECT_EQ(Outcome(patch, root + "regions/" + region, R"({"name":"x"})"), "if_match_missing");
  EXPECT_EQ(Outcome(patch, root + "regions/" + region, R"({"name":"x"})", "W/\"x-1\""), "if_match_bad");
  EXPECT_EQ(Outcome(patch, root + "regions/" + region, R"({"name":""})", version), "unit_name_missing");
  EXPECT_EQ(Outcome(patch, root + "regions/" + region, R"({"code":""})", version), "code_missing");
  EXPECT_EQ(Outcome(patch, root + "dealers/" + dealer, R"({"code":"D2"})", version), "code_taken");
  EXPECT_EQ(Outcome(patch, root + "dealers/" + dealer, R"({"time_zone":"x"})", version), "unknown_time_zone");
  EXPECT_EQ(Outcome(patch, root + "dealers/" + other + "/teams/" + team, R"({"name":"x"})", version), "not_found");
  EXPECT_EQ(Outcome(patch, root + "dealers/" + dealer + "/teams/" + team, R"({"name":"x"})", "W/\"0\""),
            "edit_conflict");

  const std::string move = root + "dealers/" + dealer + "/region";
  EXPECT_EQ(Outcome(post, move, R"({"from":"1989-12-31","target":")" + region + R"("})"), "day_out_of_range");
  EXPECT_EQ(Outcome(post, move, R"({"from":"2028-03-21","target":")" + region + R"("})"), "day_out_of_range");
  EXPECT_EQ(Outcome(post, move, R"({"from":"2026-02-30","target":null})"), "field_day_bad");
  EXPECT_EQ(Outcome(post, move, R"({"from":"2026-02-01"})"), "field_missing");
  EXPECT_EQ(Outcome(post, move, R"({"from":"2026-02-01","target":")" + team + R"("})"), "org_target_unknown");
  EXPECT_EQ(Outcome(post, root + "dealers/77/region", R"({"from":"2026-02-01","target":null})"), "not_found");
  EXPECT_EQ(Outcome(post, root + "dealers/" + dealer + "/staff/77/team", R"({"from":"2026-02-01","target":null})"),
            "not_found");
  EXPECT_EQ(Outcome(post, root + "dealers/" + dealer + "/staff/" + person + "/team",
                    R"({"from":"2026-02-01","target":")" + foreign + R"("})"),
            "org_target_unknown");
  EXPECT_EQ(Call(http::Method::kGet, "/api/v1/org").body, before);
}

TEST_P(OrgTest, ARenameShowsEverywhereAtOnce) {
  const std::string region = Made("/api/v1/org/regions", R"({"code":"N","name":"North"})");
  const std::string dealer = Made("/api/v1/org/dealers", R"({"code":"D1","name":"One"})");
  const std::string team = Made("/api/v1/org/dealers/" + dealer + "/teams", R"({"code":"T1"})");
  const std::string person = Made("/api/v1/org/dealers/" + dealer + "/staff", R"({"code":"007","name":"Ana"})");
  const auto label = [&](Dim dim, const std::string& id) { return (*org_.Current())->Label(dim, std::stoll(id)); };
  ASSERT_EQ(label(Dim::kStaff, person), "Ana");
  const std::string root = "/api/v1/org/";
  const auto rename = [&](const std::string& path, const std::string& body) {
    EXPECT_EQ(Outcome(http::Method::kPatch, root + path, body, Version()), "204") << path;
  };
  rename("regions/" + region, R"({"name":"华北"})");
  rename("dealers/" + dealer, R"({"name":"一店","time_zone":"Asia/Urumqi"})");
  rename("dealers/" + dealer + "/teams/" + team, R"({"name":"一组","code":"T9"})");
  rename("dealers/" + dealer + "/staff/" + person, R"({"name":"安娜"})");
  EXPECT_EQ(label(Dim::kRegion, region), "华北");
  EXPECT_EQ(label(Dim::kDealer, dealer), "一店");
  EXPECT_EQ(label(Dim::kTeam, team), "一组");
  EXPECT_EQ(label(Dim::kStaff, person), "安娜");
  EXPECT_EQ(label(Dim::kActor, person), "安娜");
  const json::value shown = TreeNow().at("dealers").at(0);
  EXPECT_EQ(shown.at("code").as_string(), "D1");
  EXPECT_EQ(shown.at("time_zone").as_string(), "Asia/Urumqi");
  EXPECT_EQ(shown.at("teams").at(0).at("code").as_string(), "T9");
}

TEST_P(OrgTest, AMoveKeepsTheHistoryAndALaterMove) {
  const std::string north = Made("/api/v1/org/regions", R"({"code":"N"})");
  const std::string south = Made("/api/v1/org/regions", R"({"code":"S"})");
  const std::string dealer = Made("/api/v1/org/dealers", R"({"code":"D1"})");
  const auto move = [&](const std::string& from, const std::string& target) {
    return Outcome(http::Method::kPost, "/api/v1/org/dealers/" + dealer + "/region",
                   R"({"from":")" + from + R"(","target":)" + target + "}");
  };
  EXPECT_EQ(move("2026-06-01", '"' + north + '"'), "204");
  EXPECT_EQ(move("2026-03-01", '"' + north + '"'), "204");
  EXPECT_EQ(move("2026-03-01", '"' + south + '"'), "204");  // of the same day: replaced
  EXPECT_EQ(move("2026-01-01", "null"), "204");
  const json::value shown = TreeNow().at("dealers").at(0);
  EXPECT_EQ(json::serialize(shown.at("region_history")),
            R"([{"from":"2026-01-01","target":null},{"from":"2026-03-01","target":")" + south +
                R"("},{"from":"2026-06-01","target":")" + north + R"("}])");
  EXPECT_EQ(shown.at("region").as_string(), south);
}

TEST_P(OrgTest, WhoIsInNoTeamAnyMoreHasLeft) {
  const std::string dealer = Made("/api/v1/org/dealers", R"({"code":"D1"})");
  const std::string team = Made("/api/v1/org/dealers/" + dealer + "/teams", R"({"code":"T1"})");
  const auto person = [&](const std::string& code) {
    return Made("/api/v1/org/dealers/" + dealer + "/staff", R"({"code":")" + code + R"(","team":")" + team + R"("})");
  };
  const auto leaves = [&](const std::string& id, const std::string& day) {
    EXPECT_EQ(Outcome(http::Method::kPost, "/api/v1/org/dealers/" + dealer + "/staff/" + id + "/team",
                      R"({"from":")" + day + R"(","target":null})"),
              "204");
  };
  leaves(person("a"), "2026-03-20");
  leaves(person("b"), "2026-03-21");
  (void)Made("/api/v1/org/dealers/" + dealer + "/staff", R"({"code":"c"})");  // never in one
  const json::value staff = TreeNow().at("dealers").at(0).at("staff");
  EXPECT_TRUE(staff.at(0).at("left").as_bool());
  EXPECT_FALSE(staff.at(1).at("left").as_bool());
  EXPECT_FALSE(staff.at(2).at("left").as_bool());
}

TEST_P(OrgTest, OfTwoEditsOfOneVersionOneIsRefused) {
  const std::string dealer = Made("/api/v1/org/dealers", R"({"code":"D1","name":"One"})");
  for (int round = 0; round < 5; ++round) {
    const std::string version = Version();
    std::array<std::string, 4> outcomes;
    std::vector<std::thread> threads;
    for (size_t i = 0; i < outcomes.size(); ++i) {
      threads.emplace_back([&, i] {
        outcomes[i] = Outcome(http::Method::kPatch, "/api/v1/org/dealers/" + dealer,
                              R"({"name":"by )" + std::to_string(i) + R"("})", version);
      });
    }
    for (std::thread& thread : threads) thread.join();
    size_t winner = outcomes.size();
    for (size_t i = 0; i < outcomes.size(); ++i) {
      if (outcomes[i] == "204") {
        EXPECT_EQ(winner, outcomes.size()) << "two edits of one version were taken";
        winner = i;
      } else {
        EXPECT_EQ(outcomes[i], "edit_conflict");
      }
    }
    ASSERT_LT(winner, outcomes.size());
    EXPECT_EQ(TreeNow().at("dealers").at(0).at("name").as_string(), "by " + std::to_string(winner));
  }
  const http::Response refused =
      Call(http::Method::kPatch, "/api/v1/org/dealers/" + dealer, R"({"name":"x"})", "W/\"1\"");
  EXPECT_EQ(refused.status, 409);
  EXPECT_NE(refused.body.find("D1 by "), std::string::npos) << "says what is now: " << refused.body;
}

TEST_P(OrgTest, MembersAreFoundByTextCodeAndNameInEitherLanguage) {
  const std::string one = Made("/api/v1/org/dealers", R"({"code":"D1","name":"一店"})");
  const std::string two = Made("/api/v1/org/dealers", R"({"code":"D2","name":"二店"})");
  (void)Made("/api/v1/org/dealers/" + one + "/staff", R"({"code":"007","name":"Ana Li"})");
  (void)Made("/api/v1/org/dealers/" + two + "/staff", R"({"code":"a9","name":"Dana"})");
  ASSERT_TRUE(database_
                  ->Write<void>([](db::Connection& connection) -> Status {
                    for (const char* code : {"referral", "outbound", "小红书"})
                      (void)AddMember(connection, Dim::kSource, code);
                    return {};
                  })
                  .ok());
  const auto found = [&](const std::string& path) {
    const json::value answer = json::parse(Call(http::Method::kGet, "/api/v1/members/" + path).body);
    std::string texts = std::to_string(answer.at("count").as_int64());
    for (const json::value& member : answer.at("members").as_array()) {
      texts += " " + std::string(member.at("text").as_string());
    }
    return texts;
  };
  EXPECT_EQ(found("staff"), "2 Ana Li Dana");
  EXPECT_EQ(found("staff?q=ANA"), "2 Ana Li Dana");
  EXPECT_EQ(found("staff?q=ana&limit=1"), "2 Ana Li");
  EXPECT_EQ(found("staff?q=007"), "1 Ana Li");
  EXPECT_EQ(found("dealer?q=二"), "1 二店");
  EXPECT_EQ(found("source"), "3 outbound referral 小红书");
  EXPECT_EQ(found("source?q=红"), "1 小红书");
  EXPECT_EQ(found("source?q=nothing like it"), "0");
  const json::value person =
      json::parse(Call(http::Method::kGet, "/api/v1/members/staff?q=dana").body).at("members").at(0);
  EXPECT_EQ(person.at("within").as_string(), "二店");
  EXPECT_TRUE(person.at("name").is_null());
  const json::value all = json::parse(Call(http::Method::kGet, "/api/v1/members/source?q=referral").body);
  const std::string chinese(all.at("members").at(0).at("name").at("zh").as_string());
  EXPECT_EQ(found("source?q=" + chinese), "1 referral");
  EXPECT_EQ(Outcome(http::Method::kGet, "/api/v1/members/colour"), "unknown_dimension");
  EXPECT_EQ(Outcome(http::Method::kGet, "/api/v1/members/source?limit=0"), "field_value_unknown");
  EXPECT_EQ(Outcome(http::Method::kGet, "/api/v1/members/source?limit=1001"), "field_value_unknown");
}

INSTANTIATE_TEST_SUITE_P(On, OrgTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::org
