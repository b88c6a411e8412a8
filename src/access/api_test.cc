#include "access/api.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "access/gate.h"
#include "access/testing.h"
#include "access/totp.h"

namespace dealpace::access {
namespace {

namespace json = boost::json;
using http::Method;
using http::Request;
using http::Response;

// Requests pass the gate and the routes as the server lets them, without sockets.
class ApiTest : public AccessTest {
 protected:
  ApiTest() : gate_(access_) {
    AddRoutes(router_, access_);
    bob_ = Add("bob", Role::kAdmin);
    ana_ = Add("ana");
  }

  // A browser: what it has of cookie and CSRF token.
  struct Browser {
    std::string cookie;
    std::string csrf;
    std::string bearer;
  };
  Response Send(const Browser& browser, Method method, const std::string& path, const std::string& body = "",
                const std::vector<std::pair<std::string, std::string>>& headers = {}) {
    Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.peer = "10.0.0.1";
    request.language = Language::kEnglish;
    request.headers = {{"host", "127.0.0.1:8080"}, {"user-agent", "Mozilla/5.0"}};
    if (!browser.cookie.empty()) request.headers.emplace("cookie", browser.cookie);
    if (!browser.csrf.empty()) request.headers.emplace("x-csrf-token", browser.csrf);
    if (!browser.bearer.empty()) request.headers.emplace("authorization", "Bearer " + browser.bearer);
    for (const auto& [name, value] : headers) request.headers.emplace(name, value);
    const auto match = router_.Find(method, path);
    EXPECT_NE(match.route, nullptr) << path;
    request.params = match.params;
    const Status passed = match.route->admission.gate == http::Gate::kOpen ? Status() : gate_(request, *match.route);
    return passed.ok() ? match.route->handler(request) : Response::Problem(passed.error(), request);
  }
  static json::object Json(const Response& response) { return json::parse(response.body).as_object(); }
  static std::string Text(const json::object& object, std::string_view field) {
    return std::string(object.at(field).as_string());
  }
  static std::string Header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  static std::string Problem(const Response& response) {
    return std::to_string(response.status) + (response.status < 400 ? "" : " " + Text(Json(response), "code"));
  }
  Browser SignedIn(const std::string& login, const std::string& password = kPassword) {
    const Response response = Send({}, Method::kPost, "/api/v1/session",
                                   json::serialize(json::object{{"login", login}, {"password", password}}));
    EXPECT_EQ(response.status, 200) << response.body;
    const std::string cookie = Header(response, "Set-Cookie");
    return {cookie.substr(0, cookie.find(';')), Text(Json(response), "csrf"), ""};
  }

  http::Router router_;
  Gatekeeper gate_;
  Account ana_;
  Account bob_;
};

TEST_P(ApiTest, SigningInAndOut) {
  EXPECT_EQ(Problem(Send({}, Method::kGet, "/api/v1/session")), "401 not_signed_in");
  const Response response =
      Send({}, Method::kPost, "/api/v1/session", R"({"login":"ana","password":"grey horse on a roof"})");
  ASSERT_EQ(response.status, 200) << response.body;
  const json::object session = Json(response);
  EXPECT_EQ(Text(session, "via"), "session");
  EXPECT_EQ(Text(session, "expires_at"), FormatInstant(Instant{now_.ms + 12 * 3600 * 1000}));
  EXPECT_EQ(Text(session, "version"), "1.2.3");
  EXPECT_EQ(Text(session, "today"), "2024-10-04");
  EXPECT_EQ(session.at("must_change_password"), false);
  const json::object account = session.at("account").as_object();
  EXPECT_EQ(Text(account, "id"), std::to_string(ana_.id.value));
  EXPECT_EQ(Text(account, "role"), "member");
  EXPECT_TRUE(account.at("language").is_null());
  EXPECT_EQ(Header(response, "Cache-Control"), "no-store");
  const std::string cookie = Header(response, "Set-Cookie");
  EXPECT_TRUE(cookie.starts_with("dealpace=")) << cookie;

  const Browser browser{cookie.substr(0, cookie.find(';')), Text(session, "csrf"), ""};
  const Response again = Send(browser, Method::kGet, "/api/v1/session");
  EXPECT_EQ(Text(Json(again), "csrf"), browser.csrf);
  EXPECT_EQ(Problem(Send({browser.cookie, "", ""}, Method::kDelete, "/api/v1/session")), "403 csrf_missing");
  const Response out = Send(browser, Method::kDelete, "/api/v1/session");
  EXPECT_EQ(out.status, 204);
  EXPECT_TRUE(Header(out, "Set-Cookie").ends_with("Max-Age=0"));
  EXPECT_EQ(Problem(Send(browser, Method::kGet, "/api/v1/session")), "401 not_signed_in");
}

TEST_P(ApiTest, ASignInThatFailsSaysWhy) {
  const auto sign_in = [&](const std::string& body, const std::string& origin = "") {
    std::vector<std::pair<std::string, std::string>> headers;
    if (!origin.empty()) headers.emplace_back("origin", origin);
    return Send({}, Method::kPost, "/api/v1/session", body, headers);
  };
  EXPECT_EQ(Problem(sign_in("")), "400 json_syntax");
  EXPECT_EQ(Problem(sign_in("{}")), "422 field_missing");
  EXPECT_EQ(Problem(sign_in(R"({"login":"ana","password":7})")), "422 field_type");
  EXPECT_EQ(Problem(sign_in(R"({"login":"ana","password":"x","pasword":"y"})")), "422 field_unknown");
  EXPECT_EQ(Problem(sign_in(R"({"login":"ana","password":"x","device":"tablet"})")), "422 device_unknown");
  EXPECT_EQ(Problem(sign_in(R"({"login":"ana","password":")" + std::string(200'000, 'x') + R"("})")),
            "422 field_too_long");
  const std::string good = R"({"login":"ana","password":"grey horse on a roof"})";
  EXPECT_EQ(Problem(sign_in(good, "http://evil.example")), "403 origin_wrong");
  EXPECT_EQ(Problem(sign_in(good, "http://127.0.0.1:8080")), "200");
  EXPECT_EQ(Count("sign_in_failure"), 1) << "none of these was an attempt; the address of the good one is left";

  const std::string wrong = R"({"login":"ana","password":"wrong wrong"})";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Problem(sign_in(wrong)), "401 sign_in_wrong");
  const Response delayed = sign_in(good);
  EXPECT_EQ(Problem(delayed), "429 sign_in_delayed");
  EXPECT_EQ(Header(delayed, "Retry-After"), "1");
  EXPECT_EQ(Header(delayed, "WWW-Authenticate"), "");
}

TEST_P(ApiTest, AWrongTokenIsToldHowToDoIt) {
  const Response refused = Send({"", "", "dp_wrong"}, Method::kGet, "/api/v1/session");
  EXPECT_EQ(Problem(refused), "401 not_signed_in");
  EXPECT_EQ(Header(refused, "WWW-Authenticate"), "Bearer");
  EXPECT_EQ(Header(Send({}, Method::kGet, "/api/v1/session"), "WWW-Authenticate"), "");
}

TEST_P(ApiTest, SigningInAgainEndsTheSessionThatTheBrowserHad) {
  const Browser before = SignedIn("ana");
  const Response response = Send({before.cookie, "", ""}, Method::kPost, "/api/v1/session",
                                 R"({"login":"bob","password":"grey horse on a roof","device":"phone"})");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(Header(response, "Set-Cookie").ends_with("Max-Age=43200"));
  EXPECT_EQ(Problem(Send(before, Method::kGet, "/api/v1/session")), "401 not_signed_in");
}

TEST_P(ApiTest, ChangingThePassword) {
  const Browser browser = SignedIn("ana");
  const auto change = [&](const std::string& current, const std::string& fresh) {
    return Send(browser, Method::kPost, "/api/v1/session/password",
                json::serialize(json::object{{"current", current}, {"new", fresh}}));
  };
  EXPECT_EQ(Problem(change("wrong wrong", "another good one")), "422 password_wrong");
  EXPECT_EQ(Problem(change(kPassword, "qwertyuiop")), "422 password_common");
  EXPECT_EQ(Problem(change(kPassword, std::string(129, 'x'))), "422 password_too_long");
  EXPECT_EQ(Problem(change(kPassword, std::string(200'000, 'x'))), "422 field_too_long");
  const Response changed = change(kPassword, "another good one");
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(Text(Json(changed), "csrf"), browser.csrf);
  SignedIn("ana", "another good one");
}

TEST_P(ApiTest, ANewcomerSetsAPasswordFirst) {
  const Response added =
      Send(SignedIn("bob"), Method::kPost, "/api/v1/accounts", R"({"login":"Cai","name":"蔡","role":"member"})");
  ASSERT_EQ(added.status, 201) << added.body;
  EXPECT_EQ(Header(added, "Cache-Control"), "no-store");
  const std::string one_time = Text(Json(added), "password");
  const Browser browser = SignedIn("cai", one_time);
  EXPECT_EQ(Json(Send(browser, Method::kGet, "/api/v1/session")).at("must_change_password"), true);
  EXPECT_EQ(Problem(Send(browser, Method::kGet, "/api/v1/tokens")), "403 password_must_change");
  const Response changed = Send(browser, Method::kPost, "/api/v1/session/password",
                                json::serialize(json::object{{"current", one_time}, {"new", "another good one"}}));
  EXPECT_EQ(Problem(changed), "200");
  EXPECT_EQ(Json(changed).at("must_change_password"), false) << "the page goes on by this answer";
  EXPECT_EQ(Problem(Send(browser, Method::kGet, "/api/v1/tokens")), "200");
}

TEST_P(ApiTest, TheOwnLanguage) {
  const Browser browser = SignedIn("ana");
  const auto set = [&](const std::string& body) {
    return Send(browser, Method::kPatch, "/api/v1/session/preferences", body);
  };
  const auto language = [](const Response& response) { return Json(response).at("account").at("language"); };
  EXPECT_EQ(language(set(R"({"language":"zh"})")), "zh");
  EXPECT_EQ(language(set("{}")), "zh");
  EXPECT_EQ(Problem(set(R"({"language":"fr"})")), "422 language_unknown");
  EXPECT_EQ(language(Send(browser, Method::kGet, "/api/v1/session")), "zh");
  EXPECT_TRUE(language(set(R"({"language":null})")).is_null());
}

TEST_P(ApiTest, AccountsAreAnAdministratorsMatter) {
  const Browser ana = SignedIn("ana");
  const Browser bob = SignedIn("bob");
  EXPECT_EQ(Problem(Send(ana, Method::kGet, "/api/v1/accounts")), "403 not_permitted");
  const json::object listed = Json(Send(bob, Method::kGet, "/api/v1/accounts"));
  ASSERT_EQ(listed.at("accounts").as_array().size(), 2U);
  EXPECT_EQ(listed.at("accounts").at(0).at("login"), "ana");
  EXPECT_EQ(listed.at("accounts").at(0).at("sessions"), 1);

  EXPECT_EQ(Problem(Send(bob, Method::kPost, "/api/v1/accounts", R"({"login":"ANA"})")), "409 login_taken");
  EXPECT_EQ(Problem(Send(bob, Method::kPost, "/api/v1/accounts", R"({"login":"a b"})")), "422 login_bad");
  EXPECT_EQ(Problem(Send(bob, Method::kPost, "/api/v1/accounts", R"({"login":"x","role":"boss"})")),
            "422 role_unknown");

  const std::string path = "/api/v1/accounts/" + std::to_string(ana_.id.value);
  const auto change = [&](const std::string& body, const std::string& version) {
    std::vector<std::pair<std::string, std::string>> headers;
    if (!version.empty()) headers.emplace_back("if-match", version);
    return Send(bob, Method::kPatch, path, body, headers);
  };
  EXPECT_EQ(Problem(change(R"({"name":"Ana Li"})", "")), "428 if_match_missing");
  const Response renamed = change(R"({"name":"Ana Li"})", "W/\"1\"");
  EXPECT_EQ(renamed.status, 200) << renamed.body;
  EXPECT_EQ(Header(renamed, "ETag"), "W/\"2\"");
  EXPECT_EQ(Json(renamed).at("name"), "Ana Li");
  EXPECT_EQ(Problem(change(R"({"name":"Ana"})", "W/\"1\"")), "412 version_stale");
  EXPECT_EQ(Problem(change(R"({"disabled":"yes"})", "W/\"2\"")), "422 field_type");
  EXPECT_EQ(Json(change(R"({"disabled":true})", "W/\"2\"")).at("disabled"), true);
  EXPECT_EQ(Problem(Send(ana, Method::kGet, "/api/v1/session")), "401 not_signed_in");
  EXPECT_EQ(Problem(Send(bob, Method::kPatch, "/api/v1/accounts/" + std::to_string(bob_.id.value),
                         R"({"role":"member"})", {{"if-match", "W/\"1\""}})),
            "409 last_admin");
  EXPECT_EQ(Problem(Send(bob, Method::kPatch, "/api/v1/accounts/xyz", "{}", {{"if-match", "W/\"1\""}})),
            "404 not_found");
  EXPECT_EQ(Problem(Send(bob, Method::kPost, "/api/v1/accounts/17/reset-password")), "404 account_unknown");
}

TEST_P(ApiTest, AResetGivesAOneTimePassword) {
  const Browser ana = SignedIn("ana");
  const Response reset =
      Send(SignedIn("bob"), Method::kPost, "/api/v1/accounts/" + std::to_string(ana_.id.value) + "/reset-password");
  ASSERT_EQ(reset.status, 200) << reset.body;
  EXPECT_EQ(Problem(Send(ana, Method::kGet, "/api/v1/session")), "401 not_signed_in");
  SignedIn("ana", Text(Json(reset), "password"));
}

TEST_P(ApiTest, AddingOnceWithAKey) {
  const Browser bob = SignedIn("bob");
  const auto add = [&] {
    return Send(bob, Method::kPost, "/api/v1/accounts", R"({"login":"cai"})", {{"idempotency-key", "k1"}});
  };
  const Response first = add();
  const Response again = add();
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body) << "the same one-time password";
  EXPECT_EQ(Header(again, "Idempotency-Replayed"), "true");
}

TEST_P(ApiTest, SigningInInTwoSteps) {
  const Browser ana = SignedIn("ana");
  const std::string factor = "/api/v1/session/second-factor";
  const auto post = [&](const Browser& browser, const std::string& path, const json::object& body) {
    return Send(browser, Method::kPost, factor + path, json::serialize(body));
  };
  const json::object before = Json(Send(ana, Method::kGet, factor));
  EXPECT_EQ(before, (json::object{{"on", false}, {"since", nullptr}, {"recovery_codes", 0}, {"demanded", false}}));
  EXPECT_EQ(Problem(post(ana, "/begin", {{"password", "wrong wrong"}})), "422 password_wrong");
  const Response begun = post(ana, "/begin", {{"password", kPassword}});
  ASSERT_EQ(begun.status, 200) << begun.body;
  EXPECT_EQ(Header(begun, "Cache-Control"), "no-store");
  const std::string secret = *database_->Read<std::string>([&](db::Connection& c) -> Result<std::string> {
    db::Rows rows = c.Query("SELECT secret FROM second_factor");
    rows.Next();
    return vault_->Unseal({SealedField::kSecondFactorSecret, ana_.id.value}, std::string(rows.Bytes(0)));
  });
  EXPECT_EQ(Text(Json(begun), "secret"), Base32(secret));
  const auto app = [&] { return TotpCode(secret, TotpStep(now_)); };
  EXPECT_EQ(Problem(post(ana, "/confirm", {{"code", "123456"}})), "422 second_factor_wrong");
  const Response confirmed = post(ana, "/confirm", {{"code", app()}});
  ASSERT_EQ(confirmed.status, 200) << confirmed.body;
  EXPECT_EQ(Json(confirmed).at("recovery_codes").as_array().size(), 10U);
  EXPECT_EQ(Header(confirmed, "Cache-Control"), "no-store");
  EXPECT_EQ(Json(Send(ana, Method::kGet, factor)).at("on"), true);
  EXPECT_EQ(Problem(Send(ana, Method::kGet, "/api/v1/tokens")), "200") << "this browser stays signed in";

  Pass(30);
  const std::string good =
      json::serialize(json::object{{"login", "ana"}, {"password", kPassword}, {"device", "phone"}});
  const Response first = Send({}, Method::kPost, "/api/v1/session", good);
  ASSERT_EQ(first.status, 202) << first.body;
  EXPECT_EQ(first.body, "{\"second_factor\":true,\"expires_at\":\"" + FormatInstant({now_.ms + 300'000}) + "\"}");
  const std::string cookie = Header(first, "Set-Cookie");
  EXPECT_TRUE(cookie.starts_with("dealpace-step=") && cookie.find("HttpOnly; SameSite=Strict") != std::string::npos)
      << cookie;
  const Browser between{cookie.substr(0, cookie.find(';')), "", ""};
  EXPECT_EQ(Problem(Send(between, Method::kGet, "/api/v1/session")), "401 not_signed_in");
  EXPECT_EQ(Problem(Send(between, Method::kPost, factor, R"({"code":"12"})", {{"origin", "http://evil.example"}})),
            "403 origin_wrong");
  EXPECT_EQ(Problem(post({}, "", {{"code", app()}})), "409 sign_in_begin_again") << "in another browser";
  EXPECT_EQ(Problem(post(between, "", {{"code", "123456"}})), "422 second_factor_wrong");
  const Response second = post(between, "", {{"code", app()}});
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(Json(second).at("account").at("second_factor"), true);
  const std::string session = Header(second, "Set-Cookie");
  EXPECT_TRUE(session.starts_with("dealpace=") && session.find("Max-Age") != std::string::npos) << session;
  EXPECT_NE(second.headers.back().second.find("dealpace-step=;"), std::string::npos);
  const Browser in{session.substr(0, session.find(';')), Text(Json(second), "csrf"), ""};
  EXPECT_EQ(Problem(Send(in, Method::kGet, "/api/v1/tokens")), "200");

  const Browser program{"", "", Text(Json(Send(in, Method::kPost, "/api/v1/tokens", R"({"name":"x"})")), "secret")};
  EXPECT_EQ(Problem(Send(program, Method::kGet, "/api/v1/tokens")), "200") << "programs need no code";
  EXPECT_EQ(Problem(post(program, "/turn-off", {{"password", kPassword}, {"code", "1"}})), "403 token_scope");
  Pass(30);
  EXPECT_EQ(Problem(post(in, "/recovery-codes", {{"password", kPassword}, {"code", app()}})), "200");
  EXPECT_EQ(Problem(post(in, "/turn-off", {{"password", kPassword}, {"code", app()}})), "422 second_factor_wrong");
  Pass(30);
  EXPECT_EQ(Problem(post(in, "/turn-off", {{"password", kPassword}, {"code", app()}})), "204");
  EXPECT_EQ(Send({}, Method::kPost, "/api/v1/session", good).status, 200);
}

TEST_P(ApiTest, ADemandedSecondFactorComesFirst) {
  const Browser bob = SignedIn("bob");
  const std::string policy = "/api/v1/sign-in-policy";
  EXPECT_EQ(Problem(Send(SignedIn("ana"), Method::kGet, policy)), "403 not_permitted");
  const Response told = Send(bob, Method::kGet, policy);
  EXPECT_EQ(told.body, R"({"second_factor":false,"version":1})");
  EXPECT_EQ(Problem(Send(bob, Method::kPut, policy, R"({"second_factor":true})")), "428 if_match_missing");
  EXPECT_EQ(Problem(Send(bob, Method::kPut, policy, "{}", {{"if-match", "W/\"1\""}})), "422 field_missing");
  const Response changed =
      Send(bob, Method::kPut, policy, R"({"second_factor":true})", {{"if-match", Header(told, "ETag")}});
  EXPECT_EQ(changed.body, R"({"second_factor":true,"version":2})");
  EXPECT_EQ(Problem(Send(bob, Method::kGet, "/api/v1/accounts")), "403 second_factor_due");
  const json::object session = Json(Send(bob, Method::kGet, "/api/v1/session"));
  EXPECT_EQ(session.at("second_factor_due"), true);
  EXPECT_EQ(Json(Send(bob, Method::kGet, "/api/v1/session/second-factor")).at("demanded"), true);
  EXPECT_EQ(Problem(Send(bob, Method::kPost, "/api/v1/session/second-factor/begin",
                         json::serialize(json::object{{"password", kPassword}}))),
            "200");
  EXPECT_EQ(Json(Send(SignedIn("ana"), Method::kGet, "/api/v1/session")).at("second_factor_due"), false);
}

TEST_P(ApiTest, OthersSecondFactors) {
  const std::string path = "/api/v1/accounts/" + std::to_string(ana_.id.value) + "/second-factor";
  EXPECT_EQ(Problem(Send(SignedIn("ana"), Method::kDelete, path)), "403 not_permitted");
  const Browser bob = SignedIn("bob");
  EXPECT_EQ(Problem(Send(bob, Method::kDelete, path)), "409 second_factor_off");
  EXPECT_EQ(Problem(Send(bob, Method::kDelete, "/api/v1/accounts/17/second-factor")), "404 account_unknown");
  EXPECT_EQ(Problem(Send(bob, Method::kDelete, "/api/v1/accounts/" + std::to_string(bob_.id.value) + "/second-factor")),
            "409 second_factor_own");
}

TEST_P(ApiTest, TokensOfOnesOwn) {
  const Browser bob = SignedIn("bob");
  const Response made = Send(bob, Method::kPost, "/api/v1/tokens", R"({"name":"till","scopes":["admin"]})");
  ASSERT_EQ(made.status, 201) << made.body;
  const json::object token = Json(made);
  EXPECT_TRUE(token.at("expires_at").is_null());
  EXPECT_EQ(token.at("scopes"), (json::array{"read", "write", "admin"}));
  const Browser program{"", "", Text(token, "secret")};
  const Response who = Send(program, Method::kGet, "/api/v1/session");
  EXPECT_EQ(Text(Json(who), "via"), "token");
  EXPECT_EQ(Text(Json(who), "csrf"), "");
  EXPECT_EQ(Problem(Send(program, Method::kGet, "/api/v1/accounts")), "200");
  EXPECT_EQ(Problem(Send(program, Method::kPost, "/api/v1/tokens", R"({"name":"more"})")), "403 session_needed");
  EXPECT_EQ(Problem(Send(program, Method::kPost, "/api/v1/session/password",
                         R"({"current":"grey horse on a roof","new":"another good one"})")),
            "403 session_needed");
  EXPECT_EQ(Problem(Send(program, Method::kDelete, "/api/v1/session")), "403 session_needed");

  const json::object listed = Json(Send(bob, Method::kGet, "/api/v1/tokens"));
  EXPECT_EQ(listed.at("tokens").as_array().size(), 1U);
  EXPECT_FALSE(listed.at("tokens").at(0).as_object().contains("secret"));
  const std::string path = "/api/v1/tokens/" + Text(token, "id");
  EXPECT_EQ(Problem(Send(SignedIn("ana"), Method::kDelete, path)), "404 token_unknown");
  EXPECT_EQ(Problem(Send(bob, Method::kDelete, path)), "204");
  EXPECT_EQ(Problem(Send(program, Method::kGet, "/api/v1/session")), "401 not_signed_in");
  EXPECT_EQ(Problem(Send(SignedIn("ana"), Method::kPost, "/api/v1/tokens", R"({"name":"x","scopes":["admin"]})")),
            "422 token_scope_too_wide");
}

INSTANTIATE_TEST_SUITE_P(On, ApiTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::access
