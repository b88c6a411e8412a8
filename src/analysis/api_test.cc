#include "analysis/api.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>

#include "catalog/embedded.h"
#include "db/testing.h"
#include "exchange/table_reader.h"
#include "ledger/ledger.h"
#include "org/org.h"

namespace dealpace::analysis {
namespace {

namespace json = boost::json;

// Two dealers in October 2026, told until the 20th. At West Ana captures 30 and signs 6, Ben captures 30 and signs 12;
// one of Ben's orders is taken back. East has Cai.
class ApiTest : public testing::TestWithParam<db::Kind> {
 protected:
  ApiTest()
      : database_(GetParam()),
        catalog_(catalog::Load(catalog::EmbeddedFiles()).catalog),
        source_(*database_, *catalog_),
        org_(*database_),
        facts_(*catalog_, source_, org_),
        definitions_(*database_, catalog_, facts_) {
    const Status told = database_->Write<void>([&](db::Connection& c) -> Status {
      ASSIGN_OR_RETURN(west_, org::AddDealer(c, "W", "West"));
      ASSIGN_OR_RETURN(east_, org::AddDealer(c, "E", "East"));
      ASSIGN_OR_RETURN(ana_, org::AddStaff(c, west_, "ana", "Ana"));
      ASSIGN_OR_RETURN(const StaffId ben, org::AddStaff(c, west_, "ben", "Ben"));
      ASSIGN_OR_RETURN(const StaffId cai, org::AddStaff(c, east_, "cai", "Cai"));
      ASSIGN_OR_RETURN(const TeamId team, org::AddTeam(c, west_, "t", "Team"));
      org::MoveStaff(c, west_, ana_, {0}, team);
      org::MoveStaff(c, west_, ben, {0}, team);
      referral_ = org::AddMember(c, Dim::kSource, "referral");
      s4_ = org::AddMember(c, Dim::kStage, "S4");
      Customers(c, west_, ana_, 30, 6);
      const int64_t first = Customers(c, west_, ben, 30, 12);
      Customers(c, east_, cai, 20, 5);
      const int64_t last_order = first + 30 * 3 + 12 - 1;
      return ledger::Reverse(c, west_, std::span(&last_order, 1), "cancelled", {"test", {kNow.ms}, {}});
    });
    EXPECT_TRUE(told.ok());
    EXPECT_TRUE(database_
                    ->Write<void>([](db::Connection& c) -> Status {
                      c.Execute(
                          "INSERT INTO account (account_id, login, name, role, password_hash, must_change_password, "
                          "created_at, version) VALUES (5, 'li', 'Li', 'member', 'x', 0, 0, 1)");
                      return {};
                    })
                    .ok());
    const Deps deps{*database_,
                    facts_,
                    definitions_,
                    [] { return kNow; },
                    [](http::Handler handler) { return handler; },
                    std::filesystem::temp_directory_path().string()};
    AddQuestionRoutes(router_, deps);
    AddViewRoutes(router_, deps);
  }

  // So many customers with a first contact, a capture and a needs analysis each; the first ones order on the 19th.
  int64_t Customers(db::Connection& c, DealerId dealer, StaffId staff, int captured, int deals) {
    std::vector<ledger::NewEntry> entries;
    const auto add = [&](const char* event, int day, int customer) {
      ledger::NewEntry& entry = entries.emplace_back();
      entry.event = catalog_->FindEvent(event);
      entry.day = *FromCivil(2026, 10, day);
      entry.at = {int64_t{entry.day.value} * 86'400'000 + 4 * 3'600'000 + customer};
      entry.lead = std::to_string(staff.value) + "-" + std::to_string(customer);
      entry.actor = staff;
    };
    for (int i = 0; i < captured; ++i) {
      add("first_contact", 5, i);
      entries.back().members[0] = referral_;
      add("captured", 5, i);
      add("needs", 6, i);
    }
    for (int i = 0; i < deals; ++i) {
      add("deal", 19, i);
      entries.back().amount = 10'000'025;
    }
    add("lost", 18, captured - 1);
    entries.back().members[6] = s4_;
    return ledger::Append(c, *catalog_, dealer, entries, {"test", {kNow.ms - 1000}, {}});
  }

  http::Response Call(http::Method method, const std::string& path, const std::string& body,
                      const std::string& if_match = "") {
    http::Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.id = "r1";
    request.language = Language::kEnglish;
    request.caller.via = http::Caller::Via::kSession;
    request.caller.account = AccountId(5);
    request.caller.rights = std::make_shared<const http::RightsAndRows>(
        http::RightsAndRows{{"reports", RowScope::Everything()}, {"export", RowScope::Everything()}});
    request.caller.name = "=Li";
    if (!if_match.empty()) request.headers.emplace("if-match", if_match);
    const auto match = router_.Find(method, path);
    EXPECT_NE(match.route, nullptr) << path;
    request.params = match.params;
    return match.route->handler(request);
  }
  json::object Post(const std::string& path, const std::string& body, int status = 200) {
    const http::Response response = Call(http::Method::kPost, path, body);
    EXPECT_EQ(response.status, status) << response.body;
    return json::parse(response.body).as_object();
  }
  std::string CodeOf(const std::string& path, const std::string& body) {
    return std::string(json::parse(Call(http::Method::kPost, path, body).body).at("code").as_string());
  }
  [[nodiscard]] std::string West() const { return "dealer:" + std::to_string(west_.value); }

  static constexpr Instant kNow{1'792'458'000'000};  // 2026-10-20 09:00 in Shanghai

  db::TestDatabase database_;
  std::shared_ptr<const catalog::Catalog> catalog_;
  ledger::DatabaseSource source_;
  org::DatabaseOrg org_;
  facts::Facts facts_;
  DefinitionsHolder definitions_;
  http::Router router_;
  DealerId west_;
  DealerId east_;
  StaffId ana_;
  int64_t referral_ = 0;
  int64_t s4_ = 0;
};

TEST_P(ApiTest, AQuestionIsAnsweredWithIdsPeriodsAndCost) {
  const json::object answer =
      Post("/api/v1/kpi/query", R"({"columns":["close_rate"],"by":["staff"],"period":"2026-10","vs":"previous",
           "to_date":true,"ids":true,"scope":")" +
                                    West() + "\"}");
  EXPECT_EQ(answer.at("period").at("to"), "2026-10-20");
  EXPECT_EQ(answer.at("vs_period").at("from"), "2026-09-01");
  EXPECT_EQ(answer.at("vs_period").at("to"), "2026-09-20");
  EXPECT_GT(answer.at("entries_read").to_number<int64_t>(), 0);
  const json::array& rows = answer.at("rows").as_array();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].at("staff"), "Ana");
  EXPECT_EQ(std::string(rows[0].at("_ids").at("staff").as_string()), std::to_string(ana_.value));
  EXPECT_EQ(rows[0].at("close_rate").at("value").to_number<double>(), 0.2);
  EXPECT_EQ(rows[1].at("close_rate").at("num").to_number<double>(), 11);  // one was taken back
  EXPECT_EQ(answer.at("total").at("close_rate").at("den").to_number<double>(), 60);
}

TEST_P(ApiTest, FiltersTakeIdsCodesAndNames) {
  const auto orders = [&](const std::string& filters) {
    return Post("/api/v1/kpi/query", R"({"columns":["deal_cnt"],"period":"2026-10","filters":)" + filters + "}")
        .at("total")
        .at("deal_cnt")
        .at("value")
        .to_number<double>();
  };
  EXPECT_EQ(orders(R"({})"), 22);
  EXPECT_EQ(orders(R"({"staff":["id:)" + std::to_string(ana_.value) + "\"]}"), 6);
  EXPECT_EQ(orders(R"({"staff":["Ana","id:)" + std::to_string(ana_.value) + "\"]}"), 6);
  EXPECT_EQ(orders(R"({"staff":["ana"],"source":["referral"]})"), 6);
  EXPECT_EQ(orders(R"({"source":[]})"), 22);
  EXPECT_EQ(orders(R"({"campaign":[]})"), 0);
}

TEST_P(ApiTest, WhatIsWrongWithAQuestionIsSaid) {
  const std::string path = "/api/v1/kpi/query";
  EXPECT_EQ(CodeOf(path, "{"), "json_syntax");
  EXPECT_EQ(CodeOf(path, R"({"columns":["deal_cn"],"period":"2026-10"})"), "unknown_name_suggest");
  EXPECT_EQ(CodeOf(path, R"({"columns":["deal_cnt"],"period":"2026-10","scope":"dealer:99"})"), "unknown_member");
  EXPECT_EQ(CodeOf(path, R"({"columns":["deal_cnt"],"period":"2026-10","filters":{"staff":["id:1"]}})"),
            "unknown_member");
  EXPECT_EQ(CodeOf("/api/v1/kpi/entries", R"({"column":"x"})"), "field_missing");
  const std::string question = R"({"question":{"columns":["deal_cnt"],"period":"2026-10","by":["staff","month"]},)";
  const std::string entries = "/api/v1/kpi/entries";
  EXPECT_EQ(CodeOf(entries, question + R"("column":"close_rate"})"), "question_column_unknown");
  EXPECT_EQ(CodeOf(entries, question + R"("column":"deal_cnt","part":"num"})"), "not_a_ratio");
  EXPECT_EQ(CodeOf(entries, question + R"("column":"deal_cnt","part":"half"})"), "field_choice");
  EXPECT_EQ(CodeOf(entries, question + R"("column":"deal_cnt","versus":true})"), "no_comparison");
  EXPECT_EQ(CodeOf(entries, question + R"("column":"deal_cnt","cursor":"1.2.x.4.5"})"), "bad_cursor");
  EXPECT_EQ(CodeOf(entries, question + R"("column":"deal_cnt","limit":501})"), "field_range");
  EXPECT_EQ(CodeOf(entries, question + R"("column":"deal_cnt","row":{"_ids":{},"month":"2026-10"}})"), "field_missing");
  EXPECT_EQ(CodeOf(entries, question + R"("column":"deal_cnt","row":{"_ids":{"staff":null},"month":"2026-11"}})"),
            "unknown_row");
  EXPECT_EQ(CodeOf(entries, question + R"("column":"deal_cnt","row":{"_ids":{"staff":null},"month":"2026-W42"}})"),
            "unknown_row");
  EXPECT_EQ(CodeOf("/api/v1/kpi/export", R"({"question":{"columns":["deal_cnt"]},"format":"pdf"})"), "field_choice");
  EXPECT_EQ(CodeOf("/api/v1/kpi/export", R"({"question":{"columns":["deal_cnt"]},"format":"csv","pivot":"month"})"),
            "pivot_not_a_grain");
  EXPECT_EQ(CodeOf("/api/v1/kpi/export",
                   R"({"question":{"columns":["deal_cnt"],"by":["month"],"top":1},"format":"xlsx","pivot":"month"})"),
            "pivot_with_top");
}

TEST_P(ApiTest, TheEntriesBehindACellComeInPagesAndAddUp) {
  const std::string head = R"({"question":{"columns":["close_rate"],"by":["staff","month"],"period":"2026-10"},
      "column":"close_rate","limit":20,"row":{"_ids":{"staff":")" +
                           std::to_string(ana_.value) + R"("},"month":"2026-10"})";
  double num = 0;
  double den = 0;
  int pages = 0;
  std::string cursor;
  std::set<std::pair<std::string, int64_t>> seen;
  while (true) {
    const json::object page =
        Post("/api/v1/kpi/entries", head + (cursor.empty() ? "" : R"(,"cursor":")" + cursor + "\"") + "}");
    EXPECT_EQ(page.at("count"), 36);
    EXPECT_EQ(page.at("value").to_number<double>(), 0.2);
    EXPECT_EQ(page.at("formula"), "deal_cnt / prospect_cnt");
    for (const json::value& entry : page.at("entries").as_array()) {
      EXPECT_TRUE(seen.emplace(entry.at("event").as_string(), entry.at("seq").to_number<int64_t>()).second);
      const bool deal = entry.at("event") == "deal";
      EXPECT_EQ(entry.at("part"), deal ? "num" : "den");
      EXPECT_EQ(entry.at("dealer_name"), "West");
      EXPECT_EQ(entry.at("staff"), "Ana");
      EXPECT_EQ(entry.at("members").at("source"), "referral");  // the lead's, which the entry does not name itself
      (deal ? num : den) += entry.at("counts").to_number<double>();
      if (deal) {
        EXPECT_EQ(entry.at("amount").to_number<double>(), 100000.25);
      } else {
        EXPECT_TRUE(entry.at("amount").is_null());
      }
    }
    ++pages;
    if (page.at("next_cursor").is_null()) break;
    cursor = page.at("next_cursor").as_string();
  }
  EXPECT_EQ(pages, 2);
  EXPECT_EQ(num, 6);
  EXPECT_EQ(den, 30);
}

TEST_P(ApiTest, WhatWasTakenBackIsNotBehindACell) {
  const json::object page =
      Post("/api/v1/kpi/entries", R"({"question":{"columns":["deal_amt"],"period":"2026-10","scope":")" + West() +
                                      R"("},"column":"deal_amt"})");
  EXPECT_EQ(page.at("count"), 17);
  EXPECT_EQ(page.at("value").to_number<double>(), 1'700'004.25);
  double sum = 0;
  for (const json::value& entry : page.at("entries").as_array()) sum += entry.at("counts").to_number<double>();
  EXPECT_NEAR(sum, 1'700'004.25, 1e-6);
}

TEST_P(ApiTest, ABalanceShowsWhatOpenedAndWhatClosedIt) {
  const json::object page = Post("/api/v1/kpi/entries",
                                 R"j({"question":{"columns":["open=closing(open_cnt)"],"period":"2026-10-18",
                                      "scope":")j" +
                                     West() + R"j("},"column":"open","limit":500})j");
  EXPECT_EQ(page.at("value").to_number<double>(), 58);  // 60 captured, two lost by then
  EXPECT_EQ(page.at("count"), 62);
  double sum = 0;
  for (const json::value& entry : page.at("entries").as_array()) {
    const bool lost = entry.at("event") == "lost";
    EXPECT_EQ(entry.at("counts").to_number<double>(), lost ? -1 : 1);
    EXPECT_TRUE(lost || entry.at("event") == "captured");
    EXPECT_EQ(entry.at("measure"), "open_cnt");
    sum += entry.at("counts").to_number<double>();
  }
  EXPECT_EQ(sum, 58);
}

TEST_P(ApiTest, TheWorkbookHasTheAnswersFiguresAndTheirDefinitions) {
  const http::Response response = Call(
      http::Method::kPost, "/api/v1/kpi/export",
      R"({"question":{"columns":["close_rate","deal_amt"],"by":["staff"],"period":"2026-10"},"format":"xlsx","title":"=Close"})");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_TRUE(response.remove_body_file);
  const auto rows_of = [&](const std::string& sheet) {
    std::vector<exchange::Row> rows;
    auto reader = exchange::TableReader::Open(response.body_file, sheet);
    EXPECT_TRUE(reader.ok());
    exchange::Row row;
    while (true) {
      const auto more = (*reader)->Next(row);
      if (!more.ok() || !*more) return rows;
      rows.push_back(row);
    }
  };
  const std::vector<exchange::Row> rows = rows_of("Table");
  ASSERT_GE(rows.size(), 11U);
  EXPECT_EQ(rows[0].cells[0].text, "=Close");
  EXPECT_EQ(rows[0].cells[0].kind, exchange::Cell::Kind::kText);
  EXPECT_EQ(rows[5].cells[0].text, "Exported: =Li, 2026-10-20 09:00");
  const exchange::Row& header = rows[rows.size() - 5];
  ASSERT_EQ(header.cells.size(), 5U);
  EXPECT_EQ(header.cells[1].text, "Close rate");
  EXPECT_EQ(header.cells[2].text, "Close rate, numerator");
  const exchange::Row& ana = rows[rows.size() - 4];
  EXPECT_EQ(ana.cells[0].text, "Ana");
  EXPECT_EQ(ana.cells[1].text, "0.2");
  EXPECT_EQ(ana.cells[1].kind, exchange::Cell::Kind::kNumber);
  EXPECT_EQ(ana.cells[4].text, "600001.5");
  const exchange::Row& total = rows.back();
  EXPECT_EQ(total.cells[0].text, "Total");
  EXPECT_EQ(total.cells[1].text, "0.275");
  EXPECT_EQ(total.cells[2].text, "22");
  const std::vector<exchange::Row> definitions = rows_of("Definitions");
  ASSERT_EQ(definitions.size(), 5U);  // the heads, close_rate, deal_amt, deal_cnt, prospect_cnt
  EXPECT_EQ(definitions[1].cells[1].text, "close_rate");
  EXPECT_EQ(definitions[1].cells[2].text, "deal_cnt / prospect_cnt");
  std::filesystem::remove(response.body_file);
}

TEST_P(ApiTest, APivotPutsMonthsSideBySideWithTotalsOfTheirOwn) {
  const http::Response response = Call(
      http::Method::kPost, "/api/v1/kpi/export",
      R"({"question":{"columns":["deal_cnt"],"by":["staff","week"],"period":"2026-10"},"format":"xlsx","pivot":"week"})");
  ASSERT_EQ(response.status, 200) << response.body;
  auto reader = exchange::TableReader::Open(response.body_file, "Table");
  ASSERT_TRUE(reader.ok());
  std::vector<std::string> last;
  std::vector<std::string> header;
  exchange::Row row;
  while (*(*reader)->Next(row)) {
    last.clear();
    for (const exchange::Cell& cell : row.cells) last.push_back(cell.text);
    if (last[0] == "Consultant") header = last;
  }
  EXPECT_EQ(header, (std::vector<std::string>{"Consultant", "2026-W43", "Total"}));
  EXPECT_EQ(last, (std::vector<std::string>{"Total", "22", "22"}));
  std::filesystem::remove(response.body_file);
}

TEST_P(ApiTest, CsvIsForExcelAndSafe) {
  const http::Response response =
      Call(http::Method::kPost, "/api/v1/kpi/export",
           R"({"question":{"columns":["=x=deal_cnt"],"by":["staff"],"period":"2026-10"},"format":"csv"})");
  EXPECT_EQ(response.status, 422);
  const http::Response named =
      Call(http::Method::kPost, "/api/v1/kpi/export",
           R"({"question":{"columns":["@x=deal_cnt"],"by":["staff"],"period":"2026-10"},"format":"csv"})");
  ASSERT_EQ(named.status, 200);
  EXPECT_EQ(named.body, "\xEF\xBB\xBFstaff,'@x\r\nAna,6\r\nBen,11\r\nCai,5\r\n");
}

TEST_P(ApiTest, TheSuccessTableHasIntervalsAndSamples) {
  const json::object table = Post("/api/v1/tables/success-rate", R"({"period":"2026-10","by":"staff"})");
  EXPECT_EQ(table.at("steps").as_array().size(), 6U);
  const json::array& rows = table.at("rows").as_array();
  ASSERT_EQ(rows.size(), 3U);
  for (const json::value& row : rows) {
    EXPECT_EQ(row.at("sample"), "ok");
    EXPECT_EQ(row.at("dealer_name").is_null(), row.at("name") == "Cai");  // who is in no team
    const json::value& needs = row.at("steps").at(1);
    EXPECT_EQ(needs.at("conversion").at("value").to_number<double>(), 1);
    EXPECT_EQ(needs.at("interval").at("high").to_number<double>(), 1);
  }
  EXPECT_EQ(table.at("total").at("steps").at(0).at("count").to_number<double>(), 80);
  EXPECT_TRUE(table.at("total").at("weakest").is_null());
}

TEST_P(ApiTest, TheFunnelSaysWhatWasLostAndWhatIsOpen) {
  const json::object funnel = Post("/api/v1/tables/funnel", R"({"period":"2026-10","vs":"previous"})");
  const json::array& steps = funnel.at("steps").as_array();
  ASSERT_EQ(steps.size(), 6U);
  EXPECT_EQ(funnel.at("lost_without_stage").to_number<double>(), 0);
  EXPECT_TRUE(steps[0].at("base").is_null());
  EXPECT_EQ(steps[2].at("stage"), "S5");
  EXPECT_EQ(steps[2].at("missing").to_number<double>(), 80);
  EXPECT_EQ(steps[2].at("lost").to_number<double>(), 3);
  EXPECT_EQ(steps[2].at("open").to_number<double>(), 77);
  EXPECT_EQ(steps[2].at("conversion").at("value").to_number<double>(), 0);
  EXPECT_TRUE(steps[2].at("vs").at("value").is_null());
  EXPECT_TRUE(steps[2].at("target").is_null());
}

TEST_P(ApiTest, FindingsSayTheResultAndTheGaps) {
  const json::object findings =
      Post("/api/v1/findings", R"({"period":"2026-10","to_date":true,"scope":")" + West() + "\"}");
  EXPECT_EQ(findings.at("headline").at("en"), "**17 orders**.");
  EXPECT_EQ(findings.at("provisional"), true);
  std::set<std::string> ids;
  for (const json::value& finding : findings.at("findings").as_array()) ids.emplace(finding.at("id").as_string());
  EXPECT_TRUE(ids.contains("nothing_recorded:S6"));
  EXPECT_TRUE(ids.contains("target_missing:deal_cnt"));
}

TEST_P(ApiTest, AViewIsSavedChangedAndRemoved) {
  const std::string body = R"({"name":"Mine","page":"explore","state":{"by":"staff"},"is_default":true})";
  const http::Response made = Call(http::Method::kPost, "/api/v1/views", body);
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string id(json::parse(made.body).at("id").as_string());
  EXPECT_EQ(json::parse(made.body).at("state").at("by"), "staff");
  const std::string path = "/api/v1/views/" + id;
  EXPECT_EQ(Call(http::Method::kPut, path, body).status / 100, 4);  // without If-Match
  EXPECT_EQ(Call(http::Method::kPut, path, body, "W/\"7\"").status, 409);
  EXPECT_EQ(Call(http::Method::kPut, path, body, "W/\"1\"").status, 200);
  const http::Response list = Call(http::Method::kGet, "/api/v1/views", "");
  EXPECT_EQ(json::parse(list.body).at("views").as_array().size(), 1U);
  EXPECT_EQ(Call(http::Method::kDelete, path, "", "W/\"2\"").status, 204);
  EXPECT_EQ(Call(http::Method::kDelete, path, "", "W/\"2\"").status, 404);
}

INSTANTIATE_TEST_SUITE_P(On, ApiTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::analysis
