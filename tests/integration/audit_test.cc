#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "db/db.h"
#include "db/testing.h"
#include "tests/integration/cli.h"
#include "tests/integration/servers.h"

// The audit log as an administrator of the machine sees it, of a server that is used and killed.
namespace dealpace {
namespace {

using testing::Answered;
using testing::Ask;
using testing::Ran;
using testing::Server;

constexpr const char* kPassword = "grey horse on a roof";

class AuditCliTest : public testing::CliTest, public ::testing::WithParamInterface<db::Kind> {
 protected:
  AuditCliTest() : store_(GetParam()) {}
  void SetUp() override {
    CliTest::SetUp();
    setenv("DEALPACE_ADMIN_PASSWORD", kPassword, 1);
    server_ = std::make_unique<Server>(Path("data"), store_.url(), Path("dealpace.keys"));
    server_->Start();
  }
  void TearDown() override {
    server_.reset();
    CliTest::TearDown();
  }
  [[nodiscard]] std::string Store() const override {
    return "--data " + Path("data").string() + " --keys " + Path("dealpace.keys").string() + " --db '" + store_.url() +
           "'";
  }
  std::string SignIn() {
    const Answered in = Ask(server_->port(), "POST", "/api/v1/session", "",
                            R"({"login": "admin", "password": ")" + std::string(kPassword) + "\"}");
    EXPECT_EQ(in.status, 200);
    return "Cookie: " + in.cookie + "\r\nX-CSRF-Token: " + std::string(in.json.at("csrf").as_string()) + "\r\n";
  }
  Answered Send(const std::string& session, const std::string& method, const std::string& path,
                const std::string& body = "") {
    Answered answer = Ask(server_->port(), method, path, session, body);
    EXPECT_LT(answer.status, 300) << path << " " << boost::json::serialize(answer.json);
    // Of one millisecond records of different chains stand in no order.
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return answer;
  }
  // Acts, the oldest first.
  std::vector<std::string> Acts() {
    std::vector<std::string> acts;
    const boost::json::value listed = Json("audit list --limit 100000");
    for (const boost::json::value& record : listed.at("records").as_array()) {
      acts.insert(acts.begin(), std::string(record.at("act").as_string()));
    }
    return acts;
  }
  void Execute(const std::string& sql) {
    const auto database = db::Database::Open(store_.url());
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE((*database)
                    ->Write<void>([&](db::Connection& connection) -> Status {
                      connection.ExecuteScript(sql);
                      return {};
                    })
                    .ok());
  }

  db::TestStore store_;
  std::unique_ptr<Server> server_;
};

TEST_P(AuditCliTest, WhatIsDoneOverHttpStandsInTheLog) {
  const std::string session = SignIn();
  const Answered dealer = Send(session, "POST", "/api/v1/org/dealers", R"({"code": "W", "name": "West"})");
  const std::string id(dealer.json.at("id").as_string());
  Send(session, "POST", "/api/v1/org/dealers/" + id + "/staff", R"({"code": "ana", "name": "Ana Li"})");
  Send(session, "POST", "/api/v1/catalog/own-kpis",
       R"({"id": "doubled", "name": {"en": "Doubled", "zh": "两倍"}, "formula": "prospect_cnt * 2",)"
       R"( "unit": "count", "better": "higher", "meaning": {"en": "Twice.", "zh": "两倍。"}})");
  Send(session, "POST", "/api/v1/events",
       R"({"event": "captured", "at": "2026-09-01", "dealer": "W", "staff": "ana"})");
  Send(session, "POST", "/api/v1/events",
       R"({"events": [{"event": "captured", "at": "2026-09-01", "dealer": "W", "staff": "ana"},)"
       R"( {"event": "captured", "at": "2026-09-02", "dealer": "W", "staff": "ana"}]})");
  Send(session, "POST", "/api/v1/kpi/export",
       R"({"format": "csv", "question": {"columns": ["n=prospect_cnt"], "by": ["staff"], "period": "2026-09",)"
       R"( "scope": "dealer:)" +
           id + "\"}}");
  Send(session, "DELETE", "/api/v1/session");
  EXPECT_EQ(Acts(), (std::vector<std::string>{"account.add", "session.start", "org.add", "org.add", "kpi.add",
                                              "events.post", "export.kpi", "session.end"}));
  // Nothing of a person but ids.
  const std::string all = Must("audit list --format json").out;
  EXPECT_EQ(all.find("Ana"), std::string::npos) << all;
  EXPECT_EQ(all.find("West"), std::string::npos) << all;

  const boost::json::value of_dealer = Json("audit list --dealer W");
  ASSERT_EQ(of_dealer.at("records").as_array().size(), 4U);
  const auto exported = of_dealer.at("records").at(0).as_object();
  EXPECT_EQ(exported.at("object").as_string(), "dealer:" + id);
  EXPECT_EQ(exported.at("detail"), boost::json::parse(R"({"by": ["staff"], "columns": 1, "filters": 1,)"
                                                      R"( "format": "csv", "period": "2026-09"})"));
  EXPECT_EQ(of_dealer.at("records").at(1).at("detail").at("count"), 2);
  EXPECT_EQ(Json("audit list --act events.post --actor admin").at("records").as_array().size(), 1U);
  EXPECT_EQ(Json("audit list --actor 0").at("records").as_array().size(), 1U);
  EXPECT_EQ(Run("audit list --actor nobody").exit, 2);
  EXPECT_EQ(Run("audit list --dealer nowhere").exit, 2);
  EXPECT_EQ(Run("audit list --from yesterday").exit, 2);
  EXPECT_NE(Must("audit list").out.find("events.post"), std::string::npos);
  EXPECT_TRUE(Must("audit list --format csv").out.starts_with("at,dealer,seq,actor,act,object,detail\r\n"));
}

TEST_P(AuditCliTest, VerifyTellsWhatWasTamperedWithAndAnchorsWhatWasWrittenAnew) {
  Must("user add ana");
  Must("user add bob");
  Must("user disable bob");
  const std::string token(Json("user token ana --name till").at("id").as_string());
  Must("user token-revoke " + token);
  EXPECT_EQ(Acts(), (std::vector<std::string>{"account.add", "account.add", "account.add", "account.change",
                                              "token.add", "token.revoke"}));
  const std::string heads = Write("heads.json", Must("audit head --format json").out);
  EXPECT_EQ(Must("audit verify --format json").out, "{\"intact\":true,\"chains\":1,\"checked\":6,\"findings\":[]}\n");
  EXPECT_NE(Must("audit verify --anchor " + heads).out.find("intact"), std::string::npos);

  Execute("UPDATE audit_record SET record = replace(record, 'token.add', 'token.use') WHERE dealer_id = 0 AND seq = 5");
  const Ran altered = Run("audit verify");
  EXPECT_EQ(altered.exit, 1);
  EXPECT_NE(altered.out.find("altered"), std::string::npos) << altered.out;
  EXPECT_EQ(Run("audit verify --format json").json().at("findings").at(0).at("seq"), 5);
  // The whole log removed: only the anchor knows that there was one.
  Execute("DELETE FROM audit_record; DELETE FROM audit_head");
  EXPECT_EQ(Run("audit verify").exit, 0);
  const Ran missing = Run("audit verify --anchor " + heads);
  EXPECT_EQ(missing.exit, 1);
  EXPECT_NE(missing.out.find("end missing"), std::string::npos) << missing.out;
  Must("user add cai");
  EXPECT_EQ(Run("audit verify --anchor " + Write("bad.json", "no heads")).exit, 2);
  EXPECT_EQ(Run("audit verify --anchor none.json").exit, 2);
}

TEST_P(AuditCliTest, TheHeadsAreKeptBesideTheStoreEachDay) {
  const std::filesystem::path folder = Path("data") / "audit-heads";
  std::filesystem::path file;  // which is written beside its name first
  ASSERT_TRUE(testing::Await(std::chrono::seconds(30), [&] {
    if (!std::filesystem::exists(folder)) return false;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".json") file = entry.path();
    }
    return !file.empty();
  }));
  Must("audit verify --anchor " + file.string());
}

TEST_P(AuditCliTest, AnotherKeyFileIsRefusedAndAMissingOneNotReplaced) {
  Must("user add ana");
  std::filesystem::rename(Path("dealpace.keys"), Path("kept.keys"));
  const Ran missing = Run("user add bob");
  EXPECT_EQ(missing.exit, 1);
  EXPECT_NE(missing.err.find("There is no key file"), std::string::npos) << missing.err;
  EXPECT_FALSE(std::filesystem::exists(Path("dealpace.keys")));
  Must("user list");  // reads only
  std::filesystem::copy(Path("kept.keys"), Path("dealpace.keys"));
  std::filesystem::permissions(Path("dealpace.keys"), std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);
  const Ran open = Run("user add bob");
  EXPECT_NE(open.err.find("Others than its owner may read"), std::string::npos) << open.err;
}

TEST_P(AuditCliTest, AfterAKillEveryAccountHasItsRecordAndNoRecordLacksItsAccount) {
  for (int round = 0; round < 3; ++round) {
    const std::string session = SignIn();
    std::atomic<bool> stop = false;
    std::atomic<int> acknowledged = 0;
    std::vector<std::thread> people;
    for (int p = 0; p < 3; ++p) {
      people.emplace_back([&, p] {
        for (int i = 0; !stop; ++i) {
          const std::string login = "a" + std::to_string(round) + "-" + std::to_string(p) + "-" + std::to_string(i);
          if (Ask(server_->port(), "POST", "/api/v1/accounts", session, R"({"login": ")" + login + "\"}").status !=
              201) {
            return;
          }
          ++acknowledged;
        }
      });
    }
    // In the middle of the work: a password is hashed for a tenth of a second, on a busy machine for longer.
    for (int i = 0; i < 300 && acknowledged < 3; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    server_->Kill();
    stop = true;
    for (std::thread& person : people) person.join();
    server_->Start();
    const boost::json::value listed = Json("audit list --act account.add --limit 100000");
    std::multiset<std::string> added;
    for (const auto& record : listed.at("records").as_array()) {
      added.emplace(record.at("object").as_string());
    }
    const boost::json::value accounts = Json("user list");
    std::multiset<std::string> there;
    for (const auto& account : accounts.at("accounts").as_array()) {
      there.insert("account:" + std::string(account.at("id").as_string()));
    }
    EXPECT_EQ(added, there);
    EXPECT_GT(there.size(), static_cast<size_t>(round + 1));
    EXPECT_EQ(Run("audit verify").exit, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(On, AuditCliTest, ::testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace
