#pragma once

#include <functional>
#include <vector>

#include "http/json_body.h"
#include "http/router.h"
#include "leads/api.h"
#include "privacy/recipients.h"
#include "privacy/requests.h"
#include "privacy/retention.h"
#include "privacy/store.h"

namespace dealpace::privacy {

// What the routes of privacy work with; all outlive the router.
struct PrivacyDeps {
  // The store, once the server has its keys; before that why it has none.
  std::function<Result<Store*>()> store;
  // Whose customers the caller sees at this dealer, by the right of the route. Its error is the answer.
  std::function<Result<leads::Visible>(const http::Request&, DealerId)> visible;
  std::function<Instant()> now;
  // Makes a handler answer a repeated Idempotency-Key as it did at first.
  std::function<http::Handler(http::Handler)> idempotent;
  db::AuditLog audit;
  // Likewise, what keeps to the periods.
  std::function<Result<Keeper*>()> keeper = {};
  std::function<Result<Requests*>()> requests = {};
  std::function<Result<Recipients*>()> recipients = {};
  // All dealers that there are.
  std::function<Result<std::vector<DealerId>>()> dealers = {};
};

// The operations of tag `privacy` in docs/openapi.yaml.
void AddPrivacyRoutes(http::Router& router, const PrivacyDeps& deps);

// The field "consents" of a body, each as Store::Check wants it; none where it is absent.
[[nodiscard]] Result<std::vector<ConsentInput>> ReadConsents(const Store& store, http::JsonBody& body, Instant now);
// For leads::CustomerDeps::along: the field "consents" of a new customer's body.
[[nodiscard]] Result<leads::Store::Along> ConsentsAlong(const PrivacyDeps& deps, const http::Request& request,
                                                        http::JsonBody& body, const Asker& asker, Instant now);

}  // namespace dealpace::privacy
