#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "catalog/catalog.h"

namespace dealpace::kpi {

// The chapters of the handbook in order: "3.1" … and their names.
[[nodiscard]] const std::vector<std::pair<std::string, Bilingual>>& KpiGroups();
// The chapter of a KPI; empty for one of the network's own.
[[nodiscard]] std::string GroupOf(const catalog::Kpi& kpi);

// A unit for people: "CNY", "元".
[[nodiscard]] std::string UnitTitle(catalog::Unit unit, Language language);

// The handbook of all KPIs in one language, as Markdown: per KPI its meaning, formula, unit, slices, what to beware of
// and its source; then the measures and what each sums. docs/handbook.*.md are this text; a test compares them.
[[nodiscard]] std::string Handbook(const catalog::Catalog& catalog, Language language);

}  // namespace dealpace::kpi
