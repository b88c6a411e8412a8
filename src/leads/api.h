#pragma once

#include <functional>

#include "http/json_body.h"
#include "http/router.h"
#include "leads/store.h"

namespace dealpace::leads {

// What the routes of customers and leads work with; all outlive the router.
struct CustomerDeps {
  // The store, once the server has its keys; before that why it has none.
  std::function<Result<Store*>()> store;
  // Whose customers the caller sees at this dealer. Its error is the answer.
  std::function<Result<Visible>(const http::Request&, DealerId)> visible;
  // Puts on record that the caller is shown a customer's data whole, and why; its error refuses him.
  std::function<Status(const http::Request&, DealerId, CustomerId, std::string_view why)> reveal;
  // Of whom the caller sees at this dealer, those that he may take away as a file. Its error is the answer.
  std::function<Result<Visible>(const http::Request&, DealerId)> may_export;
  // Puts on record that so many customers were taken away; its error keeps them here.
  std::function<Status(const http::Request&, DealerId, int64_t customers)> exported;
  std::function<Instant()> now;
  // Makes a handler answer a repeated Idempotency-Key as it did at first.
  std::function<http::Handler(http::Handler)> idempotent;
  // What else the body of a new customer brings that is to be stored with him: reads its fields, and returns what is
  // done in the transaction, or nothing. May be empty.
  std::function<Result<Store::Along>(const http::Request&, http::JsonBody&, const Asker&, Instant)> along = {};
  // Where changes of customers and leads are written down; may be empty.
  db::AuditLog audit = {};
};

// The operations of tag `customers` in docs/openapi.yaml. Personal data are given masked; what is typed of a person
// travels in bodies, never in addresses, which get logged on the way.
void AddCustomerRoutes(http::Router& router, const CustomerDeps& deps);

}  // namespace dealpace::leads
