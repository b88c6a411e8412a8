#include "access/accounts.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "access/testing.h"

namespace dealpace::access {
namespace {

TEST(NormalizeLogin, IsTheSameHoweverItIsTyped) {
  EXPECT_EQ(*NormalizeLogin("Ana.Li"), "ana.li");
  EXPECT_EQ(*NormalizeLogin(" ana \t"), "ana");
  EXPECT_EQ(*NormalizeLogin("　ＡＮＡ０１　"), "ana01");  // full width, ideographic spaces
  EXPECT_EQ(*NormalizeLogin("ANDRÉ"), "andré");
  EXPECT_EQ(*NormalizeLogin("andre\u0301"), "andré");  // composed
  EXPECT_EQ(*NormalizeLogin("Straße"), "strasse");
  EXPECT_EQ(*NormalizeLogin("ΣΊΣΥΦΟΣ"), *NormalizeLogin("σίσυφος"));
  EXPECT_EQ(*NormalizeLogin("an\u200Ba"), "ana");  // zero-width space
  EXPECT_EQ(*NormalizeLogin("王小明"), "王小明");
  EXPECT_EQ(*NormalizeLogin("ana@shop-1.example+x_y"), "ana@shop-1.example+x_y");
}

TEST(NormalizeLogin, RefusesWhatIsNone) {
  for (const std::string& bad :
       {std::string(), std::string("  "), std::string("a b"), std::string("-ana"), std::string("@"), std::string("a/b"),
        std::string("a\nb"), std::string("a\0b", 3), std::string("a\xFF"), std::string("👍"), std::string("<ana>"),
        std::string("\u200B"), std::string(65, 'a'), std::string(200'000, 'a')}) {
    EXPECT_EQ(Code(NormalizeLogin(bad)), "login_bad") << bad.substr(0, 100);
  }
  EXPECT_TRUE(NormalizeLogin(std::string(64, 'a')).ok());
}

TEST(CheckName, TakesNamesOfPeople) {
  EXPECT_EQ(*CheckName("  王小明 (南店) "), "王小明 (南店)");
  EXPECT_EQ(*CheckName(""), "");
  EXPECT_EQ(Code(CheckName("a\nb")), "account_name_bad");
  EXPECT_EQ(Code(CheckName("a\xFF")), "account_name_bad");
  EXPECT_EQ(Code(CheckName(std::string(81, 'a'))), "account_name_bad");
}

class AccountsTest : public AccessTest {};

TEST_P(AccountsTest, AreListedByLogin) {
  Add("mei");
  Add("Ana", Role::kAdmin);
  Add("王小明");
  const auto accounts = access_.ListAccounts();
  ASSERT_TRUE(accounts.ok());
  ASSERT_EQ(accounts->size(), 3U);
  EXPECT_EQ((*accounts)[0].login, "ana");
  EXPECT_EQ((*accounts)[0].name, "ana");
  EXPECT_EQ((*accounts)[0].role, Role::kAdmin);
  EXPECT_EQ((*accounts)[1].login, "mei");
  EXPECT_EQ((*accounts)[1].role, Role::kMember);
  EXPECT_EQ((*accounts)[2].login, "王小明");
}

TEST_P(AccountsTest, ALoginIsTakenInEverySpelling) {
  Add("ana");
  EXPECT_EQ(Code(access_.AddAccount("ＡＮＡ", "", Role::kMember)), "login_taken");
  EXPECT_EQ(access_.FindLogin("Ana ")->login, "ana");
  EXPECT_EQ(Code(access_.FindLogin("bob")), "login_unknown");
}

TEST_P(AccountsTest, AChangeNamesTheVersionItChanges) {
  const Account ana = Add("ana");
  const auto renamed = access_.ChangeAccount(ana.id, ana.version, {.name = " Ana Li "});
  ASSERT_TRUE(renamed.ok());
  EXPECT_EQ(renamed->name, "Ana Li");
  EXPECT_EQ(renamed->version, ana.version + 1);
  EXPECT_EQ(Code(access_.ChangeAccount(ana.id, ana.version, {.name = "Bo"})), "version_stale");
  EXPECT_EQ(access_.GetAccount(ana.id)->name, "Ana Li");
  EXPECT_EQ(access_.ChangeAccount(ana.id, std::nullopt, {.name = ""})->name, "ana");
  EXPECT_EQ(Code(access_.ChangeAccount(AccountId(17), 1, {.name = "Bo"})), "account_unknown");
}

TEST_P(AccountsTest, DisablingEndsSessionsAndTokensForGood) {
  const Account ana = Add("ana");
  const auto session = SignIn("ana");
  const auto token = access_.AddToken(ana.id, {"till", {"read"}, {}});
  ASSERT_TRUE(access_.IdentifySession(session->token)->has_value());
  ASSERT_TRUE(access_.IdentifyToken(token->secret)->has_value());
  EXPECT_TRUE(access_.ChangeAccount(ana.id, {}, {.disabled = true})->disabled);
  EXPECT_FALSE(access_.IdentifySession(session->token)->has_value());
  EXPECT_FALSE(access_.IdentifyToken(token->secret)->has_value());
  EXPECT_EQ(Code(SignIn("ana")), "account_disabled");
  EXPECT_EQ(Code(SignIn("ana", "not the password")), "sign_in_wrong") << "a guess does not learn that it is disabled";
  EXPECT_EQ(Code(access_.AddToken(ana.id, {"till", {}, {}})), "account_disabled");

  EXPECT_FALSE(access_.ChangeAccount(ana.id, {}, {.disabled = false})->disabled);
  EXPECT_FALSE(access_.IdentifySession(session->token)->has_value());
  EXPECT_FALSE(access_.IdentifyToken(token->secret)->has_value());
  EXPECT_EQ(Code(SignIn("ana")), "");
}

TEST_P(AccountsTest, OneAdministratorMustStay) {
  const Account ana = Add("ana", Role::kAdmin);
  const Account bob = Add("bob", Role::kAdmin);
  Add("cai");
  EXPECT_EQ(Code(access_.ChangeAccount(ana.id, {}, {.role = Role::kMember})), "");
  EXPECT_EQ(Code(access_.ChangeAccount(bob.id, {}, {.role = Role::kMember})), "last_admin");
  EXPECT_EQ(Code(access_.ChangeAccount(bob.id, {}, {.disabled = true})), "last_admin");
  EXPECT_EQ(Code(access_.ChangeAccount(bob.id, {}, {.name = "Bob", .role = Role::kAdmin, .disabled = false})), "");
  EXPECT_EQ(Code(access_.ChangeAccount(ana.id, {}, {.role = Role::kAdmin, .disabled = true})), "");
  EXPECT_EQ(Code(access_.ChangeAccount(bob.id, {}, {.disabled = true})), "last_admin")
      << "an administrator who is disabled does not count";
}

TEST_P(AccountsTest, OneAdministratorStaysAlsoWhenTwoDisableEachOtherAtOnce) {
  const Account ana = Add("ana", Role::kAdmin);
  const Account bob = Add("bob", Role::kAdmin);
  for (int round = 0; round < 5; ++round) {
    const auto other = database_.Another();
    Access elsewhere(*other, Options());
    std::atomic<int> refused = 0;
    const auto disable = [&](Access& access, AccountId id) {
      if (Code(access.ChangeAccount(id, {}, {.disabled = true})) == "last_admin") ++refused;
    };
    std::thread here([&] { disable(access_, ana.id); });
    std::thread there([&] { disable(elsewhere, bob.id); });
    here.join();
    there.join();
    EXPECT_EQ(refused, 1);
    ASSERT_EQ(Code(access_.ChangeAccount(ana.id, {}, {.disabled = false})), "");
    ASSERT_EQ(Code(access_.ChangeAccount(bob.id, {}, {.disabled = false})), "");
  }
}

INSTANTIATE_TEST_SUITE_P(On, AccountsTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::access
