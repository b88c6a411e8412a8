#include <gtest/gtest.h>

#include <numeric>

#include "app/wiring.h"
#include "tests/property/questions.h"

// The order in which entries arrive never changes an answer, nor does it matter when one asks.
namespace dealpace::test {
namespace {

constexpr int kHistories = 5;
constexpr int kOrders = 3;
constexpr int kQuestions = 30;
constexpr size_t kParts = 8;

const catalog::Catalog& TheCatalog() {
  static const auto catalog = app::LoadCatalog().catalog;
  return *catalog;
}

// The pure engine over a ledger in memory.
struct Engine {
  MemoryLedger ledger;
  MemoryOrg org;
  facts::Facts facts{TheCatalog(), ledger, org, kShelf};
  kpi::Engine engine{TheCatalog(), facts};
  std::vector<int64_t> seqs;

  [[nodiscard]] std::string Ask(const Asked& asked) { return TextOf(engine.Ask(asked.question)); }
  // As somebody would answer who has just started.
  [[nodiscard]] std::string AskAnew(const Asked& asked) {
    facts::Facts fresh(TheCatalog(), ledger, org, kShelf);
    return TextOf(kpi::Engine(TheCatalog(), fresh).Ask(asked.question));
  }
};

std::vector<Asked> MakeQuestions(const History& history, Random& random) {
  std::vector<Asked> questions;
  for (int i = 0; i < kQuestions; ++i) {
    questions.push_back(MakeQuestion(TheCatalog(), history, random));
    if (random.Percent(25)) questions.back().question.known_at = random.Of(history.said).recorded_at;
  }
  return questions;
}

TEST(OrderTest, TheOrderOfArrivalNeverChangesAnAnswer) {
  for (uint64_t seed = 1; seed <= kHistories; ++seed) {
    const History history = MakeHistory(TheCatalog(), 200 + seed);
    Random random(seed);
    const std::vector<Asked> questions = MakeQuestions(history, random);

    std::vector<int> order(history.said.size());
    std::iota(order.begin(), order.end(), 0);
    Engine told;
    const Ids ids = TellOrg(history, told.org);
    for (const History::Move& move : history.moves) TellMove(ids, move, told.org);
    Tell(history, ids, order, 0, order.size(), told.ledger, told.seqs);
    std::vector<std::string> answers;
    for (const Asked& asked : questions) answers.push_back(told.Ask(asked));

    for (int shuffle = 0; shuffle < kOrders; ++shuffle) {
      order = ShuffledOrder(TheCatalog(), history, random);
      Engine at_once;
      ASSERT_EQ(TellOrg(history, at_once.org).members, ids.members);
      for (const History::Move& move : history.moves) TellMove(ids, move, at_once.org);
      Tell(history, ids, order, 0, order.size(), at_once.ledger, at_once.seqs);

      // Bit by bit, people and dealers moving meanwhile, and somebody asking all the time.
      Engine in_parts;
      ASSERT_EQ(TellOrg(history, in_parts.org).members, ids.members);
      for (size_t part = 0; part < kParts; ++part) {
        Tell(history, ids, order, order.size() * part / kParts, order.size() * (part + 1) / kParts, in_parts.ledger,
             in_parts.seqs);
        const size_t moves = history.moves.size();
        for (size_t m = moves * part / kParts; m < moves * (part + 1) / kParts; ++m) {
          TellMove(ids, history.moves[m], in_parts.org);
        }
        for (int i = 0; i < 3; ++i) {
          const Asked& asked = random.Of(questions);
          ASSERT_EQ(in_parts.Ask(asked), in_parts.AskAnew(asked)) << asked.Text() << " part " << part;
        }
      }
      for (size_t q = 0; q < questions.size(); ++q) {
        ASSERT_EQ(at_once.Ask(questions[q]), answers[q]) << questions[q].Text() << " history " << seed;
        ASSERT_EQ(in_parts.Ask(questions[q]), answers[q]) << questions[q].Text() << " history " << seed;
      }
    }
  }
}

// So many that columns are sorted and cleared of struck-out rows again and again, and dealers that several threads
// share.
TEST(OrderTest, ALongHistoryInPartsIsAnsweredAsAtOnce) {
  for (const auto& [leads, dealers] : {std::pair{1500, 1}, std::pair{60, 17}}) {
    const History history = MakeHistory(TheCatalog(), 250, leads, dealers);
    Random random(1);
    const std::vector<Asked> questions = MakeQuestions(history, random);
    const std::vector<int> order = ShuffledOrder(TheCatalog(), history, random);
    Engine engine;
    const Ids ids = TellOrg(history, engine.org);
    for (const History::Move& move : history.moves) TellMove(ids, move, engine.org);
    for (size_t part = 0; part < kParts; ++part) {
      Tell(history, ids, order, order.size() * part / kParts, order.size() * (part + 1) / kParts, engine.ledger,
           engine.seqs);
      for (int i = 0; i < 4; ++i) {
        const Asked& asked = random.Of(questions);
        ASSERT_EQ(engine.Ask(asked), engine.AskAnew(asked)) << asked.Text() << " part " << part;
      }
    }
  }
}

// Entries one at a time, so that the facts catch up by tails of one.
TEST(OrderTest, EachEntryIsInTheNextAnswer) {
  const History history = MakeHistory(TheCatalog(), 300, 4);
  Random random(1);
  const std::vector<Asked> questions = MakeQuestions(history, random);
  Engine engine;
  const Ids ids = TellOrg(history, engine.org);
  for (const History::Move& move : history.moves) TellMove(ids, move, engine.org);
  const std::vector<int> order = ShuffledOrder(TheCatalog(), history, random);
  for (size_t i = 0; i < order.size(); ++i) {
    Tell(history, ids, order, i, i + 1, engine.ledger, engine.seqs);
    const Asked& asked = random.Of(questions);
    ASSERT_EQ(engine.Ask(asked), engine.AskAnew(asked)) << asked.Text() << " entry " << i;
  }
}

TEST(OrderTest, AnEntryAndItsReversalLeaveEveryFigureUnchanged) {
  for (uint64_t seed = 1; seed <= kHistories; ++seed) {
    const History history = MakeHistory(TheCatalog(), 400 + seed, 25);
    Random random(seed);
    const std::vector<Asked> questions = MakeQuestions(history, random);
    Engine engine;
    const Ids ids = TellOrg(history, engine.org);
    for (const History::Move& move : history.moves) TellMove(ids, move, engine.org);
    std::vector<int> order(history.said.size());
    std::iota(order.begin(), order.end(), 0);
    Tell(history, ids, order, 0, order.size(), engine.ledger, engine.seqs);
    std::vector<std::string> before;
    for (const Asked& asked : questions) before.push_back(engine.Ask(asked));

    // Entries like those that there are, of leads that there are; noticed before they are taken back, or not.
    for (int round = 0; round < 20; ++round) {
      std::vector<std::pair<DealerId, int64_t>> booked;
      for (int i = 0; i < 5; ++i) {
        const History::Said& like = random.Of(history.said);
        if (like.reverses >= 0) continue;
        ledger::NewEntry entry = ids.EntryOf(like);
        entry.lead = random.Of(history.said).entry.lead;
        entry.at = random.Of(history.said).entry.at;
        const DealerId dealer = ids.dealers[static_cast<size_t>(like.dealer)];
        booked.emplace_back(dealer, engine.ledger.Append(dealer, entry, like.recorded_at));
      }
      if (random.Percent(50)) (void)engine.Ask(random.Of(questions));
      for (const auto& [dealer, seq] : booked) {
        ASSERT_NE(engine.ledger.Reverse(dealer, seq, {}), 0);
      }
      const auto q = static_cast<size_t>(random.Below(kQuestions));
      ASSERT_EQ(engine.Ask(questions[q]), before[q]) << questions[q].Text() << " history " << seed;
    }
    for (size_t q = 0; q < questions.size(); ++q) {
      ASSERT_EQ(engine.Ask(questions[q]), before[q]) << questions[q].Text() << " history " << seed;
    }
  }
}

}  // namespace
}  // namespace dealpace::test
