#pragma once

#include <boost/json.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "db/db.h"
#include "exchange/column_meaning.h"
#include "exchange/import.h"
#include "exchange/import_scope.h"

// The tables of imports over HTTP: jobs and remembered mappings.
namespace dealpace::exchange {

// How a file is to be read and what its columns mean.
struct ImportSettings {
  std::string sheet;                  // empty: found
  std::string encoding;               // empty: found
  std::optional<int64_t> header_row;  // 0: none; nothing: found
  std::string mapping_toml;
  std::string mapping_from = "guessed";  // guessed, remembered, template, chosen
  Meanings loose;                        // meanings that have no effect yet: the amount of an event without a date
  std::vector<std::string> confirmed;    // columns that a person has looked at
  bool create_missing = false;
  bool all_or_nothing = false;
};

struct ImportJob {
  int64_t id = 0;
  std::string kind = "events";
  std::string file_name;
  int64_t file_bytes = 0;
  std::string file_hash;  // with the scope, where that is not the network
  ImportScope scope;      // of whoever has uploaded the file
  std::string place;
  bool file_kept = true;
  // draft, checking, checked, importing, done, undoing, undone, failed, cancelled
  std::string state = "draft";
  int64_t version = 1;
  Instant created_at{};
  std::string created_by;
  Instant changed_at{};
  std::optional<Instant> finished_at;
  BatchId batch;
  ImportSettings settings;
  boost::json::object found;  // what is in the file (import_found.h)
  std::optional<boost::json::object> result;
  std::optional<Error> problem;
  ImportCounts counts;
  double progress = 0;  // 0 to 1
  bool cancel = false;
  std::string run_by;
  std::string undo_why;
  Instant lease_until{};

  // Of a batch of the command line: it has no file.
  [[nodiscard]] bool of_command_line() const { return place.empty(); }
  [[nodiscard]] bool running() const { return state == "checking" || state == "importing" || state == "undoing"; }
};

// An Error as JSON and back. One whose message is none of the user's business (500 and above) without its detail.
[[nodiscard]] boost::json::object ErrorJson(const Error& error);
[[nodiscard]] Error ErrorOf(const boost::json::object& json);
[[nodiscard]] boost::json::object CountsJson(const ImportCounts& counts);

void InsertJob(db::Connection& connection, const ImportJob& job);
// The job, or a batch of the command line of that number. Fails with not_found.
[[nodiscard]] Result<ImportJob> ReadJob(db::Connection& connection, int64_t id);
// Latest first, those before `before` (0: from the latest), batches of the command line among them.
[[nodiscard]] std::vector<ImportJob> ListJobs(db::Connection& connection, int64_t before, int limit);
// Writes everything but the lease, the counts and what was given at the beginning; one version more. The caller has
// read the job in the same transaction. False when it has meanwhile another version.
bool UpdateJob(db::Connection& connection, ImportJob& job, Instant now);
void DeleteJob(db::Connection& connection, int64_t id);

// A worker's hold on a job. All are statements of the caller's transaction.
//
// Takes the oldest job that waits to be worked on and that nobody holds: of this place, or of a place whose server has
// been silent for an hour. 0: none.
[[nodiscard]] int64_t ClaimJob(db::Connection& connection, std::string_view owner, std::string_view place, Instant now,
                               Instant until);
// Keeps the hold. False when it was lost.
bool RenewLease(db::Connection& connection, int64_t id, std::string_view owner, Instant until, double progress);
void ReleaseLease(db::Connection& connection, int64_t id, std::string_view owner, Instant until);
// The counts of a chunk, in the chunk's transaction. Fails with import_left when the hold was lost, import_cancelled.
Status SaveCheckpoint(db::Connection& connection, int64_t id, std::string_view owner, const ImportCounts& counts,
                      Instant until, double progress);
// The batch that the job books.
Status SaveBatch(db::Connection& connection, int64_t id, std::string_view owner, BatchId batch);
// Ends a job's work: its new state, result and problem, when the worker still holds it.
bool FinishJob(db::Connection& connection, ImportJob& job, std::string_view owner, Instant now);

// How a batch stands.
struct BatchState {
  std::string state;       // open, done, reversed; empty: there is none
  bool undo_open = false;  // an undoing of it broke off
};
[[nodiscard]] BatchState ReadBatchState(db::Connection& connection, BatchId batch);

// ---- Mappings ----

struct SavedMapping {
  int64_t id = 0;
  std::string name;  // empty: remembered by itself
  std::string kind;
  std::string fingerprint;
  std::vector<std::string> headers;
  std::string file_name;  // of the file that it was last used for
  std::string toml;
  bool create_missing = false;
  std::string created_by;
  Instant created_at{};
  std::optional<Instant> used_at;
  ImportScope scope;  // for whom it was made
};
// Puts it in the place of the one that is remembered for the same headers and scope.
void RememberMapping(db::Connection& connection, const SavedMapping& mapping);
// Fails with mapping_name_taken.
[[nodiscard]] Status InsertMapping(db::Connection& connection, const SavedMapping& mapping);
[[nodiscard]] std::optional<SavedMapping> FindRemembered(db::Connection& connection, const ImportScope& scope,
                                                         std::string_view kind, std::string_view fingerprint);
// Fails with not_found.
[[nodiscard]] Result<SavedMapping> ReadMapping(db::Connection& connection, int64_t id);
[[nodiscard]] std::vector<SavedMapping> ListMappings(db::Connection& connection);
[[nodiscard]] Status DeleteMapping(db::Connection& connection, int64_t id);

}  // namespace dealpace::exchange
