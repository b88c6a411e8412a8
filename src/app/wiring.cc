#include "app/wiring.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "catalog/embedded.h"
#include "kpi/program.h"

namespace dealpace::app {

catalog::Loaded LoadCatalog(const std::string& data_dir) {
  std::vector<EmbeddedFile> files = catalog::EmbeddedFiles();
  const std::string own_path = (std::filesystem::path(data_dir) / "kpis.toml").string();
  std::string own;
  if (!data_dir.empty()) {
    if (std::ifstream in(own_path, std::ios::binary); in) {
      std::ostringstream text;
      text << in.rdbuf();
      own = text.str();
      files.push_back({own_path, own});
    }
  }
  catalog::Loaded loaded = catalog::Load(files);
  for (catalog::Complaint& complaint : kpi::CheckFormulas(*loaded.catalog)) {
    loaded.complaints.push_back(std::move(complaint));
  }
  return loaded;
}

System::System(std::unique_ptr<db::Database> store, std::shared_ptr<const catalog::Catalog> definitions,
               size_t shelf_threads)
    : database_(std::move(store)),
      catalog_(std::move(definitions)),
      source_(*database_, *catalog_),
      org_(*database_),
      facts_(*catalog_, source_, org_, shelf_threads),
      engine_(*catalog_, facts_),
      definitions_(*database_, catalog_, facts_) {}

Result<std::unique_ptr<System>> System::Open(const std::string& url, const std::string& data_dir,
                                             const db::Options& options) {
  catalog::Loaded loaded = LoadCatalog(data_dir);
  if (!loaded.complaints.empty()) {
    return Error("catalog_broken").With("count", loaded.complaints.size());
  }
  ASSIGN_OR_RETURN(std::unique_ptr<db::Database> database, db::Database::Open(url, options));
  return std::make_unique<System>(std::move(database), std::move(loaded.catalog));
}

Result<bool> System::OpenVault(const std::string& key_file) {
  auto keys = access::KeyFile::Read(key_file);
  bool made = false;
  if (!keys.ok() && keys.error().code == "key_file_missing") {
    ASSIGN_OR_RETURN(const bool sealed, database_->Read<bool>([](db::Connection& connection) -> Result<bool> {
      return connection.Query("SELECT 1 FROM data_key").Next();
    }));
    if (sealed) return keys.error();
    keys = access::KeyFile::Make(key_file);
    made = keys.ok();
    // Somebody else has just made it.
    if (!made && keys.error().code == "key_file_exists") keys = access::KeyFile::Read(key_file);
  }
  if (!keys.ok()) return keys.error();
  ASSIGN_OR_RETURN(vault_, access::Vault::Open(*database_, *std::move(keys)));
  audit_hasher_ = std::make_unique<access::ChainHasher>(vault_->audit_key());
  return made;
}

db::AuditLog System::audit_log(std::function<Instant()> clock) const {
  if (audit_hasher_ == nullptr) return {};
  return [&hasher = *audit_hasher_, clock = std::move(clock)](db::Connection& connection, const db::Deed& deed) {
    return access::AppendAudit(connection, hasher, deed, clock());
  };
}

namespace {

Status CheckPlace(const facts::OrgView& org, const access::PostPlace& place) {
  const auto unknown = [](std::string_view what) { return Error("place_unknown").With("what", what); };
  const auto has = [](const std::vector<int64_t>& ids, int64_t id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  if (place.region.set() && org.Label(Dim::kRegion, place.region.value).empty()) return unknown("region");
  if (!place.dealer.set()) return {};  // whether one is needed is the role's matter
  const facts::OrgView::Dealer* dealer = org.Find(place.dealer);
  if (dealer == nullptr) return unknown("dealer");
  if (place.team.set() && !has(dealer->teams, place.team.value)) return unknown("team");
  if (place.staff.set() && !has(dealer->staff, place.staff.value)) return unknown("person");
  return {};
}

}  // namespace

access::AccessOptions AccessOf(System& system, access::AccessOptions options) {
  options.catalog = system.shared_catalog();
  options.vault = system.vault();
  options.places.dealers_of = [&system](RegionId region, Day day) -> Result<std::vector<DealerId>> {
    ASSIGN_OR_RETURN(const auto org, system.org().Current());
    std::vector<DealerId> dealers;
    for (const auto& [id, dealer] : org->dealers) {
      if (facts::At(dealer.region, day) == region.value) dealers.emplace_back(id);
    }
    return dealers;
  };
  options.places.check = [&system](const access::PostPlace& place) -> Status {
    ASSIGN_OR_RETURN(const auto org, system.org().Current());
    return CheckPlace(*org, place);
  };
  return options;
}

}  // namespace dealpace::app
