#include "base/row_scope.h"

#include <algorithm>

namespace dealpace {
namespace {

template <typename T>
void JoinSorted(std::vector<T>& into, const std::vector<T>& more) {
  into.insert(into.end(), more.begin(), more.end());
  std::sort(into.begin(), into.end());
  into.erase(std::unique(into.begin(), into.end()), into.end());
}

}  // namespace

const std::shared_ptr<const RowScope>& RowScope::Everything() {
  static const auto everything = std::make_shared<const RowScope>(RowScope{true, {}});
  return everything;
}

const std::shared_ptr<const RowScope>& RowScope::Nothing() {
  static const auto nothing = std::make_shared<const RowScope>();
  return nothing;
}

const RowScope::Part* RowScope::Find(DealerId dealer) const {
  const auto it = std::lower_bound(parts.begin(), parts.end(), dealer,
                                   [](const Part& part, DealerId id) { return part.dealer < id; });
  return it == parts.end() || it->dealer != dealer ? nullptr : &*it;
}

bool RowScope::SeesAllOf(DealerId dealer) const {
  const Part* part = Find(dealer);
  return network || (part != nullptr && part->whole);
}

void RowScope::Join(const RowScope& other) {
  network = network || other.network;
  if (network) {
    parts.clear();
    return;
  }
  for (const Part& theirs : other.parts) {
    const auto it = std::lower_bound(parts.begin(), parts.end(), theirs.dealer,
                                     [](const Part& part, DealerId id) { return part.dealer < id; });
    if (it == parts.end() || it->dealer != theirs.dealer) {
      parts.insert(it, theirs);
      continue;
    }
    it->whole = it->whole || theirs.whole;
    JoinSorted(it->teams, theirs.teams);
    JoinSorted(it->staff, theirs.staff);
    if (it->whole) {
      it->teams.clear();
      it->staff.clear();
    }
  }
}

std::string RowScope::Text() const {
  if (network) return "*";
  std::string text;
  for (const Part& part : parts) {
    text += std::to_string(part.dealer.value) + (part.whole ? "*" : "");
    for (const TeamId team : part.teams) text += 't' + std::to_string(team.value);
    for (const StaffId staff : part.staff) text += 's' + std::to_string(staff.value);
    text += ';';
  }
  return text;
}

}  // namespace dealpace
