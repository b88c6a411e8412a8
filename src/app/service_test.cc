#include "app/service.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/json.hpp>
#include <filesystem>
#include <set>
#include <thread>

#include "access/testing.h"
#include "app/openapi.h"
#include "attachments/testing.h"
#include "db/migrate.h"
#include "db/testing.h"
#include "leads/attachment_homes.h"
#include "org/org.h"

namespace dealpace::app {
namespace {

std::string Text(const Operation& operation) { return operation.method + " " + operation.path; }

TEST(OpenApi, RoutesAndContractAreTheSameList) {
  const db::TestStore store(db::Kind::kSqlite);
  auto system = System::Open(store.url());
  ASSERT_TRUE(system.ok());
  ASSERT_TRUE(db::Migrate((*system)->database()).ok());
  ServiceOptions options;
  options.folder = std::filesystem::path(store.url()).parent_path().string();
  const Service service(**system, options);

  std::set<std::string> promised;
  std::set<std::string> open;
  for (const Operation& operation : ContractOperations()) {
    EXPECT_TRUE(promised.insert(Text(operation)).second) << Text(operation) << " stands twice";
    if (operation.open) open.insert(Text(operation));
  }
  std::set<std::string> served;
  std::set<std::string> unguarded;
  for (const http::Route& route : service.routes()) {
    const std::string text = std::string(http::MethodName(route.method)) + " " + route.pattern;
    EXPECT_TRUE(served.insert(text).second) << text << " is served twice";
    if (route.admission.gate == http::Gate::kOpen) unguarded.insert(text);
  }
  EXPECT_EQ(served, promised);
  EXPECT_EQ(unguarded, open);
}

TEST(OpenApi, JsonIsWhatTheYamlSays) {
  const auto document = boost::json::parse(OpenApiJson());
  EXPECT_EQ(document.at("openapi").as_string(), "3.1.0");
  EXPECT_GT(document.at("paths").as_object().size(), 40U);
  // What is in quotes is text, what looks like a number or a truth is one.
  EXPECT_TRUE(document.at("paths").at("/healthz").at("get").at("responses").as_object().contains("200"));
  const auto& limit = document.at_pointer("/components/schemas/Question/properties/columns/maxItems");
  EXPECT_EQ(limit.as_int64(), 60);
  const auto& shared = document.at_pointer("/components/schemas/Question/properties/to_date/default");
  EXPECT_EQ(shared.as_bool(), false);
}

// ---- What the rooms are wired to ----

const Instant kNow{1'795'000'000'000};

class ServiceTest : public testing::TestWithParam<db::Kind> {
 protected:
  ServiceTest() : store_(GetParam()), system_(*System::Open(store_.url())) {
    EXPECT_TRUE(db::Migrate(system_->database()).ok());
    EXPECT_TRUE(system_->OpenVault((folder_.path() / "keys").string()).ok());
    ServiceOptions options;
    options.folder = folder_.path().string();
    options.clock = [] { return kNow; };
    options.access.cost = access::Passwords::Cost::Least();
    service_ = std::make_unique<Service>(*system_, options);
    customers_.emplace(system_->database(), *system_->vault(), system_->shared_catalog());
    const Status made = system_->database().Write<void>([this](db::Connection& c) -> Status {
      ASSIGN_OR_RETURN(dealer_, org::AddDealer(c, "D1", ""));
      ASSIGN_OR_RETURN(team_, org::AddTeam(c, dealer_, "T1", ""));
      ASSIGN_OR_RETURN(ana_, org::AddStaff(c, dealer_, "ana", ""));
      ASSIGN_OR_RETURN(ben_, org::AddStaff(c, dealer_, "ben", ""));
      for (const StaffId staff : {ana_, ben_}) org::MoveStaff(c, dealer_, staff, Day{20'000}, team_);
      return {};
    });
    EXPECT_TRUE(made.ok());
  }

  AccountId Account(const std::string& login) {
    const auto added = service_->access().AddAccount(login, "", access::Role::kMember);
    EXPECT_EQ(access::Code(added), "");
    return added.ok() ? added->account.id : AccountId();
  }
  void Give(AccountId account, const std::string& role, access::PostPlace place, Day from = {20'000},
            std::optional<Day> until = {}) {
    place.dealer = dealer_;
    EXPECT_EQ(access::Code(service_->access().AddPost({0, account, role, place, from, until})), "");
  }
  leads::Added Customer(StaffId owner, const std::string& phone) {
    leads::NewCustomer input;
    input.record = {{"name", "张三"}, {"phone", phone}};
    input.owner = owner;
    input.lead.emplace();
    const auto added = customers_->Add({dealer_, leads::Visible::All(), "boss"}, input, kNow);
    EXPECT_EQ(access::Code(added), "");
    return added.ok() ? *added : leads::Added();
  }
  // "200", or the code of the problem, for whom his posts let in.
  std::string Ask(AccountId account, http::Method method, const std::string& pattern, const std::string& param,
                  const std::string& value, const std::string& body, const std::string& if_match = {},
                  std::string* answer = nullptr) {
    for (const http::Route& route : service_->routes()) {
      if (route.method != method || route.pattern != pattern) continue;
      http::Request request;
      request.method = method;
      request.path = pattern;
      request.query.emplace_back("dealer", std::to_string(dealer_.value));
      if (!param.empty()) request.params[param] = value;
      request.body = body;
      if (!if_match.empty()) request.headers.emplace("if-match", if_match);
      request.caller.account = account;
      request.caller.login = "somebody";
      const auto rights = system_->database().Read<std::shared_ptr<const http::RightsAndRows>>([&](db::Connection& c) {
        return access::RightsOf(access::PostsOn(c, account, Day{20'775}), system_->catalog(), {}, Day{20'775});
      });
      EXPECT_EQ(access::Code(rights), "");
      request.caller.rights = *rights;
      request.right = route.admission.right;
      if (request.caller.RowsFor(request.right) == nullptr) return "right_missing";
      const http::Response response = route.handler(request);
      if (answer != nullptr) *answer = response.body;
      return response.status < 400 ? std::to_string(response.status) : response.log_code;
    }
    ADD_FAILURE() << "no route " << pattern;
    return "";
  }
  // How many of 80 that come at once are let in.
  int LetIn(const std::function<std::string()>& ask, const std::string& refused) {
    std::atomic<int> in = 0;
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&] {
          for (int i = 0; i < 10; ++i) {
            const std::string outcome = ask();
            if (outcome == "200") ++in;
            EXPECT_TRUE(outcome == "200" || outcome == refused) << outcome;
          }
        });
      }
    }
    return in;
  }

  access::TestFolder folder_;
  db::TestStore store_;
  std::unique_ptr<System> system_;
  std::unique_ptr<Service> service_;
  std::optional<leads::Store> customers_;
  DealerId dealer_;
  TeamId team_;
  StaffId ana_, ben_;
};

TEST_P(ServiceTest, SixtyLooksAnHourAreSixtyHoweverManyComeAtOnce) {
  const AccountId boss = Account("boss");
  Give(boss, "SM", {});
  const leads::Added customer = Customer(ana_, "13800000001");
  const std::string id = std::to_string(customer.customer.value);
  EXPECT_EQ(LetIn(
                [&] {
                  return Ask(boss, http::Method::kPost, "/api/v1/customers/{id}/reveal", "id", id,
                             R"({"reason":"contact"})");
                },
                "reveal_too_many"),
            60);
  const auto packed = attachments::Store::Pack(dealer_, "a.jpg", "", attachments::TestJpeg());
  ASSERT_EQ(access::Code(packed), "");
  const Status kept = system_->database().Write<void>([&](db::Connection& c) {
    return attachments::Store(*system_->vault()).Add(c, {leads::kCustomerHome, id}, *packed, "ana", kNow);
  });
  ASSERT_EQ(access::Code(kept), "");
  EXPECT_EQ(LetIn(
                [&] {
                  return Ask(boss, http::Method::kPost, "/api/v1/attachments/{id}/content", "id",
                             std::to_string(packed->id().value), R"({"reason":"contact"})");
                },
                "attachments_read_too_many"),
            60)
      << "counted for themselves";
  const AccountId other = Account("other");
  Give(other, "SM", {});
  EXPECT_EQ(Ask(other, http::Method::kPost, "/api/v1/customers/{id}/reveal", "id", id, R"({"reason":"contact"})"),
            "200");
}

// BR-57, BR-16: who verifies or checks is known by all posts that name him, whatever rows they give.
TEST_P(ServiceTest, BR57_NobodyVerifiesHisOwnWhateverHisPostIs) {
  const AccountId leader = Account("leader");
  access::PostPlace team;
  team.team = team_;
  team.staff = ana_;
  Give(leader, "TL", team);
  const auto verify = [&](AccountId who, const std::string& lead) {
    return Ask(who, http::Method::kPut, "/api/v1/verifications/{lead}", "lead", lead, R"({"heard":"confirmed"})",
               http::VersionTag(0));
  };
  const std::string anas = Customer(ana_, "13800000001").lead;
  const std::string bens = Customer(ben_, "13800000002").lead;
  EXPECT_EQ(verify(leader, anas), "verify_own_lead");
  EXPECT_EQ(verify(leader, bens), "204");
  std::string listed;
  EXPECT_EQ(Ask(leader, http::Method::kGet, "/api/v1/verifications", "", "", "", "", &listed), "200");
  EXPECT_EQ(boost::json::parse(listed).at("self").as_array().size(), 1U);
  // The one who once sold cars: his customers may still be his.
  const AccountId was = Account("was");
  access::PostPlace own;
  own.staff = ana_;
  Give(was, "SC", own, {20'000}, Day{20'100});
  Give(was, "SM", {});
  EXPECT_EQ(verify(was, anas), "verify_own_lead");
  // Who is nobody of the staff may verify each, and what he confirms counts for nobody as the caller; that is told.
  const AccountId stranger = Account("stranger");
  Give(stranger, "SM", {});
  EXPECT_EQ(Ask(stranger, http::Method::kGet, "/api/v1/verifications", "", "", "", "", &listed), "200");
  EXPECT_EQ(boost::json::parse(listed).at("self").as_array().size(), 0U);
  EXPECT_EQ(verify(stranger, anas), "204");
  const auto actors = system_->database().Read<std::string>([&](db::Connection& c) -> Result<std::string> {
    std::string text;
    db::Rows rows = c.Query(
        "SELECT lead, actor FROM ledger_entry WHERE dealer_id = ?1 AND event = 'lead_customer' ORDER BY seq", dealer_);
    while (rows.Next()) {
      text += (rows.Text(0) == anas ? "ana's by " : "ben's by ") +
              (rows.IsNull(1) ? std::string("nobody") : std::string(rows.Int(1) == ana_.value ? "ana" : "?")) + ";";
    }
    return text;
  });
  EXPECT_EQ(*actors, "ben's by ana;ana's by nobody;");
}

INSTANTIATE_TEST_SUITE_P(On, ServiceTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::app
