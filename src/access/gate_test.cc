#include "access/gate.h"

#include <gtest/gtest.h>

#include "access/testing.h"

namespace dealpace::access {
namespace {

using http::Gate;
using http::Method;
using http::Request;
using http::Route;

class GateTest : public AccessTest {
 protected:
  enum class Who { kNobody, kStranger, kMember, kAdmin, kNewcomer, kReader, kWriter, kAdminToken, kBadToken };

  GateTest() : gate_(access_) {
    const Account bob = Add("bob", Role::kAdmin);
    const Account ana = Add("ana");
    member_ = *SignIn("ana");
    admin_ = *SignIn("bob");
    const auto newcomer = access_.AddAccount("cai", "", Role::kAdmin);
    newcomer_ = *SignIn("cai", newcomer->password);
    reader_ = access_.AddToken(bob.id, {"r", {"read"}, {}})->secret;
    writer_ = access_.AddToken(bob.id, {"w", {"write"}, {}})->secret;
    admin_token_ = access_.AddToken(bob.id, {"a", {"admin"}, {}})->secret;
  }

  static Route At(Gate gate, Method method, std::string scope = "") {
    Route route;
    route.admission = gate;
    route.method = method;
    route.scope = std::move(scope);
    return route;
  }
  // A request as that person's browser or program sends it, with everything that belongs to it.
  Request From(Who who, Method method) const {
    Request request;
    request.method = method;
    request.headers = {{"host", "127.0.0.1:8080"}};
    const auto with_cookie = [&](const std::string& token, const std::string& csrf) {
      request.headers.emplace("cookie", "theme=dark; dealpace=" + token);
      request.headers.emplace("x-csrf-token", csrf);
      request.headers.emplace("origin", "http://127.0.0.1:8080");
    };
    const auto with_token = [&](const std::string& secret) {
      request.headers.emplace("authorization", "Bearer " + secret);
    };
    switch (who) {
      case Who::kNobody: break;
      case Who::kStranger: with_cookie("wrong", "wrong"); break;
      case Who::kMember: with_cookie(member_.token, member_.session.csrf); break;
      case Who::kAdmin: with_cookie(admin_.token, admin_.session.csrf); break;
      case Who::kNewcomer: with_cookie(newcomer_.token, newcomer_.session.csrf); break;
      case Who::kReader: with_token(reader_); break;
      case Who::kWriter: with_token(writer_); break;
      case Who::kAdminToken: with_token(admin_token_); break;
      case Who::kBadToken: with_token("dp_wrong"); break;
    }
    return request;
  }
  using AccessTest::Pass;
  std::string Pass(Request request, const Route& route) const { return Code(gate_(request, route)); }
  static void Replace(Request& request, const std::string& name, const std::string& value) {
    request.headers.erase(name);
    request.headers.emplace(name, value);
  }

  Gatekeeper gate_;
  SignedIn member_;
  SignedIn admin_;
  SignedIn newcomer_;
  std::string reader_;
  std::string writer_;
  std::string admin_token_;
};

TEST_P(GateTest, LetsInWhomTheRouteNames) {
  struct Row {
    Who who;
    const char* name;
    // What is refused at a gate: reading, then writing.
    const char *account_get, *account_post, *signed_in_get, *signed_in_post, *admin_get, *admin_post;
  };
  const char* nobody = "not_signed_in";
  const Row rows[] = {
      {Who::kNobody, "nobody", nobody, nobody, nobody, nobody, nobody, nobody},
      {Who::kStranger, "stranger", nobody, nobody, nobody, nobody, nobody, nobody},
      {Who::kBadToken, "bad token", nobody, nobody, nobody, nobody, nobody, nobody},
      {Who::kMember, "member", "", "", "", "", "not_permitted", "not_permitted"},
      {Who::kAdmin, "admin", "", "", "", "", "", ""},
      {Who::kNewcomer, "newcomer", "", "", "password_must_change", "password_must_change", "password_must_change",
       "password_must_change"},
      {Who::kReader, "reading token", "", "token_scope", "", "token_scope", "token_scope", "token_scope"},
      {Who::kWriter, "writing token", "", "", "", "", "token_scope", "token_scope"},
      {Who::kAdminToken, "admin's token", "", "", "", "", "", ""},
  };
  for (const Row& row : rows) {
    const auto expect = [&](Gate gate, Method method, const char* code) {
      EXPECT_EQ(Pass(From(row.who, method), At(gate, method)), code)
          << row.name << " " << http::MethodName(method) << " gate " << static_cast<int>(gate);
    };
    expect(Gate::kOpen, Method::kGet, "");
    expect(Gate::kOpen, Method::kPost, "");
    expect(Gate::kAccount, Method::kGet, row.account_get);
    expect(Gate::kAccount, Method::kHead, row.account_get);
    for (const Method unsafe : {Method::kPost, Method::kPut, Method::kPatch, Method::kDelete}) {
      expect(Gate::kAccount, unsafe, row.account_post);
      expect(Gate::kSignedIn, unsafe, row.signed_in_post);
      expect(Gate::kAdmin, unsafe, row.admin_post);
    }
    expect(Gate::kSignedIn, Method::kGet, row.signed_in_get);
    expect(Gate::kAdmin, Method::kGet, row.admin_get);
  }
}

TEST_P(GateTest, ARouteCanNameItsScope) {
  EXPECT_EQ(Pass(From(Who::kReader, Method::kPost), At(Gate::kSignedIn, Method::kPost, "read")), "");
  EXPECT_EQ(Pass(From(Who::kWriter, Method::kGet), At(Gate::kSignedIn, Method::kGet, "admin")), "token_scope");
  EXPECT_EQ(Pass(From(Who::kMember, Method::kGet), At(Gate::kSignedIn, Method::kGet, "admin")), "")
      << "scopes are for tokens";
}

TEST_P(GateTest, WhatChangesSomethingNeedsTheSessionsToken) {
  struct Row {
    const char* name;
    std::optional<std::string> csrf;
    std::optional<std::string> origin;
    const char* code;
  };
  const std::string good = member_.session.csrf;
  const Row rows[] = {
      {"both", good, "http://127.0.0.1:8080", ""},
      {"no origin", good, std::nullopt, ""},
      {"no token", std::nullopt, "http://127.0.0.1:8080", "csrf_missing"},
      {"empty token", "", "http://127.0.0.1:8080", "csrf_wrong"},
      {"another session's", admin_.session.csrf, "http://127.0.0.1:8080", "csrf_wrong"},
      {"the token cut short", good.substr(0, 42), "http://127.0.0.1:8080", "csrf_wrong"},
      {"another port", good, "http://127.0.0.1:8081", "origin_wrong"},
      {"another host", good, "http://evil.example:8080", "origin_wrong"},
      {"a host that begins like it", good, "http://127.0.0.1:8080.evil.example", "origin_wrong"},
      {"no host", good, "null", "origin_wrong"},
      {"empty", good, "", "origin_wrong"},
      {"another scheme", good, "file://127.0.0.1:8080", "origin_wrong"},
  };
  for (const Row& row : rows) {
    for (const Method method : {Method::kPost, Method::kPut, Method::kPatch, Method::kDelete}) {
      Request request = From(Who::kMember, method);
      request.headers.erase("x-csrf-token");
      request.headers.erase("origin");
      if (row.csrf) request.headers.emplace("x-csrf-token", *row.csrf);
      if (row.origin) request.headers.emplace("origin", *row.origin);
      EXPECT_EQ(Pass(request, At(Gate::kSignedIn, method)), row.code) << row.name;
    }
    Request reads = From(Who::kMember, Method::kGet);
    reads.headers.erase("x-csrf-token");
    EXPECT_EQ(Pass(reads, At(Gate::kSignedIn, Method::kGet)), "") << "reading needs none";
  }
}

TEST_P(GateTest, WhoIsRememberedPassesWithoutAskingTheStore) {
  const Route route = At(Gate::kSignedIn, Method::kGet);
  const auto quickly = [&](Request request) {
    const auto verdict = gate_.Quickly(request, route);
    return !verdict ? std::string("asks") : verdict->ok() ? request.caller.login : verdict->error().code;
  };
  EXPECT_EQ(quickly(From(Who::kNobody, Method::kGet)), "not_signed_in") << "there is nothing to ask about";
  EXPECT_EQ(quickly(From(Who::kMember, Method::kGet)), "asks") << "not seen yet";
  EXPECT_EQ(quickly(From(Who::kReader, Method::kGet)), "asks");
  EXPECT_EQ(Pass(From(Who::kReader, Method::kGet), route), "");  // its first use is noted: a write
  EXPECT_EQ(Pass(From(Who::kReader, Method::kGet), route), "");
  EXPECT_EQ(Pass(From(Who::kMember, Method::kGet), route), "");
  EXPECT_EQ(quickly(From(Who::kMember, Method::kGet)), "ana");
  EXPECT_EQ(quickly(From(Who::kReader, Method::kGet)), "bob");
  EXPECT_EQ(quickly(From(Who::kStranger, Method::kGet)), "asks");
  Request change = From(Who::kMember, Method::kPost);
  change.headers.erase("x-csrf-token");
  EXPECT_EQ(quickly(change), "csrf_missing") << "it refuses as the gate does";
  Pass(61);
  EXPECT_EQ(quickly(From(Who::kMember, Method::kGet)), "asks") << "the use is to be noted";
}

TEST_P(GateTest, AnUnattendedRequestIsNoUseOfASession) {
  const Route route = At(Gate::kSignedIn, Method::kGet);
  Request request = From(Who::kMember, Method::kGet);
  request.unattended = true;
  for (int minute = 0; minute < 29; ++minute) {
    EXPECT_EQ(Pass(request, route), "") << minute;
    Pass(60);
  }
  Pass(60);
  EXPECT_EQ(Pass(request, route), "not_signed_in") << "half an hour without anybody";
}

TEST_P(GateTest, TheOriginIsTheHostWithItsUsualPort) {
  struct Row {
    bool secure;
    const char *host, *origin, *code;
  };
  const Row rows[] = {
      {true, "shop.example", "https://shop.example", ""},
      {true, "Shop.Example", "https://shop.example:443", ""},
      {true, "shop.example:443", "https://shop.example", ""},
      {true, "shop.example", "http://shop.example", "origin_wrong"},  // a page without TLS could be anybody's
      {true, "shop.example:80", "https://shop.example", "origin_wrong"},
      {false, "shop.example", "http://shop.example:80", ""},
      {false, "shop.example", "https://shop.example", ""},  // a proxy ends TLS in front
      {false, "[::1]:8080", "http://[::1]:8080", ""},
  };
  for (const Row& row : rows) {
    Request request;
    request.secure = row.secure;
    request.headers = {{"host", row.host}, {"origin", row.origin}};
    EXPECT_EQ(Code(CheckOrigin(request)), row.code) << row.host << " " << row.origin;
  }
}

TEST_P(GateTest, OverTlsOnlyTheCookieTiedToTheHostCounts) {
  Request request = From(Who::kMember, Method::kGet);
  request.secure = true;
  EXPECT_EQ(Pass(request, At(Gate::kSignedIn, Method::kGet)), "not_signed_in");
  Replace(request, "cookie", "__Host-dealpace=" + member_.token);
  EXPECT_EQ(Pass(request, At(Gate::kSignedIn, Method::kGet)), "");
  request.secure = false;
  EXPECT_EQ(Pass(request, At(Gate::kSignedIn, Method::kGet)), "not_signed_in");
}

TEST_P(GateTest, ATokenCountsBeforeACookie) {
  Request request = From(Who::kAdmin, Method::kGet);
  request.headers.emplace("authorization", "Bearer dp_wrong");
  EXPECT_EQ(Pass(request, At(Gate::kAdmin, Method::kGet)), "not_signed_in");
  Replace(request, "authorization", "bearer   " + reader_ + " ");
  EXPECT_EQ(Pass(request, At(Gate::kAdmin, Method::kGet)), "token_scope");
  Replace(request, "authorization", "Basic YTpi");  // a proxy's, not ours
  EXPECT_EQ(Pass(request, At(Gate::kAdmin, Method::kGet)), "");
  for (const char* odd : {"Bearer", "Bearer ", "", "Bearerdp_x"}) {
    Request bare;
    bare.headers = {{"authorization", odd}};
    EXPECT_EQ(Pass(bare, At(Gate::kSignedIn, Method::kGet)), "not_signed_in") << odd;
  }
}

TEST_P(GateTest, SaysWhoAsks) {
  const auto caller = [&](Who who, Gate gate) {
    Request request = From(who, Method::kGet);
    request.caller.login = "left over";
    (void)gate_(request, At(gate, Method::kGet));
    return request.caller;
  };
  EXPECT_EQ(caller(Who::kMember, Gate::kSignedIn).login, "ana");
  EXPECT_EQ(caller(Who::kMember, Gate::kOpen).login, "ana");
  EXPECT_EQ(caller(Who::kReader, Gate::kOpen).login, "bob");
  EXPECT_FALSE(caller(Who::kNobody, Gate::kOpen).signed_in());
  EXPECT_EQ(caller(Who::kNobody, Gate::kSignedIn).login, "");
  EXPECT_EQ(caller(Who::kStranger, Gate::kOpen).login, "");
}

TEST_P(GateTest, TheCookieIsOutOfReachOfScriptsAndOtherSites) {
  EXPECT_EQ(SessionCookie("t", false, false), "dealpace=t; Path=/; HttpOnly; SameSite=Lax");
  EXPECT_EQ(SessionCookie("t", true, false), "__Host-dealpace=t; Path=/; HttpOnly; SameSite=Lax; Secure");
  EXPECT_EQ(SessionCookie("t", true, true), "__Host-dealpace=t; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=43200");
  EXPECT_EQ(EndedCookie(true), "__Host-dealpace=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0");
}

INSTANTIATE_TEST_SUITE_P(On, GateTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::access
