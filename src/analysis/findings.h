#pragma once

#include <string>

#include "analysis/question.h"
#include "catalog/catalog.h"
#include "insight/findings.h"
#include "kpi/answer.h"

// Asks for the figures that the findings are judged by (insight/findings.h has the rules).
namespace dealpace::analysis {

// Two questions to the engine: the success table against the time compared with, rates and target among its columns;
// and the sources, now and a year ago. Fails as kpi::Engine::Ask does.
[[nodiscard]] Result<insight::Situation> LookAt(const TableQuestion& asked, const catalog::Catalog& catalog,
                                                kpi::Engine& engine);

// The operation findings of the contract.
[[nodiscard]] Result<std::string> FindingsJson(const TableQuestion& asked, const catalog::Catalog& catalog,
                                               kpi::Engine& engine);

}  // namespace dealpace::analysis
