#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "facts/query.h"
#include "kpi/answer.h"

// What stands behind one figure: the rows that its sums add up.
namespace dealpace::kpi {

enum class Part { kAll, kNum, kDen };

// One cell of an answer to a question.
struct CellPlace {
  std::string column;  // its name
  // For each of Question::by the member id (0: not set), and for a grain the unit's label ("2026-10"). Both empty: the
  // total.
  std::vector<int64_t> ids;
  std::vector<std::string> labels;  // as long as ids; empty texts for dimensions
  Part part = Part::kAll;           // of a ratio
  bool versus = false;              // the comparison instead
};

// A row behind the cell, once for each of its sums that adds it up. Only good during the visit.
struct TracedRow {
  const facts::CountedRow& row;
  int measure = -1;
  // What the row adds to numerator (or the figure itself, where it is no ratio) and denominator, as far as the sum is
  // part of them. Where a part is sums added up, with plain numbers as factors, factors and signs are in it, so that
  // the rows add up to the part; otherwise it is what the row adds to its own sum. A row of the balance before counts
  // whole; for an average it counts as the days that it stood.
  std::optional<double> num;
  std::optional<double> den;
};

struct Traced {
  Figure figure;             // the cell, worked out from the rows visited
  bool num_adds_up = false;  // the rows add up to the numerator or figure
  bool den_adds_up = false;
  std::vector<Period> periods;  // of the sums
  std::string formula;          // the column's, with its KPIs written out
  catalog::Unit unit = catalog::Unit::kCount;
};

// Engine::Trace visits what stands behind a cell: rows of one dealer after another, on several threads, those that the
// answer adds up, found by the same scan. A target or scorecard has no rows. Fails as Ask does, and with
// question_column_unknown, no_comparison, not_a_ratio (a part of a figure that has none), unknown_row (its shape is not
// that of the question's rows).

// A formula with its KPIs replaced by their formulas, as text for people: (deal_cnt) / (prospect_cnt).
[[nodiscard]] std::string WriteOut(const catalog::Catalog& catalog, const Program& program, const Expr& expr);

}  // namespace dealpace::kpi
