#pragma once

#include <string_view>

#include "access/accounts.h"
#include "access/audit.h"
#include "base/json.h"
#include "db/db.h"
#include "http/router.h"

namespace dealpace::access {

// What the routes of the audit log work with; all outlive the router.
struct AuditDeps {
  db::Database& database;
  const ChainHasher* hasher = nullptr;  // null: there is no log to check
  db::AuditLog audit;                   // where it is written down who takes the log away
};

// The operations of tag `audit` in docs/openapi.yaml: records, their file, the check of the chains. For administrators.
void AddAuditRoutes(http::Router& router, const AuditDeps& deps);

// What follows is shared with the command line.

// The beginning of a day ("2026-11-25", UTC) or an instant; `end`: the end of that day. Fails with bad_instant.
[[nodiscard]] Result<Instant> ParseBound(std::string_view text, bool end);
// As the contract's AuditRecord. `accounts` give the login and name beside the actor's id.
void WriteAuditRecord(JsonWriter& json, const AuditRecord& record, const std::vector<Account>& accounts);
// As the contract's AuditCheck.
void WriteAuditCheck(JsonWriter& json, const std::vector<CheckedChain>& chains);

}  // namespace dealpace::access
