#pragma once

#include <functional>
#include <string>

#include "analysis/definitions.h"
#include "analysis/freshness.h"
#include "base/days.h"
#include "db/audit.h"
#include "db/db.h"
#include "facts/facts.h"
#include "http/router.h"

namespace dealpace::analysis {

// What the routes work with; all outlive the router.
struct Deps {
  db::Database& database;
  facts::Facts& facts;
  DefinitionsHolder& definitions;
  std::function<Instant()> now;
  // Makes a handler answer a repeated Idempotency-Key as it did at first.
  std::function<http::Handler(http::Handler)> idempotent;
  std::string folder;  // for files on their way to the asker
  // By which questions are answered with an ETag; null: without.
  Freshness* freshness = nullptr;
  db::AuditLog audit = {};  // where exports are written down
};

// The operations of tag `kpi` in docs/openapi.yaml: questions, the entries behind a cell, exports, the success table,
// the funnel, findings. They read, though they are POSTs: a token needs "read", and those that give figures answer
// If-None-Match.
void AddQuestionRoutes(http::Router& router, const Deps& deps);

// What the I/O threads do while nothing is asked (http::QuickPath): takes in what has been booked, where the network
// has been asked about in the last moments, so that the next question finds it done.
void FollowAtLeisure(db::Database& database, facts::Facts& facts, Freshness& freshness);

// The operations of tag `views`.
void AddViewRoutes(http::Router& router, const Deps& deps);

}  // namespace dealpace::analysis
