#include "bench/ten_questions.h"

#include <gtest/gtest.h>

#include <string>

#include "bench/http_client.h"
#include "bench/peers.h"
#include "bench/showroom_store.h"
#include "db/testing.h"
#include "tests/integration/cli.h"

// A dealer's year from a file to answers over HTTP: imported by the command line, asked as programs ask, and held
// against what other engines answered to the same questions.
namespace dealpace::bench {
namespace {

constexpr const char* kWanted = "tests/integration/ten_questions.txt";

class TenQuestionsTest : public ::testing::TestWithParam<db::Kind> {
 protected:
  static const Year& Made() {
    static const Year kYear = MakeYear(*FindScale("S"));
    return kYear;
  }
  static const AnswerTexts& Wanted() {
    static const AnswerTexts kAnswers = ReadAnswerTexts(kWanted);
    return kAnswers;
  }
  static std::string Key(int question, int run) {
    return "Q" + std::to_string(question) + " " + std::to_string(question == 6 ? run % 9 : 0);
  }
};
INSTANTIATE_TEST_SUITE_P(On, TenQuestionsTest, ::testing::ValuesIn(db::TestKinds()), db::KindNames());

TEST_P(TenQuestionsTest, AreAnsweredAsOtherEnginesDid) {
  const db::TestStore database(GetParam());
  const db::TestStore folder(db::Kind::kSqlite);
  Store store;
  store.binary = DEALPACE_BINARY;
  store.folder = std::filesystem::path(folder.url()).parent_path().string();
  if (GetParam() == db::Kind::kPostgres) store.database = database.url();
  store.log = store.folder + "/server.log";
  EXPECT_EQ(WriteYear(Made(), store.folder).fnv1a, Made().scale.fnv1a);
  MakeStore(store, Made().scale);
  const Finished imported = ImportYear(store, store.folder, "bench/showroom_year.toml");
  EXPECT_NE(imported.out.find("84302 rows read: 84302 taken, 0 empty, 0 refused"), std::string::npos) << imported.out;

  const Serving server = store.Serve();
  HttpClient client(server.port());
  ASSERT_FALSE(Wanted().empty());
  for (int question = 1; question <= kQuestions; ++question) {
    for (int run = 0; run < kTurns; ++run) {
      const Turn turn = TurnOf(Made().scale, run);
      const HttpAnswer answer =
          client.Send(HttpRequest("POST", "/api/v1/kpi/query", store.token, QuestionBody(question, turn)));
      ASSERT_EQ(answer.status, 200) << answer.body;
      EXPECT_GT(answer.ServerMicroseconds(), 0) << answer.head;
      const std::string key = Key(question, run) + (question == 6 ? " days" : "");
      ASSERT_TRUE(Wanted().contains(key)) << key;
      EXPECT_EQ(RowsText(ReadAnswer(question, answer.body, Made().targets)), Wanted().at(key)) << key;
    }
  }

  // The command line orders and cuts as the interface does.
  const Finished reasons =
      MustRun(store.Command({"--format", "json", "kpi", "c13=lost_cnt", "--by", "dealer,reason", "--period",
                             "2025-10-03..2025-12-31", "--sort", "dealer,c13:desc", "--top", "3", "--per", "dealer"}));
  EXPECT_EQ(RowsText(ReadAnswer(10, reasons.out, Made().targets)), Wanted().at("Q10 0"));
  EXPECT_NE(reasons.out.find("\"row_count\":8,"), std::string::npos) << reasons.out;
}

// The count that benchmarks of larger years are held against, here against the engines themselves.
TEST(TenQuestionsRecountTest, AgreesWithOtherEngines) {
  const Year year = MakeYear(*FindScale("S"));
  const AnswerTexts wanted = ReadAnswerTexts(kWanted);
  for (int question = 1; question <= kQuestions; ++question) {
    for (int run = 0; run < (question == 6 ? 9 : 1); ++run) {
      const std::string key = "Q" + std::to_string(question) + " " + std::to_string(run);
      const Turn turn = TurnOf(year.scale, run);
      EXPECT_EQ(RowsText(Recount(year, question, turn, Within::kHours)), wanted.at(key)) << key;
      if (question != 6) continue;
      EXPECT_EQ(RowsText(Recount(year, question, turn, Within::kCalendarDays)), wanted.at(key + " days")) << key;
    }
  }
}

}  // namespace
}  // namespace dealpace::bench
