#pragma once

#include <functional>
#include <memory>

#include "base/days.h"
#include "catalog/catalog.h"
#include "db/audit.h"
#include "db/db.h"
#include "facts/org_view.h"
#include "http/router.h"

namespace dealpace::org {

// What the routes of the organisation work with; all outlive the router.
struct OrgDeps {
  db::Database& database;
  std::shared_ptr<const catalog::Catalog> catalog;  // names of codes
  facts::OrgSource& org;                            // the labels that answers have
  std::function<Instant()> now;
  // Makes a handler answer a repeated Idempotency-Key as it did at first.
  std::function<http::Handler(http::Handler)> idempotent;
  db::AuditLog audit = {};  // where changes are written down
};

// The operations of tag `organisation` in docs/openapi.yaml: the tree with its histories, adding, renaming and moving
// (for administrators), and the members of the dimensions.
void AddOrgRoutes(http::Router& router, const OrgDeps& deps);

}  // namespace dealpace::org
