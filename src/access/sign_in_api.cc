#include "access/gate.h"
#include "access/json.h"
#include "access/session_api.h"
#include "base/json.h"
#include "http/json_body.h"

namespace dealpace::access {

using http::Gate;
using http::JsonBody;
using http::Request;
using http::Response;

namespace {

// What the caller may do, so that nothing else is offered to him: by right, whether on the whole network.
void WriteRights(JsonWriter& json, const http::Caller& caller) {
  json.Key("rights").BeginObject();
  if (caller.rights != nullptr) {
    for (const auto& [right, rows] : *caller.rights) json.Field(right, rows->network ? "network" : "part");
  }
  json.EndObject();
}

}  // namespace

Response SessionResponse(const Access& access, const Account& account, const http::Caller& caller, std::string_view via,
                         std::string_view csrf, const std::optional<Instant>& expires_at) {
  JsonWriter json;
  json.BeginObject().Key("account");
  WriteAccount(json, account);
  // Of the account as it is now: the caller is as he was when the request came.
  json.Field("must_change_password", account.must_change_password && !caller.by_provider);
  json.Field("by_provider", caller.by_provider);
  json.Field("second_factor_due", caller.second_factor_due).Field("csrf", csrf).Field("via", via);
  WriteInstant(json, "expires_at", expires_at);
  WriteRights(json, caller);
  if (!access.options().program_version.empty()) json.Field("version", access.options().program_version);
  if (access.options().today) json.Field("today", FormatDay(access.options().today()));
  json.EndObject();
  return Response::Json(json.text());
}

Result<Response> OwnSession(Access& access, const Request& request) {
  ASSIGN_OR_RETURN(const Account account, access.GetAccount(request.caller.account));
  if (request.caller.via == http::Caller::Via::kToken) {
    return SessionResponse(access, account, request.caller, "token", "", std::nullopt);
  }
  const auto cookie = request.Cookie(CookieName(request.secure));
  ASSIGN_OR_RETURN(const std::optional<Identity> identity, access.IdentifySession(cookie.value_or("")));
  if (!identity) return Error("not_signed_in");
  return SessionResponse(access, account, request.caller, "session", identity->csrf, identity->expires_at);
}

Status NeedsSession(const Request& request) {
  if (request.caller.via != http::Caller::Via::kSession) return Error("session_needed");
  return {};
}

void EndFormerSession(Access& access, const Request& request) {
  if (request.caller.via == http::Caller::Via::kSession) {
    (void)access.SignOut(request.caller.session_token_hash);
  } else if (const auto cookie = request.Cookie(CookieName(request.secure))) {
    const auto before = access.IdentifySession(*cookie);
    if (before.ok() && *before) (void)access.SignOut((*before)->caller.session_token_hash);
  }
}

Result<Response> SignedInResponse(Access& access, const Request& request, const SignedIn& signed_in) {
  EndFormerSession(access, request);
  ASSIGN_OR_RETURN(const auto identity, access.IdentifySession(signed_in.token));
  return SessionResponse(access, signed_in.account, identity ? identity->caller : http::Caller(), "session",
                         signed_in.session.csrf, signed_in.session.expires_at)
      .Header("Set-Cookie", SessionCookie(signed_in.token, request.secure, signed_in.session.phone))
      .Header("Cache-Control", "no-store");
}

namespace {

// ---- /api/v1/session: the two steps ----

Result<Response> SignIn(Access& access, const Request& request) {
  RETURN_IF_ERROR(CheckOrigin(request));
  ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
  SignInRequest sign_in;
  ASSIGN_OR_RETURN(sign_in.login, body.Text("login", 512));
  ASSIGN_OR_RETURN(sign_in.password, body.Text("password", kPasswordBytesMax));
  ASSIGN_OR_RETURN(const std::optional<std::string> device, body.OptionalText("device", 16));
  RETURN_IF_ERROR(body.Done());
  if (device && *device != "phone" && *device != "desk") return Error("device_unknown").With("device", *device);
  sign_in.device = {device == "phone", std::string(request.Header("user-agent").value_or("")), request.peer};
  ASSIGN_OR_RETURN(const SignInStep step, access.SignIn(sign_in));
  if (const auto* signed_in = std::get_if<SignedIn>(&step)) return SignedInResponse(access, request, *signed_in);
  // The token goes into a cookie that scripts cannot read, so the second step counts in this browser only.
  const auto& pending = std::get<PendingSignIn>(step);
  JsonWriter json;
  json.BeginObject().Field("second_factor", true).Field("expires_at", FormatInstant(pending.expires_at)).EndObject();
  return Response::Json(json.text(), 202)
      .Header("Set-Cookie", StepCookie(pending.token, request.secure))
      .Header("Cache-Control", "no-store");
}

Result<Response> FinishSignIn(Access& access, const Request& request) {
  RETURN_IF_ERROR(CheckOrigin(request));
  ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
  ASSIGN_OR_RETURN(const std::string code, body.Text("code", 64));
  RETURN_IF_ERROR(body.Done());
  const auto token = request.Cookie(StepCookieName(request.secure));
  if (!token || token->empty()) return Error("sign_in_begin_again");
  const Device device{false, std::string(request.Header("user-agent").value_or("")), request.peer};
  ASSIGN_OR_RETURN(const SignedIn signed_in, access.FinishSignIn(*token, code, device));
  ASSIGN_OR_RETURN(Response response, SignedInResponse(access, request, signed_in));
  return std::move(response).Header("Set-Cookie", StepCookie("", request.secure));
}

// ---- /api/v1/session/second-factor ----

Result<Response> GetSecondFactor(Access& access, const Request& request) {
  ASSIGN_OR_RETURN(const SecondFactorState state, access.GetSecondFactor(request.caller.account));
  ASSIGN_OR_RETURN(const SignInPolicy policy, access.GetPolicy());
  JsonWriter json;
  json.BeginObject().Field("on", state.since.has_value());
  WriteInstant(json, "since", state.since);
  json.Field("recovery_codes", state.recovery_codes);
  json.Field("demanded", policy.second_factor && Access::IsDemandedOf(request.caller)).EndObject();
  return Response::Json(json.text());
}

// Not needed in a session that the provider has begun.
Result<std::string> OwnPassword(const Request& request, JsonBody& body) {
  if (!request.caller.by_provider) return body.Text("password", kPasswordBytesMax);
  ASSIGN_OR_RETURN(const std::optional<std::string> password, body.OptionalText("password", kPasswordBytesMax));
  return password.value_or("");
}

Result<Response> BeginSecondFactor(Access& access, const Request& request) {
  RETURN_IF_ERROR(NeedsSession(request));
  ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
  ASSIGN_OR_RETURN(const std::string password, OwnPassword(request, body));
  RETURN_IF_ERROR(body.Done());
  ASSIGN_OR_RETURN(
      const SecondFactorSetUp made,
      access.BeginSecondFactor(request.caller.account, password, request.peer, request.caller.session_token_hash));
  JsonWriter json;
  json.BeginObject().Field("secret", made.secret).Field("uri", made.uri).EndObject();
  return Response::Json(json.text()).Header("Cache-Control", "no-store");
}

Response CodesResponse(const std::vector<std::string>& codes) {
  JsonWriter json;
  json.BeginObject().Key("recovery_codes").BeginArray();
  for (const std::string& code : codes) json.String(code);
  json.EndArray().EndObject();
  return Response::Json(json.text()).Header("Cache-Control", "no-store");
}

Result<Response> ConfirmSecondFactor(Access& access, const Request& request) {
  RETURN_IF_ERROR(NeedsSession(request));
  ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
  ASSIGN_OR_RETURN(const std::string code, body.Text("code", 64));
  RETURN_IF_ERROR(body.Done());
  ASSIGN_OR_RETURN(const auto codes,
                   access.ConfirmSecondFactor(request.caller.account, code, request.caller.session_token_hash));
  return CodesResponse(codes);
}

struct PasswordAndCode {
  std::string password;
  std::string code;
};
Result<PasswordAndCode> ReadPasswordAndCode(const Request& request) {
  RETURN_IF_ERROR(NeedsSession(request));
  ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
  PasswordAndCode given;
  ASSIGN_OR_RETURN(given.password, OwnPassword(request, body));
  ASSIGN_OR_RETURN(given.code, body.Text("code", 64));
  RETURN_IF_ERROR(body.Done());
  return given;
}

Result<Response> RenewRecoveryCodes(Access& access, const Request& request) {
  ASSIGN_OR_RETURN(const PasswordAndCode given, ReadPasswordAndCode(request));
  ASSIGN_OR_RETURN(const auto codes, access.RenewRecoveryCodes(request.caller.account, given.password, given.code,
                                                               request.peer, request.caller.session_token_hash));
  return CodesResponse(codes);
}

Result<Response> TurnOffSecondFactor(Access& access, const Request& request) {
  ASSIGN_OR_RETURN(const PasswordAndCode given, ReadPasswordAndCode(request));
  RETURN_IF_ERROR(access.TurnOffSecondFactor(request.caller.account, given.password, given.code, request.peer,
                                             request.caller.session_token_hash));
  return Response::NoContent();
}

// ---- For administrators ----

Result<Response> ResetSecondFactor(Access& access, const Request& request) {
  ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
  RETURN_IF_ERROR(access.ResetSecondFactor(AccountId(id), request.caller.account));
  return Response::NoContent();
}

Response PolicyResponse(const SignInPolicy& policy) {
  JsonWriter json;
  json.BeginObject().Field("second_factor", policy.second_factor).Field("version", policy.version).EndObject();
  return Response::Json(json.text()).Header("ETag", http::VersionTag(policy.version));
}

Result<Response> GetPolicy(Access& access, const Request&) {
  ASSIGN_OR_RETURN(const SignInPolicy policy, access.GetPolicy());
  return PolicyResponse(policy);
}

Result<Response> ChangePolicy(Access& access, const Request& request) {
  ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
  ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
  if (!body.Has("second_factor")) return Error("field_missing").With("field", "second_factor");
  ASSIGN_OR_RETURN(const bool second_factor, body.Bool("second_factor", false));
  RETURN_IF_ERROR(body.Done());
  ASSIGN_OR_RETURN(const SignInPolicy policy, access.ChangePolicy(second_factor, version, request.caller.account));
  return PolicyResponse(policy);
}

}  // namespace

void AddSignInRoutes(http::Router& router, Access& access) {
  using Resource = Result<Response> (*)(Access&, const Request&);
  const auto with = [&access](Resource function) -> http::ResultHandler {
    return [&access, function](const Request& request) { return function(access, request); };
  };
  const http::Admission own_account(Gate::kAccount, http::Rows::kOwn);
  const http::Admission administrator(Gate::kAdmin, http::Rows::kNetwork);
  const std::string factor = "/api/v1/session/second-factor";
  router.Post("/api/v1/session", Gate::kOpen, with(SignIn), kSmallBodyMax);
  router.Post(factor, Gate::kOpen, with(FinishSignIn), kSmallBodyMax);
  router.Get(factor, own_account, with(GetSecondFactor));
  router.Post(factor + "/begin", own_account, with(BeginSecondFactor), kSmallBodyMax);
  router.Post(factor + "/confirm", own_account, with(ConfirmSecondFactor), kSmallBodyMax);
  router.Post(factor + "/recovery-codes", own_account, with(RenewRecoveryCodes), kSmallBodyMax);
  router.Post(factor + "/turn-off", own_account, with(TurnOffSecondFactor), kSmallBodyMax);
  router.Delete("/api/v1/accounts/{id}/second-factor", administrator, with(ResetSecondFactor));
  router.Get("/api/v1/sign-in-policy", administrator, with(GetPolicy));
  router.Put("/api/v1/sign-in-policy", administrator, with(ChangePolicy), kSmallBodyMax);
}

}  // namespace dealpace::access
