#include "access/posts.h"

#include <algorithm>

#include "access/accounts.h"
#include "base/text.h"

namespace dealpace::access {
namespace {

using Rows = catalog::Role::Rows;

constexpr std::string_view kPostColumns =
    "SELECT post_id, account_id, role, region_id, dealer_id, team_id, staff_id, from_day, until_day FROM account_post ";

Post ReadPost(const db::Rows& rows) {
  Post post;
  post.id = rows.Int(0);
  post.account = AccountId(rows.Int(1));
  post.role = rows.Text(2);
  post.place = {RegionId(rows.Int(3)), DealerId(rows.Int(4)), TeamId(rows.Int(5)), StaffId(rows.Int(6))};
  post.from = {static_cast<int32_t>(rows.Int(7))};
  if (!rows.IsNull(8)) post.until = Day{static_cast<int32_t>(rows.Int(8))};
  return post;
}

template <typename IdType>
std::optional<int64_t> OrNull(IdType id) {
  return id.set() ? std::optional(id.value) : std::nullopt;
}

Status CheckPlace(const catalog::Role& role, const PostPlace& place) {
  const bool dealer = place.dealer.set();
  const bool fits =
      (role.rows == Rows::kOwn && dealer && place.staff.set() && !place.team.set() && !place.region.set()) ||
      (role.rows == Rows::kTeam && dealer && place.team.set() && !place.region.set()) ||
      (role.rows == Rows::kDealer && dealer && !place.team.set() && !place.region.set()) ||
      (role.rows == Rows::kNetwork && !dealer && !place.team.set() && !place.staff.set());
  if (fits) return {};
  constexpr std::string_view kNeeds[] = {"dealer, staff", "dealer, team, (staff)", "dealer, (staff)", "(region)"};
  return Error("post_place_bad").With("role", role.id).With("needs", kNeeds[static_cast<size_t>(role.rows)]);
}

// Locks the account, so that what hangs on it is not added to one that goes at the same time.
Status Touch(db::Connection& connection, AccountId account) {
  if (connection.Execute("UPDATE account SET version = version + 1 WHERE account_id = ?1", account) == 0) {
    return Error("account_unknown");
  }
  return {};
}

}  // namespace

std::vector<Post> ListPosts(db::Connection& connection, AccountId account) {
  std::vector<Post> posts;
  db::Rows rows =
      connection.Query(std::string(kPostColumns) + "WHERE account_id = ?1 ORDER BY from_day, post_id", account);
  while (rows.Next()) posts.push_back(ReadPost(rows));
  return posts;
}

std::vector<StandIn> ListStandIns(db::Connection& connection, AccountId account) {
  std::vector<StandIn> all;
  db::Rows rows = connection.Query(
      "SELECT stand_in_id, account_id, stands_in_for, from_day, until_day FROM account_stand_in WHERE account_id = ?1 "
      "ORDER BY from_day, stand_in_id",
      account);
  while (rows.Next()) {
    all.push_back({rows.Int(0),
                   AccountId(rows.Int(1)),
                   AccountId(rows.Int(2)),
                   {static_cast<int32_t>(rows.Int(3))},
                   {static_cast<int32_t>(rows.Int(4))}});
  }
  return all;
}

Status CheckPost(const catalog::Catalog& catalog, const Post& post) {
  const catalog::Role* role = catalog.FindRole(post.role);
  if (role == nullptr) {
    std::vector<std::string> known;
    for (const catalog::Role& each : catalog.roles()) known.push_back(each.id);
    return Error("post_role_unknown").With("role", post.role).With("known", Join(known, ", "));
  }
  RETURN_IF_ERROR(CheckPlace(*role, post.place));
  if (post.until && *post.until < post.from) return Error("post_days_bad");
  return {};
}

Result<Post> AddPost(db::Connection& connection, const catalog::Catalog& catalog, const Post& post, Instant now) {
  RETURN_IF_ERROR(CheckPost(catalog, post));
  RETURN_IF_ERROR(Touch(connection, post.account));
  Post added = post;
  added.id = NewId();
  connection.Execute(
      "INSERT INTO account_post (post_id, account_id, role, region_id, dealer_id, team_id, staff_id, from_day, "
      "until_day, "
      "created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
      added.id, post.account, post.role, OrNull(post.place.region), OrNull(post.place.dealer), OrNull(post.place.team),
      OrNull(post.place.staff), post.from.value, post.until ? std::optional<int64_t>(post.until->value) : std::nullopt,
      now.ms);
  return added;
}

Status EndPost(db::Connection& connection, AccountId account, int64_t post, Day until) {
  RETURN_IF_ERROR(Touch(connection, account));
  db::Rows rows =
      connection.Query("SELECT from_day FROM account_post WHERE account_id = ?1 AND post_id = ?2", account, post);
  if (!rows.Next()) return Error("post_unknown");
  if (until.value < rows.Int(0)) {
    connection.Execute("DELETE FROM account_post WHERE account_id = ?1 AND post_id = ?2", account, post);
  } else {
    connection.Execute("UPDATE account_post SET until_day = ?3 WHERE account_id = ?1 AND post_id = ?2", account, post,
                       until.value);
  }
  return {};
}

Result<StandIn> AddStandIn(db::Connection& connection, const StandIn& stand_in, Instant now) {
  if (stand_in.account == stand_in.stands_in_for || stand_in.until < stand_in.from) return Error("stand_in_bad");
  RETURN_IF_ERROR(Touch(connection, stand_in.account));
  RETURN_IF_ERROR(Touch(connection, stand_in.stands_in_for));
  StandIn added = stand_in;
  added.id = NewId();
  connection.Execute(
      "INSERT INTO account_stand_in (stand_in_id, account_id, stands_in_for, from_day, until_day, created_at) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      added.id, stand_in.account, stand_in.stands_in_for, stand_in.from.value, stand_in.until.value, now.ms);
  return added;
}

Status RemoveStandIn(db::Connection& connection, AccountId account, int64_t stand_in) {
  RETURN_IF_ERROR(Touch(connection, account));
  const int64_t gone =
      connection.Execute("DELETE FROM account_stand_in WHERE account_id = ?1 AND stand_in_id = ?2", account, stand_in);
  if (gone == 0) return Error("stand_in_unknown");
  return {};
}

std::vector<Post> PostsOn(db::Connection& connection, AccountId account, Day day) {
  std::vector<Post> posts;
  db::Rows rows = connection.Query(
      std::string(kPostColumns) +
          "WHERE from_day <= ?2 AND (until_day IS NULL OR until_day >= ?2) AND (account_id = ?1 OR account_id IN ("
          "SELECT s.stands_in_for FROM account_stand_in s JOIN account a ON a.account_id = s.stands_in_for "
          "WHERE s.account_id = ?1 AND s.from_day <= ?2 AND s.until_day >= ?2 AND a.disabled_at IS NULL)) "
          "ORDER BY post_id",
      account, day.value);
  while (rows.Next()) posts.push_back(ReadPost(rows));
  return posts;
}

Result<std::shared_ptr<const http::RightsAndRows>> RightsOf(const std::vector<Post>& posts,
                                                            const catalog::Catalog& catalog,
                                                            const PlaceKnowledge& knowledge, Day day) {
  std::map<std::string, RowScope, std::less<>> joined;
  for (const Post& post : posts) {
    const catalog::Role* role = catalog.FindRole(post.role);
    if (role == nullptr) continue;
    RowScope rows;
    const PostPlace& place = post.place;
    switch (role->rows) {
      case Rows::kOwn: rows.parts.push_back({place.dealer, false, {}, {place.staff}}); break;
      case Rows::kTeam: rows.parts.push_back({place.dealer, false, {place.team}, {}}); break;
      case Rows::kDealer: rows.parts.push_back({place.dealer, true, {}, {}}); break;
      case Rows::kNetwork:
        rows.network = !place.region.set();
        if (place.region.set()) {
          ASSIGN_OR_RETURN(std::vector<DealerId> dealers, knowledge.dealers_of(place.region, day));
          std::sort(dealers.begin(), dealers.end());
          for (const DealerId dealer : dealers) rows.parts.push_back({dealer, true, {}, {}});
        }
        break;
    }
    for (const std::string& right : role->may) joined[right].Join(rows);
  }
  auto rights = std::make_shared<http::RightsAndRows>();
  for (auto& [right, rows] : joined) {
    (*rights)[right] = rows.network ? RowScope::Everything() : std::make_shared<const RowScope>(std::move(rows));
  }
  return std::shared_ptr<const http::RightsAndRows>(std::move(rights));
}

const std::shared_ptr<const http::RightsAndRows>& AllRights() {
  static const std::shared_ptr<const http::RightsAndRows> all = [] {
    auto rights = std::make_shared<http::RightsAndRows>();
    for (const std::string_view right : catalog::Rights()) rights->emplace(right, RowScope::Everything());
    return rights;
  }();
  return all;
}

}  // namespace dealpace::access
