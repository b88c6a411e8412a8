#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "access/vault.h"
#include "base/days.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"
#include "http/message.h"
#include "http/router.h"

// Requests that are sent again because the answer got lost must not be carried out again. A client gives such a request
// an Idempotency-Key of its own making (a UUID); the answer is kept for 24 hours and given again.
namespace dealpace::access {

// The answers kept, in the store, so that any number of servers share them. Thread-safe.
//
// The keys are stored as hashes, and the answers sealed with a key made from the client's (XChaCha20-Poly1305), since
// some of them hold a one-time password or the secret of a token. Of what was asked a keyed hash stands there, by a key
// of the vault for this alone: nobody can hold a guess (somebody's record, the photo of a licence) against the table.
// Without a vault, where no personal data is taken, it is by a key made from the client's. A key used before a server
// had the vault, or by a release that did not, is told idempotency_conflict until its day is over.
//
// When a server dies in the middle of a request, nobody knows whether it was carried out; the key stays "running" for
// kRunningMs and can then be used again. A handler that may take longer must not be wrapped.
class Idempotency {
 public:
  static constexpr int64_t kKeepMs = int64_t{24} * 3600 * 1000;
  static constexpr int64_t kRunningMs = int64_t{5} * 60 * 1000;

  // `vault` outlives it; null: there is none.
  explicit Idempotency(db::Database& database, std::function<Instant()> clock = Now, const Vault* vault = nullptr);

  // Of a request that is to be carried out: what Finish or Abandon must be told.
  struct Run {
    AccountId account;
    std::string key;
    int64_t id = 0;
  };
  struct Begun {
    std::optional<Run> fresh;             // carry it out …
    std::optional<http::Response> again;  // … or give this answer
  };
  // `fingerprint` stands for all that makes two requests the same: method, path, query, body. Fails with
  // idempotency_key_bad (1 to 255 printable ASCII characters), idempotency_conflict (the key was used for another
  // request), idempotency_running (the same request is being carried out just now).
  [[nodiscard]] Result<Begun> Begin(AccountId account, std::string_view key, std::string_view fingerprint);
  // Keeps the answer. Set-Cookie headers are left out; a streamed answer or one from a file is not kept.
  [[nodiscard]] Status Finish(const Run& run, const http::Response& response);
  // The request changed nothing: the key is free again.
  [[nodiscard]] Status Abandon(const Run& run);

  // A handler that answers a request with an Idempotency-Key once and again: the same for any route with a body in
  // memory. Answers below 300 are kept; with any other nothing was changed, so the request may be sent again. Requests
  // without the header pass through.
  [[nodiscard]] http::ResultHandler Idempotently(http::ResultHandler handler);

  // Removes what is older than 24 hours.
  static void Prune(db::Connection& connection, Instant now);

 private:
  [[nodiscard]] std::string RequestHash(AccountId account, std::string_view key, std::string_view fingerprint) const;

  db::Database& database_;
  std::function<Instant()> clock_;
  const Vault* vault_;
};

}  // namespace dealpace::access
