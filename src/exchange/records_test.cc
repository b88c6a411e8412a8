#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <future>

#include "catalog/embedded.h"
#include "db/testing.h"
#include "exchange/import.h"
#include "exchange/records_api.h"
#include "kpi/answer.h"
#include "ledger/read.h"
#include "org/change.h"
#include "org/org.h"

namespace dealpace::exchange {
namespace {

namespace json = boost::json;

// Noon of that day in Shanghai.
constexpr Instant kNow{1'773'979'200'000};  // 2026-03-20T04:00:00Z

class RecordsTest : public testing::TestWithParam<db::Kind> {
 protected:
  RecordsTest()
      : database_(GetParam()),
        catalog_(catalog::Load(catalog::EmbeddedFiles()).catalog),
        org_(*database_),
        source_(*database_, *catalog_),
        facts_(*catalog_, source_, org_),
        engine_(*catalog_, facts_) {
    AddRecordRoutes(router_,
                    {*database_, catalog_, org_, [] { return kNow; }, [](http::Handler handler) { return handler; }});
    const auto made = database_->Write<void>([&](db::Connection& connection) -> Status {
      ASSIGN_OR_RETURN(dealer_, org::AddDealer(connection, "D1", "一店"));
      ASSIGN_OR_RETURN(const DealerId other, org::AddDealer(connection, "D2", "二店"));
      (void)other;
      ASSIGN_OR_RETURN(staff_, org::AddStaff(connection, dealer_, "007", "Ana"));
      (void)org::AddMember(connection, Dim::kModel, "GTX Pro");
      return {};
    });
    EXPECT_TRUE(made.ok());
  }

  http::Response Call(http::Method method, const std::string& path, const std::string& body = {}) {
    http::Request request;
    request.method = method;
    request.language = Language::kEnglish;
    request.caller.login = "li";
    request.caller.rights = std::make_shared<const http::RightsAndRows>(
        http::RightsAndRows{{"record", RowScope::Everything()}, {"reports", RowScope::Everything()}});
    const size_t question = path.find('?');
    request.path = path.substr(0, question);
    if (question != std::string::npos) {
      for (const std::string& pair : Split(path.substr(question + 1), '&')) {
        request.query.emplace_back(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1));
      }
    }
    request.body = body;
    const http::Router::Match match = router_.Find(method, request.path);
    if (match.route == nullptr) throw std::logic_error("no route " + path);
    // As the server asks: first without a worker.
    if (const auto begin = match.route->later ? match.route->later(request) : http::LaterBegin()) {
      std::promise<http::LaterAnswer> told;
      begin([&told](http::LaterAnswer answer) { told.set_value(std::move(answer)); });
      if (auto response = told.get_future().get()()) {
        ++without_worker_;
        return *std::move(response);
      }
    }
    return match.route->handler(request);
  }

  // "added changed unchanged removed", then the refusals as "index:code:field".
  std::string Post(const std::string& path, const std::string& body) {
    const http::Response response = Call(http::Method::kPost, path, body);
    if (response.status != 200) return response.log_code;
    const json::value answer = json::parse(response.body);
    std::string text;
    for (const char* name : {"added", "changed", "unchanged", "removed"}) {
      text += (text.empty() ? "" : " ") + std::to_string(answer.at(name).as_int64());
    }
    for (const json::value& refusal : answer.at("refused").as_array()) {
      EXPECT_FALSE(refusal.at("message").as_string().empty());
      const json::value* field = refusal.as_object().if_contains("field");
      text += " " + std::to_string(refusal.at("index").as_int64()) + ":" + std::string(refusal.at("code").as_string()) +
              (field == nullptr ? "" : ":" + std::string(field->as_string()));
    }
    return text;
  }
  std::string Events(const std::string& list) { return Post("/api/v1/events", R"({"events":[)" + list + "]}"); }
  std::string Readings(const std::string& list) { return Post("/api/v1/readings", R"({"readings":[)" + list + "]}"); }

  std::string Figure(const std::string& formula, const std::string& period, std::vector<std::string> by = {}) {
    kpi::Question question;
    question.columns = kpi::SplitColumns(formula);
    question.period = *ParsePeriod(period);
    question.by = std::move(by);
    const auto answer = engine_.Ask(question);
    if (!answer.ok()) return answer.error().code;
    const auto text = [](const kpi::RowAnswer& row) {
      const auto& value = row.cells[0].value;
      std::string out = "—";
      if (value) {
        char buffer[40];
        std::snprintf(buffer, sizeof buffer, "%.10g", *value);
        out = buffer;
      }
      return out;
    };
    if (question.by.empty()) return text(answer->total);
    std::string all;
    for (const kpi::RowAnswer& row : answer->rows) {
      all += (all.empty() ? "" : ", ") + std::string(row.keys[0].value_or("—")) + " " + text(row);
    }
    return all;
  }

  int64_t Entries() {
    return *database_->Read<int64_t>([](db::Connection& connection) -> Result<int64_t> {
      ledger::MakeWhole(connection, std::nullopt);
      db::Rows rows = connection.Query("SELECT count(*) FROM ledger_whole");
      rows.Next();
      return rows.Int(0);
    });
  }

  db::TestDatabase database_;
  int without_worker_ = 0;  // calls that were answered like that
  std::shared_ptr<const catalog::Catalog> catalog_;
  org::DatabaseOrg org_;
  ledger::DatabaseSource source_;
  facts::Facts facts_;
  kpi::Engine engine_;
  http::Router router_;
  DealerId dealer_;
  StaffId staff_;
};

TEST_P(RecordsTest, ABatchWithKeysIsTheSameBatchNextTime) {
  const std::string batch =
      R"({"event":"captured","at":"2026-03-02","dealer":"D1","lead":"L1","staff":"Ana","source":"referral","key":"a"},
         {"event":"deal","at":"2026-03-09T10:30","dealer":"一店","lead":"L1","amount":199800.5,"model":"GTX Pro","key":"b"})";
  EXPECT_EQ(Events(batch), "2 0 0 0");
  EXPECT_EQ(Events(batch), "0 0 2 0");
  EXPECT_EQ(Figure("deal_amt", "2026-03"), "199800.5");
  EXPECT_EQ(Figure("deal_cnt", "2026-03", {"source"}), "referral 1");
  // Other content: taken back and booked anew.
  EXPECT_EQ(Events(R"({"event":"deal","at":"2026-03-09T10:30","dealer":"D1","lead":"L1","amount":180000,"key":"b"})"),
            "0 1 0 0");
  EXPECT_EQ(Figure("deal_amt", "2026-03"), "180000");
  EXPECT_EQ(Events(R"({"event":"deal","at":"2026-03-09","dealer":"D1","key":"b","withdraw":true})"), "0 0 0 1");
  EXPECT_EQ(Events(R"({"event":"deal","at":"2026-03-09","dealer":"D1","key":"b","withdraw":true})"), "0 0 0 0");
  EXPECT_EQ(Figure("deal_cnt", "2026-03"), "0");
}

TEST_P(RecordsTest, AListIsBookedTogetherWithItsRecordInTheAuditLog) {
  std::vector<std::string> noted;
  bool fails = true;
  router_ = {};
  AddRecordRoutes(router_,
                  {*database_, catalog_, org_, [] { return kNow; }, [](http::Handler handler) { return handler; },
                   [&](db::Connection&, const db::Deed& deed) -> Status {
                     if (fails) return Error("audit_head_bad");
                     noted.push_back(deed.act + " " + std::to_string(std::get<int64_t>(deed.details[0].second)) +
                                     (deed.dealer == dealer_ ? " D1" : " D2"));
                     return {};
                   }});
  const std::string list =
      R"({"event":"captured","at":"2026-03-02","dealer":"D1"},{"event":"captured","at":"2026-03-02","dealer":"D2"},
         {"event":"captured","at":"2026-03-03","dealer":"D1"})";
  EXPECT_EQ(Events(list), "audit_head_bad");
  EXPECT_EQ(Entries(), 0);
  fails = false;
  EXPECT_EQ(Events(list), "3 0 0 0");
  EXPECT_EQ(Readings(R"({"measure":"headcount","dealer":"D1","at":"2026-03-01","value":12})"), "1 0 0 0");
  // A single event stands in the ledger, with who recorded it.
  EXPECT_EQ(Post("/api/v1/events", R"({"event":"captured","at":"2026-03-02","dealer":"D1"})"), "1 0 0 0");
  EXPECT_EQ(noted, (std::vector<std::string>{"events.post 2 D1", "events.post 1 D2", "readings.post 1 D1"}));
}

TEST_P(RecordsTest, WithoutAKeyEachCallBooksAnew) {
  const std::string one = R"({"event":"test_drive","at":"2026-03-02","dealer":"D1","count":2.5})";
  EXPECT_EQ(Post("/api/v1/events", one), "1 0 0 0");
  EXPECT_EQ(Post("/api/v1/events", one), "1 0 0 0");
  EXPECT_EQ(Figure("td_cnt", "2026-03"), "5");
}

// On SQLite; a PostgreSQL server has its own connection for each worker.
TEST_P(RecordsTest, AnOrdinaryEventThatComesAloneNeedsNoWorker) {
  const bool later = GetParam() == db::Kind::kSqlite;
  const std::string path = "/api/v1/events";
  const auto event = [](const std::string& more) {
    return R"({"event":"captured","at":"2026-03-02","dealer":"D1",)" + more + "}";
  };
  EXPECT_EQ(Post(path, event(R"("lead":"K1","key":"a")")), "1 0 0 0");
  EXPECT_EQ(without_worker_, 0) << "a worker gets to know the organisation";
  EXPECT_EQ(Post(path, event(R"("lead":"K1","key":"a")")), "0 0 1 0");
  EXPECT_EQ(Post(path, event(R"("lead":"K2","key":"a")")), "0 1 0 0");
  EXPECT_EQ(Post(path, event(R"("lead":"K3","staff":"007")")), "1 0 0 0");
  EXPECT_EQ(without_worker_, later ? 3 : 0);
  EXPECT_EQ(Figure("prospect_cnt", "2026-03"), "2");
  EXPECT_EQ(Entries(), 4) << "with what was taken back";

  // What is not ordinary is left to a worker, who says why.
  EXPECT_EQ(Post(path, event(R"("staff":"nobody")")), "0 0 0 0 0:row_unknown_staff:staff");
  EXPECT_EQ(Post(path, event(R"("key":"a","withdraw":true)")), "0 0 0 1");
  EXPECT_EQ(Post(path, event(R"("amount":5)")), "0 0 0 0 0:event_takes_no_amount:amount");
  EXPECT_EQ(Post(path, "{"), "json_syntax");
  EXPECT_EQ(without_worker_, later ? 3 : 0);

  // The organisation has changed: what was begun is not booked, and a worker looks again.
  ASSERT_TRUE(database_
                  ->Write<void>([&](db::Connection& connection) -> Status {
                    ASSIGN_OR_RETURN(const StaffId ben, org::AddStaff(connection, dealer_, "008", "Ben"));
                    (void)ben;
                    return {};
                  })
                  .ok());
  EXPECT_EQ(Post(path, event(R"("lead":"K4")")), "1 0 0 0");
  EXPECT_EQ(without_worker_, later ? 3 : 0);
  EXPECT_EQ(Figure("prospect_cnt", "2026-03"), "2") << "once: K3 and K4";
  EXPECT_EQ(Post(path, event(R"("lead":"K5","staff":"008")")), "1 0 0 0");
  EXPECT_EQ(without_worker_, later ? 3 : 0) << "a worker gets to know the organisation as it is now";
  EXPECT_EQ(Post(path, event(R"("lead":"K6","staff":"008")")), "1 0 0 0");
  EXPECT_EQ(without_worker_, later ? 4 : 0);
}

// Of events without a key none is left to be put in order; those with one may be.
TEST_P(RecordsTest, WithoutAKeyNothingIsLeftForLater) {
  const auto left = [&] {
    const auto number = database_->Read<int64_t>([](db::Connection& c) -> Result<int64_t> {
      db::Rows rows = c.Query("SELECT SUM(head - keyed) FROM ledger_head");
      return rows.Next() ? rows.Int(0) : -1;
    });
    return number.ok() ? *number : -1;
  };
  const std::string keyless = R"({"event":"traffic","at":"2026-03-02","dealer":"D1"})";
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Post("/api/v1/events", keyless), "1 0 0 0");
  EXPECT_EQ(left(), 0);
  ASSERT_EQ(Post("/api/v1/events", R"({"event":"traffic","at":"2026-03-02","dealer":"D1","key":"a"})"), "1 0 0 0");
  EXPECT_EQ(left(), GetParam() == db::Kind::kSqlite ? 1 : 0);
}

TEST_P(RecordsTest, AnEventGivenHereAndInAFileIsOne) {
  EXPECT_EQ(Events(R"({"event":"deal","at":"2026-03-09","dealer":"D1","lead":"L1","amount":1000,"key":"b"})"),
            "1 0 0 0");
  db::TestStore folder(db::Kind::kSqlite);
  ImportOptions options;
  options.path = folder.url() + ".csv";
  std::FILE* file = std::fopen(options.path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fputs("event,at,dealer,lead,amount,number\ndeal,2026-03-09,D1,L1,1000,b\n", file);
  (void)std::fclose(file);
  const auto mapping = ParseMapping(
      "kind = \"events\"\nkey = [\"number\"]\n[columns]\nevent = \"event\"\nat = \"at\"\ndealer = \"dealer\"\n"
      "lead = \"lead\"\namount = \"amount\"\n",
      *catalog_);
  ASSERT_TRUE(mapping.ok()) << mapping.error().code;
  options.mapping = *mapping;
  const auto summary = Import(*database_, *catalog_, options);
  ASSERT_TRUE(summary.ok()) << summary.error().code;
  EXPECT_EQ(summary->booked.unchanged, 1);
  EXPECT_EQ(summary->booked.added, 0);
}

TEST_P(RecordsTest, InstantsFallOnTheDealersDay) {
  EXPECT_EQ(Events(R"({"event":"traffic","at":"2026-03-01T16:30:00.250Z","dealer":"D1"},
                      {"event":"traffic","at":"2026-03-02T01:00:00+08:00","dealer":"D1"},
                      {"event":"traffic","at":"2026-03-02T23:59","dealer":"D1"})"),
            "3 0 0 0");
  EXPECT_EQ(Figure("traffic_cnt", "2026-03-02"), "3");
  const int64_t first = *database_->Read<int64_t>([](db::Connection& connection) -> Result<int64_t> {
    db::Rows rows = connection.Query("SELECT min(at) FROM ledger_entry");
    rows.Next();
    return rows.Int(0);
  });
  EXPECT_EQ(FormatInstant({first}), "2026-03-01T16:30:00.250Z");
}

TEST_P(RecordsTest, MoneyIsRoundedToFenHalfAwayFromZero) {
  EXPECT_EQ(Events(R"({"event":"deal","at":"2026-03-09","dealer":"D1","amount":1.005},
                      {"event":"deal","at":"2026-03-09","dealer":"D1","amount":2.675},
                      {"event":"invoice","at":"2026-03-09","dealer":"D1","amount":-2.675})"),
            "3 0 0 0");
  EXPECT_EQ(Figure("deal_amt", "2026-03"), "3.69");
  EXPECT_EQ(Figure("sales_amt", "2026-03"), "-2.68");
}

TEST_P(RecordsTest, WhenOneIsRefusedNoneIsBooked) {
  const std::string good = R"({"event":"traffic","at":"2026-03-02","dealer":"D1"},)";
  const auto refused = [&](const std::string& second) {
    const std::string outcome = Events(good + second);
    return outcome.starts_with("0 0 0 0 1:") ? outcome.substr(10) : outcome;
  };
  EXPECT_EQ(refused(R"({"at":"2026-03-02","dealer":"D1"})"), "field_missing:event");
  EXPECT_EQ(refused(R"({"event":"traffic","dealer":"D1"})"), "field_missing:at");
  EXPECT_EQ(refused(R"({"event":"traffic","at":"2026-03-02"})"), "field_missing:dealer");
  EXPECT_EQ(refused(R"({"event":"traffik","at":"2026-03-02","dealer":"D1"})"), "row_unknown_event_suggest:event");
  EXPECT_EQ(refused(R"({"event":"reading.headcount","at":"2026-03-02","dealer":"D1"})"), "row_unknown_event:event");
  EXPECT_EQ(refused(R"({"event":"traffic","at":"2026-02-30","dealer":"D1"})"), "row_bad_date:at");
  EXPECT_EQ(refused(R"({"event":"traffic","at":"2026-03-22","dealer":"D1"})"), "row_future_date:at");
  EXPECT_EQ(refused(R"({"event":"traffic","at":"2026-03-02","dealer":"D9"})").substr(0, 18), "row_unknown_dealer");
  EXPECT_EQ(refused(R"({"event":"traffic","at":"2026-03-02","dealer":"D1","staff":"Zed"})").substr(0, 17),
            "row_unknown_staff");
  EXPECT_EQ(refused(R"({"event":"traffic","at":"2026-03-02","dealer":"D1","model":"X9"})"), "row_unknown_member:model");
  EXPECT_EQ(refused(R"({"event":"traffic","at":"2026-03-02","dealer":"D1","count":0})"), "event_count_zero:count");
  EXPECT_EQ(refused(R"({"event":"traffic","at":"2026-03-02","dealer":"D1","count":-1})"), "row_negative:count");
  EXPECT_EQ(refused(R"({"event":"traffic","at":"2026-03-02","dealer":"D1","count":1e20})"),
            "row_number_too_large:count");
  EXPECT_EQ(refused(R"({"event":"traffic","at":"2026-03-02","dealer":"D1","count":"two"})"),
            "field_type:events[1].count");
  EXPECT_EQ(refused(R"({"event":"traffic","at":"2026-03-02","dealer":"D1","amount":5})"),
            "event_takes_no_amount:amount");
  EXPECT_EQ(refused(R"({"event":"traffic","at":"2026-03-02","dealer":"D1","attempt":0})"), "row_bad_number:attempt");
  EXPECT_EQ(refused(R"({"event":"traffic","at":"2026-03-02","dealer":"D1","withdraw":true})"),
            "event_withdraw_needs_key:key");
  EXPECT_EQ(refused(R"({"event":"traffic","at":"2026-03-02","dealer":"D1","colour":"red"})"),
            "field_unknown:events[1].colour");
  EXPECT_EQ(Events(R"({"event":"traffic","at":"2026-03-02","dealer":"D1","key":"a"},
                      {"event":"traffic","at":"2026-03-03","dealer":"D1","key":"a"})"),
            "0 0 0 0 1:record_twice");
  // Several at once, each with its own reason.
  EXPECT_EQ(Events(R"({"event":"traffic"},{"event":"traffic","at":"2026-03-02","dealer":"D1"},{"event":1})"),
            "0 0 0 0 0:field_missing:at 2:field_type:events[2].event");
  EXPECT_EQ(Post("/api/v1/events", R"({"events":7})"), "field_type");
  EXPECT_EQ(Post("/api/v1/events", "{"), "json_syntax");
  EXPECT_EQ(Entries(), 0);
}

TEST_P(RecordsTest, MissingNamesAreMadeOnlyWhenAllIsTaken) {
  const auto events = [&](const std::string& second) {
    return Post("/api/v1/events",
                R"({"create_missing":true,"events":[{"event":"traffic","at":"2026-03-02","dealer":"D7",
      "staff":"Zed","model":"X9"},)" +
                    second + "]}");
  };
  const auto dealers = [&] {
    return database_->Read<std::vector<org::Dealer>>([](db::Connection& c) { return org::ListDealers(c); })->size();
  };
  EXPECT_EQ(events(R"({"event":"traffic","at":"?","dealer":"D8"})"), "0 0 0 0 1:row_bad_date:at");
  EXPECT_EQ(dealers(), 2U);
  EXPECT_EQ(events(R"({"event":"traffic","at":"2026-03-03","dealer":"D7","staff":"Zed"})"), "2 0 0 0");
  EXPECT_EQ(dealers(), 3U);
  EXPECT_EQ(Figure("traffic_cnt", "2026-03", {"staff"}), "Zed 2");
}

TEST_P(RecordsTest, AMoveShowsInTheFiguresOfTheRegions) {
  const auto region = org::AddUnit(*database_, org::UnitKind::kRegion, {}, {.code = "N", .name = "North"}, {});
  const auto other = org::AddUnit(*database_, org::UnitKind::kRegion, {}, {.code = "S", .name = "South"}, {});
  ASSERT_TRUE(region.ok() && other.ok());
  EXPECT_EQ(Events(R"({"event":"traffic","at":"2026-03-02","dealer":"D1"},
                      {"event":"traffic","at":"2026-03-12","dealer":"D1","count":3})"),
            "2 0 0 0");
  EXPECT_EQ(Figure("traffic_cnt", "2026-03", {"region"}), "— 4");
  const org::UnitRef dealer{org::UnitKind::kDealer, dealer_, dealer_.value};
  const Day today = *ParseDay("2026-03-20");
  ASSERT_TRUE(org::MoveUnit(*database_, dealer, *ParseDay("2026-03-01"), *region, today).ok());
  EXPECT_EQ(Figure("traffic_cnt", "2026-03", {"region"}), "North 4");
  ASSERT_TRUE(org::MoveUnit(*database_, dealer, *ParseDay("2026-03-10"), *other, today).ok());
  EXPECT_EQ(Figure("traffic_cnt", "2026-03", {"region"}), "North 1, South 3");
  const int64_t version = *database_->Read<int64_t>(
      [](db::Connection& connection) -> Result<int64_t> { return org::OrgVersion(connection); });
  ASSERT_TRUE(org::ChangeUnit(*database_, {org::UnitKind::kRegion, {}, *other}, version, {.name = "华南"}).ok());
  EXPECT_EQ(Figure("traffic_cnt", "2026-03", {"region"}), "North 1, 华南 3");
}

TEST_P(RecordsTest, AReadingReplacesTheOneOfTheSameThing) {
  EXPECT_EQ(Readings(R"({"measure":"market_units","dealer":"D1","at":"2026-03-01","value":500},
                        {"measure":"market_units","dealer":"D1","at":"2026-03-01","model":"GTX Pro","value":40})"),
            "2 0 0 0");
  EXPECT_EQ(Figure("market_units", "2026-03"), "540");
  EXPECT_EQ(Readings(R"({"measure":"market_units","dealer":"一店","at":"2026-03-01","value":450})"), "0 1 0 0");
  EXPECT_EQ(Readings(R"({"measure":"market_units","dealer":"D1","at":"2026-03-01","value":450})"), "0 0 1 0");
  EXPECT_EQ(Figure("market_units", "2026-03"), "490");
  EXPECT_EQ(Readings(R"({"measure":"market_units","dealer":"D1","at":"2026-03-01","model":"GTX Pro","value":null})"),
            "0 0 0 1");
  EXPECT_EQ(Figure("market_units", "2026-03"), "450");

  const auto list = [&](const std::string& query) {
    std::string text;
    const json::value answer = json::parse(Call(http::Method::kGet, "/api/v1/readings" + query).body);
    for (const json::value& reading : answer.at("readings").as_array()) {
      EXPECT_EQ(reading.at("recorded_by").as_string(), "li");
      EXPECT_EQ(reading.at("dealer_name").as_string(), "一店");
      text += std::string(reading.at("measure").as_string()) + " " + std::string(reading.at("dealer").as_string()) +
              " " + std::string(reading.at("at").as_string()) + " " + json::serialize(reading.at("value")) + ";";
    }
    return text;
  };
  EXPECT_EQ(list(""), "market_units D1 2026-03-01 450;");
  EXPECT_EQ(list("?measure=market_units&dealer=D1"), "market_units D1 2026-03-01 450;");
  EXPECT_EQ(list("?dealer=D2"), "");
  EXPECT_EQ(list("?measure=deal_cnt"), "");
  EXPECT_EQ(Call(http::Method::kGet, "/api/v1/readings?measure=nothing").status, 422);
  EXPECT_EQ(Call(http::Method::kGet, "/api/v1/readings?dealer=D9").status, 422);
  EXPECT_EQ(Call(http::Method::kGet, "/api/v1/readings?limit=501").status, 422);
}

TEST_P(RecordsTest, ReadingsAreRefusedLikeEvents) {
  EXPECT_EQ(Readings(R"({"measure":"market_units","dealer":"D1","at":"2026-03-01"})"), "0 0 0 0 0:field_missing:value");
  EXPECT_EQ(Readings(R"({"measure":"market_units","at":"2026-03-01","value":1})"), "0 0 0 0 0:field_missing:dealer");
  EXPECT_EQ(Readings(R"({"measure":"no such","dealer":"D1","at":"2026-03-01","value":1})"),
            "0 0 0 0 0:row_unknown_measure:measure");
  EXPECT_EQ(Readings(R"({"measure":"market_units","dealer":"D1","at":"2036-03-01","value":1})"),
            "0 0 0 0 0:day_out_of_range:at");
  EXPECT_EQ(Readings(R"({"measure":"market_units","dealer":"D1","at":"2026-03-01","value":1},
                        {"measure":"market_units","dealer":"一店","at":"2026-03-01","value":2})"),
            "0 0 0 0 1:record_twice");
  EXPECT_EQ(Post("/api/v1/readings", "{}"), "field_missing");
  EXPECT_EQ(Entries(), 0);
}

TEST_P(RecordsTest, AReadingThatAnImportHasSuppliedIsNotCountedTwice) {
  ledger::NewEntry entry;
  const int measure = catalog_->FindMeasure("market_units");
  entry.event = catalog_->measures()[static_cast<size_t>(measure)].reading_event;
  entry.day = *ParseDay("2026-03-01");
  entry.quantity = 500'000;
  ASSERT_TRUE(database_
                  ->Write<void>([&](db::Connection& connection) -> Status {
                    (void)ledger::Append(connection, *catalog_, dealer_, std::span(&entry, 1), {"import", kNow, {}});
                    return {};
                  })
                  .ok());
  EXPECT_EQ(Readings(R"({"measure":"market_units","dealer":"D1","at":"2026-03-01","value":450})"),
            "0 0 0 0 0:reading_supplied_elsewhere:value");
  EXPECT_EQ(Readings(R"({"measure":"market_units","dealer":"D1","at":"2026-03-02","value":1})"), "1 0 0 0");
}

INSTANTIATE_TEST_SUITE_P(On, RecordsTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::exchange
