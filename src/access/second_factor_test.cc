#include "access/second_factor.h"

#include <gtest/gtest.h>

#include <set>

#include "access/secrets.h"
#include "access/testing.h"
#include "access/totp.h"

namespace dealpace::access {
namespace {

class SecondFactorTest : public AccessTest {
 protected:
  // Its app from now on; returns the recovery codes.
  std::vector<std::string> SetUp2(const Account& account) {
    const auto begun = access_.BeginSecondFactor(account.id, kPassword, "10.0.0.1");
    EXPECT_EQ(Code(begun), "");
    secret_ = FromBase32(begun->secret);
    const auto codes = access_.ConfirmSecondFactor(account.id, App(), "");
    EXPECT_EQ(Code(codes), "");
    Pass(30);
    return codes.ok() ? *codes : std::vector<std::string>();
  }
  // What the app shows.
  std::string App(int64_t steps = 0) { return TotpCode(secret_, TotpStep(now_) + steps); }
  // The token between the steps.
  std::string First(const std::string& login = "ana", bool phone = false) {
    const auto step = access_.SignIn({login, kPassword, {phone, "Mozilla/5.0", "10.0.0.1"}});
    EXPECT_EQ(Code(step), "");
    if (!step.ok() || !std::holds_alternative<PendingSignIn>(*step)) return "";
    return std::get<PendingSignIn>(*step).token;
  }
  Result<SignedIn> Second(const std::string& token, const std::string& code) {
    return access_.FinishSignIn(token, code, {false, "Mozilla/5.0", "10.0.0.1"});
  }
  std::string secret_;
};

TEST_P(SecondFactorTest, IsAskedForOnceItIsConfirmed) {
  const Account ana = Add("ana");
  const auto begun = access_.BeginSecondFactor(ana.id, kPassword, "10.0.0.1");
  ASSERT_EQ(Code(begun), "");
  EXPECT_EQ(begun->secret.size(), 32U);
  EXPECT_EQ(begun->uri, "otpauth://totp/Dealpace:ana?secret=" + begun->secret + "&issuer=Dealpace");
  EXPECT_EQ(Code(SignIn("ana")), "") << "as long as it is not confirmed, the password is enough";
  secret_ = FromBase32(begun->secret);
  EXPECT_EQ(Code(access_.ConfirmSecondFactor(ana.id, "000000", "")), "second_factor_wrong");
  const auto here = SignIn("ana");
  const auto elsewhere = SignIn("ana");
  ASSERT_EQ(Code(access_.ConfirmSecondFactor(ana.id, App(), here->session.token_hash)), "");
  EXPECT_TRUE(Open(*here));
  EXPECT_FALSE(Open(*elsewhere)) << "signed in without the factor";

  Pass(30);
  const std::string token = First("ana", true);
  ASSERT_NE(token, "");
  EXPECT_FALSE((*access_.IdentifySession(token)).has_value()) << "it is no session";
  const auto in = Second(token, App());
  ASSERT_EQ(Code(in), "");
  EXPECT_TRUE(in->session.phone) << "as the first step said";
  EXPECT_TRUE((*access_.IdentifySession(in->token)).has_value());
  EXPECT_TRUE(in->account.second_factor);
  Pass(30);
  EXPECT_EQ(Code(Second(token, App())), "sign_in_begin_again") << "a first step leads to one session";
}

TEST_P(SecondFactorTest, ACodeIsGoodOnceAndForAMinuteOrSo) {
  SetUp2(Add("ana"));
  const std::string code = App();
  ASSERT_EQ(Code(Second(First(), code)), "");
  EXPECT_EQ(Code(Second(First(), code)), "second_factor_wrong") << "somebody has looked over a shoulder";
  ASSERT_EQ(Code(Second(First(), App(1))), "") << "the phone's clock is fast";
  Pass(30);
  EXPECT_EQ(Code(Second(First(), App())), "second_factor_wrong") << "the same step has been shown before";
  Pass(60);
  ASSERT_EQ(Code(Second(First(), App(-1))), "") << "the phone's clock is slow";
  Pass(120);
  EXPECT_EQ(Code(Second(First(), App(-2))), "second_factor_wrong");
  EXPECT_EQ(Code(Second(First(), App().substr(0, 3) + " " + App().substr(3))), "") << "typed as the app shows it";
}

TEST_P(SecondFactorTest, TheFirstStepLastsFiveMinutes) {
  const Account ana = Add("ana");
  SetUp2(ana);
  std::string token = First();
  Pass(299);
  ASSERT_EQ(Code(Second(token, App())), "");
  token = First();
  Pass(300);
  EXPECT_EQ(Code(Second(token, App())), "sign_in_begin_again");
  EXPECT_EQ(Code(Second("made up", App())), "sign_in_begin_again");
  EXPECT_EQ(Count("pending_sign_in"), 1);
  ASSERT_EQ(Code(access_.Prune(now_)), "");
  EXPECT_EQ(Count("pending_sign_in"), 0);
}

TEST_P(SecondFactorTest, TheFirstStepEndsWithThePasswordAndTheAccount) {
  Add("bob", Role::kAdmin);
  const Account ana = Add("ana");
  SetUp2(ana);
  std::string token = First();
  ASSERT_EQ(Code(access_.ChangeAccount(ana.id, {}, {.disabled = true})), "");
  EXPECT_EQ(Code(Second(token, App())), "sign_in_begin_again");
  ASSERT_EQ(Code(access_.ChangeAccount(ana.id, {}, {.disabled = false})), "");
  token = First();
  ASSERT_EQ(Code(access_.ResetPassword(ana.id)), "");
  EXPECT_EQ(Code(Second(token, App())), "sign_in_begin_again");
}

TEST_P(SecondFactorTest, CodesCannotBeGuessed) {
  SetUp2(Add("ana"));
  std::string token = First();
  int refused = 0;
  for (int i = 0; i < 10; ++i) {
    const std::string code = Code(Second(token, "123456"));
    EXPECT_EQ(code, "second_factor_wrong") << i;
    refused += code == "second_factor_wrong" ? 1 : 0;
    Pass(65);
    // Who knows the password does not get rid of the count by it.
    if (i < 9) token = First();
  }
  EXPECT_EQ(refused, 10);
  EXPECT_EQ(Code(access_.SignIn({"ana", kPassword, {}})), "sign_in_locked");
  EXPECT_EQ(Code(Second(token, App())), "sign_in_locked") << "not even the right one";
  Pass(15 * 60);
  EXPECT_EQ(Code(Second(First(), App())), "");
  EXPECT_EQ(Code(Second(First(), "123456")), "second_factor_wrong") << "the count has begun anew";
  EXPECT_EQ(Code(Second(First(), "123456")), "second_factor_wrong");
}

TEST_P(SecondFactorTest, RecoveryCodes) {
  const Account ana = Add("ana");
  const std::vector<std::string> codes = SetUp2(ana);
  ASSERT_EQ(codes.size(), 10U);
  EXPECT_EQ(std::set<std::string>(codes.begin(), codes.end()).size(), 10U);
  EXPECT_EQ(codes[0].size(), 14U);
  EXPECT_EQ(Code(Second(First(), codes[3])), "");
  EXPECT_EQ(Code(Second(First(), codes[3])), "second_factor_wrong") << "each is good once";
  std::string typed = codes[4];
  typed.erase(4, 1);
  for (char& c : typed) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  EXPECT_EQ(Code(Second(First(), " " + typed)), "") << "however it is typed";
  EXPECT_EQ(access_.GetSecondFactor(ana.id)->recovery_codes, 8);

  // Nothing in the store lets anybody try codes.
  const auto stored = database_->Read<std::string>([](db::Connection& c) -> Result<std::string> {
    std::string all;
    db::Rows rows = c.Query("SELECT code_hash FROM recovery_code");
    while (rows.Next()) all += std::string(rows.Text(0)) + "\n";
    return all;
  });
  EXPECT_EQ(stored->find(HashSecret(codes[5])), std::string::npos);

  Pass(30);
  EXPECT_EQ(Code(access_.RenewRecoveryCodes(ana.id, "wrong wrong", App(), "10.0.0.1")), "password_wrong");
  EXPECT_EQ(Code(access_.RenewRecoveryCodes(ana.id, kPassword, "123456", "10.0.0.1")), "second_factor_wrong");
  const auto fresh = access_.RenewRecoveryCodes(ana.id, kPassword, App(), "10.0.0.1");
  ASSERT_EQ(Code(fresh), "");
  EXPECT_EQ(access_.GetSecondFactor(ana.id)->recovery_codes, 10);
  EXPECT_EQ(Code(Second(First(), codes[5])), "second_factor_wrong") << "the old ones are good no more";
  EXPECT_EQ(Code(Second(First(), (*fresh)[0])), "");
}

TEST_P(SecondFactorTest, RecoveryCodesOfAnotherAreNone) {
  const std::vector<std::string> of_ana = SetUp2(Add("ana"));
  SetUp2(Add("bob"));
  EXPECT_EQ(Code(Second(First("bob"), of_ana[0])), "second_factor_wrong");
  EXPECT_EQ(Code(Second(First("ana"), of_ana[0])), "");
}

TEST_P(SecondFactorTest, SettingUpNeedsThePasswordAndAQuarterOfAnHourAtMost) {
  const Account ana = Add("ana");
  EXPECT_EQ(Code(access_.ConfirmSecondFactor(ana.id, "123456", "")), "second_factor_not_begun");
  EXPECT_EQ(Code(access_.BeginSecondFactor(ana.id, "wrong wrong", "10.0.0.1")), "password_wrong");
  secret_ = FromBase32(access_.BeginSecondFactor(ana.id, kPassword, "10.0.0.1")->secret);
  const std::string first = App();
  secret_ = FromBase32(access_.BeginSecondFactor(ana.id, kPassword, "10.0.0.1")->secret);
  EXPECT_EQ(Code(access_.ConfirmSecondFactor(ana.id, first, "")), "second_factor_wrong")
      << "of a secret that is forgotten";
  Pass(15 * 60);
  EXPECT_EQ(Code(access_.ConfirmSecondFactor(ana.id, App(), "")), "second_factor_not_begun");
  ASSERT_EQ(Code(access_.Prune(now_)), "");
  EXPECT_EQ(Count("second_factor"), 0);
  SetUp2(ana);
  EXPECT_EQ(Code(access_.BeginSecondFactor(ana.id, kPassword, "10.0.0.1")), "second_factor_on");
  EXPECT_EQ(Code(access_.ConfirmSecondFactor(ana.id, App(), "")), "second_factor_on");
  ASSERT_EQ(Code(access_.Prune(Instant{now_.ms + 86'400'000})), "");
  EXPECT_EQ(Count("second_factor"), 1);
}

TEST_P(SecondFactorTest, TurningOffNeedsBoth) {
  const Account ana = Add("ana");
  EXPECT_EQ(Code(access_.TurnOffSecondFactor(ana.id, kPassword, "123456", "")), "second_factor_off");
  SetUp2(ana);
  EXPECT_EQ(Code(access_.TurnOffSecondFactor(ana.id, "wrong wrong", App(), "")), "password_wrong");
  EXPECT_EQ(Code(access_.TurnOffSecondFactor(ana.id, kPassword, "123456", "")), "second_factor_wrong");
  Pass(60);
  ASSERT_EQ(Code(access_.TurnOffSecondFactor(ana.id, kPassword, App(), "")), "");
  EXPECT_EQ(Code(SignIn("ana")), "");
  EXPECT_EQ(Count("recovery_code"), 0);
  EXPECT_EQ(Count("second_factor"), 0);
}

TEST_P(SecondFactorTest, AnAdministratorResetsThatOfOthers) {
  const Account bob = Add("bob", Role::kAdmin);
  const Account ana = Add("ana");
  EXPECT_EQ(Code(access_.ResetSecondFactor(ana.id, bob.id)), "second_factor_off");
  EXPECT_EQ(Code(access_.ResetSecondFactor(AccountId(17), bob.id)), "account_unknown");
  SetUp2(ana);
  const auto in = Second(First(), App());
  const std::string token = First();
  Deeds();
  ASSERT_EQ(Code(access_.ResetSecondFactor(ana.id, bob.id)), "");
  EXPECT_EQ(Deeds(), std::vector<std::string>{"bob second_factor.reset account:ana"});
  EXPECT_FALSE(Open(*in)) << "whoever has the phone is out";
  EXPECT_EQ(Code(Second(token, App())), "sign_in_begin_again");
  EXPECT_EQ(Code(SignIn("ana")), "");
  EXPECT_EQ(Code(access_.ResetSecondFactor(bob.id, bob.id)), "second_factor_own");
}

TEST_P(SecondFactorTest, TheNetworkMayDemandIt) {
  const Account bob = Add("bob", Role::kAdmin);
  Add("ana");
  const auto due = [&](const Result<SignedIn>& in) {
    return (*access_.IdentifySession(in->token))->caller.second_factor_due;
  };
  const auto bobs = SignIn("bob");
  const auto anas = SignIn("ana");
  EXPECT_FALSE(due(bobs));
  const auto token = access_.AddToken(bob.id, {"till", {"read"}, {}});
  ASSERT_EQ(Code(access_.ChangePolicy(true, 1, bob.id)), "");
  EXPECT_EQ(Code(access_.ChangePolicy(true, 1, bob.id)), "version_stale");
  EXPECT_TRUE(due(bobs)) << "from the next request on";
  EXPECT_FALSE(due(anas)) << "without a post she takes nothing away";
  EXPECT_FALSE((*access_.IdentifyToken(token->secret))->caller.second_factor_due) << "programs go on";
  SetUp2(bob);
  EXPECT_FALSE(due(Second(First("bob"), App())));
  Pass(30);
  ASSERT_EQ(Code(access_.TurnOffSecondFactor(bob.id, kPassword, App(), "")), "");
  EXPECT_TRUE(due(SignIn("bob"))) << "to move to another phone; it is to be set up again at once";
  ASSERT_EQ(Code(access_.ChangePolicy(false, {}, bob.id)), "");
  EXPECT_FALSE(due(SignIn("bob")));
}

TEST_P(SecondFactorTest, WhomItIsDemandedOf) {
  const auto demanded = [](bool admin, std::initializer_list<const char*> rights) {
    http::Caller caller;
    caller.admin = admin;
    http::RightsAndRows all;
    for (const char* right : rights) all[right] = RowScope::Nothing();
    caller.rights = std::make_shared<const http::RightsAndRows>(all);
    return Access::IsDemandedOf(caller);
  };
  EXPECT_TRUE(demanded(true, {}));
  EXPECT_TRUE(demanded(false, {"reports", "export"}));
  EXPECT_TRUE(demanded(false, {"hand_over"}));
  EXPECT_FALSE(demanded(false, {"reports", "record", "customers", "change", "reveal"}));
}

TEST_P(SecondFactorTest, WhatStandsInTheAuditLog) {
  const Account ana = Add("ana");
  const auto codes = SetUp2(ana);
  EXPECT_EQ(Code(Second(First(), App())), "");
  EXPECT_EQ(Code(Second(First(), codes[0])), "");
  Pass(30);
  EXPECT_EQ(Code(access_.RenewRecoveryCodes(ana.id, kPassword, App(), "")), "");
  Pass(30);
  EXPECT_EQ(Code(access_.TurnOffSecondFactor(ana.id, kPassword, App(), "")), "");
  EXPECT_EQ(Code(access_.ChangePolicy(true, {})), "");
  EXPECT_EQ(
      Deeds(),
      (std::vector<std::string>{
          "ana second_factor.on account:ana", R"(ana session.start account:ana {"code":"app","phone":false})",
          R"(ana session.start account:ana {"code":"recovery","phone":false})", "ana second_factor.codes account:ana",
          "ana second_factor.off account:ana", R"(0 sign_in_policy.change sign_in_policy {"second_factor":true})"}));
}

TEST_P(SecondFactorTest, TheSecretIsSealedAndNeedsItsKeys) {
  const Account ana = Add("ana");
  SetUp2(ana);
  const auto sealed = database_->Read<std::string>([](db::Connection& c) -> Result<std::string> {
    db::Rows rows = c.Query("SELECT secret FROM second_factor");
    rows.Next();
    return std::string(rows.Bytes(0));
  });
  EXPECT_EQ(sealed->find(secret_), std::string::npos);
  AccessOptions options = Options();
  options.vault = nullptr;
  Access keyless(*database_, options);
  EXPECT_EQ(Code(keyless.BeginSecondFactor(ana.id, kPassword, "")), "key_file_missing");
}

INSTANTIATE_TEST_SUITE_P(On, SecondFactorTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::access
