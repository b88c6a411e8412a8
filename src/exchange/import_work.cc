#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>

#include "catalog/messages.h"
#include "exchange/import_jobs.h"
#include "exchange/import_result.h"
#include "ledger/batch.h"

// The worker of the imports: what happens between the states.
namespace dealpace::exchange {
namespace {

namespace json = boost::json;

constexpr int64_t kLeaseMs = 15'000;
constexpr int64_t kRenewMs = 4'000;
constexpr int64_t kRetryMs = 15'000;  // after the store itself has failed
constexpr auto kLookEvery = std::chrono::milliseconds(400);
constexpr auto kPollEvery = std::chrono::seconds(3);
constexpr auto kPruneEvery = std::chrono::hours(1);

// Refused rows on their way to a file: one object of JSON in a line, the headers first.
class RefusedWriter {
 public:
  explicit RefusedWriter(std::string path) : path_(std::move(path)), out_(path_ + ".new", std::ios::trunc) {}
  ~RefusedWriter() {
    if (!kept_) unlink((path_ + ".new").c_str());
  }
  RefusedWriter(const RefusedWriter&) = delete;
  RefusedWriter& operator=(const RefusedWriter&) = delete;

  void Header(const std::vector<std::string>& headers) {
    out_ << json::serialize(json::object{{"headers", json::value_from(headers)}}) << '\n';
  }
  void Row(int64_t row, const std::vector<std::string>& cells, const Error& error) {
    json::object object = ErrorJson(error);
    object["row"] = row;
    object["cells"] = json::value_from(cells);
    out_ << json::serialize(object) << '\n';
    any_ = true;
  }
  // Puts them in the place of those of the last run.
  Status Keep() {
    out_.close();
    if (!out_) return Error("storage_full").With("path", path_);
    if (!any_) {
      unlink(path_.c_str());
      return {};
    }
    kept_ = rename((path_ + ".new").c_str(), path_.c_str()) == 0;
    if (!kept_) return Error("file_unwritable").With("file", path_);
    return {};
  }

 private:
  std::string path_;
  std::ofstream out_;
  bool any_ = false;
  bool kept_ = false;
};

// The store or the disk, not the file: to be tried again.
bool IsOurs(const Error& error) {
  const catalog::Messages::Message* message = catalog::Messages::Get().Find(error.code);
  return message == nullptr || message->status >= 500;
}

}  // namespace

// The work on one job, from its claim on.
class ImportJobs::Work {
 public:
  Work(ImportJobs& jobs, ImportJob job) : jobs_(jobs), job_(std::move(job)), catalog_(jobs.catalog()) {}

  void Do() {
    Status status;
    if (job_.state == "checking") status = Check();
    if (job_.state == "importing") status = Import();
    if (job_.state == "undoing") status = Undo();
    if (status.ok()) return;
    // Left where it is: for the next start, or to be tried again.
    const Instant until{status.error().code == "import_left" ? 0 : jobs_.now().ms + kRetryMs};
    (void)database().Write<void>([&](db::Connection& connection) -> Status {
      ReleaseLease(connection, job_.id, jobs_.owner_, until);
      return {};
    });
  }

 private:
  [[nodiscard]] db::Database& database() const { return *jobs_.options_.database; }
  [[nodiscard]] Instant Until() const { return {jobs_.now().ms + kLeaseMs}; }

  // Gone on with? Cancelling and stopping are asked of memory, the lease by the chunks and the keeper.
  [[nodiscard]] Status GoOn() const {
    if (jobs_.leave_) return Error("import_left");
    if (jobs_.cancel_ || job_.cancel) return Error("import_cancelled");
    return {};
  }

  [[nodiscard]] ImportOptions Options(bool dry_run) {
    ImportOptions options;
    options.kind = job_.kind;
    options.path = jobs_.FileOf(job_.id);
    options.file_name = job_.file_name;
    options.sheet = job_.settings.sheet;
    options.encoding = job_.settings.encoding;
    options.header_row = job_.settings.header_row;
    options.mapping = MappingOfJob(job_, *catalog_);
    options.create_missing = job_.settings.create_missing;
    options.scope = job_.scope;
    options.dry_run = dry_run;
    options.recorded_by = job_.run_by.empty() ? job_.created_by : job_.run_by;
    options.limits = jobs_.options_.limits;
    // Judged as on the day of the upload, so that a run that goes on later judges alike.
    options.doubt = job_.created_at;
    options.go_on = [this] { return GoOn(); };
    options.progress = [this](double share) { jobs_.progress_ = share; };
    return options;
  }

  // Asks for the figures of those dealers for which the job imports.
  [[nodiscard]] std::function<Result<kpi::Answer>(const kpi::Question&)> Ask() const {
    if (!jobs_.options_.ask || job_.scope.network) return jobs_.options_.ask;
    return [this](kpi::Question question) {
      question.scope = std::make_shared<const RowScope>(job_.scope.rows());
      return jobs_.options_.ask(question);
    };
  }

  // Writes how it ended, unless somebody else has taken the job over.
  Status End(const std::string& state, std::optional<Error> problem) {
    const Instant now = jobs_.now();
    job_.state = state;
    job_.problem = std::move(problem);
    if (job_.problem) job_.problem = Named(*job_.problem, job_.file_name);
    job_.finished_at = state == "draft" || state == "checked" ? std::nullopt : std::optional(now);
    ASSIGN_OR_RETURN(const bool ended, database().Write<bool>([&](db::Connection& connection) -> Result<bool> {
      return FinishJob(connection, job_, jobs_.owner_, now);
    }));
    if (!ended) return Error("import_left");
    ASSIGN_OR_RETURN(const ImportJob current, jobs_.Get(job_.id));
    jobs_.Tell(current);
    return {};
  }

  // ---- Dry run ----

  Status Check() {
    if (const Status file = jobs_.CheckFile(job_); !file.ok()) return End("draft", file.error());
    RefusedWriter refused(jobs_.RefusedOf(job_.id));
    Result<ImportSummary> summary = Read(Options(true), refused);
    if (!summary.ok()) {
      if (summary.error().code == "import_left") return summary.error();
      if (summary.error().code == "import_cancelled") return End("draft", std::nullopt);
      return End("draft", summary.error());
    }
    if (const Status kept = refused.Keep(); !kept.ok()) return End("draft", kept.error());
    job_.result = ResultJson(*summary, true, *catalog_, Ask());
    return End("checked", std::nullopt);
  }

  Result<ImportSummary> Read(ImportOptions options, RefusedWriter& refused) {
    options.header = [&](const std::vector<std::string>& headers) { refused.Header(headers); };
    options.refused = [&](int64_t row, const std::vector<std::string>& cells, const Error& error) {
      refused.Row(row, cells, error);
    };
    return exchange::Import(database(), *catalog_, options);
  }

  // ---- Import ----

  Status Import() {
    ASSIGN_OR_RETURN(const BatchState batch,
                     database().Read<BatchState>([&](db::Connection& connection) -> Result<BatchState> {
                       return job_.batch.set() ? ReadBatchState(connection, job_.batch) : BatchState();
                     }));
    // A run before this one had begun to take it all back, or was asked to and never came to it.
    if (batch.state == "reversed") return TakenBack();
    if (batch.state == "open" && (batch.undo_open || job_.cancel)) {
      RETURN_IF_ERROR(TakeBack("import broke off"));
      return TakenBack();
    }
    if (job_.cancel && batch.state.empty()) return End("cancelled", Error("import_cancelled"));
    if (const Status file = jobs_.CheckFile(job_); !file.ok()) {
      if (batch.state == "done") return End("done", std::nullopt);
      if (batch.state == "open") RETURN_IF_ERROR(TakeBack("the file is gone"));
      job_.batch = BatchId();
      return End("failed", file.error());
    }
    if (job_.settings.all_or_nothing && batch.state.empty()) {
      ASSIGN_OR_RETURN(const bool goes_on, NothingRefused());
      if (!goes_on) return {};
    }
    return Book(batch.state == "done");
  }

  // `booked`: the run before had booked everything, and only its report is missing.
  Status Book(bool booked) {
    RefusedWriter refused(jobs_.RefusedOf(job_.id));
    ImportOptions options = Options(booked);
    options.done_before = job_.counts;
    options.begun = [this](BatchId batch) -> Status {
      job_.batch = batch;
      return database().Write<void>(
          [&](db::Connection& connection) { return SaveBatch(connection, job_.id, jobs_.owner_, batch); });
    };
    options.checkpoint = [this](db::Connection& connection, const ImportCounts& counts) -> Status {
      jobs_.renewed_ms_ = jobs_.now().ms;
      return SaveCheckpoint(connection, job_.id, jobs_.owner_, counts, Until(), jobs_.progress_);
    };
    Result<ImportSummary> summary = Read(std::move(options), refused);
    if (!summary.ok()) return Failed(summary.error());
    if (summary->state == ImportSummary::State::kReversed) {
      job_.batch = BatchId();
      job_.counts = {};
      const bool cancelled = summary->broke_off->code == "import_cancelled";
      return End(cancelled ? "cancelled" : "failed", summary->broke_off);
    }
    job_.counts = summary->counts;
    if (job_.settings.all_or_nothing && summary->rows_refused > 0) {
      // Names have gone since the first look.
      RETURN_IF_ERROR(TakeBack("rows were refused"));
      job_.batch = BatchId();
      return Refused(*summary, refused);
    }
    RETURN_IF_ERROR(refused.Keep());
    job_.result = ResultJson(*summary, false, *catalog_, Ask());
    Remember();
    return End("done", std::nullopt);
  }

  // A first look at the whole file. False when rows are refused: the job has ended.
  Result<bool> NothingRefused() {
    RefusedWriter refused(jobs_.RefusedOf(job_.id));
    Result<ImportSummary> summary = Read(Options(true), refused);
    if (!summary.ok()) {
      RETURN_IF_ERROR(Failed(summary.error()));
      return false;
    }
    if (summary->rows_refused == 0) return true;
    RETURN_IF_ERROR(Refused(*summary, refused));
    return false;
  }

  Status Refused(const ImportSummary& summary, RefusedWriter& refused) {
    RETURN_IF_ERROR(refused.Keep());
    job_.counts = {};
    job_.result = ResultJson(summary, true, *catalog_, Ask());
    return End("failed", Error("import_rows_refused").With("count", summary.rows_refused));
  }

  // Nothing could be booked, or not all of it and the batch is open. What is open because the store fails is tried
  // again; what is wrong with the file is the end.
  Status Failed(const Error& error) {
    if (error.code == "import_left" || IsOurs(error)) return error;
    if (error.code == "import_cancelled") return End("cancelled", error);
    if (job_.batch.set()) {
      RETURN_IF_ERROR(TakeBack("import broke off"));
      job_.batch = BatchId();
    }
    return End("failed", error);
  }

  Status TakeBack(std::string_view why) {
    const auto undone = ledger::UndoBatch(database(), *catalog_, job_.batch, why,
                                          {job_.run_by.empty() ? job_.created_by : job_.run_by, Now(), {}});
    if (undone.ok() || undone.error().code == "batch_already_reversed") return {};
    return undone.error();
  }

  // What an earlier run had booked is taken back. It ends as cancelled; without that, why is no longer known.
  Status TakenBack() {
    job_.batch = BatchId();
    job_.counts = {};
    if (job_.cancel) return End("cancelled", Error("import_cancelled"));
    if (const Status file = jobs_.CheckFile(job_); !file.ok()) return End("failed", file.error());
    // The file tells once more, without booking.
    RefusedWriter refused(jobs_.RefusedOf(job_.id));
    const Result<ImportSummary> summary = Read(Options(true), refused);
    if (!summary.ok() && (summary.error().code == "import_left" || IsOurs(summary.error()))) return summary.error();
    if (!summary.ok()) return End("failed", summary.error());
    return End("failed", Error("import_cancelled"));
  }

  // The next file with these headers is imported the same way.
  void Remember() {
    SavedMapping mapping;
    mapping.id = NewId();
    mapping.kind = job_.kind;
    mapping.headers = HeadersOf(job_.found);
    mapping.fingerprint = HeaderFingerprint(mapping.headers);
    mapping.file_name = job_.file_name;
    mapping.toml = job_.settings.mapping_toml;
    mapping.create_missing = job_.settings.create_missing;
    mapping.created_by = job_.created_by;
    mapping.created_at = jobs_.now();
    mapping.scope = job_.scope;
    // Of no consequence for the import.
    (void)database().Write<void>([&](db::Connection& connection) -> Status {
      RememberMapping(connection, mapping);
      return {};
    });
  }

  // ---- Undo ----

  Status Undo() {
    const auto undone = ledger::UndoBatch(database(), *catalog_, job_.batch, job_.undo_why,
                                          {job_.run_by.empty() ? job_.created_by : job_.run_by, Now(), {}});
    if (!undone.ok() && undone.error().code != "batch_already_reversed") return undone.error();
    if (!job_.result) job_.result = json::object();
    if (undone.ok()) {
      (*job_.result)["undone"] = json::object{{"reversed", undone->reversed}, {"restored", undone->restored}};
    }
    return End("undone", std::nullopt);
  }

  ImportJobs& jobs_;
  ImportJob job_;
  std::shared_ptr<const catalog::Catalog> catalog_;
};

void ImportJobs::WorkLoop() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kPollEvery, [this] { return stopping_ || has_work_; });
      if (stopping_) return;
      has_work_ = false;
    }
    while (!leave_) {
      const Instant now = options_.clock();
      const Instant until{now.ms + kLeaseMs};
      Result<int64_t> claimed = options_.database->Write<int64_t>([&](db::Connection& connection) -> Result<int64_t> {
        return ClaimJob(connection, owner_, place_, now, until);
      });
      if (!claimed.ok() || *claimed == 0) break;
      Result<ImportJob> job =
          options_.database->Read<ImportJob>([&](db::Connection& connection) { return ReadJob(connection, *claimed); });
      if (!job.ok()) break;
      {
        const std::lock_guard lock(mutex_);
        running_ = *claimed;
        cancel_ = false;
        progress_ = 0;
        renewed_ms_ = now.ms;
      }
      try {
        Work(*this, *std::move(job)).Do();
      } catch (const std::exception&) {
        // Out of memory and the like. The lease runs out, and the job is tried again.
      }
      const std::lock_guard lock(mutex_);
      running_ = 0;
    }
  }
}

// Keeps the lease of a long piece of work, brings what people do elsewhere, and tidies up.
void ImportJobs::KeepLoop() {
  auto pruned = std::chrono::steady_clock::now() - kPruneEvery;
  while (true) {
    int64_t running = 0;
    std::vector<std::pair<int64_t, std::shared_ptr<FollowedJob>>> followed;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kLookEvery, [this] { return stopping_; });
      if (stopping_) return;
      running = running_;
      for (auto it = followed_.begin(); it != followed_.end();) {
        if (auto job = it->second.lock()) {
          followed.emplace_back(it->first, std::move(job));
          ++it;
        } else {
          it = followed_.erase(it);
        }
      }
    }
    if (running != 0) {
      const Instant now = options_.clock();
      const auto job =
          options_.database->Read<ImportJob>([&](db::Connection& connection) { return ReadJob(connection, running); });
      if (job.ok() && job->cancel) {
        const std::lock_guard lock(mutex_);
        if (running_ == running) cancel_ = true;
      }
      if (now.ms - renewed_ms_ >= kRenewMs) {
        renewed_ms_ = now.ms;
        (void)options_.database->Write<void>([&](db::Connection& connection) -> Status {
          (void)RenewLease(connection, running, owner_, {now.ms + kLeaseMs}, progress_);
          return {};
        });
      }
    }
    for (const auto& [id, job] : followed) {
      Result<ImportJob> current = Get(id);
      if (!current.ok()) continue;
      const ImportJob shown = job->Get().job;
      if (shown.version != current->version || shown.state != current->state || shown.progress != current->progress) {
        job->Set(*std::move(current));
      }
    }
    if (std::chrono::steady_clock::now() - pruned >= kPruneEvery) {
      pruned = std::chrono::steady_clock::now();
      (void)Prune(options_.clock());
    }
  }
}

}  // namespace dealpace::exchange
