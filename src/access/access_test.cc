#include "access/access.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "access/testing.h"

namespace dealpace::access {
namespace {

using Via = http::Caller::Via;

class SignInTest : public AccessTest {};

TEST_P(SignInTest, GivesASessionThatStandsForTheAccount) {
  const Account ana = Add("ana", Role::kAdmin);
  const auto signed_in = SignIn(" ＡＮＡ ");
  ASSERT_TRUE(signed_in.ok()) << signed_in.error().code;
  EXPECT_EQ(signed_in->account.signed_in_at, now_);
  EXPECT_EQ(signed_in->account.sessions, 1);
  const auto identity = access_.IdentifySession(signed_in->token);
  ASSERT_TRUE(identity->has_value());
  EXPECT_EQ((*identity)->caller.account, ana.id);
  EXPECT_EQ((*identity)->caller.login, "ana");
  EXPECT_EQ((*identity)->caller.via, Via::kSession);
  EXPECT_TRUE((*identity)->caller.admin);
  EXPECT_FALSE((*identity)->caller.must_change_password);
  EXPECT_EQ((*identity)->csrf, signed_in->session.csrf);
  EXPECT_NE(SignIn("ana")->token, signed_in->token);
  EXPECT_FALSE(access_.IdentifySession("")->has_value());
  EXPECT_FALSE(access_.IdentifySession(signed_in->session.token_hash)->has_value()) << "the stored hash opens nothing";
}

TEST_P(SignInTest, TellsNobodyWhichLoginsThereAre) {
  Add("ana");
  for (const char* login : {"ana", "bob", "", "not a login!"}) {
    for (int failures = 0; failures < 3; ++failures) {
      EXPECT_EQ(Code(SignIn(login, "wrong wrong", false, login)), "sign_in_wrong") << login;
    }
    const auto delayed = SignIn(login, kPassword, false, login);
    ASSERT_FALSE(delayed.ok()) << login;
    EXPECT_EQ(delayed.error().code, "sign_in_delayed") << login;
    EXPECT_EQ(delayed.error().Arg("retry_after"), "1") << login;
  }
}

TEST_P(SignInTest, IsLockedAfterTenFailuresAndOpenAgainAfterwards) {
  const Account ana = Add("ana");
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Code(SignIn("ana", "wrong wrong", false, std::to_string(i))), "sign_in_wrong");
    if (i < 9) Pass(64);
  }
  EXPECT_EQ(Code(SignIn("ana")), "sign_in_locked");
  EXPECT_EQ(Code(access_.ChangePassword(ana.id, kPassword, "another good one", "", "")), "sign_in_locked");
  Pass(15 * 60);
  EXPECT_EQ(Code(SignIn("ana")), "");
  EXPECT_EQ(Code(SignIn("ana", "wrong wrong")), "sign_in_wrong") << "counted from the start";
  EXPECT_EQ(Code(SignIn("ana")), "");
}

TEST_P(SignInTest, ManyGuessesAtOnceGetNoMoreTriesThanOneAfterTheOther) {
  Add("ana");
  std::atomic<int> looked_at = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 4; ++k) {
        const std::string code = Code(SignIn("ana", "wrong wrong", false, std::to_string(i)));
        if (code == "sign_in_wrong") ++looked_at;
        EXPECT_TRUE(code == "sign_in_wrong" || code == "sign_in_delayed") << code;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(looked_at, 3);
}

TEST_P(SignInTest, AnOverlongPasswordIsWrongLikeAnyOther) {
  Add("ana");
  EXPECT_EQ(Code(SignIn("ana", std::string(200'000, 'x'))), "sign_in_wrong");
}

TEST_P(SignInTest, AOneTimePasswordMustBeChangedAndIsGoodForAWeek) {
  const auto added = access_.AddAccount("ana", "Ana", Role::kMember);
  ASSERT_TRUE(added.ok());
  EXPECT_TRUE(added->account.must_change_password);
  const auto signed_in = SignIn("ana", added->password);
  ASSERT_TRUE(signed_in.ok());
  EXPECT_TRUE((*access_.IdentifySession(signed_in->token))->caller.must_change_password);

  EXPECT_EQ(Code(access_.ChangePassword(added->account.id, added->password, added->password, "", "")), "password_same");
  EXPECT_EQ(Code(access_.ChangePassword(added->account.id, "wrong wrong", kPassword, "", "")), "password_wrong");
  EXPECT_EQ(Code(access_.ChangePassword(added->account.id, added->password, "short", "", "")), "password_too_short");
  EXPECT_EQ(
      Code(access_.ChangePassword(added->account.id, added->password, kPassword, signed_in->session.token_hash, "")),
      "");
  EXPECT_FALSE((*access_.IdentifySession(signed_in->token))->caller.must_change_password);
  EXPECT_EQ(Code(SignIn("ana", added->password)), "sign_in_wrong");
  Pass(8 * 24 * 3600);
  EXPECT_EQ(Code(SignIn("ana")), "") << "one's own password does not expire";

  const auto reset = access_.ResetPassword(added->account.id);
  ASSERT_TRUE(reset.ok());
  Pass(7 * 24 * 3600 - 1);
  EXPECT_EQ(Code(SignIn("ana", reset->password)), "");
  Pass(1);
  EXPECT_EQ(Code(SignIn("ana", reset->password)), "one_time_expired");
}

TEST_P(SignInTest, ChangingThePasswordEndsTheOtherSessions) {
  const Account ana = Add("ana");
  const auto here = SignIn("ana");
  const auto there = SignIn("ana");
  const Account bob = Add("bob");
  const auto others = SignIn("bob");
  ASSERT_TRUE(access_.IdentifySession(there->token)->has_value());
  EXPECT_EQ(Code(access_.ChangePassword(ana.id, kPassword, "another good one", here->session.token_hash, "")), "");
  EXPECT_TRUE(access_.IdentifySession(here->token)->has_value());
  EXPECT_FALSE(access_.IdentifySession(there->token)->has_value());
  EXPECT_TRUE(access_.IdentifySession(others->token)->has_value());
}

TEST_P(SignInTest, AResetEndsAllSessionsAndLiftsTheLock) {
  const Account ana = Add("ana");
  const auto session = SignIn("ana");
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Code(SignIn("ana", "wrong wrong", false, std::to_string(i))), "sign_in_wrong");
    Pass(64);
  }
  EXPECT_EQ(Code(SignIn("ana")), "sign_in_locked");
  const auto reset = access_.ResetPassword(ana.id);
  ASSERT_TRUE(reset.ok());
  EXPECT_FALSE(access_.IdentifySession(session->token)->has_value());
  EXPECT_EQ(Code(SignIn("ana", reset->password)), "");
  EXPECT_EQ(Code(access_.ResetPassword(AccountId(17))), "account_unknown");
}

TEST_P(SignInTest, AHashOfAnotherCostIsRenewed) {
  Add("ana");
  AccessOptions dearer = Options();
  dearer.cost.passes += 1;
  Access stronger(*database_, dearer);
  EXPECT_EQ(Code(stronger.SignIn({"ana", kPassword, {}})), "");
  const Password stored = *database_->Read<Password>([](db::Connection& c) -> Result<Password> {
    return ReadPassword(c, access::FindLogin(c, "ana", Instant{})->id);
  });
  EXPECT_NE(stored.hash.find("t=2,"), std::string::npos) << stored.hash;
  EXPECT_EQ(Code(stronger.SignIn({"ana", kPassword, {}})), "");
}

class SessionTest : public AccessTest {};

TEST_P(SessionTest, AtADeskEndsAfterHalfAnHourWithoutUse) {
  Add("ana");
  const auto session = SignIn("ana");
  Pass(29 * 60);
  EXPECT_TRUE(access_.IdentifySession(session->token)->has_value());
  Pass(29 * 60);
  EXPECT_TRUE(access_.IdentifySession(session->token)->has_value());
  Pass(30 * 60);
  EXPECT_FALSE(access_.IdentifySession(session->token)->has_value());
}

TEST_P(SessionTest, OnAPhoneEndsAfterEightHoursWithoutUse) {
  Add("ana");
  const auto session = SignIn("ana", kPassword, true);
  Pass(8 * 3600 - 1);
  EXPECT_TRUE(Open(*session));
  Pass(1);
  EXPECT_TRUE(Open(*session)) << "it was used a second ago";
  const auto unused = SignIn("ana", kPassword, true);
  Pass(8 * 3600);
  EXPECT_FALSE(Open(*unused));
}

TEST_P(SessionTest, EndsTwelveHoursAfterTheSignInHoweverBusy) {
  Add("ana");
  const auto session = SignIn("ana");
  for (int minute = 0; minute < 12 * 60; minute += 20) {
    EXPECT_TRUE(access_.IdentifySession(session->token)->has_value()) << minute;
    Pass(20 * 60);
  }
  EXPECT_FALSE(access_.IdentifySession(session->token)->has_value());
}

TEST_P(SessionTest, ItsUseIsWrittenOnceAMinute) {
  const Account ana = Add("ana");
  const auto session = SignIn("ana");
  const Instant begin = now_;
  Pass(59);
  EXPECT_TRUE(access_.IdentifySession(session->token)->has_value());
  EXPECT_EQ(access_.ListSessions(ana.id)->front().seen_at, begin);
  Pass(6);
  EXPECT_TRUE(access_.IdentifySession(session->token)->has_value());
  EXPECT_EQ(access_.ListSessions(ana.id)->front().seen_at, now_);
}

TEST_P(SessionTest, AnotherServerBelievesItForFiveSecondsAtMost) {
  Add("ana");
  const auto session = SignIn("ana");
  const auto other_database = database_.Another();
  Access other(*other_database, Options());
  EXPECT_TRUE(other.IdentifySession(session->token)->has_value());
  EXPECT_EQ(Code(access_.SignOut(session->session.token_hash)), "");
  EXPECT_FALSE(access_.IdentifySession(session->token)->has_value()) << "here it works at once";
  if (other_database->ChangeMark()) {
    EXPECT_FALSE(other.IdentifySession(session->token)->has_value()) << "the database tells that something has changed";
    return;
  }
  now_.ms += 4999;
  EXPECT_TRUE(other.IdentifySession(session->token)->has_value());
  now_.ms += 1;
  EXPECT_FALSE(other.IdentifySession(session->token)->has_value());
}

TEST_P(SessionTest, ANewRoleHoldsAtOnce) {
  const Account ana = Add("ana", Role::kAdmin);
  Add("bob", Role::kAdmin);
  const auto session = SignIn("ana");
  EXPECT_TRUE((*access_.IdentifySession(session->token))->caller.admin);
  EXPECT_EQ(Code(access_.ChangeAccount(ana.id, {}, {.role = Role::kMember})), "");
  EXPECT_FALSE((*access_.IdentifySession(session->token))->caller.admin);
}

TEST_P(SessionTest, AreListedAndEnded) {
  const Account ana = Add("ana");
  const auto desk_step = access_.SignIn({"ana", kPassword, {false, std::string(500, 'x') + "\n", "10.0.0.7"}});
  ASSERT_EQ(Code(desk_step), "");
  const auto* desk = std::get_if<SignedIn>(&*desk_step);
  ASSERT_NE(desk, nullptr);
  Pass(60);
  const auto phone = SignIn("ana", kPassword, true);
  const auto sessions = access_.ListSessions(ana.id);
  ASSERT_EQ(sessions->size(), 2U);
  EXPECT_TRUE((*sessions)[0].phone);
  EXPECT_EQ((*sessions)[1].address, "10.0.0.7");
  EXPECT_EQ((*sessions)[1].user_agent, std::string(120, 'x'));
  EXPECT_EQ(access_.GetAccount(ana.id)->sessions, 2);
  Pass(29 * 60);
  EXPECT_EQ(access_.GetAccount(ana.id)->sessions, 1) << "the desk has been idle for half an hour";
  EXPECT_EQ(*access_.EndSessions(ana.id), 2);
  EXPECT_FALSE(access_.IdentifySession(phone->token)->has_value());
  EXPECT_FALSE(access_.IdentifySession(desk->token)->has_value());
}

class TokenTest : public AccessTest {};

TEST_P(TokenTest, StandsForItsOwner) {
  const Account ana = Add("ana", Role::kAdmin);
  const auto token = access_.AddToken(ana.id, {" till ", {"write"}, {}});
  ASSERT_TRUE(token.ok());
  EXPECT_TRUE(token->secret.starts_with("dp_"));
  EXPECT_EQ(token->secret.size(), 46U);
  EXPECT_EQ(token->token.name, "till");
  const auto identity = access_.IdentifyToken(token->secret);
  ASSERT_TRUE(identity->has_value());
  EXPECT_EQ((*identity)->caller.via, Via::kToken);
  EXPECT_EQ((*identity)->caller.account, ana.id);
  EXPECT_EQ((*identity)->caller.scopes, (std::vector<std::string>{"read", "write"}));
  EXPECT_EQ(access_.ListTokens(ana.id)->front().last_used_at, now_);
  EXPECT_FALSE(access_.IdentifySession(token->secret)->has_value());
  EXPECT_FALSE(access_.IdentifyToken("dp_")->has_value());
  EXPECT_FALSE(access_.IdentifyToken(SignIn("ana")->token)->has_value());
}

TEST_P(TokenTest, EndsWhenRevokedOrExpired) {
  const Account ana = Add("ana");
  const Account bob = Add("bob");
  const auto for_ever = access_.AddToken(ana.id, {"a", {}, {}});
  const auto for_a_day = access_.AddToken(ana.id, {"b", {}, 1});
  Pass(24 * 3600 - 1);
  EXPECT_TRUE(access_.IdentifyToken(for_a_day->secret)->has_value());
  Pass(1);
  EXPECT_FALSE(access_.IdentifyToken(for_a_day->secret)->has_value());
  EXPECT_TRUE(access_.IdentifyToken(for_ever->secret)->has_value());
  EXPECT_EQ(Code(access_.RevokeToken(for_ever->token.id, bob.id)), "token_unknown") << "it is not his";
  EXPECT_TRUE(access_.IdentifyToken(for_ever->secret)->has_value());
  EXPECT_EQ(Code(access_.RevokeToken(for_ever->token.id, ana.id)), "");
  EXPECT_EQ(Code(access_.RevokeToken(for_ever->token.id, ana.id)), "");
  EXPECT_FALSE(access_.IdentifyToken(for_ever->secret)->has_value());
  EXPECT_EQ(access_.ListTokens(ana.id)->size(), 2U);
  EXPECT_EQ(Code(access_.RevokeToken(17, {})), "token_unknown");
}

TEST_P(TokenTest, MayNotDoMoreThanItsOwner) {
  const Account ana = Add("ana");
  EXPECT_EQ(Code(access_.AddToken(ana.id, {"a", {"admin"}, {}})), "token_scope_too_wide");
  EXPECT_EQ(Code(access_.AddToken(ana.id, {"a", {"everything"}, {}})), "scope_unknown");
  EXPECT_EQ(access_.AddToken(ana.id, {"a", {}, {}})->token.scopes, std::vector<std::string>{"read"});
  const Account bob = Add("bob", Role::kAdmin);
  Add("cai", Role::kAdmin);
  const auto token = access_.AddToken(bob.id, {"a", {"admin"}, {}});
  EXPECT_TRUE((*access_.IdentifyToken(token->secret))->caller.admin);
  EXPECT_EQ(Code(access_.ChangeAccount(bob.id, {}, {.role = Role::kMember})), "");
  EXPECT_FALSE((*access_.IdentifyToken(token->secret))->caller.admin);
}

TEST_P(TokenTest, RefusesOddOnes) {
  const Account ana = Add("ana");
  EXPECT_EQ(Code(access_.AddToken(ana.id, {" ", {}, {}})), "token_name_missing");
  EXPECT_EQ(Code(access_.AddToken(ana.id, {std::string(81, 'a'), {}, {}})), "account_name_bad");
  for (const int64_t days : {int64_t{0}, int64_t{-1}, int64_t{3651}, INT64_MAX}) {
    EXPECT_EQ(Code(access_.AddToken(ana.id, {"a", {}, days})), "token_days_bad") << days;
  }
  ASSERT_EQ(Code(database_->Write<void>([&](db::Connection& c) -> Status {
              for (int i = 0; i < 100; ++i) RETURN_IF_ERROR(access::AddToken(c, ana, {"a", {}, {}}, now_));
              return {};
            })),
            "");
  EXPECT_EQ(Code(access_.AddToken(ana.id, {"a", {}, {}})), "token_too_many");
}

class FirstStartTest : public AccessTest {};

TEST_P(FirstStartTest, MakesAnAdministratorWithAOneTimePassword) {
  const auto first = access_.EnsureAdministrator();
  ASSERT_TRUE(first.ok() && first->has_value());
  EXPECT_EQ((*first)->account.login, "admin");
  EXPECT_EQ((*first)->account.role, Role::kAdmin);
  EXPECT_EQ((*first)->password.size(), 19U);

  const auto second = access_.EnsureAdministrator();
  ASSERT_TRUE(second.ok() && second->has_value()) << "nobody has used it yet";
  EXPECT_EQ(Code(SignIn("admin", (*first)->password)), "sign_in_wrong");
  const auto signed_in = SignIn("admin", (*second)->password);
  ASSERT_TRUE(signed_in.ok());
  EXPECT_TRUE(signed_in->account.must_change_password);
  EXPECT_FALSE(access_.EnsureAdministrator()->has_value()) << "now it is somebody's";
  EXPECT_EQ(Code(SignIn("admin", (*second)->password)), "");
}

TEST_P(FirstStartTest, LeavesAccountsAlone) {
  EXPECT_EQ(Code(access_.AddAccount("ana", "", Role::kMember)), "");
  EXPECT_FALSE(access_.EnsureAdministrator()->has_value());
  EXPECT_EQ(access_.ListAccounts()->size(), 1U);
}

TEST_P(FirstStartTest, ThePasswordOfASetUpScriptNeedsNoChange) {
  EXPECT_EQ(Code(access_.EnsureAdministrator("short")), "password_too_short");
  EXPECT_EQ(access_.ListAccounts()->size(), 0U);
  const auto made = access_.EnsureAdministrator(kPassword);
  ASSERT_TRUE(made.ok());
  EXPECT_FALSE(made->has_value()) << "nothing to print";
  const auto signed_in = SignIn("admin");
  ASSERT_TRUE(signed_in.ok());
  EXPECT_FALSE(signed_in->account.must_change_password);
  EXPECT_TRUE(access_.EnsureAdministrator("another good one").ok());
  EXPECT_EQ(Code(SignIn("admin")), "") << "later it is ignored";
}

TEST_P(FirstStartTest, OfTwoServersAtOnceOneMakesHim) {
  const auto other_database = database_.Another();
  Access other(*other_database, Options());
  std::optional<OneTime> here;
  std::optional<OneTime> there;
  std::thread first([&] { here = *access_.EnsureAdministrator(); });
  std::thread second([&] { there = *other.EnsureAdministrator(); });
  first.join();
  second.join();
  EXPECT_EQ(access_.ListAccounts()->size(), 1U);
  int good = 0;
  for (const auto& one_time : {here, there}) {
    if (one_time && SignIn("admin", one_time->password).ok()) ++good;
  }
  EXPECT_EQ(good, 1);
}

class PruneTest : public AccessTest {};

TEST_P(PruneTest, RemovesWhatHasExpiredAndNothingElse) {
  const Account ana = Add("ana");
  ASSERT_TRUE(SignIn("ana").ok());
  ASSERT_TRUE(SignIn("ana", kPassword, true).ok());
  ASSERT_TRUE(access_.AddToken(ana.id, {"for a day", {}, 1}).ok());
  ASSERT_TRUE(access_.AddToken(ana.id, {"for ever", {}, {}}).ok());
  ASSERT_TRUE(access_.idempotency().Begin(ana.id, "k", "f").ok());
  EXPECT_EQ(Code(SignIn("bob", "wrong wrong")), "sign_in_wrong");
  const int64_t failures = Count("sign_in_failure");

  EXPECT_EQ(Code(access_.Prune(now_)), "");
  EXPECT_EQ(Count("session"), 2);
  EXPECT_EQ(Count("sign_in_failure"), failures);
  EXPECT_EQ(Count("idempotency_key"), 1);

  Pass(30 * 60);
  EXPECT_EQ(Code(access_.Prune(now_)), "");
  EXPECT_EQ(Count("session"), 1) << "the phone's";

  Pass(24 * 3600);
  EXPECT_EQ(Code(access_.Prune(now_)), "");
  EXPECT_EQ(Count("session"), 0);
  EXPECT_EQ(Count("sign_in_failure"), 0);
  EXPECT_EQ(Count("idempotency_key"), 0);
  EXPECT_EQ(Count("api_token"), 2) << "kept for a month, to look up why it does not work";

  Pass(31 * 24 * 3600);
  EXPECT_EQ(Code(access_.Prune(now_)), "");
  EXPECT_EQ(Count("api_token"), 1);
  EXPECT_EQ(Count("account"), 1);
}

TEST_P(TokenTest, ManyWhoComeAtOnceDoNotWaitForEachOther) {
  const Account ana = Add("ana");
  const auto token = access_.AddToken(ana.id, {"load", {"read"}, {}});
  ASSERT_EQ(Code(token), "");
  // What day it is may be asked of the store, which has fewer connections than there are threads.
  AccessOptions options = Options();
  options.today = [this] {
    return *database_->Read<Day>([](db::Connection& c) -> Result<Day> {
      db::Rows rows = c.Query("SELECT 20000");
      rows.Next();
      return Day{static_cast<int32_t>(rows.Int(0))};
    });
  };
  std::vector<std::thread> threads;
  std::atomic<int> known = 0;
  for (int t = 0; t < 12; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        Access fresh(*database_, options);  // that remembers nothing
        const auto identity = fresh.IdentifyToken(token->secret);
        if (identity.ok() && *identity) ++known;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(known, 240);
}

#define ON_EACH_DATABASE(Suite) INSTANTIATE_TEST_SUITE_P(On, Suite, testing::ValuesIn(db::TestKinds()), db::KindNames())
ON_EACH_DATABASE(SignInTest);
ON_EACH_DATABASE(SessionTest);
ON_EACH_DATABASE(TokenTest);
ON_EACH_DATABASE(FirstStartTest);
ON_EACH_DATABASE(PruneTest);

}  // namespace
}  // namespace dealpace::access
