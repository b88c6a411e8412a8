#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"

// The formula language of KPIs:
//
//   1.5   deal_cnt   close_rate   yoy_growth(sales_amt)
//   a + b   a - b   a * b   a / b   -a   (a)      also × ÷ −
//   a < b   a <= b   a > b   a >= b   a == b   a != b      1 or 0
//   min(a, b, …)   max(a, b, …)   ceil(a)   if(cond, a, b)
//   opening(x) closing(x) average(x) prior(x) year_ago(x) target(x)
//   share(x, dim)   mean(item)   done(theme)   scorecard(name)
//   x[source=referral]   x[source=referral|outbound]   x[campaign]   x[source=referral, model="GTX Pro"]
namespace dealpace::kpi {

struct FormulaFilter {
  std::string dim;
  std::vector<std::string> values;  // empty: any value set
  int position = 0;
};

// A formula as it is written, names not looked up yet.
struct Node {
  enum class Kind { kNumber, kName, kCall, kBinary, kNegate, kFilter };
  enum class Op { kAdd, kSubtract, kMultiply, kDivide, kLess, kLessEqual, kGreater, kGreaterEqual, kEqual, kUnequal };

  Kind kind{};
  int position = 0;  // of its first character (kBinary: of the operator), counted in characters from 1
  double number = 0;
  std::string name;  // kName, kCall
  Op op{};           // kBinary
  std::vector<std::unique_ptr<Node>> children;
  std::vector<FormulaFilter> filters;  // kFilter
};

// Reads a formula. Fails with formula_syntax ("position", counted in characters from 1, "expected" and
// "expected_zh", "found"),
// formula_too_deep (nested more than 100 levels) and formula_too_large (more than 1000 parts).
[[nodiscard]] Result<std::unique_ptr<Node>> ParseFormula(std::string_view text);

// The functions of the language, for whoever writes a formula.
struct FormulaFunction {
  std::string name;
  std::string pattern;  // "share(x, dim)"
  Bilingual meaning;
};
[[nodiscard]] const std::vector<FormulaFunction>& FormulaFunctions();

// One column asked for: "name=formula", or a formula whose text is its name.
struct NamedFormula {
  std::string name;
  std::string formula;
};
// Splits "a=x/y,b,min(c,d)" at its outer commas, and each part at its first outer "=".
[[nodiscard]] std::vector<NamedFormula> SplitColumns(std::string_view text);
// The same, appended to those that there are.
void SplitColumns(std::string_view text, std::vector<NamedFormula>& columns);

}  // namespace dealpace::kpi
