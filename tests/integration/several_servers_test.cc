#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "db/testing.h"
#include "ledger/read.h"
#include "tests/integration/cli.h"
#include "tests/integration/servers.h"

// Two servers on one PostgreSQL behind nginx: each knows at once what the other was told, and when one is killed
// nothing that was acknowledged is lost, and nothing is there twice.
namespace dealpace::testing {
namespace {

constexpr const char* kPassword = "Tannen-Zapfen-77";

class SeveralServers : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    if (db::TestKinds().size() < 2) GTEST_SKIP() << "DEALPACE_TEST_PG_URL is not set: no PostgreSQL to share";
    store_ = std::make_unique<db::TestStore>(db::Kind::kPostgres);
    database_ = *db::Database::Open(store_->url());
    setenv("DEALPACE_ADMIN_PASSWORD", kPassword, 1);
    for (const char* name : {"a", "b"}) {
      servers_.push_back(std::make_unique<Server>(Path(name), store_->url(), Path("dealpace.keys")));
      servers_.back()->Start();
    }
    balanced_ = FreePort();
    balancer_ = StartBalancer(Path("nginx"), {servers_[0]->port(), servers_[1]->port()}, balanced_);
    if (!balancer_) GTEST_SKIP() << "nginx is not installed: no balancer";

    const Answered in = SignIn();
    ASSERT_EQ(in.status, 200);
    session_ = "Cookie: " + in.cookie + "\r\nX-CSRF-Token: " + std::string(in.json.at("csrf").as_string()) + "\r\n";
    const Answered token =
        Ask(balanced_, "POST", "/api/v1/tokens", session_, R"({"name": "test", "scopes": ["read", "write"]})");
    ASSERT_EQ(token.status, 201) << boost::json::serialize(token.json);
    token_ = "Authorization: Bearer " + std::string(token.json.at("secret").as_string()) + "\r\n";
  }
  void TearDown() override {
    balancer_.reset();
    servers_.clear();
    database_.reset();
    store_.reset();
    CliTest::TearDown();
  }
  [[nodiscard]] std::string Store() const override {
    return "--data " + Path("cli").string() + " --keys " + Path("dealpace.keys").string() + " --db '" + store_->url() +
           "'";
  }

  [[nodiscard]] Answered SignIn() const {
    return Ask(balanced_, "POST", "/api/v1/session", "",
               R"({"login": "admin", "password": ")" + std::string(kPassword) + "\"}");
  }
  // Records a capture by `staff`, once, however often it is sent with the same key.
  [[nodiscard]] Answered Record(int port, const std::string& key, const std::string& staff = "ana") const {
    return Ask(port, "POST", "/api/v1/events", token_ + "Idempotency-Key: " + key + "\r\n",
               R"({"event": "captured", "at": "2026-09-01", "dealer": "D1", "staff": ")" + staff +
                   R"(", "create_missing": true})");
  }
  // How many captures a server counts.
  [[nodiscard]] int64_t Captures(int port) const {
    const Answered answer =
        Ask(port, "POST", "/api/v1/kpi/query", token_, R"({"columns": ["n=prospect_cnt"], "period": "2026-09"})");
    if (answer.status != 200) return -answer.status;
    return answer.json.at("total").at("n").at("value").to_number<int64_t>();
  }
  [[nodiscard]] int64_t Number(const std::string& sql) const {
    const auto number = database_->Read<int64_t>([&](db::Connection& connection) -> Result<int64_t> {
      if (sql.find("ledger_whole") != std::string::npos) ledger::MakeWhole(connection, std::nullopt);
      db::Rows rows = connection.Query(sql);
      return rows.Next() ? rows.Int(0) : 0;
    });
    return number.ok() ? *number : -1;
  }
  [[nodiscard]] int PortOf(int server) const { return servers_[static_cast<size_t>(server)]->port(); }

  std::unique_ptr<db::TestStore> store_;
  std::unique_ptr<db::Database> database_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::unique_ptr<Process> balancer_;
  int balanced_ = 0;
  std::string session_;  // headers
  std::string token_;
};

TEST_F(SeveralServers, ASessionIsGoodOnEveryServerAndEndsOnEveryServer) {
  for (const int port : {PortOf(0), PortOf(1), balanced_, balanced_}) {
    EXPECT_EQ(Ask(port, "GET", "/api/v1/session", session_).status, 200);
  }
  EXPECT_EQ(Ask(PortOf(0), "DELETE", "/api/v1/session", session_).status, 204);
  EXPECT_EQ(Ask(PortOf(0), "GET", "/api/v1/session", session_).status, 401) << "at once where it was ended";
  EXPECT_TRUE(Await(std::chrono::seconds(8), [&] {
    return Ask(PortOf(1), "GET", "/api/v1/session", session_).status == 401;
  })) << "and within five seconds elsewhere";
}

TEST_F(SeveralServers, EachKnowsAtOnceWhatTheOtherWasTold) {
  int64_t told = 0;
  for (int i = 0; i < 40; ++i) {
    // A new person in between: the organisation moves, too.
    const Answered answer = Record(PortOf(i % 2), "key-" + std::to_string(i), "staff" + std::to_string(i / 8));
    ASSERT_EQ(answer.status, 200) << boost::json::serialize(answer.json);
    ++told;
    ASSERT_EQ(Captures(PortOf((i + 1) % 2)), told) << "after " << i;
    ASSERT_EQ(Captures(balanced_), told);
  }
  // An own KPI made on one is known on the other.
  const Answered made =
      Ask(PortOf(0), "POST", "/api/v1/catalog/own-kpis", session_,
          R"({"id": "doubled", "name": {"en": "Doubled", "zh": "两倍"}, "formula": "prospect_cnt * 2",)"
          R"( "unit": "count", "better": "higher", "meaning": {"en": "Twice.", "zh": "两倍。"}})");
  ASSERT_EQ(made.status, 201) << boost::json::serialize(made.json);
  const Answered asked =
      Ask(PortOf(1), "POST", "/api/v1/kpi/query", token_, R"({"columns": ["n=doubled"], "period": "2026-09"})");
  ASSERT_EQ(asked.status, 200) << boost::json::serialize(asked.json);
  EXPECT_EQ(asked.json.at("total").at("n").at("value").to_number<int64_t>(), 2 * told);
}

TEST_F(SeveralServers, ARequestSentAgainToAnotherServerIsCarriedOutOnce) {
  const Answered first = Record(PortOf(0), "once");
  ASSERT_EQ(first.status, 200);
  EXPECT_FALSE(first.replayed);
  const Answered again = Record(PortOf(1), "once");
  EXPECT_EQ(again.status, 200);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.json, first.json);
  // Both at once, again and again: one carries it out, the other waits or hears what became of it.
  for (int i = 0; i < 20; ++i) {
    std::array<Answered, 2> answers;
    std::thread other([&] { answers[1] = Record(PortOf(1), "race-" + std::to_string(i)); });
    answers[0] = Record(PortOf(0), "race-" + std::to_string(i));
    other.join();
    for (const Answered& answer : answers) {
      EXPECT_TRUE(answer.status == 200 || answer.code() == "idempotency_running")
          << answer.status << boost::json::serialize(answer.json);
    }
    EXPECT_TRUE(answers[0].status == 200 || answers[1].status == 200);
  }
  EXPECT_EQ(Captures(balanced_), 21);
}

TEST_F(SeveralServers, OneOfThemKeepsHouse) {
  EXPECT_TRUE(Await(std::chrono::seconds(10),
                    [&] { return Number("SELECT count(*) FROM lease WHERE name = 'housekeeping'") == 1; }));
  EXPECT_EQ(Number("SELECT term FROM lease WHERE name = 'housekeeping'"), 1);
}

TEST_F(SeveralServers, AKilledServerLosesNothingAndDoublesNothing) {
  constexpr int kRows = 30'000;
  ASSERT_EQ(Record(balanced_, "first").status, 200);  // makes the dealer
  std::string file = "线索编号,到店日期\n";
  for (int i = 0; i < kRows; ++i) file += "L" + std::to_string(i) + ",2026-09-02\n";
  const Answered draft =
      Ask(PortOf(0), "POST", "/api/v1/imports?name=big.csv", token_, file, "application/octet-stream");
  ASSERT_EQ(draft.status, 201) << boost::json::serialize(draft.json);
  const std::string job = "/api/v1/imports/" + std::string(draft.json.at("id").as_string());
  ASSERT_EQ(Ask(PortOf(0), "POST", job + "/run", token_ + "Idempotency-Key: run\r\n").status, 202);

  std::mutex mutex;
  std::set<std::string> acknowledged = {"first"};
  std::set<std::string> open;  // sent, and nobody knows what became of it
  std::atomic<bool> end = false;
  std::vector<std::thread> clients;
  for (int c = 0; c < 4; ++c) {
    clients.emplace_back([&, c] {
      for (int i = 0; !end; ++i) {
        const std::string key = "c" + std::to_string(c) + "-" + std::to_string(i);
        const Answered answer = Record(balanced_, key);
        const std::lock_guard lock(mutex);
        (answer.status == 200 ? acknowledged : open).insert(key);
      }
    });
  }
  const std::string booked = "SELECT count(*) FROM ledger_whole WHERE lead LIKE 'L%'";
  EXPECT_TRUE(Await(std::chrono::seconds(60), [&] { return Number(booked) >= 5'000; }));
  servers_[0]->Kill();
  const int64_t at_kill = Number(booked);
  size_t at_kill_acknowledged = 0;
  {
    const std::lock_guard lock(mutex);
    at_kill_acknowledged = acknowledged.size();
  }
  EXPECT_LT(at_kill, kRows) << "it was killed in the middle";

  // The other goes on.
  EXPECT_TRUE(Await(std::chrono::seconds(30), [&] {
    const std::lock_guard lock(mutex);
    return acknowledged.size() >= at_kill_acknowledged + 50;
  }));
  end = true;
  for (std::thread& client : clients) client.join();

  // What the client does not know about is sent again, to whoever is there. The dead server's keys count as running for
  // five minutes; these are over now.
  ASSERT_TRUE(database_
                  ->Write<void>([](db::Connection& connection) -> Status {
                    connection.Execute(
                        "UPDATE idempotency_key SET created_at = created_at - 400000 WHERE status IS NULL");
                    return {};
                  })
                  .ok());
  for (const std::string& key : open) {
    const Answered answer = Record(balanced_, key);
    EXPECT_EQ(answer.status, 200) << key << " " << boost::json::serialize(answer.json);
    acknowledged.insert(key);
  }
  // And some that are known are sent again all the same.
  int again = 0;
  for (const std::string& key : acknowledged) {
    if (++again % 10 != 0) continue;
    EXPECT_TRUE(Record(balanced_, key).status == 200) << key;
  }
  EXPECT_EQ(Captures(balanced_), static_cast<int64_t>(acknowledged.size()));

  // Back again, the killed server goes on with its import once its hold has run out.
  servers_[0]->Start();
  std::string state;
  EXPECT_TRUE(Await(std::chrono::seconds(90), [&] {
    const Answered shown = Ask(PortOf(1), "GET", job, token_);
    if (shown.status != 200) return false;
    state = std::string(shown.json.at("state").as_string());
    return state != "importing";
  }));
  EXPECT_EQ(state, "done");
  EXPECT_EQ(Number(booked), kRows);
  EXPECT_EQ(Number("SELECT count(DISTINCT lead) FROM ledger_whole WHERE lead LIKE 'L%'"), kRows);
  EXPECT_EQ(Captures(PortOf(0)), static_cast<int64_t>(acknowledged.size()));
  const Ran verified = Run("verify");
  EXPECT_EQ(verified.exit, 0) << verified.out << verified.err;
  EXPECT_TRUE(verified.out.starts_with("Clean: ")) << verified.out;
  std::printf("  acknowledged %zu, of which %zu were sent again unanswered; %lld of %d rows booked at the kill\n",
              acknowledged.size(), open.size(), static_cast<long long>(at_kill), kRows);
}

// ---- A PostgreSQL that goes and comes back ----

class RestartedPostgres : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    if (db::TestKinds().size() < 2) GTEST_SKIP() << "DEALPACE_TEST_PG_URL is not set";
    // One of its own, which it may crash.
    server_folder_ = Path("pg").string();
    std::filesystem::permissions(folder_, std::filesystem::perms(0755));
    if (std::system(("tests/pg.sh start " + server_folder_ + " >" + Path("url").string()).c_str()) != 0) {
      GTEST_SKIP() << "PostgreSQL cannot be started here";
    }
    url_ = ReadText(Path("url"));
    url_ = url_.substr(0, url_.find('\n'));
  }
  void TearDown() override {
    if (!url_.empty()) Pg("stop");
    CliTest::TearDown();
  }
  void Pg(const std::string& action) const {
    EXPECT_EQ(std::system(("tests/pg.sh " + action + " " + server_folder_).c_str()), 0);
  }

  std::string server_folder_;
  std::string url_;
};

TEST_F(RestartedPostgres, FailsWhileItIsAwayAndGoesOnWhenItIsBack) {
  const auto database = *db::Database::Open(url_, {.reconnect_ms = 0});
  ASSERT_TRUE(db::Migrate(*database).ok());
  const auto look = [&] {
    const auto number = database->Read<int64_t>([](db::Connection& connection) -> Result<int64_t> {
      db::Rows rows = connection.Query("SELECT version FROM org_version WHERE org_version_id = 1");
      return rows.Next() ? rows.Int(0) : -1;
    });
    return number.ok() ? std::string() : number.error().code;
  };
  EXPECT_EQ(look(), "");
  const auto write = database->Write<void>([&](db::Connection& connection) -> Status {
    connection.Execute("UPDATE org_version SET version = version + 1 WHERE org_version_id = 1");
    Pg("crash");
    connection.Execute("UPDATE org_version SET version = version + 1 WHERE org_version_id = 1");
    return {};
  });
  ASSERT_FALSE(write.ok());
  EXPECT_EQ(write.error().code, "database_unreachable");
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i) EXPECT_EQ(look(), "database_unreachable");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5)) << "it is told at once";
  Pg("again");
  EXPECT_TRUE(Await(std::chrono::seconds(5), [&] { return look().empty(); })) << "within two seconds of its return";
  EXPECT_EQ(look(), "");
}

TEST_F(RestartedPostgres, ARunningServerNeedsNoRestart) {
  setenv("DEALPACE_ADMIN_PASSWORD", kPassword, 1);
  Server server(Path("a"), url_);
  server.Start();
  const Answered in = Ask(server.port(), "POST", "/api/v1/session", "",
                          R"({"login": "admin", "password": ")" + std::string(kPassword) + "\"}");
  ASSERT_EQ(in.status, 200);
  const std::string session =
      "Cookie: " + in.cookie + "\r\nX-CSRF-Token: " + std::string(in.json.at("csrf").as_string()) + "\r\n";
  const auto record = [&](const std::string& key) {
    return Ask(server.port(), "POST", "/api/v1/events", session + "Idempotency-Key: " + key + "\r\n",
               R"({"event": "captured", "at": "2026-09-01", "dealer": "D1", "create_missing": true})");
  };
  ASSERT_EQ(record("one").status, 200);
  Pg("crash");
  EXPECT_EQ(Ask(server.port(), "GET", "/healthz").status, 200);
  const Answered away = record("two");
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(away.code(), "database_unreachable");
  EXPECT_EQ(Ask(server.port(), "GET", "/readyz").status, 503);
  Pg("again");
  EXPECT_TRUE(Await(std::chrono::seconds(8), [&] { return record("two").status == 200; }));
  EXPECT_EQ(Ask(server.port(), "GET", "/readyz").status, 200);
  const Answered asked = Ask(server.port(), "POST", "/api/v1/kpi/query", session,
                             R"({"columns": ["n=prospect_cnt"], "period": "2026-09"})");
  ASSERT_EQ(asked.status, 200);
  EXPECT_EQ(asked.json.at("total").at("n").at("value").to_number<int64_t>(), 2);
  // Those who come when it has only just gone, and is soon back, notice nothing but a pause.
  Pg("crash");
  Pg("again");
  EXPECT_EQ(record("three").status, 200);
  server.Stop();
}

}  // namespace
}  // namespace dealpace::testing
