#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/definitions.h"
#include "base/days.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "db/audit.h"
#include "db/db.h"

// KPIs that the network adds to the catalogue: kept in the store, checked like ours before they are taken.
namespace dealpace::analysis {

inline constexpr size_t kOwnKpisMax = 500;

struct OwnKpiInput {
  std::string id;
  Bilingual name;
  std::string formula;
  catalog::Unit unit = catalog::Unit::kCount;
  catalog::Better better = catalog::Better::kNone;
  Bilingual meaning;
};

struct OwnKpi : OwnKpiInput {
  int64_t version = 0;
  Instant changed_at{};
  std::string changed_by;
};

// Who changes, and when; the witness tells the audit log.
struct Editor {
  std::string by;
  Instant at{};
  db::Witness witness = {};
};

// Moves whenever an own KPI does.
[[nodiscard]] int64_t OwnKpiVersion(db::Connection& connection);
// In order of id.
[[nodiscard]] std::vector<OwnKpi> ReadOwnKpis(db::Connection& connection);

// The base catalogue with those of the own KPIs that can be used, and why the others cannot: own_kpi_id_taken (the
// catalogue has come to use the id), the errors of kpi::CheckKpi. One that uses an unusable one is unusable, too.
struct Resolved {
  std::shared_ptr<const catalog::Catalog> catalog;
  std::vector<UnusableKpi> unusable;
};
[[nodiscard]] Resolved Resolve(const catalog::Catalog& base, const std::vector<OwnKpi>& own);

// Each in a transaction of its own. A name or meaning that is missing in one language is taken from the other.
//
// Fail, changing nothing, with own_kpi_id_bad, own_kpi_id_taken, own_kpis_too_many, own_kpi_name_missing,
// field_too_long, field_control_character, own_kpi_unit_mismatch, the errors of kpi::Program::Add and kpi_cycle (all of
// a formula with "field" = "formula"), own_kpi_breaks (another own KPI could not be used any more), not_found,
// edit_conflict (somebody has changed it since `version`), own_kpi_in_use (another own KPI names it).
[[nodiscard]] Result<OwnKpi> AddOwnKpi(db::Database& database, const catalog::Catalog& base, const OwnKpiInput& input,
                                       const Editor& editor);
// The id stays.
[[nodiscard]] Result<OwnKpi> ChangeOwnKpi(db::Database& database, const catalog::Catalog& base, std::string_view id,
                                          int64_t version, const OwnKpiInput& input, const Editor& editor);
[[nodiscard]] Status RemoveOwnKpi(db::Database& database, std::string_view id, int64_t version,
                                  const db::Witness& witness = {});

[[nodiscard]] std::string_view BetterName(catalog::Better better);
[[nodiscard]] std::optional<catalog::Better> ParseBetter(std::string_view name);

}  // namespace dealpace::analysis
