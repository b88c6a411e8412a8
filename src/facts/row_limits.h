#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/row_scope.h"
#include "facts/org_view.h"
#include "facts/query.h"

// What a row scope means to the facts. Pure.
namespace dealpace::facts {

// The limits of a query; nothing for who sees the network.
[[nodiscard]] std::optional<std::vector<Limit>> LimitsOf(const RowScope& scope, const OrgView& org);

// The organisation as it is to who sees only that: other dealers, teams and consultants have no name, so that they are
// neither found nor suggested. Of a dealer of which only a part is seen, all people still have theirs as those who did
// something (Dim::kActor): entries that are seen name them. Regions are those that the dealers were ever in.
[[nodiscard]] std::shared_ptr<const OrgView> Narrow(const OrgView& org, const RowScope& scope);

}  // namespace dealpace::facts
