#pragma once

#include <functional>
#include <vector>

#include "attachments/api.h"
#include "leads/store.h"

namespace dealpace::leads {

// The kinds of attachments::Owner of this room: "customer" with his number, "lead" with its code.
inline constexpr const char* kCustomerHome = "customer";
inline constexpr const char* kLeadHome = "lead";

// Where files of customers and leads are found. Those of a customer are shown with those of who was merged into him,
// and of his leads that the caller sees; they stay with whom they were given to, so that taking a merging back needs
// nothing. Files of a lead are seen by who sees the lead and its customer. Fails with not_found, customer_anonymised.
[[nodiscard]] std::vector<attachments::Home> AttachmentHomes(
    std::function<Result<Store*>()> store, std::function<Result<Visible>(const http::Request&, DealerId)> visible);

// Whose files an owner's are. Fails with not_found.
[[nodiscard]] Result<CustomerId> CustomerOf(db::Connection& connection, DealerId dealer,
                                            const attachments::Owner& owner);

}  // namespace dealpace::leads
