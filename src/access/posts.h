#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/days.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/row_scope.h"
#include "catalog/catalog.h"
#include "db/db.h"
#include "http/message.h"

// Which posts people hold, and what follows from them: what they may do, and on whose rows. All functions that take a
// connection work inside a transaction that the caller runs.
namespace dealpace::access {

// What a post is at. Which of them a role needs is catalog::Role::rows: kOwn a dealer and a person, kTeam a dealer and
// a team, kDealer a dealer, kNetwork nothing, or a region. The person of kTeam and kDealer may be named as well: it
// says who of the dealer's staff has the post, and gives no rows.
struct PostPlace {
  RegionId region;
  DealerId dealer;
  TeamId team;
  StaffId staff;
  bool operator==(const PostPlace&) const = default;
};

struct Post {
  int64_t id = 0;
  AccountId account;
  std::string role;  // of catalog/roles.toml
  PostPlace place;
  Day from{};
  std::optional<Day> until;  // the last day
};

struct StandIn {
  int64_t id = 0;
  AccountId account;
  AccountId stands_in_for;
  Day from{};
  Day until{};  // the last day
};

// What the organisation knows; other rooms, wired by app.
struct PlaceKnowledge {
  // Those that are in the region on that day.
  std::function<Result<std::vector<DealerId>>(RegionId, Day)> dealers_of;
  // Whether there is such a place. Fails with place_unknown ("what").
  std::function<Status(const PostPlace&)> check;
};

// An account's posts, in order of `from`, also those that are over; whom it stands in for.
[[nodiscard]] std::vector<Post> ListPosts(db::Connection& connection, AccountId account);
[[nodiscard]] std::vector<StandIn> ListStandIns(db::Connection& connection, AccountId account);

// Fails as AddPost does for what a post is by itself: post_role_unknown, post_place_bad, post_days_bad.
[[nodiscard]] Status CheckPost(const catalog::Catalog& catalog, const Post& post);
// `post` without its id; that there is such a place was checked before. Fails with post_role_unknown ("role", "known"),
// post_place_bad (what the role needs is not all there, or more than that: "role", "needs"), post_days_bad,
// account_unknown.
[[nodiscard]] Result<Post> AddPost(db::Connection& connection, const catalog::Catalog& catalog, const Post& post,
                                   Instant now);
// Sets its last day; a post that has not begun by then is removed. Fails with post_unknown, post_days_bad.
[[nodiscard]] Status EndPost(db::Connection& connection, AccountId account, int64_t post, Day until);
// Fails with stand_in_bad (for oneself, or days that are none), account_unknown.
[[nodiscard]] Result<StandIn> AddStandIn(db::Connection& connection, const StandIn& stand_in, Instant now);
[[nodiscard]] Status RemoveStandIn(db::Connection& connection, AccountId account, int64_t stand_in);

// The posts that count on that day: the account's own, and those of whom it stands in for (but not of whom they stand
// in for in turn, nor of disabled accounts).
[[nodiscard]] std::vector<Post> PostsOn(db::Connection& connection, AccountId account, Day day);
// What they give. Posts of roles that the catalogue does not have give nothing.
[[nodiscard]] Result<std::shared_ptr<const http::RightsAndRows>> RightsOf(const std::vector<Post>& posts,
                                                                          const catalog::Catalog& catalog,
                                                                          const PlaceKnowledge& knowledge, Day day);
// All rights on everything: an administrator's.
[[nodiscard]] const std::shared_ptr<const http::RightsAndRows>& AllRights();

}  // namespace dealpace::access
