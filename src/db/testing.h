#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "db/db.h"
#include "db/distribute.h"
#include "db/migrate.h"

// Databases for tests. PostgreSQL is there when DEALPACE_TEST_PG_URL names a server (tests/pg.sh starts one).
//
//   class LedgerTest : public testing::TestWithParam<db::Kind> {};
//   TEST_P(LedgerTest, …) { db::TestDatabase database(GetParam()); … database->Write<void>(…) … }
//   INSTANTIATE_TEST_SUITE_P(On, LedgerTest, testing::ValuesIn(db::TestKinds()), db::KindNames());
namespace dealpace::db {

inline std::string KindName(Kind kind) { return kind == Kind::kSqlite ? "sqlite" : "postgres"; }

// Names the instances of a parameterised test.
struct KindNames {
  template <typename Info>
  std::string operator()(const Info& info) const {
    return KindName(info.param);
  }
};

// What there is to test on. Says once when PostgreSQL is left out.
inline std::vector<Kind> TestKinds() {
  static const bool has_postgres = [] {
    const char* url = std::getenv("DEALPACE_TEST_PG_URL");
    if (url != nullptr && *url != '\0') return true;
    std::fputs("PostgreSQL tests were skipped because DEALPACE_TEST_PG_URL is not set.\n", stderr);
    return false;
  }();
  if (has_postgres) return {Kind::kSqlite, Kind::kPostgres};
  return {Kind::kSqlite};
}

// A place for one database, empty at first: a SQLite file in a folder of its own, or a schema of the test server.
// Gone with the object.
class TestStore {
 public:
  explicit TestStore(Kind kind) : kind_(kind) {
    if (kind == Kind::kSqlite) {
      std::string folder = (std::filesystem::temp_directory_path() / "dealpace-test-XXXXXX").string();
      if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder: " + folder);
      place_ = folder;
      url_ = folder + "/dealpace.db";
      return;
    }
    const char* server = std::getenv("DEALPACE_TEST_PG_URL");
    if (server == nullptr) throw std::runtime_error("DEALPACE_TEST_PG_URL is not set");
    server_ = server;
    std::random_device random;
    place_ = "t_" + std::to_string(random()) + "_" + std::to_string(random());
    OnServer("CREATE SCHEMA " + place_);
    url_ = server_ + (server_.find('?') == std::string::npos ? "?" : "&") + "options=-csearch_path%3D" + place_;
  }
  ~TestStore() {
    if (kind_ == Kind::kSqlite) {
      std::error_code ignored;
      std::filesystem::remove_all(place_, ignored);
      return;
    }
    try {
      OnServer("DROP SCHEMA " + place_ + " CASCADE");
    } catch (const std::exception& error) {
      std::fprintf(stderr, "the schema %s stays: %s\n", place_.c_str(), error.what());
    }
  }
  TestStore(const TestStore&) = delete;
  TestStore& operator=(const TestStore&) = delete;

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const std::string& url() const { return url_; }  // for Database::Open, any number of times

 private:
  void OnServer(const std::string& script) {
    auto database = Database::Open(server_);
    const Status status =
        !database.ok() ? Status(database.error()) : (*database)->Write<void>([&](Connection& connection) -> Status {
          connection.ExecuteScript(script);
          return {};
        });
    if (!status.ok()) throw std::runtime_error(status.error().code + ": " + std::string(status.error().Arg("detail")));
  }

  const Kind kind_;
  std::string server_;
  std::string place_;  // the folder, or the schema
  std::string url_;
};

// On a server that has Citus a migrated store is spread over its nodes, so that all tests run on that.
inline void SpreadWherePossible(Database& database) {
  if (database.kind() != Kind::kPostgres) return;
  constexpr int kFew = 4;
  const auto done = Distribute(database, kFew);
  if (done.ok() || done.error().code == "citus_missing") return;
  throw std::runtime_error(done.error().code + ": " + std::string(done.error().Arg("detail")));
}

enum class Tables { kMigrated, kNone };

// An open database of its own, with the tables of the product unless told otherwise.
class TestDatabase {
 public:
  explicit TestDatabase(Kind kind, Tables tables = Tables::kMigrated, const Options& options = {}) : store_(kind) {
    database_ = Another(options);
    if (tables == Tables::kNone) return;
    const auto done = Migrate(*database_);
    if (!done.ok()) throw std::runtime_error(done.error().code + ": " + std::string(done.error().Arg("detail")));
    SpreadWherePossible(*database_);
  }

  Database& operator*() const { return *database_; }
  Database* operator->() const { return database_.get(); }
  [[nodiscard]] const std::string& url() const { return store_.url(); }

  // The same data through a pool of its own, as another process would have it.
  [[nodiscard]] std::unique_ptr<Database> Another(const Options& options = {}) const {
    auto database = Database::Open(store_.url(), options);
    if (!database.ok()) {
      throw std::runtime_error(database.error().code + ": " + std::string(database.error().Arg("detail")));
    }
    return *std::move(database);
  }

 private:
  TestStore store_;
  std::unique_ptr<Database> database_;
};

// Addresses of fresh, empty stores, one per kind; they go when the process ends.
inline std::vector<std::string> TestUrls() {
  static std::vector<std::unique_ptr<TestStore>> stores;
  std::vector<std::string> urls;
  for (const Kind kind : TestKinds()) {
    stores.push_back(std::make_unique<TestStore>(kind));
    urls.push_back(stores.back()->url());
  }
  return urls;
}

}  // namespace dealpace::db
