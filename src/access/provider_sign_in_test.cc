#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "access/api.h"
#include "access/gate.h"
#include "access/provider_testing.h"
#include "access/secrets.h"
#include "access/testing.h"
#include "access/totp.h"

// Signing in by a provider as a browser does it, without sockets: from the button to the page and back, and what can go
// wrong on the way.
namespace dealpace::access {
namespace {

namespace json = boost::json;
using http::Method;
using http::Request;
using http::Response;

class ProviderSignInTest : public AccessTest {
 protected:
  ProviderSignInTest() : there_("https://login.example.com", [this] { return now_; }) { Configure(there_.Settings()); }

  // A server with these settings over the same store.
  void Configure(const ProviderSettings& settings) {
    AccessOptions options = Options();
    options.provider = std::make_shared<Provider>(settings, there_.Fetch(), [this] { return now_; });
    server_ = std::make_unique<Access>(*database_, options);
    router_ = std::make_unique<http::Router>();
    AddRoutes(*router_, *server_);
    gate_ = std::make_unique<Gatekeeper>(*server_);
  }

  // A browser with its cookies.
  using Cookies = std::map<std::string, std::string>;
  Response Send(Cookies& cookies, Method method, const std::string& target, const std::string& body = "",
                const std::string& csrf = "", bool secure = false) {
    Request request;
    request.method = method;
    const size_t question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string::npos) request.query = *http::ParseQuery(target.substr(question + 1));
    request.body = body;
    request.id = "req-17";
    request.peer = address_;
    request.secure = secure;
    request.language = Language::kEnglish;
    request.headers = {{"host", "dealpace.example.com"}, {"user-agent", "Mozilla/5.0"}};
    std::string all;
    for (const auto& [name, value] : cookies) all += (all.empty() ? "" : "; ") + name + "=" + value;
    if (!all.empty()) request.headers.emplace("cookie", all);
    if (!csrf.empty()) request.headers.emplace("x-csrf-token", csrf);
    const auto match = router_->Find(method, request.path);
    EXPECT_NE(match.route, nullptr) << target;
    request.params = match.params;
    const Status passed = (*gate_)(request, *match.route);
    Response response = passed.ok() ? match.route->handler(request) : Response::Problem(passed.error(), request);
    for (const auto& [name, value] : response.headers) {
      if (name != "Set-Cookie") continue;
      const size_t equals = value.find('=');
      const std::string text = value.substr(equals + 1, value.find(';') - equals - 1);
      if (value.ends_with("Max-Age=0")) {
        cookies.erase(value.substr(0, equals));
      } else {
        cookies[value.substr(0, equals)] = text;
      }
    }
    return response;
  }
  static std::string Location(const Response& response) {
    for (const auto& [name, value] : response.headers) {
      if (name == "Location") return std::to_string(response.status) + " " + value;
    }
    return std::to_string(response.status);
  }
  static json::object Json(const Response& response) { return json::parse(response.body).as_object(); }

  // To the provider: its address.
  std::string Away(Cookies& cookies, const std::string& page = "/customers?q=x", const std::string& more = "") {
    const Response away = Send(cookies, Method::kGet,
                               "/api/v1/session/provider?page=" + http::PercentEncode(page) + "&device=desk" + more);
    EXPECT_EQ(away.status, 303) << away.body;
    return Location(away).substr(4);
  }
  // The path and query of where the provider sends back to.
  std::string Allowed(const std::string& address) {
    const std::string back = there_.SignInAt(address);
    return back.substr(back.find("/api/"));
  }
  // The whole way; where it ends.
  std::string SignInThere(Cookies& cookies, const std::string& page = "/customers?q=x") {
    return Location(Send(cookies, Method::kGet, Allowed(Away(cookies, page))));
  }
  // The same, where the provider is to ask who it is.
  void SignInAgainThere(Cookies& cookies) {
    Send(cookies, Method::kGet, Allowed(Away(cookies, "/security", "&again=yes")));
  }
  // What the sign-in page is told, once: the code of the problem.
  std::string Notice(Cookies& cookies) {
    const json::object ways = Json(Send(cookies, Method::kGet, "/api/v1/session/ways"));
    return ways.at("problem").is_null() ? "" : std::string(ways.at("problem").at("code").as_string());
  }
  std::string WhoIsIn(Cookies& cookies) {
    const Response session = Send(cookies, Method::kGet, "/api/v1/session");
    return session.status == 200 ? std::string(Json(session).at("account").at("login").as_string()) : "";
  }
  // The whole way, and the problem that it ends with.
  std::string Problem() {
    Cookies cookies;
    EXPECT_EQ(SignInThere(cookies), "303 /customers?q=x");
    EXPECT_EQ(WhoIsIn(cookies), "");
    return Notice(cookies);
  }

  TestProvider there_;
  std::unique_ptr<Access> server_;
  std::unique_ptr<http::Router> router_;
  std::unique_ptr<Gatekeeper> gate_;
  std::string address_ = "10.0.0.1";
};

TEST_P(ProviderSignInTest, FromTheButtonToThePageThatWasAskedFor) {
  const Account ana = Add("ana");
  Cookies cookies;
  const json::object ways = Json(Send(cookies, Method::kGet, "/api/v1/session/ways"));
  EXPECT_EQ(ways.at("provider").at("label").at("en"), "your company account");
  EXPECT_EQ(SignInThere(cookies), "303 /customers?q=x");
  EXPECT_EQ(WhoIsIn(cookies), "ana");
  EXPECT_EQ(cookies.size(), 1U) << "nothing is left of the way";
  EXPECT_EQ(Deeds(), (std::vector<std::string>{"ana provider.bind account:ana",
                                               R"(ana session.start account:ana {"phone":false,"provider":true})"}));
  const auto sessions = server_->ListSessions(ana.id);
  ASSERT_EQ(sessions->size(), 1U);
  EXPECT_TRUE(sessions->front().by_provider);
  EXPECT_EQ(sessions->front().expires_at.ms, now_.ms + kSessionMs) << "like any other";
  EXPECT_EQ(server_->GetAccount(ana.id)->bound_at, now_);
}

TEST_P(ProviderSignInTest, TheCookiesOfTheWay) {
  Add("ana");
  Cookies cookies;
  const Response away = Send(cookies, Method::kGet, "/api/v1/session/provider?page=/", "", "", true);
  std::string set;
  for (const auto& [name, value] : away.headers) {
    if (name == "Set-Cookie") set = value;
  }
  EXPECT_TRUE(set.starts_with("__Host-dealpace-away=")) << set;
  EXPECT_TRUE(set.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=600")) << set;
  const std::string state = there_.SignInAt(Location(away).substr(4));
  for (const char* told : {"state=", "nonce", "verifier"}) EXPECT_EQ(set.find(told), std::string::npos);
  EXPECT_NE(state.find("https://dealpace.example.com/api/v1/session/provider/return?code="), std::string::npos);
}

TEST_P(ProviderSignInTest, AnIdentityIsKnownByItsSubjectFromThenOn) {
  Add("ana");
  Add("bob");
  Cookies cookies;
  SignInThere(cookies);
  ASSERT_EQ(WhoIsIn(cookies), "ana");
  // Her name changes there, to that of another.
  there_.claims["email"] = "ana.li@example.com";
  there_.claims["preferred_username"] = "bob";
  Cookies again;
  SignInThere(again);
  EXPECT_EQ(WhoIsIn(again), "ana");
  // Somebody else gets her old name.
  there_.claims["sub"] = "00u-another";
  there_.claims["preferred_username"] = "ana";
  EXPECT_EQ(Problem(), "provider_bound_otherwise");
}

TEST_P(ProviderSignInTest, ByWhichClaims) {
  Add("ana");
  Add("ana@example.com");
  Cookies by_mail;
  SignInThere(by_mail);
  EXPECT_EQ(WhoIsIn(by_mail), "ana@example.com") << "the first claim that has an account";
  there_.claims["sub"] = "00u-2";
  there_.claims["email_verified"] = false;
  Cookies by_name;
  SignInThere(by_name);
  EXPECT_EQ(WhoIsIn(by_name), "ana") << "an address that nobody has made sure of says nothing";
  there_.claims["sub"] = "00u-3";
  there_.claims["preferred_username"] = "nobody";
  EXPECT_EQ(Problem(), "provider_no_account");
  EXPECT_EQ(Count("account"), 2) << "no account is made by itself";
  there_.claims["preferred_username"] = "no login:\n";
  EXPECT_EQ(Problem(), "provider_no_account");
  Add("cai");
  there_.claims["preferred_username"] = "CAI";
  ProviderSettings settings = there_.Settings();
  settings.link = {"email"};
  Configure(settings);
  EXPECT_EQ(Problem(), "provider_no_account");
  settings.link = {"preferred_username"};
  Configure(settings);
  Cookies cookies;
  SignInThere(cookies);
  EXPECT_EQ(WhoIsIn(cookies), "cai") << "as logins are compared everywhere";
  Add("strasse");
  there_.claims["sub"] = "00u-4";
  for (const char* other : {"straße", "ｓｔｒａｓｓｅ", "stras\u00ADse"}) {
    there_.claims["preferred_username"] = other;
    EXPECT_EQ(Problem(), "provider_no_account") << other << " is somebody else there";
  }
}

TEST_P(ProviderSignInTest, OnlyTheBrowserThatHasBegun) {
  Add("ana");
  Cookies mine;
  const std::string back = Allowed(Away(mine));
  // Somebody is made to open the address of another's sign-in.
  Cookies other;
  EXPECT_EQ(Location(Send(other, Method::kGet, back)), "303 /");
  EXPECT_EQ(Notice(other), "provider_begin_again");
  // Also when he has begun one himself, which goes on.
  const std::string own = Allowed(Away(other));
  EXPECT_EQ(Location(Send(other, Method::kGet, back)), "303 /");
  EXPECT_EQ(Notice(other), "provider_begin_again");
  EXPECT_EQ(WhoIsIn(other), "");
  EXPECT_EQ(Location(Send(other, Method::kGet, own)), "303 /customers?q=x");
  EXPECT_EQ(WhoIsIn(other), "ana");
  Send(mine, Method::kGet, back);
  EXPECT_EQ(WhoIsIn(mine), "ana");
}

TEST_P(ProviderSignInTest, AnAnswerIsTakenOnceAndInTime) {
  Add("ana");
  Cookies cookies;
  const std::string back = Allowed(Away(cookies));
  const Cookies before = cookies;
  Send(cookies, Method::kGet, back);
  ASSERT_EQ(WhoIsIn(cookies), "ana");
  EXPECT_EQ(Location(Send(cookies, Method::kGet, back)), "303 /") << "by going back in the browser";
  EXPECT_EQ(WhoIsIn(cookies), "ana");
  EXPECT_EQ(Notice(cookies), "") << "there is nothing to tell";
  Cookies replayed = before;
  EXPECT_EQ(Location(Send(replayed, Method::kGet, back)), "303 /customers?q=x");
  EXPECT_EQ(Notice(replayed), "provider_begin_again");
  EXPECT_EQ(there_.asked["/token"], 1) << "the provider is not asked again";
  Cookies late;
  const std::string slow = Allowed(Away(late));
  Pass(10 * 60);
  Send(late, Method::kGet, slow);
  EXPECT_EQ(Notice(late), "provider_begin_again");
  EXPECT_EQ(Count("provider_answer"), 1);
  ASSERT_EQ(Code(server_->Prune(now_)), "");
  EXPECT_EQ(Count("provider_answer"), 0);
  Cookies forged = {{"dealpace-away", "Zm9yZ2Vk"}};
  Send(forged, Method::kGet, back);
  EXPECT_EQ(Notice(forged), "provider_begin_again");
  Cookies damaged = before;
  damaged["dealpace-away"][40] = damaged["dealpace-away"][40] == 'A' ? 'B' : 'A';
  Send(damaged, Method::kGet, back);
  EXPECT_EQ(Notice(damaged), "provider_begin_again");
}

TEST_P(ProviderSignInTest, WhatTheProviderMayAnswerInstead) {
  Add("ana");
  const auto answer = [&](const std::string& query) {
    Cookies cookies;
    const std::string address = Away(cookies);
    const std::string back = Allowed(address);
    const std::string state = back.substr(back.find("state="));
    EXPECT_EQ(Location(Send(cookies, Method::kGet, "/api/v1/session/provider/return?" + state + query)),
              "303 /customers?q=x");
    EXPECT_EQ(WhoIsIn(cookies), "");
    return Notice(cookies);
  };
  EXPECT_EQ(answer("&error=access_denied&error_description=%3Cscript%3E"), "provider_refused");
  EXPECT_EQ(answer(""), "provider_answer_bad");
  EXPECT_EQ(answer("&code=made-up"), "provider_code_refused");
  EXPECT_EQ(answer("&code=x&iss=https%3A%2F%2Fevil.example.com"), "provider_token_wrong");
  there_.claims["aud"] = "another";
  EXPECT_EQ(Problem(), "provider_token_wrong");
  there_.claims["aud"] = "dealpace";
  there_.claims["nonce"] = "another";
  EXPECT_EQ(Problem(), "provider_token_wrong");
  there_.claims.erase("nonce");
  there_.claims["exp"] = 1;
  EXPECT_EQ(Problem(), "provider_token_wrong");
  EXPECT_EQ(Count("account_binding"), 0);
}

TEST_P(ProviderSignInTest, WhereAProblemIsToldAndHowOften) {
  Cookies cookies;
  SignInThere(cookies);
  const json::object ways = Json(Send(cookies, Method::kGet, "/api/v1/session/ways"));
  const json::object& problem = ways.at("problem").as_object();
  EXPECT_EQ(problem.at("code"), "provider_no_account");
  EXPECT_EQ(problem.at("message").at("zh"), "这个身份在本系统没有对应的账号。");
  EXPECT_EQ(problem.at("message").at("en"), "Nobody here has this identity: there is no account for it.");
  EXPECT_EQ(problem.at("request_id"), "req-17");
  EXPECT_EQ(Notice(cookies), "") << "once";
  // Notices say nothing but what this program says.
  for (const char* planted :
       {"storage_failed.x..", "provider_none.x..", "provider_off", "<b>...", "provider_off.x..<b>"}) {
    Cookies with = {{"dealpace-notice", planted}};
    EXPECT_EQ(Notice(with), "") << planted;
  }
}

TEST_P(ProviderSignInTest, OnlyToPagesOfThisServer) {
  Add("ana");
  const auto ends = [&](const std::string& page) {
    Cookies cookies;
    return SignInThere(cookies, page);
  };
  EXPECT_EQ(ends("/dashboard?period=2026-10#top"), "303 /dashboard?period=2026-10#top");
  for (const char* elsewhere :
       {"//evil.example.com", "https://evil.example.com", "/\\evil.example.com", "/x\r\nSet-Cookie: a=b", "evil", "",
        "/api/v1/session", "/\tx", "javascript:alert(1)"}) {
    EXPECT_EQ(ends(elsewhere), "303 /") << elsewhere;
  }
  EXPECT_EQ(ends("/" + std::string(2'000, 'x')), "303 /");
}

TEST_P(ProviderSignInTest, WhoMayNotSignInByPasswordMayNotThisWay) {
  Add("root", Role::kAdmin);
  const Account ana = Add("ana");
  Cookies cookies;
  SignInThere(cookies);
  ASSERT_EQ(Code(server_->ChangeAccount(ana.id, {}, {.disabled = true})), "");
  EXPECT_EQ(WhoIsIn(cookies), "");
  EXPECT_EQ(Problem(), "account_disabled");
  ASSERT_EQ(Code(server_->ChangeAccount(ana.id, {}, {.disabled = false})), "");
}

TEST_P(ProviderSignInTest, WhoGuessesAtAPasswordLocksOutNobodyWhoComesByTheProvider) {
  const Account ana = Add("ana");
  const auto guess = [&] {
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(Code(SignIn("ana", "wrong wrong", false, "10.0.0." + std::to_string(100 + i))), "sign_in_wrong");
      Pass(65);
    }
    EXPECT_EQ(Code(SignIn("ana")), "sign_in_locked");
  };
  guess();
  Cookies cookies;
  SignInThere(cookies);
  EXPECT_EQ(WhoIsIn(cookies), "ana");
  EXPECT_EQ(Code(SignIn("ana")), "sign_in_locked") << "what was failed by password is not wiped out";

  // Nor whose code is asked for; codes that fail count for themselves.
  Pass(15 * 60);
  const std::string secret = FromBase32(server_->BeginSecondFactor(ana.id, kPassword, "10.0.0.1")->secret);
  const auto app = [&] { return TotpCode(secret, TotpStep(now_)); };
  ASSERT_EQ(Code(server_->ConfirmSecondFactor(ana.id, app(), "")), "");
  Pass(24 * 3600);
  guess();
  const auto code = [&](Cookies& with, const std::string& typed) {
    const Response response =
        Send(with, Method::kPost, "/api/v1/session/second-factor", json::serialize(json::object{{"code", typed}}));
    return response.status == 200 ? "" : std::string(Json(response).at("code").as_string());
  };
  Cookies again;
  SignInThere(again);
  EXPECT_EQ(code(again, app()), "");
  EXPECT_EQ(WhoIsIn(again), "ana");
  address_ = "10.0.0.2";
  Pass(24 * 3600);
  for (int i = 0; i < 10; ++i) {
    Cookies each;
    SignInThere(each);
    EXPECT_EQ(code(each, "000000"), "second_factor_wrong") << i;
    Pass(65);
  }
  Cookies locked;
  SignInThere(locked);
  EXPECT_EQ(code(locked, app()), "sign_in_locked");
  EXPECT_EQ(Code(server_->SignIn({"ana", kPassword, {false, "", "10.0.0.3"}})), "")
      << "the password is not locked by it";
}

TEST_P(ProviderSignInTest, AtTheFirstBindingOtherSessionsEnd) {
  Add("ana");
  const auto before = SignIn("ana");
  ASSERT_TRUE(*server_->IdentifySession(before->token));
  Cookies cookies;
  SignInThere(cookies);
  EXPECT_EQ(WhoIsIn(cookies), "ana");
  EXPECT_FALSE(*server_->IdentifySession(before->token)) << "whoever that was";
  // Later ones live side by side.
  const auto after = SignIn("ana");
  Cookies phone;
  SignInThere(phone);
  EXPECT_TRUE(*server_->IdentifySession(after->token));
  EXPECT_EQ(WhoIsIn(cookies), "ana");
}

TEST_P(ProviderSignInTest, WhatNeedsAPasswordNeedsAProviderThatHasJustAsked) {
  Add("ana");
  Cookies cookies;
  const auto begin = [&] {
    const std::string csrf(Json(Send(cookies, Method::kGet, "/api/v1/session")).at("csrf").as_string());
    const Response response = Send(cookies, Method::kPost, "/api/v1/session/second-factor/begin", "{}", csrf);
    return response.status == 200 ? "" : std::string(Json(response).at("code").as_string());
  };
  SignInThere(cookies);
  EXPECT_EQ(begin(), "provider_sign_in_old") << "it may have let through whoever sat there";
  const std::string address = Away(cookies, "/security", "&again=yes");
  EXPECT_NE(address.find("&prompt=login&max_age=0"), std::string::npos) << address;
  EXPECT_EQ(Location(Send(cookies, Method::kGet, Allowed(address))), "303 /security");
  EXPECT_EQ(begin(), "");
  Pass(15 * 60);
  EXPECT_EQ(begin(), "provider_sign_in_old");
  // It says when it has asked, at a usual sign-in, too.
  there_.asked_who_at = now_.ms / 1000 - 14 * 60;
  SignInThere(cookies);
  EXPECT_EQ(begin(), "");
  Pass(60);
  EXPECT_EQ(begin(), "provider_sign_in_old");
  there_.asked_who_at = now_.ms / 1000 + 3600;
  SignInThere(cookies);
  EXPECT_EQ(begin(), "provider_sign_in_old") << "an hour from now counts for nothing";

  // One that does not ask although it should: nobody is let in by it, and who was in stays.
  there_.lets_through = true;
  for (const std::optional<int64_t>& told : {std::optional<int64_t>(), std::optional(now_.ms / 1000 - 3600)}) {
    there_.asked_who_at = told;
    SignInAgainThere(cookies);
    EXPECT_EQ(Notice(cookies), "provider_not_again");
    EXPECT_EQ(WhoIsIn(cookies), "ana");
    EXPECT_EQ(begin(), "provider_sign_in_old");
  }
}

TEST_P(ProviderSignInTest, AnAddressThatFailsAgainAndAgainWaits) {
  address_ = "10.0.0.7";
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Problem(), "provider_no_account") << i;
  EXPECT_EQ(Problem(), "sign_in_delayed");
  const int asked = there_.asked["/token"];
  EXPECT_EQ(asked, 10) << "the provider is left alone";
  Pass(60);
  Add("ana");
  for (int i = 0; i < 20; ++i) {
    Cookies cookies;
    SignInThere(cookies);
    EXPECT_EQ(WhoIsIn(cookies), "ana") << "who gets in does not count";
  }
}

TEST_P(ProviderSignInTest, AProviderThatIsDown) {
  Add("ana");
  Cookies cookies;
  const std::string back = Allowed(Away(cookies));
  there_.down = true;
  EXPECT_EQ(Location(Send(cookies, Method::kGet, back)), "303 /customers?q=x");
  EXPECT_EQ(Notice(cookies), "provider_unreachable");
  Configure(there_.Settings());
  EXPECT_EQ(Location(Send(cookies, Method::kGet, "/api/v1/session/provider?page=/x")), "303 /x");
  EXPECT_EQ(Notice(cookies), "provider_unreachable");
  for (int i = 0; i < 20; ++i) {
    Pass(6);
    there_.down = false;
    Cookies each;
    const std::string then = Allowed(Away(each));
    there_.down = true;
    Send(each, Method::kGet, then);
    EXPECT_EQ(Notice(each), "provider_unreachable") << "it is not the address's fault";
  }
  EXPECT_EQ(Code(SignIn("ana")), "") << "passwords go on";
}

TEST_P(ProviderSignInTest, TheSecondFactorIsAskedForAllTheSame) {
  const Account ana = Add("ana");
  const std::string secret = FromBase32(server_->BeginSecondFactor(ana.id, kPassword, "10.0.0.1")->secret);
  const auto app = [&] { return TotpCode(secret, TotpStep(now_)); };
  ASSERT_EQ(Code(server_->ConfirmSecondFactor(ana.id, app(), "")), "");
  Pass(30);
  Deeds();
  Cookies cookies;
  EXPECT_EQ(SignInThere(cookies), "303 /customers?q=x");
  EXPECT_EQ(WhoIsIn(cookies), "");
  const json::object ways = Json(Send(cookies, Method::kGet, "/api/v1/session/ways"));
  EXPECT_EQ(ways.at("second_factor").at("login"), "ana");
  EXPECT_EQ(Count("account_binding"), 0) << "nothing is bound before the code";
  const auto code = [&](const std::string& typed) {
    return Send(cookies, Method::kPost, "/api/v1/session/second-factor",
                json::serialize(json::object{{"code", typed}}));
  };
  EXPECT_EQ(code("000000").status, 422);
  EXPECT_EQ(code(app()).status, 200);
  EXPECT_EQ(WhoIsIn(cookies), "ana");
  EXPECT_TRUE(Json(Send(cookies, Method::kGet, "/api/v1/session/ways")).at("second_factor").is_null());
  EXPECT_EQ(Deeds(), (std::vector<std::string>{
                         "ana provider.bind account:ana",
                         R"(ana session.start account:ana {"code":"app","phone":false,"provider":true})"}));
}

TEST_P(ProviderSignInTest, AOneTimePasswordIsNotAskedForAndEnds) {
  const auto made = server_->AddAccount("ana", "", Role::kMember);
  const AccountId ana = made->account.id;
  Cookies cookies;
  SignInThere(cookies);
  const json::object session = Json(Send(cookies, Method::kGet, "/api/v1/session"));
  EXPECT_EQ(session.at("must_change_password"), false);
  EXPECT_EQ(session.at("by_provider"), true);
  EXPECT_EQ(Send(cookies, Method::kGet, "/api/v1/tokens").status, 200);
  EXPECT_EQ(Code(SignIn("ana", made->password)), "sign_in_wrong") << "nobody needs it any more";
  const auto token = server_->AddToken(ana, {"till", {"read"}, {}});
  EXPECT_FALSE((*server_->IdentifyToken(token->secret))->caller.must_change_password);
  // Given a new one, who uses it must change it, and programs wait; who comes by the provider goes on.
  const auto reset = server_->ResetPassword(ana);
  EXPECT_EQ(WhoIsIn(cookies), "") << "a reset ends sessions";
  EXPECT_TRUE((*server_->IdentifyToken(token->secret))->caller.must_change_password);
  Cookies again;
  SignInThere(again);
  EXPECT_EQ(Json(Send(again, Method::kGet, "/api/v1/session")).at("must_change_password"), false);
  const auto in = SignIn("ana", reset->password);
  EXPECT_TRUE((*server_->IdentifySession(in->token))->caller.must_change_password);
}

TEST_P(ProviderSignInTest, ASessionBegunWithAOneTimePasswordEndsWhenItsOwnerComesByTheProvider) {
  const auto made = server_->AddAccount("ana", "", Role::kMember);
  const auto thief = SignIn("ana", made->password);
  ASSERT_TRUE((*server_->IdentifySession(thief->token))->caller.must_change_password);
  Cookies cookies;
  SignInThere(cookies);
  EXPECT_EQ(WhoIsIn(cookies), "ana");
  EXPECT_FALSE(*server_->IdentifySession(thief->token)) << "it could have done everything from now on";
}

TEST_P(ProviderSignInTest, WhoHasComeByTheProviderSetsUpASecondFactorWithoutAPassword) {
  ASSERT_EQ(Code(server_->AddAccount("ana", "", Role::kMember)), "");
  Cookies cookies;
  SignInAgainThere(cookies);
  const std::string csrf(Json(Send(cookies, Method::kGet, "/api/v1/session")).at("csrf").as_string());
  const auto post = [&](const std::string& what, const json::object& body) {
    return Send(cookies, Method::kPost, "/api/v1/session/second-factor/" + what, json::serialize(body), csrf);
  };
  const Response begun = post("begin", {});
  ASSERT_EQ(begun.status, 200) << begun.body;
  const std::string secret = FromBase32(std::string(Json(begun).at("secret").as_string()));
  ASSERT_EQ(post("confirm", {{"code", TotpCode(secret, TotpStep(now_))}}).status, 200);
  Pass(30);
  EXPECT_EQ(post("turn-off", {{"code", TotpCode(secret, TotpStep(now_))}}).status, 204);
  Pass(15 * 60);
  const Response old = post("begin", {});
  EXPECT_EQ(old.status, 403);
  EXPECT_EQ(Json(old).at("code"), "provider_sign_in_old");
  // Who has come by his password gives it.
  const auto bob = Add("bob");
  const auto in = SignIn("bob");
  EXPECT_EQ(Code(server_->BeginSecondFactor(bob.id, "", "10.0.0.1", in->session.token_hash)), "password_wrong");
  EXPECT_EQ(Code(server_->BeginSecondFactor(bob.id, "", "10.0.0.1", HashSecret(cookies["dealpace"]))), "password_wrong")
      << "not with the session of another";
}

TEST_P(ProviderSignInTest, PasswordsOfBoundAccountsMayBeTurnedOff) {
  const Account ana = Add("ana");
  Add("bob");
  Cookies cookies;
  SignInThere(cookies);
  const auto by_password = [&](const std::string& login, const std::string& password) {
    return Code(server_->SignIn({login, password, {false, "", "10.0.0.1"}}));
  };
  EXPECT_EQ(by_password("ana", kPassword), "");
  ProviderSettings settings = there_.Settings();
  settings.password = false;
  Configure(settings);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(by_password("ana", kPassword), "sign_in_by_provider") << "and is no failure";
  EXPECT_EQ(by_password("ana", "wrong wrong"), "sign_in_wrong") << "told to nobody else";
  EXPECT_EQ(by_password("bob", kPassword), "");
  ASSERT_EQ(Code(server_->Unbind(ana.id)), "");
  EXPECT_EQ(by_password("ana", kPassword), "");
}

TEST_P(ProviderSignInTest, AnAdministratorRemovesABinding) {
  const Account bob = Add("bob", Role::kAdmin);
  const Account ana = Add("ana");
  Cookies cookies;
  SignInThere(cookies);
  Deeds();
  Cookies admin;
  Send(admin, Method::kPost, "/api/v1/session", R"({"login":"bob","password":"grey horse on a roof"})");
  const std::string csrf(Json(Send(admin, Method::kGet, "/api/v1/session")).at("csrf").as_string());
  const std::string path = "/api/v1/accounts/" + std::to_string(ana.id.value) + "/provider";
  EXPECT_EQ(Send(cookies, Method::kDelete, path).status, 403);
  EXPECT_EQ(Send(admin, Method::kDelete, path, "", csrf).status, 204);
  EXPECT_EQ(WhoIsIn(cookies), "") << "her sessions end";
  const Response again = Send(admin, Method::kDelete, path, "", csrf);
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(Json(again).at("code"), "provider_not_bound");
  EXPECT_EQ(Code(server_->Unbind(AccountId(17))), "account_unknown");
  const auto deeds = Deeds();
  EXPECT_EQ(deeds.back(), "bob provider.unbind account:ana");
  EXPECT_FALSE(server_->GetAccount(ana.id)->bound_at);
  // Another identity may come now.
  there_.claims["sub"] = "00u-new";
  Cookies fresh;
  SignInThere(fresh);
  EXPECT_EQ(WhoIsIn(fresh), "ana");
}

TEST_P(ProviderSignInTest, AnotherProviderIsAnotherIdentity) {
  const Account ana = Add("ana");
  Cookies cookies;
  SignInThere(cookies);
  there_.issuer = "https://another.example.com";
  Configure(there_.Settings());
  Cookies there;
  SignInThere(there);
  EXPECT_EQ(WhoIsIn(there), "ana");
  EXPECT_EQ(Count("account_binding"), 2);
  ASSERT_EQ(Code(server_->Unbind(ana.id)), "");
  EXPECT_EQ(Count("account_binding"), 0);
}

TEST_P(ProviderSignInTest, WithoutAProviderThereIsNoWay) {
  router_ = std::make_unique<http::Router>();
  AddRoutes(*router_, access_);
  Cookies cookies;
  EXPECT_EQ(Send(cookies, Method::kGet, "/api/v1/session/provider?page=/").status, 404);
  EXPECT_EQ(Send(cookies, Method::kGet, "/api/v1/session/provider/return?code=x&state=y").status, 404);
  EXPECT_TRUE(Json(Send(cookies, Method::kGet, "/api/v1/session/ways")).at("provider").is_null());
}

TEST_P(ProviderSignInTest, ASessionThatTheBrowserHadEnds) {
  Add("ana");
  const Account bob = Add("bob");
  Cookies cookies;
  Send(cookies, Method::kPost, "/api/v1/session", R"({"login":"bob","password":"grey horse on a roof"})");
  ASSERT_EQ(WhoIsIn(cookies), "bob");
  SignInThere(cookies);
  EXPECT_EQ(WhoIsIn(cookies), "ana");
  EXPECT_EQ(server_->ListSessions(bob.id)->size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(On, ProviderSignInTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::access
