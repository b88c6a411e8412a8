#include "analysis/views.h"

#include <gtest/gtest.h>

#include "db/testing.h"

namespace dealpace::analysis {
namespace {

constexpr Instant kNow{1'790'000'000'000};

class ViewsTest : public testing::TestWithParam<db::Kind> {
 protected:
  ViewsTest() : database_(GetParam()) {
    const Status made = database_->Write<void>([](db::Connection& c) -> Status {
      for (const auto& [id, name] : {std::pair{1, "Ana"}, std::pair{2, "Ben"}}) {
        c.Execute(
            "INSERT INTO account (account_id, login, name, role, password_hash, must_change_password, created_at, "
            "version) VALUES (?1, ?2, ?2, 'member', 'x', 0, 0, 1)",
            id, name);
      }
      return {};
    });
    EXPECT_TRUE(made.ok());
  }

  View Add(AccountId owner, const ViewInput& input) {
    const auto view = AddView(*database_, owner, input, kNow);
    EXPECT_TRUE(view.ok());
    return *view;
  }
  std::vector<std::string> NamesFor(AccountId asker) {
    const auto views = ListViews(*database_, asker);
    EXPECT_TRUE(views.ok());
    std::vector<std::string> names;
    for (const View& view : *views) names.push_back(view.name);
    return names;
  }

  db::TestDatabase database_;
  AccountId ana_{1};
  AccountId ben_{2};
};

TEST_P(ViewsTest, OwnAndSharedViewsAreListedOwnFirst) {
  Add(ana_, {"zeta", "explore", R"({"by":"staff"})", false, false});
  Add(ana_, {"alpha", "explore", "{}", true, false});
  Add(ben_, {"beta", "dashboard", "{}", false, false});
  EXPECT_EQ(NamesFor(ana_), (std::vector<std::string>{"alpha", "zeta"}));
  EXPECT_EQ(NamesFor(ben_), (std::vector<std::string>{"beta", "alpha"}));
  const auto seen = ListViews(*database_, ben_);
  const std::string json = ViewJson((*seen)[1], ben_);
  EXPECT_NE(json.find(R"("own":false,"owner":"Ana")"), std::string::npos) << json;
}

TEST_P(ViewsTest, ThereIsOneDefaultForEachPageAndPerson) {
  const View first = Add(ana_, {"first", "explore", "{}", true, true});
  const View other = Add(ana_, {"other", "dashboard", "{}", false, true});
  const View bens = Add(ben_, {"bens", "explore", "{}", false, true});
  const View second = Add(ana_, {"second", "explore", "{}", false, true});
  const auto views = *ListViews(*database_, ana_);
  for (const View& view : views) EXPECT_EQ(view.is_default, view.id == other.id || view.id == second.id) << view.name;
  EXPECT_TRUE((*ListViews(*database_, ben_))[0].is_default);
  EXPECT_EQ((*ListViews(*database_, ben_))[0].id, bens.id);
  // What was the default has changed, so an older reading of it is stale.
  EXPECT_EQ(ChangeView(*database_, ana_, first.id, first.version, first, kNow).error().code, "view_changed");
}

TEST_P(ViewsTest, OnlyTheOwnerChangesAndOnlyWhatHeHasRead) {
  const View shared = Add(ana_, {"shared", "explore", "{}", true, false});
  const View hidden = Add(ana_, {"hidden", "explore", "{}", false, false});
  ViewInput input = shared;
  input.name = "renamed";
  EXPECT_EQ(ChangeView(*database_, ben_, shared.id, 1, input, kNow).error().code, "view_not_yours");
  EXPECT_EQ(ChangeView(*database_, ben_, shared.id, 1, input, kNow).error().Arg("owner"), "Ana");
  EXPECT_EQ(ChangeView(*database_, ben_, hidden.id, 1, input, kNow).error().code, "not_found");
  EXPECT_EQ(RemoveView(*database_, ben_, shared.id, 1).error().code, "view_not_yours");
  EXPECT_EQ(RemoveView(*database_, ben_, 4711, 1).error().code, "not_found");

  const auto changed = ChangeView(*database_, ana_, shared.id, 1, input, kNow);
  ASSERT_TRUE(changed.ok());
  EXPECT_EQ(changed->name, "renamed");
  EXPECT_EQ(changed->version, 2);
  const auto stale = ChangeView(*database_, ana_, shared.id, 1, input, kNow);
  ASSERT_FALSE(stale.ok());
  EXPECT_EQ(stale.error().code, "view_changed");
  EXPECT_EQ(stale.error().Arg("version"), "2");
  EXPECT_EQ(RemoveView(*database_, ana_, shared.id, 1).error().code, "view_changed");
  EXPECT_TRUE(RemoveView(*database_, ana_, shared.id, 2).ok());
  EXPECT_EQ(NamesFor(ana_), std::vector<std::string>{"hidden"});
}

TEST_P(ViewsTest, ThereIsAnEndToKeeping) {
  for (int64_t i = 0; i < kViewsMax; ++i) Add(ana_, {"v" + std::to_string(i), "explore", "{}", false, false});
  EXPECT_EQ(AddView(*database_, ana_, {"more", "explore", "{}", false, false}, kNow).error().code, "views_too_many");
  EXPECT_TRUE(AddView(*database_, ben_, {"more", "explore", "{}", false, false}, kNow).ok());
}

TEST(ViewInputTest, SlipsAreNamed) {
  struct Case {
    std::string json;
    std::string code;
  };
  std::string long_name;
  for (int i = 0; i < 121; ++i) long_name += "长";
  for (const Case& c :
       {Case{R"({"page":"explore","state":{}})", "field_missing"},
        {R"({"name":"  ","page":"explore","state":{}})", "view_name_missing"},
        {R"({"name":")" + long_name + R"(","page":"explore","state":{}})", "field_too_long"},
        {R"({"name":"n","page":"target","state":{}})", "field_choice"},
        {R"({"name":"n","page":"explore"})", "field_missing"},
        {R"({"name":"n","page":"explore","state":[]})", "field_type"},
        {R"({"name":"n","page":"explore","state":{"x":")" + std::string(17'000, 'x') + R"("}})", "field_too_long"},
        {R"({"name":"n","page":"explore","state":{"x":"\u0000"}})", "field_has_nul"},
        {R"({"name":"n","page":"explore","state":{},"shraed":true})", "field_unknown"}}) {
    auto body = http::JsonBody::Parse(c.json);
    ASSERT_TRUE(body.ok());
    const auto input = ReadViewInput(*std::move(body));
    ASSERT_FALSE(input.ok()) << c.json.substr(0, 80);
    EXPECT_EQ(input.error().code, c.code) << c.json.substr(0, 80);
  }
}

INSTANTIATE_TEST_SUITE_P(On, ViewsTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::analysis
