#include "analysis/definitions.h"

#include <cassert>
#include <utility>

#include "analysis/own_kpis.h"
#include "analysis/question.h"

namespace dealpace::analysis {

DefinitionsHolder::DefinitionsHolder(db::Database& database, std::shared_ptr<const catalog::Catalog> base,
                                     facts::Facts& facts)
    : database_(database), base_(std::move(base)), facts_(facts) {}

Result<std::shared_ptr<const Definitions>> DefinitionsHolder::Current() {
  return remembered_.Get(database_, [this] { return Read(); });
}

Result<Zone> DefinitionsHolder::BusinessZone() {
  return zone_.Get(database_, [this] { return analysis::BusinessZone(database_); });
}

Result<std::shared_ptr<const Definitions>> DefinitionsHolder::Read() {
  ASSIGN_OR_RETURN(const int64_t version, database_.Read<int64_t>([](db::Connection& connection) -> Result<int64_t> {
    return OwnKpiVersion(connection);
  }));
  const std::lock_guard lock(mutex_);
  if (current_ != nullptr && current_->version >= version) return current_;  // versions only rise

  using Kept = std::pair<int64_t, std::vector<OwnKpi>>;
  ASSIGN_OR_RETURN(const Kept kept, database_.Read<Kept>([](db::Connection& connection) -> Result<Kept> {
    const int64_t read = OwnKpiVersion(connection);
    return Kept(read, ReadOwnKpis(connection));
  }));
  Resolved resolved = Resolve(*base_, kept.second);
  // The facts know events and measures by their position in the base catalogue.
  assert(resolved.catalog->events().size() == base_->events().size() &&
         resolved.catalog->measures().size() == base_->measures().size());
  auto made = std::make_shared<Definitions>();
  made->catalog = std::move(resolved.catalog);
  made->engine = std::make_unique<kpi::Engine>(*made->catalog, facts_);
  made->version = kept.first;
  made->unusable = std::move(resolved.unusable);
  current_ = std::move(made);
  return current_;
}

}  // namespace dealpace::analysis
