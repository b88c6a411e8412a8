#include "access/gate.h"

#include <algorithm>

#include "access/secrets.h"

namespace dealpace::access {
namespace {

using http::Gate;
using http::Method;

bool IsSafe(Method method) { return method == Method::kGet || method == Method::kHead || method == Method::kOptions; }

// The secret of "Authorization: Bearer …"; nothing when the request makes no such attempt.
std::optional<std::string_view> BearerToken(const http::Request& request) {
  const auto header = request.Header("authorization");
  if (!header) return std::nullopt;
  constexpr std::string_view kScheme = "bearer";
  const std::string_view text = Trim(*header);
  if (ToLower(text.substr(0, kScheme.size())) != kScheme) return std::nullopt;
  if (text.size() == kScheme.size()) return "";
  if (text[kScheme.size()] != ' ') return std::nullopt;
  return Trim(text.substr(kScheme.size()));
}

// Host and port in lower case, without the port that the scheme has anyway.
std::string HostPort(std::string_view host, bool secure) {
  std::string lower = ToLower(host);
  const std::string_view standard = secure ? ":443" : ":80";
  if (lower.ends_with(standard)) lower.resize(lower.size() - standard.size());
  return lower;
}

}  // namespace

std::string_view CookieName(bool secure) { return secure ? "__Host-dealpace" : "dealpace"; }

std::string SessionCookie(std::string_view token, bool secure, bool phone) {
  std::string cookie = std::string(CookieName(secure)) + "=" + std::string(token) + "; Path=/; HttpOnly; SameSite=Lax";
  if (secure) cookie += "; Secure";
  if (phone) cookie += "; Max-Age=" + std::to_string(kSessionMs / 1000);
  return cookie;
}

std::string EndedCookie(bool secure) {
  return std::string(CookieName(secure)) + "=; Path=/; HttpOnly; SameSite=Lax" + (secure ? "; Secure" : "") +
         "; Max-Age=0";
}

std::string_view StepCookieName(bool secure) { return secure ? "__Host-dealpace-step" : "dealpace-step"; }

std::string StepCookie(std::string_view token, bool secure) {
  return std::string(StepCookieName(secure)) + "=" + std::string(token) + "; Path=/; HttpOnly; SameSite=Strict" +
         (secure ? "; Secure" : "") + "; Max-Age=" + std::to_string(token.empty() ? 0 : kSecondStepMs / 1000);
}

Status CheckOrigin(const http::Request& request) {
  const auto origin = request.Header("origin");
  if (!origin) return {};
  const auto host = request.Header("host");
  bool secure = false;
  std::string_view named = *origin;
  if (named.starts_with("https://")) {
    secure = true;
    named.remove_prefix(8);
  } else if (named.starts_with("http://") && !request.secure) {
    named.remove_prefix(7);
  } else {
    return Error("origin_wrong");  // "null", another scheme, or a page that came without TLS
  }
  if (!host || HostPort(named, secure) != HostPort(*host, secure)) return Error("origin_wrong");
  return {};
}

std::string_view ScopeOf(const http::Route& route) {
  if (!route.scope.empty()) return route.scope;
  if (route.admission.gate == Gate::kAdmin) return "admin";
  return IsSafe(route.method) ? "read" : "write";
}

namespace {

// Whether that person or program may have that; sets request.caller.
Status Judge(http::Request& request, const http::Route& route, const std::optional<Identity>& identity) {
  request.caller = identity ? identity->caller : http::Caller();
  request.right = route.admission.right;
  if (route.admission.gate == Gate::kOpen) return {};
  if (!identity) return Error("not_signed_in");

  const http::Caller& caller = request.caller;
  if (caller.via == http::Caller::Via::kSession && !IsSafe(request.method)) {
    RETURN_IF_ERROR(CheckOrigin(request));
    const auto csrf = request.Header("x-csrf-token");
    if (!csrf) return Error("csrf_missing");
    if (!SameSecret(*csrf, identity->csrf)) return Error("csrf_wrong");
  }
  if (caller.must_change_password && route.admission.gate != Gate::kAccount) return Error("password_must_change");
  if (caller.second_factor_due && route.admission.gate != Gate::kAccount) return Error("second_factor_due");
  if (route.admission.gate == Gate::kAdmin && !caller.admin) return Error("not_permitted");
  const http::Admission& admission = route.admission;
  if (!admission.right.empty() && !caller.May(admission.right)) return Error("not_permitted");
  if (admission.rows == http::Rows::kNetwork && !caller.SeesNetwork(admission.right)) return Error("not_permitted");
  if (caller.via == http::Caller::Via::kToken) {
    const std::string_view scope = ScopeOf(route);
    if (std::find(caller.scopes.begin(), caller.scopes.end(), scope) == caller.scopes.end()) {
      return Error("token_scope").With("scope", scope);
    }
  }
  return {};
}

// The cookie's session, where the request has one.
std::optional<std::string_view> SessionToken(const http::Request& request) {
  const auto cookie = request.Cookie(CookieName(request.secure));
  if (!cookie || cookie->empty()) return std::nullopt;
  return cookie;
}

}  // namespace

Status Gatekeeper::operator()(http::Request& request, const http::Route& route) const {
  std::optional<Identity> identity;
  if (const auto secret = BearerToken(request)) {
    auto found = access_->IdentifyToken(*secret, request.unattended);
    if (!found.ok() && route.admission.gate != Gate::kOpen) return found.error();
    if (found.ok()) identity = *std::move(found);
  } else if (const auto token = SessionToken(request)) {
    auto found = access_->IdentifySession(*token, request.unattended);
    if (!found.ok() && route.admission.gate != Gate::kOpen) return found.error();
    if (found.ok()) identity = *std::move(found);
  }
  return Judge(request, route, identity);
}

std::optional<Status> Gatekeeper::Quickly(http::Request& request, const http::Route& route) const {
  std::optional<Identity> identity;
  if (const auto secret = BearerToken(request)) {
    identity = access_->KnownToken(*secret, request.unattended);
    if (!identity) return std::nullopt;
  } else if (const auto token = SessionToken(request)) {
    identity = access_->KnownSession(*token, request.unattended);
    if (!identity) return std::nullopt;
  }
  return Judge(request, route, identity);
}

}  // namespace dealpace::access
