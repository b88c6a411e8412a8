#include <gtest/gtest.h>

#include "tests/integration/cli.h"

// `dealpace user` as an administrator of the machine uses it.
namespace dealpace {
namespace {

using testing::Ran;

class UserCliTest : public testing::CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    Must("init");
  }
};

TEST_F(UserCliTest, AddsAndListsAccounts) {
  const boost::json::value added = Json("user add ＡＮＡ --name 'Ana Li' --role admin");
  EXPECT_EQ(added.at("account").at("login"), "ana");
  EXPECT_EQ(added.at("account").at("role"), "admin");
  EXPECT_EQ(added.at("password").as_string().size(), 19U);
  const Ran shown = Must("user add bob");
  EXPECT_NE(shown.out.find("Account: bob (member)\nOne-time password: "), std::string::npos) << shown.out;

  const boost::json::value listed = Json("user list");
  ASSERT_EQ(listed.at("accounts").as_array().size(), 2U);
  EXPECT_EQ(listed.at("accounts").at(0).at("name"), "Ana Li");
  EXPECT_EQ(listed.at("accounts").at(0).at("must_change_password"), true);
  EXPECT_FALSE(listed.at("accounts").at(0).as_object().contains("password"));
  const Ran table = Must("user list");
  EXPECT_NE(table.out.find("Ana Li"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("password due"), std::string::npos) << table.out;
  const Ran csv = Must("user list --format csv");
  EXPECT_TRUE(
      csv.out.starts_with("login,name,role,state,second_factor,bound_at,last_sign_in_at,sessions\r\nana,Ana Li,"))
      << csv.out;
}

TEST_F(UserCliTest, ResetsDisablesAndEnables) {
  const std::string first(Json("user add ana --role admin").at("password").as_string());
  const std::string second(Json("user reset ana").at("password").as_string());
  EXPECT_NE(first, second);
  Must("user add bob");
  EXPECT_EQ(Json("user disable bob").at("disabled"), true);
  EXPECT_EQ(Json("user enable bob").at("disabled"), false);
  const Ran last = Run("user disable ana");
  EXPECT_EQ(last.exit, 2);
  EXPECT_NE(last.err.find("“ana” is the last administrator"), std::string::npos) << last.err;
  EXPECT_EQ(Json("user sessions bob --kill").at("sessions").as_array().size(), 0U);
}

TEST_F(UserCliTest, MakesAndRevokesTokens) {
  Must("user add ana --role admin");
  const boost::json::value token = Json("user token ana --name till --scope read,write --expires 30");
  EXPECT_TRUE(token.at("secret").as_string().starts_with("dp_"));
  EXPECT_EQ(token.at("scopes"), (boost::json::array{"read", "write"}));
  EXPECT_FALSE(token.at("expires_at").is_null());
  const std::string id(token.at("id").as_string());
  Must("user token-revoke " + id);
  const boost::json::value listed = Json("user tokens ana");
  EXPECT_FALSE(listed.at("tokens").at(0).at("revoked_at").is_null());
  EXPECT_FALSE(listed.at("tokens").at(0).as_object().contains("secret"));
  EXPECT_EQ(Run("user token-revoke 17").exit, 2);
  EXPECT_EQ(Run("user token-revoke till").exit, 2);
}

TEST_F(UserCliTest, SaysAndSetsWhoNeedsASecondFactor) {
  EXPECT_EQ(Json("user policy").at("second_factor"), false);
  EXPECT_EQ(Json("user policy --second-factor on").at("second_factor"), true);
  EXPECT_EQ(Json("user policy").at("second_factor"), true);
  EXPECT_NE(Must("user policy").out.find("need a second factor"), std::string::npos);
  EXPECT_EQ(Run("user policy --second-factor maybe").exit, 2);
  EXPECT_NE(Must("audit list").out.find("sign_in_policy.change"), std::string::npos);
  Must("user add ana");
  EXPECT_EQ(Json("user list").at("accounts").at(0).at("second_factor"), false);
  const Ran none = Run("user second-factor-reset ana");
  EXPECT_EQ(none.exit, 2);
  EXPECT_NE(none.err.find("no second factor"), std::string::npos) << none.err;
}

TEST_F(UserCliTest, ImportsAListOfPeople) {
  Must("demo --dealers 1 --months 1");
  const boost::json::value staff = Json("kpi lead_cnt --by dealer,staff");
  const std::string dealer(staff.at("rows").at(0).at("dealer").as_string());
  const std::string person(staff.at("rows").at(0).at("staff").as_string());
  const std::string list =
      Write("people.csv", "名单,,,,,\r\n登录名,姓名,岗位,经销商,人员,邮箱\r\nzhang.san,张三,销售顾问," + dealer + "," +
                              person + ",z@x.cn\r\nli.si,李四,sm," + dealer + ",,\r\n,,,,,\r\n");
  const boost::json::value tried = Json("user import " + list + " --dry-run");
  EXPECT_EQ(
      tried.at("counts"),
      (boost::json::object{{"rows", 2}, {"added", 2}, {"renamed", 0}, {"posted", 2}, {"same", 0}, {"refused", 0}}))
      << tried;
  EXPECT_EQ(tried.at("file").at("header_row"), 2);
  EXPECT_TRUE(tried.at("columns").at(5).at("field").is_null()) << "nobody asks for mail addresses";
  EXPECT_TRUE(tried.at("passwords").as_array().empty());
  EXPECT_EQ(Json("user list").at("accounts").as_array().size(), 0U);

  const std::string passwords = Path("passwords.csv").string();
  const Ran done = Must("user import " + list + " --passwords " + passwords);
  EXPECT_NE(done.out.find("new account, given the post"), std::string::npos) << done.out;
  EXPECT_EQ(done.out.find("One-time"), std::string::npos) << done.out;
  const std::string written = testing::ReadFile(passwords);
  EXPECT_TRUE(written.starts_with("\xEF\xBB\xBFlogin,name,password\r\nzhang.san,张三,")) << written;
  EXPECT_EQ(std::filesystem::status(passwords).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(Json("user posts zhang.san").at("posts").at(0).at("role"), "SC");
  EXPECT_EQ(Run("user import " + list + " --passwords " + passwords).exit, 2) << "nothing is written over";
  const boost::json::value again = Json("user import " + list);
  EXPECT_EQ(again.at("counts").at("same"), 2) << again;
  EXPECT_TRUE(again.at("passwords").as_array().empty());

  const std::string bad = Write("bad.csv", "login,post,dealer,from\nwang.wu,SM,Nowhere,\nzhao.liu,SM," + dealer +
                                               ",2026-02-30\n,SM,,\nsun.qi,,\n");
  const Ran stopped = Run("user import " + bad);
  EXPECT_EQ(stopped.exit, 1);
  EXPECT_NE(stopped.out.find("Row 2: There is no dealer “Nowhere”."), std::string::npos) << stopped.out;
  EXPECT_NE(stopped.out.find("Row 3: “2026-02-30” in the field “from” is no day."), std::string::npos) << stopped.out;
  EXPECT_NE(stopped.out.find("Row 4: The row names no login."), std::string::npos) << stopped.out;
  EXPECT_NE(stopped.err.find("3 rows cannot be taken, so nothing was done."), std::string::npos) << stopped.err;
  EXPECT_EQ(Json("user list").at("accounts").as_array().size(), 2U);
  const Ran good = Run("user import " + bad + " --good-rows --format csv");
  EXPECT_EQ(good.exit, 1) << "some rows were refused";
  EXPECT_TRUE(good.out.starts_with("\xEF\xBB\xBFlogin,name,password\r\nsun.qi,sun.qi,")) << good.out;
  EXPECT_EQ(Json("user list").at("accounts").as_array().size(), 3U);

  EXPECT_EQ(Run("user import " + Write("none.csv", "a,b\n1,2\n")).exit, 2);
  EXPECT_EQ(Run("user import " + Write("empty.csv", "login\n")).exit, 2);
  EXPECT_EQ(Run("user import " + Path("missing.csv").string()).exit, 2);
}

TEST_F(UserCliTest, RefusesWhatCannotBe) {
  Must("user add ana");
  const auto code = [&](const std::string& arguments) {
    const Ran ran = Run(arguments + " --format json");
    EXPECT_EQ(ran.exit, 2) << arguments;
    return std::string(boost::json::parse(ran.err).at("error").at("code").as_string());
  };
  EXPECT_EQ(code("user add Ana"), "login_taken");
  EXPECT_EQ(code("user add 'a b'"), "login_bad");
  EXPECT_EQ(code("user reset nobody"), "login_unknown");
  EXPECT_EQ(code("user token ana --name x --scope admin"), "token_scope_too_wide");
  EXPECT_EQ(code("user token ana --name x --scope all"), "scope_unknown");
  EXPECT_EQ(code("user token ana --name x --expires 0"), "token_days_bad");
  for (const char* usage : {"user", "user add", "user add x --role boss", "user token ana", "user frobnicate"}) {
    EXPECT_EQ(Run(usage).exit, 2) << usage;
  }
  EXPECT_EQ(Run("user --help").exit, 0);
  EXPECT_EQ(Run("user token --help").exit, 0);
}

}  // namespace
}  // namespace dealpace
