#pragma once

#include <functional>
#include <vector>

#include "http/router.h"
#include "leads/verifications.h"

namespace dealpace::leads {

// What the routes of verifications work with; all outlive the router.
struct VerificationDeps {
  // The store, once the server has its keys; before that why it has none.
  std::function<Result<Store*>()> store;
  // Whose customers the caller sees at this dealer. Its error is the answer.
  std::function<Result<Visible>(const http::Request&, DealerId)> visible;
  // The staff of this dealer that the caller is.
  std::function<Result<std::vector<StaffId>>(const http::Request&, DealerId)> self;
  std::function<Instant()> now;
  db::AuditLog audit;
};

// The operations of tag `verifications` in docs/openapi.yaml.
void AddVerificationRoutes(http::Router& router, const VerificationDeps& deps);

}  // namespace dealpace::leads
