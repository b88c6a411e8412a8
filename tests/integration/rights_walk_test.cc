#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>
#include <set>

#include "access/tokens.h"
#include "app/customers_import_api.h"
#include "app/service.h"
#include "app/wiring.h"
#include "db/migrate.h"
#include "db/testing.h"
#include "exchange/import_store.h"
#include "http/testing.h"
#include "leads/attachment_homes.h"
#include "leads/coaching.h"
#include "leads/spot_checks.h"
#include "leads/store.h"
#include "ledger/ledger.h"
#include "org/org.h"
#include "privacy/requests.h"

// Walks over all routes as people in every role, and looks for what must not be there: the names of dealers, teams and
// people beyond their rows, and figures that such rows have gone into. A route that the walk does not know fails it.
namespace dealpace::app {
namespace {

namespace json = boost::json;

constexpr Instant kNow{1'792'458'000'000};  // 2026-10-20 09:00 in Shanghai

// Names that tell whose they are. Of each row set the number of captured leads is another prime, so that a sum tells
// which sets are in it.
struct Store {
  RegionId north, south;
  DealerId one, two, three;
  TeamId alpha, beta;
  StaffId ana, bob, eve, zoe;
};
const Day kCheckMonth = *ParseDay("2026-10-01");  // in which the customers are entered
constexpr int kAnas = 3;
constexpr int kBobs = 7;
constexpr int kNobodys = 13;  // of dealer one, without a person
constexpr int kTwos = 29;     // in the same region
constexpr int kThrees = 101;  // in the other region

struct Person {
  std::string name;
  std::string token;
  std::set<std::string> hidden;  // words that no answer to him may hold
  int64_t captured = 0;          // that his figures add up to; -1: he may not ask
};

class RightsWalkTest : public testing::TestWithParam<db::Kind> {
 protected:
  RightsWalkTest() : store_(GetParam()) {
    auto system = System::Open(store_.url());
    EXPECT_TRUE(system.ok());
    system_ = *std::move(system);
    EXPECT_TRUE(db::Migrate(system_->database()).ok());
    folder_ = (std::filesystem::temp_directory_path() / ("dealpace-walk-" + std::to_string(NewId()))).string();
    std::filesystem::create_directories(folder_);
    EXPECT_TRUE(system_->OpenVault(folder_ + "/keys").ok());
    const Status filled = system_->database().Write<void>([this](db::Connection& c) { return Fill(c); });
    EXPECT_TRUE(filled.ok()) << filled.error().code;
    ServiceOptions options;
    options.folder = folder_;
    options.http.port = 0;
    options.clock = [] { return kNow; };
    options.http.limits.per_second = 0;
    service_ = std::make_unique<Service>(*system_, options);
    EXPECT_TRUE(service_->Start().ok());
    leads::Store customers(system_->database(), *system_->vault(), system_->shared_catalog());
    // Names by their first character, the rest is masked for everybody.
    anas_customer_ = AddCustomer(customers, at_.one, at_.ana, "阿", "13800000001");
    bobs_customer_ = AddCustomer(customers, at_.one, at_.bob, "博", "13800000002");
    eves_customer_ = AddCustomer(customers, at_.two, at_.eve, "伊", "13800000003");
    // Of each of dealer one's two files one check; Bob's is asked for.
    leads::SpotChecks checks(customers, [](uint32_t) { return 0; });
    const leads::Asker boss{at_.one, leads::Visible::All(), "walk"};
    EXPECT_TRUE(checks.Draw({boss, {}, {}}, kCheckMonth, kNow).ok());
    const auto drawn = checks.Month(boss, kCheckMonth, kNow);
    EXPECT_TRUE(drawn.ok() && drawn->checks.size() == 2);
    for (const leads::SpotCheck& check : drawn->checks) {
      if (check.owner == at_.bob) check_ = std::to_string(check.id);
    }
    // Bob's is false, and he has been coached.
    const int64_t version = drawn.ok() ? drawn->checks.front().version : 0;
    EXPECT_TRUE(
        checks.Record({boss, {}, {}}, std::stoll(check_), version, {{"name", leads::Verdict::kFalse}}, kNow).ok());
    leads::CoachingTasks coaching(customers);
    const auto tasks = coaching.List(boss, {}, 10, kNow);
    EXPECT_TRUE(tasks.ok() && tasks->tasks.size() == 1);
    if (tasks.ok() && !tasks->tasks.empty()) {
      task_ = std::to_string(tasks->tasks.front().id);
      EXPECT_TRUE(coaching.Done(boss, {}, tasks->tasks.front().id, 1, "博辅导", kNow).ok());
    }
    files_ = {AddFile(at_.one, anas_customer_, "阿件"), AddFile(at_.one, bobs_customer_, "博件"),
              AddFile(at_.two, eves_customer_, "伊件")};
    // Somebody of dealer two has imported a file.
    exchange::ImportJob job;
    job.id = NewId();
    job.file_name = "SHOPTWO.csv";
    job.place = "elsewhere";
    job.state = "done";
    job.scope = {false, {at_.two}};
    job.created_at = job.changed_at = kNow;
    job.created_by = "PERSONEVE";
    const Status stored = system_->database().Write<void>([&](db::Connection& c) -> Status {
      exchange::InsertJob(c, job);
      return {};
    });
    EXPECT_TRUE(stored.ok());
    job_ = std::to_string(job.id);
    // Bob's list has a new customer, who is taken in, and a line that is not.
    leads::CustomerImports imports(customers);
    const leads::Asker bob{at_.one, {false, {at_.bob}, {}}, "bob"};
    std::vector<leads::ImportRow> rows(2);
    rows[0].number = 2;
    rows[0].record = {{"name", "博客户"}, {"phone", "13800000002"}};
    rows[0].owner = "PERSONBOB";
    rows[1].number = 3;
    const auto begun = imports.Begin(bob, ListHead({}), std::vector<std::string>{"[]"}, 2, kNow);
    EXPECT_TRUE(begun.ok() && imports.Start(bob, *begun, 1, kNow).ok());
    leads::CustomerImports::Work work;
    work.rows = rows;
    work.keep = [](const leads::ImportRow&, const Error&) { return "博客户 13800000002"; };
    EXPECT_TRUE(imports.Run(bob, *begun, work, kNow).ok());
    import_ = std::to_string(begun.ok() ? *begun : 0);
    requests_ = {AddRequest(customers, at_.one, bobs_customer_), AddRequest(customers, at_.two, eves_customer_)};
  }
  ~RightsWalkTest() override {
    service_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  Status Fill(db::Connection& c) {
    ASSIGN_OR_RETURN(at_.north, org::AddRegion(c, "NORTHLAND", ""));
    ASSIGN_OR_RETURN(at_.south, org::AddRegion(c, "SOUTHLAND", ""));
    ASSIGN_OR_RETURN(at_.one, org::AddDealer(c, "SHOPONE", ""));
    ASSIGN_OR_RETURN(at_.two, org::AddDealer(c, "SHOPTWO", ""));
    ASSIGN_OR_RETURN(at_.three, org::AddDealer(c, "SHOPTHREE", ""));
    const Day begin{20'000};
    org::MoveDealer(c, at_.one, begin, at_.north);
    org::MoveDealer(c, at_.two, begin, at_.north);
    org::MoveDealer(c, at_.three, begin, at_.south);
    ASSIGN_OR_RETURN(at_.alpha, org::AddTeam(c, at_.one, "TEAMALPHA", ""));
    ASSIGN_OR_RETURN(at_.beta, org::AddTeam(c, at_.one, "TEAMBETA", ""));
    ASSIGN_OR_RETURN(at_.ana, org::AddStaff(c, at_.one, "PERSONANA", ""));
    ASSIGN_OR_RETURN(at_.bob, org::AddStaff(c, at_.one, "PERSONBOB", ""));
    ASSIGN_OR_RETURN(at_.eve, org::AddStaff(c, at_.two, "PERSONEVE", ""));
    ASSIGN_OR_RETURN(at_.zoe, org::AddStaff(c, at_.three, "PERSONZOE", ""));
    org::MoveStaff(c, at_.one, at_.ana, begin, at_.alpha);
    org::MoveStaff(c, at_.one, at_.bob, begin, at_.beta);
    const auto book = [&](DealerId dealer, StaffId staff, int count) {
      std::vector<ledger::NewEntry> entries(static_cast<size_t>(count));
      for (size_t i = 0; i < entries.size(); ++i) {
        entries[i].event = system_->catalog().FindEvent("captured");
        entries[i].day = *ParseDay("2026-10-10");
        entries[i].at = {ParseDay("2026-10-10")->value * int64_t{86'400'000} + 10'000};
        entries[i].lead = std::to_string(dealer.value) + "-" + std::to_string(staff.value) + "-" + std::to_string(i);
        entries[i].actor = staff;
      }
      (void)ledger::Append(c, system_->catalog(), dealer, entries, {"walk", kNow, {}});
    };
    book(at_.one, at_.ana, kAnas);
    book(at_.one, at_.bob, kBobs);
    book(at_.one, StaffId(), kNobodys);
    book(at_.two, at_.eve, kTwos);
    book(at_.three, at_.zoe, kThrees);
    return {};
  }

  static std::string AddCustomer(leads::Store& customers, DealerId dealer, StaffId owner, const std::string& name,
                                 const std::string& phone) {
    leads::NewCustomer input;
    input.owner = owner;
    input.record["name"] = name + "客户";
    input.record["phone"] = phone;
    const auto added = customers.Add({dealer, leads::Visible::All(), "walk"}, input, kNow);
    EXPECT_TRUE(added.ok()) << added.error().code;
    return added.ok() ? std::to_string(added->customer.value) : "0";
  }

  // Its name tells whose it is.
  std::string AddFile(DealerId dealer, const std::string& customer, const std::string& name) {
    const auto packed = attachments::Store::Pack(dealer, name, "", name + "内容");
    EXPECT_TRUE(packed.ok());
    const Status added = system_->database().Write<void>([&](db::Connection& c) {
      return attachments::Store(*system_->vault()).Add(c, {leads::kCustomerHome, customer}, *packed, "walk", kNow);
    });
    EXPECT_TRUE(added.ok()) << added.error().code;
    return std::to_string(packed->id().value);
  }

  // Of somebody who asks for access, and who it is was made sure.
  std::string AddRequest(leads::Store& customers, DealerId dealer, const std::string& customer) {
    privacy::Store store(system_->database(), *system_->vault(), customers);
    privacy::Requests requests(system_->database(), *system_->vault(), store);
    const leads::Asker all{dealer, leads::Visible::All(), "walk"};
    const auto made =
        requests.Receive(all, {}, leads::CustomerId(std::stoll(customer)), {"access", "phone", {}, ""}, kNow);
    EXPECT_TRUE(made.ok());
    EXPECT_TRUE(requests.Check(all, {}, *made, 1, "known", privacy::Scope::kAll, kNow).ok());
    return std::to_string(made->value);
  }

  Person MakePerson(const std::string& login, access::Role role, const std::optional<access::Post>& post) {
    Person person{login, {}, {}, -1};
    const auto made = system_->database().Write<std::string>([&](db::Connection& c) -> Result<std::string> {
      ASSIGN_OR_RETURN(const access::Account account, access::AddAccount(c, {login, "", role, {}}, kNow));
      if (post) {
        access::Post own = *post;
        own.account = account.id;
        RETURN_IF_ERROR(access::AddPost(c, system_->catalog(), own, kNow));
      }
      ASSIGN_OR_RETURN(const access::FreshToken token,
                       access::AddToken(c, account, {"walk", {"read", "write"}, {}}, kNow));
      return token.secret;
    });
    EXPECT_TRUE(made.ok()) << made.error().code << " " << login;
    if (made.ok()) person.token = *made;
    return person;
  }

  // One for each role of the catalogue, at dealer one; network roles for one region and for all; and who has no post.
  std::vector<Person> Everybody() {
    std::vector<Person> people;
    const std::set<std::string> beyond_region = {"SOUTHLAND", "SHOPTHREE", "PERSONZOE"};
    std::set<std::string> beyond_dealer = beyond_region;
    beyond_dealer.insert({"SHOPTWO", "PERSONEVE", "伊**", "138****0003", "伊件"});
    std::set<std::string> beyond_team = beyond_dealer;
    beyond_team.insert({"TEAMBETA", "博**", "138****0002", "博件",
                        "博辅导"});  // Bob may be named as who did something at the same dealer
    std::set<std::string> all = beyond_team;
    all.insert({"阿**", "138****0001", "阿件", "NORTHLAND", "SHOPONE", "TEAMALPHA", "PERSONANA", "PERSONBOB"});
    for (const catalog::Role& role : system_->catalog().roles()) {
      access::Post post;
      post.role = role.id;
      const std::string login = "walk-" + ToLower(role.id);
      switch (role.rows) {
        case catalog::Role::Rows::kOwn:
          post.place = {{}, at_.one, {}, at_.ana};
          people.push_back(MakePerson(login, access::Role::kMember, post));
          people.back().hidden = beyond_team;
          people.back().captured = kAnas;
          break;
        case catalog::Role::Rows::kTeam:
          post.place = {{}, at_.one, at_.alpha, {}};
          people.push_back(MakePerson(login, access::Role::kMember, post));
          people.back().hidden = beyond_team;
          people.back().captured = kAnas;
          break;
        case catalog::Role::Rows::kDealer:
          post.place = {{}, at_.one, {}, {}};
          people.push_back(MakePerson(login, access::Role::kMember, post));
          people.back().hidden = beyond_dealer;
          people.back().captured = kAnas + kBobs + kNobodys;
          break;
        case catalog::Role::Rows::kNetwork:
          post.place = {at_.north, {}, {}, {}};
          people.push_back(MakePerson(login + "-north", access::Role::kMember, post));
          people.back().hidden = beyond_region;
          people.back().captured = kAnas + kBobs + kNobodys + kTwos;
          post.place = {};
          people.push_back(MakePerson(login, access::Role::kMember, post));
          people.back().captured = kAnas + kBobs + kNobodys + kTwos + kThrees;
          break;
      }
    }
    people.push_back(MakePerson("walk-nobody", access::Role::kMember, std::nullopt));
    people.back().hidden = all;
    return people;
  }

  http::RawAnswer Ask(const Person& person, std::string_view method, const std::string& path,
                      const std::string& body = "") {
    http::RawClient client(service_->server().port());
    std::string headers = "Authorization: Bearer " + person.token + "\r\nAccept-Language: en\r\nIf-Match: W/\"1\"\r\n";
    if (!body.empty()) headers += "Content-Type: application/json\r\n";
    return client.Ask(method, path, headers, body).Read();
  }

  // What to ask of each route. "{…}" of a pattern is filled in here; several requests may stand for one.
  struct Probe {
    std::string path;
    std::string body;
  };
  std::map<std::string, std::vector<Probe>> Probes() const {
    const auto id = [](auto of) { return std::to_string(of.value); };
    const std::string captured = R"("columns":["prospect_cnt"],"period":"2026-10")";
    const std::string org = "/api/v1/org/";
    std::map<std::string, std::vector<Probe>> probes = {
        {"GET /metrics", {{"/metrics", ""}}},
        {"GET /api/openapi.json", {{"/api/openapi.json", ""}}},
        {"GET /api/v1/session", {{"/api/v1/session", ""}}},
        {"DELETE /api/v1/session", {{"/api/v1/session", ""}}},
        {"POST /api/v1/session/password", {{"/api/v1/session/password", R"({"current":"a","new":"b"})"}}},
        {"PATCH /api/v1/session/preferences", {{"/api/v1/session/preferences", R"({"language":"en"})"}}},
        {"GET /api/v1/session/second-factor", {{"/api/v1/session/second-factor", ""}}},
        {"POST /api/v1/session/second-factor/begin", {{"/api/v1/session/second-factor/begin", R"({"password":"a"})"}}},
        {"POST /api/v1/session/second-factor/confirm",
         {{"/api/v1/session/second-factor/confirm", R"({"code":"123456"})"}}},
        {"POST /api/v1/session/second-factor/recovery-codes",
         {{"/api/v1/session/second-factor/recovery-codes", R"({"password":"a","code":"123456"})"}}},
        {"POST /api/v1/session/second-factor/turn-off",
         {{"/api/v1/session/second-factor/turn-off", R"({"password":"a","code":"123456"})"}}},
        {"POST /api/v1/accounts/import", {{"/api/v1/accounts/import?name=x.csv", "login\nx\n"}}},
        {"GET /api/v1/sign-in-policy", {{"/api/v1/sign-in-policy", ""}}},
        {"PUT /api/v1/sign-in-policy", {{"/api/v1/sign-in-policy", R"({"second_factor":false})"}}},
        {"DELETE /api/v1/accounts/{id}/second-factor", {{"/api/v1/accounts/1/second-factor", ""}}},
        {"DELETE /api/v1/accounts/{id}/provider", {{"/api/v1/accounts/1/provider", ""}}},
        {"GET /api/v1/accounts", {{"/api/v1/accounts", ""}}},
        {"POST /api/v1/accounts", {{"/api/v1/accounts", R"({"login":"x"})"}}},
        {"PATCH /api/v1/accounts/{id}", {{"/api/v1/accounts/1", R"({"disabled":true})"}}},
        {"POST /api/v1/accounts/{id}/reset-password", {{"/api/v1/accounts/1/reset-password", ""}}},
        {"GET /api/v1/accounts/{id}/posts", {{"/api/v1/accounts/1/posts", ""}}},
        {"POST /api/v1/accounts/{id}/posts", {{"/api/v1/accounts/1/posts", R"({"role":"NW"})"}}},
        {"PATCH /api/v1/accounts/{id}/posts/{post}", {{"/api/v1/accounts/1/posts/1", R"({"until":"2026-01-01"})"}}},
        {"POST /api/v1/accounts/{id}/stand-ins",
         {{"/api/v1/accounts/1/stand-ins", R"({"stands_in_for":"2","until":"2027-01-01"})"}}},
        {"DELETE /api/v1/accounts/{id}/stand-ins/{stand_in}", {{"/api/v1/accounts/1/stand-ins/1", ""}}},
        {"GET /api/v1/audit", {{"/api/v1/audit", ""}}},
        {"GET /api/v1/audit.csv", {{"/api/v1/audit.csv", ""}}},
        {"GET /api/v1/audit/verify", {{"/api/v1/audit/verify", ""}}},
        {"GET /api/v1/tokens", {{"/api/v1/tokens", ""}}},
        {"POST /api/v1/tokens", {{"/api/v1/tokens", R"({"name":"x","scopes":["read"]})"}}},
        {"DELETE /api/v1/tokens/{id}", {{"/api/v1/tokens/1", ""}}},
        {"GET /api/v1/privacy/terms", {{"/api/v1/privacy/terms", ""}}},
        {"GET /api/v1/catalog", {{"/api/v1/catalog", ""}}},
        {"GET /api/v1/catalog/own-kpis", {{"/api/v1/catalog/own-kpis", ""}}},
        {"POST /api/v1/catalog/own-kpis", {{"/api/v1/catalog/own-kpis", "{}"}}},
        {"PUT /api/v1/catalog/own-kpis/{id}", {{"/api/v1/catalog/own-kpis/x", "{}"}}},
        {"DELETE /api/v1/catalog/own-kpis/{id}", {{"/api/v1/catalog/own-kpis/x", ""}}},
        {"POST /api/v1/kpi/check", {{"/api/v1/kpi/check", R"({"formula":"prospect_cnt[dealer=SHOPTW]"})"}}},
        {"GET /api/v1/views", {{"/api/v1/views", ""}}},
        {"POST /api/v1/views", {{"/api/v1/views", "{}"}}},
        {"PUT /api/v1/views/{id}", {{"/api/v1/views/1", "{}"}}},
        {"DELETE /api/v1/views/{id}", {{"/api/v1/views/1", ""}}},
        {"GET /api/v1/org", {{"/api/v1/org", ""}}},
        {"POST /api/v1/org/regions", {{org + "regions", R"({"code":"x"})"}}},
        {"POST /api/v1/org/dealers", {{org + "dealers", R"({"code":"x"})"}}},
        {"POST /api/v1/org/dealers/{id}/teams", {{org + "dealers/" + id(at_.two) + "/teams", R"({"code":"x"})"}}},
        {"POST /api/v1/org/dealers/{id}/staff", {{org + "dealers/" + id(at_.two) + "/staff", R"({"code":"x"})"}}},
        {"PATCH /api/v1/org/regions/{id}", {{org + "regions/" + id(at_.south), R"({"name":"x"})"}}},
        {"PATCH /api/v1/org/dealers/{id}", {{org + "dealers/" + id(at_.two), R"({"name":"x"})"}}},
        {"PATCH /api/v1/org/dealers/{id}/teams/{unit}",
         {{org + "dealers/" + id(at_.one) + "/teams/" + id(at_.beta), R"({"name":"x"})"}}},
        {"PATCH /api/v1/org/dealers/{id}/staff/{unit}",
         {{org + "dealers/" + id(at_.two) + "/staff/" + id(at_.eve), R"({"name":"x"})"}}},
        {"POST /api/v1/org/dealers/{id}/region",
         {{org + "dealers/" + id(at_.two) + "/region", R"({"from":"2026-01-01","target":null})"}}},
        {"POST /api/v1/org/dealers/{id}/staff/{unit}/team",
         {{org + "dealers/" + id(at_.two) + "/staff/" + id(at_.eve) + "/team",
           R"({"from":"2026-01-01","target":null})"}}},
        {"GET /api/v1/readings", {{"/api/v1/readings", ""}, {"/api/v1/readings?dealer=SHOPTW", ""}}},
        {"POST /api/v1/readings",
         {{"/api/v1/readings",
           R"({"readings":[{"measure":"stock_cnt","dealer":"SHOPTW","at":"2026-10-01","value":5}]})"}}},
        {"POST /api/v1/events",
         {{"/api/v1/events", R"({"event":"captured","at":"2026-10-10","dealer":"SHOPTHRE","staff":"PERSONZO"})"},
          {"/api/v1/events",
           R"({"event":"captured","at":"2026-10-10","dealer":"SHOPONE","staff":"PERSONBO","lead":"n"})"}}},
        {"GET /api/v1/mappings", {{"/api/v1/mappings", ""}}},
        {"POST /api/v1/mappings", {{"/api/v1/mappings", R"({"name":"x","import":"1"})"}}},
        {"DELETE /api/v1/mappings/{id}", {{"/api/v1/mappings/1", ""}}},
        {"GET /api/v1/imports", {{"/api/v1/imports", ""}}},
        {"POST /api/v1/imports",
         {{"/api/v1/imports", "{}"},
          {"/api/v1/imports?name=x.csv", "经销商,线索编号,到店日期\nSHOPTW,A1,2026-10-01\n"}}},
        {"GET /api/v1/imports/{id}", {{"/api/v1/imports/" + job_, ""}}},
        {"PUT /api/v1/imports/{id}", {{"/api/v1/imports/" + job_, "{}"}}},
        {"DELETE /api/v1/imports/{id}", {{"/api/v1/imports/1", ""}}},
    };
    const std::string of_two = "?dealer=" + id(at_.two);
    const std::string of_one = "?dealer=" + id(at_.one);
    for (const std::string& of : {of_one, of_two}) {
      const auto ask = [&](const std::string& route, const std::string& path, const std::string& body = "") {
        probes[route].push_back({"/api/v1/" + path + of, body});
      };
      ask("GET /api/v1/customers", "customers");
      ask("GET /api/v1/customers.csv", "customers.csv");
      ask("POST /api/v1/customers", "customers", R"({"record":{"name":"x"}})");
      ask("POST /api/v1/customers/search", "customers/search", R"({"q":"CUSTOMER"})");
      ask("POST /api/v1/customers/duplicates", "customers/duplicates", R"({"record":{"phone":"13800000001"}})");
      ask("POST /api/v1/customers/handover", "customers/handover", R"({"from":"1","to":"2"})");
      for (const std::string& customer : {anas_customer_, bobs_customer_, eves_customer_}) {
        ask("GET /api/v1/customers/{id}", "customers/" + customer);
        ask("PUT /api/v1/customers/{id}", "customers/" + customer, R"({"record":{"remark":"x"}})");
        ask("POST /api/v1/customers/{id}/merge", "customers/" + customer + "/merge", R"({"other":"1"})");
        ask("POST /api/v1/customers/{id}/unmerge", "customers/" + customer + "/unmerge", R"({"other":"1"})");
        ask("POST /api/v1/customers/{id}/reveal", "customers/" + customer + "/reveal", R"({"reason":"contact"})");
        ask("GET /api/v1/customers/{id}/privacy", "customers/" + customer + "/privacy");
        ask("POST /api/v1/customers/{id}/consents", "customers/" + customer + "/consents",
            R"({"purpose":"marketing","text_version":1,"way":"phone"})");
        ask("POST /api/v1/customers/{id}/consents/withdraw", "customers/" + customer + "/consents/withdraw",
            R"({"purpose":"marketing","way":"phone"})");
        ask("PUT /api/v1/customers/{id}/no-contact", "customers/" + customer + "/no-contact",
            R"({"channels":["sms"],"reason":"asked"})");
        ask("PUT /api/v1/customers/{id}/hold", "customers/" + customer + "/hold", R"({"reason":"dispute"})");
        ask("DELETE /api/v1/customers/{id}/hold", "customers/" + customer + "/hold");
        ask("POST /api/v1/customers/{id}/requests", "customers/" + customer + "/requests",
            R"({"kind":"correction","way":"phone"})");
        ask("GET /api/v1/customers/{id}/shares", "customers/" + customer + "/shares");
        ask("POST /api/v1/customers/{id}/shares", "customers/" + customer + "/shares", R"({"recipient":"1"})");
        ask("POST /api/v1/customers/{id}/leads", "customers/" + customer + "/leads", "{}");
        ask("GET /api/v1/customers/{id}/attachments", "customers/" + customer + "/attachments");
        ask("POST /api/v1/customers/{id}/attachments", "customers/" + customer + "/attachments", "<svg>");
      }
      probes["GET /api/v1/verifications"].push_back({"/api/v1/verifications" + of, ""});
      probes["GET /api/v1/verifications"].push_back({"/api/v1/verifications" + of + "&state=called", ""});
      ask("PUT /api/v1/verifications/{lead}", "verifications/L1", R"({"heard":"confirmed"})");
      ask("GET /api/v1/customer-imports", "customer-imports");
      for (const char* verb : {"", "/check", "/run", "/undo", "/refused"}) {
        const std::string method = *verb == '\0' || verb == std::string_view("/refused") ? "GET " : "POST ";
        ask(method + "/api/v1/customer-imports/{id}" + verb, "customer-imports/" + import_ + verb);
      }
      ask("PUT /api/v1/customer-imports/{id}", "customer-imports/" + import_, "{}");
      ask("DELETE /api/v1/customer-imports/{id}", "customer-imports/" + import_);
      probes["GET /api/v1/customer-import-template"] = {{"/api/v1/customer-import-template", ""}};
      // That somebody knows these phones is told, but not who.
      probes["POST /api/v1/customer-imports"].push_back(
          {"/api/v1/customer-imports" + of + "&name=x.csv",
           "姓名,电话,顾问\n甲,13800000001,PERSONANA\n乙,13800000002,\n丙,13800000003,PERSONEV\n"});
      probes["GET /api/v1/spot-checks"].push_back(
          {"/api/v1/spot-checks" + of + "&month=" + FormatDay(kCheckMonth).substr(0, 7), ""});
      ask("POST /api/v1/spot-checks/draw", "spot-checks/draw",
          R"({"month":")" + FormatDay(kCheckMonth).substr(0, 7) + R"("})");
      ask("GET /api/v1/spot-checks/{id}", "spot-checks/" + check_);
      ask("PUT /api/v1/spot-checks/{id}", "spot-checks/" + check_, R"({"verdicts":{"name":"false"}})");
      ask("GET /api/v1/coaching-tasks", "coaching-tasks");
      ask("GET /api/v1/coaching-tasks/own", "coaching-tasks/own");
      ask("POST /api/v1/coaching-tasks/{id}/done", "coaching-tasks/" + task_ + "/done", R"({"note":"x"})");
      ask("GET /api/v1/privacy/requests", "privacy/requests");
      for (const std::string& made : requests_) {
        ask("POST /api/v1/privacy/requests/{id}/check", "privacy/requests/" + made + "/check",
            R"({"identity":"known","scope":"all"})");
        ask("POST /api/v1/privacy/requests/{id}/export", "privacy/requests/" + made + "/export",
            R"({"format":"json"})");
        ask("POST /api/v1/privacy/requests/{id}/finish", "privacy/requests/" + made + "/finish");
        ask("POST /api/v1/privacy/requests/{id}/refuse", "privacy/requests/" + made + "/refuse",
            R"({"reason":"identity"})");
      }
      ask("GET /api/v1/privacy/recipients", "privacy/recipients");
      const std::string recipient =
          R"({"name":"n","kind":"oem","purpose":"p","basis":"law","data":"d","since":"2026-01-01"})";
      ask("POST /api/v1/privacy/recipients", "privacy/recipients", recipient);
      ask("PUT /api/v1/privacy/recipients/{id}", "privacy/recipients/1", recipient);
      ask("GET /api/v1/privacy/people", "privacy/people");
      probes["GET /api/v1/privacy/due"].push_back({"/api/v1/privacy/due" + of + "&until=2040-01-01", ""});
      for (const std::string& file : files_) {
        const std::string one = "attachments/" + file;
        ask("POST /api/v1/attachments/{id}/content", one + "/content", R"({"reason":"contact"})");
        ask("PUT /api/v1/attachments/{id}", one, R"({"description":"x"})");
        ask("DELETE /api/v1/attachments/{id}", one);
        ask("POST /api/v1/attachments/{id}/restore", one + "/restore");
      }
      ask("GET /api/v1/leads/{lead}/attachments", "leads/L1/attachments");
      ask("POST /api/v1/leads/{lead}/attachments", "leads/L1/attachments", "x");
      const std::string many = R"([{"customer":")" + anas_customer_ + R"("},{"customer":")" + bobs_customer_ +
                               R"("},{"customer":")" + eves_customer_ + R"("}])";
      for (const char* dry : {"true", "false"}) {
        ask("POST /api/v1/customers/no-contact", "customers/no-contact",
            R"({"channels":["sms"],"reason":"asked","dry_run":)" + std::string(dry) + R"(,"rows":)" + many + "}");
        ask("POST /api/v1/leads/change", "leads/change",
            R"({"set":{"expected":"2027-01-01"},"dry_run":)" + std::string(dry) + R"(,"rows":)" + many + "}");
      }
      ask("GET /api/v1/leads", "leads");
      ask("GET /api/v1/leads/board", "leads/board");
      ask("GET /api/v1/leads/{lead}", "leads/L1");
      ask("PUT /api/v1/leads/{lead}", "leads/L1", "{}");
    }
    for (const char* verb : {"dry-run", "run", "cancel", "undo"}) {
      probes["POST /api/v1/imports/{id}/" + std::string(verb)] = {
          {"/api/v1/imports/" + job_ + "/" + std::string(verb), "{}"}};
    }
    for (const char* verb : {"progress", "refused", "refused.csv", "row"}) {
      probes["GET /api/v1/imports/{id}/" + std::string(verb)] = {
          {"/api/v1/imports/" + job_ + "/" + std::string(verb), ""}};
    }
    for (const char* dim : {"dealer", "region", "team", "staff", "source", "reason"}) {
      probes["GET /api/v1/members/{dim}"].push_back({"/api/v1/members/" + std::string(dim), ""});
      probes["GET /api/v1/members/{dim}"].push_back({"/api/v1/members/" + std::string(dim) + "?q=shop", ""});
      const std::string by = R"("by":[")" + std::string(dim) + R"("])";
      const std::string question = "{" + captured + "," + by + "}";
      probes["POST /api/v1/kpi/query"].push_back({"/api/v1/kpi/query", question});
      probes["POST /api/v1/kpi/query"].push_back(
          {"/api/v1/kpi/query", "{" + captured + R"(,"basis":"cohort",)" + by + "}"});
      probes["POST /api/v1/kpi/query"].push_back(
          {"/api/v1/kpi/query", "{" + captured + R"(,"vs":"previous","ids":true,)" + by + "}"});
      probes["POST /api/v1/kpi/query"].push_back(
          {"/api/v1/kpi/query",
           R"({"columns":["share(prospect_cnt,)" + std::string(dim) + R"lua()"],"period":"2026-10",)lua" + by + "}"});
      probes["POST /api/v1/kpi/export"].push_back(
          {"/api/v1/kpi/export", R"({"format":"csv","question":)" + question + "}"});
    }
    // A slip in the name of somebody else's: nothing may be suggested.
    for (const char* slip :
         {R"("dealer":["SHOPTHRE"])", R"("region":["SOUTHLAN"])", R"("team":["TEAMBET"])", R"("staff":["PERSONZO"])"}) {
      probes["POST /api/v1/kpi/query"].push_back(
          {"/api/v1/kpi/query", "{" + captured + R"(,"filters":{)" + slip + "}}"});
    }
    const std::string entries = R"({"question":{)" + captured + R"(},"column":"prospect_cnt","row":{},"limit":500})";
    probes["POST /api/v1/kpi/entries"] = {{"/api/v1/kpi/entries", entries}};
    for (const char* table : {"tables/success-rate", "tables/funnel", "findings"}) {
      const std::string path = "/api/v1/" + std::string(table);
      for (const char* by : {"dealer", "staff", "team", "region"}) {
        probes["POST " + path].push_back({path, R"({"period":"2026-10","by":")" + std::string(by) + R"("})"});
      }
    }
    return probes;
  }

  db::TestStore store_;
  std::unique_ptr<System> system_;
  std::unique_ptr<Service> service_;
  std::string folder_;
  Store at_;
  std::string anas_customer_;
  std::string bobs_customer_;
  std::string eves_customer_;
  std::string check_;   // of Bob's customer
  std::string job_;     // an import for dealer two
  std::string task_;    // to coach Bob, done
  std::string import_;  // of Bob's customers
  std::vector<std::string> requests_;
  std::vector<std::string> files_;  // Ana's, Bob's and Eve's customers'
};

TEST_P(RightsWalkTest, NobodyIsToldOfRowsBeyondHisOwn) {
  const std::vector<Person> people = Everybody();
  const auto probes = Probes();
  const std::set<std::string> left_out = {
      "GET /api/v1/changes",  // a stream: it says that something moved, not what
  };
  for (const http::Route& route : service_->routes()) {
    if (route.admission.gate == http::Gate::kOpen) continue;
    const std::string method(http::MethodName(route.method));
    const std::string text = method + " " + route.pattern;
    if (left_out.contains(text)) continue;
    const auto known = probes.find(text);
    ASSERT_NE(known, probes.end()) << text << " is new: say here how to ask it";
    for (const Person& person : people) {
      for (const Probe& probe : known->second) {
        const http::RawAnswer answer = Ask(person, method, probe.path, probe.body);
        ASSERT_NE(answer.status, 0) << text;
        ASSERT_LT(answer.status, 500) << text << " " << answer.body;
        // Whole only where that was asked for, of one's own customers.
        for (const auto& [masked, name, phone] :
             {std::tuple("阿**", "阿客户", "13800000001"), std::tuple("博**", "博客户", "13800000002"),
              std::tuple("伊**", "伊客户", "13800000003")}) {
          const bool given_whole = text.ends_with("/reveal") || text.ends_with("/export");
          if (given_whole && !person.hidden.contains(masked)) continue;
          for (const char* whole : {name, phone}) {
            const bool typed = probe.body.find(whole) != std::string::npos;
            EXPECT_TRUE(typed || answer.body.find(whole) == std::string::npos)
                << person.name << " reads " << whole << " of " << text;
          }
        }
        for (const std::string& word : person.hidden) {
          EXPECT_EQ(answer.body.find(word), std::string::npos)
              << person.name << " reads " << word << " of " << text << " " << probe.body << "\n"
              << answer.body.substr(0, 2000);
        }
      }
    }
  }
}

TEST_P(RightsWalkTest, FiguresAddUpTheRowsThatAreSeenAndNoOthers) {
  for (const Person& person : Everybody()) {
    for (const char* by : {"", R"("dealer")", R"("staff")", R"("team","dealer")", R"("region")", R"("source")"}) {
      for (const char* basis : {"period", "cohort"}) {
        const std::string question = R"({"columns":["prospect_cnt"],"period":"2026-10","by":[)" + std::string(by) +
                                     R"(],"basis":")" + basis + R"("})";
        const http::RawAnswer answer = Ask(person, "POST", "/api/v1/kpi/query", question);
        if (person.captured < 0) {
          EXPECT_EQ(answer.status, 403);
          continue;
        }
        ASSERT_EQ(answer.status, 200) << answer.body;
        const json::value told = json::parse(answer.body);
        EXPECT_EQ(told.at_pointer("/total/prospect_cnt/value").to_number<int64_t>(), person.captured)
            << person.name << " by " << by;
        int64_t rows = 0;
        for (const json::value& row : told.at("rows").as_array()) {
          rows += row.at("prospect_cnt").at("value").to_number<int64_t>();
        }
        if (*by != '\0') {
          EXPECT_EQ(rows, person.captured) << person.name << " by " << by;
        }
      }
    }
    if (person.captured < 0) continue;
    const http::RawAnswer entries = Ask(person, "POST", "/api/v1/kpi/entries",
                                        R"({"question":{"columns":["prospect_cnt"],"period":"2026-10"},)"
                                        R"("column":"prospect_cnt","row":{}})");
    ASSERT_EQ(entries.status, 200) << entries.body;
    EXPECT_EQ(json::parse(entries.body).at("count").to_number<int64_t>(), person.captured) << person.name;
  }
}

TEST_P(RightsWalkTest, WhatIsNotSeenIsAsIfItWereNotThere) {
  for (const Person& person : Everybody()) {
    if (person.captured < 0) continue;
    const auto ask = [&](int64_t dealer) {
      const std::string id = std::to_string(dealer);
      std::string body = Ask(person, "POST", "/api/v1/kpi/query",
                             R"({"columns":["prospect_cnt"],"period":"2026-10","scope":"dealer:)" + id + R"("})")
                             .body;
      for (size_t at = body.find(id); at != std::string::npos; at = body.find(id)) body.replace(at, id.size(), "ID");
      const size_t request = body.find("\"request_id\"");
      return request == std::string::npos ? body : body.substr(0, request);
    };
    const bool sees_three = !person.hidden.contains("SHOPTHREE");
    EXPECT_EQ(ask(at_.three.value) == ask(987'654'321), !sees_three) << person.name;
  }
}

TEST_P(RightsWalkTest, AnswersKeptForOneAreNotGivenToAnother) {
  const std::vector<Person> people = Everybody();
  for (int round = 0; round < 2; ++round) {
    for (const Person& person : people) {
      if (person.captured < 0) continue;
      const http::RawAnswer answer =
          Ask(person, "POST", "/api/v1/kpi/query", R"({"columns":["prospect_cnt"],"period":"2026-10"})");
      EXPECT_EQ(json::parse(answer.body).at_pointer("/total/prospect_cnt/value").to_number<int64_t>(), person.captured)
          << person.name;
    }
  }
}

TEST_P(RightsWalkTest, EventsAreRecordedForOnesOwnRowsOnly) {
  std::map<std::string, Person> people;
  for (Person& person : Everybody()) people.emplace(person.name, person);
  const auto record = [&](const std::string& who, const std::string& more) {
    const http::RawAnswer answer =
        Ask(people.at(who), "POST", "/api/v1/events", R"({"event":"captured","at":"2026-10-11",)" + more + "}");
    if (answer.status != 200) return std::string(json::parse(answer.body).at("code").as_string());
    const json::value told = json::parse(answer.body);
    const auto& refused = told.at("refused").as_array();
    return refused.empty() ? std::string("booked") : std::string(refused[0].at("code").as_string());
  };
  EXPECT_EQ(record("walk-sc", R"("dealer":"SHOPONE","staff":"PERSONANA","lead":"a1")"), "booked");
  EXPECT_EQ(record("walk-sc", R"("dealer":"SHOPONE","staff":"PERSONBOB","lead":"a2")"), "row_unknown_staff");
  EXPECT_EQ(record("walk-sc", R"("dealer":"SHOPONE","lead":"a3")"), "field_missing");
  EXPECT_EQ(record("walk-sc", R"("dealer":"SHOPTWO","staff":"PERSONEVE","lead":"a4")"), "row_unknown_dealer");
  EXPECT_EQ(record("walk-sc", R"("dealer":"SHOPONE","staff":"PERSONANA","lead":"a5","key":"k")"),
            "event_key_not_permitted");
  EXPECT_EQ(record("walk-tl", R"("dealer":"SHOPONE","staff":"PERSONANA","lead":"a6")"), "booked");
  EXPECT_EQ(record("walk-tl", R"("dealer":"SHOPONE","staff":"PERSONBOB","lead":"a7")"), "row_unknown_staff");
  EXPECT_EQ(record("walk-sm", R"("dealer":"SHOPONE","staff":"PERSONBOB","lead":"a8","key":"k")"), "booked");
  EXPECT_EQ(record("walk-sm", R"("dealer":"SHOPTWO","staff":"PERSONEVE","lead":"a9")"), "row_unknown_dealer");
  EXPECT_EQ(record("walk-gm", R"("dealer":"SHOPONE","staff":"PERSONBOB","lead":"b1")"), "not_permitted");
  EXPECT_EQ(record("walk-nobody", R"("dealer":"SHOPONE","staff":"PERSONBOB","lead":"b2")"), "not_permitted");
}

TEST_P(RightsWalkTest, PersonalDataAreShownSixtyTimesAnHourAndEachTimeStandsOnRecord) {
  std::map<std::string, Person> people;
  for (Person& person : Everybody()) people.emplace(person.name, person);
  const auto reveal = [&](const std::string& who) {
    return Ask(people.at(who), "POST",
               "/api/v1/customers/" + anas_customer_ + "/reveal?dealer=" + std::to_string(at_.one.value),
               R"({"reason":"contact"})")
        .status;
  };
  EXPECT_EQ(reveal("walk-bo"), 403) << "the right is another one than to change";
  for (int i = 0; i < 60; ++i) ASSERT_EQ(reveal("walk-sc"), 200) << i;
  EXPECT_EQ(reveal("walk-sc"), 429);
  EXPECT_EQ(reveal("walk-sm"), 200) << "each account has its own count";
  const auto noted = system_->database().Read<int64_t>([](db::Connection& c) -> Result<int64_t> {
    db::Rows rows = c.Query("SELECT count(*) FROM audit_record WHERE act = 'data.reveal'");
    rows.Next();
    return rows.Int(0);
  });
  EXPECT_EQ(*noted, 61);
}

TEST_P(RightsWalkTest, AFileIsReadByWhoSeesItsCustomerWholeAndEachTimeStandsOnRecord) {
  std::map<std::string, Person> people;
  for (Person& person : Everybody()) people.emplace(person.name, person);
  const auto read = [&](const std::string& who, const std::string& file, DealerId dealer) {
    return Ask(people.at(who), "POST",
               "/api/v1/attachments/" + file + "/content?dealer=" + std::to_string(dealer.value),
               R"({"reason":"contract"})");
  };
  EXPECT_EQ(read("walk-sc", files_[0], at_.one).body, "阿件内容");
  EXPECT_EQ(read("walk-sc", files_[1], at_.one).status, 404) << "a colleague's customer";
  EXPECT_EQ(read("walk-sc", "123456", at_.one).status, 404) << "and what is not there is answered alike";
  EXPECT_EQ(read("walk-sm", files_[1], at_.one).body, "博件内容");
  EXPECT_EQ(read("walk-sm", files_[2], at_.two).status, 404) << "another dealer's";
  EXPECT_EQ(read("walk-sm", files_[2], at_.one).status, 404) << "whatever dealer is named";
  EXPECT_EQ(read("walk-bo", files_[0], at_.one).status, 403) << "who sees masked data only sees that there is a file";
  EXPECT_EQ(read("walk-nobody", files_[0], at_.one).status, 403);
  for (int i = 0; i < 59; ++i) ASSERT_EQ(read("walk-sc", files_[0], at_.one).status, 200) << i;
  EXPECT_EQ(read("walk-sc", files_[0], at_.one).status, 429);
  const auto noted = system_->database().Read<int64_t>([](db::Connection& c) -> Result<int64_t> {
    db::Rows rows = c.Query("SELECT count(*) FROM audit_record WHERE act = 'attachment.read'");
    rows.Next();
    return rows.Int(0);
  });
  EXPECT_EQ(*noted, 61);
}

INSTANTIATE_TEST_SUITE_P(On, RightsWalkTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::app
