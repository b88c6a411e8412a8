#include "analysis/own_kpis.h"

#include <algorithm>
#include <map>
#include <optional>

#include "catalog/text_rules.h"
#include "kpi/formula.h"
#include "kpi/program.h"

namespace dealpace::analysis {
namespace {

constexpr size_t kNameMax = 120;      // characters
constexpr size_t kMeaningMax = 1000;  // characters
constexpr size_t kFormulaMax = 2000;  // characters
constexpr size_t kIdMax = 48;

bool IsId(std::string_view id) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return id.size() >= 2 && id.size() <= kIdMax && lower(id.front()) &&
         std::all_of(id.begin(), id.end(), [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_'; });
}

// What else goes by this id: columns of an answer stand beside its dimensions, and formulas name functions.
bool IsTaken(const catalog::Catalog& base, std::string_view id) {
  const auto& functions = kpi::FormulaFunctions();
  return base.FindKpi(id) >= 0 || base.FindMeasure(id) >= 0 || base.FindEvent(id) >= 0 || ParseDim(id) ||
         ParseGrain(id) ||
         std::any_of(functions.begin(), functions.end(), [&](const kpi::FormulaFunction& f) { return f.name == id; });
}

catalog::Kpi AsKpi(const OwnKpi& own) {
  catalog::Kpi kpi;
  kpi.id = own.id;
  kpi.name = own.name;
  kpi.formula = own.formula;
  kpi.unit = own.unit;
  kpi.better = own.better;
  kpi.meaning = own.meaning;
  for (int dim = 0; dim < kFirstMemberDim + kLeadDimCount; ++dim) {
    if (static_cast<Dim>(dim) != Dim::kActor) kpi.slices.emplace_back(kDimNames[static_cast<size_t>(dim)]);
  }
  kpi.place.file = "own_kpi";
  return kpi;
}

std::vector<std::string> NamesOf(const std::string& formula) {
  const auto node = kpi::ParseFormula(formula);
  return node.ok() ? kpi::NamesIn(**node) : std::vector<std::string>{};
}

const Error* FindProblem(const Resolved& resolved, std::string_view id) {
  for (const UnusableKpi& unusable : resolved.unusable) {
    if (unusable.id == id) return &unusable.error;
  }
  return nullptr;
}

// Puts what was typed into the form that is kept.
Result<OwnKpi> Normalised(const OwnKpiInput& input) {
  OwnKpi kpi{input};
  // What is typed over several lines is kept as one.
  const auto one_line = [](std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
    return text;
  };
  const auto both = [](std::string_view field, Bilingual& text, size_t characters_max) -> Status {
    ASSIGN_OR_RETURN(text.en, catalog::LineOfText(std::string(field) + ".en", text.en, characters_max));
    ASSIGN_OR_RETURN(text.zh, catalog::LineOfText(std::string(field) + ".zh", text.zh, characters_max));
    if (text.en.empty()) text.en = text.zh;
    if (text.zh.empty()) text.zh = text.en;
    return {};
  };
  kpi.id = std::string(Trim(input.id));
  if (!IsId(kpi.id)) return Error("own_kpi_id_bad").With("id", kpi.id).With("field", "id");
  RETURN_IF_ERROR(both("name", kpi.name, kNameMax));
  if (kpi.name.en.empty()) return Error("own_kpi_name_missing").With("field", "name");
  kpi.meaning = {one_line(kpi.meaning.en), one_line(kpi.meaning.zh)};
  RETURN_IF_ERROR(both("meaning", kpi.meaning, kMeaningMax));
  ASSIGN_OR_RETURN(kpi.formula, catalog::LineOfText("formula", one_line(input.formula), kFormulaMax));
  if (const auto node = kpi::ParseFormula(kpi.formula); !node.ok()) return Error(node.error()).With("field", "formula");
  return kpi;
}

// Whether the own KPIs may stand like this, `changed` having been added or changed.
Status CheckAll(const catalog::Catalog& base, const std::vector<OwnKpi>& before, const std::vector<OwnKpi>& after,
                const OwnKpi& changed) {
  const Resolved now = Resolve(base, after);
  if (const Error* problem = FindProblem(now, changed.id)) {
    if (problem->code == "kpi_cycle") return Error("kpi_cycle").With("name", changed.id).With("field", "formula");
    if (problem->code == "catalog_unit_mismatch") {
      return Error("own_kpi_unit_mismatch")
          .With("unit", problem->Arg("unit"))
          .With("found", problem->Arg("found"))
          .With("unit_zh", problem->Arg("unit_zh"))
          .With("found_zh", problem->Arg("found_zh"))
          .With("field", "unit");
    }
    return Error(*problem).With("field", problem->code == "own_kpi_id_taken" ? "id" : "formula");
  }
  if (now.unusable.empty()) return {};
  const Resolved then = Resolve(base, before);
  for (const UnusableKpi& unusable : now.unusable) {
    if (FindProblem(then, unusable.id) == nullptr) {
      return Error("own_kpi_breaks").With("other", unusable.id).With("field", "formula");
    }
  }
  return {};
}

// Moves the version, which also makes other changes wait; returns it.
int64_t Move(db::Connection& connection) {
  connection.Execute("UPDATE own_kpi_version SET version = version + 1 WHERE own_kpi_version_id = 1");
  return OwnKpiVersion(connection);
}

auto Find(std::vector<OwnKpi>& own, std::string_view id) {
  return std::find_if(own.begin(), own.end(), [id](const OwnKpi& kpi) { return kpi.id == id; });
}

Status Note(db::Connection& connection, const db::Witness& witness, std::string_view act, std::string_view id) {
  return witness.Note(connection, act, "kpi:" + std::string(id));
}

Error Conflict(const OwnKpi& now) {
  return Error("edit_conflict").With("what", now.id).With("by", now.changed_by).With("version", now.version);
}

}  // namespace

std::string_view BetterName(catalog::Better better) {
  switch (better) {
    case catalog::Better::kHigher: return "higher";
    case catalog::Better::kLower: return "lower";
    case catalog::Better::kNone: return "none";
  }
  return {};
}

std::optional<catalog::Better> ParseBetter(std::string_view name) {
  for (const auto better : {catalog::Better::kHigher, catalog::Better::kLower, catalog::Better::kNone}) {
    if (BetterName(better) == name) return better;
  }
  return std::nullopt;
}

int64_t OwnKpiVersion(db::Connection& connection) {
  db::Rows rows = connection.Query("SELECT version FROM own_kpi_version WHERE own_kpi_version_id = 1");
  return rows.Next() ? rows.Int(0) : 0;
}

std::vector<OwnKpi> ReadOwnKpis(db::Connection& connection) {
  std::vector<OwnKpi> own;
  db::Rows rows = connection.Query(
      "SELECT kpi_id, name_en, name_zh, formula, unit, better, meaning_en, meaning_zh, version, changed_at, changed_by "
      "FROM own_kpi");
  const auto text = [&](int column) { return std::string(rows.Text(column)); };
  while (rows.Next()) {
    OwnKpi kpi;
    kpi.id = text(0);
    kpi.name = {text(1), text(2)};
    kpi.formula = text(3);
    kpi.unit = catalog::ParseUnit(rows.Text(4)).value_or(catalog::Unit::kCount);
    kpi.better = ParseBetter(rows.Text(5)).value_or(catalog::Better::kNone);
    kpi.meaning = {text(6), text(7)};
    kpi.version = rows.Int(8);
    kpi.changed_at = {rows.Int(9)};
    kpi.changed_by = text(10);
    own.push_back(std::move(kpi));
  }
  // Here rather than in SQL: databases sort "_" differently.
  std::sort(own.begin(), own.end(), [](const OwnKpi& a, const OwnKpi& b) { return a.id < b.id; });
  return own;
}

Resolved Resolve(const catalog::Catalog& base, const std::vector<OwnKpi>& own) {
  Resolved resolved;
  std::vector<catalog::Kpi> usable;
  for (const OwnKpi& kpi : own) {
    if (IsTaken(base, kpi.id)) {
      resolved.unusable.push_back({kpi.id, Error("own_kpi_id_taken").With("id", kpi.id)});
    } else {
      usable.push_back(AsKpi(kpi));
    }
  }
  // What is left out may be missing elsewhere, so that it is looked at again until all that is left can be used.
  while (true) {
    resolved.catalog = catalog::WithKpis(base, usable);
    std::vector<catalog::Kpi> good;
    for (const catalog::Kpi& kpi : usable) {
      if (const Status status = kpi::CheckKpi(*resolved.catalog, kpi); !status.ok()) {
        resolved.unusable.push_back({kpi.id, status.error()});
      } else {
        good.push_back(kpi);
      }
    }
    if (good.size() == usable.size()) break;
    usable = std::move(good);
  }
  std::sort(resolved.unusable.begin(), resolved.unusable.end(),
            [](const UnusableKpi& a, const UnusableKpi& b) { return a.id < b.id; });
  return resolved;
}

Result<OwnKpi> AddOwnKpi(db::Database& database, const catalog::Catalog& base, const OwnKpiInput& input,
                         const Editor& editor) {
  ASSIGN_OR_RETURN(OwnKpi kpi, Normalised(input));
  return database.Write<OwnKpi>([&](db::Connection& connection) -> Result<OwnKpi> {
    kpi.version = Move(connection);
    kpi.changed_at = editor.at;
    kpi.changed_by = editor.by;
    const std::vector<OwnKpi> before = ReadOwnKpis(connection);
    std::vector<OwnKpi> after = before;
    if (Find(after, kpi.id) != after.end()) {
      return Error("own_kpi_id_taken").With("id", kpi.id).With("field", "id");
    }
    if (before.size() >= kOwnKpisMax) return Error("own_kpis_too_many").With("max", kOwnKpisMax);
    after.push_back(kpi);
    RETURN_IF_ERROR(CheckAll(base, before, after, kpi));
    connection.Execute(
        "INSERT INTO own_kpi (kpi_id, name_en, name_zh, formula, unit, better, meaning_en, meaning_zh, version, "
        "created_at, created_by, changed_at, changed_by) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?10, ?11)",
        kpi.id, kpi.name.en, kpi.name.zh, kpi.formula, catalog::UnitName(kpi.unit), BetterName(kpi.better),
        kpi.meaning.en, kpi.meaning.zh, kpi.version, editor.at.ms, editor.by);
    RETURN_IF_ERROR(Note(connection, editor.witness, "kpi.add", kpi.id));
    return kpi;
  });
}

Result<OwnKpi> ChangeOwnKpi(db::Database& database, const catalog::Catalog& base, std::string_view id, int64_t version,
                            const OwnKpiInput& input, const Editor& editor) {
  OwnKpiInput same_id = input;
  same_id.id = std::string(id);
  ASSIGN_OR_RETURN(OwnKpi kpi, Normalised(same_id));
  return database.Write<OwnKpi>([&](db::Connection& connection) -> Result<OwnKpi> {
    kpi.version = Move(connection);
    kpi.changed_at = editor.at;
    kpi.changed_by = editor.by;
    const std::vector<OwnKpi> before = ReadOwnKpis(connection);
    std::vector<OwnKpi> after = before;
    const auto stored = Find(after, id);
    if (stored == after.end()) return Error("not_found");
    if (stored->version != version) return Conflict(*stored);
    *stored = kpi;
    RETURN_IF_ERROR(CheckAll(base, before, after, kpi));
    connection.Execute(
        "UPDATE own_kpi SET name_en = ?2, name_zh = ?3, formula = ?4, unit = ?5, better = ?6, meaning_en = ?7, "
        "meaning_zh = ?8, version = ?9, changed_at = ?10, changed_by = ?11 WHERE kpi_id = ?1",
        kpi.id, kpi.name.en, kpi.name.zh, kpi.formula, catalog::UnitName(kpi.unit), BetterName(kpi.better),
        kpi.meaning.en, kpi.meaning.zh, kpi.version, editor.at.ms, editor.by);
    RETURN_IF_ERROR(Note(connection, editor.witness, "kpi.change", kpi.id));
    return kpi;
  });
}

Status RemoveOwnKpi(db::Database& database, std::string_view id, int64_t version, const db::Witness& witness) {
  return database.Write<void>([&](db::Connection& connection) -> Status {
    (void)Move(connection);
    std::vector<OwnKpi> own = ReadOwnKpis(connection);
    const auto stored = Find(own, id);
    if (stored == own.end()) return Error("not_found");
    if (stored->version != version) return Conflict(*stored);
    for (const OwnKpi& other : own) {
      if (other.id == id) continue;
      const std::vector<std::string> names = NamesOf(other.formula);
      if (std::find(names.begin(), names.end(), id) != names.end()) {
        return Error("own_kpi_in_use").With("id", id).With("other", other.id);
      }
    }
    connection.Execute("DELETE FROM own_kpi WHERE kpi_id = ?1", id);
    return Note(connection, witness, "kpi.remove", id);
  });
}

}  // namespace dealpace::analysis
