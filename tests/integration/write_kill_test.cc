#include <unistd.h>

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <thread>

#include "access/tokens.h"
#include "db/db.h"
#include "http/testing.h"
#include "org/org.h"
#include "tests/integration/cli.h"
#include "tests/integration/servers.h"

// A server that is killed while many write: what it has acknowledged is there afterwards, and nothing is there twice.
// DEALPACE_KILL_ROUNDS says how often (3).
namespace dealpace::testing {
namespace {

constexpr int kClients = 12;

class WriteKillTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    Must("init");
    auto opened = db::Database::Open(Path("data/dealpace.db").string());
    ASSERT_TRUE(opened.ok());
    database_ = *std::move(opened);
    const auto secret = database_->Write<std::string>([](db::Connection& connection) -> Result<std::string> {
      for (const char* code : {"D1", "D2", "D3"}) RETURN_IF_ERROR(org::AddDealer(connection, code, ""));
      ASSIGN_OR_RETURN(
          const access::Account account,
          access::AddAccount(connection, {.login = "writer", .name = {}, .role = access::Role::kAdmin, .password = {}},
                             Now()));
      ASSIGN_OR_RETURN(const access::FreshToken token,
                       access::AddToken(connection, account, {.name = "load", .scopes = {"write"}, .days = {}}, Now()));
      return token.secret;
    });
    ASSERT_TRUE(secret.ok()) << secret.error().code;
    secret_ = *secret;
  }

  // Starts a server and waits until it answers.
  void Start() {
    server_.emplace(Path("data"), Path("data/dealpace.db").string()).Start({"--account-rate", "1000000"});
  }
  void Kill() { server_->Kill(); }

  // Every event is of a lead of its own, so that it can be found again.
  static std::string Event(const std::string& lead, int i) {
    std::string event = R"({"event":"traffic","at":"2026-10-05","dealer":"D)" + std::to_string(i % 3 + 1) +
                        R"(","lead":")" + lead + '"';
    if (i % 2 == 0) event += R"(,"key":")" + lead + '"';
    return event + "}";
  }
  std::optional<http::RawAnswer> Post(http::RawClient& client, const std::string& body) const {
    client.Ask("POST", "/api/v1/events", "Authorization: Bearer " + secret_ + "\r\nContent-Type: application/json\r\n",
               body);
    http::RawAnswer answer = client.Read();
    if (answer.status == 0 || answer.body.empty()) return std::nullopt;
    return answer;
  }

  // Writes until the server is gone.
  void Write(int client_number, int round) {
    try {
      http::RawClient client(server_->port());
      for (int i = 0;; ++i) {
        const std::string lead =
            "L" + std::to_string(round) + "-" + std::to_string(client_number) + "-" + std::to_string(i);
        if (i % 7 == 3) {  // refused in the middle of the others
          const auto refused = Post(client, R"({"event":"traffic","at":"2026-10-05","dealer":"D9","lead":"bad"})");
          if (!refused) return;
          if (refused->body.find("row_unknown_dealer") == std::string::npos) ++wrong_;
          continue;
        }
        const bool batch = i % 5 == 4;
        const std::string body =
            batch ? R"({"events":[)" + Event(lead, i) + "," + Event(lead + "b", i) + "]}" : Event(lead, i);
        const auto answer = Post(client, body);
        const std::lock_guard lock(mutex_);
        if (i % 2 == 0) keyed_[lead] = body;
        if (!answer) return;
        if (answer->status != 200 || answer->body.find(batch ? R"("added":2)" : R"("added":1)") == std::string::npos) {
          ++wrong_;
          return;
        }
        acknowledged_.insert(lead);
        if (batch) acknowledged_.insert(lead + "b");
      }
    } catch (const std::exception&) {  // no connection any more
    }
  }

  std::unique_ptr<db::Database> database_;
  std::string secret_;
  std::optional<Server> server_;
  std::mutex mutex_;
  std::atomic<int> wrong_ = 0;
  std::set<std::string> acknowledged_;
  std::map<std::string, std::string> keyed_;  // bodies sent, by lead
};

TEST_F(WriteKillTest, WhatWasAcknowledgedIsThereOnce) {
  const char* given = std::getenv("DEALPACE_KILL_ROUNDS");
  const int rounds = given == nullptr ? 3 : std::max(1, std::atoi(given));
  std::mt19937 random(20261005);
  for (int round = 0; round < rounds; ++round) {
    Start();
    std::vector<std::thread> clients;
    for (int c = 0; c < kClients; ++c) clients.emplace_back([&, c] { Write(c, round); });
    usleep(200'000 + random() % 600'000);
    Kill();
    for (std::thread& client : clients) client.join();
  }
  EXPECT_EQ(wrong_, 0);
  EXPECT_GT(acknowledged_.size(), 100U * static_cast<size_t>(rounds)) << "they did write";

  // What has a key may be sent again, whether it got through or not.
  Start();
  {
    http::RawClient client(server_->port());
    for (const auto& [lead, body] : keyed_) {
      const auto answer = Post(client, body);
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->status, 200);
      EXPECT_NE(answer->body.find(R"("changed":0)"), std::string::npos) << answer->body;
      acknowledged_.insert(lead);
    }
  }
  Kill();

  std::map<std::string, int64_t> stored;
  const Status read = database_->Read<void>([&](db::Connection& connection) -> Status {
    db::Rows rows = connection.Query("SELECT lead, count(*) FROM ledger_entry GROUP BY lead");
    while (rows.Next()) stored[std::string(rows.Text(0))] = rows.Int(1);
    return {};
  });
  ASSERT_TRUE(read.ok());
  for (const std::string& lead : acknowledged_) EXPECT_EQ(stored[lead], 1) << lead;
  for (const auto& [lead, count] : stored) EXPECT_EQ(count, 1) << lead;
  EXPECT_FALSE(stored.contains("bad"));
  database_.reset();
  EXPECT_NE(Must("verify").out.find("Clean"), std::string::npos);
}

}  // namespace
}  // namespace dealpace::testing
