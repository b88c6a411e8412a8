#include "exchange/import_jobs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/csv_writer.h"
#include "base/text.h"
#include "catalog/messages.h"
#include "exchange/encoding.h"
#include "org/org.h"

namespace dealpace::exchange {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr size_t kNameBytes = 250;
constexpr size_t kTemplateNameBytes = 120;

// A name for people: the last part of a path, without control characters. Nothing is ever opened by it.
std::string CleanName(std::string_view name) {
  const size_t slash = name.find_last_of("/\\");
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  std::string out;
  for (const char c : Trim(name)) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) out += c;
  }
  if (out.size() > kNameBytes) {
    size_t end = kNameBytes;
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
    out.resize(end);
  }
  return out;
}

Error Unwritable(const std::string& path, int error) {
  return Error(error == ENOSPC ? "storage_full" : "file_unwritable")
      .With("file", path)
      .With("path", path)
      .With("detail", std::string_view(std::strerror(error)));
}

// Makes sure that a file or folder is on the disk.
Status Sync(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Unwritable(path, errno);
  const int failed = fsync(fd) != 0 ? errno : 0;
  close(fd);
  if (failed != 0) return Unwritable(path, failed);
  return {};
}

// Moves the file, across file systems where it must.
Status MoveFile(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) {
    std::error_code failed;
    fs::copy_file(from, to, fs::copy_options::overwrite_existing, failed);
    if (failed) return Unwritable(to, failed.value());
    fs::remove(from, failed);
  }
  if (chmod(to.c_str(), 0600) != 0) return Unwritable(to, errno);
  return Sync(to);
}

std::string RandomName() {
  std::random_device random;
  std::string name;
  for (int i = 0; i < 4; ++i) {
    char part[9];
    std::snprintf(part, sizeof part, "%08x", random());
    name += part;
  }
  return name;
}

void RemoveFolder(const std::string& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

}  // namespace

ImportJobs::ImportJobs(ImportJobsOptions options) : options_(std::move(options)), owner_(RandomName()) {}

ImportJobs::~ImportJobs() { Stop(); }

Status ImportJobs::FindPlace() {
  std::error_code failed;
  fs::create_directories(options_.folder, failed);
  if (failed) return Unwritable(options_.folder, failed.value());
  if (chmod(options_.folder.c_str(), 0700) != 0) return Unwritable(options_.folder, errno);
  // The folder has a name of its own, so that servers of one database know whose files they could read.
  const std::string path = options_.folder + "/place";
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) {
    const std::string name = RandomName() + "\n";
    const bool written = write(fd, name.data(), name.size()) == static_cast<ssize_t>(name.size()) && fsync(fd) == 0;
    const int error = errno;
    close(fd);
    if (!written) return Unwritable(path, error);
  } else if (errno != EEXIST) {
    return Unwritable(path, errno);
  }
  std::ifstream in(path);
  std::getline(in, place_);
  if (place_.empty()) return Unwritable(path, EIO);
  return {};
}

Status ImportJobs::Start() {
  RETURN_IF_ERROR(FindPlace());
  worker_ = std::thread([this] { WorkLoop(); });
  keeper_ = std::thread([this] { KeepLoop(); });
  return {};
}

void ImportJobs::Stop() {
  leave_ = true;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (worker_.joinable()) worker_.join();
  if (keeper_.joinable()) keeper_.join();
}

void ImportJobs::Wake() {
  {
    const std::lock_guard lock(mutex_);
    has_work_ = true;
  }
  wake_.notify_all();
}

// ---- Drafts ----

void ImportJobs::Describe(ImportJob& job) {
  const auto definitions = catalog();
  job.found = DescribeFile(FileOf(job.id), job, *definitions, options_.limits);
  if (const json::value* hash = job.found.if_contains("hash"); hash != nullptr && hash->is_string()) {
    job.file_hash = FileHash(std::string(hash->get_string()), job.scope);
  }
}

Result<ImportJob> ImportJobs::Upload(std::string_view name, const std::string& kind, const std::string& path,
                                     std::string_view by, const ImportScope& scope) {
  ImportJob job;
  job.id = NewId();
  job.scope = scope;
  job.kind = kind;
  job.file_name = CleanName(name);
  if (job.file_name.empty()) return Error("field_missing").With("field", "name");
  job.place = place_;
  job.created_by = by;
  job.created_at = job.changed_at = now();
  std::error_code failed;
  job.file_bytes = static_cast<int64_t>(fs::file_size(path, failed));
  if (failed) return Unwritable(path, failed.value());
  if (job.file_bytes == 0) return Error("file_empty").With("file", job.file_name);
  if (mkdir(FolderOf(job.id).c_str(), 0700) != 0) return Unwritable(FolderOf(job.id), errno);
  const auto stored = [&]() -> Status {
    RETURN_IF_ERROR(MoveFile(path, FileOf(job.id)));
    RETURN_IF_ERROR(Sync(FolderOf(job.id)));
    RETURN_IF_ERROR(Sync(options_.folder));
    Describe(job);
    return options_.database->Write<void>([&](db::Connection& connection) -> Status {
      ChooseMapping(job, FindRemembered(connection, job.scope, job.kind, HeaderFingerprint(HeadersOf(job.found))),
                    *catalog());
      InsertJob(connection, job);
      return {};
    });
  };
  if (const Status status = stored(); !status.ok()) {
    RemoveFolder(FolderOf(job.id));
    return status.error();
  }
  return job;
}

Result<ImportJob> ImportJobs::Get(int64_t id) {
  ASSIGN_OR_RETURN(ImportJob job, options_.database->Read<ImportJob>(
                                      [&](db::Connection& connection) { return ReadJob(connection, id); }));
  Overlay(job);
  return job;
}

Result<std::vector<ImportJob>> ImportJobs::List(int64_t before, int limit) {
  ASSIGN_OR_RETURN(std::vector<ImportJob> jobs, options_.database->Read<std::vector<ImportJob>>(
                                                    [&](db::Connection& connection) -> Result<std::vector<ImportJob>> {
                                                      return ListJobs(connection, before, limit);
                                                    }));
  for (ImportJob& job : jobs) Overlay(job);
  return jobs;
}

// The progress of what this server works on stands in memory.
void ImportJobs::Overlay(ImportJob& job) {
  const std::lock_guard lock(mutex_);
  if (running_ == job.id && job.running()) job.progress = progress_;
}

Status ImportJobs::CheckFile(const ImportJob& job) const {
  if (!job.file_kept || job.place != place_ || access(FileOf(job.id).c_str(), R_OK) != 0) {
    return Error("import_file_gone").With("file", job.file_name);
  }
  return {};
}

Result<ImportJob> ImportJobs::Update(int64_t id, const std::function<Status(db::Connection&, ImportJob&)>& change) {
  ASSIGN_OR_RETURN(ImportJob job,
                   options_.database->Write<ImportJob>([&](db::Connection& connection) -> Result<ImportJob> {
                     ASSIGN_OR_RETURN(ImportJob current, ReadJob(connection, id));
                     RETURN_IF_ERROR(change(connection, current));
                     if (!UpdateJob(connection, current, now())) return Error("edit_conflict");
                     return current;
                   }));
  Tell(job);
  return job;
}

namespace {

// States in which nothing is booked and nothing runs.
bool IsDraft(const ImportJob& job) {
  return job.state == "draft" || job.state == "checked" || job.state == "failed" || job.state == "cancelled";
}

Error WrongState(const ImportJob& job) { return Error("import_state").With("state", job.state); }

}  // namespace

Result<ImportJob> ImportJobs::Change(int64_t id, int64_t version, ImportChange change,
                                     std::optional<int64_t> template_id) {
  ASSIGN_OR_RETURN(ImportJob job, Get(id));
  if (job.version != version) return Error("edit_conflict");
  if (job.of_command_line() || !IsDraft(job)) return WrongState(job);
  RETURN_IF_ERROR(CheckFile(job));
  std::optional<SavedMapping> remembered;
  if (template_id) {
    ASSIGN_OR_RETURN(change.mapping_template, options_.database->Read<SavedMapping>([&](db::Connection& connection) {
      return ReadMapping(connection, *template_id);
    }));
  }
  const auto definitions = catalog();
  if (change.reads_anew()) {
    if (change.encoding && !change.encoding->empty() && !ParseEncoding(*change.encoding)) {
      return Error("unknown_encoding").With("name", *change.encoding);
    }
    const std::vector<std::string> headers = HeadersOf(job.found);
    const bool other_kind = change.kind && *change.kind != job.kind;
    if (change.kind) job.kind = *change.kind;
    if (change.sheet) {
      job.settings.sheet = *change.sheet;
      // The header of another sheet stands elsewhere.
      if (!change.header_row) job.settings.header_row.reset();
    }
    if (change.encoding) job.settings.encoding = *change.encoding;
    if (change.header_row) job.settings.header_row = *change.header_row;
    Describe(job);
    // The looking takes a while, so it is done outside of any transaction; the version tells whether it still holds.
    if (other_kind || HeadersOf(job.found) != headers) {
      ASSIGN_OR_RETURN(remembered, options_.database->Read<std::optional<SavedMapping>>(
                                       [&](db::Connection& connection) -> Result<std::optional<SavedMapping>> {
                                         return FindRemembered(connection, job.scope, job.kind,
                                                               HeaderFingerprint(HeadersOf(job.found)));
                                       }));
      ChooseMapping(job, remembered, *definitions);
    }
  }
  RETURN_IF_ERROR(ChangeMapping(job, change, *definitions));
  return Update(id, [&](db::Connection&, ImportJob& current) -> Status {
    if (current.version != version) return Error("edit_conflict");
    current.kind = job.kind;
    current.settings = job.settings;
    current.found = job.found;
    current.file_hash = job.file_hash;
    current.state = "draft";
    current.result.reset();
    current.problem.reset();
    current.finished_at.reset();
    current.progress = 0;
    return {};
  });
}

Status ImportJobs::Discard(int64_t id) {
  RETURN_IF_ERROR(options_.database->Write<void>([&](db::Connection& connection) -> Status {
    ASSIGN_OR_RETURN(const ImportJob job, ReadJob(connection, id));
    if (job.of_command_line() || !IsDraft(job)) return WrongState(job);
    DeleteJob(connection, id);
    return {};
  }));
  RemoveFolder(FolderOf(id));
  return {};
}

Result<std::vector<std::string>> ImportJobs::MissingOfJob(const ImportJob& job) {
  const Mapping mapping = MappingOfJob(job, *catalog());
  std::vector<std::string> missing = MissingOf(mapping);
  const bool by_rules =
      !mapping.rules.empty() && std::all_of(mapping.rules.begin(), mapping.rules.end(), [](const EventRule& rule) {
        return rule.columns.contains("dealer") || rule.constants.contains("dealer");
      });
  if (mapping.columns.contains("dealer") || mapping.constants.contains("dealer") || by_rules) return missing;
  ASSIGN_OR_RETURN(std::vector<org::Dealer> dealers,
                   options_.database->Read<std::vector<org::Dealer>>(
                       [](db::Connection& connection) { return org::ListDealers(connection); }));
  std::erase_if(dealers, [&job](const org::Dealer& dealer) { return !job.scope.Has(dealer.id); });
  const bool may_make = job.settings.create_missing && job.scope.network;
  if (dealers.size() > 1 || (dealers.empty() && !may_make)) missing.emplace_back("dealer");
  return missing;
}

// ---- Starting work ----

Status ImportJobs::Startable(const ImportJob& job) {
  if (job.of_command_line() || !IsDraft(job)) return WrongState(job);
  RETURN_IF_ERROR(CheckFile(job));
  if (const auto problem = ProblemOf(job.found)) return *problem;
  ASSIGN_OR_RETURN(const std::vector<std::string> missing, MissingOfJob(job));
  if (!missing.empty()) return Error("import_not_usable").With("missing", Join(missing, ", "));
  return {};
}

Result<ImportJob> ImportJobs::DryRun(int64_t id) {
  ASSIGN_OR_RETURN(const ImportJob seen, Get(id));
  RETURN_IF_ERROR(Startable(seen));
  ASSIGN_OR_RETURN(ImportJob job, Update(id, [&](db::Connection&, ImportJob& current) -> Status {
                     if (!IsDraft(current)) return WrongState(current);
                     if (current.version != seen.version) return Error("edit_conflict");
                     current.state = "checking";
                     current.problem.reset();
                     current.result.reset();
                     current.finished_at.reset();
                     current.batch = BatchId();
                     current.progress = 0;
                     current.cancel = false;
                     return {};
                   }));
  Wake();
  return job;
}

Result<ImportJob> ImportJobs::Run(int64_t id, bool all_or_nothing, std::string_view by, AccountId account) {
  ASSIGN_OR_RETURN(const ImportJob seen, Get(id));
  RETURN_IF_ERROR(Startable(seen));
  ASSIGN_OR_RETURN(ImportJob job, Update(id, [&](db::Connection& connection, ImportJob& current) -> Status {
                     if (!IsDraft(current)) return WrongState(current);
                     if (current.version != seen.version) return Error("edit_conflict");
                     // Two jobs over one file would share a batch.
                     db::Rows others = connection.Query(
                         "SELECT file_name FROM import_job WHERE file_hash = ?1 AND kind = ?2 AND state = 'importing' "
                         "AND job_id <> ?3",
                         current.file_hash, current.kind, id);
                     if (others.Next()) return Error("import_running_already").With("file", others.Text(0));
                     current.state = "importing";
                     current.settings.all_or_nothing = all_or_nothing;
                     current.problem.reset();
                     current.finished_at.reset();
                     current.batch = BatchId();
                     current.counts = {};
                     current.progress = 0;
                     current.cancel = false;
                     current.run_by = by;
                     connection.Execute("UPDATE import_job SET counts = ?2 WHERE job_id = ?1", id,
                                        json::serialize(CountsJson({})));
                     return Note(connection, "import.start", id, account);
                   }));
  Wake();
  return job;
}

Result<ImportJob> ImportJobs::Cancel(int64_t id) {
  ASSIGN_OR_RETURN(ImportJob job, Update(id, [&](db::Connection&, ImportJob& current) -> Status {
                     if (current.of_command_line() || (current.state != "checking" && current.state != "importing")) {
                       return WrongState(current);
                     }
                     current.cancel = true;
                     return {};
                   }));
  {
    const std::lock_guard lock(mutex_);
    if (running_ == id) cancel_ = true;
  }
  Wake();
  return job;
}

Result<ImportJob> ImportJobs::Undo(int64_t id, std::string_view why, std::string_view by, AccountId account) {
  ASSIGN_OR_RETURN(
      ImportJob job, options_.database->Write<ImportJob>([&](db::Connection& connection) -> Result<ImportJob> {
        ASSIGN_OR_RETURN(ImportJob current, ReadJob(connection, id));
        if (current.state != "done" || !current.batch.set()) return WrongState(current);
        const Instant ended = current.finished_at.value_or(current.created_at);
        if (now().ms > ended.ms + kUndoWindowMs) {
          return Error("import_undo_too_late")
              .With("until", FormatInstant({ended.ms + kUndoWindowMs}))
              .With("batch", std::to_string(current.batch.value));
        }
        const bool adopted = current.of_command_line();
        current.state = "undoing";
        current.progress = 0;
        current.cancel = false;
        current.undo_why = std::string(why.empty() ? "import undone" : why);
        current.run_by = by;
        RETURN_IF_ERROR(Note(connection, "import.undo", id, account));
        if (adopted) {
          // From now on the batch of the command line has a job of its own.
          current.place = place_;
          InsertJob(connection, current);
          connection.Execute("INSERT INTO import_job_batch (batch_id, job_id) VALUES (?1, ?2)", current.batch, id);
          return current;
        }
        if (!UpdateJob(connection, current, now())) return Error("edit_conflict");
        return current;
      }));
  Tell(job);
  Wake();
  return job;
}

// ---- Following ----

Result<std::shared_ptr<FollowedJob>> ImportJobs::Follow(int64_t id) {
  ASSIGN_OR_RETURN(ImportJob job, Get(id));
  const std::lock_guard lock(mutex_);
  std::weak_ptr<FollowedJob>& slot = followed_[id];
  std::shared_ptr<FollowedJob> followed = slot.lock();
  if (followed == nullptr) {
    followed = std::make_shared<FollowedJob>();
    slot = followed;
  }
  followed->Set(std::move(job));
  return followed;
}

void ImportJobs::Tell(const ImportJob& job) {
  std::shared_ptr<FollowedJob> followed;
  {
    const std::lock_guard lock(mutex_);
    const auto it = followed_.find(job.id);
    if (it != followed_.end()) followed = it->second.lock();
  }
  if (followed == nullptr) return;
  ImportJob shown = job;
  Overlay(shown);
  followed->Set(std::move(shown));
}

// ---- Refused rows ----

Result<RefusedPage> ImportJobs::Refused(int64_t id, int64_t from, int limit) {
  ASSIGN_OR_RETURN(const ImportJob job, Get(id));
  RefusedPage page;
  std::ifstream in(RefusedOf(id), std::ios::binary);
  if (!in) return page;  // none were refused, or the file's time is over
  const std::string taken = [&] {
    int64_t read = 0;
    std::string most;
    if (!job.result) return most;
    if (const json::value* rows = job.result->if_contains("rows"); rows != nullptr && rows->is_object()) {
      if (const json::value* n = rows->get_object().if_contains("read"); n != nullptr && n->is_int64()) {
        read = n->get_int64();
      }
    }
    const json::value* reasons = job.result->if_contains("reasons");
    if (reasons == nullptr || !reasons->is_object()) return most;
    for (const auto& [code, count] : reasons->get_object()) {
      if (count.is_int64() && count.get_int64() * 2 > read) most = std::string(code);
    }
    return most;
  }();
  std::string line;
  if (from <= 0) {
    std::getline(in, line);  // the headers
  } else {
    in.seekg(from);
  }
  while (static_cast<int>(page.rows.size()) < limit && std::getline(in, line)) {
    json::error_code failed;
    const json::value value = json::parse(line, failed);
    if (failed || !value.is_object()) return Error("not_found");  // no place that an earlier page gave
    const json::object& object = value.get_object();
    RefusedRow row;
    row.error = ErrorOf(object);
    if (const json::value* number = object.if_contains("row"); number != nullptr && number->is_int64()) {
      row.row = number->get_int64();
    }
    if (const json::value* cells = object.if_contains("cells"); cells != nullptr && cells->is_array()) {
      for (const json::value& cell : cells->get_array()) row.cells.emplace_back(cell.get_string().c_str());
    }
    row.mostly = row.error.code == taken;
    page.rows.push_back(std::move(row));
  }
  const std::streamoff at = in.tellg();
  if (in.good() && in.peek() != std::ifstream::traits_type::eof()) page.next = at;
  return page;
}

Result<std::string> ImportJobs::RefusedFile(int64_t id, Language language, AccountId account) {
  ASSIGN_OR_RETURN(const ImportJob job, Get(id));
  std::ifstream in(RefusedOf(id), std::ios::binary);
  if (!in) return Error("import_file_gone").With("file", job.file_name);
  // Written down before it is given away: the rows are as they stood in the file, with all that is personal in them.
  RETURN_IF_ERROR(options_.database->Write<void>(
      [&](db::Connection& connection) { return Note(connection, "export.refused", id, account); }));
  const std::string path = FolderOf(id) + "/refused-" + RandomName() + ".csv";
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return Unwritable(path, errno);
  close(fd);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << "\xEF\xBB\xBF";
  const auto& messages = catalog::Messages::Get();
  std::string line;
  size_t width = 0;
  for (bool header = true; std::getline(in, line); header = false) {
    json::error_code failed;
    const json::value value = json::parse(line, failed);
    if (failed || !value.is_object()) break;
    std::vector<std::string> cells;
    if (const json::value* list = value.get_object().if_contains(header ? "headers" : "cells");
        list != nullptr && list->is_array()) {
      for (const json::value& cell : list->get_array()) cells.push_back(GuardText(std::string(cell.get_string())));
    }
    width = std::max(width, cells.size());
    cells.resize(width);
    if (header) {
      for (const Bilingual& title : kRefusalHeaders) cells.push_back(title.In(language));
    } else {
      const json::value* number = value.get_object().if_contains("row");
      cells.push_back(number == nullptr ? "" : json::serialize(*number));
      cells.push_back(GuardText(messages.RenderMessage(ErrorOf(value.get_object()), language)));
    }
    out << CsvLine(cells);
  }
  out.close();
  if (!out) {
    const int error = errno;
    unlink(path.c_str());
    return Unwritable(path, error);
  }
  return path;
}

Result<RowLook> ImportJobs::Row(int64_t id, int64_t row) {
  ASSIGN_OR_RETURN(const ImportJob job, Get(id));
  RETURN_IF_ERROR(CheckFile(job));
  if (const auto problem = ProblemOf(job.found)) return *problem;
  const auto definitions = catalog();
  ImportOptions options;
  options.kind = job.kind;
  options.path = FileOf(id);
  options.sheet = job.settings.sheet;
  options.encoding = job.settings.encoding;
  options.header_row = job.settings.header_row;
  options.mapping = MappingOfJob(job, *definitions);
  options.create_missing = job.settings.create_missing;
  options.scope = job.scope;
  options.dry_run = true;
  options.limits = options_.limits;
  options.doubt = now();
  if (!Usable(*options.mapping))
    return Error("import_not_usable").With("missing", Join(MissingOf(*options.mapping), ", "));
  Result<RowLook> look = LookAtRow(*options_.database, *definitions, options, row);
  if (!look.ok()) return Named(look.error(), job.file_name);
  return look;
}

// ---- Mappings ----

Result<std::vector<SavedMapping>> ImportJobs::Mappings() {
  return options_.database->Read<std::vector<SavedMapping>>(
      [](db::Connection& connection) -> Result<std::vector<SavedMapping>> { return ListMappings(connection); });
}

Result<SavedMapping> ImportJobs::SaveMapping(std::string_view name, int64_t id, std::string_view by) {
  ASSIGN_OR_RETURN(const ImportJob job, Get(id));
  if (job.of_command_line() || job.settings.mapping_toml.empty()) return WrongState(job);
  SavedMapping mapping;
  mapping.id = NewId();
  mapping.name = CleanName(name);
  if (mapping.name.empty()) return Error("field_missing").With("field", "name");
  if (mapping.name.size() > kTemplateNameBytes) {
    return Error("field_too_long").With("field", "name").With("max", kTemplateNameBytes);
  }
  mapping.kind = job.kind;
  mapping.headers = HeadersOf(job.found);
  mapping.fingerprint = HeaderFingerprint(mapping.headers);
  mapping.file_name = job.file_name;
  mapping.toml = job.settings.mapping_toml;
  mapping.create_missing = job.settings.create_missing;
  mapping.created_by = by;
  mapping.created_at = now();
  mapping.scope = job.scope;
  RETURN_IF_ERROR(
      options_.database->Write<void>([&](db::Connection& connection) { return InsertMapping(connection, mapping); }));
  return mapping;
}

Status ImportJobs::RemoveMapping(int64_t id) {
  return options_.database->Write<void>([&](db::Connection& connection) { return DeleteMapping(connection, id); });
}

// ---- Tidying up ----

Status ImportJobs::Prune(Instant now) {
  std::vector<int64_t> folders;
  RETURN_IF_ERROR(options_.database->Write<void>([&](db::Connection& connection) -> Status {
    folders.clear();
    std::vector<int64_t> drafts;
    {
      db::Rows rows = connection.Query(
          "SELECT job_id FROM import_job WHERE place = ?1 AND state IN ('draft', 'checked') AND changed_at < ?2",
          place_, now.ms - kDraftKeptMs);
      while (rows.Next()) drafts.push_back(rows.Int(0));
    }
    for (const int64_t id : drafts) DeleteJob(connection, id);
    folders = drafts;
    {
      db::Rows rows = connection.Query(
          "SELECT job_id FROM import_job WHERE place = ?1 AND file_kept = 1 AND "
          "((state IN ('done', 'undone') AND finished_at < ?2) OR "
          "(state IN ('failed', 'cancelled') AND changed_at < ?3))",
          place_, now.ms - kUndoWindowMs, now.ms - kDraftKeptMs);
      while (rows.Next()) folders.push_back(rows.Int(0));
    }
    for (const int64_t id : folders) connection.Execute("UPDATE import_job SET file_kept = 0 WHERE job_id = ?1", id);
    return {};
  }));
  for (const int64_t id : folders) RemoveFolder(FolderOf(id));
  // Folders of uploads that were never finished.
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(options_.folder, failed)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory(failed) || name.empty() || name.find_first_not_of("0123456789") != std::string::npos)
      continue;
    if (name.size() > 18) continue;
    struct stat info {};
    if (stat(entry.path().c_str(), &info) != 0 || int64_t{info.st_mtime} * 1000 > now.ms - kDraftKeptMs) continue;
    const auto known = Get(std::stoll(name));
    if (!known.ok() && known.error().code == "not_found") RemoveFolder(entry.path().string());
  }
  return {};
}

}  // namespace dealpace::exchange
