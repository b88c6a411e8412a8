#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/testing.h"
#include "tests/integration/cli.h"

// Importing as a whole: two files of the same leads, bad files, an import that is killed, two processes on one store.
namespace dealpace::testing {
namespace {

using ImportCliTest = CliTest;

TEST_F(ImportCliTest, LeadsAndOrdersInTwoFilesGiveCohortConversionWhicheverComesFirst) {
  // Three leads of January (two by referral), one of February. Orders after 10, 31 and 61 days, and one of February
  // after 30 days, dated without source.
  const std::string leads = Write("leads.csv",
                                  "lead,source,date\n"
                                  "L1,referral,2026-01-01\nL2,referral,2026-01-10\nL3,walk_by,2026-01-31\n"
                                  "L4,walk_by,2026-02-01\n");
  const std::string orders = Write("orders.csv",
                                   "lead,order_date,price\n"
                                   "L1,2026-01-11,100000\nL2,2026-02-10,120000\nL3,2026-04-02,90000.50\n"
                                   "L4,2026-03-03,80000\n");
  const std::string leads_map = Write("leads.toml",
                                      "kind = \"events\"\nkey = [\"lead\"]\n[columns]\nlead = \"lead\"\n"
                                      "source = \"source\"\n[constants]\ndealer = \"D1\"\n"
                                      "[[event]]\nname = \"lead\"\nat = \"date\"\n");
  const std::string orders_map = Write("orders.toml",
                                       "kind = \"events\"\nkey = [\"lead\"]\n[columns]\nlead = \"lead\"\n"
                                       "[constants]\ndealer = \"D1\"\n"
                                       "[[event]]\nname = \"deal\"\nat = \"order_date\"\namount = \"price\"\n");
  const std::vector<std::pair<std::string, std::string>> files = {{leads, leads_map}, {orders, orders_map}};
  for (const bool orders_first : {false, true}) {
    std::filesystem::remove_all(Path("data"));
    Must("init");
    for (size_t i = 0; i < 2; ++i) {
      const auto& [file, map] = files[orders_first ? 1 - i : i];
      Must("import events " + file + " --map " + map + " --create-missing");
    }
    const auto converted = [&](const std::string& by, const std::string& within) {
      std::map<std::string, std::pair<double, double>> rows;
      const boost::json::value answer =
          Json("kpi 'won=deal_cnt/lead_cnt' --basis cohort --by " + by + " --within " + within);
      for (const auto& row : answer.at("rows").as_array()) {
        const auto& cell = row.at("won");
        rows[std::string(row.at(by).as_string())] = {cell.at("num").to_number<double>(),
                                                     cell.at("den").to_number<double>()};
      }
      return rows;
    };
    using Rows = std::map<std::string, std::pair<double, double>>;
    EXPECT_EQ(converted("month", "30d"), (Rows{{"2026-01", {1, 3}}, {"2026-02", {1, 1}}}));
    EXPECT_EQ(converted("month", "60d"), (Rows{{"2026-01", {2, 3}}, {"2026-02", {1, 1}}}));
    EXPECT_EQ(converted("month", "90d"), (Rows{{"2026-01", {3, 3}}, {"2026-02", {1, 1}}}));
    EXPECT_EQ(converted("source", "30d"), (Rows{{"referral", {1, 2}}, {"walk_by", {1, 2}}}));
    EXPECT_EQ(converted("source", "60d"), (Rows{{"referral", {2, 2}}, {"walk_by", {1, 2}}}));
    EXPECT_EQ(converted("source", "90d"), (Rows{{"referral", {2, 2}}, {"walk_by", {2, 2}}}));
    EXPECT_DOUBLE_EQ(Total("deal_amt"), 390'000.50);
  }
}

TEST_F(ImportCliTest, BadFilesAreRefusedInTheUsersLanguageAndChangeNothing) {
  Must("init");
  const std::string good = Write("good.csv", "lead,staff,captured_date\nL1,ana,2026-03-01\n");
  Must("import events " + good + " --create-missing");
  const std::string map = Write(
      "map.toml", "kind = \"events\"\n[columns]\nlead = \"lead\"\n[[event]]\nname = \"captured\"\nat = \"dtae\"\n");
  std::string rubbish(20'000, '\0');
  uint32_t state = 1;
  for (char& c : rubbish) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  const std::vector<std::tuple<std::string, std::string, int>> cases = {
      {"import events " + Write("empty.csv", ""), "file_empty", 1},
      {"import events " + Write("rubbish.csv", rubbish), "file_not_a_table", 1},
      {"import events " + Write("broken.xlsx", "PK\x03\x04 and nothing more"), "file_damaged", 1},
      {"import events " + Path("missing.csv").string(), "file_unreadable", 2},
      {"import events " + good + " --map " + map, "unknown_column", 1},
      {"import events " + Write("plain.csv", "a,b\n1,2\n"), "mapping_not_guessed", 1},
      {"import events " + Write("open.csv", "lead,captured_date\nL1,\"2026-03-01\n"), "unclosed_quote", 1},
      {"import nonsense " + good, "unknown_import_kind", 2},
  };
  for (const auto& [command, code, exit] : cases) {
    const Ran ran = Run(command + " --format json");
    EXPECT_EQ(ran.exit, exit) << command;
    // What breaks off after the header is a batch taken back; the rest is refused before anything begins.
    const std::string said = ran.err.empty() ? ran.out : ran.err;
    EXPECT_NE(said.find("\"" + code + "\""), std::string::npos) << command << "\n" << said;
    const Ran chinese = Run(command + " --lang zh");
    const std::string words = chinese.err.empty() ? chinese.out : chinese.err;
    EXPECT_NE(words.find_first_of("\xE4\xE5\xE6\xE7\xE8\xE9"), std::string::npos) << "no Chinese: " << words;
    EXPECT_EQ(words.find(code), std::string::npos) << "a code instead of a sentence: " << words;
  }
  EXPECT_DOUBLE_EQ(Total("prospect_cnt"), 1);
  Must("verify");
}

TEST_F(ImportCliTest, RefusedRowsComeBackInAFileThatCanBeMendedAndImported) {
  Must("init");
  const std::string file =
      Write("rows.csv", "store,lead,captured_date\nD1,L1,2026-02-30\nD1,L2,2026-02-03\nD9,L3,2026-02-03\n");
  Must("import events " + Write("first.csv", "store,lead,captured_date\nD1,L0,2026-02-01\n") + " --create-missing");
  const std::string errors = Path("errors.csv").string();
  const Ran ran = Run("import events " + file + " --errors " + errors + " --format json");
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(ran.json().at("rows").at("taken").to_number<int>(), 1);
  EXPECT_EQ(ran.json().at("refused_by_reason").at("row_bad_date").to_number<int>(), 1);
  std::string text = ReadFile(errors);
  EXPECT_TRUE(text.starts_with("\xEF\xBB\xBFstore,lead,captured_date,refused row,refused because\r\n")) << text;
  EXPECT_NE(text.find("D1,L1,2026-02-30,2,"), std::string::npos) << text;
  EXPECT_NE(text.find("D9,L3,2026-02-03,4,"), std::string::npos) << text;
  text.replace(text.find("2026-02-30"), 10, "2026-02-28");
  Must("import events " + Write("mended.csv", text) + " --create-missing");
  EXPECT_DOUBLE_EQ(Total("prospect_cnt"), 4);
  // The original, mended as well, has the same rows.
  std::string original = ReadFile(file);
  original.replace(original.find("2026-02-30"), 10, "2026-02-28");
  EXPECT_EQ(Json("import events " + Write("original.csv", original)).at("entries").at("new").to_number<int>(), 0);
}

TEST_F(ImportCliTest, ATimeInUtcIsPutOnTheDealersDay) {
  Must("init");
  Must("import events " +
       Write("utc.csv", "store,lead,captured_time\nD1,L1,2026-03-01T20:30:00Z\nD1,L2,2026-03-01T20:30:00\n") +
       " --create-missing");
  EXPECT_DOUBLE_EQ(Total("prospect_cnt", "--period 2026-03-01"), 1);
  EXPECT_DOUBLE_EQ(Total("prospect_cnt", "--period 2026-03-02"), 1);  // 04:30 in Shanghai
}

TEST_F(ImportCliTest, ACorruptStoreIsSaidSo) {
  Write("rubbish.db", std::string(8192, 'x'));
  const Ran ran = Run("kpi deal_cnt --db " + Path("rubbish.db").string() + " --format json");
  EXPECT_EQ(ran.exit, 1);
  EXPECT_NE(ran.err.find("database_corrupt"), std::string::npos) << ran.err;
}

TEST_F(ImportCliTest, NoCommandWaitsForInput) {
  const Ran ran = Run("kpi deal_cnt");
  EXPECT_EQ(ran.exit, 1);
  EXPECT_NE(ran.err.find("dealpace init"), std::string::npos) << ran.err;
  EXPECT_EQ(Run("frobnicate").exit, 2);
  EXPECT_EQ(Run("").exit, 2);
  EXPECT_EQ(Run("kpi --help").exit, 0);
}

// An import of many rows, killed in the middle, then run again.
class KilledImportTest : public CliTest, public ::testing::WithParamInterface<db::Kind> {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    database_.emplace(GetParam(), db::Tables::kNone);
  }
  void TearDown() override {
    database_.reset();
    CliTest::TearDown();
  }
  [[nodiscard]] std::string Store() const override { return "--db '" + database_->url() + "'"; }
  std::optional<db::TestDatabase> database_;
};

TEST_P(KilledImportTest, KillNineLosesNothingAndDoublesNothing) {
  Must("init");
  constexpr int kRows = 40'000;
  std::string text = "store,lead,captured_date\n";
  for (int i = 0; i < kRows; ++i) {
    text += "D" + std::to_string(i % 3 + 1) + ",L" + std::to_string(i) + ",2026-01-" + (i % 28 < 9 ? "0" : "") +
            std::to_string(i % 28 + 1) + "\n";
  }
  const std::string file = Write("many.csv", text);
  int killed = 0;
  for (int attempt = 0; attempt < 3; ++attempt) {
    const pid_t child = fork();
    if (child == 0) {
      const int null = open("/dev/null", O_RDWR);
      dup2(null, 0), dup2(null, 1), dup2(null, 2);
      execl(Binary().c_str(), Binary().c_str(), "--db", database_->url().c_str(), "import", "events", file.c_str(),
            "--create-missing", nullptr);
      _exit(127);
    }
    ASSERT_GT(child, 0);
    usleep(120'000U * static_cast<unsigned>(attempt + 1));
    int status = 0;
    if (waitpid(child, &status, WNOHANG) == 0) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      ++killed;
    }
    EXPECT_LE(Total("prospect_cnt"), kRows);
  }
  Must("verify");  // a broken-off import is reported, but it is no damage
  const boost::json::value summary = Json("import events " + file + " --create-missing");
  EXPECT_EQ(summary.at("state").as_string(), "done");
  EXPECT_DOUBLE_EQ(Total("prospect_cnt"), kRows) << killed << " killed";
  Must("verify");
  EXPECT_EQ(Json("import events " + file).at("entries").at("new").to_number<int>(), 0);
}

INSTANTIATE_TEST_SUITE_P(On, KilledImportTest, ::testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::testing
