#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/zones.h"
#include "catalog/catalog.h"
#include "db/db.h"
#include "facts/facts.h"
#include "kpi/answer.h"

// The catalogue as this network has it: ours with the network's own KPIs, and an engine that answers by it.
namespace dealpace::analysis {

// An own KPI that cannot be used as it stands, say because a newer release renamed a measure.
struct UnusableKpi {
  std::string id;
  Error error;
};

// One state of the definitions. Immutable and shared: whoever holds one keeps its catalogue and engine alive. The
// engine is thread-safe.
struct Definitions {
  std::shared_ptr<const catalog::Catalog> catalog;
  std::unique_ptr<kpi::Engine> engine;
  int64_t version = 0;                // moves whenever an own KPI does, in whichever process
  std::vector<UnusableKpi> unusable;  // left out of the catalogue
};

// Gives the definitions as the store has them now. Own KPIs only add KPIs, so events and measures keep their positions
// and the facts go on working with the base catalogue. Thread-safe.
class DefinitionsHolder {
 public:
  // `base`: the catalogue in the binary with the data folder's kpis.toml; the one that `facts` was made with. Both
  // references outlive the holder and every Definitions it gave.
  DefinitionsHolder(db::Database& database, std::shared_ptr<const catalog::Catalog> base, facts::Facts& facts);

  // Asks the database for its version (one row), and reads the own KPIs again where it has moved: an answer never
  // stands on definitions older than the question. An own KPI that is not valid is left out and told in `unusable`.
  // Fails as the database does; the store must have all migrations.
  [[nodiscard]] Result<std::shared_ptr<const Definitions>> Current();

  // The time zone of the network's business day.
  [[nodiscard]] Result<Zone> BusinessZone();

  [[nodiscard]] const std::shared_ptr<const catalog::Catalog>& base() const { return base_; }

 private:
  [[nodiscard]] Result<std::shared_ptr<const Definitions>> Read();

  db::Database& database_;
  std::shared_ptr<const catalog::Catalog> base_;
  facts::Facts& facts_;
  db::Remembered<std::shared_ptr<const Definitions>> remembered_{db::Changes::kMasters};
  db::Remembered<Zone> zone_{db::Changes::kMasters};
  std::mutex mutex_;  // guards what follows
  std::shared_ptr<const Definitions> current_;
};

}  // namespace dealpace::analysis
