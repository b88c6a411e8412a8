#include <gtest/gtest.h>

#include "app/wiring.h"
#include "db/testing.h"
#include "tests/property/questions.h"

// What the facts keep beside the ledger: it may speed an answer up and never change it.
namespace dealpace::test {
namespace {

std::shared_ptr<const catalog::Catalog> TheCatalog() {
  static const auto catalog = app::LoadCatalog().catalog;
  return catalog;
}

class KeptTest : public testing::TestWithParam<db::Kind> {
 protected:
  static void ExpectAlike(app::System& held, app::System& fresh, const History& history, Random& random,
                          int questions) {
    for (int i = 0; i < questions; ++i) {
      const Asked asked = MakeQuestion(*TheCatalog(), history, random);
      ASSERT_EQ(TextOf(held.engine().Ask(asked.question)), TextOf(fresh.engine().Ask(asked.question))) << asked.Text();
    }
  }
};

TEST_P(KeptTest, AStartFromWhatIsKeptAnswersAsOneThatNeverEnded) {
  const db::TestDatabase store(GetParam());
  app::System held(store.Another(), TheCatalog(), kShelf);
  const History history = MakeHistory(*TheCatalog(), 970, 40);
  const Ids ids = TellOrg(history, held.database());
  Random random(3);
  std::vector<int64_t> seqs;
  constexpr size_t kRounds = 8;
  size_t moved = 0;
  for (size_t round = 0; round < kRounds; ++round) {
    const size_t size = history.said.size();
    Tell(history, ids, *TheCatalog(), size * round / kRounds, size * (round + 1) / kRounds, held.database(), seqs);
    for (; moved < history.moves.size() * (round + 1) / kRounds; ++moved) {
      TellMove(ids, history.moves[moved], held.database());
    }
    ASSERT_TRUE(held.facts().Extent({}).ok());
    // Every other time what came is left to the tail; every fourth time the rows are forgotten.
    if (round % 2 == 0) {
      ASSERT_TRUE(held.facts().Keep(1, round % 4 == 0 ? 0 : SIZE_MAX).ok());
    }
    app::System fresh(store.Another(), TheCatalog(), kShelf);
    ExpectAlike(held, fresh, history, random, 12);
  }
}

TEST_P(KeptTest, SumsAloneAnswerWhatTheyCan) {
  const db::TestDatabase store(GetParam());
  app::System first(store.Another(), TheCatalog(), kShelf);
  const History history = MakeHistory(*TheCatalog(), 971, 40);
  const Ids ids = TellOrg(history, first.database());
  std::vector<int64_t> seqs;
  Tell(history, ids, *TheCatalog(), 0, history.said.size(), first.database(), seqs);
  ASSERT_TRUE(first.facts().Extent({}).ok());
  ASSERT_TRUE(first.facts().Keep(1, SIZE_MAX).ok());

  kpi::Question totals;
  totals.columns = {{"deals", "deal_cnt"}, {"rate", "deal_cnt/prospect_cnt"}};
  totals.by = {"dealer"};
  app::System fresh(store.Another(), TheCatalog(), kShelf);
  EXPECT_EQ(TextOf(fresh.engine().Ask(totals)), TextOf(first.engine().Ask(totals)));
  EXPECT_EQ(fresh.facts().size().rows, 0);

  // By two dimensions that no sums are kept for: now the rows are read.
  kpi::Question crossed = totals;
  crossed.by = {"actor", "source"};
  EXPECT_EQ(TextOf(fresh.engine().Ask(crossed)), TextOf(first.engine().Ask(crossed)));
  EXPECT_GT(fresh.facts().size().rows, 0);
}

TEST_P(KeptTest, RowsOfOneAreNotReadBySumsOfAnother) {
  const db::TestDatabase store(GetParam());
  app::System one(store.Another(), TheCatalog(), kShelf);
  app::System other(store.Another(), TheCatalog(), kShelf);
  const History history = MakeHistory(*TheCatalog(), 973, 40);
  const Ids ids = TellOrg(history, one.database());
  Random random(5);
  std::vector<int64_t> seqs;
  // The other follows in parts, the one takes all at once: they meet members in another order.
  constexpr size_t kParts = 10;
  const size_t size = history.said.size();
  for (size_t part = 0; part < kParts; ++part) {
    Tell(history, ids, *TheCatalog(), size * part / kParts, size * (part + 1) / kParts, one.database(), seqs);
    ASSERT_TRUE(other.facts().Extent({}).ok());
  }
  ASSERT_TRUE(one.facts().Extent({}).ok());
  ASSERT_TRUE(one.facts().Keep(1, SIZE_MAX).ok());
  app::System reader(store.Another(), TheCatalog(), kShelf);
  ASSERT_TRUE(reader.facts().Extent({}).ok());  // now it has the sums of the one
  ASSERT_EQ(reader.facts().size().rows, 0);
  ASSERT_TRUE(other.facts().Keep(1, SIZE_MAX).ok());
  ExpectAlike(one, reader, history, random, 30);
  EXPECT_GT(reader.facts().size().rows, 0);
}

TEST_P(KeptTest, AnEntryReadsBackTheShelfThatItTouches) {
  const db::TestDatabase store(GetParam());
  app::System first(store.Another(), TheCatalog(), kShelf);
  const History history = MakeHistory(*TheCatalog(), 975, 80);
  const Ids ids = TellOrg(history, first.database());
  std::vector<int64_t> seqs;
  const size_t most = history.said.size() - 1;
  Tell(history, ids, *TheCatalog(), 0, most, first.database(), seqs);
  ASSERT_TRUE(first.facts().Extent({}).ok());
  ASSERT_TRUE(first.facts().Keep(1, SIZE_MAX).ok());
  const int64_t all = first.facts().size().rows;

  app::System fresh(store.Another(), TheCatalog(), kShelf);
  Tell(history, ids, *TheCatalog(), most, history.said.size(), fresh.database(), seqs);
  ASSERT_TRUE(fresh.facts().Extent({}).ok());
  EXPECT_GT(fresh.facts().size().rows, 0);
  EXPECT_LT(fresh.facts().size().rows, all / 4);
  Random random(7);
  ExpectAlike(first, fresh, history, random, 30);
}

TEST_P(KeptTest, TwoThatKeepInTurnDoNotMixTheirShelves) {
  const db::TestDatabase store(GetParam());
  app::System one(store.Another(), TheCatalog(), kShelf);
  app::System other(store.Another(), TheCatalog(), kShelf);
  const History history = MakeHistory(*TheCatalog(), 976, 60);
  const Ids ids = TellOrg(history, one.database());
  Random random(8);
  std::vector<int64_t> seqs;
  constexpr size_t kParts = 12;
  const size_t size = history.said.size();
  for (size_t part = 0; part < kParts; ++part) {
    Tell(history, ids, *TheCatalog(), size * part / kParts, size * (part + 1) / kParts, one.database(), seqs);
    // Both follow, and not in step, so that they number members differently. Who keeps forgets his rows.
    app::System& keeps = part % 2 == 0 ? one : other;
    ASSERT_TRUE(keeps.facts().Extent({}).ok());
    ASSERT_TRUE(keeps.facts().Keep(1, part % 3 == 0 ? SIZE_MAX : 0).ok());
    app::System fresh(store.Another(), TheCatalog(), kShelf);
    ExpectAlike(one, fresh, history, random, 6);
    ExpectAlike(other, fresh, history, random, 6);
  }
}

TEST_P(KeptTest, SumsOfTheNetworkFollowItsDealers) {
  const db::TestDatabase store(GetParam());
  app::System system(store.Another(), TheCatalog(), kShelf);
  const History history = MakeHistory(*TheCatalog(), 974, 60);
  const Ids ids = TellOrg(history, system.database());
  std::vector<int64_t> seqs;
  constexpr size_t kParts = 40;
  const size_t size = history.said.size();
  size_t moved = 0;
  for (size_t part = 0; part < kParts; ++part) {
    Tell(history, ids, *TheCatalog(), size * part / kParts, size * (part + 1) / kParts, system.database(), seqs);
    // Now and then all of a dealer is derived anew.
    for (; moved < history.moves.size() * (part + 1) / kParts; ++moved) {
      TellMove(ids, history.moves[moved], system.database());
    }
    for (const auto& by : std::vector<std::vector<std::string>>{{},
                                                                {"month"},
                                                                {"reason"},
                                                                {"source"},
                                                                {"model"},
                                                                {"dealer"},
                                                                {"dealer", "week"},
                                                                {"reason", "dealer"},
                                                                {"region"},
                                                                {"region", "source", "month"},
                                                                {"region", "model"}}) {
      for (const facts::Basis basis : {facts::Basis::kPeriod, facts::Basis::kCohort}) {
        kpi::Question network;
        network.columns = {{"deals", "deal_cnt"}, {"amount", "deal_amt"}, {"lost", "lost_cnt"}, {"td", "td_cnt"}};
        network.by = by;
        network.basis = basis;
        if (basis == facts::Basis::kCohort) network.within_days = 30;
        // The same, dealer by dealer.
        kpi::Question each = network;
        each.dealers = ids.dealers;
        ASSERT_EQ(TextOf(system.engine().Ask(network)), TextOf(system.engine().Ask(each)))
            << "part " << part << " by " << Join(by, ",");
      }
    }
  }
}

TEST_P(KeptTest, WhatIsDamagedIsNotTaken) {
  const db::TestDatabase store(GetParam());
  app::System held(store.Another(), TheCatalog(), kShelf);
  const History history = MakeHistory(*TheCatalog(), 972, 40);
  const Ids ids = TellOrg(history, held.database());
  std::vector<int64_t> seqs;
  Tell(history, ids, *TheCatalog(), 0, history.said.size(), held.database(), seqs);
  ASSERT_TRUE(held.facts().Extent({}).ok());
  ASSERT_TRUE(held.facts().Keep(1, SIZE_MAX).ok());
  Random random(4);
  for (const std::string_view part : {"rows 1", "rows%", "sums"}) {
    const Status damaged = held.database().Write<void>([&](db::Connection& connection) -> Status {
      connection.Execute("UPDATE ledger_segment SET packed = ?1 WHERE part LIKE ?2", db::Blob{"no such thing"}, part);
      return {};
    });
    ASSERT_TRUE(damaged.ok());
    app::System fresh(store.Another(), TheCatalog(), kShelf);
    ExpectAlike(held, fresh, history, random, 12);
  }
}

INSTANTIATE_TEST_SUITE_P(On, KeptTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::test
