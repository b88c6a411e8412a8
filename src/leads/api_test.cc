#include "leads/api.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>

#include "access/testing.h"
#include "catalog/embedded.h"
#include "db/testing.h"
#include "org/org.h"

namespace dealpace::leads {
namespace {

namespace json = boost::json;
using http::Method;
using http::Response;

const Instant kNow{int64_t{ParseDay("2026-11-25")->value} * 86'400'000 + 3 * 3'600'000};

class CustomerApiTest : public testing::TestWithParam<db::Kind> {
 protected:
  CustomerApiTest()
      : database_(GetParam()),
        vault_(*access::Vault::Open(*database_, *access::KeyFile::Make(folder_.path() / "keys"))),
        store_(*database_, *vault_, catalog::Load(catalog::EmbeddedFiles()).catalog) {
    const auto made = database_->Write<void>([&](db::Connection& c) -> Status {
      dealer_ = *org::AddDealer(c, "D1", "一店");
      ana_ = *org::AddStaff(c, dealer_, "ana", "Ana");
      ben_ = *org::AddStaff(c, dealer_, "ben", "Ben");
      return {};
    });
    EXPECT_EQ(access::Code(made), "");
    AddCustomerRoutes(router_,
                      {[this]() -> Result<Store*> { return &store_; },
                       [this](const http::Request& request, DealerId dealer) -> Result<Visible> {
                         if (dealer != dealer_) return Error("not_found");
                         if (request.caller.login == "boss") return Visible::All();
                         return Visible{false, {request.caller.login == "ana" ? ana_ : ben_}, {}};
                       },
                       [this](const http::Request& request, DealerId, CustomerId id, std::string_view why) -> Status {
                         if (request.caller.login == "ben") return Error("reveal_too_many").With("max", 60);
                         revealed_ += std::to_string(id.value) + " " + std::string(why) + ";";
                         return {};
                       },
                       [this](const http::Request& request, DealerId) -> Result<Visible> {
                         if (request.caller.login == "ben") return Error("right_missing").With("right", "export");
                         return request.caller.login == "boss" ? Visible::All() : Visible{false, {ana_}, {}};
                       },
                       [this](const http::Request&, DealerId, int64_t customers) -> Status {
                         exported_ += customers;
                         return {};
                       },
                       [] { return kNow; },
                       [](http::Handler handler) { return handler; },
                       {},
                       [this](db::Connection&, const db::Deed& deed) -> Status {
                         deeds_ += std::to_string(deed.actor.value) + " " + deed.act + ";";
                         return {};
                       }});
  }

  // As `who`; the path after /api/v1/, to which the dealer is added.
  Response Call(const std::string& who, Method method, const std::string& path, const std::string& body = {},
                const std::string& if_match = {}) {
    http::Request request;
    request.method = method;
    request.language = Language::kEnglish;
    request.caller.login = who;
    request.caller.account = AccountId(who == "ana" ? 5 : 6);
    const size_t question = path.find('?');
    request.path = "/api/v1/" + path.substr(0, question);
    request.query.emplace_back("dealer", std::to_string(dealer_.value));
    if (question != std::string::npos) {
      for (const std::string& pair : Split(path.substr(question + 1), '&')) {
        request.query.emplace_back(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1));
      }
    }
    request.body = body;
    if (!if_match.empty()) request.headers.emplace("if-match", if_match);
    const http::Router::Match match = router_.Find(method, request.path);
    if (match.route == nullptr) {
      ADD_FAILURE() << "no route " << path;
      return {};
    }
    request.params = match.params;
    return match.route->handler(request);
  }
  // "204", or the code of the problem.
  std::string Outcome(const std::string& who, Method method, const std::string& path, const std::string& body = {},
                      const std::string& if_match = {}) {
    const Response response = Call(who, method, path, body, if_match);
    return response.status < 400 ? std::to_string(response.status) : response.log_code;
  }
  json::value Json(const std::string& who, Method method, const std::string& path, const std::string& body = {}) {
    const Response response = Call(who, method, path, body);
    EXPECT_LT(response.status, 300) << response.body;
    return json::parse(response.body);
  }
  static std::string Text(const json::value& value, std::string_view field) {
    return std::string(value.at(field).as_string());
  }
  json::value Added(const std::string& who, const std::string& name, const std::string& phone,
                    const std::string& more = {}) {
    return Json(who, Method::kPost, "customers",
                R"({"record":{"name":")" + name + R"(","phone":")" + phone + R"("})" + more + "}");
  }

  access::TestFolder folder_;
  db::TestDatabase database_;
  std::unique_ptr<access::Vault> vault_;
  Store store_;
  http::Router router_;
  DealerId dealer_;
  StaffId ana_;
  std::string revealed_;  // what was put on record
  int64_t exported_ = 0;
  std::string deeds_;  // what was written down of changes
  StaffId ben_;
};

TEST_P(CustomerApiTest, AFileHoldsWhatMayBeTakenAwayMasked) {
  Added("ana", "=王小明", "13812345678", R"(,"lead":{"model":"GTX","amount":180000.5})");
  Added("ben", "李四", "13812345679");
  EXPECT_EQ(Outcome("ben", Method::kGet, "customers.csv"), "right_missing");
  EXPECT_EQ(exported_, 0);
  const Response own = Call("ana", Method::kGet, "customers.csv");
  ASSERT_EQ(own.status, 200) << own.body;
  EXPECT_EQ(exported_, 1);
  EXPECT_NE(own.body.find(",person,'=**,138****5678,"), std::string::npos) << own.body;
  EXPECT_NE(own.body.find(",open,S3,,GTX,low,,180000.5"), std::string::npos) << own.body;
  EXPECT_EQ(own.body.find("5679"), std::string::npos);
  const Response all = Call("boss", Method::kGet, "customers.csv?kind=person");
  EXPECT_EQ(std::count(all.body.begin(), all.body.end(), '\n'), 3);
  EXPECT_EQ(all.body.find("12345678"), std::string::npos);
}

TEST_P(CustomerApiTest, ChangesAreWrittenDownWithWhoMadeThem) {
  const std::string id = Text(Added("ana", "王小明", "13812345678", R"(,"lead":{"model":"GTX"})"), "id");
  EXPECT_EQ(Outcome("boss", Method::kPut, "customers/" + id, R"({"record":{"address":"南京路 1 号"}})", "W/\"1\""),
            "204");
  EXPECT_EQ(Outcome("boss", Method::kPut, "customers/" + id, R"({"record":{"address":"x"}})", "W/\"1\""),
            "edit_conflict");
  EXPECT_EQ(Outcome("ana", Method::kGet, "customers/" + id), "200");
  EXPECT_EQ(deeds_, "5 customer.add;5 lead.add;6 customer.change;");
}

TEST_P(CustomerApiTest, FromCaptureToTheCustomersPage) {
  const json::value made = Added("ana", "王小明", "13812345678",
                                 R"(,"lead":{"source":"walk_by","model":"GTX","expected":"2026-12-20",)"
                                 R"("budget":"15-20万","amount":180000.5,"need":"接送孩子的旧车空间太小"})");
  const std::string id = Text(made, "id");
  const Response page = Call("ana", Method::kGet, "customers/" + id);
  ASSERT_EQ(page.status, 200) << page.body;
  const json::value customer = json::parse(page.body);
  EXPECT_EQ(Text(customer.at("record"), "name"), "王**");
  EXPECT_EQ(Text(customer.at("record"), "phone"), "138****5678");
  EXPECT_EQ(Text(customer, "kind"), "person");
  EXPECT_EQ(Text(customer, "owner"), std::to_string(ana_.value));
  EXPECT_EQ(Text(customer, "status"), "potential");
  EXPECT_EQ(customer.at_pointer("/completeness/basic/filled").as_int64(), 2);
  EXPECT_EQ(customer.at_pointer("/completeness/purchase/filled").as_int64(), 3);
  const json::value& lead = customer.at("leads").at(0);
  EXPECT_EQ(Text(lead, "lead"), Text(made, "lead"));
  EXPECT_EQ(Text(lead, "grade"), "high");
  EXPECT_EQ(lead.at("amount").as_double(), 180000.5);
  EXPECT_EQ(lead.at("budget_most").to_number<double>(), 200000);
  const std::pair<std::string, std::string> not_stored{"Cache-Control", "no-store"};
  EXPECT_NE(std::find(page.headers.begin(), page.headers.end(), not_stored), page.headers.end());
  EXPECT_EQ(page.body.find("13812345678"), std::string::npos);

  const json::value list = Json("boss", Method::kGet, "customers?sort=created&limit=1");
  EXPECT_EQ(list.at("count").as_int64(), 1);
  EXPECT_TRUE(list.at("next_cursor").is_null());
  EXPECT_EQ(Json("ben", Method::kGet, "customers").at("count").as_int64(), 0);
  EXPECT_EQ(Json("boss", Method::kGet, "leads?stage=S3&status=open").at("count").as_int64(), 1);
  EXPECT_EQ(Text(Json("boss", Method::kGet, "leads").at("leads").at(0), "customer_phone"), "138****5678");
  EXPECT_EQ(Json("boss", Method::kGet, "leads/board").at("stages").at(0).at("count").as_int64(), 1);
  EXPECT_EQ(Json("ben", Method::kGet, "leads/board").at("stages").at(0).at("count").as_int64(), 0);
}

TEST_P(CustomerApiTest, DataAreWholeForAReasonThatStandsOnRecord) {
  const std::string id = Text(Added("ana", "王小明", "13812345678"), "id");
  const std::string path = "customers/" + id + "/reveal";
  EXPECT_EQ(Outcome("ana", Method::kPost, path, "{}"), "field_missing");
  EXPECT_EQ(Outcome("ana", Method::kPost, path, R"({"reason":"he is called Wang"})"), "field_choice");
  EXPECT_EQ(Outcome("ben", Method::kPost, path, R"({"reason":"contact"})"), "not_found") << "a colleague's customer";
  EXPECT_EQ(revealed_, "");
  const Response answer = Call("ana", Method::kPost, path, R"({"reason":"contact"})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json::value whole = json::parse(answer.body);
  EXPECT_EQ(Text(whole.at("record"), "name"), "王小明");
  EXPECT_EQ(Text(whole.at("record"), "phone"), "13812345678");
  EXPECT_EQ(revealed_, id + " contact;");
  const std::string bens = Text(Added("ben", "李四", "13812345679"), "id");
  EXPECT_EQ(Outcome("ben", Method::kPost, "customers/" + bens + "/reveal", R"({"reason":"contact"})"),
            "reveal_too_many")
      << "what cannot be put on record is not shown";
}

TEST_P(CustomerApiTest, RefusalsNameTheFieldAndNoPerson) {
  const auto add = [&](const std::string& body) { return Outcome("boss", Method::kPost, "customers", body); };
  const std::string owner = R"(,"owner":")" + std::to_string(ana_.value) + "\"";
  EXPECT_EQ(add("{}"), "field_missing");
  EXPECT_EQ(add(R"({"record":{"name":"张三"})" + owner + "}"), "capture_incomplete");
  EXPECT_EQ(add(R"({"record":{"name":"张三","phone":"x"})" + owner + "}"), "phone_bad");
  EXPECT_EQ(add(R"({"record":{"nmae":"张三"})" + owner + "}"), "field_unknown");
  EXPECT_EQ(add(R"({"kind":"ghost","record":{})" + owner + "}"), "field_choice");
  EXPECT_EQ(add(R"({"record":{"name":"张三","phone":"13812345678"},"owner":"7"})"), "owner_unknown");
  EXPECT_EQ(add(R"({"record":{"name":"张三","phone":"13812345678"},"lead":{"need":"有需求"})" + owner + "}"),
            "need_generic");
  EXPECT_EQ(Outcome("boss", Method::kGet, "customers?limit=500"), "field_value_unknown");
  EXPECT_EQ(Outcome("boss", Method::kGet, "customers?sort=name"), "field_choice");
  EXPECT_EQ(Outcome("boss", Method::kGet, "customers?cursor=x"), "bad_cursor");
  EXPECT_EQ(Outcome("boss", Method::kGet, "leads?status=gone"), "field_choice");
  EXPECT_EQ(Outcome("boss", Method::kGet, "customers/7"), "not_found");
  EXPECT_EQ(Outcome("boss", Method::kGet, "customers/x"), "not_found");
  EXPECT_EQ(Outcome("boss", Method::kGet, "leads/x"), "not_found");
  Added("ana", "张三", "13812345678");
  const Response exists = Call("ben", Method::kPost, "customers", R"({"record":{"name":"张","phone":"13812345678"}})");
  EXPECT_EQ(exists.status, 409);
  EXPECT_EQ(exists.log_code, "customer_with_colleague");
  EXPECT_EQ(exists.body.find(std::to_string(ana_.value)), std::string::npos);
  EXPECT_EQ(Outcome("ben", Method::kPost, "customers",
                    R"({"record":{"name":"张","phone":"13812345678"},"despite_duplicates":true})"),
            "201");
}

TEST_P(CustomerApiTest, ChangesNameTheVersionTheyStandOn) {
  const json::value made = Added("ana", "王小明", "13812345678", R"(,"lead":{})");
  const std::string path = "customers/" + Text(made, "id");
  const std::string body = R"({"record":{"family":"two children"}})";
  EXPECT_EQ(Outcome("ana", Method::kPut, path, body), "if_match_missing");
  EXPECT_EQ(Outcome("ben", Method::kPut, path, body, "W/\"1\""), "not_found");
  EXPECT_EQ(Outcome("ana", Method::kPut, path, body, "W/\"1\""), "204");
  EXPECT_EQ(Outcome("boss", Method::kPut, path, body, "W/\"1\""), "edit_conflict");
  EXPECT_EQ(Text(Json("ana", Method::kGet, path).at("record"), "family"), "two children");
  const std::string lead = "leads/" + Text(made, "lead");
  EXPECT_EQ(Outcome("ana", Method::kPut, lead, R"({"model":"GTX"})", "W/\"1\""), "204");
  EXPECT_EQ(Outcome("boss", Method::kPut, lead, R"({"model":"GTK"})", "W/\"1\""), "edit_conflict");
  EXPECT_EQ(Outcome("boss", Method::kPut, lead, R"({"model":"GTK","stage":"S8"})", "W/\"2\""), "field_unknown");
  EXPECT_EQ(Text(Json("ana", Method::kGet, lead), "model"), "GTX");
}

TEST_P(CustomerApiTest, SearchDuplicatesMergingHandingOver) {
  const std::string one = Text(Added("ana", "王小明", "13812345678"), "id");
  const std::string two = Text(Added("ana", "王晓明", "13900001111"), "id");
  const auto found = [&](const std::string& who, const std::string& text) {
    return Json(who, Method::kPost, "customers/search", R"({"text":")" + text + "\"}")
        .at("customers")
        .as_array()
        .size();
  };
  EXPECT_EQ(found("ana", "wxm"), 2U);
  EXPECT_EQ(found("ben", "wxm"), 0U);
  const json::value same = Json("ben", Method::kPost, "customers/duplicates", R"({"phone":"138 1234 5678"})");
  EXPECT_TRUE(same.at("customers").as_array().empty());
  EXPECT_TRUE(same.at("with_colleague").as_bool());

  const std::string other = R"({"customer":")" + two + "\"}";
  EXPECT_EQ(Outcome("ben", Method::kPost, "customers/" + one + "/merge", other, "W/\"1\""), "not_found");
  EXPECT_EQ(Outcome("ana", Method::kPost, "customers/" + one + "/merge", other, "W/\"1\""), "204");
  EXPECT_EQ(found("ana", "wxm"), 1U);
  EXPECT_EQ(Json("ana", Method::kGet, "customers/" + two).at("id").as_string(), one);
  EXPECT_EQ(Outcome("ana", Method::kPost, "customers/" + one + "/unmerge", other, "W/\"2\""), "204");
  EXPECT_EQ(found("ana", "wxm"), 2U);

  const std::string move =
      R"({"from":")" + std::to_string(ana_.value) + R"(","to":")" + std::to_string(ben_.value) + "\"";
  EXPECT_EQ(Outcome("ana", Method::kPost, "customers/handover", move + "}"), "owner_unknown");
  EXPECT_EQ(Json("boss", Method::kPost, "customers/handover", move + R"(,"customers":[")" + one + "\"]}")
                .at("customers")
                .as_int64(),
            1);
  EXPECT_EQ(Json("boss", Method::kPost, "customers/handover", move + "}").at("customers").as_int64(), 1);
  EXPECT_EQ(found("ben", "wxm"), 2U);
  EXPECT_EQ(Outcome("ben", Method::kPost, "customers/" + one + "/leads", R"({"source":"outbound"})"), "201");
}

TEST_P(CustomerApiTest, ADealerMustBeNamedAndSeen) {
  http::Request request;
  request.path = "/api/v1/customers";
  const auto match = router_.Find(Method::kGet, request.path);
  EXPECT_EQ(match.route->handler(request).log_code, "field_missing");
  request.query.emplace_back("dealer", "77");
  EXPECT_EQ(match.route->handler(request).log_code, "not_found");
}

INSTANTIATE_TEST_SUITE_P(On, CustomerApiTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::leads
