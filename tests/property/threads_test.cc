#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "app/wiring.h"
#include "tests/property/questions.h"

// Many ask while entries come and people change teams: each answer holds all that was there before it was asked.
namespace dealpace::test {
namespace {

const catalog::Catalog& TheCatalog() {
  static const auto catalog = app::LoadCatalog().catalog;
  return *catalog;
}

TEST(ThreadsTest, AnAnswerHoldsAllThatWasThereBeforeItWasAsked) {
  constexpr int kEntries = 3'000;
  MemoryLedger ledger;
  MemoryOrg org;
  facts::Facts facts(TheCatalog(), ledger, org);
  kpi::Engine engine(TheCatalog(), facts);
  const DealerId dealer = org.DealerOf("d");
  const StaffId staff = org.StaffOf(dealer, "s");
  const Day day{20'000};
  std::atomic<int> entries{0};  // so many are there at least
  std::atomic<int> team{0};     // the newest of the teams t0, t1 … that the person is in, on the day

  const auto move = [&](int to) {
    org.MoveStaff(dealer, staff, day, org.TeamOf(dealer, "t" + std::to_string(to)));
    team = to;
  };
  move(0);
  std::atomic<bool> done{false};
  std::vector<std::string> wrong(3);
  std::vector<std::thread> readers;
  for (std::string& found : wrong) {
    readers.emplace_back([&] {
      kpi::Question question;
      question.columns = {{"traffic_cnt", "traffic_cnt"}};
      question.period = Period{day, day};
      question.by = {"team"};
      while (!done && found.empty()) {
        const int least_team = team;
        const int least = entries;
        const auto answer = engine.Ask(question);
        if (!answer.ok()) {
          found = answer.error().code;
        } else if (*answer->total.cells[0].value < least) {
          found = std::to_string(*answer->total.cells[0].value) + " of " + std::to_string(least) + " entries";
        } else if (answer->rows.size() > 1) {
          found = std::to_string(answer->rows.size()) + " teams at once";
        } else if (least > 0 && answer->rows[0].keys[0].value_or("none")[0] != 't') {
          found = "team " + std::string(answer->rows[0].keys[0].value_or("none"));
        } else if (least > 0 && std::stoi(std::string(answer->rows[0].keys[0]->substr(1))) < least_team) {
          found = "team " + std::string(*answer->rows[0].keys[0]) + " after t" + std::to_string(least_team);
        }
      }
    });
  }
  for (int i = 1; i <= kEntries; ++i) {
    ledger::NewEntry entry;
    entry.event = TheCatalog().FindEvent("traffic");
    entry.day = day;
    entry.at = Noon(day);
    entry.actor = staff;
    entry.lead = "L" + std::to_string(i);
    ledger.Append(dealer, entry);
    entries = i;
    if (i % 20 == 0) move(i / 20);
    if (i % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  for (const std::string& found : wrong) EXPECT_EQ(found, "");
}

}  // namespace
}  // namespace dealpace::test
