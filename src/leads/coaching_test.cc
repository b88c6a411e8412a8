#include "leads/coaching.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "access/resealing.h"
#include "access/testing.h"
#include "base/text.h"
#include "catalog/embedded.h"
#include "db/testing.h"
#include "leads/coaching_api.h"
#include "leads/spot_checks.h"
#include "org/org.h"

namespace dealpace::leads {
namespace {

namespace json = boost::json;
using access::Code;

const Day kMonth = *ParseDay("2026-11-01");
const Instant kNow{int64_t{ParseDay("2026-11-25")->value} * 86'400'000 + 3 * 3'600'000};
const Verdicts kFine = {{"name", Verdict::kTrue}, {"phone", Verdict::kTrue}};
const Verdicts kWrongPhone = {{"name", Verdict::kTrue}, {"phone", Verdict::kFalse}};

class CoachingTest : public testing::TestWithParam<db::Kind> {
 protected:
  CoachingTest()
      : database_(GetParam()),
        vault_(*access::Vault::Open(*database_, *access::KeyFile::Make(folder_.path() / "keys"))),
        store_(*database_, *vault_, catalog::Load(catalog::EmbeddedFiles()).catalog),
        checks_(store_, [](uint32_t) { return 0; }),
        coaching_(store_) {
    const auto made = database_->Write<void>([&](db::Connection& c) -> Status {
      dealer_ = *org::AddDealer(c, "D1", "一店");
      ana_ = *org::AddStaff(c, dealer_, "ana", "Ana");
      ben_ = *org::AddStaff(c, dealer_, "ben", "Ben");
      return {};
    });
    EXPECT_EQ(Code(made), "");
    AddCoachingRoutes(router_, {[this]() -> Result<Store*> { return &store_; },
                                [this](const http::Request& request, DealerId dealer) -> Result<Visible> {
                                  if (dealer != dealer_) return Error("not_found");
                                  if (request.caller.login == "boss") return Visible::All();
                                  return Visible{false, {ben_}, {}};
                                },
                                [this](const http::Request& request, DealerId) -> Result<std::vector<StaffId>> {
                                  if (request.caller.login == "ana") return std::vector{ana_};
                                  if (request.caller.login == "ben") return std::vector{ben_};
                                  return std::vector<StaffId>();
                                },
                                [] { return kNow; },
                                {}});
  }

  // Notes acts and who did them, as the audit log does.
  db::Witness Witness() {
    return {[this](db::Connection&, const db::Deed& deed) -> Status {
              if (deed.act.starts_with("coaching.")) acts_ += deed.act.substr(9) + ";";
              return {};
            },
            AccountId(1)};
  }
  Asker BossAsks() { return {dealer_, Visible::All(), "boss", Witness()}; }
  Checker Boss() { return {BossAsks(), {}, Witness()}; }

  void Files(StaffId owner, int count) {
    for (int i = 0; i < count; ++i) {
      NewCustomer input;
      input.record = {{"name", "王小明"}, {"phone", std::to_string(13'800'000'000 + next_++)}};
      input.owner = owner;
      input.lead = LeadInput();
      ASSERT_EQ(Code(store_.Add(BossAsks(), input, kNow)), "");
    }
  }
  std::vector<int64_t> Draw(StaffId owner) {
    EXPECT_EQ(Code(checks_.Draw(Boss(), kMonth, kNow)), "");
    std::vector<int64_t> ids;
    const auto month = checks_.Month(BossAsks(), kMonth, kNow);
    for (const SpotCheck& check : month->checks) {
      if (check.owner == owner) ids.push_back(check.id);
    }
    return ids;
  }
  void Say(int64_t check, const Verdicts& verdicts) {
    const int64_t version = checks_.Get(BossAsks(), check, kNow)->version;
    ASSERT_EQ(Code(checks_.Record(Boss(), check, version, verdicts, kNow)), "");
  }
  std::vector<CoachingTask> Tasks(std::optional<CoachingState> state = {}) {
    const auto page = coaching_.List(BossAsks(), {state}, 50, kNow);
    EXPECT_EQ(Code(page), "");
    return page.ok() ? page->tasks : std::vector<CoachingTask>();
  }
  // "ana 4/5 phone=1 open"
  std::string Told() {
    std::string text;
    for (const CoachingTask& task : Tasks()) {
      text += (text.empty() ? "" : "; ") + std::string(task.figure.staff == ana_ ? "ana " : "ben ") +
              std::to_string(task.figure.num) + "/" + std::to_string(task.figure.den);
      for (const auto& [field, count] : task.figure.findings) text += " " + field + "=" + std::to_string(count);
      text += " " + std::string(CoachingStateName(task.state));
    }
    return text;
  }
  http::Response Ask(const std::string& who, http::Method method, const std::string& path, int64_t dealer,
                     const std::string& state = {}, const std::string& body = {}) {
    http::Request request;
    request.method = method;
    request.caller.login = who;
    request.path = "/api/v1/coaching-tasks" + path;
    request.query.emplace_back("dealer", std::to_string(dealer));
    if (!state.empty()) request.query.emplace_back("state", state);
    request.body = body;
    request.headers.emplace("if-match", "W/\"1\"");
    const http::Router::Match match = router_.Find(method, request.path);
    request.params = match.params;
    return match.route->handler(request);
  }

  access::TestFolder folder_;
  db::TestDatabase database_;
  std::unique_ptr<access::Vault> vault_;
  Store store_;
  SpotChecks checks_;
  CoachingTasks coaching_;
  http::Router router_;
  DealerId dealer_;
  StaffId ana_;
  StaffId ben_;
  int next_ = 0;
  std::string acts_;
};

TEST_P(CoachingTest, A5_BelowTheGoalATaskIsOpenedOnceAllIsChecked) {
  Files(ana_, 5);
  Files(ben_, 5);
  const std::vector<int64_t> anas = Draw(ana_);
  ASSERT_EQ(anas.size(), 5U);
  Say(anas[0], kWrongPhone);
  Say(anas[1], {{"name", Verdict::kFalse}, {"phone", Verdict::kFalse}});
  Say(anas[2], kFine);
  Say(anas[3], {{"phone", Verdict::kUnverifiable}});
  EXPECT_EQ(Told(), "") << "one is not checked yet";
  Say(anas[4], kFine);
  EXPECT_EQ(Told(), "ana 2/4 name=1 phone=2 open");
  const CoachingTask task = Tasks().at(0);
  EXPECT_EQ(FormatDay(task.figure.from), "2026-11-01");
  EXPECT_EQ(FormatDay(task.figure.until), "2026-11-30");
  EXPECT_EQ(FormatDay(task.due), "2026-12-09");
  EXPECT_DOUBLE_EQ(task.figure.goal, 0.9);
  // Nobody is coached for what is true.
  for (const int64_t check : Draw(ben_)) Say(check, kFine);
  EXPECT_EQ(Tasks().size(), 1U);
  EXPECT_EQ(acts_, "open;");
}

TEST_P(CoachingTest, A5_FilesThatAreStillToBeDrawnAreWaitedFor) {
  Files(ana_, 1);
  const std::vector<int64_t> first = Draw(ana_);
  Files(ana_, 1);
  Say(first.at(0), kWrongPhone);
  EXPECT_EQ(Told(), "") << "the sample has grown to two";
  for (const int64_t check : Draw(ana_)) {
    if (check != first[0]) Say(check, kFine);
  }
  EXPECT_EQ(Told(), "ana 1/2 phone=1 open");
}

TEST_P(CoachingTest, ACorrectionWithdrawsItAndThereIsNeverASecond) {
  Files(ana_, 5);
  const std::vector<int64_t> ids = Draw(ana_);
  for (const int64_t id : ids) Say(id, id == ids[0] || id == ids[1] ? kWrongPhone : kFine);
  EXPECT_EQ(Told(), "ana 3/5 phone=2 open");
  Say(ids[0], kFine);
  EXPECT_EQ(Told(), "ana 4/5 phone=1 open");
  Say(ids[1], kFine);
  EXPECT_EQ(Told(), "ana 5/5 withdrawn");
  EXPECT_EQ(Tasks().at(0).closed_by, "");
  EXPECT_TRUE(Tasks().at(0).closed_at);
  EXPECT_TRUE(Tasks(CoachingState::kOpen).empty());
  // Wrong again after all: the same one.
  const int64_t id = Tasks().at(0).id;
  Say(ids[1], kWrongPhone);
  EXPECT_EQ(Told(), "ana 4/5 phone=1 open");
  EXPECT_EQ(Tasks().at(0).id, id);
  EXPECT_FALSE(Tasks().at(0).closed_at);
  EXPECT_EQ(acts_, "open;withdraw;open;");
}

TEST_P(CoachingTest, WhatIsDoneStaysDoneWithItsNote) {
  Files(ana_, 5);
  const std::vector<int64_t> ids = Draw(ana_);
  for (const int64_t id : ids) Say(id, id == ids[0] ? kWrongPhone : kFine);
  const CoachingTask task = Tasks().at(0);
  const auto done = [&](const Asker& asker, const std::vector<StaffId>& self, int64_t version,
                        const std::string& note) {
    return Code(coaching_.Done(asker, self, task.id, version, note, kNow));
  };
  EXPECT_EQ(done({dealer_, {false, {ben_}, {}}, "ben", {}}, {ben_}, task.version, "x"), "not_found");
  EXPECT_EQ(done(BossAsks(), {ana_}, task.version, "x"), "coaching_own_task");
  EXPECT_EQ(done(BossAsks(), {}, task.version + 1, "x"), "edit_conflict");
  EXPECT_EQ(done(BossAsks(), {}, task.version, "  \n "), "coaching_note_missing");
  EXPECT_EQ(done(BossAsks(), {}, task.version, "证件 11010519491231002X"), "number_forbidden");
  EXPECT_EQ(done(BossAsks(), {}, task.version, "一起复核了电话\n下周再看"), "");
  EXPECT_EQ(done(BossAsks(), {}, task.version + 1, "x"), "coaching_not_open");
  const auto lies_open = database_->Read<bool>([&](db::Connection& c) -> Result<bool> {
    db::Rows rows = c.Query("SELECT note FROM coaching_task WHERE dealer_id = ?1", dealer_);
    return rows.Next() && rows.Bytes(0).find("电话") != std::string_view::npos;
  });
  EXPECT_FALSE(*lies_open) << "sealed in the store";
  for (const Verdicts& later : {kFine, kWrongPhone}) {
    Say(ids[0], later);
    EXPECT_EQ(Told(), "ana 4/5 phone=1 done");
  }
  EXPECT_EQ(Tasks().at(0).note, "一起复核了电话\n下周再看");
  EXPECT_EQ(Tasks().at(0).closed_by, "boss");
  EXPECT_EQ(acts_, "open;done;");
  // With a new data key it is sealed anew like the rest.
  ASSERT_EQ(Code(vault_->Rotate(kNow)), "");
  access::Resealer resealer(*database_, *vault_, {});
  ASSERT_EQ(Code(resealer.Run({})), "");
  EXPECT_EQ(Tasks().at(0).note, "一起复核了电话\n下周再看");
}

TEST_P(CoachingTest, EverybodySeesWhomHeChecksAndAConsultantHisOwn) {
  for (const StaffId owner : {ana_, ben_}) {
    Files(owner, 2);
    for (const int64_t check : Draw(owner)) Say(check, kWrongPhone);
  }
  const auto whose = [&](const std::string& who, const std::string& path, const std::string& state = {}) {
    const http::Response answer = Ask(who, http::Method::kGet, path, dealer_.value, state);
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::string text;
    const json::value told = json::parse(answer.body);
    for (const json::value& task : told.at("tasks").as_array()) {
      text += task.at("staff").as_string() == std::to_string(ana_.value) ? "ana " : "ben ";
    }
    return text;
  };
  EXPECT_EQ(whose("boss", "").size(), 8U);
  EXPECT_EQ(whose("leader", ""), "ben ");
  EXPECT_EQ(whose("ana", "/own"), "ana ");
  EXPECT_EQ(whose("boss", "/own"), "") << "he is no consultant";
  EXPECT_EQ(whose("ana", "/own", "done"), "");
  EXPECT_EQ(Ask("ana", http::Method::kGet, "/own", dealer_.value, "x").log_code, "field_choice");
  EXPECT_EQ(Ask("leader", http::Method::kGet, "", 4711).log_code, "not_found");
  // A dealer where he is nobody, and one that is not there: the same.
  EXPECT_EQ(Ask("boss", http::Method::kGet, "/own", 4711).body,
            Ask("boss", http::Method::kGet, "/own", dealer_.value).body);
  int64_t anas = 0;
  for (const CoachingTask& task : Tasks()) {
    if (task.figure.staff == ana_) anas = task.id;
  }
  const std::string path = "/" + std::to_string(anas) + "/done";
  EXPECT_EQ(Ask("leader", http::Method::kPost, path, dealer_.value, {}, R"({"note":"x"})").log_code, "not_found");
  EXPECT_EQ(Ask("boss", http::Method::kPost, path, dealer_.value, {}, "{}").log_code, "coaching_note_missing");
  EXPECT_EQ(Ask("boss", http::Method::kPost, path, dealer_.value, {}, R"({"note":"x"})").status, 204);
  EXPECT_EQ(whose("ana", "/own", "done"), "ana ");
}

INSTANTIATE_TEST_SUITE_P(On, CoachingTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::leads
