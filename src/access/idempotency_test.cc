#include "access/idempotency.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "access/secrets.h"
#include "access/testing.h"

namespace dealpace::access {
namespace {

using http::Request;
using http::Response;

class IdempotencyTest : public AccessTest {
 protected:
  IdempotencyTest() : ana_(Add("ana").id), bob_(Add("bob").id) {}

  Idempotency& kept() { return access_.idempotency(); }
  Request Post(const std::string& key, const std::string& body, AccountId account) const {
    Request request;
    request.method = http::Method::kPost;
    request.path = "/api/v1/things";
    request.body = body;
    request.headers = {{"idempotency-key", key}};
    request.caller.via = http::Caller::Via::kSession;
    request.caller.account = account;
    return request;
  }
  // Counts how often it was carried out; the body says what comes of it.
  http::ResultHandler Counting() {
    return kept().Idempotently([this](const Request& request) -> Result<Response> {
      ++carried_out_;
      if (request.body == "refuse") return Error("login_taken").With("login", "x");
      if (request.body == "throw") throw std::runtime_error("thrown");
      if (request.body == "unavailable") return Response::Json("{}", 503);
      return Response::Json("{\"number\":" + std::to_string(carried_out_) + "}", 201)
          .Header("ETag", "W/\"1\"")
          .Header("Set-Cookie", "secret=1");
    });
  }

  AccountId ana_;
  AccountId bob_;
  std::atomic<int> carried_out_ = 0;
};

TEST_P(IdempotencyTest, TheSameRequestGetsTheSameAnswer) {
  const auto handler = Counting();
  const auto first = handler(Post("k1", "{\"a\":1}", ana_));
  const auto again = handler(Post("k1", "{\"a\":1}", ana_));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(carried_out_, 1);
  EXPECT_EQ(again->status, 201);
  EXPECT_EQ(again->body, first->body);
  EXPECT_EQ(again->content_type, "application/json");
  const std::vector<std::pair<std::string, std::string>> headers = {{"ETag", "W/\"1\""},
                                                                    {"Idempotency-Replayed", "true"}};
  EXPECT_EQ(again->headers, headers) << "no cookie of somebody's";
}

TEST_P(IdempotencyTest, AnotherKeyAnotherAccountOrNoKeyIsAnotherRequest) {
  const auto handler = Counting();
  EXPECT_EQ(handler(Post("k1", "x", ana_))->body, "{\"number\":1}");
  EXPECT_EQ(handler(Post("k2", "x", ana_))->body, "{\"number\":2}");
  EXPECT_EQ(handler(Post("k1", "x", bob_))->body, "{\"number\":3}");
  Request bare = Post("k1", "x", ana_);
  bare.headers.clear();
  EXPECT_EQ(handler(bare)->body, "{\"number\":4}");
  EXPECT_EQ(handler(bare)->body, "{\"number\":5}");
}

TEST_P(IdempotencyTest, AKeyIsForOneRequestOnly) {
  const auto handler = Counting();
  ASSERT_TRUE(handler(Post("k1", "x", ana_)).ok());
  EXPECT_EQ(Code(handler(Post("k1", "y", ana_))), "idempotency_conflict");
  Request elsewhere = Post("k1", "x", ana_);
  elsewhere.path = "/api/v1/others";
  EXPECT_EQ(Code(handler(elsewhere)), "idempotency_conflict");
  Request asked_otherwise = Post("k1", "x", ana_);
  asked_otherwise.query = {{"dry_run", "true"}};
  EXPECT_EQ(Code(handler(asked_otherwise)), "idempotency_conflict");
  EXPECT_EQ(carried_out_, 1);
}

TEST_P(IdempotencyTest, WhatChangedNothingMayBeSentAgain) {
  const auto handler = Counting();
  EXPECT_EQ(Code(handler(Post("k1", "refuse", ana_))), "login_taken");
  EXPECT_EQ(Code(handler(Post("k1", "refuse", ana_))), "login_taken");
  EXPECT_THROW((void)handler(Post("k1", "throw", ana_)), std::runtime_error);
  EXPECT_EQ(handler(Post("k1", "unavailable", ana_))->status, 503);
  EXPECT_EQ(handler(Post("k1", "mended", ana_))->status, 201);
  EXPECT_EQ(carried_out_, 5);
}

TEST_P(IdempotencyTest, AKeyMustBePrintable) {
  const auto handler = Counting();
  for (const std::string& bad :
       {std::string(), std::string("a b"), std::string("a\tb"), std::string("ключ"), std::string(256, 'k')}) {
    EXPECT_EQ(Code(handler(Post(bad, "x", ana_))), "idempotency_key_bad") << bad;
  }
  EXPECT_EQ(carried_out_, 0);
  EXPECT_TRUE(handler(Post(std::string(255, 'k'), "x", ana_)).ok());
}

TEST_P(IdempotencyTest, OfManyAtOnceOneIsCarriedOut) {
  const auto other_database = database_.Another();
  Idempotency elsewhere(
      *other_database, [this] { return now_; }, vault_.get());
  std::atomic<int> fresh = 0;
  std::atomic<int> running = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const auto begun = (i % 2 == 0 ? kept() : elsewhere).Begin(ana_, "k1", "f");
      if (begun.ok() && begun->fresh) ++fresh;
      if (Code(begun) == "idempotency_running") ++running;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(running, 7);
}

TEST_P(IdempotencyTest, AnAnswerIsKeptForADay) {
  const auto handler = Counting();
  ASSERT_TRUE(handler(Post("k1", "x", ana_)).ok());
  Pass(24 * 3600 - 1);
  EXPECT_EQ(handler(Post("k1", "x", ana_))->body, "{\"number\":1}");
  Pass(1);
  EXPECT_EQ(handler(Post("k1", "x", ana_))->body, "{\"number\":2}");
}

TEST_P(IdempotencyTest, WhatAServerLeftBehindIsFreeAfterFiveMinutes) {
  const auto left = kept().Begin(ana_, "k1", "f");
  ASSERT_TRUE(left.ok() && left->fresh);
  Pass(5 * 60 - 1);
  EXPECT_EQ(Code(kept().Begin(ana_, "k1", "f")), "idempotency_running");
  EXPECT_EQ(Code(kept().Begin(ana_, "k1", "other")), "idempotency_conflict");
  Pass(1);
  const auto taken_over = kept().Begin(ana_, "k1", "f");
  ASSERT_TRUE(taken_over.ok() && taken_over->fresh);
  // The first was only slow: its end does not disturb the second's.
  EXPECT_EQ(Code(kept().Finish(*left->fresh, Response::Json("{}"))), "");
  EXPECT_EQ(Code(kept().Abandon(*left->fresh)), "");
  EXPECT_EQ(Code(kept().Begin(ana_, "k1", "f")), "idempotency_running");
}

TEST_P(IdempotencyTest, NeitherKeyNorAnswerCanBeReadInTheStore) {
  const auto handler = Counting();
  ASSERT_TRUE(handler(Post("k1-of-the-client", "x", ana_)).ok());
  EXPECT_EQ(Code(database_->Read<void>([](db::Connection& c) -> Status {
              db::Rows rows = c.Query("SELECT request_key, body FROM idempotency_key");
              EXPECT_TRUE(rows.Next());
              EXPECT_EQ(rows.Text(0).find("k1"), std::string::npos);
              EXPECT_EQ(rows.Bytes(1).find("number"), std::string::npos);
              EXPECT_GT(rows.Bytes(1).size(), std::string("{\"number\":1}").size());
              return {};
            })),
            "");
}

// What was asked holds personal data: whoever has the table and a guess must not be able to tell that it was this.
TEST_P(IdempotencyTest, AGuessOfTheRequestCannotBeHeldAgainstTheStore) {
  const auto handler = Counting();
  const std::string body = R"({"name":"王小明","phone":"13812345678"})";
  ASSERT_TRUE(handler(Post("k1", body, ana_)).ok());
  ASSERT_TRUE(handler(Post("k2", body, ana_)).ok());
  std::vector<std::string> kept_hashes;
  ASSERT_EQ(Code(database_->Read<void>([&](db::Connection& c) -> Status {
              db::Rows rows = c.Query("SELECT request_hash FROM idempotency_key");
              while (rows.Next()) kept_hashes.emplace_back(rows.Text(0));
              return {};
            })),
            "");
  ASSERT_EQ(kept_hashes.size(), 2U);
  EXPECT_NE(kept_hashes[0], kept_hashes[1]) << "nor that two requests were the same";
  // All that somebody can hash who has no key.
  const std::string line = "POST\n/api/v1/things\n\n";
  for (const std::string& known : {body, HashSecret(body)}) {
    for (const std::string& guess : {known, line + known}) {
      const std::string hash = HashSecret(guess);
      EXPECT_EQ(std::count(kept_hashes.begin(), kept_hashes.end(), hash), 0) << guess;
    }
  }
  // Another key file: the same request by the same client's key is not known again.
  const db::TestDatabase apart(GetParam());
  const auto elsewhere = *Vault::Open(*apart, *KeyFile::Make(folder_.path() / "other keys"), now_);
  Idempotency other(
      *database_, [this] { return now_; }, elsewhere.get());
  EXPECT_EQ(Code(other.Idempotently([](const Request&) { return Result<Response>(Response::Json("{}")); })(
                Post("k1", body, ana_))),
            "idempotency_conflict");
}

// What a release has left there that did not key it: not carried out again, and not taken for this request.
TEST_P(IdempotencyTest, WhatWasKeptWithoutAKeyIsNoRequestOfToday) {
  const auto handler = Counting();
  ASSERT_EQ(Code(database_->Write<void>([&](db::Connection& c) -> Status {
              c.Execute(
                  "INSERT INTO idempotency_key (account_id, request_key, request_hash, run_id, created_at, status, "
                  "content_type, headers, body) VALUES (?1, ?2, ?3, 1, ?4, 201, 'application/json', '', ?5)",
                  ana_, HashSecret("k1"), HashSecret("POST\n/api/v1/things\n\nx"), now_.ms, db::Blob{"?"});
              return {};
            })),
            "");
  EXPECT_EQ(Code(handler(Post("k1", "x", ana_))), "idempotency_conflict");
  EXPECT_EQ(carried_out_, 0);
  Pass(24 * 3600);
  EXPECT_TRUE(handler(Post("k1", "x", ana_)).ok());
  EXPECT_EQ(carried_out_, 1);
}

TEST_P(IdempotencyTest, AStreamIsNotKept) {
  const auto handler = kept().Idempotently([this](const Request&) -> Result<Response> {
    ++carried_out_;
    Response response;
    response.body_file = "/dev/null";
    return response;
  });
  ASSERT_TRUE(handler(Post("k1", "x", ana_)).ok());
  ASSERT_TRUE(handler(Post("k1", "x", ana_)).ok());
  EXPECT_EQ(carried_out_, 2);
}

INSTANTIATE_TEST_SUITE_P(On, IdempotencyTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::access
