#include "analysis/entries.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "app/wiring.h"
#include "tests/property/questions.h"

// What is shown behind a figure is what the figure is made of.
namespace dealpace::test {
namespace {

constexpr int kHistories = 3;
constexpr int kQuestions = 120;

const catalog::Catalog& TheCatalog() {
  static const auto catalog = app::LoadCatalog().catalog;
  return *catalog;
}

struct Told {
  explicit Told(uint64_t seed) : history(MakeHistory(TheCatalog(), seed, 40)), ids(TellOrg(history, org)) {
    for (const History::Move& move : history.moves) TellMove(ids, move, org);
    std::vector<int> order(history.said.size());
    std::iota(order.begin(), order.end(), 0);
    std::vector<int64_t> seqs;
    Tell(history, ids, order, 0, order.size(), ledger, seqs);
    for (size_t i = 0; i < history.said.size(); ++i) {
      const History::Said& said = history.said[i];
      const size_t reversed = static_cast<size_t>(std::max(0, said.reverses));
      const DealerId dealer = ids.dealers[static_cast<size_t>(said.dealer)];
      if (said.reverses >= 0) taken_back.insert({dealer.value, seqs[i]});
      if (said.reverses >= 0) taken_back.insert({dealer.value, seqs[reversed]});
    }
  }

  MemoryLedger ledger;
  MemoryOrg org;
  facts::Facts facts{TheCatalog(), ledger, org, kShelf};
  kpi::Engine engine{TheCatalog(), facts};
  History history;
  Ids ids;
  std::set<std::pair<int64_t, int64_t>> taken_back;  // reversals and what they reverse, by dealer and seq
};

bool Near(double a, double b) { return std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)}); }

// All pages of a cell, of `limit` rows each.
analysis::CellEntries AllPages(kpi::Engine& engine, const kpi::Question& question, const kpi::CellPlace& place,
                               size_t limit) {
  analysis::CellEntries all;
  std::optional<analysis::EntryPosition> after;
  while (true) {
    auto page = analysis::FindEntries(engine, question, place, after, limit);
    EXPECT_TRUE(page.ok()) << page.error().code;
    if (!page.ok()) return all;
    EXPECT_LE(page->entries.size(), limit);
    all.traced = page->traced;
    all.count = page->count;
    for (analysis::CellEntry& entry : page->entries) all.entries.push_back(std::move(entry));
    if (!page->more) return all;
    EXPECT_EQ(page->entries.size(), limit);
    const auto cursor = analysis::ParseCursor(analysis::CursorText(all.entries.back().position));
    EXPECT_TRUE(cursor.ok());
    after = *cursor;
  }
}

class EntriesLaw {
 public:
  EntriesLaw(Told& told, const Asked& asked) : told_(told), asked_(asked) {}

  void CheckCell(const kpi::RowAnswer& row, size_t column, bool total, size_t limit) {
    kpi::CellPlace place;
    place.column = asked_.question.columns[column].name;
    if (!total) {
      for (size_t k = 0; k < row.ids.size(); ++k) {
        place.ids.push_back(row.ids[k]);
        place.labels.emplace_back(ParseDim(asked_.question.by[k]) ? "" : *row.keys[k]);
      }
    }
    const kpi::CellAnswer& cell = row.cells[column];
    const std::string what = asked_.Text() + ", " + place.column + (total ? " total" : " row");

    const analysis::CellEntries all = AllPages(told_.engine, asked_.question, place, limit);
    EXPECT_EQ(all.traced.figure.value, cell.value) << what;
    EXPECT_EQ(all.traced.figure.ratio, cell.ratio) << what;
    EXPECT_EQ(all.traced.figure.num, cell.num) << what;
    EXPECT_EQ(all.traced.figure.den, cell.den) << what;
    EXPECT_EQ(static_cast<size_t>(all.count), all.entries.size()) << what;
    double num = 0;
    for (size_t i = 0; i < all.entries.size(); ++i) {
      const analysis::CellEntry& entry = all.entries[i];
      num += entry.num.value_or(0);
      EXPECT_FALSE(told_.taken_back.contains({entry.position.dealer, entry.position.seq})) << what;
      EXPECT_TRUE(i == 0 || all.entries[i - 1].position < entry.position) << what;
    }
    entries += all.count;
    if (all.traced.num_adds_up) {
      EXPECT_TRUE(Near(num, cell.ratio ? *cell.num : *cell.value)) << what << ": " << num;
      ++sums;
    }
    if (!cell.ratio) return;
    place.part = kpi::Part::kDen;
    const analysis::CellEntries below = AllPages(told_.engine, asked_.question, place, limit);
    EXPECT_EQ(static_cast<size_t>(below.count), below.entries.size()) << what;
    double den = 0;
    for (const analysis::CellEntry& entry : below.entries) den += entry.den.value_or(0);
    if (below.traced.den_adds_up) {
      EXPECT_TRUE(Near(den, *cell.den)) << what << ": " << den;
      ++sums;
    }
  }

  int64_t entries = 0;
  int sums = 0;

 private:
  Told& told_;
  const Asked& asked_;
};

TEST(EntriesTest, TheEntriesBehindACellAddUpToIt) {
  int64_t entries = 0;
  int sums = 0;
  for (uint64_t seed = 1; seed <= kHistories; ++seed) {
    Told told(900 + seed);
    Random random(seed);
    for (int i = 0; i < kQuestions; ++i) {
      const Asked asked = MakeQuestion(TheCatalog(), told.history, random);
      const auto answer = told.engine.Ask(asked.question);
      ASSERT_TRUE(answer.ok()) << asked.Text() << " " << answer.error().code;
      EntriesLaw law(told, asked);
      const size_t limit = random.Percent(50) ? 7 : 500;
      for (size_t c = 0; c < answer->columns.size(); ++c) {
        law.CheckCell(answer->total, c, true, limit);
        for (int r = 0; r < 3 && !answer->rows.empty(); ++r) law.CheckCell(random.Of(answer->rows), c, false, limit);
      }
      entries += law.entries;
      sums += law.sums;
    }
  }
  EXPECT_GT(entries, 10'000);
  EXPECT_GT(sums, 1'000);
}

// The comparison's cell opens as well.
TEST(EntriesTest, TheEntriesOfTheComparisonAddUpToIt) {
  int compared = 0;
  for (uint64_t seed = 1; seed <= kHistories; ++seed) {
    Told told(950 + seed);
    Random random(seed);
    for (int i = 0; i < 40; ++i) {
      Asked asked = MakeQuestion(TheCatalog(), told.history, random, {.shifts = false});
      asked.question.versus = random.Percent(50) ? kpi::Versus::kPrevious : kpi::Versus::kYearAgo;
      const auto answer = told.engine.Ask(asked.question);
      ASSERT_TRUE(answer.ok());
      for (size_t c = 0; c < answer->columns.size(); ++c) {
        kpi::CellPlace place;
        place.column = answer->columns[c].name;
        place.versus = true;
        const auto found = analysis::FindEntries(told.engine, asked.question, place, std::nullopt, 1);
        ASSERT_TRUE(found.ok());
        EXPECT_EQ(found->traced.figure.value, answer->total.cells[c].versus.value) << asked.Text();
        compared += found->count > 0 ? 1 : 0;
      }
    }
  }
  EXPECT_GT(compared, 20);
}

// A period until today answers as the days until today do, compared with as many days of the time before.
TEST(EntriesTest, ToDateIsThePeriodUntilTodayAgainstAsManyDaysBefore) {
  int cut = 0;
  for (uint64_t seed = 1; seed <= kHistories; ++seed) {
    Told told(980 + seed);
    Random random(seed);
    for (int i = 0; i < 60; ++i) {
      Asked asked = MakeQuestion(TheCatalog(), told.history, random, {.shifts = false});
      const Day any = told.history.period.from + random.Below(told.history.period.days());
      const Grain grain = random.Of(std::vector{Grain::kWeek, Grain::kMonth, Grain::kQuarter});
      const Period full = UnitPeriod(UnitOf(any, grain), grain);
      kpi::Question question = asked.question;
      question.period = full;
      question.today = any;
      question.to_date = true;
      question.versus = random.Percent(50) ? kpi::Versus::kPrevious : kpi::Versus::kYearAgo;
      const auto answer = told.engine.Ask(question);
      ASSERT_TRUE(answer.ok());
      EXPECT_EQ(answer->period, (Period{full.from, any}));
      EXPECT_EQ(answer->full_period, full);

      kpi::Question plain = question;
      plain.to_date = false;
      plain.versus = kpi::Versus::kNone;
      plain.period = Period{full.from, any};
      const auto present = told.engine.Ask(plain);
      ASSERT_TRUE(present.ok());
      const Period earlier = question.versus == kpi::Versus::kPrevious ? PreviousPeriod(full) : YearAgo(full);
      plain.period = Period{earlier.from, std::min(earlier.from + (any - full.from), earlier.to)};
      if (any == full.to) plain.period = earlier;
      EXPECT_EQ(answer->versus_period, plain.period);
      const auto before = told.engine.Ask(plain);
      ASSERT_TRUE(before.ok());
      for (size_t c = 0; c < answer->columns.size(); ++c) {
        EXPECT_EQ(answer->total.cells[c].value, present->total.cells[c].value) << asked.Text();
        EXPECT_EQ(answer->total.cells[c].versus.value, before->total.cells[c].value) << asked.Text();
      }
      EXPECT_EQ(answer->rows.size(), present->rows.size()) << asked.Text();
      cut += any < full.to ? 1 : 0;

      question.today = full.to + 1;  // over
      kpi::Question closed = question;
      closed.to_date = false;
      EXPECT_EQ(TextOf(told.engine.Ask(question)), TextOf(told.engine.Ask(closed)));
    }
  }
  EXPECT_GT(cut, 60);
}

}  // namespace
}  // namespace dealpace::test
