#include "analysis/own_kpis.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "analysis/catalog_api.h"
#include "catalog/embedded.h"
#include "catalog/messages.h"
#include "db/testing.h"
#include "kpi/formula.h"
#include "ledger/ledger.h"
#include "org/org.h"

namespace dealpace::analysis {
namespace {

namespace json = boost::json;

constexpr Instant kNow{1'773'979'200'000};  // 2026-03-20T04:00:00Z

// A process: its own connections, catalogue, facts and routes.
class Process {
 public:
  explicit Process(db::Database& store, std::vector<EmbeddedFile> files = catalog::EmbeddedFiles())
      : database(store),
        base(catalog::Load(files).catalog),
        org(database),
        source(database, *base),
        facts(*base, source, org),
        holder(database, base, facts) {
    AddCatalogRoutes(router,
                     {database, holder, org, [] { return kNow; }, [](http::Handler handler) { return handler; }});
  }

  http::Response Call(http::Method method, const std::string& path, const std::string& body = {},
                      const std::string& if_match = {}) {
    http::Request request;
    request.method = method;
    request.language = Language::kEnglish;
    request.caller.login = "li";
    request.caller.rights =
        std::make_shared<const http::RightsAndRows>(http::RightsAndRows{{"reports", RowScope::Everything()}});
    request.path = path;
    request.body = body;
    if (!if_match.empty())
      request.headers.emplace(method == http::Method::kGet ? "if-none-match" : "if-match", if_match);
    const http::Router::Match match = router.Find(method, path);
    if (match.route == nullptr) throw std::logic_error("no route " + path);
    request.params = match.params;
    return match.route->handler(request);
  }
  std::string Outcome(http::Method method, const std::string& path, const std::string& body = {},
                      const std::string& if_match = {}) {
    const http::Response response = Call(method, path, body, if_match);
    return response.status < 400 ? std::to_string(response.status) : response.log_code;
  }

  std::string Figure(const std::string& formula) {
    const auto definitions = holder.Current();
    if (!definitions.ok()) return definitions.error().code;
    kpi::Question question;
    question.columns = kpi::SplitColumns(formula);
    question.period = *ParsePeriod("2026-03");
    const auto answer = (*definitions)->engine->Ask(question);
    if (!answer.ok()) return answer.error().code;
    const auto& value = answer->total.cells[0].value;
    return value ? std::to_string(*value).substr(0, 6) : "—";
  }

  db::Database& database;
  std::shared_ptr<const catalog::Catalog> base;
  org::DatabaseOrg org;
  ledger::DatabaseSource source;
  facts::Facts facts;
  DefinitionsHolder holder;
  http::Router router;
};

std::string Kpi(const std::string& id, const std::string& formula, const std::string& unit = "percent") {
  return R"({"id":")" + id + R"(","name":{"en":"","zh":"自家"},"formula":")" + formula + R"(","unit":")" + unit +
         R"(","better":"higher","meaning":{"en":"Ours","zh":""}})";
}

const std::string kPath = "/api/v1/catalog/own-kpis";

class OwnKpisTest : public testing::TestWithParam<db::Kind> {
 protected:
  OwnKpisTest() : store_(GetParam()), process_(*store_) {
    const auto made = store_->Write<void>([&](db::Connection& connection) -> Status {
      ASSIGN_OR_RETURN(const DealerId dealer, org::AddDealer(connection, "D1", "一店"));
      std::vector<ledger::NewEntry> entries(5);
      for (size_t i = 0; i < entries.size(); ++i) {
        entries[i].event = process_.base->FindEvent(i < 4 ? "captured" : "deal");
        entries[i].day = *ParseDay("2026-03-02");
        entries[i].lead = "L" + std::to_string(i % 4);
      }
      (void)ledger::Append(connection, *process_.base, dealer, entries, {"test", kNow, {}});
      return {};
    });
    EXPECT_TRUE(made.ok());
  }

  std::string Add(const std::string& body) { return process_.Outcome(http::Method::kPost, kPath, body); }
  std::string VersionOf(const std::string& id) {
    const json::value list = json::parse(process_.Call(http::Method::kGet, kPath).body);
    for (const json::value& kpi : list.at("kpis").as_array()) {
      if (kpi.at("id").as_string() == id) return "W/\"" + std::to_string(kpi.at("version").as_int64()) + "\"";
    }
    return {};
  }

  db::TestDatabase store_;
  Process process_;
};

TEST_P(OwnKpisTest, IsAnsweredLikeAnyOtherInEachProcess) {
  const auto other_store = store_.Another();
  Process other(*other_store);
  EXPECT_EQ(other.Figure("our_rate"), "unknown_name");
  const http::Response made = process_.Call(http::Method::kPost, kPath, Kpi("our_rate", "deal_cnt / prospect_cnt"));
  ASSERT_EQ(made.status, 201) << made.body;
  const json::value kpi = json::parse(made.body);
  EXPECT_EQ(kpi.at("name").at("en").as_string(), "自家") << "what is missing in one language is taken from the other";
  EXPECT_EQ(kpi.at("meaning").at("zh").as_string(), "Ours");
  EXPECT_EQ(kpi.at("changed_by").as_string(), "li");
  EXPECT_EQ(kpi.at("changed_at").as_string(), FormatInstant(kNow));
  EXPECT_EQ(process_.Figure("our_rate"), "0.2500");
  EXPECT_EQ(other.Figure("our_rate"), "0.2500");
  EXPECT_EQ(other.Figure("1 - our_rate"), "0.7500");

  EXPECT_EQ(
      other.Outcome(http::Method::kPut, kPath + "/our_rate", Kpi("our_rate", "deal_amt / 8"), VersionOf("our_rate")),
      "own_kpi_unit_mismatch");
  EXPECT_EQ(other.Outcome(http::Method::kPut, kPath + "/our_rate", Kpi("our_rate", "deal_cnt / 8", "count"),
                          VersionOf("our_rate")),
            "200");
  EXPECT_EQ(process_.Figure("our_rate"), "0.1250");
  EXPECT_EQ(process_.Outcome(http::Method::kDelete, kPath + "/our_rate", {}, VersionOf("our_rate")), "204");
  EXPECT_EQ(other.Figure("our_rate"), "unknown_name");
}

TEST_P(OwnKpisTest, TheBaseOfTheFactsStays) {
  const auto before = process_.holder.Current();
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(Add(Kpi("our_rate", "deal_cnt / prospect_cnt")), "201");
  const auto after = process_.holder.Current();
  ASSERT_TRUE(after.ok());
  EXPECT_EQ((*before)->catalog->FindKpi("our_rate"), -1) << "what somebody holds does not change under his hands";
  EXPECT_GE((*after)->catalog->FindKpi("our_rate"), 0);
  EXPECT_GT((*after)->version, (*before)->version);
  for (size_t i = 0; i < process_.base->events().size(); ++i) {
    EXPECT_EQ((*after)->catalog->events()[i].id, process_.base->events()[i].id);
  }
  for (size_t i = 0; i < process_.base->measures().size(); ++i) {
    EXPECT_EQ((*after)->catalog->measures()[i].id, process_.base->measures()[i].id);
  }
  EXPECT_EQ(process_.holder.Current().ok() ? *process_.holder.Current() : nullptr, *after) << "made once";
}

TEST_P(OwnKpisTest, RefusesWhatCannotBeComputed) {
  EXPECT_EQ(Add(Kpi("Our", "deal_cnt")), "own_kpi_id_bad");
  EXPECT_EQ(Add(Kpi("o", "deal_cnt")), "own_kpi_id_bad");
  EXPECT_EQ(Add(Kpi(std::string(49, 'a'), "deal_cnt")), "own_kpi_id_bad");
  for (const char* taken : {"close_rate", "deal_cnt", "captured", "min", "dealer", "month"}) {
    EXPECT_EQ(Add(Kpi(taken, "lead_cnt", "count")), "own_kpi_id_taken") << taken;
  }
  EXPECT_EQ(Add(Kpi("our", "")), "formula_syntax");
  EXPECT_EQ(Add(Kpi("our", "deal_cnt / no_such")), "unknown_name");
  EXPECT_EQ(Add(Kpi("our", "deal_cnt + deal_amt")), "unit_mismatch");
  EXPECT_EQ(Add(Kpi("our", "deal_amt")), "own_kpi_unit_mismatch");
  EXPECT_EQ(Add(Kpi("our", "deal_amt", "bananas")), "field_value_unknown");
  EXPECT_EQ(Add(Kpi("our", "our / 2")), "kpi_cycle");
  EXPECT_EQ(Add(R"({"id":"our","name":{},"formula":"deal_cnt","unit":"count","better":"none","meaning":{}})"),
            "own_kpi_name_missing");
  EXPECT_EQ(Add(R"({"id":"our","name":{"en":"x\u0007"},"formula":"deal_cnt","unit":"count","better":"none"})"),
            "field_control_character");
  EXPECT_EQ(Add(R"({"id":"our","name":{"en":")" + std::string(121, 'x') +
                R"("},"formula":"deal_cnt","unit":"count","better":"none"})"),
            "field_too_long");
  EXPECT_EQ(Add(R"({"id":"our","name":{"en":"x"},"formula":"deal_cnt","unit":"count","better":"best"})"),
            "field_value_unknown");
  EXPECT_EQ(process_.Call(http::Method::kGet, kPath).body, R"({"kpis":[]})");
}

TEST_P(OwnKpisTest, OnesThatUseEachOtherStandTogether) {
  EXPECT_EQ(Add(Kpi("first_one", "deal_cnt / prospect_cnt")), "201");
  EXPECT_EQ(Add(Kpi("first_one", "deal_cnt", "count")), "own_kpi_id_taken");
  EXPECT_EQ(Add(Kpi("second_one", "1 - first_one")), "201");
  EXPECT_EQ(process_.Figure("second_one"), "0.7500");
  const auto put = [&](const std::string& id, const std::string& body, const std::string& version) {
    return process_.Outcome(http::Method::kPut, kPath + "/" + id, body, version);
  };
  EXPECT_EQ(put("first_one", Kpi("first_one", "second_one"), VersionOf("first_one")), "kpi_cycle");
  EXPECT_EQ(put("first_one", Kpi("first_one", "deal_amt / deal_cnt", "money"), VersionOf("first_one")),
            "own_kpi_breaks");
  EXPECT_EQ(put("first_one", Kpi("first_one", "deal_cnt / lead_cnt"), "W/\"0\""), "edit_conflict");
  EXPECT_EQ(put("first_one", Kpi("first_one", "deal_cnt / lead_cnt"), {}), "if_match_missing");
  EXPECT_EQ(put("no_such", Kpi("no_such", "deal_cnt / lead_cnt"), "W/\"1\""), "not_found");
  const auto remove = [&](const std::string& id, const std::string& version) {
    return process_.Outcome(http::Method::kDelete, kPath + "/" + id, {}, version);
  };
  EXPECT_EQ(remove("first_one", VersionOf("first_one")), "own_kpi_in_use");
  EXPECT_EQ(remove("second_one", "W/\"0\""), "edit_conflict");
  EXPECT_EQ(remove("second_one", VersionOf("second_one")), "204");
  EXPECT_EQ(remove("second_one", "W/\"1\""), "not_found");
  // A version never comes back, also not with a KPI of the same id.
  const std::string old = VersionOf("first_one");
  EXPECT_EQ(remove("first_one", old), "204");
  EXPECT_EQ(Add(Kpi("first_one", "deal_cnt / prospect_cnt")), "201");
  EXPECT_EQ(remove("first_one", old), "edit_conflict");
}

TEST_P(OwnKpisTest, OneThatIsNoLongerValidIsLeftOutAndTold) {
  EXPECT_EQ(Add(Kpi("good_one", "deal_cnt / prospect_cnt")), "201");
  // As a newer release leaves them that has renamed a measure, and taken an id for itself.
  ASSERT_TRUE(store_
                  ->Write<void>([](db::Connection& connection) -> Status {
                    for (const auto& [id, formula] :
                         {std::pair{"bad_one", "gone_cnt / deal_cnt"}, std::pair{"on_bad_one", "1 - bad_one"},
                          std::pair{"close_rate", "deal_cnt / lead_cnt"}}) {
                      connection.Execute(
                          "INSERT INTO own_kpi (kpi_id, name_en, name_zh, formula, unit, better, meaning_en, "
                          "meaning_zh, version, created_at, created_by, changed_at, changed_by) "
                          "VALUES (?1, 'x', 'x', ?2, 'percent', 'higher', '', '', 9, 0, 'li', 0, 'li')",
                          id, formula);
                    }
                    connection.Execute("UPDATE own_kpi_version SET version = 9");
                    return {};
                  })
                  .ok());
  const auto definitions = process_.holder.Current();
  ASSERT_TRUE(definitions.ok());
  std::string unusable;
  for (const UnusableKpi& kpi : (*definitions)->unusable) unusable += kpi.id + ":" + kpi.error.code + " ";
  EXPECT_EQ(unusable, "bad_one:unknown_name close_rate:own_kpi_id_taken on_bad_one:unknown_name ");
  EXPECT_EQ(process_.Figure("good_one"), "0.2500");
  EXPECT_EQ(process_.Figure("close_rate"), "0.2500") << "ours";
  const json::value list = json::parse(process_.Call(http::Method::kGet, kPath).body);
  EXPECT_EQ(list.at("kpis").at(0).at("problem").at("code").as_string(), "unknown_name");
  EXPECT_TRUE(list.at("kpis").at(2).at("problem").is_null());
  // The others can still be changed, and the bad one mended or removed.
  EXPECT_EQ(process_.Outcome(http::Method::kPut, kPath + "/bad_one", Kpi("bad_one", "lead_cnt / deal_cnt"), "W/\"9\""),
            "200");
  EXPECT_TRUE((*process_.holder.Current())->unusable.size() == 1);
  EXPECT_EQ(process_.Outcome(http::Method::kDelete, kPath + "/close_rate", {}, "W/\"9\""), "204");
}

TEST_P(OwnKpisTest, ThereIsALimit) {
  ASSERT_TRUE(store_
                  ->Write<void>([](db::Connection& connection) -> Status {
                    for (size_t i = 0; i < kOwnKpisMax; ++i) {
                      connection.Execute(
                          "INSERT INTO own_kpi (kpi_id, name_en, name_zh, formula, unit, better, meaning_en, "
                          "meaning_zh, version, created_at, created_by, changed_at, changed_by) "
                          "VALUES (?1, 'x', 'x', 'deal_cnt', 'count', 'higher', '', '', 1, 0, 'li', 0, 'li')",
                          "own_" + std::to_string(i));
                    }
                    return {};
                  })
                  .ok());
  EXPECT_EQ(Add(Kpi("one_more", "deal_cnt", "count")), "own_kpis_too_many");
}

TEST_P(OwnKpisTest, TheCatalogueHasThemAndChangesItsTag) {
  const http::Response first = process_.Call(http::Method::kGet, "/api/v1/catalog");
  ASSERT_EQ(first.status, 200);
  std::string etag;
  for (const auto& [name, value] : first.headers) {
    if (name == "ETag") etag = value;
  }
  EXPECT_EQ(process_.Call(http::Method::kGet, "/api/v1/catalog", {}, etag).status, 304);
  EXPECT_EQ(Add(Kpi("our_rate", "1 - close_rate")), "201");
  const http::Response second = process_.Call(http::Method::kGet, "/api/v1/catalog", {}, etag);
  ASSERT_EQ(second.status, 200);
  const json::value catalog = json::parse(second.body);
  bool found = false;
  for (const json::value& kpi : catalog.at("kpis").as_array()) {
    if (kpi.at("id").as_string() == "our_rate") {
      found = true;
      EXPECT_TRUE(kpi.at("own").as_bool());
      EXPECT_EQ(kpi.at("group").as_string(), "own");
    }
    if (kpi.at("id").as_string() == "close_rate") {
      EXPECT_FALSE(kpi.at("own").as_bool());
      EXPECT_EQ(kpi.at("group").as_string(), "3.1");
      EXPECT_FALSE(kpi.at("stages").as_array().empty());
      const auto& users = kpi.at("used_by").as_array();
      EXPECT_NE(std::find(users.begin(), users.end(), json::value("our_rate")), users.end());
    }
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(catalog.at("groups").as_array().size(), 13U);
  EXPECT_EQ(catalog.at("functions").as_array().size(), kpi::FormulaFunctions().size());
  EXPECT_EQ(catalog.at("dimensions").as_array().size(), 13U);
  for (const json::value& event : catalog.at("events").as_array()) {
    EXPECT_FALSE(std::string_view(event.at("id").as_string()).starts_with("reading."));
  }
}

TEST_P(OwnKpisTest, AFormulaIsCheckedAndCompletedByMembersOfTheStore) {
  ASSERT_TRUE(store_
                  ->Write<void>([](db::Connection& connection) -> Status {
                    (void)org::AddMember(connection, Dim::kModel, "GTX Pro");
                    return {};
                  })
                  .ok());
  const auto check = [&](const std::string& body) {
    return json::parse(process_.Call(http::Method::kPost, "/api/v1/kpi/check", body).body);
  };
  const json::value right = check(R"({"formula":"deal_cnt[model=\"GTX Pro\", source=referral]","cursor":15})");
  EXPECT_TRUE(right.at("ok").as_bool()) << "a code of ours may be named before anything is recorded with it";
  EXPECT_EQ(right.at("unit").as_string(), "count");
  EXPECT_EQ(right.at("uses").at(0).as_string(), "deal_cnt");
  EXPECT_EQ(right.at("completions").at(0).at("text").as_string(), "\"GTX Pro\"");
  EXPECT_EQ(right.at("completions").at(0).at("kind").as_string(), "member");
  EXPECT_EQ(right.at("completions").at(0).at("from").as_int64(), 15);
  const json::value wrong = check(R"({"formula":"deal_cnt[model=XXL]"})");
  EXPECT_FALSE(wrong.at("ok").as_bool());
  EXPECT_EQ(wrong.at("error").at("code").as_string(), "unknown_member");
  EXPECT_EQ(wrong.at("error").at("position").as_int64(), 10);
  EXPECT_TRUE(wrong.at("completions").as_array().empty());
  EXPECT_FALSE(wrong.at("error").at("message").as_string().empty());
}

TEST(OwnKpis, ARefusalIsAllInTheAskersLanguage) {
  const auto node = kpi::ParseFormula("deal_cnt /");
  ASSERT_FALSE(node.ok());
  const std::string chinese = catalog::Messages::Get().RenderMessage(node.error(), Language::kChinese);
  EXPECT_NE(chinese.find("此处应为 数字、名称或 ("), std::string::npos) << chinese;
  EXPECT_NE(catalog::Messages::Get().RenderMessage(node.error(), Language::kEnglish).find("a number, a name or ("),
            std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(On, OwnKpisTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::analysis
