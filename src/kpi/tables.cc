#include "kpi/tables.h"

namespace dealpace::kpi {

std::vector<NamedFormula> SuccessTableColumns() {
  std::vector<NamedFormula> columns;
  for (const char* id : {"first_contact_cnt", "needs_cnt", "stage_conversion_s4", "presented_cnt",
                         "stage_conversion_s5", "td_cnt", "stage_conversion_s6", "deal_cnt", "stage_conversion_s7",
                         "delivered_cnt", "stage_conversion_s8", "sales_success_rate"}) {
    columns.push_back({id, id});
  }
  return columns;
}

std::vector<size_t> SuccessTableConversions() { return {2, 4, 6, 8, 10}; }

std::optional<WeakestStage> FindWeakestStage(const Answer& answer, const RowAnswer& row) {
  std::optional<WeakestStage> weakest;
  for (const size_t column : SuccessTableConversions()) {
    const auto& own = row.cells[column].value;
    const auto& total = answer.total.cells[column].value;
    if (!own || !total) continue;
    const double gap = *own - *total;
    if (gap < 0 && (!weakest || gap < weakest->gap)) weakest = WeakestStage{column, gap};
  }
  return weakest;
}

}  // namespace dealpace::kpi
