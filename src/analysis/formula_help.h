#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "catalog/catalog.h"

// Help for whoever types a formula: what is wrong and where, and what may come next. Pure.
namespace dealpace::analysis {

// What a condition can name: x[source=referral].
struct MemberName {
  std::string text;  // as answers and conditions have it
  Bilingual name;    // of the code lists; the text where they have none
};
// The members of the dimensions, as the organisation has them now.
class MemberNames {
 public:
  virtual ~MemberNames() = default;
  [[nodiscard]] virtual std::vector<MemberName> All(Dim dim) const = 0;
  // Whether a condition may name it: what a question with it would find.
  [[nodiscard]] virtual bool Knows(Dim dim, std::string_view text) const = 0;
};

struct FormulaCheck {
  std::optional<catalog::Unit> unit;  // of the figure, where the formula is right
  std::optional<Error> error;         // none: it is right
  std::optional<int> position;        // of the error, counted in characters from 1
  std::vector<std::string> uses;      // KPIs and measures that it names, in alphabetical order
};

// Looks into a formula. Besides the errors of kpi::Program::Add: unknown_member for a condition that names none, and
// own_kpi_unit_mismatch when the figure cannot be declared as `unit`.
[[nodiscard]] FormulaCheck CheckFormula(const catalog::Catalog& catalog, const MemberNames& members,
                                        std::string_view formula, std::optional<catalog::Unit> unit = std::nullopt);

struct Completion {
  enum class Kind { kKpi, kMeasure, kFunction, kDimension, kMember };
  Kind kind{};
  std::string text;  // takes the place of what stands between `from` and the caret
  Bilingual name;
  int from = 0;  // characters before it
};
[[nodiscard]] std::string_view KindName(Completion::Kind kind);

inline constexpr size_t kCompletionsMax = 20;

// What may stand at the caret (so many characters into the formula; past its end counts as the end): KPIs, measures
// and functions by the word before the caret, dimensions inside brackets, members behind "dim=". Best first: the id
// begins with the word, a word of the id does, the name in either language or another name of it holds it. Functions
// and KPIs with an argument come with their opening bracket, a balance with its closing(…), a member in quotation marks
// where it needs them. Nothing behind a finished figure, or in a number.
[[nodiscard]] std::vector<Completion> Complete(const catalog::Catalog& catalog, const MemberNames& members,
                                               std::string_view formula, size_t caret);

}  // namespace dealpace::analysis
