#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "attachments/store.h"
#include "db/audit.h"
#include "http/message.h"
#include "http/router.h"

namespace dealpace::attachments {

// Something that files belong to, and who may see it: what the room that keeps it knows.
struct Home {
  std::string kind;     // of Owner
  std::string pattern;  // "/api/v1/customers/{id}/attachments"
  std::string param;    // of the pattern: "id"

  struct Found {
    Owner adds_to;             // to whom new ones belong
    std::vector<Owner> shows;  // whose are shown there, adds_to among them
  };
  // In the transaction: what the caller sees of it by the right that his request was let in by. `change`: something is
  // about to be changed, so it must stay as it is found until the transaction ends, and must be one that may be
  // changed. Fails with not_found, and otherwise as that room does.
  std::function<Result<Found>(db::Connection&, const http::Request&, DealerId, const std::string& id, bool change,
                              Instant now)>
      find;
};

// What the routes of attachments work with; all outlive the router.
struct AttachmentDeps {
  db::Database& database;
  // The store, once the server has its keys; before that why it has none.
  std::function<Result<Store*>()> store;
  std::vector<Home> homes;
  // What may not be written in the words of a "description" or in a "name"; may be empty.
  std::function<Status(std::string_view field, std::string_view text)> check_words;
  // Whether the caller may look at one more file; `noted`: in the transaction that puts it on record, so that nobody
  // takes the same last look twice. May be empty.
  std::function<Status(db::Connection&, const http::Request&, bool noted)> may_read;
  // In the transaction that takes a file away: whether it may go. May be empty.
  std::function<Status(db::Connection&, DealerId, const Owner&)> may_remove;
  std::function<Instant()> now;
  // Makes a handler answer a repeated Idempotency-Key as it did at first.
  std::function<http::Handler(http::Handler)> idempotent;
  db::AuditLog audit = {};
};

// The operations of tag `attachments` in docs/openapi.yaml. Names of files are personal data: they travel in headers
// and bodies, never in addresses.
void AddAttachmentRoutes(http::Router& router, const AttachmentDeps& deps);

// A positive number; 0 for what is none.
[[nodiscard]] int64_t NumberOf(std::string_view text);

// The name of a file in a Content-Disposition header ("attachment; filename*=UTF-8''%E5%90%88%E5%90%8C.pdf", or
// filename="…"). Fails with field_missing, text_not_utf8.
[[nodiscard]] Result<std::string> FileNameOf(std::string_view disposition);

}  // namespace dealpace::attachments
