#pragma once

#include "access/access.h"
#include "http/router.h"

// What the resources of this room share, and the part of them that has to do with signing in (sign_in_api.cc).
namespace dealpace::access {

inline constexpr size_t kPasswordBytesMax =
    4096;  // more than any may have, so that one that is too long is told as such
inline constexpr int64_t kSmallBodyMax = 16 << 10;

// Who is signed in, as docs/openapi.yaml has it (Session).
[[nodiscard]] http::Response SessionResponse(const Access& access, const Account& account, const http::Caller& caller,
                                             std::string_view via, std::string_view csrf,
                                             const std::optional<Instant>& expires_at);
// The session or token of a request that the gate has let pass.
[[nodiscard]] Result<http::Response> OwnSession(Access& access, const http::Request& request);
// The answer to a sign-in that is complete: the session, and its cookie. A session that this browser had ends, so that
// one planted in it comes to nothing.
[[nodiscard]] Result<http::Response> SignedInResponse(Access& access, const http::Request& request,
                                                      const SignedIn& signed_in);
// Ends the session that the browser has, if it has one.
void EndFormerSession(Access& access, const http::Request& request);
// Fails with session_needed for a token.
[[nodiscard]] Status NeedsSession(const http::Request& request);

// POST /api/v1/session, /api/v1/session/second-factor…, /api/v1/accounts/{id}/second-factor, /api/v1/sign-in-policy.
void AddSignInRoutes(http::Router& router, Access& access);
// GET /api/v1/session/ways, /api/v1/session/provider, /api/v1/session/provider/return,
// DELETE /api/v1/accounts/{id}/provider.
void AddProviderRoutes(http::Router& router, Access& access);

}  // namespace dealpace::access
