#pragma once

#include "leads/spot_checks_api.h"

namespace dealpace::leads {

// The operations of tag `coaching` in docs/openapi.yaml: what spot checks have brought up, for who may check.
void AddCoachingRoutes(http::Router& router, const SpotCheckDeps& deps);

}  // namespace dealpace::leads
