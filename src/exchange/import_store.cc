#include "exchange/import_store.h"

#include <algorithm>

#include "base/ids.h"
#include "catalog/messages.h"

namespace dealpace::exchange {
namespace {

namespace json = boost::json;

constexpr int64_t kSilentMs = 3'600'000;  // a server that has kept no lease for so long is taken for gone

std::string_view TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}
int64_t IntOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}
bool BoolOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

// What the program itself has stored: an object, else empty.
json::object Parse(std::string_view text) {
  json::error_code failed;
  json::value value = json::parse(text, failed);
  return failed || !value.is_object() ? json::object() : value.get_object();
}

json::object MeaningJson(const Meaning& meaning) {
  return {
      {"role", RoleName(meaning.role)},        {"field", meaning.field}, {"event", meaning.event}, {"at", meaning.at},
      {"scale", FormatDecimal(meaning.scale)}, {"key", meaning.key}};
}
Meaning MeaningFrom(const json::object& object) {
  Meaning meaning;
  meaning.role = ParseRole(TextOf(object, "role")).value_or(Role::kNone);
  meaning.field = TextOf(object, "field");
  meaning.event = TextOf(object, "event");
  meaning.at = TextOf(object, "at");
  meaning.scale = ParseDecimal(TextOf(object, "scale")).value_or(Decimal{1, 0});
  meaning.key = BoolOf(object, "key");
  return meaning;
}

std::string SettingsText(const ImportSettings& settings) {
  json::object loose;
  for (const auto& [column, meaning] : settings.loose) loose[column] = MeaningJson(meaning);
  json::object object = {{"sheet", settings.sheet},
                         {"encoding", settings.encoding},
                         {"mapping_toml", settings.mapping_toml},
                         {"mapping_from", settings.mapping_from},
                         {"loose", std::move(loose)},
                         {"confirmed", json::value_from(settings.confirmed)},
                         {"create_missing", settings.create_missing},
                         {"all_or_nothing", settings.all_or_nothing}};
  if (settings.header_row) object["header_row"] = *settings.header_row;
  return json::serialize(object);
}
ImportSettings SettingsOf(std::string_view text) {
  const json::object object = Parse(text);
  ImportSettings settings;
  settings.sheet = TextOf(object, "sheet");
  settings.encoding = TextOf(object, "encoding");
  settings.mapping_toml = TextOf(object, "mapping_toml");
  settings.mapping_from = TextOf(object, "mapping_from");
  settings.create_missing = BoolOf(object, "create_missing");
  settings.all_or_nothing = BoolOf(object, "all_or_nothing");
  if (object.contains("header_row")) settings.header_row = IntOf(object, "header_row");
  if (const json::value* loose = object.if_contains("loose"); loose != nullptr && loose->is_object()) {
    for (const auto& [column, meaning] : loose->get_object()) {
      if (meaning.is_object()) settings.loose[std::string(column)] = MeaningFrom(meaning.get_object());
    }
  }
  if (const json::value* confirmed = object.if_contains("confirmed"); confirmed != nullptr && confirmed->is_array()) {
    for (const json::value& column : confirmed->get_array()) {
      if (column.is_string()) settings.confirmed.emplace_back(column.get_string().c_str());
    }
  }
  return settings;
}

ImportCounts CountsOf(std::string_view text) {
  const json::object object = Parse(text);
  ImportCounts counts;
  counts.chunks = IntOf(object, "chunks");
  counts.rows_new = IntOf(object, "rows_new");
  counts.rows_changed = IntOf(object, "rows_changed");
  counts.rows_unchanged = IntOf(object, "rows_unchanged");
  counts.booked.added = IntOf(object, "added");
  counts.booked.changed = IntOf(object, "changed");
  counts.booked.unchanged = IntOf(object, "unchanged");
  counts.booked.removed = IntOf(object, "removed");
  return counts;
}

std::optional<std::string> OptionalText(const std::optional<json::object>& object) {
  if (!object) return std::nullopt;
  return json::serialize(*object);
}

constexpr std::string_view kColumns =
    "j.job_id, j.kind, j.file_name, j.file_bytes, j.file_hash, j.place, j.file_kept, j.state, j.version, j.created_at, "
    "j.created_by, j.changed_at, j.finished_at, j.batch_id, j.settings, j.found, j.result, j.problem, j.counts, "
    "j.progress, j.cancel, j.run_by, j.undo_why, j.lease_until, b.state, j.scope";

ImportJob JobOf(const db::Rows& rows) {
  ImportJob job;
  job.id = rows.Int(0);
  job.kind = rows.Text(1);
  job.file_name = rows.Text(2);
  job.file_bytes = rows.Int(3);
  job.file_hash = rows.Text(4);
  job.place = rows.Text(5);
  job.file_kept = rows.Int(6) != 0;
  job.state = rows.Text(7);
  job.version = rows.Int(8);
  job.created_at = {rows.Int(9)};
  job.created_by = rows.Text(10);
  job.changed_at = {rows.Int(11)};
  if (!rows.IsNull(12)) job.finished_at = Instant{rows.Int(12)};
  job.batch = BatchId(rows.Int(13));
  job.settings = SettingsOf(rows.Text(14));
  job.found = Parse(rows.Text(15));
  if (!rows.IsNull(16)) job.result = Parse(rows.Text(16));
  if (!rows.IsNull(17)) job.problem = ErrorOf(Parse(rows.Text(17)));
  job.counts = CountsOf(rows.Text(18));
  job.progress = static_cast<double>(rows.Int(19)) / 1000;
  job.cancel = rows.Int(20) != 0;
  job.run_by = rows.Text(21);
  job.undo_why = rows.Text(22);
  job.lease_until = {rows.Int(23)};
  job.scope = ImportScope::Parse(rows.Text(25));
  // The command line may have taken back what the job had booked.
  if (job.state == "done" && rows.Text(24) == "reversed") job.state = "undone";
  return job;
}

constexpr std::string_view kBatchColumns =
    "batch_id, kind, file_name, state, started_at, finished_at, rows_read, entries_new, entries_changed, "
    "entries_removed, recorded_by, file_hash";

// A batch of the command line as a job.
ImportJob JobOfBatch(const db::Rows& rows) {
  ImportJob job;
  job.id = rows.Int(0);
  job.batch = BatchId(job.id);
  job.kind = rows.Text(1);
  job.file_name = rows.Text(2);
  job.file_kept = false;
  const std::string_view state = rows.Text(3);
  job.state = state == "open" ? "importing" : state == "done" ? "done" : "undone";
  job.created_at = job.changed_at = {rows.Int(4)};
  if (!rows.IsNull(5)) job.finished_at = Instant{rows.Int(5)};
  job.created_by = rows.Text(10);
  job.file_hash = rows.Text(11);
  json::object entries = {{"new", rows.Int(7)}, {"changed", rows.Int(8)}, {"unchanged", 0}, {"removed", rows.Int(9)}};
  job.result = json::object{{"dry_run", false},
                            {"rows", {{"read", rows.Int(6)}, {"taken", rows.Int(6)}, {"empty", 0}, {"refused", 0}}},
                            {"entries", std::move(entries)}};
  return job;
}

constexpr std::string_view kMappingColumns =
    "mapping_id, name, kind, fingerprint, headers, file_name, toml, create_missing, created_by, created_at, used_at, "
    "scope";

SavedMapping MappingFrom(const db::Rows& rows) {
  SavedMapping mapping;
  mapping.id = rows.Int(0);
  mapping.name = rows.Text(1);
  mapping.kind = rows.Text(2);
  mapping.fingerprint = rows.Text(3);
  json::error_code failed;
  const json::value headers = json::parse(rows.Text(4), failed);
  if (!failed && headers.is_array()) {
    for (const json::value& header : headers.get_array()) {
      if (header.is_string()) mapping.headers.emplace_back(header.get_string().c_str());
    }
  }
  mapping.file_name = rows.Text(5);
  mapping.toml = rows.Text(6);
  mapping.create_missing = rows.Int(7) != 0;
  mapping.created_by = rows.Text(8);
  mapping.created_at = {rows.Int(9)};
  mapping.scope = ImportScope::Parse(rows.Text(11));
  if (!rows.IsNull(10)) mapping.used_at = Instant{rows.Int(10)};
  return mapping;
}

int64_t Thousandths(double progress) { return static_cast<int64_t>(std::clamp(progress, 0.0, 1.0) * 1000); }

}  // namespace

json::object ErrorJson(const Error& error) {
  const catalog::Messages::Message* message = catalog::Messages::Get().Find(error.code);
  const bool ours = message == nullptr || message->status >= 500;
  json::array args;
  for (const auto& [name, value] : error.args) {
    if (ours && (name == "detail" || name == "path")) continue;
    args.push_back(json::array{name, value});
  }
  return {{"code", error.code}, {"args", std::move(args)}};
}

Error ErrorOf(const json::object& object) {
  Error error(TextOf(object, "code"));
  const json::value* args = object.if_contains("args");
  if (args == nullptr || !args->is_array()) return error;
  for (const json::value& arg : args->get_array()) {
    if (!arg.is_array() || arg.get_array().size() != 2) continue;
    const json::array& pair = arg.get_array();
    if (pair[0].is_string() && pair[1].is_string()) {
      error.args.emplace_back(std::string(pair[0].get_string()), std::string(pair[1].get_string()));
    }
  }
  return error;
}

json::object CountsJson(const ImportCounts& counts) {
  return {{"chunks", counts.chunks},
          {"rows_new", counts.rows_new},
          {"rows_changed", counts.rows_changed},
          {"rows_unchanged", counts.rows_unchanged},
          {"added", counts.booked.added},
          {"changed", counts.booked.changed},
          {"unchanged", counts.booked.unchanged},
          {"removed", counts.booked.removed}};
}

void InsertJob(db::Connection& connection, const ImportJob& job) {
  connection.Execute(
      "INSERT INTO import_job (job_id, kind, file_name, file_bytes, file_hash, place, file_kept, state, version, "
      "created_at, created_by, changed_at, finished_at, batch_id, settings, found, result, problem, counts, progress, "
      "cancel, run_by, undo_why, lease_owner, lease_until, scope) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, 0, 0, ?20, ?21, "
      "'', 0, ?22)",
      job.id, job.kind, job.file_name, job.file_bytes, job.file_hash, job.place, job.file_kept, job.state, job.version,
      job.created_at.ms, job.created_by, job.changed_at.ms,
      job.finished_at ? std::optional(job.finished_at->ms) : std::nullopt,
      job.batch.set() ? std::optional(job.batch.value) : std::nullopt, SettingsText(job.settings),
      json::serialize(job.found), OptionalText(job.result),
      OptionalText(job.problem ? std::optional(ErrorJson(*job.problem)) : std::nullopt),
      json::serialize(CountsJson(job.counts)), job.run_by, job.undo_why, job.scope.Text());
}

Result<ImportJob> ReadJob(db::Connection& connection, int64_t id) {
  {
    db::Rows rows = connection.Query("SELECT " + std::string(kColumns) +
                                         " FROM import_job j LEFT JOIN import_batch b ON b.batch_id = j.batch_id "
                                         "WHERE j.job_id = ?1",
                                     id);
    if (rows.Next()) return JobOf(rows);
  }
  db::Rows rows = connection.Query("SELECT " + std::string(kBatchColumns) +
                                       " FROM import_batch WHERE batch_id = ?1 AND kind IN ('events', 'readings') "
                                       "AND NOT EXISTS (SELECT 1 FROM import_job_batch o WHERE o.batch_id = "
                                       "import_batch.batch_id)",
                                   id);
  if (rows.Next()) return JobOfBatch(rows);
  return Error("not_found");
}

std::vector<ImportJob> ListJobs(db::Connection& connection, int64_t before, int limit) {
  if (before <= 0) before = INT64_MAX;
  std::vector<ImportJob> jobs;
  {
    db::Rows rows = connection.Query("SELECT " + std::string(kColumns) +
                                         " FROM import_job j LEFT JOIN import_batch b ON b.batch_id = j.batch_id "
                                         "WHERE j.job_id < ?1 ORDER BY j.job_id DESC LIMIT ?2",
                                     before, limit);
    while (rows.Next()) jobs.push_back(JobOf(rows));
  }
  db::Rows rows = connection.Query("SELECT " + std::string(kBatchColumns) +
                                       " FROM import_batch WHERE batch_id < ?1 AND kind IN ('events', 'readings') "
                                       "AND NOT EXISTS (SELECT 1 FROM import_job_batch o WHERE o.batch_id = "
                                       "import_batch.batch_id) ORDER BY batch_id DESC LIMIT ?2",
                                   before, limit);
  while (rows.Next()) jobs.push_back(JobOfBatch(rows));
  std::sort(jobs.begin(), jobs.end(), [](const ImportJob& a, const ImportJob& b) { return a.id > b.id; });
  if (jobs.size() > static_cast<size_t>(limit)) jobs.resize(static_cast<size_t>(limit));
  return jobs;
}

bool UpdateJob(db::Connection& connection, ImportJob& job, Instant now) {
  const int64_t touched = connection.Execute(
      "UPDATE import_job SET kind = ?3, state = ?4, version = version + 1, changed_at = ?5, finished_at = ?6, "
      "batch_id = ?7, settings = ?8, found = ?9, result = ?10, problem = ?11, progress = ?12, cancel = ?13, "
      "run_by = ?14, undo_why = ?15, file_kept = ?16, file_hash = ?17 WHERE job_id = ?1 AND version = ?2",
      job.id, job.version, job.kind, job.state, now.ms,
      job.finished_at ? std::optional(job.finished_at->ms) : std::nullopt,
      job.batch.set() ? std::optional(job.batch.value) : std::nullopt, SettingsText(job.settings),
      json::serialize(job.found), OptionalText(job.result),
      OptionalText(job.problem ? std::optional(ErrorJson(*job.problem)) : std::nullopt), Thousandths(job.progress),
      job.cancel, job.run_by, job.undo_why, job.file_kept, job.file_hash);
  if (touched == 0) return false;
  ++job.version;
  job.changed_at = now;
  return true;
}

void DeleteJob(db::Connection& connection, int64_t id) {
  connection.Execute("DELETE FROM import_job WHERE job_id = ?1", id);
}

int64_t ClaimJob(db::Connection& connection, std::string_view owner, std::string_view place, Instant now,
                 Instant until) {
  constexpr std::string_view kFree =
      "state IN ('checking', 'importing', 'undoing') AND lease_until < ?1 "
      "AND (place = ?2 OR state = 'undoing' OR (lease_until > 0 AND lease_until < ?3))";
  int64_t id = 0;
  {
    db::Rows rows =
        connection.Query("SELECT job_id FROM import_job WHERE " + std::string(kFree) + " ORDER BY changed_at, job_id",
                         now.ms, place, now.ms - kSilentMs);
    if (!rows.Next()) return 0;
    id = rows.Int(0);
  }
  const int64_t taken = connection.Execute(
      "UPDATE import_job SET lease_owner = ?4, lease_until = ?5 WHERE " + std::string(kFree) + " AND job_id = ?6",
      now.ms, place, now.ms - kSilentMs, owner, until.ms, id);
  return taken == 1 ? id : 0;
}

bool RenewLease(db::Connection& connection, int64_t id, std::string_view owner, Instant until, double progress) {
  return connection.Execute(
             "UPDATE import_job SET lease_until = ?3, progress = ?4 WHERE job_id = ?1 AND lease_owner = ?2", id, owner,
             until.ms, Thousandths(progress)) == 1;
}

void ReleaseLease(db::Connection& connection, int64_t id, std::string_view owner, Instant until) {
  connection.Execute("UPDATE import_job SET lease_owner = '', lease_until = ?3 WHERE job_id = ?1 AND lease_owner = ?2",
                     id, owner, until.ms);
}

Status SaveCheckpoint(db::Connection& connection, int64_t id, std::string_view owner, const ImportCounts& counts,
                      Instant until, double progress) {
  const int64_t held = connection.Execute(
      "UPDATE import_job SET counts = ?3, lease_until = ?4, progress = ?5 "
      "WHERE job_id = ?1 AND lease_owner = ?2 AND state = 'importing'",
      id, owner, json::serialize(CountsJson(counts)), until.ms, Thousandths(progress));
  if (held == 0) return Error("import_left");
  db::Rows rows = connection.Query("SELECT cancel FROM import_job WHERE job_id = ?1", id);
  if (rows.Next() && rows.Int(0) != 0) return Error("import_cancelled");
  return {};
}

Status SaveBatch(db::Connection& connection, int64_t id, std::string_view owner, BatchId batch) {
  const int64_t held = connection.Execute("UPDATE import_job SET batch_id = ?3 WHERE job_id = ?1 AND lease_owner = ?2",
                                          id, owner, batch);
  if (held == 0) return Error("import_left");
  connection.Execute(
      "INSERT INTO import_job_batch (batch_id, job_id) VALUES (?1, ?2) ON CONFLICT (batch_id) DO NOTHING", batch, id);
  return {};
}

bool FinishJob(db::Connection& connection, ImportJob& job, std::string_view owner, Instant now) {
  const int64_t finished = connection.Execute(
      "UPDATE import_job SET state = ?3, result = ?4, problem = ?5, finished_at = ?6, changed_at = ?7, cancel = 0, "
      "batch_id = ?8, counts = ?9, progress = 1000, version = version + 1, lease_owner = '', lease_until = 0 "
      "WHERE job_id = ?1 AND lease_owner = ?2",
      job.id, owner, job.state, OptionalText(job.result),
      OptionalText(job.problem ? std::optional(ErrorJson(*job.problem)) : std::nullopt),
      job.finished_at ? std::optional(job.finished_at->ms) : std::nullopt, now.ms,
      job.batch.set() ? std::optional(job.batch.value) : std::nullopt, json::serialize(CountsJson(job.counts)));
  return finished == 1;
}

BatchState ReadBatchState(db::Connection& connection, BatchId batch) {
  BatchState result;
  {
    db::Rows rows = connection.Query("SELECT state FROM import_batch WHERE batch_id = ?1", batch);
    if (!rows.Next()) return result;
    result.state = rows.Text(0);
  }
  db::Rows undo = connection.Query("SELECT batch_id FROM import_batch WHERE undoes = ?1 AND state = 'open'", batch);
  result.undo_open = undo.Next();
  return result;
}

// ---- Mappings ----

void RememberMapping(db::Connection& connection, const SavedMapping& mapping) {
  connection.Execute(
      "INSERT INTO import_mapping (mapping_id, name, kind, fingerprint, headers, file_name, toml, create_missing, "
      "created_by, created_at, used_at, scope) VALUES (?1, '', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10) "
      "ON CONFLICT (scope, kind, fingerprint, name) DO UPDATE SET headers = excluded.headers, "
      "file_name = excluded.file_name, toml = excluded.toml, create_missing = excluded.create_missing, "
      "used_at = excluded.used_at",
      mapping.id, mapping.kind, mapping.fingerprint, json::serialize(json::value_from(mapping.headers)),
      mapping.file_name, mapping.toml, mapping.create_missing, mapping.created_by, mapping.created_at.ms,
      mapping.scope.Text());
}

Status InsertMapping(db::Connection& connection, const SavedMapping& mapping) {
  if (connection
          .Query("SELECT mapping_id FROM import_mapping WHERE name = ?1 AND scope = ?2", mapping.name,
                 mapping.scope.Text())
          .Next()) {
    return Error("mapping_name_taken").With("name", mapping.name);
  }
  connection.Execute(
      "INSERT INTO import_mapping (mapping_id, name, kind, fingerprint, headers, file_name, toml, create_missing, "
      "created_by, created_at, used_at, scope) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, NULL, ?11)",
      mapping.id, mapping.name, mapping.kind, mapping.fingerprint, json::serialize(json::value_from(mapping.headers)),
      mapping.file_name, mapping.toml, mapping.create_missing, mapping.created_by, mapping.created_at.ms,
      mapping.scope.Text());
  return {};
}

std::optional<SavedMapping> FindRemembered(db::Connection& connection, const ImportScope& scope, std::string_view kind,
                                           std::string_view fingerprint) {
  db::Rows rows =
      connection.Query("SELECT " + std::string(kMappingColumns) +
                           " FROM import_mapping WHERE kind = ?1 AND fingerprint = ?2 AND name = '' AND scope = ?3",
                       kind, fingerprint, scope.Text());
  if (!rows.Next()) return std::nullopt;
  return MappingFrom(rows);
}

Result<SavedMapping> ReadMapping(db::Connection& connection, int64_t id) {
  db::Rows rows =
      connection.Query("SELECT " + std::string(kMappingColumns) + " FROM import_mapping WHERE mapping_id = ?1", id);
  if (!rows.Next()) return Error("not_found");
  return MappingFrom(rows);
}

std::vector<SavedMapping> ListMappings(db::Connection& connection) {
  std::vector<SavedMapping> mappings;
  db::Rows rows = connection.Query("SELECT " + std::string(kMappingColumns) +
                                   " FROM import_mapping ORDER BY coalesce(used_at, created_at) DESC, mapping_id DESC");
  while (rows.Next()) mappings.push_back(MappingFrom(rows));
  return mappings;
}

Status DeleteMapping(db::Connection& connection, int64_t id) {
  if (connection.Execute("DELETE FROM import_mapping WHERE mapping_id = ?1", id) == 0) return Error("not_found");
  return {};
}

}  // namespace dealpace::exchange
