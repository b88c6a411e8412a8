#include <gtest/gtest.h>

#include "app/verify.h"
#include "app/wiring.h"
#include "db/testing.h"
#include "tests/property/questions.h"

// The facts and the KPI engine against the recount, a second implementation of the same rules in SQL.
namespace dealpace::test {
namespace {

constexpr uint64_t kHistories = 6;
constexpr int kQuestions = 40;  // for each history and each time at which it is looked at

// PostgreSQL takes its time for thousands of small statements: there the later half will do.
uint64_t FirstHistory(db::Kind kind) { return kind == db::Kind::kSqlite ? 1 : kHistories / 2 + 1; }

std::shared_ptr<const catalog::Catalog> TheCatalog() {
  static const auto catalog = app::LoadCatalog().catalog;
  return catalog;
}

std::string TextOf(const Error& error) {
  std::string text = error.code;
  for (const auto& [name, value] : error.args) text += " " + name + "=" + value;
  return text;
}

class RecountTest : public testing::TestWithParam<db::Kind> {};

// Tells a history in parts and asks in between, so that the facts have to follow the ledger.
void TellInParts(const History& history, const Ids& ids, app::System& system, Random& random) {
  const auto& catalog = system.catalog();
  std::vector<int64_t> seqs;
  size_t told = 0;
  size_t moved = 0;
  const size_t parts = 5;
  for (size_t part = 1; part <= parts; ++part) {
    const size_t to = history.said.size() * part / parts;
    Tell(history, ids, catalog, told, to, system.database(), seqs);
    told = to;
    for (; moved < history.moves.size() * part / parts; ++moved) {
      TellMove(ids, history.moves[moved], system.database());
    }
    for (int i = 0; i < 3; ++i) {
      const auto answer = system.engine().Ask(MakeQuestion(catalog, history, random).question);
      ASSERT_TRUE(answer.ok()) << TextOf(answer.error());
    }
  }
}

TEST_P(RecountTest, TheFactsSayWhatTheRecountSays) {
  for (uint64_t seed = FirstHistory(GetParam()); seed <= kHistories; ++seed) {
    SCOPED_TRACE("history " + std::to_string(seed));
    const db::TestDatabase store(GetParam());
    app::System system(store.Another(), TheCatalog(), kShelf);
    // The last one has so many dealers that the facts work on several threads.
    const History history =
        seed < kHistories ? MakeHistory(*TheCatalog(), seed) : MakeHistory(*TheCatalog(), seed, 5, 12);
    const Ids ids = TellOrg(history, system.database());
    Random random(seed);
    TellInParts(history, ids, system, random);

    const auto report = app::VerifyAll(system);
    ASSERT_TRUE(report.ok()) << TextOf(report.error());
    for (const Error& finding : report->ledger.findings) ADD_FAILURE() << TextOf(finding);
    for (const Error& difference : report->differences) ADD_FAILURE() << TextOf(difference);
    EXPECT_EQ(report->dealers_compared, history.dealers);
    EXPECT_EQ(report->ledger.entries, static_cast<int64_t>(history.said.size()));
    EXPECT_GT(report->figures_compared, 1000);
    ASSERT_FALSE(HasFailure());
  }
}

TEST_P(RecountTest, AnyQuestionIsAnsweredAsTheRecountAnswersIt) {
  for (uint64_t seed = FirstHistory(GetParam()); seed <= kHistories; ++seed) {
    const db::TestDatabase store(GetParam());
    app::System system(store.Another(), TheCatalog(), kShelf);
    const History history = MakeHistory(*TheCatalog(), 100 + seed, 30);
    const Ids ids = TellOrg(history, system.database());
    Random random(seed);
    TellInParts(history, ids, system, random);

    const Instant midway = history.said[history.said.size() / 2].recorded_at;
    const Instant early = history.said[history.said.size() / 5].recorded_at;
    for (const Instant known_at : {kForever, midway, early}) {
      const Status status = system.database().Read<void>([&](db::Connection& connection) -> Status {
        ledger::Recount recount(connection, *TheCatalog(), {.known_at = known_at});
        Reference reference(*TheCatalog(), history, ids, recount);
        for (int i = 0; i < kQuestions; ++i) {
          Asked asked = MakeQuestion(*TheCatalog(), history, random);
          asked.question.known_at = known_at;
          const std::string wrong = reference.Check(asked, system.engine().Ask(asked.question));
          EXPECT_EQ(wrong, "") << "history " << seed;
        }
        return {};
      });
      ASSERT_TRUE(status.ok()) << TextOf(status.error());
    }
    ASSERT_FALSE(HasFailure());
  }
}

INSTANTIATE_TEST_SUITE_P(On, RecountTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::test
