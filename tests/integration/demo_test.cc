#include "app/demo.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "db/testing.h"
#include "kpi/answer.h"
#include "ledger/read.h"

namespace dealpace::app {
namespace {

Day On(const char* day) { return *ParseDay(day); }

DemoOptions Small() {
  DemoOptions options;
  options.regions = 1;
  options.dealers = 2;
  options.months = 3;
  options.until = On("2026-04-18");
  return options;
}

// A store of its own with a demo network in it.
class Demo {
 public:
  explicit Demo(const DemoOptions& options, db::Kind kind = db::Kind::kSqlite) : database_(kind) {
    auto system = System::Open(database_.url());
    EXPECT_TRUE(system.ok());
    system_ = *std::move(system);
    const Result<DemoSummary> loaded = LoadDemo(*system_, options);
    EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : loaded.error().code + std::string(loaded.error().Arg("detail")));
    if (loaded.ok()) summary = *loaded;
  }

  System& operator*() const { return *system_; }

  // A figure by dealer (label → value); undefined ones are left out.
  std::map<std::string, double> ByDealer(const std::string& kpi, const std::string& period) const {
    std::map<std::string, double> figures;
    for (const kpi::RowAnswer& row : Ask({kpi}, period, {"dealer"}).rows) {
      if (row.cells[0].value) figures[std::string(*row.keys[0])] = *row.cells[0].value;
    }
    return figures;
  }

  kpi::Answer Ask(const std::vector<std::string>& kpis, const std::string& period,
                  const std::vector<std::string>& by) const {
    kpi::Question question;
    for (const std::string& kpi : kpis) question.columns.push_back({kpi, kpi});
    question.period = *ParsePeriod(period);
    question.by = by;
    question.today = summary.period.to;
    const auto answer = system_->engine().Ask(question);
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().code);
    return answer.ok() ? *answer : kpi::Answer();
  }

  DemoSummary summary;

 private:
  db::TestDatabase database_;
  std::unique_ptr<System> system_;
};

// Everything that must not differ between two tellings of the same network, as text.
std::string Figures(const Demo& demo) {
  const kpi::Answer answer =
      demo.Ask({"traffic_count", "capture_rate", "test_drive_rate", "close_rate", "sales_amount", "followup_compliance",
                "csat_score", "value_added_per_vehicle", "attendance_rate", "customer_count", "net_profit"},
               "2026-02..2026-04", {"staff", "month"});
  std::vector<std::string> lines;
  for (const kpi::RowAnswer& row : answer.rows) {
    std::string line;
    for (const auto& key : row.keys) line += std::string(key.value_or("-")) + " ";
    for (const kpi::CellAnswer& cell : row.cells) line += cell.value ? std::to_string(*cell.value) + " " : "- ";
    lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

class DemoTest : public testing::TestWithParam<db::Kind> {};
INSTANTIATE_TEST_SUITE_P(On, DemoTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

TEST_P(DemoTest, TheSameOptionsTellTheSameHistoryAnotherSeedAnother) {
  const Demo one(Small(), GetParam());
  const Demo two(Small());
  DemoOptions other_seed = Small();
  other_seed.seed = 7;
  const Demo three(other_seed);

  EXPECT_EQ(one.summary.entries, two.summary.entries);
  EXPECT_EQ(one.summary.leads, two.summary.leads);
  EXPECT_GT(Figures(one).size(), 1000u);
  EXPECT_EQ(Figures(one), Figures(two));
  EXPECT_NE(Figures(one), Figures(three));
}

TEST_P(DemoTest, HeadsAreGaplessAndNothingIsAfterTheLastDay) {
  const Demo demo(Small(), GetParam());
  struct Ledger {
    int64_t dealers = 0;
    int64_t entries = 0;
    int64_t broken = 0;  // dealers whose seqs are not 1 to head
    Day first{};
    Day last{};
    int64_t recorded_before = 0;  // entries recorded before they happened
    int64_t at_night = 0;
  };
  const auto read = (*demo).database().Read<Ledger>([](db::Connection& connection) -> Result<Ledger> {
    Ledger ledger;
    ledger::MakeWhole(connection, std::nullopt);
    db::Rows rows = connection.Query(
        "SELECT h.head, count(e.seq), min(e.seq), max(e.seq), min(e.day), max(e.day), "
        "sum(CASE WHEN e.recorded_at < e.at THEN 1 ELSE 0 END), "
        "sum(CASE WHEN (e.at + 28800000) % 86400000 BETWEEN 32400000 AND 72000000 THEN 0 ELSE 1 END) "
        "FROM ledger_head h JOIN ledger_whole e ON e.dealer_id = h.dealer_id GROUP BY h.dealer_id, h.head");
    ledger.first = kLastDay;
    while (rows.Next()) {
      ++ledger.dealers;
      ledger.entries += rows.Int(1);
      if (rows.Int(0) != rows.Int(1) || rows.Int(2) != 1 || rows.Int(3) != rows.Int(0)) ++ledger.broken;
      ledger.first = std::min(ledger.first, Day{static_cast<int32_t>(rows.Int(4))});
      ledger.last = std::max(ledger.last, Day{static_cast<int32_t>(rows.Int(5))});
      ledger.recorded_before += rows.Int(6);
      ledger.at_night += rows.Int(7);
    }
    return ledger;
  });
  ASSERT_TRUE(read.ok()) << read.error().Arg("detail");
  EXPECT_EQ(read->dealers, 2);
  EXPECT_EQ(read->entries, demo.summary.entries);
  EXPECT_EQ(read->broken, 0);
  EXPECT_EQ(FormatDay(read->first), "2026-02-01");
  EXPECT_EQ(FormatDay(read->last), "2026-04-18");
  EXPECT_EQ(read->recorded_before, 0);
  EXPECT_EQ(read->at_night, 0);
}

TEST_P(DemoTest, AStoreWithEntriesIsRefused) {
  const Demo demo(Small(), GetParam());
  const auto again = LoadDemo(*demo, Small());
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, "demo_not_empty");
}

TEST(DemoOptionsTest, ImpossibleNetworksAreRefused) {
  db::TestDatabase database(db::Kind::kSqlite);
  const auto system = System::Open(database.url());
  ASSERT_TRUE(system.ok());
  const auto refused = [&](DemoOptions options) {
    const auto loaded = LoadDemo(**system, options);
    return loaded.ok() ? std::string() : loaded.error().code + " " + std::string(loaded.error().Arg("option"));
  };
  DemoOptions options = Small();
  options.regions = 3;
  EXPECT_EQ(refused(options), "demo_bad_option regions");
  options = Small();
  options.until = {};
  EXPECT_EQ(refused(options), "demo_bad_option until");
  options = Small();
  options.scale = 0;
  EXPECT_EQ(refused(options), "demo_bad_option scale");
}

// Twelve dealers, half a year: what is said of the network can be seen in it.
class DemoNetworkTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    DemoOptions options;
    options.months = 6;
    options.until = On("2026-06-30");
    demo_ = new Demo(options);
  }
  static void TearDownTestSuite() {
    delete demo_;
    demo_ = nullptr;
  }
  static constexpr const char* kPeriod = "2026-01..2026-06";
  static Demo* demo_;

  // The dealer with the lowest figure; the label is the name, so it is looked up.
  static std::string Weakest(const std::string& kpi) {
    const std::map<std::string, double> figures = demo_->ByDealer(kpi, kPeriod);
    EXPECT_EQ(figures.size(), 12u);
    const auto lowest = std::min_element(figures.begin(), figures.end(),
                                         [](const auto& a, const auto& b) { return a.second < b.second; });
    return CodeOf(lowest->first);
  }
  static std::string CodeOf(const std::string& name) {
    const auto code = (**demo_).database().Read<std::string>([&](db::Connection& connection) -> Result<std::string> {
      db::Rows rows = connection.Query("SELECT code FROM dealer WHERE name = ?1", name);
      return rows.Next() ? std::string(rows.Text(0)) : std::string();
    });
    return code.ok() ? *code : code.error().code;
  }
};
Demo* DemoNetworkTest::demo_ = nullptr;

TEST_F(DemoNetworkTest, TheTwoProblemDealersAreTheWeakestOfTheirKind) {
  EXPECT_EQ(demo_->summary.poor_capture, "D05");
  EXPECT_EQ(demo_->summary.poor_test_drive, "D10");
  EXPECT_EQ(Weakest("capture_rate"), demo_->summary.poor_capture);
  EXPECT_EQ(Weakest("test_drive_rate"), demo_->summary.poor_test_drive);
  EXPECT_EQ(Weakest("close_rate"), demo_->summary.poor_test_drive);
}

TEST_F(DemoNetworkTest, TheFunnelHasPlausibleLevels) {
  struct Level {
    std::string kpi;
    double low;
    double high;
  };
  const std::vector<Level> levels = {{"capture_rate", 0.60, 0.75},
                                     {"stage_conversion_s5", 0.80, 0.92},
                                     {"stage_conversion_s6", 0.48, 0.65},
                                     {"stage_conversion_s7", 0.38, 0.52},
                                     {"stage_conversion_s8", 0.75, 1.05},
                                     {"close_rate", 0.16, 0.24},
                                     {"on_time_delivery", 0.85, 0.97},
                                     {"attendance_rate", 0.93, 0.99},
                                     {"callback_rate", 0.75, 0.97},
                                     {"csat_score", 85, 95},
                                     {"first_buyer_referral_share", 0.55, 0.80}};
  std::vector<std::string> names;
  for (const Level& level : levels) names.push_back(level.kpi);
  const kpi::Answer answer = demo_->Ask(names, kPeriod, {});
  ASSERT_EQ(answer.total.cells.size(), levels.size());
  for (size_t i = 0; i < levels.size(); ++i) {
    ASSERT_TRUE(answer.total.cells[i].value) << levels[i].kpi;
    EXPECT_GE(*answer.total.cells[i].value, levels[i].low) << levels[i].kpi;
    EXPECT_LE(*answer.total.cells[i].value, levels[i].high) << levels[i].kpi;
  }
}

TEST_F(DemoNetworkTest, MostKpisHaveAValue) {
  int valued = 0;
  int asked = 0;
  for (const catalog::Kpi& kpi : (**demo_).catalog().kpis()) {
    if (!kpi.parameter.empty()) continue;
    ++asked;
    const kpi::Answer answer = demo_->Ask({kpi.id}, "2026Q2", {"region"});
    valued += std::any_of(answer.rows.begin(), answer.rows.end(), [](const auto& row) { return row.cells[0].value; });
  }
  EXPECT_GT(valued * 100, asked * 80);
}

}  // namespace
}  // namespace dealpace::app
