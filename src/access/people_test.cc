#include "access/people.h"

#include <gtest/gtest.h>

#include "access/testing.h"
#include "catalog/embedded.h"

namespace dealpace::access {
namespace {

class PeopleTest : public AccessTest {
 protected:
  static constexpr DealerId kShop{7};

  PeopleTest() : people_(*database_, WithCatalog()) {}

  AccessOptions WithCatalog() {
    AccessOptions options = Options();
    options.catalog = catalog::Load(catalog::EmbeddedFiles()).catalog;
    options.places.check = [](const PostPlace& place) -> Status {
      if (place.dealer.set() && place.dealer != kShop) return Error("place_unknown").With("what", "dealer");
      return {};
    };
    options.places.dealers_of = [](RegionId, Day) -> Result<std::vector<DealerId>> { return std::vector<DealerId>(); };
    return options;
  }
  static PersonRow Row(int64_t number, const std::string& login, const std::string& name = "",
                       const std::string& post = "", int from = 20'000) {
    PersonRow row{number, login, name, std::nullopt, std::nullopt, {}};
    if (!post.empty()) {
      row.post.emplace();
      row.post->role = post;
      row.post->from = {from};
      if (post != "NW") row.post->place.dealer = kShop;
      if (post == "SC") row.post->place.staff = StaffId(11);
    }
    return row;
  }
  PeopleDone Import(const std::vector<PersonRow>& rows, bool dry_run = false, bool good_rows = false) {
    auto done = people_.ImportPeople(rows, dry_run, good_rows);
    EXPECT_EQ(Code(done), "");
    return done.ok() ? *std::move(done) : PeopleDone();
  }
  // "ana +account +post; bob -login_bad".
  static std::string Told(const PeopleDone& done) {
    std::string text;
    for (const PersonDone& row : done.rows) {
      if (!text.empty()) text += "; ";
      text += row.login;
      if (row.added) text += " +account";
      if (row.renamed) text += " +name";
      if (row.posted) text += " +post";
      for (const Error& problem : row.problems) text += " -" + problem.code;
    }
    return text;
  }

  Access people_;
};

TEST_P(PeopleTest, MakesAccountsAndGivesPosts) {
  const std::vector<PersonRow> rows = {Row(2, "Ana", "Ana Li", "SC"), Row(3, "bob", "Bob", "SM"), Row(4, "cai")};
  EXPECT_EQ(Told(Import(rows, true)), "ana +account +post; bob +account +post; cai +account");
  EXPECT_EQ(Count("account"), 0) << "a dry run";

  const PeopleDone done = Import(rows);
  EXPECT_TRUE(done.done);
  EXPECT_EQ(Told(done), "ana +account +post; bob +account +post; cai +account");
  ASSERT_EQ(done.fresh.size(), 3U);
  EXPECT_EQ(done.fresh[0].account.name, "Ana Li");
  EXPECT_EQ(done.fresh[2].account.name, "cai");
  EXPECT_NE(done.fresh[0].password, done.fresh[1].password);
  const auto in = SignIn("ana", done.fresh[0].password);
  ASSERT_EQ(Code(in), "");
  EXPECT_TRUE(in->account.must_change_password);
  const auto posts = people_.ListPosts(done.fresh[0].account.id);
  ASSERT_EQ(posts->size(), 1U);
  EXPECT_EQ((*posts)[0].role, "SC");
  EXPECT_EQ((*posts)[0].place.staff, StaffId(11));
}

TEST_P(PeopleTest, TheSameListAgainChangesNothing) {
  std::vector<PersonRow> rows = {Row(2, "ana", "Ana Li", "SC"), Row(3, "ana", "Ana Li", "SM"), Row(4, "cai", "蔡")};
  Import(rows);
  const int64_t deeds = Count("audit_record");
  PeopleDone again = Import(rows);
  EXPECT_EQ(Told(again), "ana; ana; cai");
  EXPECT_TRUE(again.fresh.empty());
  EXPECT_EQ(Count("account"), 2);
  EXPECT_EQ(Count("account_post"), 2);
  EXPECT_EQ(Count("audit_record"), deeds + 1) << "that it was imported, and nothing else";
  // Where no day is written a post begins today, so the same list has another day tomorrow.
  for (PersonRow& row : rows) {
    if (row.post) row.post->from = {20'005};
  }
  EXPECT_EQ(Told(Import(rows)), "ana; ana; cai");
  // A post that has ended is given anew.
  const AccountId ana = people_.FindLogin("ana")->id;
  const auto posts = people_.ListPosts(ana);
  ASSERT_EQ(Code(people_.EndPost(ana, (*posts)[0].id, {20'003})), "");
  EXPECT_EQ(Told(Import(rows)).find("+post") == std::string::npos, false);
}

TEST_P(PeopleTest, OneRefusedRowStopsAllUnlessTheGoodOnesAreWanted) {
  const std::vector<PersonRow> rows = {Row(2, "ana", "Ana", "SC"), Row(3, "a b", "", "SM"), Row(4, "cai", "", "boss")};
  const PeopleDone stopped = Import(rows);
  EXPECT_FALSE(stopped.done);
  EXPECT_EQ(stopped.refused, 2);
  EXPECT_EQ(Told(stopped), "ana +account +post; a b -login_bad; cai -post_role_unknown");
  EXPECT_EQ(Count("account"), 0);
  EXPECT_TRUE(stopped.fresh.empty());
  const PeopleDone taken = Import(rows, false, true);
  EXPECT_TRUE(taken.done);
  EXPECT_EQ(taken.fresh.size(), 1U);
  EXPECT_EQ(Count("account"), 1);
}

TEST_P(PeopleTest, WhatARowMayNotSay) {
  Add("bob", Role::kAdmin);
  const Account eve = Add("eve");
  ASSERT_EQ(Code(people_.ChangeAccount(eve.id, {}, {.disabled = true})), "");
  const auto code = [&](PersonRow row) { return Told(Import({std::move(row)}, true)); };
  PersonRow row = Row(2, "ana", "", "SM");
  row.post->place.dealer = DealerId(8);
  EXPECT_EQ(code(row), "ana -place_unknown");
  row = Row(2, "ana", "", "SC");
  row.post->place.staff = {};
  EXPECT_EQ(code(row), "ana -post_place_bad");
  EXPECT_EQ(code(Row(2, "ana", std::string(81, 'x'))), "ana -account_name_bad");
  EXPECT_EQ(code(Row(2, "eve")), "eve -people_disabled");
  row = Row(2, "bob");
  row.role = Role::kMember;
  EXPECT_EQ(code(row), "bob -people_role_differs");
  row.role = Role::kAdmin;
  EXPECT_EQ(code(row), "bob");
  row = Row(2, "ana");
  row.problems.emplace_back("field_day_bad");
  EXPECT_EQ(code(row), "ana -field_day_bad");
  EXPECT_EQ(Told(Import({Row(2, "ana", "Ana"), Row(3, "ANA", "Anna")}, true)), "ana +account; ana -people_says_two");
  PersonRow admin = Row(2, "ana");
  admin.role = Role::kAdmin;
  PersonRow member = Row(3, "ana");
  member.role = Role::kMember;
  EXPECT_EQ(Told(Import({admin, member}, true)), "ana +account; ana -people_says_two");
}

TEST_P(PeopleTest, NamesArePutRight) {
  const Account ana = Add("ana");
  EXPECT_EQ(Told(Import({Row(2, "ana", "Ana Li"), Row(3, "ana", "Ana Li", "NW")})), "ana +name; ana +post");
  EXPECT_EQ(people_.GetAccount(ana.id)->name, "Ana Li");
  EXPECT_EQ(Told(Import({Row(2, "ana")})), "ana") << "no name said, none changed";
  EXPECT_EQ(Code(SignIn("ana")), "") << "with the password that it has";
}

TEST_P(PeopleTest, EveryChangeStandsInTheAuditLog) {
  const Account bob = Add("bob", Role::kAdmin);
  ASSERT_EQ(Code(people_.ImportPeople({Row(2, "ana", "Ana", "NW"), Row(3, "bob", "Bob")}, false, false, bob.id)), "");
  const auto deeds = Deeds();
  ASSERT_EQ(deeds.size(), 4U);
  EXPECT_EQ(deeds[0], R"(bob account.add account:ana {"role":"member"})");
  EXPECT_TRUE(deeds[1].starts_with("bob post.add account:ana")) << deeds[1];
  EXPECT_EQ(deeds[2], R"(bob account.change account:bob {"name":true})");
  EXPECT_EQ(deeds[3], R"(bob account.import accounts {"accounts":1,"posts":1,"refused":0})");
}

INSTANTIATE_TEST_SUITE_P(On, PeopleTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::access
