#include "facts/row_limits.h"

#include <algorithm>
#include <set>

namespace dealpace::facts {
namespace {

template <typename Ids>
std::vector<int64_t> ValuesOf(const Ids& ids) {
  std::vector<int64_t> values;
  for (const auto id : ids) values.push_back(id.value);
  return values;
}

}  // namespace

std::optional<std::vector<Limit>> LimitsOf(const RowScope& scope, const OrgView& org) {
  if (scope.network) return std::nullopt;
  std::vector<Limit> limits;
  Limit whole;
  for (const RowScope::Part& part : scope.parts) {
    if (part.whole) {
      whole.dealers.push_back(part.dealer);
      continue;
    }
    const std::vector<int64_t> teams = ValuesOf(part.teams);
    if (!teams.empty()) limits.push_back({{part.dealer}, {{Dim::kTeam, teams}}});
    if (part.staff.empty()) continue;
    Limit own{{part.dealer}, {{Dim::kStaff, ValuesOf(part.staff)}}};
    if (!teams.empty()) {
      // In none of those teams, or a row would count twice.
      Filter others{Dim::kTeam, {0}};
      if (const OrgView::Dealer* dealer = org.Find(part.dealer)) {
        for (const int64_t team : dealer->teams) {
          if (!std::binary_search(teams.begin(), teams.end(), team)) others.ids.push_back(team);
        }
      }
      own.filters.push_back(std::move(others));
    }
    limits.push_back(std::move(own));
  }
  if (!whole.dealers.empty()) limits.push_back(std::move(whole));
  return limits;
}

std::shared_ptr<const OrgView> Narrow(const OrgView& org, const RowScope& scope) {
  std::array<std::set<int64_t>, kDimCount> seen;
  const auto of = [&](Dim dim) -> std::set<int64_t>& { return seen[static_cast<size_t>(dim)]; };
  auto narrow = std::make_shared<OrgView>();
  narrow->version = org.version;
  for (const RowScope::Part& part : scope.parts) {
    const OrgView::Dealer* dealer = org.Find(part.dealer);
    if (dealer == nullptr) continue;
    of(Dim::kDealer).insert(part.dealer.value);
    for (const Membership& membership : dealer->region) of(Dim::kRegion).insert(membership.id);
    of(Dim::kActor).insert(dealer->staff.begin(), dealer->staff.end());
    OrgView::Dealer& seen_dealer = narrow->dealers[part.dealer.value];
    seen_dealer.region = dealer->region;
    for (const int64_t team : dealer->teams) {
      if (!part.whole && !std::binary_search(part.teams.begin(), part.teams.end(), TeamId(team))) continue;
      of(Dim::kTeam).insert(team);
      seen_dealer.teams.push_back(team);
    }
    for (const int64_t staff : dealer->staff) {
      const auto history = dealer->team_of_staff.find(staff);
      bool is_seen = part.whole || std::binary_search(part.staff.begin(), part.staff.end(), StaffId(staff));
      for (size_t i = 0; !is_seen && history != dealer->team_of_staff.end() && i < history->second.size(); ++i) {
        is_seen = std::binary_search(part.teams.begin(), part.teams.end(), TeamId(history->second[i].id));
      }
      if (!is_seen) continue;
      of(Dim::kStaff).insert(staff);
      seen_dealer.staff.push_back(staff);
      if (history != dealer->team_of_staff.end()) seen_dealer.team_of_staff.insert(*history);
    }
  }
  for (size_t d = 0; d < kDimCount; ++d) {
    if (d >= static_cast<size_t>(kFirstMemberDim)) {  // what is sold and why: nobody's rows
      narrow->labels[d] = org.labels[d];
      narrow->codes[d] = org.codes[d];
      continue;
    }
    for (const auto& [id, label] : org.labels[d]) {
      if (seen[d].contains(id)) narrow->labels[d].emplace(id, label);
    }
    for (const auto& [code, id] : org.codes[d]) {
      if (seen[d].contains(id)) narrow->codes[d].emplace(code, id);
    }
  }
  return narrow;
}

}  // namespace dealpace::facts
