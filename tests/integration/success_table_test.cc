#include <map>
#include <sstream>

#include "db/testing.h"
#include "tests/integration/cli.h"

// The printed sales success table of the domain (6.1), from a file of counts through the command line.
namespace dealpace::testing {
namespace {

class SuccessTableTest : public CliTest, public ::testing::WithParamInterface<db::Kind> {
 protected:
  [[nodiscard]] std::string Store() const override { return "--db '" + database_.url() + "'"; }
  db::TestDatabase database_{GetParam(), db::Tables::kNone};
};

TEST_P(SuccessTableTest, PrintedPercentagesComeOut) {
  Must("init");
  const std::string counts = Write("counts.csv",
                                   "staff,event,date,count\n"
                                   "A,first_contact,2006-03-01,20\nA,needs,2006-03-02,17\nA,presented,2006-03-02,16\n"
                                   "A,test_drive,2006-03-03,10\nA,deal,2006-04-01,8\nA,delivered,2006-04-20,5\n"
                                   "B,first_contact,2006-03-01,30\nB,needs,2006-03-02,25\nB,presented,2006-03-02,23\n"
                                   "B,test_drive,2006-03-03,18\nB,deal,2006-04-01,13\nB,delivered,2006-04-20,10\n"
                                   "C,first_contact,2006-03-01,21\nC,needs,2006-03-02,19\nC,presented,2006-03-02,18\n"
                                   "C,test_drive,2006-03-03,15\nC,deal,2006-04-01,10\nC,delivered,2006-04-20,9\n"
                                   "D,first_contact,2006-03-01,24\nD,needs,2006-03-02,22\nD,presented,2006-03-02,22\n"
                                   "D,test_drive,2006-03-03,17\nD,deal,2006-04-01,12\nD,delivered,2006-04-20,11\n");
  Must("import events " + counts + " --create-missing");
  const Ran table = Must("table success-rate --period 2006-03..2006-04");
  // Counts, conversions rounded half away from zero, and the success rate, row by row.
  std::map<std::string, std::vector<std::string>> percents;
  std::istringstream lines(table.out);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    for (std::string word; words >> word;) {
      if (word.ends_with('%') && word.size() > 1) percents[name].push_back(word);
    }
  }
  using Percents = std::vector<std::string>;
  EXPECT_EQ(percents["A"], (Percents{"85%", "94%", "63%", "80%", "63%", "25%"})) << table.out;
  EXPECT_EQ(percents["B"], (Percents{"83%", "92%", "78%", "72%", "77%", "33%"}));
  EXPECT_EQ(percents["C"], (Percents{"90%", "95%", "83%", "67%", "90%", "43%"}));
  EXPECT_EQ(percents["D"], (Percents{"92%", "100%", "77%", "71%", "92%", "46%"}));
  EXPECT_EQ(percents["Total"], (Percents{"87%", "95%", "76%", "72%", "81%", "37%"}));
}

INSTANTIATE_TEST_SUITE_P(On, SuccessTableTest, ::testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::testing
