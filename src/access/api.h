#pragma once

#include "access/access.h"
#include "http/router.h"

namespace dealpace::access {

// The resources /api/v1/session, /api/v1/accounts and /api/v1/tokens, as docs/openapi.yaml has them. `access` must
// outlive the router.
//
// Passwords, sessions and tokens of one's own are managed in a session only, never by a token (session_needed): whoever
// got hold of a token must not be able to make himself more of them.
void AddRoutes(http::Router& router, Access& access);

}  // namespace dealpace::access
