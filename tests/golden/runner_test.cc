#include "tests/golden/runner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "app/wiring.h"
#include "db/testing.h"
#include "kpi/program.h"

namespace dealpace::golden {
namespace {

namespace fs = std::filesystem;

// tests/golden of the source tree.
fs::path Folder() { return fs::exists("tests/golden") ? fs::path("tests/golden") : fs::path(__FILE__).parent_path(); }

std::vector<std::string> Files() {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(Folder())) {
    if (entry.path().extension() == ".golden") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::shared_ptr<const catalog::Catalog> Definitions() {
  static const std::shared_ptr<const catalog::Catalog> catalog = app::LoadCatalog().catalog;
  return catalog;
}

// ---- Every file, on every engine ----

enum class On { kMemory, kSqlite, kPostgres };

std::vector<On> Engines() {
  std::vector<On> engines = {On::kMemory};
  for (const db::Kind kind : db::TestKinds()) {
    engines.push_back(kind == db::Kind::kSqlite ? On::kSqlite : On::kPostgres);
  }
  return engines;
}

std::unique_ptr<World> MakeWorld(On on) {
  if (on == On::kMemory) return MakeMemoryWorld(Definitions());
  return MakeDatabaseWorld(Definitions(), on == On::kSqlite ? db::Kind::kSqlite : db::Kind::kPostgres);
}

using Case = std::tuple<std::string, On>;
class GoldenFile : public testing::TestWithParam<Case> {};

// With DEALPACE_GOLDEN_UPDATE=1 the expected lines are rewritten by the pure engine; the databases then check them.
TEST_P(GoldenFile, AnswersAsExpected) {
  const auto& [path, on] = GetParam();
  const std::unique_ptr<World> world = MakeWorld(on);
  const std::string text = ReadFile(path);
  Played played;
  try {
    played = Play(path, text, *Definitions(), *world);
  } catch (const std::exception& error) {
    FAIL() << error.what();
  }
  EXPECT_FALSE(played.asked.empty()) << path << " asks nothing";
  const char* update = std::getenv("DEALPACE_GOLDEN_UPDATE");
  if (update != nullptr && std::string_view(update) == "1" && on == On::kMemory) {
    if (played.text == text) return;
    std::ofstream(path, std::ios::binary) << played.text;
    std::printf("rewrote %s\n", path.c_str());
    return;
  }
  const std::string differences = Differences(played);
  if (!differences.empty()) FAIL() << "\n" << differences;
}

std::string CaseName(const testing::TestParamInfo<Case>& info) {
  const auto& [path, on] = info.param;
  std::string name = fs::relative(path, Folder()).replace_extension().string();
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name + (on == On::kMemory ? "_on_memory" : on == On::kSqlite ? "_on_sqlite" : "_on_postgres");
}

INSTANTIATE_TEST_SUITE_P(Each, GoldenFile, testing::Combine(testing::ValuesIn(Files()), testing::ValuesIn(Engines())),
                         CaseName);

// ---- The files together ----

// A KPI counts as shown when a column is just the KPI, called with an argument if it needs one, and has a figure;
// targets and scorecards have none yet.
TEST(GoldenFiles, ShowEveryKpiOfTheCatalogue) {
  std::set<std::string> asked;
  std::set<std::string> with_figure;
  for (const std::string& path : Files()) {
    const std::unique_ptr<World> world = MakeWorld(On::kMemory);
    const Played played = Play(path, ReadFile(path), *Definitions(), *world);
    for (const Asked& question : played.asked) {
      if (question.refused) continue;
      for (size_t c = 0; c < question.columns.size(); ++c) {
        const std::string& formula = question.columns[c].formula;
        const std::string id = formula.substr(0, formula.find('('));
        asked.insert(id);
        const auto has = [&](const kpi::RowAnswer& row) { return row.cells[c].value.value_or(0) != 0; };
        if (has(question.answer.total) || std::any_of(question.answer.rows.begin(), question.answer.rows.end(), has)) {
          with_figure.insert(id);
        }
      }
    }
  }
  for (const catalog::Kpi& kpi : Definitions()->kpis()) {
    EXPECT_TRUE(asked.contains(kpi.id)) << "no golden file asks " << kpi.id;
    kpi::Program program(*Definitions());
    ASSERT_TRUE(program.Add({kpi.id, kpi.parameter.empty() ? kpi.id : kpi.id + "(deal_cnt)"}).ok()) << kpi.id;
    if (!program.externals().empty()) continue;
    EXPECT_TRUE(with_figure.contains(kpi.id)) << "no golden file gives " << kpi.id << " a figure other than 0";
  }
}

TEST(GoldenFiles, NeverDependOnToday) {
  for (const std::string& path : Files()) {
    const std::string text = ReadFile(path);
    EXPECT_TRUE(text.starts_with("# ")) << path << " does not begin with what it shows";
    EXPECT_NE(text.find("\nnow 20"), std::string::npos) << path << " does not say when it is asked";
  }
}

// ---- The runner itself ----

Played PlayText(const std::string& text) {
  const std::unique_ptr<World> world = MakeWorld(On::kMemory);
  return Play("a.golden", text, *Definitions(), *world);
}

constexpr std::string_view kSmall =
    "# Shows a wrong expectation.\n"
    "now 2026-04-01\n"
    "events\n"
    "  day         staff  event     count\n"
    "  2026-03-02  ana    captured  10     # a fair\n"
    "  2026-03-09  ana    deal       4\n"
    "\n"
    "ask close_rate in 2026-03 by staff\n";

TEST(GoldenRunner, SaysWhereAndHowAnAnswerDiffers) {
  const Played played = PlayText(std::string(kSmall) + "  ana    50 %  5 / 10   # by hand\n  total  40 % 4 / 10\n");
  EXPECT_EQ(Differences(played),
            "a.golden:8: ask close_rate in 2026-03 by staff\n"
            "  -   ana    50 %  5 / 10   # by hand\n"
            "  +   ana    40 %  4 / 10   # by hand\n"
            "      total  40 %  4 / 10\n");
}

TEST(GoldenRunner, TakesBlanksAndCommentsAsTheyCome) {
  EXPECT_EQ(Differences(PlayText(std::string(kSmall) + "  ana 40 % 4 / 10\n  # all\n  total     40 %   4 / 10 # x\n")),
            "");
}

TEST(GoldenRunner, RewritesWhatDiffersAndLeavesTheRest) {
  const std::string wrong =
      std::string(kSmall) + "  ana  50 % 5 / 10  # by hand\n\nask deal_cnt in 2026-03\n    4 # four\n";
  const std::string right =
      std::string(kSmall) +
      "  ana    40 %  4 / 10   # by hand\n  total  40 %  4 / 10\n\nask deal_cnt in 2026-03\n    4 # four\n";
  EXPECT_EQ(PlayText(wrong).text, right);
  EXPECT_EQ(PlayText(right).text, right);
}

TEST(GoldenRunner, RefusesWhatItCannotRead) {
  const auto complaint = [](const std::string& text) -> std::string {
    try {
      (void)PlayText(text);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_EQ(complaint("now today\n"), "a.golden:1: \"today\" is not a day");
  EXPECT_EQ(complaint("events\n  day  evnt\n"), "a.golden:2: unknown column \"evnt\"");
  EXPECT_EQ(complaint("events\n  day  event\n  2026-03-01  sold\n"), "a.golden:3: unknown event \"sold\"");
  EXPECT_EQ(complaint("events\n  day  event  reason\n  2026-03-01  lost  rain\n"),
            "a.golden:3: lost has no reason rain");
  EXPECT_EQ(complaint("sell\n"), "a.golden:1: unknown keyword \"sell\"");
  EXPECT_EQ(complaint("now 2026-04-01\nreverse 2026-03-01 ana deal 1 because \"x\"\n"),
            "a.golden:2: there are not so many entries to take back");
}

}  // namespace
}  // namespace dealpace::golden
