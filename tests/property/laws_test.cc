#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "app/wiring.h"
#include "tests/property/questions.h"

// Laws that figures keep whatever the history.
namespace dealpace::test {
namespace {

constexpr int kHistories = 4;

const catalog::Catalog& TheCatalog() {
  static const auto catalog = app::LoadCatalog().catalog;
  return *catalog;
}

// A told history and the engine over it.
struct Told {
  explicit Told(uint64_t seed) : history(MakeHistory(TheCatalog(), seed, 40)), ids(TellOrg(history, org)) {
    for (const History::Move& move : history.moves) TellMove(ids, move, org);
    std::vector<int> order(history.said.size());
    std::iota(order.begin(), order.end(), 0);
    std::vector<int64_t> seqs;
    Tell(history, ids, order, 0, order.size(), ledger, seqs);
  }

  [[nodiscard]] kpi::Answer Ask(const kpi::Question& question) {
    auto answer = engine.Ask(question);
    if (!answer.ok()) throw std::runtime_error(answer.error().code);
    return *std::move(answer);
  }

  MemoryLedger ledger;
  MemoryOrg org;
  facts::Facts facts{TheCatalog(), ledger, org, kShelf};
  kpi::Engine engine{TheCatalog(), facts};
  History history;
  Ids ids;
};

void ExpectNear(double a, double b, const std::string& what) {
  EXPECT_LE(std::abs(a - b), 1e-9 * std::max({1.0, std::abs(a), std::abs(b)})) << what << ": " << a << " and " << b;
}

// A leaf of each way to sum: quantities of all entries and of first ones, amounts, days, readings, and each balance
// as opening, closing and average.
std::vector<Leaf> EveryKind(const History& history, Random& random) {
  std::vector<Leaf> leaves;
  const auto add = [&](const char* id, kpi::Reading reading = kpi::Reading::kFlow) {
    leaves.push_back({TheCatalog().FindMeasure(id), reading, {}, std::nullopt});
  };
  for (const char* id : {"order_cnt", "deal_cnt", "deal_amt", "cycle_days_sum", "market_units", "prospect_cnt",
                         "td_satisfied_cnt", "visit_cnt", "sales_amt"}) {
    add(id);
  }
  for (const kpi::Reading reading : {kpi::Reading::kOpening, kpi::Reading::kClosing, kpi::Reading::kAverage}) {
    for (const char* id : {"open_cnt", "base_cnt", "market_potential", "assets_amt", "stock_qty"}) add(id, reading);
  }
  for (int i = 0; i < 10; ++i) leaves.push_back(MakeLeaf(TheCatalog(), history, random, random.Percent(40)));
  return leaves;
}

Period AnyPeriod(const History& history, Random& random) {
  const Day from = history.period.from + random.Below(history.period.days());
  return {from, from + random.Below(60)};
}

Asked QuestionOf(const Leaf& leaf, Period period) {
  Formula formula;
  formula.leaf = leaf;
  return PlainQuestion(TheCatalog(), std::move(formula), period);
}

TEST(LawsTest, SlicesAddUpToTheTotal) {
  for (uint64_t seed = 1; seed <= kHistories; ++seed) {
    Told told(500 + seed);
    Random random(seed);
    for (const Leaf& leaf : EveryKind(told.history, random)) {
      for (int d = 0; d < kDimCount; ++d) {
        kpi::Question question = QuestionOf(leaf, AnyPeriod(told.history, random)).question;
        question.by = {std::string(kDimNames[static_cast<size_t>(d)])};
        if (leaf.reading == kpi::Reading::kFlow) {
          if (random.Percent(30)) question.by.emplace_back(random.Percent(50) ? "week" : "month");
          if (random.Percent(30)) question.basis = facts::Basis::kCohort;
        }
        const kpi::Answer answer = told.Ask(question);
        double sum = 0;
        for (const kpi::RowAnswer& row : answer.rows) sum += *row.cells[0].value;
        ExpectNear(sum, *answer.total.cells[0].value, question.columns[0].formula + " by " + question.by[0]);
      }
    }
  }
}

// Every combination of all dimensions is a row of its own, however many members there are.
TEST(LawsTest, SlicesByAllDimensionsAtOnceAreThoseOfTheEntries) {
  constexpr int kMembers = 90;
  constexpr int kEntries = 800;
  MemoryLedger ledger;
  MemoryOrg org;
  Random random(1);
  const DealerId dealer = org.DealerOf("d");
  org.MoveDealer(dealer, {0}, org.RegionOf("r"));
  const auto code = [&] { return "m" + std::to_string(random.Below(kMembers)); };
  std::map<std::vector<std::string>, double> expected;
  kpi::Question question;
  for (int d = 0; d < kDimCount; ++d) question.by.emplace_back(kDimNames[static_cast<size_t>(d)]);
  for (int i = 0; i < kEntries; ++i) {
    ledger::NewEntry entry;
    entry.event = TheCatalog().FindEvent("deal");
    entry.day = {20'000};
    entry.at = Noon(entry.day);
    const std::string staff = code();
    entry.actor = org.StaffOf(dealer, staff);
    const std::string team = "t" + staff;
    org.MoveStaff(dealer, entry.actor, {0}, org.TeamOf(dealer, team));
    std::vector<std::string> key = {"d", "r", team, staff, staff};
    for (int m = 0; m < kMemberDimCount; ++m) {
      key.push_back(code());
      entry.members[static_cast<size_t>(m)] = org.MemberOf(MemberDim(m), key.back());
    }
    expected[key] += 1;
    ledger.Append(dealer, entry);
  }
  facts::Facts facts(TheCatalog(), ledger, org, kShelf);
  question.columns = {{"order_cnt", "order_cnt"}};
  question.period = Period{{20'000}, {20'000}};
  const auto answer = kpi::Engine(TheCatalog(), facts).Ask(question);
  ASSERT_TRUE(answer.ok()) << answer.error().code;
  std::map<std::vector<std::string>, double> found;
  for (const kpi::RowAnswer& row : answer->rows) {
    std::vector<std::string> key;
    for (const auto& text : row.keys) key.emplace_back(text.value_or(""));
    found[key] += *row.cells[0].value;
  }
  EXPECT_EQ(found, expected);
}

TEST(LawsTest, AFilterCommutesWithEveryKindOfMeasure) {
  int compared = 0;
  for (uint64_t seed = 1; seed <= kHistories; ++seed) {
    Told told(600 + seed);
    Random random(seed);
    for (const Leaf& leaf : EveryKind(told.history, random)) {
      for (int d = 1; d < kDimCount; ++d) {
        const Dim dim = static_cast<Dim>(d);
        kpi::Question sliced = QuestionOf(leaf, AnyPeriod(told.history, random)).question;
        sliced.dealers = {random.Of(told.ids.dealers)};  // one, since dealers share the names of teams and staff
        sliced.by = {std::string(DimName(dim))};
        for (const kpi::RowAnswer& row : told.Ask(sliced).rows) {
          if (!row.keys[0]) continue;
          const std::string what =
              sliced.columns[0].formula + " by " + sliced.by[0] + " for " + std::string(*row.keys[0]);
          kpi::Question filtered = sliced;
          filtered.by.clear();
          filtered.filters = {{dim, {std::string(*row.keys[0])}, true}};
          ExpectNear(*told.Ask(filtered).total.cells[0].value, *row.cells[0].value, what);

          Leaf inside = leaf;
          inside.conditions = {{dim, {std::string(*row.keys[0])}}};
          kpi::Question within = QuestionOf(inside, *sliced.period).question;
          within.dealers = sliced.dealers;
          ExpectNear(*told.Ask(within).total.cells[0].value, *row.cells[0].value, what + ", in the formula");
          ++compared;
        }
      }
    }
  }
  EXPECT_GT(compared, 1000);
}

TEST(LawsTest, WhatSomebodySeesIsWhatAFilterWouldGive) {
  int compared = 0;
  for (uint64_t seed = 1; seed <= kHistories; ++seed) {
    Told told(650 + seed);
    Random random(seed);
    for (const Leaf& leaf : EveryKind(told.history, random)) {
      const size_t d = static_cast<size_t>(random.Below(static_cast<int>(told.ids.dealers.size())));
      const DealerId dealer = told.ids.dealers[d];
      const TeamId team = random.Of(told.ids.teams[d]);
      const StaffId staff = random.Of(told.ids.staff[d]);
      const kpi::Question question = QuestionOf(leaf, AnyPeriod(told.history, random)).question;
      const auto seen_by = [&](RowScope::Part part) {
        kpi::Question seen = question;
        seen.scope = std::make_shared<const RowScope>(RowScope{false, {std::move(part)}});
        return *told.Ask(seen).total.cells[0].value;
      };
      const auto filtered = [&](std::vector<kpi::TextFilter> filters) {
        kpi::Question narrow = question;
        narrow.filters = std::move(filters);
        narrow.filters.push_back({Dim::kDealer, {}, true, {dealer.value}});
        return *told.Ask(narrow).total.cells[0].value;
      };
      const kpi::TextFilter of_team{Dim::kTeam, {}, true, {team.value}};
      const kpi::TextFilter of_staff{Dim::kStaff, {}, true, {staff.value}};
      ExpectNear(seen_by({dealer, true, {}, {}}), filtered({}), "a dealer");
      ExpectNear(seen_by({dealer, false, {team}, {}}), filtered({of_team}), "a team");
      ExpectNear(seen_by({dealer, false, {}, {staff}}), filtered({of_staff}), "a person");
      // Together, what both have only once.
      ExpectNear(seen_by({dealer, false, {team}, {staff}}),
                 filtered({of_team}) + filtered({of_staff}) - filtered({of_team, of_staff}), "a team and a person");
      ++compared;
    }
  }
  EXPECT_GT(compared, 50);
}

TEST(LawsTest, TheOpeningOfAPeriodIsTheClosingOfTheOneBefore) {
  for (uint64_t seed = 1; seed <= kHistories; ++seed) {
    Told told(700 + seed);
    Random random(seed);
    for (int i = 0; i < 60; ++i) {
      Leaf leaf = MakeLeaf(TheCatalog(), told.history, random, true);
      const Period now = AnyPeriod(told.history, random);
      const Period next{now.to + 1, now.to + random.Between(1, 40)};
      const std::string by(kDimNames[static_cast<size_t>(random.Below(kDimCount))]);
      leaf.reading = kpi::Reading::kClosing;
      kpi::Question closing = QuestionOf(leaf, now).question;
      leaf.reading = kpi::Reading::kOpening;
      kpi::Question opening = QuestionOf(leaf, next).question;
      closing.by = opening.by = {by};
      const kpi::Answer closed = told.Ask(closing);
      const kpi::Answer opened = told.Ask(opening);
      ASSERT_EQ(closed.rows.size(), opened.rows.size()) << closing.columns[0].formula << " by " << by;
      for (size_t r = 0; r < closed.rows.size(); ++r) {
        EXPECT_TRUE(std::ranges::equal(closed.rows[r].keys, opened.rows[r].keys));
        EXPECT_EQ(closed.rows[r].cells[0].value, opened.rows[r].cells[0].value) << closing.columns[0].formula;
      }
      EXPECT_EQ(closed.total.cells[0].value, opened.total.cells[0].value);
    }
  }
}

TEST(LawsTest, AnAverageLiesBetweenTheLeastAndTheGreatestDailyClosing) {
  for (uint64_t seed = 1; seed <= kHistories; ++seed) {
    Told told(800 + seed);
    Random random(seed);
    for (int i = 0; i < 60; ++i) {
      Leaf leaf = MakeLeaf(TheCatalog(), told.history, random, true);
      const Period period = AnyPeriod(told.history, random);
      leaf.reading = kpi::Reading::kAverage;
      const double average = *told.Ask(QuestionOf(leaf, period).question).total.cells[0].value;
      leaf.reading = kpi::Reading::kClosing;
      kpi::Question daily = QuestionOf(leaf, period).question;
      daily.by = {"day"};
      std::vector<double> closings;
      for (const kpi::RowAnswer& row : told.Ask(daily).rows) closings.push_back(*row.cells[0].value);
      closings.resize(static_cast<size_t>(period.days()));  // nothing yet: zero
      const auto [least, greatest] = std::minmax_element(closings.begin(), closings.end());
      const double slack = 1e-9 * std::max(1.0, std::abs(average));
      EXPECT_GE(average, *least - slack) << daily.columns[0].formula << " in " << FormatPeriod(period);
      EXPECT_LE(average, *greatest + slack) << daily.columns[0].formula << " in " << FormatPeriod(period);
      const double mean = std::accumulate(closings.begin(), closings.end(), 0.0) / period.days();
      ExpectNear(average, mean, daily.columns[0].formula + " in " + FormatPeriod(period));
    }
  }
}

}  // namespace
}  // namespace dealpace::test
