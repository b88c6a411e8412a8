#include "tests/integration/cli.h"

// Files that other people published, through the command line, with the mappings of examples/.
namespace dealpace::testing {
namespace {

class RealFilesTest : public CliTest {
 protected:
  boost::json::value Import(const std::string& kind, const std::string& file, const std::string& map) const {
    return Json("import " + kind + " " + (RealFiles() / file).string() + " --map examples/" + map +
                " --create-missing");
  }
  static int64_t Count(const boost::json::value& summary, const char* group, const char* name) {
    return summary.at(group).at(name).to_number<int64_t>();
  }
};

class CrmTest : public RealFilesTest {
 protected:
  static constexpr const char* kFile = "crm_opportunities/sales_pipeline.csv";
  void ImportAll() {
    Must("init");
    summary_ = Import("events", kFile, "crm_opportunities.toml");
  }
  boost::json::value summary_;
};

TEST_F(CrmTest, EveryRowIsTakenOrEmpty) {
  SKIP_WITHOUT_REAL_FILES();
  ImportAll();
  EXPECT_EQ(Count(summary_, "rows", "read"), 8800);
  EXPECT_EQ(Count(summary_, "rows", "refused"), 0);
  EXPECT_EQ(Count(summary_, "rows", "empty"), 500);
  EXPECT_EQ(Count(summary_, "recorded", "captured"), 8300);
}

TEST_F(CrmTest, FiguresAreThoseOfTheSource) {
  SKIP_WITHOUT_REAL_FILES();
  ImportAll();
  EXPECT_NEAR(Total("win=deal_cnt/(deal_cnt+lost_cnt)"), 4238.0 / 6711.0, 1e-12);
  EXPECT_DOUBLE_EQ(Total("deal_amt"), 10'005'534);
  EXPECT_NEAR(Total("sales_cycle_days"), 219'452.0 / 4238.0, 1e-12);
  EXPECT_DOUBLE_EQ(Total("closing(open_cnt)", "--period 2017"), 1589);
  EXPECT_DOUBLE_EQ(Total("prospect_cnt", "--model 'GTX Pro'"), 0 + Total("prospect_cnt[model=\"GTX Pro\"]"));
  EXPECT_GT(Total("prospect_cnt", "--model 'GTX Pro'"), 0);

  const std::vector<std::tuple<std::string, double, double>> quarters = {
      {"2017Q1", 531, 116}, {"2017Q2", 1254, 778}, {"2017Q3", 1257, 790}, {"2017Q4", 1196, 789}};
  const boost::json::value answer = Json("kpi deal_cnt,lost_cnt --by quarter --period 2017");
  const auto& rows = answer.at("rows").as_array();
  ASSERT_EQ(rows.size(), quarters.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].at("quarter").as_string(), std::get<0>(quarters[i]));
    EXPECT_DOUBLE_EQ(Value(rows[i].at("deal_cnt")), std::get<1>(quarters[i]));
    EXPECT_DOUBLE_EQ(Value(rows[i].at("lost_cnt")), std::get<2>(quarters[i]));
  }
}

TEST_F(CrmTest, MisspeltModelIsJoined) {
  SKIP_WITHOUT_REAL_FILES();
  ImportAll();
  const boost::json::value answer = Json("kpi prospect_cnt --by model");
  EXPECT_EQ(answer.at("rows").as_array().size(), 7U);
  for (const auto& row : answer.at("rows").as_array()) EXPECT_NE(row.at("model").as_string(), "GTXPro");
}

TEST_F(CrmTest, SecondImportChangesNothingAndUndoTakesAllBack) {
  SKIP_WITHOUT_REAL_FILES();
  ImportAll();
  const int64_t batch = summary_.at("batch").to_number<int64_t>();
  const boost::json::value again = Import("events", kFile, "crm_opportunities.toml");
  EXPECT_EQ(Count(again, "entries", "new"), 0);
  EXPECT_EQ(Count(again, "entries", "changed"), 0);
  EXPECT_EQ(Count(again, "entries", "unchanged"), 8300 + 4238 + 2473);
  Must("verify");
  Must("import undo " + std::to_string(batch));
  EXPECT_DOUBLE_EQ(Total("prospect_cnt"), 0);
  Must("verify");
  const boost::json::value third = Import("events", kFile, "crm_opportunities.toml");
  EXPECT_EQ(Count(third, "entries", "new"), 8300 + 4238 + 2473);
  EXPECT_DOUBLE_EQ(Total("deal_cnt"), 4238);
}

TEST_F(RealFilesTest, StoreReceiptsKeepReturnsAndRealDuplicates) {
  SKIP_WITHOUT_REAL_FILES();
  Must("init");
  const boost::json::value first = Import("events", "gbk_store_orders/order-14.1.csv", "store_orders.toml");
  EXPECT_EQ(first.at("file").at("encoding").as_string(), "GB18030");
  EXPECT_EQ(Count(first, "rows", "read"), 3478);
  EXPECT_EQ(Count(first, "recorded", "invoice"), 3478);
  EXPECT_NEAR(Total("sales_amt"), 28'950.19, 1e-9);  // each line rounded to fen
  const boost::json::value stores = Json("kpi sales_amt --by dealer");
  EXPECT_EQ(stores.at("rows").as_array().size(), 3U);
  EXPECT_EQ(Count(Import("events", "gbk_store_orders/order-14.1.csv", "store_orders.toml"), "entries", "new"), 0);
  Import("events", "gbk_store_orders/order-14.3.csv", "store_orders.toml");
  EXPECT_NEAR(Total("sales_amt", "--period 2017-01-03"), 28'950.19, 1e-9);
  Must("verify");
}

TEST_F(RealFilesTest, VisitorsBySourceComeInAsReadings) {
  SKIP_WITHOUT_REAL_FILES();
  Must("init");
  const boost::json::value summary =
      Import("readings", "gbk_traffic_sources/traffic_sources.csv", "traffic_sources.toml");
  EXPECT_EQ(Count(summary, "rows", "taken"), 22);
  const boost::json::value answer = Json("kpi visitor_cnt --by source");
  std::map<std::string, double> by_source;
  for (const auto& row : answer.at("rows").as_array()) {
    by_source[std::string(row.at("source").as_string())] = Value(row.at("visitor_cnt"));
  }
  EXPECT_EQ(by_source,
            (std::map<std::string, double>{{"一级", 104'329}, {"二级", 44'407}, {"三级", 37'953}, {"四级", 267}}));
}

}  // namespace
}  // namespace dealpace::testing
