#include <stdexcept>
#include <string>
#include <utility>

#include "app/wiring.h"
#include "db/testing.h"
#include "ledger/ledger.h"
#include "org/org.h"
#include "tests/golden/world.h"

namespace dealpace::golden {
namespace {

std::runtime_error Failure(const Error& error) {
  std::string text = error.code;
  for (const auto& [name, value] : error.args) text += " " + name + "=" + value;
  return std::runtime_error(text);
}

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) throw Failure(result.error());
  return *std::move(result);
}

class DatabaseWorld final : public World {
 public:
  DatabaseWorld(std::shared_ptr<const catalog::Catalog> catalog, db::Kind kind)
      : catalog_(catalog), store_(kind), system_(Open(store_.url()), std::move(catalog)) {}

  void Transaction(const std::function<void()>& work) override {
    const Status status = system_.database().Write<void>([&](db::Connection& connection) -> Status {
      connection_ = &connection;
      work();
      return {};
    });
    connection_ = nullptr;
    if (!status.ok()) throw Failure(status.error());
  }

  DealerId AddDealer(std::string_view code, std::string_view time_zone) override {
    return Must(org::AddDealer(*connection_, code, code, time_zone));
  }
  StaffId AddStaff(DealerId dealer, std::string_view code) override {
    return Must(org::AddStaff(*connection_, dealer, code, code));
  }
  TeamId AddTeam(DealerId dealer, std::string_view code) override {
    return Must(org::AddTeam(*connection_, dealer, code, code));
  }
  RegionId AddRegion(std::string_view code) override { return Must(org::AddRegion(*connection_, code, code)); }
  void MoveDealer(DealerId dealer, Day from, RegionId region) override {
    org::MoveDealer(*connection_, dealer, from, region);
  }
  void MoveStaff(DealerId dealer, StaffId staff, Day from, TeamId team) override {
    org::MoveStaff(*connection_, dealer, staff, from, team);
  }
  int64_t AddMember(Dim dim, std::string_view code) override { return org::AddMember(*connection_, dim, code); }

  int64_t Append(DealerId dealer, std::span<const ledger::NewEntry> entries, Instant recorded_at) override {
    return ledger::Append(*connection_, *catalog_, dealer, entries, {"golden", recorded_at, {}});
  }
  void Reverse(DealerId dealer, std::span<const int64_t> seqs, std::string_view why, Instant recorded_at) override {
    const Status status = ledger::Reverse(*connection_, dealer, seqs, why, {"golden", recorded_at, {}});
    if (!status.ok()) throw Failure(status.error());
  }

  Result<kpi::Answer> Ask(const kpi::Question& question) override { return system_.engine().Ask(question); }

 private:
  static std::unique_ptr<db::Database> Open(const std::string& url) {
    db::Options options;
    options.readers = 1;
    auto database = Must(db::Database::Open(url, options));
    Must(db::Migrate(*database));
    db::SpreadWherePossible(*database);
    return database;
  }

  std::shared_ptr<const catalog::Catalog> catalog_;
  db::TestStore store_;
  app::System system_;
  db::Connection* connection_ = nullptr;  // of the transaction that runs
};

}  // namespace

std::unique_ptr<World> MakeDatabaseWorld(std::shared_ptr<const catalog::Catalog> catalog, db::Kind kind) {
  return std::make_unique<DatabaseWorld>(std::move(catalog), kind);
}

}  // namespace dealpace::golden
