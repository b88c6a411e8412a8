#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/access.h"
#include "http/router.h"

// Decides for each request who asks, and whether he may.
namespace dealpace::access {

// For http::Server as its http::GateKeeper. In this order it finds out and refuses:
//
//   who        a bearer token where the request has one (then cookies do not count), else the session of the cookie;
//              nobody: not_signed_in (401)
//   CSRF       for POST, PUT, PATCH, DELETE with a session: the header X-CSRF-Token must be the session's
//   (csrf_missing,
//              csrf_wrong), and an Origin must be the Host that was asked (origin_wrong), all 403
//   password   while a new one is due, only routes of Gate::kAccount: password_must_change (403)
//   factor     the same while a second factor is to be set up: second_factor_due (403)
//   right      Gate::kAdmin needs an administrator: not_permitted (403)
//   scope      a token needs the route's: token_scope (403, "scope")
//
// Routes of Gate::kOpen let everybody pass; who asks is found out where it can be. Sessions and tokens are remembered
// (IdentityCache). An unattended request is no use of its session. Thread-safe; blocks on the store now and then.
class Gatekeeper {
 public:
  explicit Gatekeeper(Access& access) : access_(&access) {}
  Status operator()(http::Request& request, const http::Route& route) const;
  // The same from what is remembered, for http::Server as its http::QuickGateKeeper. Nothing where the store would have
  // to be asked.
  std::optional<Status> Quickly(http::Request& request, const http::Route& route) const;

 private:
  Access* access_;
};

// The session cookie. Over TLS it is named so that browsers tie it to this very host (__Host-); that needs TLS, so over
// plain HTTP (loopback) it has a plain name. Kept over a restart of the browser on phones only, since those close it
// by themselves.
[[nodiscard]] std::string_view CookieName(bool secure);
[[nodiscard]] std::string SessionCookie(std::string_view token, bool secure, bool phone);
[[nodiscard]] std::string EndedCookie(bool secure);
// The cookie between password and code (second_factor.h); an empty token removes it.
[[nodiscard]] std::string_view StepCookieName(bool secure);
[[nodiscard]] std::string StepCookie(std::string_view token, bool secure);

// An Origin, where the request names one, is the host that it was sent to. Browsers send it with everything that
// changes something. Fails with origin_wrong.
[[nodiscard]] Status CheckOrigin(const http::Request& request);

// What a token must be allowed for this route: "read", "write" or "admin".
[[nodiscard]] std::string_view ScopeOf(const http::Route& route);

}  // namespace dealpace::access
