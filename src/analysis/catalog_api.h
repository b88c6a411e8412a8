#pragma once

#include <functional>

#include "analysis/definitions.h"
#include "base/days.h"
#include "db/audit.h"
#include "db/db.h"
#include "facts/org_view.h"
#include "http/router.h"

namespace dealpace::analysis {

// What the routes of the catalogue work with; all outlive the router.
struct CatalogDeps {
  db::Database& database;
  DefinitionsHolder& definitions;
  facts::OrgSource& org;  // members, to complete and check conditions
  std::function<Instant()> now;
  // Makes a handler answer a repeated Idempotency-Key as it did at first.
  std::function<http::Handler(http::Handler)> idempotent;
  db::AuditLog audit = {};  // where changes of own KPIs are written down
};

// The operations of tag `catalogue` in docs/openapi.yaml: the catalogue, own KPIs (for administrators to change), the
// check of a formula.
void AddCatalogRoutes(http::Router& router, const CatalogDeps& deps);

}  // namespace dealpace::analysis
