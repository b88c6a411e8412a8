#pragma once

#include <boost/json.hpp>
#include <functional>

#include "catalog/catalog.h"
#include "exchange/import.h"
#include "kpi/answer.h"

namespace dealpace::exchange {

// What an import did, or would do, as the contract's ImportResult. `ask` (may be empty) gives the figures that the
// events feed, in the days of the file: what they are, and for a dry run what they will be.
[[nodiscard]] boost::json::object ResultJson(const ImportSummary& summary, bool dry_run,
                                             const catalog::Catalog& catalog,
                                             const std::function<Result<kpi::Answer>(const kpi::Question&)>& ask);

}  // namespace dealpace::exchange
