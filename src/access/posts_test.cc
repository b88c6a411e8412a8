#include "access/posts.h"

#include "access/testing.h"
#include "catalog/embedded.h"

// Which posts give what, and when.
namespace dealpace::access {
namespace {

class PostsTest : public AccessTest {
 protected:
  PostsTest() {
    places_.dealers_of = [](RegionId region, Day day) -> Result<std::vector<DealerId>> {
      // Dealer 12 comes into region 1 on day 100.
      if (region != RegionId(1)) return std::vector<DealerId>();
      return day < Day{100} ? std::vector<DealerId>{DealerId(11)} : std::vector<DealerId>{DealerId(12), DealerId(11)};
    };
  }
  Result<Post> Give(const Account& account, const std::string& role, const PostPlace& place, Day from = {0},
                    std::optional<Day> until = {}) {
    return database_->Write<Post>([&](db::Connection& c) {
      return AddPost(c, *catalog_, {0, account.id, role, place, from, until}, now_);
    });
  }
  std::string RowsOn(const Account& account, Day day, std::string_view right = "reports") {
    const auto rights = database_->Read<std::shared_ptr<const http::RightsAndRows>>(
        [&](db::Connection& c) { return RightsOf(PostsOn(c, account.id, day), *catalog_, places_, day); });
    EXPECT_TRUE(rights.ok());
    const auto it = (*rights)->find(right);
    return it == (*rights)->end() ? "" : it->second->Text();
  }

  std::shared_ptr<const catalog::Catalog> catalog_ = catalog::Load(catalog::EmbeddedFiles()).catalog;
  PlaceKnowledge places_;
  const PostPlace shop_{{}, DealerId(7), {}, {}};
  const PostPlace team_{{}, DealerId(7), TeamId(70), {}};
  const PostPlace person_{{}, DealerId(7), {}, StaffId(700)};
};

TEST_P(PostsTest, GiveTheRowsOfTheirPlaces) {
  const Account ana = Add("ana");
  EXPECT_EQ(RowsOn(ana, {50}), "") << "without a post there is nothing";
  ASSERT_EQ(Code(Give(ana, "SC", person_)), "");
  EXPECT_EQ(RowsOn(ana, {50}), "7s700;");
  ASSERT_EQ(Code(Give(ana, "TL", team_)), "");
  EXPECT_EQ(RowsOn(ana, {50}), "7t70s700;") << "several posts add up";
  ASSERT_EQ(Code(Give(ana, "SM", shop_)), "");
  EXPECT_EQ(RowsOn(ana, {50}), "7*;");
  ASSERT_EQ(Code(Give(ana, "NW", {RegionId(1), {}, {}, {}})), "");
  EXPECT_EQ(RowsOn(ana, {50}), "7*;11*;");
  EXPECT_EQ(RowsOn(ana, {100}), "7*;11*;12*;") << "those that are in the region on the day";
  ASSERT_EQ(Code(Give(ana, "NW", {})), "");
  EXPECT_EQ(RowsOn(ana, {50}), "*");
}

TEST_P(PostsTest, GiveEachRightOnTheirOwnRowsOnly) {
  const Account ana = Add("ana");
  ASSERT_EQ(Code(Give(ana, "SM", shop_)), "");
  ASSERT_EQ(Code(Give(ana, "SC", {{}, DealerId(8), {}, StaffId(800)})), "");
  EXPECT_EQ(RowsOn(ana, {50}, "reports"), "7*;8s800;");
  EXPECT_EQ(RowsOn(ana, {50}, "hand_over"), "7*;") << "of the shop that she manages";
  EXPECT_EQ(RowsOn(ana, {50}, "import"), "7*;");
}

TEST_P(PostsTest, CountFromTheirFirstToTheirLastDay) {
  const Account ana = Add("ana");
  const auto post = Give(ana, "SM", shop_, {10}, Day{20});
  ASSERT_EQ(Code(post), "");
  EXPECT_EQ(RowsOn(ana, {9}), "");
  EXPECT_EQ(RowsOn(ana, {10}), "7*;");
  EXPECT_EQ(RowsOn(ana, {20}), "7*;");
  EXPECT_EQ(RowsOn(ana, {21}), "");
  const auto end = [&](int64_t id, Day until) {
    return Code(database_->Write<int>([&](db::Connection& c) -> Result<int> {
      RETURN_IF_ERROR(EndPost(c, ana.id, id, until));
      return 1;
    }));
  };
  EXPECT_EQ(end(post->id, {15}), "");
  EXPECT_EQ(RowsOn(ana, {16}), "");
  EXPECT_EQ(end(post->id, {9}), "");
  EXPECT_EQ(RowsOn(ana, {10}), "") << "it never began";
  EXPECT_EQ(end(post->id, {9}), "post_unknown");
}

TEST_P(PostsTest, WhoStandsInHasTheOthersPosts) {
  const Account ana = Add("ana");
  const Account bob = Add("bob");
  const Account eve = Add("eve");
  ASSERT_EQ(Code(Give(ana, "SM", shop_)), "");
  const auto stand_in = [&](const Account& who, const Account& whom) {
    return Code(database_->Write<StandIn>([&](db::Connection& c) {
      return AddStandIn(c, {0, who.id, whom.id, {10}, {20}}, now_);
    }));
  };
  EXPECT_EQ(stand_in(bob, ana), "");
  EXPECT_EQ(stand_in(eve, bob), "");
  EXPECT_EQ(stand_in(ana, ana), "stand_in_bad");
  EXPECT_EQ(RowsOn(bob, {9}), "");
  EXPECT_EQ(RowsOn(bob, {10}), "7*;");
  EXPECT_EQ(RowsOn(bob, {20}), "7*;");
  EXPECT_EQ(RowsOn(bob, {21}), "");
  EXPECT_EQ(RowsOn(eve, {15}), "") << "not of whom the other stands in for";
  ASSERT_EQ(Code(access_.ChangeAccount(ana.id, std::nullopt, {.disabled = true})), "");
  EXPECT_EQ(RowsOn(bob, {15}), "") << "the account is disabled";
}

TEST_P(PostsTest, NeedWhatTheirRoleNeeds) {
  const Account ana = Add("ana");
  EXPECT_EQ(Code(Give(ana, "XX", shop_)), "post_role_unknown");
  EXPECT_EQ(Code(Give(ana, "SM", {})), "post_place_bad");
  EXPECT_EQ(Code(Give(ana, "SM", team_)), "post_place_bad");
  EXPECT_EQ(Code(Give(ana, "TL", shop_)), "post_place_bad");
  EXPECT_EQ(Code(Give(ana, "SC", team_)), "post_place_bad");
  EXPECT_EQ(Code(Give(ana, "NW", shop_)), "post_place_bad");
  EXPECT_EQ(Code(Give(ana, "SM", shop_, {10}, Day{9})), "post_days_bad");
  Account stranger;
  stranger.id = AccountId(1);
  EXPECT_EQ(Code(Give(stranger, "SM", shop_)), "account_unknown");
  EXPECT_EQ(Count("account_post"), 0);
}

TEST_P(PostsTest, MaySayWhoOfTheStaffHasThemWithoutGivingHisRows) {
  const Account ana = Add("ana");
  PostPlace team = team_;
  team.staff = StaffId(800);
  PostPlace shop = shop_;
  shop.staff = StaffId(801);
  ASSERT_EQ(Code(Give(ana, "TL", team, {10}, Day{20})), "");
  ASSERT_EQ(Code(Give(ana, "SM", shop, {30})), "");
  EXPECT_EQ(RowsOn(ana, {10}).find("800"), std::string::npos) << RowsOn(ana, {10});
  EXPECT_NE(RowsOn(ana, {10}), "");
  EXPECT_EQ(RowsOn(ana, {30}), "7*;");
  const auto posts = access_.ListPosts(ana.id);
  ASSERT_EQ(posts->size(), 2U);
  EXPECT_EQ(posts->at(0).place, team);
  EXPECT_EQ(posts->at(1).place, shop);
}

TEST_P(PostsTest, EveryRoleOfTheCatalogueGivesReports) {
  for (const catalog::Role& role : catalog_->roles()) {
    EXPECT_NE(std::find(role.may.begin(), role.may.end(), "reports"), role.may.end()) << role.id;
  }
  EXPECT_EQ(catalog_->roles().size(), 22U);
}

INSTANTIATE_TEST_SUITE_P(On, PostsTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::access
