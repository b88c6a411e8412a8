#pragma once

#include <string>

#include "base/text.h"
#include "catalog/catalog.h"

namespace dealpace::kpi {

// The handbook of all KPIs in one language, as Markdown: per KPI its meaning, formula, unit, slices, what to beware of
// and its source; then the measures and what each sums. docs/handbook.*.md are this text; a test compares them.
[[nodiscard]] std::string Handbook(const catalog::Catalog& catalog, Language language);

}  // namespace dealpace::kpi
