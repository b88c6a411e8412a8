#pragma once

#include <functional>

#include "exchange/import_jobs.h"
#include "http/router.h"

namespace dealpace::exchange {

// Makes a handler answer a request with an Idempotency-Key once; empty: as it is.
using IdempotentWrapper = std::function<http::Handler(http::Handler)>;

// The operations of tag `imports` in docs/openapi.yaml. `jobs` outlives the router.
void AddImportRoutes(http::Router& router, ImportJobs& jobs, const IdempotentWrapper& idempotent = {});

}  // namespace dealpace::exchange
