#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kpi/answer.h"
#include "ledger/recount.h"
#include "tests/property/history.h"

// Random questions to the KPI engine, and their answers worked out a second time over the recount.
namespace dealpace::test {

// Threads to a shelf of the facts in these tests: so few that there are many shelves.
inline constexpr size_t kShelf = 5;

// A condition as it is asked: codes of members; none: any that is set.
struct Condition {
  Dim dim{};
  std::vector<std::string> codes;
};

// One sum: a measure, how it is read, of which entries, when.
struct Leaf {
  int measure = -1;
  kpi::Reading reading = kpi::Reading::kFlow;
  std::vector<Condition> conditions;
  std::optional<kpi::Shift> shift;
};

// A formula, kept as a tree so that it need not be read back from its text.
struct Formula {
  char op = 'x';  // x: the leaf, n: the number, _: negated, else + - * /
  Leaf leaf;
  double number = 0;
  std::vector<Formula> parts;

  [[nodiscard]] std::string Text(const catalog::Catalog& catalog) const;
};

struct Asked {
  std::vector<Formula> columns;
  std::vector<Condition> conditions;
  std::vector<Dim> dims;
  std::vector<Grain> grains;
  kpi::Question question;  // the same, as the engine takes it

  [[nodiscard]] std::string Text() const;
};

// Which questions to make.
struct Wanted {
  bool balances = true;
  bool shifts = true;
  bool cohorts = true;
  bool slices = true;  // --by
};
[[nodiscard]] Asked MakeQuestion(const catalog::Catalog& catalog, const History& history, Random& random,
                                 const Wanted& wanted = {});
// A question about one formula without dimensions, of that period.
[[nodiscard]] Asked PlainQuestion(const catalog::Catalog& catalog, Formula formula, Period period);
// A measure of which the history has something, and a leaf that reads it.
[[nodiscard]] Leaf MakeLeaf(const catalog::Catalog& catalog, const History& history, Random& random, bool balance);

// An answer as text, to the last bit: equal texts are equal answers. Without what it cost to answer.
[[nodiscard]] std::string TextOf(const Result<kpi::Answer>& answer);

// Works out answers over a recount, which must know the ledger as of the questions' known_at.
class Reference {
 public:
  Reference(const catalog::Catalog& catalog, const History& history, const Ids& ids, ledger::Recount& recount)
      : catalog_(catalog), history_(history), ids_(ids), recount_(recount) {}

  // What is wrong with the engine's answer; empty when it is right.
  [[nodiscard]] std::string Check(const Asked& asked, const Result<kpi::Answer>& answer);

 private:
  using Key = std::vector<int64_t>;  // member ids, then units of the grains
  struct Values {                    // of one leaf
    std::map<Key, double> values;
    std::map<Key, bool> has_rows;
  };
  [[nodiscard]] ledger::Recount::Question QuestionOf(const Asked& asked, const Leaf& leaf) const;
  [[nodiscard]] Values Work(const Asked& asked, const Leaf& leaf, bool total);
  using Find = std::function<double(const Leaf&)>;
  [[nodiscard]] std::optional<double> Evaluate(const Formula& formula, const Find& find) const;
  [[nodiscard]] std::string CompareCell(const Formula& formula, const Find& find, const kpi::CellAnswer& cell) const;

  const catalog::Catalog& catalog_;
  const History& history_;
  const Ids& ids_;
  ledger::Recount& recount_;
};

}  // namespace dealpace::test
