#include "access/api.h"

#include "access/gate.h"
#include "access/json.h"
#include "access/session_api.h"
#include "base/json.h"
#include "http/json_body.h"

namespace dealpace::access {
namespace {

using http::Gate;
using http::JsonBody;
using http::Request;
using http::Response;

Response AccountResponse(const Account& account, int status = 200) {
  JsonWriter json;
  WriteAccount(json, account);
  return Response::Json(json.text(), status).Header("ETag", http::VersionTag(account.version));
}

Response OneTimeResponse(const OneTime& one_time, int status) {
  JsonWriter json;
  json.BeginObject().Key("account");
  WriteAccount(json, one_time.account);
  json.Field("password", one_time.password).EndObject();
  return Response::Json(json.text(), status)
      .Header("ETag", http::VersionTag(one_time.account.version))
      .Header("Cache-Control", "no-store");
}

// ---- /api/v1/session ----

Result<Response> SignOut(Access& access, const Request& request) {
  RETURN_IF_ERROR(NeedsSession(request));
  RETURN_IF_ERROR(access.SignOut(request.caller.session_token_hash));
  return Response::NoContent().Header("Set-Cookie", EndedCookie(request.secure));
}

Result<Response> ChangePassword(Access& access, const Request& request) {
  RETURN_IF_ERROR(NeedsSession(request));
  ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
  ASSIGN_OR_RETURN(const std::string current, body.Text("current", kPasswordBytesMax));
  ASSIGN_OR_RETURN(const std::string fresh, body.Text("new", kPasswordBytesMax));
  RETURN_IF_ERROR(body.Done());
  RETURN_IF_ERROR(
      access.ChangePassword(request.caller.account, current, fresh, request.caller.session_token_hash, request.peer));
  return OwnSession(access, request);
}

Result<Response> SetPreferences(Access& access, const Request& request) {
  ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
  const bool given = body.object().contains("language");
  ASSIGN_OR_RETURN(const std::optional<std::string> language, body.OptionalText("language", 16));
  RETURN_IF_ERROR(body.Done());
  if (language && *language != "zh" && *language != "en") return Error("language_unknown").With("language", *language);
  if (given) {
    std::optional<Language> chosen;
    if (language) chosen = *language == "zh" ? Language::kChinese : Language::kEnglish;
    RETURN_IF_ERROR(access.ChangeLanguage(request.caller.account, chosen));
  }
  return OwnSession(access, request);
}

// ---- /api/v1/accounts ----

Result<Response> ListAccounts(Access& access, const Request&) {
  ASSIGN_OR_RETURN(const std::vector<Account> accounts, access.ListAccounts());
  JsonWriter json;
  json.BeginObject().Key("accounts").BeginArray();
  for (const Account& account : accounts) WriteAccount(json, account);
  json.EndArray().EndObject();
  return Response::Json(json.text());
}

Result<Response> AddAccount(Access& access, const Request& request) {
  ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
  ASSIGN_OR_RETURN(const std::string login, body.Text("login", 512));
  ASSIGN_OR_RETURN(const std::optional<std::string> name, body.OptionalText("name", 512));
  ASSIGN_OR_RETURN(const std::optional<std::string> role, body.OptionalText("role", 16));
  RETURN_IF_ERROR(body.Done());
  ASSIGN_OR_RETURN(const Role parsed, ParseRole(role.value_or("member")));
  ASSIGN_OR_RETURN(const OneTime one_time, access.AddAccount(login, name.value_or(""), parsed, request.caller.account));
  return OneTimeResponse(one_time, 201);
}

Result<Response> ChangeAccount(Access& access, const Request& request) {
  ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
  ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
  ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
  AccountChange change;
  ASSIGN_OR_RETURN(change.name, body.OptionalText("name", 512));
  ASSIGN_OR_RETURN(const std::optional<std::string> role, body.OptionalText("role", 16));
  if (body.Has("disabled")) {
    ASSIGN_OR_RETURN(change.disabled, body.Bool("disabled", false));
  }
  RETURN_IF_ERROR(body.Done());
  if (role) {
    ASSIGN_OR_RETURN(change.role, ParseRole(*role));
  }
  ASSIGN_OR_RETURN(const Account account, access.ChangeAccount(AccountId(id), version, change, request.caller.account));
  return AccountResponse(account);
}

Result<Response> ResetPassword(Access& access, const Request& request) {
  ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
  ASSIGN_OR_RETURN(const OneTime one_time, access.ResetPassword(AccountId(id), request.caller.account));
  return OneTimeResponse(one_time, 200);
}

// ---- /api/v1/accounts/{id}/posts, …/stand-ins ----

Result<Day> ReadDay(JsonBody& body, std::string_view field, Day otherwise) {
  ASSIGN_OR_RETURN(const std::optional<std::string> text, body.OptionalText(field));
  if (!text) return otherwise;
  const auto day = ParseDay(*text);
  if (!day) return Error("field_day_bad").With("field", field).With("value", *text);
  return *day;
}

Result<Response> ListPosts(Access& access, const Request& request) {
  ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
  ASSIGN_OR_RETURN(const std::vector<Post> posts, access.ListPosts(AccountId(id)));
  ASSIGN_OR_RETURN(const std::vector<StandIn> stand_ins, access.ListStandIns(AccountId(id)));
  JsonWriter json;
  json.BeginObject().Key("posts").BeginArray();
  for (const Post& post : posts) WritePost(json, post);
  json.EndArray().Key("stand_ins").BeginArray();
  for (const StandIn& stand_in : stand_ins) WriteStandIn(json, stand_in);
  json.EndArray().EndObject();
  return Response::Json(json.text());
}

Result<Response> AddPost(Access& access, const Request& request) {
  ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
  ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
  Post post;
  post.account = AccountId(id);
  ASSIGN_OR_RETURN(post.role, body.Text("role", 16));
  ASSIGN_OR_RETURN(const auto region, body.OptionalId("region"));
  ASSIGN_OR_RETURN(const auto dealer, body.OptionalId("dealer"));
  ASSIGN_OR_RETURN(const auto team, body.OptionalId("team"));
  ASSIGN_OR_RETURN(const auto staff, body.OptionalId("staff"));
  post.place = {RegionId(region.value_or(0)), DealerId(dealer.value_or(0)), TeamId(team.value_or(0)),
                StaffId(staff.value_or(0))};
  ASSIGN_OR_RETURN(post.from, ReadDay(body, "from", access.Today()));
  if (body.Has("until")) {
    ASSIGN_OR_RETURN(post.until, ReadDay(body, "until", {}));
  }
  RETURN_IF_ERROR(body.Done());
  ASSIGN_OR_RETURN(const Post added, access.AddPost(post, request.caller.account));
  JsonWriter json;
  WritePost(json, added);
  return Response::Json(json.text(), 201);
}

Result<Response> EndPost(Access& access, const Request& request) {
  ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
  ASSIGN_OR_RETURN(const int64_t post, request.ParamId("post"));
  ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
  if (!body.Has("until")) return Error("field_missing").With("field", "until");
  ASSIGN_OR_RETURN(const Day until, ReadDay(body, "until", {}));
  RETURN_IF_ERROR(body.Done());
  RETURN_IF_ERROR(access.EndPost(AccountId(id), post, until, request.caller.account));
  return Response::NoContent();
}

Result<Response> AddStandIn(Access& access, const Request& request) {
  ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
  ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
  StandIn stand_in;
  stand_in.account = AccountId(id);
  ASSIGN_OR_RETURN(const auto other, body.OptionalId("stands_in_for"));
  if (!other) return Error("field_missing").With("field", "stands_in_for");
  stand_in.stands_in_for = AccountId(*other);
  ASSIGN_OR_RETURN(stand_in.from, ReadDay(body, "from", access.Today()));
  if (!body.Has("until")) return Error("field_missing").With("field", "until");
  ASSIGN_OR_RETURN(stand_in.until, ReadDay(body, "until", {}));
  RETURN_IF_ERROR(body.Done());
  ASSIGN_OR_RETURN(const StandIn added, access.AddStandIn(stand_in, request.caller.account));
  JsonWriter json;
  WriteStandIn(json, added);
  return Response::Json(json.text(), 201);
}

Result<Response> RemoveStandIn(Access& access, const Request& request) {
  ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
  ASSIGN_OR_RETURN(const int64_t stand_in, request.ParamId("stand_in"));
  RETURN_IF_ERROR(access.RemoveStandIn(AccountId(id), stand_in, request.caller.account));
  return Response::NoContent();
}

// ---- /api/v1/tokens ----

Result<Response> ListTokens(Access& access, const Request& request) {
  ASSIGN_OR_RETURN(const std::vector<Token> tokens, access.ListTokens(request.caller.account));
  JsonWriter json;
  json.BeginObject().Key("tokens").BeginArray();
  for (const Token& token : tokens) WriteToken(json, token);
  json.EndArray().EndObject();
  return Response::Json(json.text());
}

Result<Response> AddToken(Access& access, const Request& request) {
  RETURN_IF_ERROR(NeedsSession(request));
  ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
  NewToken token;
  ASSIGN_OR_RETURN(token.name, body.Text("name", 512));
  ASSIGN_OR_RETURN(token.scopes, body.Texts("scopes", 10));
  ASSIGN_OR_RETURN(token.days, body.OptionalInt("expires_days"));
  RETURN_IF_ERROR(body.Done());
  ASSIGN_OR_RETURN(const FreshToken fresh, access.AddToken(request.caller.account, token, request.caller.account));
  JsonWriter json;
  WriteToken(json, fresh.token, fresh.secret);
  return Response::Json(json.text(), 201).Header("Cache-Control", "no-store");
}

Result<Response> RevokeToken(Access& access, const Request& request) {
  RETURN_IF_ERROR(NeedsSession(request));
  ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
  RETURN_IF_ERROR(access.RevokeToken(id, request.caller.account, request.caller.account));
  return Response::NoContent();
}

}  // namespace

void AddRoutes(http::Router& router, Access& access) {
  using Resource = Result<Response> (*)(Access&, const Request&);
  const auto with = [&access](Resource function) -> http::ResultHandler {
    return [&access, function](const Request& request) { return function(access, request); };
  };
  const auto once = [&](Resource function) { return access.idempotency().Idempotently(with(function)); };
  constexpr int64_t kBodyMax = kSmallBodyMax;
  // Without a body, so not by Router::Post.
  const auto bare_post = [&](std::string_view pattern, const http::Admission& admission, http::ResultHandler handler) {
    http::Route route;
    route.method = http::Method::kPost;
    route.pattern = pattern;
    route.admission = admission;
    route.handler = http::Answering(std::move(handler));
    router.Add(std::move(route));
  };

  const http::Admission own_account(Gate::kAccount, http::Rows::kOwn);
  const http::Admission own(Gate::kSignedIn, http::Rows::kOwn);
  const http::Admission administrator(Gate::kAdmin, http::Rows::kNetwork);
  AddSignInRoutes(router, access);
  AddProviderRoutes(router, access);
  router.Get("/api/v1/session", own_account, with(OwnSession));
  router.Delete("/api/v1/session", own_account, with(SignOut));
  router.Post("/api/v1/session/password", own_account, with(ChangePassword), kBodyMax);
  router.Patch("/api/v1/session/preferences", own_account, with(SetPreferences), kBodyMax);

  router.Get("/api/v1/accounts", administrator, with(ListAccounts));
  router.Post("/api/v1/accounts", administrator, once(AddAccount), kBodyMax);
  router.Patch("/api/v1/accounts/{id}", administrator, with(ChangeAccount), kBodyMax);
  bare_post("/api/v1/accounts/{id}/reset-password", administrator, with(ResetPassword));

  const std::string one = "/api/v1/accounts/{id}/";
  router.Get(one + "posts", administrator, with(ListPosts));
  router.Post(one + "posts", administrator, once(AddPost), kBodyMax);
  router.Patch(one + "posts/{post}", administrator, with(EndPost), kBodyMax);
  router.Post(one + "stand-ins", administrator, once(AddStandIn), kBodyMax);
  router.Delete(one + "stand-ins/{stand_in}", administrator, with(RemoveStandIn));

  router.Get("/api/v1/tokens", own, with(ListTokens));
  router.Post("/api/v1/tokens", own, once(AddToken), kBodyMax);
  router.Delete("/api/v1/tokens/{id}", own, with(RevokeToken));
}

}  // namespace dealpace::access
