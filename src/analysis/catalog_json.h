#pragma once

#include <string>

#include "analysis/own_kpis.h"
#include "base/json.h"
#include "catalog/catalog.h"

// The catalogue as the interface gives it.
namespace dealpace::analysis {

// Schema Catalog of docs/openapi.yaml. The same catalogue gives the same text.
[[nodiscard]] std::string CatalogJson(const catalog::Catalog& catalog);

// Schema OwnKpi; `problem` is null for one that can be used.
void WriteOwnKpi(JsonWriter& json, const OwnKpi& kpi, const Error* problem, Language language);

void WriteBilingual(JsonWriter& json, std::string_view key, const Bilingual& text);

}  // namespace dealpace::analysis
