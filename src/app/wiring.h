#pragma once

#include <memory>
#include <optional>
#include <string>

#include "access/access.h"
#include "access/audit.h"
#include "access/vault.h"
#include "analysis/definitions.h"
#include "catalog/catalog.h"
#include "db/db.h"
#include "facts/facts.h"
#include "kpi/answer.h"
#include "ledger/ledger.h"
#include "org/org.h"

// Puts the rooms together over one store.
namespace dealpace::app {

// The catalogue in the binary, with a dealer's own kpis.toml from the data folder when there is one.
[[nodiscard]] catalog::Loaded LoadCatalog(const std::string& data_dir = {});

// Everything that works on one store, for as long as it is open. Not movable: its parts know each other.
class System {
 public:
  System(std::unique_ptr<db::Database> store, std::shared_ptr<const catalog::Catalog> definitions,
         size_t shelf_threads = facts::kShelfThreads);
  System(const System&) = delete;
  System& operator=(const System&) = delete;

  // Opens the store at a URL (db::Database::Open). Fails with catalog_broken when the catalogue has complaints.
  static Result<std::unique_ptr<System>> Open(const std::string& url, const std::string& data_dir = {},
                                              const db::Options& options = {});

  // Opens what the key file is needed for: the vault of personal data and the audit log. The store must be migrated.
  // Without a file one is made, as long as nothing is sealed yet; returns whether one was. Fails with the errors of
  // access::KeyFile::Read and access::Vault::Open. To be called before the system is shared.
  [[nodiscard]] Result<bool> OpenVault(const std::string& key_file);
  // Null until OpenVault.
  [[nodiscard]] access::Vault* vault() { return vault_.get(); }
  [[nodiscard]] const access::ChainHasher* audit_hasher() const { return audit_hasher_.get(); }
  // Writes deeds down at the time of `clock`; empty until OpenVault. The system must outlive it.
  [[nodiscard]] db::AuditLog audit_log(std::function<Instant()> clock = Now) const;

  [[nodiscard]] db::Database& database() { return *database_; }
  // The catalogue of the binary and the data folder, which ledger and facts work with, and an engine over it.
  [[nodiscard]] const catalog::Catalog& catalog() const { return *catalog_; }
  [[nodiscard]] const std::shared_ptr<const catalog::Catalog>& shared_catalog() const { return catalog_; }
  [[nodiscard]] facts::Facts& facts() { return facts_; }
  [[nodiscard]] ledger::Source& ledger() { return source_; }
  [[nodiscard]] facts::OrgSource& org() { return org_; }
  [[nodiscard]] kpi::Engine& engine() { return engine_; }
  // The same with the KPIs that the network has added in the store: what questions of people are answered by.
  [[nodiscard]] analysis::DefinitionsHolder& definitions() { return definitions_; }

 private:
  std::unique_ptr<db::Database> database_;
  std::shared_ptr<const catalog::Catalog> catalog_;
  ledger::DatabaseSource source_;
  org::DatabaseOrg org_;
  facts::Facts facts_;
  kpi::Engine engine_;
  analysis::DefinitionsHolder definitions_;
  std::unique_ptr<access::Vault> vault_;
  std::unique_ptr<access::ChainHasher> audit_hasher_;
};

// What posts stand on, the roles of the catalogue and the organisation, and the vault where it is open. The system
// outlives them.
[[nodiscard]] access::AccessOptions AccessOf(System& system, access::AccessOptions options = {});

}  // namespace dealpace::app
