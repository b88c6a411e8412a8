#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kpi/answer.h"

// The domain's analysis tables, as questions to the engine and what is read out of their answers.
namespace dealpace::kpi {

// Sales success analysis (domain A7): the six milestones, the five conversions between them and the success rate.
// The columns, in order: a milestone's count, then its conversion from the one before.
[[nodiscard]] std::vector<NamedFormula> SuccessTableColumns();

// Positions of the conversions among those columns.
[[nodiscard]] std::vector<size_t> SuccessTableConversions();

struct WeakestStage {
  size_t column = 0;  // of the conversion
  double gap = 0;     // own conversion − the total's, below zero
};
// The conversion with the largest shortfall against the total's; none when no conversion falls short.
[[nodiscard]] std::optional<WeakestStage> FindWeakestStage(const Answer& answer, const RowAnswer& row);

}  // namespace dealpace::kpi
