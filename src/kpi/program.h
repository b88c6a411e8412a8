#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/dims.h"
#include "kpi/formula.h"

// A formula with its names looked up: KPIs replaced by their formulas, operators pushed down to the measures, so that
// what is left is arithmetic over sums.
namespace dealpace::kpi {

enum class Shift { kPrior, kYearAgo };

// A condition on the entries of a sum, values still as text.
struct TextFilter {
  Dim dim{};
  std::vector<std::string> values;  // none, and no ids: any value set
  bool typed = false;               // written by a person, so that an unknown value is a slip; ours may be unused
  std::vector<int64_t> ids = {};    // members by their ids, besides
  bool operator==(const TextFilter&) const = default;
};

enum class Reading { kFlow, kOpening, kClosing, kAverage };

// One sum that a formula needs.
struct Atom {
  int measure = -1;
  Reading reading = Reading::kFlow;
  std::vector<TextFilter> filters;
  std::vector<Shift> shifts;  // in order of application, outermost first
  std::vector<Dim> whole;     // dimensions over which share() takes all values
  bool operator==(const Atom&) const = default;
};

// What later rooms fill: the target of a measure or KPI, the result of a scorecard.
struct External {
  enum class Kind { kTarget, kScorecard };
  Kind kind{};
  std::string name;  // measure or KPI id, or the scorecard's
  std::vector<TextFilter> filters;
  std::vector<Shift> shifts;
  bool operator==(const External&) const = default;
};

struct Expr {
  enum class Kind { kNumber, kAtom, kExternal, kBinary, kNegate, kMin, kMax, kCeil, kIf };
  Kind kind{};
  double number = 0;
  size_t index = 0;  // kAtom, kExternal: position in the program
  Node::Op op{};
  std::vector<Expr> children;
};

// Dimension of a figure: exponents of money, day, hour and count. Scores and rates have none.
struct UnitVector {
  int money = 0;
  int day = 0;
  int hour = 0;
  int count = 0;
  bool any = false;  // a plain number, which goes with everything
  bool operator==(const UnitVector&) const = default;
};

// Several columns compiled together: equal sums are shared.
class Program {
 public:
  explicit Program(const catalog::Catalog& catalog) : catalog_(catalog) {}

  struct Column {
    std::string name;
    std::string formula;
    Expr expr;
    UnitVector units;
    catalog::Unit unit = catalog::Unit::kCount;  // for display: the KPI's, else guessed from the units
    catalog::Better better = catalog::Better::kNone;
    std::string id;         // of the KPI or measure, when the column is just one
    bool additive = false;  // a sum or difference of sums: money is exact to the fen
    // The column again under a shift, for comparison.
    std::optional<Expr> compared;
  };

  // Adds a column. Fails with formula_syntax …, unknown_name (with a suggestion), balance_needs_operator,
  // operator_needs_balance, kpi_needs_argument, wrong_arguments, unit_mismatch, unknown_dimension,
  // formula_too_large (with its KPIs written out).
  [[nodiscard]] Status Add(const NamedFormula& column, std::optional<Shift> compare = std::nullopt,
                           bool compare_target = false);

  [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
  [[nodiscard]] const std::vector<Atom>& atoms() const { return atoms_; }
  [[nodiscard]] const std::vector<External>& externals() const { return externals_; }

 private:
  struct Context;
  struct Compiled {
    Expr expr;
    UnitVector units;
  };
  [[nodiscard]] Result<Compiled> Compile(const Node& node, const Context& context);
  [[nodiscard]] Result<Compiled> CompileName(const Node& node, const Context& context);
  [[nodiscard]] Result<Compiled> CompileCall(const Node& node, const Context& context);
  [[nodiscard]] Result<Compiled> CompileKpi(const catalog::Kpi& kpi, const Node* argument, const Context& context);
  [[nodiscard]] Result<Compiled> CompileMeasure(int measure, const Node& node, const Context& context);
  [[nodiscard]] Result<Compiled> CompileTarget(const Node& node, const Context& context);
  [[nodiscard]] Error UnknownName(const Node& node) const;
  size_t AtomIndex(Atom atom);

  const catalog::Catalog& catalog_;
  std::vector<Column> columns_;
  std::vector<Atom> atoms_;
  std::vector<External> externals_;
  int parts_ = 0;  // of the column being compiled
};

// Programs of the questions asked lately: most come again with another period or scope. Thread-safe.
class Programs {
 public:
  // The columns compiled together, as Program::Add does and failing as it does.
  [[nodiscard]] Result<std::shared_ptr<const Program>> Get(const catalog::Catalog& catalog,
                                                           const std::vector<NamedFormula>& columns,
                                                           std::optional<Shift> compare, bool compare_target);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const Program>> known_;
};

// Whether a figure of these units can be declared as `unit`.
[[nodiscard]] bool Fits(const UnitVector& units, catalog::Unit unit);
// "money·day^-1"; "ratio" for none, "number" for what goes with everything.
[[nodiscard]] std::string Describe(const UnitVector& units, Language language);

// The KPIs and measures that a formula names, each once, in alphabetical order; operators and words of other
// namespaces (dimensions, items of mean(), themes, scorecards) are left out.
[[nodiscard]] std::vector<std::string> NamesIn(const Node& node);

// Looks into one KPI of the catalogue, as CheckFormulas does. Fails with kpi_cycle, the errors of Program::Add (and
// "formula"), catalog_unit_mismatch.
[[nodiscard]] Status CheckKpi(const catalog::Catalog& catalog, const catalog::Kpi& kpi);

// Looks into every formula of the catalogue: syntax, unknown names, cycles, units (a count plus money), a declared
// unit that the formula cannot have. Complaints name file and line.
[[nodiscard]] std::vector<catalog::Complaint> CheckFormulas(const catalog::Catalog& catalog);

// The events whose entries a KPI or measure needs (for "nothing recorded yet" messages).
[[nodiscard]] std::vector<int> EventsOf(const catalog::Catalog& catalog, const Program& program);

}  // namespace dealpace::kpi
