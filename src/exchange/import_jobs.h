#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "db/audit.h"
#include "exchange/import_found.h"
#include "exchange/import_store.h"
#include "kpi/answer.h"

// Imports that people make in steps: a file is uploaded, looked at, mapped, tried, imported in the background, and can
// be taken back for a week.
namespace dealpace::exchange {

struct ImportJobsOptions {
  std::string folder;                // where the files lie: <data>/imports
  db::Database* database = nullptr;  // outlives the jobs
  std::function<std::shared_ptr<const catalog::Catalog>()> catalog;
  std::function<Instant()> clock = Now;
  // Answers questions, for the figures that an import moves. Without it only what the file adds is told.
  std::function<Result<kpi::Answer>(const kpi::Question&)> ask;
  db::AuditLog audit;  // where it is written down who starts an import, undoes one, or takes its refused rows away
  ReadLimits limits;
  int64_t file_bytes_max = int64_t{512} << 20;
};

inline constexpr int64_t kUndoWindowMs = int64_t{7} * 24 * 3'600'000;
inline constexpr int64_t kDraftKeptMs = int64_t{24} * 3'600'000;

// One refused row, as it was stored.
struct RefusedRow {
  int64_t row = 0;
  std::vector<std::string> cells;
  Error error{""};
  bool mostly = false;  // most rows of the file were refused for the same
};
struct RefusedPage {
  std::vector<RefusedRow> rows;
  std::optional<int64_t> next;  // where to go on
};

// A job that somebody follows, as it stands. Read by the I/O threads without waiting for anything.
class FollowedJob {
 public:
  struct Look {
    ImportJob job;
    int64_t change = 0;  // counts up
  };
  [[nodiscard]] Look Get() const {
    const std::lock_guard lock(mutex_);
    return look_;
  }
  void Set(ImportJob job) {
    const std::lock_guard lock(mutex_);
    look_.job = std::move(job);
    ++look_.change;
  }

 private:
  mutable std::mutex mutex_;
  Look look_;
};

// The jobs of this server, of all scopes: who imports for some dealers only goes by ImportDesk. All methods may be
// called from any thread; Start and Stop from one.
//
// One thread works on the jobs, one after the other; several servers over one database keep apart by a lease, which
// every chunk renews in its own transaction. A job that was being worked on when its server died is gone on with by the
// next one that has the file; where the file is gone, it is taken back.
class ImportJobs {
 public:
  explicit ImportJobs(ImportJobsOptions options);
  ~ImportJobs();
  ImportJobs(const ImportJobs&) = delete;
  ImportJobs& operator=(const ImportJobs&) = delete;

  // Makes the folder and starts the threads. Fails with file_unwritable.
  [[nodiscard]] Status Start();
  // Ends the threads. What was being imported is left where it is, and goes on with the next start.
  void Stop();

  // Takes the file at `path` (which is moved away) as a draft. Fails with file_empty, field_missing, file_unwritable,
  // storage_full. A file that cannot be read is a draft all the same. For `scope` it will be read, tried and booked.
  [[nodiscard]] Result<ImportJob> Upload(std::string_view name, const std::string& kind, const std::string& path,
                                         std::string_view by, const ImportScope& scope = {});
  [[nodiscard]] Result<ImportJob> Get(int64_t id);
  [[nodiscard]] Result<std::vector<ImportJob>> List(int64_t before, int limit);
  // Fails with edit_conflict when the job has another version; import_state, import_file_gone, and as ChangeMapping.
  [[nodiscard]] Result<ImportJob> Change(int64_t id, int64_t version, ImportChange change,
                                         std::optional<int64_t> template_id);
  [[nodiscard]] Status Discard(int64_t id);

  // These start work and return at once. `account` is that of `by`, for the audit log. They fail with import_state,
  // import_file_gone, import_not_usable
  // ("missing"), import_running_already, import_undo_too_late.
  [[nodiscard]] Result<ImportJob> DryRun(int64_t id);
  [[nodiscard]] Result<ImportJob> Run(int64_t id, bool all_or_nothing, std::string_view by, AccountId account = {});
  [[nodiscard]] Result<ImportJob> Cancel(int64_t id);
  [[nodiscard]] Result<ImportJob> Undo(int64_t id, std::string_view why, std::string_view by, AccountId account = {});

  [[nodiscard]] Result<std::shared_ptr<FollowedJob>> Follow(int64_t id);
  // Refused rows of the last dry run or run, from a place that an earlier page gave.
  [[nodiscard]] Result<RefusedPage> Refused(int64_t id, int64_t from, int limit);
  // Writes them as a CSV file that can be mended and imported; returns its path. The caller removes it.
  [[nodiscard]] Result<std::string> RefusedFile(int64_t id, Language language, AccountId account = {});
  [[nodiscard]] Result<RowLook> Row(int64_t id, int64_t row);

  [[nodiscard]] Result<std::vector<SavedMapping>> Mappings();
  [[nodiscard]] Result<SavedMapping> SaveMapping(std::string_view name, int64_t id, std::string_view by);
  [[nodiscard]] Status RemoveMapping(int64_t id);

  // Removes abandoned drafts after a day, and files whose time is over. For a scheduler; also done every hour.
  [[nodiscard]] Status Prune(Instant now);

  [[nodiscard]] std::shared_ptr<const catalog::Catalog> catalog() const { return options_.catalog(); }
  [[nodiscard]] Instant now() const { return options_.clock(); }
  [[nodiscard]] int64_t file_bytes_max() const { return options_.file_bytes_max; }
  // What a mapping still lacks: MissingOf, and "dealer" where several dealers could be meant.
  [[nodiscard]] Result<std::vector<std::string>> MissingOfJob(const ImportJob& job);

 private:
  class Work;  // import_work.cc

  [[nodiscard]] std::string FolderOf(int64_t id) const { return options_.folder + "/" + std::to_string(id); }
  [[nodiscard]] std::string FileOf(int64_t id) const { return FolderOf(id) + "/file"; }
  [[nodiscard]] std::string RefusedOf(int64_t id) const { return FolderOf(id) + "/refused.jsonl"; }
  [[nodiscard]] Status Note(db::Connection& connection, std::string_view act, int64_t id, AccountId account) const {
    return db::Witness(options_.audit, account).Note(connection, act, db::ObjectOf("import", id));
  }
  Status FindPlace();
  // Reads the job, lets `change` change it, and writes it; `change` may refuse.
  Result<ImportJob> Update(int64_t id, const std::function<Status(db::Connection&, ImportJob&)>& change);
  [[nodiscard]] Status CheckFile(const ImportJob& job) const;
  void Describe(ImportJob& job);
  Status Startable(const ImportJob& job);
  void Overlay(ImportJob& job);
  void Wake();
  void WorkLoop();
  void KeepLoop();
  void Tell(const ImportJob& job);

  ImportJobsOptions options_;
  std::string place_;
  std::string owner_;
  std::thread worker_;
  std::thread keeper_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  bool stopping_ = false;
  bool has_work_ = true;
  int64_t running_ = 0;  // the job that the worker is at
  std::map<int64_t, std::weak_ptr<FollowedJob>> followed_;
  std::atomic<bool> leave_ = false;   // the worker is to stop where it is
  std::atomic<bool> cancel_ = false;  // … to give up what it is at
  std::atomic<double> progress_ = 0;
  std::atomic<int64_t> renewed_ms_ = 0;
};

}  // namespace dealpace::exchange
