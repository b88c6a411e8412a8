#include "analysis/freshness.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/json.hpp>
#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "analysis/api.h"
#include "analysis/changes.h"
#include "analysis/own_kpis.h"
#include "catalog/embedded.h"
#include "db/testing.h"
#include "ledger/ledger.h"
#include "org/org.h"

namespace dealpace::analysis {
namespace {

namespace json = boost::json;
using http::Response;

constexpr const char* kQuery = "/api/v1/kpi/query";
constexpr const char* kCaptured = R"({"columns":["prospect_cnt"],"period":"2026-10"})";

std::string Header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

// One dealer whose only salesperson captures a customer now and then.
class FreshnessTest : public testing::TestWithParam<db::Kind> {
 protected:
  FreshnessTest()
      : database_(GetParam()),
        catalog_(catalog::Load(catalog::EmbeddedFiles()).catalog),
        source_(*database_, *catalog_),
        org_(*database_),
        facts_(*catalog_, source_, org_),
        definitions_(*database_, catalog_, facts_),
        freshness_(*database_, definitions_, org_, source_, [this] { return now_; }, {"1.2.3", 1 << 20}) {
    const Status told = database_->Write<void>([&](db::Connection& c) -> Status {
      ASSIGN_OR_RETURN(dealer_, org::AddDealer(c, "W", "West"));
      ASSIGN_OR_RETURN(ana_, org::AddStaff(c, dealer_, "ana", "Ana"));
      return {};
    });
    EXPECT_TRUE(told.ok());
    Capture();
    const Deps deps{*database_,
                    facts_,
                    definitions_,
                    [this] { return now_; },
                    [](http::Handler handler) { return handler; },
                    std::filesystem::temp_directory_path().string(),
                    &freshness_};
    AddQuestionRoutes(router_, deps);
  }

  void Capture(db::Database* through = nullptr) {
    ledger::NewEntry entry;
    entry.event = catalog_->FindEvent("captured");
    entry.day = *FromCivil(2026, 10, 5);
    entry.at = {int64_t{entry.day.value} * 86'400'000 + ++captured_};
    entry.lead = std::to_string(captured_);
    entry.actor = ana_;
    const Status told = (through != nullptr ? *through : *database_).Write<void>([&](db::Connection& c) -> Status {
      ledger::Append(c, *catalog_, dealer_, std::span(&entry, 1), {"test", {now_.ms}, {}});
      return {};
    });
    EXPECT_TRUE(told.ok());
  }

  static http::Request Asking(const std::string& body, const std::string& if_none_match) {
    http::Request request;
    request.method = http::Method::kPost;
    request.body = body;
    request.id = "r1";
    request.language = Language::kEnglish;
    request.caller.via = http::Caller::Via::kSession;
    request.caller.account = AccountId(5);
    request.caller.rights = std::make_shared<const http::RightsAndRows>(
        http::RightsAndRows{{"reports", RowScope::Everything()}, {"export", RowScope::Everything()}});
    if (!if_none_match.empty()) request.headers.emplace("if-none-match", if_none_match);
    return request;
  }
  Response Ask(const std::string& body = kCaptured, const std::string& if_none_match = "",
               const std::string& path = kQuery) {
    return router_.Find(http::Method::kPost, path).route->handler(Asking(body, if_none_match));
  }
  std::optional<Response> AskQuickly(const std::string& body = kCaptured, const std::string& if_none_match = "") {
    return router_.Find(http::Method::kPost, kQuery).route->quick(Asking(body, if_none_match));
  }
  static double Captured(const Response& response) {
    return json::parse(response.body).at("total").at("prospect_cnt").at("value").to_number<double>();
  }
  static std::string Cutoff(const Response& response) {
    return std::string(json::parse(response.body).at("cutoff").as_string());
  }

  Instant now_{1'792'458'000'000};  // 2026-10-20 09:00 in Shanghai
  int captured_ = 0;
  db::TestDatabase database_;
  std::shared_ptr<const catalog::Catalog> catalog_;
  ledger::DatabaseSource source_;
  org::DatabaseOrg org_;
  facts::Facts facts_;
  DefinitionsHolder definitions_;
  Freshness freshness_;
  http::Router router_;
  DealerId dealer_;
  StaffId ana_;
};

TEST_P(FreshnessTest, FiguresThatTheAskerHasAreNotSentAgain) {
  const Response first = Ask();
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(Captured(first), 1);
  const std::string tag = Header(first, "ETag");
  EXPECT_TRUE(tag.starts_with("W/\"")) << tag;
  const Response again = Ask(kCaptured, tag);
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(Header(again, "ETag"), tag);
  EXPECT_EQ(Ask(kCaptured, "\"other\", " + tag).status, 304);
  EXPECT_EQ(Ask(kCaptured, "W/\"other\"").status, 200);
  EXPECT_EQ(Ask(R"({"columns":["prospect_cnt"],"period":"2026-09"})", tag).status, 200) << "another question";
}

TEST_P(FreshnessTest, EveryAnswerOfFiguresHasATag) {
  for (const char* path : {"/api/v1/tables/success-rate", "/api/v1/tables/funnel", "/api/v1/findings"}) {
    const Response first = Ask(R"({"period":"2026-10"})", "", path);
    EXPECT_EQ(first.status, 200) << first.body;
    EXPECT_EQ(Ask(R"({"period":"2026-10"})", Header(first, "ETag"), path).status, 304) << path;
  }
  EXPECT_EQ(Header(Ask("{", ""), "ETag"), "") << "a refusal has none";
}

TEST_P(FreshnessTest, WhateverFiguresStandOnMovesTheTag) {
  std::string tag = Header(Ask(), "ETag");
  const auto moved = [&](const char* by) {
    const Response response = Ask(kCaptured, tag);
    EXPECT_EQ(response.status, 200) << by;
    tag = Header(response, "ETag");
    EXPECT_EQ(Ask(kCaptured, tag).status, 304) << by;
    return response;
  };
  Capture();
  EXPECT_EQ(Captured(moved("an entry")), 2);
  const auto other = database_.Another();
  Capture(other.get());
  EXPECT_EQ(Captured(moved("an entry of another process")), 3);
  EXPECT_TRUE(database_
                  ->Write<void>([&](db::Connection& c) -> Status {
                    return org::AddStaff(c, dealer_, "ben", "Ben").ok() ? Status() : Status(Error("code_taken"));
                  })
                  .ok());
  moved("the organisation");
  OwnKpiInput own;
  own.id = "own_one";
  own.name = {"One", "一"};
  own.formula = "prospect_cnt";
  own.unit = catalog::Unit::kCount;
  own.meaning = {"One.", "一。"};
  EXPECT_TRUE(AddOwnKpi(*database_, *definitions_.base(), own, {"li", now_}).ok());
  moved("an own KPI");
  now_.ms += 86'400'000;
  moved("the day");
  now_.ms += 3'600'000;
  EXPECT_EQ(Ask(kCaptured, tag).status, 304) << "an hour moves nothing";
  EXPECT_TRUE(database_
                  ->Write<void>([&](db::Connection& c) -> Status {
                    c.Execute("DELETE FROM sign_in_failure");
                    c.Execute(
                        "INSERT INTO account (account_id, login, name, role, password_hash, must_change_password, "
                        "created_at, version) VALUES (5, 'li', 'Li', 'member', 'x', 0, 0, 1)");
                    return {};
                  })
                  .ok());
  EXPECT_EQ(Ask(kCaptured, tag).status, 304) << "nor does what has nothing to do with figures";
}

TEST_P(FreshnessTest, AKeptAnswerIsAsOfNow) {
  const Response first = Ask();
  now_.ms += 61'000;
  const Response again = Ask();
  EXPECT_EQ(Header(again, "ETag"), Header(first, "ETag"));
  EXPECT_EQ(Cutoff(first), "2026-10-20T01:00:00.000Z");
  EXPECT_EQ(Cutoff(again), "2026-10-20T01:01:01.000Z");
  json::object a = json::parse(first.body).as_object();
  json::object b = json::parse(again.body).as_object();
  a.erase("cutoff");
  b.erase("cutoff");
  EXPECT_EQ(json::value(a), json::value(b));
  const char* as_of = R"({"columns":["prospect_cnt"],"period":"2026-10","as_of":"2026-10-20T00:00Z"})";
  EXPECT_EQ(Cutoff(Ask(as_of)), "2026-10-20T00:00:00.000Z");
  now_.ms += 1000;
  EXPECT_EQ(Cutoff(Ask(as_of)), "2026-10-20T00:00:00.000Z") << "its time of asking does not stand in it";
}

TEST_P(FreshnessTest, WhatIsKnownIsSaidWithoutAskingTheStore) {
  const Response first = Ask();
  const auto again = AskQuickly();
  if (!database_->ChangeMark()) {
    EXPECT_FALSE(again) << "the store cannot tell cheaply whether something has moved";
    return;
  }
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status, 200);
  EXPECT_EQ(Captured(*again), 1);
  EXPECT_EQ(AskQuickly(kCaptured, Header(first, "ETag"))->status, 304);
  EXPECT_FALSE(AskQuickly(R"({"columns":["prospect_cnt"]})")) << "was not asked yet";
  EXPECT_FALSE(AskQuickly("{\"columns\":[\"" + std::string(20'000, 'x') + "\"]}"));
  const auto other = database_.Another();
  Capture(other.get());
  EXPECT_FALSE(AskQuickly()) << "somebody else has moved something";
  EXPECT_EQ(Captured(Ask()), 2);
  EXPECT_EQ(Captured(*AskQuickly()), 2);
}

// What this process has booked itself it need not read back.
TEST_P(FreshnessTest, OwnEventsAreInTheNextAnswerWithoutAskingTheStore) {
  if (!database_->ChangeMark()) return;
  std::string tag = Header(Ask(), "ETag");
  for (int count = 2; count < 20; ++count) {
    Capture();
    const auto quick = AskQuickly(kCaptured, tag);
    ASSERT_TRUE(quick) << count;
    EXPECT_EQ(quick->status, 200);
    EXPECT_EQ(Captured(*quick), count);
    tag = Header(*quick, "ETag");
    EXPECT_EQ(AskQuickly(kCaptured, tag)->status, 304);
    EXPECT_EQ(Ask(kCaptured, tag).status, 304);
  }
  EXPECT_TRUE(database_
                  ->Write<void>([&](db::Connection& c) -> Status {
                    return org::AddStaff(c, dealer_, "ben", "Ben").ok() ? Status() : Status(Error("code_taken"));
                  })
                  .ok());
  EXPECT_FALSE(AskQuickly(kCaptured, tag)) << "the organisation is read anew";
  EXPECT_EQ(Ask(kCaptured, tag).status, 200);
}

// More than an answer at once would take in: at leisure it has been done before.
TEST_P(FreshnessTest, WhatCameSinceAQuestionIsTakenInAtLeisure) {
  if (!database_->ChangeMark()) return;
  int count = 1;
  const auto capture_many = [&](bool at_leisure) {
    for (int i = 0; i < 40; ++i, ++count) {
      Capture();
      if (at_leisure) FollowAtLeisure(*database_, facts_, freshness_);
    }
  };
  const std::string network = R"({"columns":["prospect_cnt"],"by":["dealer"],"period":"2026-10"})";
  EXPECT_FALSE(facts_.network_asked());
  EXPECT_EQ(Captured(Ask(network)), count);
  EXPECT_TRUE(facts_.network_asked());
  capture_many(false);
  EXPECT_FALSE(AskQuickly(network)) << "it is left to who may wait";
  EXPECT_EQ(Captured(Ask(network)), count);
  capture_many(true);
  const auto quick = AskQuickly(network);
  ASSERT_TRUE(quick);
  EXPECT_EQ(Captured(*quick), count);
}

TEST(State, IsReadBackFromItsText) {
  const State state{0xabc, ~uint64_t{0}, 17, 3, Day{20'772}};
  EXPECT_EQ(state.Text(), "abc-ffffffffffffffff-17-3-20772");
  EXPECT_EQ(State::Parse(state.Text()), state);
  for (const char* bad : {"", "abc", "abc-1-2-3", "abc-1-2-3-4x", "g-1-2-3-4", "a-1-2-3-99999999999999"}) {
    EXPECT_EQ(State::Parse(bad), std::nullopt) << bad;
  }
}

// What a page hears, told by its wake.
class Ear {
 public:
  explicit Ear(const std::shared_ptr<http::EventStream>& stream) : stream_(stream) {
    EXPECT_TRUE(stream_->WakeBy([this] {
      const std::lock_guard lock(mutex_);
      ++wakes_;
      woken_.notify_all();
    }));
  }
  std::string Now() { return *stream_->Poll(); }
  // The next thing said.
  std::string Next() {
    std::string said = Now();
    for (int heard = 0; said.empty(); said = Now()) {
      std::unique_lock lock(mutex_);
      woken_.wait(lock, [&] { return wakes_ > heard; });
      heard = wakes_;
    }
    return said;
  }

 private:
  std::shared_ptr<http::EventStream> stream_;
  std::mutex mutex_;
  std::condition_variable woken_;
  int wakes_ = 0;
};

json::object DataOf(const std::string& event) {
  const size_t at = event.find("data: ") + 6;
  return json::parse(event.substr(at, event.find('\n', at) - at)).as_object();
}

TEST_P(FreshnessTest, AnOpenPageHearsWhatMoves) {
  ChangeWatch watch(freshness_, {std::chrono::milliseconds(1)});
  watch.Start();
  auto stream = watch.Listen("");
  ASSERT_TRUE(stream.ok());
  {
    Ear ear(*stream);
    const std::string begin = ear.Now();
    EXPECT_TRUE(begin.starts_with("event: now\n")) << begin;
    EXPECT_EQ(std::string(DataOf(begin).at("state").as_string()), freshness_.Look()->Text());
    EXPECT_EQ(ear.Now(), "") << "nothing has moved";
    Capture();
    const std::string entry = ear.Next();
    EXPECT_TRUE(entry.starts_with("event: changed\n")) << entry;
    EXPECT_TRUE(DataOf(entry).at("ledger").as_bool());
    EXPECT_FALSE(DataOf(entry).at("organisation").as_bool());
    EXPECT_FALSE(DataOf(entry).at("definitions").as_bool());
    EXPECT_EQ(entry.find("West"), std::string::npos) << "nobody is named";
    EXPECT_TRUE(database_
                    ->Write<void>([&](db::Connection& c) -> Status {
                      return org::AddDealer(c, "E", "East").ok() ? Status() : Status(Error("code_taken"));
                    })
                    .ok());
    const json::object organisation = DataOf(ear.Next());
    EXPECT_TRUE(organisation.at("organisation").as_bool());
    EXPECT_FALSE(organisation.at("ledger").as_bool());
  }
  stream = Error("gone");  // the last who holds it
  watch.Stop();
}

TEST_P(FreshnessTest, WhoComesBackHearsWhatHasMovedMeanwhile) {
  ChangeWatch watch(freshness_, {std::chrono::milliseconds(1)});
  const std::string before = freshness_.Look()->Text();
  const auto same = watch.Listen(before);
  ASSERT_TRUE(same.ok());
  EXPECT_TRUE((*same)->Poll()->starts_with("event: now\n"));
  Capture();
  const auto late = watch.Listen(before);
  ASSERT_TRUE(late.ok());
  const std::string first = *(*late)->Poll();
  EXPECT_TRUE(first.starts_with("event: changed\n")) << first;
  EXPECT_TRUE(DataOf(first).at("ledger").as_bool());
  const auto stranger = watch.Listen("what is this");
  ASSERT_TRUE(stranger.ok());
  EXPECT_TRUE((*stranger)->Poll()->starts_with("event: now\n"));
}

INSTANTIATE_TEST_SUITE_P(On, FreshnessTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::analysis
