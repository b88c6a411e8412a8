#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>

#include "app/wiring.h"
#include "db/testing.h"
#include "exchange/import_jobs.h"
#include "ledger/read.h"
#include "ledger/verify.h"
#include "org/org.h"

// Servers that are killed in the middle of an import, and of its undoing: the next one goes on as if nothing had been.
namespace dealpace::testing {
namespace {

constexpr int kRows = 25'000;

class ImportKillTest : public ::testing::TestWithParam<db::Kind> {
 protected:
  ImportKillTest() : store_(GetParam()) {
    folder_ = (std::filesystem::temp_directory_path() / "dealpace-kill-XXXXXX").string();
    if (mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~ImportKillTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<db::Database> Open() const {
    auto database = db::Database::Open(store_.url());
    if (!database.ok()) throw std::runtime_error(database.error().code);
    return *std::move(database);
  }
  std::unique_ptr<exchange::ImportJobs> Jobs(db::Database& database, int64_t later_ms) const {
    exchange::ImportJobsOptions options;
    options.folder = folder_ + "/imports";
    options.database = &database;
    options.catalog = [] {
      static const catalog::Loaded kLoaded = app::LoadCatalog();
      return kLoaded.catalog;
    };
    options.clock = [later_ms] { return Instant{Now().ms + later_ms}; };
    return std::make_unique<exchange::ImportJobs>(std::move(options));
  }
  // A server in a process of its own, which starts with `work` and lives until it is killed.
  pid_t Fork(const std::function<bool(db::Database&, exchange::ImportJobs&)>& work, int64_t later_ms) const {
    const pid_t child = fork();
    if (child != 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that fails leaves no server behind
    bool well = false;
    try {
      const auto database = Open();
      const auto jobs = Jobs(*database, later_ms);
      well = jobs->Start().ok() && work(*database, *jobs);
      while (well) pause();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "server: %s\n", error.what());
    }
    _exit(1);
  }
  static int64_t Number(db::Database& database, const std::string& sql) {
    const auto number = database.Read<int64_t>([&](db::Connection& connection) -> Result<int64_t> {
      if (sql.find("ledger_whole") != std::string::npos) ledger::MakeWhole(connection, std::nullopt);
      db::Rows rows = connection.Query(sql);
      return rows.Next() ? rows.Int(0) : 0;
    });
    return number.ok() ? *number : -1;  // the server has not made the tables yet
  }
  static int64_t Live(db::Database& database) {
    return Number(database, "SELECT CAST(coalesce(sum(quantity), 0) AS BIGINT) / 1000 FROM ledger_whole");
  }
  // How many entries there are, reversals included: quickly, for waiting.
  static int64_t Booked(db::Database& database) {
    return Number(database, "SELECT CAST(coalesce(sum(head), 0) AS BIGINT) FROM ledger_head");
  }
  // Kills the server once `when` holds.
  static void KillWhen(pid_t child, const std::function<bool()>& when) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (!when()) {
      ASSERT_LT(std::chrono::steady_clock::now(), until) << "the server does not get there";
      ASSERT_EQ(waitpid(child, nullptr, WNOHANG), 0) << "the server ended by itself";
      usleep(500);
    }
    kill(child, SIGKILL);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
  }
  static exchange::ImportJob Rested(exchange::ImportJobs& jobs, int64_t id) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (std::chrono::steady_clock::now() < until) {
      auto job = jobs.Get(id);
      if (!job.ok()) throw std::runtime_error(job.error().code);
      if (!job->running()) return *std::move(job);
      usleep(5'000);
    }
    throw std::runtime_error("the job does not end");
  }

  db::TestStore store_;
  std::string folder_;
};
INSTANTIATE_TEST_SUITE_P(On, ImportKillTest, ::testing::ValuesIn(db::TestKinds()), db::KindNames());

TEST_P(ImportKillTest, WhatWasBeingImportedAndUndoneIsGoneOnWith) {
  pid_t server = Fork(
      [this](db::Database& database, exchange::ImportJobs& jobs) {
        const bool made = db::Migrate(database).ok() && database
                                                            .Write<void>([](db::Connection& connection) -> Status {
                                                              const auto dealer = org::AddDealer(connection, "D1", "");
                                                              return dealer.ok() ? Status() : Status(dealer.error());
                                                            })
                                                            .ok();
        const std::string path = folder_ + "/upload.csv";
        {
          std::ofstream out(path);
          out << "线索编号,到店日期\n";
          for (int i = 0; i < kRows; ++i) out << "L" << i << ",2026-09-01\n";
        }
        const auto job = made ? jobs.Upload("big.csv", "events", path, "ana") : Error("not_found");
        return job.ok() && jobs.Run(job->id, false, "ana").ok();
      },
      0);
  const auto database = Open();
  KillWhen(server, [&] { return Booked(*database) >= 5'000; });
  const int64_t id = Number(*database, "SELECT job_id FROM import_job WHERE state = 'importing'");
  ASSERT_GT(id, 0) << "it was killed in the middle";
  ASSERT_LT(Live(*database), kRows);

  // A minute later the dead server's hold has run out.
  auto jobs = Jobs(*database, 60'000);
  ASSERT_TRUE(jobs->Start().ok());
  const exchange::ImportJob done = Rested(*jobs, id);
  EXPECT_EQ(done.state, "done");
  EXPECT_EQ(Live(*database), kRows);
  EXPECT_EQ(done.result->at("rows").at("new").to_number<int64_t>(), kRows);
  EXPECT_EQ(done.result->at("entries").at("new").to_number<int64_t>(), kRows);
  EXPECT_EQ(Number(*database, "SELECT COUNT(*) FROM ledger_whole"), kRows) << "nothing was booked twice";
  EXPECT_EQ(Number(*database, "SELECT COUNT(*) FROM import_batch WHERE state = 'done'"), 1);
  jobs->Stop();
  jobs.reset();

  server = Fork([id](db::Database&, exchange::ImportJobs& theirs) { return theirs.Undo(id, "wrong file", "ana").ok(); },
                120'000);
  KillWhen(server, [&] { return Booked(*database) > kRows; });
  ASSERT_EQ(Number(*database, "SELECT COUNT(*) FROM import_job WHERE state = 'undoing'"), 1);
  ASSERT_GT(Live(*database), 0) << "it was killed in the middle";
  jobs = Jobs(*database, 180'000);
  ASSERT_TRUE(jobs->Start().ok());
  EXPECT_EQ(Rested(*jobs, id).state, "undone");
  EXPECT_EQ(Live(*database), 0);
  EXPECT_EQ(Number(*database, "SELECT COUNT(*) FROM ledger_whole"), 2 * kRows) << "each reversed once";
  jobs.reset();

  const auto verified =
      database->Read<ledger::Verification>([](db::Connection& connection) -> Result<ledger::Verification> {
        return ledger::Verify(connection, *app::LoadCatalog().catalog);
      });
  ASSERT_TRUE(verified.ok());
  EXPECT_TRUE(verified->findings.empty());
}

}  // namespace
}  // namespace dealpace::testing
