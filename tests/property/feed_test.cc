#include <gtest/gtest.h>

#include "app/wiring.h"
#include "db/testing.h"
#include "ledger/ledger.h"
#include "tests/property/questions.h"

// What a process remembers of its own bookings is what the database says, whoever else books, and whatever fails.
namespace dealpace::test {
namespace {

std::shared_ptr<const catalog::Catalog> TheCatalog() {
  static const auto catalog = app::LoadCatalog().catalog;
  return catalog;
}

std::string TextOf(const std::vector<ledger::Head>& heads) {
  std::string text;
  for (const ledger::Head& head : heads)
    text += std::to_string(head.dealer.value) + ":" + std::to_string(head.head) + " ";
  return text;
}

std::string TextOf(const ledger::Entry& entry) {
  std::string text = std::to_string(entry.seq) + " " + std::to_string(entry.event) + " " + FormatDay(entry.day) + " " +
                     FormatInstant(entry.at) + " " + std::string(entry.lead) + " " + std::to_string(entry.attempt) +
                     " " + std::to_string(entry.actor);
  for (const int64_t member : entry.members) text += " " + std::to_string(member);
  return text + " " + std::to_string(entry.quantity) + " " + std::to_string(entry.amount) + " " +
         FormatInstant(entry.recorded_at) + " " + std::to_string(entry.reverses) + "\n";
}

class FeedTest : public testing::TestWithParam<db::Kind> {
 protected:
  static ledger::Source& Ledger(app::System& system) { return system.ledger(); }
  // Of all that is at hand, what differs from the database; counts what was there.
  std::string Check(ledger::Source& source, ledger::Source& fresh) {
    const auto truth = fresh.Heads();
    if (!truth.ok()) return truth.error().code;
    if (const auto at_hand = source.HeadsAtHand()) {
      ++heads_at_hand_;
      if (TextOf(*at_hand) != TextOf(**truth)) return TextOf(*at_hand) + " for " + TextOf(**truth);
    }
    for (const ledger::Head& head : **truth) {
      for (int64_t behind = 0; behind <= std::min<int64_t>(head.head, 5); ++behind) {
        const int64_t after = head.head - behind;
        std::string remembered;
        std::string read;
        const auto add_to = [](std::string& text) {
          return [&text](const ledger::Entry& entry) { text += TextOf(entry); };
        };
        if (!source.VisitAtHand(head.dealer, after, head.head, add_to(remembered))) {
          if (!remembered.empty()) return "visited in vain";
          continue;
        }
        if (!fresh.Tail(head.dealer, after, kForever, add_to(read)).ok()) return "no tail";
        if (read != remembered) return remembered + "for\n" + read;
        entries_at_hand_ += behind;
      }
    }
    return "";
  }

  int64_t heads_at_hand_ = 0;
  int64_t entries_at_hand_ = 0;
};

TEST_P(FeedTest, WhatIsAtHandIsWhatTheDatabaseSays) {
  const db::TestDatabase store(GetParam());
  app::System held(store.Another(), TheCatalog(), kShelf);
  app::System other(store.Another(), TheCatalog(), kShelf);  // as another process
  const History history = MakeHistory(*TheCatalog(), 4711, 60);
  const Ids ids = TellOrg(history, held.database());
  Random random(11);
  std::vector<int64_t> seqs;
  size_t told = 0;
  size_t moved = 0;
  int at_once = 0;
  while (told < history.said.size()) {
    const size_t to = std::min(told + 1 + random.Below(6), history.said.size());
    const bool by_other = random.Below(8) == 0;
    Tell(history, ids, *TheCatalog(), told, to, by_other ? other.database() : held.database(), seqs);
    told = to;
    if (random.Below(10) == 0) {
      // Booked, and taken back with its transaction.
      const Status failed = held.database().Write<void>([&](db::Connection& c) -> Status {
        const ledger::NewEntry entry = ids.EntryOf(history.said[0]);
        ledger::Append(c, *TheCatalog(), ids.dealers[0], std::span(&entry, 1), {"test", {1}, {}});
        return Error("not_today");
      });
      ASSERT_FALSE(failed.ok());
    }
    if (moved < history.moves.size() && random.Below(12) == 0) TellMove(ids, history.moves[moved++], held.database());
    if (random.Below(3) == 0) {
      ASSERT_TRUE(Ledger(held).Heads().ok());
    }
    ASSERT_EQ(Check(Ledger(held), Ledger(other)), "") << "after " << told;
    if (random.Below(2) == 0) held.facts().FollowAtHand();
    if (random.Below(4) != 0) continue;
    Asked asked = MakeQuestion(*TheCatalog(), history, random);
    const std::string truth = test::TextOf(other.engine().Ask(asked.question));
    asked.question.at_once = true;
    const auto quick = held.engine().Ask(asked.question);
    if (quick.ok() || quick.error().code != "not_at_once") {
      ++at_once;
      ASSERT_EQ(test::TextOf(quick), truth) << asked.Text();
    }
    asked.question.at_once = false;
    ASSERT_EQ(test::TextOf(held.engine().Ask(asked.question)), truth) << asked.Text();
  }
  if (GetParam() == db::Kind::kPostgres) {
    EXPECT_EQ(heads_at_hand_ + entries_at_hand_, 0) << "it does not tell of commits";
    return;
  }
  EXPECT_GT(heads_at_hand_, 20);
  EXPECT_GT(entries_at_hand_, 500);
  EXPECT_GT(at_once, 5);
}

INSTANTIATE_TEST_SUITE_P(On, FeedTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::test
