#include <gtest/gtest.h>

#include "access/testing.h"

// What of signing in and of accounts stands in the audit log.
namespace dealpace::access {
namespace {

using Texts = std::vector<std::string>;

class DeedsTest : public AccessTest {};

TEST_P(DeedsTest, SigningInAndOut) {
  Add("ana");
  const auto in = SignIn("ana", kPassword, true);
  ASSERT_EQ(Code(in), "");
  ASSERT_EQ(Code(access_.SignOut(in->session.token_hash)), "");
  ASSERT_EQ(Code(access_.SignOut(in->session.token_hash)), "") << "has ended already";
  EXPECT_EQ(Deeds(), (Texts{R"(ana session.start account:ana {"phone":true})", "ana session.end account:ana"}));
}

TEST_P(DeedsTest, OneWrongPasswordIsNoneButALockIs) {
  Add("ana");
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(Code(SignIn("ana", "wrong")), "sign_in_wrong");
    Pass(70);
  }
  EXPECT_EQ(Deeds(), Texts());
  EXPECT_EQ(Code(SignIn("ana", "wrong")), "sign_in_wrong");
  EXPECT_EQ(Code(SignIn("ana")), "sign_in_locked");
  EXPECT_EQ(Deeds(), Texts{"0 session.lock account:ana"});
  // Of a login that nobody has, its text is not kept: it may be somebody's password.
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Code(SignIn("grey horse", "wrong", false, "")), "sign_in_wrong");
    Pass(70);
  }
  EXPECT_EQ(Deeds(), Texts{"0 session.lock account:unknown"});
}

TEST_P(DeedsTest, ChangesOfAccounts) {
  const Account bob = Add("bob", Role::kAdmin);
  const auto ana = access_.AddAccount("ana", "Ana Li", Role::kMember, bob.id);
  ASSERT_EQ(Code(ana), "");
  const AccountId id = ana->account.id;
  ASSERT_EQ(Code(access_.ChangeAccount(id, {}, {.name = "Ana Wu", .role = Role::kAdmin}, bob.id)), "");
  ASSERT_EQ(Code(access_.ChangeAccount(id, {}, {.disabled = true})), "");
  ASSERT_EQ(Code(access_.ResetPassword(id, bob.id)), "");
  ASSERT_EQ(Code(access_.EndSessions(id, bob.id)), "");
  EXPECT_EQ(Deeds(), (Texts{R"(bob account.add account:ana {"role":"member"})",
                            R"(bob account.change account:ana {"name":true,"role":"admin"})",
                            R"(0 account.change account:ana {"disabled":true})", "bob password.reset account:ana",
                            R"(bob session.kill account:ana {"count":0})"}));
  // What was refused was not done.
  EXPECT_EQ(Code(access_.ChangeAccount(bob.id, {}, {.disabled = true}, bob.id)), "last_admin");
  EXPECT_EQ(Code(access_.ChangeAccount(id, 99, {.disabled = false}, bob.id)), "version_stale");
  EXPECT_EQ(Code(access_.AddAccount("ana", "", Role::kMember, bob.id)), "login_taken");
  EXPECT_EQ(Code(access_.ResetPassword(AccountId(5), bob.id)), "account_unknown");
  EXPECT_EQ(Deeds(), Texts());
}

TEST_P(DeedsTest, AnAccountsOwnMatters) {
  const Account ana = Add("ana");
  const auto in = SignIn("ana");
  ASSERT_EQ(Code(in), "");
  ASSERT_EQ(Code(access_.ChangePassword(ana.id, kPassword, "another horse on it", in->session.token_hash, "")), "");
  const auto token = access_.AddToken(ana.id, {"till", {"write"}, {}}, ana.id);
  ASSERT_EQ(Code(token), "");
  ASSERT_EQ(Code(access_.RevokeToken(token->token.id, {})), "");
  const std::string object = "token:" + std::to_string(token->token.id);
  EXPECT_EQ(Deeds(), (Texts{R"(ana session.start account:ana {"phone":false})", "ana password.change account:ana",
                            "ana token.add " + object + R"( {"of":"account:ana","scopes":["read","write"]})",
                            "0 token.revoke " + object}));
}

TEST_P(DeedsTest, TheFirstAdministrator) {
  ASSERT_EQ(Code(access_.EnsureAdministrator()), "");
  ASSERT_EQ(Code(access_.EnsureAdministrator()), "");
  EXPECT_EQ(Deeds(), (Texts{R"(0 account.add account:admin {"role":"admin"})", "0 password.reset account:admin"}));
}

TEST_P(DeedsTest, WhatCannotBeWrittenDownIsNotDone) {
  AccessOptions options = Options();
  options.audit = [](db::Connection&, const db::Deed&) -> Status { return Error("audit_head_bad"); };
  Access access(*database_, options);
  EXPECT_EQ(Code(access.AddAccount("ana", "", Role::kMember)), "audit_head_bad");
  EXPECT_EQ(Count("account"), 0);
  const Account bob = Add("bob");
  EXPECT_EQ(Code(access.SignIn({"bob", kPassword, {}})), "audit_head_bad");
  EXPECT_EQ(Count("session"), 0);
  EXPECT_EQ(Code(access.ResetPassword(bob.id)), "audit_head_bad");
  EXPECT_EQ(Code(SignIn("bob")), "");
}

INSTANTIATE_TEST_SUITE_P(On, DeedsTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::access
