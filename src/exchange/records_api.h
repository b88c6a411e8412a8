#pragma once

#include <functional>
#include <memory>

#include "base/days.h"
#include "catalog/catalog.h"
#include "db/audit.h"
#include "db/db.h"
#include "facts/org_view.h"
#include "http/router.h"

namespace dealpace::exchange {

// What the routes of events and readings work with; all outlive the router.
struct RecordDeps {
  db::Database& database;
  std::shared_ptr<const catalog::Catalog> catalog;
  facts::OrgSource& org;  // the labels that answers have
  std::function<Instant()> now;
  // Makes a handler answer a repeated Idempotency-Key as it did at first.
  std::function<http::Handler(http::Handler)> idempotent;
  db::AuditLog audit = {};  // where lists of events and readings are written down
};

// The operations of tag `ledger` in docs/openapi.yaml: recording events and readings, and the readings that there are.
void AddRecordRoutes(http::Router& router, const RecordDeps& deps);

}  // namespace dealpace::exchange
